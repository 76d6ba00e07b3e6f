/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* atoms: making, finding and answering them. Classes of cells are in cell_classes.c. */
#include "policies/atoms.h"

#include "core/bits.h"
#include "policies/expr_walk.h"

#define BUCKETS_FIRST 256u

static enum kp_status
make_contexts(struct kp_atoms *atoms)
{
	const struct kp_model *model = atoms->model;
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < model->registers->purpose_count && status == KP_OK;
		i++) {
		status = kp_model_context(
			model, atoms->scratch, i, 0, 0, &atoms->purpose_contexts[i]);
	}
	for (unsigned i = 0; i < KP_FACT_COMBINATIONS && status == KP_OK; i++) {
		status = kp_model_context(
			model, atoms->scratch, 0, i, 0, &atoms->fact_contexts[i]);
	}
	return status;
}

/* One principal per organisation, to ask conditions on organisations with. */
static enum kp_status
make_principals(struct kp_atoms *atoms)
{
	enum kp_status status = KP_OK;
	const struct kp_registers *registers = atoms->model->registers;
	for (uint32_t i = 0; i < registers->organisation_count && status == KP_OK; i++) {
		status = kp_model_add_principal(atoms->model, &atoms->names,
			&atoms->entities, registers->organisations[i].oin, i, NULL, 0,
			&atoms->principals[i]);
	}
	if (status != KP_OK) {
		return status;
	}
	struct kp_error err;
	return kp_cedar_entities_close(&atoms->entities, &err);
}

enum kp_status
kp_atoms_init(struct kp_atoms *atoms, struct kp_arena *arena, struct kp_arena *scratch,
	const struct kp_model *model)
{
	const struct kp_registers *registers = model->registers;
	KP_REQUIRE(registers->purpose_count > 0 && registers->organisation_count > 0 &&
		model->catalogue->cell_count > 0);
	*atoms = (struct kp_atoms){.arena = arena, .scratch = scratch, .model = model};
	kp_cedar_names_init(&atoms->names, scratch, &model->names);
	kp_cedar_entities_init(&atoms->entities, scratch, &model->entities);
	atoms->bucket_count = BUCKETS_FIRST;
	atoms->buckets = KP_ARENA_ARRAY(scratch, struct kp_atom *, BUCKETS_FIRST);
	atoms->principals = KP_ARENA_ARRAY(
		scratch, const struct kp_cedar_uid *, registers->organisation_count);
	atoms->purpose_contexts = KP_ARENA_ARRAY(
		scratch, const struct kp_cedar_record *, registers->purpose_count);
	if (atoms->buckets == NULL || atoms->principals == NULL ||
		atoms->purpose_contexts == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = make_contexts(atoms);
	return status == KP_OK ? make_principals(atoms) : status;
}

/* What a member access on `context` or `principal` reads. */
static unsigned
depends_of_get(const struct kp_model *model, const struct kp_cedar_expr *expr)
{
	if (expr->left->op != KP_CEDAR_OP_VAR) {
		return 0;
	}
	if (expr->left->var == KP_CEDAR_VAR_PRINCIPAL) {
		return expr->attr == model->attr_organisation ? KP_DEPENDS_ORGANISATION
							      : 0;
	}
	if (expr->left->var != KP_CEDAR_VAR_CONTEXT) {
		return 0;
	}
	if (expr->attr == model->attr_purpose) {
		return KP_DEPENDS_PURPOSE;
	}
	for (unsigned i = 0; i < KP_FACT_COUNT; i++) {
		if (expr->attr == model->attr_facts[i]) {
			return KP_DEPENDS_FACTS;
		}
	}
	return 0;
}

unsigned
kp_expr_depends(const struct kp_model *model, const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_VAR) {
		return expr->var == KP_CEDAR_VAR_RESOURCE ? KP_DEPENDS_CELL
							  : KP_DEPENDS_OTHER;
	}
	unsigned depends = expr->op == KP_CEDAR_OP_GET ? depends_of_get(model, expr) : 0;
	if (depends != 0) {
		return depends;
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		depends |= kp_expr_depends(model, child);
	}
	return depends;
}

enum kp_truth
kp_atom_eval(struct kp_cedar_eval *eval, const struct kp_atom *atom)
{
	struct kp_cedar_value value;
	if (kp_cedar_eval_expr(eval, atom->expr, &value) != KP_CEDAR_FAIL_NONE ||
		value.kind != KP_CEDAR_BOOL) {
		return KP_TRUTH_ERROR;
	}
	return value.boolean != atom->negated ? KP_TRUTH_TRUE : KP_TRUTH_FALSE;
}

/* A request about which only the given parts matter. */
static enum kp_truth
ask(struct kp_atoms *atoms, const struct kp_atom *atom, uint32_t organisation,
	uint32_t cell, const struct kp_cedar_record *context)
{
	const struct kp_cedar_request request = {
		.principal = atoms->principals[organisation],
		.action = atoms->model->actions[KP_ACTION_READ],
		.resource = atoms->model->cells[cell],
		.context = context,
	};
	struct kp_cedar_eval eval = {.request = &request,
		.entities = &atoms->entities,
		.arena = atoms->scratch};
	return kp_atom_eval(&eval, atom);
}

static enum kp_truth
ask_member(struct kp_atoms *atoms, const struct kp_atom *atom, uint32_t member)
{
	const struct kp_cedar_record *any = atoms->fact_contexts[0];
	if (atom->kind == KP_ATOM_CELLS) {
		return ask(atoms, atom, 0, member, any);
	}
	if (atom->kind == KP_ATOM_PURPOSES) {
		return ask(atoms, atom, 0, 0, atoms->purpose_contexts[member]);
	}
	return ask(atoms, atom, member, 0, any);
}

/* Answers the atom for all cells, purposes or organisations. */
static bool
answer_members(struct kp_atoms *atoms, struct kp_atom *atom, uint32_t member_count)
{
	atom->members =
		KP_ARENA_ARRAY(atoms->arena, uint64_t, kp_bits_words(member_count));
	if (atom->members == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < member_count; i++) {
		enum kp_truth truth = ask_member(atoms, atom, i);
		if (truth == KP_TRUTH_TRUE) {
			kp_bits_set(atom->members, i);
		}
		atom->errs_some = atom->errs_some || truth == KP_TRUTH_ERROR;
	}
	return true;
}

void
kp_atom_table(struct kp_atoms *atoms, const struct kp_atom *atom, uint32_t cell,
	uint64_t *ret_holds, uint64_t *ret_errs)
{
	uint64_t holds = 0;
	uint64_t errs = 0;
	for (unsigned i = 0; i < KP_FACT_COMBINATIONS; i++) {
		enum kp_truth truth = ask(atoms, atom, 0, cell, atoms->fact_contexts[i]);
		holds |= (uint64_t)(truth == KP_TRUTH_TRUE) << i;
		errs |= (uint64_t)(truth == KP_TRUTH_ERROR) << i;
	}
	*ret_holds = holds;
	*ret_errs = errs;
}

bool
kp_atoms_roles_in(
	const struct kp_model *model, const struct kp_cedar_uid *uid, uint64_t *roles)
{
	const struct kp_registers *registers = model->registers;
	if (registers->role_count == 0 || uid->type != model->roles[0]->type) {
		return false;
	}
	for (uint32_t i = 0; i < registers->role_count; i++) {
		const struct kp_cedar_entity *role =
			kp_cedar_entities_find(&model->entities, model->roles[i]);
		if (model->roles[i] == uid || kp_cedar_entity_in(role, uid)) {
			kp_bits_set(roles, i);
		}
	}
	return true;
}

/* `principal in Rol::"a"` or `principal in [Rol::"a", Rol::"b"]`. */
static bool
is_about_roles(struct kp_atoms *atoms, struct kp_atom *atom, uint64_t *roles)
{
	const struct kp_cedar_expr *expr = atom->expr;
	if (atom->negated || expr->op != KP_CEDAR_OP_IN ||
		expr->left->op != KP_CEDAR_OP_VAR ||
		expr->left->var != KP_CEDAR_VAR_PRINCIPAL) {
		return false;
	}
	if (expr->right->op == KP_CEDAR_OP_LITERAL) {
		return expr->right->literal.kind == KP_CEDAR_ENTITY &&
			kp_atoms_roles_in(
				atoms->model, expr->right->literal.entity, roles);
	}
	bool all = expr->right->op == KP_CEDAR_OP_SET;
	for (size_t i = 0; all && i < expr->right->count; i++) {
		const struct kp_cedar_expr *item = expr->right->items[i];
		all = item->op == KP_CEDAR_OP_LITERAL &&
			item->literal.kind == KP_CEDAR_ENTITY &&
			kp_atoms_roles_in(atoms->model, item->literal.entity, roles);
	}
	return all;
}

static bool
is_moment(const struct kp_model *model, const struct kp_cedar_expr *expr)
{
	return expr->op == KP_CEDAR_OP_GET && expr->left->op == KP_CEDAR_OP_VAR &&
		expr->left->var == KP_CEDAR_VAR_CONTEXT && expr->attr == model->attr_now;
}

bool
kp_atom_window(const struct kp_model *model, const struct kp_atom *atom,
	int64_t *ret_from_ms, int64_t *ret_until_ms)
{
	const struct kp_cedar_expr *expr = atom->expr;
	bool less = expr->op == KP_CEDAR_OP_LT || expr->op == KP_CEDAR_OP_LE;
	bool equal = expr->op == KP_CEDAR_OP_LE || expr->op == KP_CEDAR_OP_GE;
	if (!less && expr->op != KP_CEDAR_OP_GT && expr->op != KP_CEDAR_OP_GE) {
		return false;
	}
	bool left = is_moment(model, expr->left);
	const struct kp_cedar_expr *other = left ? expr->right : expr->left;
	if ((!left && !is_moment(model, expr->right)) || other->constant == NULL ||
		other->constant->kind != KP_CEDAR_DATETIME ||
		other->constant->integer == INT64_MAX) {
		return false;
	}
	/* now < v, now <= v is now < v+1; now >= v is !(now < v), now > v !(now < v+1) */
	bool before = left == less;
	int64_t moment_ms = other->constant->integer + (before == equal ? 1 : 0);
	before = before != atom->negated;
	*ret_from_ms = before ? INT64_MIN : moment_ms;
	*ret_until_ms = before ? moment_ms : INT64_MAX;
	return true;
}

static bool
answer_other(struct kp_atoms *atoms, struct kp_atom *atom)
{
	atom->kind = KP_ATOM_GENERAL;
	uint64_t *roles = KP_ARENA_ARRAY(atoms->arena, uint64_t,
		kp_bits_words(atoms->model->registers->role_count));
	if (roles == NULL) {
		return false;
	}
	if (is_about_roles(atoms, atom, roles)) {
		atom->kind = KP_ATOM_ROLES;
		atom->members = roles;
	}
	return true;
}

static bool
answer(struct kp_atoms *atoms, struct kp_atom *atom)
{
	const struct kp_model *model = atoms->model;
	switch (atom->depends) {
	case 0:
	case KP_DEPENDS_FACTS:
		atom->kind = atom->depends == 0 ? KP_ATOM_CONSTANT : KP_ATOM_FACTS;
		kp_atom_table(atoms, atom, 0, &atom->holds, &atom->errs);
		atom->errs_some = atom->errs != 0;
		return true;
	case KP_DEPENDS_CELL:
		atom->kind = KP_ATOM_CELLS;
		return answer_members(atoms, atom, model->catalogue->cell_count);
	case KP_DEPENDS_PURPOSE:
		atom->kind = KP_ATOM_PURPOSES;
		return answer_members(atoms, atom, model->registers->purpose_count);
	case KP_DEPENDS_ORGANISATION:
		atom->kind = KP_ATOM_ORGANISATIONS;
		return answer_members(atoms, atom, model->registers->organisation_count);
	default:
		return answer_other(atoms, atom);
	}
}

static bool
grow_buckets(struct kp_atoms *atoms)
{
	uint32_t count = atoms->bucket_count * 4;
	struct kp_atom **buckets =
		KP_ARENA_ARRAY(atoms->scratch, struct kp_atom *, count);
	if (buckets == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < atoms->bucket_count; i++) {
		struct kp_atom *atom = atoms->buckets[i];
		while (atom != NULL) {
			struct kp_atom *next = atom->next;
			atom->next = buckets[atom->hash & (count - 1)];
			buckets[atom->hash & (count - 1)] = atom;
			atom = next;
		}
	}
	atoms->buckets = buckets;
	atoms->bucket_count = count;
	return true;
}

/* The one atom for this expression; NULL when memory ran out. */
static struct kp_atom *
intern(struct kp_atoms *atoms, const struct kp_cedar_expr *expr, bool negated)
{
	uint64_t hash = kp_expr_hash(expr) + (negated ? 1 : 0);
	struct kp_atom *atom = atoms->buckets[hash & (atoms->bucket_count - 1)];
	for (; atom != NULL; atom = atom->next) {
		if (atom->hash == hash && atom->negated == negated &&
			kp_cedar_expr_equal(atom->expr, expr)) {
			return atom;
		}
	}
	if (atoms->count >= atoms->bucket_count && !grow_buckets(atoms)) {
		return NULL;
	}
	atom = KP_ARENA_NEW(atoms->arena, struct kp_atom);
	if (atom == NULL) {
		return NULL;
	}
	*atom = (struct kp_atom){.expr = expr,
		.negated = negated,
		.safe = kp_expr_safe(expr),
		.depends = kp_expr_depends(atoms->model, expr),
		.index = atoms->count++,
		.hash = hash};
	if (!answer(atoms, atom)) {
		return NULL;
	}
	struct kp_atom **bucket = &atoms->buckets[hash & (atoms->bucket_count - 1)];
	atom->next = *bucket;
	*bucket = atom;
	return atom;
}

struct list {
	struct kp_atom **items;
	size_t count;
};

static bool
take_apart(struct kp_atoms *atoms, const struct kp_cedar_expr *expr, bool negated,
	struct list *list)
{
	if (expr->op == KP_CEDAR_OP_NOT) {
		return take_apart(atoms, expr->left, !negated, list);
	}
	if (expr->op == (negated ? KP_CEDAR_OP_OR : KP_CEDAR_OP_AND)) {
		return take_apart(atoms, expr->left, negated, list) &&
			take_apart(atoms, expr->right, negated, list);
	}
	struct kp_atom *atom = intern(atoms, expr, negated);
	if (atom == NULL) {
		return false;
	}
	list->items[list->count++] = atom;
	return true;
}

static size_t
count_leaves(const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_NOT) {
		return count_leaves(expr->left);
	}
	if (expr->op == KP_CEDAR_OP_AND || expr->op == KP_CEDAR_OP_OR) {
		return count_leaves(expr->left) + count_leaves(expr->right);
	}
	return 1;
}

enum kp_status
kp_atoms_of_policy(struct kp_atoms *atoms, const struct kp_cedar_policy *policy,
	struct kp_atom ***ret_atoms, size_t *ret_count)
{
	size_t room = 0;
	for (size_t i = 0; i < policy->condition_count; i++) {
		room += count_leaves(policy->conditions[i].expr);
	}
	struct list list = {KP_ARENA_ARRAY(atoms->scratch, struct kp_atom *, room), 0};
	if (list.items == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < policy->condition_count; i++) {
		const struct kp_cedar_condition *condition = &policy->conditions[i];
		if (!take_apart(atoms, condition->expr, condition->unless, &list)) {
			return KP_E_MEMORY;
		}
	}
	*ret_atoms = list.items;
	*ret_count = list.count;
	return KP_OK;
}
