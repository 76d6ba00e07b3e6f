/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* hash: SipHash-1-3 (Aumasson and Bernstein, 2012), reference algorithm. */
#include "core/hash.h"

#include <string.h>
#include <sys/random.h>

static uint64_t key0;
static uint64_t key1;
static uint64_t drawn[KP_HASH_WORDS];

__attribute__((constructor)) static void
draw_key(void)
{
	uint64_t key[2] = {0x736f6d6570736575, 0x646f72616e646f6d};
	ssize_t got = getrandom(key, sizeof(key), 0);
	(void)got; /* no entropy source at all: a fixed key still hashes correctly */
	key0 = key[0];
	key1 = key[1];
	for (uint64_t i = 0; i < KP_HASH_WORDS; i++) {
		drawn[i] = kp_hash(&i, sizeof(i));
	}
}

const uint64_t *
kp_hash_words(void)
{
	return drawn;
}

static inline uint64_t
rotate(uint64_t value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static inline void
round_once(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline uint64_t
hash_with(uint64_t k0, uint64_t k1, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
	size_t words = len / 8;
	for (size_t i = 0; i < words; i++, at += 8) {
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		v[3] ^= word;
		round_once(v);
		v[0] ^= word;
	}
	uint64_t last = (uint64_t)len << 56;
	if (len % 8 != 0) { /* an empty slice may be NULL */
		memcpy(&last, at, len % 8);
	}
	last = (last & 0x00ffffffffffffff) | (uint64_t)len << 56;
	v[3] ^= last;
	round_once(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	round_once(v);
	round_once(v);
	round_once(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
kp_hash(const void *bytes, size_t len)
{
	return hash_with(key0, key1, bytes, len);
}

uint64_t
kp_hash_keyed(const unsigned char key[16], const void *bytes, size_t len)
{
	uint64_t words[2];
	memcpy(words, key, sizeof(words));
	return hash_with(words[0], words[1], bytes, len);
}
