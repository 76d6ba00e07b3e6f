/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* retry: soon, each time later, not all at once, and not before the partner says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "source/freshness.h"
#include "source/retry.h"

static void
pauses_double_up_to_the_most(void **state)
{
	(void)state;
	const struct kp_retry retry = {.first_us = 5, .most_us = 30};
	assert_int_equal(kp_retry_pause_us(&retry, 0), 5);
	assert_int_equal(kp_retry_pause_us(&retry, 1), 10);
	assert_int_equal(kp_retry_pause_us(&retry, 2), 20);
	assert_int_equal(kp_retry_pause_us(&retry, 3), 30);
	assert_int_equal(kp_retry_pause_us(&retry, UINT32_MAX), 30);
	const struct kp_retry short_one = {.first_us = 5, .most_us = 3};
	assert_int_equal(kp_retry_pause_us(&short_one, 0), 3);
}

static void
a_part_is_between_nothing_and_all(void **state)
{
	(void)state;
	const uint64_t day_us = (uint64_t)86400 * 1000000;
	assert_int_equal(kp_retry_part_us(day_us, 0), 0);
	assert_int_equal(kp_retry_part_us(day_us, UINT32_MAX), day_us);
	uint64_t half = kp_retry_part_us(day_us, UINT32_MAX / 2);
	assert_in_range(half, day_us / 2 - 1000000, day_us / 2);
	assert_int_equal(kp_retry_part_us(0, UINT32_MAX), 0);
}

static void
the_partner_says_how_long(void **state)
{
	(void)state;
	/* Fri, 27 Nov 2026 10:00:00 GMT. */
	const int64_t now_s = 1795773600;
	static const struct {
		const char *field;
		int64_t seconds; /* -1: it cannot be read */
	} rows[] = {
		{"120", 120},
		{" 120\t", 120},
		{"0", 0},
		{"2147483648", 2147483648},
		{"99999999999999999999999", 2147483648},
		{"Fri, 27 Nov 2026 10:02:00 GMT", 120},
		{"Friday, 27-Nov-26 10:02:00 GMT", 120},
		{"Fri Nov 27 10:02:00 2026", 120},
		{"Fri, 27 Nov 2026 09:00:00 GMT", 0},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 2147483648},
		{"-1", -1},
		{"1.5", -1},
		{"120 s", -1},
		{"tomorrow", -1},
		{"", -1},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		uint32_t seconds = 7;
		bool read =
			kp_retry_after_s(kp_slice_from(rows[i].field), now_s, &seconds);
		assert_int_equal(read, rows[i].seconds >= 0);
		assert_int_equal(seconds, read ? rows[i].seconds : 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_double_up_to_the_most),
		cmocka_unit_test(a_part_is_between_nothing_and_all),
		cmocka_unit_test(the_partner_says_how_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
