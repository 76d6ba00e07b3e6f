/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * exchange: see exchange.h; the answering half of a connection.
 *
 * Two parties use an exchange: the handler, from `handle` until kp_exchange_finish, and
 * the write under way. The exchange ends when both are through, in either order.
 */
#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "answer_headers.h"
#include "connection_private.h"
#include "http/http_write.h"
#include "problem.h"
#include "query/problem.h"

#define HEAD_BYTES_MAX ((size_t)64 * 1024)
#define REFUSAL_BYTES_MAX ((size_t)2048)

const struct kp_http_message *
kp_exchange_message(const struct kp_exchange *exchange)
{
	return &exchange->message;
}

struct kp_arena *
kp_exchange_arena(struct kp_exchange *exchange)
{
	return &exchange->arena;
}

struct kp_loop *
kp_exchange_loop(const struct kp_exchange *exchange)
{
	return exchange->connection->owner->loop;
}

const char *
kp_exchange_peer(const struct kp_exchange *exchange)
{
	const struct kp_stream *stream = exchange->connection->stream;
	return stream == NULL ? "" : kp_stream_peer(stream);
}

const struct kp_peer_certificate *
kp_exchange_certificate(const struct kp_exchange *exchange)
{
	const struct kp_stream *stream = exchange->connection->stream;
	return stream == NULL ? NULL : kp_stream_certificate(stream);
}

void
kp_exchange_attend(
	struct kp_exchange *exchange, const struct kp_exchange_user *user, void *owner)
{
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC);
	exchange->user = user;
	exchange->owner = owner;
}

/* Writing. */

static bool
open(const struct kp_exchange *exchange)
{
	const struct kp_connection *connection = exchange->connection;
	return connection->stream != NULL && connection->state != KP_CONNECTION_CLOSED;
}

void
kp_exchange_write_parts(struct kp_exchange *exchange)
{
	struct kp_connection *connection = exchange->connection;
	size_t left = exchange->parts_count - exchange->parts_at;
	size_t count = left < KP_STREAM_PARTS_MAX ? left : KP_STREAM_PARTS_MAX;
	const struct kp_slice *parts = exchange->parts + exchange->parts_at;
	exchange->parts_at += count;
	if (connection->stream == NULL) {
		return;
	}
	kp_stream_write(connection->stream, parts, count);
	kp_connection_write_started(connection);
}

static void
start_write(struct kp_exchange *exchange)
{
	struct kp_connection *connection = exchange->connection;
	exchange->parts_at = 0;
	exchange->sent_due = true;
	if (connection->writing) {
		connection->write_wait = true;
	} else {
		kp_exchange_write_parts(exchange);
	}
}

/* The write is through and the handler is too. */
static void
end_if_over(struct kp_exchange *exchange)
{
	struct kp_connection *connection = exchange->connection;
	if (exchange->magic == 0 && !exchange->sent_due) {
		kp_connection_next(connection);
	}
}

void
kp_exchange_written(struct kp_exchange *exchange, enum kp_status status)
{
	struct kp_connection *connection = exchange->connection;
	if (status == KP_OK && exchange->parts_at < exchange->parts_count &&
		open(exchange)) {
		kp_exchange_write_parts(exchange);
		return;
	}
	exchange->sent_due = false;
	if (status != KP_OK) {
		exchange->keep = false;
		kp_connection_close(connection);
	}
	if (exchange->magic != 0 && exchange->user != NULL &&
		exchange->user->on_sent != NULL) {
		exchange->user->on_sent(exchange->owner, status);
		return;
	}
	end_if_over(exchange);
}

static bool
reserve_parts(struct kp_exchange *exchange, size_t count)
{
	if (count > exchange->parts_capacity) {
		struct kp_slice *parts =
			KP_ARENA_ARRAY(&exchange->arena, struct kp_slice, count);
		if (parts == NULL) {
			return false;
		}
		exchange->parts = parts;
		exchange->parts_capacity = count;
	}
	return true;
}

/* Heads. */

static void
write_fields(struct kp_exchange *exchange, struct kp_buffer *buffer,
	const struct kp_exchange_header *headers, size_t count)
{
	kp_buffer_add_slice(buffer, kp_connections_date(exchange->connection->owner));
	for (size_t i = 0; i < count; i++) {
		kp_http_write_header(buffer, headers[i].name, headers[i].value);
	}
	struct kp_exchange_header always[KP_ANSWER_HEADERS_MAX];
	struct kp_slice path = exchange->refusal ? (struct kp_slice){NULL, 0}
						 : exchange->message.head.path;
	size_t always_count =
		kp_answer_headers(&exchange->connection->owner->options.notice, path,
			headers, count, always);
	for (size_t i = 0; i < always_count; i++) {
		kp_buffer_add_slice(buffer, always[i].name);
		KP_BUFFER_ADD(buffer, ": ");
		kp_buffer_add_slice(buffer, always[i].value);
		KP_BUFFER_ADD(buffer, "\r\n");
	}
}

static bool
without_body(const struct kp_exchange *exchange, unsigned status)
{
	return exchange->message.head.method == KP_HTTP_METHOD_HEAD || status == 204 ||
		status == 304;
}

/* `body_bytes` is KP_EXCHANGE_STREAM for a body of unknown length. */
static bool
write_head(struct kp_exchange *exchange, struct kp_buffer *buffer, unsigned status,
	const struct kp_exchange_header *headers, size_t count, size_t body_bytes)
{
	unsigned version = exchange->refusal ? 1 : exchange->message.head.minor_version;
	kp_buffer_init(buffer, &exchange->arena, HEAD_BYTES_MAX);
	(void)kp_buffer_reserve(buffer, 1024);
	kp_http_write_status(buffer, (int)status);
	write_fields(exchange, buffer, headers, count);
	if (body_bytes != KP_EXCHANGE_STREAM) {
		if (status != 204) {
			kp_http_write_content_length(buffer, body_bytes);
		}
	} else if (version >= 1) {
		exchange->chunked = !without_body(exchange, status);
		kp_http_write_chunked(buffer);
	} else {
		exchange->keep = false; /* HTTP/1.0: the end is the close */
	}
	if (exchange->connection->owner->draining) {
		exchange->keep = false;
	}
	kp_http_write_connection(buffer, exchange->keep, version);
	kp_http_write_head_end(buffer);
	exchange->status = status;
	return !buffer->failed;
}

static void
count_answer(const struct kp_exchange *exchange)
{
	const struct kp_connections *owner = exchange->connection->owner;
	enum kp_metric metric = exchange->status >= 500 ? KP_METRIC_ANSWERS_5XX
		: exchange->status >= 400               ? KP_METRIC_ANSWERS_4XX
		: exchange->status >= 300               ? KP_METRIC_ANSWERS_3XX
							: KP_METRIC_ANSWERS_2XX;
	kp_metrics_add(owner->options.metrics, metric, 1);
}

/* Without memory even for a head. */
static void
answer_failed(struct kp_exchange *exchange)
{
	exchange->keep = false;
	exchange->answer = KP_ANSWER_COMPLETE;
	exchange->status = 503;
	kp_connection_close(exchange->connection);
	if (!exchange->refusal) {
		kp_connection_sent_nothing(exchange->connection);
	}
}

/* Answers. */

static bool
collect(struct kp_exchange *exchange, struct kp_buffer *head, unsigned status,
	const struct kp_slice *parts, size_t count)
{
	bool copy = exchange->user == NULL;
	bool silent = without_body(exchange, status);
	exchange->parts_count = 1;
	if (!reserve_parts(exchange, count + 1)) {
		return false;
	}
	for (size_t i = 0; i < count && !silent; i++) {
		if (copy) {
			/* The handler finishes at once, and its bytes go with it. */
			head->bytes_max += parts[i].len;
			kp_buffer_add_slice(head, parts[i]);
		} else {
			exchange->parts[exchange->parts_count++] = parts[i];
		}
	}
	exchange->parts[0] = kp_buffer_slice(head);
	return !head->failed;
}

static void
answer(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count,
	const struct kp_slice *parts, size_t part_count)
{
	struct kp_buffer head;
	size_t bytes = 0;
	for (size_t i = 0; i < part_count; i++) {
		bytes += parts[i].len;
	}
	if (!write_head(exchange, &head, status, headers, header_count, bytes) ||
		!collect(exchange, &head, status, parts, part_count)) {
		answer_failed(exchange);
		return;
	}
	exchange->answer = KP_ANSWER_COMPLETE;
	count_answer(exchange);
	start_write(exchange);
}

/* A client that left gets nothing; whoever attends still hears that nothing was sent. */
static bool
client_left(struct kp_exchange *exchange)
{
	if (open(exchange)) {
		return false;
	}
	exchange->keep = false;
	return true;
}

void
kp_exchange_answer(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count,
	const struct kp_slice *parts, size_t part_count)
{
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC &&
		exchange->answer == KP_ANSWER_NONE);
	if (client_left(exchange)) {
		exchange->answer = KP_ANSWER_COMPLETE;
		exchange->status = status;
		kp_connection_sent_nothing(exchange->connection);
		return;
	}
	answer(exchange, status, headers, header_count, parts, part_count);
}

void
kp_exchange_begin(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count)
{
	struct kp_buffer head;
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC &&
		exchange->answer == KP_ANSWER_NONE);
	exchange->answer = KP_ANSWER_BEGUN;
	if (client_left(exchange)) {
		kp_connection_sent_nothing(exchange->connection);
		return;
	}
	if (!write_head(
		    exchange, &head, status, headers, header_count, KP_EXCHANGE_STREAM) ||
		!reserve_parts(exchange, 8)) {
		answer_failed(exchange);
		return;
	}
	exchange->parts[0] = kp_buffer_slice(&head);
	exchange->parts_count = 1;
	count_answer(exchange);
	start_write(exchange);
}

static bool
collect_piece(struct kp_exchange *exchange, const struct kp_slice *parts, size_t count,
	bool last)
{
	size_t bytes = 0;
	exchange->parts_count = 0;
	if (without_body(exchange, exchange->status)) {
		return true;
	}
	if (!reserve_parts(exchange, count + 3)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		bytes += parts[i].len;
	}
	struct kp_slice *to = exchange->parts;
	if (exchange->chunked && bytes > 0) {
		size_t len = kp_http_chunk_head(exchange->chunk_head, bytes);
		*to++ = (struct kp_slice){exchange->chunk_head, len};
	}
	for (size_t i = 0; i < count; i++) {
		*to++ = parts[i];
	}
	if (exchange->chunked && bytes > 0) {
		*to++ = KP_SLICE("\r\n");
	}
	if (exchange->chunked && last) {
		*to++ = kp_http_chunk_last();
	}
	exchange->parts_count = (size_t)(to - exchange->parts);
	return true;
}

void
kp_exchange_send(struct kp_exchange *exchange, const struct kp_slice *parts,
	size_t part_count, bool last)
{
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC &&
		exchange->answer == KP_ANSWER_BEGUN && !exchange->sent_due);
	if (client_left(exchange)) {
		kp_connection_sent_nothing(exchange->connection);
		return;
	}
	if (!collect_piece(exchange, parts, part_count, last)) {
		exchange->keep = false;
		kp_connection_close(exchange->connection);
		kp_connection_sent_nothing(exchange->connection);
		return;
	}
	if (last) {
		exchange->answer = KP_ANSWER_COMPLETE;
	}
	start_write(exchange);
}

void
kp_exchange_finish(struct kp_exchange **exchange_at)
{
	struct kp_exchange *exchange = *exchange_at;
	struct kp_connections *owner = exchange->connection->owner;
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC);
	*exchange_at = NULL;
	exchange->magic = 0;
	exchange->user = NULL;
	owner->busy--;
	kp_metrics_move(owner->options.metrics, KP_GAUGE_REQUESTS, -1);
	kp_metrics_add(owner->options.metrics, KP_METRIC_REQUESTS, 1);
	kp_metrics_observe(owner->options.metrics, KP_HISTOGRAM_REQUEST,
		kp_loop_now_us(owner->loop) - exchange->started_us);
	if (exchange->answer != KP_ANSWER_COMPLETE) {
		exchange->keep = false;
		kp_connection_close(exchange->connection);
	}
	end_if_over(exchange);
}

void
kp_exchange_refuse(
	struct kp_exchange *exchange, enum kp_status status, const char *detail)
{
	struct kp_buffer body;
	kp_timer_stop(exchange->connection->owner->loop, &exchange->connection->timer);
	exchange->connection->state = KP_CONNECTION_WORK;
	exchange->refusal = true;
	exchange->keep = false;
	kp_buffer_init(&body, &exchange->arena, REFUSAL_BYTES_MAX);
	struct kp_problem problem = {.status = status, .detail = kp_slice_from(detail)};
	kp_problem_write(&body, &problem);
	if (body.failed) {
		answer_failed(exchange);
		return;
	}
	struct kp_slice part = kp_buffer_slice(&body);
	answer(exchange, (unsigned)kp_status_info(status)->http, &kp_problem_content_type,
		1, &part, 1);
}
