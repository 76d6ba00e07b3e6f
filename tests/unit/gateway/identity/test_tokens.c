/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What is remembered of tokens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "identity/tokens.h"

static void
digest_of(unsigned number, unsigned char digest[KP_SHA256_BYTES])
{
	struct kp_slice bytes = {(const char *)&number, sizeof(number)};
	kp_sha256(&bytes, 1, digest);
}

static void
put(struct kp_tokens *tokens, unsigned number, int64_t until_s)
{
	unsigned char digest[KP_SHA256_BYTES];
	struct kp_slice roles[] = {KP_SLICE("een"), KP_SLICE("twee")};
	const struct kp_token_entry entry = {.fault = KP_TOKEN_GOOD,
		.access = {.subject = KP_SLICE("s"),
			.employee = KP_SLICE("m.jansen"),
			.roles = roles,
			.role_count = number % 3},
		.until_s = until_s,
		.generation = number};
	digest_of(number, digest);
	kp_tokens_put(tokens, digest, &entry);
}

static const struct kp_token_entry *
find(struct kp_tokens *tokens, unsigned number, int64_t now_s)
{
	unsigned char digest[KP_SHA256_BYTES];
	digest_of(number, digest);
	return kp_tokens_find(tokens, digest, now_s);
}

static void
remembers_until_the_end(void **state)
{
	(void)state;
	struct kp_tokens *tokens = NULL;
	assert_int_equal(kp_tokens_create(16, &tokens), KP_OK);
	put(tokens, 2, 100);
	const struct kp_token_entry *entry = find(tokens, 2, 99);
	assert_non_null(entry);
	assert_true(kp_slice_is(entry->access.employee, "m.jansen"));
	assert_int_equal(entry->access.role_count, 2);
	assert_true(kp_slice_is(entry->access.roles[1], "twee"));
	assert_null(find(tokens, 1, 99));
	assert_null(find(tokens, 2, 100));
	assert_null(find(tokens, 2, 99));
	put(tokens, 2, 100);
	put(tokens, 2, 200);
	assert_non_null(find(tokens, 2, 150));
	unsigned char digest[KP_SHA256_BYTES];
	digest_of(2, digest);
	kp_tokens_drop(tokens, digest);
	kp_tokens_drop(tokens, digest);
	assert_null(find(tokens, 2, 150));
	kp_tokens_destroy(&tokens);
	kp_tokens_destroy(&tokens);
}

static void
the_longest_unused_goes_first(void **state)
{
	(void)state;
	struct kp_tokens *tokens = NULL;
	assert_int_equal(kp_tokens_create(16, &tokens), KP_OK);
	for (unsigned i = 0; i < 16; i++) {
		put(tokens, i, 100);
	}
	assert_non_null(find(tokens, 0, 1));
	put(tokens, 16, 100);
	assert_null(find(tokens, 1, 1));
	assert_non_null(find(tokens, 0, 1));
	for (unsigned i = 2; i <= 16; i++) {
		assert_non_null(find(tokens, i, 1));
	}
	for (unsigned i = 100; i < 10000; i++) {
		put(tokens, i, 100 + i % 7);
		(void)find(tokens, i - i % 13, 103);
	}
	kp_tokens_destroy(&tokens);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remembers_until_the_end),
		cmocka_unit_test(the_longest_unused_goes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
