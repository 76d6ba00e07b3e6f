/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_text: see json_text.h; and the functions on raw text that json_read.h promises. */
#include "core/json_text.h"

#include "core/encode.h"
#include "core/json_number.h"
#include "core/json_read.h"

#define HIGH_FIRST 0xd800u
#define LOW_FIRST 0xdc00u
#define LOW_LAST 0xdfffu

static inline bool
within(unsigned char byte, unsigned low, unsigned high)
{
	return byte >= low && byte <= high;
}

static enum kp_text_state
lead_utf8(unsigned char byte)
{
	if (byte < 0x80) {
		return KP_TEXT_PLAIN;
	}
	if (within(byte, 0xc2, 0xdf)) {
		return KP_TEXT_LAST;
	}
	if (within(byte, 0xe0, 0xef)) {
		return byte == 0xe0    ? KP_TEXT_AFTER_E0
			: byte == 0xed ? KP_TEXT_AFTER_ED
				       : KP_TEXT_LAST_2;
	}
	if (within(byte, 0xf0, 0xf4)) {
		return byte == 0xf0    ? KP_TEXT_AFTER_F0
			: byte == 0xf4 ? KP_TEXT_AFTER_F4
				       : KP_TEXT_LAST_3;
	}
	return KP_TEXT_FAULT;
}

enum kp_text_state
kp_text_step_utf8(enum kp_text_state state, unsigned char byte)
{
	static const struct {
		unsigned char low, high, next;
	} rules[] = {
		[KP_TEXT_LAST] = {0x80, 0xbf, KP_TEXT_PLAIN},
		[KP_TEXT_LAST_2] = {0x80, 0xbf, KP_TEXT_LAST},
		[KP_TEXT_LAST_3] = {0x80, 0xbf, KP_TEXT_LAST_2},
		[KP_TEXT_AFTER_E0] = {0xa0, 0xbf, KP_TEXT_LAST},
		[KP_TEXT_AFTER_ED] = {0x80, 0x9f, KP_TEXT_LAST},
		[KP_TEXT_AFTER_F0] = {0x90, 0xbf, KP_TEXT_LAST_2},
		[KP_TEXT_AFTER_F4] = {0x80, 0x8f, KP_TEXT_LAST_2},
	};
	if (state == KP_TEXT_PLAIN) {
		return lead_utf8(byte);
	}
	if (state < KP_TEXT_LAST || state > KP_TEXT_AFTER_F4 ||
		!within(byte, rules[state].low, rules[state].high)) {
		return KP_TEXT_FAULT;
	}
	return (enum kp_text_state)rules[state].next;
}

/* The code starts as 1 and so has a bit above 0xffff after four digits. */
static enum kp_text_state
step_hex(enum kp_text_state state, unsigned *code, unsigned char byte)
{
	int digit = kp_hex_digit((char)byte);
	if (digit < 0) {
		return KP_TEXT_FAULT;
	}
	*code = *code << 4 | (unsigned)digit;
	if (*code <= 0xffff) {
		return state;
	}
	*code &= 0xffff;
	bool low = *code >= LOW_FIRST && *code <= LOW_LAST;
	if (state == KP_TEXT_LOW_HEX) {
		return low ? KP_TEXT_PLAIN : KP_TEXT_FAULT;
	}
	if (low) {
		return KP_TEXT_FAULT;
	}
	return *code >= HIGH_FIRST && *code < LOW_FIRST ? KP_TEXT_LOW_ESCAPE
							: KP_TEXT_PLAIN;
}

static enum kp_text_state
step_escape(unsigned *code, unsigned char byte)
{
	switch (byte) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return KP_TEXT_PLAIN;
	case 'u':
		*code = 1;
		return KP_TEXT_HEX;
	default:
		return KP_TEXT_FAULT;
	}
}

enum kp_text_state
kp_text_step(enum kp_text_state state, unsigned *code, unsigned char byte)
{
	switch (state) {
	case KP_TEXT_PLAIN:
		if (byte < 0x20) {
			return KP_TEXT_FAULT;
		}
		return byte == '\\' ? KP_TEXT_ESCAPE : lead_utf8(byte);
	case KP_TEXT_LAST:
	case KP_TEXT_LAST_2:
	case KP_TEXT_LAST_3:
	case KP_TEXT_AFTER_E0:
	case KP_TEXT_AFTER_ED:
	case KP_TEXT_AFTER_F0:
	case KP_TEXT_AFTER_F4:
		return kp_text_step_utf8(state, byte);
	case KP_TEXT_ESCAPE:
		return step_escape(code, byte);
	case KP_TEXT_HEX:
	case KP_TEXT_LOW_HEX:
		return step_hex(state, code, byte);
	case KP_TEXT_LOW_ESCAPE:
		return byte == '\\' ? KP_TEXT_LOW_U : KP_TEXT_FAULT;
	case KP_TEXT_LOW_U:
		*code = 1;
		return byte == 'u' ? KP_TEXT_LOW_HEX : KP_TEXT_FAULT;
	case KP_TEXT_FAULT:
		break;
	}
	return KP_TEXT_FAULT;
}

/* Four hex digits at the cursor; -1 when they are not there. */
static int
take_hex(struct kp_text_cursor *cursor)
{
	if (cursor->end - cursor->at < 4) {
		return -1;
	}
	int code = 0;
	for (int i = 0; i < 4; i++) {
		int digit = kp_hex_digit(*cursor->at++);
		if (digit < 0) {
			return -1;
		}
		code = code << 4 | digit;
	}
	return code;
}

/* The low half of a pair, as `\uDC00` to `\uDFFF`; 0 when it is not there. */
static unsigned
take_low(struct kp_text_cursor *cursor)
{
	if (cursor->end - cursor->at < 6 || cursor->at[0] != '\\' ||
		cursor->at[1] != 'u') {
		return 0;
	}
	cursor->at += 2;
	int low = take_hex(cursor);
	return low >= (int)LOW_FIRST && low <= (int)LOW_LAST ? (unsigned)low : 0;
}

/* Leaves the tail bytes of a character pending and returns its first byte. */
static int
encode(struct kp_text_cursor *cursor, unsigned code)
{
	static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
	unsigned tail = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	cursor->pending_count = tail;
	for (unsigned i = 0; i < tail; i++) {
		cursor->pending[i] = (unsigned char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	return (int)(leads[tail] | code);
}

static int
give_up(struct kp_text_cursor *cursor)
{
	cursor->fault = true;
	cursor->at = cursor->end;
	return -1;
}

static int
next_unicode(struct kp_text_cursor *cursor)
{
	int first = take_hex(cursor);
	if (first < 0) {
		return give_up(cursor);
	}
	unsigned code = (unsigned)first;
	if (code >= HIGH_FIRST && code <= LOW_LAST) {
		unsigned low = code < LOW_FIRST ? take_low(cursor) : 0;
		if (low == 0) {
			return give_up(cursor);
		}
		code = 0x10000 + ((code - HIGH_FIRST) << 10) + (low - LOW_FIRST);
	}
	return encode(cursor, code);
}

static int
next_escape(struct kp_text_cursor *cursor)
{
	if (cursor->at == cursor->end) {
		return give_up(cursor);
	}
	char byte = *cursor->at++;
	switch (byte) {
	case '"':
	case '\\':
	case '/':
		return byte;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case 'u':
		return next_unicode(cursor);
	default:
		return give_up(cursor);
	}
}

int
kp_text_next(struct kp_text_cursor *cursor)
{
	if (cursor->pending_count > 0) {
		return cursor->pending[--cursor->pending_count];
	}
	if (cursor->at == cursor->end) {
		return -1;
	}
	char byte = *cursor->at++;
	return byte == '\\' ? next_escape(cursor) : (unsigned char)byte;
}

static struct kp_text_cursor
cursor_on(struct kp_slice raw)
{
	const char *at = raw.len == 0 ? "" : raw.data;
	return (struct kp_text_cursor){.at = at, .end = at + raw.len};
}

enum kp_status
kp_json_unescape(struct kp_slice raw, struct kp_arena *arena, struct kp_slice *ret_text)
{
	if (raw.len == 0 || memchr(raw.data, '\\', raw.len) == NULL) {
		*ret_text = raw;
		return KP_OK;
	}
	/* No escape is shorter than what it stands for. */
	char *text = kp_arena_bytes(arena, raw.len);
	if (text == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_text_cursor cursor = cursor_on(raw);
	size_t len = 0;
	int byte;
	while ((byte = kp_text_next(&cursor)) >= 0) {
		text[len++] = (char)byte;
	}
	if (cursor.fault) {
		return KP_E_SYNTAX;
	}
	*ret_text = (struct kp_slice){text, len};
	return KP_OK;
}

static bool
has_escape(struct kp_slice raw)
{
	return raw.len > 0 && memchr(raw.data, '\\', raw.len) != NULL;
}

bool
kp_json_text_equal(struct kp_slice raw_a, struct kp_slice raw_b)
{
	if (kp_slice_equal(raw_a, raw_b)) {
		return true;
	}
	if (!has_escape(raw_a) && !has_escape(raw_b)) {
		return false;
	}
	struct kp_text_cursor a = cursor_on(raw_a);
	struct kp_text_cursor b = cursor_on(raw_b);
	int byte;
	do {
		byte = kp_text_next(&a);
		if (byte != kp_text_next(&b)) {
			return false;
		}
	} while (byte >= 0);
	return !a.fault && !b.fault;
}

bool
kp_json_number_valid(struct kp_slice text)
{
	const char *end = text.len == 0 ? NULL : text.data + text.len;
	return text.len > 0 && kp_json_scan_number(text.data, end) == end;
}

/* The rest of a string, from what is not plain ASCII text. */
static KP_APART bool
rest_valid(const char *at, const char *end)
{
	enum kp_text_state state = KP_TEXT_PLAIN;
	unsigned code = 0;
	while (at < end && state != KP_TEXT_FAULT) {
		if (state == KP_TEXT_PLAIN) {
			at = kp_text_skip_wide(kp_text_skip_plain(at, end), end);
			if (at == end || *at == '"') {
				break;
			}
		}
		state = kp_text_step(state, &code, (unsigned char)*at++);
	}
	return at == end && state == KP_TEXT_PLAIN;
}

static inline bool
string_valid(struct kp_slice text)
{
	const char *end = text.data + text.len - 1;
	const char *at = kp_text_skip_plain(text.data + 1, end);
	return (at == end || rest_valid(at, end)) && *end == '"';
}

bool
kp_json_scalar_valid(struct kp_slice text)
{
	if (text.len >= 2 && text.data[0] == '"') {
		return string_valid(text);
	}
	return kp_json_number_valid(text) || kp_slice_is(text, "true") ||
		kp_slice_is(text, "false") || kp_slice_is(text, "null");
}
