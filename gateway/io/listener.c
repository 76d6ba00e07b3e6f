/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * listener: see stream.h; accepting. A listener is freed when it is closed and its last
 * stream has gone, because streams count themselves there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/heap.h"
#include "io/stream_private.h"
#include "io/tls.h"

/* Without memory for a connection, it is tried again after this. */
#define AGAIN_US ((uint64_t)10000)

static void
release(struct kp_listener *listener)
{
	if (listener->tcp_closed && listener->streams == 0) {
		kp_tls_server_unref(&listener->tls);
		kp_heap_free(listener->scratch);
		kp_heap_free(listener);
	}
}

void
kp_listener_leave(struct kp_listener *listener)
{
	listener->streams--;
	release(listener);
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

void
kp_listener_offer(struct kp_stream *stream)
{
	struct kp_listener *listener = stream->listener;
	stream->owner = listener->options.on_accept(
		listener->options.context, stream, &stream->handler);
	if (stream->owner == NULL) {
		stream->handler = NULL;
		kp_stream_close(stream);
	}
}

static void
welcome(struct kp_listener *listener, struct kp_stream *stream)
{
	if (listener->streams > listener->options.streams_max) {
		kp_stream_close(stream);
		return;
	}
	name_peer(stream);
	if (listener->tls == NULL) {
		kp_listener_offer(stream);
	} else if (kp_tls_stream_open(stream, listener->tls) != KP_OK) {
		kp_stream_close(stream);
	}
}

static void on_again(struct kp_timer *timer);

/* A rush of connections does not keep those that are there from their turn. */
static bool
has_had_its_share(struct kp_listener *listener)
{
	uint64_t turn = kp_loop_turn(listener->loop);
	if (listener->turn != turn) {
		listener->turn = turn;
		listener->accepted = 0;
	}
	if (listener->accepted < listener->options.accepts_per_turn) {
		listener->accepted++;
		return false;
	}
	kp_loop_next_turn(listener->loop, &listener->more);
	return true;
}

static void
on_connection(uv_stream_t *server, int code)
{
	struct kp_listener *listener = server->data;
	if (code != 0 || listener->closing || has_had_its_share(listener)) {
		return;
	}
	struct kp_stream *stream = kp_heap_calloc(1, sizeof(*stream));
	if (stream == NULL) {
		/* libuv holds this connection, and offers no other until it is taken;
		 * so it does above. */
		listener->again.fire = on_again;
		kp_timer_start(listener->loop, &listener->again, AGAIN_US);
		return;
	}
	stream->loop = listener->loop;
	stream->listener = listener;
	stream->tag = listener->options.tag;
	stream->tcp.data = stream;
	stream->written.run = kp_stream_on_written;
	KP_REQUIRE(uv_tcp_init(kp_loop_uv(listener->loop), &stream->tcp) == 0);
	listener->streams++;
	if (uv_accept(server, (uv_stream_t *)&stream->tcp) != 0) {
		kp_stream_close(stream);
		return;
	}
	welcome(listener, stream);
}

static void
on_again(struct kp_timer *timer)
{
	struct kp_listener *listener = KP_CONTAINER_OF(timer, struct kp_listener, again);
	on_connection((uv_stream_t *)&listener->tcp, 0);
}

static void
on_more(struct kp_task *task)
{
	struct kp_listener *listener = KP_CONTAINER_OF(task, struct kp_listener, more);
	on_connection((uv_stream_t *)&listener->tcp, 0);
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
	release(listener);
}

enum kp_status
kp_listener_bind(const char *host, uint16_t port, int *ret_socket, uint16_t *ret_port,
	struct kp_error *err)
{
	const struct kp_listener_options options = {.host = host, .port = port};
	struct sockaddr_storage storage = {0};
	socklen_t len = sizeof(storage);
	struct sockaddr_in in; /* the port lies at the same place in both families */
	int fd = -1;
	enum kp_status status = open_socket(&options, &fd, err);
	if (status != KP_OK) {
		return status;
	}
	if (getsockname(fd, (struct sockaddr *)&storage, &len) != 0) {
		status = kp_loop_uv_error(err, -errno, "listening address");
		(void)close(fd);
		return status;
	}
	memcpy(&in, &storage, sizeof(in));
	*ret_socket = fd;
	*ret_port = ntohs(in.sin_port);
	return KP_OK;
}

enum kp_status
kp_listener_open(struct kp_loop *loop, const struct kp_listener_options *options,
	struct kp_listener **ret_listener, struct kp_error *err)
{
	int fd = options->socket == NULL ? -1 : *options->socket;
	if (fd < 0) {
		enum kp_status status = open_socket(options, &fd, err);
		if (status != KP_OK) {
			return status;
		}
	}
	struct kp_listener *listener = kp_heap_calloc(1, sizeof(*listener));
	if (listener == NULL) {
		(void)close(fd);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a listener");
	}
	listener->loop = loop;
	listener->more.run = on_more;
	listener->options = *options;
	listener->options.host = NULL;
	listener->options.socket = NULL;
	listener->options.tls = NULL;
	kp_listener_set_tls(listener, options->tls);
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
		/* Nobody will take what they lead to. */
		kp_tls_handshakes_close(listener);
		kp_timer_stop(listener->loop, &listener->again);
		kp_loop_undefer(listener->loop, &listener->more);
		uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
	}
}

void
kp_listener_set_tls(struct kp_listener *listener, struct kp_tls_server *tls)
{
	struct kp_tls_server *old = listener->tls;
	listener->tls = tls == NULL ? NULL : kp_tls_server_ref(tls);
	kp_tls_server_unref(&old);
}
