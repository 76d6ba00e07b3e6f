/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * key_set: the public keys of one issuer, from its JSON Web Key Set (RFC 7517). A key is
 * in the set when it can be used for verifying signatures of the table in
 * crypto/verify_key.h; others are passed over, as section 5 asks. A set that shows a
 * secret or private key is refused whole: whoever published it cannot be trusted to have
 * kept the others.
 *
 * Immutable, counted (atomically); any thread.
 */
#ifndef KP_TOKEN_KEY_SET_H
#define KP_TOKEN_KEY_SET_H

#include "crypto/crypto.h"
#include "crypto/verify_key.h"
#include "token/claims.h"

#define KP_KEY_SET_KEYS_MAX ((size_t)64)
#define KP_KEY_SET_BYTES_MAX ((size_t)128 * 1024)
#define KP_RSA_BITS_MIN 2048u

struct kp_key_set;

/*
 * `rsa_bits_min`: smaller keys are passed over. KP_E_INVALID with the reason: not a set,
 * a private key in it, the same kid twice for one kind of key, no usable key at all.
 * KP_E_LIMIT: too many keys. KP_E_MEMORY.
 */
enum kp_status kp_key_set_read(struct kp_slice text, unsigned rsa_bits_min,
	struct kp_key_set **ret_set, struct kp_error *err) KP_MUST_USE;
struct kp_key_set *kp_key_set_ref(struct kp_key_set *set);
/* Accepts NULL. */
void kp_key_set_unref(struct kp_key_set **set);

/* Keys that can be used; others were left out. */
size_t kp_key_set_count(const struct kp_key_set *set);
/* The same keys under the same names? Then what was verified with one stays verified. */
bool kp_key_set_equal(const struct kp_key_set *a, const struct kp_key_set *b);

/*
 * The key to verify with: of that kid, fit for the algorithm and not marked for another.
 * Without a kid only when exactly one key of the set fits. NULL when there is none.
 */
const struct kp_verify_key *kp_key_set_find(
	const struct kp_key_set *set, struct kp_slice kid, enum kp_signature_alg alg);

/*
 * One JSON Web Key. KP_E_INVALID when it is not a public key of the table (`err` says
 * why), KP_E_MEMORY.
 */
enum kp_status kp_jwk_read(const struct kp_claim *jwk, struct kp_arena *arena,
	struct kp_verify_key **ret_key, struct kp_error *err) KP_MUST_USE;
/* Does it hold anything that is not for others: d, p, q, dp, dq, qi, oth, or k? */
bool kp_jwk_is_private(const struct kp_claim *jwk);
/* SHA-256 thumbprint (RFC 7638) of a key that kp_jwk_read took. */
void kp_jwk_thumbprint(
	const struct kp_claim *jwk, unsigned char ret_thumbprint[KP_SHA256_BYTES]);

#endif
