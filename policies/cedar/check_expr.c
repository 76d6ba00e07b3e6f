/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * check_expr: the type of an expression in one environment (cedar-spec,
 * Cedar/Validation/Typechecker.lean). Beside the type goes what is known to be present
 * when the expression is true: `principal has x` makes `principal.x` safe in what
 * follows.
 */
#include "check_typed.h"

/* --- small questions --- */

/* The uid that an expression is for certain: a literal, or the variable `action`. */
static const struct kp_cedar_uid *
literal_uid(const struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_LITERAL && expr->literal.kind == KP_CEDAR_ENTITY) {
		return expr->literal.entity;
	}
	if (expr->op == KP_CEDAR_OP_VAR && expr->var == KP_CEDAR_VAR_ACTION) {
		return checker->environment->action->uid;
	}
	return NULL;
}

static const struct kp_cedar_type *
entity_type(struct kp_cedar_checker *checker, const struct kp_cedar_name *name)
{
	struct kp_cedar_type *type = KP_ARENA_NEW(checker->arena, struct kp_cedar_type);
	if (type == NULL) {
		kp_cedar_check_no_memory(checker);
		return NULL;
	}
	*type = (struct kp_cedar_type){
		.kind = KP_CEDAR_TYPE_ENTITY, .depth = 1, .entity = name};
	return type;
}

const struct kp_cedar_type *
kp_cedar_check_wrong_type(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const char *expected,
	const struct kp_cedar_type *found)
{
	char text[KP_CEDAR_TYPE_TEXT_MAX];
	kp_cedar_check_complain(checker, expr->pos, "expected %s, found %s", expected,
		kp_cedar_type_text(found, text));
	return NULL;
}

static void
no_common_type(struct kp_cedar_checker *checker, struct kp_cedar_pos pos,
	const char *where, const struct kp_cedar_type *a, const struct kp_cedar_type *b)
{
	char left[KP_CEDAR_TYPE_TEXT_MAX];
	char right[KP_CEDAR_TYPE_TEXT_MAX];
	kp_cedar_check_complain(checker, pos, "%s must have one type, found %s and %s",
		where, kp_cedar_type_text(a, left), kp_cedar_type_text(b, right));
}

/* NULL when there is none, or an operand had an error. */
static const struct kp_cedar_type *
join(struct kp_cedar_checker *checker, const struct kp_cedar_type *a,
	const struct kp_cedar_type *b)
{
	const struct kp_cedar_type *type = NULL;
	if (kp_cedar_type_join(checker->arena, a, b, &type) != KP_OK) {
		kp_cedar_check_no_memory(checker);
	}
	return type;
}

/* NULL unless the operand is of that kind; reports when it is another. */
const struct kp_cedar_type *
kp_cedar_check_operand(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known, enum kp_cedar_type_kind kind)
{
	const struct kp_cedar_type *type =
		kp_cedar_check_visit(checker, expr, known).type;
	if (type == NULL || type->kind == kind) {
		return type;
	}
	static const char *const names[] = {
		[KP_CEDAR_TYPE_LONG] = "Long",
		[KP_CEDAR_TYPE_STRING] = "String",
		[KP_CEDAR_TYPE_ENTITY] = "an entity",
		[KP_CEDAR_TYPE_SET] = "a set",
	};
	return kp_cedar_check_wrong_type(checker, expr, names[kind], type);
}

/* A bool of any certainty; reports others. */
static struct kp_cedar_typed
bool_operand(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	struct kp_cedar_typed typed = kp_cedar_check_visit(checker, expr, known);
	if (typed.type != NULL && !kp_cedar_type_is_bool(typed.type)) {
		typed.type = kp_cedar_check_wrong_type(checker, expr, "Bool", typed.type);
	}
	return typed;
}

/* --- logic --- */

static struct kp_cedar_typed
visit_and(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	struct kp_cedar_typed left = bool_operand(checker, expr->left, known);
	if (left.type != NULL && left.type->kind == KP_CEDAR_TYPE_FALSE) {
		return kp_cedar_typed_just(left.type);
	}
	struct kp_cedar_typed right = bool_operand(
		checker, expr->right, kp_cedar_facts_both(checker, known, left.facts));
	struct kp_cedar_typed result = {
		NULL, kp_cedar_facts_both(checker, left.facts, right.facts)};
	if (left.type == NULL || right.type == NULL) {
		return result;
	}
	if (right.type->kind == KP_CEDAR_TYPE_FALSE) {
		return kp_cedar_typed_just(right.type);
	}
	result.type = right.type->kind == KP_CEDAR_TYPE_TRUE
		? left.type
		: kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL);
	return result;
}

static struct kp_cedar_typed
visit_or(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	struct kp_cedar_typed left = bool_operand(checker, expr->left, known);
	if (left.type != NULL && left.type->kind == KP_CEDAR_TYPE_TRUE) {
		return kp_cedar_typed_just(left.type);
	}
	struct kp_cedar_typed right = bool_operand(checker, expr->right, known);
	if (left.type == NULL || right.type == NULL) {
		return (struct kp_cedar_typed){
			NULL, kp_cedar_facts_common(checker, left.facts, right.facts)};
	}
	if (left.type->kind == KP_CEDAR_TYPE_FALSE) {
		return right;
	}
	if (right.type->kind == KP_CEDAR_TYPE_TRUE) {
		return kp_cedar_typed_just(right.type);
	}
	if (right.type->kind == KP_CEDAR_TYPE_FALSE) {
		return (struct kp_cedar_typed){
			kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL), left.facts};
	}
	return (struct kp_cedar_typed){kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL),
		kp_cedar_facts_common(checker, left.facts, right.facts)};
}

static struct kp_cedar_typed
visit_if(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	struct kp_cedar_typed test = bool_operand(checker, expr->test, known);
	if (test.type != NULL && test.type->kind == KP_CEDAR_TYPE_FALSE) {
		return kp_cedar_check_visit(checker, expr->otherwise, known);
	}
	struct kp_cedar_typed then = kp_cedar_check_visit(
		checker, expr->then, kp_cedar_facts_both(checker, known, test.facts));
	then.facts = kp_cedar_facts_both(checker, test.facts, then.facts);
	if (test.type != NULL && test.type->kind == KP_CEDAR_TYPE_TRUE) {
		return then;
	}
	struct kp_cedar_typed otherwise =
		kp_cedar_check_visit(checker, expr->otherwise, known);
	struct kp_cedar_typed result = {
		NULL, kp_cedar_facts_common(checker, then.facts, otherwise.facts)};
	if (then.type == NULL || otherwise.type == NULL) {
		return result;
	}
	result.type = join(checker, then.type, otherwise.type);
	if (result.type == NULL && checker->status == KP_OK) {
		no_common_type(checker, expr->pos, "both branches of an `if`", then.type,
			otherwise.type);
	}
	if (test.type == NULL) {
		result.type = NULL;
	}
	return result;
}

static struct kp_cedar_typed
visit_not(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *type = bool_operand(checker, expr->left, known).type;
	if (type == NULL || type->kind == KP_CEDAR_TYPE_BOOL) {
		return kp_cedar_typed_just(type);
	}
	return kp_cedar_typed_just(
		kp_cedar_typed_bool(type->kind == KP_CEDAR_TYPE_FALSE));
}

/* --- comparison --- */

/* A literal's value, `action` included; false when it is not one. */
static bool
literal_value(const struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	struct kp_cedar_value *ret_value)
{
	const struct kp_cedar_uid *uid = literal_uid(checker, expr);
	if (uid != NULL) {
		*ret_value = kp_cedar_entity_value(uid);
		return true;
	}
	if (expr->op == KP_CEDAR_OP_LITERAL) {
		*ret_value = expr->literal;
		return true;
	}
	return false;
}

static struct kp_cedar_typed
visit_equal(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	bool negated = expr->op == KP_CEDAR_OP_NE;
	const struct kp_cedar_type *left =
		kp_cedar_check_visit(checker, expr->left, known).type;
	const struct kp_cedar_type *right =
		kp_cedar_check_visit(checker, expr->right, known).type;
	struct kp_cedar_value a;
	struct kp_cedar_value b;
	if (left == NULL || right == NULL) {
		return kp_cedar_typed_just(NULL);
	}
	if (literal_value(checker, expr->left, &a) &&
		literal_value(checker, expr->right, &b)) {
		return kp_cedar_typed_just(
			kp_cedar_typed_bool(kp_cedar_value_equal(&a, &b) != negated));
	}
	if (join(checker, left, right) != NULL) {
		return kp_cedar_typed_just(kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL));
	}
	if (left->kind == KP_CEDAR_TYPE_ENTITY && right->kind == KP_CEDAR_TYPE_ENTITY) {
		return kp_cedar_typed_just(kp_cedar_typed_bool(negated));
	}
	if (checker->status == KP_OK) {
		no_common_type(checker, expr->pos,
			negated ? "both sides of `!=`" : "both sides of `==`", left,
			right);
	}
	return kp_cedar_typed_just(NULL);
}

static struct kp_cedar_typed
visit_order(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_visit(checker, expr->left, known).type;
	const struct kp_cedar_type *right =
		kp_cedar_check_visit(checker, expr->right, known).type;
	char text[KP_CEDAR_TYPE_TEXT_MAX];
	if (left == NULL || right == NULL) {
		return kp_cedar_typed_just(NULL);
	}
	if (left->kind != KP_CEDAR_TYPE_LONG && left->kind != KP_CEDAR_TYPE_DATETIME &&
		left->kind != KP_CEDAR_TYPE_DURATION) {
		return kp_cedar_typed_just(kp_cedar_check_wrong_type(checker, expr->left,
			left->kind == KP_CEDAR_TYPE_DECIMAL
				? "Long, datetime or duration (decimals have lessThan "
				  "and the "
				  "like)"
				: "Long, datetime or duration",
			left));
	}
	if (left->kind != right->kind) {
		return kp_cedar_typed_just(kp_cedar_check_wrong_type(
			checker, expr->right, kp_cedar_type_text(left, text), right));
	}
	return kp_cedar_typed_just(kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL));
}

static struct kp_cedar_typed
visit_arithmetic(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_operand(checker, expr->left, known, KP_CEDAR_TYPE_LONG);
	const struct kp_cedar_type *right = expr->op == KP_CEDAR_OP_NEG
		? left
		: kp_cedar_check_operand(checker, expr->right, known, KP_CEDAR_TYPE_LONG);
	return kp_cedar_typed_just(left == NULL ? NULL : right);
}

/* --- hierarchy --- */

/* Is the action in one of a literal set of uids? False when a member is no literal. */
static bool
in_literal_set(const struct kp_cedar_checker *checker, const struct kp_cedar_uid *action,
	const struct kp_cedar_expr *set, bool *ret_in)
{
	*ret_in = false;
	if (set->op != KP_CEDAR_OP_SET) {
		return false;
	}
	for (size_t i = 0; i < set->count; i++) {
		const struct kp_cedar_uid *uid = literal_uid(checker, set->items[i]);
		if (uid == NULL) {
			return false;
		}
		*ret_in = *ret_in ||
			kp_cedar_schema_action_in(checker->schema, action, uid);
	}
	return true;
}

/* `expr` in `group`, both of types already known to fit. */
static const struct kp_cedar_type *
in_type(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_type *type, const struct kp_cedar_expr *group,
	const struct kp_cedar_type *group_type)
{
	const struct kp_cedar_uid *action = literal_uid(checker, expr);
	if (action != NULL && kp_cedar_schema_action(checker->schema, action) == NULL) {
		action = NULL;
	}
	const struct kp_cedar_uid *uid = literal_uid(checker, group);
	bool in;
	if (action != NULL && uid != NULL) {
		return kp_cedar_typed_bool(
			kp_cedar_schema_action_in(checker->schema, action, uid));
	}
	if (action != NULL && in_literal_set(checker, action, group, &in)) {
		return kp_cedar_typed_bool(in);
	}
	const struct kp_cedar_name *wanted = group_type->kind == KP_CEDAR_TYPE_SET
		? group_type->element->entity
		: group_type->entity;
	if (kp_cedar_schema_type_in(checker->schema, type->entity, wanted)) {
		return kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL);
	}
	return kp_cedar_typed_bool(false);
}

/* The right side of `in`, when the left one is known. */
static struct kp_cedar_typed
visit_group(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_type *left, const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *right =
		kp_cedar_check_visit(checker, expr->right, known).type;
	if (right == NULL) {
		return kp_cedar_typed_just(NULL);
	}
	bool fits = right->kind == KP_CEDAR_TYPE_ENTITY ||
		(right->kind == KP_CEDAR_TYPE_SET &&
			right->element->kind == KP_CEDAR_TYPE_ENTITY);
	if (!fits) {
		return kp_cedar_typed_just(kp_cedar_check_wrong_type(
			checker, expr->right, "an entity or a set of entities", right));
	}
	if (left == NULL) {
		return kp_cedar_typed_just(NULL);
	}
	return kp_cedar_typed_just(
		in_type(checker, expr->left, left, expr->right, right));
}

static struct kp_cedar_typed
visit_in(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_operand(checker, expr->left, known, KP_CEDAR_TYPE_ENTITY);
	return visit_group(checker, expr, left, known);
}

static struct kp_cedar_typed
visit_is(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_operand(checker, expr->left, known, KP_CEDAR_TYPE_ENTITY);
	if (left == NULL) {
		return kp_cedar_typed_just(NULL);
	}
	if (left->entity != expr->type || expr->right == NULL) {
		return kp_cedar_typed_just(
			kp_cedar_typed_bool(left->entity == expr->type));
	}
	return visit_group(checker, expr, left, known);
}

/* --- sets and records --- */

static struct kp_cedar_typed
visit_contains(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_operand(checker, expr->left, known, KP_CEDAR_TYPE_SET);
	const struct kp_cedar_type *right = expr->op == KP_CEDAR_OP_CONTAINS
		? kp_cedar_check_visit(checker, expr->right, known).type
		: kp_cedar_check_operand(checker, expr->right, known, KP_CEDAR_TYPE_SET);
	if (left == NULL || right == NULL) {
		return kp_cedar_typed_just(NULL);
	}
	const struct kp_cedar_type *element =
		expr->op == KP_CEDAR_OP_CONTAINS ? right : right->element;
	if (join(checker, left->element, element) == NULL) {
		if (checker->status == KP_OK) {
			no_common_type(checker, expr->pos,
				"the set's elements and what is looked for",
				left->element, element);
		}
		return kp_cedar_typed_just(NULL);
	}
	return kp_cedar_typed_just(kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL));
}

static const struct kp_cedar_type *
set_of(struct kp_cedar_checker *checker, const struct kp_cedar_type *element)
{
	struct kp_cedar_type *type = KP_ARENA_NEW(checker->arena, struct kp_cedar_type);
	if (type == NULL) {
		kp_cedar_check_no_memory(checker);
		return NULL;
	}
	*type = (struct kp_cedar_type){.kind = KP_CEDAR_TYPE_SET,
		.depth = (uint16_t)(element->depth + 1),
		.element = element};
	return type;
}

static struct kp_cedar_typed
visit_set(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	if (expr->count == 0) {
		kp_cedar_check_complain(checker, expr->pos,
			"an empty set has no type, expected at least one element");
		return kp_cedar_typed_just(NULL);
	}
	const struct kp_cedar_type *element = NULL;
	bool failed = false;
	for (size_t i = 0; i < expr->count; i++) {
		const struct kp_cedar_type *type =
			kp_cedar_check_visit(checker, expr->items[i], known).type;
		failed = failed || type == NULL;
		if (failed || element == NULL) {
			element = type;
			continue;
		}
		const struct kp_cedar_type *joined = join(checker, element, type);
		if (joined == NULL && checker->status == KP_OK) {
			no_common_type(checker, expr->items[i]->pos,
				"all elements of a set", element, type);
		}
		failed = joined == NULL;
		element = joined;
	}
	return kp_cedar_typed_just(failed ? NULL : set_of(checker, element));
}

static struct kp_cedar_typed
visit_record(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	struct kp_cedar_type *type = KP_ARENA_NEW(checker->arena, struct kp_cedar_type);
	struct kp_cedar_type_attr *attrs = KP_ARENA_ARRAY(
		checker->arena, struct kp_cedar_type_attr, expr->field_count);
	if (type == NULL || attrs == NULL) {
		kp_cedar_check_no_memory(checker);
		return kp_cedar_typed_just(NULL);
	}
	uint16_t depth = 1;
	bool failed = false;
	for (size_t i = 0; i < expr->field_count; i++) {
		const struct kp_cedar_type *field =
			kp_cedar_check_visit(checker, expr->fields[i].value, known).type;
		failed = failed || field == NULL;
		if (field != NULL && field->depth >= depth) {
			depth = (uint16_t)(field->depth + 1);
		}
		attrs[i] = (struct kp_cedar_type_attr){
			.name = expr->fields[i].name, .type = field, .required = true};
	}
	if (failed) {
		return kp_cedar_typed_just(NULL);
	}
	kp_cedar_type_attrs_sort(attrs, expr->field_count);
	*type = (struct kp_cedar_type){.kind = KP_CEDAR_TYPE_RECORD,
		.depth = depth,
		.attrs = attrs,
		.attr_count = expr->field_count};
	return kp_cedar_typed_just(type);
}

static struct kp_cedar_typed
visit_call(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_fn_info *info = kp_cedar_fn_info(expr->fn);
	bool failed = false;
	for (size_t i = 0; i < expr->count; i++) {
		const struct kp_cedar_type *type =
			kp_cedar_check_visit(checker, expr->items[i], known).type;
		failed = failed || type == NULL;
		if (type == NULL || i >= info->arg_count ||
			kp_cedar_type_value_kind(type) == info->args[i]) {
			continue;
		}
		char text[KP_CEDAR_TYPE_TEXT_MAX];
		(void)kp_cedar_check_wrong_type(checker, expr->items[i],
			kp_cedar_type_text(kp_cedar_type_of_kind(info->args[i]), text),
			type);
		failed = true;
	}
	if (expr->count != info->arg_count) {
		unsigned self = info->method ? 1 : 0;
		kp_cedar_check_complain(checker, expr->pos,
			"%s() takes %u argument%s, found %zu", info->name,
			info->arg_count - self, info->arg_count - self == 1 ? "" : "s",
			expr->count - self);
		return kp_cedar_typed_just(NULL);
	}
	if (failed) {
		return kp_cedar_typed_just(NULL);
	}
	return kp_cedar_typed_just(expr->fn <= KP_CEDAR_FN_DURATION
			? kp_cedar_check_construct(checker, expr, info)
			: kp_cedar_type_of_kind(info->result));
}

/* --- all expressions --- */

static const struct kp_cedar_type *
literal_type(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	if (expr->literal.kind == KP_CEDAR_ENTITY) {
		return entity_type(checker, expr->literal.entity->type);
	}
	if (expr->literal.kind == KP_CEDAR_BOOL) {
		return kp_cedar_typed_bool(expr->literal.boolean);
	}
	return kp_cedar_type_of_kind(expr->literal.kind);
}

static const struct kp_cedar_type *
var_type(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	switch (expr->var) {
	case KP_CEDAR_VAR_PRINCIPAL:
		return &checker->environment->principal;
	case KP_CEDAR_VAR_ACTION:
		return &checker->environment->action_type;
	case KP_CEDAR_VAR_RESOURCE:
		return &checker->environment->resource;
	case KP_CEDAR_VAR_CONTEXT:
		return checker->environment->action->context;
	}
	return NULL;
}

static struct kp_cedar_typed
visit_any(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *type;
	switch (expr->op) {
	case KP_CEDAR_OP_LITERAL:
		return kp_cedar_typed_just(literal_type(checker, expr));
	case KP_CEDAR_OP_VAR:
		return kp_cedar_typed_just(var_type(checker, expr));
	case KP_CEDAR_OP_NOT:
		return visit_not(checker, expr, known);
	case KP_CEDAR_OP_AND:
		return visit_and(checker, expr, known);
	case KP_CEDAR_OP_OR:
		return visit_or(checker, expr, known);
	case KP_CEDAR_OP_IF:
		return visit_if(checker, expr, known);
	case KP_CEDAR_OP_EQ:
	case KP_CEDAR_OP_NE:
		return visit_equal(checker, expr, known);
	case KP_CEDAR_OP_LT:
	case KP_CEDAR_OP_LE:
	case KP_CEDAR_OP_GT:
	case KP_CEDAR_OP_GE:
		return visit_order(checker, expr, known);
	case KP_CEDAR_OP_NEG:
	case KP_CEDAR_OP_ADD:
	case KP_CEDAR_OP_SUB:
	case KP_CEDAR_OP_MUL:
		return visit_arithmetic(checker, expr, known);
	case KP_CEDAR_OP_IN:
		return visit_in(checker, expr, known);
	case KP_CEDAR_OP_IS:
		return visit_is(checker, expr, known);
	case KP_CEDAR_OP_CONTAINS:
	case KP_CEDAR_OP_CONTAINS_ALL:
	case KP_CEDAR_OP_CONTAINS_ANY:
		return visit_contains(checker, expr, known);
	case KP_CEDAR_OP_GET_TAG:
	case KP_CEDAR_OP_HAS_TAG:
		return kp_cedar_check_tag(checker, expr, known);
	case KP_CEDAR_OP_IS_EMPTY:
		type = kp_cedar_check_operand(
			checker, expr->left, known, KP_CEDAR_TYPE_SET);
		return kp_cedar_typed_just(
			type == NULL ? NULL : kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL));
	case KP_CEDAR_OP_LIKE:
		type = kp_cedar_check_operand(
			checker, expr->left, known, KP_CEDAR_TYPE_STRING);
		return kp_cedar_typed_just(
			type == NULL ? NULL : kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL));
	case KP_CEDAR_OP_GET:
		return kp_cedar_check_get(checker, expr, known);
	case KP_CEDAR_OP_HAS:
		return kp_cedar_check_has(checker, expr, known);
	case KP_CEDAR_OP_SET:
		return visit_set(checker, expr, known);
	case KP_CEDAR_OP_RECORD:
		return visit_record(checker, expr, known);
	case KP_CEDAR_OP_CALL:
		return visit_call(checker, expr, known);
	}
	return kp_cedar_typed_just(NULL);
}

struct kp_cedar_typed
kp_cedar_check_visit(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	if (!kp_cedar_check_step(checker)) {
		return kp_cedar_typed_just(NULL);
	}
	struct kp_cedar_typed typed = visit_any(checker, expr, known);
	if (checker->options->level_checked && typed.type != NULL &&
		!kp_cedar_map_put(&checker->types, checker->arena, expr, typed.type)) {
		kp_cedar_check_no_memory(checker);
	}
	return typed;
}

/* `unless e` is `when !e`. */
static struct kp_cedar_typed
visit_condition(struct kp_cedar_checker *checker,
	const struct kp_cedar_condition *condition, const struct kp_cedar_facts *known)
{
	struct kp_cedar_typed typed = bool_operand(checker, condition->expr, known);
	if (!condition->unless || typed.type == NULL) {
		return condition->unless ? kp_cedar_typed_just(NULL) : typed;
	}
	return kp_cedar_typed_just(typed.type->kind == KP_CEDAR_TYPE_BOOL
			? typed.type
			: kp_cedar_typed_bool(typed.type->kind == KP_CEDAR_TYPE_FALSE));
}

const struct kp_cedar_type *
kp_cedar_check_conditions(struct kp_cedar_checker *checker)
{
	const struct kp_cedar_policy *policy = checker->policy;
	const struct kp_cedar_type *result = kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL);
	const struct kp_cedar_facts *known = NULL;
	for (size_t i = 0; i < policy->condition_count; i++) {
		struct kp_cedar_typed typed =
			visit_condition(checker, &policy->conditions[i], known);
		known = kp_cedar_facts_both(checker, known, typed.facts);
		if (typed.type == NULL) {
			result = NULL;
		} else if (typed.type->kind == KP_CEDAR_TYPE_FALSE) {
			/* What follows is never evaluated. */
			return result == NULL ? NULL : typed.type;
		}
	}
	return result;
}
