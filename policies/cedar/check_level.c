/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * check_level: how far a policy reaches into stored entities (Cedar RFC 76; cedar-spec,
 * Cedar/Validation/Levels.lean). At level 1 a policy needs the data of principal, action,
 * resource and of entities in the context, and of nothing that those point to. A literal
 * entity may not be opened at all: who slices entities for a request would not find it.
 */
#include "check_room.h"

/* Attributes to take from a record before an entity is reached, innermost first. */
struct path {
	const struct kp_cedar_name *attr;
	const struct path *rest;
};

static void check(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr);

static const struct kp_cedar_type *
type_of(const struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	return kp_cedar_map_find(&checker->types, expr);
}

static bool
is_entity(const struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	const struct kp_cedar_type *type = type_of(checker, expr);
	return type != NULL && type->kind == KP_CEDAR_TYPE_ENTITY;
}

/* Why an entity may not be opened. */
enum reach {
	REACH_OK,
	REACH_TOO_FAR,
	REACH_LITERAL,
};

static enum reach reach(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, unsigned left, const struct path *path);

static enum reach
worst(enum reach a, enum reach b)
{
	return a > b ? a : b;
}

static enum reach
reach_record(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	unsigned left, const struct path *path)
{
	enum reach result = path == NULL ? REACH_LITERAL : REACH_OK;
	for (size_t i = 0; path != NULL && i < expr->field_count; i++) {
		const struct kp_cedar_field *field = &expr->fields[i];
		if (field->name == path->attr) {
			result = reach(checker, field->value, left, path->rest);
		} else {
			check(checker, field->value);
		}
	}
	return result;
}

static enum reach
reach_get(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	unsigned left, const struct path *path)
{
	if (is_entity(checker, expr->left)) {
		return left == 0 ? REACH_TOO_FAR
				 : reach(checker, expr->left, left - 1, NULL);
	}
	struct path longer = {expr->attr, path};
	return reach(checker, expr->left, left, &longer);
}

/* May what `expr` gives be opened, when so many steps are left before it? */
static enum reach
reach(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr, unsigned left,
	const struct path *path)
{
	if (type_of(checker, expr) == NULL) {
		return REACH_OK; /* never evaluated */
	}
	switch (expr->op) {
	case KP_CEDAR_OP_VAR:
		return REACH_OK;
	case KP_CEDAR_OP_LITERAL:
		return expr->literal.kind == KP_CEDAR_ENTITY &&
				expr->literal.entity == checker->environment->action->uid
			? REACH_OK
			: REACH_LITERAL;
	case KP_CEDAR_OP_IF:
		check(checker, expr->test);
		return worst(reach(checker, expr->then, left, path),
			reach(checker, expr->otherwise, left, path));
	case KP_CEDAR_OP_GET:
		return reach_get(checker, expr, left, path);
	case KP_CEDAR_OP_GET_TAG:
		check(checker, expr->right);
		return left == 0 ? REACH_TOO_FAR
				 : reach(checker, expr->left, left - 1, NULL);
	case KP_CEDAR_OP_RECORD:
		return reach_record(checker, expr, left, path);
	case KP_CEDAR_OP_NOT:
	case KP_CEDAR_OP_NEG:
	case KP_CEDAR_OP_AND:
	case KP_CEDAR_OP_OR:
	case KP_CEDAR_OP_EQ:
	case KP_CEDAR_OP_NE:
	case KP_CEDAR_OP_LT:
	case KP_CEDAR_OP_LE:
	case KP_CEDAR_OP_GT:
	case KP_CEDAR_OP_GE:
	case KP_CEDAR_OP_IN:
	case KP_CEDAR_OP_ADD:
	case KP_CEDAR_OP_SUB:
	case KP_CEDAR_OP_MUL:
	case KP_CEDAR_OP_CONTAINS:
	case KP_CEDAR_OP_CONTAINS_ALL:
	case KP_CEDAR_OP_CONTAINS_ANY:
	case KP_CEDAR_OP_HAS_TAG:
	case KP_CEDAR_OP_IS_EMPTY:
	case KP_CEDAR_OP_HAS:
	case KP_CEDAR_OP_LIKE:
	case KP_CEDAR_OP_IS:
	case KP_CEDAR_OP_SET:
	case KP_CEDAR_OP_CALL:
		break;
	}
	return REACH_LITERAL;
}

/* `whole` opens the entity `base`. */
static void
opens(struct kp_cedar_checker *checker, const struct kp_cedar_expr *whole,
	const struct kp_cedar_expr *base)
{
	unsigned level = checker->options->level_max;
	enum reach result =
		level == 0 ? REACH_TOO_FAR : reach(checker, base, level - 1, NULL);
	if (result == REACH_LITERAL) {
		kp_cedar_check_complain(checker, whole->pos,
			"an entity that is written out cannot be opened, only principal, "
			"action, resource and context and what they lead to");
	} else if (result == REACH_TOO_FAR) {
		kp_cedar_check_complain(checker, whole->pos,
			"this reaches further into stored entities than level %u allows",
			level);
	}
}

static void
check_attr(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	const struct kp_cedar_expr *all = kp_cedar_map_find(&checker->written_out, expr);
	if (expr->op == KP_CEDAR_OP_HAS && all != NULL) {
		check(checker, all);
	} else if (is_entity(checker, expr->left)) {
		opens(checker, expr, expr->left);
	} else {
		check(checker, expr->left);
	}
}

/* Operators that open the entity on their left. */
static bool
opens_left(const struct kp_cedar_expr *expr)
{
	return expr->op == KP_CEDAR_OP_IN || expr->op == KP_CEDAR_OP_HAS_TAG ||
		expr->op == KP_CEDAR_OP_GET_TAG ||
		(expr->op == KP_CEDAR_OP_IS && expr->right != NULL);
}

static void
check(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	if (type_of(checker, expr) == NULL || !kp_cedar_check_step(checker)) {
		return; /* never evaluated */
	}
	if (expr->op == KP_CEDAR_OP_GET || expr->op == KP_CEDAR_OP_HAS) {
		check_attr(checker, expr);
		return;
	}
	size_t first = 0;
	if (opens_left(expr)) {
		opens(checker, expr, expr->left);
		first = 1;
	}
	const struct kp_cedar_expr *child;
	for (size_t i = first; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		check(checker, child);
	}
}

/* `in` asks the store for ancestors, in the scope as elsewhere. */
static void
check_scope(struct kp_cedar_checker *checker, const struct kp_cedar_scope *scope)
{
	bool asks = scope->op == KP_CEDAR_SCOPE_IN ||
		scope->op == KP_CEDAR_SCOPE_IN_SET || scope->op == KP_CEDAR_SCOPE_IS_IN;
	if (asks && checker->options->level_max == 0) {
		kp_cedar_check_complain(checker, scope->pos,
			"this reaches further into stored entities than level 0 allows");
	}
}

void
kp_cedar_check_level(struct kp_cedar_checker *checker)
{
	const struct kp_cedar_policy *policy = checker->policy;
	check_scope(checker, &policy->principal);
	check_scope(checker, &policy->action);
	check_scope(checker, &policy->resource);
	for (size_t i = 0; i < policy->condition_count; i++) {
		check(checker, policy->conditions[i].expr);
	}
}
