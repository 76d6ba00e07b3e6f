/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_view_words: a truth table over facts as the words that a person would use. */
#include "commands/policy_options.h"
#include "commands/policy_view.h"

#define ALL_FACTS ((1u << KP_FACT_COUNT) - 1)

static const struct {
	const char *holds;
	const char *fails;
	const char *holds_en;
	const char *fails_en;
} words[KP_FACT_COUNT] = {
	[KP_FACT_IN_CASELOAD] = {"in de werkvoorraad", "niet in de werkvoorraad",
		"in the caseload", "not in the caseload"},
	[KP_FACT_HAS_CASE] = {"lopende zaak", "geen lopende zaak", "an open case",
		"no open case"},
	[KP_FACT_CASE_NAMED] = {"zaak genoemd", "geen zaak genoemd", "the case is named",
		"no case is named"},
	[KP_FACT_REASON_GIVEN] = {"reden gegeven", "geen reden gegeven",
		"a reason is given", "no reason is given"},
	[KP_FACT_OPTED_OUT] = {"de klant maakte bezwaar", "geen bezwaar van de klant",
		"the client objected", "the client did not object"},
	[KP_FACT_SELF] = {"de vraag gaat over de vrager zelf",
		"de vraag gaat over een ander", "the question is about the asker",
		"the question is about another person"},
};

void
kp_policy_words_fact(struct kp_buffer *out, enum kp_fact fact, bool holds, bool english)
{
	const char *text = holds
		? KP_SAY(english, words[fact].holds, words[fact].holds_en)
		: KP_SAY(english, words[fact].fails, words[fact].fails_en);
	kp_buffer_add_slice(out, kp_slice_from(text));
}

/* Combinations in which each fact of `care` is as in `values`. */
static uint64_t
cube(unsigned care, unsigned values)
{
	uint64_t set = 0;
	for (unsigned i = 0; i < KP_FACT_COMBINATIONS; i++) {
		if ((i & care) == values) {
			set |= (uint64_t)1 << i;
		}
	}
	return set;
}

static void
write_cube(struct kp_buffer *out, unsigned care, unsigned values, bool english)
{
	bool first = true;
	for (unsigned i = 0; i < KP_FACT_COUNT; i++) {
		if ((care >> i & 1) == 0) {
			continue;
		}
		if (!first) {
			kp_buffer_add_slice(
				out, kp_slice_from(KP_SAY(english, " en ", " and ")));
		}
		kp_policy_words_fact(
			out, (enum kp_fact)i, (values >> i & 1) != 0, english);
		first = false;
	}
}

/* Of the sums of facts that only hold within `wanted`, the one that says most in the
 * fewest words about what is left. */
static uint64_t
best_cube(uint64_t wanted, uint64_t admitted, uint64_t left, unsigned *ret_care,
	unsigned *ret_values)
{
	uint64_t best = 0;
	int best_score = -1;
	for (unsigned care = 0; care <= ALL_FACTS; care++) {
		for (unsigned values = 0; values <= ALL_FACTS; values++) {
			if ((values & ~care) != 0) {
				continue;
			}
			uint64_t set = cube(care, values) & admitted;
			int covers = __builtin_popcountll(set & left);
			/* A fact that fails reads worse than one that holds. */
			int score = covers * 64 - __builtin_popcount(care) * 8 -
				__builtin_popcount(care & ~values);
			if ((set & ~wanted) == 0 && covers > 0 && score > best_score) {
				best = set;
				best_score = score;
				*ret_care = care;
				*ret_values = values;
			}
		}
	}
	return best;
}

void
kp_policy_words_facts(
	struct kp_buffer *out, uint64_t combinations, uint64_t admitted, bool english)
{
	uint64_t wanted = combinations & admitted;
	if (wanted == admitted || wanted == 0) {
		return;
	}
	bool first = true;
	for (uint64_t left = wanted; left != 0;) {
		unsigned care = 0;
		unsigned values = 0;
		uint64_t set = best_cube(wanted, admitted, left, &care, &values);
		if (!first) {
			kp_buffer_add_slice(
				out, kp_slice_from(KP_SAY(english, ", of ", ", or ")));
		}
		write_cube(out, care, values, english);
		first = false;
		left &= ~set;
	}
}

static void
separate(struct kp_buffer *out, size_t before)
{
	if (out->len > before) {
		KP_BUFFER_ADD(out, "; ");
	}
}

/* At which kinds of organisation, when that is what makes the difference. */
static void
write_kinds(struct kp_buffer *out, const struct kp_policy_view *view,
	const struct kp_policy_access *access, bool english)
{
	const struct kp_registers *registers = &view->bundle->registers;
	uint64_t may = registers->roles[view->asker.role].kinds;
	if ((may & ~access->kinds) == 0) {
		kp_buffer_add_slice(out,
			kp_slice_from(KP_SAY(english, "niet bij elke organisatie gelijk",
				"not the same at every organisation")));
		return;
	}
	bool first = true;
	for (uint32_t i = 0; i < registers->kind_count; i++) {
		if ((access->kinds >> i & 1) != 0) {
			kp_buffer_printf(out, "%s%.*s",
				first ? KP_SAY(english, "alleen bij ", "only at ")
				      : KP_SAY(english, " of ", " or "),
				KP_SLICE_ARG(registers->kinds[i].id));
			first = false;
		}
	}
}

void
kp_policy_words_access(struct kp_buffer *out, const struct kp_policy_view *view,
	const struct kp_policy_access *access, bool english)
{
	size_t before = out->len;
	if (kp_policy_grade(view, access) != KP_POLICY_CONDITIONAL) {
		return;
	}
	kp_policy_words_facts(out, access->ever, view->admitted, english);
	if (access->varies) {
		separate(out, before);
		write_kinds(out, view, access, english);
	}
	if (access->general) {
		separate(out, before);
		kp_buffer_add_slice(out,
			kp_slice_from(KP_SAY(english, "en wat de regel verder vraagt",
				"and what else the rule asks")));
	}
}

void
kp_policy_words_admitted(
	struct kp_buffer *out, const struct kp_policy_view *view, bool english)
{
	if (view->admitted == 0) {
		kp_buffer_add_slice(out,
			kp_slice_from(KP_SAY(english, "nooit: het doel is niet geldig",
				"never: the purpose is not valid")));
		return;
	}
	kp_policy_words_facts(out, view->admitted, UINT64_MAX, english);
}
