/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Grants that never apply are found, and those that do are not. */
#include "policies/reach.h"

#include "small_set.h"

#define GRANT(role, action, purpose, more)                                               \
	CARD("a", purpose, "2027-06-01")                                                 \
	"permit(principal in Rol::\"" role "\", action == Action::\"" action             \
	"\", resource in Rubriek::\"werk\") when {context.doel == Doel::\"" purpose      \
	"\"" more "};\n"

static const struct {
	const char *rule;
	enum kp_reach reach;
} grants[] = {
	{GRANT("intake", "raadplegen", "intake", ""), KP_REACH_SOMEBODY},
	{GRANT("intake", "raadplegen", "intake", " && !context.inWerkvoorraad"),
		KP_REACH_SOMEBODY},
	{GRANT("intake", "raadplegen", "toets", " && context.inWerkvoorraad"),
		KP_REACH_SOMEBODY},
	{GRANT("intake", "raadplegenBuitenWerkvoorraad", "toets",
		 " && context.redenGegeven"),
		KP_REACH_SOMEBODY},
	{GRANT("intake", "raadplegen", "tips", " && !context.bezwaar"),
		KP_REACH_SOMEBODY},
	{GRANT("intake", "raadplegen", "toets",
		 " && context.nu.toTime() < duration(\"18h\")"),
		KP_REACH_SOMEBODY},
	/* Nobody asks outside the caseload for a purpose that does not ask for it. */
	{GRANT("intake", "raadplegenBuitenWerkvoorraad", "intake", ""),
		KP_REACH_NEVER_OUTSIDE},
	/* Who is not in the caseload does not get this far, or is in it. */
	{GRANT("intake", "raadplegen", "toets", " && !context.inWerkvoorraad"),
		KP_REACH_NEVER_MET},
	{GRANT("intake", "raadplegenBuitenWerkvoorraad", "toets",
		 " && context.inWerkvoorraad"),
		KP_REACH_NEVER_MET},
	{GRANT("intake", "raadplegen", "tips", " && context.bezwaar"),
		KP_REACH_NEVER_MET},
	{GRANT("intake", "raadplegen", "toets",
		 " && !context.inWerkvoorraad && context.nu < "
		 "datetime(\"2027-01-01\")"),
		KP_REACH_NEVER_MET},
	/* Only municipalities give this role, and this is about one of another kind. */
	{GRANT("rechercheur", "raadplegen", "toets",
		 " && principal.organisatie == Organisatie::\"" OIN_C "\""),
		KP_REACH_NOBODY},
	{GRANT("rechercheur", "raadplegen", "toets",
		 " && principal.organisatie in Organisatiesoort::\"gemeente\""),
		KP_REACH_SOMEBODY},
};

static void
finds_what_never_applies(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(grants); i++) {
		struct set set;
		small_begin(&set);
		set_file(&set, "regels/r.cedar", grants[i].rule);
		set_load(&set, 0);
		set_print_findings(&set);
		assert_int_equal(set.status, KP_OK);
		if (kp_rule_reach(set.bundle, 0) != grants[i].reach) {
			fail_msg("%s", grants[i].rule);
		}
		set_end(&set);
	}
}

/* The shipped example holds none. */
static void
the_example_is_within_reach(void **state)
{
	(void)state;
	struct set set;
	set_example(&set);
	set_load(&set, 0);
	for (uint32_t i = 0; i < set.bundle->rules.count; i++) {
		if (set.bundle->rules.rules[i].policy->effect == KP_CEDAR_PERMIT) {
			assert_int_equal(kp_rule_reach(set.bundle, i), KP_REACH_SOMEBODY);
		}
	}
	set_end(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_never_applies),
		cmocka_unit_test(the_example_is_within_reach),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
