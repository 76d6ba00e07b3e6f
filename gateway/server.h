/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * server: the process around the request path. N loops, each on a thread of its own with
 * its own listeners, connections, partner connections and view of the configuration;
 * between them nothing is shared but what is read only. Signals come to the first loop:
 *
 *   SIGHUP           builds a new snapshot and puts it in place on every loop; requests
 *                    in work keep the old one. When it does not build, nothing changes.
 *   SIGTERM, SIGINT  readiness goes off, then no more connections are accepted, requests
 *                    in work are finished; after drain_timeout_ms what is left is broken
 *                    off. A second one breaks off at once.
 */
#ifndef KP_SERVER_H
#define KP_SERVER_H

#include "connection.h"
#include "core/log.h"
#include "io/loop.h"
#include "io/upstream.h"
#include "io/worker.h"
#include "metrics.h"
#include "routes.h"

#define KP_SERVER_LOOPS_MAX 256u
#define KP_SERVER_LISTENS_MAX 16u

struct kp_server;
struct kp_server_loop;

enum kp_server_phase {
	KP_SERVER_RELOADING,
	KP_SERVER_SERVING, /* a reload is over, whatever came of it */
	KP_SERVER_STOPPING,
	KP_SERVER_ALIVE, /* every loop has turned since the last time; every alive_us */
};

/*
 * Where configuration comes from. A snapshot is what one reading of the files gave; a
 * state is that snapshot on one loop. Whoever makes them counts references: a request in
 * work keeps its state after `release`.
 */
struct kp_server_snapshots {
	/* Reads and checks everything; may block. At start, then on a worker thread; one
	 * at a time. */
	enum kp_status (*build)(void *context, void **ret_snapshot, struct kp_error *err);
	/* The server is done with the snapshot; states live on. */
	void (*discard)(void *context, void *snapshot);
	/* Makes the state of one loop, on its thread or before it runs. */
	enum kp_status (*adopt)(void *context, struct kp_server_loop *loop,
		void *snapshot, void **ret_state, struct kp_error *err);
	/* The state is not current any more, on the loop's thread. */
	void (*release)(void *context, struct kp_server_loop *loop, void *state);
	/* Anything that keeps the gateway from being ready; may be NULL. Any thread. */
	bool (*ready)(void *context);
	/* Adds what is not counted per loop to /metrics; `state` is that of the loop that
	 * answers; may be NULL. On that loop's thread. */
	void (*write_metrics)(void *context, void *state, struct kp_buffer *buffer);
	/* What a listener speaks TLS with under this snapshot; NULL: it is plain. May be
	 * NULL when all are. Any loop's thread. */
	struct kp_tls_server *(*tls)(void *context, void *snapshot, size_t listen);
	/* A reload was put in place, for what is not per loop (log file); may be NULL. */
	void (*reloaded)(void *context);
	/* For who watches over the process: what it is doing now; may be NULL. On the
	 * first loop's thread. */
	void (*phase)(void *context, enum kp_server_phase phase);
	void *context;
};

struct kp_server_listen {
	const char *host; /* numeric */
	uint16_t port;    /* 0: any, the same on every loop */
	uint32_t serves;  /* bits of enum kp_serves */
	bool local;       /* plain, and on a loopback address: HTTP/2 may be spoken on it
			     without TLS */
	/* One per loop, bound to it already; taken over. -1, or NULL: opened here. */
	const int *sockets;
};

struct kp_server_options {
	unsigned loops;   /* 1 to KP_SERVER_LOOPS_MAX */
	unsigned workers; /* threads for work that blocks */
	const struct kp_server_listen *listens;
	size_t listen_count;
	int backlog;
	uint32_t connections_max; /* per listener and loop */
	uint32_t handshakes_max;  /* under way, per listener and loop */
	uint32_t handshake_timeout_ms;
	uint32_t handshake_steps_max; /* in one turn of a loop */
	uint32_t accepts_per_turn;    /* connections, in one turn of a loop */
	uint32_t drain_timeout_ms;    /* from SIGTERM until what is left is broken off */
	uint64_t alive_us; /* how often `phase` wants to hear KP_SERVER_ALIVE; 0: never */
	uint32_t drain_grace_ms; /* still accepting, for balancers to see readiness go
				    off */
	/* handle, context and metrics are filled in by the server. */
	struct kp_connections_options connections;
	struct kp_routes routes; /* handlers get the struct kp_server_loop as context */
	struct kp_server_snapshots snapshots;
	struct kp_logger *logger; /* may be NULL */
};

/* Builds the first snapshot and listens; KP_E_CONFIG when it does not build. */
enum kp_status kp_server_create(const struct kp_server_options *options,
	struct kp_server **ret_server, struct kp_error *err) KP_MUST_USE;
/* Runs until stopped by a signal; the first loop is on the calling thread. */
enum kp_status kp_server_run(struct kp_server *server, struct kp_error *err) KP_MUST_USE;
/* Accepts NULL. */
void kp_server_destroy(struct kp_server **server);

/* Of that listener, also where the system chose it. */
uint16_t kp_server_port(const struct kp_server *server, size_t listen);
/* Borrowed; any thread. */
struct kp_metrics *kp_server_metrics(struct kp_server *server);

/* For handlers and for adopt; loop thread. */
struct kp_server *kp_server_loop_server(struct kp_server_loop *loop);
struct kp_loop *kp_server_loop_loop(struct kp_server_loop *loop);
struct kp_upstream *kp_server_loop_upstream(struct kp_server_loop *loop);
struct kp_workers *kp_server_loop_workers(struct kp_server_loop *loop);
struct kp_metrics_loop *kp_server_loop_metrics(struct kp_server_loop *loop);
void *kp_server_loop_state(struct kp_server_loop *loop);

/* Route handlers for the operator's resources. */
void kp_server_handle_live(void *loop, struct kp_exchange *exchange);
void kp_server_handle_ready(void *loop, struct kp_exchange *exchange);
void kp_server_handle_metrics(void *loop, struct kp_exchange *exchange);

#endif
