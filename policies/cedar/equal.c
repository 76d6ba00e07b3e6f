/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* equal: structural equality of expressions and policies, see ast.h. */
#include "ast.h"

static bool
both_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b)
{
	if (a == NULL || b == NULL) {
		return a == b;
	}
	return kp_cedar_expr_equal(a, b);
}

static bool
items_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!kp_cedar_expr_equal(a->items[i], b->items[i])) {
			return false;
		}
	}
	return true;
}

static const struct kp_cedar_field *
find_field(const struct kp_cedar_expr *record, const struct kp_cedar_name *name)
{
	for (size_t i = 0; i < record->field_count; i++) {
		if (record->fields[i].name == name) {
			return &record->fields[i];
		}
	}
	return NULL;
}

/* Attributes have no order. */
static bool
fields_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b)
{
	if (a->field_count != b->field_count) {
		return false;
	}
	for (size_t i = 0; i < a->field_count; i++) {
		const struct kp_cedar_field *other = find_field(b, a->fields[i].name);
		if (other == NULL ||
			!kp_cedar_expr_equal(a->fields[i].value, other->value)) {
			return false;
		}
	}
	return true;
}

static bool
path_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b)
{
	if (a->path_count != b->path_count) {
		return false;
	}
	for (size_t i = 0; i < a->path_count; i++) {
		if (a->path[i] != b->path[i]) {
			return false;
		}
	}
	return true;
}

static bool
pattern_equal(const struct kp_cedar_pattern *a, const struct kp_cedar_pattern *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!kp_slice_equal(a->parts[i], b->parts[i])) {
			return false;
		}
	}
	return true;
}

bool
kp_cedar_expr_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b)
{
	if (a == b) {
		return true;
	}
	if (a->op != b->op || a->height != b->height) {
		return false;
	}
	switch (a->op) {
	case KP_CEDAR_OP_LITERAL:
		return kp_cedar_value_equal(&a->literal, &b->literal);
	case KP_CEDAR_OP_VAR:
		return a->var == b->var;
	case KP_CEDAR_OP_NOT:
	case KP_CEDAR_OP_NEG:
	case KP_CEDAR_OP_IS_EMPTY:
		return kp_cedar_expr_equal(a->left, b->left);
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
	case KP_CEDAR_OP_GET_TAG:
	case KP_CEDAR_OP_HAS_TAG:
		return kp_cedar_expr_equal(a->left, b->left) &&
			kp_cedar_expr_equal(a->right, b->right);
	case KP_CEDAR_OP_IS:
		return a->type == b->type && kp_cedar_expr_equal(a->left, b->left) &&
			both_equal(a->right, b->right);
	case KP_CEDAR_OP_GET:
		return a->attr == b->attr && kp_cedar_expr_equal(a->left, b->left);
	case KP_CEDAR_OP_HAS:
		return path_equal(a, b) && kp_cedar_expr_equal(a->left, b->left);
	case KP_CEDAR_OP_LIKE:
		return pattern_equal(a->pattern, b->pattern) &&
			kp_cedar_expr_equal(a->left, b->left);
	case KP_CEDAR_OP_IF:
		return kp_cedar_expr_equal(a->test, b->test) &&
			kp_cedar_expr_equal(a->then, b->then) &&
			kp_cedar_expr_equal(a->otherwise, b->otherwise);
	case KP_CEDAR_OP_SET:
		return items_equal(a, b);
	case KP_CEDAR_OP_CALL:
		return a->fn == b->fn && items_equal(a, b);
	case KP_CEDAR_OP_RECORD:
		return fields_equal(a, b);
	}
	KP_UNREACHABLE();
}

/* `in [X]` and `in X` say the same, and have one form in JSON. */
static bool
op_equal(const struct kp_cedar_scope *a, const struct kp_cedar_scope *b)
{
	bool a_in = a->op == KP_CEDAR_SCOPE_IN || a->op == KP_CEDAR_SCOPE_IN_SET;
	bool b_in = b->op == KP_CEDAR_SCOPE_IN || b->op == KP_CEDAR_SCOPE_IN_SET;
	return a->op == b->op || (a_in && b_in);
}

static bool
scope_equal(const struct kp_cedar_scope *a, const struct kp_cedar_scope *b)
{
	bool a_set = a->op == KP_CEDAR_SCOPE_IN_SET;
	bool b_set = b->op == KP_CEDAR_SCOPE_IN_SET;
	const struct kp_cedar_uid *const *a_uids = a_set ? a->uids : &a->uid;
	const struct kp_cedar_uid *const *b_uids = b_set ? b->uids : &b->uid;
	size_t count = a_set ? a->uid_count : 1;
	if (!op_equal(a, b) || a->slot != b->slot || a->type != b->type ||
		count != (b_set ? b->uid_count : 1)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (a_uids[i] != b_uids[i]) {
			return false;
		}
	}
	return true;
}

static bool
annotations_equal(const struct kp_cedar_policy *a, const struct kp_cedar_policy *b)
{
	if (a->annotation_count != b->annotation_count) {
		return false;
	}
	for (size_t i = 0; i < a->annotation_count; i++) {
		if (a->annotations[i].name != b->annotations[i].name ||
			a->annotations[i].has_value != b->annotations[i].has_value ||
			!kp_slice_equal(
				a->annotations[i].value, b->annotations[i].value)) {
			return false;
		}
	}
	return true;
}

bool
kp_cedar_policy_equal(const struct kp_cedar_policy *a, const struct kp_cedar_policy *b)
{
	if (a->effect != b->effect || a->condition_count != b->condition_count ||
		!annotations_equal(a, b) || !scope_equal(&a->principal, &b->principal) ||
		!scope_equal(&a->action, &b->action) ||
		!scope_equal(&a->resource, &b->resource)) {
		return false;
	}
	for (size_t i = 0; i < a->condition_count; i++) {
		if (a->conditions[i].unless != b->conditions[i].unless ||
			!kp_cedar_expr_equal(
				a->conditions[i].expr, b->conditions[i].expr)) {
			return false;
		}
	}
	return true;
}
