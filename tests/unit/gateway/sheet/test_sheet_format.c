/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_format: number formats and what becomes of numbers; every day of two centuries
 * against the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "sheet/sheet_format.h"

static void
codes_say_what_a_number_is(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		enum kp_sheet_kind kind;
	} codes[] = {
		{"General", KP_SHEET_NUMBER},
		{"0.00", KP_SHEET_NUMBER},
		{"#,##0.00\\ \"dagen\"", KP_SHEET_NUMBER},
		{"[Red]0;[Magenta]-0", KP_SHEET_NUMBER},
		{"_-* #,##0_d", KP_SHEET_NUMBER},
		{"0%", KP_SHEET_NUMBER},
		{"0.00E+00", KP_SHEET_NUMBER},
		{"@", KP_SHEET_NUMBER},
		{"0", KP_SHEET_NUMBER},
		{"[h]:mm", KP_SHEET_NUMBER},
		{"[ss]", KP_SHEET_NUMBER},
		{"0;yyyy", KP_SHEET_NUMBER},
		{"\"yyyy", KP_SHEET_NUMBER},
		{"\\", KP_SHEET_NUMBER},
		{"", KP_SHEET_NUMBER},
		{"00", KP_SHEET_PADDED},
		{"000000000", KP_SHEET_PADDED},
		{"0000000000000000", KP_SHEET_NUMBER},
		{"yyyy-mm-dd", KP_SHEET_DATE},
		{"DD/MM/YY", KP_SHEET_DATE},
		{"[$-413]d mmmm yyyy;@", KP_SHEET_DATE},
		{"mmm", KP_SHEET_DATE},
		{"[Blue]m/d", KP_SHEET_DATE},
		{"h:mm AM/PM", KP_SHEET_TIME},
		{"mm:ss.0", KP_SHEET_TIME},
		{"d-m-yyyy h:mm", KP_SHEET_DATE_TIME},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(codes); i++) {
		assert_int_equal(kp_sheet_format_parse(kp_slice_from(codes[i].code)).kind,
			codes[i].kind);
	}
	assert_int_equal(kp_sheet_format_parse(KP_SLICE("00000")).digits, 5);
	assert_int_equal(kp_sheet_format_known(14).kind, KP_SHEET_DATE);
	assert_int_equal(kp_sheet_format_known(22).kind, KP_SHEET_DATE_TIME);
	assert_int_equal(kp_sheet_format_known(45).kind, KP_SHEET_TIME);
	assert_int_equal(kp_sheet_format_known(46).kind, KP_SHEET_NUMBER);
	assert_int_equal(kp_sheet_format_known(UINT32_MAX).kind, KP_SHEET_NUMBER);
}

static const char *
text_of(const char *number, enum kp_sheet_kind kind, unsigned digits, bool date_1904)
{
	static char text[KP_SHEET_FORMAT_BYTES + 1];
	size_t len = 0;
	struct kp_sheet_format format = {(uint8_t)kind, (uint8_t)digits};
	if (!kp_sheet_format_text(kp_slice_from(number), format, date_1904, text, &len)) {
		return NULL;
	}
	assert_true(len < sizeof(text));
	text[len] = '\0';
	return text;
}

/* The days from 1 March 1900 on are those of the C library. */
static void
days_are_the_days_of_the_calendar(void **state)
{
	(void)state;
	for (int serial = 61; serial < 80000; serial++) {
		char number[16];
		char expected[32];
		struct tm day;
		time_t seconds = ((time_t)serial - 25569) * 86400;
		(void)snprintf(number, sizeof(number), "%d", serial);
		assert_non_null(gmtime_r(&seconds, &day));
		assert_true(strftime(expected, sizeof(expected), "%Y-%m-%d", &day) == 10);
		assert_string_equal(text_of(number, KP_SHEET_DATE, 0, false), expected);
		(void)snprintf(number, sizeof(number), "%d", serial - 1462);
		const char *from_1904 = text_of(number, KP_SHEET_DATE, 0, true);
		if (serial < 1462) {
			assert_null(from_1904);
		} else {
			assert_string_equal(from_1904, expected);
		}
	}
}

/* Whatever a program writes with 17 digits is the number that it meant. */
static void
numbers_keep_their_value(void **state)
{
	(void)state;
	for (int cents = -20000; cents < 20000; cents++) {
		char long_text[40];
		char short_text[40];
		double value = cents / 100.0;
		(void)snprintf(long_text, sizeof(long_text), "%.17g", value);
		(void)snprintf(short_text, sizeof(short_text), "%.15g", value);
		assert_string_equal(
			text_of(long_text, KP_SHEET_NUMBER, 0, false), short_text);
	}
	assert_string_equal(text_of("1.10", KP_SHEET_NUMBER, 0, false), "1.1");
	assert_string_equal(text_of("2.0", KP_SHEET_NUMBER, 0, false), "2");
	assert_string_equal(text_of("-200.00", KP_SHEET_NUMBER, 0, false), "-200");
	assert_string_equal(text_of("0.0", KP_SHEET_NUMBER, 0, false), "0");
	assert_string_equal(text_of("0.50", KP_SHEET_NUMBER, 0, false), "0.5");
	assert_string_equal(text_of("0.5E1", KP_SHEET_NUMBER, 0, false), "5");
	assert_string_equal(text_of("1.0E-2", KP_SHEET_NUMBER, 0, false), "0.01");
	assert_string_equal(text_of("7.0", KP_SHEET_PADDED, 4, false), "0007");
	assert_string_equal(text_of("0.1234567890123456", KP_SHEET_NUMBER, 0, false),
		"0.1234567890123456");
	assert_string_equal(text_of("12E3", KP_SHEET_NUMBER, 0, false), "12000");
	assert_string_equal(text_of("1.25e1", KP_SHEET_NUMBER, 0, false), "12.5");
	assert_string_equal(text_of("-1.25E-2", KP_SHEET_NUMBER, 0, false), "-0.0125");
	assert_string_equal(text_of("0E5", KP_SHEET_NUMBER, 0, false), "0");
	assert_string_equal(text_of("7", KP_SHEET_PADDED, 3, false), "007");
	assert_string_equal(text_of("-7", KP_SHEET_PADDED, 3, false), "-7");
	assert_string_equal(text_of("7.5", KP_SHEET_PADDED, 3, false), "7.5");
	assert_null(text_of("1E39", KP_SHEET_NUMBER, 0, false));
	assert_null(text_of("1E-99", KP_SHEET_NUMBER, 0, false));
	assert_null(text_of("", KP_SHEET_NUMBER, 0, false));
	assert_null(text_of("01", KP_SHEET_NUMBER, 0, false));
	assert_null(text_of("inf", KP_SHEET_DATE, 0, false));
	assert_null(text_of("-0.5", KP_SHEET_TIME, 0, false));
	assert_string_equal(text_of("0", KP_SHEET_TIME, 0, false), "00:00:00");
	assert_string_equal(text_of("0.999999", KP_SHEET_TIME, 0, false), "00:00:00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_say_what_a_number_is),
		cmocka_unit_test(days_are_the_days_of_the_calendar),
		cmocka_unit_test(numbers_keep_their_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
