/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * runtime: see runtime.h. Signals are taken by libuv on loops[0]; every other thread has
 * them blocked.
 */
#include "io/runtime.h"

#include <pthread.h>
#include <signal.h>
#include <uv.h>

#include "core/heap.h"
#include "io/loop_private.h"

#define SIGNALS 3

struct signals {
	const struct kp_runtime_options *options;
	uv_signal_t handles[SIGNALS];
};

static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

static void
on_uv_signal(uv_signal_t *handle, int number)
{
	const struct signals *signals = handle->data;
	signals->options->on_signal(signals->options->context,
		number == SIGHUP ? KP_SIGNAL_RELOAD : KP_SIGNAL_STOP);
}

static void
signal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < SIGNALS; i++) {
		(void)sigaddset(set, numbers[i]);
	}
}

void
kp_runtime_hold_signals(void)
{
	sigset_t set;
	signal_set(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static enum kp_status
watch(struct signals *signals, struct kp_loop *loop, struct kp_error *err)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		uv_signal_t *handle = &signals->handles[i];
		int code = uv_signal_init(kp_loop_uv(loop), handle);
		if (code == 0) {
			handle->data = signals;
			uv_unref((uv_handle_t *)handle);
			code = uv_signal_start(handle, on_uv_signal, numbers[i]);
		}
		if (code != 0) {
			return kp_loop_uv_error(err, code, "taking signals");
		}
	}
	return KP_OK;
}

static void
unwatch(struct signals *signals, struct kp_loop *loop)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		if (signals->handles[i].data != NULL) {
			uv_close((uv_handle_t *)&signals->handles[i], NULL);
		}
	}
	(void)uv_run(kp_loop_uv(loop), UV_RUN_NOWAIT);
}

static void *
thread_body(void *loop)
{
	kp_loop_run(loop);
	return NULL;
}

/* When not all threads start, those that did are told to stop. */
struct stop {
	struct kp_task task;
	struct kp_loop *loop;
};

static void
on_stop(struct kp_task *task)
{
	kp_loop_stop(KP_CONTAINER_OF(task, struct stop, task)->loop);
}

static void
stop_threads(const struct kp_runtime_options *options, const pthread_t *threads,
	unsigned started)
{
	for (unsigned i = 1; i < started; i++) {
		struct stop stop = {{.run = on_stop}, options->loops[i]};
		kp_loop_post(options->loops[i], &stop.task);
		(void)pthread_join(threads[i], NULL);
	}
}

/* Every loop but the first on a thread of its own, with the signals blocked. */
static enum kp_status
start_threads(const struct kp_runtime_options *options, pthread_t *threads,
	unsigned *ret_started, struct kp_error *err)
{
	sigset_t all;
	sigset_t old;
	enum kp_status status = KP_OK;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	for (unsigned i = 1; i < options->loop_count && status == KP_OK; i++) {
		if (pthread_create(&threads[i], NULL, thread_body, options->loops[i]) !=
			0) {
			status = kp_error_set(
				err, KP_E_MEMORY, "a loop's thread does not start");
		} else {
			*ret_started = i + 1;
		}
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return status;
}

/* Runs the first loop here and waits for the others. */
static void
run_all(const struct kp_runtime_options *options, const pthread_t *threads,
	unsigned started)
{
	sigset_t set;
	sigset_t old;
	signal_set(&set);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, &old);
	kp_loop_run(options->loops[0]);
	for (unsigned i = 1; i < started; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

enum kp_status
kp_runtime_run(const struct kp_runtime_options *options, struct kp_error *err)
{
	struct signals signals = {.options = options};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	unsigned started = 1;
	KP_REQUIRE(options->loop_count > 0);
	pthread_t *threads = kp_heap_calloc(options->loop_count, sizeof(*threads));
	if (threads == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for threads");
	}
	/* A peer that goes away while we write is an error code, not a signal. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
	/* A file at its largest allowed size is a write that fails, as on a full disk. */
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	enum kp_status status = watch(&signals, options->loops[0], err);
	if (status == KP_OK) {
		status = start_threads(options, threads, &started, err);
	}
	if (status == KP_OK) {
		run_all(options, threads, started);
	} else {
		stop_threads(options, threads, started);
	}
	unwatch(&signals, options->loops[0]);
	kp_heap_free(threads);
	return status;
}
