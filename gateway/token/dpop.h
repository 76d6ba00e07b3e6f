/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * dpop: one proof of possession (RFC 9449, section 4.3): that who shows a token holds the
 * key it is bound to, for this request and no other. Whether the proof was shown before
 * is for who remembers (identity/proofs.h). Pure; one thread.
 */
#ifndef KP_TOKEN_DPOP_H
#define KP_TOKEN_DPOP_H

#include "token/jws.h"
#include "token/key_set.h"

#define KP_DPOP_ID_BYTES_MAX ((size_t)256)

/* What the proof must be about. */
struct kp_dpop_request {
	struct kp_slice method;
	struct kp_slice base; /* "https://poort.example.nl": as clients know us */
	struct kp_slice path;
	struct kp_slice token;
	const unsigned char *key; /* thumbprint in the token's cnf */
	int64_t now_s;
	uint32_t window_s; /* between the proof's iat and now, either way */
	/* One of these must be its nonce; both empty: none is asked for. */
	struct kp_slice nonce;
	struct kp_slice nonce_before;
};

/* What is left to remember. */
struct kp_dpop_proof {
	unsigned char id[KP_SHA256_BYTES]; /* of key and jti */
	int64_t issued_s;
};

/* Is it all that? `arena` is for the length of the call. */
enum kp_token_fault kp_dpop_check(struct kp_slice proof,
	const struct kp_dpop_request *request, struct kp_arena *arena,
	struct kp_dpop_proof *ret_proof) KP_MUST_USE;

/* Is `address` (htu) base and path? Without its query and fragment; scheme and host in
 * any case, a default port left out or not (RFC 3986, 6.2.2 and 6.2.3). */
bool kp_dpop_same_address(
	struct kp_slice address, struct kp_slice base, struct kp_slice path);

#endif
