/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * crypto: digest, comparison and random bytes; see crypto.h. Pseudonyms: pseudonym.c.
 *
 * SHA256_Init and its sisters are marked as deprecated in OpenSSL 3 in favour of EVP. EVP
 * looks the algorithm up, allocates and can therefore fail; a digest that can fail would
 * need an answer everywhere a version or a file name is made. These cannot.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/crypto.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sys/random.h>

_Static_assert(KP_SHA256_BYTES == SHA256_DIGEST_LENGTH, "the length of SHA-256");
_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct kp_sha256), "room for the state");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct kp_sha256), "and where it lies");

static SHA256_CTX *
context_of(struct kp_sha256 *sha)
{
	return (SHA256_CTX *)(void *)sha->state;
}

void
kp_sha256_begin(struct kp_sha256 *sha)
{
	(void)SHA256_Init(context_of(sha));
}

void
kp_sha256_add(struct kp_sha256 *sha, struct kp_slice bytes)
{
	if (bytes.len > 0) {
		(void)SHA256_Update(context_of(sha), bytes.data, bytes.len);
	}
}

void
kp_sha256_end(struct kp_sha256 *sha, unsigned char ret_digest[KP_SHA256_BYTES])
{
	(void)SHA256_Final(ret_digest, context_of(sha));
	OPENSSL_cleanse(sha, sizeof(*sha));
}

void
kp_sha256(const struct kp_slice *parts, size_t count,
	unsigned char ret_digest[KP_SHA256_BYTES])
{
	struct kp_sha256 sha;
	kp_sha256_begin(&sha);
	for (size_t i = 0; i < count; i++) {
		kp_sha256_add(&sha, parts[i]);
	}
	kp_sha256_end(&sha, ret_digest);
}

enum kp_status
kp_hmac_sha256(
	struct kp_slice key, struct kp_slice text, unsigned char ret_mac[KP_SHA256_BYTES])
{
	unsigned len = 0;
	if (key.len > INT_MAX ||
		HMAC(EVP_sha256(), key.data, (int)key.len,
			(const unsigned char *)text.data, text.len, ret_mac,
			&len) == NULL ||
		len != KP_SHA256_BYTES) {
		return KP_E_INTERNAL;
	}
	return KP_OK;
}

bool
kp_equal_secret(struct kp_slice a, struct kp_slice b)
{
	return a.len == b.len &&
		(a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

enum kp_status
kp_random_bytes(unsigned char *ret_bytes, size_t len)
{
	size_t at = 0;
	while (at < len) {
		ssize_t got = getrandom(ret_bytes + at, len - at, 0);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return KP_E_INTERNAL;
		}
		at += (size_t)got;
	}
	return KP_OK;
}
