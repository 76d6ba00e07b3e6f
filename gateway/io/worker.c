/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * worker: see worker.h. Two queues under one lock. At least one thread takes only short
 * work, so long work can fill every other thread and short work still moves.
 */
#include "io/worker.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "core/heap.h"
#include "io/loop_private.h"

#define THREADS_MIN 2u
#define THREADS_MAX 64u

struct queue {
	struct kp_work *first;
	struct kp_work **last; /* where the next one is linked */
};

/* The threads that take the same work. */
struct crew {
	pthread_cond_t work;
	unsigned waiting; /* threads asleep on it */
};

struct kp_workers {
	pthread_mutex_t lock;
	struct queue lanes[2]; /* by enum kp_lane */
	struct crew short_only;
	struct crew any;
	bool closing;
	unsigned started;
	pthread_t threads[THREADS_MAX];
};

static struct kp_work *
pop(struct queue *queue)
{
	struct kp_work *work = queue->first;
	if (work != NULL) {
		queue->first = work->next;
		work->next = NULL;
		if (queue->first == NULL) {
			queue->last = &queue->first;
		}
	}
	return work;
}

/* True when the stack has to be wiped. */
static bool
run(struct kp_work *work)
{
	/* Work nobody waits for may be gone or queued again when it has run. */
	struct kp_loop *loop = work->loop;
	bool personal = !work->impersonal;
	work->run(work);
	if (loop != NULL) {
		kp_loop_post(loop, &work->task);
	}
	return personal;
}

/* A thread that wakes does not push a loop off its processor: it waits for the loop's
 * turn to end, and finds more to do at once then. */
static void
be_patient(void)
{
	const struct sched_param none = {0};
	(void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

/* Before a thread waits: what it worked on may lie on its stack. */
static void
rest(struct kp_workers *workers)
{
	(void)pthread_mutex_unlock(&workers->lock);
	kp_wipe_stack();
	(void)pthread_mutex_lock(&workers->lock);
}

/* The next work for that crew; NULL: none. */
static struct kp_work *
take(struct kp_workers *workers, const struct crew *crew)
{
	struct kp_work *work = NULL;
	if (crew == &workers->any) {
		work = pop(&workers->lanes[KP_LANE_LONG]);
	}
	return work != NULL ? work : pop(&workers->lanes[KP_LANE_SHORT]);
}

static void
work_in(struct kp_workers *workers, struct crew *crew)
{
	bool personal = false;
	be_patient();
	(void)pthread_mutex_lock(&workers->lock);
	for (;;) {
		struct kp_work *work = take(workers, crew);
		if (work != NULL) {
			(void)pthread_mutex_unlock(&workers->lock);
			personal = run(work) || personal;
			(void)pthread_mutex_lock(&workers->lock);
		} else if (workers->closing) {
			break;
		} else if (personal) {
			rest(workers);
			personal = false;
		} else {
			crew->waiting++;
			(void)pthread_cond_wait(&crew->work, &workers->lock);
			crew->waiting--;
		}
	}
	(void)pthread_mutex_unlock(&workers->lock);
}

static void *
short_thread(void *argument)
{
	struct kp_workers *workers = argument;
	work_in(workers, &workers->short_only);
	return NULL;
}

static void *
any_thread(void *argument)
{
	struct kp_workers *workers = argument;
	work_in(workers, &workers->any);
	return NULL;
}

/* Signals are for the main thread. */
static bool
start_threads(struct kp_workers *workers, unsigned threads)
{
	sigset_t all;
	sigset_t old;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	unsigned short_only = threads / 2;
	while (workers->started < threads) {
		void *(*body)(void *) =
			workers->started < short_only ? short_thread : any_thread;
		if (pthread_create(&workers->threads[workers->started], NULL, body,
			    workers) != 0) {
			break;
		}
		workers->started++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return workers->started == threads;
}

enum kp_status
kp_workers_create(unsigned threads, struct kp_workers **ret_workers, struct kp_error *err)
{
	struct kp_workers *workers = kp_heap_calloc(1, sizeof(*workers));
	if (workers == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for worker threads");
	}
	(void)pthread_mutex_init(&workers->lock, NULL);
	(void)pthread_cond_init(&workers->short_only.work, NULL);
	(void)pthread_cond_init(&workers->any.work, NULL);
	workers->lanes[KP_LANE_SHORT].last = &workers->lanes[KP_LANE_SHORT].first;
	workers->lanes[KP_LANE_LONG].last = &workers->lanes[KP_LANE_LONG].first;
	if (threads < THREADS_MIN) {
		threads = THREADS_MIN;
	}
	if (!start_threads(workers, threads > THREADS_MAX ? THREADS_MAX : threads)) {
		kp_workers_destroy(&workers);
		return kp_error_set(err, KP_E_MEMORY, "worker threads do not start");
	}
	*ret_workers = workers;
	return KP_OK;
}

void
kp_workers_destroy(struct kp_workers **workers_at)
{
	struct kp_workers *workers = *workers_at;
	if (workers == NULL) {
		return;
	}
	*workers_at = NULL;
	(void)pthread_mutex_lock(&workers->lock);
	workers->closing = true;
	(void)pthread_cond_broadcast(&workers->short_only.work);
	(void)pthread_cond_broadcast(&workers->any.work);
	(void)pthread_mutex_unlock(&workers->lock);
	for (unsigned i = 0; i < workers->started; i++) {
		(void)pthread_join(workers->threads[i], NULL);
	}
	(void)pthread_cond_destroy(&workers->any.work);
	(void)pthread_cond_destroy(&workers->short_only.work);
	(void)pthread_mutex_destroy(&workers->lock);
	kp_heap_free(workers);
}

static void
on_run(struct kp_task *task)
{
	struct kp_work *work = KP_CONTAINER_OF(task, struct kp_work, task);
	struct kp_loop *loop = work->loop;
	work->done(work);
	kp_loop_unhold(loop);
}

void
kp_work_start(struct kp_workers *workers, struct kp_loop *loop, enum kp_lane lane,
	struct kp_work *work)
{
	work->loop = loop;
	work->next = NULL;
	work->task = (struct kp_task){.run = on_run};
	if (loop != NULL) {
		kp_loop_hold(loop);
	}
	(void)pthread_mutex_lock(&workers->lock);
	struct queue *queue = &workers->lanes[lane];
	*queue->last = work;
	queue->last = &work->next;
	if (lane == KP_LANE_SHORT && workers->short_only.waiting > 0) {
		(void)pthread_cond_signal(&workers->short_only.work);
	} else if (workers->any.waiting > 0) {
		(void)pthread_cond_signal(&workers->any.work);
	}
	(void)pthread_mutex_unlock(&workers->lock);
}
