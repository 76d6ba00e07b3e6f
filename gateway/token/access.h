/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * access: from an access token to who asks. The signature comes first, with one key of
 * one issuer and one algorithm of its list (RFC 8725, 3.1 and 3.2); then each claim of
 * RFC 9068, section 4; then the claims that the configuration names say which
 * organisation, which employee, in which roles. Pure: keys and time are handed in. One
 * thread.
 */
#ifndef KP_TOKEN_ACCESS_H
#define KP_TOKEN_ACCESS_H

#include "token/issuer.h"
#include "token/jws.h"
#include "token/key_set.h"

/* Who asks, as a token says it. Lifetime: the arena of the reading. */
struct kp_access {
	const struct kp_issuer *issuer;
	struct kp_slice subject;      /* sub */
	struct kp_slice client;       /* client_id or azp */
	struct kp_slice id;           /* jti; may be empty when introspected */
	struct kp_slice organisation; /* OIN */
	struct kp_slice employee;     /* empty: a machine */
	struct kp_slice on_behalf_of; /* OIN; empty: nobody else */
	const struct kp_slice *roles;
	size_t role_count;
	int64_t expires_s; /* exp, without the skew */
	/* cnf */
	bool has_certificate; /* RFC 8705 */
	bool has_proof_key;   /* RFC 9449 */
	unsigned char certificate[KP_SHA256_BYTES];
	unsigned char proof_key[KP_SHA256_BYTES];
};

/* Lifetime: one reading. */
struct kp_access_reading {
	struct kp_arena *arena;
	int64_t now_s;
	size_t roles_max;
};

/* A token taken apart, before its issuer is known. */
struct kp_access_token {
	struct kp_jws jws;
	const struct kp_claim *claims;
	struct kp_slice issuer; /* iss: nothing proves it yet */
};

/* KP_TOKEN_GOOD, or what is wrong with its form. */
enum kp_token_fault kp_access_open(struct kp_slice compact, struct kp_arena *arena,
	struct kp_access_token *ret_token) KP_MUST_USE;

/* Type, algorithm, key and signature. `keys` are the issuer's. KP_TOKEN_KEY: perhaps a
 * newer set has the key. */
enum kp_token_fault kp_access_verify(const struct kp_access_token *token,
	const struct kp_issuer *issuer, const struct kp_key_set *keys) KP_MUST_USE;

/* What the claims of a verified token say. */
enum kp_token_fault kp_access_read(const struct kp_access_token *token,
	const struct kp_issuer *issuer, const struct kp_access_reading *reading,
	struct kp_access *ret_access) KP_MUST_USE;

/*
 * The same from an issuer's answer about an opaque token (RFC 7662, section 2.2), which
 * need not repeat iss, sub, iat and jti. KP_TOKEN_INACTIVE; KP_TOKEN_NO_ANSWER when it is
 * no such answer.
 */
enum kp_token_fault kp_access_read_introspected(struct kp_slice answer,
	const struct kp_issuer *issuer, const struct kp_access_reading *reading,
	struct kp_access *ret_access) KP_MUST_USE;

/* Does the issuer say that a token, of which all else was found out, is active? */
enum kp_token_fault kp_access_read_active(
	struct kp_slice answer, struct kp_arena *arena) KP_MUST_USE;

#endif
