/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * envelope: what is sent: the SOAP envelope with WS-Addressing, the manifest's own header
 * elements and the body. Its parts are canonical templates.
 *
 * SOAP 1.1, SOAP 1.2 part 1; Web Services Addressing 1.0 - SOAP Binding.
 */
#ifndef KP_SOAP_ENVELOPE_H
#define KP_SOAP_ENVELOPE_H

#include "connectors/http.h"
#include "connectors/soap/scope.h"

#define KP_ENVELOPE_PARTS_MAX 16
#define KP_ENVELOPE_BYTES_MAX ((size_t)256 * 1024)

/* One element below the header, or the body, which is the last. */
struct kp_envelope_part {
	struct kp_template xml;
	char id[16];
};

/* Immutable after compiling; lives in the arena of the instance. */
struct kp_envelope {
	bool version_1_2;
	struct kp_envelope_part parts[KP_ENVELOPE_PARTS_MAX];
	size_t part_count;
	struct kp_scope scope;   /* stands behind the last part's text, */
	struct kp_template rest; /* and this behind the scope */
};

/* Compiles the parts; what is wrong goes to host->finding. Errors: KP_E_MEMORY. */
enum kp_status kp_envelope_compile(struct kp_arena *arena,
	const struct kp_mapping *mapping, const struct kp_host *host,
	struct kp_envelope *ret_envelope) KP_MUST_USE;

/* Fills the envelope, and signs it when the manifest says so. KP_DONE, KP_SKIP or KP_FAIL
 * with the fault. */
int kp_envelope_write(const struct kp_envelope *envelope,
	const struct kp_manifest_soap *soap, const struct kp_call_host *host,
	const struct kp_http_filling *filling, struct kp_slice *ret_text);

#endif
