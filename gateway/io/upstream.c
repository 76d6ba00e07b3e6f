/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream: calls to partners, from start to on_done. See upstream.h for the contract and
 * upstream_private.h for how the work is divided.
 *
 * A call waits in its target's queue, runs on a connection, and is finished: by its
 * answer, a fault, a timer, a cancel or a refusing handler. Whatever finished it, one
 * task, run by the loop outside every callback, takes the connection back and tells
 * on_done.
 */
#include "io/upstream.h"

#include "core/heap.h"
#include "io/upstream_private.h"

/* Lists of calls. */

static void
push(struct kp_call_list *list, struct kp_upstream_call *call)
{
	call->next = NULL;
	call->prev = list->last;
	*(list->last == NULL ? &list->first : &list->last->next) = call;
	list->last = call;
	list->count++;
}

static void
unlink_call(struct kp_call_list *list, struct kp_upstream_call *call)
{
	*(call->prev == NULL ? &list->first : &call->prev->next) = call->next;
	*(call->next == NULL ? &list->last : &call->next->prev) = call->prev;
	list->count--;
}

void
kp_upstream_wake(struct kp_upstream *upstream)
{
	kp_loop_defer(upstream->loop, &upstream->task);
}

void
kp_upstream_target_ready(struct kp_upstream_target *target)
{
	if (!target->ready && target->waiting.first != NULL) {
		struct kp_upstream *upstream = target->upstream;
		target->ready = true;
		target->next_ready = upstream->ready;
		upstream->ready = target;
		kp_upstream_wake(upstream);
	}
}

/* The end of a call. */

void
kp_upstream_call_finish(struct kp_upstream_call *call, enum kp_status status, int cause,
	const char *reason)
{
	struct kp_upstream_target *target = call->target;
	if (call->state == KP_CALL_FINISHED) {
		return;
	}
	unlink_call(call->state == KP_CALL_WAITING ? &target->waiting : &target->running,
		call);
	call->state = KP_CALL_FINISHED;
	call->status = status;
	call->cause = cause;
	call->reason = reason;
	push(&target->upstream->finished, call);
	kp_upstream_wake(target->upstream);
}

void
kp_upstream_call_again(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	unlink_call(&target->running, call);
	call->state = KP_CALL_WAITING;
	call->connection = NULL;
	call->fresh = true;
	/* It has waited its turn once: to the front. */
	call->prev = NULL;
	call->next = target->waiting.first;
	*(call->next == NULL ? &target->waiting.last : &call->next->prev) = call;
	target->waiting.first = call;
	target->waiting.count++;
	kp_upstream_target_ready(target);
}

static void
tell_done(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	struct kp_error err = {0};
	uint64_t now_us = kp_loop_now_us(target->upstream->loop);
	call->timing.total_us = now_us - call->started_us;
	call->timing.reused = call->first_seen && !call->opened;
	if (call->status != KP_OK) {
		(void)kp_error_set(&err, call->status, "%s",
			call->reason != NULL ? call->reason
					     : "the answer was not accepted");
		err.cause = call->cause;
		kp_error_at(&err, target->name, 0, 0, NULL);
	}
	call->handler->on_done(call->owner, call->status, &call->timing, &err);
}

static void
settle(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	struct kp_upstream *upstream = target->upstream;
	KP_REQUIRE(call->magic == KP_UPSTREAM_CALL_MAGIC &&
		call->state == KP_CALL_FINISHED && !upstream->inside_start);
	unlink_call(&upstream->finished, call);
	kp_upstream_connection_leave(call);
	kp_timer_stop(upstream->loop, &call->timer);
	kp_upstream_target_ready(target);
	tell_done(call);
	*call = (struct kp_upstream_call){.next = upstream->spare};
	upstream->spare = call;
	target->calls--;
	if (--upstream->calls == 0) {
		kp_loop_unhold(upstream->loop);
	}
	if (target->closed && target->calls == 0) {
		upstream->closing = true;
		kp_upstream_wake(upstream);
	}
}

static void
on_deadline(struct kp_timer *timer)
{
	struct kp_upstream_call *call =
		KP_CONTAINER_OF(timer, struct kp_upstream_call, timer);
	struct kp_loop *loop = call->target->upstream->loop;
	uint64_t now_us = kp_loop_now_us(loop);
	if (now_us >= call->deadline_us) {
		kp_upstream_call_finish(call, KP_E_TIMEOUT, 0,
			call->state == KP_CALL_WAITING
				? "no connection became free in time"
				: "no complete answer came in time");
		return;
	}
	if (call->connection != NULL && call->connection->socket != NULL) {
		kp_timer_start(loop, timer, call->deadline_us - now_us);
	} else {
		kp_upstream_call_finish(call, KP_E_SOURCE_UNREACHABLE, 0,
			"no connection came about in time");
	}
}

static void
run_call(struct kp_upstream_call *call)
{
	struct kp_upstream_target *target = call->target;
	call->timing.waited_us =
		kp_loop_now_us(target->upstream->loop) - call->started_us;
	if (!target->literal && target->resolved_text == NULL) {
		kp_upstream_call_finish(call, KP_E_SOURCE_UNREACHABLE, 0,
			"the partner's name has no address");
		return;
	}
	unlink_call(&target->waiting, call);
	push(&target->running, call);
	call->state = KP_CALL_RUNNING;
	if (!kp_upstream_connection_take(call)) {
		kp_upstream_call_finish(call, KP_E_MEMORY, 0, "no memory for a call");
	}
}

/* The task: everything that may not happen inside a callback. */

static bool
has_room(const struct kp_upstream_target *target)
{
	return target->calls - target->waiting.count < target->connections_max;
}

static void
run_ready(struct kp_upstream *upstream)
{
	while (upstream->ready != NULL) {
		struct kp_upstream_target *target = upstream->ready;
		upstream->ready = target->next_ready;
		target->next_ready = NULL;
		target->ready = false;
		if (target->waiting.first == NULL ||
			!kp_upstream_target_resolved(target)) {
			continue;
		}
		while (target->waiting.first != NULL && has_room(target)) {
			run_call(target->waiting.first);
		}
	}
}

static void
run_kicks(struct kp_upstream *upstream)
{
	struct kp_upstream_shard *kicks = upstream->kicks;
	upstream->kicks = NULL;
	while (kicks != NULL) {
		struct kp_upstream_shard *shard = kicks;
		kicks = shard->next_kick;
		shard->next_kick = NULL;
		shard->kick = false;
		kp_upstream_shard_kick(shard);
	}
}

static void
close_if_unused(struct kp_upstream *upstream)
{
	struct kp_upstream_target *next = NULL;
	upstream->closing = false;
	for (struct kp_upstream_target *target = upstream->targets; target != NULL;
		target = next) {
		next = target->next;
		if (target->closed && target->calls == 0) {
			kp_upstream_target_free(target);
		}
	}
}

/* Only what was finished when the round began: what on_done starts comes later. */
static void
run_finished(struct kp_upstream *upstream)
{
	for (uint32_t left = upstream->finished.count; left > 0; left--) {
		settle(upstream->finished.first);
	}
}

static void
run_task(struct kp_task *task)
{
	struct kp_upstream *upstream = KP_CONTAINER_OF(task, struct kp_upstream, task);
	run_finished(upstream);
	run_ready(upstream);
	run_kicks(upstream);
	if (upstream->closing) {
		close_if_unused(upstream);
		kp_upstream_release(upstream);
	}
}

/* Start and cancel. */

static struct kp_upstream_call *
take_call(struct kp_upstream *upstream)
{
	struct kp_upstream_call *call = upstream->spare;
	if (call == NULL) {
		return kp_heap_calloc(1, sizeof(*call));
	}
	upstream->spare = call->next;
	call->next = NULL;
	return call;
}

enum kp_status
kp_upstream_start(struct kp_upstream_target *target,
	const struct kp_upstream_request *request,
	const struct kp_upstream_handler *handler, void *owner,
	struct kp_upstream_call **ret_call)
{
	struct kp_upstream *upstream = target->upstream;
	KP_REQUIRE(!target->closed);
	if (!kp_upstream_request_valid(request)) {
		return KP_E_INVALID;
	}
	if (target->calls >= (uint64_t)target->connections_max + target->waiting_max) {
		return KP_E_BUSY;
	}
	struct kp_upstream_call *call = take_call(upstream);
	if (call == NULL) {
		return KP_E_MEMORY;
	}
	uint64_t now_us = kp_loop_now_us(upstream->loop);
	*call = (struct kp_upstream_call){
		.target = target,
		.request = request,
		.handler = handler,
		.owner = owner,
		.started_us = now_us,
		.deadline_us = now_us + (uint64_t)request->timeout_ms * 1000,
		.timer.fire = on_deadline,
	};
	upstream->inside_start = true;
	push(&target->waiting, call);
	target->calls++;
	target->started++;
	if (upstream->calls++ == 0) {
		kp_loop_hold(upstream->loop);
	}
	kp_timer_start(
		upstream->loop, &call->timer, (uint64_t)request->timeout_ms * 1000);
	kp_upstream_target_ready(target);
	call->magic = KP_UPSTREAM_CALL_MAGIC;
	upstream->inside_start = false;
	*ret_call = call;
	return KP_OK;
}

void
kp_upstream_cancel(struct kp_upstream_call *call)
{
	KP_REQUIRE(call->magic == KP_UPSTREAM_CALL_MAGIC);
	kp_upstream_call_finish(call, KP_E_CANCELLED, 0, "the call was cancelled");
}

void
kp_upstream_target_counts(
	const struct kp_upstream_target *target, struct kp_upstream_counts *ret_counts)
{
	*ret_counts = (struct kp_upstream_counts){
		.started = target->started,
		.connections_opened = target->connections_opened,
		.active = target->running.count,
		.waiting = target->waiting.count,
	};
}

/* Life. */

void
kp_upstream_target_close(struct kp_upstream_target **target_at)
{
	struct kp_upstream_target *target = *target_at;
	if (target == NULL) {
		return;
	}
	*target_at = NULL;
	target->closed = true;
	target->upstream->closing = true;
	kp_upstream_wake(target->upstream);
}

enum kp_status
kp_upstream_create(
	struct kp_loop *loop, struct kp_upstream **ret_upstream, struct kp_error *err)
{
	struct kp_upstream *upstream = kp_heap_calloc(1, sizeof(*upstream));
	if (upstream == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for partner calls");
	}
	upstream->loop = loop;
	upstream->task.run = run_task;
	*ret_upstream = upstream;
	return KP_OK;
}

void
kp_upstream_release(struct kp_upstream *upstream)
{
	if (!upstream->destroyed || upstream->targets != NULL ||
		upstream->sockets_open > 0) {
		return;
	}
	kp_loop_undefer(upstream->loop, &upstream->task);
	while (upstream->spare != NULL) {
		struct kp_upstream_call *call = upstream->spare;
		upstream->spare = call->next;
		kp_heap_free(call);
	}
	kp_heap_free(upstream->sockets);
	kp_heap_free(upstream);
}

static void
cancel_all(struct kp_call_list *list)
{
	while (list->first != NULL) {
		kp_upstream_cancel(list->first);
	}
}

void
kp_upstream_destroy(struct kp_upstream **upstream_at)
{
	struct kp_upstream *upstream = *upstream_at;
	if (upstream == NULL) {
		return;
	}
	*upstream_at = NULL;
	upstream->destroyed = true;
	upstream->closing = true;
	/* The targets stay until their owners, who may still wait for a worker, close
	 * them. */
	for (struct kp_upstream_target *target = upstream->targets; target != NULL;
		target = target->next) {
		cancel_all(&target->waiting);
		cancel_all(&target->running);
	}
	kp_upstream_wake(upstream);
}
