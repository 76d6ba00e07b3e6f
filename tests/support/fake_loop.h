/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fake_loop: io/loop.h with a clock that only moves when a test says so, and a random
 * source that always gives the same bytes. One thread, no waiting: whole requests run in
 * microseconds and always in the same order.
 */
#ifndef KP_TESTS_FAKE_LOOP_H
#define KP_TESTS_FAKE_LOOP_H

#include "io/loop.h"

/* 2026-11-23T12:00:00.000Z: where the wall clock of a new loop stands. */
#define KP_FAKE_WALL_MS ((int64_t)1795435200000)
#define KP_FAKE_START_US ((uint64_t)1000000)

/* Runs what is queued, and what that queues, until nothing is. Moves no clock. */
void kp_fake_loop_settle(struct kp_loop *loop);
/* Moves the clock, firing timers in order of their time, and settles after each. */
void kp_fake_loop_advance(struct kp_loop *loop, uint64_t by_us);
/* Timers that are armed. */
unsigned kp_fake_loop_timers(const struct kp_loop *loop);

#endif
