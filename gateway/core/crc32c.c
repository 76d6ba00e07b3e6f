/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* crc32c: see crc32c.h. */
#include "core/crc32c.h"

#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

/* x^32 + x^28 + … + 1, bits reversed (RFC 3720, section 12.1). */
#define POLYNOMIAL 0x82f63b78u

static uint32_t table[256];

/* Before main(), so that no thread ever sees it half made. */
__attribute__((constructor)) static void
make_table(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t value = byte;
		for (int bit = 0; bit < 8; bit++) {
			value = (value >> 1) ^ ((value & 1) != 0 ? POLYNOMIAL : 0);
		}
		table[byte] = value;
	}
}

uint32_t
kp_crc32c_table(uint32_t crc, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc = (crc >> 8) ^ table[(crc ^ at[i]) & 255];
	}
	return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_instruction(uint32_t crc, const unsigned char *at, size_t len)
{
	uint64_t value = ~crc;
	for (; len >= 8; len -= 8, at += 8) {
		uint64_t word;
		memcpy(&word, at, sizeof(word));
		value = _mm_crc32_u64(value, word);
	}
	for (; len > 0; len--, at++) {
		value = _mm_crc32_u8((uint32_t)value, *at);
	}
	return ~(uint32_t)value;
}
#endif

uint32_t
kp_crc32c(uint32_t crc, const void *bytes, size_t len)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2")) {
		return crc32c_instruction(crc, bytes, len);
	}
#endif
	return kp_crc32c_table(crc, bytes, len);
}
