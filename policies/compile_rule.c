/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * compile_rule: one rule to parts.
 *
 * What depends on the cell, the purpose, the organisation or the role alone is taken out
 * of the condition and becomes where the part applies; the rest stays, in its order.
 * For a permit that is always allowed: whatever is not true grants nothing. For a forbid
 * only when nothing before it can err, and it cannot err itself: there an error denies
 * and a false does not, so which of them comes first decides.
 */
#include "core/bits.h"
#include "policies/compile_work.h"
#include "policies/expr_walk.h"

/* One rule under work. */
struct plan {
	struct kp_compile_work *work;
	const struct kp_rule *rule;
	bool permit;
	uint8_t actions;
	bool any_role;
	bool named_role; /* a condition or the scope asked for roles */
	uint64_t *roles;
	uint64_t *cells;
	uint64_t *purposes;
	uint64_t *organisations;
	struct kp_atom **rest; /* what stays */
	size_t rest_count;
	bool rest_safe;
	bool never; /* cannot apply to any request */
};

static uint64_t *
full_set(struct kp_arena *arena, uint32_t count)
{
	uint64_t *set = KP_ARENA_ARRAY(arena, uint64_t, kp_bits_words(count));
	for (uint32_t i = 0; set != NULL && i < count; i++) {
		kp_bits_set(set, i);
	}
	return set;
}

static void
narrow(uint64_t *set, const uint64_t *members, uint32_t count)
{
	for (size_t i = 0; i < kp_bits_words(count); i++) {
		set[i] &= members[i];
	}
}

static bool
begin(struct plan *plan)
{
	struct kp_compile_work *work = plan->work;
	const struct kp_registers *registers = work->model->registers;
	plan->permit = plan->rule->policy->effect == KP_CEDAR_PERMIT;
	plan->any_role = true;
	plan->rest_safe = true;
	plan->roles = KP_ARENA_ARRAY(
		work->arena, uint64_t, kp_bits_words(registers->role_count));
	plan->cells = full_set(work->arena, work->model->catalogue->cell_count);
	plan->purposes = full_set(work->arena, registers->purpose_count);
	plan->organisations = full_set(work->arena, registers->organisation_count);
	return plan->roles != NULL && plan->cells != NULL && plan->purposes != NULL &&
		plan->organisations != NULL;
}

static void
apply_principal(struct plan *plan)
{
	const struct kp_model *model = plan->work->model;
	const struct kp_cedar_scope *scope = &plan->rule->policy->principal;
	switch (scope->op) {
	case KP_CEDAR_SCOPE_ALL:
		return;
	case KP_CEDAR_SCOPE_IS:
		plan->never = plan->never || scope->type != model->principal_type;
		return;
	case KP_CEDAR_SCOPE_IS_IN:
	case KP_CEDAR_SCOPE_IN:
		plan->any_role = false;
		plan->named_role = true;
		plan->never = plan->never ||
			(scope->op == KP_CEDAR_SCOPE_IS_IN &&
				scope->type != model->principal_type) ||
			!kp_atoms_roles_in(model, scope->uid, plan->roles);
		return;
	case KP_CEDAR_SCOPE_EQ:
	case KP_CEDAR_SCOPE_IN_SET:
		/* Employees are not registered, so no rule can name one. */
		plan->never = true;
		return;
	}
}

static void
apply_action(struct plan *plan)
{
	const struct kp_model *model = plan->work->model;
	for (unsigned i = 0; i < KP_ACTION_COUNT; i++) {
		if (kp_cedar_scope_match(&plan->rule->policy->action, model->actions[i],
			    &model->entities)) {
			plan->actions |= (uint8_t)(1u << i);
		}
	}
}

static void
apply_resource(struct plan *plan)
{
	const struct kp_model *model = plan->work->model;
	const struct kp_cedar_scope *scope = &plan->rule->policy->resource;
	if (scope->op == KP_CEDAR_SCOPE_ALL) {
		return;
	}
	for (uint32_t i = 0; i < model->catalogue->cell_count; i++) {
		if (!kp_cedar_scope_match(scope, model->cells[i], &model->entities)) {
			kp_bits_clear(plan->cells, i);
		}
	}
}

/* Takes the atom out when that changes nothing; false when it has to stay. */
static bool
take_out(struct plan *plan, const struct kp_atom *atom)
{
	const struct kp_model *model = plan->work->model;
	if (!plan->permit && (!plan->rest_safe || atom->errs_some)) {
		return false;
	}
	switch (atom->kind) {
	case KP_ATOM_CONSTANT:
		plan->never = plan->never || atom->holds == 0;
		return true;
	case KP_ATOM_CELLS:
		narrow(plan->cells, atom->members, model->catalogue->cell_count);
		return true;
	case KP_ATOM_PURPOSES:
		narrow(plan->purposes, atom->members, model->registers->purpose_count);
		return true;
	case KP_ATOM_ORGANISATIONS:
		narrow(plan->organisations, atom->members,
			model->registers->organisation_count);
		return true;
	case KP_ATOM_ROLES:
		plan->named_role = true;
		if (!plan->any_role) {
			return false; /* a second demand: asked per request */
		}
		plan->any_role = false;
		memcpy(plan->roles, atom->members,
			kp_bits_words(model->registers->role_count) * sizeof(uint64_t));
		return true;
	case KP_ATOM_FACTS:
	case KP_ATOM_GENERAL:
		return false;
	}
	return false;
}

static enum kp_status
apply_conditions(struct plan *plan)
{
	struct kp_atom **atoms;
	size_t count;
	enum kp_status status = kp_atoms_of_policy(
		&plan->work->atoms, plan->rule->policy, &atoms, &count);
	if (status != KP_OK) {
		return status;
	}
	plan->rest = KP_ARENA_ARRAY(plan->work->arena, struct kp_atom *, count);
	if (plan->rest == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		if (!take_out(plan, atoms[i])) {
			plan->rest[plan->rest_count++] = atoms[i];
			plan->rest_safe = plan->rest_safe && atoms[i]->safe;
		}
	}
	return KP_OK;
}

/* All of the rest together: its truth table, when facts and the cell say it all. */
static void
table_of_rest(
	const struct plan *plan, uint32_t cell, uint64_t *ret_holds, uint64_t *ret_errs)
{
	uint64_t holds = UINT64_MAX;
	uint64_t errs = 0;
	for (size_t i = 0; i < plan->rest_count; i++) {
		const struct kp_atom *atom = plan->rest[i];
		uint64_t atom_holds = atom->holds;
		uint64_t atom_errs = atom->errs;
		if (atom->kind != KP_ATOM_FACTS && atom->kind != KP_ATOM_CONSTANT) {
			kp_atom_table(
				&plan->work->atoms, atom, cell, &atom_holds, &atom_errs);
		}
		errs |= holds & atom_errs;
		holds &= atom_holds;
	}
	*ret_holds = holds;
	*ret_errs = errs;
}

static bool
same_condition(
	const struct kp_condition *condition, const struct plan *plan, uint32_t cell)
{
	if (condition->cell != cell || condition->atom_count != plan->rest_count) {
		return false;
	}
	for (size_t i = 0; i < plan->rest_count; i++) {
		if (condition->atoms[i] != plan->rest[i]) {
			return false;
		}
	}
	return true;
}

static uint64_t
hash_condition(const struct kp_condition *condition)
{
	uint64_t hash = condition->cell + 1;
	for (uint32_t i = 0; i < condition->atom_count; i++) {
		hash = (hash ^ condition->atoms[i]->hash) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 31;
	}
	return hash;
}

static void
place_condition(struct kp_compile_work *work, uint32_t index)
{
	uint32_t mask = work->condition_bucket_count - 1;
	uint32_t at = (uint32_t)hash_condition(&work->conditions[index]) & mask;
	while (work->condition_buckets[at] != 0) {
		at = (at + 1) & mask;
	}
	work->condition_buckets[at] = index + 1;
}

static bool
grow_conditions(struct kp_compile_work *work)
{
	uint32_t capacity =
		work->condition_capacity == 0 ? 64 : work->condition_capacity * 2;
	struct kp_condition *conditions =
		KP_ARENA_ARRAY(work->arena, struct kp_condition, capacity);
	uint32_t *buckets =
		KP_ARENA_ARRAY(&work->scratch, uint32_t, (size_t)capacity * 4);
	if (conditions == NULL || buckets == NULL) {
		return false;
	}
	if (work->condition_count > 0) {
		memcpy(conditions, work->conditions,
			work->condition_count * sizeof(*conditions));
	}
	work->conditions = conditions;
	work->condition_capacity = capacity;
	work->condition_buckets = buckets;
	work->condition_bucket_count = capacity * 4;
	for (uint32_t i = 0; i < work->condition_count; i++) {
		place_condition(work, i);
	}
	return true;
}

/* What facts and moments say of a condition, when they say all. */
static void
time_condition(const struct kp_model *model, struct kp_condition *condition)
{
	condition->holds = UINT64_MAX;
	condition->from_ms = INT64_MIN;
	condition->until_ms = INT64_MAX;
	for (uint32_t i = 0; i < condition->atom_count; i++) {
		const struct kp_atom *atom = condition->atoms[i];
		int64_t from_ms = INT64_MIN;
		int64_t until_ms = INT64_MAX;
		bool facts =
			atom->kind == KP_ATOM_FACTS || atom->kind == KP_ATOM_CONSTANT;
		if (facts && atom->errs == 0) {
			condition->holds &= atom->holds;
		} else if (facts || !kp_atom_window(model, atom, &from_ms, &until_ms)) {
			return;
		}
		if (from_ms > condition->from_ms) {
			condition->from_ms = from_ms;
		}
		if (until_ms < condition->until_ms) {
			condition->until_ms = until_ms;
		}
	}
	condition->timed = true;
}

/* The number of this condition, the same for equal ones; KP_NO_ID: no memory. */
static uint32_t
intern_condition(const struct plan *plan, uint32_t cell)
{
	struct kp_compile_work *work = plan->work;
	if (work->condition_count == work->condition_capacity && !grow_conditions(work)) {
		return KP_NO_ID;
	}
	struct kp_condition *fresh = &work->conditions[work->condition_count];
	*fresh = (struct kp_condition){
		.atom_count = (uint32_t)plan->rest_count, .cell = cell};
	const struct kp_atom **atoms =
		KP_ARENA_ARRAY(work->arena, const struct kp_atom *, plan->rest_count);
	if (atoms == NULL) {
		return KP_NO_ID;
	}
	for (size_t i = 0; i < plan->rest_count; i++) {
		atoms[i] = plan->rest[i];
	}
	fresh->atoms = atoms;
	for (size_t i = 0; i < plan->rest_count; i++) {
		fresh->reads_principal =
			fresh->reads_principal || kp_expr_reads_principal(atoms[i]->expr);
	}
	time_condition(work->model, fresh);
	uint32_t mask = work->condition_bucket_count - 1;
	uint32_t at = (uint32_t)hash_condition(fresh) & mask;
	for (; work->condition_buckets[at] != 0; at = (at + 1) & mask) {
		uint32_t index = work->condition_buckets[at] - 1;
		if (same_condition(&work->conditions[index], plan, cell)) {
			return index;
		}
	}
	work->condition_buckets[at] = work->condition_count + 1;
	return work->condition_count++;
}

static struct kp_part *
new_part(struct kp_compile_work *work)
{
	struct kp_part *parts = kp_arena_fit(work->arena, work->parts, work->part_count,
		&work->part_capacity, 256, sizeof(*parts));
	if (parts == NULL) {
		return NULL;
	}
	work->parts = parts;
	return &work->parts[work->part_count++];
}

/* One part for `cells`, all of which behave as `cell` does. */
static enum kp_status
add_part(const struct plan *plan, const uint64_t *cells, uint32_t cell, unsigned depends)
{
	struct kp_part *part = new_part(plan->work);
	if (part == NULL) {
		return KP_E_MEMORY;
	}
	*part = (struct kp_part){.rule = plan->rule,
		.cells = cells,
		.holds = UINT64_MAX,
		.condition = KP_NO_ID,
		.actions = plan->actions,
		.any_role = plan->any_role,
		.roles = plan->roles,
		.organisations = plan->organisations,
		.purposes = plan->purposes};
	if ((depends & ~(unsigned)(KP_DEPENDS_CELL | KP_DEPENDS_FACTS)) == 0) {
		table_of_rest(plan, cell, &part->holds, &part->errs);
		return KP_OK;
	}
	uint32_t asked = (depends & KP_DEPENDS_CELL) != 0 ? cell : 0;
	part->condition = intern_condition(plan, asked);
	return part->condition == KP_NO_ID ? KP_E_MEMORY : KP_OK;
}

/* A part for each class of cells that the rest cannot tell apart. */
static enum kp_status
add_classes(const struct plan *plan, unsigned depends)
{
	struct kp_compile_work *work = plan->work;
	uint32_t cell_count = work->model->catalogue->cell_count;
	uint32_t *classes = KP_ARENA_ARRAY(&work->scratch, uint32_t, cell_count);
	if (classes == NULL) {
		return KP_E_MEMORY;
	}
	uint32_t class_count = kp_atoms_classify(
		&work->atoms, plan->rest, plan->rest_count, plan->cells, classes);
	if (class_count == 0) {
		return KP_E_MEMORY;
	}
	enum kp_status status = KP_OK;
	for (uint32_t group = 0; group < class_count && status == KP_OK; group++) {
		uint64_t *cells =
			KP_ARENA_ARRAY(work->arena, uint64_t, kp_bits_words(cell_count));
		if (cells == NULL) {
			return KP_E_MEMORY;
		}
		uint32_t first = KP_NO_ID;
		for (uint32_t cell = 0; cell < cell_count; cell++) {
			if (kp_bits_has(plan->cells, cell) && classes[cell] == group) {
				kp_bits_set(cells, cell);
				first = first == KP_NO_ID ? cell : first;
			}
		}
		status = add_part(plan, cells, first, depends);
	}
	return status;
}

static void
report_purposes(const struct plan *plan)
{
	const struct kp_registers *registers = plan->work->model->registers;
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		bool named = kp_bits_has(plan->rule->purposes, i);
		bool asked = kp_bits_has(plan->purposes, i);
		if (asked && !named) {
			kp_rule_finding(plan->work->findings, plan->rule, NULL,
				"the rule applies to purpose '%.*s', which its card "
				"(@doel) "
				"does not name",
				KP_SLICE_ARG(registers->purposes[i].id));
		} else if (named && !asked && plan->permit) {
			kp_rule_finding(plan->work->findings, plan->rule, NULL,
				"the card (@doel) names purpose '%.*s', to which the "
				"rule "
				"never applies",
				KP_SLICE_ARG(registers->purposes[i].id));
		}
	}
}

static bool
is_full(const uint64_t *set, uint32_t count)
{
	return kp_bits_count(set, kp_bits_words(count)) == count;
}

/* What only makes sense of a permit. */
static void
check_permit(const struct plan *plan)
{
	const struct kp_model *model = plan->work->model;
	struct kp_findings *findings = plan->work->findings;
	if (is_full(plan->purposes, model->registers->purpose_count) &&
		model->registers->purpose_count > 1) {
		kp_rule_finding(findings, plan->rule, NULL,
			"a permit asks for its purpose: context.doel == Doel::\"…\"");
		return;
	}
	if (is_full(plan->cells, model->catalogue->cell_count)) {
		kp_rule_finding(findings, plan->rule, NULL,
			"a permit must not be about every field of every source");
	}
	if (!plan->named_role &&
		is_full(plan->organisations, model->registers->organisation_count)) {
		kp_rule_finding(findings, plan->rule, NULL,
			"a permit names a role or an organisation");
	}
	report_purposes(plan);
}

static void
check_partner(const struct plan *plan)
{
	const struct kp_catalogue *catalogue = plan->work->model->catalogue;
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		if (kp_bits_has(plan->cells, i) &&
			catalogue->cells[i].source != plan->rule->partner) {
			struct kp_slice source =
				catalogue->sources[plan->rule->partner].name;
			kp_rule_finding(plan->work->findings, plan->rule, NULL,
				"a partner's own rule must be about its own data only: "
				"resource in Bron::\"%.*s\"",
				KP_SLICE_ARG(source));
			return;
		}
	}
}

static void
check_plan(const struct plan *plan)
{
	const struct kp_model *model = plan->work->model;
	bool applies = !plan->never && plan->actions != 0 &&
		kp_bits_any(plan->cells, model->catalogue->cell_words);
	if (!applies) {
		kp_rule_finding(plan->work->findings, plan->rule, NULL,
			"the rule can never apply: no action, role or field meets it");
		return;
	}
	if (plan->permit) {
		check_permit(plan);
	} else {
		report_purposes(plan);
	}
	if (plan->rule->partner != KP_NO_ID) {
		check_partner(plan);
	}
}

enum kp_status
kp_compile_rule(struct kp_compile_work *work, const struct kp_rule *rule)
{
	struct plan plan = {.work = work, .rule = rule};
	if (!begin(&plan)) {
		return KP_E_MEMORY;
	}
	apply_principal(&plan);
	apply_action(&plan);
	apply_resource(&plan);
	enum kp_status status = apply_conditions(&plan);
	if (status != KP_OK) {
		return status;
	}
	check_plan(&plan);
	if (plan.never || !kp_bits_any(plan.cells, work->model->catalogue->cell_words)) {
		return KP_OK;
	}
	unsigned depends = 0;
	for (size_t i = 0; i < plan.rest_count; i++) {
		depends |= plan.rest[i]->depends;
	}
	return (depends & KP_DEPENDS_CELL) != 0 ? add_classes(&plan, depends)
						: add_part(&plan, plan.cells, 0, depends);
}
