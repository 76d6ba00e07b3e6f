/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * check_names: every entity type, action and enum id of a policy must be declared, also
 * in code that is never evaluated: a name that does not exist is a mistake, not false.
 */
#include "check_room.h"

static bool
is_action_type(const struct kp_cedar_name *type)
{
	return kp_slice_is(kp_cedar_path_base(type->text), "Action");
}

static void
check_type(struct kp_cedar_checker *checker, const struct kp_cedar_name *type,
	struct kp_cedar_pos pos)
{
	if (kp_cedar_schema_entity(checker->schema, type) != NULL ||
		is_action_type(type)) {
		return;
	}
	const char *near =
		kp_cedar_schema_nearest_type(checker->schema, checker->arena, type->text);
	kp_cedar_check_complain(checker, pos,
		"the entity type `%.*s` is not declared%s%s%s", KP_SLICE_ARG(type->text),
		near == NULL ? "" : ", did you mean `", near == NULL ? "" : near,
		near == NULL ? "" : "`?");
}

static void
check_action_uid(struct kp_cedar_checker *checker, const struct kp_cedar_uid *uid,
	struct kp_cedar_pos pos)
{
	if (kp_cedar_schema_action(checker->schema, uid) != NULL) {
		return;
	}
	const char *near = kp_cedar_schema_nearest_action(
		checker->schema, checker->arena, uid->id->text);
	kp_cedar_check_complain(checker, pos,
		"the action %.*s::\"%.*s\" is not declared%s%s%s",
		KP_SLICE_ARG(uid->type->text), KP_SLICE_ARG(uid->id->text),
		near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
		near == NULL ? "" : "\"?");
}

static const char *
nearest_id(struct kp_cedar_checker *checker, const struct kp_cedar_schema_entity *entity,
	struct kp_slice id)
{
	const char **known =
		KP_ARENA_ARRAY(checker->arena, const char *, entity->id_count);
	for (size_t i = 0; known != NULL && i < entity->id_count; i++) {
		known[i] = entity->ids[i]->text.data;
	}
	return known == NULL ? NULL : kp_cedar_nearest(id, known, entity->id_count);
}

static void
check_uid(struct kp_cedar_checker *checker, const struct kp_cedar_uid *uid,
	struct kp_cedar_pos pos)
{
	if (is_action_type(uid->type)) {
		check_action_uid(checker, uid, pos);
		return;
	}
	check_type(checker, uid->type, pos);
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(checker->schema, uid->type);
	if (entity == NULL || kp_cedar_schema_id_allowed(entity, uid->id)) {
		return;
	}
	const char *near = nearest_id(checker, entity, uid->id->text);
	kp_cedar_check_complain(checker, pos,
		"`%.*s` is an enum without the id \"%.*s\"%s%s%s",
		KP_SLICE_ARG(uid->type->text), KP_SLICE_ARG(uid->id->text),
		near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
		near == NULL ? "" : "\"?");
}

static void
check_expr(struct kp_cedar_checker *checker, const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_LITERAL && expr->literal.kind == KP_CEDAR_ENTITY) {
		check_uid(checker, expr->literal.entity, expr->pos);
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		check_expr(checker, child);
		if (expr->op == KP_CEDAR_OP_IS && i == 0) {
			check_type(checker, expr->type, expr->pos);
		}
	}
}

static void
check_scope(struct kp_cedar_checker *checker, const struct kp_cedar_scope *scope)
{
	if (scope->type != NULL) {
		check_type(checker, scope->type, scope->type_pos);
	}
	if (scope->uid != NULL) {
		check_uid(checker, scope->uid, scope->uid_pos);
	}
	for (size_t i = 0; i < scope->uid_count; i++) {
		check_uid(checker, scope->uids[i],
			scope->uids_pos == NULL ? scope->pos : scope->uids_pos[i]);
	}
}

void
kp_cedar_check_names(struct kp_cedar_checker *checker)
{
	const struct kp_cedar_policy *policy = checker->policy;
	check_scope(checker, &policy->principal);
	check_scope(checker, &policy->action);
	check_scope(checker, &policy->resource);
	for (size_t i = 0; i < policy->condition_count; i++) {
		check_expr(checker, policy->conditions[i].expr);
	}
}
