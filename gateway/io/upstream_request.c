/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream_request: a question as bytes of HTTP/1.1 (RFC 9112), and whether it would be
 * one question. Where its body ends is said here and nowhere else.
 */
#include <stdio.h>
#include <string.h>

#include "core/heap.h"
#include "http/http_parse.h"
#include "io/upstream_private.h"

#define LINE_BYTES_MAX ((size_t)32768)
/* A longer body is sent from where it lies. */
#define JOINED_BODY_BYTES ((size_t)16384)
#define BYTES_FIRST ((size_t)1024)
/* "Content-Length: " with the largest number, line ends and the version. */
#define REST_BYTES ((size_t)64)

bool
kp_upstream_bytes_fit(struct kp_upstream_bytes *bytes, size_t len)
{
	if (len <= bytes->capacity - bytes->len) {
		return true;
	}
	size_t capacity = bytes->capacity == 0 ? BYTES_FIRST : bytes->capacity;
	while (capacity - bytes->len < len) {
		capacity *= 2;
	}
	char *data = kp_heap_realloc(bytes->data, capacity);
	if (data == NULL) {
		return false;
	}
	bytes->data = data;
	bytes->capacity = capacity;
	return true;
}

void
kp_upstream_bytes_clear(struct kp_upstream_bytes *bytes)
{
	kp_wipe(bytes->data, bytes->len);
	bytes->len = 0;
}

static bool
target_valid(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte <= ' ' || byte == 0x7f) {
			return false;
		}
	}
	return text.len == 0 ||
		((text.data[0] == '/' || text.data[0] == '?') &&
			text.len <= LINE_BYTES_MAX);
}

/* Fields that say where a message or a connection ends are this file's own. */
static bool
field_valid(const struct kp_upstream_header *header)
{
	static const struct kp_slice own[] = {
		KP_SLICE_INIT("content-length"),
		KP_SLICE_INIT("transfer-encoding"),
		KP_SLICE_INIT("connection"),
		KP_SLICE_INIT("host"),
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(own); i++) {
		if (kp_http_name_equal(header->name, own[i])) {
			return false;
		}
	}
	return kp_http_token_valid(header->name) && kp_http_value_valid(header->value) &&
		header->value.len <= LINE_BYTES_MAX;
}

bool
kp_upstream_request_valid(const struct kp_upstream_request *request)
{
	if (!kp_http_token_valid(request->method) || !target_valid(request->target) ||
		request->header_count > KP_UPSTREAM_HEADERS_MAX) {
		return false;
	}
	for (size_t i = 0; i < request->header_count; i++) {
		if (!field_valid(&request->headers[i])) {
			return false;
		}
	}
	return true;
}

static size_t
room_needed(const struct kp_upstream_target *target,
	const struct kp_upstream_request *request)
{
	size_t needed = request->method.len + target->base_len + request->target.len +
		target->fixed_len + REST_BYTES;
	for (size_t i = 0; i < request->header_count; i++) {
		needed +=
			request->headers[i].name.len + request->headers[i].value.len + 4;
	}
	return needed + (request->body.len <= JOINED_BODY_BYTES ? request->body.len : 0);
}

static char *
put(char *at, struct kp_slice text)
{
	if (text.len > 0) {
		memcpy(at, text.data, text.len);
	}
	return at + text.len;
}

static char *
put_request_line(char *at, const struct kp_upstream_target *target,
	const struct kp_upstream_request *request)
{
	struct kp_slice rest = request->target;
	at = put(at, request->method);
	*at++ = ' ';
	at = put(at, (struct kp_slice){target->base, target->base_len});
	if (target->base_len == 0 && (rest.len == 0 || rest.data[0] == '?')) {
		*at++ = '/';
	}
	at = put(at, rest);
	return put(at, KP_SLICE(" HTTP/1.1\r\n"));
}

/* RFC 9110, section 8.6: a method that gives a meaning to content says that there is
 * none. */
static bool
says_length(const struct kp_upstream_request *request)
{
	return request->body.len > 0 || kp_slice_is(request->method, "POST") ||
		kp_slice_is(request->method, "PUT") ||
		kp_slice_is(request->method, "PATCH");
}

static char *
put_length(char *at, uint64_t length)
{
	char digits[20];
	size_t first = sizeof(digits);
	do {
		digits[--first] = (char)('0' + length % 10);
		length /= 10;
	} while (length > 0);
	at = put(at, KP_SLICE("Content-Length: "));
	at = put(at, (struct kp_slice){digits + first, sizeof(digits) - first});
	return put(at, KP_SLICE("\r\n"));
}

bool
kp_upstream_request_write(struct kp_upstream_connection *connection,
	const struct kp_upstream_request *request)
{
	const struct kp_upstream_target *target = connection->target;
	struct kp_upstream_bytes *out = &connection->out;
	if (!kp_upstream_bytes_fit(out, room_needed(target, request))) {
		return false;
	}
	char *at = put_request_line(out->data, target, request);
	at = put(at, (struct kp_slice){target->fixed, target->fixed_len});
	for (size_t i = 0; i < request->header_count; i++) {
		at = put(at, request->headers[i].name);
		at = put(at,
			request->headers[i].value.len > 0 ? KP_SLICE(": ")
							  : KP_SLICE(":"));
		at = put(at, request->headers[i].value);
		at = put(at, KP_SLICE("\r\n"));
	}
	if (says_length(request)) {
		at = put_length(at, request->body.len);
	}
	at = put(at, KP_SLICE("\r\n"));
	bool joined = request->body.len <= JOINED_BODY_BYTES;
	if (joined) {
		at = put(at, request->body);
	}
	out->len = (size_t)(at - out->data);
	connection->out_body = joined ? (struct kp_slice){NULL, 0} : request->body;
	connection->out_sent = 0;
	return true;
}
