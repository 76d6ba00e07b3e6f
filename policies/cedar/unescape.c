/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * unescape: string tokens to text and to patterns. The escapes are Rust's, as Cedar's
 * grammar says; in a pattern there is also \*, and a star that comes from any other
 * escape is a wildcard.
 */
#include "unescape.h"

#include "core/encode.h"
#include "utf8.h"

/* Reads one token; `out` never needs more room than the token has bytes. */
struct reader {
	const struct kp_cedar_lexer *lexer;
	const struct kp_cedar_token *token;
	size_t at; /* in token->text */
};

/* Position of byte `at` of the token's text; a string may run over lines. */
static struct kp_cedar_pos
position(const struct reader *reader, size_t at, size_t len)
{
	struct kp_cedar_pos pos = reader->token->pos;
	pos.column++;
	pos.offset++;
	for (size_t i = 0; i < at; i++) {
		pos.column++;
		pos.offset++;
		if (reader->token->text.data[i] == '\n') {
			pos.line++;
			pos.column = 1;
		}
	}
	pos.len = (uint32_t)len;
	return pos;
}

/* Two digits, at most 7F. Returns the bytes used, 0 when bad. */
static size_t
hex_escape(struct kp_slice rest, uint32_t *ret_code)
{
	if (rest.len < 2) {
		return 0;
	}
	int high = kp_hex_digit(rest.data[0]);
	int low = kp_hex_digit(rest.data[1]);
	if (high < 0 || high > 7 || low < 0) {
		return 0;
	}
	*ret_code = (uint32_t)(high * 16 + low);
	return 2;
}

/* {1 to 6 digits, `_` allowed after the first}, a code point that is no surrogate. */
static size_t
unicode_escape(struct kp_slice rest, uint32_t *ret_code)
{
	if (rest.len < 3 || rest.data[0] != '{' || kp_hex_digit(rest.data[1]) < 0) {
		return 0;
	}
	uint32_t code = 0;
	unsigned digits = 0;
	size_t at = 1;
	for (; at < rest.len && rest.data[at] != '}'; at++) {
		if (rest.data[at] == '_') {
			continue;
		}
		int digit = kp_hex_digit(rest.data[at]);
		if (digit < 0 || ++digits > 6) {
			return 0;
		}
		code = code * 16 + (uint32_t)digit;
	}
	if (at >= rest.len || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
		return 0;
	}
	*ret_code = code;
	return at + 1;
}

/* Bytes used behind the backslash, 0 when it is no escape. */
static size_t
escape(struct kp_slice rest, uint32_t *ret_code)
{
	static const char from[] = "\"'\\nrt0";
	static const char to[] = "\"'\\\n\r\t";
	char byte = rest.data[0];
	for (size_t i = 0; i + 1 < sizeof(from); i++) {
		if (byte == from[i]) {
			*ret_code = (unsigned char)to[i];
			return 1;
		}
	}
	struct kp_slice tail = {rest.data + 1, rest.len - 1};
	size_t used = byte == 'x' ? hex_escape(tail, ret_code)
		: byte == 'u'     ? unicode_escape(tail, ret_code)
				  : 0;
	return used == 0 ? 0 : used + 1;
}

static enum kp_status
bad_escape(const struct reader *reader, struct kp_error *err)
{
	struct kp_slice text = reader->token->text;
	size_t left = text.len - reader->at;
	struct kp_cedar_pos pos = position(reader, reader->at, left < 2 ? left : 2);
	if (text.data[reader->at] == '\r') {
		return kp_cedar_syntax_error(reader->lexer->file, pos, err,
			"a carriage return cannot stand in a string, write \\r");
	}
	return kp_cedar_syntax_error(reader->lexer->file, pos, err,
		"`%.*s` is not an escape, expected one of "
		"\\\" \\' \\\\ \\n \\r \\t \\0 \\x41 \\u{1f600}",
		left < 2 ? (int)left : 2, text.data + reader->at);
}

/* Copies the next character to out[*len]; *ret_star when it is a star that was not
 * written \*. */
static enum kp_status
read_one(struct reader *reader, bool pattern, char *out, size_t *len, bool *ret_star,
	struct kp_error *err)
{
	struct kp_slice text = reader->token->text;
	char byte = text.data[reader->at];
	*ret_star = byte == '*';
	if (byte == '\r') {
		return bad_escape(reader, err);
	}
	if (byte != '\\') {
		out[(*len)++] = byte;
		reader->at++;
		return KP_OK;
	}
	struct kp_slice rest = {text.data + reader->at + 1, text.len - reader->at - 1};
	if (pattern && rest.data[0] == '*') {
		out[(*len)++] = '*';
		reader->at += 2;
		return KP_OK;
	}
	uint32_t code = 0;
	size_t used = escape(rest, &code);
	if (used == 0) {
		return bad_escape(reader, err);
	}
	*ret_star = code == '*';
	*len += kp_cedar_utf8_put(code, out + *len);
	reader->at += 1 + used;
	return KP_OK;
}

enum kp_status
kp_cedar_unescape(struct kp_arena *arena, const struct kp_cedar_lexer *lexer,
	const struct kp_cedar_token *token, struct kp_slice *ret_text,
	struct kp_error *err)
{
	struct reader reader = {.lexer = lexer, .token = token};
	char *out = kp_arena_bytes(arena, token->text.len + 1);
	if (out == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left for a string");
	}
	size_t len = 0;
	while (reader.at < token->text.len) {
		bool star;
		enum kp_status status = read_one(&reader, false, out, &len, &star, err);
		if (status != KP_OK) {
			return status;
		}
	}
	out[len] = '\0';
	*ret_text = (struct kp_slice){out, len};
	return KP_OK;
}

/* At most as many parts as there are backslashes and stars, and one. */
static size_t
parts_max(struct kp_slice text)
{
	size_t count = 1;
	for (size_t i = 0; i < text.len; i++) {
		count += text.data[i] == '*' || text.data[i] == '\\';
	}
	return count;
}

enum kp_status
kp_cedar_unescape_pattern(struct kp_arena *arena, const struct kp_cedar_lexer *lexer,
	const struct kp_cedar_token *token, const struct kp_cedar_pattern **ret_pattern,
	struct kp_error *err)
{
	struct reader reader = {.lexer = lexer, .token = token};
	struct kp_cedar_pattern *pattern = KP_ARENA_NEW(arena, struct kp_cedar_pattern);
	struct kp_slice *parts =
		KP_ARENA_ARRAY(arena, struct kp_slice, parts_max(token->text));
	char *out = kp_arena_bytes(arena, token->text.len + 1);
	if (pattern == NULL || parts == NULL || out == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left for a pattern");
	}
	size_t len = 0;
	size_t start = 0;
	size_t count = 0;
	while (reader.at < token->text.len) {
		bool star;
		bool written_escaped = token->text.data[reader.at] == '\\' &&
			token->text.data[reader.at + 1] == '*';
		size_t before = len;
		enum kp_status status = read_one(&reader, true, out, &len, &star, err);
		if (status != KP_OK) {
			return status;
		}
		if (star && !written_escaped) {
			parts[count++] = (struct kp_slice){out + start, before - start};
			start = len;
		}
	}
	parts[count++] = (struct kp_slice){out + start, len - start};
	*pattern = (struct kp_cedar_pattern){parts, count};
	*ret_pattern = pattern;
	return KP_OK;
}
