/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_runtime: signals that come before the loops run. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "io/runtime.h"

struct told {
	struct kp_loop *loop;
	int reloads;
	int stops;
};

static void
on_signal(void *context, enum kp_signal signal)
{
	struct told *told = context;
	if (signal == KP_SIGNAL_RELOAD) {
		told->reloads++;
	} else {
		told->stops++;
		kp_loop_stop(told->loop);
	}
}

static void
what_comes_early_is_not_lost(void **state)
{
	(void)state;
	struct told told = {0};
	struct kp_error err = {0};
	assert_int_equal(kp_loop_create(0, &told.loop, &err), KP_OK);
	const struct kp_runtime_options options = {.loops = &told.loop,
		.loop_count = 1,
		.on_signal = on_signal,
		.context = &told};
	kp_runtime_hold_signals();
	assert_int_equal(raise(SIGHUP), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(told.reloads + told.stops, 0);
	assert_int_equal(kp_runtime_run(&options, &err), KP_OK);
	assert_int_equal(told.reloads, 1);
	assert_int_equal(told.stops, 1);
	kp_loop_destroy(&told.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_early_is_not_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
