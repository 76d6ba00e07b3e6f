/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * diff_witness: a person for whom two sets differ. The diagram says which roles, facts
 * and moment; both sets are then asked in earnest. Where a condition was only a variable,
 * what the diagram supposes of it may be impossible: other moments near every day that
 * the sets name are tried before giving up.
 */
#include "core/bits.h"
#include "policies/diff_solver.h"
#include "policies/expr_walk.h"

/* Roles, facts and moment tried for one change. */
#define MOMENTS_MAX 512u

struct moments {
	int64_t items[MOMENTS_MAX];
	uint32_t count;
};

static void
add_moment(struct moments *moments, int64_t now_ms, int64_t moment_ms)
{
	for (uint32_t i = 0; i < moments->count; i++) {
		if (moments->items[i] == moment_ms) {
			return;
		}
	}
	if (moment_ms >= now_ms && moments->count < MOMENTS_MAX) {
		moments->items[moments->count++] = moment_ms;
	}
}

/* Every moment that a condition names, and those beside it. */
static void
add_named(struct moments *moments, int64_t now_ms, const struct kp_cedar_expr *expr)
{
	static const int64_t steps[] = {
		-129600000, -86400000, -43200000, -1, 0, 1, 43200000, 86400000};
	if (expr->constant != NULL && expr->constant->kind == KP_CEDAR_DATETIME) {
		for (size_t i = 0; i < KP_ARRAY_LEN(steps); i++) {
			int64_t moment;
			if (!__builtin_add_overflow(
				    expr->constant->integer, steps[i], &moment)) {
				add_moment(moments, now_ms, moment);
			}
		}
		return;
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		add_named(moments, now_ms, child);
	}
}

static bool
decides_as_said(const struct kp_diff_work *work, const struct kp_facts *facts,
	uint32_t cell, bool gained, bool *ret_as_said)
{
	const struct kp_diff *diff = work->diff;
	bool permitted[2] = {false, false};
	for (unsigned side = 0; side < 2; side++) {
		const struct kp_bundle *bundle =
			side == 0 ? diff->old_bundle : diff->new_bundle;
		uint32_t own =
			side == 0 ? diff->cells.in_old[cell] : diff->cells.in_new[cell];
		struct kp_arena arena;
		struct kp_decision decision;
		kp_arena_init(&arena, (size_t)64 << 20, NULL);
		enum kp_status status =
			kp_bundle_decide(bundle, facts, &arena, &decision);
		permitted[side] = status == KP_OK && own != KP_NO_ID &&
			kp_bits_has(decision.cells, own);
		kp_arena_deinit(&arena);
		if (status != KP_OK) {
			return false;
		}
	}
	*ret_as_said = permitted[0] != gained && permitted[1] == gained;
	return true;
}

/* A moment that the values allow: the latest that something must not be before. */
static int64_t
moment_of(const struct kp_diff_work *work, const int8_t *values)
{
	int64_t moment = work->now_ms;
	for (uint32_t i = 0; i < work->variable_count; i++) {
		const struct kp_diff_variable *variable = &work->variables[i];
		if (variable->kind == KP_DIFF_BEFORE && values[i] == 0 &&
			variable->moment_ms > moment) {
			moment = variable->moment_ms;
		}
	}
	return moment;
}

/* Nobody, for what only machines may ask. */
static struct kp_slice
who_asks(const struct kp_diff_work *work, const int8_t *values, bool gained)
{
	const struct kp_diff_side *side = &work->sides[gained ? 1 : 0];
	bool machine = side->bundle->registers.purposes[side->purpose].machine_only;
	for (uint32_t i = 0; i < work->variable_count; i++) {
		if (work->variables[i].kind == KP_DIFF_PERSON && values[i] >= 0) {
			machine = values[i] == 0;
		}
	}
	return machine ? (struct kp_slice){0} : KP_SLICE("medewerker");
}

static bool
fill_facts(const struct kp_diff_work *work, const struct kp_diff_change *change,
	const int8_t *values, bool gained, struct kp_facts *facts)
{
	const struct kp_diff *diff = work->diff;
	uint32_t organisation = 0;
	while (!kp_bits_has(change->organisations, organisation)) {
		organisation++;
	}
	struct kp_slice *roles = KP_ARENA_ARRAY(
		work->arena, struct kp_slice, (size_t)diff->roles.count + 1);
	size_t role_count = 0;
	for (uint32_t i = 0; roles != NULL && i < diff->roles.count; i++) {
		if (i == change->role || values[KP_DIFF_ROLES_FIRST + i] == 1) {
			roles[role_count++] = diff->roles.names[i];
		}
	}
	*facts = (struct kp_facts){.action = change->action,
		.employee = who_asks(work, values, gained),
		.organisation = diff->organisations.names[organisation],
		.on_behalf_of = change->in_name_of == KP_NO_ID
			? KP_SLICE("")
			: diff->organisations.names[change->in_name_of],
		.roles = roles,
		.role_count = role_count,
		.purpose = diff->purposes.names[change->purpose],
		.case_id =
			values[KP_FACT_CASE_NAMED] == 1 ? KP_SLICE("zaak") : KP_SLICE(""),
		.in_caseload = values[KP_FACT_IN_CASELOAD] == 1,
		.has_case = values[KP_FACT_HAS_CASE] == 1,
		.reason_given = values[KP_FACT_REASON_GIVEN] == 1,
		.opted_out = values[KP_FACT_OPTED_OUT] == 1,
		.self = values[KP_FACT_SELF] == 1,
		.now_ms = moment_of(work, values)};
	return roles != NULL;
}

static void
collect_moments(const struct kp_diff_work *work, struct moments *moments)
{
	for (uint32_t i = 0; i < work->variable_count; i++) {
		const struct kp_diff_variable *variable = &work->variables[i];
		if (variable->kind == KP_DIFF_BEFORE) {
			add_moment(moments, work->now_ms, variable->moment_ms - 1);
			add_moment(moments, work->now_ms, variable->moment_ms);
		} else if (variable->kind == KP_DIFF_OPAQUE) {
			add_named(moments, work->now_ms, variable->expr);
		}
	}
}

/* The request that the solver has for it, when the sets bear it out. */
static bool
solve(struct kp_diff_work *work, uint32_t function, const struct kp_diff_change *change,
	bool gained, struct kp_diff_witness *witness)
{
	if (work->solver == NULL || change->conditions.len == 0) {
		return false;
	}
	struct kp_diff_model *model = KP_ARENA_NEW(&work->scratch, struct kp_diff_model);
	if (model == NULL ||
		kp_diff_solver_ask(work->solver, function, model) != KP_DIFF_SOMETIMES ||
		!fill_facts(work, change, model->values, gained, &witness->facts)) {
		return false;
	}
	witness->facts.now_ms = model->now_ms;
	witness->found = decides_as_said(work, &witness->facts, witness->cell, gained,
				 &witness->confirmed) &&
		witness->confirmed;
	return witness->found;
}

enum kp_status
kp_diff_find_witness(struct kp_diff_work *work, uint32_t function,
	const struct kp_diff_change *change, bool gained,
	struct kp_diff_witness *ret_witness)
{
	int8_t values[KP_DIFF_VARIABLES_MAX];
	struct kp_diff_witness witness = {.cell = 0};
	while (!kp_bits_has(change->cells, witness.cell)) {
		witness.cell++;
	}
	if (solve(work, function, change, gained, &witness)) {
		*ret_witness = witness;
		return KP_OK;
	}
	witness.found = kp_bdd_pick(&work->bdd, function, values, work->variable_count);
	if (!witness.found || !fill_facts(work, change, values, gained, &witness.facts)) {
		return witness.found ? KP_E_MEMORY : KP_OK;
	}
	if (!decides_as_said(
		    work, &witness.facts, witness.cell, gained, &witness.confirmed)) {
		return KP_E_MEMORY;
	}
	struct moments moments = {.count = 0};
	if (!witness.confirmed && change->conditions.len > 0) {
		collect_moments(work, &moments);
	}
	uint64_t ever = gained ? change->gained_ever : change->lost_ever;
	struct kp_facts facts = witness.facts;
	for (uint32_t i = 0;
		i < moments.count * KP_FACT_COMBINATIONS && !witness.confirmed; i++) {
		unsigned combination = i % KP_FACT_COMBINATIONS;
		if ((ever >> combination & 1) == 0) {
			continue;
		}
		facts.now_ms = moments.items[i / KP_FACT_COMBINATIONS];
		facts.in_caseload = (combination >> KP_FACT_IN_CASELOAD & 1) != 0;
		facts.has_case = (combination >> KP_FACT_HAS_CASE & 1) != 0;
		facts.case_id = (combination >> KP_FACT_CASE_NAMED & 1) != 0
			? KP_SLICE("zaak")
			: KP_SLICE("");
		facts.reason_given = (combination >> KP_FACT_REASON_GIVEN & 1) != 0;
		facts.opted_out = (combination >> KP_FACT_OPTED_OUT & 1) != 0;
		facts.self = (combination >> KP_FACT_SELF & 1) != 0;
		if (!decides_as_said(
			    work, &facts, witness.cell, gained, &witness.confirmed)) {
			return KP_E_MEMORY;
		}
		if (witness.confirmed) {
			witness.facts = facts;
		}
	}
	*ret_witness = witness;
	return KP_OK;
}
