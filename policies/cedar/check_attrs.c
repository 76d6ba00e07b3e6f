/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check_attrs: attributes and tags, and what testing for them makes known. */
#include <stdio.h>

#include "check_typed.h"

static bool
is_action_type(const struct kp_cedar_checker *checker, const struct kp_cedar_name *type)
{
	return kp_cedar_map_find(&checker->schema->action_types, type) != NULL;
}

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
	(void)kp_cedar_check_wrong_type(checker, expr, "an entity or a record", type);
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

struct kp_cedar_typed
kp_cedar_check_get(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_visit(checker, expr->left, known).type;
	if (left == NULL || !has_attrs(checker, expr->left, left)) {
		return kp_cedar_typed_just(NULL);
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
		return kp_cedar_typed_just(NULL);
	}
	if (!attr->required &&
		!kp_cedar_facts_known(checker, known, expr->left, expr->attr, NULL)) {
		kp_cedar_check_complain(checker, expr->pos,
			"the attribute `%.*s` of `%s` is optional, test it with `has` "
			"first",
			KP_SLICE_ARG(expr->attr->text), owner);
		return kp_cedar_typed_just(NULL);
	}
	return kp_cedar_typed_just(attr->type);
}

static struct kp_cedar_typed
has_one(struct kp_cedar_checker *checker, const struct kp_cedar_expr *base,
	const struct kp_cedar_name *name, const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_visit(checker, base, known).type;
	if (left == NULL || !has_attrs(checker, base, left)) {
		return kp_cedar_typed_just(NULL);
	}
	const struct kp_cedar_type *record = attrs_of(checker, left);
	if (record == NULL) {
		/* An unknown entity type is reported elsewhere. */
		return kp_cedar_typed_just(is_action_type(checker, left->entity)
				? kp_cedar_typed_bool(false)
				: NULL);
	}
	const struct kp_cedar_type_attr *attr = kp_cedar_type_attr(record, name);
	if (attr == NULL) {
		return kp_cedar_typed_just(kp_cedar_typed_bool(false));
	}
	bool present = attr->required && left->kind == KP_CEDAR_TYPE_RECORD;
	if (present || kp_cedar_facts_known(checker, known, base, name, NULL)) {
		return kp_cedar_typed_just(kp_cedar_typed_bool(true));
	}
	return (struct kp_cedar_typed){kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL),
		kp_cedar_facts_one(checker, base, name, NULL)};
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

struct kp_cedar_typed
kp_cedar_check_has(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	if (expr->path_count == 1) {
		return has_one(checker, expr->left, expr->path[0], known);
	}
	const struct kp_cedar_expr *all = write_out(checker, expr);
	return all == NULL ? kp_cedar_typed_just(NULL)
			   : kp_cedar_check_visit(checker, all, known);
}

struct kp_cedar_typed
kp_cedar_check_tag(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr,
	const struct kp_cedar_facts *known)
{
	const struct kp_cedar_type *left =
		kp_cedar_check_operand(checker, expr->left, known, KP_CEDAR_TYPE_ENTITY);
	const struct kp_cedar_type *right =
		kp_cedar_check_operand(checker, expr->right, known, KP_CEDAR_TYPE_STRING);
	if (left == NULL || right == NULL) {
		return kp_cedar_typed_just(NULL);
	}
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(checker->schema, left->entity);
	bool has = expr->op == KP_CEDAR_OP_HAS_TAG;
	if (entity == NULL && !is_action_type(checker, left->entity)) {
		return kp_cedar_typed_just(NULL);
	}
	if (entity == NULL || entity->tags == NULL) {
		if (!has) {
			kp_cedar_check_complain(checker, expr->pos,
				"entities of type `%.*s` have no tags",
				KP_SLICE_ARG(left->entity->text));
		}
		return kp_cedar_typed_just(has ? kp_cedar_typed_bool(false) : NULL);
	}
	bool present =
		kp_cedar_facts_known(checker, known, expr->left, NULL, expr->right);
	if (has) {
		return present
			? kp_cedar_typed_just(kp_cedar_typed_bool(true))
			: (struct kp_cedar_typed){kp_cedar_type_plain(KP_CEDAR_TYPE_BOOL),
				  kp_cedar_facts_one(
					  checker, expr->left, NULL, expr->right)};
	}
	if (!present) {
		kp_cedar_check_complain(checker, expr->pos,
			"`%.*s` may not have this tag, test it with `hasTag` first",
			KP_SLICE_ARG(left->entity->text));
	}
	return kp_cedar_typed_just(present ? entity->tags : NULL);
}
