/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_test: it fails what should fail, says where and why, and counts what it covered.
 */
#include "policies/policy_test.h"
#include "small_set.h"

static const char rules[] = CARD("naam", "intake",
	"2027-01-01") "permit(principal in Rol::\"intake\", action == "
		      "Action::\"raadplegen\", "
		      "resource in Rubriek::\"persoon\") when {context.doel == "
		      "Doel::\"intake\"};\n" CARD("werk", "intake",
			      "2027-01-01") "permit(principal in Rol::\"intake\", action "
					    "== Action::\"raadplegen\", "
					    "resource in Rubriek::\"werk\") when "
					    "{context.doel == Doel::\"intake\" && "
					    "context.heeftZaak};\n" CARD("geboorte",
						    "alle",
						    "2027-01-01") "forbid(principal, "
								  "action, resource in "
								  "Rubriek::\"persoon."
								  "geboorte\");\n";

#define TEST(name, rest)                                                                 \
	"{\"naam\":\"" name "\",\"organisatie\":\"" OIN_A                                \
	"\",\"rollen\":[\"intake\"],\"doel\":\"intake\",\"datum\":\"2026-11-23\"," rest  \
	"}"

static void
run(struct set *set, const char *tests, struct kp_policy_test_run *ret_run)
{
	small_begin(set);
	set_file(set, "regels/r.cedar", rules);
	set_load(set, 1);
	set_print_findings(set);
	assert_int_equal(set->status, KP_OK);
	set->status = kp_policy_test_run(&set->arena, "proeven.json",
		kp_slice_from(tests), set->bundle, &set->findings, ret_run);
}

static void
passes_and_fails(void **state)
{
	(void)state;
	struct set set;
	struct kp_policy_test_run result;
	run(&set,
		"{\"proeven\":[\n" TEST("goed",
			"\"mag\":[\"persoon.naam\"],"
			"\"magNiet\":[\"partner\",\"werk\"]") ",\n" TEST("te veel",
			"\"magNiet\":[\"persoon.naam.voornaam@uwv\"]") ",\n" TEST("te "
										  "weini"
										  "g",
			"\"mag\":[\"persoon\",\"werk.loon\",\"partner\"]") ",\n" TEST("ge"
										      "he"
										      "e"
										      "l",
			"\"geweigerd\":\"doelVerlopen\"") "]}",
		&result);
	assert_int_equal(set.status, KP_OK);
	assert_int_equal(result.count, 4);
	assert_int_equal(result.failed, 3);
	assert_true(result.results[0].passed);
	assert_false(result.results[1].passed);
	static const char *const expected[] = {
		"proeven.json:3:",
		"/proeven/1/magNiet/0: 'te veel': persoon.naam.voornaam is permitted "
		"from uwv",
		"/proeven/2/mag/0: 'te weinig': persoon.geboorte is refused: a rule "
		"forbids "
		"this (geboorte)",
		"/proeven/2/mag/1: 'te weinig': werk.loon is refused: a condition is not "
		"met "
		"(werk)",
		"/proeven/2/mag/2: 'te weinig': partner.naam is refused: the purpose "
		"does not "
		"allow this",
		"/proeven/3/geweigerd: 'geheel': is not refused as a whole",
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(expected); i++) {
		if (!set_found(&set, expected[i])) {
			set_print_findings(&set);
			fail_msg("lacks '%s'", expected[i]);
		}
	}
	assert_int_equal(set.findings.count, KP_ARRAY_LEN(expected) - 1);
	set_end(&set);
}

static void
counts_the_rules_that_were_covered(void **state)
{
	(void)state;
	struct set set;
	struct kp_policy_test_run result;
	run(&set, "{\"proeven\":[" TEST("a", "\"mag\":[\"persoon.naam\"]") "]}", &result);
	assert_int_equal(result.covered_count, 1);
	assert_true(kp_bits_has(result.covered, 0));
	set_end(&set);
	run(&set,
		"{\"proeven\":[" TEST("a", "\"magNiet\":[\"persoon.geboorte\"]") "," TEST(
			"b", "\"feiten\":{\"heeftZaak\":true},\"mag\":[\"werk\"]") "]}",
		&result);
	assert_int_equal(result.failed, 0);
	assert_int_equal(result.covered_count, 2);
	assert_false(kp_bits_has(result.covered, 0));
	set_end(&set);
}

static void
refuses_a_file_that_is_not_sound(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"{", "proeven.json:1:"},
		{"{\"proevn\":[]}", "meant is 'proeven'?"},
		{"{}", "member 'proeven' is missing"},
		{"{\"proeven\":[" TEST("a", "\"mag\":[\"persoon.nam\"]") "]}",
			"unknown section or field 'persoon.nam'; meant is "
			"'persoon.naam'?"},
		{"{\"proeven\":[" TEST("a", "\"mag\":[\"persoon@svb\"]") "]}",
			"unknown source 'svb'"},
		{"{\"proeven\":[" TEST("a", "\"feiten\":{\"heeftzaak\":true}") "]}",
			"meant is 'heeftZaak'?"},
		{"{\"proeven\":[" TEST("a", "\"actie\":\"lezen\"") "]}",
			"\"lezen\" is not allowed"},
		{"{\"proeven\":[" TEST("a", "\"mag\":[7]") "]}",
			"must be a text, not a whole number"},
		{"{\"proeven\":[{\"naam\":\"x\"}]}", "member 'doel' is missing"},
		{"{\"proeven\":[" TEST("a", "\"medewerker\":\"jan\"") "]}",
			"must be true or false"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct set set;
		struct kp_policy_test_run result;
		run(&set, cases[i].text, &result);
		if (set.status == KP_OK || !set_found(&set, cases[i].expected)) {
			set_print_findings(&set);
			fail_msg("case %zu", i);
		}
		set_end(&set);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_and_fails),
		cmocka_unit_test(counts_the_rules_that_were_covered),
		cmocka_unit_test(refuses_a_file_that_is_not_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
