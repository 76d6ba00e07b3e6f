/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* solver_z3: conditions and diagrams as terms of libz3. See diff_solver.h. */
#include <stdlib.h>
#include <z3.h>

#include "policies/diff_solver.h"

#define DAY_MS INT64_C(86400000)
/* The last moment of the year 9999: no clock says more. */
#define LAST_MOMENT_MS INT64_C(253402300799999)

struct kp_diff_solver {
	struct kp_diff_work *work;
	Z3_context z3;
	Z3_solver solver;
	Z3_sort truth;
	Z3_sort number;
	Z3_ast now;
	Z3_ast *variables; /* KP_DIFF_VARIABLES_MAX; NULL: not met yet */
	Z3_ast *nodes;     /* by node of the diagrams */
	uint32_t node_room;
};

/* A value: its terms, or what it is known to be. */
struct term {
	bool valid;              /* else there are no words for it */
	enum kp_cedar_kind kind; /* BOOL, LONG, DATETIME, DURATION; a SET is known */
	Z3_ast value;
	Z3_ast errs;
	struct kp_cedar_value known; /* of a constant; kind RECORD when it is none */
};

static const struct term no_words = {.valid = false};

/* Faults are seen by what the calls give back. */
static void
on_error(Z3_context z3, Z3_error_code code)
{
	(void)z3;
	(void)code;
}

bool
kp_diff_solver_present(void)
{
	return true;
}

static Z3_ast
number(struct kp_diff_solver *solver, int64_t value)
{
	return Z3_mk_int64(solver->z3, value, solver->number);
}

static Z3_ast
constant(struct kp_diff_solver *solver, const char *name, Z3_sort sort)
{
	return Z3_mk_const(solver->z3, Z3_mk_string_symbol(solver->z3, name), sort);
}

static Z3_ast
both(struct kp_diff_solver *solver, Z3_ast a, Z3_ast b)
{
	const Z3_ast args[] = {a, b};
	return Z3_mk_and(solver->z3, 2, args);
}

static Z3_ast
either(struct kp_diff_solver *solver, Z3_ast a, Z3_ast b)
{
	const Z3_ast args[] = {a, b};
	return Z3_mk_or(solver->z3, 2, args);
}

struct kp_diff_solver *
kp_diff_solver_create(struct kp_diff_work *work)
{
	struct kp_diff_solver *solver = calloc(1, sizeof(*solver));
	if (solver == NULL) {
		return NULL;
	}
	solver->variables = calloc(KP_DIFF_VARIABLES_MAX, sizeof(Z3_ast));
	Z3_config config = Z3_mk_config();
	Z3_set_param_value(config, "model", "true");
	/* Terms live as long as the context. */
	solver->z3 = Z3_mk_context(config);
	Z3_del_config(config);
	if (solver->z3 == NULL || solver->variables == NULL) {
		free(solver->variables);
		free(solver);
		return NULL;
	}
	Z3_context z3 = solver->z3;
	Z3_set_error_handler(z3, on_error);
	solver->work = work;
	solver->truth = Z3_mk_bool_sort(z3);
	solver->number = Z3_mk_int_sort(z3);
	solver->now = constant(solver, "now", solver->number);
	solver->solver = Z3_mk_solver(z3);
	Z3_solver_inc_ref(z3, solver->solver);
	Z3_params limits = Z3_mk_params(z3);
	Z3_params_inc_ref(z3, limits);
	Z3_params_set_uint(
		z3, limits, Z3_mk_string_symbol(z3, "timeout"), KP_DIFF_SOLVER_MS);
	Z3_solver_set_params(z3, solver->solver, limits);
	Z3_params_dec_ref(z3, limits);
	Z3_solver_assert(z3, solver->solver,
		both(solver, Z3_mk_ge(z3, solver->now, number(solver, work->now_ms)),
			Z3_mk_le(z3, solver->now, number(solver, LAST_MOMENT_MS))));
	return solver;
}

void
kp_diff_solver_destroy(struct kp_diff_solver **solver)
{
	struct kp_diff_solver *gone = *solver;
	*solver = NULL;
	if (gone == NULL) {
		return;
	}
	Z3_solver_dec_ref(gone->z3, gone->solver);
	Z3_del_context(gone->z3);
	free(gone->variables);
	free(gone->nodes);
	free(gone);
}

/* -- Conditions -- */

static struct term
make(struct kp_diff_solver *solver, enum kp_cedar_kind kind, Z3_ast value, Z3_ast errs)
{
	return (struct term){.valid = true,
		.kind = kind,
		.value = value,
		.errs = errs == NULL ? Z3_mk_false(solver->z3) : errs,
		.known = {.kind = KP_CEDAR_RECORD}};
}

static struct term
make_known(struct kp_diff_solver *solver, const struct kp_cedar_value *value)
{
	struct term term = no_words;
	if (value->kind == KP_CEDAR_BOOL) {
		term = make(solver, KP_CEDAR_BOOL,
			value->boolean ? Z3_mk_true(solver->z3) : Z3_mk_false(solver->z3),
			NULL);
	} else if (value->kind == KP_CEDAR_LONG || value->kind == KP_CEDAR_DATETIME ||
		value->kind == KP_CEDAR_DURATION) {
		term = make(solver, value->kind, number(solver, value->integer), NULL);
	} else if (value->kind == KP_CEDAR_SET) {
		term = make(solver, value->kind, NULL, NULL);
	}
	term.known = *value;
	return term;
}

static struct term translate(struct kp_diff_solver *solver,
	const struct kp_diff_side *side, const struct kp_cedar_expr *expr, uint32_t cell);

/* A sum or difference that may not fit 64 bits. */
static struct term
bounded(struct kp_diff_solver *solver, enum kp_cedar_kind kind, Z3_ast value, Z3_ast errs)
{
	Z3_context z3 = solver->z3;
	Z3_ast outside = either(solver, Z3_mk_lt(z3, value, number(solver, INT64_MIN)),
		Z3_mk_gt(z3, value, number(solver, INT64_MAX)));
	return make(solver, kind, value, either(solver, errs, outside));
}

static Z3_ast
variable(struct kp_diff_solver *solver, uint32_t index)
{
	if (solver->variables[index] == NULL) {
		const struct kp_diff_variable *known = &solver->work->variables[index];
		char name[16];
		(void)snprintf(name, sizeof(name), "v%u", index);
		/* Facts and roles come first and are not among the variables. */
		bool moment = index < solver->work->variable_count &&
			known->kind == KP_DIFF_BEFORE;
		solver->variables[index] = moment
			? Z3_mk_lt(solver->z3, solver->now,
				  number(solver, known->moment_ms))
			: constant(solver, name, solver->truth);
	}
	return solver->variables[index];
}

static struct term
translate_get(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr)
{
	const struct kp_model *model = &side->bundle->model;
	if (expr->left->op != KP_CEDAR_OP_VAR ||
		expr->left->var != KP_CEDAR_VAR_CONTEXT) {
		return no_words;
	}
	if (expr->attr == model->attr_now) {
		return make(solver, KP_CEDAR_DATETIME, solver->now, NULL);
	}
	for (uint32_t i = 0; i < KP_FACT_COUNT; i++) {
		if (expr->attr == model->attr_facts[i]) {
			return make(solver, KP_CEDAR_BOOL, variable(solver, i), NULL);
		}
	}
	return no_words;
}

/* Are the two the same? Kinds that differ have no words: rules that load compare like
 * with like. */
static Z3_ast
equal(struct kp_diff_solver *solver, const struct term *a, const struct term *b)
{
	bool same = a->kind == b->kind && a->value != NULL && b->value != NULL;
	return same ? Z3_mk_eq(solver->z3, a->value, b->value) : NULL;
}

/* The term is one of the members. */
static Z3_ast
one_of(struct kp_diff_solver *solver, const struct term *term,
	const struct kp_cedar_set *set)
{
	Z3_ast any = Z3_mk_false(solver->z3);
	for (size_t i = 0; i < set->count; i++) {
		struct term member = make_known(solver, &set->items[i]);
		Z3_ast is = member.valid ? equal(solver, term, &member) : NULL;
		if (is == NULL) {
			return NULL;
		}
		any = either(solver, any, is);
	}
	return any;
}

static struct term
make_truth(struct kp_diff_solver *solver, Z3_ast value, const struct term *a,
	const struct term *b)
{
	return value == NULL
		? no_words
		: make(solver, KP_CEDAR_BOOL, value, either(solver, a->errs, b->errs));
}

static struct term
translate_order(struct kp_diff_solver *solver, enum kp_cedar_op op, const struct term *a,
	const struct term *b)
{
	Z3_context z3 = solver->z3;
	if (a->kind != b->kind || a->value == NULL || b->value == NULL ||
		a->kind == KP_CEDAR_BOOL) {
		return no_words;
	}
	Z3_ast value = op == KP_CEDAR_OP_LT ? Z3_mk_lt(z3, a->value, b->value)
		: op == KP_CEDAR_OP_LE      ? Z3_mk_le(z3, a->value, b->value)
		: op == KP_CEDAR_OP_GT      ? Z3_mk_gt(z3, a->value, b->value)
					    : Z3_mk_ge(z3, a->value, b->value);
	return make_truth(solver, value, a, b);
}

static struct term
translate_arithmetic(struct kp_diff_solver *solver, enum kp_cedar_op op,
	const struct term *a, const struct term *b)
{
	Z3_context z3 = solver->z3;
	bool linear = op != KP_CEDAR_OP_MUL || a->known.kind == KP_CEDAR_LONG ||
		b->known.kind == KP_CEDAR_LONG;
	if (a->kind != KP_CEDAR_LONG || b->kind != KP_CEDAR_LONG || !linear) {
		return no_words;
	}
	const Z3_ast args[] = {a->value, b->value};
	Z3_ast value = op == KP_CEDAR_OP_ADD ? Z3_mk_add(z3, 2, args)
		: op == KP_CEDAR_OP_SUB      ? Z3_mk_sub(z3, 2, args)
					     : Z3_mk_mul(z3, 2, args);
	return bounded(solver, KP_CEDAR_LONG, value, either(solver, a->errs, b->errs));
}

static struct term
translate_binary(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell)
{
	struct term a = translate(solver, side, expr->left, cell);
	struct term b = translate(solver, side, expr->right, cell);
	if (!a.valid || !b.valid) {
		return no_words;
	}
	Z3_ast value;
	if (expr->op == KP_CEDAR_OP_EQ || expr->op == KP_CEDAR_OP_NE) {
		value = equal(solver, &a, &b);
		if (value != NULL && expr->op == KP_CEDAR_OP_NE) {
			value = Z3_mk_not(solver->z3, value);
		}
		return make_truth(solver, value, &a, &b);
	}
	if (expr->op == KP_CEDAR_OP_CONTAINS) {
		return a.known.kind != KP_CEDAR_SET
			? no_words
			: make_truth(solver, one_of(solver, &b, a.known.set), &a, &b);
	}
	bool arithmetic = expr->op == KP_CEDAR_OP_ADD || expr->op == KP_CEDAR_OP_SUB ||
		expr->op == KP_CEDAR_OP_MUL;
	return arithmetic ? translate_arithmetic(solver, expr->op, &a, &b)
			  : translate_order(solver, expr->op, &a, &b);
}

/* `test` decides which of the others counts, and whether it errs. */
static struct term
choose(struct kp_diff_solver *solver, const struct term *test, const struct term *then,
	const struct term *otherwise)
{
	Z3_context z3 = solver->z3;
	if (!test->valid || !then->valid || !otherwise->valid ||
		test->kind != KP_CEDAR_BOOL || then->kind != otherwise->kind ||
		then->value == NULL || otherwise->value == NULL) {
		return no_words;
	}
	Z3_ast errs = Z3_mk_ite(z3, test->value, then->errs, otherwise->errs);
	return make(solver, then->kind,
		Z3_mk_ite(z3, test->value, then->value, otherwise->value),
		either(solver, test->errs, errs));
}

static struct term
translate_choice(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell)
{
	struct term yes = make(solver, KP_CEDAR_BOOL, Z3_mk_true(solver->z3), NULL);
	struct term no = make(solver, KP_CEDAR_BOOL, Z3_mk_false(solver->z3), NULL);
	if (expr->op == KP_CEDAR_OP_IF) {
		struct term test = translate(solver, side, expr->test, cell);
		struct term then = translate(solver, side, expr->then, cell);
		struct term otherwise = translate(solver, side, expr->otherwise, cell);
		return choose(solver, &test, &then, &otherwise);
	}
	struct term left = translate(solver, side, expr->left, cell);
	if (expr->op == KP_CEDAR_OP_NOT) {
		return choose(solver, &left, &no, &yes);
	}
	struct term right = translate(solver, side, expr->right, cell);
	return expr->op == KP_CEDAR_OP_AND ? choose(solver, &left, &right, &no)
					   : choose(solver, &left, &yes, &right);
}

/* Whole units of a duration, cut off towards zero. */
static struct term
units(struct kp_diff_solver *solver, const struct term *duration, int64_t unit_ms)
{
	Z3_context z3 = solver->z3;
	Z3_ast unit = number(solver, unit_ms);
	Z3_ast below = Z3_mk_unary_minus(
		z3, Z3_mk_div(z3, Z3_mk_unary_minus(z3, duration->value), unit));
	Z3_ast value = Z3_mk_ite(z3, Z3_mk_ge(z3, duration->value, number(solver, 0)),
		Z3_mk_div(z3, duration->value, unit), below);
	return make(solver, KP_CEDAR_LONG, value, duration->errs);
}

/* Methods of one moment or duration. */
static struct term
translate_method(struct kp_diff_solver *solver, enum kp_cedar_fn fn, const struct term *a)
{
	Z3_context z3 = solver->z3;
	if (fn == KP_CEDAR_FN_TO_DATE || fn == KP_CEDAR_FN_TO_TIME) {
		if (a->kind != KP_CEDAR_DATETIME) {
			return no_words;
		}
		Z3_ast time = Z3_mk_mod(z3, a->value, number(solver, DAY_MS));
		const Z3_ast args[] = {a->value, time};
		return fn == KP_CEDAR_FN_TO_TIME
			? make(solver, KP_CEDAR_DURATION, time, a->errs)
			: bounded(solver, KP_CEDAR_DATETIME, Z3_mk_sub(z3, 2, args),
				  a->errs);
	}
	if (a->kind != KP_CEDAR_DURATION) {
		return no_words;
	}
	if (fn == KP_CEDAR_FN_TO_MILLISECONDS) {
		return make(solver, KP_CEDAR_LONG, a->value, a->errs);
	}
	if (fn == KP_CEDAR_FN_TO_SECONDS) {
		return units(solver, a, 1000);
	}
	if (fn == KP_CEDAR_FN_TO_MINUTES) {
		return units(solver, a, 60000);
	}
	if (fn == KP_CEDAR_FN_TO_HOURS) {
		return units(solver, a, 3600000);
	}
	return fn == KP_CEDAR_FN_TO_DAYS ? units(solver, a, DAY_MS) : no_words;
}

static struct term
translate_call(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell)
{
	if (expr->count == 0 || expr->count > 2) {
		return no_words;
	}
	struct term a = translate(solver, side, expr->items[0], cell);
	if (!a.valid || a.value == NULL) {
		return no_words;
	}
	if (expr->count == 1) {
		return translate_method(solver, expr->fn, &a);
	}
	struct term b = translate(solver, side, expr->items[1], cell);
	bool offset = expr->fn == KP_CEDAR_FN_OFFSET;
	if (!b.valid || b.value == NULL || a.kind != KP_CEDAR_DATETIME ||
		(!offset && expr->fn != KP_CEDAR_FN_DURATION_SINCE) ||
		b.kind != (offset ? KP_CEDAR_DURATION : KP_CEDAR_DATETIME)) {
		return no_words;
	}
	const Z3_ast args[] = {a.value, b.value};
	Z3_ast errs = either(solver, a.errs, b.errs);
	return offset
		? bounded(solver, KP_CEDAR_DATETIME, Z3_mk_add(solver->z3, 2, args), errs)
		: bounded(solver, KP_CEDAR_DURATION, Z3_mk_sub(solver->z3, 2, args),
			  errs);
}

static struct term
translate(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell)
{
	struct kp_cedar_value value;
	if (kp_diff_known(solver->work, side, expr, cell, &value)) {
		return make_known(solver, &value);
	}
	/* What rules are met to say is put in words; the rest stays free. */
	if (expr->op == KP_CEDAR_OP_GET) {
		return translate_get(solver, side, expr);
	}
	if (expr->op == KP_CEDAR_OP_CALL) {
		return translate_call(solver, side, expr, cell);
	}
	if (expr->op == KP_CEDAR_OP_NEG) {
		struct term a = translate(solver, side, expr->left, cell);
		return !a.valid || a.kind != KP_CEDAR_LONG
			? no_words
			: bounded(solver, KP_CEDAR_LONG,
				  Z3_mk_unary_minus(solver->z3, a.value), a.errs);
	}
	if (expr->op == KP_CEDAR_OP_IF || expr->op == KP_CEDAR_OP_NOT ||
		expr->op == KP_CEDAR_OP_AND || expr->op == KP_CEDAR_OP_OR) {
		return translate_choice(solver, side, expr, cell);
	}
	bool binary = (expr->op >= KP_CEDAR_OP_EQ && expr->op <= KP_CEDAR_OP_GE) ||
		(expr->op >= KP_CEDAR_OP_ADD && expr->op <= KP_CEDAR_OP_MUL) ||
		expr->op == KP_CEDAR_OP_CONTAINS;
	return binary ? translate_binary(solver, side, expr, cell) : no_words;
}

/* -- Variables and functions -- */

void
kp_diff_solver_define(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, uint32_t holds, uint32_t fails)
{
	if (solver == NULL || solver->variables[holds] != NULL) {
		return;
	}
	struct term term = translate(solver, side, expr, cell);
	if (!term.valid || term.kind != KP_CEDAR_BOOL) {
		return;
	}
	solver->variables[holds] = term.value;
	if (fails != KP_NO_ID) {
		solver->variables[fails] = term.errs;
	}
}

static Z3_ast
function_term(struct kp_diff_solver *solver, uint32_t function)
{
	if (function == KP_BDD_TRUE || function == KP_BDD_FALSE) {
		return function == KP_BDD_TRUE ? Z3_mk_true(solver->z3)
					       : Z3_mk_false(solver->z3);
	}
	if (solver->nodes[function] == NULL) {
		const struct kp_bdd_node *node = &solver->work->bdd.nodes[function];
		/* No deeper than there are variables. */
		solver->nodes[function] =
			Z3_mk_ite(solver->z3, variable(solver, node->variable),
				function_term(solver, node->high),
				function_term(solver, node->low));
	}
	return solver->nodes[function];
}

static bool
make_room(struct kp_diff_solver *solver)
{
	uint32_t count = solver->work->bdd.count;
	if (count > solver->node_room) {
		Z3_ast *nodes = realloc(solver->nodes, count * sizeof(*nodes));
		if (nodes == NULL) {
			return false;
		}
		memset(nodes + solver->node_room, 0,
			(count - solver->node_room) * sizeof(*nodes));
		solver->nodes = nodes;
		solver->node_room = count;
	}
	return true;
}

static bool
read_model(struct kp_diff_solver *solver, struct kp_diff_model *ret_model)
{
	Z3_context z3 = solver->z3;
	Z3_model model = Z3_solver_get_model(z3, solver->solver);
	if (model == NULL) {
		return false;
	}
	Z3_model_inc_ref(z3, model);
	Z3_ast now;
	bool read = Z3_model_eval(z3, model, solver->now, true, &now) &&
		Z3_get_numeral_int64(z3, now, &ret_model->now_ms);
	for (uint32_t i = 0; read && i < solver->work->variable_count; i++) {
		Z3_ast value;
		Z3_lbool truth = Z3_L_UNDEF;
		if (Z3_model_eval(z3, model, variable(solver, i), false, &value)) {
			truth = Z3_get_bool_value(z3, value);
		}
		ret_model->values[i] = (int8_t)(truth == Z3_L_UNDEF ? -1
				: truth == Z3_L_TRUE                ? 1
								    : 0);
	}
	Z3_model_dec_ref(z3, model);
	return read;
}

enum kp_diff_answer
kp_diff_solver_ask(
	struct kp_diff_solver *solver, uint32_t function, struct kp_diff_model *ret_model)
{
	if (solver == NULL || !make_room(solver)) {
		return KP_DIFF_UNKNOWN;
	}
	Z3_ast term = function_term(solver, function);
	if (term == NULL) {
		return KP_DIFF_UNKNOWN;
	}
	Z3_solver_push(solver->z3, solver->solver);
	Z3_solver_assert(solver->z3, solver->solver, term);
	Z3_lbool possible = Z3_solver_check(solver->z3, solver->solver);
	enum kp_diff_answer answer = possible == Z3_L_FALSE ? KP_DIFF_NEVER
		: possible == Z3_L_TRUE                     ? KP_DIFF_SOMETIMES
							    : KP_DIFF_UNKNOWN;
	if (answer == KP_DIFF_SOMETIMES && ret_model != NULL &&
		!read_model(solver, ret_model)) {
		answer = KP_DIFF_UNKNOWN;
	}
	Z3_solver_pop(solver->z3, solver->solver, 1);
	return answer;
}
