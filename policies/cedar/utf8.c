/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* utf8: see utf8.h. */
#include "utf8.h"

static bool
tail_bytes(struct kp_slice text, size_t at, size_t count, uint32_t *code)
{
	if (text.len - at < count + 1) {
		return false;
	}
	for (size_t i = 1; i <= count; i++) {
		unsigned char byte = (unsigned char)text.data[at + i];
		if ((byte & 0xc0) != 0x80) {
			return false;
		}
		*code = *code << 6 | (byte & 0x3fU);
	}
	return true;
}

size_t
kp_cedar_utf8_next(struct kp_slice text, size_t at, uint32_t *ret_code)
{
	unsigned char first = (unsigned char)text.data[at];
	uint32_t code = first;
	size_t tail = 0;
	uint32_t least = 0; /* of a sequence this long: shorter forms exist below it */
	if (first < 0x80) {
		*ret_code = code;
		return 1;
	}
	if (first >= 0xc2 && first <= 0xdf) {
		code = first & 0x1fU;
		tail = 1;
		least = 0x80;
	} else if (first >= 0xe0 && first <= 0xef) {
		code = first & 0x0fU;
		tail = 2;
		least = 0x800;
	} else if (first >= 0xf0 && first <= 0xf4) {
		code = first & 0x07U;
		tail = 3;
		least = 0x10000;
	}
	if (tail == 0 || !tail_bytes(text, at, tail, &code) || code < least ||
		code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		return 0;
	}
	*ret_code = code;
	return tail + 1;
}

size_t
kp_cedar_utf8_put(uint32_t code, char out[4])
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
	if (code < 0x10000) {
		out[0] = (char)(0xe0 | code >> 12);
		out[1] = (char)(0x80 | (code >> 6 & 0x3f));
		out[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | code >> 18);
	out[1] = (char)(0x80 | (code >> 12 & 0x3f));
	out[2] = (char)(0x80 | (code >> 6 & 0x3f));
	out[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

size_t
kp_cedar_utf8_check(struct kp_slice text)
{
	size_t at = 0;
	while (at < text.len) {
		uint32_t code;
		size_t step = kp_cedar_utf8_next(text, at, &code);
		if (step == 0) {
			return at;
		}
		at += step;
	}
	return at;
}
