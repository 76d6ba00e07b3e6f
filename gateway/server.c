/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * server: see server.h. The first loop leads: signals come to it, and what it wants of
 * all loops it sends them as an errand; the next step is taken when the last loop has
 * reported back. One thing at a time: what comes in meanwhile is remembered.
 */
#include "server.h"

#include <string.h>

#include "core/heap.h"
#include "server_private.h"

/* Errands. */

static void
on_report(struct kp_task *task)
{
	struct kp_server_loop *loop =
		KP_CONTAINER_OF(task, struct kp_server_loop, report);
	struct kp_server *server = loop->server;
	if (loop->errand_status != KP_OK && server->errand_status == KP_OK) {
		server->errand_status = loop->errand_status;
		server->errand_error = loop->errand_error;
	}
	if (--server->errands_left == 0) {
		server->after(server);
	}
}

static void
on_errand(struct kp_task *task)
{
	struct kp_server_loop *loop =
		KP_CONTAINER_OF(task, struct kp_server_loop, errand);
	loop->errand_run(loop);
	kp_loop_post(loop->server->loops[0].loop, &loop->report);
}

/* Runs on every loop; `after` comes on the first one. */
static void
run_on_loops(struct kp_server *server, void (*run)(struct kp_server_loop *loop),
	void (*after)(struct kp_server *server))
{
	KP_REQUIRE(server->errands_left == 0);
	server->errands_left = server->loop_count;
	server->errand_status = KP_OK;
	server->after = after;
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct kp_server_loop *loop = &server->loops[i];
		loop->errand = (struct kp_task){.run = on_errand};
		loop->report = (struct kp_task){.run = on_report};
		loop->errand_run = run;
		loop->errand_status = KP_OK;
		kp_loop_post(loop->loop, &loop->errand);
	}
}

void
kp_server_tell(struct kp_server *server, enum kp_server_phase phase)
{
	const struct kp_server_snapshots *snapshots = &server->options.snapshots;
	if (snapshots->phase != NULL) {
		snapshots->phase(snapshots->context, phase);
	}
}

/* Reload: build (on a worker), prepare on every loop, then commit or roll back there. */

static void next_step(struct kp_server *server);

static void
discard_snapshot(struct kp_server *server)
{
	const struct kp_server_snapshots *snapshots = &server->options.snapshots;
	if (server->snapshot != NULL) {
		snapshots->discard(snapshots->context, server->snapshot);
		server->snapshot = NULL;
	}
}

static void
after_reload(struct kp_server *server)
{
	const struct kp_server_snapshots *snapshots = &server->options.snapshots;
	struct kp_metrics_loop *metrics = server->loops[0].metrics;
	discard_snapshot(server);
	if (server->reload_status != KP_OK) {
		kp_metrics_add(metrics, KP_METRIC_RELOADS_REFUSED, 1);
		kp_log_error(&server->log, KP_LOG_LEVEL_ERROR, KP_LOG_AREA_SERVER,
			"reload refused, the old configuration stays",
			&server->reload_error);
	} else {
		kp_metrics_add(metrics, KP_METRIC_RELOADS, 1);
		if (snapshots->reloaded != NULL) {
			snapshots->reloaded(snapshots->context);
		}
		KP_LOG_PLAIN(&server->log, INFO, SERVER, "new configuration in place");
	}
	server->reloading = false;
	kp_server_tell(server, KP_SERVER_SERVING);
	next_step(server);
}

static void
after_prepare(struct kp_server *server)
{
	server->reload_status = server->errand_status;
	server->reload_error = server->errand_error;
	run_on_loops(server,
		server->reload_status == KP_OK ? kp_server_loop_commit
					       : kp_server_loop_rollback,
		after_reload);
}

static void
build(struct kp_work *work)
{
	struct kp_server *server = KP_CONTAINER_OF(work, struct kp_server, build);
	const struct kp_server_snapshots *snapshots = &server->options.snapshots;
	server->reload_error = (struct kp_error){0};
	server->reload_status = snapshots->build(
		snapshots->context, &server->snapshot, &server->reload_error);
}

static void
on_built(struct kp_work *work)
{
	struct kp_server *server = KP_CONTAINER_OF(work, struct kp_server, build);
	if (server->reload_status != KP_OK) {
		after_reload(server);
	} else {
		run_on_loops(server, kp_server_loop_prepare, after_prepare);
	}
}

static void
start_reload(struct kp_server *server)
{
	server->reload_wanted = false;
	server->reloading = true;
	kp_server_tell(server, KP_SERVER_RELOADING);
	server->build = (struct kp_work){.run = build, .done = on_built};
	kp_work_start(
		server->workers, server->loops[0].loop, KP_LANE_LONG, &server->build);
}

/* The end. */

static void stop_if_ended(struct kp_server *server);

static void
after_drain(struct kp_server *server)
{
	stop_if_ended(server);
	next_step(server);
}

static void
start_drain(struct kp_server *server)
{
	server->draining = true;
	kp_server_tell(server, KP_SERVER_STOPPING);
	run_on_loops(server, kp_server_loop_drain, after_drain);
}

/* Does what was asked for and not done, when nothing else is under way. */
static void
next_step(struct kp_server *server)
{
	if (server->errands_left > 0 || server->reloading || server->over) {
		return;
	}
	if (server->stops_wanted > 0 && !server->draining) {
		start_drain(server);
	} else if (server->stops_wanted > 1 && !server->aborting) {
		server->aborting = true;
		run_on_loops(server, kp_server_loop_abort, after_drain);
	} else if (server->reload_wanted && !server->draining) {
		start_reload(server);
	}
}

static void
after_stop(struct kp_server *server)
{
	kp_loop_stop(server->loops[0].loop);
}

static void
stop_loop(struct kp_server_loop *loop)
{
	/* The first one still has reports to hear. */
	if (loop->index > 0) {
		kp_loop_stop(loop->loop);
	}
}

/* All loops go on until the last has nothing more to do, so an errand always arrives. */
static void
stop_if_ended(struct kp_server *server)
{
	if (server->loops_ended == server->loop_count && server->errands_left == 0 &&
		!server->over) {
		server->over = true;
		run_on_loops(server, stop_loop, after_stop);
	}
}

static void
on_ended(struct kp_task *task)
{
	struct kp_server_loop *loop = KP_CONTAINER_OF(task, struct kp_server_loop, ended);
	loop->server->loops_ended++;
	stop_if_ended(loop->server);
}

void
kp_server_loop_ended(struct kp_server_loop *loop)
{
	loop->ended = (struct kp_task){.run = on_ended};
	kp_loop_post(loop->server->loops[0].loop, &loop->ended);
}

static void
on_signal(void *context, enum kp_signal signal)
{
	struct kp_server *server = context;
	switch (signal) {
	case KP_SIGNAL_STOP:
		server->stops_wanted++;
		atomic_store(&server->stopping, true);
		KP_LOG_PLAIN(&server->log, INFO, SERVER, "stopping");
		break;
	case KP_SIGNAL_RELOAD:
		server->reload_wanted = true;
		break;
	}
	next_step(server);
}

enum kp_status
kp_server_run(struct kp_server *server, struct kp_error *err)
{
	struct kp_loop *loops[KP_SERVER_LOOPS_MAX];
	for (unsigned i = 0; i < server->loop_count; i++) {
		loops[i] = server->loops[i].loop;
	}
	for (size_t i = 0; i < server->options.listen_count; i++) {
		KP_LOG(&server->log, INFO, SERVER, "listening",
			kp_log_cstr(KP_LOG_ADDRESS, server->listens[i].host),
			kp_log_number(KP_LOG_PORT, server->ports[i]),
			kp_log_number(KP_LOG_LOOPS, (int64_t)server->loop_count));
	}
	const struct kp_runtime_options options = {
		.loops = loops,
		.loop_count = server->loop_count,
		.on_signal = on_signal,
		.context = server,
	};
	enum kp_status status = kp_runtime_run(&options, err);
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
	discard_snapshot(server);
	return status;
}

static enum kp_status
fill(struct kp_server *server, const struct kp_server_options *options,
	struct kp_error *err)
{
	if (options->loops == 0 || options->loops > KP_SERVER_LOOPS_MAX ||
		options->listen_count > KP_SERVER_LISTENS_MAX) {
		return kp_error_set(err, KP_E_LIMIT,
			"1 to %u loops and at most %u listening addresses are allowed",
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
	server->loops = kp_heap_calloc(options->loops, sizeof(*server->loops));
	if (server->loops == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for loops");
	}
	server->loop_count = options->loops;
	return kp_metrics_create(options->loops, &server->metrics, err);
}

enum kp_status
kp_server_create(const struct kp_server_options *options, struct kp_server **ret_server,
	struct kp_error *err)
{
	struct kp_server *server = kp_heap_calloc(1, sizeof(*server));
	if (server == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the server");
	}
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
	/* Workers post to loops, so they end first. */
	kp_workers_destroy(&server->workers);
	for (unsigned i = 0; i < server->loop_count; i++) {
		kp_server_loop_close(&server->loops[i]);
	}
	kp_metrics_destroy(&server->metrics);
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
