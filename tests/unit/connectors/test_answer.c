/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A member of an answer whose name cannot be read for want of memory is not one that no
 * path names. */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "connectors/rest/answer.h"

static bool
on_subject(void *context, struct kp_text bsn)
{
	(void)bsn;
	*(bool *)context = true;
	return true;
}

/* Reads one answer whose member "bsn" is the subject; at most `bytes_left` more than it
 * takes to begin. */
static int
read_with(size_t bytes_left, const char *text, bool *ret_seen, struct kp_fault *fault)
{
	static const unsigned char guides[2] = {1, 1};
	struct kp_manifest manifest = {0};
	struct kp_leaf subject = {.role = KP_LEAF_SUBJECT, .list = KP_LEAF_SINGLE};
	struct kp_node top = {.id = 0, .id_end = 2, .root = true};
	struct kp_node bsn = {.name = KP_SLICE("bsn"),
		.parent = &top,
		.leaves = &subject,
		.id = 1,
		.id_end = 2};
	struct kp_mapping mapping = {.manifest = &manifest,
		.dialect = KP_MAPPING_JSON,
		.top = &top,
		.root = &top,
		.node_count = 2,
		.guides = guides,
		.code_guides = guides};
	struct kp_need need = {.size = sizeof(need)};
	struct kp_sink sink = {
		.size = sizeof(sink), .context = ret_seen, .subject = on_subject};
	static struct kp_answer answer;
	struct kp_arena arena;
	top.children = &bsn;
	subject.node = &bsn;
	*ret_seen = false;
	*fault = (struct kp_fault){0};
	kp_arena_init(&arena, 1 << 20, NULL);
	assert_int_equal(kp_answer_init(&answer, &mapping, &need, &arena, false), KP_OK);
	arena.bytes_max = arena.bytes_used + bytes_left;
	int verdict = kp_answer_push(&answer, kp_slice_from(text), &sink, fault);
	if (verdict == KP_DONE) {
		verdict = kp_answer_finish(&answer, &sink, fault);
	}
	kp_arena_deinit(&arena);
	return verdict;
}

static void
a_name_is_read_or_the_answer_fails(void **state)
{
	(void)state;
	static const char text[] = "{\"b\\u0073n\":\"999993653\"}";
	bool seen = false;
	unsigned failed = 0;
	struct kp_fault fault;
	for (size_t bytes = 0; !seen; bytes++) {
		int verdict = read_with(bytes, text, &seen, &fault);
		assert_int_equal(verdict, seen ? KP_DONE : KP_FAIL);
		assert_true(seen || strstr(fault.message, "memory") != NULL);
		failed += seen ? 0 : 1;
		assert_true(bytes < 4096);
	}
	assert_true(failed > 0);
}

static void
an_object_is_no_value(void **state)
{
	(void)state;
	bool seen = false;
	struct kp_fault fault;
	assert_int_equal(
		read_with(4096, "{\"bsn\":{\"nummer\":\"1\"}}", &seen, &fault), KP_FAIL);
	assert_string_equal(fault.place, "bsn");
	assert_non_null(strstr(fault.message, "an object where a value was agreed"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_read_or_the_answer_fails),
		cmocka_unit_test(an_object_is_no_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
