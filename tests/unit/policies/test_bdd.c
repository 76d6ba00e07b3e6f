/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Decision diagrams against truth tables, which say the same of six variables. */
#include "random_rules.h"

#include "policies/bdd.h"

static struct kp_arena arena;
static struct kp_bdd bdd;

static int
begin(void **state)
{
	(void)state;
	kp_arena_init(&arena, (size_t)256 << 20, NULL);
	return kp_bdd_init(&bdd, &arena, 0) == KP_OK ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	kp_arena_deinit(&arena);
	return 0;
}

static uint64_t
random_table(struct dice *dice)
{
	return (uint64_t)roll(dice, 1u << 31) << 33 ^
		(uint64_t)roll(dice, 1u << 31) << 11 ^ roll(dice, 1u << 11);
}

static void
agrees_with_truth_tables(void **state)
{
	(void)state;
	struct dice dice = {7};
	for (int i = 0; i < 2000; i++) {
		uint64_t a = random_table(&dice);
		uint64_t b = random_table(&dice);
		uint64_t c = random_table(&dice);
		uint32_t f = kp_bdd_from_table(&bdd, a);
		uint32_t g = kp_bdd_from_table(&bdd, b);
		uint32_t h = kp_bdd_from_table(&bdd, c);
		assert_true(kp_bdd_table(&bdd, f, true) == a);
		assert_true(kp_bdd_table(&bdd, f, false) == a);
		assert_true(kp_bdd_and(&bdd, f, g) == kp_bdd_from_table(&bdd, a & b));
		assert_true(kp_bdd_or(&bdd, f, g) == kp_bdd_from_table(&bdd, a | b));
		assert_true(kp_bdd_not(&bdd, f) == kp_bdd_from_table(&bdd, ~a));
		assert_true(kp_bdd_ite(&bdd, f, g, h) ==
			kp_bdd_from_table(&bdd, (a & b) | (~a & c)));
	}
	assert_false(bdd.failed);
}

static void
equal_functions_are_one_node(void **state)
{
	(void)state;
	uint32_t x = kp_bdd_variable(&bdd, 9);
	uint32_t y = kp_bdd_variable(&bdd, 40);
	uint32_t one = kp_bdd_not(
		&bdd, kp_bdd_and(&bdd, kp_bdd_not(&bdd, x), kp_bdd_not(&bdd, y)));
	assert_true(one == kp_bdd_or(&bdd, y, x));
	assert_true(kp_bdd_and(&bdd, x, kp_bdd_not(&bdd, x)) == KP_BDD_FALSE);
	assert_true(kp_bdd_or(&bdd, x, kp_bdd_not(&bdd, x)) == KP_BDD_TRUE);
}

static void
fixes_one_of_a_range(void **state)
{
	(void)state;
	uint32_t a = kp_bdd_variable(&bdd, 10);
	uint32_t b = kp_bdd_variable(&bdd, 11);
	uint32_t other = kp_bdd_variable(&bdd, 20);
	uint32_t f = kp_bdd_or(&bdd, kp_bdd_and(&bdd, a, other), b);
	assert_true(kp_bdd_choose(&bdd, f, 10, 2, 10) == other);
	assert_true(kp_bdd_choose(&bdd, f, 10, 2, 11) == KP_BDD_TRUE);
	assert_true(kp_bdd_choose(&bdd, f, 10, 2, UINT32_MAX) == KP_BDD_FALSE);
	assert_true(kp_bdd_choose(&bdd, f, 20, 1, 20) == kp_bdd_or(&bdd, a, b));
}

static void
picks_what_makes_it_true(void **state)
{
	(void)state;
	struct dice dice = {11};
	for (int i = 0; i < 500; i++) {
		uint32_t f =
			kp_bdd_and(&bdd, kp_bdd_from_table(&bdd, random_table(&dice)),
				kp_bdd_variable(&bdd, 6 + roll(&dice, 30)));
		int8_t values[64];
		if (!kp_bdd_pick(&bdd, f, values, 64)) {
			assert_true(f == KP_BDD_FALSE);
			continue;
		}
		uint64_t bits = 0;
		for (unsigned v = 0; v < 64; v++) {
			bits |= (uint64_t)(values[v] == 1) << v;
		}
		assert_true(kp_bdd_value(&bdd, f, &bits));
	}
}

static void
depends_on_what_it_reads(void **state)
{
	(void)state;
	uint32_t x = kp_bdd_variable(&bdd, 3);
	uint32_t y = kp_bdd_variable(&bdd, 50);
	uint32_t f = kp_bdd_or(
		&bdd, kp_bdd_and(&bdd, x, y), kp_bdd_and(&bdd, x, kp_bdd_not(&bdd, y)));
	uint64_t seen[1024] = {0};
	uint64_t used[1] = {0};
	kp_bdd_support(&bdd, f, seen, used);
	assert_true(used[0] == (uint64_t)1 << 3);
	assert_true(kp_bdd_table(&bdd, kp_bdd_and(&bdd, x, y), true) ==
		kp_bdd_table(&bdd, x, true));
	assert_true(kp_bdd_table(&bdd, kp_bdd_and(&bdd, x, y), false) == 0);
}

/* Past its bound it says so, and does not go on. */
static void
says_when_it_is_full(void **state)
{
	(void)state;
	struct kp_bdd small;
	struct dice dice = {3};
	assert_int_equal(kp_bdd_init(&small, &arena, 2048), KP_OK);
	uint32_t f = KP_BDD_FALSE;
	for (uint32_t i = 0; i < 4000 && !small.failed; i++) {
		uint32_t g =
			kp_bdd_and(&small, kp_bdd_from_table(&small, random_table(&dice)),
				kp_bdd_variable(&small, 6 + i));
		f = kp_bdd_or(&small, f, g);
	}
	assert_true(small.failed);
	assert_true(small.count <= 2048);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(agrees_with_truth_tables, begin, end),
		cmocka_unit_test_setup_teardown(equal_functions_are_one_node, begin, end),
		cmocka_unit_test_setup_teardown(fixes_one_of_a_range, begin, end),
		cmocka_unit_test_setup_teardown(picks_what_makes_it_true, begin, end),
		cmocka_unit_test_setup_teardown(depends_on_what_it_reads, begin, end),
		cmocka_unit_test_setup_teardown(says_when_it_is_full, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
