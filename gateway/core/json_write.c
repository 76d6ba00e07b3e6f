/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_write: see json_write.h. */
#include "core/json_write.h"

#include "core/json_text.h"

static const struct kp_slice replacement = {"\xef\xbf\xbd", 3};

void
kp_json_writer_init(struct kp_json_writer *writer, struct kp_buffer *buffer)
{
	*writer = (struct kp_json_writer){.buffer = buffer};
}

/* Bytes of the character at `at`, which is not ASCII; 0 when it is not well formed. */
static size_t
character_len(const char *at, const char *end)
{
	enum kp_text_state state = KP_TEXT_PLAIN;
	for (const char *next = at; next < end; next++) {
		state = kp_text_step_utf8(state, (unsigned char)*next);
		if (state == KP_TEXT_PLAIN) {
			return (size_t)(next - at) + 1;
		}
		if (state == KP_TEXT_FAULT) {
			return 0;
		}
	}
	return 0;
}

static void
write_escape(struct kp_buffer *buffer, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	char letter = byte < 0x20 ? letters[byte] : (char)byte;
	if (letter != 0) {
		char text[2] = {'\\', letter};
		kp_buffer_add(buffer, text, sizeof(text));
		return;
	}
	char text[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
	kp_buffer_add(buffer, text, sizeof(text));
}

static void
write_text(struct kp_json_writer *writer, struct kp_slice text)
{
	const char *at = text.len == 0 ? "" : text.data;
	const char *end = at + text.len;
	while (at < end) {
		const char *stop = kp_text_skip_plain(at, end);
		kp_buffer_add(writer->buffer, at, (size_t)(stop - at));
		at = stop;
		if (at == end) {
			break;
		}
		if ((unsigned char)*at < 0x80) {
			write_escape(writer->buffer, (unsigned char)*at++);
			continue;
		}
		size_t len = character_len(at, end);
		if (len == 0) {
			kp_buffer_add_slice(writer->buffer, replacement);
			writer->replaced++;
			at++;
		} else {
			kp_buffer_add(writer->buffer, at, len);
			at += len;
		}
	}
}

void
kp_json_write_string(struct kp_json_writer *writer, struct kp_slice text)
{
	kp_json_write_comma(writer);
	kp_buffer_add_char(writer->buffer, '"');
	write_text(writer, text);
	kp_buffer_add_char(writer->buffer, '"');
}

void
kp_json_write_name(struct kp_json_writer *writer, struct kp_slice name)
{
	kp_json_write_string(writer, name);
	kp_buffer_add_char(writer->buffer, ':');
	writer->comma = false;
}

void
kp_json_write_string_raw(struct kp_json_writer *writer, struct kp_slice raw_string)
{
	kp_json_write_comma(writer);
	kp_buffer_add_char(writer->buffer, '"');
	kp_buffer_add_slice(writer->buffer, raw_string);
	kp_buffer_add_char(writer->buffer, '"');
}

void
kp_json_write_name_raw(struct kp_json_writer *writer, struct kp_slice raw_name)
{
	kp_json_write_string_raw(writer, raw_name);
	kp_buffer_add_char(writer->buffer, ':');
	writer->comma = false;
}

void
kp_json_write_raw(struct kp_json_writer *writer, struct kp_slice raw_value)
{
	kp_json_write_comma(writer);
	kp_buffer_add_slice(writer->buffer, raw_value);
}

void
kp_json_write_uint(struct kp_json_writer *writer, uint64_t number)
{
	kp_json_write_comma(writer);
	kp_buffer_add_uint(writer->buffer, number);
}

void
kp_json_write_int(struct kp_json_writer *writer, int64_t number)
{
	if (number >= 0) {
		kp_json_write_uint(writer, (uint64_t)number);
		return;
	}
	kp_json_write_comma(writer);
	kp_buffer_add_char(writer->buffer, '-');
	writer->comma = false;
	/* Unsigned, because the smallest number has no positive twin. */
	kp_json_write_uint(writer, 0 - (uint64_t)number);
}

void
kp_json_write_bool(struct kp_json_writer *writer, bool value)
{
	kp_json_write_raw(writer, value ? KP_SLICE("true") : KP_SLICE("false"));
}

void
kp_json_write_null(struct kp_json_writer *writer)
{
	kp_json_write_raw(writer, KP_SLICE("null"));
}

bool
kp_utf8_valid(struct kp_slice text)
{
	const char *at = text.len == 0 ? "" : text.data;
	const char *end = at + text.len;
	enum kp_text_state state = KP_TEXT_PLAIN;
	while (at < end && state != KP_TEXT_FAULT) {
		if (state == KP_TEXT_PLAIN) {
			at = kp_text_skip_plain(at, end);
			if (at == end) {
				break;
			}
		}
		state = kp_text_step_utf8(state, (unsigned char)*at++);
	}
	return state == KP_TEXT_PLAIN;
}
