/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http1_answer: how an exchange's answer goes over an HTTP/1.1 connection (RFC 9112):
 * its head, its chunks, and what an answer that is not complete does to the connection.
 */
#include "http1_connection.h"

#define HEAD_BYTES_MAX ((size_t)64 * 1024)
#define HEAD_BYTES_FIRST ((size_t)1024)
/* Of a piece: the chunk's head, its end, the last chunk. */
#define FRAME_PARTS 3u

static struct kp_http1 *
http1_of(const struct kp_exchange *exchange)
{
	return exchange->connection->state;
}

static bool
carrier_open(const struct kp_exchange *exchange)
{
	return !exchange->connection->closed;
}

/* Writing. */

void
kp_http1_write_parts(struct kp_http1 *http1)
{
	size_t left = http1->parts_count - http1->parts_at;
	size_t count = left < KP_STREAM_PARTS_MAX ? left : KP_STREAM_PARTS_MAX;
	const struct kp_slice *parts = http1->parts + http1->parts_at;
	http1->parts_at += count;
	if (http1->connection->stream != NULL) {
		kp_stream_write(http1->connection->stream, parts, count);
		kp_http1_write_started(http1);
	}
}

static void
start_write(struct kp_http1 *http1)
{
	http1->parts_at = 0;
	if (http1->writing) {
		http1->write_wait = true;
	} else {
		kp_http1_write_parts(http1);
	}
}

void
kp_http1_written(struct kp_http1 *http1, enum kp_status status)
{
	if (status == KP_OK && http1->parts_at < http1->parts_count &&
		!http1->connection->closed) {
		kp_http1_write_parts(http1);
		return;
	}
	kp_exchange_written(&http1->exchange, status);
}

static bool
reserve_parts(struct kp_http1 *http1, size_t count)
{
	if (count > http1->parts_capacity) {
		struct kp_slice *parts =
			KP_ARENA_ARRAY(&http1->exchange.arena, struct kp_slice, count);
		if (parts == NULL) {
			return false;
		}
		http1->parts = parts;
		http1->parts_capacity = count;
	}
	return true;
}

/* Heads. */

static void
write_fields(struct kp_http1 *http1, struct kp_buffer *buffer,
	const struct kp_answer_head *head)
{
	kp_buffer_add_slice(buffer, kp_connections_date(http1->connection->owner));
	for (size_t i = 0; i < head->own_count; i++) {
		kp_http_write_header(buffer, head->own[i].name, head->own[i].value);
	}
	for (size_t i = 0; i < head->always_count; i++) {
		kp_buffer_add_slice(buffer, head->always[i].name);
		KP_BUFFER_ADD(buffer, ": ");
		kp_buffer_add_slice(buffer, head->always[i].value);
		KP_BUFFER_ADD(buffer, "\r\n");
	}
}

static bool
write_head(struct kp_http1 *http1, struct kp_buffer *buffer,
	const struct kp_answer_head *head)
{
	const struct kp_exchange *exchange = &http1->exchange;
	unsigned version = exchange->refusal ? 1 : exchange->message.head.minor_version;
	kp_buffer_init(buffer, &http1->exchange.arena, HEAD_BYTES_MAX);
	(void)kp_buffer_reserve(buffer, HEAD_BYTES_FIRST);
	kp_http_write_status(buffer, (int)head->status);
	write_fields(http1, buffer, head);
	if (head->body_bytes != KP_EXCHANGE_STREAM) {
		if (head->status != 204) {
			kp_http_write_content_length(buffer, head->body_bytes);
		}
	} else if (version >= 1) {
		http1->chunked = !head->without_content;
		kp_http_write_chunked(buffer);
	} else {
		http1->keep = false; /* HTTP/1.0: the end is the close */
	}
	if (http1->connection->owner->draining || exchange->refusal) {
		http1->keep = false;
	}
	kp_http_write_connection(buffer, http1->keep, version);
	kp_http_write_head_end(buffer);
	return !buffer->failed;
}

static bool
carrier_start(struct kp_exchange *exchange, const struct kp_answer_head *head,
	const struct kp_slice *parts, size_t part_count)
{
	struct kp_http1 *http1 = http1_of(exchange);
	struct kp_buffer buffer;
	if (!write_head(http1, &buffer, head) ||
		!reserve_parts(http1, part_count + 1 + FRAME_PARTS)) {
		return false;
	}
	http1->parts[0] = kp_buffer_slice(&buffer);
	for (size_t i = 0; i < part_count; i++) {
		http1->parts[i + 1] = parts[i];
	}
	http1->parts_count = part_count + 1;
	start_write(http1);
	return true;
}

static bool
carrier_send(struct kp_exchange *exchange, const struct kp_slice *parts,
	size_t part_count, bool last)
{
	struct kp_http1 *http1 = http1_of(exchange);
	size_t bytes = 0;
	if (!reserve_parts(http1, part_count + FRAME_PARTS)) {
		return false;
	}
	for (size_t i = 0; i < part_count; i++) {
		bytes += parts[i].len;
	}
	struct kp_slice *to = http1->parts;
	if (http1->chunked && bytes > 0) {
		size_t len = kp_http_chunk_head(http1->chunk_head, bytes);
		*to++ = (struct kp_slice){http1->chunk_head, len};
	}
	for (size_t i = 0; i < part_count; i++) {
		*to++ = parts[i];
	}
	if (http1->chunked && bytes > 0) {
		*to++ = KP_SLICE("\r\n");
	}
	if (http1->chunked && last) {
		*to++ = kp_http_chunk_last();
	}
	http1->parts_count = (size_t)(to - http1->parts);
	start_write(http1);
	return true;
}

static void
carrier_abort(struct kp_exchange *exchange)
{
	http1_of(exchange)->keep = false;
	kp_connection_close(exchange->connection);
}

static void
carrier_over(struct kp_exchange *exchange)
{
	kp_http1_next(http1_of(exchange));
}

const struct kp_carrier kp_http1_carrier = {
	.open = carrier_open,
	.start = carrier_start,
	.send = carrier_send,
	.abort = carrier_abort,
	.over = carrier_over,
};
