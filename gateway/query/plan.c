/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* plan: see plan.h. */
#include "query/plan.h"

#include "core/bits.h"

static const struct kp_slice not_connected =
	KP_SLICE_INIT("deze bron is niet aangesloten");
static const struct kp_slice nothing_asked =
	KP_SLICE_INIT("geen van de gevraagde velden komt uit deze bron");
static const struct kp_slice nothing_permitted =
	KP_SLICE_INIT("van deze bron is voor deze vraag geen enkel veld toegestaan");
static const struct kp_slice too_deep =
	KP_SLICE_INIT("deze bron hangt van te veel andere bronnen af");

static bool
field_in(const struct kp_catalogue *catalogue, const struct kp_plan_entry *entry,
	uint32_t field)
{
	const struct kp_field *described = &catalogue->fields[field];
	for (uint32_t i = 0; i < described->cell_count; i++) {
		uint32_t cell = described->first_cell + i;
		if (catalogue->cells[cell].source == entry->source &&
			kp_bits_has(entry->cells, cell)) {
			return true;
		}
	}
	return false;
}

/* Wave of one entry from the waves of what it needs; false when that is not known yet. */
static bool
settle_wave(const struct kp_plan_options *options, struct kp_plan *plan,
	struct kp_plan_entry *entry, const bool *settled)
{
	const struct kp_plan_offer *offer = &options->offers[entry->offer];
	uint32_t wave = 0;
	for (size_t i = 0; i < offer->need_count; i++) {
		if (offer->needs[i] >= options->catalogue->field_count) {
			continue;
		}
		for (uint32_t j = 0; j < plan->entry_count; j++) {
			const struct kp_plan_entry *giver = &plan->entries[j];
			if (giver == entry || !giver->call ||
				!field_in(options->catalogue, giver, offer->needs[i])) {
				continue;
			}
			if (!settled[j]) {
				return false;
			}
			wave = giver->wave + 1 > wave ? giver->wave + 1 : wave;
		}
	}
	entry->wave = wave == 0 && offer->need_count > 0 ? 1 : wave;
	return true;
}

static void
leave_out(struct kp_plan *plan, struct kp_plan_entry *entry, enum kp_outcome outcome,
	struct kp_slice reason)
{
	plan->call_count -= entry->call ? 1 : 0;
	entry->call = false;
	entry->cells = NULL;
	entry->cell_count = 0;
	entry->outcome = outcome;
	entry->reason = reason;
}

/* Sources that wait for each other in a circle, or in too long a row, are not asked. */
static enum kp_status
order_waves(const struct kp_plan_options *options, struct kp_arena *arena,
	struct kp_plan *plan)
{
	bool *settled = KP_ARENA_ARRAY(arena, bool, plan->entry_count);
	if (settled == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t round = 0; round < options->waves_max; round++) {
		for (uint32_t i = 0; i < plan->entry_count; i++) {
			struct kp_plan_entry *entry = &plan->entries[i];
			if (entry->call && !settled[i]) {
				settled[i] = settle_wave(options, plan, entry, settled);
			}
		}
	}
	for (uint32_t i = 0; i < plan->entry_count; i++) {
		struct kp_plan_entry *entry = &plan->entries[i];
		if (!entry->call) {
			continue;
		}
		if (!settled[i] || entry->wave >= options->waves_max) {
			leave_out(plan, entry, KP_NOT_ASKED, too_deep);
		} else if (entry->wave >= plan->wave_count) {
			plan->wave_count = entry->wave + 1;
		}
	}
	return KP_OK;
}

static void
copy_common(uint64_t *out, const uint64_t *a, const uint64_t *b, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++) {
		out[i] = a[i] & b[i];
	}
}

/* Keeps only the cells of one source. */
static void
keep_source(const struct kp_catalogue *catalogue, uint64_t *cells, uint32_t source)
{
	for (uint32_t word = 0; word < catalogue->cell_words; word++) {
		for (uint64_t left = cells[word]; left != 0; left &= left - 1) {
			uint32_t cell = word * 64 + (uint32_t)__builtin_ctzll(left);
			if (catalogue->cells[cell].source != source) {
				kp_bits_clear(cells, cell);
			}
		}
	}
}

static enum kp_status
plan_connected(const struct kp_plan_options *options, uint32_t offer_at,
	struct kp_arena *arena, struct kp_plan *plan)
{
	const struct kp_catalogue *catalogue = options->catalogue;
	const struct kp_plan_offer *offer = &options->offers[offer_at];
	uint32_t words = catalogue->cell_words;
	uint64_t *cells = KP_ARENA_ARRAY(arena, uint64_t, words);
	if (cells == NULL) {
		return KP_E_MEMORY;
	}
	copy_common(cells, offer->offers, options->permitted, words);
	keep_source(catalogue, cells, offer->source);
	struct kp_plan_entry *entry = &plan->entries[plan->entry_count++];
	*entry = (struct kp_plan_entry){.source = offer->source, .offer = offer_at};
	uint32_t count = (uint32_t)kp_bits_count(cells, words);
	if (count > 0) {
		entry->call = true;
		entry->cells = cells;
		entry->cell_count = count;
		plan->call_count++;
		return KP_OK;
	}
	copy_common(cells, offer->offers, options->asked, words);
	keep_source(catalogue, cells, offer->source);
	if (kp_bits_any(cells, words)) {
		leave_out(plan, entry, KP_NOT_ENTITLED, nothing_permitted);
	} else if (kp_bits_any(offer->offers, words)) {
		leave_out(plan, entry, KP_NOT_ASKED, nothing_asked);
	} else {
		plan->entry_count--; /* a caseload source: nothing for a dossier */
	}
	return KP_OK;
}

/* A source of the catalogue that nobody connected is named when the rules would have let
 * it be asked. */
static void
plan_unconnected(const struct kp_plan_options *options, const uint64_t *sources,
	struct kp_plan *plan)
{
	for (uint32_t i = 0; i < options->catalogue->source_count; i++) {
		if (!kp_bits_has(sources, i)) {
			continue;
		}
		plan->entries[plan->entry_count++] = (struct kp_plan_entry){
			.source = i,
			.offer = KP_NO_ID,
			.outcome = KP_NOT_ASKED,
			.reason = not_connected,
		};
	}
}

static bool
is_covered(const struct kp_field *field, const uint64_t *called)
{
	bool covered = false;
	for (uint32_t i = 0; i < field->cell_count && !covered; i++) {
		covered = kp_bits_has(called, field->first_cell + i);
	}
	return covered;
}

/* Permitted fields that no call will bring, and the sources of the catalogue that could
 * have: only those, so that what is asked of a second source does not look like a gap. */
static void
find_gaps(const struct kp_plan_options *options, const uint64_t *called,
	uint64_t *sources, struct kp_plan *plan)
{
	const struct kp_catalogue *catalogue = options->catalogue;
	uint32_t last = KP_NO_ID;
	for (uint32_t word = 0; word < catalogue->cell_words; word++) {
		uint64_t left = options->permitted[word] & ~called[word];
		for (; left != 0; left &= left - 1) {
			const struct kp_cell *cell = &catalogue->cells[word * 64 +
				(uint32_t)__builtin_ctzll(left)];
			const struct kp_field *field = &catalogue->fields[cell->field];
			if (is_covered(field, called)) {
				continue;
			}
			/* The cells of a field are neighbours. */
			plan->fields_without_source += cell->field != last ? 1 : 0;
			last = cell->field;
			kp_bits_set(sources, cell->source);
		}
	}
}

/* Entries are few and nearly in order already. */
static void
sort_entries(struct kp_plan *plan)
{
	for (uint32_t i = 1; i < plan->entry_count; i++) {
		struct kp_plan_entry entry = plan->entries[i];
		uint32_t at = i;
		while (at > 0 && plan->entries[at - 1].source > entry.source) {
			plan->entries[at] = plan->entries[at - 1];
			at--;
		}
		plan->entries[at] = entry;
	}
}

enum kp_status
kp_plan_make(const struct kp_plan_options *options, struct kp_arena *arena,
	struct kp_plan *ret_plan)
{
	const struct kp_catalogue *catalogue = options->catalogue;
	struct kp_plan plan = {
		.entries = KP_ARENA_ARRAY(arena, struct kp_plan_entry,
			options->offer_count + catalogue->source_count),
	};
	uint64_t *sources =
		KP_ARENA_ARRAY(arena, uint64_t, kp_bits_words(catalogue->source_count));
	uint64_t *called = KP_ARENA_ARRAY(arena, uint64_t, catalogue->cell_words);
	enum kp_status status = plan.entries == NULL || sources == NULL || called == NULL
		? KP_E_MEMORY
		: KP_OK;
	for (uint32_t i = 0; status == KP_OK && i < options->offer_count; i++) {
		status = plan_connected(options, i, arena, &plan);
	}
	if (status == KP_OK) {
		status = order_waves(options, arena, &plan);
	}
	if (status != KP_OK) {
		return status;
	}
	for (uint32_t i = 0; i < plan.entry_count; i++) {
		for (uint32_t j = 0; plan.entries[i].call && j < catalogue->cell_words;
			j++) {
			called[j] |= plan.entries[i].cells[j];
		}
	}
	find_gaps(options, called, sources, &plan);
	for (uint32_t i = 0; i < options->offer_count; i++) {
		/* A caseload source may be none of the catalogue's. */
		if (options->offers[i].source < catalogue->source_count) {
			kp_bits_clear(sources, options->offers[i].source);
		}
	}
	plan_unconnected(options, sources, &plan);
	sort_entries(&plan);
	*ret_plan = plan;
	return KP_OK;
}
