/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* log_line: see log_line.h. */
#include "core/log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "core/mask.h"

#define YEAR_MAX 9999

void
kp_log_line_raw(struct kp_log_line *line, const char *bytes, size_t len)
{
	if (len > line->size - line->len) {
		line->cut = true;
		return;
	}
	memcpy(line->text + line->len, bytes, len);
	line->len += len;
}

static void
add_string(struct kp_log_line *line, const char *text)
{
	kp_log_line_raw(line, text, strlen(text));
}

/* Bytes of the well-formed UTF-8 sequence at `at` (RFC 3629), or 0. */
static size_t
sequence_length(const unsigned char *at, size_t len)
{
	unsigned char lead = at[0];
	size_t need = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || need > len) {
		return 0;
	}
	for (size_t i = 1; i < need; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	bool overlong = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xf0 && at[1] < 0x90);
	bool outside = (lead == 0xed && at[1] > 0x9f) || (lead == 0xf4 && at[1] > 0x8f);
	return overlong || outside ? 0 : need;
}

/* Nothing that steers a terminal or a log reader: C0, DEL, C1, and the line separators.
 */
static bool
is_control(const unsigned char *at, size_t len)
{
	return (len == 1 && (at[0] < 0x20 || at[0] == 0x7f)) ||
		(len == 2 && at[0] == 0xc2 && at[1] < 0xa0) ||
		(len == 3 && at[0] == 0xe2 && at[1] == 0x80 &&
			(at[2] == 0xa8 || at[2] == 0xa9));
}

static unsigned
code_point(const unsigned char *at, size_t len)
{
	if (len == 1) {
		return at[0];
	}
	return len == 2 ? (at[0] & 31u) << 6 | (at[1] & 63u)
			: (at[0] & 15u) << 12 | (at[1] & 63u) << 6 | (at[2] & 63u);
}

static void
add_escaped(struct kp_log_line *line, struct kp_slice text)
{
	const unsigned char *bytes = (const unsigned char *)text.data;
	for (size_t at = 0; at < text.len;) {
		size_t len = sequence_length(bytes + at, text.len - at);
		char escape[8];
		if (len == 0) {
			add_string(line, "\\ufffd");
			at++;
			continue;
		}
		if (is_control(bytes + at, len)) {
			(void)snprintf(escape, sizeof(escape), "\\u%04x",
				code_point(bytes + at, len));
			add_string(line, escape);
		} else if (bytes[at] == '"' || bytes[at] == '\\') {
			kp_log_line_raw(line, "\\", 1);
			kp_log_line_raw(line, text.data + at, 1);
		} else {
			kp_log_line_raw(line, text.data + at, len);
		}
		at += len;
	}
}

static void
add_text(struct kp_log_line *line, struct kp_slice text)
{
	/* Masked before it is cut: half a number must not slip through at the edge. */
	char copy[KP_LOG_TEXT_BYTES_MAX + 16];
	size_t copied = text.len < sizeof(copy) ? text.len : sizeof(copy);
	if (copied > 0) {
		memcpy(copy, text.data, copied);
	}
	(void)kp_mask_bsn(copy, copied);
	struct kp_slice shown =
		kp_slice_head((struct kp_slice){copy, copied}, KP_LOG_TEXT_BYTES_MAX);
	kp_log_line_raw(line, "\"", 1);
	add_escaped(line, shown);
	if (shown.len < text.len) {
		add_string(line, "…");
	}
	kp_log_line_raw(line, "\"", 1);
}

/* An id holds hexadecimal digits only, so nine decimal ones in a row mean nothing. */
static void
add_id(struct kp_log_line *line, struct kp_slice text)
{
	kp_log_line_raw(line, "\"", 1);
	for (size_t i = 0; i < text.len && i < KP_LOG_TEXT_BYTES_MAX; i++) {
		char digit = text.data[i];
		bool hex =
			(digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
		kp_log_line_raw(line, hex ? &text.data[i] : "?", 1);
	}
	kp_log_line_raw(line, "\"", 1);
}

static void
add_number(struct kp_log_line *line, int64_t number)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRId64, number);
	if (kp_mask_bsn(text, (size_t)len) > 0) {
		add_string(line, "\"*********\"");
		return;
	}
	kp_log_line_raw(line, text, (size_t)len);
}

static void
add_name(struct kp_log_line *line, const char *name)
{
	bool json = line->format == KP_LOG_FORMAT_JSON;
	add_string(line, json ? ",\"" : " ");
	add_string(line, name);
	add_string(line, json ? "\":" : "=");
}

static void
add_value(struct kp_log_line *line, struct kp_log_field field)
{
	switch (kp_log_key_kind(field.key)) {
	case KP_LOG_KIND_TEXT:
		add_text(line, field.text);
		break;
	case KP_LOG_KIND_ID:
		add_id(line, field.text);
		break;
	case KP_LOG_KIND_NUMBER:
		add_number(line, field.number);
		break;
	case KP_LOG_KIND_FLAG:
		add_string(line, field.number != 0 ? "true" : "false");
		break;
	}
}

void
kp_log_line_field(struct kp_log_line *line, struct kp_log_field field)
{
	size_t before = line->len;
	bool cut_before = line->cut;
	line->cut = false;
	add_name(line, kp_log_key_name(field.key));
	add_value(line, field);
	if (line->cut) {
		line->len = before;
	}
	line->cut = line->cut || cut_before;
}

void
kp_log_line_own(struct kp_log_line *line, const char *name, const char *text)
{
	add_name(line, name);
	kp_log_line_raw(line, "\"", 1);
	add_escaped(line, kp_slice_from(text));
	kp_log_line_raw(line, "\"", 1);
}

/* `number` in `count` digits, and what comes behind them. */
static char *
put_digits(char *at, unsigned count, int number, char behind)
{
	for (unsigned i = count; i-- > 0; number /= 10) {
		at[i] = (char)('0' + number % 10);
	}
	at[count] = behind;
	return at + count + 1;
}

void
kp_log_time(int64_t wall_ms, char ret_text[32])
{
	int64_t ms = wall_ms % 1000;
	time_t seconds = (time_t)(wall_ms / 1000);
	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	struct tm parts;
	if (gmtime_r(&seconds, &parts) == NULL || parts.tm_year < 0 ||
		parts.tm_year > YEAR_MAX - 1900) {
		parts = (struct tm){.tm_year = 70, .tm_mday = 1};
	}
	/* Not strftime: every record has one. */
	char *at = put_digits(ret_text, 4, parts.tm_year + 1900, '-');
	at = put_digits(at, 2, parts.tm_mon + 1, '-');
	at = put_digits(at, 2, parts.tm_mday, 'T');
	at = put_digits(at, 2, parts.tm_hour, ':');
	at = put_digits(at, 2, parts.tm_min, ':');
	at = put_digits(at, 2, parts.tm_sec, '.');
	at = put_digits(at, 3, (int)ms, 'Z');
	*at = '\0';
}
