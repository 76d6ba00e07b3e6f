/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* encode: bytes as text and back: hexadecimal, and base64url without padding (RFC 4648,
 * section 5). Reading is strict. Any thread. */
#ifndef KP_CORE_ENCODE_H
#define KP_CORE_ENCODE_H

#include "core/slice.h"

#define KP_HEX_LEN(size) (2 * (size))
#define KP_BASE64_LEN(size) (((size) + 2) / 3 * 4)
#define KP_BASE64URL_LEN(size) (((size)*4 + 2) / 3)

/* The value of a hexadecimal digit of either case; -1 when it is none. */
static inline int
kp_hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9') {
		return byte - '0';
	}
	char lower = (char)(byte | 0x20);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Lower case; writes KP_HEX_LEN(len) characters and no NUL. */
void kp_hex_write(const unsigned char *bytes, size_t len, char *ret_text);
/* Either case; false unless the text is exactly KP_HEX_LEN(size) digits. */
bool kp_hex_read(struct kp_slice text, unsigned char *ret_bytes, size_t size);

/* Writes KP_BASE64URL_LEN(len) characters and no NUL. */
void kp_base64url_write(const unsigned char *bytes, size_t len, char *ret_text);
/*
 * False on padding, white space, other characters, an impossible length, bits left over
 * that are not zero, or more than `size_max` bytes.
 */
bool kp_base64url_read(struct kp_slice text, unsigned char *ret_bytes, size_t size_max,
	size_t *ret_size);

/* base64 with padding (RFC 4648, section 4), as XML and PEM have it. Writes
 * KP_BASE64_LEN(len) characters and no NUL. */
void kp_base64_write(const unsigned char *bytes, size_t len, char *ret_text);
/* White space between the digits is left out; false for anything else that is not
 * base64, and for more than size_max bytes. */
bool kp_base64_read(struct kp_slice text, unsigned char *ret_bytes, size_t size_max,
	size_t *ret_size);

#endif
