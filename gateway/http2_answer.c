/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_answer: how an exchange's answer goes over a stream of an HTTP/2 connection:
 * fields in lower case, a body as far as the client's window reaches. */
#include <stdio.h>
#include <string.h>

#include "http2_connection.h"

#define FIELDS_MAX 38u
#define DATE_PREFIX_LEN 6u /* "Date: " */
#define LINE_END_LEN 2u

static struct kp_http2_request *
request_of(const struct kp_exchange *exchange)
{
	/* Carriers get back what they lent out. */
	return KP_CONTAINER_OF((struct kp_exchange *)(uintptr_t)exchange,
		struct kp_http2_request, exchange);
}

static bool
carrier_open(const struct kp_exchange *exchange)
{
	const struct kp_http2_request *request = request_of(exchange);
	return (request->open || request->stream.ended) && !request->http2->lost &&
		!exchange->connection->closed;
}

/* Heads. */

struct fields {
	struct kp_arena *arena;
	struct kp_http_header lines[FIELDS_MAX];
	size_t count;
	bool failed;
};

static void
add(struct fields *fields, struct kp_slice name, struct kp_slice value)
{
	char *lower = kp_arena_bytes(fields->arena, name.len);
	if (lower == NULL || fields->count == FIELDS_MAX || !kp_http_token_valid(name) ||
		!kp_http_value_valid(value)) {
		fields->failed = true;
		return;
	}
	for (size_t i = 0; i < name.len; i++) {
		char byte = name.data[i];
		lower[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
	}
	fields->lines[fields->count++] =
		(struct kp_http_header){{lower, name.len}, value};
}

static void
add_all(struct fields *fields, const struct kp_exchange_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add(fields, headers[i].name, headers[i].value);
	}
}

static void
add_date(struct fields *fields, struct kp_connections *connections)
{
	struct kp_slice line = kp_connections_date(connections);
	if (line.len > DATE_PREFIX_LEN + LINE_END_LEN) {
		struct kp_slice date = {line.data + DATE_PREFIX_LEN,
			line.len - DATE_PREFIX_LEN - LINE_END_LEN};
		add(fields, KP_SLICE("date"), date);
	}
}

/* Sending. */

static bool
keep_parts(struct kp_http2_request *request, const struct kp_slice *parts, size_t count)
{
	if (count > request->parts_capacity) {
		struct kp_slice *room =
			KP_ARENA_ARRAY(&request->exchange.arena, struct kp_slice, count);
		if (room == NULL) {
			return false;
		}
		request->parts = room;
		request->parts_capacity = count;
	}
	if (count > 0) {
		memcpy(request->parts, parts, count * sizeof(*parts));
	}
	return true;
}

static void
started(struct kp_http2_request *request)
{
	request->taken = request->stream.taken;
	kp_http2_request_wait(request, KP_HTTP2_WAIT_WINDOW,
		request->http2->connection->owner->options.write_timeout_ms);
	kp_http2_wake(request->http2);
}

static bool
carrier_start(struct kp_exchange *exchange, const struct kp_answer_head *head,
	const struct kp_slice *parts, size_t part_count)
{
	struct kp_http2_request *request = request_of(exchange);
	struct kp_http2_session *session = request->http2->session;
	struct fields fields = {.arena = &exchange->arena};
	char length[24];
	bool whole = head->body_bytes != KP_EXCHANGE_STREAM;
	bool last = head->without_content || (whole && part_count == 0);
	add_date(&fields, exchange->connection->owner);
	if (whole && head->status != 204) {
		int len = snprintf(length, sizeof(length), "%zu", head->body_bytes);
		add(&fields, KP_SLICE("content-length"),
			(struct kp_slice){length, (size_t)len});
	}
	add_all(&fields, head->own, head->own_count);
	add_all(&fields, head->always, head->always_count);
	if (fields.failed || !keep_parts(request, parts, part_count) ||
		kp_http2_answer(session, &request->stream, head->status, fields.lines,
			fields.count, last) != KP_OK) {
		return false;
	}
	if (part_count > 0 &&
		kp_http2_send(session, &request->stream, request->parts, part_count,
			true) != KP_OK) {
		return false;
	}
	started(request);
	return true;
}

static bool
carrier_send(struct kp_exchange *exchange, const struct kp_slice *parts,
	size_t part_count, bool last)
{
	struct kp_http2_request *request = request_of(exchange);
	size_t bytes = 0;
	for (size_t i = 0; i < part_count; i++) {
		bytes += parts[i].len;
	}
	/* Without a frame there is nothing that could be through later: an empty piece,
	 * or the answer to HEAD, of which all was said with its head. */
	if (request->stream.ended || (bytes == 0 && !last)) {
		kp_http2_request_through(request);
		kp_http2_wake(request->http2);
		return true;
	}
	if (!keep_parts(request, parts, part_count) ||
		kp_http2_send(request->http2->session, &request->stream, request->parts,
			part_count, last) != KP_OK) {
		return false;
	}
	started(request);
	return true;
}

static void
carrier_abort(struct kp_exchange *exchange)
{
	struct kp_http2_request *request = request_of(exchange);
	if (request->open && !request->stream.ended && carrier_open(exchange)) {
		kp_http2_reset(
			request->http2->session, &request->stream, KP_HTTP2_INTERNAL);
	}
	/* The session may have failed under it as well. */
	kp_http2_wake(request->http2);
}

static void
carrier_over(struct kp_exchange *exchange)
{
	kp_http2_request_release(request_of(exchange));
}

const struct kp_carrier kp_http2_carrier = {
	.open = carrier_open,
	.start = carrier_start,
	.send = carrier_send,
	.abort = carrier_abort,
	.over = carrier_over,
};
