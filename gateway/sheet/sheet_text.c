/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_text: see sheet_text.h. */
#include "sheet/sheet_text.h"

#include <string.h>

#include "core/encode.h"
#include "core/heap.h"

#define FIRST_BYTES ((size_t)4096)
#define ESCAPE_BYTES ((size_t)7) /* _xHHHH_ */

enum kp_status
kp_sheet_text_add(struct kp_sheet_text *text, struct kp_slice more, size_t bytes_max)
{
	if (more.len > bytes_max || text->len > bytes_max - more.len) {
		return KP_E_LIMIT;
	}
	if (more.len > text->capacity - text->len) {
		size_t capacity = text->capacity == 0 ? FIRST_BYTES : text->capacity * 2;
		while (capacity < text->len + more.len) {
			capacity *= 2;
		}
		char *data = text->data == NULL ? kp_heap_alloc(capacity)
						: kp_heap_realloc(text->data, capacity);
		if (data == NULL) {
			return KP_E_MEMORY;
		}
		text->data = data;
		text->capacity = capacity;
	}
	if (more.len > 0) {
		memcpy(text->data + text->len, more.data, more.len);
		text->len += more.len;
	}
	return KP_OK;
}

void
kp_sheet_text_deinit(struct kp_sheet_text *text)
{
	kp_heap_free(text->data);
	*text = (struct kp_sheet_text){0};
}

/* The character of an escape, or 0 when it is none or one that a text cannot hold. */
static unsigned
escaped(const char *at, size_t len)
{
	unsigned code = 0;
	if (len < ESCAPE_BYTES || at[0] != '_' || at[1] != 'x' || at[6] != '_') {
		return 0;
	}
	for (size_t i = 2; i < 6; i++) {
		int digit = kp_hex_digit(at[i]);
		if (digit < 0) {
			return 0;
		}
		code = code * 16 + (unsigned)digit;
	}
	bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
	bool surrogate = code >= 0xd800 && code <= 0xdfff;
	return control || surrogate || code >= 0xfffe ? 0 : code;
}

/* UTF-8; at most three bytes, and so never longer than the escape. */
static size_t
put_code(char *out, unsigned code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | code >> 12);
	out[1] = (char)(0x80 | (code >> 6 & 0x3f));
	out[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

void
kp_sheet_text_unescape(struct kp_sheet_text *text, size_t begin)
{
	size_t out = begin;
	if (begin == text->len ||
		memchr(text->data + begin, '_', text->len - begin) == NULL) {
		return;
	}
	for (size_t at = begin; at < text->len;) {
		unsigned code = escaped(text->data + at, text->len - at);
		if (code == 0) {
			text->data[out++] = text->data[at++];
		} else {
			out += put_code(text->data + out, code);
			at += ESCAPE_BYTES;
		}
	}
	text->len = out;
}
