/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_connector_doctor_words: a driver's words never show a password of the connection
 * string, however it is written there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "commands/connector_doctor_sql.h"

static void
expect(const char *dsn, const char *words, const char *shown)
{
	struct kp_arena arena;
	kp_arena_init(&arena, 4096, NULL);
	/* Without an end of its own. */
	struct kp_slice slice = kp_arena_copy(&arena, kp_slice_from(dsn));
	assert_string_equal(kp_doctor_hide_passwords(&arena, slice, words), shown);
	kp_arena_deinit(&arena);
}

static void
a_password_is_hidden(void **state)
{
	(void)state;
	expect("Server=a;Pwd=geheim;Uid=b", "no 'geheim'!", "no '***'!");
	expect("Server=a;PASSWORD = geheim ", "no 'geheim'!", "no '***'!");
	expect("Pwd=geheim", "geheim, geheim and geheim", "***, *** and ***");
	expect("Pwd=een;SSLPassword=twee", "een or twee", "*** or ***");
	expect("Pwd=een;SSLPassword=eentje", "eentje", "***");
}

static void
braces_are_not_of_it(void **state)
{
	(void)state;
	expect("Pwd={geheim};Uid=b", "no 'geheim'!", "no '***'!");
	expect("Pwd={ge;heim};Uid=b", "no 'ge;heim'!", "no '***'!");
	expect("Pwd={ge}}heim}", "no 'ge}heim', no 'ge}}heim'", "no '***', no '***'");
	expect("Pwd={geheim}}}", "no 'geheim}'!", "no '***'!");
	expect("Pwd={geheim", "no 'geheim'!", "no '***'!");
}

static void
the_end_may_have_cut_it(void **state)
{
	(void)state;
	expect("Pwd=geheim", "no host gehe", "no host ***");
	expect("Pwd={geheim}", "no host geh", "no host ***");
	expect("Pwd=geheim", "at the edge", "at the edge");
}

static void
other_words_stay(void **state)
{
	(void)state;
	expect("", "no host geheim", "no host geheim");
	expect("Pwd=;Uid=geheim", "no host geheim", "no host geheim");
	expect("Pwd={};Uid=geheim", "no host geheim", "no host geheim");
	expect("Pwd", "Pwd", "Pwd");
}

static void
without_memory_nothing_of_it_is_shown(void **state)
{
	struct kp_arena arena;
	(void)state;
	kp_arena_init(&arena, 0, NULL);
	const char *shown = kp_doctor_hide_passwords(
		&arena, KP_SLICE("Pwd=geheim"), "no host geheim");
	assert_null(strstr(shown, "geheim"));
	assert_non_null(strstr(shown, "no memory"));
	kp_arena_deinit(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_hidden),
		cmocka_unit_test(braces_are_not_of_it),
		cmocka_unit_test(the_end_may_have_cut_it),
		cmocka_unit_test(other_words_stay),
		cmocka_unit_test(without_memory_nothing_of_it_is_shown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
