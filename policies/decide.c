/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* decide: one decision for a whole dossier. */
#include "core/bits.h"
#include "policies/bundle.h"

/* Rules times cells that one sampled comparison may evaluate, but for one cell: a bound
 * on how long a decision can be held up by it. */
#define SHADOW_EVALUATIONS_MAX 1024u

static enum kp_refusal
admit_purpose(const struct kp_bundle *bundle, const struct kp_facts *facts,
	const struct kp_decision_detail *detail)
{
	if (detail->purpose == KP_NO_ID) {
		return KP_REFUSAL_PURPOSE_UNKNOWN;
	}
	const struct kp_purpose *purpose = &bundle->registers.purposes[detail->purpose];
	if (facts->now_ms >= purpose->review_ms ||
		facts->now_ms < purpose->valid_from_ms) {
		return KP_REFUSAL_PURPOSE_OVERDUE;
	}
	if (purpose->machine_only != (facts->employee.len == 0)) {
		return purpose->machine_only ? KP_REFUSAL_MACHINE_ONLY
					     : KP_REFUSAL_NO_EMPLOYEE;
	}
	if (purpose->opt_out && facts->opted_out) {
		return KP_REFUSAL_OPTED_OUT;
	}
	/* Reading outside the own caseload is an action of its own, with its own rules.
	 */
	if (purpose->caseload_required && !facts->in_caseload &&
		facts->action != KP_ACTION_READ_OUTSIDE) {
		return KP_REFUSAL_OUTSIDE_CASELOAD;
	}
	return KP_REFUSAL_NONE;
}

/* Who asks, and in whose name: the rules are asked about the latter. */
static enum kp_refusal
admit_organisation(const struct kp_bundle *bundle, const struct kp_facts *facts,
	uint32_t *ret_asking, uint32_t *ret_named)
{
	const struct kp_name_index *index = &bundle->registers.organisation_index;
	*ret_asking = kp_name_index_find(index, facts->organisation);
	*ret_named = *ret_asking;
	if (*ret_asking == KP_NO_ID) {
		return KP_REFUSAL_ORGANISATION_UNKNOWN;
	}
	if (facts->on_behalf_of.len == 0) {
		return KP_REFUSAL_NONE;
	}
	*ret_named = kp_name_index_find(index, facts->on_behalf_of);
	if (*ret_named == KP_NO_ID) {
		return KP_REFUSAL_ORGANISATION_UNKNOWN;
	}
	const struct kp_organisation *asking =
		&bundle->registers.organisations[*ret_asking];
	bool mandated = *ret_named == *ret_asking;
	for (uint32_t i = 0; i < asking->mandate_count && !mandated; i++) {
		mandated = asking->mandates[i] == *ret_named;
	}
	return mandated ? KP_REFUSAL_NONE : KP_REFUSAL_NO_MANDATE;
}

bool
kp_bundle_has_mandate(const struct kp_bundle *bundle, struct kp_slice organisation,
	struct kp_slice on_behalf_of)
{
	const struct kp_facts facts = {
		.organisation = organisation,
		.on_behalf_of = on_behalf_of,
	};
	uint32_t asking;
	uint32_t named;
	return admit_organisation(bundle, &facts, &asking, &named) == KP_REFUSAL_NONE;
}

/* Roles that nobody registered give nothing and are passed over; so is a role that this
 * kind of organisation cannot give. One that must stand alone refuses all. */
static enum kp_refusal
admit_roles(const struct kp_bundle *bundle, const struct kp_facts *facts, uint32_t asking,
	struct kp_decision_detail *detail)
{
	const struct kp_registers *registers = &bundle->registers;
	uint32_t kind = registers->organisations[asking].kind;
	enum kp_refusal refusal = KP_REFUSAL_ROLE_UNKNOWN;
	bool alone = false;
	for (size_t i = 0; i < facts->role_count; i++) {
		uint32_t id = kp_name_index_find(&registers->role_index, facts->roles[i]);
		if (id == KP_NO_ID) {
			continue;
		}
		const struct kp_role *role = &registers->roles[id];
		if ((role->kinds >> kind & 1) == 0) {
			refusal = refusal == KP_REFUSAL_NONE
				? KP_REFUSAL_NONE
				: KP_REFUSAL_ROLE_ORGANISATION;
			continue;
		}
		refusal = KP_REFUSAL_NONE;
		alone = alone || !role->stackable;
		kp_bits_set(detail->roles, id);
	}
	size_t held = kp_bits_count(detail->roles, KP_ARRAY_LEN(detail->roles));
	return alone && held > 1 ? KP_REFUSAL_ROLE_COMBINATION : refusal;
}

enum kp_refusal
kp_bundle_admit(const struct kp_bundle *bundle, const struct kp_facts *facts,
	struct kp_decision_detail *detail)
{
	KP_REQUIRE((unsigned)facts->action < KP_ACTION_COUNT);
	*detail = (struct kp_decision_detail){.action = facts->action,
		.purpose = kp_name_index_find(
			&bundle->registers.purpose_index, facts->purpose),
		.facts = kp_model_facts(facts),
		.now_ms = facts->now_ms,
		.employee = facts->employee};
	uint32_t asking;
	enum kp_refusal refusal =
		admit_organisation(bundle, facts, &asking, &detail->organisation);
	if (refusal == KP_REFUSAL_NONE) {
		refusal = admit_purpose(bundle, facts, detail);
	}
	if (refusal == KP_REFUSAL_NONE) {
		refusal = admit_roles(bundle, facts, asking, detail);
	}
	return refusal;
}

static void
add_cells(uint64_t *set, const uint64_t *cells, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++) {
		set[i] |= cells[i];
	}
}

/* What one row permits and forbids. */
static void
apply_row(struct kp_asking *asking, const struct kp_row *row, uint64_t *permitted,
	uint64_t *forbidden)
{
	const struct kp_decision_detail *detail = asking->detail;
	uint32_t words = asking->bundle->catalogue->cell_words;
	uint32_t count = row->permit_count + row->forbid_count;
	for (uint32_t i = 0; i < count; i++) {
		const struct kp_entry *entry = &row->entries[i];
		bool permit = i < row->permit_count;
		add_cells(detail->touched, entry->cells, words);
		if ((entry->applies >> detail->facts & 1) == 0 ||
			detail->now_ms >= entry->review_ms) {
			continue;
		}
		if (entry->condition != KP_NO_ID) {
			enum kp_truth truth =
				kp_asking_condition(asking, entry->condition);
			if (truth == KP_TRUTH_FALSE ||
				(permit && truth == KP_TRUTH_ERROR)) {
				continue;
			}
		}
		add_cells(permit ? permitted : forbidden, entry->cells, words);
	}
}

static void
apply_table(struct kp_asking *asking, uint64_t *cells)
{
	const struct kp_bundle *bundle = asking->bundle;
	const struct kp_decision_detail *detail = asking->detail;
	uint64_t forbidden[KP_CATALOGUE_CELLS_MAX / 64] KP_UNINITIALIZED;
	uint32_t words = bundle->catalogue->cell_words;
	memset(forbidden, 0, words * sizeof(*forbidden));
	for (size_t word = 0; word < KP_ARRAY_LEN(detail->roles); word++) {
		for (uint64_t left = detail->roles[word]; left != 0; left &= left - 1) {
			uint32_t role =
				(uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(left);
			apply_row(asking,
				kp_compiled_row(&bundle->compiled, detail->action, role,
					detail->organisation, detail->purpose),
				cells, forbidden);
		}
	}
	apply_row(asking,
		kp_compiled_row(&bundle->compiled, detail->action,
			bundle->compiled.role_rows - 1, detail->organisation,
			detail->purpose),
		cells, forbidden);
	for (uint32_t i = 0; i < words; i++) {
		cells[i] &= ~forbidden[i];
	}
}

/*
 * Every so many decisions, a stretch of cells is also decided by the general evaluator;
 * the stretches follow each other, so that in time every cell is compared. A difference
 * means that the compiled table cannot be trusted: nothing is permitted.
 */
static void
compare(struct kp_asking *asking, uint64_t turn, struct kp_decision_detail *detail,
	uint64_t *cells)
{
	const struct kp_bundle *bundle = asking->bundle;
	uint32_t cell_count = bundle->catalogue->cell_count;
	uint32_t stretch = SHADOW_EVALUATIONS_MAX / (bundle->rules.count + 1) + 1;
	stretch = stretch < cell_count ? stretch : cell_count;
	uint32_t cell = (uint32_t)(turn * stretch % cell_count);
	for (uint32_t i = 0; i < stretch; i++, cell = (cell + 1) % cell_count) {
		if (kp_asking_permits(asking, cell) != kp_bits_has(cells, cell)) {
			detail->disagreed = true;
		}
	}
	(void)atomic_fetch_add_explicit(
		&bundle->counters->checked, 1, memory_order_relaxed);
	if (detail->disagreed) {
		(void)atomic_fetch_add_explicit(
			&bundle->counters->different, 1, memory_order_relaxed);
		memset(cells, 0, bundle->catalogue->cell_words * sizeof(*cells));
	}
}

static void
decide_by_rules(const struct kp_bundle *bundle, struct kp_decision_detail *detail,
	struct kp_arena *arena, uint64_t *cells, struct kp_decision *decision)
{
	struct kp_asking asking;
	kp_asking_init(&asking, bundle, detail, arena);
	apply_table(&asking, cells);
	uint64_t turn = atomic_fetch_add_explicit(
		&bundle->counters->decisions, 1, memory_order_relaxed);
	/* With very many rules less often, so that on average it costs the same. */
	uint64_t every = (uint64_t)bundle->shadow_every *
		(1 + bundle->rules.count / SHADOW_EVALUATIONS_MAX);
	if (turn % every == every - 1) {
		compare(&asking, turn / every, detail, cells);
		decision->checked = true;
		decision->refusal =
			detail->disagreed ? KP_REFUSAL_ERROR : KP_REFUSAL_NONE;
	}
	decision->any = kp_bits_any(cells, bundle->catalogue->cell_words);
}

enum kp_status
kp_bundle_decide(const struct kp_bundle *bundle, const struct kp_facts *facts,
	struct kp_arena *arena, struct kp_decision *ret_decision)
{
	uint64_t *cells = KP_ARENA_ARRAY(arena, uint64_t, bundle->catalogue->cell_words);
	struct kp_decision_detail *detail =
		KP_ARENA_NEW(arena, struct kp_decision_detail);
	if (cells == NULL || detail == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_decision decision = {.cells = cells, .detail = detail};
	decision.refusal = kp_bundle_admit(bundle, facts, detail);
	detail->employee = kp_arena_copy(arena, facts->employee);
	if (detail->employee.data == NULL) {
		return KP_E_MEMORY;
	}
	if (decision.refusal == KP_REFUSAL_NONE) {
		detail->touched =
			KP_ARENA_ARRAY(arena, uint64_t, bundle->catalogue->cell_words);
		if (detail->touched == NULL) {
			return KP_E_MEMORY;
		}
		decide_by_rules(bundle, detail, arena, cells, &decision);
	}
	*ret_decision = decision;
	return KP_OK;
}

void
kp_bundle_shadow_counts(
	const struct kp_bundle *bundle, uint64_t *ret_checked, uint64_t *ret_different)
{
	*ret_checked =
		atomic_load_explicit(&bundle->counters->checked, memory_order_relaxed);
	*ret_different =
		atomic_load_explicit(&bundle->counters->different, memory_order_relaxed);
}
