/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* value: dates in every pattern, whole, partly unknown and impossible; yes and no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "connectors/value.h"

static void
date_is(const char *pattern, const char *text, const char *expected)
{
	char out[KP_VALUE_DATE_BYTES + 1] = "";
	size_t len = 0;
	enum kp_value_result result =
		kp_value_date(kp_slice_from(pattern), kp_slice_from(text), out, &len);
	if (expected == NULL) {
		assert_int_equal(result, KP_VALUE_WRONG);
	} else if (expected[0] == '\0') {
		assert_int_equal(result, KP_VALUE_ABSENT);
	} else {
		assert_int_equal(result, KP_VALUE_MADE);
		assert_int_equal(len, strlen(expected));
		assert_memory_equal(out, expected, len);
	}
}

static void
dates_become_iso(void **state)
{
	(void)state;
	date_is("yyyymmdd", "19850312", "\"1985-03-12\"");
	date_is("yyyymmdd", " 19850312\t", "\"1985-03-12\"");
	date_is("yyyy-mm-dd", "2000-02-29", "\"2000-02-29\"");
	date_is("dd-mm-yyyy", "31-12-1999", "\"1999-12-31\"");
	date_is("d-m-yyyy", "1-2-2021", "\"2021-02-01\"");
	date_is("d-m-yyyy", "21-07-2021", "\"2021-07-21\"");
	date_is("d/m/yyyy", "1/2/2021", "\"2021-02-01\"");
	date_is("dd.mm.yyyy", "01.02.2021", "\"2021-02-01\"");
}

static void
unknown_parts_are_cut_off(void **state)
{
	(void)state;
	date_is("yyyymmdd", "19701100", "\"1970-11\"");
	date_is("yyyymmdd", "19700000", "\"1970\"");
	date_is("yyyymmdd", "19700025", "\"1970\"");
	date_is("yyyymmdd", "00000000", "");
	date_is("yyyymmdd", "", "");
	date_is("yyyymmdd", "  ", "");
	date_is("dd-mm-yyyy", "00-00-1970", "\"1970\"");
}

static void
what_is_no_date_is_said(void **state)
{
	(void)state;
	static const char *const wrong[] = {"19850230", "20230229", "19000229",
		"19851301", "19850432", "1985031", "198503120", "1985-03-12", "19850a12",
		"x", "+9850312", "1985031\xc2"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		date_is("yyyymmdd", wrong[i], NULL);
	}
	date_is("d-m-yyyy", "-2-2021", NULL);
	date_is("d-m-yyyy", "1-2-21", NULL);
	date_is("d-m-yyyy", "1/2/2021", NULL);
	date_is("d-m-yyyy", "123-2-2021", NULL);
	date_is("d-m-yyyy", "1-2-2021 ", "\"2021-02-01\"");
	date_is("dd-mm-yyyy", "1-2-2021", NULL);
}

static void
patterns_are_known_or_not(void **state)
{
	(void)state;
	static const char *const good[] = {"yyyymmdd", "ddmmyyyy", "yyyy-mm-dd",
		"d-m-yyyy", "dd/mm/yyyy", "m.d.yyyy"};
	static const char *const bad[] = {"", "yyyy", "yymmdd", "yyyymmddd", "dmyyyy",
		"yyyy-mmdd", "yyyymm-dd", "yyyy-mm-dd-", "-yyyymmdd", "dd-dd-yyyy",
		"dd-mm/yyyy", "YYYYMMDD", "yyyymmddyyyy", "mmdd"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		assert_true(kp_value_date_pattern_known(kp_slice_from(good[i])));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		assert_false(kp_value_date_pattern_known(kp_slice_from(bad[i])));
	}
	assert_false(kp_value_date_pattern_known((struct kp_slice){"yyyy\0mm\0dd", 10}));
}

static void
yes_and_no(void **state)
{
	(void)state;
	static const char *const yes[] = {"J", "j", "Ja", "JA", "1", "true", "Y", " ja "};
	static const char *const no[] = {"N", "nee", "NEE", "0", "False"};
	static const char *const neither[] = {"9", "2", "misschien", "jaa", "tru", "j a"};
	bool answer = false;
	for (size_t i = 0; i < KP_ARRAY_LEN(yes); i++) {
		assert_int_equal(
			kp_value_yes_no(kp_slice_from(yes[i]), &answer), KP_VALUE_MADE);
		assert_true(answer);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(no); i++) {
		assert_int_equal(
			kp_value_yes_no(kp_slice_from(no[i]), &answer), KP_VALUE_MADE);
		assert_false(answer);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(neither); i++) {
		assert_int_equal(kp_value_yes_no(kp_slice_from(neither[i]), &answer),
			KP_VALUE_WRONG);
	}
	assert_int_equal(kp_value_yes_no(kp_slice_from("  "), &answer), KP_VALUE_ABSENT);
}

static void
white_space_goes(void **state)
{
	(void)state;
	assert_true(kp_slice_is(kp_value_trim(kp_slice_from(" a b\t")), "a b"));
	assert_true(kp_slice_is(kp_value_trim(kp_slice_from("\xc2\xa0x\xc2\xa0")), "x"));
	assert_int_equal(kp_value_trim(kp_slice_from(" \t\xc2\xa0")).len, 0);
	assert_int_equal(kp_value_trim((struct kp_slice){0}).len, 0);
}

static void
digits_are_bounded(void **state)
{
	(void)state;
	unsigned number = 0;
	assert_true(kp_value_digits(kp_slice_from("999999999"), &number));
	assert_int_equal(number, 999999999);
	assert_false(kp_value_digits(kp_slice_from("1000000000"), &number));
	assert_false(kp_value_digits(kp_slice_from(""), &number));
	assert_false(kp_value_digits(kp_slice_from("1e3"), &number));
}

static void
test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool cents;
		bool negative;
		const char *expected; /* NULL: wrong; empty: absent */
	} rows[] = {
		{"0", false, false, "0"},
		{" 0021 ", false, false, "21"},
		{"      1024,76", false, false, "1024.76"},
		{"+12.50", false, false, "12.50"},
		{"-7", false, false, "-7"},
		{"-7", false, true, "7"},
		{"7", false, true, "-7"},
		{"102476", true, false, "1024.76"},
		{"5", true, false, "0.05"},
		{"0", true, false, "0.00"},
		{"63343", true, true, "-633.43"},
		{"", false, false, ""},
		{"  ", true, false, ""},
		{"1.024,76", false, false, NULL},
		{"1,", false, false, NULL},
		{",5", false, false, NULL},
		{"1e3", false, false, NULL},
		{"12.5", true, false, NULL},
		{"--1", false, false, NULL},
		{"K101", false, false, NULL},
		{"1234567890123456789012345678901", false, false, NULL},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		char out[KP_VALUE_NUMBER_BYTES];
		size_t len = 0;
		enum kp_value_result result = kp_value_number(kp_slice_from(rows[i].text),
			rows[i].cents, rows[i].negative, out, &len);
		if (rows[i].expected == NULL) {
			assert_int_equal(result, KP_VALUE_WRONG);
		} else if (rows[i].expected[0] == '\0') {
			assert_int_equal(result, KP_VALUE_ABSENT);
		} else {
			assert_int_equal(result, KP_VALUE_MADE);
			assert_int_equal(len, strlen(rows[i].expected));
			assert_memory_equal(out, rows[i].expected, len);
		}
	}
}

static void
days_of_header_fields(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *day; /* NULL: not one */
	} rows[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06"},
		{"Mon, 29 Feb 2024 00:00:00 GMT", "2024-02-29"},
		{"2026-11-27", "2026-11-27"},
		{"2026-11-27T10:00:00Z", "2026-11-27"},
		{"Sun, 29 Feb 2026 00:00:00 GMT", NULL},
		{"Sun, 06 Nov 1994 08:49:37 CET", NULL},
		{"Sun, 06 nov 1994 08:49:37 GMT", NULL},
		{"Sunday, 06-Nov-94 08:49:37 GMT", NULL},
		{"Sun Nov  6 08:49:37 1994", NULL},
		{"2026-13-01", NULL},
		{"2026-00-00", NULL},
		{"0", NULL},
		{"", NULL},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		char day[KP_VALUE_DAY_LEN];
		bool made = kp_value_http_day(kp_slice_from(rows[i].text), day);
		assert_int_equal(made, rows[i].day != NULL);
		if (made) {
			assert_memory_equal(day, rows[i].day, sizeof(day));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(dates_become_iso),
		cmocka_unit_test(unknown_parts_are_cut_off),
		cmocka_unit_test(what_is_no_date_is_said),
		cmocka_unit_test(patterns_are_known_or_not),
		cmocka_unit_test(yes_and_no),
		cmocka_unit_test(white_space_goes),
		cmocka_unit_test(digits_are_bounded),
		cmocka_unit_test(days_of_header_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
