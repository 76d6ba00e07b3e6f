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

/* What became of one cell. */
struct verdict {
	enum kp_refusal code;
	const struct kp_rule *rule;
};

/* One search for the rules that decided about up to 64 cells: one word of a set. */
struct search {
	const struct kp_bundle *bundle;
	const struct kp_decision_detail *detail;
	struct kp_asking asking; /* of `arena`, once `asks` */
	struct kp_arena arena;
	bool asks;
	uint32_t word;
	uint64_t wanted;
	uint64_t granted; /* some permit is about them */
	struct verdict of[64];
};

/* Done for every question, and few reasons have to ask the evaluator: what that needs is
 * made when one does. */
static void
search_init(struct search *search, const struct kp_bundle *bundle,
	const struct kp_decision *decision)
{
	search->bundle = bundle;
	search->detail = decision->detail;
	search->asks = false;
}

static void
search_deinit(struct search *search)
{
	if (search->asks) {
		kp_arena_deinit(&search->arena);
	}
}

/* When there are several reasons, the one that weighs most is given. */
static int
weight(enum kp_refusal code)
{
	static const int weights[] = {
		[KP_REFUSAL_NO_RULE] = 0,
		[KP_REFUSAL_CONDITION] = 1,
		[KP_REFUSAL_GRANT_OVERDUE] = 2,
		[KP_REFUSAL_ERROR] = 3,
		[KP_REFUSAL_PARTNER] = 4,
		[KP_REFUSAL_FORBIDDEN] = 5,
	};
	return weights[code];
}

static void
consider(struct search *search, uint64_t cells, enum kp_refusal code,
	const struct kp_rule *rule)
{
	for (; cells != 0; cells &= cells - 1) {
		struct verdict *verdict = &search->of[__builtin_ctzll(cells)];
		if (weight(code) > weight(verdict->code)) {
			*verdict = (struct verdict){code, rule};
		}
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
look_at(struct search *search, const struct kp_part *part, uint64_t cells)
{
	enum kp_truth truth = truth_of(search, part);
	const struct kp_rule *rule = part->rule;
	if (rule->policy->effect == KP_CEDAR_PERMIT) {
		search->granted |= cells;
		bool overdue = search->detail->now_ms >= rule->review_ms;
		if (truth != KP_TRUTH_TRUE) {
			consider(search, cells, KP_REFUSAL_CONDITION, rule);
		} else if (overdue) {
			consider(search, cells, KP_REFUSAL_GRANT_OVERDUE, rule);
		}
	} else if (truth == KP_TRUTH_ERROR) {
		consider(search, cells, KP_REFUSAL_ERROR, rule);
	} else if (truth == KP_TRUTH_TRUE) {
		consider(search, cells,
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
		if ((entry->cells[search->word] & search->wanted) == 0) {
			continue;
		}
		const uint32_t *refs = compiled->part_refs + entry->first_part;
		for (uint32_t j = 0; j < entry->part_count; j++) {
			const struct kp_part *part = &compiled->parts[refs[j]];
			uint64_t cells = part->cells[search->word] & search->wanted;
			if (cells != 0) {
				look_at(search, part, cells);
			}
		}
	}
}

static void
set_all(struct search *search, uint64_t cells, enum kp_refusal code)
{
	for (; cells != 0; cells &= cells - 1) {
		search->of[__builtin_ctzll(cells)] = (struct verdict){.code = code};
	}
}

/* A forbid on what nobody permitted is not the reason: without it there would still be
 * nothing to see. */
static void
search_rules(struct search *search, uint32_t word, uint64_t wanted)
{
	uint32_t roles = search->bundle->registers.role_count;
	search->word = word;
	search->wanted = wanted;
	search->granted = 0;
	set_all(search, wanted, KP_REFUSAL_NO_RULE);
	for (uint32_t role = 0; role < roles; role++) {
		if (kp_bits_has(search->detail->roles, role)) {
			search_row(search, role);
		}
	}
	search_row(search, roles);
	set_all(search, wanted & ~search->granted, KP_REFUSAL_NO_RULE);
}

static struct kp_reason
reason_of(struct verdict verdict)
{
	struct kp_reason reason = {.code = verdict.code,
		.text = kp_slice_from(sentences[verdict.code].text),
		.text_en = kp_slice_from(sentences[verdict.code].text_en)};
	if (verdict.rule != NULL) {
		reason.rule = verdict.rule->id;
	}
	return reason;
}

void
kp_bundle_reason(const struct kp_bundle *bundle, const struct kp_decision *decision,
	uint32_t cell, struct kp_reason *ret_reason)
{
	struct verdict verdict = {.code = decision->refusal};
	const struct kp_decision_detail *detail = decision->detail;
	if (verdict.code == KP_REFUSAL_NONE &&
		(cell >= bundle->catalogue->cell_count ||
			!kp_bits_has(detail->touched, cell))) {
		verdict.code = KP_REFUSAL_NO_RULE;
	} else if (verdict.code == KP_REFUSAL_NONE &&
		!kp_bits_has(decision->cells, cell)) {
		struct search search KP_UNINITIALIZED;
		search_init(&search, bundle, decision);
		search_rules(&search, cell / 64, (uint64_t)1 << cell % 64);
		verdict = search.of[cell % 64];
		search_deinit(&search);
	}
	*ret_reason = reason_of(verdict);
}

/* Gives cells of one word their numbers. */
static enum kp_status
number_word(const struct search *search, uint64_t cells, struct kp_arena *arena,
	struct kp_reasons *reasons, uint8_t *of_cell)
{
	struct verdict last = {.code = KP_REFUSAL_NONE};
	uint8_t number = 0;
	for (; cells != 0; cells &= cells - 1) {
		uint32_t bit = (uint32_t)__builtin_ctzll(cells);
		struct verdict verdict = search->of[bit];
		if (verdict.code != last.code || verdict.rule != last.rule) {
			struct kp_reason reason = reason_of(verdict);
			enum kp_status status =
				kp_reasons_number(reasons, &reason, arena, &number);
			if (status != KP_OK) {
				return status;
			}
			last = verdict;
		}
		of_cell[bit] = number;
	}
	return KP_OK;
}

enum kp_status
kp_bundle_reasons(const struct kp_bundle *bundle, const struct kp_decision *decision,
	const uint64_t *cells, struct kp_arena *arena, struct kp_reasons *ret_reasons)
{
	const struct kp_catalogue *catalogue = bundle->catalogue;
	struct kp_reasons reasons = {
		.of_cell = KP_ARENA_ARRAY(arena, uint8_t, catalogue->cell_count)};
	enum kp_status status = reasons.of_cell == NULL ? KP_E_MEMORY : KP_OK;
	struct search search KP_UNINITIALIZED;
	search_init(&search, bundle, decision);
	for (uint32_t i = 0; i < catalogue->cell_words && status == KP_OK; i++) {
		if (cells[i] == 0) {
			continue;
		}
		if (decision->refusal == KP_REFUSAL_NONE) {
			search_rules(&search, i, cells[i]);
		} else {
			set_all(&search, cells[i], decision->refusal);
		}
		status = number_word(&search, cells[i], arena, &reasons,
			reasons.of_cell + (size_t)i * 64);
	}
	search_deinit(&search);
	*ret_reasons = reasons;
	return status;
}
