/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* server_loop: one loop of the server: what it opens, how it changes its configuration
 * and how it ends. */
#include "core/heap.h"
#include "problem.h"
#include "server_private.h"

#define METRICS_BYTES_MAX ((size_t)2 * 1024 * 1024)
#define IDLE_GRACE_MS 500u
#define REFUSALS_LOGGED_PER_S 10u

/* Opening. */

static void
handle(void *context, struct kp_exchange *exchange)
{
	struct kp_server_loop *loop = context;
	kp_routes_handle(&loop->server->options.routes,
		kp_exchange_listener_tag(exchange), loop, exchange);
}

static struct kp_tls_server *
tls_of(struct kp_server_loop *loop, size_t listen)
{
	const struct kp_server_snapshots *snapshots = &loop->server->options.snapshots;
	return snapshots->tls == NULL
		? NULL
		: snapshots->tls(snapshots->context, loop->server->snapshot, listen);
}

/* For the operator; whoever was refused learns nothing. A stranger who keeps trying does
 * not fill the log. */
static void
on_refused(void *context, const struct kp_listener_refusal *refusal)
{
	struct kp_server_loop *loop = context;
	const struct kp_log *log = &loop->server->log;
	int64_t now_s = kp_loop_wall_ms(loop->loop) / 1000;
	kp_metrics_add(loop->metrics, KP_METRIC_HANDSHAKES_REFUSED, 1);
	if (loop->refused_s != now_s) {
		if (loop->refused > REFUSALS_LOGGED_PER_S) {
			KP_LOG(log, INFO, SERVER, "more clients were not let in",
				kp_log_number(KP_LOG_DROPPED,
					loop->refused - REFUSALS_LOGGED_PER_S));
		}
		loop->refused_s = now_s;
		loop->refused = 0;
	}
	if (loop->refused++ < REFUSALS_LOGGED_PER_S) {
		KP_LOG(log, INFO, SERVER, "client not let in",
			kp_log_number(KP_LOG_PORT, refusal->port),
			kp_log_cstr(KP_LOG_PEER, refusal->peer),
			kp_log_cstr(KP_LOG_REASON, refusal->reason),
			kp_log_text(KP_LOG_CLAIMED, refusal->claimed_oin));
	}
}

static enum kp_status
open_listeners(struct kp_server_loop *loop, struct kp_error *err)
{
	struct kp_server *server = loop->server;
	for (size_t i = 0; i < server->options.listen_count; i++) {
		struct kp_listener_options options = {
			.host = server->listens[i].host,
			.port = server->ports[i],
			.socket = server->listens[i].sockets == NULL
				? NULL
				: &server->listens[i].sockets[loop->index],
			.tag = server->listens[i].serves,
			.backlog = server->options.backlog,
			.streams_max = server->options.connections_max,
			.tls = tls_of(loop, i),
			.handshakes_max = server->options.handshakes_max,
			.handshake_timeout_ms = server->options.handshake_timeout_ms,
			.handshake_steps_max = server->options.handshake_steps_max,
			.accepts_per_turn = server->options.accepts_per_turn,
			.on_refused = on_refused,
			.refused_context = loop,
			.on_accept = server->listens[i].local
				? kp_connections_accept_local
				: kp_connections_accept,
			.context = loop->connections,
		};
		enum kp_status status =
			kp_listener_open(loop->loop, &options, &loop->listeners[i], err);
		if (status != KP_OK) {
			return kp_error_wrap(err, "'%.48s' port %u", options.host,
				(unsigned)options.port);
		}
		/* The first loop may have been given any port; the others take that. */
		server->ports[i] = kp_listener_port(loop->listeners[i]);
	}
	return KP_OK;
}

static void on_drain_timer(struct kp_timer *timer);

/* Signs of life. A loop's beat is half as long as what it is heard by, so that there is
 * at least one in between; a loop that is stuck makes none, and then all are held for
 * dead. */

static bool
all_beat(struct kp_server *server)
{
	bool all = true;
	for (unsigned i = 0; i < server->loop_count; i++) {
		struct kp_server_loop *loop = &server->loops[i];
		unsigned beats = atomic_load(&loop->beats);
		all = all && (i == 0 || beats != loop->beats_seen);
		loop->beats_seen = beats;
	}
	return all;
}

static void
on_beat(struct kp_timer *timer)
{
	struct kp_server_loop *loop =
		KP_CONTAINER_OF(timer, struct kp_server_loop, beat_timer);
	struct kp_server *server = loop->server;
	uint64_t alive_us = server->options.alive_us;
	atomic_fetch_add(&loop->beats, 1);
	if (loop->index == 0 && all_beat(server)) {
		kp_server_tell(server, KP_SERVER_ALIVE);
	}
	kp_timer_start(loop->loop, timer, loop->index == 0 ? alive_us : alive_us / 2);
}

enum kp_status
kp_server_loop_open(struct kp_server_loop *loop, struct kp_error *err)
{
	struct kp_server *server = loop->server;
	loop->metrics = kp_metrics_of_loop(server->metrics, loop->index);
	loop->drain_timer.fire = on_drain_timer;
	enum kp_status status = kp_loop_create(loop->index, &loop->loop, err);
	if (status == KP_OK) {
		status = kp_upstream_create(loop->loop, &loop->upstream, err);
	}
	if (status == KP_OK) {
		struct kp_connections_options options = server->options.connections;
		options.handle = handle;
		options.context = loop;
		options.metrics = loop->metrics;
		status = kp_connections_create(
			loop->loop, &options, &loop->connections, err);
	}
	if (status == KP_OK) {
		kp_server_loop_prepare(loop);
		status = loop->errand_status;
		if (status != KP_OK && err != NULL) {
			*err = loop->errand_error;
		}
	}
	if (status == KP_OK) {
		kp_server_loop_commit(loop);
		status = open_listeners(loop, err);
		loop->accepting = status == KP_OK;
		loop->beat_timer.fire = on_beat;
		if (loop->accepting && server->options.alive_us > 0) {
			kp_timer_start(loop->loop, &loop->beat_timer,
				server->options.alive_us / 4);
		}
	}
	return status;
}

/* Configuration, in two halves: every loop can, then every loop does. */

void
kp_server_loop_prepare(struct kp_server_loop *loop)
{
	const struct kp_server_snapshots *snapshots = &loop->server->options.snapshots;
	loop->next_state = NULL;
	loop->errand_status = snapshots->adopt(snapshots->context, loop,
		loop->server->snapshot, &loop->next_state, &loop->errand_error);
}

static void
release_state(struct kp_server_loop *loop, void **state)
{
	const struct kp_server_snapshots *snapshots = &loop->server->options.snapshots;
	if (*state != NULL) {
		void *old = *state;
		*state = NULL;
		snapshots->release(snapshots->context, loop, old);
	}
}

void
kp_server_loop_commit(struct kp_server_loop *loop)
{
	void *old = loop->state;
	loop->state = loop->next_state;
	loop->next_state = NULL;
	release_state(loop, &old);
	/* Connections that are open keep what they began with. */
	for (size_t i = 0; i < loop->server->options.listen_count; i++) {
		if (loop->listeners[i] != NULL) {
			kp_listener_set_tls(loop->listeners[i], tls_of(loop, i));
		}
	}
}

void
kp_server_loop_rollback(struct kp_server_loop *loop)
{
	release_state(loop, &loop->next_state);
}

/* The end. */

static void
close_listeners(struct kp_server_loop *loop)
{
	loop->accepting = false;
	for (size_t i = 0; i < KP_SERVER_LISTENS_MAX; i++) {
		kp_listener_close(&loop->listeners[i]);
	}
}

static void
on_empty(void *owner)
{
	struct kp_server_loop *loop = owner;
	kp_timer_stop(loop->loop, &loop->drain_timer);
	kp_timer_stop(loop->loop, &loop->beat_timer);
	release_state(loop, &loop->state);
	kp_upstream_destroy(&loop->upstream);
	kp_server_loop_ended(loop);
}

static void
stop_accepting(struct kp_server_loop *loop)
{
	const struct kp_server_options *options = &loop->server->options;
	uint32_t left_ms = options->drain_timeout_ms > options->drain_grace_ms
		? options->drain_timeout_ms - options->drain_grace_ms
		: 0;
	uint32_t idle_ms = left_ms < IDLE_GRACE_MS ? left_ms : IDLE_GRACE_MS;
	close_listeners(loop);
	kp_timer_start(loop->loop, &loop->drain_timer, (uint64_t)left_ms * 1000);
	kp_connections_drain(loop->connections, idle_ms, on_empty, loop);
}

static void
on_drain_timer(struct kp_timer *timer)
{
	struct kp_server_loop *loop =
		KP_CONTAINER_OF(timer, struct kp_server_loop, drain_timer);
	if (loop->accepting) {
		stop_accepting(loop);
	} else {
		kp_connections_abort(loop->connections);
	}
}

void
kp_server_loop_drain(struct kp_server_loop *loop)
{
	uint32_t grace_ms = loop->server->options.drain_grace_ms;
	uint32_t timeout_ms = loop->server->options.drain_timeout_ms;
	kp_timer_start(loop->loop, &loop->drain_timer,
		(uint64_t)(grace_ms < timeout_ms ? grace_ms : timeout_ms) * 1000);
}

void
kp_server_loop_abort(struct kp_server_loop *loop)
{
	if (loop->accepting) {
		stop_accepting(loop);
	}
	kp_connections_abort(loop->connections);
}

/* After the loop has run, or instead. */
void
kp_server_loop_close(struct kp_server_loop *loop)
{
	if (loop->loop == NULL) {
		return;
	}
	close_listeners(loop);
	release_state(loop, &loop->state);
	kp_upstream_destroy(&loop->upstream);
	kp_connections_destroy(&loop->connections);
	kp_loop_destroy(&loop->loop);
}

/* What handlers and states use. */

struct kp_server *
kp_server_loop_server(struct kp_server_loop *loop)
{
	return loop->server;
}

struct kp_loop *
kp_server_loop_loop(struct kp_server_loop *loop)
{
	return loop->loop;
}

struct kp_upstream *
kp_server_loop_upstream(struct kp_server_loop *loop)
{
	return loop->upstream;
}

struct kp_workers *
kp_server_loop_workers(struct kp_server_loop *loop)
{
	return loop->server->workers;
}

struct kp_metrics_loop *
kp_server_loop_metrics(struct kp_server_loop *loop)
{
	return loop->metrics;
}

void *
kp_server_loop_state(struct kp_server_loop *loop)
{
	return loop->state;
}

/* The operator's resources. */

static void
answer_json(struct kp_exchange *exchange, unsigned status, struct kp_slice body)
{
	static const struct kp_exchange_header type = {
		{"Content-Type", 12}, {"application/json", 16}};
	kp_exchange_answer(exchange, status, &type, 1, &body, 1);
	kp_exchange_finish(&exchange);
}

void
kp_server_handle_live(void *loop, struct kp_exchange *exchange)
{
	(void)loop;
	answer_json(exchange, 200, KP_SLICE("{\"status\":\"live\"}\n"));
}

void
kp_server_handle_ready(void *context, struct kp_exchange *exchange)
{
	struct kp_server_loop *loop = context;
	const struct kp_server_snapshots *snapshots = &loop->server->options.snapshots;
	if (atomic_load(&loop->server->stopping)) {
		answer_json(exchange, 503, KP_SLICE("{\"status\":\"stopping\"}\n"));
	} else if (snapshots->ready != NULL && !snapshots->ready(snapshots->context)) {
		answer_json(exchange, 503, KP_SLICE("{\"status\":\"not ready\"}\n"));
	} else {
		answer_json(exchange, 200, KP_SLICE("{\"status\":\"ready\"}\n"));
	}
}

void
kp_server_handle_metrics(void *context, struct kp_exchange *exchange)
{
	static const struct kp_exchange_header type = {
		{"Content-Type", 12}, {"text/plain; version=0.0.4", 25}};
	struct kp_server_loop *loop = context;
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, kp_exchange_arena(exchange), METRICS_BYTES_MAX);
	kp_metrics_write(loop->server->metrics, &buffer);
	const struct kp_server_snapshots *snapshots = &loop->server->options.snapshots;
	if (snapshots->write_metrics != NULL) {
		snapshots->write_metrics(snapshots->context, loop->state, &buffer);
	}
	if (buffer.failed) {
		kp_problem_answer(
			exchange, KP_E_MEMORY, (struct kp_slice){NULL, 0}, NULL);
	} else {
		struct kp_slice text = kp_buffer_slice(&buffer);
		kp_exchange_answer(exchange, 200, &type, 1, &text, 1);
	}
	kp_exchange_finish(&exchange);
}
