/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check_data: see check_data.h. */
#include "check_data.h"

#include <stdio.h>

/* Text of what is being checked, for messages: User::"a", attribute `b`. */
#define WHAT_MAX 128

static bool
is_action_type(const struct kp_cedar_name *type)
{
	return kp_slice_is(kp_cedar_path_base(type->text), "Action");
}

/* An action must be declared, an enum must have the id. */
static enum kp_status
check_uid(const struct kp_cedar_schema *schema, const struct kp_cedar_uid *uid,
	const char *what, struct kp_error *err)
{
	if (is_action_type(uid->type)) {
		if (kp_cedar_schema_action(schema, uid) == NULL) {
			return kp_error_set(err, KP_E_INVALID,
				"%s: the action %.*s::\"%.*s\" is not declared", what,
				KP_SLICE_ARG(uid->type->text),
				KP_SLICE_ARG(uid->id->text));
		}
		return KP_OK;
	}
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(schema, uid->type);
	if (entity != NULL && !kp_cedar_schema_id_allowed(entity, uid->id)) {
		return kp_error_set(err, KP_E_INVALID,
			"%s: `%.*s` is an enum without the id \"%.*s\"", what,
			KP_SLICE_ARG(uid->type->text), KP_SLICE_ARG(uid->id->text));
	}
	return KP_OK;
}

static enum kp_status
wrong_kind(const struct kp_cedar_value *value, const struct kp_cedar_type *type,
	const char *what, struct kp_error *err)
{
	char wanted[KP_CEDAR_TYPE_TEXT_MAX];
	(void)kp_cedar_type_text(type, wanted);
	if (value->kind == KP_CEDAR_ENTITY) {
		return kp_error_set(err, KP_E_INVALID,
			"%s: expected %s, found an entity of type %.*s", what, wanted,
			KP_SLICE_ARG(value->entity->type->text));
	}
	return kp_error_set(err, KP_E_INVALID, "%s: expected %s, found a %s", what,
		wanted, kp_cedar_kind_name(value->kind));
}

static enum kp_status
check_record(const struct kp_cedar_schema *schema, const struct kp_cedar_record *record,
	const struct kp_cedar_type *type, const char *what, struct kp_error *err)
{
	for (size_t i = 0; i < record->count; i++) {
		const struct kp_cedar_attr *attr = &record->attrs[i];
		const struct kp_cedar_type_attr *declared =
			kp_cedar_type_attr(type, attr->name);
		if (declared == NULL) {
			return kp_error_set(err, KP_E_INVALID,
				"%s: the attribute `%.*s` is not declared", what,
				KP_SLICE_ARG(attr->name->text));
		}
		char inner[WHAT_MAX];
		(void)snprintf(inner, sizeof(inner), "%s, attribute `%.*s`", what,
			KP_SLICE_ARG(attr->name->text));
		enum kp_status status = kp_cedar_check_value(
			schema, &attr->value, declared->type, inner, err);
		if (status != KP_OK) {
			return status;
		}
	}
	for (size_t i = 0; i < type->attr_count; i++) {
		if (type->attrs[i].required &&
			kp_cedar_record_get(record, type->attrs[i].name) == NULL) {
			return kp_error_set(err, KP_E_INVALID,
				"%s: the attribute `%.*s` is missing", what,
				KP_SLICE_ARG(type->attrs[i].name->text));
		}
	}
	return KP_OK;
}

static enum kp_status
check_set(const struct kp_cedar_schema *schema, const struct kp_cedar_set *set,
	const struct kp_cedar_type *type, const char *what, struct kp_error *err)
{
	for (size_t i = 0; i < set->count; i++) {
		enum kp_status status = kp_cedar_check_value(
			schema, &set->items[i], type->element, what, err);
		if (status != KP_OK) {
			return status;
		}
	}
	return KP_OK;
}

enum kp_status
kp_cedar_check_value(const struct kp_cedar_schema *schema,
	const struct kp_cedar_value *value, const struct kp_cedar_type *type,
	const char *what, struct kp_error *err)
{
	if (kp_cedar_type_value_kind(type) != value->kind) {
		return wrong_kind(value, type, what, err);
	}
	if (value->kind == KP_CEDAR_RECORD) {
		return check_record(schema, value->record, type, what, err);
	}
	if (value->kind == KP_CEDAR_SET) {
		return check_set(schema, value->set, type, what, err);
	}
	if (value->kind != KP_CEDAR_ENTITY) {
		return KP_OK;
	}
	if (value->entity->type != type->entity) {
		return wrong_kind(value, type, what, err);
	}
	return check_uid(schema, value->entity, what, err);
}

/* --- entities --- */

static bool
uid_in(const struct kp_cedar_uid *uid, const struct kp_cedar_uid *const *list,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == uid) {
			return true;
		}
	}
	return false;
}

/* The parents that are given, and what those are in, must be all that is declared. */
static bool
same_ancestors(const struct kp_cedar_schema *schema, const struct kp_cedar_entity *entity,
	const struct kp_cedar_schema_action *action)
{
	for (size_t i = 0; i < entity->parent_count; i++) {
		if (!uid_in(entity->parents[i], action->ancestors,
			    action->ancestor_count)) {
			return false;
		}
	}
	for (size_t i = 0; i < action->ancestor_count; i++) {
		bool reached = false;
		for (size_t j = 0; j < entity->parent_count && !reached; j++) {
			reached = kp_cedar_schema_action_in(
				schema, entity->parents[j], action->ancestors[i]);
		}
		if (!reached) {
			return false;
		}
	}
	return true;
}

static enum kp_status
check_action(const struct kp_cedar_schema *schema, const struct kp_cedar_entity *entity,
	const char *what, struct kp_error *err)
{
	const struct kp_cedar_schema_action *action =
		kp_cedar_schema_action(schema, entity->uid);
	if (action == NULL) {
		return kp_error_set(
			err, KP_E_INVALID, "%s: this action is not declared", what);
	}
	if (entity->attrs->count > 0 || entity->tag_count > 0) {
		return kp_error_set(err, KP_E_INVALID,
			"%s: an action has no attributes and no tags", what);
	}
	if (!same_ancestors(schema, entity, action)) {
		return kp_error_set(err, KP_E_INVALID,
			"%s: this action is declared with other parents", what);
	}
	return KP_OK;
}

static enum kp_status
check_parents(const struct kp_cedar_schema *schema, const struct kp_cedar_entity *entity,
	const char *what, struct kp_error *err)
{
	const struct kp_cedar_schema_entity *type =
		kp_cedar_schema_entity(schema, entity->uid->type);
	for (size_t i = 0; i < entity->parent_count; i++) {
		const struct kp_cedar_uid *parent = entity->parents[i];
		bool allowed = false;
		for (size_t j = 0; j < type->ancestor_count && !allowed; j++) {
			allowed = type->ancestors[j] == parent->type;
		}
		if (!allowed) {
			return kp_error_set(err, KP_E_INVALID,
				"%s: an entity of this type cannot be in one of type "
				"`%.*s`",
				what, KP_SLICE_ARG(parent->type->text));
		}
		enum kp_status status = check_uid(schema, parent, what, err);
		if (status != KP_OK) {
			return status;
		}
	}
	return KP_OK;
}

static enum kp_status
check_tags(const struct kp_cedar_schema *schema, const struct kp_cedar_entity *entity,
	const struct kp_cedar_type *type, const char *what, struct kp_error *err)
{
	if (entity->tag_count > 0 && type == NULL) {
		return kp_error_set(err, KP_E_INVALID,
			"%s: entities of this type have no tags", what);
	}
	for (size_t i = 0; i < entity->tag_count; i++) {
		char inner[WHAT_MAX];
		(void)snprintf(inner, sizeof(inner), "%s, tag `%.*s`", what,
			KP_SLICE_ARG(entity->tags[i].key));
		enum kp_status status = kp_cedar_check_value(
			schema, &entity->tags[i].value, type, inner, err);
		if (status != KP_OK) {
			return status;
		}
	}
	return KP_OK;
}

enum kp_status
kp_cedar_check_entity(const struct kp_cedar_schema *schema,
	const struct kp_cedar_entity *entity, struct kp_error *err)
{
	char what[WHAT_MAX];
	const struct kp_cedar_uid *uid = entity->uid;
	(void)snprintf(what, sizeof(what), "%.*s::\"%.*s\"",
		KP_SLICE_ARG(uid->type->text), KP_SLICE_ARG(uid->id->text));
	if (is_action_type(uid->type)) {
		return check_action(schema, entity, what, err);
	}
	const struct kp_cedar_schema_entity *type =
		kp_cedar_schema_entity(schema, uid->type);
	if (type == NULL) {
		return kp_error_set(err, KP_E_INVALID,
			"%s: the entity type `%.*s` is not declared", what,
			KP_SLICE_ARG(uid->type->text));
	}
	enum kp_status status = check_uid(schema, uid, what, err);
	if (status == KP_OK) {
		status = check_record(schema, entity->attrs, type->attrs, what, err);
	}
	if (status == KP_OK) {
		status = check_tags(schema, entity, type->tags, what, err);
	}
	return status == KP_OK ? check_parents(schema, entity, what, err) : status;
}

enum kp_status
kp_cedar_schema_add_actions(const struct kp_cedar_schema *schema,
	struct kp_cedar_entities *entities, struct kp_error *err)
{
	static const struct kp_cedar_record none = {0};
	for (size_t i = 0; i < schema->action_count; i++) {
		const struct kp_cedar_schema_action *action = schema->actions[i];
		if (kp_cedar_entities_find(entities, action->uid) != NULL) {
			continue;
		}
		struct kp_cedar_entity entity = {.uid = action->uid,
			.attrs = &none,
			.parents = action->parents,
			.parent_count = action->parent_count};
		enum kp_status status = kp_cedar_entities_add(entities, &entity, err);
		if (status != KP_OK) {
			return status;
		}
	}
	return KP_OK;
}

/* --- requests --- */

static bool
name_in(const struct kp_cedar_name *name, const struct kp_cedar_name *const *list,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i] == name) {
			return true;
		}
	}
	return false;
}

static enum kp_status
check_party(const struct kp_cedar_schema *schema, const char *what,
	const struct kp_cedar_uid *uid, const struct kp_cedar_name *const *types,
	size_t count, struct kp_error *err)
{
	if (!name_in(uid->type, types, count)) {
		return kp_error_set(err, KP_E_INVALID,
			"the action does not apply to a %s of type `%.*s`", what,
			KP_SLICE_ARG(uid->type->text));
	}
	return check_uid(schema, uid, what, err);
}

enum kp_status
kp_cedar_check_request(const struct kp_cedar_schema *schema,
	const struct kp_cedar_request *request, struct kp_error *err)
{
	static const struct kp_cedar_record none = {0};
	const struct kp_cedar_schema_action *action =
		kp_cedar_schema_action(schema, request->action);
	if (action == NULL) {
		return kp_error_set(err, KP_E_INVALID,
			"the action %.*s::\"%.*s\" is not declared",
			KP_SLICE_ARG(request->action->type->text),
			KP_SLICE_ARG(request->action->id->text));
	}
	enum kp_status status = check_party(schema, "principal", request->principal,
		action->principals, action->principal_count, err);
	if (status == KP_OK) {
		status = check_party(schema, "resource", request->resource,
			action->resources, action->resource_count, err);
	}
	if (status != KP_OK) {
		return status;
	}
	return check_record(schema, request->context == NULL ? &none : request->context,
		action->context, "context", err);
}

/* --- the guide --- */

static const void *
guide_attr_type(const void *schema, const struct kp_cedar_uid *uid,
	const struct kp_cedar_name *attr)
{
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(schema, uid->type);
	const struct kp_cedar_type_attr *declared =
		entity == NULL ? NULL : kp_cedar_type_attr(entity->attrs, attr);
	return declared == NULL ? NULL : declared->type;
}

static const void *
guide_tag_type(const void *schema, const struct kp_cedar_uid *uid)
{
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(schema, uid->type);
	return entity == NULL ? NULL : entity->tags;
}

static enum kp_cedar_kind
guide_kind(const void *schema, const void *type)
{
	(void)schema;
	return kp_cedar_type_value_kind(type);
}

static const void *
guide_element_type(const void *schema, const void *type)
{
	(void)schema;
	return ((const struct kp_cedar_type *)type)->element;
}

static const void *
guide_field_type(const void *schema, const void *type, const struct kp_cedar_name *field)
{
	(void)schema;
	const struct kp_cedar_type_attr *attr = kp_cedar_type_attr(type, field);
	return attr == NULL ? NULL : attr->type;
}

static enum kp_status
guide_check(
	const void *schema, const struct kp_cedar_entity *entity, struct kp_error *err)
{
	return kp_cedar_check_entity(schema, entity, err);
}

void
kp_cedar_schema_guide(
	const struct kp_cedar_schema *schema, struct kp_cedar_json_guide *ret_guide)
{
	*ret_guide = (struct kp_cedar_json_guide){.schema = schema,
		.attr_type = guide_attr_type,
		.tag_type = guide_tag_type,
		.kind = guide_kind,
		.element_type = guide_element_type,
		.field_type = guide_field_type,
		.check = guide_check};
}
