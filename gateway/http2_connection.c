/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_connection: a connection that speaks HTTP/2 (RFC 9113). What the frames mean is
 * in http/http2_session.h; here are the requests, their times, and the one write that is
 * under way. Bytes leave the session only when the last ones are with the kernel, so a
 * client that does not read fills its own windows and nothing of ours.
 *
 * Each request has a timer: for its head, its body, and for the client to open its window
 * for the answer. The connection has one for being idle, one for a write that makes no
 * progress, and one between the two GOAWAYs of a graceful end.
 */
#include "http2_connection.h"

#include <string.h>

#include "core/heap.h"

#define OUT_BYTES (2 * KP_HTTP2_ROOM_BYTES)
#define BODY_BYTES_FIRST ((size_t)4096)

static const struct kp_connections_options *
options_of(const struct kp_http2 *http2)
{
	return &http2->connection->owner->options;
}

static struct kp_loop *
loop_of(const struct kp_http2 *http2)
{
	return http2->connection->owner->loop;
}

static void
count(const struct kp_http2 *http2, enum kp_metric metric)
{
	kp_metrics_add(options_of(http2)->metrics, metric, 1);
}

void
kp_http2_wake(struct kp_http2 *http2)
{
	kp_loop_defer(loop_of(http2), &http2->task);
}

/* Requests. */

void
kp_http2_request_wait(
	struct kp_http2_request *request, enum kp_http2_wait wait, uint32_t delay_ms)
{
	request->wait = wait;
	kp_timer_start(
		loop_of(request->http2), &request->timer, (uint64_t)delay_ms * 1000);
}

void
kp_http2_request_proceed(struct kp_http2_request *request)
{
	kp_timer_stop(loop_of(request->http2), &request->timer);
}

static void
refuse(struct kp_http2_request *request, enum kp_status status, const char *detail)
{
	request->stream.refused = true;
	kp_http2_request_proceed(request);
	kp_exchange_refuse(&request->exchange, status, detail);
}

/* The client opens no window. One that takes something, however little, is let go on. */
static void
on_window_timer(struct kp_http2_request *request)
{
	struct kp_http2 *http2 = request->http2;
	if (request->stream.taken > request->taken || http2->writing) {
		request->taken = request->stream.taken;
		kp_http2_request_wait(request, KP_HTTP2_WAIT_WINDOW,
			options_of(http2)->write_timeout_ms);
		return;
	}
	count(http2, KP_METRIC_STREAMS_SLOW);
	kp_http2_reset(http2->session, &request->stream, KP_HTTP2_SLOW);
	kp_http2_wake(http2);
}

static void
on_request_timer(struct kp_timer *timer)
{
	struct kp_http2_request *request =
		KP_CONTAINER_OF(timer, struct kp_http2_request, timer);
	switch (request->wait) {
	case KP_HTTP2_WAIT_HEAD:
		/* In the middle of a header block nothing else can come of it. */
		kp_connection_close(request->http2->connection);
		break;
	case KP_HTTP2_WAIT_BODY:
		refuse(request, KP_E_CLIENT_TIMEOUT,
			"the body did not arrive within body_timeout_ms");
		break;
	case KP_HTTP2_WAIT_WINDOW:
		on_window_timer(request);
		break;
	case KP_HTTP2_WAIT_REST:
		kp_http2_reset(
			request->http2->session, &request->stream, KP_HTTP2_ENOUGH);
		kp_http2_wake(request->http2);
		break;
	}
}

void
kp_http2_request_through(struct kp_http2_request *request)
{
	struct kp_http2 *http2 = request->http2;
	if (!request->exchange.sent_due || request->exchange.sent_nothing_due ||
		request->through) {
		return;
	}
	kp_http2_request_proceed(request);
	request->through = true;
	request->next_through = NULL;
	*(http2->through == NULL ? &http2->through : &http2->through_last->next_through) =
		request;
	http2->through_last = request;
}

static void
report_through(struct kp_http2 *http2)
{
	struct kp_http2_request *request = http2->through;
	http2->through = NULL;
	while (request != NULL) {
		struct kp_http2_request *next = request->next_through;
		request->through = false;
		kp_exchange_written(&request->exchange, KP_OK);
		request = next;
	}
}

static void
unlink_request(struct kp_http2_request *request)
{
	struct kp_http2 *http2 = request->http2;
	*(request->prev == NULL ? &http2->first : &request->prev->next) = request->next;
	if (request->next != NULL) {
		request->next->prev = request->prev;
	}
	http2->count--;
	if (http2->count == 0 && !http2->connection->closed && !http2->lost) {
		kp_connection_arm_idle(http2->connection, &http2->idle_timer);
		kp_http2_wake(http2);
	}
}

void
kp_http2_request_release(struct kp_http2_request *request)
{
	struct kp_http2 *http2 = request->http2;
	struct kp_connection *connection = http2->connection;
	if (request->open || request->exchange.magic != 0 || request->exchange.sent_due) {
		return;
	}
	kp_http2_request_proceed(request);
	kp_http2_release(http2->session, &request->stream);
	kp_exchange_deinit(&request->exchange);
	unlink_request(request);
	kp_heap_free(request);
	if (connection->stream == NULL) {
		kp_connection_release(connection);
	}
}

/* Its client cannot be reached any more. */
static void
lose(struct kp_http2_request *request)
{
	struct kp_exchange *exchange = &request->exchange;
	request->open = false;
	kp_http2_request_proceed(request);
	/* What has been said to its end is only on its way. */
	if (!request->stream.ended || request->http2->lost) {
		if (exchange->sent_due && !exchange->sent_nothing_due) {
			kp_exchange_sent_nothing(exchange);
		}
		if (exchange->answer != KP_ANSWER_COMPLETE || exchange->sent_due) {
			kp_exchange_mark_gone(exchange);
		}
	}
	kp_http2_request_release(request);
}

static void
lose_all(struct kp_http2 *http2)
{
	http2->lost = true;
	for (struct kp_http2_request *request = http2->first; request != NULL;) {
		struct kp_http2_request *next = request->next;
		request->through = false;
		lose(request);
		request = next;
	}
	http2->through = NULL;
}

/* What the session tells. */

static struct kp_http2_request *
request_of(struct kp_http2_stream *stream)
{
	return KP_CONTAINER_OF(stream, struct kp_http2_request, stream);
}

static struct kp_http2_stream *
on_begin(void *owner, struct kp_arena **ret_arena)
{
	struct kp_http2 *http2 = owner;
	if (http2->count >= options_of(http2)->http2.streams_max) {
		return NULL;
	}
	struct kp_http2_request *request = kp_heap_calloc(1, sizeof(*request));
	if (request == NULL) {
		return NULL;
	}
	request->http2 = http2;
	request->open = true;
	request->timer.fire = on_request_timer;
	kp_exchange_init(&request->exchange, &kp_http2_carrier, http2->connection);
	request->next = http2->first;
	if (request->next != NULL) {
		request->next->prev = request;
	}
	http2->first = request;
	http2->count++;
	kp_timer_stop(loop_of(http2), &http2->idle_timer);
	kp_http2_request_wait(
		request, KP_HTTP2_WAIT_HEAD, options_of(http2)->head_timeout_ms);
	*ret_arena = &request->exchange.arena;
	return &request->stream;
}

static void
end_gracefully(struct kp_http2 *http2)
{
	if (!http2->ending) {
		http2->ending = true;
		kp_http2_end(http2->session);
		kp_http2_wake(http2);
	}
}

static void
on_head(void *owner, struct kp_http2_stream *stream)
{
	struct kp_http2 *http2 = owner;
	struct kp_http2_request *request = request_of(stream);
	struct kp_exchange *exchange = &request->exchange;
	const struct kp_http_request *head = &stream->head.parser.request;
	kp_exchange_begun(exchange, head);
	if (++http2->requests >= options_of(http2)->requests_max) {
		end_gracefully(http2);
	}
	if (stream->got_all) {
		return;
	}
	kp_http2_request_wait(
		request, KP_HTTP2_WAIT_BODY, options_of(http2)->body_timeout_ms);
	size_t first = BODY_BYTES_FIRST;
	if (head->has_content_length && head->content_length < first) {
		first = (size_t)head->content_length;
	}
	(void)kp_buffer_reserve(&exchange->body, first);
	if (head->expect_continue) {
		kp_http2_continue(http2->session, stream);
	}
}

static void
on_body(void *owner, struct kp_http2_stream *stream, struct kp_slice piece)
{
	struct kp_http2_request *request = request_of(stream);
	(void)owner;
	enum kp_status status = kp_exchange_add_body(&request->exchange, piece);
	if (status != KP_OK) {
		refuse(request, status, NULL);
	}
}

static void
on_end(void *owner, struct kp_http2_stream *stream)
{
	struct kp_http2_request *request = request_of(stream);
	(void)owner;
	kp_http2_request_proceed(request);
	kp_exchange_dispatch(&request->exchange);
}

static void
on_refused(void *owner, struct kp_http2_stream *stream, const struct kp_error *err)
{
	(void)owner;
	refuse(request_of(stream), err->status,
		kp_status_info(err->status)->safe ? err->message : NULL);
}

/* Told at once to stop, some clients throw the answer away: they get a moment. */
static void
on_taken(void *owner, struct kp_http2_stream *stream)
{
	struct kp_http2_request *request = request_of(stream);
	kp_http2_request_through(request);
	if (stream->ended && !stream->got_all) {
		kp_http2_request_wait(
			request, KP_HTTP2_WAIT_REST, options_of(owner)->linger_ms);
	}
}

static void
on_stream_closed(void *owner, struct kp_http2_stream *stream)
{
	(void)owner;
	lose(request_of(stream));
}

static const struct kp_http2_user session_user = {
	.on_begin = on_begin,
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_refused = on_refused,
	.on_taken = on_taken,
	.on_closed = on_stream_closed,
};

/* Bytes. */

static void
drop_out(struct kp_http2 *http2, bool keep)
{
	kp_wipe(http2->out, http2->out_len);
	http2->out_len = 0;
	if (!keep) {
		kp_heap_free(http2->out);
		http2->out = NULL;
	}
}

static void
write_out(struct kp_http2 *http2)
{
	struct kp_slice bytes = {http2->out, http2->out_len};
	struct kp_stream *stream = http2->connection->stream;
	http2->writing = true;
	kp_stream_write(stream, &bytes, 1);
	http2->unsent = kp_stream_unsent(stream);
	if (http2->unsent > 0) {
		kp_timer_start(loop_of(http2), &http2->write_timer,
			(uint64_t)options_of(http2)->write_timeout_ms * 1000);
	}
}

/* Nothing is left to be sent. */
static void
rest(struct kp_http2 *http2)
{
	if (http2->out != NULL) {
		drop_out(http2, http2->count > 0);
	}
	report_through(http2);
	if (http2->connection->closed) {
		return;
	}
	if (http2->ended) {
		kp_connection_close(http2->connection);
	} else if (kp_http2_over(http2->session)) {
		kp_timer_stop(loop_of(http2), &http2->idle_timer);
		kp_timer_stop(loop_of(http2), &http2->end_timer);
		kp_http2_stop_reading(http2);
		kp_connection_linger(http2->connection);
	} else {
		kp_http2_settle_reading(http2);
	}
}

static void
send_out(struct kp_http2 *http2)
{
	if (http2->out_len > 0) {
		write_out(http2);
	} else {
		rest(http2);
	}
}

/* Who is sent away hears it a little later: told at once, an attacker comes back
 * thousands of times a second. */
static void
hold(struct kp_http2 *http2)
{
	kp_http2_stop_reading(http2);
	http2->paused = true;
	http2->writing = true;
	http2->held = true;
	kp_http2_settle_reading(http2);
	kp_timer_start(loop_of(http2), &http2->write_timer,
		(uint64_t)options_of(http2)->http2.waste_pause_ms * 1000);
}

void
kp_http2_flush(struct kp_http2 *http2)
{
	struct kp_connection *connection = http2->connection;
	if (http2->writing || connection->closed || connection->lingering) {
		return;
	}
	if (http2->out == NULL) {
		http2->out = kp_heap_alloc(OUT_BYTES);
		if (http2->out == NULL) {
			kp_connection_close(connection);
			return;
		}
	}
	http2->out_len = kp_http2_fill(http2->session, http2->out, OUT_BYTES);
	if (kp_http2_failed(http2->session) && !http2->lost) {
		if (kp_http2_flooded(http2->session)) {
			count(http2, KP_METRIC_CONNECTIONS_FLOODED);
		}
		lose_all(http2);
		if (kp_http2_wronged(http2->session)) {
			hold(http2);
			return;
		}
	}
	send_out(http2);
}

static void
on_task(struct kp_task *task)
{
	kp_http2_flush(KP_CONTAINER_OF(task, struct kp_http2, task));
}

static void
on_written(void *state, enum kp_status status)
{
	struct kp_http2 *http2 = state;
	http2->writing = false;
	kp_timer_stop(loop_of(http2), &http2->write_timer);
	drop_out(http2, true);
	if (status != KP_OK || http2->connection->closed) {
		kp_connection_close(http2->connection);
		return;
	}
	report_through(http2);
	kp_http2_flush(http2);
}

static void
on_end_of_stream(void *state)
{
	struct kp_http2 *http2 = state;
	http2->ended = true;
	/* What is on its way may still be read. */
	if (!http2->writing) {
		kp_connection_close(http2->connection);
	}
}

/* Time. */

static void
on_write_timer(struct kp_timer *timer)
{
	struct kp_http2 *http2 = KP_CONTAINER_OF(timer, struct kp_http2, write_timer);
	if (http2->held) {
		http2->held = false;
		http2->writing = false;
		send_out(http2);
		return;
	}
	size_t unsent = kp_stream_unsent(http2->connection->stream);
	if (unsent < http2->unsent) {
		http2->unsent = unsent;
		kp_timer_start(loop_of(http2), timer,
			(uint64_t)options_of(http2)->write_timeout_ms * 1000);
	} else {
		count(http2, KP_METRIC_CONNECTIONS_SLOW);
		kp_connection_close(http2->connection);
	}
}

static void
on_idle_timer(struct kp_timer *timer)
{
	end_gracefully(KP_CONTAINER_OF(timer, struct kp_http2, idle_timer));
}

static void
on_end_timer(struct kp_timer *timer)
{
	end_gracefully(KP_CONTAINER_OF(timer, struct kp_http2, end_timer));
}

static void
on_drain(void *state)
{
	struct kp_http2 *http2 = state;
	if (!http2->ending && !http2->lost) {
		kp_http2_announce_end(http2->session);
		kp_connection_arm_idle(http2->connection, &http2->end_timer);
		kp_http2_wake(http2);
	}
}

/* Life. */

static void
stop_timers(struct kp_http2 *http2)
{
	kp_timer_stop(loop_of(http2), &http2->idle_timer);
	kp_timer_stop(loop_of(http2), &http2->write_timer);
	kp_timer_stop(loop_of(http2), &http2->end_timer);
	kp_http2_stop_reading(http2);
}

static void *
create(struct kp_connection *connection)
{
	struct kp_loop *loop = connection->owner->loop;
	const struct kp_connections_options *options = &connection->owner->options;
	struct kp_http2 *http2 = kp_heap_calloc(1, sizeof(*http2));
	if (http2 == NULL) {
		return NULL;
	}
	http2->connection = connection;
	http2->task.run = on_task;
	http2->idle_timer.fire = on_idle_timer;
	http2->write_timer.fire = on_write_timer;
	http2->end_timer.fire = on_end_timer;
	kp_http2_init_reading(http2);
	if (kp_http2_create(&options->http2, &options->limits, &session_user, http2,
		    kp_loop_now_us(loop), &http2->session, NULL) != KP_OK) {
		kp_heap_free(http2);
		return NULL;
	}
	kp_stream_read(connection->stream, true);
	/* Who connects and asks nothing has no more time than who is slow. */
	kp_timer_start(
		loop, &http2->idle_timer, (uint64_t)options->head_timeout_ms * 1000);
	kp_http2_wake(http2); /* our SETTINGS */
	if (connection->owner->draining) {
		on_drain(http2);
	}
	return http2;
}

static void
on_closed(void *state)
{
	struct kp_http2 *http2 = state;
	stop_timers(http2);
	kp_loop_undefer(loop_of(http2), &http2->task);
	if (!http2->lost) {
		lose_all(http2);
	}
}

static bool
is_idle(const void *state)
{
	const struct kp_http2 *http2 = state;
	for (const struct kp_http2_request *request = http2->first; request != NULL;
		request = request->next) {
		if (request->exchange.magic != 0) {
			return false;
		}
	}
	return true;
}

static void
destroy(void *state)
{
	struct kp_http2 *http2 = state;
	stop_timers(http2);
	kp_loop_undefer(loop_of(http2), &http2->task);
	while (http2->first != NULL) {
		struct kp_http2_request *request = http2->first;
		http2->first = request->next;
		kp_http2_request_proceed(request);
		kp_exchange_deinit(&request->exchange);
		kp_heap_free(request);
	}
	kp_http2_destroy(&http2->session);
	kp_heap_free(http2->out);
	kp_heap_free(http2);
}

const struct kp_protocol kp_protocol_http2 = {
	.create = create,
	.read = kp_http2_read,
	.end = on_end_of_stream,
	.written = on_written,
	.closed = on_closed,
	.drain = on_drain,
	.idle = is_idle,
	.destroy = destroy,
};
