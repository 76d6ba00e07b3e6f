/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connection: see connection.h; life and death of a connection, whatever is spoken on it.
 * The protocol (struct kp_protocol) has its own state and timers; it is told that the
 * connection closes, and the connection is freed when no handler works for it any more.
 */
#include "connection.h"

#include <string.h>

#include "connection_private.h"
#include "core/heap.h"
#include "http/http_write.h"

#define LINGER_BYTES_MAX ((size_t)1024 * 1024)
#define POOL_CHUNKS_MAX ((size_t)256)

void
kp_connections_defaults(struct kp_connections_options *options)
{
	*options = (struct kp_connections_options){
		.read_ahead_bytes_max = (size_t)64 * 1024,
		.exchange_bytes_max = (size_t)4 * 1024 * 1024,
		.requests_max = 100000,
		.requests_per_turn = 16,
		.work = {.work_max = 32,
			.work_min = 4,
			.work_shared = 64,
			.slow_us = 50000},
		.head_timeout_ms = 10000,
		.body_timeout_ms = 20000,
		.idle_timeout_ms = 60000,
		.write_timeout_ms = 20000,
		.linger_ms = 1000,
		.http2 =
			{
				.streams_max = 100,
				.frame_bytes_max = 16384,
				.header_list_bytes_max = 65536,
				.header_table_bytes_max = 4096,
				.continuations_max = 8,
				.settings_max = 32,
				.window_bytes = 1048576,
				.memory_bytes_max = 1048576,
				.resets_burst = 200,
				.resets_per_second = 20,
				.frames_burst = 1000,
				.frames_per_second = 100,
				.frames_per_turn = 64,
				.waste_pause_ms = 10,
			},
	};
}

/* What protocols have in common. */

void
kp_connection_arm_idle(struct kp_connection *connection, struct kp_timer *timer)
{
	const struct kp_connections *owner = connection->owner;
	uint32_t delay_ms = owner->options.idle_timeout_ms;
	if (owner->draining && owner->idle_grace_ms < delay_ms) {
		delay_ms = owner->idle_grace_ms;
	}
	kp_timer_start(owner->loop, timer, (uint64_t)delay_ms * 1000);
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

void
kp_connection_discard(struct kp_connection *connection, struct kp_slice bytes)
{
	connection->linger_bytes += bytes.len;
	if (connection->linger_bytes > LINGER_BYTES_MAX) {
		kp_connection_close(connection);
	}
}

void
kp_connection_linger(struct kp_connection *connection)
{
	if (!connection->closed) {
		const struct kp_connections *owner = connection->owner;
		connection->lingering = true;
		kp_stream_read(connection->stream, true);
		kp_timer_start(owner->loop, &connection->linger_timer,
			(uint64_t)owner->options.linger_ms * 1000);
	}
}

static void
on_linger_timer(struct kp_timer *timer)
{
	kp_connection_close(KP_CONTAINER_OF(timer, struct kp_connection, linger_timer));
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

void
kp_connection_release(struct kp_connection *connection)
{
	if (connection->stream != NULL ||
		!connection->protocol->idle(connection->state)) {
		return;
	}
	connection->protocol->destroy(connection->state);
	unlink_connection(connection);
	kp_heap_free(connection);
}

void
kp_connection_close(struct kp_connection *connection)
{
	if (!connection->closed) {
		connection->closed = true;
		kp_timer_stop(connection->owner->loop, &connection->linger_timer);
		connection->protocol->closed(connection->state);
		kp_stream_close(connection->stream);
	}
}

static void
on_closed(void *owner)
{
	struct kp_connection *connection = owner;
	connection->stream = NULL;
	connection->closed = true;
	kp_timer_stop(connection->owner->loop, &connection->linger_timer);
	connection->protocol->closed(connection->state);
	kp_connection_release(connection);
}

static void
on_end(void *owner, enum kp_status status)
{
	struct kp_connection *connection = owner;
	(void)status;
	if (connection->lingering) {
		kp_connection_close(connection);
	} else if (!connection->closed) {
		connection->protocol->end(connection->state);
	}
}

/* Whose request is begun. */

void
kp_connection_await_turn(struct kp_exchange *exchange)
{
	struct kp_connections *owner = exchange->connection->owner;
	kp_turns_wait(&owner->turns, &exchange->connection->line, &exchange->turn);
	kp_metrics_move(owner->options.metrics, KP_GAUGE_REQUESTS_WAITING, 1);
	kp_loop_defer(owner->loop, &owner->turns_task);
}

void
kp_connection_leave_turn(struct kp_exchange *exchange)
{
	struct kp_connections *owner = exchange->connection->owner;
	if (exchange->turn.waiting) {
		kp_metrics_move(owner->options.metrics, KP_GAUGE_REQUESTS_WAITING, -1);
	}
	kp_turns_leave(&owner->turns, &exchange->turn);
	if (kp_turns_any(&owner->turns)) {
		kp_loop_defer(owner->loop, &owner->turns_task);
	}
}

/*
 * A few in each turn of the loop, so that other connections, and the answers of partners
 * to what is in work, come in between.
 */
static void
on_turns(struct kp_task *task)
{
	struct kp_connections *connections =
		KP_CONTAINER_OF(task, struct kp_connections, turns_task);
	struct kp_turns *turns = &connections->turns;
	uint64_t now_us = kp_loop_now_us(connections->loop);
	if (kp_loop_turn(connections->loop) != connections->turn) {
		connections->turn = kp_loop_turn(connections->loop);
		connections->begin_left = connections->options.requests_per_turn;
	}
	struct kp_turn *turn = NULL;
	while (connections->begin_left > 0 &&
		(turn = kp_turns_next(turns, now_us)) != NULL) {
		connections->begin_left--;
		kp_metrics_move(
			connections->options.metrics, KP_GAUGE_REQUESTS_WAITING, -1);
		kp_exchange_hand_over(KP_CONTAINER_OF(turn, struct kp_exchange, turn));
	}
	uint64_t at_us = kp_turns_at_us(turns);
	if (kp_turns_any(turns)) {
		kp_loop_next_turn(connections->loop, task);
	} else if (at_us != UINT64_MAX && !connections->turns_timer.armed) {
		kp_timer_start(connections->loop, &connections->turns_timer,
			at_us > now_us ? at_us - now_us : 0);
	}
}

static void
on_turns_timer(struct kp_timer *timer)
{
	struct kp_connections *connections =
		KP_CONTAINER_OF(timer, struct kp_connections, turns_timer);
	kp_loop_defer(connections->loop, &connections->turns_task);
}

/* Choosing the protocol. */

static void
switch_to_http2(struct kp_connection *connection)
{
	void *http2 = kp_protocol_http2.create(connection);
	if (http2 == NULL) {
		kp_connection_close(connection);
		return;
	}
	connection->protocol->destroy(connection->state);
	connection->protocol = &kp_protocol_http2;
	connection->state = http2;
}

static void on_read(void *owner, struct kp_slice bytes);

/* Takes what may be the preface of HTTP/2 off the front. */
static struct kp_slice
decide(struct kp_connection *connection, struct kp_slice bytes)
{
	static const char preface[] = KP_HTTP2_PREFACE;
	size_t before = connection->preface_bytes;
	size_t left = KP_HTTP2_PREFACE_BYTES - before;
	size_t len = bytes.len < left ? bytes.len : left;
	if (memcmp(bytes.data, preface + before, len) != 0) {
		connection->undecided = false;
		len = 0;
	} else {
		connection->preface_bytes += len;
		if (connection->preface_bytes < KP_HTTP2_PREFACE_BYTES) {
			return (struct kp_slice){NULL, 0};
		}
		connection->undecided = false;
		switch_to_http2(connection);
	}
	on_read(connection, (struct kp_slice){preface, connection->preface_bytes});
	return (struct kp_slice){bytes.data + len, bytes.len - len};
}

static void
on_read(void *owner, struct kp_slice bytes)
{
	struct kp_connection *connection = owner;
	if (connection->undecided) {
		bytes = decide(connection, bytes);
	}
	if (bytes.len == 0) {
		return;
	}
	if (connection->lingering) {
		kp_connection_discard(connection, bytes);
	} else if (!connection->closed) {
		connection->protocol->read(connection->state, bytes);
	}
}

static void
on_written(void *owner, enum kp_status status)
{
	struct kp_connection *connection = owner;
	connection->protocol->written(connection->state, status);
}

static const struct kp_stream_handler stream_handler = {
	.on_read = on_read,
	.on_end = on_end,
	.on_written = on_written,
	.on_closed = on_closed,
};

static void *
accept_stream(struct kp_connections *connections, struct kp_stream *stream,
	const struct kp_protocol *protocol, const struct kp_stream_handler **ret_handler)
{
	struct kp_connection *connection = kp_heap_calloc(1, sizeof(*connection));
	if (connection == NULL) {
		return NULL;
	}
	connection->owner = connections;
	connection->stream = stream;
	connection->linger_timer.fire = on_linger_timer;
	connection->protocol = protocol;
	connection->state = connection->protocol->create(connection);
	if (connection->state == NULL) {
		kp_heap_free(connection);
		return NULL;
	}
	connection->next = connections->first;
	if (connection->next != NULL) {
		connection->next->prev = connection;
	}
	connections->first = connection;
	connections->count++;
	kp_metrics_add(connections->options.metrics, KP_METRIC_CONNECTIONS, 1);
	kp_metrics_move(connections->options.metrics, KP_GAUGE_CONNECTIONS, 1);
	*ret_handler = &stream_handler;
	return connection;
}

void *
kp_connections_accept(void *context, struct kp_stream *stream,
	const struct kp_stream_handler **ret_handler)
{
	bool http2 = kp_slice_is(kp_stream_protocol(stream), "h2");
	return accept_stream(context, stream,
		http2 ? &kp_protocol_http2 : &kp_protocol_http1, ret_handler);
}

void *
kp_connections_accept_local(void *context, struct kp_stream *stream,
	const struct kp_stream_handler **ret_handler)
{
	struct kp_connection *connection =
		accept_stream(context, stream, &kp_protocol_http1, ret_handler);
	if (connection != NULL) {
		connection->undecided = true;
	}
	return connection;
}

/* The connections of a loop. */

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
	connections->turns_task.run = on_turns;
	connections->turns_timer.fire = on_turns_timer;
	kp_turns_init(&connections->turns, &options->work);
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
		kp_loop_undefer(connections->loop, &connections->turns_task);
		kp_timer_stop(connections->loop, &connections->turns_timer);
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
		if (!connection->closed && !connection->lingering) {
			connection->protocol->drain(connection->state);
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
