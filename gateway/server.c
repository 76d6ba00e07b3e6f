/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* server: see server.h. This file is the thread that takes the signals; what it wants of
 * a loop it sends there as an errand and waits for. */
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/heap.h"
#include "server_private.h"

/* Beyond drain_timeout_ms, for handlers to end after they were told that their client is
 * gone. */
#define END_GRACE_S 10

/* Errands. */

static void
on_errand(struct kp_task *task)
{
	struct kp_server_loop *loop =
		KP_CONTAINER_OF(task, struct kp_server_loop, errand);
	struct kp_server *server = loop->server;
	loop->errand_run(loop);
	(void)pthread_mutex_lock(&server->lock);
	server->errands_left--;
	(void)pthread_cond_signal(&server->done);
	(void)pthread_mutex_unlock(&server->lock);
}

/* Runs on every loop and waits; the first failure is the result. */
static enum kp_status
run_on_loops(struct kp_server *server, void (*run)(struct kp_server_loop *loop),
	struct kp_error *err)
{
	server->errands_left = server->loop_count;
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct kp_server_loop *loop = &server->loops[i];
		loop->errand = (struct kp_task){.run = on_errand};
		loop->errand_run = run;
		loop->errand_status = KP_OK;
		kp_loop_post(loop->loop, &loop->errand);
	}
	(void)pthread_mutex_lock(&server->lock);
	while (server->errands_left > 0) {
		(void)pthread_cond_wait(&server->done, &server->lock);
	}
	(void)pthread_mutex_unlock(&server->lock);
	for (unsigned i = 0; i < server->loop_count; i++) {
		if (server->loops[i].errand_status != KP_OK) {
			if (err != NULL) {
				*err = server->loops[i].errand_error;
			}
			return server->loops[i].errand_status;
		}
	}
	return KP_OK;
}

/* Reload. */

static enum kp_status
put_in_place(struct kp_server *server, struct kp_error *err)
{
	enum kp_status status = run_on_loops(server, kp_server_loop_prepare, err);
	/* Neither of these fails. */
	(void)run_on_loops(server,
		status == KP_OK ? kp_server_loop_commit : kp_server_loop_rollback, NULL);
	return status;
}

static void
reload(struct kp_server *server)
{
	const struct kp_server_snapshots *snapshots = &server->options.snapshots;
	struct kp_metrics_loop *metrics =
		kp_metrics_of_loop(server->metrics, server->loop_count);
	struct kp_error err = {0};
	enum kp_status status =
		snapshots->build(snapshots->context, &server->snapshot, &err);
	if (status == KP_OK) {
		status = put_in_place(server, &err);
		snapshots->discard(snapshots->context, server->snapshot);
		server->snapshot = NULL;
	}
	if (status != KP_OK) {
		kp_metrics_add(metrics, KP_METRIC_RELOADS_REFUSED, 1);
		kp_log_error(&server->log, KP_LOG_LEVEL_ERROR, KP_LOG_AREA_SERVER,
			"reload refused, the old configuration stays", &err);
		return;
	}
	kp_metrics_add(metrics, KP_METRIC_RELOADS, 1);
	if (snapshots->reloaded != NULL) {
		snapshots->reloaded(snapshots->context);
	}
	KP_LOG_PLAIN(&server->log, INFO, SERVER, "new configuration in place");
}

/* Running. */

static void
signal_set(sigset_t *set)
{
	(void)sigemptyset(set);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGHUP);
}

static void *
loop_thread(void *argument)
{
	struct kp_server_loop *loop = argument;
	kp_loop_run(loop->loop);
	return NULL;
}

static bool
start_threads(struct kp_server *server)
{
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct kp_server_loop *loop = &server->loops[i];
		if (pthread_create(&loop->thread, NULL, loop_thread, loop) != 0) {
			return false;
		}
		loop->running = true;
	}
	return true;
}

static void
wait_for_stop(struct kp_server *server)
{
	sigset_t set;
	signal_set(&set);
	for (;;) {
		int number = sigwaitinfo(&set, NULL);
		if (number == SIGHUP) {
			reload(server);
		} else if (number > 0) {
			KP_LOG(&server->log, INFO, SERVER, "stopping",
				kp_log_cstr(KP_LOG_SIGNAL,
					number == SIGTERM ? "SIGTERM" : "SIGINT"));
			return;
		}
	}
}

static struct timespec
later(clockid_t clock, uint64_t delay_ms)
{
	struct timespec at;
	(void)clock_gettime(clock, &at);
	at.tv_sec += (time_t)(delay_ms / 1000);
	at.tv_nsec += (long)(delay_ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Joins what has ended; true when nothing runs any more. */
static bool
join_ended(struct kp_server *server)
{
	bool all = true;
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct kp_server_loop *loop = &server->loops[i];
		if (loop->running && pthread_tryjoin_np(loop->thread, NULL) == 0) {
			loop->running = false;
		}
		all = all && !loop->running;
	}
	return all;
}

static void
post_abort(struct kp_server *server)
{
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct kp_server_loop *loop = &server->loops[i];
		if (loop->running) {
			loop->errand = (struct kp_task){.run = on_errand};
			loop->errand_run = kp_server_loop_abort;
			kp_loop_post(loop->loop, &loop->errand);
		}
	}
}

static enum kp_status
drain(struct kp_server *server)
{
	sigset_t set;
	bool aborted = false;
	uint64_t limit_ms =
		(uint64_t)server->options.drain_timeout_ms + END_GRACE_S * 1000;
	struct timespec end = later(CLOCK_MONOTONIC, limit_ms);
	atomic_store(&server->stopping, true);
	(void)run_on_loops(server, kp_server_loop_drain, NULL);
	signal_set(&set);
	while (!join_ended(server)) {
		struct timespec now = later(CLOCK_MONOTONIC, 0);
		if (now.tv_sec > end.tv_sec) {
			KP_LOG_PLAIN(&server->log, ERROR, SERVER, "a loop did not end");
			return KP_E_TIMEOUT;
		}
		const struct timespec nap = {0, 10 * 1000000};
		int number = sigtimedwait(&set, NULL, &nap);
		if ((number == SIGTERM || number == SIGINT) && !aborted) {
			aborted = true;
			post_abort(server);
		}
	}
	return KP_OK;
}

enum kp_status
kp_server_run(struct kp_server *server)
{
	if (!start_threads(server)) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < server->options.listen_count; i++) {
		KP_LOG(&server->log, INFO, SERVER, "listening",
			kp_log_cstr(KP_LOG_ADDRESS, server->listens[i].host),
			kp_log_number(KP_LOG_PORT, server->ports[i]),
			kp_log_number(KP_LOG_LOOPS, (int64_t)server->loop_count));
	}
	wait_for_stop(server);
	enum kp_status status = drain(server);
	KP_LOG_PLAIN(&server->log, INFO, SERVER, "stopped");
	return status;
}

/* Life. */

static enum kp_status
open_loops(struct kp_server *server, struct kp_error *err)
{
	const struct kp_server_snapshots *snapshots = &server->options.snapshots;
	enum kp_status status =
		snapshots->build(snapshots->context, &server->snapshot, err);
	for (unsigned i = 0; status == KP_OK && i < server->loop_count; i++) {
		server->loops[i].server = server;
		server->loops[i].index = i;
		status = kp_server_loop_open(&server->loops[i], err);
	}
	if (server->snapshot != NULL) {
		snapshots->discard(snapshots->context, server->snapshot);
		server->snapshot = NULL;
	}
	return status;
}

static enum kp_status
fill(struct kp_server *server, const struct kp_server_options *options,
	struct kp_error *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned loops = options->loops > 0 ? options->loops
		: processors > 0            ? (unsigned)processors
					    : 1;
	if (loops > KP_SERVER_LOOPS_MAX ||
		options->listen_count > KP_SERVER_LISTENS_MAX) {
		return kp_error_set(err, KP_E_LIMIT,
			"more than %u loops or %u listening addresses",
			KP_SERVER_LOOPS_MAX, KP_SERVER_LISTENS_MAX);
	}
	server->options = *options;
	memcpy(server->listens, options->listens,
		options->listen_count * sizeof(*options->listens));
	server->options.listens = server->listens;
	for (size_t i = 0; i < options->listen_count; i++) {
		server->ports[i] = options->listens[i].port;
	}
	kp_log_init(&server->log, options->logger);
	server->loops = kp_heap_calloc(loops, sizeof(*server->loops));
	if (server->loops == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for loops");
	}
	server->loop_count = loops;
	/* One part more, for the thread that takes the signals. */
	return kp_metrics_create(loops + 1, &server->metrics, err);
}

static void
mask_signals(void)
{
	sigset_t set;
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	signal_set(&set);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* A client that goes away while we write is an error code, not a signal. */
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

enum kp_status
kp_server_create(const struct kp_server_options *options, struct kp_server **ret_server,
	struct kp_error *err)
{
	struct kp_server *server = kp_heap_calloc(1, sizeof(*server));
	if (server == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the server");
	}
	(void)pthread_mutex_init(&server->lock, NULL);
	(void)pthread_cond_init(&server->done, NULL);
	mask_signals();
	enum kp_status status = fill(server, options, err);
	if (status == KP_OK) {
		status = kp_workers_create(options->workers, &server->workers, err);
	}
	if (status == KP_OK) {
		status = open_loops(server, err);
	}
	if (status != KP_OK) {
		kp_server_destroy(&server);
		return status;
	}
	*ret_server = server;
	return KP_OK;
}

void
kp_server_destroy(struct kp_server **server_at)
{
	struct kp_server *server = *server_at;
	if (server == NULL) {
		return;
	}
	*server_at = NULL;
	kp_workers_destroy(&server->workers);
	for (unsigned i = 0; i < server->loop_count; i++) {
		kp_server_loop_close(&server->loops[i]);
	}
	kp_metrics_destroy(&server->metrics);
	(void)pthread_cond_destroy(&server->done);
	(void)pthread_mutex_destroy(&server->lock);
	kp_heap_free(server->loops);
	kp_heap_free(server);
}

uint16_t
kp_server_port(const struct kp_server *server, size_t listen)
{
	KP_REQUIRE(listen < server->options.listen_count);
	return server->ports[listen];
}

struct kp_metrics *
kp_server_metrics(struct kp_server *server)
{
	return server->metrics;
}
