/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * jws: the compact serialization of a JSON Web Signature (RFC 7515, section 7.1), taken
 * apart as RFC 8725 wants it: base64url in its one form, a header that is strict JSON,
 * only algorithms of crypto/verify_key.h, nothing critical. What the header says about
 * keys (jku, jwk, x5u, x5c) is not looked at here. One thread.
 */
#ifndef KP_TOKEN_JWS_H
#define KP_TOKEN_JWS_H

#include "crypto/verify_key.h"
#include "token/claims.h"
#include "token/fault.h"

#define KP_JWS_KID_BYTES_MAX ((size_t)256)

/* Lifetime: as the arena and the text it was read from. */
struct kp_jws {
	enum kp_signature_alg alg;
	struct kp_slice kid;  /* data is NULL when there is none */
	struct kp_slice type; /* typ without "application/"; may be empty */
	const struct kp_claim *header;
	struct kp_slice payload;     /* decoded */
	struct kp_slice signed_text; /* header '.' payload as they came */
	struct kp_slice signature;   /* decoded */
};

/* KP_TOKEN_GOOD, _FORM, _HEADER, _CRITICAL, _ALGORITHM or _MEMORY. No signature is
 * checked.
 */
enum kp_token_fault kp_jws_read(struct kp_slice compact, struct kp_arena *arena,
	struct kp_jws *ret_jws) KP_MUST_USE;

/* Is typ this media type? Case does not matter (RFC 7515, 4.1.9). */
bool kp_jws_is_type(const struct kp_jws *jws, struct kp_slice type);

#endif
