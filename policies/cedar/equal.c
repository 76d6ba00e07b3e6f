/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* equal: structural equality of expressions and policies, see ast.h. */
#include "ast.h"

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

/* What the node itself says besides its operands. */
static bool
node_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b)
{
	if (a->op != b->op || a->height != b->height) {
		return false;
	}
	if (a->op == KP_CEDAR_OP_LITERAL) {
		return kp_cedar_value_equal(&a->literal, &b->literal);
	}
	if (a->op == KP_CEDAR_OP_VAR) {
		return a->var == b->var;
	}
	if (a->op == KP_CEDAR_OP_IS) {
		return a->type == b->type;
	}
	if (a->op == KP_CEDAR_OP_GET) {
		return a->attr == b->attr;
	}
	if (a->op == KP_CEDAR_OP_HAS) {
		return path_equal(a, b);
	}
	if (a->op == KP_CEDAR_OP_LIKE) {
		return pattern_equal(a->pattern, b->pattern);
	}
	return a->op != KP_CEDAR_OP_CALL || a->fn == b->fn;
}

bool
kp_cedar_expr_equal(const struct kp_cedar_expr *a, const struct kp_cedar_expr *b)
{
	if (a == b) {
		return true;
	}
	if (!node_equal(a, b)) {
		return false;
	}
	if (a->op == KP_CEDAR_OP_RECORD) {
		return fields_equal(a, b);
	}
	for (size_t i = 0;; i++) {
		const struct kp_cedar_expr *one = kp_cedar_expr_child(a, i);
		const struct kp_cedar_expr *other = kp_cedar_expr_child(b, i);
		if (one == NULL || other == NULL) {
			return one == other;
		}
		if (!kp_cedar_expr_equal(one, other)) {
			return false;
		}
	}
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
