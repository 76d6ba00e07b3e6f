/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * loop: see loop.h. One turn of libuv is: timers, prepare, poll and its callbacks, check,
 * close callbacks. Deferred tasks are drained in prepare and in check, so whatever a
 * callback deferred has run before the loop sleeps. What waits for the next turn is
 * picked out in prepare and run in check.
 */
#include "io/loop.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <uv.h>

#include "core/heap.h"
#include "io/loop_private.h"
#include "io/timer_heap.h"

#define RANDOM_BYTES ((size_t)256)
/* A task that always defers another must not keep the loop from its sockets. */
#define DRAIN_ROUNDS_MAX 8
#define NOT_ARMED UINT64_MAX
/* Not at each request: 128 kB of stack would drive the data in use out of the cache. */
#define STACK_WIPE_EVERY_US ((uint64_t)250000)
/* Without bytes for so long, a loop gives back what a rush made the allocator keep. */
#define TRIM_AFTER_US ((uint64_t)1000000)

struct turn_clock {
	uint64_t now_us;
	bool valid;
};

struct kp_loop {
	uv_loop_t uv;
	uv_async_t wake; /* posted tasks; referenced while the loop must not end */
	uv_prepare_t prepare;
	uv_check_t check;
	uv_idle_t again; /* active when tasks were left over: poll must not sleep */
	uv_timer_t timer;
	unsigned index;
	bool stopping;
	atomic_uint holds;
	_Atomic(pthread_t) thread;        /* 0 before run */
	_Atomic(struct kp_task *) posted; /* newest first */
	struct kp_task deferred;          /* ends of lists, oldest first */
	struct kp_task next_turn;
	struct kp_task ripe; /* of those before this turn's callbacks */
	uint64_t turn;
	struct kp_timer *timers;
	struct kp_timer stack_wipe; /* armed while the stack may hold client data */
	struct kp_timer trim;       /* started again by each of those wipes */
	uint64_t armed_us;          /* when `timer` fires */
	struct turn_clock *clock;
	struct turn_clock clock_storage;
	unsigned char random[RANDOM_BYTES];
	size_t random_left;
	char read_buffer[KP_LOOP_READ_BYTES];
};

static uint64_t
clock_us(clockid_t id)
{
	struct timespec ts;
	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
}

static void
require_uv(int code)
{
	KP_REQUIRE(code == 0);
}

uv_loop_t *
kp_loop_uv(struct kp_loop *loop)
{
	return &loop->uv;
}

char *
kp_loop_read_buffer(struct kp_loop *loop)
{
	return loop->read_buffer;
}

enum kp_status
kp_loop_uv_error(struct kp_error *err, int code, const char *what)
{
	enum kp_status status = code == UV_ENOMEM ? KP_E_MEMORY : KP_E_IO;
	(void)kp_error_set(err, status, "%s: %s", what, uv_strerror(code));
	if (err != NULL) {
		err->cause = code;
	}
	return status;
}

/* Deferred and posted tasks. */

static void
list_init(struct kp_task *list)
{
	list->next = list;
	list->prev = list;
}

static void
append(struct kp_task *list, struct kp_task *task)
{
	task->queued = true;
	task->next = list;
	task->prev = list->prev;
	task->prev->next = task;
	list->prev = task;
}

static void
unlink_task(struct kp_task *task)
{
	task->prev->next = task->next;
	task->next->prev = task->prev;
	task->next = NULL;
	task->prev = NULL;
	task->queued = false;
}

static bool
is_empty(const struct kp_task *list)
{
	return list->next == list;
}

/* All of `from`, behind what is in `list`. */
static void
append_all(struct kp_task *list, struct kp_task *from)
{
	if (!is_empty(from)) {
		from->next->prev = list->prev;
		list->prev->next = from->next;
		from->prev->next = list;
		list->prev = from->prev;
		list_init(from);
	}
}

/* Runs what was queued when the round began; what it queues waits for the next round. */
static void
drain_round(struct kp_loop *loop)
{
	struct kp_task end = {0};
	append(&loop->deferred, &end);
	while (loop->deferred.next != &end) {
		struct kp_task *task = loop->deferred.next;
		unlink_task(task);
		task->run(task);
	}
	unlink_task(&end);
}

static void
on_again(uv_idle_t *handle)
{
	(void)handle;
}

static void
drain(struct kp_loop *loop)
{
	for (int round = 0; !is_empty(&loop->deferred) && round < DRAIN_ROUNDS_MAX;
		round++) {
		drain_round(loop);
	}
	bool active = uv_is_active((uv_handle_t *)&loop->again) != 0;
	bool left = !is_empty(&loop->deferred) || !is_empty(&loop->next_turn);
	if (left && !active) {
		require_uv(uv_idle_start(&loop->again, on_again));
	} else if (!left && active) {
		require_uv(uv_idle_stop(&loop->again));
	}
}

/* Takes the posted tasks and defers them in the order in which they were posted. */
static void
take_posted(struct kp_loop *loop)
{
	struct kp_task *newest =
		atomic_exchange_explicit(&loop->posted, NULL, memory_order_acquire);
	struct kp_task *oldest = NULL;
	while (newest != NULL) {
		struct kp_task *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	while (oldest != NULL) {
		struct kp_task *next = oldest->next;
		oldest->next = NULL;
		kp_loop_defer(loop, oldest);
		oldest = next;
	}
}

/* The async handle keeps libuv running as long as a completion is owed. */
static void
settle_reference(struct kp_loop *loop)
{
	if (loop->stopping && atomic_load(&loop->holds) == 0) {
		uv_unref((uv_handle_t *)&loop->wake);
	} else {
		uv_ref((uv_handle_t *)&loop->wake);
	}
}

static void
on_wake(uv_async_t *handle)
{
	struct kp_loop *loop = handle->data;
	take_posted(loop);
	settle_reference(loop);
}

static void
on_prepare(uv_prepare_t *handle)
{
	struct kp_loop *loop = handle->data;
	drain(loop);
	append_all(&loop->ripe, &loop->next_turn);
	loop->turn++;
	loop->clock->valid = false;
}

static void
on_check(uv_check_t *handle)
{
	struct kp_loop *loop = handle->data;
	append_all(&loop->deferred, &loop->ripe);
	drain(loop);
}

void
kp_loop_defer(struct kp_loop *loop, struct kp_task *task)
{
	if (!task->queued) {
		append(&loop->deferred, task);
	}
}

void
kp_loop_next_turn(struct kp_loop *loop, struct kp_task *task)
{
	if (!task->queued) {
		append(&loop->next_turn, task);
	}
}

uint64_t
kp_loop_turn(const struct kp_loop *loop)
{
	return loop->turn;
}

void
kp_loop_undefer(struct kp_loop *loop, struct kp_task *task)
{
	(void)loop;
	if (task->queued) {
		unlink_task(task);
	}
}

void
kp_loop_post(struct kp_loop *loop, struct kp_task *task)
{
	struct kp_task *head = atomic_load_explicit(&loop->posted, memory_order_relaxed);
	do {
		task->next = head;
	} while (!atomic_compare_exchange_weak_explicit(
		&loop->posted, &head, task, memory_order_release, memory_order_relaxed));
	/* Whoever found the queue empty wakes the loop; the others came after that. */
	if (head == NULL) {
		require_uv(uv_async_send(&loop->wake));
	}
}

void
kp_loop_hold(struct kp_loop *loop)
{
	if (atomic_fetch_add(&loop->holds, 1) == 0 && loop->stopping &&
		kp_loop_is_current(loop)) {
		settle_reference(loop);
	}
}

void
kp_loop_unhold(struct kp_loop *loop)
{
	KP_REQUIRE(atomic_load(&loop->holds) > 0);
	if (atomic_fetch_sub(&loop->holds, 1) == 1 && loop->stopping) {
		settle_reference(loop);
	}
}

/* Timers. */

static void on_timer(uv_timer_t *handle);

/* libuv counts milliseconds; ours are rounded up, so none fires early. */
static void
arm(struct kp_loop *loop)
{
	if (loop->timers == NULL) {
		return;
	}
	uint64_t due_us = loop->timers->due_us;
	if (due_us >= loop->armed_us) {
		return;
	}
	uint64_t now_us = kp_loop_now_us(loop);
	uint64_t delay_ms = due_us <= now_us ? 0 : (due_us - now_us + 999) / 1000;
	loop->armed_us = due_us;
	require_uv(uv_timer_start(&loop->timer, on_timer, delay_ms, 0));
}

static void
on_timer(uv_timer_t *handle)
{
	struct kp_loop *loop = handle->data;
	loop->armed_us = NOT_ARMED;
	loop->clock->now_us = clock_us(CLOCK_MONOTONIC);
	loop->clock->valid = true;
	uint64_t now_us = loop->clock->now_us;
	while (loop->timers != NULL && loop->timers->due_us <= now_us) {
		struct kp_timer *timer = loop->timers;
		kp_timer_stop(loop, timer);
		timer->fire(timer);
	}
	arm(loop);
}

void
kp_timer_start(struct kp_loop *loop, struct kp_timer *timer, uint64_t delay_us)
{
	uint64_t now_us = kp_loop_now_us(loop);
	kp_timer_stop(loop, timer);
	/* A timer armed by a firing one waits for the next turn, even with delay 0. */
	uint64_t delay = delay_us == 0 ? 1 : delay_us;
	timer->due_us = delay > UINT64_MAX - 1 - now_us ? UINT64_MAX - 1 : now_us + delay;
	timer->armed = true;
	loop->timers = kp_timer_heap_insert(loop->timers, timer);
	arm(loop);
}

void
kp_timer_stop(struct kp_loop *loop, struct kp_timer *timer)
{
	if (timer->armed) {
		timer->armed = false;
		loop->timers = kp_timer_heap_remove(loop->timers, timer);
	}
}

/* From the timer handle, above every frame that a socket's callback had. */
static void
on_stack_wipe(struct kp_timer *timer)
{
	struct kp_loop *loop = KP_CONTAINER_OF(timer, struct kp_loop, stack_wipe);
	kp_wipe_stack();
	kp_timer_start(loop, &loop->trim, TRIM_AFTER_US);
}

static void
on_trim(struct kp_timer *timer)
{
	(void)timer;
	(void)malloc_trim(0);
}

void
kp_loop_touched(struct kp_loop *loop)
{
	if (!loop->stack_wipe.armed) {
		kp_timer_start(loop, &loop->stack_wipe, STACK_WIPE_EVERY_US);
	}
}

/* Clocks and identity. */

uint64_t
kp_loop_now_us(const struct kp_loop *loop)
{
	struct turn_clock *clock = loop->clock;
	if (!clock->valid) {
		clock->now_us = clock_us(CLOCK_MONOTONIC);
		clock->valid = true;
	}
	return clock->now_us;
}

uint64_t
kp_loop_clock_us(const struct kp_loop *loop)
{
	(void)loop;
	return clock_us(CLOCK_MONOTONIC);
}

int64_t
kp_loop_wall_ms(const struct kp_loop *loop)
{
	(void)loop;
	return (int64_t)(clock_us(CLOCK_REALTIME) / 1000u);
}

unsigned
kp_loop_index(const struct kp_loop *loop)
{
	return loop->index;
}

bool
kp_loop_is_current(const struct kp_loop *loop)
{
	pthread_t thread = atomic_load_explicit(&loop->thread, memory_order_relaxed);
	return thread != 0 && pthread_equal(thread, pthread_self()) != 0;
}

static void
system_random(unsigned char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t got = getrandom(bytes, len, 0);
		KP_REQUIRE(got > 0 || errno == EINTR);
		if (got > 0) {
			bytes += got;
			len -= (size_t)got;
		}
	}
}

void
kp_loop_random(struct kp_loop *loop, unsigned char *bytes, size_t len)
{
	if (len > RANDOM_BYTES) {
		system_random(bytes, len);
		return;
	}
	if (len > loop->random_left) {
		system_random(loop->random, RANDOM_BYTES);
		loop->random_left = RANDOM_BYTES;
	}
	loop->random_left -= len;
	memcpy(bytes, loop->random + loop->random_left, len);
	kp_wipe(loop->random + loop->random_left, len);
}

/* Life. */

static void
init_handles(struct kp_loop *loop)
{
	require_uv(uv_prepare_init(&loop->uv, &loop->prepare));
	require_uv(uv_check_init(&loop->uv, &loop->check));
	require_uv(uv_idle_init(&loop->uv, &loop->again));
	require_uv(uv_timer_init(&loop->uv, &loop->timer));
	loop->wake.data = loop;
	loop->prepare.data = loop;
	loop->check.data = loop;
	loop->again.data = loop;
	loop->timer.data = loop;
	require_uv(uv_prepare_start(&loop->prepare, on_prepare));
	require_uv(uv_check_start(&loop->check, on_check));
	uv_unref((uv_handle_t *)&loop->prepare);
	uv_unref((uv_handle_t *)&loop->check);
	uv_unref((uv_handle_t *)&loop->timer);
}

enum kp_status
kp_loop_create(unsigned index, struct kp_loop **ret_loop, struct kp_error *err)
{
	struct kp_loop *loop = kp_heap_calloc(1, sizeof(*loop));
	if (loop == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for an event loop");
	}
	int code = uv_loop_init(&loop->uv);
	if (code != 0) {
		kp_heap_free(loop);
		return kp_loop_uv_error(err, code, "event loop");
	}
	code = uv_async_init(&loop->uv, &loop->wake, on_wake);
	if (code != 0) {
		KP_REQUIRE(uv_loop_close(&loop->uv) == 0);
		kp_heap_free(loop);
		return kp_loop_uv_error(err, code, "event loop's wake-up");
	}
	list_init(&loop->deferred);
	list_init(&loop->next_turn);
	list_init(&loop->ripe);
	loop->index = index;
	loop->armed_us = NOT_ARMED;
	loop->stack_wipe.fire = on_stack_wipe;
	loop->trim.fire = on_trim;
	loop->clock = &loop->clock_storage;
	init_handles(loop);
	*ret_loop = loop;
	return KP_OK;
}

/* Tasks posted or deferred by the last callbacks still run. */
static bool
run_leftovers(struct kp_loop *loop)
{
	take_posted(loop);
	append_all(&loop->deferred, &loop->ripe);
	append_all(&loop->deferred, &loop->next_turn);
	bool any = !is_empty(&loop->deferred);
	drain(loop);
	return any;
}

void
kp_loop_run(struct kp_loop *loop)
{
	atomic_store_explicit(&loop->thread, pthread_self(), memory_order_relaxed);
	do {
		loop->clock->valid = false;
		settle_reference(loop);
		(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	} while (run_leftovers(loop) || uv_loop_alive(&loop->uv) != 0);
	atomic_store_explicit(&loop->thread, 0, memory_order_relaxed);
}

void
kp_loop_stop(struct kp_loop *loop)
{
	loop->stopping = true;
	settle_reference(loop);
}

void
kp_loop_destroy(struct kp_loop **loop_at)
{
	struct kp_loop *loop = *loop_at;
	if (loop == NULL) {
		return;
	}
	*loop_at = NULL;
	while (run_leftovers(loop)) {
	}
	uv_close((uv_handle_t *)&loop->wake, NULL);
	uv_close((uv_handle_t *)&loop->prepare, NULL);
	uv_close((uv_handle_t *)&loop->check, NULL);
	uv_close((uv_handle_t *)&loop->again, NULL);
	uv_close((uv_handle_t *)&loop->timer, NULL);
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	int code = uv_loop_close(&loop->uv);
	KP_REQUIRE(code == 0);
	kp_heap_free(loop);
}
