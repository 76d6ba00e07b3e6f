/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * crypto: the few cryptographic operations the gateway does itself, on OpenSSL's
 * libcrypto. Checksums and encodings that need no OpenSSL are in core/crc32c.h and
 * core/encode.h.
 */
#ifndef KP_CRYPTO_CRYPTO_H
#define KP_CRYPTO_CRYPTO_H

#include <stdint.h>

#include "core/attr.h"
#include "core/encode.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_SHA256_BYTES ((size_t)32)
#define KP_PSEUDONYM_KEY_BYTES ((size_t)32)
#define KP_PSEUDONYM_KEY_ID_BYTES_MAX ((size_t)64)
#define KP_PSEUDONYM_KEYS_MAX ((size_t)64)
/* An HMAC-SHA-256 as base64url. */
#define KP_PSEUDONYM_LEN KP_BASE64URL_LEN(KP_SHA256_BYTES)

/* SHA-256 (FIPS 180-4) over the parts in order; a kp_digest_fn. Cannot fail. Any thread.
 */
void kp_sha256(const struct kp_slice *parts, size_t count,
	unsigned char ret_digest[KP_SHA256_BYTES]);

/* The same over what comes in pieces: begin, add, end. Cannot fail. One thread. */
struct kp_sha256 {
	uint64_t state[14]; /* private */
};

/* SHA-256 (FIPS 180-4) of pieces: begin, add as often as there are, end. Cannot fail and
 * holds nothing to free; one thread at a time. */
void kp_sha256_begin(struct kp_sha256 *sha);
void kp_sha256_add(struct kp_sha256 *sha, struct kp_slice bytes);
void kp_sha256_end(struct kp_sha256 *sha, unsigned char ret_digest[KP_SHA256_BYTES]);

/* HMAC-SHA-256 (RFC 2104). KP_E_INTERNAL when libcrypto fails. Any thread. */
enum kp_status kp_hmac_sha256(struct kp_slice key, struct kp_slice text,
	unsigned char ret_mac[KP_SHA256_BYTES]) KP_MUST_USE;

/* Equal, in a time that depends on the lengths only? For secrets, MACs and digests. */
bool kp_equal_secret(struct kp_slice a, struct kp_slice b);

/* Bytes nobody can guess, from the kernel. KP_E_INTERNAL when it has none. Any thread. */
enum kp_status kp_random_bytes(unsigned char *ret_bytes, size_t len) KP_MUST_USE;

/* One key under which people appear in records. */
struct kp_pseudonym_key {
	struct kp_slice id; /* [A-Za-z0-9._-], stands beside each pseudonym */
	unsigned char key[KP_PSEUDONYM_KEY_BYTES];
};

/*
 * Turns a burgerservicenummer into its pseudonym: HMAC-SHA-256 (RFC 2104) under one of
 * the keys. One per loop: it keeps a running context per key, so that a pseudonym costs
 * two compressions and no allocation.
 */
struct kp_pseudonymiser;

/* Keys and ids are copied (to wiped memory). New pseudonyms use keys[current]. */
enum kp_status kp_pseudonymiser_create(const struct kp_pseudonym_key *keys, size_t count,
	size_t current, struct kp_pseudonymiser **ret_pseudonymiser,
	struct kp_error *err) KP_MUST_USE;
/* Wipes. Accepts NULL. */
void kp_pseudonymiser_destroy(struct kp_pseudonymiser **pseudonymiser);

/* The pseudonym under the current key. No NUL behind it. KP_E_INTERNAL when libcrypto
 * fails. One thread. */
enum kp_status kp_pseudonymise(struct kp_pseudonymiser *pseudonymiser,
	struct kp_slice bsn, char ret_text[KP_PSEUDONYM_LEN]) KP_MUST_USE;
/* Id of the current key; lives as long as the pseudonymiser. */
struct kp_slice kp_pseudonymiser_key_id(const struct kp_pseudonymiser *pseudonymiser);

/* All keys, oldest first as configured: to find a person in older records. */
size_t kp_pseudonymiser_count(const struct kp_pseudonymiser *pseudonymiser);
struct kp_slice kp_pseudonymiser_key_id_at(
	const struct kp_pseudonymiser *pseudonymiser, size_t index);
enum kp_status kp_pseudonymise_with(struct kp_pseudonymiser *pseudonymiser, size_t index,
	struct kp_slice bsn, char ret_text[KP_PSEUDONYM_LEN]) KP_MUST_USE;

#endif
