/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * signing_key: private keys of our own, for what we sign: assertions to a partner's
 * issuer (RFC 7523), messages (WS-Security), and on the command line DPoP proofs (RFC
 * 9449) and tokens of a development issuer. Any thread signs; one thread makes and
 * destroys.
 */
#ifndef KP_CRYPTO_SIGNING_KEY_H
#define KP_CRYPTO_SIGNING_KEY_H

#include "core/buffer.h"
#include "core/error.h"
#include "crypto/verify_key.h"

struct kp_signing_key;
struct evp_pkey_st; /* EVP_PKEY of libcrypto */

/* PKCS #8 or traditional PEM without a password, of a kind of kp_key_kind. KP_E_INVALID
 * when it is none; KP_E_MEMORY. */
enum kp_status kp_signing_key_read(
	struct kp_slice pem, struct kp_signing_key **ret_key) KP_MUST_USE;
/* Takes over a key that libcrypto holds, also when it fails. KP_E_INVALID for a kind we
 * do not sign with; KP_E_MEMORY. */
enum kp_status kp_signing_key_adopt(
	struct evp_pkey_st *pkey, struct kp_signing_key **ret_key) KP_MUST_USE;
/* A new one; RSA with 3072 bits. KP_E_INTERNAL. */
enum kp_status kp_signing_key_make(
	enum kp_key_kind kind, struct kp_signing_key **ret_key) KP_MUST_USE;
/* Wipes. Accepts NULL. */
void kp_signing_key_destroy(struct kp_signing_key **key);

/* RSA, or the curve it is on. */
enum kp_key_kind kp_signing_key_kind(const struct kp_signing_key *key);
/* The algorithm of RFC 7518 that this key signs with by itself: PS256, ES256, …, EdDSA.
 */
enum kp_signature_alg kp_signing_key_alg(const struct kp_signing_key *key);

/* Appends the key as PKCS #8 in PEM. */
enum kp_status kp_signing_key_write(
	const struct kp_signing_key *key, struct kp_buffer *out) KP_MUST_USE;
/* Appends the public half as a JSON Web Key with its required members only, in the order
 * and form of a thumbprint (RFC 7638, section 3). */
enum kp_status kp_signing_key_write_jwk(
	const struct kp_signing_key *key, struct kp_buffer *out) KP_MUST_USE;

/* The signature as JOSE writes it; KP_SIGNATURE_BYTES_MAX bytes of room. KP_E_INVALID
 * when the key does not fit the algorithm; KP_E_INTERNAL. */
enum kp_status kp_signing_key_sign(const struct kp_signing_key *key,
	enum kp_signature_alg alg, struct kp_slice text, unsigned char *ret_signature,
	size_t *ret_len) KP_MUST_USE;

#endif
