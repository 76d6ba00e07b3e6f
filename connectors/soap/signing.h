/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * signing: the wsse:Security header of a request: timestamp, then who we are by name and
 * password, or a certificate and a signature over every part of the message, or all. The
 * parts are canonical already (canonical.h), and so is what is written here: nothing is
 * canonicalised when a message is made. The key stays with the host.
 *
 * WS-Security: SOAP Message Security 1.1; UsernameToken Profile 1.1; X.509 Certificate
 * Token Profile 1.1; XML Signature 1.1. As Digikoppeling WUS profile 2W-be-S wants it.
 */
#ifndef KP_SOAP_SIGNING_H
#define KP_SOAP_SIGNING_H

#include "connectors/connector.h"
#include "connectors/manifest.h"
#include "core/buffer.h"

#define KP_SIGNING_PARTS_MAX 24

/* What is signed besides the timestamp and the certificate. */
struct kp_signing_part {
	const char *id;       /* its wsu:Id */
	struct kp_slice text; /* canonical */
};

/* Appends the header that the manifest wants. KP_DONE, or KP_FAIL with the fault. */
int kp_signing_write(const struct kp_manifest_soap *soap, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_signing_part *parts,
	size_t part_count, struct kp_buffer *out, struct kp_fault *fault);

/* "2026-11-23T14:15:00Z" (RFC 3339) as seconds since 1970; fractions are cut. False for
 * anything else. */
bool kp_signing_time(struct kp_slice text, int64_t *ret_seconds) KP_MUST_USE;

#endif
