/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http1_connection: a connection that speaks HTTP/1.1 (RFC 9112). It reads one message at
 * a time into its one exchange; what comes after it waits. It has one timer, and what it
 * means follows from the state: idle, head, body, a write that makes no progress. While a
 * handler works there is none; its own deadline counts.
 */
#include <string.h>

#include "core/heap.h"
#include "http1_connection.h"

#define BODY_BYTES_FIRST ((size_t)4096)

/* Time. */

static void
arm(struct kp_http1 *http1, uint32_t delay_ms)
{
	kp_timer_start(
		http1->connection->owner->loop, &http1->timer, (uint64_t)delay_ms * 1000);
}

static void
disarm(struct kp_http1 *http1)
{
	kp_timer_stop(http1->connection->owner->loop, &http1->timer);
}

static const struct kp_connections_options *
options_of(const struct kp_http1 *http1)
{
	return &http1->connection->owner->options;
}

/* Answers, and closes after that. */
static void
refuse(struct kp_http1 *http1, enum kp_status status, const char *detail)
{
	disarm(http1);
	http1->state = KP_HTTP1_WORK;
	http1->keep = false;
	kp_exchange_refuse(&http1->exchange, status, detail);
}

/* A client that takes something, however little, is let go on; the handler's own bound on
 * the whole answer is another matter. */
static void
on_write_timer(struct kp_http1 *http1)
{
	size_t unsent = kp_stream_unsent(http1->connection->stream);
	if (unsent < http1->unsent) {
		http1->unsent = unsent;
		arm(http1, options_of(http1)->write_timeout_ms);
	} else {
		kp_metrics_add(options_of(http1)->metrics, KP_METRIC_CONNECTIONS_SLOW, 1);
		kp_connection_close(http1->connection);
	}
}

static void
on_timer(struct kp_timer *timer)
{
	struct kp_http1 *http1 = KP_CONTAINER_OF(timer, struct kp_http1, timer);
	if (http1->connection->stream == NULL) {
		return;
	}
	if (http1->writing) {
		on_write_timer(http1);
	} else if (http1->state == KP_HTTP1_HEAD) {
		refuse(http1, KP_E_CLIENT_TIMEOUT,
			"the head did not arrive within head_timeout_ms");
	} else if (http1->state == KP_HTTP1_BODY) {
		refuse(http1, KP_E_CLIENT_TIMEOUT,
			"the body did not arrive within body_timeout_ms");
	} else if (http1->state == KP_HTTP1_IDLE) {
		kp_connection_close(http1->connection);
	}
}

void
kp_http1_write_started(struct kp_http1 *http1)
{
	http1->writing = true;
	http1->unsent = kp_stream_unsent(http1->connection->stream);
	if (http1->unsent > 0) {
		arm(http1, options_of(http1)->write_timeout_ms);
	}
}

/* Reading a message. */

static void
begin_exchange(struct kp_http1 *http1)
{
	kp_exchange_deinit(&http1->exchange);
	kp_exchange_init(&http1->exchange, &kp_http1_carrier, http1->connection);
	kp_http_parser_reset(&http1->parser, &http1->exchange.arena);
	http1->parts = NULL;
	http1->parts_capacity = 0;
	http1->parts_count = 0;
	http1->parts_at = 0;
	http1->keep = false;
	http1->chunked = false;
	http1->state = KP_HTTP1_IDLE;
}

static void
dispatch(struct kp_http1 *http1)
{
	disarm(http1);
	http1->state = KP_HTTP1_WORK;
	http1->requests++;
	http1->keep = http1->parser.request.keep_alive &&
		!http1->connection->owner->draining &&
		http1->requests < options_of(http1)->requests_max;
	kp_exchange_dispatch(&http1->exchange);
}

static void
send_continue(struct kp_http1 *http1)
{
	struct kp_slice text = kp_http_continue();
	http1->interim = true;
	kp_stream_write(http1->connection->stream, &text, 1);
	http1->writing = true;
}

static void
on_head(struct kp_http1 *http1, bool more_came)
{
	struct kp_exchange *exchange = &http1->exchange;
	const struct kp_http_request *request = &http1->parser.request;
	kp_exchange_begun(exchange, request);
	if (!request->has_body) {
		return;
	}
	http1->state = KP_HTTP1_BODY;
	arm(http1, options_of(http1)->body_timeout_ms);
	/* Memory for what is announced comes as the bytes come. */
	size_t first = BODY_BYTES_FIRST;
	if (request->has_content_length && request->content_length < first) {
		first = (size_t)request->content_length;
	}
	(void)kp_buffer_reserve(&exchange->body, first);
	/* A client that already sends its body does not wait for us. */
	if (request->expect_continue && !more_came && !http1->writing) {
		send_continue(http1);
	}
}

static void
keep_ahead(struct kp_http1 *http1, struct kp_slice bytes)
{
	size_t needed = http1->ahead_len + bytes.len;
	if (needed > http1->ahead_capacity) {
		char *ahead = kp_heap_realloc(http1->ahead, needed);
		if (ahead == NULL) {
			kp_connection_close(http1->connection);
			return;
		}
		http1->ahead = ahead;
		http1->ahead_capacity = needed;
	}
	if (bytes.len > 0) {
		memcpy(http1->ahead + http1->ahead_len, bytes.data, bytes.len);
	}
	http1->ahead_len = needed;
	if (needed >= options_of(http1)->read_ahead_bytes_max) {
		kp_stream_read(http1->connection->stream, false);
	}
}

static void
refuse_message(struct kp_http1 *http1, const struct kp_error *err)
{
	refuse(http1, err->status,
		kp_status_info(err->status)->safe ? err->message : NULL);
}

/* Takes one event out of the parser; returns the bytes left, or an empty slice when the
 * connection reads no further now. */
static struct kp_slice
feed_once(struct kp_http1 *http1, struct kp_slice bytes, bool *ret_again)
{
	static const struct kp_slice nothing = {NULL, 0};
	size_t used = 0;
	enum kp_http_event event = KP_HTTP_MORE;
	struct kp_slice piece = {NULL, 0};
	struct kp_error err = {0};
	*ret_again = false;
	enum kp_status status =
		kp_http_parser_push(&http1->parser, bytes, &used, &event, &piece, &err);
	if (status != KP_OK) {
		err.status = status;
		refuse_message(http1, &err);
		return nothing;
	}
	bytes.data += used;
	bytes.len -= used;
	if (event == KP_HTTP_HEAD) {
		on_head(http1, bytes.len > 0);
	} else if (event == KP_HTTP_BODY) {
		err.status = kp_exchange_add_body(&http1->exchange, piece);
		if (err.status != KP_OK) {
			refuse_message(http1, &err);
			return nothing;
		}
	} else if (event == KP_HTTP_END) {
		keep_ahead(http1, bytes);
		if (!http1->connection->closed) {
			dispatch(http1);
		}
		return nothing;
	}
	*ret_again = event != KP_HTTP_MORE;
	return bytes;
}

static void
feed(struct kp_http1 *http1, struct kp_slice bytes)
{
	bool again = bytes.len > 0;
	if (again && http1->state == KP_HTTP1_IDLE) {
		http1->state = KP_HTTP1_HEAD;
		arm(http1, options_of(http1)->head_timeout_ms);
	}
	while (again) {
		bytes = feed_once(http1, bytes, &again);
	}
}

static void
on_read(void *state, struct kp_slice bytes)
{
	struct kp_http1 *http1 = state;
	if (http1->state != KP_HTTP1_WORK) {
		feed(http1, bytes);
	} else if (http1->exchange.refusal) {
		kp_connection_discard(http1->connection, bytes);
	} else {
		keep_ahead(http1, bytes);
	}
}

static void
on_end(void *state)
{
	struct kp_http1 *http1 = state;
	/* An answer that is already on its way may still be read. */
	if (http1->state == KP_HTTP1_WORK &&
		http1->exchange.answer == KP_ANSWER_COMPLETE) {
		http1->keep = false;
	} else {
		kp_connection_close(http1->connection);
	}
}

/* After an answer. */

static void
read_on(struct kp_http1 *http1)
{
	char *ahead = http1->ahead;
	struct kp_slice bytes = {ahead, http1->ahead_len};
	http1->ahead = NULL;
	http1->ahead_len = 0;
	http1->ahead_capacity = 0;
	kp_stream_read(http1->connection->stream, true);
	if (bytes.len > 0) {
		feed(http1, bytes);
	} else {
		kp_connection_arm_idle(http1->connection, &http1->timer);
	}
	kp_heap_free(ahead);
}

void
kp_http1_next(struct kp_http1 *http1)
{
	struct kp_connection *connection = http1->connection;
	const struct kp_exchange *exchange = &http1->exchange;
	bool complete = exchange->answer == KP_ANSWER_COMPLETE;
	if (connection->closed) {
		kp_connection_release(connection);
	} else if (complete && http1->keep) {
		begin_exchange(http1);
		read_on(http1);
	} else if (complete && (exchange->refusal || http1->ahead_len > 0)) {
		kp_exchange_deinit(&http1->exchange);
		kp_connection_linger(connection);
	} else {
		kp_connection_close(connection);
	}
}

static void
on_written(void *state, enum kp_status status)
{
	struct kp_http1 *http1 = state;
	http1->writing = false;
	if (http1->interim) {
		http1->interim = false;
		if (http1->write_wait) {
			http1->write_wait = false;
			kp_http1_write_parts(http1);
		}
		return;
	}
	if (!http1->connection->closed) {
		disarm(http1);
	}
	kp_http1_written(http1, status);
}

/* Life. */

static void *
create(struct kp_connection *connection)
{
	struct kp_http1 *http1 = kp_heap_calloc(1, sizeof(*http1));
	if (http1 == NULL) {
		return NULL;
	}
	http1->connection = connection;
	http1->timer.fire = on_timer;
	kp_http_parser_init(&http1->parser, &connection->owner->options.limits,
		&http1->exchange.arena);
	kp_exchange_init(&http1->exchange, &kp_http1_carrier, connection);
	kp_stream_read(connection->stream, true);
	/* Who connects and says nothing has no more time than who is slow. */
	arm(http1, connection->owner->options.head_timeout_ms);
	return http1;
}

static void
on_closed(void *state)
{
	struct kp_http1 *http1 = state;
	disarm(http1);
	kp_exchange_mark_gone(&http1->exchange);
}

static void
on_drain(void *state)
{
	struct kp_http1 *http1 = state;
	if (http1->state == KP_HTTP1_IDLE) {
		kp_connection_arm_idle(http1->connection, &http1->timer);
	}
}

static bool
is_idle(const void *state)
{
	const struct kp_http1 *http1 = state;
	return http1->exchange.magic == 0;
}

static void
destroy(void *state)
{
	struct kp_http1 *http1 = state;
	disarm(http1);
	kp_exchange_deinit(&http1->exchange);
	kp_heap_free(http1->ahead);
	kp_heap_free(http1);
}

const struct kp_protocol kp_protocol_http1 = {
	.create = create,
	.read = on_read,
	.end = on_end,
	.written = on_written,
	.closed = on_closed,
	.drain = on_drain,
	.idle = is_idle,
	.destroy = destroy,
};
