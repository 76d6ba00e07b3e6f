/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sql_gauge: see sql_odbc.h. */
#include "core/heap.h"
#include "io/sql_odbc.h"

/* Of the loop and of the threads, under the lock. */
struct kp_sql_gauge {
	pthread_mutex_t lock;
	unsigned refs; /* target, threads, `task` when posted */
	unsigned threads;
	struct kp_sql_target *target; /* NULL: closed, and its loop may be gone */
	struct kp_task task;
	bool posted;
};

/* The lock is held, and given back. */
static void
unref(struct kp_sql_gauge *gauge)
{
	unsigned left = --gauge->refs;
	(void)pthread_mutex_unlock(&gauge->lock);
	if (left == 0) {
		(void)pthread_mutex_destroy(&gauge->lock);
		kp_heap_free(gauge);
	}
}

static void
on_thread_gone(struct kp_task *task)
{
	struct kp_sql_gauge *gauge = KP_CONTAINER_OF(task, struct kp_sql_gauge, task);
	(void)pthread_mutex_lock(&gauge->lock);
	struct kp_sql_target *target = gauge->target;
	gauge->posted = false;
	if (target != NULL) {
		target->connection_count = gauge->threads;
	}
	unref(gauge);
	if (target != NULL) {
		kp_sql_target_serve(target);
	}
}

struct kp_sql_gauge *
kp_sql_gauge_create(struct kp_sql_target *target)
{
	struct kp_sql_gauge *gauge = kp_heap_calloc(1, sizeof(*gauge));
	if (gauge == NULL || pthread_mutex_init(&gauge->lock, NULL) != 0) {
		kp_heap_free(gauge);
		return NULL;
	}
	gauge->refs = 1;
	gauge->target = target;
	gauge->task.run = on_thread_gone;
	return gauge;
}

void
kp_sql_gauge_close(struct kp_sql_gauge **gauge_at)
{
	struct kp_sql_gauge *gauge = *gauge_at;
	*gauge_at = NULL;
	if (gauge != NULL) {
		(void)pthread_mutex_lock(&gauge->lock);
		gauge->target = NULL;
		unref(gauge);
	}
}

void
kp_sql_gauge_enter(struct kp_sql_gauge *gauge)
{
	(void)pthread_mutex_lock(&gauge->lock);
	gauge->refs++;
	gauge->threads++;
	(void)pthread_mutex_unlock(&gauge->lock);
}

void
kp_sql_gauge_leave(struct kp_sql_gauge *gauge, bool abandoned)
{
	(void)pthread_mutex_lock(&gauge->lock);
	gauge->threads--;
	if (abandoned && gauge->target != NULL && !gauge->posted) {
		gauge->posted = true;
		gauge->refs++;
		kp_loop_post(gauge->target->loop, &gauge->task);
	}
	unref(gauge);
}

uint32_t
kp_sql_gauge_threads(struct kp_sql_gauge *gauge)
{
	if (gauge == NULL) {
		return 0;
	}
	(void)pthread_mutex_lock(&gauge->lock);
	uint32_t threads = gauge->threads;
	(void)pthread_mutex_unlock(&gauge->lock);
	return threads;
}
