/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connection_private: what connection.c (life, choice of protocol) shares with the
 * protocols: http1_connection.c and http2_connection.c.
 */
#ifndef KP_CONNECTION_PRIVATE_H
#define KP_CONNECTION_PRIVATE_H

#include "connection.h"
#include "exchange_private.h"
#include "turns.h"

#define KP_DATE_BYTES 64

/* What speaks on a connection. All on the loop's thread; `state` is what `create` made.
 */
struct kp_protocol {
	/* NULL: no memory. Reading is on and times are armed when it returns. */
	void *(*create)(struct kp_connection *connection);
	void (*read)(void *state, struct kp_slice bytes);
	/* The client closed its sending side, or the connection broke. */
	void (*end)(void *state);
	void (*written)(void *state, enum kp_status status);
	/* The connection is being closed or closed; comes at least once. Timers stop,
	 * handlers hear that the client is gone. */
	void (*closed)(void *state);
	/* Draining has begun. */
	void (*drain)(void *state);
	/* No handler holds an exchange. */
	bool (*idle)(const void *state);
	void (*destroy)(void *state);
};

extern const struct kp_protocol kp_protocol_http1;
extern const struct kp_protocol kp_protocol_http2;

/* Freed when the stream is closed and no handler has an exchange. */
struct kp_connection {
	struct kp_connections *owner;
	struct kp_connection *next;
	struct kp_connection *prev;
	struct kp_stream *stream; /* NULL when closed */
	bool closed;              /* or being closed */
	const struct kp_protocol *protocol;
	void *state;
	struct kp_turns_line line; /* its requests */
	bool undecided;       /* the client may still begin with the preface of HTTP/2 */
	size_t preface_bytes; /* of it, so far */
	bool lingering;       /* what still comes is thrown away until the timer fires */
	struct kp_timer linger_timer;
	size_t linger_bytes;
};

struct kp_connections {
	struct kp_loop *loop;
	struct kp_connections_options options;
	struct kp_arena_pool pool;
	struct kp_connection *first;
	size_t count;
	size_t busy;
	struct kp_turns turns;
	struct kp_task turns_task; /* begins those whose turn it is */
	struct kp_timer turns_timer;
	uint64_t turn; /* of the loop, and what may still be begun in it */
	uint32_t begin_left;
	bool draining;
	uint32_t idle_grace_ms;
	void (*empty)(void *owner);
	void *empty_owner;
	struct kp_task empty_task;
	int64_t date_s; /* of `date` */
	char date[KP_DATE_BYTES];
	size_t date_len;
};

/* Closes it, and with that ends everything on it. */
void kp_connection_close(struct kp_connection *connection);
/* To be called when a handler has finished: the connection may have waited for it. */
void kp_connection_release(struct kp_connection *connection);
/* The exchange is complete, and begun when it is its turn. */
void kp_connection_await_turn(struct kp_exchange *exchange);
/* It waits no longer, or its handler has finished. */
void kp_connection_leave_turn(struct kp_exchange *exchange);
/* Reads on for linger_ms and throws it away, then closes. Bytes that were not read when a
 * socket is closed make the kernel reset the connection, and the client would lose the
 * answer. */
void kp_connection_linger(struct kp_connection *connection);
/* Throws bytes away; closes when there are too many. */
void kp_connection_discard(struct kp_connection *connection, struct kp_slice bytes);
/* Arms `timer` for the time between requests: shorter when draining. */
void kp_connection_arm_idle(struct kp_connection *connection, struct kp_timer *timer);
/* The "Date" line of this second, with its line end. */
struct kp_slice kp_connections_date(struct kp_connections *connections);

#endif
