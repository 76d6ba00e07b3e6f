/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http1_connection: what http1_connection.c (reading, time) and http1_answer.c
 * (answering) share. */
#ifndef KP_HTTP1_CONNECTION_H
#define KP_HTTP1_CONNECTION_H

#include "connection_private.h"
#include "http/http_parse.h"
#include "http/http_write.h"

enum kp_http1_state {
	KP_HTTP1_IDLE, /* between messages, no byte of the next one yet */
	KP_HTTP1_HEAD, /* inside a head */
	KP_HTTP1_BODY, /* inside a body */
	KP_HTTP1_WORK, /* a handler has the exchange */
};

struct kp_http1 {
	struct kp_connection *connection;
	enum kp_http1_state state;
	struct kp_http_parser parser;
	struct kp_exchange exchange;
	struct kp_timer timer;
	bool keep;    /* the connection stays open after this answer */
	bool chunked; /* the answer is */
	bool writing;
	bool interim;    /* what is written is "100 Continue" */
	bool write_wait; /* an answer waits for that */
	size_t unsent;   /* at the last look of the write timer */
	uint32_t requests;
	struct kp_slice *parts; /* of the write under way; in the exchange's arena */
	size_t parts_capacity;
	size_t parts_count;
	size_t parts_at;
	char chunk_head[KP_HTTP_CHUNK_HEAD_BYTES];
	char *ahead; /* bytes after the message in work; heap */
	size_t ahead_len;
	size_t ahead_capacity;
};

extern const struct kp_carrier kp_http1_carrier;

/* http1_connection.c */
/* The answer is written and nobody holds the exchange: wipes it and reads on. */
void kp_http1_next(struct kp_http1 *http1);
void kp_http1_write_started(struct kp_http1 *http1);

/* http1_answer.c */
/* The next parts of the answer, which has some left. */
void kp_http1_write_parts(struct kp_http1 *http1);
/* What was written last is with the kernel, or will never be. */
void kp_http1_written(struct kp_http1 *http1, enum kp_status status);

#endif
