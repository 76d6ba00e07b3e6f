/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connection: see connection.h. A connection has one timer, and what it means follows
 * from the state: idle, head, body, a write that makes no progress, lingering. While a
 * handler works there is none; its own deadline counts.
 */
#include "connection.h"

#include <string.h>

#include "connection_private.h"
#include "core/heap.h"
#include "http/http_write.h"

#define BODY_BYTES_FIRST ((size_t)4096)
#define LINGER_BYTES_MAX ((size_t)1024 * 1024)
#define POOL_CHUNKS_MAX ((size_t)256)

void
kp_connections_defaults(struct kp_connections_options *options)
{
	*options = (struct kp_connections_options){
		.read_ahead_bytes_max = (size_t)64 * 1024,
		.exchange_bytes_max = (size_t)4 * 1024 * 1024,
		.requests_max = 100000,
		.head_timeout_ms = 10000,
		.body_timeout_ms = 20000,
		.idle_timeout_ms = 60000,
		.write_timeout_ms = 20000,
		.linger_ms = 1000,
	};
}

/* Time. */

static void
arm(struct kp_connection *connection, uint32_t delay_ms)
{
	kp_timer_start(
		connection->owner->loop, &connection->timer, (uint64_t)delay_ms * 1000);
}

static void
arm_idle(struct kp_connection *connection)
{
	const struct kp_connections *owner = connection->owner;
	uint32_t delay_ms = owner->options.idle_timeout_ms;
	if (owner->draining && owner->idle_grace_ms < delay_ms) {
		delay_ms = owner->idle_grace_ms;
	}
	arm(connection, delay_ms);
}

/* A client that takes something, however little, is let go on; the handler's own bound on
 * the whole answer is another matter. */
static void
on_write_timer(struct kp_connection *connection)
{
	size_t unsent = kp_stream_unsent(connection->stream);
	if (unsent < connection->unsent) {
		connection->unsent = unsent;
		arm(connection, connection->owner->options.write_timeout_ms);
	} else {
		kp_metrics_add(connection->owner->options.metrics,
			KP_METRIC_CONNECTIONS_SLOW, 1);
		kp_connection_close(connection);
	}
}

static void
on_timer(struct kp_timer *timer)
{
	struct kp_connection *connection =
		KP_CONTAINER_OF(timer, struct kp_connection, timer);
	if (connection->stream == NULL) {
		return;
	}
	if (connection->writing) {
		on_write_timer(connection);
	} else if (connection->state == KP_CONNECTION_HEAD) {
		kp_exchange_refuse(&connection->exchange, KP_E_CLIENT_TIMEOUT,
			"the head did not arrive within head_timeout_ms");
	} else if (connection->state == KP_CONNECTION_BODY) {
		kp_exchange_refuse(&connection->exchange, KP_E_CLIENT_TIMEOUT,
			"the body did not arrive within body_timeout_ms");
	} else if (connection->state != KP_CONNECTION_WORK) {
		kp_connection_close(connection);
	}
}

void
kp_connection_write_started(struct kp_connection *connection)
{
	connection->writing = true;
	connection->unsent = kp_stream_unsent(connection->stream);
	if (connection->unsent > 0) {
		arm(connection, connection->owner->options.write_timeout_ms);
	}
}

struct kp_slice
kp_connections_date(struct kp_connections *connections)
{
	int64_t now_s = kp_loop_wall_ms(connections->loop) / 1000;
	if (now_s != connections->date_s || connections->date_len == 0) {
		struct kp_arena arena;
		struct kp_buffer buffer;
		kp_arena_init(&arena, 1024, &connections->pool);
		kp_buffer_init(&buffer, &arena, KP_DATE_BYTES);
		kp_http_write_date(&buffer, now_s);
		if (!buffer.failed && buffer.len <= KP_DATE_BYTES) {
			memcpy(connections->date, buffer.data, buffer.len);
			connections->date_len = buffer.len;
			connections->date_s = now_s;
		}
		kp_arena_deinit(&arena);
	}
	return (struct kp_slice){connections->date, connections->date_len};
}

/* Life and death of one connection. */

static void
unlink_connection(struct kp_connection *connection)
{
	struct kp_connections *owner = connection->owner;
	*(connection->prev == NULL ? &owner->first : &connection->prev->next) =
		connection->next;
	if (connection->next != NULL) {
		connection->next->prev = connection->prev;
	}
	owner->count--;
	kp_metrics_move(owner->options.metrics, KP_GAUGE_CONNECTIONS, -1);
	if (owner->draining && owner->count == 0) {
		kp_loop_defer(owner->loop, &owner->empty_task);
	}
}

/* Frees it when the stream is closed and no handler has the exchange. */
static void
release(struct kp_connection *connection)
{
	if (connection->stream != NULL || connection->exchange.magic != 0) {
		return;
	}
	kp_timer_stop(connection->owner->loop, &connection->timer);
	kp_loop_undefer(connection->owner->loop, &connection->task);
	kp_arena_deinit(&connection->exchange.arena);
	kp_heap_free(connection->ahead);
	unlink_connection(connection);
	kp_heap_free(connection);
}

/* A handler that works for a client that left is told so, once, outside callbacks. */
static void
mark_gone(struct kp_connection *connection)
{
	struct kp_exchange *exchange = &connection->exchange;
	if (exchange->magic != 0 && !exchange->gone) {
		exchange->gone = true;
		connection->gone_due = true;
		kp_loop_defer(connection->owner->loop, &connection->task);
	}
}

void
kp_connection_close(struct kp_connection *connection)
{
	if (connection->state != KP_CONNECTION_CLOSED && connection->stream != NULL) {
		connection->state = KP_CONNECTION_CLOSED;
		kp_timer_stop(connection->owner->loop, &connection->timer);
		mark_gone(connection);
		kp_stream_close(connection->stream);
	}
}

static void
on_closed(void *owner)
{
	struct kp_connection *connection = owner;
	connection->stream = NULL;
	connection->state = KP_CONNECTION_CLOSED;
	mark_gone(connection);
	release(connection);
}

static void
on_end(void *owner, enum kp_status status)
{
	struct kp_connection *connection = owner;
	(void)status;
	/* An answer that is already on its way may still be read. */
	if (connection->state == KP_CONNECTION_WORK &&
		connection->exchange.answer == KP_ANSWER_COMPLETE) {
		connection->exchange.keep = false;
		return;
	}
	kp_connection_close(connection);
}

/* Reading a message. */

static void
begin_exchange(struct kp_connection *connection)
{
	struct kp_exchange *exchange = &connection->exchange;
	struct kp_connections *owner = connection->owner;
	kp_arena_deinit(&exchange->arena);
	*exchange = (struct kp_exchange){.connection = connection};
	kp_arena_init(&exchange->arena, owner->options.exchange_bytes_max, &owner->pool);
	kp_http_parser_reset(&connection->parser, &exchange->arena);
	connection->state = KP_CONNECTION_IDLE;
}

void
kp_connection_sent_nothing(struct kp_connection *connection)
{
	connection->exchange.sent_due = true;
	connection->sent_nothing_due = true;
	kp_loop_defer(connection->owner->loop, &connection->task);
}

static void
hand_over(struct kp_connection *connection)
{
	struct kp_exchange *exchange = &connection->exchange;
	const struct kp_connections_options *options = &connection->owner->options;
	if (exchange->gone) {
		kp_exchange_finish(&exchange);
	} else {
		options->handle(options->context, exchange);
	}
}

/* Each branch may end the exchange and with it the connection, so it is the last. */
static void
on_task(struct kp_task *task)
{
	struct kp_connection *connection =
		KP_CONTAINER_OF(task, struct kp_connection, task);
	struct kp_exchange *exchange = &connection->exchange;
	if (connection->dispatch_due) {
		connection->dispatch_due = false;
		hand_over(connection);
	} else if (connection->sent_nothing_due) {
		connection->sent_nothing_due = false;
		if (connection->gone_due) {
			kp_loop_defer(connection->owner->loop, task);
		}
		kp_exchange_written(exchange, KP_E_CANCELLED);
	} else if (connection->gone_due) {
		connection->gone_due = false;
		if (exchange->magic != 0 && exchange->user != NULL &&
			exchange->user->on_gone != NULL) {
			exchange->user->on_gone(exchange->owner);
		}
	}
}

static void
dispatch(struct kp_connection *connection)
{
	struct kp_exchange *exchange = &connection->exchange;
	struct kp_connections *owner = connection->owner;
	kp_timer_stop(owner->loop, &connection->timer);
	connection->state = KP_CONNECTION_WORK;
	connection->requests++;
	exchange->message.body = kp_buffer_slice(&exchange->body);
	exchange->keep = connection->parser.request.keep_alive && !owner->draining &&
		connection->requests < owner->options.requests_max;
	exchange->magic = KP_EXCHANGE_MAGIC;
	owner->busy++;
	kp_metrics_move(owner->options.metrics, KP_GAUGE_REQUESTS, 1);
	connection->dispatch_due = true;
	kp_loop_defer(owner->loop, &connection->task);
}

static void
send_continue(struct kp_connection *connection)
{
	struct kp_slice text = kp_http_continue();
	connection->interim = true;
	kp_stream_write(connection->stream, &text, 1);
	connection->writing = true;
}

static void
on_head(struct kp_connection *connection, bool more_came)
{
	struct kp_exchange *exchange = &connection->exchange;
	const struct kp_http_request *request = &connection->parser.request;
	exchange->message.head = *request;
	exchange->started_us = kp_loop_now_us(connection->owner->loop);
	kp_buffer_init(&exchange->body, &exchange->arena,
		connection->owner->options.exchange_bytes_max);
	if (!request->has_body) {
		return;
	}
	connection->state = KP_CONNECTION_BODY;
	arm(connection, connection->owner->options.body_timeout_ms);
	/* Memory for what is announced comes as the bytes come. */
	size_t first = BODY_BYTES_FIRST;
	if (request->has_content_length && request->content_length < first) {
		first = (size_t)request->content_length;
	}
	(void)kp_buffer_reserve(&exchange->body, first);
	/* A client that already sends its body does not wait for us. */
	if (request->expect_continue && !more_came && !connection->writing) {
		send_continue(connection);
	}
}

static void
keep_ahead(struct kp_connection *connection, struct kp_slice bytes)
{
	size_t needed = connection->ahead_len + bytes.len;
	if (needed > connection->ahead_capacity) {
		char *ahead = kp_heap_realloc(connection->ahead, needed);
		if (ahead == NULL) {
			kp_connection_close(connection);
			return;
		}
		connection->ahead = ahead;
		connection->ahead_capacity = needed;
	}
	if (bytes.len > 0) {
		memcpy(connection->ahead + connection->ahead_len, bytes.data, bytes.len);
	}
	connection->ahead_len = needed;
	if (needed >= connection->owner->options.read_ahead_bytes_max) {
		kp_stream_read(connection->stream, false);
	}
}

static void
refuse_message(struct kp_connection *connection, const struct kp_error *err)
{
	kp_metrics_add(connection->owner->options.metrics, KP_METRIC_REQUESTS_REFUSED, 1);
	kp_exchange_refuse(&connection->exchange, err->status,
		kp_status_info(err->status)->safe ? err->message : NULL);
}

/* Takes one event out of the parser; returns the bytes left, or an empty slice when the
 * connection reads no further now. */
static struct kp_slice
feed_once(struct kp_connection *connection, struct kp_slice bytes, bool *ret_again)
{
	size_t used = 0;
	enum kp_http_event event = KP_HTTP_MORE;
	struct kp_slice piece = {NULL, 0};
	struct kp_error err = {0};
	*ret_again = false;
	enum kp_status status = kp_http_parser_push(
		&connection->parser, bytes, &used, &event, &piece, &err);
	if (status != KP_OK) {
		err.status = status;
		refuse_message(connection, &err);
		return (struct kp_slice){NULL, 0};
	}
	bytes.data += used;
	bytes.len -= used;
	if (event == KP_HTTP_HEAD) {
		on_head(connection, bytes.len > 0);
	} else if (event == KP_HTTP_BODY) {
		kp_buffer_add_slice(&connection->exchange.body, piece);
		if (connection->exchange.body.failed) {
			err.status = KP_E_MEMORY;
			refuse_message(connection, &err);
			return (struct kp_slice){NULL, 0};
		}
	} else if (event == KP_HTTP_END) {
		keep_ahead(connection, bytes);
		if (connection->state != KP_CONNECTION_CLOSED) {
			dispatch(connection);
		}
		return (struct kp_slice){NULL, 0};
	}
	*ret_again = event != KP_HTTP_MORE;
	return bytes;
}

static void
feed(struct kp_connection *connection, struct kp_slice bytes)
{
	bool again = bytes.len > 0;
	if (again && connection->state == KP_CONNECTION_IDLE) {
		connection->state = KP_CONNECTION_HEAD;
		arm(connection, connection->owner->options.head_timeout_ms);
	}
	while (again) {
		bytes = feed_once(connection, bytes, &again);
	}
}

static void
throw_away(struct kp_connection *connection, struct kp_slice bytes)
{
	connection->linger_bytes += bytes.len;
	if (connection->linger_bytes > LINGER_BYTES_MAX) {
		kp_connection_close(connection);
	}
}

static void
on_read(void *owner, struct kp_slice bytes)
{
	struct kp_connection *connection = owner;
	switch (connection->state) {
	case KP_CONNECTION_IDLE:
	case KP_CONNECTION_HEAD:
	case KP_CONNECTION_BODY:
		feed(connection, bytes);
		break;
	case KP_CONNECTION_WORK:
		if (connection->exchange.refusal) {
			throw_away(connection, bytes);
		} else {
			keep_ahead(connection, bytes);
		}
		break;
	case KP_CONNECTION_LINGER:
		throw_away(connection, bytes);
		break;
	case KP_CONNECTION_CLOSED:
		break;
	}
}

/* After an answer. */

static void
read_on(struct kp_connection *connection)
{
	char *ahead = connection->ahead;
	struct kp_slice bytes = {ahead, connection->ahead_len};
	connection->ahead = NULL;
	connection->ahead_len = 0;
	connection->ahead_capacity = 0;
	kp_stream_read(connection->stream, true);
	if (bytes.len > 0) {
		feed(connection, bytes);
	} else {
		arm_idle(connection);
	}
	kp_heap_free(ahead);
}

/* Bytes that were not read when a socket is closed make the kernel reset the connection,
 * and the client would lose the answer. */
static void
linger(struct kp_connection *connection)
{
	connection->state = KP_CONNECTION_LINGER;
	kp_arena_deinit(&connection->exchange.arena);
	kp_stream_read(connection->stream, true);
	arm(connection, connection->owner->options.linger_ms);
}

void
kp_connection_next(struct kp_connection *connection)
{
	struct kp_exchange *exchange = &connection->exchange;
	bool refusal = exchange->refusal;
	bool keep = exchange->keep && exchange->answer == KP_ANSWER_COMPLETE;
	if (connection->stream == NULL || connection->state == KP_CONNECTION_CLOSED) {
		release(connection);
	} else if (keep) {
		begin_exchange(connection);
		read_on(connection);
	} else if (exchange->answer == KP_ANSWER_COMPLETE &&
		(refusal || connection->ahead_len > 0)) {
		linger(connection);
	} else {
		kp_connection_close(connection);
	}
}

static void
on_written(void *owner, enum kp_status status)
{
	struct kp_connection *connection = owner;
	connection->writing = false;
	if (connection->interim) {
		connection->interim = false;
		if (connection->write_wait) {
			connection->write_wait = false;
			kp_exchange_write_parts(&connection->exchange);
		}
		return;
	}
	if (connection->state != KP_CONNECTION_CLOSED) {
		kp_timer_stop(connection->owner->loop, &connection->timer);
	}
	kp_exchange_written(&connection->exchange, status);
}

/* The connections of a loop. */

static const struct kp_stream_handler stream_handler = {
	.on_read = on_read,
	.on_end = on_end,
	.on_written = on_written,
	.on_closed = on_closed,
};

void *
kp_connections_accept(void *context, struct kp_stream *stream,
	const struct kp_stream_handler **ret_handler)
{
	struct kp_connections *connections = context;
	struct kp_connection *connection = kp_heap_calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return NULL;
	}
	connection->owner = connections;
	connection->stream = stream;
	connection->timer.fire = on_timer;
	connection->task.run = on_task;
	connection->next = connections->first;
	if (connection->next != NULL) {
		connection->next->prev = connection;
	}
	connections->first = connection;
	connections->count++;
	kp_metrics_add(connections->options.metrics, KP_METRIC_CONNECTIONS, 1);
	kp_metrics_move(connections->options.metrics, KP_GAUGE_CONNECTIONS, 1);
	kp_http_parser_init(&connection->parser, &connections->options.limits,
		&connection->exchange.arena);
	begin_exchange(connection);
	kp_stream_read(stream, true);
	/* Who connects and says nothing has no more time than who is slow. */
	arm(connection, connections->options.head_timeout_ms);
	*ret_handler = &stream_handler;
	return connection;
}

static void
on_empty(struct kp_task *task)
{
	struct kp_connections *connections =
		KP_CONTAINER_OF(task, struct kp_connections, empty_task);
	if (connections->count == 0 && connections->empty != NULL) {
		void (*empty)(void *) = connections->empty;
		connections->empty = NULL;
		empty(connections->empty_owner);
	}
}

enum kp_status
kp_connections_create(struct kp_loop *loop, const struct kp_connections_options *options,
	struct kp_connections **ret_connections, struct kp_error *err)
{
	struct kp_connections *connections = kp_heap_calloc(1, sizeof(*connections));
	if (connections == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for connections");
	}
	connections->loop = loop;
	connections->options = *options;
	connections->empty_task.run = on_empty;
	kp_arena_pool_init(&connections->pool, POOL_CHUNKS_MAX);
	*ret_connections = connections;
	return KP_OK;
}

void
kp_connections_destroy(struct kp_connections **connections_at)
{
	struct kp_connections *connections = *connections_at;
	if (connections != NULL) {
		*connections_at = NULL;
		KP_REQUIRE(connections->count == 0);
		kp_loop_undefer(connections->loop, &connections->empty_task);
		kp_arena_pool_deinit(&connections->pool);
		kp_heap_free(connections);
	}
}

size_t
kp_connections_count(const struct kp_connections *connections)
{
	return connections->count;
}

size_t
kp_connections_busy(const struct kp_connections *connections)
{
	return connections->busy;
}

void
kp_connections_drain(struct kp_connections *connections, uint32_t idle_grace_ms,
	void (*empty)(void *owner), void *owner)
{
	connections->draining = true;
	connections->idle_grace_ms = idle_grace_ms;
	connections->empty = empty;
	connections->empty_owner = owner;
	for (struct kp_connection *connection = connections->first; connection != NULL;
		connection = connection->next) {
		if (connection->state == KP_CONNECTION_IDLE) {
			arm_idle(connection);
		}
	}
	if (connections->count == 0) {
		kp_loop_defer(connections->loop, &connections->empty_task);
	}
}

void
kp_connections_abort(struct kp_connections *connections)
{
	for (struct kp_connection *connection = connections->first; connection != NULL;
		connection = connection->next) {
		kp_connection_close(connection);
	}
}
