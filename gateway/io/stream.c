/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stream: see stream.h. A write is tried at once and its completion deferred; only what
 * the kernel does not take becomes a libuv request. A listener is freed when it is closed
 * and its last stream has gone, because streams count themselves there.
 */
#include "io/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "core/heap.h"
#include "io/loop_private.h"

#define PEER_BYTES (INET6_ADDRSTRLEN + 8)

struct kp_listener {
	uv_tcp_t tcp;
	struct kp_loop *loop;
	struct kp_listener_options options; /* host is not kept */
	uint32_t streams;                   /* open */
	uint16_t port;
	bool tcp_closed; /* libuv has let go */
	bool closing;
};

struct kp_stream {
	uv_tcp_t tcp;
	uv_write_t write;
	struct kp_task written; /* completion of a write that went at once */
	struct kp_loop *loop;
	struct kp_listener *listener;
	const struct kp_stream_handler *handler;
	void *owner;
	bool writing; /* on_written is due */
	enum kp_status write_status;
	bool ended; /* on_end was told */
	bool reading;
	bool closing;
	char peer[PEER_BYTES];
};

static enum kp_status
stream_status(ssize_t code)
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
		stream->handler->on_read(stream->owner, bytes);
		kp_wipe(buffer->base, (size_t)count);
		return;
	}
	(void)uv_read_stop(tcp);
	stream->reading = false;
	stream->ended = true;
	stream->handler->on_end(
		stream->owner, count == UV_EOF ? KP_OK : stream_status(count));
}

void
kp_stream_read(struct kp_stream *stream, bool on)
{
	if (on == stream->reading || stream->closing || stream->ended) {
		return;
	}
	stream->reading = on;
	if (on) {
		KP_REQUIRE(uv_read_start(
				   (uv_stream_t *)&stream->tcp, on_alloc, on_read) == 0);
	} else {
		(void)uv_read_stop((uv_stream_t *)&stream->tcp);
	}
}

/* Writing. */

static void
finish_write(struct kp_stream *stream)
{
	stream->writing = false;
	stream->handler->on_written(stream->owner, stream->write_status);
}

static void
on_written_task(struct kp_task *task)
{
	finish_write(KP_CONTAINER_OF(task, struct kp_stream, written));
}

static void
on_write(uv_write_t *request, int code)
{
	struct kp_stream *stream = request->data;
	stream->write_status =
		code == UV_ECANCELED ? KP_E_CANCELLED : stream_status(code);
	finish_write(stream);
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
		stream->write_status = stream_status(taken);
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
		stream->write_status = stream_status(code);
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
	return uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp);
}

/* Closing. */

static void
release_listener(struct kp_listener *listener)
{
	if (listener->tcp_closed && listener->streams == 0) {
		kp_heap_free(listener);
	}
}

static void
on_stream_closed(uv_handle_t *handle)
{
	struct kp_stream *stream = handle->data;
	struct kp_listener *listener = stream->listener;
	/* Told that a write is through, the owner may begin the next one. */
	while (stream->writing) {
		kp_loop_undefer(stream->loop, &stream->written);
		finish_write(stream);
	}
	if (stream->handler != NULL) {
		stream->handler->on_closed(stream->owner);
	}
	listener->streams--;
	kp_heap_free(stream);
	release_listener(listener);
}

void
kp_stream_close(struct kp_stream *stream)
{
	if (!stream->closing) {
		stream->closing = true;
		stream->reading = false;
		kp_loop_touched(stream->loop);
		uv_close((uv_handle_t *)&stream->tcp, on_stream_closed);
	}
}

/* Accepting. */

const char *
kp_stream_peer(const struct kp_stream *stream)
{
	return stream->peer;
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
	(void)stream;
	return (struct kp_slice){NULL, 0};
}

static void
name_peer(struct kp_stream *stream)
{
	struct sockaddr_storage storage;
	int len = sizeof(storage);
	char host[INET6_ADDRSTRLEN] = "?";
	unsigned port = 0;
	if (uv_tcp_getpeername(&stream->tcp, (struct sockaddr *)&storage, &len) == 0) {
		if (storage.ss_family == AF_INET6) {
			struct sockaddr_in6 in6;
			memcpy(&in6, &storage, sizeof(in6));
			(void)uv_ip6_name(&in6, host, sizeof(host));
			port = ntohs(in6.sin6_port);
		} else {
			struct sockaddr_in in;
			memcpy(&in, &storage, sizeof(in));
			(void)uv_ip4_name(&in, host, sizeof(host));
			port = ntohs(in.sin_port);
		}
	}
	(void)snprintf(stream->peer, sizeof(stream->peer), "%s:%u", host, port);
}

static void
offer_stream(struct kp_listener *listener, struct kp_stream *stream)
{
	if (listener->streams > listener->options.streams_max) {
		kp_stream_close(stream);
		return;
	}
	name_peer(stream);
	stream->owner = listener->options.on_accept(
		listener->options.context, stream, &stream->handler);
	if (stream->owner == NULL) {
		stream->handler = NULL;
		kp_stream_close(stream);
	}
}

static void
on_connection(uv_stream_t *server, int code)
{
	struct kp_listener *listener = server->data;
	if (code != 0 || listener->closing) {
		return;
	}
	struct kp_stream *stream = kp_heap_calloc(1, sizeof(*stream));
	if (stream == NULL) {
		/* Left in the queue; libuv offers it again with the next connection. */
		return;
	}
	stream->loop = listener->loop;
	stream->listener = listener;
	stream->tcp.data = stream;
	stream->written.run = on_written_task;
	KP_REQUIRE(uv_tcp_init(kp_loop_uv(listener->loop), &stream->tcp) == 0);
	listener->streams++;
	if (uv_accept(server, (uv_stream_t *)&stream->tcp) != 0) {
		kp_stream_close(stream);
		return;
	}
	offer_stream(listener, stream);
}

static enum kp_status
parse_address(const struct kp_listener_options *options, struct sockaddr_storage *address,
	socklen_t *len, struct kp_error *err)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	memset(address, 0, sizeof(*address));
	if (uv_ip4_addr(options->host, options->port, &in) == 0) {
		memcpy(address, &in, sizeof(in));
		*len = sizeof(in);
		return KP_OK;
	}
	if (uv_ip6_addr(options->host, options->port, &in6) == 0) {
		memcpy(address, &in6, sizeof(in6));
		*len = sizeof(in6);
		return KP_OK;
	}
	return kp_error_set(err, KP_E_CONFIG,
		"'%.64s' is not a numeric address to listen on", options->host);
}

static bool
set_options(int fd, int family)
{
	int on = 1;
	/* What a listener sets for TCP, the sockets it accepts inherit (Linux). */
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0 &&
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
		(family != AF_INET6 ||
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0);
}

/* libuv 1.44 knows no SO_REUSEPORT, so the socket is made by hand. */
static enum kp_status
open_socket(
	const struct kp_listener_options *options, int *ret_socket, struct kp_error *err)
{
	struct sockaddr_storage address;
	socklen_t len = 0;
	enum kp_status status = parse_address(options, &address, &len, err);
	if (status != KP_OK) {
		return status;
	}
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return kp_loop_uv_error(err, -errno, "listening socket");
	}
	if (!set_options(fd, address.ss_family) ||
		bind(fd, (struct sockaddr *)&address, len) != 0) {
		status = kp_loop_uv_error(err, -errno, "listening address");
		(void)close(fd);
		return status;
	}
	*ret_socket = fd;
	return KP_OK;
}

static uint16_t
bound_port(const uv_tcp_t *tcp)
{
	struct sockaddr_storage storage = {0};
	int len = sizeof(storage);
	if (uv_tcp_getsockname(tcp, (struct sockaddr *)&storage, &len) != 0) {
		return 0;
	}
	struct sockaddr_in in; /* the port lies at the same place in both families */
	memcpy(&in, &storage, sizeof(in));
	return ntohs(in.sin_port);
}

static void
on_listener_closed(uv_handle_t *handle)
{
	struct kp_listener *listener = handle->data;
	listener->tcp_closed = true;
	release_listener(listener);
}

enum kp_status
kp_listener_open(struct kp_loop *loop, const struct kp_listener_options *options,
	struct kp_listener **ret_listener, struct kp_error *err)
{
	int fd = -1;
	enum kp_status status = open_socket(options, &fd, err);
	if (status != KP_OK) {
		return status;
	}
	struct kp_listener *listener = kp_heap_calloc(1, sizeof(*listener));
	if (listener == NULL) {
		(void)close(fd);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a listener");
	}
	listener->loop = loop;
	listener->options = *options;
	listener->options.host = NULL;
	listener->tcp.data = listener;
	KP_REQUIRE(uv_tcp_init(kp_loop_uv(loop), &listener->tcp) == 0);
	int code = uv_tcp_open(&listener->tcp, fd);
	if (code != 0) {
		(void)close(fd);
	} else {
		code = uv_listen(
			(uv_stream_t *)&listener->tcp, options->backlog, on_connection);
	}
	if (code != 0) {
		kp_listener_close(&listener);
		return kp_loop_uv_error(err, code, "listening");
	}
	listener->port = bound_port(&listener->tcp);
	*ret_listener = listener;
	return KP_OK;
}

uint16_t
kp_listener_port(const struct kp_listener *listener)
{
	return listener->port;
}

void
kp_listener_close(struct kp_listener **listener_at)
{
	struct kp_listener *listener = *listener_at;
	if (listener != NULL) {
		*listener_at = NULL;
		listener->closing = true;
		uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
	}
}
