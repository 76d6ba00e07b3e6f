/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* slice: blanks taken off, and a text cut in parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/slice.h"

static void
blanks_go_at_both_ends(void **state)
{
	(void)state;
	assert_true(kp_slice_is(kp_slice_trim(KP_SLICE(" \ta b\t ")), "a b"));
	assert_int_equal(kp_slice_trim(KP_SLICE(" \t ")).len, 0);
	assert_int_equal(kp_slice_trim((struct kp_slice){NULL, 0}).len, 0);
}

static void
a_text_is_cut_in_parts(void **state)
{
	(void)state;
	struct kp_slice rest = KP_SLICE("a,,b");
	assert_true(kp_slice_is(kp_slice_cut(&rest, ','), "a"));
	assert_true(kp_slice_is(rest, ",b"));
	assert_true(kp_slice_is(kp_slice_cut(&rest, ','), ""));
	assert_true(kp_slice_is(kp_slice_cut(&rest, ','), "b"));
	assert_null(rest.data);
	assert_int_equal(rest.len, 0);
	assert_int_equal(kp_slice_cut(&rest, ',').len, 0);
}

/* Something may still be meant behind an end: an empty text, which is not none. */
static void
behind_the_last_end_is_an_empty_part(void **state)
{
	(void)state;
	struct kp_slice rest = KP_SLICE("a,");
	assert_true(kp_slice_is(kp_slice_cut(&rest, ','), "a"));
	assert_non_null(rest.data);
	assert_int_equal(kp_slice_cut(&rest, ',').len, 0);
	assert_null(rest.data);
}

static void
a_character_is_not_cut_in_two(void **state)
{
	(void)state;
	struct kp_slice text = KP_SLICE("a\xe2\x82\xac");
	assert_int_equal(kp_slice_head(text, 4).len, 4);
	assert_int_equal(kp_slice_head(text, 3).len, 1);
	assert_int_equal(kp_slice_head(text, 2).len, 1);
	assert_int_equal(kp_slice_head(text, 1).len, 1);
	assert_int_equal(kp_slice_head(text, 0).len, 0);
	/* What is no UTF-8 does not vanish. */
	assert_int_equal(kp_slice_head(KP_SLICE("\x80\x80\x80\x80\x80\x80"), 5).len, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_go_at_both_ends),
		cmocka_unit_test(a_text_is_cut_in_parts),
		cmocka_unit_test(a_character_is_not_cut_in_two),
		cmocka_unit_test(behind_the_last_end_is_an_empty_part),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
