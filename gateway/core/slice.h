/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * slice: bytes that somebody else owns. A function that takes a slice borrows it for the
 * call; a struct that stores one says in a comment who owns the bytes.
 */
#ifndef KP_CORE_SLICE_H
#define KP_CORE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct kp_slice {
	const char *data; /* may be NULL when len is 0; not terminated */
	size_t len;       /* bytes */
};

#define KP_SLICE(literal) ((struct kp_slice){"" literal, sizeof(literal) - 1})
/* The same as an initializer of something static, where a compound literal is no
 * constant. */
#define KP_SLICE_INIT(literal)                                                           \
	{                                                                                \
		"" literal, sizeof(literal) - 1                                          \
	}
/* For printf's "%.*s". */
#define KP_SLICE_ARG(slice) (int)(slice).len, (slice).data

static inline struct kp_slice
kp_slice_from(const char *text)
{
	return (struct kp_slice){text, text == NULL ? 0 : strlen(text)};
}

static inline bool
kp_slice_equal(struct kp_slice a, struct kp_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
kp_slice_is(struct kp_slice slice, const char *text)
{
	return kp_slice_equal(slice, kp_slice_from(text));
}

static inline bool
kp_slice_starts(struct kp_slice slice, struct kp_slice prefix)
{
	return slice.len >= prefix.len &&
		(prefix.len == 0 || memcmp(slice.data, prefix.data, prefix.len) == 0);
}

/* Without blanks (SP, HTAB: OWS of RFC 9110, section 5.6.3) at both ends. */
static inline struct kp_slice
kp_slice_trim(struct kp_slice text)
{
	while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
		text = (struct kp_slice){text.data + 1, text.len - 1};
	}
	while (text.len > 0 &&
		(text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
		text.len--;
	}
	return text;
}

/* Takes what stands before the first `end` off *rest, and `end` with it. Where there is
 * none it takes all, and *rest is {NULL, 0}. */
static inline struct kp_slice
kp_slice_cut(struct kp_slice *rest, char end)
{
	const char *at = rest->len == 0 ? NULL : memchr(rest->data, end, rest->len);
	struct kp_slice head = *rest;
	if (at == NULL) {
		*rest = (struct kp_slice){NULL, 0};
		return head;
	}
	head.len = (size_t)(at - rest->data);
	*rest = (struct kp_slice){at + 1, rest->len - head.len - 1};
	return head;
}

/* The longest beginning of at most `bytes_max` bytes that does not end inside a character
 * of UTF-8. */
static inline struct kp_slice
kp_slice_head(struct kp_slice text, size_t bytes_max)
{
	if (text.len <= bytes_max) {
		return text;
	}
	text.len = bytes_max;
	for (unsigned back = 0; back < 3 && text.len > 0 &&
		((unsigned char)text.data[text.len] & 0xc0) == 0x80;
		back++) {
		text.len--;
	}
	return text;
}

/* Bytewise order, shorter first on a common prefix; for sorting. */
static inline int
kp_slice_compare(struct kp_slice a, struct kp_slice b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
	if (order != 0) {
		return order;
	}
	return (a.len > b.len) - (a.len < b.len);
}

#endif
