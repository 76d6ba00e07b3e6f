/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_text: what is inside quotes, byte by byte: escapes (RFC 8259, section 7) and UTF-8
 * (RFC 3629). A small automaton that can stop after any byte. Part of json_read,
 * json_write and csv_read.
 */
#ifndef KP_CORE_JSON_TEXT_H
#define KP_CORE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/slice.h"

enum kp_text_state {
	KP_TEXT_PLAIN, /* at the edge of a character */
	KP_TEXT_FAULT,
	/* UTF-8: what may follow. */
	KP_TEXT_LAST,   /* one byte 80..BF */
	KP_TEXT_LAST_2, /* two of them */
	KP_TEXT_LAST_3,
	KP_TEXT_AFTER_E0, /* A0..BF, then one */
	KP_TEXT_AFTER_ED, /* 80..9F, then one: no surrogates */
	KP_TEXT_AFTER_F0, /* 90..BF, then two */
	KP_TEXT_AFTER_F4, /* 80..8F, then two */
	/* Escapes. */
	KP_TEXT_ESCAPE,     /* after a backslash */
	KP_TEXT_HEX,        /* in \uXXXX */
	KP_TEXT_LOW_ESCAPE, /* a high surrogate came: a backslash must follow */
	KP_TEXT_LOW_U,      /* then a u */
	KP_TEXT_LOW_HEX,    /* then DC00..DFFF */
};

/* The state after one byte of UTF-8; `state` is PLAIN or one of the UTF-8 states. */
enum kp_text_state kp_text_step_utf8(enum kp_text_state state, unsigned char byte);

/* The state after one byte of a string without its quotes; `code` belongs to the
 * automaton. */
enum kp_text_state kp_text_step(
	enum kp_text_state state, unsigned *code, unsigned char byte);

static inline bool
kp_text_is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

#ifdef __SSE2__
/* A bit for each byte that is not plain, the first byte lowest. */
static inline unsigned
kp_text_specials(__m128i bytes)
{
	__m128i special = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
	/* Signed, so bytes from 0x80 on are below a space as well. */
	special = _mm_or_si128(special, _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)));
	return (unsigned)_mm_movemask_epi8(special);
}

static inline unsigned
kp_text_specials_of_8(const char *at)
{
	return kp_text_specials(_mm_loadl_epi64((const __m128i *)(const void *)at)) &
		0xff;
}
#endif

/* First byte at or after `at` that is not plain ASCII text: a control, a quote, a
 * backslash, >= 80. */
static inline const char *
kp_text_skip_plain(const char *at, const char *end)
{
#ifdef __SSE2__
	while (end - at >= 16) {
		unsigned mask = kp_text_specials(
			_mm_loadu_si128((const __m128i *)(const void *)at));
		if (mask != 0) {
			return at + __builtin_ctz(mask);
		}
		at += 16;
	}
	if (end - at >= 8) {
		unsigned mask = kp_text_specials_of_8(at);
		if (mask != 0) {
			return at + __builtin_ctz(mask);
		}
		/* The last eight, of which the first ones have just been seen. */
		mask = kp_text_specials_of_8(end - 8);
		return mask != 0 ? end - 8 + __builtin_ctz(mask) : end;
	}
#endif
	while (at < end && kp_text_is_plain((unsigned char)*at)) {
		at++;
	}
	return at;
}

static inline bool
kp_text_is_tail(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/*
 * Behind whole characters of two and three bytes at `at` whose lead byte has no rule of
 * its own; `at` when there are none. The automaton takes the rest.
 */
static inline const char *
kp_text_skip_wide(const char *at, const char *end)
{
	while (end - at >= 3) {
		unsigned char lead = (unsigned char)*at;
		if (lead >= 0xc2 && lead <= 0xdf && kp_text_is_tail(at[1])) {
			at += 2;
		} else if (lead > 0xe0 && lead < 0xf0 && lead != 0xed &&
			kp_text_is_tail(at[1]) && kp_text_is_tail(at[2])) {
			at += 3;
		} else {
			break;
		}
	}
	return at;
}

/* Walks the decoded bytes of a raw string. */
struct kp_text_cursor {
	const char *at;
	const char *end;
	unsigned char
		pending[3]; /* rest of the character of an escape, last byte first */
	unsigned pending_count;
	bool fault; /* a wrong escape; the walk ends there */
};

/* The next decoded byte, or -1 at the end. */
int kp_text_next(struct kp_text_cursor *cursor);

#endif
