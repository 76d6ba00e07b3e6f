/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_name: a name says a day and a number or is not the pattern's, and what it says
 * puts deliveries in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/attr.h"
#include "source/delivery_name.h"

static bool
read_name(const char *pattern, const char *name, struct kp_delivery_name *ret_name)
{
	return kp_delivery_name_read(
		kp_slice_from(pattern), kp_slice_from(name), ret_name);
}

static void
days_and_numbers_are_read(void **state)
{
	(void)state;
	struct kp_delivery_name name;
	assert_true(read_name("a-yyyymmdd.csv", "a-20260131.csv", &name));
	assert_true(name.dated && !name.numbered);
	assert_int_equal(name.day, 20260131);
	assert_true(read_name("{volgnummer}_yyyymmdd", "0042_20260131", &name));
	assert_true(name.dated && name.numbered);
	assert_int_equal(name.number, 42);
	assert_true(read_name("x{volgnummer}", "x999999999", &name));
	assert_int_equal(name.number, 999999999);
	assert_int_equal(name.day, 0);
	assert_true(read_name("plain", "plain", &name));
	/* Only the first of each counts. */
	assert_true(read_name("yyyymmddyyyymmdd", "20260131yyyymmdd", &name));
}

static void
other_names_are_not_the_patterns(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"a-yyyymmdd.csv", "a-20260131.csv.bak"},
		{"a-yyyymmdd.csv", "a-2026013.csv"},
		{"a-yyyymmdd.csv", "a-202601311.csv"},
		{"a-yyyymmdd.csv", "a-20261301.csv"},
		{"a-yyyymmdd.csv", "a-20260132.csv"},
		{"a-yyyymmdd.csv", "a-20260100.csv"},
		{"a-yyyymmdd.csv", "a-20260231.csv"},
		{"a-yyyymmdd.csv", "a-20260229.csv"},
		{"a-yyyymmdd.csv", "a-20260431.csv"},
		{"a-yyyymmdd.csv", "a-00000101.csv"},
		{"a-yyyymmdd.csv", "A-20260131.csv"},
		{"a-yyyymmdd.csv", "a-mutaties-20260131.csv"},
		{"x{volgnummer}", "x"},
		{"x{volgnummer}", "x1234567890"},
		{"x{volgnummer}", "x-1"},
		{"plain", "plai"},
		{"plain", "plainer"},
		{"", "x"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(pairs); i++) {
		struct kp_delivery_name name;
		assert_false(read_name(pairs[i][0], pairs[i][1], &name));
	}
}

static void
numbers_go_before_days(void **state)
{
	(void)state;
	struct kp_delivery_name a = {.dated = true, .day = 20260101, .numbered = true};
	struct kp_delivery_name b = {.dated = true, .day = 20260102, .numbered = true};
	a.number = 10;
	b.number = 9;
	assert_true(kp_delivery_name_compare(&a, &b) > 0);
	b.numbered = false;
	assert_true(kp_delivery_name_compare(&a, &b) < 0);
	b.day = a.day;
	assert_int_equal(kp_delivery_name_compare(&a, &b), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_numbers_are_read),
		cmocka_unit_test(other_names_are_not_the_patterns),
		cmocka_unit_test(numbers_go_before_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
