/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Tables for people: widths in what a terminal shows, wrapping, and pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/policy_table.h"

static void
assert_printed(const struct kp_table *table, size_t width, const char *expected)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	kp_table_print(table, out, width, 0);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void
widths_are_what_a_terminal_shows(void **state)
{
	(void)state;
	assert_int_equal(kp_table_text_width("abc", 3), 3);
	assert_int_equal(kp_table_text_width("caf\xc3\xa9", 5), 4);
	/* e and a combining acute accent; a letter of three bytes. */
	assert_int_equal(kp_table_text_width("cafe\xcc\x81", 6), 4);
	assert_int_equal(kp_table_text_width("\xe2\x80\xa6", 3), 1);
	/* Not UTF-8: some number, and no reading past the end. */
	(void)kp_table_text_width("\xcd", 1);
	(void)kp_table_text_width("\xff\x80\x80", 3);
}

static void
text_wraps_between_words(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_table table;
	kp_arena_init(&arena, 1 << 20, NULL);
	kp_table_begin(&table, &arena, 2);
	const char *const head[] = {"a", "b"};
	const char *const row[] = {"kort", "een twee drie vier vijf"};
	const char *const empty[] = {"x"};
	kp_table_row(&table, head, 2);
	kp_table_row(&table, row, 2);
	kp_table_row(&table, empty, 1);
	assert_printed(&table, 100,
		"a     b\n"
		"────  ───────────────────────\n"
		"kort  een twee drie vier vijf\n"
		"x\n");
	assert_printed(&table, 16,
		"a     b\n"
		"────  ──────────\n"
		"kort  een twee\n"
		"      drie vier\n"
		"      vijf\n"
		"x\n");
	/* Too narrow for anything: still whole, still ends. */
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	kp_table_print(&table, out, 0, 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "vijf"));
	free(text);
	kp_arena_deinit(&arena);
}

static void
memory_that_runs_out_is_told(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_table table;
	kp_arena_init(&arena, 600, NULL);
	kp_table_begin(&table, &arena, 2);
	const char *const row[] = {"tekst die plaats inneemt", "en nog meer tekst"};
	for (int i = 0; i < 100; i++) {
		kp_table_row(&table, row, 2);
	}
	assert_true(table.failed);
	kp_arena_deinit(&arena);
}

static void
pages_escape_text(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_table table;
	kp_arena_init(&arena, 1 << 20, NULL);
	kp_table_begin(&table, &arena, 2);
	const char *const head[] = {"<h>", "b"};
	const char *const row[] = {"r&d", "mits\t\"alles\""};
	kp_table_row(&table, head, 2);
	kp_table_row(&table, row, 2);
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	kp_html_table(out, &table, "<t>");
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "<caption>&lt;t&gt;</caption>"));
	assert_non_null(strstr(text, "<th scope=\"col\">&lt;h&gt;</th>"));
	assert_non_null(strstr(text, "<th scope=\"row\">r&amp;d</th>"));
	assert_non_null(strstr(text, "<td class=\"mits\">&quot;alles&quot;</td>"));
	free(text);
	kp_arena_deinit(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths_are_what_a_terminal_shows),
		cmocka_unit_test(text_wraps_between_words),
		cmocka_unit_test(memory_that_runs_out_is_told),
		cmocka_unit_test(pages_escape_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
