/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * exchange: see exchange.h; the answering half of a connection, whatever it speaks.
 *
 * Two parties use an exchange: the handler, from `handle` until kp_exchange_finish, and
 * the write under way. The exchange ends when both are through, in either order.
 */
#include "exchange.h"

#include <string.h>

#include "connection_private.h"
#include "problem.h"
#include "query/problem.h"

#define REFUSAL_BYTES_MAX ((size_t)2048)
#define ANSWER_BYTES_MAX                                                                 \
	((size_t)64 * 1024 * 1024) /* the arena's bound is the real one */

const struct kp_http_message *
kp_exchange_message(const struct kp_exchange *exchange)
{
	return &exchange->message;
}

struct kp_arena *
kp_exchange_arena(struct kp_exchange *exchange)
{
	return &exchange->arena;
}

struct kp_loop *
kp_exchange_loop(const struct kp_exchange *exchange)
{
	return exchange->connection->owner->loop;
}

uint64_t
kp_exchange_waited_us(const struct kp_exchange *exchange)
{
	return kp_loop_now_us(kp_exchange_loop(exchange)) - exchange->complete_us;
}

const char *
kp_exchange_peer(const struct kp_exchange *exchange)
{
	const struct kp_stream *stream = exchange->connection->stream;
	return stream == NULL ? "" : kp_stream_peer(stream);
}

uint32_t
kp_exchange_listener_tag(const struct kp_exchange *exchange)
{
	const struct kp_stream *stream = exchange->connection->stream;
	return stream == NULL ? 0 : kp_stream_tag(stream);
}

const struct kp_peer_certificate *
kp_exchange_certificate(const struct kp_exchange *exchange)
{
	const struct kp_stream *stream = exchange->connection->stream;
	return stream == NULL ? NULL : kp_stream_certificate(stream);
}

void
kp_exchange_attend(
	struct kp_exchange *exchange, const struct kp_exchange_user *user, void *owner)
{
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC);
	exchange->user = user;
	exchange->owner = owner;
}

/* What is due, outside callbacks. */

static void
defer(struct kp_exchange *exchange)
{
	kp_loop_defer(exchange->connection->owner->loop, &exchange->task);
}

void
kp_exchange_hand_over(struct kp_exchange *exchange)
{
	const struct kp_connections_options *options =
		&exchange->connection->owner->options;
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
	struct kp_exchange *exchange = KP_CONTAINER_OF(task, struct kp_exchange, task);
	if (exchange->sent_nothing_due) {
		exchange->sent_nothing_due = false;
		if (exchange->gone_due) {
			defer(exchange);
		}
		kp_exchange_written(exchange, KP_E_CANCELLED);
	} else if (exchange->gone_due) {
		exchange->gone_due = false;
		if (exchange->turn.waiting) {
			kp_exchange_finish(&exchange);
		} else if (exchange->magic != 0 && exchange->user != NULL &&
			exchange->user->on_gone != NULL) {
			exchange->user->on_gone(exchange->owner);
		}
	}
}

void
kp_exchange_mark_gone(struct kp_exchange *exchange)
{
	if (exchange->magic != 0 && !exchange->gone) {
		exchange->gone = true;
		exchange->gone_due = true;
		defer(exchange);
	}
}

void
kp_exchange_sent_nothing(struct kp_exchange *exchange)
{
	exchange->sent_due = true;
	exchange->sent_nothing_due = true;
	defer(exchange);
}

/* A message comes in. */

void
kp_exchange_init(struct kp_exchange *exchange, const struct kp_carrier *carrier,
	struct kp_connection *connection)
{
	struct kp_connections *owner = connection->owner;
	*exchange = (struct kp_exchange){
		.carrier = carrier, .connection = connection, .task.run = on_task};
	kp_arena_init(&exchange->arena, owner->options.exchange_bytes_max, &owner->pool);
}

void
kp_exchange_deinit(struct kp_exchange *exchange)
{
	kp_loop_undefer(exchange->connection->owner->loop, &exchange->task);
	kp_arena_deinit(&exchange->arena);
}

void
kp_exchange_begun(struct kp_exchange *exchange, const struct kp_http_request *head)
{
	const struct kp_connections *owner = exchange->connection->owner;
	exchange->message.head = *head;
	exchange->started_us = kp_loop_now_us(owner->loop);
	kp_buffer_init(
		&exchange->body, &exchange->arena, owner->options.exchange_bytes_max);
}

enum kp_status
kp_exchange_add_body(struct kp_exchange *exchange, struct kp_slice piece)
{
	kp_buffer_add_slice(&exchange->body, piece);
	return exchange->body.failed ? KP_E_MEMORY : KP_OK;
}

void
kp_exchange_dispatch(struct kp_exchange *exchange)
{
	struct kp_connections *owner = exchange->connection->owner;
	exchange->message.body = kp_buffer_slice(&exchange->body);
	exchange->magic = KP_EXCHANGE_MAGIC;
	owner->busy++;
	kp_metrics_move(owner->options.metrics, KP_GAUGE_REQUESTS, 1);
	exchange->complete_us = kp_loop_now_us(owner->loop);
	kp_connection_await_turn(exchange);
}

/* The answer goes out. */

/* The write is through and the handler is too. */
static void
end_if_over(struct kp_exchange *exchange)
{
	if (exchange->magic == 0 && !exchange->sent_due) {
		exchange->carrier->over(exchange);
	}
}

void
kp_exchange_written(struct kp_exchange *exchange, enum kp_status status)
{
	exchange->sent_due = false;
	if (status != KP_OK) {
		exchange->carrier->abort(exchange);
	}
	if (exchange->magic != 0 && exchange->user != NULL &&
		exchange->user->on_sent != NULL) {
		exchange->user->on_sent(exchange->owner, status);
		return;
	}
	end_if_over(exchange);
}

static bool
without_content(const struct kp_exchange *exchange, unsigned status)
{
	return exchange->message.head.method == KP_HTTP_METHOD_HEAD || status == 204 ||
		status == 304;
}

static void
count_answer(const struct kp_exchange *exchange)
{
	const struct kp_connections *owner = exchange->connection->owner;
	enum kp_metric metric = exchange->status >= 500 ? KP_METRIC_ANSWERS_5XX
		: exchange->status >= 400               ? KP_METRIC_ANSWERS_4XX
		: exchange->status >= 300               ? KP_METRIC_ANSWERS_3XX
							: KP_METRIC_ANSWERS_2XX;
	kp_metrics_add(owner->options.metrics, metric, 1);
}

/* Without memory even for a head. */
static void
answer_failed(struct kp_exchange *exchange)
{
	exchange->answer = KP_ANSWER_COMPLETE;
	exchange->status = 503;
	exchange->carrier->abort(exchange);
	if (!exchange->refusal) {
		kp_exchange_sent_nothing(exchange);
	}
}

static void
start(struct kp_exchange *exchange, struct kp_answer_head *head,
	const struct kp_slice *parts, size_t part_count)
{
	struct kp_slice path = exchange->refusal ? (struct kp_slice){NULL, 0}
						 : exchange->message.head.path;
	head->without_content = without_content(exchange, head->status);
	head->always_count =
		kp_answer_headers(&exchange->connection->owner->options.notice, path,
			head->own, head->own_count, head->always);
	exchange->sent_due = true;
	if (!exchange->carrier->start(exchange, head, parts, part_count)) {
		exchange->sent_due = false;
		answer_failed(exchange);
		return;
	}
	exchange->status = head->status;
	count_answer(exchange);
}

/* The handler finishes at once, and its bytes go with it. */
static bool
join(struct kp_exchange *exchange, const struct kp_slice *parts, size_t count,
	size_t bytes, struct kp_slice *ret_part)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &exchange->arena, ANSWER_BYTES_MAX);
	(void)kp_buffer_reserve(&buffer, bytes);
	for (size_t i = 0; i < count; i++) {
		kp_buffer_add_slice(&buffer, parts[i]);
	}
	*ret_part = kp_buffer_slice(&buffer);
	return !buffer.failed;
}

static void
answer(struct kp_exchange *exchange, struct kp_answer_head *head,
	const struct kp_slice *parts, size_t part_count)
{
	struct kp_slice joined;
	head->body_bytes = 0;
	for (size_t i = 0; i < part_count; i++) {
		head->body_bytes += parts[i].len;
	}
	if (without_content(exchange, head->status) || head->body_bytes == 0) {
		part_count = 0;
	} else if (exchange->user == NULL) {
		if (!join(exchange, parts, part_count, head->body_bytes, &joined)) {
			answer_failed(exchange);
			return;
		}
		parts = &joined;
		part_count = 1;
	}
	exchange->answer = KP_ANSWER_COMPLETE;
	start(exchange, head, parts, part_count);
}

/* A client that left gets nothing; whoever attends still hears that nothing was sent. */
static bool
client_left(struct kp_exchange *exchange)
{
	if (exchange->carrier->open(exchange)) {
		return false;
	}
	kp_exchange_sent_nothing(exchange);
	return true;
}

void
kp_exchange_answer(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count,
	const struct kp_slice *parts, size_t part_count)
{
	struct kp_answer_head head = {
		.status = status, .own = headers, .own_count = header_count};
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC &&
		exchange->answer == KP_ANSWER_NONE);
	if (client_left(exchange)) {
		exchange->answer = KP_ANSWER_COMPLETE;
		exchange->status = status;
		return;
	}
	answer(exchange, &head, parts, part_count);
}

void
kp_exchange_begin(struct kp_exchange *exchange, unsigned status,
	const struct kp_exchange_header *headers, size_t header_count)
{
	struct kp_answer_head head = {.status = status,
		.own = headers,
		.own_count = header_count,
		.body_bytes = KP_EXCHANGE_STREAM};
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC &&
		exchange->answer == KP_ANSWER_NONE);
	exchange->answer = KP_ANSWER_BEGUN;
	if (!client_left(exchange)) {
		start(exchange, &head, NULL, 0);
	}
}

void
kp_exchange_send(struct kp_exchange *exchange, const struct kp_slice *parts,
	size_t part_count, bool last)
{
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC &&
		exchange->answer == KP_ANSWER_BEGUN && !exchange->sent_due);
	if (client_left(exchange)) {
		return;
	}
	exchange->sent_due = true;
	if (without_content(exchange, exchange->status)) {
		part_count = 0;
	}
	if (!exchange->carrier->send(exchange, parts, part_count, last)) {
		exchange->carrier->abort(exchange);
		kp_exchange_sent_nothing(exchange);
		return;
	}
	if (last) {
		exchange->answer = KP_ANSWER_COMPLETE;
	}
}

void
kp_exchange_finish(struct kp_exchange **exchange_at)
{
	struct kp_exchange *exchange = *exchange_at;
	struct kp_connections *owner = exchange->connection->owner;
	KP_REQUIRE(exchange->magic == KP_EXCHANGE_MAGIC);
	*exchange_at = NULL;
	exchange->magic = 0;
	exchange->user = NULL;
	kp_connection_leave_turn(exchange);
	owner->busy--;
	kp_metrics_move(owner->options.metrics, KP_GAUGE_REQUESTS, -1);
	kp_metrics_add(owner->options.metrics, KP_METRIC_REQUESTS, 1);
	kp_metrics_observe(owner->options.metrics, KP_HISTOGRAM_REQUEST,
		kp_loop_now_us(owner->loop) - exchange->started_us);
	if (exchange->answer != KP_ANSWER_COMPLETE) {
		exchange->carrier->abort(exchange);
	}
	end_if_over(exchange);
}

void
kp_exchange_refuse(
	struct kp_exchange *exchange, enum kp_status status, const char *detail)
{
	struct kp_buffer body;
	exchange->refusal = true;
	kp_metrics_add(exchange->connection->owner->options.metrics,
		KP_METRIC_REQUESTS_REFUSED, 1);
	kp_buffer_init(&body, &exchange->arena, REFUSAL_BYTES_MAX);
	struct kp_problem problem = {.status = status, .detail = kp_slice_from(detail)};
	kp_problem_write(&body, &problem);
	if (body.failed) {
		answer_failed(exchange);
		return;
	}
	struct kp_slice part = kp_buffer_slice(&body);
	struct kp_answer_head head = {
		.status = (unsigned)kp_status_info(status)->http,
		.own = &kp_problem_content_type,
		.own_count = 1,
	};
	answer(exchange, &head, &part, 1);
}
