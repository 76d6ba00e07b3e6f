/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_explain: why a field is shown or not, as a tree that scripts read and from which
 * the text for people is made. */
#ifndef KP_COMMANDS_POLICY_EXPLAIN_H
#define KP_COMMANDS_POLICY_EXPLAIN_H

#include "commands/policy_load.h"

/* Near misses told of one field from one source, unless all are asked for. */
#define KP_EXPLAIN_NEAR_MAX 3u

/* One question. All borrowed. */
struct kp_explain {
	const struct kp_bundle *bundle;
	struct kp_facts facts;
	bool english;
	bool everything; /* every rule, also those that come nowhere near */
};

/*
 * { "vraag": {…}, "geweigerd": {"code", "tekst"}?, "velden": [ { "veld", "naam",
 * "toegestaan", "bronnen": [ { "bron", "toegestaan", "reden", "regel", "staatToe": [],
 * "verbiedt": [], "bijna": [] } ], "zouVeranderen": [ {"tekst"} ] } ] }; each rule is {
 * "id", "plaats", "grondslag", "voorwaarden": [ {"tekst", "uitkomst", "regel"} ] }.
 * `fields` has field_words words. NULL when memory runs out.
 */
json_t *kp_explain_json(const struct kp_explain *explain, const uint64_t *fields);
/* One member of "velden" as text, each line begun with `indent` spaces. */
void kp_explain_print_field(const json_t *field, size_t indent, bool english);

#endif
