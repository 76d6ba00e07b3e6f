/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* dpop_write: a proof of possession of our own (RFC 9449, section 4.2), for those who
 * show a token that is bound to a key. Pure; one thread. */
#ifndef KP_TOKEN_DPOP_WRITE_H
#define KP_TOKEN_DPOP_WRITE_H

#include "core/buffer.h"
#include "crypto/signing_key.h"

#define KP_DPOP_JTI_BYTES ((size_t)16)

struct kp_dpop_claims {
	struct kp_slice method;               /* htm */
	struct kp_slice address;              /* htu: without query and fragment */
	struct kp_slice token;                /* whose hash is ath */
	struct kp_slice nonce;                /* what the server gave; empty: none */
	unsigned char jti[KP_DPOP_JTI_BYTES]; /* another in each proof */
	int64_t now_s;
};

/* Appends the proof. KP_E_INTERNAL: the key cannot sign; KP_E_MEMORY. */
enum kp_status kp_dpop_write(const struct kp_signing_key *key,
	const struct kp_dpop_claims *claims, struct kp_buffer *out) KP_MUST_USE;

#endif
