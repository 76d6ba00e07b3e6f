/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fake_loop: see fake_loop.h. */
#include "support/fake_loop.h"

#include <stdlib.h>

#define TASKS_MAX 1000000u

struct kp_loop {
	unsigned index;
	uint64_t now_us;
	uint64_t seed;
	uint64_t turn;
	struct kp_task *first;
	struct kp_task *last;
	struct kp_timer *timers; /* armed ones, in no order */
};

enum kp_status
kp_loop_create(unsigned index, struct kp_loop **ret_loop, struct kp_error *err)
{
	struct kp_loop *loop = calloc(1, sizeof(*loop));
	if (loop == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a loop");
	}
	loop->index = index;
	loop->now_us = KP_FAKE_START_US;
	loop->seed = 0x9e3779b97f4a7c15;
	*ret_loop = loop;
	return KP_OK;
}

void
kp_loop_destroy(struct kp_loop **loop)
{
	free(*loop);
	*loop = NULL;
}

void
kp_loop_run(struct kp_loop *loop)
{
	kp_fake_loop_settle(loop);
}

void
kp_loop_stop(struct kp_loop *loop)
{
	(void)loop;
}

unsigned
kp_loop_index(const struct kp_loop *loop)
{
	return loop->index;
}

bool
kp_loop_is_current(const struct kp_loop *loop)
{
	return loop != NULL;
}

uint64_t
kp_loop_now_us(const struct kp_loop *loop)
{
	return loop->now_us;
}

uint64_t
kp_loop_clock_us(const struct kp_loop *loop)
{
	return loop->now_us;
}

int64_t
kp_loop_wall_ms(const struct kp_loop *loop)
{
	return KP_FAKE_WALL_MS + (int64_t)((loop->now_us - KP_FAKE_START_US) / 1000);
}

/* splitmix64: the same bytes in every run. */
void
kp_loop_random(struct kp_loop *loop, unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		loop->seed += 0x9e3779b97f4a7c15;
		uint64_t mixed = (loop->seed ^ (loop->seed >> 30)) * 0xbf58476d1ce4e5b9;
		bytes[i] = (unsigned char)(mixed >> 56);
	}
}

void
kp_loop_defer(struct kp_loop *loop, struct kp_task *task)
{
	if (task->queued) {
		return;
	}
	task->queued = true;
	task->next = NULL;
	if (loop->last == NULL) {
		loop->first = task;
	} else {
		loop->last->next = task;
	}
	loop->last = task;
}

void
kp_loop_post(struct kp_loop *loop, struct kp_task *task)
{
	kp_loop_defer(loop, task);
}

/* There are no sockets to look at in between. */
void
kp_loop_next_turn(struct kp_loop *loop, struct kp_task *task)
{
	loop->turn++;
	kp_loop_defer(loop, task);
}

uint64_t
kp_loop_turn(const struct kp_loop *loop)
{
	return loop->turn;
}

void
kp_loop_undefer(struct kp_loop *loop, struct kp_task *task)
{
	struct kp_task *before = NULL;
	for (struct kp_task *at = loop->first; at != NULL; before = at, at = at->next) {
		if (at != task) {
			continue;
		}
		if (before == NULL) {
			loop->first = task->next;
		} else {
			before->next = task->next;
		}
		if (loop->last == task) {
			loop->last = before;
		}
		break;
	}
	task->queued = false;
}

void
kp_fake_loop_settle(struct kp_loop *loop)
{
	loop->turn++;
	for (unsigned ran = 0; loop->first != NULL; ran++) {
		KP_REQUIRE(ran < TASKS_MAX);
		struct kp_task *task = loop->first;
		loop->first = task->next;
		if (loop->first == NULL) {
			loop->last = NULL;
		}
		task->queued = false;
		task->run(task);
	}
}

void
kp_timer_start(struct kp_loop *loop, struct kp_timer *timer, uint64_t delay_us)
{
	kp_timer_stop(loop, timer);
	timer->due_us = loop->now_us + delay_us;
	timer->armed = true;
	timer->prev = NULL;
	timer->next = loop->timers;
	if (timer->next != NULL) {
		timer->next->prev = timer;
	}
	loop->timers = timer;
}

void
kp_timer_stop(struct kp_loop *loop, struct kp_timer *timer)
{
	if (!timer->armed) {
		return;
	}
	if (timer->prev == NULL) {
		loop->timers = timer->next;
	} else {
		timer->prev->next = timer->next;
	}
	if (timer->next != NULL) {
		timer->next->prev = timer->prev;
	}
	timer->armed = false;
}

static struct kp_timer *
earliest(const struct kp_loop *loop)
{
	struct kp_timer *found = loop->timers;
	for (struct kp_timer *at = found; at != NULL; at = at->next) {
		found = at->due_us < found->due_us ? at : found;
	}
	return found;
}

void
kp_fake_loop_advance(struct kp_loop *loop, uint64_t by_us)
{
	uint64_t until_us = loop->now_us + by_us;
	kp_fake_loop_settle(loop);
	for (;;) {
		struct kp_timer *timer = earliest(loop);
		if (timer == NULL || timer->due_us > until_us) {
			break;
		}
		if (timer->due_us > loop->now_us) {
			loop->now_us = timer->due_us;
		}
		kp_timer_stop(loop, timer);
		loop->turn++;
		timer->fire(timer);
		kp_fake_loop_settle(loop);
	}
	loop->now_us = until_us;
}

unsigned
kp_fake_loop_timers(const struct kp_loop *loop)
{
	unsigned count = 0;
	for (const struct kp_timer *at = loop->timers; at != NULL; at = at->next) {
		count++;
	}
	return count;
}
