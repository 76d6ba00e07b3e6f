/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* template_escape: see template_escape.h. */
#include "connectors/template_escape.h"

#include <string.h>

#include "core/json_text.h"

static bool
is_unreserved(unsigned char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
		(byte >= '0' && byte <= '9') || (byte != 0 && memchr("-._~", byte, 4));
}

static void
write_url(struct kp_buffer *buffer, struct kp_slice text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t plain = 0; /* from here on nothing was written yet */
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (!is_unreserved(byte)) {
			char code[3] = {'%', hex[byte >> 4], hex[byte & 15]};
			kp_buffer_add(buffer, text.data + plain, i - plain);
			kp_buffer_add(buffer, code, sizeof(code));
			plain = i + 1;
		}
	}
	if (text.len > plain) {
		kp_buffer_add(buffer, text.data + plain, text.len - plain);
	}
}

static void
write_json(struct kp_buffer *buffer, struct kp_slice text)
{
	const char *at = text.len == 0 ? "" : text.data;
	const char *end = at + text.len;
	while (at < end) {
		const char *stop = kp_text_skip_plain(at, end);
		kp_buffer_add(buffer, at, (size_t)(stop - at));
		if (stop == end) {
			return;
		}
		unsigned char byte = (unsigned char)*stop;
		if (byte < 0x20) {
			kp_buffer_printf(buffer, "\\u%04x", byte);
		} else {
			if (byte < 0x80) {
				kp_buffer_add_char(buffer, '\\');
			}
			kp_buffer_add_char(buffer, (char)byte);
		}
		at = stop + 1;
	}
}

static bool
has_control(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte < 0x20 || byte == 0x7f) {
			return true;
		}
	}
	return false;
}

bool
kp_template_escape_xml(struct kp_buffer *buffer, struct kp_slice text, bool attribute)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		bool space = byte == '\t' || byte == '\n' || byte == '\r';
		if (byte == '&') {
			KP_BUFFER_ADD(buffer, "&amp;");
		} else if (byte == '<') {
			KP_BUFFER_ADD(buffer, "&lt;");
		} else if (byte == '>' && !attribute) {
			KP_BUFFER_ADD(buffer, "&gt;");
		} else if (byte == '"' && attribute) {
			KP_BUFFER_ADD(buffer, "&quot;");
		} else if (byte == '\r' || (space && attribute)) {
			kp_buffer_printf(buffer, "&#x%X;", byte);
		} else if (byte < 0x20 && !space) {
			return false;
		} else {
			kp_buffer_add_char(buffer, (char)byte);
		}
	}
	return true;
}

bool
kp_template_escape(enum kp_template_place place, bool attribute, struct kp_buffer *buffer,
	struct kp_slice text)
{
	switch (place) {
	case KP_TEMPLATE_XML:
		return kp_template_escape_xml(buffer, text, attribute);
	case KP_TEMPLATE_TARGET:
	case KP_TEMPLATE_QUERY:
		write_url(buffer, text);
		return true;
	case KP_TEMPLATE_JSON:
		write_json(buffer, text);
		return true;
	case KP_TEMPLATE_HEADER:
		if (has_control(text)) {
			return false;
		}
		break;
	case KP_TEMPLATE_TEXT:
		break;
	}
	kp_buffer_add_slice(buffer, text);
	return true;
}
