/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_turns: whose request is begun next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turns.h"

#define LINES 5u
#define REQUESTS 100u

static struct kp_turns turns;
static struct kp_turns_line lines[LINES];
static struct kp_turn requests[LINES][REQUESTS];

static uint64_t now_us;

static void
begin_with(uint32_t work_max, uint32_t work_min, uint32_t work_shared)
{
	const struct kp_turns_limits limits = {.work_max = work_max,
		.work_min = work_min,
		.work_shared = work_shared,
		.slow_us = 50000};
	kp_turns_init(&turns, &limits);
}

static int
set_up(void **state)
{
	(void)state;
	now_us = 1000000;
	begin_with(REQUESTS, REQUESTS, REQUESTS * LINES);
	for (unsigned i = 0; i < LINES; i++) {
		lines[i] = (struct kp_turns_line){0};
		for (unsigned j = 0; j < REQUESTS; j++) {
			requests[i][j] = (struct kp_turn){0};
		}
	}
	return 0;
}

static void
ask(unsigned line, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		kp_turns_wait(&turns, &lines[line], &requests[line][i]);
	}
}

/* Whose turn it is: 100 * line + request. */
static unsigned
next(void)
{
	struct kp_turn *turn = kp_turns_next(&turns, now_us);
	assert_non_null(turn);
	assert_false(turn->waiting);
	unsigned line = (unsigned)(turn->line - lines);
	return 100 * line + (unsigned)(turn - requests[line]);
}

static void
a_line_is_served_in_order(void **state)
{
	(void)state;
	assert_false(kp_turns_any(&turns));
	assert_null(kp_turns_next(&turns, now_us));
	ask(0, 3);
	assert_true(kp_turns_any(&turns));
	assert_int_equal(next(), 0);
	assert_int_equal(next(), 1);
	assert_int_equal(next(), 2);
	assert_false(kp_turns_any(&turns));
}

/* Four ask all they can; a fifth that comes last is served after one of each. */
static void
one_request_waits_for_one_of_each(void **state)
{
	(void)state;
	for (unsigned line = 0; line < 4; line++) {
		ask(line, REQUESTS);
	}
	for (unsigned i = 0; i < 6; i++) {
		(void)next();
	}
	ask(4, 1);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_not_equal(next() / 100, 4);
	}
	assert_int_equal(next(), 400);
	/* And another is served after one of each again. */
	kp_turns_leave(&turns, &requests[4][0]);
	ask(4, 1);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_not_equal(next() / 100, 4);
	}
	assert_int_equal(next(), 400);
}

static void
work_of_a_line_is_bounded(void **state)
{
	(void)state;
	begin_with(2, 1, 100);
	ask(0, 5);
	ask(1, 1);
	assert_int_equal(next(), 0);
	assert_int_equal(next(), 100);
	assert_int_equal(next(), 1);
	assert_null(kp_turns_next(&turns, now_us));
	kp_turns_leave(&turns, &requests[1][0]);
	assert_false(kp_turns_any(&turns));
	kp_turns_leave(&turns, &requests[0][1]);
	assert_int_equal(next(), 2);
	assert_false(kp_turns_any(&turns));
}

static void
who_leaves_is_not_served(void **state)
{
	(void)state;
	begin_with(1, 1, 100);
	ask(0, 3);
	ask(1, 2);
	kp_turns_leave(&turns, &requests[0][1]);
	kp_turns_leave(&turns, &requests[1][0]);
	kp_turns_leave(&turns, &requests[1][1]);
	assert_int_equal(next(), 0);
	assert_null(kp_turns_next(&turns, now_us));
	/* Nobody is left, and the one that is finished makes room for nobody. */
	kp_turns_leave(&turns, &requests[0][2]);
	kp_turns_leave(&turns, &requests[0][0]);
	assert_null(kp_turns_next(&turns, now_us));
	ask(0, 1);
	assert_int_equal(next(), 0);
}

static unsigned
begin_all(void)
{
	unsigned count = 0;
	while (kp_turns_next(&turns, now_us) != NULL) {
		count++;
	}
	return count;
}

static void
work_is_shared(void **state)
{
	(void)state;
	begin_with(12, 3, 16);
	ask(0, 50);
	assert_int_equal(begin_all(), 12); /* alone: work_max */
	ask(1, 50);
	assert_int_equal(begin_all(), 8); /* half of what is shared */
	for (unsigned i = 0; i < 4; i++) {
		kp_turns_leave(&turns, &requests[0][i]);
		assert_int_equal(begin_all(), 0); /* it had more than its half */
	}
	kp_turns_leave(&turns, &requests[0][4]);
	assert_int_equal(begin_all(), 1);
	/* A third, a fourth and a fifth: 16 / 5, and work_min when that is less. */
	ask(2, 10);
	ask(3, 10);
	ask(4, 10);
	assert_int_equal(begin_all(), 9);
	/* Two have all they asked for: the parts of the others grow. */
	for (unsigned i = 0; i < 50; i++) {
		kp_turns_leave(&turns, &requests[1][i]);
	}
	for (unsigned i = 0; i < 10; i++) {
		kp_turns_leave(&turns, &requests[2][i]);
	}
	assert_int_equal(begin_all(), 2 * (16 / 3 - 3));
}

static void
slow_ones_are_not_counted(void **state)
{
	(void)state;
	begin_with(2, 1, 100);
	ask(0, 6);
	assert_int_equal(kp_turns_at_us(&turns), UINT64_MAX); /* it has a turn */
	assert_int_equal(next(), 0);
	now_us += 20000;
	assert_int_equal(next(), 1);
	assert_int_equal(begin_all(), 0);
	assert_int_equal(kp_turns_at_us(&turns), 1050000);
	now_us = 1049999;
	assert_int_equal(begin_all(), 0);
	now_us = 1050000;
	assert_int_equal(next(), 2);
	assert_int_equal(begin_all(), 0);
	assert_int_equal(kp_turns_at_us(&turns), 1070000);
	/* A slow one that is finished makes no room; it had none. */
	kp_turns_leave(&turns, &requests[0][0]);
	assert_int_equal(begin_all(), 0);
	kp_turns_leave(&turns, &requests[0][1]);
	assert_int_equal(begin_all(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_is_served_in_order, set_up),
		cmocka_unit_test_setup(one_request_waits_for_one_of_each, set_up),
		cmocka_unit_test_setup(work_of_a_line_is_bounded, set_up),
		cmocka_unit_test_setup(who_leaves_is_not_served, set_up),
		cmocka_unit_test_setup(work_is_shared, set_up),
		cmocka_unit_test_setup(slow_ones_are_not_counted, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
