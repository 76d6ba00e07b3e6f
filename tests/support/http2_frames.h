/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_frames: HTTP/2 frames as text, for tests that say them byte by byte and look at
 * what comes back. A frame is "type/flags/stream/payload", all hexadecimal but the
 * stream, with spaces between frames: "1/5/1/828486410161" is HEADERS with END_STREAM and
 * END_HEADERS on stream 1. `PREFACE` is the client's connection preface with an empty
 * SETTINGS. "payload*n" repeats the payload n times. A stream "#" is the one given beside
 * the text.
 */
#ifndef KP_TESTS_HTTP2_FRAMES_H
#define KP_TESTS_HTTP2_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/attr.h"
#include "http/http2_session.h"

#define FRAMES_ROOM ((size_t)1 << 20)

struct frames {
	char data[FRAMES_ROOM];
	size_t len;
};

static inline void
frames_add(struct frames *frames, const void *bytes, size_t len)
{
	KP_REQUIRE(frames->len + len <= FRAMES_ROOM);
	memcpy(frames->data + frames->len, bytes, len);
	frames->len += len;
}

static inline size_t
frames_unhex(const char *text, size_t len, unsigned char *out)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		char pair[3] = {text[i], text[i + 1], '\0'};
		out[i / 2] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return len / 2;
}

static inline void
frames_add_one(struct frames *frames, unsigned type, unsigned flags, unsigned long stream,
	const unsigned char *payload, size_t len)
{
	const unsigned char head[9] = {(unsigned char)(len >> 16),
		(unsigned char)(len >> 8), (unsigned char)len, (unsigned char)type,
		(unsigned char)flags, (unsigned char)(stream >> 24),
		(unsigned char)(stream >> 16), (unsigned char)(stream >> 8),
		(unsigned char)stream};
	frames_add(frames, head, sizeof(head));
	frames_add(frames, payload, len);
}

/* Adds the frames that `text` says, with `id` for "#". */
static inline void
frames_say(struct frames *frames, const char *text, unsigned long id)
{
	while (*text != '\0') {
		static unsigned char payload[65536];
		size_t len = strcspn(text, " ");
		if (strncmp(text, "PREFACE", 7) == 0) {
			frames_add(frames, KP_HTTP2_PREFACE, KP_HTTP2_PREFACE_BYTES);
			frames_add_one(frames, 4, 0, 0, payload, 0);
		} else {
			char *end;
			unsigned type = (unsigned)strtoul(text, &end, 16);
			unsigned flags = (unsigned)strtoul(end + 1, &end, 16);
			unsigned long stream = strtoul(++end, &end, 10);
			if (*end == '#') {
				stream = id;
				end++;
			}
			const char *hex = end + 1;
			size_t digits = strspn(hex, "0123456789abcdef");
			size_t once = frames_unhex(hex, digits, payload);
			size_t times = hex[digits] == '*'
				? strtoul(hex + digits + 1, NULL, 10)
				: 1;
			KP_REQUIRE(once * times <= sizeof(payload));
			for (size_t i = 1; i < times; i++) {
				memcpy(payload + i * once, payload, once);
			}
			frames_add_one(
				frames, type, flags, stream, payload, once * times);
		}
		text += len + strspn(text + len, " ");
	}
}

static inline const char *
frames_code(unsigned long code)
{
	static const char *const names[] = {"NO_ERROR", "PROTOCOL_ERROR",
		"INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
		"STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
		"COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"};
	return code < KP_ARRAY_LEN(names) ? names[code] : "?";
}

static inline unsigned long
frames_number(const unsigned char *at)
{
	return (unsigned long)at[0] << 24 | (unsigned long)at[1] << 16 |
		(unsigned long)at[2] << 8 | at[3];
}

/* One frame as words, each with a space behind it; SETTINGS, their acknowledgement and
 * WINDOW_UPDATE say nothing here. */
static inline void
frames_tell_one(const unsigned char *frame, size_t len, char *out, size_t room)
{
	unsigned long stream = frames_number(frame + 5) & 0x7fffffffu;
	const unsigned char *payload = frame + 9;
	const char *end = (frame[4] & 1) != 0 ? " end" : "";
	switch (frame[3]) {
	case 0:
		(void)snprintf(out, room, "DATA %lu %zu%s. ", stream, len, end);
		break;
	case 1:
		(void)snprintf(out, room, "HEADERS %lu%s. ", stream, end);
		break;
	case 3:
		(void)snprintf(out, room, "RST %lu %s. ", stream,
			frames_code(frames_number(payload)));
		break;
	case 6:
		(void)snprintf(out, room, "PING%s. ", (frame[4] & 1) != 0 ? " ack" : "");
		break;
	case 7:
		(void)snprintf(out, room, "GOAWAY %s. ",
			frames_code(frames_number(payload + 4)));
		break;
	default:
		out[0] = '\0';
		break;
	}
}

/* Whole frames of `bytes` as words, without the last space. */
static inline void
frames_tell(const char *bytes, size_t len, char *out, size_t room)
{
	const unsigned char *at = (const unsigned char *)bytes;
	size_t used = 0;
	out[0] = '\0';
	while (len >= 9 && used + 64 < room) {
		size_t payload = (size_t)at[0] << 16 | (size_t)at[1] << 8 | (size_t)at[2];
		if (len < 9 + payload) {
			break;
		}
		frames_tell_one(at, payload, out + used, room - used);
		used += strlen(out + used);
		at += 9 + payload;
		len -= 9 + payload;
	}
	if (used > 0) {
		out[used - 1] = '\0';
	}
}

#endif
