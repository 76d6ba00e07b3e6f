/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * verify_key: public keys of others, and the signatures of JOSE made with them (RFC 7518,
 * section 3; RFC 8037). A key has one kind, and an algorithm fits one kind and one curve,
 * so that no key can be used for an algorithm it was not made for. There is no MAC here
 * and no "none": what is not in the table does not exist.
 *
 * Immutable after creation; any thread.
 */
#ifndef KP_CRYPTO_VERIFY_KEY_H
#define KP_CRYPTO_VERIFY_KEY_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

enum kp_signature_alg {
	KP_ALG_RS256,
	KP_ALG_RS384,
	KP_ALG_RS512,
	KP_ALG_PS256,
	KP_ALG_PS384,
	KP_ALG_PS512,
	KP_ALG_ES256,
	KP_ALG_ES384,
	KP_ALG_ES512,
	KP_ALG_EDDSA, /* with Ed25519 */
	KP_ALG_COUNT
};

enum kp_key_kind {
	KP_KEY_RSA,
	KP_KEY_P256,
	KP_KEY_P384,
	KP_KEY_P521,
	KP_KEY_ED25519,
};

#define KP_RSA_BITS_MAX 8192u
#define KP_SIGNATURE_BYTES_MAX ((size_t)(KP_RSA_BITS_MAX / 8))

/* "PS256" and so on; false when the table does not hold it. */
bool kp_signature_alg_find(struct kp_slice name, enum kp_signature_alg *ret_alg);
const char *kp_signature_alg_name(enum kp_signature_alg alg);
/* Is this key of the kind, and on the curve, that the algorithm needs? */
bool kp_signature_alg_fits(enum kp_signature_alg alg, enum kp_key_kind kind);
/* "P-256", "P-384", "P-521" or "Ed25519"; false for another curve. */
bool kp_key_kind_of_curve(struct kp_slice curve, enum kp_key_kind *ret_kind);
/* Bytes of one coordinate, or of an Ed25519 key; 0 for RSA. */
size_t kp_key_kind_bytes(enum kp_key_kind kind);

struct kp_verify_key;

/*
 * Big-endian numbers. KP_E_INVALID when they are no key: a modulus without its top bits
 * or above KP_RSA_BITS_MAX, an even or tiny exponent, a coordinate of another length, a
 * point that is not on the curve. KP_E_MEMORY.
 */
enum kp_status kp_verify_key_rsa(struct kp_slice modulus, struct kp_slice exponent,
	struct kp_verify_key **ret_key) KP_MUST_USE;
enum kp_status kp_verify_key_ec(enum kp_key_kind kind, struct kp_slice x,
	struct kp_slice y, struct kp_verify_key **ret_key) KP_MUST_USE;
enum kp_status kp_verify_key_ed25519(
	struct kp_slice x, struct kp_verify_key **ret_key) KP_MUST_USE;
/* Accepts NULL. */
void kp_verify_key_destroy(struct kp_verify_key **key);

/* RSA, or the curve it is on. */
enum kp_key_kind kp_verify_key_kind(const struct kp_verify_key *key);
/* Of the modulus; 0 when it is no RSA key. */
unsigned kp_verify_key_rsa_bits(const struct kp_verify_key *key);

/*
 * Is it the signature of this text? KP_E_UNAUTHENTICATED when not, also when the key does
 * not fit the algorithm or the signature does not have its one length. KP_E_MEMORY when
 * libcrypto could not tell.
 */
enum kp_status kp_verify_key_check(const struct kp_verify_key *key,
	enum kp_signature_alg alg, struct kp_slice text,
	struct kp_slice signature) KP_MUST_USE;

#endif
