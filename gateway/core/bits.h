/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bits: a set of small numbers (field ids) as an array of 64-bit words. The word count
 * belongs to the owner (the catalogue fixes it); all sets of one owner have the same.
 * Storage is the caller's.
 */
#ifndef KP_CORE_BITS_H
#define KP_CORE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t
kp_bits_words(size_t bit_count)
{
	return (bit_count + 63) / 64;
}

static inline bool
kp_bits_has(const uint64_t *bits, size_t bit)
{
	return ((bits[bit / 64] >> (bit % 64)) & 1) != 0;
}

static inline void
kp_bits_set(uint64_t *bits, size_t bit)
{
	bits[bit / 64] |= (uint64_t)1 << (bit % 64);
}

/* Sets the bits from `begin` up to `end`. */
static inline void
kp_bits_set_range(uint64_t *bits, size_t begin, size_t end)
{
	while (begin < end) {
		size_t count = 64 - begin % 64;
		count = count < end - begin ? count : end - begin;
		bits[begin / 64] |= (UINT64_MAX >> (64 - count)) << (begin % 64);
		begin += count;
	}
}

static inline void
kp_bits_clear(uint64_t *bits, size_t bit)
{
	bits[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

static inline bool
kp_bits_any(const uint64_t *bits, size_t words)
{
	for (size_t i = 0; i < words; i++) {
		if (bits[i] != 0) {
			return true;
		}
	}
	return false;
}

static inline size_t
kp_bits_count(const uint64_t *bits, size_t words)
{
	size_t count = 0;
	for (size_t i = 0; i < words; i++) {
		count += (size_t)__builtin_popcountll(bits[i]);
	}
	return count;
}

#endif
