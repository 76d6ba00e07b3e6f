/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_text: see http_text.h; and the checks on text that http_parse.h promises. */
#include "http/http_text.h"

#include "core/encode.h"
#include "core/json_text.h"
#include "http/http_parse.h"

#define PORT_DIGITS_MAX 5u
#define PORT_MAX 65535u

/* clang-format off */
const bool kp_http_tchars[256] = {
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true,
	['*'] = true, ['+'] = true, ['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true,
	['`'] = true, ['|'] = true, ['~'] = true,
	['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true,
	['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
	['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true,
	['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true,
	['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true,
	['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true,
	['Y'] = true, ['Z'] = true,
	['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true,
	['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true,
	['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true,
	['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true,
	['y'] = true, ['z'] = true,
};
/* clang-format on */

bool
kp_http_name_equal(struct kp_slice a, struct kp_slice b)
{
	if (a.len != b.len) {
		return false;
	}
	for (size_t i = 0; i < a.len; i++) {
		unsigned char x = (unsigned char)a.data[i];
		unsigned char y = (unsigned char)b.data[i];
		if (x != y && (!kp_http_is_alpha(x) || (x ^ y) != 0x20)) {
			return false;
		}
	}
	return true;
}

bool
kp_http_token_valid(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!kp_http_is_tchar((unsigned char)text.data[i])) {
			return false;
		}
	}
	return text.len > 0;
}

bool
kp_http_value_valid(struct kp_slice text)
{
	const char *at = text.data;
	const char *end = text.len == 0 ? at : at + text.len;
	while (at < end) {
		/* What is plain in JSON is so here, but for one control byte. */
		const char *stop = kp_text_skip_plain(at, end);
		if (memchr(at, 0x7f, (size_t)(stop - at)) != NULL ||
			(stop < end && !kp_http_is_value_byte((unsigned char)*stop))) {
			return false;
		}
		at = stop < end ? stop + 1 : end;
	}
	return true;
}

static bool
is_unreserved_or_sub_delim(unsigned char byte)
{
	return kp_http_is_alpha(byte) || kp_http_is_digit(byte) ||
		(byte != '\0' && strchr("-._~!$&'()*+,;=", byte) != NULL);
}

/* Length of the character of a URI at `at`, a whole percent escape or one byte; 0 when
 * wrong. */
static size_t
uri_character(struct kp_slice text, size_t at, const char *also)
{
	unsigned char byte = (unsigned char)text.data[at];
	if (byte == '%') {
		bool whole = text.len - at >= 3 && kp_hex_digit(text.data[at + 1]) >= 0 &&
			kp_hex_digit(text.data[at + 2]) >= 0;
		return whole ? 3 : 0;
	}
	if (is_unreserved_or_sub_delim(byte)) {
		return 1;
	}
	return byte != '\0' && strchr(also, byte) != NULL ? 1 : 0;
}

static bool
all_uri_characters(struct kp_slice text, const char *also)
{
	for (size_t at = 0; at < text.len;) {
		size_t len = uri_character(text, at, also);
		if (len == 0) {
			return false;
		}
		at += len;
	}
	return true;
}

bool
kp_http_path_valid(struct kp_slice text, bool is_query)
{
	return all_uri_characters(text, is_query ? ":@/?" : ":@/");
}

static bool
port_valid(struct kp_slice text)
{
	unsigned long port = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (!kp_http_is_digit((unsigned char)text.data[i]) ||
			i >= PORT_DIGITS_MAX) {
			return false;
		}
		port = port * 10 + (unsigned long)(text.data[i] - '0');
	}
	return port <= PORT_MAX;
}

/* The address itself is not resolved here, so its bytes are checked, not its structure.
 */
static bool
ip_literal_valid(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (kp_hex_digit((char)byte) < 0 && byte != ':' && byte != '.') {
			return false;
		}
	}
	return text.len >= 2;
}

bool
kp_http_authority_valid(struct kp_slice text)
{
	if (text.len == 0) {
		return false;
	}
	bool literal = text.data[0] == '[';
	const char *stop = memchr(text.data, literal ? ']' : ':', text.len);
	if (literal && stop == NULL) {
		return false;
	}
	size_t host_len = stop == NULL ? text.len : (size_t)(stop - text.data);
	struct kp_slice host = {text.data, host_len};
	struct kp_slice rest = kp_http_rest(text, literal ? host_len + 1 : host_len);
	bool host_valid = literal ? ip_literal_valid(kp_http_rest(host, 1))
				  : host.len > 0 && all_uri_characters(host, "");
	if (!host_valid) {
		return false;
	}
	return rest.len == 0 ||
		(rest.data[0] == ':' && port_valid(kp_http_rest(rest, 1)));
}
