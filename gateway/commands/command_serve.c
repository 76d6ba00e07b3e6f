/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * command_serve: the gateway itself. Reads the configuration, opens the journal, builds
 * the server and runs until a signal stops it. Everything that a reload replaces is in a
 * snapshot (assemble.h); what stays for the life of the process is here.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "assemble.h"
#include "audit/journal.h"
#include "audit/record.h"
#include "commands.h"
#include "config/config.h"
#include "core/heap.h"
#include "core/encode.h"
#include "core/log.h"
#include "identity/proofs.h"
#include "io/runtime.h"
#include "request.h"
#include "serve_confine.h"
#include "serve_metrics.h"
#include "serve_routes.h"
#include "server.h"
#include "snapshot.h"

enum exit_code {
	EXIT_STOPPED = 0,
	EXIT_FAILED = 1,
	EXIT_WRONG_USE = 2,
};

struct serve {
	const char *path;
	struct kp_config
		*config; /* as it was at start: listeners, loops, limits of HTTP */
	struct kp_logger *logger;
	struct kp_tls_tickets *tickets;
	struct kp_log log;
	struct kp_workers *writer; /* the journal's */
	struct kp_journal *journal;
	struct kp_quota *quota;
	struct kp_proofs *proofs; /* DPoP proofs that were shown; all loops */
	struct kp_server *server;
	struct kp_service *service;
	struct kp_server_listen listens[KP_SERVER_LISTENS_MAX];
	struct kp_attendant *attendant; /* NULL: no program of a partner is started */
	unsigned landlock;              /* version in force; 0: none */
	bool built;   /* a snapshot was made, so the next one is a reload */
	bool started; /* faults go to the log from now on, to the terminal before */
};

static const char usage[] =
	"usage: ketenpoort serve CONFIG\n"
	"\n"
	"Runs the gateway with the configuration file CONFIG (gateway.json).\n"
	"\n"
	"  SIGHUP            reads configuration, rules and manifests again; keeps the "
	"old ones when\n"
	"                    the new ones do not check\n"
	"  SIGTERM, SIGINT   finishes the requests in work and stops; twice: stops at "
	"once\n"
	"\n"
	"'ketenpoort check CONFIG' runs every check of the start without starting.\n";

/* --- faults --- */

static void
report(struct serve *serve, const struct kp_findings *findings)
{
	char text[700];
	for (size_t i = 0; i < findings->count; i++) {
		const struct kp_error *err = &findings->items[i];
		if (serve->started) {
			kp_log_error(&serve->log, KP_LOG_LEVEL_ERROR, KP_LOG_AREA_CONFIG,
				"the configuration does not check", err);
		} else {
			(void)fprintf(
				stderr, "%s\n", kp_error_text(err, text, sizeof(text)));
		}
	}
	if (findings->dropped > 0 && !serve->started) {
		(void)fprintf(stderr, "… and %zu more\n", findings->dropped);
	}
}

/* --- the journal's records of the process itself --- */

static uint64_t
clock_us(clockid_t id)
{
	struct timespec now;
	(void)clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Nobody waits for it; when it cannot be stored, the journal is not healthy and no
 * question is answered either. `snapshot` may be NULL. */
static void
record_event(struct serve *serve, const char *event, const struct kp_config *config,
	const struct kp_snapshot *snapshot)
{
	char digest[] =
		"sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000";
	struct kp_record_start record = {
		.origin = {.wall_ms = (int64_t)(clock_us(CLOCK_REALTIME) / 1000),
			.monotonic_us = clock_us(CLOCK_MONOTONIC)},
		.event = kp_slice_from(event),
		.version = KP_SLICE(KP_VERSION),
		.pid = (uint32_t)getpid()};
	if (config != NULL) {
		kp_hex_write(config->digest, sizeof(config->digest), digest + 7);
		record.configuration = kp_slice_from(digest);
		record.development_identity = config->identity_development;
	}
	if (config != NULL && config->pseudonym_key_count > 0) {
		record.pseudonym_key =
			config->pseudonym_keys[config->pseudonym_key_current].id;
	}
	if (snapshot != NULL) {
		record.policy_version = kp_bundle_version(snapshot->bundle);
		record.sources = (uint32_t)kp_source_set_count(snapshot->sources);
	}
	struct kp_arena arena;
	struct kp_buffer text;
	kp_arena_init(&arena, 2 * KP_RECORD_BYTES_MAX, NULL);
	kp_buffer_init(&text, &arena, KP_RECORD_BYTES_MAX);
	enum kp_status status = kp_record_write_start(&text, &record);
	struct kp_journal_entry entry = {
		.type = KP_RECORD_START, .payload = kp_buffer_slice(&text)};
	if (status == KP_OK) {
		status = kp_journal_append(serve->journal, &entry);
	}
	if (status != KP_OK) {
		KP_LOG(&serve->log, ERROR, AUDIT, "no record of this event",
			kp_log_cstr(KP_LOG_STATE, event),
			kp_log_cstr(KP_LOG_CODE, kp_status_info(status)->name));
	}
	kp_arena_deinit(&arena);
}

/* 0 is one loop per processor this process may run on. */
static unsigned
loop_count(const struct kp_config *config)
{
	cpu_set_t allowed;
	if (config->server_loops > 0) {
		return (unsigned)config->server_loops;
	}
	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
		return 1;
	}
	unsigned count = (unsigned)CPU_COUNT(&allowed);
	return count > KP_SERVER_LOOPS_MAX ? KP_SERVER_LOOPS_MAX : count;
}

/* --- snapshots for the server --- */

/* Sockets are opened once. A reload that says otherwise must not look as if it had. */
static enum kp_status
check_listeners(const struct serve *serve, const struct kp_config *config,
	struct kp_findings *findings)
{
	const struct kp_config *first = serve->config;
	bool same = first->listener_count == config->listener_count;
	for (size_t i = 0; same && i < config->listener_count; i++) {
		const struct kp_config_listener *old = &first->listeners[i];
		const struct kp_config_listener *new = &config->listeners[i];
		same = strcmp(old->host, new->host) == 0 && old->port == new->port &&
			(old->tls == NULL) == (new->tls == NULL) &&
			old->serves == new->serves;
	}
	if (same) {
		return KP_OK;
	}
	struct kp_error err = {0};
	(void)kp_error_set(&err, KP_E_CONFIG,
		"listeners, whether they have TLS and what they serve change with a "
		"restart only");
	kp_error_at(&err, config->path, 0, 0, "/listeners");
	kp_findings_add(findings, &err);
	return KP_E_CONFIG;
}

static enum kp_status
build(void *context, void **ret_snapshot, struct kp_error *err)
{
	struct serve *serve = context;
	struct kp_findings findings;
	struct kp_config *config = NULL;
	struct kp_snapshot *snapshot = NULL;
	kp_findings_init(&findings, KP_CONFIG_FINDINGS_MAX);
	enum kp_status status = kp_config_load(serve->path, &findings, &config);
	if (status == KP_OK) {
		status = check_listeners(serve, config, &findings);
	}
	if (status == KP_OK) {
		const struct kp_assemble_means means = {.journal = serve->journal,
			.attendant = serve->attendant,
			.quota = serve->quota,
			.proofs = serve->proofs,
			.logger = serve->logger,
			.tickets = serve->tickets,
			.loops = loop_count(serve->config)};
		status = kp_assemble(config, &means, &findings, &snapshot);
	}
	if (status != KP_OK) {
		report(serve, &findings);
		(void)kp_error_set(err, status, "%zu faults in '%s'",
			findings.count + findings.dropped, serve->path);
		if (serve->built) {
			record_event(serve, "reload-refused", config, NULL);
		}
	} else {
		record_event(serve, serve->built ? "reload" : "start", config, snapshot);
		serve->built = true;
		kp_serve_warn_of_overdue(snapshot->bundle, &serve->log);
		kp_serve_warn_of_terms(snapshot, &serve->log);
		if (serve->landlock != 0) {
			kp_serve_warn_of_unseen(
				serve->config, snapshot->sources, &serve->log);
		}
		*ret_snapshot = snapshot;
	}
	kp_config_unref(&config);
	kp_findings_deinit(&findings);
	return status;
}

static void
discard(void *context, void *snapshot)
{
	(void)context;
	struct kp_snapshot *own = snapshot;
	kp_snapshot_unref(&own);
}

static enum kp_status
adopt(void *context, struct kp_server_loop *loop, void *snapshot, void **ret_state,
	struct kp_error *err)
{
	(void)context;
	struct kp_metrics *metrics = kp_server_metrics(kp_server_loop_server(loop));
	struct kp_snapshot_view *view = NULL;
	const struct kp_snapshot *own = snapshot;
	const struct kp_snapshot_view *before = kp_server_loop_state(loop);
	if (before != NULL) {
		kp_source_set_inherit(own->sources, before->snapshot->sources);
	}
	enum kp_status status = kp_snapshot_view_open(snapshot, kp_server_loop_loop(loop),
		kp_server_loop_upstream(loop), kp_server_loop_workers(loop), &view, err);
	if (status != KP_OK) {
		return status;
	}
	if (before != NULL) {
		kp_snapshot_view_inherit(view, before);
	}
	status = kp_snapshot_view_count_in(view, metrics, kp_server_loop_metrics(loop));
	if (status != KP_OK) {
		kp_snapshot_view_unref(&view);
		return kp_error_set(err, status, "no memory for a snapshot view");
	}
	*ret_state = view;
	return KP_OK;
}

static void
release(void *context, struct kp_server_loop *loop, void *state)
{
	(void)context;
	(void)loop;
	struct kp_snapshot_view *view = state;
	kp_snapshot_view_unref(&view);
}

static struct kp_tls_server *
tls(void *context, void *snapshot, size_t listen)
{
	(void)context;
	const struct kp_snapshot *own = snapshot;
	return kp_tls_set_get(own->tls, listen);
}

static bool
ready(void *context)
{
	const struct serve *serve = context;
	return kp_journal_healthy(serve->journal);
}

static void
write_metrics(void *context, void *state, struct kp_buffer *buffer)
{
	const struct serve *serve = context;
	kp_serve_metrics_write(serve->journal, state, buffer);
}

static void
reloaded(void *context)
{
	struct serve *serve = context;
	struct kp_error err;
	if (kp_logger_reopen(serve->logger, &err) != KP_OK) {
		kp_log_error(&serve->log, KP_LOG_LEVEL_ERROR, KP_LOG_AREA_PROCESS,
			"the log file cannot be opened again", &err);
	}
}

static void
phase(void *context, enum kp_server_phase phase)
{
	static const enum kp_service_state states[] = {
		[KP_SERVER_RELOADING] = KP_SERVICE_RELOADING,
		[KP_SERVER_SERVING] = KP_SERVICE_READY,
		[KP_SERVER_STOPPING] = KP_SERVICE_STOPPING,
		[KP_SERVER_ALIVE] = KP_SERVICE_ALIVE,
	};
	struct serve *serve = context;
	kp_service_notify(serve->service, states[phase]);
}

/* --- options --- */

static void
http2_options(const struct kp_config *config, struct kp_http2_limits *limits)
{
	*limits = (struct kp_http2_limits){
		.streams_max = (uint32_t)config->http2_streams_max,
		.frame_bytes_max = (uint32_t)config->http2_frame_bytes_max,
		.header_list_bytes_max = (uint32_t)config->http2_header_list_bytes_max,
		.header_table_bytes_max = (uint32_t)config->http2_header_table_bytes_max,
		.continuations_max = (uint32_t)config->http2_continuations_max,
		.settings_max = (uint32_t)config->http2_settings_max,
		.window_bytes = (uint32_t)config->http2_window_bytes,
		.memory_bytes_max = config->http2_memory_bytes_max,
		.resets_burst = (uint32_t)config->http2_resets_burst,
		.resets_per_second = (uint32_t)config->http2_resets_per_second,
		.frames_burst = (uint32_t)config->http2_frames_burst,
		.frames_per_second = (uint32_t)config->http2_frames_per_second,
		.frames_per_turn = (uint32_t)config->http2_frames_per_turn,
		.waste_pause_ms = (uint32_t)config->http2_waste_pause_ms,
	};
}

static enum kp_status
http_options(struct kp_config *config, struct kp_connections_options *options,
	struct kp_error *err)
{
	kp_connections_defaults(options);
	enum kp_status status =
		kp_answer_notice_make(&config->arena, config->api_deprecated_on,
			config->api_sunset_on, config->api_notice_url, &options->notice);
	if (status != KP_OK) {
		return kp_error_set(err, status,
			"no notice could be made of "
			"api.deprecated_on and api.sunset_on");
	}
	options->limits.target_bytes_max = config->http_target_bytes_max;
	options->limits.header_bytes_max = config->http_header_bytes_max;
	options->limits.header_count_max = config->http_header_count_max;
	options->limits.body_bytes_max = config->http_body_bytes_max;
	options->limits.chunk_extension_bytes_max =
		config->http_chunk_extension_bytes_max;
	options->limits.chunk_count_max = config->http_chunk_count_max;
	options->limits.trailer_bytes_max = config->http_trailer_bytes_max;
	options->limits.trailer_count_max = config->http_trailer_count_max;
	options->read_ahead_bytes_max = config->http_read_ahead_bytes_max;
	options->exchange_bytes_max = config->http_exchange_bytes_max;
	options->requests_max = (uint32_t)config->http_requests_max;
	options->work = (struct kp_turns_limits){
		.work_max = (uint32_t)config->http_work_max,
		.work_min = (uint32_t)config->http_work_min,
		.work_shared = (uint32_t)config->http_work_shared,
		.slow_us = config->http_work_slow_ms * 1000,
	};
	options->requests_per_turn = (uint32_t)config->http_requests_per_turn;
	options->head_timeout_ms = (uint32_t)config->http_head_timeout_ms;
	options->body_timeout_ms = (uint32_t)config->http_body_timeout_ms;
	options->idle_timeout_ms = (uint32_t)config->http_idle_timeout_ms;
	options->write_timeout_ms = (uint32_t)config->http_write_timeout_ms;
	options->linger_ms = (uint32_t)config->http_linger_ms;
	http2_options(config, &options->http2);
	return KP_OK;
}

static enum kp_status
make_server(struct serve *serve, struct kp_error *err)
{
	struct kp_config *config = serve->config;
	struct kp_server_options options = {
		.loops = loop_count(config),
		.workers = (unsigned)config->server_workers,
		.listens = serve->listens,
		.listen_count = config->listener_count,
		.backlog = (int)config->server_backlog,
		.connections_max = (uint32_t)config->server_connections_max,
		.handshakes_max = (uint32_t)config->tls_handshakes_max,
		.handshake_timeout_ms = (uint32_t)config->tls_handshake_timeout_ms,
		.handshake_steps_max = (uint32_t)config->tls_handshake_steps_max,
		.accepts_per_turn = (uint32_t)config->server_accepts_per_turn,
		.drain_timeout_ms = (uint32_t)config->server_drain_timeout_ms,
		.drain_grace_ms = (uint32_t)config->server_drain_grace_ms,
		.routes = {kp_serve_routes, kp_serve_route_count},
		.snapshots = {.build = build,
			.discard = discard,
			.adopt = adopt,
			.release = release,
			.tls = tls,
			.ready = ready,
			.write_metrics = write_metrics,
			.reloaded = reloaded,
			.phase = phase,
			.context = serve},
		.logger = serve->logger,
		.alive_us = kp_service_alive_us(serve->service),
	};
	enum kp_status status = http_options(config, &options.connections, err);
	if (status == KP_OK) {
		status = kp_server_create(&options, &serve->server, err);
	}
	if (status == KP_OK) {
		kp_serve_metrics_names(kp_server_metrics(serve->server));
	}
	return status;
}

static enum kp_status
open_log(struct serve *serve, struct kp_error *err)
{
	const struct kp_config *config = serve->config;
	struct kp_logger_options options = {.level = (enum kp_log_level)config->log_level,
		.format = (enum kp_log_format)config->log_format,
		.path = config->log_file[0] == '\0' ? NULL : config->log_file};
	enum kp_status status = kp_logger_open(&options, &serve->logger, err);
	kp_log_init(&serve->log, serve->logger);
	return status;
}

static enum kp_status
open_journal(struct serve *serve, struct kp_error *err)
{
	enum kp_status status = kp_workers_create(1, &serve->writer, err);
	if (status != KP_OK) {
		return status;
	}
	struct kp_journal_options options = {.path = serve->config->journal_file,
		.writer = serve->writer,
		.waiting_max = (uint32_t)serve->config->journal_waiting_max,
		.bytes_max = serve->config->journal_bytes_max};
	return kp_journal_open(&options, &serve->journal, err);
}

/* --- running --- */

static enum kp_status
load(struct serve *serve, struct kp_error *err)
{
	struct kp_findings findings;
	kp_findings_init(&findings, KP_CONFIG_FINDINGS_MAX);
	enum kp_status status = kp_config_load(serve->path, &findings, &serve->config);
	if (status != KP_OK) {
		report(serve, &findings);
		(void)kp_error_set(err, status, "'%s' does not check", serve->path);
	}
	kp_findings_deinit(&findings);
	return status;
}

/* A gateway that believes plain headers says so where nobody can overlook it. */
static void
warn_of_development(const struct serve *serve)
{
	if (serve->config->identity_development) {
		KP_LOG_PLAIN(&serve->log, WARN, PROCESS,
			"DEVELOPMENT IDENTITY: anybody on this machine can be anyone");
	}
}

/* Swap is a disk, and client data never reaches one. */
static void
keep_out_of_swap(const struct serve *serve)
{
	if (!kp_runtime_lock_memory()) {
		KP_LOG_PLAIN(&serve->log, WARN, PROCESS,
			"memory may be swapped out: give this user LimitMEMLOCK=infinity "
			"or turn swap off");
	}
}

/* Before there is a thread, so that every thread begins without. */
static enum kp_status
confine(struct serve *serve, struct kp_error *err)
{
	enum kp_status status = kp_service_open(&serve->service, err);
	if (status == KP_OK) {
		status = kp_serve_bind(serve->config, serve->service,
			loop_count(serve->config), serve->listens, err);
	}
	if (status == KP_OK) {
		status = kp_serve_become_user(serve->config, err);
	}
	/* What the gateway itself is about to give up, as the user it has become. */
	if (status == KP_OK && serve->config->sources_programs) {
		status = kp_attendant_start(&serve->attendant, err);
	}
	if (status == KP_OK) {
		status = kp_serve_confine_files(serve->config, &serve->landlock, err);
	}
	return status;
}

static enum kp_status
run(struct serve *serve, struct kp_error *err)
{
	enum kp_status status = kp_runtime_prepare(err);
	if (status == KP_OK) {
		status = load(serve, err);
	}
	if (status == KP_OK) {
		status = confine(serve, err);
	}
	if (status == KP_OK) {
		status = open_log(serve, err);
	}
	if (status == KP_OK) {
		status = open_journal(serve, err);
	}
	if (status == KP_OK) {
		status = kp_quota_create(
			(uint32_t)serve->config->quota_entries, &serve->quota, err);
	}
	if (status == KP_OK) {
		status = kp_proofs_create(
			(uint32_t)serve->config->identity_proofs_max, &serve->proofs);
		if (status != KP_OK) {
			(void)kp_error_set(err, status, "no memory for DPoP proofs");
		}
	}
	if (status == KP_OK) {
		status = kp_tls_tickets_create(&serve->tickets, err);
	}
	if (status == KP_OK) {
		status = make_server(serve, err);
	}
	if (status == KP_OK) {
		warn_of_development(serve);
		keep_out_of_swap(serve);
		status = kp_serve_confine_calls(
			serve->config, serve->landlock, &serve->log, err);
	}
	if (status == KP_OK) {
		serve->started = true;
		/* Who hears that we are ready may ask for a reload at once. */
		kp_runtime_hold_signals();
		kp_service_notify(serve->service, KP_SERVICE_READY);
		status = kp_server_run(serve->server, err);
	}
	return status;
}

static void
tear_down(struct serve *serve)
{
	kp_server_destroy(&serve->server);
	if (serve->built) {
		record_event(serve, "stop", serve->config, NULL);
	}
	kp_workers_destroy(&serve->writer); /* writes what is queued first */
	kp_journal_close(&serve->journal);
	kp_quota_destroy(&serve->quota);
	kp_proofs_unref(&serve->proofs);
	kp_attendant_stop(&serve->attendant);
	kp_service_close(&serve->service);
	kp_logger_close(&serve->logger);
	kp_tls_tickets_destroy(&serve->tickets);
	kp_config_unref(&serve->config);
}

int
kp_command_serve(int argc, char **argv)
{
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)fputs(usage, stdout);
		return EXIT_STOPPED;
	}
	if (argc != 2) {
		(void)fputs(usage, stderr);
		return EXIT_WRONG_USE;
	}
	struct serve serve = {.path = argv[1]};
	struct kp_error err = {0};
	enum kp_status status = run(&serve, &err);
	if (status != KP_OK && !serve.started) {
		char text[700];
		(void)fprintf(stderr, "ketenpoort serve: %s\n",
			kp_error_text(&err, text, sizeof(text)));
	}
	if (status == KP_E_TIMEOUT) {
		return EXIT_FAILED; /* a loop did not end: its memory is still in use */
	}
	tear_down(&serve);
	return status == KP_OK ? EXIT_STOPPED : EXIT_FAILED;
}
