/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stream: see stream.h. A write is tried at once and its completion deferred; only what
 * the kernel does not take becomes a libuv request. What TLS changes in that is in
 * tls_stream.c.
 */
#include "io/stream.h"

#include <string.h>

#include "core/heap.h"
#include "io/stream_private.h"

enum kp_status
kp_stream_status(ssize_t code)
{
	if (code >= 0) {
		return KP_OK;
	}
	return code == UV_ENOMEM ? KP_E_MEMORY : KP_E_IO;
}

/* Reading. */

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	(void)suggested;
	struct kp_stream *stream = handle->data;
	buffer->base = kp_loop_read_buffer(stream->loop);
	buffer->len = KP_LOOP_READ_BYTES;
}

static void
on_read(uv_stream_t *tcp, ssize_t count, const uv_buf_t *buffer)
{
	struct kp_stream *stream = tcp->data;
	if (stream->closing || count == 0) {
		return;
	}
	if (count > 0) {
		struct kp_slice bytes = {buffer->base, (size_t)count};
		kp_loop_touched(stream->loop);
		if (stream->tls != NULL) {
			kp_tls_stream_on_read(stream, bytes);
		} else {
			stream->handler->on_read(stream->owner, bytes);
		}
		kp_wipe(buffer->base, (size_t)count);
		return;
	}
	kp_stream_read_socket(stream, false);
	if (stream->tls != NULL) {
		kp_tls_stream_on_end(stream, count);
		return;
	}
	stream->reading = false;
	stream->ended = true;
	stream->handler->on_end(
		stream->owner, count == UV_EOF ? KP_OK : kp_stream_status(count));
}

void
kp_stream_read_socket(struct kp_stream *stream, bool on)
{
	if (on == stream->socket_reading || stream->closing) {
		return;
	}
	stream->socket_reading = on;
	if (on) {
		KP_REQUIRE(uv_read_start(
				   (uv_stream_t *)&stream->tcp, on_alloc, on_read) == 0);
	} else {
		(void)uv_read_stop((uv_stream_t *)&stream->tcp);
	}
}

void
kp_stream_read(struct kp_stream *stream, bool on)
{
	if (on == stream->reading || stream->closing || stream->ended) {
		return;
	}
	stream->reading = on;
	if (stream->tls != NULL) {
		kp_tls_stream_read(stream);
	} else {
		kp_stream_read_socket(stream, on);
	}
}

/* Writing. */

void
kp_stream_finish_write(struct kp_stream *stream)
{
	stream->writing = false;
	stream->handler->on_written(stream->owner, stream->write_status);
}

void
kp_stream_on_written(struct kp_task *task)
{
	kp_stream_finish_write(KP_CONTAINER_OF(task, struct kp_stream, written));
}

static void
on_write(uv_write_t *request, int code)
{
	struct kp_stream *stream = request->data;
	stream->write_status =
		code == UV_ECANCELED ? KP_E_CANCELLED : kp_stream_status(code);
	kp_stream_finish_write(stream);
}

/* Takes `taken` bytes off the front; returns the parts left. */
static size_t
drop_front(uv_buf_t *parts, size_t count, size_t taken)
{
	size_t first = 0;
	while (first < count && taken >= parts[first].len) {
		taken -= parts[first].len;
		first++;
	}
	if (first < count) {
		parts[first].base += taken;
		parts[first].len -= taken;
	}
	memmove(parts, parts + first, (count - first) * sizeof(parts[0]));
	return count - first;
}

static void
write_parts(struct kp_stream *stream, uv_buf_t *parts, size_t count)
{
	uv_stream_t *tcp = (uv_stream_t *)&stream->tcp;
	int taken = count == 0 ? 0 : uv_try_write(tcp, parts, (unsigned)count);
	if (taken < 0 && taken != UV_EAGAIN) {
		stream->write_status = kp_stream_status(taken);
		kp_loop_defer(stream->loop, &stream->written);
		return;
	}
	count = drop_front(parts, count, taken < 0 ? 0 : (size_t)taken);
	if (count == 0) {
		stream->write_status = KP_OK;
		kp_loop_defer(stream->loop, &stream->written);
		return;
	}
	stream->write.data = stream;
	int code = uv_write(&stream->write, tcp, parts, (unsigned)count, on_write);
	if (code != 0) {
		stream->write_status = kp_stream_status(code);
		kp_loop_defer(stream->loop, &stream->written);
	}
}

void
kp_stream_write(struct kp_stream *stream, const struct kp_slice *parts, size_t count)
{
	KP_REQUIRE(!stream->writing && count <= KP_STREAM_PARTS_MAX);
	stream->writing = true;
	kp_loop_touched(stream->loop);
	if (stream->closing) {
		stream->write_status = KP_E_CANCELLED;
		kp_loop_defer(stream->loop, &stream->written);
		return;
	}
	if (stream->tls != NULL) {
		kp_tls_stream_write(stream, parts, count);
		return;
	}
	uv_buf_t bufs[KP_STREAM_PARTS_MAX];
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0) {
			/* libuv's struct serves reads as well, so it is not const. */
			memcpy(&bufs[used].base, &parts[i].data, sizeof(char *));
			bufs[used].len = parts[i].len;
			used++;
		}
	}
	write_parts(stream, bufs, used);
}

size_t
kp_stream_unsent(const struct kp_stream *stream)
{
	if (stream->tls != NULL) {
		return kp_tls_stream_unsent(stream);
	}
	return uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
}

/* Closing. */

static void
on_stream_closed(uv_handle_t *handle)
{
	struct kp_stream *stream = handle->data;
	/* Told that a write is through, the owner may begin the next one. */
	while (stream->writing) {
		kp_loop_undefer(stream->loop, &stream->written);
		kp_stream_finish_write(stream);
	}
	if (stream->handler != NULL) {
		stream->handler->on_closed(stream->owner);
	}
	kp_tls_stream_free(stream);
	kp_listener_leave(stream->listener);
	kp_heap_free(stream);
}

void
kp_stream_close(struct kp_stream *stream)
{
	if (!stream->closing) {
		if (stream->tls != NULL) {
			kp_tls_stream_close(stream);
		}
		stream->closing = true;
		stream->reading = false;
		kp_loop_touched(stream->loop);
		uv_close((uv_handle_t *)&stream->tcp, on_stream_closed);
	}
}

/* Who is on the other side. */

const char *
kp_stream_peer(const struct kp_stream *stream)
{
	return stream->peer;
}

uint32_t
kp_stream_tag(const struct kp_stream *stream)
{
	return stream->tag;
}

const struct kp_peer_certificate *
kp_stream_certificate(const struct kp_stream *stream)
{
	return stream->tls == NULL ? NULL : kp_tls_stream_certificate(stream);
}

struct kp_slice
kp_stream_protocol(const struct kp_stream *stream)
{
	return stream->tls == NULL ? (struct kp_slice){NULL, 0}
				   : kp_tls_stream_protocol(stream);
}
