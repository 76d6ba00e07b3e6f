/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_date: the three forms of RFC 9110, section 5.6.7, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/http_date.h"

#define UNTOUCHED INT64_C(-7)

static void
reads_three_forms(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds; /* UNTOUCHED: it is none */
	} rows[] = {
		{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
		{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
		{"Sun Nov  6 08:49:37 1994", 784111777},
		{"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800},
		{"Wednesday, 25-Nov-26 23:59:59 GMT", 1795651199},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
		{"Sun, 06 Nov 1994 08:49:37 CET", UNTOUCHED},
		{"Sun, 06 Nov 1994 08:49:37 GMT ", UNTOUCHED},
		{"Sun, 06 Nov 1994 08:49:37", UNTOUCHED},
		{"Sun, 06 Nov 1994 25:49:37 GMT", UNTOUCHED},
		{"Sun, 06 Nov 1994 08:49:37 GMT                    x", UNTOUCHED},
		{"zo, 06 nov 1994 08:49:37 GMT", UNTOUCHED},
		{"1994-11-06T08:49:37Z", UNTOUCHED},
		{"784111777", UNTOUCHED},
		{"x", UNTOUCHED},
		{"", UNTOUCHED},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		int64_t seconds = UNTOUCHED;
		bool read = kp_http_date_parse(kp_slice_from(rows[i].text), &seconds);
		assert_int_equal(read, rows[i].seconds != UNTOUCHED);
		assert_int_equal(seconds, rows[i].seconds);
	}
	int64_t seconds = UNTOUCHED;
	struct kp_slice hidden = KP_SLICE("Sun, 06 Nov 1994 08:49:37 GMT\0x");
	assert_false(kp_http_date_parse(hidden, &seconds));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_three_forms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
