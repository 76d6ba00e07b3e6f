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

static int
set_up(void **state)
{
	(void)state;
	turns = (struct kp_turns){.work_max = REQUESTS};
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
	struct kp_turn *turn = kp_turns_next(&turns);
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
	assert_null(kp_turns_next(&turns));
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
	turns.work_max = 2;
	ask(0, 5);
	ask(1, 1);
	assert_int_equal(next(), 0);
	assert_int_equal(next(), 100);
	assert_int_equal(next(), 1);
	assert_false(kp_turns_any(&turns));
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
	turns.work_max = 1;
	ask(0, 3);
	ask(1, 2);
	kp_turns_leave(&turns, &requests[0][1]);
	kp_turns_leave(&turns, &requests[1][0]);
	kp_turns_leave(&turns, &requests[1][1]);
	assert_int_equal(next(), 0);
	assert_null(kp_turns_next(&turns));
	/* Nobody is left, and the one that is finished makes room for nobody. */
	kp_turns_leave(&turns, &requests[0][2]);
	kp_turns_leave(&turns, &requests[0][0]);
	assert_null(kp_turns_next(&turns));
	ask(0, 1);
	assert_int_equal(next(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_line_is_served_in_order, set_up),
		cmocka_unit_test_setup(one_request_waits_for_one_of_each, set_up),
		cmocka_unit_test_setup(work_of_a_line_is_bounded, set_up),
		cmocka_unit_test_setup(who_leaves_is_not_served, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
