/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema: questions to a finished schema; it is made in schema_make.c. */
#include "schema.h"

bool
kp_cedar_schema_type_in(const struct kp_cedar_schema *schema,
	const struct kp_cedar_name *type, const struct kp_cedar_name *ancestor)
{
	if (type == ancestor) {
		return true;
	}
	const struct kp_cedar_schema_entity *entity =
		kp_cedar_schema_entity(schema, type);
	size_t low = 0;
	size_t high = entity == NULL ? 0 : entity->ancestor_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entity->ancestors[middle] == ancestor) {
			return true;
		}
		if (entity->ancestors[middle]->index < ancestor->index) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return false;
}

bool
kp_cedar_schema_action_in(const struct kp_cedar_schema *schema,
	const struct kp_cedar_uid *action, const struct kp_cedar_uid *ancestor)
{
	if (action == ancestor) {
		return true;
	}
	const struct kp_cedar_schema_action *entry =
		kp_cedar_schema_action(schema, action);
	size_t low = 0;
	size_t high = entry == NULL ? 0 : entry->ancestor_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entry->ancestors[middle] == ancestor) {
			return true;
		}
		if (entry->ancestors[middle]->index < ancestor->index) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return false;
}

bool
kp_cedar_schema_id_allowed(
	const struct kp_cedar_schema_entity *entity, const struct kp_cedar_name *id)
{
	if (entity->ids == NULL) {
		return true;
	}
	for (size_t i = 0; i < entity->id_count; i++) {
		if (entity->ids[i] == id) {
			return true;
		}
	}
	return false;
}

const char *
kp_cedar_schema_nearest_type(const struct kp_cedar_schema *schema, struct kp_arena *arena,
	struct kp_slice name)
{
	const char **known = KP_ARENA_ARRAY(arena, const char *, schema->entity_count);
	for (size_t i = 0; known != NULL && i < schema->entity_count; i++) {
		known[i] = schema->entities[i]->name->text.data;
	}
	return known == NULL ? NULL : kp_cedar_nearest(name, known, schema->entity_count);
}

const char *
kp_cedar_schema_nearest_action(
	const struct kp_cedar_schema *schema, struct kp_arena *arena, struct kp_slice id)
{
	const char **known = KP_ARENA_ARRAY(arena, const char *, schema->action_count);
	for (size_t i = 0; known != NULL && i < schema->action_count; i++) {
		known[i] = schema->actions[i]->uid->id->text.data;
	}
	return known == NULL ? NULL : kp_cedar_nearest(id, known, schema->action_count);
}

const char *
kp_cedar_schema_nearest_attr(
	const struct kp_cedar_type *record, struct kp_arena *arena, struct kp_slice name)
{
	const char **known = KP_ARENA_ARRAY(arena, const char *, record->attr_count);
	for (size_t i = 0; known != NULL && i < record->attr_count; i++) {
		known[i] = record->attrs[i].name->text.data;
	}
	return known == NULL ? NULL : kp_cedar_nearest(name, known, record->attr_count);
}
