/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* bundle: what never loads, and what is said about it. */
#include "bundle_rig.h"

static void
refuses_as_a_whole(void **state)
{
	(void)state;
	struct set set;
	load_good(&set);
	const struct {
		const char *role;
		const char *second;
		const char *purpose;
		struct kp_facts facts;
		enum kp_refusal refusal;
	} cases[] = {
		{"intake", "", "intke", {0}, KP_REFUSAL_PURPOSE_UNKNOWN},
		{"intake", "", "wet-a", {0}, KP_REFUSAL_PURPOSE_UNKNOWN},
		{"intake", "", "", {0}, KP_REFUSAL_PURPOSE_UNKNOWN},
		{"intake", "", "intake", {.now_ms = 1798761600000},
			KP_REFUSAL_PURPOSE_OVERDUE},
		{"intake", "", "intake", {.now_ms = 1798761599999}, KP_REFUSAL_NONE},
		{"intake", "", "intake", {.now_ms = 1767225599999},
			KP_REFUSAL_PURPOSE_OVERDUE},
		{"intake", "", "tips", {.opted_out = true}, KP_REFUSAL_OPTED_OUT},
		{"intake", "", "intake", {.opted_out = true}, KP_REFUSAL_NONE},
		{"intake", "", "toets", {0}, KP_REFUSAL_OUTSIDE_CASELOAD},
		{"intake", "", "toets", {.in_caseload = true}, KP_REFUSAL_NONE},
		{"intake", "", "toets", {.action = KP_ACTION_READ_OUTSIDE},
			KP_REFUSAL_NONE},
		{"intake", "", "intake",
			{.organisation = KP_SLICE("00000001000000009000")},
			KP_REFUSAL_ORGANISATION_UNKNOWN},
		{"nobody", "", "intake", {0}, KP_REFUSAL_ROLE_UNKNOWN},
		{"nobody", "intake", "intake", {0}, KP_REFUSAL_NONE},
		{"rechercheur", "", "fraude", {.organisation = KP_SLICE(OIN_C)},
			KP_REFUSAL_ROLE_ORGANISATION},
		{"rechercheur", "intake", "fraude", {.organisation = KP_SLICE(OIN_C)},
			KP_REFUSAL_NONE},
		{"rechercheur", "intake", "fraude", {0}, KP_REFUSAL_ROLE_COMBINATION},
		{"rechercheur", "rechercheur", "fraude", {0}, KP_REFUSAL_NONE},
		{"intake", "", "intake", {.employee = KP_SLICE(NOBODY)},
			KP_REFUSAL_NO_EMPLOYEE},
		{"intake", "", "signaal", {0}, KP_REFUSAL_MACHINE_ONLY},
		{"intake", "", "signaal", {.employee = KP_SLICE(NOBODY)},
			KP_REFUSAL_NONE},
		{"intake", "", "intake",
			{.organisation = KP_SLICE(OIN_C),
				.on_behalf_of = KP_SLICE(OIN_A)},
			KP_REFUSAL_NONE},
		{"intake", "", "intake",
			{.organisation = KP_SLICE(OIN_C),
				.on_behalf_of = KP_SLICE(OIN_B)},
			KP_REFUSAL_NO_MANDATE},
		{"intake", "", "intake",
			{.organisation = KP_SLICE(OIN_A),
				.on_behalf_of = KP_SLICE(OIN_C)},
			KP_REFUSAL_NO_MANDATE},
		{"intake", "", "intake",
			{.organisation = KP_SLICE(OIN_C),
				.on_behalf_of = KP_SLICE(OIN_C)},
			KP_REFUSAL_NONE},
		{"intake", "", "intake",
			{.organisation = KP_SLICE(OIN_C),
				.on_behalf_of = KP_SLICE("00000001000000009000")},
			KP_REFUSAL_ORGANISATION_UNKNOWN},
		/* A mandate gives no roles that the one who asks cannot give. */
		{"rechercheur", "", "fraude",
			{.organisation = KP_SLICE(OIN_C),
				.on_behalf_of = KP_SLICE(OIN_A)},
			KP_REFUSAL_ROLE_ORGANISATION},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct asked asked = {.facts = cases[i].facts};
		asked.roles[1] = kp_slice_from(cases[i].second);
		asked.facts.role_count = cases[i].second[0] != '\0' ? 2 : 1;
		ask(&set, cases[i].role, cases[i].purpose, &asked);
		if (asked.decision.refusal != cases[i].refusal) {
			fail_msg("case %zu: %d", i, (int)asked.decision.refusal);
		}
		if (cases[i].refusal != KP_REFUSAL_NONE) {
			assert_false(asked.decision.any);
			struct kp_reason reason;
			kp_bundle_reason(set.bundle, &asked.decision, 0, &reason);
			assert_int_equal(reason.code, cases[i].refusal);
			assert_true(reason.text.len > 0);
		}
	}
	/* The rules are asked about the one in whose name it is. */
	struct asked mandated = {.facts = {.organisation = KP_SLICE(OIN_C),
					 .on_behalf_of = KP_SLICE(OIN_A)}};
	ask(&set, "intake", "intake", &mandated);
	const struct kp_decision_detail *detail = mandated.decision.detail;
	assert_true(kp_slice_is(
		set.bundle->registers.organisations[detail->organisation].oin, OIN_A));
	struct asked none = {0};
	none.facts = (struct kp_facts){.purpose = KP_SLICE("intake"),
		.employee = KP_SLICE("jan"),
		.organisation = KP_SLICE(OIN_A),
		.now_ms = NOW_MS};
	assert_int_equal(
		kp_bundle_decide(set.bundle, &none.facts, &set.arena, &none.decision),
		KP_OK);
	assert_int_equal(none.decision.refusal, KP_REFUSAL_ROLE_UNKNOWN);
	set_end(&set);
}

/* One rule with one fault, and what must be said of it. */
static void
never_loads_a_faulty_rule(void **state)
{
	(void)state;
	static const struct {
		const char *file;
		const char *rule;
		const char *expected;
	} cases[] = {
		{"regels/x.cedar",
			"@doel(\"intake\") @grondslag(\"g\") @eigenaar(\"e\") "
			"@herzien(\"2027-01-01\") permit(principal in Rol::\"intake\", "
			"action, "
			"resource in Rubriek::\"werk\") when {" INTAKE "};",
			"the rule card lacks @id"},
		{"regels/x.cedar",
			"@id(\"x\") permit(principal in Rol::\"intake\", action, "
			"resource in "
			"Rubriek::\"werk\") when {" INTAKE "};",
			"the rule card lacks @herzien"},
		{"regels/x.cedar",
			CARD("x", "intaek", "2027-01-01") "permit(principal in "
							  "Rol::\"intake\", action, "
							  "resource in "
							  "Rubriek::\"werk\") when "
							  "{" INTAKE "};",
			"unknown purpose 'intaek'; meant is 'intake'?"},
		{"regels/x.cedar",
			CARD("x", "intake", "1 jan") "permit(principal in "
						     "Rol::\"intake\", action, resource "
						     "in Rubriek::\"werk\") when "
						     "{" INTAKE "};",
			"'1 jan' must be a day"},
		{"regels/x.cedar",
			"@doell(\"q\") " CARD("x", "intake", "2027-01-01") "permit("
									   "principal in "
									   "Rol::"
									   "\"intake\", "
									   "action, "
									   "resource in "
									   "Rubriek::"
									   "\"werk\") "
									   "when "
									   "{" INTAKE
									   "};",
			"unknown annotation '@doell'; meant is @doel"},
		{"regels/x.cedar",
			CARD("x", "intake", "2027-01-01") "permit(principal in "
							  "Rol::\"intke\", action, "
							  "resource in "
							  "Rubriek::\"werk\") when "
							  "{" INTAKE "};",
			"Rol::\"intke\" is not registered; meant is \"intake\"?"},
		{"regels/x.cedar",
			CARD("x", "intake", "2027-01-01") "permit(principal == "
							  "Medewerker::\"jan\", action, "
							  "resource in "
							  "Rubriek::\"werk\") when "
							  "{" INTAKE "};",
			"Medewerker::\"jan\" is not registered"},
		{"regels/x.cedar",
			CARD("x", "intake", "2027-01-01") "permit(principal in "
							  "Rol::\"intake\", action, "
							  "resource in "
							  "Rubriek::\"werk\") when "
							  "{" INTAKE "&& resource in "
							  "Rubriek::\"werk.lon\"};",
			"Rubriek::\"werk.lon\" is not registered; meant is "
			"\"werk.loon\"?"},
		{"regels/x.cedar",
			CARD("x", "intake", "2027-01-01") "permit(principal in "
							  "Rol::\"intake\", action, "
							  "resource in "
							  "Rubriek::\"werk\");",
			"a permit asks for its purpose"},
		{"regels/x.cedar",
			CARD("x", "intake", "2027-01-01") "permit(principal in "
							  "Rol::\"intake\", action, "
							  "resource) when {" INTAKE "};",
			"a permit must not be about every field"},
		{"regels/x.cedar",
			CARD("x", "intake", "2027-01-01") "permit(principal, action, "
							  "resource in "
							  "Rubriek::\"werk\") when "
							  "{" INTAKE "};",
			"a permit names a role or an organisation"},
		{"regels/x.cedar",
			CARD("x", "fraude", "2027-01-01") "permit(principal in "
							  "Rol::\"intake\", action, "
							  "resource in "
							  "Rubriek::\"werk\") when "
							  "{" INTAKE "};",
			"the rule applies to purpose 'intake', which its card (@doel) "
			"does "
			"not name"},
		{"regels/x.cedar",
			CARD("x", "intake, tips", "2027-01-01") "permit(principal in "
								"Rol::\"intake\", "
								"action, resource in "
								"Rubriek::\"werk\") "
								"when {" INTAKE "};",
			"names purpose 'tips', to which the rule never applies"},
		{"regels/x.cedar",
			CARD("x", "alle", "2027-01-01") "permit(principal in "
							"Rol::\"intake\", action, "
							"resource in Rubriek::\"werk\") "
							"when {" INTAKE "};",
			"a permit names its purposes"},
		{"regels/x.cedar",
			CARD("x", "alle",
				"2027-01-01") "forbid(principal, action, resource "
					      "in Rubriek::\"werk\") when "
					      "{resource in "
					      "Rubriek::\"partner\"};",
			"the rule can never apply"},
		{"regels/x.cedar",
			CARD("naam", "alle", "2027-01-01") "forbid(principal, action, "
							   "resource in "
							   "Rubriek::\"werk\");",
			"this id stands on another rule already: regels/r.cedar:1"},
		{"regels/x.cedar",
			CARD("x", "alle",
				"2027-01-01") "forbid(principal, action, resource) "
					      "when {resource.kleur == 1};",
			"kleur"},
		{"regels/x.cedar",
			CARD("x", "alle", "2027-01-01") "forbid(principal == ?principal, "
							"action, resource);",
			"no templates"},
		{"regels/x.cedar", "permit(principal", "regels/x.cedar:1:"},
		{"partners/uwv.cedar",
			CARD("x", "intake",
				"2027-01-01") "permit(principal in "
					      "Rol::\"intake\", action, "
					      "resource in Bron::\"uwv\") when "
					      "{" INTAKE "};",
			"a partner's own rules may only forbid"},
		{"partners/uwv.cedar",
			CARD("x", "alle",
				"2027-01-01") "forbid(principal, action, resource "
					      "in Rubriek::\"werk\");",
			"about its own data only: resource in Bron::\"uwv\""},
		{"partners/uvw.cedar",
			CARD("x", "alle", "2027-01-01") "forbid(principal, action, "
							"resource);",
			"there is no source 'uvw'; meant is uwv"},
		{"doeln.json", "{}", "is not part of a policy set; meant is doelen.json"},
		{"regels.cedar", "", "is not part of a policy set"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct set set;
		small_begin(&set);
		set_file(&set, "regels/r.cedar", good_rules);
		set_file(&set, cases[i].file, cases[i].rule);
		set_load(&set, 1);
		assert_int_equal(set.status, KP_E_CONFIG);
		assert_null(set.bundle);
		if (!set_found(&set, cases[i].expected) ||
			!set_found(&set, cases[i].file)) {
			set_print_findings(&set);
			fail_msg("case %zu lacks '%s'", i, cases[i].expected);
		}
		set_end(&set);
	}
}

static void
names_every_missing_file(void **state)
{
	(void)state;
	struct set set;
	set_begin(&set);
	set_file(&set, "LEESMIJ.md", "for people");
	set_load(&set, 1);
	assert_int_equal(set.status, KP_E_CONFIG);
	assert_int_equal(set.findings.count, 5);
	assert_true(set_found(&set, "catalogus.json: is missing"));
	assert_true(set_found(&set, "schema.cedarschema: is missing"));
	set_end(&set);
}

static void
reports_faults_of_several_files_at_once(void **state)
{
	(void)state;
	struct set set;
	small_begin(&set);
	set_file(&set, KP_FILE_CATALOGUE, "{");
	set_file(&set, KP_FILE_ROLES, "{\"rolen\":[]}");
	set_file(&set, KP_FILE_PURPOSES, "[]");
	set_load(&set, 1);
	assert_int_equal(set.status, KP_E_CONFIG);
	assert_true(set_found(&set, "catalogus.json:1:"));
	assert_true(set_found(&set, "meant is 'rollen'?"));
	assert_true(set_found(&set, "doelen.json:1:1: must be an object"));
	set_end(&set);
}

/* The schema with one word changed. */
static void
refuses_a_schema_that_does_not_fit(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		const char *to;
		const char *expected;
	} cases[] = {
		{"gevoeligheid: Long", "gevoeligheid: Bool", "gevoeligheid"},
		{"derde: Bool", "dorde: Bool", "derde"},
		{"  zelf: Bool", "  zlef: Bool", "zelf"},
		{"  zelf: Bool", "  zelf: Long", "zelf"},
		{"corrigeren,", "corrigeram,", "does not declare action \"corrigeren\""},
		{"organisatie: Organisatie ", "organisatie: Rol         ", "organisatie"},
		{"entity Bron;", "entity Brno;", "Bron"},
		{"entity Doel in [Doel]", "entity Doel in [Rol] ", "Doel"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct set set;
		small_begin(&set);
		set_file(&set, "regels/r.cedar", good_rules);
		char *schema = kp_arena_strdup(&set.arena,
			set_read_file(&set,
				KP_SOURCE_DIR "/policies/voorbeeld/" KP_FILE_SCHEMA));
		char *at = strstr(schema, cases[i].from);
		assert_non_null(at);
		memcpy(at, cases[i].to, strlen(cases[i].to));
		set_file(&set, KP_FILE_SCHEMA, schema);
		set_load(&set, 1);
		assert_int_equal(set.status, KP_E_CONFIG);
		if (!set_found(&set, cases[i].expected)) {
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
		cmocka_unit_test(refuses_as_a_whole),
		cmocka_unit_test(never_loads_a_faulty_rule),
		cmocka_unit_test(names_every_missing_file),
		cmocka_unit_test(reports_faults_of_several_files_at_once),
		cmocka_unit_test(refuses_a_schema_that_does_not_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
