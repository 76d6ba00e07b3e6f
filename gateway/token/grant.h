/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * grant: how we get an access token of our own from a partner's token endpoint (OAuth
 * 2.0, RFC 6749, section 4.4): the assertion by which we show who we are (RFC 7523,
 * section 2.2), and the endpoint's answer, which is believed no further than its form
 * allows. Pure. One thread.
 */
#ifndef KP_TOKEN_GRANT_H
#define KP_TOKEN_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buffer.h"
#include "crypto/signing_key.h"

#define KP_GRANT_TOKEN_BYTES_MAX ((size_t)8192)
/* However long the issuer says. */
#define KP_GRANT_LIFETIME_S_MAX ((uint32_t)86400)
#define KP_GRANT_JTI_BYTES ((size_t)16)

/* Lifetime: as the arena and the text it was read from. */
struct kp_grant {
	struct kp_slice token; /* of RFC 6750, section 2.1: fit for a header field */
	bool lifetime_known;
	uint32_t lifetime_s;
};

/* A successful answer (RFC 6749, section 5.1). KP_E_SYNTAX: no JSON object; KP_E_INVALID:
 * no token that we can use, or it is over already; KP_E_LIMIT; KP_E_MEMORY. `ret_fault`
 * says what is wrong, without a byte of the answer. */
enum kp_status kp_grant_read(struct kp_slice text, struct kp_arena *arena,
	struct kp_grant *ret_grant, const char **ret_fault) KP_MUST_USE;

/* The code of a refusal (RFC 6749, section 5.2); empty when there is no such code. Fit
 * for a log: letters, digits, '_', '-' and '.', at most 64. */
struct kp_slice kp_grant_refusal(struct kp_slice text, struct kp_arena *arena);

/* What a JWT of RFC 7523, section 3 says. */
struct kp_assertion {
	struct kp_slice client;   /* iss and sub */
	struct kp_slice audience; /* aud */
	struct kp_slice key_id;   /* kid; empty: none */
	enum kp_signature_alg alg;
	unsigned char jti[KP_GRANT_JTI_BYTES];
	int64_t now_s;
	uint32_t valid_s;
};

/* Appends header '.' claims: what is to be signed. */
void kp_assertion_write(const struct kp_assertion *assertion, struct kp_buffer *out);

#endif
