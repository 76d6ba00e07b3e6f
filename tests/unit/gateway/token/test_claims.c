/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* One strict JSON object, and the getters on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "token/claims.h"

static struct kp_arena arena;

static int
begin(void **state)
{
	(void)state;
	kp_arena_init(&arena, 1 << 20, NULL);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	kp_arena_deinit(&arena);
	return 0;
}

static const struct kp_claim *
read(const char *text)
{
	const struct kp_claim *object = NULL;
	assert_int_equal(kp_claims_read(kp_slice_from(text), &arena, &object), KP_OK);
	return object;
}

static void
only_one_strict_object(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum kp_status status;
	} cases[] = {
		{"{}", KP_OK},
		{" {\"a\":[1,{\"b\":null}]} ", KP_OK},
		{"", KP_E_SYNTAX},
		{"[]", KP_E_SYNTAX},
		{"\"x\"", KP_E_SYNTAX},
		{"{}{}", KP_E_SYNTAX},
		{"{\"a\":1,\"a\":1}", KP_E_INVALID},
		{"{\"a\":1,\"\\u0061\":2}", KP_E_INVALID},
		{"{\"o\":{\"a\":1,\"a\":1}}", KP_E_INVALID},
		{"{\"a\":\"x\\u0000y\"}", KP_E_SYNTAX},
		{"{\"a\\u0000\":1}", KP_E_SYNTAX},
		{"{\"a\":\"\xff\"}", KP_E_SYNTAX},
		{"{'a':1}", KP_E_SYNTAX},
		{"{\"a\":1,}", KP_E_SYNTAX},
		{"{\"a\":[[[[[[[1]]]]]]]}", KP_OK},
		{"{\"a\":[[[[[[[[1]]]]]]]]}", KP_E_LIMIT},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		const struct kp_claim *object = NULL;
		enum kp_status status =
			kp_claims_read(kp_slice_from(cases[i].text), &arena, &object);
		if (status != cases[i].status) {
			fail_msg("'%s' gives %s", cases[i].text,
				kp_status_info(status)->name);
		}
		assert_true((object != NULL) == (status == KP_OK));
	}
}

static void
paths(void **state)
{
	(void)state;
	const struct kp_claim *object =
		read("{\"a\":{\"b\":{\"c\":\"deep\"},\"b.c\":\"dotted\"},"
		     "\"https://x.nl/rol\":\"url\",\"act\":{\"sub\":\"m.j\"}}");
	assert_true(kp_slice_is(kp_claim_at(object, KP_SLICE("act.sub"))->text, "m.j"));
	assert_true(kp_slice_is(
		kp_claim_at(object, KP_SLICE("https://x.nl/rol"))->text, "url"));
	assert_true(kp_slice_is(kp_claim_at(object, KP_SLICE("a.b.c"))->text, "dotted"));
	assert_null(kp_claim_at(object, KP_SLICE("a.b.d")));
	assert_null(kp_claim_at(object, KP_SLICE("act.sub.x")));
	assert_null(kp_claim_at(object, KP_SLICE("")));
	assert_null(kp_claim_at(object, KP_SLICE(".")));
	assert_null(kp_claim_at(NULL, KP_SLICE("a")));
}

static void
instants(void **state)
{
	(void)state;
	static const struct {
		const char *number;
		enum kp_claim_found found;
		int64_t seconds;
	} cases[] = {
		{"0", KP_CLAIM_GOOD, 0},
		{"1795000000", KP_CLAIM_GOOD, 1795000000},
		{"1795000000.999", KP_CLAIM_GOOD, 1795000000},
		{"253402300799", KP_CLAIM_GOOD, 253402300799},
		{"253402300800", KP_CLAIM_WRONG, 0},
		{"99999999999999999999999999", KP_CLAIM_WRONG, 0},
		{"-1", KP_CLAIM_WRONG, 0},
		{"-0", KP_CLAIM_WRONG, 0},
		{"1e9", KP_CLAIM_WRONG, 0},
		{"1.5e9", KP_CLAIM_WRONG, 0},
		{"\"1795000000\"", KP_CLAIM_WRONG, 0},
		{"true", KP_CLAIM_WRONG, 0},
		{"null", KP_CLAIM_WRONG, 0},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		int64_t seconds = 0;
		char *text = kp_arena_printf(&arena, "{\"exp\":%s}", cases[i].number);
		assert_int_equal(kp_claim_instant(read(text), KP_SLICE("exp"), &seconds),
			cases[i].found);
		if (cases[i].found == KP_CLAIM_GOOD) {
			assert_true(seconds == cases[i].seconds);
		}
	}
}

static void
texts_and_lists(void **state)
{
	(void)state;
	struct kp_slice text;
	const struct kp_claim *object =
		read("{\"t\":\"x\\u00e9\",\"e\":\"\",\"n\":1,\"l\":[\"a\",\"b\"],"
		     "\"m\":[\"a\",1],\"o\":{\"a\":\"a\"}}");
	assert_int_equal(kp_claim_text(object, KP_SLICE("t"), &text), KP_CLAIM_GOOD);
	assert_true(kp_slice_is(text, "xé"));
	assert_int_equal(kp_claim_text(object, KP_SLICE("e"), &text), KP_CLAIM_WRONG);
	assert_int_equal(kp_claim_text(object, KP_SLICE("n"), &text), KP_CLAIM_WRONG);
	assert_int_equal(kp_claim_text(object, KP_SLICE("x"), &text), KP_CLAIM_ABSENT);
	assert_true(kp_claim_holds(kp_claim_at(object, KP_SLICE("l")), KP_SLICE("b")));
	assert_false(kp_claim_holds(kp_claim_at(object, KP_SLICE("l")), KP_SLICE("c")));
	assert_false(kp_claim_holds(kp_claim_at(object, KP_SLICE("m")), KP_SLICE("a")));
	assert_false(kp_claim_holds(kp_claim_at(object, KP_SLICE("o")), KP_SLICE("a")));
	assert_true(kp_claim_holds(kp_claim_at(object, KP_SLICE("t")), KP_SLICE("xé")));
	assert_false(kp_claim_holds(NULL, KP_SLICE("a")));
}

static void
memory_runs_out_quietly(void **state)
{
	(void)state;
	bool done = false;
	for (size_t bytes = 0; !done; bytes += 64) {
		struct kp_arena small;
		const struct kp_claim *object = NULL;
		kp_arena_init(&small, bytes, NULL);
		enum kp_status status = kp_claims_read(
			KP_SLICE("{\"a\\n\":[\"\\u00e9\",{}]}"), &small, &object);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		done = status == KP_OK;
		kp_arena_deinit(&small);
		assert_true(bytes < 65536);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_one_strict_object),
		cmocka_unit_test(paths),
		cmocka_unit_test(instants),
		cmocka_unit_test(texts_and_lists),
		cmocka_unit_test(memory_runs_out_quietly),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
