/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connection: the client connections of one loop. Each speaks HTTP/1.1 (RFC 9112, one
 * message at a time) or HTTP/2 (RFC 9113, many): what TLS agreed upon, or on a plain
 * listener what the client begins with. Messages become exchanges and go to the route
 * table. Whatever a client does, the memory and the time it gets are bounded by the
 * options below. Loop thread.
 */
#ifndef KP_CONNECTION_H
#define KP_CONNECTION_H

#include "answer_headers.h"
#include "core/arena.h"
#include "core/error.h"
#include "exchange.h"
#include "http/http2_session.h"
#include "http/http_parse.h"
#include "io/loop.h"
#include "io/stream.h"
#include "metrics.h"
#include "turns.h"

struct kp_connections; /* all of one loop */

struct kp_connections_options {
	struct kp_http_limits limits;
	struct kp_http2_limits http2;
	size_t read_ahead_bytes_max; /* pipelined bytes kept while a request is in work;
					reading stops at this number */
	size_t exchange_bytes_max; /* arena of one exchange: head, body, answer's head */
	uint32_t requests_max;     /* on one connection */
	struct kp_turns_limits work; /* requests in work */
	uint32_t requests_per_turn;  /* begun in one turn of the loop */
	uint32_t head_timeout_ms;    /* from the first byte to the end of the head */
	uint32_t body_timeout_ms;    /* from the end of the head to the end of the body */
	uint32_t idle_timeout_ms;    /* between requests */
	uint32_t write_timeout_ms;   /* in which a client takes no byte at all */
	struct kp_answer_notice notice; /* about /v1, in every answer below it */
	uint32_t linger_ms; /* after a refusal, for the client to read the answer */
	/* Called for every complete request; must come to kp_exchange_finish. */
	void (*handle)(void *context, struct kp_exchange *exchange);
	void *context;
	struct kp_metrics_loop *metrics;
};

/* Sensible values for all limits; handle, context and metrics are the caller's. */
void kp_connections_defaults(struct kp_connections_options *options);

/* Copies the options. KP_E_MEMORY. */
enum kp_status kp_connections_create(struct kp_loop *loop,
	const struct kp_connections_options *options,
	struct kp_connections **ret_connections, struct kp_error *err) KP_MUST_USE;
/* When none is left. Accepts NULL. */
void kp_connections_destroy(struct kp_connections **connections);

/* For kp_listener_options; the context is the struct kp_connections. The protocol is what
 * TLS agreed upon (ALPN), else HTTP/1.1. */
void *kp_connections_accept(void *connections, struct kp_stream *stream,
	const struct kp_stream_handler **ret_handler);
/* The same for a plain listener on a loopback address: a client that begins with the
 * preface of HTTP/2 has that (prior knowledge, RFC 9113, section 3.3). */
void *kp_connections_accept_local(void *connections, struct kp_stream *stream,
	const struct kp_stream_handler **ret_handler);

/* Open ones, with those that are being closed. */
size_t kp_connections_count(const struct kp_connections *connections);
/* Complete requests that are not finished, those that wait for their turn included. */
size_t kp_connections_busy(const struct kp_connections *connections);

/*
 * From now on each answer closes its connection, and an idle connection is closed after
 * idle_grace_ms at most. `empty` is called once, from the loop, when no connection is
 * left.
 */
void kp_connections_drain(struct kp_connections *connections, uint32_t idle_grace_ms,
	void (*empty)(void *owner), void *owner);
/* Closes every connection; requests in work hear that their client is gone. */
void kp_connections_abort(struct kp_connections *connections);

#endif
