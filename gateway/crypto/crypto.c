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
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>

_Static_assert(KP_SHA256_BYTES == SHA256_DIGEST_LENGTH, "the length of SHA-256");

void
kp_sha256(const struct kp_slice *parts, size_t count,
	unsigned char ret_digest[KP_SHA256_BYTES])
{
	SHA256_CTX ctx;
	(void)SHA256_Init(&ctx);
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0) {
			(void)SHA256_Update(&ctx, parts[i].data, parts[i].len);
		}
	}
	(void)SHA256_Final(ret_digest, &ctx);
	OPENSSL_cleanse(&ctx, sizeof(ctx));
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
