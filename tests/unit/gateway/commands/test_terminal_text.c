/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_terminal_text: no byte of a partner steers a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "commands/terminal_text.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static const struct {
	const char *text;
	size_t len;
	const char *shown;
	int count;
} cases[] = {
	{TEXT(""), "", 0},
	{TEXT("Jos\xc3\xa9 de Vri\xc3\xabs"), "Jos\xc3\xa9 de Vri\xc3\xabs", 13},
	{TEXT("\xe2\x82\xac 1,10 \xf0\x9f\x8f\xa0"), "\xe2\x82\xac 1,10 \xf0\x9f\x8f\xa0",
		8},
	{TEXT("a\033[2Jb\r\t\0\x7f"), "a?[2Jb????", 10},
	{TEXT("a\nb"), "a / b", 5},
	{TEXT("\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0"), "???\xc2\xa0", 4},
	/* No UTF-8: stray, cut short, overlong, and more than a character takes. */
	{TEXT("a\x9b[31m"), "a?[31m", 6},
	{TEXT("\xc3\xa9\x9b"), "\xc3\xa9?", 2},
	{TEXT("\xc3"), "?", 1},
	{TEXT("\xc0\x9b"), "??", 2},
	{TEXT("\xf0\x9f\x8f\xa0\x9b"), "\xf0\x9f\x8f\xa0?", 2},
};

static void
what_is_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kp_slice given = {cases[i].text, cases[i].len};
		struct kp_arena arena;
		struct kp_buffer buffer;
		char *text = NULL;
		size_t len = 0;
		FILE *out = open_memstream(&text, &len);
		assert_non_null(out);
		assert_int_equal(kp_terminal_print(out, given), cases[i].count);
		assert_int_equal(fclose(out), 0);
		assert_string_equal(text, cases[i].shown);
		free(text);
		kp_arena_init(&arena, 4096, NULL);
		kp_buffer_init(&buffer, &arena, 4096);
		kp_terminal_add(&buffer, given);
		assert_true(kp_slice_is(kp_buffer_slice(&buffer), cases[i].shown));
		kp_arena_deinit(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
