/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* ast: see ast.h. Printing is in print.c, comparing in equal.c. */
#include "ast.h"

#define LIST_CAPACITY_FIRST 16

static const struct kp_cedar_expr *
one_of_three(const struct kp_cedar_expr *expr, size_t index)
{
	const struct kp_cedar_expr *operands[] = {
		expr->test, expr->then, expr->otherwise};
	return index < KP_ARRAY_LEN(operands) ? operands[index] : NULL;
}

const struct kp_cedar_expr *
kp_cedar_expr_child(const struct kp_cedar_expr *expr, size_t index)
{
	switch (expr->op) {
	case KP_CEDAR_OP_LITERAL:
	case KP_CEDAR_OP_VAR:
		return NULL;
	case KP_CEDAR_OP_NOT:
	case KP_CEDAR_OP_NEG:
	case KP_CEDAR_OP_IS_EMPTY:
	case KP_CEDAR_OP_GET:
	case KP_CEDAR_OP_HAS:
	case KP_CEDAR_OP_LIKE:
		return index == 0 ? expr->left : NULL;
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
	case KP_CEDAR_OP_IS: /* its right side may be absent */
		return index == 0 ? expr->left : (index == 1 ? expr->right : NULL);
	case KP_CEDAR_OP_IF:
		return one_of_three(expr, index);
	case KP_CEDAR_OP_SET:
	case KP_CEDAR_OP_CALL:
		return index < expr->count ? expr->items[index] : NULL;
	case KP_CEDAR_OP_RECORD:
		return index < expr->field_count ? expr->fields[index].value : NULL;
	}
	KP_UNREACHABLE();
}

static uint16_t
children_height(const struct kp_cedar_expr *expr)
{
	uint16_t height = 0;
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		height = child->height > height ? child->height : height;
	}
	return height;
}

/* Constant of a set whose elements all have one. */
static enum kp_status
fold_set(struct kp_arena *arena, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value, bool *ret_constant)
{
	for (size_t i = 0; i < expr->count; i++) {
		if (expr->items[i]->constant == NULL) {
			return KP_OK;
		}
	}
	struct kp_cedar_value *items =
		KP_ARENA_ARRAY(arena, struct kp_cedar_value, expr->count);
	if (items == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < expr->count; i++) {
		items[i] = *expr->items[i]->constant;
	}
	*ret_constant = true;
	return kp_cedar_set_make(arena, items, expr->count, ret_value);
}

static enum kp_status
fold_record(struct kp_arena *arena, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value, bool *ret_constant)
{
	for (size_t i = 0; i < expr->field_count; i++) {
		if (expr->fields[i].value->constant == NULL) {
			return KP_OK;
		}
	}
	struct kp_cedar_attr *attrs =
		KP_ARENA_ARRAY(arena, struct kp_cedar_attr, expr->field_count);
	if (attrs == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < expr->field_count; i++) {
		attrs[i].name = expr->fields[i].name;
		attrs[i].value = *expr->fields[i].value->constant;
	}
	*ret_constant = true;
	return kp_cedar_record_make(arena, attrs, expr->field_count, ret_value);
}

/* decimal("1.0") and the like; a bad literal stays a call, so that it errs where it is
 * evaluated. */
static enum kp_status
fold_call(struct kp_arena *arena, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value, bool *ret_constant)
{
	if (kp_cedar_fn_info(expr->fn)->method || expr->count != 1 ||
		expr->items[0]->constant == NULL ||
		expr->items[0]->constant->kind != KP_CEDAR_STRING) {
		return KP_OK;
	}
	return kp_cedar_construct(arena, kp_cedar_fn_info(expr->fn)->result,
		expr->items[0]->constant->string, ret_value, ret_constant);
}

static enum kp_status
fold(struct kp_arena *arena, struct kp_cedar_expr *expr)
{
	struct kp_cedar_value value = {.kind = KP_CEDAR_BOOL};
	bool constant = false;
	enum kp_status status = KP_OK;
	if (expr->op == KP_CEDAR_OP_LITERAL) {
		expr->constant = &expr->literal;
		return KP_OK;
	}
	if (expr->op == KP_CEDAR_OP_SET) {
		status = fold_set(arena, expr, &value, &constant);
	} else if (expr->op == KP_CEDAR_OP_RECORD) {
		status = fold_record(arena, expr, &value, &constant);
	} else if (expr->op == KP_CEDAR_OP_CALL) {
		status = fold_call(arena, expr, &value, &constant);
	}
	if (status != KP_OK || !constant) {
		return status;
	}
	struct kp_cedar_value *kept = KP_ARENA_NEW(arena, struct kp_cedar_value);
	if (kept == NULL) {
		return KP_E_MEMORY;
	}
	*kept = value;
	expr->constant = kept;
	return KP_OK;
}

enum kp_status
kp_cedar_expr_seal(struct kp_arena *arena, const char *file, struct kp_cedar_expr *expr,
	struct kp_error *err)
{
	expr->constant = NULL;
	expr->height = (uint16_t)(children_height(expr) + 1);
	enum kp_status status;
	if (expr->height > KP_CEDAR_HEIGHT_MAX) {
		status = kp_error_set(err, KP_E_LIMIT,
			"the expression is nested or chained deeper than %d",
			KP_CEDAR_HEIGHT_MAX);
	} else {
		status = fold(arena, expr);
		if (status == KP_OK) {
			return KP_OK;
		}
		status = status == KP_E_MEMORY
			? kp_error_set(err, status, "no memory left for an expression")
			: kp_error_set(err, status, "the record has an attribute twice");
	}
	kp_error_at(err, file, expr->pos.line, expr->pos.column, NULL);
	return status;
}

void
kp_cedar_policy_set_init(struct kp_cedar_policy_set *set, struct kp_arena *arena)
{
	*set = (struct kp_cedar_policy_set){
		.policies.arena = arena, .templates.arena = arena};
}

enum kp_status
kp_cedar_policy_list_add(
	struct kp_cedar_policy_list *list, const struct kp_cedar_policy *policy)
{
	const struct kp_cedar_policy **items = kp_arena_fit(list->arena, list->items,
		list->count, &list->capacity, LIST_CAPACITY_FIRST, sizeof(*items));
	if (items == NULL) {
		return KP_E_MEMORY;
	}
	list->items = items;
	list->items[list->count++] = policy;
	return KP_OK;
}

const struct kp_cedar_policy *
kp_cedar_policy_list_find(
	const struct kp_cedar_policy_list *list, const struct kp_cedar_name *id)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i]->id == id) {
			return list->items[i];
		}
	}
	return NULL;
}

const struct kp_cedar_annotation *
kp_cedar_policy_annotation(const struct kp_cedar_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->annotation_count; i++) {
		if (kp_slice_is(policy->annotations[i].name->text, name)) {
			return &policy->annotations[i];
		}
	}
	return NULL;
}
