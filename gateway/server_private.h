/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* server_private: what server.c (life, signals, reload) and server_loop.c (one loop)
 * share. */
#ifndef KP_SERVER_PRIVATE_H
#define KP_SERVER_PRIVATE_H

#include <stdatomic.h>

#include "io/runtime.h"
#include "server.h"

/* Process lifetime; belongs to its loop's thread while that runs. */
struct kp_server_loop {
	struct kp_server *server;
	unsigned index;
	struct kp_loop *loop;
	struct kp_upstream *upstream;
	struct kp_connections *connections;
	struct kp_listener *listeners[KP_SERVER_LISTENS_MAX];
	struct kp_metrics_loop *metrics;
	struct kp_timer drain_timer;
	struct kp_timer beat_timer;
	atomic_uint beats;   /* turns of beat_timer; read by the first loop */
	unsigned beats_seen; /* by it */
	bool accepting;
	int64_t refused_s; /* the second that `refused` is of */
	unsigned refused;  /* clients not let in */
	void *state;
	void *next_state; /* between the two halves of a reload */
	/* An errand of the first loop. */
	struct kp_task errand; /* on this loop */
	struct kp_task report; /* on the first one */
	struct kp_task ended;  /* on the first one */
	void (*errand_run)(struct kp_server_loop *loop);
	enum kp_status errand_status;
	struct kp_error errand_error;
};

struct kp_server {
	struct kp_server_options options;
	struct kp_server_listen listens[KP_SERVER_LISTENS_MAX];
	uint16_t ports[KP_SERVER_LISTENS_MAX];
	struct kp_metrics *metrics;
	struct kp_workers *workers;
	struct kp_log log;
	atomic_bool stopping; /* readiness is off */
	unsigned loop_count;
	struct kp_server_loop *loops;
	/* Of the first loop's thread. */
	void *snapshot; /* while it is put in place */
	struct kp_work build;
	enum kp_status reload_status;
	struct kp_error reload_error;
	unsigned errands_left;
	enum kp_status errand_status;
	struct kp_error errand_error;
	void (*after)(struct kp_server *server);
	unsigned loops_ended;
	unsigned stops_wanted;
	bool reload_wanted;
	bool reloading;
	bool draining;
	bool aborting;
	bool over; /* the loops are told to stop */
};

/* server.c: this loop has nothing more to do. */
void kp_server_loop_ended(struct kp_server_loop *loop);

/* server.c: tells who watches over the process. */
void kp_server_tell(struct kp_server *server, enum kp_server_phase phase);

/* server_loop.c; each on the loop's thread or before it runs. */
enum kp_status kp_server_loop_open(
	struct kp_server_loop *loop, struct kp_error *err) KP_MUST_USE;
void kp_server_loop_close(struct kp_server_loop *loop);
void kp_server_loop_prepare(struct kp_server_loop *loop);
void kp_server_loop_commit(struct kp_server_loop *loop);
void kp_server_loop_rollback(struct kp_server_loop *loop);
void kp_server_loop_drain(struct kp_server_loop *loop);
void kp_server_loop_abort(struct kp_server_loop *loop);

#endif
