/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * eval: expressions. Operands are evaluated left, then right, then their kinds are
 * checked; only &&,
 * ||, if and `is T in` leave an operand out. Recursion is bounded by KP_CEDAR_HEIGHT_MAX.
 */
#include "evaluator.h"

#define BIT(kind) (1U << (kind))
/* Arguments of one call or elements of one set that need no allocation while they are
 * evaluated. */
#define ARGS_INLINE 4

static const struct kp_cedar_record empty_record = {NULL, 0};

enum kp_cedar_failure
kp_cedar_fail(struct kp_cedar_eval *eval, enum kp_cedar_failure failure,
	const struct kp_cedar_expr *at)
{
	eval->error = (struct kp_cedar_eval_error){.failure = failure, .at = at};
	return failure;
}

enum kp_cedar_failure
kp_cedar_fail_type(struct kp_cedar_eval *eval, const struct kp_cedar_expr *at,
	enum kp_cedar_kind found, uint32_t expected)
{
	eval->error = (struct kp_cedar_eval_error){.failure = KP_CEDAR_FAIL_TYPE,
		.at = at,
		.found = found,
		.expected = expected};
	return KP_CEDAR_FAIL_TYPE;
}

static enum kp_cedar_failure
fail_name(struct kp_cedar_eval *eval, enum kp_cedar_failure failure,
	const struct kp_cedar_expr *at, const struct kp_cedar_uid *entity,
	struct kp_slice name)
{
	eval->error = (struct kp_cedar_eval_error){
		.failure = failure, .at = at, .entity = entity, .name = name};
	return failure;
}

const struct kp_cedar_entity *
kp_cedar_eval_entity(struct kp_cedar_eval *eval, const struct kp_cedar_uid *uid)
{
	size_t slot = uid->hash % KP_CEDAR_EVAL_CACHE;
	if (eval->cache[slot].uid != uid) {
		eval->cache[slot].uid = uid;
		eval->cache[slot].entity = eval->entities == NULL
			? NULL
			: kp_cedar_entities_find(eval->entities, uid);
	}
	return eval->cache[slot].entity;
}

bool
kp_cedar_eval_in(struct kp_cedar_eval *eval, const struct kp_cedar_uid *uid,
	const struct kp_cedar_uid *ancestor)
{
	if (uid == ancestor) {
		return true;
	}
	const struct kp_cedar_entity *entity = kp_cedar_eval_entity(eval, uid);
	return entity != NULL && kp_cedar_entity_in(entity, ancestor);
}

/* Evaluates `expr`, which must be of `kind`. */
static inline enum kp_cedar_failure
eval_kind(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	enum kp_cedar_kind kind, struct kp_cedar_value *ret_value)
{
	enum kp_cedar_failure failure = kp_cedar_eval_expr(eval, expr, ret_value);
	if (failure == KP_CEDAR_FAIL_NONE && ret_value->kind != kind) {
		return kp_cedar_fail_type(eval, expr, ret_value->kind, BIT(kind));
	}
	return failure;
}

static enum kp_cedar_failure
eval_logic(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	enum kp_cedar_failure failure =
		eval_kind(eval, expr->left, KP_CEDAR_BOOL, ret_value);
	if (failure != KP_CEDAR_FAIL_NONE ||
		ret_value->boolean == (expr->op == KP_CEDAR_OP_OR)) {
		return failure;
	}
	return eval_kind(eval, expr->right, KP_CEDAR_BOOL, ret_value);
}

static enum kp_cedar_failure
eval_both(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_left, struct kp_cedar_value *ret_right)
{
	enum kp_cedar_failure failure = kp_cedar_eval_expr(eval, expr->left, ret_left);
	return failure == KP_CEDAR_FAIL_NONE
		? kp_cedar_eval_expr(eval, expr->right, ret_right)
		: failure;
}

static enum kp_cedar_failure
eval_equality(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	struct kp_cedar_value right;
	enum kp_cedar_failure failure = eval_both(eval, expr, &left, &right);
	if (failure == KP_CEDAR_FAIL_NONE) {
		bool equal = kp_cedar_value_equal(&left, &right);
		*ret_value = kp_cedar_bool(equal == (expr->op == KP_CEDAR_OP_EQ));
	}
	return failure;
}

static enum kp_cedar_failure
eval_order(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	const uint32_t ordered =
		BIT(KP_CEDAR_LONG) | BIT(KP_CEDAR_DATETIME) | BIT(KP_CEDAR_DURATION);
	struct kp_cedar_value left;
	struct kp_cedar_value right;
	enum kp_cedar_failure failure = eval_both(eval, expr, &left, &right);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	if ((ordered & BIT(left.kind)) == 0) {
		return kp_cedar_fail_type(eval, expr->left, left.kind, ordered);
	}
	if (right.kind != left.kind) {
		return kp_cedar_fail_type(eval, expr->right, right.kind, BIT(left.kind));
	}
	bool result = expr->op == KP_CEDAR_OP_LT ? left.integer < right.integer
		: expr->op == KP_CEDAR_OP_LE     ? left.integer <= right.integer
		: expr->op == KP_CEDAR_OP_GT     ? left.integer > right.integer
						 : left.integer >= right.integer;
	*ret_value = kp_cedar_bool(result);
	return KP_CEDAR_FAIL_NONE;
}

/* Both operands, then the kinds of both. */
static enum kp_cedar_failure
eval_two_kinds(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	enum kp_cedar_kind left_kind, enum kp_cedar_kind right_kind,
	struct kp_cedar_value *ret_left, struct kp_cedar_value *ret_right)
{
	enum kp_cedar_failure failure = eval_both(eval, expr, ret_left, ret_right);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	if (ret_left->kind != left_kind) {
		return kp_cedar_fail_type(
			eval, expr->left, ret_left->kind, BIT(left_kind));
	}
	if (ret_right->kind != right_kind) {
		return kp_cedar_fail_type(
			eval, expr->right, ret_right->kind, BIT(right_kind));
	}
	return KP_CEDAR_FAIL_NONE;
}

static enum kp_cedar_failure
eval_arithmetic(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	struct kp_cedar_value right;
	enum kp_cedar_failure failure =
		eval_two_kinds(eval, expr, KP_CEDAR_LONG, KP_CEDAR_LONG, &left, &right);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	int64_t result;
	bool overflow = expr->op == KP_CEDAR_OP_ADD
		? __builtin_add_overflow(left.integer, right.integer, &result)
		: expr->op == KP_CEDAR_OP_SUB
		? __builtin_sub_overflow(left.integer, right.integer, &result)
		: __builtin_mul_overflow(left.integer, right.integer, &result);
	if (overflow) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_OVERFLOW, expr);
	}
	*ret_value = kp_cedar_long(result);
	return KP_CEDAR_FAIL_NONE;
}

static enum kp_cedar_failure
eval_sign(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value operand;
	if (expr->op == KP_CEDAR_OP_NOT) {
		enum kp_cedar_failure failure =
			eval_kind(eval, expr->left, KP_CEDAR_BOOL, &operand);
		*ret_value =
			kp_cedar_bool(failure == KP_CEDAR_FAIL_NONE && !operand.boolean);
		return failure;
	}
	enum kp_cedar_failure failure =
		eval_kind(eval, expr->left, KP_CEDAR_LONG, &operand);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	if (operand.integer == INT64_MIN) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_OVERFLOW, expr);
	}
	*ret_value = kp_cedar_long(-operand.integer);
	return KP_CEDAR_FAIL_NONE;
}

/* Is `uid` in what `right` names: an entity, or any of a set of entities? */
static enum kp_cedar_failure
eval_in_value(struct kp_cedar_eval *eval, const struct kp_cedar_expr *at,
	const struct kp_cedar_uid *uid, const struct kp_cedar_value *right,
	struct kp_cedar_value *ret_value)
{
	if (right->kind == KP_CEDAR_ENTITY) {
		*ret_value = kp_cedar_bool(kp_cedar_eval_in(eval, uid, right->entity));
		return KP_CEDAR_FAIL_NONE;
	}
	if (right->kind != KP_CEDAR_SET) {
		return kp_cedar_fail_type(
			eval, at, right->kind, BIT(KP_CEDAR_ENTITY) | BIT(KP_CEDAR_SET));
	}
	/* One wrong member is an error even when another matches. */
	const struct kp_cedar_set *set = right->set;
	for (size_t i = 0; i < set->count; i++) {
		if (set->items[i].kind != KP_CEDAR_ENTITY) {
			return kp_cedar_fail_type(
				eval, at, set->items[i].kind, BIT(KP_CEDAR_ENTITY));
		}
	}
	bool in = false;
	for (size_t i = 0; !in && i < set->count; i++) {
		in = kp_cedar_eval_in(eval, uid, set->items[i].entity);
	}
	*ret_value = kp_cedar_bool(in);
	return KP_CEDAR_FAIL_NONE;
}

static enum kp_cedar_failure
eval_in(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	struct kp_cedar_value right;
	enum kp_cedar_failure failure = eval_both(eval, expr, &left, &right);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	if (left.kind != KP_CEDAR_ENTITY) {
		return kp_cedar_fail_type(
			eval, expr->left, left.kind, BIT(KP_CEDAR_ENTITY));
	}
	return eval_in_value(eval, expr->right, left.entity, &right, ret_value);
}

static enum kp_cedar_failure
eval_is(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	enum kp_cedar_failure failure =
		eval_kind(eval, expr->left, KP_CEDAR_ENTITY, &left);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	bool is = left.entity->type == expr->type;
	*ret_value = kp_cedar_bool(is);
	if (!is || expr->right == NULL) {
		return KP_CEDAR_FAIL_NONE;
	}
	struct kp_cedar_value right;
	failure = kp_cedar_eval_expr(eval, expr->right, &right);
	return failure == KP_CEDAR_FAIL_NONE
		? eval_in_value(eval, expr->right, left.entity, &right, ret_value)
		: failure;
}

static bool
contains_all(const struct kp_cedar_set *set, const struct kp_cedar_set *wanted)
{
	if (wanted->count > set->count) {
		return false;
	}
	for (size_t i = 0; i < wanted->count; i++) {
		if (!kp_cedar_set_has(set, &wanted->items[i])) {
			return false;
		}
	}
	return true;
}

static bool
contains_any(const struct kp_cedar_set *set, const struct kp_cedar_set *wanted)
{
	const struct kp_cedar_set *small = wanted->count < set->count ? wanted : set;
	const struct kp_cedar_set *large = small == wanted ? set : wanted;
	for (size_t i = 0; i < small->count; i++) {
		if (kp_cedar_set_has(large, &small->items[i])) {
			return true;
		}
	}
	return false;
}

static enum kp_cedar_failure
eval_contains(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	struct kp_cedar_value right;
	enum kp_cedar_failure failure = eval_both(eval, expr, &left, &right);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	if (left.kind != KP_CEDAR_SET) {
		return kp_cedar_fail_type(eval, expr->left, left.kind, BIT(KP_CEDAR_SET));
	}
	if (expr->op == KP_CEDAR_OP_CONTAINS) {
		*ret_value = kp_cedar_bool(kp_cedar_set_has(left.set, &right));
		return KP_CEDAR_FAIL_NONE;
	}
	if (right.kind != KP_CEDAR_SET) {
		return kp_cedar_fail_type(
			eval, expr->right, right.kind, BIT(KP_CEDAR_SET));
	}
	*ret_value = kp_cedar_bool(expr->op == KP_CEDAR_OP_CONTAINS_ALL
			? contains_all(left.set, right.set)
			: contains_any(left.set, right.set));
	return KP_CEDAR_FAIL_NONE;
}

static enum kp_cedar_failure
eval_tag(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	struct kp_cedar_value key;
	enum kp_cedar_failure failure =
		eval_two_kinds(eval, expr, KP_CEDAR_ENTITY, KP_CEDAR_STRING, &left, &key);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	const struct kp_cedar_entity *entity = kp_cedar_eval_entity(eval, left.entity);
	const struct kp_cedar_value *tag =
		entity == NULL ? NULL : kp_cedar_entity_tag(entity, key.string);
	if (expr->op == KP_CEDAR_OP_HAS_TAG) {
		*ret_value = kp_cedar_bool(tag != NULL);
		return KP_CEDAR_FAIL_NONE;
	}
	if (tag == NULL) {
		return fail_name(eval,
			entity == NULL ? KP_CEDAR_FAIL_ENTITY : KP_CEDAR_FAIL_TAG, expr,
			left.entity, key.string);
	}
	*ret_value = *tag;
	return KP_CEDAR_FAIL_NONE;
}

/* *ret_attr is NULL when there is no such attribute; false when `object` can have none.
 */
static bool
find_attr(struct kp_cedar_eval *eval, const struct kp_cedar_value *object,
	const struct kp_cedar_name *name, const struct kp_cedar_value **ret_attr)
{
	if (object->kind == KP_CEDAR_RECORD) {
		*ret_attr = kp_cedar_record_get(object->record, name);
		return true;
	}
	if (object->kind == KP_CEDAR_ENTITY) {
		const struct kp_cedar_entity *entity =
			kp_cedar_eval_entity(eval, object->entity);
		*ret_attr =
			entity == NULL ? NULL : kp_cedar_record_get(entity->attrs, name);
		return true;
	}
	return false;
}

static enum kp_cedar_failure
eval_get(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value object;
	const struct kp_cedar_value *attr = NULL;
	enum kp_cedar_failure failure = kp_cedar_eval_expr(eval, expr->left, &object);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	if (!find_attr(eval, &object, expr->attr, &attr)) {
		return kp_cedar_fail_type(eval, expr->left, object.kind,
			BIT(KP_CEDAR_RECORD) | BIT(KP_CEDAR_ENTITY));
	}
	if (attr != NULL) {
		*ret_value = *attr;
		return KP_CEDAR_FAIL_NONE;
	}
	if (object.kind == KP_CEDAR_RECORD) {
		return fail_name(eval, KP_CEDAR_FAIL_ATTR, expr, NULL, expr->attr->text);
	}
	bool exists = kp_cedar_eval_entity(eval, object.entity) != NULL;
	return fail_name(eval, exists ? KP_CEDAR_FAIL_ATTR : KP_CEDAR_FAIL_ENTITY, expr,
		object.entity, expr->attr->text);
}

/* e has a.b.c is e has a && e.a has b && e.a.b has c, with e evaluated once. */
static enum kp_cedar_failure
eval_has(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value object;
	enum kp_cedar_failure failure = kp_cedar_eval_expr(eval, expr->left, &object);
	for (size_t i = 0; failure == KP_CEDAR_FAIL_NONE && i < expr->path_count; i++) {
		const struct kp_cedar_value *attr = NULL;
		if (!find_attr(eval, &object, expr->path[i], &attr)) {
			return kp_cedar_fail_type(eval, expr, object.kind,
				BIT(KP_CEDAR_RECORD) | BIT(KP_CEDAR_ENTITY));
		}
		if (attr == NULL) {
			*ret_value = kp_cedar_bool(false);
			return KP_CEDAR_FAIL_NONE;
		}
		object = *attr;
	}
	*ret_value = kp_cedar_bool(true);
	return failure;
}

static enum kp_cedar_failure
eval_like(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	enum kp_cedar_failure failure =
		eval_kind(eval, expr->left, KP_CEDAR_STRING, &left);
	if (failure == KP_CEDAR_FAIL_NONE) {
		*ret_value =
			kp_cedar_bool(kp_cedar_pattern_match(expr->pattern, left.string));
	}
	return failure;
}

static enum kp_cedar_failure
eval_if(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value test;
	enum kp_cedar_failure failure = eval_kind(eval, expr->test, KP_CEDAR_BOOL, &test);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	return kp_cedar_eval_expr(
		eval, test.boolean ? expr->then : expr->otherwise, ret_value);
}

static enum kp_cedar_failure
eval_items(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *items)
{
	enum kp_cedar_failure failure = KP_CEDAR_FAIL_NONE;
	for (size_t i = 0; failure == KP_CEDAR_FAIL_NONE && i < expr->count; i++) {
		failure = kp_cedar_eval_expr(eval, expr->items[i], &items[i]);
	}
	return failure;
}

static enum kp_cedar_failure
eval_set(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value *items =
		KP_ARENA_ARRAY(eval->arena, struct kp_cedar_value, expr->count);
	if (items == NULL) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_MEMORY, expr);
	}
	enum kp_cedar_failure failure = eval_items(eval, expr, items);
	if (failure == KP_CEDAR_FAIL_NONE &&
		kp_cedar_set_make(eval->arena, items, expr->count, ret_value) != KP_OK) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_MEMORY, expr);
	}
	return failure;
}

static enum kp_cedar_failure
eval_record(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_attr *attrs =
		KP_ARENA_ARRAY(eval->arena, struct kp_cedar_attr, expr->field_count);
	if (attrs == NULL) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_MEMORY, expr);
	}
	for (size_t i = 0; i < expr->field_count; i++) {
		attrs[i].name = expr->fields[i].name;
		enum kp_cedar_failure failure =
			kp_cedar_eval_expr(eval, expr->fields[i].value, &attrs[i].value);
		if (failure != KP_CEDAR_FAIL_NONE) {
			return failure;
		}
	}
	if (kp_cedar_record_make(eval->arena, attrs, expr->field_count, ret_value) !=
		KP_OK) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_MEMORY, expr);
	}
	return KP_CEDAR_FAIL_NONE;
}

static enum kp_cedar_failure
eval_call(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value few[ARGS_INLINE];
	struct kp_cedar_value *args = few;
	if (expr->count > ARGS_INLINE) {
		args = KP_ARENA_ARRAY(eval->arena, struct kp_cedar_value, expr->count);
		if (args == NULL) {
			return kp_cedar_fail(eval, KP_CEDAR_FAIL_MEMORY, expr);
		}
	}
	enum kp_cedar_failure failure = eval_items(eval, expr, args);
	return failure == KP_CEDAR_FAIL_NONE
		? kp_cedar_eval_call(eval, expr, args, ret_value)
		: failure;
}

static struct kp_cedar_value
variable(const struct kp_cedar_request *request, enum kp_cedar_var var)
{
	switch (var) {
	case KP_CEDAR_VAR_PRINCIPAL:
		return kp_cedar_entity_value(request->principal);
	case KP_CEDAR_VAR_ACTION:
		return kp_cedar_entity_value(request->action);
	case KP_CEDAR_VAR_RESOURCE:
		return kp_cedar_entity_value(request->resource);
	case KP_CEDAR_VAR_CONTEXT:
		return (struct kp_cedar_value){.kind = KP_CEDAR_RECORD,
			.record = request->context == NULL ? &empty_record
							   : request->context};
	}
	KP_UNREACHABLE();
}

static enum kp_cedar_failure
eval_is_empty(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	struct kp_cedar_value left;
	enum kp_cedar_failure failure = eval_kind(eval, expr->left, KP_CEDAR_SET, &left);
	if (failure == KP_CEDAR_FAIL_NONE) {
		*ret_value = kp_cedar_bool(left.set->count == 0);
	}
	return failure;
}

enum kp_cedar_failure
kp_cedar_eval_expr(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	if (expr->constant != NULL) {
		*ret_value = *expr->constant;
		return KP_CEDAR_FAIL_NONE;
	}
	switch (expr->op) {
	case KP_CEDAR_OP_LITERAL:
		*ret_value = expr->literal;
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_OP_VAR:
		*ret_value = variable(eval->request, expr->var);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_OP_NOT:
	case KP_CEDAR_OP_NEG:
		return eval_sign(eval, expr, ret_value);
	case KP_CEDAR_OP_AND:
	case KP_CEDAR_OP_OR:
		return eval_logic(eval, expr, ret_value);
	case KP_CEDAR_OP_EQ:
	case KP_CEDAR_OP_NE:
		return eval_equality(eval, expr, ret_value);
	case KP_CEDAR_OP_LT:
	case KP_CEDAR_OP_LE:
	case KP_CEDAR_OP_GT:
	case KP_CEDAR_OP_GE:
		return eval_order(eval, expr, ret_value);
	case KP_CEDAR_OP_IN:
		return eval_in(eval, expr, ret_value);
	case KP_CEDAR_OP_ADD:
	case KP_CEDAR_OP_SUB:
	case KP_CEDAR_OP_MUL:
		return eval_arithmetic(eval, expr, ret_value);
	case KP_CEDAR_OP_CONTAINS:
	case KP_CEDAR_OP_CONTAINS_ALL:
	case KP_CEDAR_OP_CONTAINS_ANY:
		return eval_contains(eval, expr, ret_value);
	case KP_CEDAR_OP_GET_TAG:
	case KP_CEDAR_OP_HAS_TAG:
		return eval_tag(eval, expr, ret_value);
	case KP_CEDAR_OP_IS_EMPTY:
		return eval_is_empty(eval, expr, ret_value);
	case KP_CEDAR_OP_GET:
		return eval_get(eval, expr, ret_value);
	case KP_CEDAR_OP_HAS:
		return eval_has(eval, expr, ret_value);
	case KP_CEDAR_OP_LIKE:
		return eval_like(eval, expr, ret_value);
	case KP_CEDAR_OP_IS:
		return eval_is(eval, expr, ret_value);
	case KP_CEDAR_OP_IF:
		return eval_if(eval, expr, ret_value);
	case KP_CEDAR_OP_SET:
		return eval_set(eval, expr, ret_value);
	case KP_CEDAR_OP_RECORD:
		return eval_record(eval, expr, ret_value);
	case KP_CEDAR_OP_CALL:
		return eval_call(eval, expr, ret_value);
	}
	KP_UNREACHABLE();
}
