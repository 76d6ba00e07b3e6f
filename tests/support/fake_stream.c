/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fake_stream: see fake_stream.h. */
#include "support/fake_stream.h"

#include <stdlib.h>
#include <string.h>

#include "core/attr.h"
#include "core/hash.h"

struct kp_stream {
	struct kp_loop *loop;
	const struct kp_stream_handler *handler;
	void *owner;
	const char *protocol;
	struct kp_task written;
	struct kp_task closed;
	struct kp_slice parts[KP_STREAM_PARTS_MAX];
	size_t part_count;
	bool takes;
	bool reading;
	bool writing;
	bool closing;
	bool over;     /* on_closed was told */
	char *waiting; /* said while reading was off */
	size_t waiting_len;
	uint64_t taken;
	uint64_t digest;
};

static void
take_parts(struct kp_stream *stream)
{
	for (size_t i = 0; i < stream->part_count; i++) {
		struct kp_slice part = stream->parts[i];
		uint64_t pair[2] = {stream->digest, kp_hash(part.data, part.len)};
		stream->digest = kp_hash(pair, sizeof(pair));
		stream->taken += part.len;
	}
}

static void
on_written_task(struct kp_task *task)
{
	struct kp_stream *stream = KP_CONTAINER_OF(task, struct kp_stream, written);
	enum kp_status status = stream->closing ? KP_E_CANCELLED : KP_OK;
	if (status == KP_OK) {
		take_parts(stream);
	}
	stream->writing = false;
	stream->handler->on_written(stream->owner, status);
}

static void
on_closed_task(struct kp_task *task)
{
	struct kp_stream *stream = KP_CONTAINER_OF(task, struct kp_stream, closed);
	while (stream->writing) {
		kp_loop_undefer(stream->loop, &stream->written);
		on_written_task(&stream->written);
	}
	stream->over = true;
	if (stream->handler != NULL) {
		stream->handler->on_closed(stream->owner);
	}
}

struct kp_stream *
kp_fake_stream_open(struct kp_loop *loop, const char *protocol,
	void *(*on_accept)(void *context, struct kp_stream *stream,
		const struct kp_stream_handler **ret_handler),
	void *context)
{
	struct kp_stream *stream = calloc(1, sizeof(*stream));
	KP_REQUIRE(stream != NULL);
	stream->loop = loop;
	stream->protocol = protocol;
	stream->takes = true;
	stream->written.run = on_written_task;
	stream->closed.run = on_closed_task;
	stream->owner = on_accept(context, stream, &stream->handler);
	if (stream->owner == NULL) {
		free(stream);
		return NULL;
	}
	return stream;
}

bool
kp_fake_stream_say(struct kp_stream *stream, struct kp_slice bytes)
{
	if (stream->closing) {
		return false;
	}
	if (stream->reading) {
		stream->handler->on_read(stream->owner, bytes);
		return !stream->closing;
	}
	char *waiting = realloc(stream->waiting, stream->waiting_len + bytes.len + 1);
	KP_REQUIRE(waiting != NULL);
	memcpy(waiting + stream->waiting_len, bytes.data, bytes.len);
	stream->waiting = waiting;
	stream->waiting_len += bytes.len;
	return true;
}

void
kp_fake_stream_take(struct kp_stream *stream, bool takes)
{
	stream->takes = takes;
	if (takes && stream->writing) {
		kp_loop_defer(stream->loop, &stream->written);
	}
}

uint64_t
kp_fake_stream_taken(const struct kp_stream *stream, uint64_t *ret_digest)
{
	*ret_digest = stream->digest;
	return stream->taken;
}

bool
kp_fake_stream_closed(const struct kp_stream *stream)
{
	return stream->over;
}

void
kp_fake_stream_free(struct kp_stream **stream)
{
	KP_REQUIRE((*stream)->over);
	free((*stream)->waiting);
	free(*stream);
	*stream = NULL;
}

/* io/stream.h */

void
kp_stream_read(struct kp_stream *stream, bool on)
{
	stream->reading = on && !stream->closing;
	/* One at a time: the handler may turn reading off again. */
	while (stream->reading && stream->waiting_len > 0) {
		char *waiting = stream->waiting;
		struct kp_slice bytes = {waiting, stream->waiting_len};
		stream->waiting = NULL;
		stream->waiting_len = 0;
		stream->handler->on_read(stream->owner, bytes);
		free(waiting);
	}
}

void
kp_stream_write(struct kp_stream *stream, const struct kp_slice *parts, size_t count)
{
	KP_REQUIRE(!stream->writing && count <= KP_STREAM_PARTS_MAX);
	memcpy(stream->parts, parts, count * sizeof(*parts));
	stream->part_count = count;
	stream->writing = true;
	if (stream->takes || stream->closing) {
		kp_loop_defer(stream->loop, &stream->written);
	}
}

size_t
kp_stream_unsent(const struct kp_stream *stream)
{
	size_t bytes = 0;
	for (size_t i = 0; i < stream->part_count && stream->writing; i++) {
		bytes += stream->parts[i].len;
	}
	return stream->takes ? 0 : bytes;
}

void
kp_stream_close(struct kp_stream *stream)
{
	if (!stream->closing) {
		stream->closing = true;
		stream->reading = false;
		kp_loop_defer(stream->loop, &stream->closed);
	}
}

uint32_t
kp_stream_tag(const struct kp_stream *stream)
{
	(void)stream;
	return 0;
}

const char *
kp_stream_peer(const struct kp_stream *stream)
{
	(void)stream;
	return "127.0.0.1:1";
}

const struct kp_peer_certificate *
kp_stream_certificate(const struct kp_stream *stream)
{
	(void)stream;
	return NULL;
}

struct kp_slice
kp_stream_protocol(const struct kp_stream *stream)
{
	return kp_slice_from(stream->protocol);
}
