/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The shipped example: it loads without a finding, and says what it should. */
#include "policies/policy_test.h"
#include "set.h"

static void
loads_without_a_finding(void **state)
{
	(void)state;
	struct set set;
	set_example(&set);
	set_load(&set, 1);
	set_print_findings(&set);
	assert_int_equal(set.status, KP_OK);
	set_end(&set);
}

/* Every rule of the example is asked about by at least one of its tests. */
static void
passes_its_own_tests(void **state)
{
	(void)state;
	struct set set;
	set_example(&set);
	set_load(&set, 1);
	assert_int_equal(set.status, KP_OK);
	const char *text = NULL;
	for (size_t i = 0; i < set.count; i++) {
		if (strcmp(set.files[i].name, KP_FILE_TESTS) == 0) {
			text = set.files[i].text.data;
		}
	}
	assert_non_null(text);
	struct kp_policy_test_run run = {0};
	enum kp_status status = kp_policy_test_run(&set.arena, KP_FILE_TESTS,
		kp_slice_from(text), set.bundle, &set.findings, &run);
	set_print_findings(&set);
	assert_int_equal(status, KP_OK);
	assert_int_equal(run.failed, 0);
	assert_true(run.count >= 40);
	for (uint32_t i = 0; i < set.bundle->rules.count; i++) {
		if (!kp_bits_has(run.covered, i)) {
			print_error("no test covers rule '%.*s'\n",
				KP_SLICE_ARG(set.bundle->rules.rules[i].id));
		}
	}
	assert_int_equal(run.covered_count, set.bundle->rules.count);
	uint64_t checked;
	uint64_t different;
	kp_bundle_shadow_counts(set.bundle, &checked, &different);
	assert_int_equal(different, 0);
	set_end(&set);
}

/* What the issue asks of the example, and of the demonstration that runs on it. */
static void
is_as_large_as_the_chain(void **state)
{
	(void)state;
	struct set set;
	set_example(&set);
	set_load(&set, 1);
	const struct kp_registers *registers = &set.bundle->registers;
	assert_true(registers->purpose_count >= 12);
	assert_true(registers->role_count >= 10);
	assert_true(set.bundle->catalogue->section_count >= 20);
	const uint64_t *fields;
	assert_true(
		kp_bundle_find_profile(set.bundle, KP_SLICE("intake-bijstand"), &fields));
	bool confidential = false;
	bool opt_out = false;
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		const struct kp_purpose *purpose = &registers->purposes[i];
		confidential = confidential || purpose->confidential;
		opt_out = opt_out || purpose->opt_out;
	}
	assert_true(confidential && opt_out);
	set_end(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_without_a_finding),
		cmocka_unit_test(passes_its_own_tests),
		cmocka_unit_test(is_as_large_as_the_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
