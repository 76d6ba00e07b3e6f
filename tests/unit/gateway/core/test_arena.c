/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* arena: bounds, alignment, zeroing, reuse through a pool, growth in place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/buffer.h"

static void
refuses_past_its_bound(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, 1000, NULL);
	assert_non_null(kp_arena_bytes(&arena, 1000));
	assert_null(kp_arena_bytes(&arena, 1));
	kp_arena_deinit(&arena);
	assert_null(kp_arena_alloc(&arena, 1001));
	assert_null(kp_arena_alloc_array(&arena, SIZE_MAX / 2, 4));
	kp_arena_deinit(&arena);
}

static void
gives_zeroed_aligned_memory_also_from_a_pool(void **state)
{
	(void)state;
	struct kp_arena_pool pool;
	kp_arena_pool_init(&pool, 4);
	struct kp_arena arena;
	for (int round = 0; round < 3; round++) {
		kp_arena_init(&arena, 1 << 20, &pool);
		for (int i = 0; i < 2000; i++) {
			(void)!kp_arena_bytes(&arena, 1);
			unsigned char *block = kp_arena_alloc(&arena, 24);
			assert_non_null(block);
			assert_int_equal((uintptr_t)block % alignof(max_align_t), 0);
			for (int j = 0; j < 24; j++) {
				assert_int_equal(block[j], 0);
				block[j] = 0xaa;
			}
		}
		kp_arena_deinit(&arena);
	}
	assert_int_equal(pool.count, 4);
	kp_arena_pool_deinit(&pool);
}

static void
a_buffer_grows_and_states_failure_once(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, 1 << 20, NULL);
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &arena, 5000);
	for (int i = 0; i < 1000; i++) {
		kp_buffer_printf(&buffer, "%04d", i);
	}
	assert_false(buffer.failed);
	assert_int_equal(buffer.len, 4000);
	assert_memory_equal(buffer.data + 3996, "0999", 4);
	char big[1001] = {0};
	kp_buffer_add(&buffer, big, sizeof(big));
	assert_true(buffer.failed);
	kp_buffer_add_char(&buffer, 'x');
	assert_int_equal(buffer.len, 4000);
	kp_arena_deinit(&arena);
}

static bool
all_zero(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != 0) {
			return false;
		}
	}
	return true;
}

static void
keeps_large_chunks_in_its_pool_and_wipes_them(void **state)
{
	(void)state;
	struct kp_arena_pool pool;
	kp_arena_pool_init(&pool, 4);
	char *before = NULL;
	for (int round = 0; round < 3; round++) {
		struct kp_arena arena;
		kp_arena_init(&arena, 1 << 20, &pool);
		char *large = kp_arena_alloc(&arena, 30000);
		assert_non_null(large);
		assert_true(all_zero(large, 30000));
		assert_true(before == NULL || before == large);
		before = large;
		memset(large, 'x', 30000);
		/* Too large for the pool: straight back to the heap. */
		assert_non_null(kp_arena_alloc(&arena, 100000));
		kp_arena_deinit(&arena);
		assert_int_equal(pool.count_large, 1);
	}
	kp_arena_pool_deinit(&pool);
	assert_int_equal(pool.count_large, 0);
}

static void
uses_a_lent_block_first_and_again(void **state)
{
	(void)state;
	static alignas(max_align_t) char block[256];
	struct kp_arena arena;
	kp_arena_init(&arena, 1 << 20, NULL);
	assert_non_null(kp_arena_alloc(&arena, 16));
	for (int round = 0; round < 2; round++) {
		kp_arena_lend(&arena, block, sizeof(block));
		char *inside = kp_arena_alloc(&arena, 100);
		assert_true(inside > block && inside < block + sizeof(block));
		assert_true(all_zero(inside, 100));
		memset(inside, 'x', 100);
		char *outside = kp_arena_alloc(&arena, 300);
		assert_true(outside < block || outside >= block + sizeof(block));
		kp_arena_deinit(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_past_its_bound),
		cmocka_unit_test(gives_zeroed_aligned_memory_also_from_a_pool),
		cmocka_unit_test(keeps_large_chunks_in_its_pool_and_wipes_them),
		cmocka_unit_test(uses_a_lent_block_first_and_again),
		cmocka_unit_test(a_buffer_grows_and_states_failure_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
