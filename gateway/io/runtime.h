/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * runtime: runs all loops of the process and hands it the operator's signals. server.c
 * makes no thread itself: here one thread per loop is made, and in the scenario player
 * all loops take turns on one thread under the virtual clock, and signals come from the
 * script.
 */
#ifndef KP_IO_RUNTIME_H
#define KP_IO_RUNTIME_H

#include "io/loop.h"

enum kp_signal {
	KP_SIGNAL_STOP, /* SIGTERM, SIGINT: drain and stop; a second one stops at once */
	KP_SIGNAL_RELOAD, /* SIGHUP */
};

struct kp_runtime_options {
	struct kp_loop **loops;
	unsigned loop_count;
	/* On the thread of loops[0], which is the calling thread. */
	void (*on_signal)(void *context, enum kp_signal signal);
	void *context;
};

/* Returns when every loop was stopped (kp_loop_stop, from any thread by a posted task)
 * and has nothing open. SIGPIPE is ignored. */
enum kp_status kp_runtime_run(
	const struct kp_runtime_options *options, struct kp_error *err) KP_MUST_USE;

/* From here on signals wait until kp_runtime_run takes them: for who tells that it is
 * ready before it runs. On the thread that will run. */
void kp_runtime_hold_signals(void);

/* First thing in main: libcurl, OpenSSL and jansson get the wiping allocators of
 * core/heap.h, and the process leaves no core dump and is closed to debuggers. */
enum kp_status kp_runtime_prepare(struct kp_error *err) KP_MUST_USE;
/* Keeps everything the process has and will have out of swap. False when this user may
 * not (RLIMIT_MEMLOCK below infinity): the operator ought to know, the work goes on. */
bool kp_runtime_lock_memory(void) KP_MUST_USE;

#endif
