/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_connection: what http2_connection.c (time, life), http2_read.c (reading) and
 * http2_answer.c (answering) share. The frames themselves are in http/http2_session.h. */
#ifndef KP_HTTP2_CONNECTION_H
#define KP_HTTP2_CONNECTION_H

#include "connection_private.h"
#include "http/http2_session.h"

/* What the timer of a request waits for. */
enum kp_http2_wait {
	KP_HTTP2_WAIT_HEAD,
	KP_HTTP2_WAIT_BODY,
	KP_HTTP2_WAIT_WINDOW, /* of the client, for the answer to go on */
	KP_HTTP2_WAIT_REST,   /* of a request that was answered before it was through */
};

/* One request and its answer. Freed when the session has forgotten the stream, the
 * handler has finished and nothing is under way. */
struct kp_http2_request {
	struct kp_http2_stream stream;
	struct kp_exchange exchange;
	struct kp_http2 *http2;
	struct kp_http2_request *next;
	struct kp_http2_request *prev;
	bool open; /* the session knows the stream */
	struct kp_timer timer;
	enum kp_http2_wait wait;
	uint64_t taken;         /* bytes, at the last look of the timer */
	struct kp_slice *parts; /* of the send under way; in the exchange's arena */
	size_t parts_capacity;
	bool through; /* in the list of those whose bytes are being written */
	struct kp_http2_request *next_through;
};

struct kp_http2 {
	struct kp_connection *connection;
	struct kp_http2_session *session;
	struct kp_http2_request *first;
	uint32_t count;      /* in the list */
	uint32_t requests;   /* since the beginning */
	struct kp_task task; /* sends what there is to send */
	struct kp_timer idle_timer;
	struct kp_timer write_timer;
	struct kp_task read_task; /* reads on in the next turn, or when the timer fires */
	struct kp_timer read_timer;
	bool paused;   /* nothing is read before that */
	uint64_t turn; /* of the loop, of the last read */
	char *ahead;   /* what has come and was not read yet */
	size_t ahead_len;
	struct kp_timer end_timer; /* between the two steps of a graceful end */
	bool lost;                 /* the requests were told that the client is gone */
	bool ended;                /* the client sends nothing more */
	bool ending;               /* no new requests are taken */
	bool writing;
	bool held;     /* what is to be written waits: the connection has failed */
	size_t unsent; /* at the last look of the write timer */
	char *out;     /* being written */
	size_t out_len;
	struct kp_http2_request *through;
	struct kp_http2_request *through_last;
};

extern const struct kp_carrier kp_http2_carrier;

/* http2_connection.c */
/* Something waits to be sent: it is, later in this turn. */
void kp_http2_wake(struct kp_http2 *http2);
/* Sends it now, when nothing is being written. */
void kp_http2_flush(struct kp_http2 *http2);
/* Arms the request's timer. */
void kp_http2_request_wait(
	struct kp_http2_request *request, enum kp_http2_wait wait, uint32_t delay_ms);
void kp_http2_request_proceed(struct kp_http2_request *request);
/* Its bytes go with the next write: kp_exchange_written follows that. */
void kp_http2_request_through(struct kp_http2_request *request);
/* Frees it when nobody needs it any more. */
void kp_http2_request_release(struct kp_http2_request *request);

/* http2_read.c */
void kp_http2_init_reading(struct kp_http2 *http2);
/* For good. */
void kp_http2_stop_reading(struct kp_http2 *http2);
/* Bytes of the client; `state` is the struct kp_http2. */
void kp_http2_read(void *state, struct kp_slice bytes);
/* Reading is on or off, as it should be. */
void kp_http2_settle_reading(struct kp_http2 *http2);

#endif
