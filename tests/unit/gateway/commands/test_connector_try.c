/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_connector_try: how what was gathered is printed, and when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "commands/connector_try_show.h"

/* What was printed; the caller frees. */
static char *
printed(struct kp_try_showing *showing, bool *ret_shown)
{
	char *text = NULL;
	size_t len = 0;
	FILE *before = stdout;
	stdout = open_memstream(&text, &len);
	assert_non_null(stdout);
	*ret_shown = kp_try_print(showing);
	assert_int_equal(fclose(stdout), 0);
	stdout = before;
	return text;
}

static void
a_request_that_lacks_a_line_is_not_shown(void **state)
{
	struct kp_connector_try attempt = {0};
	struct kp_try_showing showing = {.attempt = &attempt};
	bool shown = false;
	(void)state;
	kp_arena_init(&showing.arena, 65536, NULL);
	free(printed(&showing, &shown));
	assert_true(shown);
	assert_null(kp_arena_printf(&showing.arena, "%70000s", ""));
	char *text = printed(&showing, &shown);
	assert_false(shown);
	assert_string_equal(text, "");
	free(text);
	kp_arena_deinit(&showing.arena);
}

static void
no_reason_or_fault_steers_the_terminal(void **state)
{
	struct kp_connector_try attempt = {0};
	struct kp_try_showing showing = {.attempt = &attempt,
		.outcome = KP_ERROR,
		.reason = KP_SLICE("a\033[2J\nmapped"),
		.fault = {.place = "/b\xc2\x9b", .message = "c\x7f\nd"}};
	bool shown = false;
	(void)state;
	kp_arena_init(&showing.arena, 65536, NULL);
	char *text = printed(&showing, &shown);
	assert_string_equal(text, "outcome\n  fout: a?[2J / mapped\n  /b?: c? / d\n");
	free(text);
	kp_arena_deinit(&showing.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_reason_or_fault_steers_the_terminal),
		cmocka_unit_test(a_request_that_lacks_a_line_is_not_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
