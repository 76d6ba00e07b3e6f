/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * exchange: one HTTP request and its answer, as a handler sees it. The connection makes
 * it when a message is complete (head and body), the route table picks the handler, the
 * handler answers and finishes. Nothing here depends on the HTTP version. Loop thread.
 */
#ifndef KP_EXCHANGE_H
#define KP_EXCHANGE_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "io/loop.h"

struct kp_exchange;
struct kp_peer_certificate; /* io/stream.h */
struct kp_http_message;     /* http/http_message.h: method, target, header fields, body */

struct kp_exchange_header {
	struct kp_slice name;
	struct kp_slice value;
};

struct kp_exchange_user {
	/* The bytes of the last begin, send or answer are no longer needed; the next send
	 * may come. Exactly once for each, never inside the call, and also when the
	 * client went away or read too slowly: then with what went wrong. */
	void (*on_sent)(void *owner, enum kp_status status);
	/* The client went away. Answering is pointless; finish is still due, exactly
	 * once. */
	void (*on_gone)(void *owner);
};

#define KP_EXCHANGE_STREAM SIZE_MAX

/* Head and body live in the exchange's arena, until kp_exchange_finish. */
const struct kp_http_message *kp_exchange_message(const struct kp_exchange *exchange);
struct kp_arena *kp_exchange_arena(struct kp_exchange *exchange);
struct kp_loop *kp_exchange_loop(const struct kp_exchange *exchange);
/* Time since the message was complete; to be asked when the handler gets it. */
uint64_t kp_exchange_waited_us(const struct kp_exchange *exchange);
/* Address of the client, for limits; never for identity. */
const char *kp_exchange_peer(const struct kp_exchange *exchange);
/* What the listener of the client's connection was given as a tag; 0 when the connection
 * is gone. */
uint32_t kp_exchange_listener_tag(const struct kp_exchange *exchange);
/* The verified certificate of the client's connection. NULL when it showed none, and when
 * the connection is gone. */
const struct kp_peer_certificate *kp_exchange_certificate(
	const struct kp_exchange *exchange);

/* The handler announces itself when it cannot answer at once. */
void kp_exchange_attend(
	struct kp_exchange *exchange, const struct kp_exchange_user *user, void *owner);

/*
 * A whole answer in one go. The connection adds Date, Content-Length, Connection and the
 * fixed security headers. Bytes are borrowed until on_sent (or until finish when nobody
 * attends).
 */
void kp_exchange_answer(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count,
	const struct kp_slice *parts, size_t part_count);
/* An answer in pieces: begin, send…, the last with `last` set. One at a time; on_sent
 * follows each. */
void kp_exchange_begin(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count);
void kp_exchange_send(struct kp_exchange *exchange, const struct kp_slice *parts,
	size_t part_count, bool last);
/* The handler is done with it: the arena is wiped, the connection goes on to the next
 * message. An exchange finished without a complete answer closes the connection. */
void kp_exchange_finish(struct kp_exchange **exchange);

#endif
