/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The shipped example: it loads without a finding, and says what it should. */
#include "set.h"

#define SUDERMAR KP_SLICE("00000001830000001000")

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

static void
permits_an_intake(void **state)
{
	(void)state;
	struct set set;
	set_example(&set);
	set_load(&set, 1);
	assert_int_equal(set.status, KP_OK);
	struct kp_slice role = KP_SLICE("intake");
	struct kp_facts facts = {
		.action = KP_ACTION_READ,
		.employee = KP_SLICE("m1"),
		.organisation = SUDERMAR,
		.roles = &role,
		.role_count = 1,
		.purpose = KP_SLICE("participatiewet-intake"),
		.now_ms = NOW_MS,
	};
	struct kp_decision decision;
	assert_int_equal(
		kp_bundle_decide(set.bundle, &facts, &set.arena, &decision), KP_OK);
	assert_true(decision.any);
	assert_true(decision.checked);
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(set.bundle);
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		struct kp_reason reason;
		kp_bundle_reason(set.bundle, &decision, i, &reason);
		if (getenv("KP_SHOW") != NULL) {
			print_message("%.*s@%.*s: %.*s %.*s\n",
				KP_SLICE_ARG(catalogue->fields[catalogue->cells[i].field]
						     .path),
				KP_SLICE_ARG(
					catalogue->sources[catalogue->cells[i].source]
						.name),
				KP_SLICE_ARG(reason.text), KP_SLICE_ARG(reason.rule));
		}
	}
	set_end(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_without_a_finding),
		cmocka_unit_test(permits_an_intake),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
