/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_worker: worker threads that are none: work runs when the loops have nothing to
 * do. */
#include "core/heap.h"
#include "io/worker.h"
#include "player/world.h"

struct kp_workers {
	struct kp_work *first;
	struct kp_work *last;
	struct kp_workers *next;
};

static struct kp_workers *pools;

enum kp_status
kp_workers_create(unsigned threads, struct kp_workers **ret_workers, struct kp_error *err)
{
	(void)threads;
	struct kp_workers *workers = kp_heap_calloc(1, sizeof(*workers));
	if (workers == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for workers");
	}
	workers->next = pools;
	pools = workers;
	*ret_workers = workers;
	return KP_OK;
}

static void
on_done(struct kp_task *task)
{
	struct kp_work *work = KP_CONTAINER_OF(task, struct kp_work, task);
	work->done(work);
}

static bool
run_one(struct kp_workers *workers)
{
	struct kp_work *work = workers->first;
	if (work == NULL) {
		return false;
	}
	workers->first = work->next;
	if (workers->first == NULL) {
		workers->last = NULL;
	}
	struct kp_loop *loop = work->loop; /* without a loop, run may free the work */
	work->run(work);
	if (loop != NULL) {
		work->task.run = on_done;
		kp_loop_post(loop, &work->task);
	}
	return true;
}

bool
world_run_work(void)
{
	for (struct kp_workers *workers = pools; workers != NULL;
		workers = workers->next) {
		if (run_one(workers)) {
			return true;
		}
	}
	return false;
}

void
kp_workers_destroy(struct kp_workers **workers)
{
	if (*workers == NULL) {
		return;
	}
	while (run_one(*workers)) {
	}
	struct kp_workers **at = &pools;
	while (*at != *workers) {
		at = &(*at)->next;
	}
	*at = (*workers)->next;
	kp_heap_free(*workers);
	*workers = NULL;
}

void
kp_work_start(struct kp_workers *workers, struct kp_loop *loop, enum kp_lane lane,
	struct kp_work *work)
{
	(void)lane;
	work->loop = loop;
	work->next = NULL;
	if (workers->last != NULL) {
		workers->last->next = work;
	} else {
		workers->first = work;
	}
	workers->last = work;
}
