/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connection_private: what connection.c (reading, time, life) and exchange.c (answering)
 * share. */
#ifndef KP_CONNECTION_PRIVATE_H
#define KP_CONNECTION_PRIVATE_H

#include "connection.h"
#include "core/buffer.h"
#include "http/http_message.h"
#include "http/http_write.h"

#define KP_EXCHANGE_MAGIC 0x6b704531u
#define KP_DATE_BYTES 64

enum kp_connection_state {
	KP_CONNECTION_IDLE,   /* between messages, no byte of the next one yet */
	KP_CONNECTION_HEAD,   /* inside a head */
	KP_CONNECTION_BODY,   /* inside a body */
	KP_CONNECTION_WORK,   /* a handler has the exchange */
	KP_CONNECTION_LINGER, /* refused; the rest of what comes is thrown away */
	KP_CONNECTION_CLOSED,
};

enum kp_answer_state {
	KP_ANSWER_NONE,
	KP_ANSWER_BEGUN, /* head sent, pieces follow */
	KP_ANSWER_COMPLETE,
};

/* One request and its answer. Lifetime: embedded in its connection, in use from the first
 * byte of a message until the answer is written and the handler has finished. */
struct kp_exchange {
	uint32_t magic; /* while a handler has it */
	struct kp_connection *connection;
	struct kp_arena arena;
	struct kp_http_message message;
	struct kp_buffer body;
	const struct kp_exchange_user *user;
	void *owner;
	uint64_t started_us;
	enum kp_answer_state answer;
	unsigned status;
	bool keep;              /* the connection stays open after this answer */
	bool chunked;           /* the answer is */
	bool sent_due;          /* on_sent follows the write under way */
	bool gone;              /* the user was told, or will be */
	bool refusal;           /* made by the connection itself: nobody finishes it */
	struct kp_slice *parts; /* of the write under way; in the arena */
	size_t parts_capacity;
	size_t parts_count;
	size_t parts_at;
	char chunk_head[KP_HTTP_CHUNK_HEAD_BYTES];
};

struct kp_connection {
	struct kp_connections *owner;
	struct kp_connection *next;
	struct kp_connection *prev;
	struct kp_stream *stream; /* NULL when closed */
	enum kp_connection_state state;
	struct kp_http_parser parser;
	struct kp_exchange exchange;
	struct kp_timer timer;
	struct kp_task task; /* hands over a request, or tells that the client is gone */
	bool dispatch_due;
	bool gone_due;
	bool sent_nothing_due;
	bool writing;
	bool interim;    /* what is written is "100 Continue" */
	bool write_wait; /* an answer waits for that */
	size_t unsent;   /* at the last look of the write timer */
	uint32_t requests;
	char *ahead; /* bytes after the message in work; heap */
	size_t ahead_len;
	size_t ahead_capacity;
	size_t linger_bytes;
};

struct kp_connections {
	struct kp_loop *loop;
	struct kp_connections_options options;
	struct kp_arena_pool pool;
	struct kp_connection *first;
	size_t count;
	size_t busy;
	bool draining;
	uint32_t idle_grace_ms;
	void (*empty)(void *owner);
	void *empty_owner;
	struct kp_task empty_task;
	int64_t date_s; /* of `date` */
	char date[KP_DATE_BYTES];
	size_t date_len;
};

/* connection.c */
void kp_connection_close(struct kp_connection *connection);
/* The answer is written and nobody holds the exchange: wipes it and reads on. */
void kp_connection_next(struct kp_connection *connection);
void kp_connection_write_started(struct kp_connection *connection);
/* The client has left: on_sent comes, with KP_E_CANCELLED, though nothing is written. */
void kp_connection_sent_nothing(struct kp_connection *connection);
/* The "Date" line of this second, with its line end. */
struct kp_slice kp_connections_date(struct kp_connections *connections);

/* exchange.c */
void kp_exchange_write_parts(struct kp_exchange *exchange);
/* All parts of the answer's write are with the kernel, or the connection is broken. */
void kp_exchange_written(struct kp_exchange *exchange, enum kp_status status);
/* Answers on behalf of nobody, with a problem document, and closes after that. */
void kp_exchange_refuse(
	struct kp_exchange *exchange, enum kp_status status, const char *detail);

#endif
