/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bundle_rig: a small set of rules that loads, and questions about it.
 */
#ifndef BUNDLE_RIG_H
#define BUNDLE_RIG_H

#include <pthread.h>

#include "small_set.h"

#define INTAKE " context.doel == Doel::\"intake\" "

static const char good_rules[] = CARD("naam", "intake",
	"2027-01-01") "permit(principal in Rol::\"intake\", action == "
		      "Action::\"raadplegen\", "
		      "resource in Rubriek::\"persoon.naam\") when {" INTAKE
		      "};\n" CARD("werk", "intake",
			      "2027-01-01") "permit(principal in Rol::\"manager\", "
					    "action == Action::\"raadplegen\", "
					    "resource in Rubriek::\"werk\") when {" INTAKE
					    "&& context.heeftZaak};\n" CARD("oud",
						    "intake",
						    "2026-06-01") "permit(principal in "
								  "Rol::\"intake\", "
								  "action == "
								  "Action::"
								  "\"raadplegen\", "
								  "resource in "
								  "Rubriek::\"persoon."
								  "geboorte\") when "
								  "{" INTAKE
								  "};\n" CARD("partner",
									  "fraude",
									  "2027-01-01") "permit(principal in Rol::\"rechercheur\", action == Action::\"raadplegen\", "
											"resource in Rubriek::\"partner\") when {context.doel == Doel::\"fraude\"};\n" CARD(
												"geen-ziekte",
												"alle",
												"2026-01-01") "forbid(principal, action, resource in Rubriek::\"werk.ziekte\");\n" CARD("rekenfout",
												"alle",
												"2027-01-01") "forbid(principal, action, resource == Veld::\"werk.loon@brp\") "
													      "when {9223372036854775807 + resource.gevoeligheid > 0};\n";

static void
load_good(struct set *set)
{
	small_begin(set);
	set_file(set, "regels/r.cedar", good_rules);
	set_file(set, "partners/uwv.cedar",
		CARD("uwv-loon", "alle",
			"2027-01-01") "forbid(principal, action, resource in "
				      "Bron::\"uwv\") when "
				      "{resource in Rubriek::\"werk.loon\" && "
				      "!context.redenGegeven};\n");
	set_load(set, 1);
	set_print_findings(set);
	assert_int_equal(set->status, KP_OK);
}

/* As employee: there is none. */
#define NOBODY "nobody"

struct asked {
	struct kp_slice roles[3];
	struct kp_facts facts;
	struct kp_decision decision;
};

static void
ask(struct set *set, const char *role, const char *purpose, struct asked *asked)
{
	asked->roles[0] = kp_slice_from(role);
	asked->facts.roles = asked->roles;
	asked->facts.role_count =
		asked->facts.role_count == 0 ? 1 : asked->facts.role_count;
	asked->facts.purpose = kp_slice_from(purpose);
	bool machine = kp_slice_is(asked->facts.employee, NOBODY);
	asked->facts.employee = machine ? KP_SLICE("") : KP_SLICE("jan");
	if (asked->facts.organisation.len == 0) {
		asked->facts.organisation = KP_SLICE(OIN_A);
	}
	asked->facts.now_ms = asked->facts.now_ms == 0 ? NOW_MS : asked->facts.now_ms;
	assert_int_equal(kp_bundle_decide(set->bundle, &asked->facts, &set->arena,
				 &asked->decision),
		KP_OK);
}

#endif
