/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* reason: why a cell was refused, in words for the caseworker. */
#include "core/bits.h"
#include "policies/bundle.h"

/* One explanation evaluates a few conditions at most. */
#define REASON_BYTES_MAX ((size_t)4 << 20)

static const struct {
	const char *text;
	const char *text_en;
} sentences[] = {
	[KP_REFUSAL_NONE] = {"toegestaan", "permitted"},
	[KP_REFUSAL_NO_RULE] = {"doel staat dit niet toe",
		"the purpose does not allow this"},
	[KP_REFUSAL_CONDITION] = {"aan een voorwaarde is niet voldaan",
		"a condition is not met"},
	[KP_REFUSAL_FORBIDDEN] = {"een regel verbiedt dit", "a rule forbids this"},
	[KP_REFUSAL_PARTNER] = {"de bron staat dit niet toe",
		"the source does not allow this"},
	[KP_REFUSAL_ERROR] = {"een verbod kon niet worden beoordeeld, daarom geweigerd",
		"a prohibition could not be evaluated, so this is refused"},
	[KP_REFUSAL_PURPOSE_UNKNOWN] = {"dit doel is niet geregistreerd",
		"this purpose is not registered"},
	[KP_REFUSAL_PURPOSE_OVERDUE] = {"dit doel is nog niet of niet meer geldig",
		"this purpose is not valid yet or any more"},
	[KP_REFUSAL_GRANT_OVERDUE] = {"de herzieningsdatum van de regel is voorbij",
		"the review date of the rule has passed"},
	[KP_REFUSAL_ROLE_UNKNOWN] = {"geen bekende rol", "no known role"},
	[KP_REFUSAL_ORGANISATION_UNKNOWN] = {"deze organisatie is niet geregistreerd",
		"this organisation is not registered"},
	[KP_REFUSAL_OPTED_OUT] = {"de klant heeft bezwaar gemaakt tegen dit doel",
		"the client has objected to this purpose"},
	[KP_REFUSAL_OUTSIDE_CASELOAD] = {"de klant staat niet in de eigen werkvoorraad",
		"the client is not in the own caseload"},
	[KP_REFUSAL_ROLE_ORGANISATION] = {"deze organisatie kan deze rol niet geven",
		"this organisation cannot give this role"},
	[KP_REFUSAL_ROLE_COMBINATION] = {"deze rollen gaan niet samen",
		"these roles must not be held together"},
	[KP_REFUSAL_NO_EMPLOYEE] = {"er is niet gezegd wie het vraagt",
		"nobody is named who asks"},
	[KP_REFUSAL_MACHINE_ONLY] = {"dit doel is er alleen voor geautomatiseerde vragen",
		"this purpose is for automated questions only"},
	[KP_REFUSAL_NO_MANDATE] =
		{"er is geen mandaat om namens deze organisatie te vragen",
			"there is no mandate to ask in the name of this organisation"},
};

/* One search for the rule that decided. */
struct search {
	const struct kp_bundle *bundle;
	const struct kp_decision_detail *detail;
	struct kp_asking asking; /* of `arena`, once `asks` */
	struct kp_arena arena;
	bool asks;
	uint32_t cell;
	bool granted; /* some permit is about this cell */
	enum kp_refusal code;
	const struct kp_rule *rule;
};

/* The order in which reasons are given when there are several: what weighs most last. */
static int
weight(enum kp_refusal code)
{
	static const enum kp_refusal order[] = {KP_REFUSAL_NO_RULE, KP_REFUSAL_CONDITION,
		KP_REFUSAL_GRANT_OVERDUE, KP_REFUSAL_ERROR, KP_REFUSAL_PARTNER,
		KP_REFUSAL_FORBIDDEN};
	int at = 0;
	while (order[at] != code) {
		at++;
	}
	return at;
}

static void
consider(struct search *search, enum kp_refusal code, const struct kp_rule *rule)
{
	if (weight(code) > weight(search->code)) {
		search->code = code;
		search->rule = rule;
	}
}

static enum kp_truth
truth_of(struct search *search, const struct kp_part *part)
{
	if (part->condition != KP_NO_ID) {
		if (!search->asks) {
			search->asks = true;
			kp_arena_init(&search->arena, REASON_BYTES_MAX, NULL);
			kp_asking_init(&search->asking, search->bundle, search->detail,
				&search->arena);
		}
		return kp_asking_condition(&search->asking, part->condition);
	}
	if ((part->errs >> search->detail->facts & 1) != 0) {
		return KP_TRUTH_ERROR;
	}
	return (part->holds >> search->detail->facts & 1) != 0 ? KP_TRUTH_TRUE
							       : KP_TRUTH_FALSE;
}

static void
look_at(struct search *search, const struct kp_part *part)
{
	enum kp_truth truth = truth_of(search, part);
	const struct kp_rule *rule = part->rule;
	if (rule->policy->effect == KP_CEDAR_PERMIT) {
		search->granted = true;
		bool overdue = search->detail->now_ms >= rule->review_ms;
		if (truth != KP_TRUTH_TRUE) {
			consider(search, KP_REFUSAL_CONDITION, rule);
		} else if (overdue) {
			consider(search, KP_REFUSAL_GRANT_OVERDUE, rule);
		}
	} else if (truth == KP_TRUTH_ERROR) {
		consider(search, KP_REFUSAL_ERROR, rule);
	} else if (truth == KP_TRUTH_TRUE) {
		consider(search,
			rule->partner == KP_NO_ID ? KP_REFUSAL_FORBIDDEN
						  : KP_REFUSAL_PARTNER,
			rule);
	}
}

static void
search_row(struct search *search, uint32_t role)
{
	const struct kp_compiled *compiled = &search->bundle->compiled;
	const struct kp_row *row = kp_compiled_row(compiled, search->detail->action, role,
		search->detail->organisation, search->detail->purpose);
	for (uint32_t i = 0; i < row->permit_count + row->forbid_count; i++) {
		const struct kp_entry *entry = &row->entries[i];
		if (!kp_bits_has(entry->cells, search->cell)) {
			continue;
		}
		for (uint32_t j = 0; j < entry->part_count; j++) {
			const struct kp_part *part =
				&compiled->parts[compiled->part_refs[entry->first_part +
					j]];
			if (kp_bits_has(part->cells, search->cell)) {
				look_at(search, part);
			}
		}
	}
}

/* A forbid on what nobody permitted is not the reason: without it there would still be
 * nothing to see. */
static void
search_rules(struct search *search)
{
	uint32_t roles = search->bundle->registers.role_count;
	for (uint32_t role = 0; role < roles; role++) {
		if (kp_bits_has(search->detail->roles, role)) {
			search_row(search, role);
		}
	}
	search_row(search, roles);
	if (!search->granted) {
		search->code = KP_REFUSAL_NO_RULE;
		search->rule = NULL;
	}
}

void
kp_bundle_reason(const struct kp_bundle *bundle, const struct kp_decision *decision,
	uint32_t cell, struct kp_reason *ret_reason)
{
	enum kp_refusal code = decision->refusal;
	struct kp_slice rule = {0};
	const struct kp_decision_detail *detail = decision->detail;
	if (code == KP_REFUSAL_NONE &&
		(cell >= bundle->catalogue->cell_count ||
			!kp_bits_has(detail->touched, cell))) {
		code = KP_REFUSAL_NO_RULE;
	} else if (code == KP_REFUSAL_NONE && !kp_bits_has(decision->cells, cell)) {
		/* Asked for every field that is kept back, and few reasons have to ask
		 * the evaluator: what that needs is made when one does. */
		struct search search KP_UNINITIALIZED;
		search.bundle = bundle;
		search.detail = decision->detail;
		search.asks = false;
		search.cell = cell;
		search.granted = false;
		search.code = KP_REFUSAL_NO_RULE;
		search.rule = NULL;
		search_rules(&search);
		code = search.code;
		rule = search.rule != NULL ? search.rule->id : rule;
		if (search.asks) {
			kp_arena_deinit(&search.arena);
		}
	}
	*ret_reason = (struct kp_reason){.code = code,
		.text = kp_slice_from(sentences[code].text),
		.text_en = kp_slice_from(sentences[code].text_en),
		.rule = rule};
}
