/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * exchange_private: what an exchange is to the connection that carries it. exchange.c is
 * the same for every HTTP version; what differs is behind struct kp_carrier, of which
 * http1_answer.c and http2_answer.c each have one.
 */
#ifndef KP_EXCHANGE_PRIVATE_H
#define KP_EXCHANGE_PRIVATE_H

#include "answer_headers.h"
#include "connection.h"
#include "core/buffer.h"
#include "http/http_message.h"
#include "turns.h"

#define KP_EXCHANGE_MAGIC 0x6b704531u

enum kp_answer_state {
	KP_ANSWER_NONE,
	KP_ANSWER_BEGUN, /* head sent, pieces follow */
	KP_ANSWER_COMPLETE,
};

/* The head of an answer. Borrowed for the call; Date and what frames the body are the
 * carrier's. */
struct kp_answer_head {
	unsigned status;
	const struct kp_exchange_header *own; /* the handler's */
	size_t own_count;
	struct kp_exchange_header always[KP_ANSWER_HEADERS_MAX];
	size_t always_count;
	size_t body_bytes;    /* KP_EXCHANGE_STREAM: not known */
	bool without_content; /* a body may be described, but none is sent */
};

struct kp_carrier {
	/* The client can still be reached. */
	bool (*open)(const struct kp_exchange *exchange);
	/* Sends the head and, of a whole answer, the body. kp_exchange_written follows,
	 * later. False: no memory, and nothing is under way. */
	bool (*start)(struct kp_exchange *exchange, const struct kp_answer_head *head,
		const struct kp_slice *parts, size_t part_count);
	/* The next piece; likewise. */
	bool (*send)(struct kp_exchange *exchange, const struct kp_slice *parts,
		size_t part_count, bool last);
	/* There will be no complete answer: breaks off, so that the client knows. */
	void (*abort)(struct kp_exchange *exchange);
	/* Handler and writing are through. The exchange may be gone after it. */
	void (*over)(struct kp_exchange *exchange);
};

/* One request and its answer. Lifetime: embedded in what carries it, in use from the
 * first byte of a message until the answer is written and the handler has finished. */
struct kp_exchange {
	uint32_t magic; /* while a handler has it */
	const struct kp_carrier *carrier;
	struct kp_connection *connection;
	struct kp_arena arena;
	struct kp_http_message message;
	struct kp_buffer body;
	const struct kp_exchange_user *user;
	void *owner;
	uint64_t started_us;
	enum kp_answer_state answer;
	unsigned status;
	struct kp_turn turn; /* waiting, or a handler has it */
	uint64_t complete_us;
	struct kp_task task; /* runs what is due, outside callbacks */
	bool gone_due;
	bool sent_nothing_due;
	bool sent_due; /* on_sent follows the write under way */
	bool gone;     /* the user was told, or will be */
	bool refusal;  /* made by the connection itself: nobody finishes it */
};

/* Empties an exchange for the next message. */
void kp_exchange_init(struct kp_exchange *exchange, const struct kp_carrier *carrier,
	struct kp_connection *connection);
/* Wipes it; what was due is not done any more. */
void kp_exchange_deinit(struct kp_exchange *exchange);
/* The head is complete: the clock runs, and a body may be added. */
void kp_exchange_begun(struct kp_exchange *exchange, const struct kp_http_request *head);
/* A piece of the body; KP_E_MEMORY. */
enum kp_status kp_exchange_add_body(
	struct kp_exchange *exchange, struct kp_slice piece) KP_MUST_USE;
/* The message is complete: it is handed over when it is its turn, later. */
void kp_exchange_dispatch(struct kp_exchange *exchange);
/* Its turn has come. The exchange may be gone after it. */
void kp_exchange_hand_over(struct kp_exchange *exchange);
/* Everything of the last start or send is with the kernel, or will never be. */
void kp_exchange_written(struct kp_exchange *exchange, enum kp_status status);
/* A handler that works for a client that left is told so, once, outside callbacks. */
void kp_exchange_mark_gone(struct kp_exchange *exchange);
/* on_sent comes, with KP_E_CANCELLED, though nothing is written. */
void kp_exchange_sent_nothing(struct kp_exchange *exchange);
/* Answers on behalf of nobody, with a problem document. The carrier is `over` after it.
 */
void kp_exchange_refuse(
	struct kp_exchange *exchange, enum kp_status status, const char *detail);

#endif
