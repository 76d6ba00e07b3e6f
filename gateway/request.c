/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* request: how a request begins, is woken, fails and ends. See request.h. */
#include "request.h"

#include "core/attr.h"

/* A call is told its deadline and keeps it; this is for one that does not. */
#define DEADLINE_GRACE_US ((uint64_t)20 * 1000)

static void
on_task(struct kp_task *task)
{
	kp_stages_run(KP_CONTAINER_OF(task, struct kp_request, task));
}

static void
on_deadline(struct kp_timer *timer)
{
	struct kp_request *request = KP_CONTAINER_OF(timer, struct kp_request, deadline);
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	request->expired = true;
	kp_request_wake(request);
}

static void
on_gone(void *owner)
{
	struct kp_request *request = owner;
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	request->gone = true;
	kp_request_wake(request);
}

static void
on_sent(void *owner, enum kp_status status)
{
	struct kp_request *request = owner;
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	kp_once_complete(&request->answer.sending);
	request->outstanding--;
	request->answer.sent_status = status;
	kp_request_wake(request);
}

static const struct kp_exchange_user exchange_user = {
	.on_sent = on_sent,
	.on_gone = on_gone,
};

/* No request could be made: the least that is an answer, from fixed bytes. */
static void
answer_without_memory(struct kp_exchange *exchange)
{
	static const struct kp_exchange_header header = {
		KP_SLICE_INIT("Content-Type"), KP_SLICE_INIT("application/problem+json")};
	static const struct kp_slice body = KP_SLICE_INIT(
		"{\"type\":\"urn:ketenpoort:probleem:memory\",\"status\":503,"
		"\"title\":\"Geen geheugen beschikbaar\",\"detail\":\"Voor deze vraag "
		"was geen geheugen meer over. Probeer het later opnieuw.\","
		"\"code\":\"memory\"}");
	kp_exchange_answer(exchange, 503, &header, 1, &body, 1);
	kp_exchange_finish(&exchange);
}

void
kp_request_accept(struct kp_exchange *exchange, struct kp_snapshot_view *view)
{
	struct kp_request *request =
		KP_ARENA_NEW(kp_exchange_arena(exchange), struct kp_request);
	if (request == NULL) {
		answer_without_memory(exchange);
		return;
	}
	const struct kp_path_config *config = &view->snapshot->config;
	kp_snapshot_view_ref(view);
	request->exchange = exchange;
	request->view = view;
	request->task.run = on_task;
	request->deadline.fire = on_deadline;
	/* Waiting for its turn is part of the time the question has. */
	uint64_t waited_us = kp_exchange_waited_us(exchange);
	request->started_us = kp_loop_now_us(view->loop) - waited_us;
	request->started_ms = kp_loop_wall_ms(view->loop) - (int64_t)(waited_us / 1000);
	request->deadline_us =
		request->started_us + (uint64_t)config->budget_ms_default * 1000;
	kp_instant_write(request->started_ms, request->now);
	kp_arena_init(&request->arena, config->request_bytes_max, &view->pool);
	request->magic = KP_REQUEST_MAGIC;
	kp_metrics_move(view->metrics, KP_GAUGE_QUERIES, 1);
	kp_exchange_attend(exchange, &exchange_user, request);
	kp_request_wake(request);
}

void
kp_request_wake(struct kp_request *request)
{
	kp_loop_defer(request->view->loop, &request->task);
}

void
kp_request_set_deadline(struct kp_request *request, uint64_t deadline_us)
{
	struct kp_loop *loop = request->view->loop;
	uint64_t now_us = kp_loop_now_us(loop);
	uint64_t left_us = deadline_us > now_us ? deadline_us - now_us : 0;
	request->deadline_us = deadline_us;
	kp_timer_start(loop, &request->deadline, left_us + DEADLINE_GRACE_US);
}

enum kp_stage_result
kp_request_fail(struct kp_request *request, enum kp_status status, const char *message,
	struct kp_slice detail)
{
	/* What went wrong first is what the record says, except that a question that
	 * could not be recorded may not be answered in any other way. */
	if (!request->failed || status == KP_E_AUDIT) {
		(void)kp_error_set(&request->error, status, "%s", message);
		request->detail = detail;
		request->failed_stage = request->stage;
		request->failed = true;
	}
	return KP_STAGE_FAIL;
}

void
kp_request_end(struct kp_request *request)
{
	KP_REQUIRE(request->outstanding == 0);
	struct kp_exchange *exchange = request->exchange;
	struct kp_snapshot_view *view = request->view;
	kp_timer_stop(view->loop, &request->deadline);
	kp_loop_undefer(view->loop, &request->task);
	request->magic = 0;
	kp_arena_deinit(&request->arena);
	kp_exchange_finish(&exchange);
	kp_snapshot_view_unref(&view);
}

struct kp_slice
kp_request_responsible(const struct kp_request *request)
{
	const struct kp_identity *identity = &request->identity;
	return identity->on_behalf_of.len > 0 ? identity->on_behalf_of
					      : identity->organisation;
}

const struct kp_path_config *
kp_request_config(const struct kp_request *request)
{
	return &request->view->snapshot->config;
}

const struct kp_http_request *
kp_request_head(const struct kp_request *request)
{
	return &kp_exchange_message(request->exchange)->head;
}
