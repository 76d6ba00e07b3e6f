/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * verifying: is the answer signed by somebody we trust, and is what is signed what we
 * read? Only for sources whose manifest wants it: the answer is then held until its end
 * (at most KP_VERIFYING_BYTES_MAX), parsed once as a tree for this alone, and read only
 * when all of this is so:
 *
 *   one Envelope with one Header and one Body; one Security header in it, with one
 *   Timestamp, one Signature and the certificate beside it; no id twice; exclusive
 *   canonicalisation and SHA-2 only (SHA-1 when the manifest says so); the signature
 *   covers the Body at its own place and the Timestamp at its own, each by its id, and
 *   anything else it covers stands in the header; the digests are right; the certificate
 *   leads to the manifest's anchors; the time is not over.
 *
 * So an element that was signed and moved (signature wrapping) is not taken for the one
 * that is read. XML Signature 1.1, section 3.2; WS-Security 1.1, section 8.
 */
#ifndef KP_SOAP_VERIFYING_H
#define KP_SOAP_VERIFYING_H

#include "connectors/connector.h"
#include "connectors/manifest.h"

#define KP_VERIFYING_BYTES_MAX ((size_t)4 << 20)
#define KP_VERIFYING_REFERENCES_MAX 32
#define KP_VERIFYING_IDS_MAX 256

/* NULL when all of it is so; else what is not, without bytes of the answer. */
const char *kp_verifying_check(const struct kp_manifest_soap *soap,
	const struct kp_call_host *host, const struct kp_need *need,
	struct kp_slice answer, struct kp_arena *arena);

#endif
