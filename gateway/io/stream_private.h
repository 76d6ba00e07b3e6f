/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* stream_private: what stream.c (bytes), listener.c (accepting) and tls_stream.c (the
 * same over TLS) share. Nobody else includes it. */
#ifndef KP_IO_STREAM_PRIVATE_H
#define KP_IO_STREAM_PRIVATE_H

#include <netinet/in.h>
#include <uv.h>

#include "io/loop_private.h"
#include "io/stream.h"

#define KP_STREAM_PEER_BYTES (INET6_ADDRSTRLEN + 8)

struct kp_tls_stream;
struct kp_tls_server;

/* Streams that have not shaken hands yet, oldest first. */
struct kp_handshakes {
	struct kp_stream *first;
	struct kp_stream *last;
	uint32_t count;
	struct kp_task task; /* the next few steps */
	uint64_t turn_us;    /* the turn that `steps` is of */
	uint32_t steps;
};

struct kp_listener {
	uv_tcp_t tcp;
	struct kp_loop *loop;
	struct kp_listener_options options; /* host is not kept */
	uint32_t streams;                   /* open */
	uint16_t port;
	bool tcp_closed; /* libuv has let go */
	bool closing;
	struct kp_timer again; /* a connection waits for memory */
	struct kp_task more;   /* takes those that wait for the next turn */
	uint64_t turn;         /* of the loop, and how many were accepted in it */
	uint32_t accepted;
	struct kp_tls_server *tls; /* of new streams; one reference; NULL: plain */
	struct kp_handshakes handshakes;
	char *scratch; /* what OpenSSL wrote and the kernel has not seen; never between
			  callbacks */
	size_t scratch_len;
};

struct kp_stream {
	uv_tcp_t tcp;
	uv_write_t write;
	struct kp_task written; /* completion of a write that went at once */
	struct kp_loop *loop;
	struct kp_listener *listener;
	const struct kp_stream_handler *handler; /* NULL until it is offered */
	void *owner;
	bool writing; /* on_written is due */
	enum kp_status write_status;
	bool ended;   /* on_end was told */
	bool reading; /* the owner wants to */
	bool socket_reading;
	bool closing;
	struct kp_tls_stream *tls; /* NULL: plain */
	uint32_t tag;              /* of its listener */
	char peer[KP_STREAM_PEER_BYTES];
};

/* stream.c */
enum kp_status kp_stream_status(ssize_t code);
/* The write under way is over, with write_status. */
void kp_stream_finish_write(struct kp_stream *stream);
void kp_stream_on_written(struct kp_task *task);
void kp_stream_read_socket(struct kp_stream *stream, bool on);

/* listener.c: a stream that is ready goes to its owner. */
void kp_listener_offer(struct kp_stream *stream);
/* A stream is gone, and maybe the listener with it. */
void kp_listener_leave(struct kp_listener *listener);

/* tls_stream.c. Everything of a TLS stream that differs from a plain one. */
enum kp_status kp_tls_stream_open(struct kp_stream *stream, struct kp_tls_server *server);
void kp_tls_stream_on_read(struct kp_stream *stream, struct kp_slice bytes);
void kp_tls_stream_on_end(struct kp_stream *stream, ssize_t code);
void kp_tls_stream_read(struct kp_stream *stream);
void kp_tls_stream_write(
	struct kp_stream *stream, const struct kp_slice *parts, size_t count);
size_t kp_tls_stream_unsent(const struct kp_stream *stream);
const struct kp_peer_certificate *kp_tls_stream_certificate(
	const struct kp_stream *stream);
struct kp_slice kp_tls_stream_protocol(const struct kp_stream *stream);
/* Says goodbye, when that can be said at once. */
void kp_tls_stream_close(struct kp_stream *stream);
/* libuv has let go of the socket. */
void kp_tls_stream_free(struct kp_stream *stream);

/* tls_handshake.c */
void kp_tls_handshake_add(struct kp_stream *stream);
void kp_tls_handshake_remove(struct kp_stream *stream);
/* Input came; its turn comes. */
void kp_tls_handshake_ready(struct kp_stream *stream);
/* No more steps for anybody. */
void kp_tls_handshakes_close(struct kp_listener *listener);

#endif
