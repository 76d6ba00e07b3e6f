/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* server_private: what server.c (life, signals) and server_loop.c (one loop) share. */
#ifndef KP_SERVER_PRIVATE_H
#define KP_SERVER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

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
	bool accepting;
	void *state;
	void *next_state; /* between the two halves of a reload */
	pthread_t thread;
	bool running;
	/* An errand of the signal thread. */
	struct kp_task errand;
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
	void *snapshot; /* while it is put in place */
	atomic_bool stopping;
	unsigned loop_count;
	struct kp_server_loop *loops;
	pthread_mutex_t lock; /* of errands_left */
	pthread_cond_t done;
	unsigned errands_left;
};

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
