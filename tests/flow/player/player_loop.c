/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_loop: loops, timers and tasks on the virtual clock (io/loop.h, io/runtime.h). */
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"
#include "io/runtime.h"
#include "player/world.h"

struct queue {
	struct kp_task *first;
	struct kp_task *last;
};

struct kp_loop {
	unsigned index;
	bool stopped;
	struct queue posted;
	struct queue deferred;
	struct queue next_turn;
};

static struct {
	uint64_t now_us;
	int64_t wall_base_ms;
	uint64_t random;
	uint64_t turn;
	struct kp_loop *loops[WORLD_LOOPS_MAX];
	struct kp_loop *current;
	struct {
		struct kp_timer *timer;
		struct kp_loop *loop;
	} timers[WORLD_TIMERS_MAX]; /* armed ones, in order of arming */
	uint32_t timer_count;
	const struct kp_runtime_options *runtime;
	world_script_fn script;
	void *script_context;
} world = {.wall_base_ms = 1795420800000 /* 2026-11-23T08:00:00Z */, .random = 42};

/* --- queues --- */

static void
push(struct queue *queue, struct kp_task *task)
{
	if (task->queued) {
		return;
	}
	task->queued = true;
	task->next = NULL;
	if (queue->last != NULL) {
		queue->last->next = task;
	} else {
		queue->first = task;
	}
	queue->last = task;
}

static struct kp_task *
pop(struct queue *queue)
{
	struct kp_task *task = queue->first;
	if (task != NULL) {
		queue->first = task->next;
		if (queue->first == NULL) {
			queue->last = NULL;
		}
		task->next = NULL;
		task->queued = false;
	}
	return task;
}

static bool
drop(struct queue *queue, struct kp_task *task)
{
	struct kp_task *before = NULL;
	for (struct kp_task *at = queue->first; at != NULL; before = at, at = at->next) {
		if (at != task) {
			continue;
		}
		if (before != NULL) {
			before->next = at->next;
		} else {
			queue->first = at->next;
		}
		if (queue->last == at) {
			queue->last = before;
		}
		task->next = NULL;
		task->queued = false;
		return true;
	}
	return false;
}

/* --- io/loop.h --- */

enum kp_status
kp_loop_create(unsigned index, struct kp_loop **ret_loop, struct kp_error *err)
{
	if (index >= WORLD_LOOPS_MAX) {
		return kp_error_set(
			err, KP_E_LIMIT, "the player has %d loops", WORLD_LOOPS_MAX);
	}
	struct kp_loop *loop = kp_heap_calloc(1, sizeof(*loop));
	if (loop == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a loop");
	}
	loop->index = index;
	world.loops[index] = loop;
	*ret_loop = loop;
	return KP_OK;
}

void
kp_loop_destroy(struct kp_loop **loop)
{
	if (*loop != NULL) {
		KP_REQUIRE((*loop)->posted.first == NULL &&
			(*loop)->deferred.first == NULL &&
			(*loop)->next_turn.first == NULL);
		world.loops[(*loop)->index] = NULL;
		kp_heap_free(*loop);
		*loop = NULL;
	}
}

void
kp_loop_stop(struct kp_loop *loop)
{
	loop->stopped = true;
}

unsigned
kp_loop_index(const struct kp_loop *loop)
{
	return loop->index;
}

bool
kp_loop_is_current(const struct kp_loop *loop)
{
	return world.current == NULL || world.current == loop;
}

uint64_t
kp_loop_now_us(const struct kp_loop *loop)
{
	(void)loop;
	return world.now_us;
}

uint64_t
kp_loop_clock_us(const struct kp_loop *loop)
{
	(void)loop;
	return world.now_us;
}

int64_t
kp_loop_wall_ms(const struct kp_loop *loop)
{
	(void)loop;
	return world.wall_base_ms + (int64_t)(world.now_us / 1000);
}

/* SplitMix64: the same ids in every run. */
void
kp_loop_random(struct kp_loop *loop, unsigned char *bytes, size_t len)
{
	(void)loop;
	for (size_t i = 0; i < len; i++) {
		uint64_t z = (world.random += 0x9e3779b97f4a7c15);
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		bytes[i] = (unsigned char)(z >> 33);
	}
}

void
kp_loop_post(struct kp_loop *loop, struct kp_task *task)
{
	push(&loop->posted, task);
}

void
kp_loop_defer(struct kp_loop *loop, struct kp_task *task)
{
	push(&loop->deferred, task);
}

void
kp_loop_undefer(struct kp_loop *loop, struct kp_task *task)
{
	if (task->queued && !drop(&loop->deferred, task)) {
		(void)drop(&loop->next_turn, task);
	}
}

void
kp_loop_next_turn(struct kp_loop *loop, struct kp_task *task)
{
	push(&loop->next_turn, task);
}

uint64_t
kp_loop_turn(const struct kp_loop *loop)
{
	(void)loop;
	return world.turn;
}

void
world_later(struct kp_loop *loop, struct kp_task *task)
{
	push(&loop->posted, task);
}

void
kp_timer_start(struct kp_loop *loop, struct kp_timer *timer, uint64_t delay_us)
{
	kp_timer_stop(loop, timer);
	KP_REQUIRE(world.timer_count < WORLD_TIMERS_MAX);
	timer->due_us = world.now_us + delay_us;
	timer->armed = true;
	world.timers[world.timer_count].timer = timer;
	world.timers[world.timer_count++].loop = loop;
}

void
kp_timer_stop(struct kp_loop *loop, struct kp_timer *timer)
{
	(void)loop;
	uint32_t i = 0;
	if (!timer->armed) {
		return;
	}
	while (world.timers[i].timer != timer) {
		i++;
	}
	/* Order of arming is kept: equal due times fire in that order. */
	world.timer_count--;
	memmove(&world.timers[i], &world.timers[i + 1],
		(world.timer_count - i) * sizeof(world.timers[0]));
	timer->armed = false;
}

/* Place of the timer that fires next; timer_count when none is armed. */
static uint32_t
earliest(void)
{
	uint32_t first = world.timer_count;
	for (uint32_t i = 0; i < world.timer_count; i++) {
		if (first == world.timer_count ||
			world.timers[i].timer->due_us <
				world.timers[first].timer->due_us) {
			first = i;
		}
	}
	return first;
}

static bool
fire_due(void)
{
	uint32_t i = earliest();
	if (i == world.timer_count || world.timers[i].timer->due_us > world.now_us) {
		return false;
	}
	struct kp_timer *timer = world.timers[i].timer;
	struct kp_loop *loop = world.timers[i].loop;
	kp_timer_stop(loop, timer);
	world.current = loop;
	timer->fire(timer);
	world.current = NULL;
	return true;
}

/* --- running --- */

static bool
run_queue(struct kp_loop *loop, struct queue *queue)
{
	struct kp_task *task = pop(queue);
	if (task == NULL) {
		return false;
	}
	world.current = loop;
	task->run(task);
	world.current = NULL;
	return true;
}

/* What waited for this turn; one that waits again waits for another. */
static void
begin_turn(struct kp_loop *loop)
{
	struct queue ripe = loop->next_turn;
	struct kp_task *task;
	loop->next_turn = (struct queue){NULL, NULL};
	while ((task = pop(&ripe)) != NULL) {
		push(&loop->deferred, task);
	}
}

static bool
run_something(void)
{
	bool ran = false;
	world.turn++;
	for (unsigned i = 0; i < WORLD_LOOPS_MAX; i++) {
		struct kp_loop *loop = world.loops[i];
		if (loop != NULL) {
			begin_turn(loop);
		}
		while (loop != NULL &&
			(run_queue(loop, &loop->posted) ||
				run_queue(loop, &loop->deferred))) {
			ran = true;
		}
	}
	return ran || fire_due() || world_run_work();
}

void
world_settle(void)
{
	/* A loop that posts to itself for ever is a fault of the gateway, not a reason to
	 * hang. */
	for (unsigned long turns = 0; run_something(); turns++) {
		KP_REQUIRE(turns < 10000000);
	}
}

bool
world_next_timer(uint64_t *ret_us)
{
	uint32_t i = earliest();
	if (i < world.timer_count) {
		*ret_us = world.timers[i].timer->due_us;
	}
	return i < world.timer_count;
}

void
world_advance(uint64_t us)
{
	uint64_t until = world.now_us + us;
	uint64_t due;
	world_settle();
	while (world_next_timer(&due) && due <= until) {
		if (due > world.now_us) {
			world.now_us = due;
		}
		world_settle();
	}
	world.now_us = until;
	world_settle();
}

uint64_t
world_now_us(void)
{
	return world.now_us;
}

void
world_set_wall_ms(int64_t wall_ms)
{
	world.wall_base_ms = wall_ms - (int64_t)(world.now_us / 1000);
}

struct kp_loop *
world_loop(unsigned index)
{
	return index < WORLD_LOOPS_MAX ? world.loops[index] : NULL;
}

void
kp_loop_run(struct kp_loop *loop)
{
	while (!loop->stopped) {
		uint64_t due;
		world_settle();
		if (loop->stopped || !world_next_timer(&due)) {
			return;
		}
		world_advance(due > world.now_us ? due - world.now_us : 0);
	}
}

/* --- io/runtime.h --- */

void
kp_runtime_hold_signals(void)
{
}

enum kp_status
kp_runtime_prepare(struct kp_error *err)
{
	(void)err;
	return KP_OK;
}

/* A virtual world has no swap. */
bool
kp_runtime_lock_memory(void)
{
	return true;
}

void
world_set_script(world_script_fn script, void *context)
{
	world.script = script;
	world.script_context = context;
}

void
world_signal(enum kp_signal signal)
{
	KP_REQUIRE(world.runtime != NULL);
	world.runtime->on_signal(world.runtime->context, signal);
}

bool
world_running(void)
{
	return world.runtime != NULL;
}

bool
world_all_stopped(void)
{
	for (unsigned i = 0; i < WORLD_LOOPS_MAX; i++) {
		if (world.loops[i] != NULL && !world.loops[i]->stopped) {
			return false;
		}
	}
	return true;
}

/* Stops the gateway as an operator would, and gives it virtual minutes to do so. */
static void
stop_in_order(void)
{
	for (int minute = 0; minute < 10 && !world_all_stopped(); minute++) {
		world_signal(KP_SIGNAL_STOP);
		world_advance(60 * 1000000UL);
	}
	KP_REQUIRE(world_all_stopped());
}

enum kp_status
kp_runtime_run(const struct kp_runtime_options *options, struct kp_error *err)
{
	(void)err;
	world.runtime = options;
	world_settle();
	world.script(world.script_context);
	stop_in_order();
	world_settle();
	world.runtime = NULL;
	return KP_OK;
}
