/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * check_expr: the type of an expression in one environment (cedar-spec,
 * Cedar/Validation/Typechecker.lean). Beside the type goes what is known to be present
 * when the expression is true: `principal has x` makes `principal.x` safe in what
 * follows.
 */
#include <stdio.h>

#include "check_room.h"

/*
 * What is known to be present: a tree of single facts, NULL for none. A fact is that
 * `base` has the attribute `attr` or the tag `tag`.
 */
struct facts {
	const struct facts *left;
	const struct facts *right;
	const struct kp_cedar_expr *base; /* of a fact; NULL: left and right together */
	const struct kp_cedar_name *attr;
	const struct kp_cedar_expr *tag;
};

/* Type NULL: there was an error, and it is reported. */
struct typed {
	const struct kp_cedar_type *type;
	const struct facts *facts; /* when it is true */
};

static struct typed visit(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct facts *known);

static const struct kp_cedar_type *
plain(enum kp_cedar_type_kind kind)
{
	return kp_cedar_type_plain(kind);
}

static struct typed
just(const struct kp_cedar_type *type)
{
	return (struct typed){type, NULL};
}

static const struct kp_cedar_type *
bool_type(bool value)
{
	return plain(value ? KP_CEDAR_TYPE_TRUE : KP_CEDAR_TYPE_FALSE);
}

/* --- facts --- */

static const struct facts *
both(struct kp_cedar_checker *checker, const struct facts *left,
	const struct facts *right)
{
	if (left == NULL || right == NULL || left == right) {
		return left == NULL ? right : left;
	}
	struct facts *facts = KP_ARENA_NEW(checker->arena, struct facts);
	if (facts == NULL) {
		kp_cedar_check_no_memory(checker);
		return left;
	}
	*facts = (struct facts){.left = left, .right = right};
	return facts;
}

static const struct facts *
fact(struct kp_cedar_checker *checker, const struct kp_cedar_expr *base,
	const struct kp_cedar_name *attr, const struct kp_cedar_expr *tag)
{
	struct facts *facts = KP_ARENA_NEW(checker->arena, struct facts);
	if (facts == NULL) {
		kp_cedar_check_no_memory(checker);
		return NULL;
	}
	*facts = (struct facts){.base = base, .attr = attr, .tag = tag};
	return facts;
}

static bool
same_fact(const struct facts *one, const struct kp_cedar_expr *base,
	const struct kp_cedar_name *attr, const struct kp_cedar_expr *tag)
{
	if (one->attr != attr || (one->tag == NULL) != (tag == NULL)) {
		return false;
	}
	return kp_cedar_expr_equal(one->base, base) &&
		(tag == NULL || kp_cedar_expr_equal(one->tag, tag));
}

static bool
is_known(struct kp_cedar_checker *checker, const struct facts *facts,
	const struct kp_cedar_expr *base, const struct kp_cedar_name *attr,
	const struct kp_cedar_expr *tag)
{
	while (facts != NULL && kp_cedar_check_step(checker)) {
		if (facts->base != NULL) {
			return same_fact(facts, base, attr, tag);
		}
		if (is_known(checker, facts->right, base, attr, tag)) {
			return true;
		}
		facts = facts->left;
	}
	return false;
}

/* The facts of `left` that are also in `right`. */
static const struct facts *
common(struct kp_cedar_checker *checker, const struct facts *left,
	const struct facts *right)
{
	if (left == NULL || right == NULL || left == right) {
		return left == right ? left : NULL;
	}
	if (left->base != NULL) {
		return is_known(checker, right, left->base, left->attr, left->tag) ? left
										   : NULL;
	}
	return both(checker, common(checker, left->left, right),
		common(checker, left->right, right));
}

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

static bool
is_action_type(const struct kp_cedar_checker *checker, const struct kp_cedar_name *type)
{
	return kp_cedar_map_find(&checker->schema->action_types, type) != NULL;
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

/* Reports that something else was found than `expected`. */
static const struct kp_cedar_type *
wrong_type(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const char *expected, const struct kp_cedar_type *found)
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
static const struct kp_cedar_type *
operand(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known, enum kp_cedar_type_kind kind)
{
	const struct kp_cedar_type *type = visit(checker, expr, known).type;
	if (type == NULL || type->kind == kind) {
		return type;
	}
	static const char *const names[] = {
		[KP_CEDAR_TYPE_LONG] = "Long",
		[KP_CEDAR_TYPE_STRING] = "String",
		[KP_CEDAR_TYPE_ENTITY] = "an entity",
		[KP_CEDAR_TYPE_SET] = "a set",
	};
	return wrong_type(checker, expr, names[kind], type);
}

/* A bool of any certainty; reports others. */
static struct typed
bool_operand(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	struct typed typed = visit(checker, expr, known);
	if (typed.type != NULL && !kp_cedar_type_is_bool(typed.type)) {
		typed.type = wrong_type(checker, expr, "Bool", typed.type);
	}
	return typed;
}

/* --- logic --- */

static struct typed
visit_and(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	struct typed left = bool_operand(checker, expr->left, known);
	if (left.type != NULL && left.type->kind == KP_CEDAR_TYPE_FALSE) {
		return just(left.type);
	}
	struct typed right =
		bool_operand(checker, expr->right, both(checker, known, left.facts));
	struct typed result = {NULL, both(checker, left.facts, right.facts)};
	if (left.type == NULL || right.type == NULL) {
		return result;
	}
	if (right.type->kind == KP_CEDAR_TYPE_FALSE) {
		return just(right.type);
	}
	result.type = right.type->kind == KP_CEDAR_TYPE_TRUE ? left.type
							     : plain(KP_CEDAR_TYPE_BOOL);
	return result;
}

static struct typed
visit_or(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	struct typed left = bool_operand(checker, expr->left, known);
	if (left.type != NULL && left.type->kind == KP_CEDAR_TYPE_TRUE) {
		return just(left.type);
	}
	struct typed right = bool_operand(checker, expr->right, known);
	if (left.type == NULL || right.type == NULL) {
		return (struct typed){NULL, common(checker, left.facts, right.facts)};
	}
	if (left.type->kind == KP_CEDAR_TYPE_FALSE) {
		return right;
	}
	if (right.type->kind == KP_CEDAR_TYPE_TRUE) {
		return just(right.type);
	}
	if (right.type->kind == KP_CEDAR_TYPE_FALSE) {
		return (struct typed){plain(KP_CEDAR_TYPE_BOOL), left.facts};
	}
	return (struct typed){
		plain(KP_CEDAR_TYPE_BOOL), common(checker, left.facts, right.facts)};
}

static struct typed
visit_if(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	struct typed test = bool_operand(checker, expr->test, known);
	if (test.type != NULL && test.type->kind == KP_CEDAR_TYPE_FALSE) {
		return visit(checker, expr->otherwise, known);
	}
	struct typed then = visit(checker, expr->then, both(checker, known, test.facts));
	then.facts = both(checker, test.facts, then.facts);
	if (test.type != NULL && test.type->kind == KP_CEDAR_TYPE_TRUE) {
		return then;
	}
	struct typed otherwise = visit(checker, expr->otherwise, known);
	struct typed result = {NULL, common(checker, then.facts, otherwise.facts)};
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

static struct typed
visit_not(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *type = bool_operand(checker, expr->left, known).type;
	if (type == NULL || type->kind == KP_CEDAR_TYPE_BOOL) {
		return just(type);
	}
	return just(bool_type(type->kind == KP_CEDAR_TYPE_FALSE));
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

static struct typed
visit_equal(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	bool negated = expr->op == KP_CEDAR_OP_NE;
	const struct kp_cedar_type *left = visit(checker, expr->left, known).type;
	const struct kp_cedar_type *right = visit(checker, expr->right, known).type;
	struct kp_cedar_value a;
	struct kp_cedar_value b;
	if (left == NULL || right == NULL) {
		return just(NULL);
	}
	if (literal_value(checker, expr->left, &a) &&
		literal_value(checker, expr->right, &b)) {
		return just(bool_type(kp_cedar_value_equal(&a, &b) != negated));
	}
	if (join(checker, left, right) != NULL) {
		return just(plain(KP_CEDAR_TYPE_BOOL));
	}
	if (left->kind == KP_CEDAR_TYPE_ENTITY && right->kind == KP_CEDAR_TYPE_ENTITY) {
		return just(bool_type(negated));
	}
	if (checker->status == KP_OK) {
		no_common_type(checker, expr->pos,
			negated ? "both sides of `!=`" : "both sides of `==`", left,
			right);
	}
	return just(NULL);
}

static struct typed
visit_order(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *left = visit(checker, expr->left, known).type;
	const struct kp_cedar_type *right = visit(checker, expr->right, known).type;
	char text[KP_CEDAR_TYPE_TEXT_MAX];
	if (left == NULL || right == NULL) {
		return just(NULL);
	}
	if (left->kind != KP_CEDAR_TYPE_LONG && left->kind != KP_CEDAR_TYPE_DATETIME &&
		left->kind != KP_CEDAR_TYPE_DURATION) {
		return just(wrong_type(checker, expr->left,
			left->kind == KP_CEDAR_TYPE_DECIMAL
				? "Long, datetime or duration (decimals have lessThan "
				  "and the "
				  "like)"
				: "Long, datetime or duration",
			left));
	}
	if (left->kind != right->kind) {
		return just(wrong_type(
			checker, expr->right, kp_cedar_type_text(left, text), right));
	}
	return just(plain(KP_CEDAR_TYPE_BOOL));
}

static struct typed
visit_arithmetic(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *left =
		operand(checker, expr->left, known, KP_CEDAR_TYPE_LONG);
	const struct kp_cedar_type *right = expr->op == KP_CEDAR_OP_NEG
		? left
		: operand(checker, expr->right, known, KP_CEDAR_TYPE_LONG);
	return just(left == NULL ? NULL : right);
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
		return bool_type(kp_cedar_schema_action_in(checker->schema, action, uid));
	}
	if (action != NULL && in_literal_set(checker, action, group, &in)) {
		return bool_type(in);
	}
	const struct kp_cedar_name *wanted = group_type->kind == KP_CEDAR_TYPE_SET
		? group_type->element->entity
		: group_type->entity;
	if (kp_cedar_schema_type_in(checker->schema, type->entity, wanted)) {
		return plain(KP_CEDAR_TYPE_BOOL);
	}
	return bool_type(false);
}

/* The right side of `in`, when the left one is known. */
static struct typed
visit_group(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_type *left, const struct facts *known)
{
	const struct kp_cedar_type *right = visit(checker, expr->right, known).type;
	if (right == NULL) {
		return just(NULL);
	}
	bool fits = right->kind == KP_CEDAR_TYPE_ENTITY ||
		(right->kind == KP_CEDAR_TYPE_SET &&
			right->element->kind == KP_CEDAR_TYPE_ENTITY);
	if (!fits) {
		return just(wrong_type(
			checker, expr->right, "an entity or a set of entities", right));
	}
	if (left == NULL) {
		return just(NULL);
	}
	return just(in_type(checker, expr->left, left, expr->right, right));
}

static struct typed
visit_in(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *left =
		operand(checker, expr->left, known, KP_CEDAR_TYPE_ENTITY);
	return visit_group(checker, expr, left, known);
}

static struct typed
visit_is(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *left =
		operand(checker, expr->left, known, KP_CEDAR_TYPE_ENTITY);
	if (left == NULL) {
		return just(NULL);
	}
	if (left->entity != expr->type || expr->right == NULL) {
		return just(bool_type(left->entity == expr->type));
	}
	return visit_group(checker, expr, left, known);
}

/* --- attributes and tags --- */

/* The record that holds an entity type's attributes; NULL for actions and unknown types.
 */
static const struct kp_cedar_type *
attrs_of(const struct kp_cedar_checker *checker, const struct kp_cedar_type *type)
{
	if (type->kind == KP_CEDAR_TYPE_RECORD) {
		return type;
	}
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(checker->schema, type->entity);
	return entity == NULL ? NULL : entity->attrs;
}

static bool
has_attrs(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_type *type)
{
	if (type->kind == KP_CEDAR_TYPE_RECORD || type->kind == KP_CEDAR_TYPE_ENTITY) {
		return true;
	}
	(void)wrong_type(checker, expr, "an entity or a record", type);
	return false;
}

static const char *
owner_text(const struct kp_cedar_type *type, const struct kp_cedar_expr *expr,
	char out[KP_CEDAR_TYPE_TEXT_MAX])
{
	if (expr->op == KP_CEDAR_OP_VAR && expr->var == KP_CEDAR_VAR_CONTEXT) {
		(void)snprintf(out, KP_CEDAR_TYPE_TEXT_MAX, "context");
		return out;
	}
	return kp_cedar_type_text(type, out);
}

static struct typed
visit_get(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *left = visit(checker, expr->left, known).type;
	if (left == NULL || !has_attrs(checker, expr->left, left)) {
		return just(NULL);
	}
	const struct kp_cedar_type *record = attrs_of(checker, left);
	const struct kp_cedar_type_attr *attr =
		record == NULL ? NULL : kp_cedar_type_attr(record, expr->attr);
	char owner[KP_CEDAR_TYPE_TEXT_MAX];
	(void)owner_text(left, expr->left, owner);
	if (attr == NULL) {
		const char *near = record == NULL
			? NULL
			: kp_cedar_schema_nearest_attr(
				  record, checker->arena, expr->attr->text);
		kp_cedar_check_complain(checker, expr->pos,
			"`%s` has no attribute `%.*s`%s%s%s", owner,
			KP_SLICE_ARG(expr->attr->text),
			near == NULL ? "" : ", did you mean `", near == NULL ? "" : near,
			near == NULL ? "" : "`?");
		return just(NULL);
	}
	if (!attr->required && !is_known(checker, known, expr->left, expr->attr, NULL)) {
		kp_cedar_check_complain(checker, expr->pos,
			"the attribute `%.*s` of `%s` is optional, test it with `has` "
			"first",
			KP_SLICE_ARG(expr->attr->text), owner);
		return just(NULL);
	}
	return just(attr->type);
}

static struct typed
has_one(struct kp_cedar_checker *checker, const struct kp_cedar_expr *base,
	const struct kp_cedar_name *name, const struct facts *known)
{
	const struct kp_cedar_type *left = visit(checker, base, known).type;
	if (left == NULL || !has_attrs(checker, base, left)) {
		return just(NULL);
	}
	const struct kp_cedar_type *record = attrs_of(checker, left);
	if (record == NULL) {
		/* An unknown entity type is reported elsewhere. */
		return just(
			is_action_type(checker, left->entity) ? bool_type(false) : NULL);
	}
	const struct kp_cedar_type_attr *attr = kp_cedar_type_attr(record, name);
	if (attr == NULL) {
		return just(bool_type(false));
	}
	bool present = attr->required && left->kind == KP_CEDAR_TYPE_RECORD;
	if (present || is_known(checker, known, base, name, NULL)) {
		return just(bool_type(true));
	}
	return (struct typed){plain(KP_CEDAR_TYPE_BOOL), fact(checker, base, name, NULL)};
}

static struct kp_cedar_expr *
new_expr(struct kp_cedar_checker *checker, enum kp_cedar_op op, struct kp_cedar_pos pos)
{
	struct kp_cedar_expr *expr = KP_ARENA_NEW(checker->arena, struct kp_cedar_expr);
	if (expr == NULL) {
		kp_cedar_check_no_memory(checker);
		return NULL;
	}
	expr->op = op;
	expr->pos = pos;
	return expr;
}

/* `e has a.b.c` as `e has a && e.a has b && e.a.b has c`. NULL without memory. The `e.a`
 * in it must equal those that an author writes, so their height is filled in. */
static const struct kp_cedar_expr *
write_out(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	const struct kp_cedar_expr *known =
		kp_cedar_map_find(&checker->written_out, expr);
	if (known != NULL) {
		return known;
	}
	const struct kp_cedar_expr *base = expr->left;
	const struct kp_cedar_expr *all = NULL;
	for (size_t i = 0; i < expr->path_count; i++) {
		struct kp_cedar_expr *has = new_expr(checker, KP_CEDAR_OP_HAS, expr->pos);
		struct kp_cedar_expr *and = new_expr(checker, KP_CEDAR_OP_AND, expr->pos);
		struct kp_cedar_expr *get = new_expr(checker, KP_CEDAR_OP_GET, expr->pos);
		if (has == NULL || and == NULL || get == NULL) {
			return NULL;
		}
		has->left = base;
		has->path = &expr->path[i];
		has->path_count = 1;
		and->left = all;
		and->right = has;
		get->left = base;
		get->attr = expr->path[i];
		get->height = (uint16_t)(base->height + 1);
		all = all == NULL ? has : and;
		base = get;
	}
	if (!kp_cedar_map_put(&checker->written_out, checker->arena, expr, all)) {
		kp_cedar_check_no_memory(checker);
		return NULL;
	}
	return all;
}

static struct typed
visit_has(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	if (expr->path_count == 1) {
		return has_one(checker, expr->left, expr->path[0], known);
	}
	const struct kp_cedar_expr *all = write_out(checker, expr);
	return all == NULL ? just(NULL) : visit(checker, all, known);
}

static struct typed
visit_tag(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *left =
		operand(checker, expr->left, known, KP_CEDAR_TYPE_ENTITY);
	const struct kp_cedar_type *right =
		operand(checker, expr->right, known, KP_CEDAR_TYPE_STRING);
	if (left == NULL || right == NULL) {
		return just(NULL);
	}
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(checker->schema, left->entity);
	bool has = expr->op == KP_CEDAR_OP_HAS_TAG;
	if (entity == NULL && !is_action_type(checker, left->entity)) {
		return just(NULL);
	}
	if (entity == NULL || entity->tags == NULL) {
		if (!has) {
			kp_cedar_check_complain(checker, expr->pos,
				"entities of type `%.*s` have no tags",
				KP_SLICE_ARG(left->entity->text));
		}
		return just(has ? bool_type(false) : NULL);
	}
	bool present = is_known(checker, known, expr->left, NULL, expr->right);
	if (has) {
		return present ? just(bool_type(true))
			       : (struct typed){plain(KP_CEDAR_TYPE_BOOL),
					 fact(checker, expr->left, NULL, expr->right)};
	}
	if (!present) {
		kp_cedar_check_complain(checker, expr->pos,
			"`%.*s` may not have this tag, test it with `hasTag` first",
			KP_SLICE_ARG(left->entity->text));
	}
	return just(present ? entity->tags : NULL);
}

/* --- sets and records --- */

static struct typed
visit_contains(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *left =
		operand(checker, expr->left, known, KP_CEDAR_TYPE_SET);
	const struct kp_cedar_type *right = expr->op == KP_CEDAR_OP_CONTAINS
		? visit(checker, expr->right, known).type
		: operand(checker, expr->right, known, KP_CEDAR_TYPE_SET);
	if (left == NULL || right == NULL) {
		return just(NULL);
	}
	const struct kp_cedar_type *element =
		expr->op == KP_CEDAR_OP_CONTAINS ? right : right->element;
	if (join(checker, left->element, element) == NULL) {
		if (checker->status == KP_OK) {
			no_common_type(checker, expr->pos,
				"the set's elements and what is looked for",
				left->element, element);
		}
		return just(NULL);
	}
	return just(plain(KP_CEDAR_TYPE_BOOL));
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

static struct typed
visit_set(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	if (expr->count == 0) {
		kp_cedar_check_complain(checker, expr->pos,
			"an empty set has no type, expected at least one element");
		return just(NULL);
	}
	const struct kp_cedar_type *element = NULL;
	bool failed = false;
	for (size_t i = 0; i < expr->count; i++) {
		const struct kp_cedar_type *type =
			visit(checker, expr->items[i], known).type;
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
	return just(failed ? NULL : set_of(checker, element));
}

static struct typed
visit_record(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	struct kp_cedar_type *type = KP_ARENA_NEW(checker->arena, struct kp_cedar_type);
	struct kp_cedar_type_attr *attrs = KP_ARENA_ARRAY(
		checker->arena, struct kp_cedar_type_attr, expr->field_count);
	if (type == NULL || attrs == NULL) {
		kp_cedar_check_no_memory(checker);
		return just(NULL);
	}
	uint16_t depth = 1;
	bool failed = false;
	for (size_t i = 0; i < expr->field_count; i++) {
		const struct kp_cedar_type *field =
			visit(checker, expr->fields[i].value, known).type;
		failed = failed || field == NULL;
		if (field != NULL && field->depth >= depth) {
			depth = (uint16_t)(field->depth + 1);
		}
		attrs[i] = (struct kp_cedar_type_attr){
			.name = expr->fields[i].name, .type = field, .required = true};
	}
	if (failed) {
		return just(NULL);
	}
	kp_cedar_type_attrs_sort(attrs, expr->field_count);
	*type = (struct kp_cedar_type){.kind = KP_CEDAR_TYPE_RECORD,
		.depth = depth,
		.attrs = attrs,
		.attr_count = expr->field_count};
	return just(type);
}

/* --- extension functions --- */

static bool
constructor_accepts(enum kp_cedar_fn fn, struct kp_slice text)
{
	int64_t integer;
	struct kp_cedar_ip ip;
	if (fn == KP_CEDAR_FN_DECIMAL) {
		return kp_cedar_decimal_parse(text, &integer);
	}
	if (fn == KP_CEDAR_FN_IP) {
		return kp_cedar_ip_parse(text, &ip);
	}
	return fn == KP_CEDAR_FN_DATETIME ? kp_cedar_datetime_parse(text, &integer)
					  : kp_cedar_duration_parse(text, &integer);
}

static const char *
constructor_example(enum kp_cedar_fn fn)
{
	if (fn == KP_CEDAR_FN_DECIMAL) {
		return "\"12.3456\"";
	}
	if (fn == KP_CEDAR_FN_IP) {
		return "\"10.0.0.0/8\"";
	}
	return fn == KP_CEDAR_FN_DATETIME ? "\"2026-01-31T12:00:00Z\"" : "\"1d2h30m\"";
}

static const struct kp_cedar_type *
construct(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_fn_info *info)
{
	const struct kp_cedar_expr *item = expr->items[0];
	if (item->op != KP_CEDAR_OP_LITERAL || item->literal.kind != KP_CEDAR_STRING) {
		kp_cedar_check_complain(checker, item->pos,
			"%s() wants a literal string such as %s, nothing computed",
			info->name, constructor_example(expr->fn));
		return NULL;
	}
	if (!constructor_accepts(expr->fn, item->literal.string)) {
		kp_cedar_check_complain(checker, item->pos,
			"\"%.*s\" is no %s, expected one such as %s",
			item->literal.string.len > 60 ? 60
						      : (int)item->literal.string.len,
			item->literal.string.data, info->name,
			constructor_example(expr->fn));
		return NULL;
	}
	return kp_cedar_type_of_kind(info->result);
}

static struct typed
visit_call(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_fn_info *info = kp_cedar_fn_info(expr->fn);
	bool failed = false;
	for (size_t i = 0; i < expr->count; i++) {
		const struct kp_cedar_type *type =
			visit(checker, expr->items[i], known).type;
		failed = failed || type == NULL;
		if (type == NULL || i >= info->arg_count ||
			kp_cedar_type_value_kind(type) == info->args[i]) {
			continue;
		}
		char text[KP_CEDAR_TYPE_TEXT_MAX];
		(void)wrong_type(checker, expr->items[i],
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
		return just(NULL);
	}
	if (failed) {
		return just(NULL);
	}
	return just(expr->fn <= KP_CEDAR_FN_DURATION
			? construct(checker, expr, info)
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
		return bool_type(expr->literal.boolean);
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

static struct typed
visit_any(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	const struct kp_cedar_type *type;
	switch (expr->op) {
	case KP_CEDAR_OP_LITERAL:
		return just(literal_type(checker, expr));
	case KP_CEDAR_OP_VAR:
		return just(var_type(checker, expr));
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
		return visit_tag(checker, expr, known);
	case KP_CEDAR_OP_IS_EMPTY:
		type = operand(checker, expr->left, known, KP_CEDAR_TYPE_SET);
		return just(type == NULL ? NULL : plain(KP_CEDAR_TYPE_BOOL));
	case KP_CEDAR_OP_LIKE:
		type = operand(checker, expr->left, known, KP_CEDAR_TYPE_STRING);
		return just(type == NULL ? NULL : plain(KP_CEDAR_TYPE_BOOL));
	case KP_CEDAR_OP_GET:
		return visit_get(checker, expr, known);
	case KP_CEDAR_OP_HAS:
		return visit_has(checker, expr, known);
	case KP_CEDAR_OP_SET:
		return visit_set(checker, expr, known);
	case KP_CEDAR_OP_RECORD:
		return visit_record(checker, expr, known);
	case KP_CEDAR_OP_CALL:
		return visit_call(checker, expr, known);
	}
	return just(NULL);
}

static struct typed
visit(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct facts *known)
{
	if (!kp_cedar_check_step(checker)) {
		return just(NULL);
	}
	struct typed typed = visit_any(checker, expr, known);
	if (checker->options->level_checked && typed.type != NULL &&
		!kp_cedar_map_put(&checker->types, checker->arena, expr, typed.type)) {
		kp_cedar_check_no_memory(checker);
	}
	return typed;
}

/* `unless e` is `when !e`. */
static struct typed
visit_condition(struct kp_cedar_checker *checker,
	const struct kp_cedar_condition *condition, const struct facts *known)
{
	struct typed typed = bool_operand(checker, condition->expr, known);
	if (!condition->unless || typed.type == NULL) {
		return condition->unless ? just(NULL) : typed;
	}
	return just(typed.type->kind == KP_CEDAR_TYPE_BOOL
			? typed.type
			: bool_type(typed.type->kind == KP_CEDAR_TYPE_FALSE));
}

const struct kp_cedar_type *
kp_cedar_check_conditions(struct kp_cedar_checker *checker)
{
	const struct kp_cedar_policy *policy = checker->policy;
	const struct kp_cedar_type *result = plain(KP_CEDAR_TYPE_BOOL);
	const struct facts *known = NULL;
	for (size_t i = 0; i < policy->condition_count; i++) {
		struct typed typed =
			visit_condition(checker, &policy->conditions[i], known);
		known = both(checker, known, typed.facts);
		if (typed.type == NULL) {
			result = NULL;
		} else if (typed.type->kind == KP_CEDAR_TYPE_FALSE) {
			/* What follows is never evaluated. */
			return result == NULL ? NULL : typed.type;
		}
	}
	return result;
}
