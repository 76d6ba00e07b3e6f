/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_answer_headers: which fields an answer has of itself, and how a day of the
 * configuration becomes a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "answer_headers.h"
#include "core/slice.h"

static struct kp_arena arena;

static int
set_up(void **state)
{
	(void)state;
	kp_arena_init(&arena, 65536, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	kp_arena_deinit(&arena);
	return 0;
}

static struct kp_slice
find(const struct kp_exchange_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (kp_slice_is(headers[i].name, name)) {
			return headers[i].value;
		}
	}
	return (struct kp_slice){NULL, 0};
}

static void
every_answer_has_them(void **state)
{
	(void)state;
	static const char *const names[] = {"API-Version", "Cache-Control",
		"Content-Security-Policy", "Strict-Transport-Security",
		"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"};
	const struct kp_answer_notice notice = {0};
	struct kp_exchange_header out[KP_ANSWER_HEADERS_MAX];
	size_t count = kp_answer_headers(&notice, KP_SLICE(""), NULL, 0, out);
	assert_int_equal(count, sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < count; i++) {
		assert_true(find(out, count, names[i]).len > 0);
	}
	assert_int_equal(KP_API_VERSION[0], '1');
}

static void
a_field_of_the_handler_takes_the_place_of_ours(void **state)
{
	(void)state;
	const struct kp_answer_notice notice = {0};
	const struct kp_exchange_header own[] = {
		{KP_SLICE_INIT("cache-control"), KP_SLICE_INIT("max-age=60")}};
	struct kp_exchange_header out[KP_ANSWER_HEADERS_MAX];
	size_t count = kp_answer_headers(&notice, KP_SLICE("/v1/x"), own, 1, out);
	assert_null(find(out, count, "Cache-Control").data);
	assert_non_null(find(out, count, "X-Frame-Options").data);
}

static void
a_version_that_goes_away_says_so(void **state)
{
	(void)state;
	struct kp_answer_notice notice;
	struct kp_exchange_header out[KP_ANSWER_HEADERS_MAX];
	assert_int_equal(kp_answer_notice_make(&arena, KP_SLICE("2027-01-31"),
				 KP_SLICE("2028-02-29"),
				 KP_SLICE("https://example.nl/v2"), &notice),
		KP_OK);
	size_t count =
		kp_answer_headers(&notice, KP_SLICE("/v1/dossiers/_zoek"), NULL, 0, out);
	assert_true(kp_slice_is(find(out, count, "Deprecation"), "@1801353600"));
	assert_true(
		kp_slice_is(find(out, count, "Sunset"), "Tue, 29 Feb 2028 00:00:00 GMT"));
	assert_true(kp_slice_is(find(out, count, "Link"),
		"<https://example.nl/v2>; rel=\"deprecation\""));
	count = kp_answer_headers(&notice, KP_SLICE("/health/live"), NULL, 0, out);
	assert_null(find(out, count, "Deprecation").data);
}

static void
what_is_no_day_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"2027-02-29", "2027-13-01", "2027-1-01",
		"27-01-01", "2027-01-01Z", "morgen", "2027-00-10", " 027-01-01"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct kp_answer_notice notice;
		assert_int_equal(kp_answer_notice_make(&arena, kp_slice_from(bad[i]),
					 KP_SLICE(""), KP_SLICE(""), &notice),
			KP_E_INVALID);
		assert_int_equal(kp_answer_notice_make(&arena, KP_SLICE(""),
					 kp_slice_from(bad[i]), KP_SLICE(""), &notice),
			KP_E_INVALID);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_them),
		cmocka_unit_test(a_field_of_the_handler_takes_the_place_of_ours),
		cmocka_unit_test(a_version_that_goes_away_says_so),
		cmocka_unit_test(what_is_no_day_is_refused),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
