/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * diff_formula: conditions as decision diagrams. In an environment (action, organisation,
 * purpose, cell) most of a condition is known: the general evaluator answers it, for each
 * combination of facts. Roles and moments become variables; what is left is one variable
 * for what it says and one for whether it fails, the same in both sets when text and
 * known parts are the same.
 */
#include "core/bits.h"
#include "policies/diff_solver.h"
#include "policies/expr_walk.h"

#define TEXT_BYTES_MAX ((size_t)64 * 1024)

enum reads {
	READS_FACTS = 1,
	READS_OTHER = 2, /* who asks, the moment: not known in an environment */
};

static unsigned
reads_of_get(const struct kp_model *model, const struct kp_cedar_expr *expr)
{
	const struct kp_cedar_expr *left = expr->left;
	if (left->op != KP_CEDAR_OP_VAR) {
		return UINT32_MAX;
	}
	if (left->var == KP_CEDAR_VAR_PRINCIPAL) {
		return expr->attr == model->attr_organisation ? 0 : READS_OTHER;
	}
	if (left->var != KP_CEDAR_VAR_CONTEXT) {
		return 0;
	}
	if (expr->attr == model->attr_purpose) {
		return 0;
	}
	for (unsigned i = 0; i < KP_FACT_COUNT; i++) {
		if (expr->attr == model->attr_facts[i]) {
			return READS_FACTS;
		}
	}
	return READS_OTHER;
}

/* A set of enum reads. */
static unsigned
reads_of(const struct kp_model *model, const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_VAR) {
		bool known = expr->var == KP_CEDAR_VAR_RESOURCE ||
			expr->var == KP_CEDAR_VAR_ACTION;
		return known ? 0 : READS_OTHER;
	}
	if (expr->op == KP_CEDAR_OP_GET) {
		unsigned reads = reads_of_get(model, expr);
		if (reads != UINT32_MAX) {
			return reads;
		}
	}
	unsigned reads = 0;
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		reads |= reads_of(model, child);
	}
	return reads;
}

static bool
evaluate(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, unsigned facts,
	struct kp_cedar_value *ret_value)
{
	const struct kp_model *model = &side->bundle->model;
	const struct kp_cedar_request request = {
		.principal = side->principals[side->organisation],
		.action = model->actions[side->action],
		.resource = model->cells[cell],
		.context = side->contexts[facts],
	};
	struct kp_cedar_eval eval = {.request = &request,
		.entities = &side->entities,
		.arena = &work->scratch};
	enum kp_cedar_failure failure = kp_cedar_eval_expr(&eval, expr, ret_value);
	work->failed = work->failed || failure == KP_CEDAR_FAIL_MEMORY;
	return failure == KP_CEDAR_FAIL_NONE;
}

bool
kp_diff_known(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, struct kp_cedar_value *ret_value)
{
	return reads_of(&side->bundle->model, expr) == 0 &&
		evaluate(work, side, expr, cell, 0, ret_value);
}

static struct kp_diff_formula
known(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, bool reads_facts)
{
	uint64_t holds = 0;
	uint64_t errs = 0;
	for (unsigned i = 0; i < (reads_facts ? KP_FACT_COMBINATIONS : 1); i++) {
		struct kp_cedar_value value = {.kind = KP_CEDAR_LONG};
		bool errs_here = !evaluate(work, side, expr, cell, i, &value) ||
			value.kind != KP_CEDAR_BOOL;
		errs |= (uint64_t)errs_here << i;
		holds |= (uint64_t)(!errs_here && value.boolean) << i;
	}
	if (!reads_facts) {
		holds = holds != 0 ? UINT64_MAX : 0;
		errs = errs != 0 ? UINT64_MAX : 0;
	}
	return (struct kp_diff_formula){kp_bdd_from_table(&work->bdd, holds),
		kp_bdd_from_table(&work->bdd, errs)};
}

/* The function that is true when this new variable is. */
static uint32_t
add_variable(struct kp_diff_work *work, struct kp_diff_variable variable)
{
	if (work->variable_count == KP_DIFF_VARIABLES_MAX) {
		work->failed = true;
		return KP_BDD_FALSE;
	}
	work->variables[work->variable_count] = variable;
	return kp_bdd_variable(&work->bdd, work->variable_count++);
}

uint32_t
kp_diff_before(struct kp_diff_work *work, int64_t moment_ms)
{
	if (moment_ms <= work->now_ms || moment_ms == INT64_MAX) {
		return moment_ms == INT64_MAX ? KP_BDD_TRUE : KP_BDD_FALSE;
	}
	for (uint32_t i = 0; i < work->variable_count; i++) {
		if (work->variables[i].kind == KP_DIFF_BEFORE &&
			work->variables[i].moment_ms == moment_ms) {
			return kp_bdd_variable(&work->bdd, i);
		}
	}
	return add_variable(work,
		(struct kp_diff_variable){
			.kind = KP_DIFF_BEFORE, .moment_ms = moment_ms});
}

uint32_t
kp_diff_person(struct kp_diff_work *work)
{
	for (uint32_t i = 0; i < work->variable_count; i++) {
		if (work->variables[i].kind == KP_DIFF_PERSON) {
			return kp_bdd_variable(&work->bdd, i);
		}
	}
	return add_variable(work,
		(struct kp_diff_variable){.kind = KP_DIFF_PERSON,
			.text = KP_SLICE("een medewerker vraagt")});
}

uint32_t
kp_diff_valid(struct kp_diff_work *work)
{
	if (work->valid_for == work->variable_count) {
		return work->valid;
	}
	uint32_t valid = KP_BDD_TRUE;
	for (uint32_t i = work->variable_count; i > 0; i--) {
		const struct kp_diff_variable *early = &work->variables[i - 1];
		if (early->kind != KP_DIFF_BEFORE) {
			continue;
		}
		uint32_t next = KP_NO_ID; /* the first moment after it */
		for (uint32_t j = 0; j < work->variable_count; j++) {
			const struct kp_diff_variable *late = &work->variables[j];
			if (late->kind == KP_DIFF_BEFORE &&
				late->moment_ms > early->moment_ms &&
				(next == KP_NO_ID ||
					late->moment_ms <
						work->variables[next].moment_ms)) {
				next = j;
			}
		}
		if (next != KP_NO_ID) {
			uint32_t follows =
				kp_bdd_ite(&work->bdd, kp_bdd_variable(&work->bdd, i - 1),
					kp_bdd_variable(&work->bdd, next), KP_BDD_TRUE);
			valid = kp_bdd_and(&work->bdd, follows, valid);
		}
	}
	work->valid = valid;
	work->valid_for = work->variable_count;
	return valid;
}

/* Values of the known parts of a condition, in order: with its text they say all. */
static void
write_known(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, struct kp_buffer *key)
{
	const struct kp_model *model = &side->bundle->model;
	if (reads_of(model, expr) == 0) {
		struct kp_cedar_value value;
		if (expr->op == KP_CEDAR_OP_LITERAL) {
			return;
		}
		KP_BUFFER_ADD(key, "\n");
		if (evaluate(work, side, expr, cell, 0, &value)) {
			kp_cedar_value_write(key, &value);
		} else {
			KP_BUFFER_ADD(key, "error");
		}
		return;
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		write_known(work, side, child, cell, key);
	}
}

/* Its number, or KP_NO_ID. */
static uint32_t
opaque_variable(struct kp_diff_work *work, struct kp_slice key, struct kp_slice text,
	const struct kp_cedar_expr *expr)
{
	for (uint32_t i = 0; i < work->variable_count; i++) {
		if (work->variables[i].kind == KP_DIFF_OPAQUE &&
			kp_slice_equal(work->variables[i].key, key)) {
			return i;
		}
	}
	(void)add_variable(work,
		(struct kp_diff_variable){
			.kind = KP_DIFF_OPAQUE, .key = key, .text = text, .expr = expr});
	return work->failed ? KP_NO_ID : work->variable_count - 1;
}

static struct kp_diff_formula
opaque(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell)
{
	struct kp_buffer key;
	kp_buffer_init(&key, &work->scratch, TEXT_BYTES_MAX);
	kp_cedar_expr_write(&key, expr);
	size_t text_len = key.len;
	write_known(work, side, expr, cell, &key);
	size_t key_len = key.len;
	KP_BUFFER_ADD(&key, "\n!");
	if (key.failed) {
		work->failed = true;
		return (struct kp_diff_formula){KP_BDD_FALSE, KP_BDD_FALSE};
	}
	struct kp_slice text = {key.data, text_len};
	uint32_t holds =
		opaque_variable(work, (struct kp_slice){key.data, key_len}, text, expr);
	uint32_t fails = kp_expr_safe(expr)
		? KP_NO_ID
		: opaque_variable(work, kp_buffer_slice(&key), text, expr);
	if (work->failed) {
		return (struct kp_diff_formula){KP_BDD_FALSE, KP_BDD_FALSE};
	}
	kp_diff_solver_define(work->solver, side, expr, cell, holds, fails);
	uint32_t is = kp_bdd_variable(&work->bdd, holds);
	if (fails == KP_NO_ID) {
		return (struct kp_diff_formula){is, KP_BDD_FALSE};
	}
	uint32_t errs = kp_bdd_variable(&work->bdd, fails);
	return (struct kp_diff_formula){
		kp_bdd_and(&work->bdd, is, kp_bdd_not(&work->bdd, errs)), errs};
}

/* Does it depend on a condition that the diagrams do not understand? */
static bool
has_opaque(struct kp_diff_work *work, uint32_t function)
{
	struct kp_arena arena;
	uint64_t used[KP_DIFF_VARIABLES_MAX / 64] = {0};
	kp_arena_init(&arena, (size_t)KP_BDD_NODES_MAX / 8 + 65536, NULL);
	uint64_t *seen = KP_ARENA_ARRAY(&arena, uint64_t, kp_bits_words(work->bdd.count));
	bool found = false;
	if (seen != NULL) {
		kp_bdd_support(&work->bdd, function, seen, used);
	}
	for (uint32_t i = 0; i < work->variable_count && !found; i++) {
		found = kp_bits_has(used, i) && work->variables[i].kind == KP_DIFF_OPAQUE;
	}
	kp_arena_deinit(&arena);
	return found;
}

uint32_t
kp_diff_possible(struct kp_diff_work *work, uint32_t function)
{
	struct kp_diff_asked *asked = &work->asked[function % KP_DIFF_ASKED];
	if (work->solver == NULL || function == KP_BDD_FALSE || work->bdd.failed) {
		return function;
	}
	if (asked->function != function) {
		bool never = has_opaque(work, function) &&
			kp_diff_solver_ask(work->solver, function, NULL) == KP_DIFF_NEVER;
		*asked = (struct kp_diff_asked){function, !never};
	}
	return asked->possible ? function : KP_BDD_FALSE;
}

static struct kp_diff_formula
negate(struct kp_diff_work *work, struct kp_diff_formula a)
{
	uint32_t either = kp_bdd_or(&work->bdd, a.holds, a.errs);
	return (struct kp_diff_formula){kp_bdd_not(&work->bdd, either), a.errs};
}

/* `a` decides; `b` is only looked at when it holds, `c` when it does not. */
static struct kp_diff_formula
choose(struct kp_diff_work *work, struct kp_diff_formula a, struct kp_diff_formula b,
	struct kp_diff_formula c)
{
	struct kp_bdd *bdd = &work->bdd;
	uint32_t sound = kp_bdd_not(bdd, a.errs);
	uint32_t holds = kp_bdd_ite(bdd, a.holds, b.holds, c.holds);
	uint32_t errs = kp_bdd_ite(bdd, a.holds, b.errs, c.errs);
	return (struct kp_diff_formula){
		kp_bdd_and(bdd, sound, holds), kp_bdd_or(bdd, a.errs, errs)};
}

/* Roles of the person among these. */
static bool
role_literal(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t *function)
{
	uint64_t roles[KP_ROLES_MAX / 64] = {0};
	if (expr->op != KP_CEDAR_OP_LITERAL || expr->literal.kind != KP_CEDAR_ENTITY ||
		!kp_atoms_roles_in(&side->bundle->model, expr->literal.entity, roles)) {
		return false;
	}
	for (uint32_t i = 0; i < side->bundle->registers.role_count; i++) {
		if (kp_bits_has(roles, i)) {
			*function = kp_bdd_or(&work->bdd, *function, side->held[i]);
		}
	}
	return true;
}

static bool
about_roles(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t *ret_function)
{
	if (expr->op != KP_CEDAR_OP_IN || expr->left->op != KP_CEDAR_OP_VAR ||
		expr->left->var != KP_CEDAR_VAR_PRINCIPAL) {
		return false;
	}
	*ret_function = KP_BDD_FALSE;
	if (expr->right->op != KP_CEDAR_OP_SET) {
		return role_literal(work, side, expr->right, ret_function);
	}
	bool all = true;
	for (size_t i = 0; all && i < expr->right->count; i++) {
		all = role_literal(work, side, expr->right->items[i], ret_function);
	}
	return all;
}

static bool
is_moment(const struct kp_diff_side *side, const struct kp_cedar_expr *expr)
{
	return expr->op == KP_CEDAR_OP_GET && expr->left->op == KP_CEDAR_OP_VAR &&
		expr->left->var == KP_CEDAR_VAR_CONTEXT &&
		expr->attr == side->bundle->model.attr_now;
}

/* `context.nu < datetime("…")` and its like, either way round. */
static bool
about_moment(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, uint32_t *ret_function)
{
	bool order = expr->op == KP_CEDAR_OP_LT || expr->op == KP_CEDAR_OP_LE ||
		expr->op == KP_CEDAR_OP_GT || expr->op == KP_CEDAR_OP_GE;
	if (!order) {
		return false;
	}
	bool left = is_moment(side, expr->left);
	const struct kp_cedar_expr *other = left ? expr->right : expr->left;
	struct kp_cedar_value value;
	if ((!left && !is_moment(side, expr->right)) ||
		reads_of(&side->bundle->model, other) != 0 ||
		!evaluate(work, side, other, cell, 0, &value) ||
		value.kind != KP_CEDAR_DATETIME || value.integer >= INT64_MAX - 1) {
		return false;
	}
	bool less = expr->op == KP_CEDAR_OP_LT || expr->op == KP_CEDAR_OP_LE;
	bool equal = expr->op == KP_CEDAR_OP_LE || expr->op == KP_CEDAR_OP_GE;
	/* now < v, now <= v is now < v+1; now > v is !(now < v+1), now >= v !(now < v) */
	bool before = left == less;
	uint32_t function = kp_diff_before(work, value.integer + (before == equal));
	*ret_function = before ? function : kp_bdd_not(&work->bdd, function);
	return true;
}

struct kp_diff_formula
kp_diff_expr(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell)
{
	static const struct kp_diff_formula yes = {KP_BDD_TRUE, KP_BDD_FALSE};
	static const struct kp_diff_formula no = {KP_BDD_FALSE, KP_BDD_FALSE};
	unsigned reads = reads_of(&side->bundle->model, expr);
	if ((reads & READS_OTHER) == 0) {
		return known(work, side, expr, cell, reads != 0);
	}
	uint32_t function;
	if (about_roles(work, side, expr, &function) ||
		about_moment(work, side, expr, cell, &function)) {
		return (struct kp_diff_formula){function, KP_BDD_FALSE};
	}
	if (expr->op == KP_CEDAR_OP_NOT) {
		return negate(work, kp_diff_expr(work, side, expr->left, cell));
	}
	if (expr->op == KP_CEDAR_OP_AND || expr->op == KP_CEDAR_OP_OR) {
		struct kp_diff_formula left = kp_diff_expr(work, side, expr->left, cell);
		struct kp_diff_formula right =
			kp_diff_expr(work, side, expr->right, cell);
		return expr->op == KP_CEDAR_OP_AND ? choose(work, left, right, no)
						   : choose(work, left, yes, right);
	}
	if (expr->op == KP_CEDAR_OP_IF) {
		return choose(work, kp_diff_expr(work, side, expr->test, cell),
			kp_diff_expr(work, side, expr->then, cell),
			kp_diff_expr(work, side, expr->otherwise, cell));
	}
	return opaque(work, side, expr, cell);
}
