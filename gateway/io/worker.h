/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * worker: work that may block (files, name look-up, heavy crypto), done on a few threads
 * beside the loops. Two lanes, so that long work (reading an export) never holds up short
 * work (one lookup).
 */
#ifndef KP_IO_WORKER_H
#define KP_IO_WORKER_H

#include "io/loop.h"

enum kp_lane {
	KP_LANE_SHORT,
	KP_LANE_LONG,
};

/* Embedded in its owner until `done`. */
struct kp_work {
	void (*run)(struct kp_work
			*work); /* on a worker thread; touches nothing of the loop */
	void (*done)(struct kp_work *work); /* on the loop, exactly once */
	bool impersonal; /* no client data comes on the thread's stack: it is not wiped */
	struct kp_loop *loop; /* private */
	struct kp_work *next; /* private */
	struct kp_task task;  /* private */
};

struct kp_workers;

/* Starts them: two at least, 64 at most, half of them for short work only.
 * KP_E_MEMORY. */
enum kp_status kp_workers_create(unsigned threads, struct kp_workers **ret_workers,
	struct kp_error *err) KP_MUST_USE;
/* Finishes queued work first. Accepts NULL. */
void kp_workers_destroy(struct kp_workers **workers);

/* With a NULL loop nobody waits: `done` is not called, and `run` may free or requeue the
 * work. Any thread may start such work. */
void kp_work_start(struct kp_workers *workers, struct kp_loop *loop, enum kp_lane lane,
	struct kp_work *work);

#endif
