/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_loop: timers, deferred and posted tasks, workers. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "io/loop.h"
#include "io/worker.h"

static struct kp_loop *
new_loop(void)
{
	struct kp_loop *loop = NULL;
	struct kp_error err = {0};
	assert_int_equal(kp_loop_create(3, &loop, &err), KP_OK);
	return loop;
}

/* Timers. */

#define TIMERS 2000

struct tick {
	struct kp_timer timer;
	struct kp_loop *loop;
	uint64_t due_us;
	int fired;
	uint64_t *last_due_us; /* of the timer that fired before */
	int *left;
};

static void
on_tick(struct kp_timer *timer)
{
	struct tick *tick = KP_CONTAINER_OF(timer, struct tick, timer);
	tick->fired++;
	assert_true(kp_loop_clock_us(tick->loop) >= tick->due_us);
	assert_true(tick->due_us >= *tick->last_due_us);
	*tick->last_due_us = tick->due_us;
	if (--*tick->left == 0) {
		kp_loop_stop(tick->loop);
	}
}

/* Armed, moved and stopped at random, what is left fires once, in order, never early. */
static void
timers_fire_in_order(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	struct tick *ticks = calloc(TIMERS, sizeof(*ticks));
	uint64_t last_due_us = 0;
	int left = 0;
	unsigned seed = 1;
	for (int i = 0; i < TIMERS; i++) {
		ticks[i] = (struct tick){.loop = loop,
			.timer.fire = on_tick,
			.last_due_us = &last_due_us,
			.left = &left};
	}
	for (int round = 0; round < TIMERS * 5; round++) {
		struct tick *tick = &ticks[(unsigned)rand_r(&seed) % TIMERS];
		if (rand_r(&seed) % 3 == 0) {
			kp_timer_stop(loop, &tick->timer);
			assert_false(tick->timer.armed);
		} else {
			uint64_t delay_us = (uint64_t)rand_r(&seed) % 50000 + 1;
			kp_timer_start(loop, &tick->timer, delay_us);
			tick->due_us = kp_loop_now_us(loop) + delay_us;
		}
	}
	for (int i = 0; i < TIMERS; i++) {
		left += ticks[i].timer.armed;
	}
	int armed = left;
	assert_true(armed > 0);
	kp_loop_run(loop);
	int fired = 0;
	for (int i = 0; i < TIMERS; i++) {
		assert_in_range(ticks[i].fired, 0, 1);
		fired += ticks[i].fired;
	}
	assert_int_equal(fired, armed);
	free(ticks);
	kp_loop_destroy(&loop);
}

struct again {
	struct kp_timer timer;
	struct kp_loop *loop;
	int left;
};

static void
on_again(struct kp_timer *timer)
{
	struct again *again = KP_CONTAINER_OF(timer, struct again, timer);
	if (--again->left > 0) {
		kp_timer_start(again->loop, timer, 0);
	} else {
		kp_loop_stop(again->loop);
	}
}

/* A timer that arms itself with no delay does not keep the loop from turning. */
static void
timers_may_arm_themselves(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	struct again again = {.loop = loop, .timer.fire = on_again, .left = 100};
	kp_timer_start(loop, &again.timer, 0);
	kp_loop_run(loop);
	assert_int_equal(again.left, 0);
	kp_loop_destroy(&loop);
}

static void
on_never(struct kp_timer *timer)
{
	(void)timer;
	fail();
}

static void
armed_timer_does_not_hold_a_stopped_loop(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	struct kp_timer timer = {.fire = on_never};
	kp_timer_start(loop, &timer, UINT64_MAX);
	kp_loop_stop(loop);
	kp_loop_run(loop);
	assert_true(timer.armed);
	kp_timer_stop(loop, &timer);
	kp_loop_destroy(&loop);
}

/* Deferred tasks. */

struct step {
	struct kp_task task;
	struct kp_loop *loop;
	int number;
	int *order;
	int *count;
	struct step *next; /* to defer from within */
	struct step *take; /* to take back from within */
};

static void
on_step(struct kp_task *task)
{
	struct step *step = KP_CONTAINER_OF(task, struct step, task);
	step->order[(*step->count)++] = step->number;
	if (step->next != NULL) {
		kp_loop_defer(step->loop, &step->next->task);
	}
	if (step->take != NULL) {
		kp_loop_undefer(step->loop, &step->take->task);
	}
	if (step->number == 99) {
		kp_loop_stop(step->loop);
	}
}

static void
deferred_tasks_run_once_in_order(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	int order[10] = {0};
	int count = 0;
	struct step steps[5];
	for (int i = 0; i < 5; i++) {
		steps[i] = (struct step){.task.run = on_step,
			.loop = loop,
			.number = i,
			.order = order,
			.count = &count};
	}
	steps[4].number = 99;
	steps[0].next = &steps[4];
	steps[0].take = &steps[2];
	kp_loop_defer(loop, &steps[0].task);
	kp_loop_defer(loop, &steps[1].task);
	kp_loop_defer(loop, &steps[0].task);
	kp_loop_defer(loop, &steps[2].task);
	kp_loop_defer(loop, &steps[3].task);
	kp_loop_undefer(loop, &steps[3].task);
	kp_loop_undefer(loop, &steps[3].task);
	assert_int_equal(count, 0);
	kp_loop_run(loop);
	assert_int_equal(count, 3);
	assert_int_equal(order[0], 0);
	assert_int_equal(order[1], 1);
	assert_int_equal(order[2], 99);
	kp_loop_destroy(&loop);
}

struct greedy {
	struct kp_task task;
	struct kp_timer timer;
	struct kp_loop *loop;
	bool over;
};

static void
on_greedy(struct kp_task *task)
{
	struct greedy *greedy = KP_CONTAINER_OF(task, struct greedy, task);
	if (!greedy->over) {
		kp_loop_defer(greedy->loop, task);
	}
}

static void
on_greedy_end(struct kp_timer *timer)
{
	struct greedy *greedy = KP_CONTAINER_OF(timer, struct greedy, timer);
	greedy->over = true;
	kp_loop_stop(greedy->loop);
}

static void
a_task_that_defers_itself_lets_timers_fire(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	struct greedy greedy = {
		.task.run = on_greedy, .timer.fire = on_greedy_end, .loop = loop};
	kp_timer_start(loop, &greedy.timer, 20000);
	kp_loop_defer(loop, &greedy.task);
	kp_loop_run(loop);
	assert_true(greedy.over);
	kp_loop_destroy(&loop);
}

struct put_off {
	struct kp_task task;
	struct kp_task deferred;
	struct kp_loop *loop;
	uint64_t turn;
	unsigned again;
	unsigned deferred_ran;
};

static void
on_put_off_deferred(struct kp_task *task)
{
	struct put_off *off = KP_CONTAINER_OF(task, struct put_off, deferred);
	assert_int_equal(kp_loop_turn(off->loop), off->turn);
	off->deferred_ran++;
}

static void
on_put_off(struct kp_task *task)
{
	struct put_off *off = KP_CONTAINER_OF(task, struct put_off, task);
	assert_true(kp_loop_turn(off->loop) > off->turn);
	off->turn = kp_loop_turn(off->loop);
	kp_loop_defer(off->loop, &off->deferred);
	if (++off->again < 5) {
		kp_loop_next_turn(off->loop, task);
		kp_loop_next_turn(off->loop, task);
		kp_loop_defer(off->loop, task); /* it waits already */
	} else {
		kp_loop_next_turn(off->loop, task);
		kp_loop_undefer(off->loop, task);
		kp_loop_stop(off->loop);
	}
}

static void
what_waits_for_the_next_turn_runs_once_in_each(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	struct put_off off = {.task.run = on_put_off,
		.deferred.run = on_put_off_deferred,
		.loop = loop,
		.turn = kp_loop_turn(loop)};
	kp_loop_next_turn(loop, &off.task);
	kp_loop_run(loop);
	assert_int_equal(off.again, 5);
	assert_int_equal(off.deferred_ran, 5);
	kp_loop_destroy(&loop);
}

/* Posts. */

#define POSTERS 4
#define POSTS 5000

struct poster {
	struct kp_loop *loop;
	int last;  /* number of the last post that ran */
	int *left; /* of all posts; loop thread */
	pthread_t thread;
};

struct post {
	struct kp_task task;
	struct poster *poster;
	int number;
};

static void
on_post(struct kp_task *task)
{
	struct post *post = KP_CONTAINER_OF(task, struct post, task);
	struct poster *poster = post->poster;
	assert_true(kp_loop_is_current(poster->loop));
	assert_int_equal(post->number, poster->last + 1);
	poster->last = post->number;
	free(post);
	if (--*poster->left == 0) {
		kp_loop_stop(poster->loop);
	}
}

static void *
post_many(void *argument)
{
	struct poster *poster = argument;
	assert_false(kp_loop_is_current(poster->loop));
	for (int i = 1; i <= POSTS; i++) {
		struct post *post = calloc(1, sizeof(*post));
		post->task.run = on_post;
		post->poster = poster;
		post->number = i;
		kp_loop_post(poster->loop, &post->task);
	}
	return NULL;
}

static void
posts_from_threads_arrive_in_order(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	int left = POSTERS * POSTS;
	struct poster posters[POSTERS];
	for (int i = 0; i < POSTERS; i++) {
		posters[i] = (struct poster){.loop = loop, .left = &left};
		assert_int_equal(
			pthread_create(&posters[i].thread, NULL, post_many, &posters[i]),
			0);
	}
	kp_loop_run(loop);
	for (int i = 0; i < POSTERS; i++) {
		assert_int_equal(pthread_join(posters[i].thread, NULL), 0);
		assert_int_equal(posters[i].last, POSTS);
	}
	kp_loop_destroy(&loop);
}

/* Workers. */

static atomic_int long_running;

struct job {
	struct kp_work work;
	struct kp_loop *loop;
	bool is_long;
	int runs;
	int *left;
	int *long_left_when_short_done;
};

static void
on_run(struct kp_work *work)
{
	struct job *job = KP_CONTAINER_OF(work, struct job, work);
	assert_false(kp_loop_is_current(job->loop));
	job->runs++;
	if (job->is_long) {
		struct timespec nap = {0, 50 * 1000000};
		(void)nanosleep(&nap, NULL);
		atomic_fetch_sub(&long_running, 1);
	}
}

static void
on_job_done(struct kp_work *work)
{
	struct job *job = KP_CONTAINER_OF(work, struct job, work);
	assert_true(kp_loop_is_current(job->loop));
	assert_int_equal(job->runs, 1);
	if (!job->is_long) {
		*job->long_left_when_short_done = atomic_load(&long_running);
	}
	--*job->left;
}

/* Long work fills its threads, short work passes it; a stopped loop waits for both. */
static void
short_work_passes_long_work(void **state)
{
	(void)state;
	enum { LONG = 8, SHORT = 50 };
	struct kp_loop *loop = new_loop();
	struct kp_workers *workers = NULL;
	struct kp_error err = {0};
	assert_int_equal(kp_workers_create(2, &workers, &err), KP_OK);
	struct job jobs[LONG + SHORT] = {0};
	int left = LONG + SHORT;
	int long_left = 0;
	atomic_store(&long_running, LONG);
	for (int i = 0; i < LONG + SHORT; i++) {
		jobs[i].loop = loop;
		jobs[i].is_long = i < LONG;
		jobs[i].left = &left;
		jobs[i].long_left_when_short_done = &long_left;
		jobs[i].work.run = on_run;
		jobs[i].work.done = on_job_done;
		kp_work_start(workers, loop,
			jobs[i].is_long ? KP_LANE_LONG : KP_LANE_SHORT, &jobs[i].work);
	}
	kp_loop_stop(loop);
	kp_loop_run(loop);
	assert_int_equal(left, 0);
	assert_true(long_left > 2);
	kp_workers_destroy(&workers);
	kp_loop_destroy(&loop);
}

static void
clocks_and_random(void **state)
{
	(void)state;
	struct kp_loop *loop = new_loop();
	unsigned char a[600] = {0};
	unsigned char b[600] = {0};
	assert_int_equal(kp_loop_index(loop), 3);
	assert_true(kp_loop_wall_ms(loop) > 1700000000000);
	uint64_t now_us = kp_loop_now_us(loop);
	assert_int_equal(kp_loop_now_us(loop), now_us);
	assert_true(kp_loop_clock_us(loop) >= now_us);
	for (int i = 0; i < 100; i++) {
		kp_loop_random(loop, a, 16);
		kp_loop_random(loop, b, 16);
		assert_memory_not_equal(a, b, 16);
	}
	kp_loop_random(loop, a, sizeof(a));
	kp_loop_random(loop, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	kp_loop_destroy(&loop);
	assert_null(loop);
	kp_loop_destroy(&loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_fire_in_order),
		cmocka_unit_test(timers_may_arm_themselves),
		cmocka_unit_test(armed_timer_does_not_hold_a_stopped_loop),
		cmocka_unit_test(deferred_tasks_run_once_in_order),
		cmocka_unit_test(a_task_that_defers_itself_lets_timers_fire),
		cmocka_unit_test(what_waits_for_the_next_turn_runs_once_in_each),
		cmocka_unit_test(posts_from_threads_arrive_in_order),
		cmocka_unit_test(short_work_passes_long_work),
		cmocka_unit_test(clocks_and_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
