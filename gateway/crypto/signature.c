/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* signature: see signature.h. */
#include "crypto/signature.h"

#include <openssl/evp.h>

#include "crypto/crypto.h"

enum kp_status
kp_sign_key_public(const unsigned char secret[KP_SIGN_KEY_BYTES],
	unsigned char ret_public[KP_SIGN_KEY_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
		EVP_PKEY_ED25519, NULL, secret, KP_SIGN_KEY_BYTES);
	size_t len = KP_SIGN_KEY_BYTES;
	bool made = key != NULL &&
		EVP_PKEY_get_raw_public_key(key, ret_public, &len) == 1 &&
		len == KP_SIGN_KEY_BYTES;
	EVP_PKEY_free(key);
	return made ? KP_OK : KP_E_INTERNAL;
}

/* Any 32 bytes that nobody can guess are a secret key (RFC 8032, 5.1.5). */
enum kp_status
kp_sign_key_make(unsigned char ret_secret[KP_SIGN_KEY_BYTES],
	unsigned char ret_public[KP_SIGN_KEY_BYTES])
{
	enum kp_status status = kp_random_bytes(ret_secret, KP_SIGN_KEY_BYTES);
	return status == KP_OK ? kp_sign_key_public(ret_secret, ret_public) : status;
}

enum kp_status
kp_sign(const unsigned char secret[KP_SIGN_KEY_BYTES], struct kp_slice text,
	unsigned char ret_signature[KP_SIGNATURE_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(
		EVP_PKEY_ED25519, NULL, secret, KP_SIGN_KEY_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = KP_SIGNATURE_BYTES;
	bool made = key != NULL && ctx != NULL &&
		EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestSign(ctx, ret_signature, &len, (const unsigned char *)text.data,
			text.len) == 1 &&
		len == KP_SIGNATURE_BYTES;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return made ? KP_OK : KP_E_INTERNAL;
}

bool
kp_sign_verify(const unsigned char public_key[KP_SIGN_KEY_BYTES], struct kp_slice text,
	const unsigned char signature[KP_SIGNATURE_BYTES])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
		EVP_PKEY_ED25519, NULL, public_key, KP_SIGN_KEY_BYTES);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = key != NULL && ctx != NULL &&
		EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
		EVP_DigestVerify(ctx, signature, KP_SIGNATURE_BYTES,
			(const unsigned char *)text.data, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}
