/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * loop: one thread, one event loop, one clock. Everything below gateway/io is reached
 * through these headers; no other file knows libuv, libcurl or sockets. tests/flow/player
 * implements the same headers with a virtual clock, network and disk, and is put in their
 * place at link time.
 *
 * Completions never run inside the call that started the operation: they come from the
 * loop, later, exactly once, also after cancel and at stop. Debug builds abort when that
 * is broken.
 */
#ifndef KP_IO_LOOP_H
#define KP_IO_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/error.h"

struct kp_loop;

/* Something to run on a loop. Embedded in its owner, which keeps it until it has run. */
struct kp_task {
	void (*run)(struct kp_task *task);
	struct kp_task *next; /* private; while queued */
	struct kp_task *prev; /* private; while queued */
	bool queued;          /* private */
};

/*
 * A wake-up. Embedded in its owner, all zero when unused; the owner stops it before it
 * goes. Arming never allocates, so it cannot fail. An armed timer does not keep a stopped
 * loop running.
 */
struct kp_timer {
	void (*fire)(struct kp_timer *timer);
	uint64_t due_us;        /* private */
	struct kp_timer *child; /* private: places in the loop's heap */
	struct kp_timer *next;
	struct kp_timer *prev;
	bool armed; /* may be read by the owner */
};

/* It belongs to the thread that runs it. KP_E_MEMORY. */
enum kp_status kp_loop_create(
	unsigned index, struct kp_loop **ret_loop, struct kp_error *err) KP_MUST_USE;
/* After kp_loop_run returned and every thread that posts to the loop has ended. Accepts
 * NULL. */
void kp_loop_destroy(struct kp_loop **loop);

/* Runs until kp_loop_stop and nothing is open any more. */
void kp_loop_run(struct kp_loop *loop);
void kp_loop_stop(struct kp_loop *loop);
unsigned kp_loop_index(const struct kp_loop *loop);
bool kp_loop_is_current(const struct kp_loop *loop);

/* Monotonic time, microseconds, read once per turn; kp_loop_clock_us reads the clock now.
 */
uint64_t kp_loop_now_us(const struct kp_loop *loop);
uint64_t kp_loop_clock_us(const struct kp_loop *loop);
/* UTC, milliseconds since 1970. */
int64_t kp_loop_wall_ms(const struct kp_loop *loop);
/* Bytes nobody can guess (ids, salts). The player draws them from a seed. */
void kp_loop_random(struct kp_loop *loop, unsigned char *bytes, size_t len);

/* Runs the task on the loop's thread. The only thread-safe function here. */
void kp_loop_post(struct kp_loop *loop, struct kp_task *task);
/* Runs the task later in this turn, after the callbacks. Loop thread. Queued twice runs
 * once. */
void kp_loop_defer(struct kp_loop *loop, struct kp_task *task);
/* Runs the task in the next turn, after the callbacks: what has come in meanwhile is
 * looked at before it. The loop does not sleep until then. Loop thread. */
void kp_loop_next_turn(struct kp_loop *loop, struct kp_task *task);
/* A number for each turn. */
uint64_t kp_loop_turn(const struct kp_loop *loop);
/* Takes back a task that is deferred or waits for the next turn. */
void kp_loop_undefer(struct kp_loop *loop, struct kp_task *task);

/* Arms, or arms anew. Fires at the first turn at or after now + delay. */
void kp_timer_start(struct kp_loop *loop, struct kp_timer *timer, uint64_t delay_us);
void kp_timer_stop(struct kp_loop *loop, struct kp_timer *timer);

#endif
