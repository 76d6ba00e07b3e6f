/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Dot segments, however they are written; RFC 3986, section 5.2.4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "connectors/dots.h"

static void
found_however_they_are_written(void **state)
{
	(void)state;
	static const char *const with[] = {".", "..", "/..", "/../", "/a/./b", "/a/..",
		"/a/..?x", "/%2e", "/%2E%2e/a", "/.%2e", "/a/..%2Fb", "/a%2f..%5Cb",
		"/a\\..\\b", "../a", "/a/..;/b", "/..;x=1", "/%2e%2E;/b", "/.;"};
	static const char *const without[] = {"", "/", "//", "/a.b", "/...", "/..a",
		"/a..", "/.%20.", "/%2", "/%", "/%252e%252e", "/a?x=/../y", "?..",
		"/a/....", "/a/%2e%2e%2e", "/a;x=../b", "/a/...;", "/a;.", "/a/;",
		"/a?..;/b"};
	for (size_t i = 0; i < KP_ARRAY_LEN(with); i++) {
		if (!kp_dots_found(kp_slice_from(with[i]))) {
			fail_msg("'%s' has a dot segment", with[i]);
		}
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(without); i++) {
		if (kp_dots_found(kp_slice_from(without[i]))) {
			fail_msg("'%s' has no dot segment", without[i]);
		}
	}
	/* Nothing is read behind the end. */
	assert_false(kp_dots_found((struct kp_slice){"/%2e", 3}));
	assert_true(kp_dots_found((struct kp_slice){"/.x", 2}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_however_they_are_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
