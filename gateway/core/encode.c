/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* encode: see encode.h. */
#include "core/encode.h"

#include <stdint.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64url_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
kp_hex_write(const unsigned char *bytes, size_t len, char *ret_text)
{
	for (size_t i = 0; i < len; i++) {
		ret_text[2 * i] = hex_digits[bytes[i] >> 4];
		ret_text[2 * i + 1] = hex_digits[bytes[i] & 15];
	}
}

bool
kp_hex_read(struct kp_slice text, unsigned char *ret_bytes, size_t size)
{
	if (text.len % 2 != 0 || text.len / 2 != size) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (kp_hex_digit(text.data[i]) < 0) {
			return false;
		}
	}
	for (size_t i = 0; i < size; i++) {
		int high = kp_hex_digit(text.data[2 * i]);
		int low = kp_hex_digit(text.data[2 * i + 1]);
		ret_bytes[i] = (unsigned char)(high * 16 + low);
	}
	return true;
}

void
kp_base64url_write(const unsigned char *bytes, size_t len, char *ret_text)
{
	uint32_t bits = 0;
	unsigned bit_count = 0;
	size_t at = 0;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (bit_count += 8; bit_count >= 6; bit_count -= 6) {
			ret_text[at++] = base64url_digits[bits >> (bit_count - 6) & 63];
		}
	}
	if (bit_count > 0) {
		ret_text[at] = base64url_digits[bits << (6 - bit_count) & 63];
	}
}

static int
base64url_value(char digit)
{
	if (digit >= 'A' && digit <= 'Z') {
		return digit - 'A';
	}
	if (digit >= 'a' && digit <= 'z') {
		return digit - 'a' + 26;
	}
	if (digit >= '0' && digit <= '9') {
		return digit - '0' + 52;
	}
	if (digit == '-') {
		return 62;
	}
	return digit == '_' ? 63 : -1;
}

static bool
base64url_valid(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (base64url_value(text.data[i]) < 0) {
			return false;
		}
	}
	size_t rest = text.len % 4;
	if (rest == 0) {
		return true;
	}
	unsigned left_over = rest == 2 ? 15 : 3;
	int last = base64url_value(text.data[text.len - 1]);
	return rest != 1 && ((unsigned)last & left_over) == 0;
}

bool
kp_base64url_read(
	struct kp_slice text, unsigned char *ret_bytes, size_t size_max, size_t *ret_size)
{
	size_t size = text.len / 4 * 3 + (text.len % 4 == 0 ? 0 : text.len % 4 - 1);
	if (size > size_max || !base64url_valid(text)) {
		return false;
	}
	uint32_t bits = 0;
	unsigned bit_count = 0;
	size_t at = 0;
	for (size_t i = 0; i < text.len; i++) {
		bits = bits << 6 | (uint32_t)base64url_value(text.data[i]);
		bit_count += 6;
		if (bit_count >= 8) {
			bit_count -= 8;
			ret_bytes[at++] = (unsigned char)(bits >> bit_count);
		}
	}
	*ret_size = size;
	return true;
}

void
kp_base64_write(const unsigned char *bytes, size_t len, char *ret_text)
{
	size_t size = KP_BASE64URL_LEN(len);
	kp_base64url_write(bytes, len, ret_text);
	for (size_t i = 0; i < size; i++) {
		char digit = ret_text[i];
		ret_text[i] = digit == '-' ? '+' : digit == '_' ? '/' : digit;
	}
	while (size % 4 != 0) {
		ret_text[size++] = '=';
	}
}

static int
base64_value(char digit)
{
	return digit == '+'                    ? 62
		: digit == '/'                 ? 63
		: digit == '-' || digit == '_' ? -1
					       : base64url_value(digit);
}

bool
kp_base64_read(
	struct kp_slice text, unsigned char *ret_bytes, size_t size_max, size_t *ret_size)
{
	uint32_t bits = 0;
	size_t digits = 0;
	size_t padding = 0;
	size_t size = 0;
	for (size_t i = 0; i < text.len; i++) {
		char digit = text.data[i];
		if (digit == ' ' || digit == '\t' || digit == '\r' || digit == '\n') {
			continue;
		}
		padding += digit == '=' ? 1 : 0;
		int value = digit == '=' ? 0 : base64_value(digit);
		if (value < 0 || (padding > 0 && digit != '=') || padding > 2) {
			return false;
		}
		bits = bits << 6 | (uint32_t)value;
		if (++digits % 4 != 0) {
			continue;
		}
		for (size_t part = 0; part < 3 - padding; part++) {
			if (size == size_max) {
				return false;
			}
			ret_bytes[size++] = (unsigned char)(bits >> (16 - 8 * part));
		}
		/* Nothing may be hidden behind the end. */
		if (padding > 0 && (bits & ((1U << (8 * padding)) - 1)) != 0) {
			return false;
		}
	}
	*ret_size = size;
	return digits % 4 == 0;
}
