/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema_hierarchy: entity types and actions looked up, and who is in whom. */
#include <stdlib.h>

#include "schema_maker.h"

static int
compare_names(const void *a, const void *b)
{
	uint32_t left = (*(const struct kp_cedar_name *const *)a)->index;
	uint32_t right = (*(const struct kp_cedar_name *const *)b)->index;
	return (left > right) - (left < right);
}

static int
compare_uids(const void *a, const void *b)
{
	uint32_t left = (*(const struct kp_cedar_uid *const *)a)->index;
	uint32_t right = (*(const struct kp_cedar_uid *const *)b)->index;
	return (left > right) - (left < right);
}

/* Looks up a list of entity types; those not declared are findings and left out. */
static const struct kp_cedar_name **
resolve_paths(struct kp_cedar_maker *maker, const struct kp_cedar_path_ref *refs,
	size_t *ret_count)
{
	size_t count = 0;
	for (const struct kp_cedar_path_ref *ref = refs; ref != NULL; ref = ref->next) {
		count++;
	}
	const struct kp_cedar_name **names =
		kp_cedar_maker_alloc(maker, count, sizeof(*names));
	*ret_count = 0;
	if (names == NULL) {
		return NULL;
	}
	size_t kept = 0;
	for (const struct kp_cedar_path_ref *ref = refs; ref != NULL; ref = ref->next) {
		struct kp_cedar_type_ref wanted = {
			.kind = KP_CEDAR_REF_ENTITY, .pos = ref->pos, .path = ref->path};
		const struct kp_cedar_type *type =
			kp_cedar_maker_resolve_name(maker, &wanted);
		if (type != NULL) {
			names[kept++] = type->entity;
		}
	}
	qsort(names, kept, sizeof(*names), compare_names);
	size_t unique = 0;
	for (size_t i = 0; i < kept; i++) {
		if (unique == 0 || names[unique - 1] != names[i]) {
			names[unique++] = names[i];
		}
	}
	*ret_count = unique;
	return names;
}

/* Of each entity type, its declared parents, until the closure takes their place. */
void
kp_cedar_maker_resolve_entity(
	struct kp_cedar_maker *maker, struct kp_cedar_schema_entity *entity)
{
	static const struct kp_cedar_type_ref empty = {.kind = KP_CEDAR_REF_RECORD};
	const struct kp_cedar_entity_decl *decl = entity->decl;
	entity->ancestors = resolve_paths(maker, decl->parents, &entity->ancestor_count);
	entity->attrs =
		kp_cedar_maker_resolve(maker, decl->shape == NULL ? &empty : decl->shape);
	if (entity->attrs != NULL && entity->attrs->kind != KP_CEDAR_TYPE_RECORD) {
		kp_cedar_maker_complain(maker, decl->shape->pos,
			"the shape of entity type `%.*s` is not a record",
			KP_SLICE_ARG(entity->name->text));
	}
	entity->tags =
		decl->tags == NULL ? NULL : kp_cedar_maker_resolve(maker, decl->tags);
}

/* Everything reachable from one type, breadth first; `seen` holds the last visitor. */
static void
close_entity(struct kp_cedar_maker *maker, struct kp_cedar_schema_entity *entity,
	struct kp_cedar_map *parents, const struct kp_cedar_name **queue)
{
	struct kp_cedar_map seen = {0};
	size_t count = 0;
	const struct kp_cedar_name *at = entity->name;
	for (size_t next = 0;; at = queue[next++]) {
		const struct kp_cedar_schema_entity *here =
			kp_cedar_map_find(parents, at);
		for (size_t i = 0; here != NULL && i < here->ancestor_count; i++) {
			const struct kp_cedar_name *up = here->ancestors[i];
			if (kp_cedar_map_find(&seen, up) == NULL) {
				if (!kp_cedar_maker_put(maker, &seen, up, up)) {
					return;
				}
				queue[count++] = up;
			}
		}
		if (next == count) {
			break;
		}
	}
	const struct kp_cedar_name **ancestors =
		kp_cedar_maker_alloc(maker, count, sizeof(*ancestors));
	if (ancestors == NULL) {
		return;
	}
	if (count > 0) {
		memcpy(ancestors, queue, count * sizeof(*ancestors));
		qsort(ancestors, count, sizeof(*ancestors), compare_names);
	}
	entity->ancestors = ancestors;
	entity->ancestor_count = count;
}

void
kp_cedar_maker_close_entities(struct kp_cedar_maker *maker)
{
	struct kp_cedar_schema *schema = maker->schema;
	struct kp_cedar_map parents = {0};
	const struct kp_cedar_name **queue = kp_cedar_maker_alloc(
		maker, schema->entity_count + schema->action_types.count, sizeof(*queue));
	struct kp_cedar_schema_entity *copies =
		kp_cedar_maker_alloc(maker, schema->entity_count, sizeof(*copies));
	if (queue == NULL || copies == NULL) {
		return;
	}
	for (size_t i = 0; i < schema->entity_count; i++) {
		copies[i] = *schema->entities[i];
		if (!kp_cedar_maker_put(maker, &parents, copies[i].name, &copies[i])) {
			return;
		}
	}
	for (size_t i = 0; i < schema->entity_count && maker->status == KP_OK; i++) {
		close_entity(maker, schema->entities[i], &parents, queue);
	}
}

static const struct kp_cedar_uid *
find_action(struct kp_cedar_maker *maker, const struct kp_cedar_action_ref *ref)
{
	const struct kp_cedar_name *type = ref->type == NULL
		? kp_cedar_name(maker->source->names, KP_SLICE("Action"))
		: ref->type;
	if (type == NULL) {
		kp_cedar_maker_no_memory(maker);
		return NULL;
	}
	const struct kp_cedar_name *tries[2] = {type, type};
	if (kp_cedar_path_namespace(type->text).len == 0) {
		tries[0] = kp_cedar_maker_qualify(maker, maker->space->name, type);
	}
	for (size_t i = 0; i < 2 && tries[i] != NULL; i++) {
		const struct kp_cedar_uid *uid = kp_cedar_uid_find(
			maker->source->names, tries[i]->text, ref->id->text);
		if (uid != NULL && kp_cedar_schema_action(maker->schema, uid) != NULL) {
			return uid;
		}
	}
	const char *near = kp_cedar_schema_nearest_action(
		maker->schema, maker->arena, ref->id->text);
	kp_cedar_maker_complain(maker, ref->pos,
		"the action %.*s::\"%.*s\" is not declared%s%s%s",
		KP_SLICE_ARG(type->text), KP_SLICE_ARG(ref->id->text),
		near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
		near == NULL ? "" : "\"?");
	return NULL;
}

static void
resolve_action_parents(
	struct kp_cedar_maker *maker, struct kp_cedar_schema_action *action)
{
	size_t count = 0;
	for (const struct kp_cedar_action_ref *ref = action->decl->parents; ref != NULL;
		ref = ref->next) {
		count++;
	}
	const struct kp_cedar_uid **parents =
		kp_cedar_maker_alloc(maker, count, sizeof(*parents));
	if (parents == NULL) {
		return;
	}
	size_t kept = 0;
	for (const struct kp_cedar_action_ref *ref = action->decl->parents; ref != NULL;
		ref = ref->next) {
		const struct kp_cedar_uid *uid = find_action(maker, ref);
		if (uid != NULL) {
			parents[kept++] = uid;
		}
	}
	qsort(parents, kept, sizeof(*parents), compare_uids);
	size_t unique = 0;
	for (size_t i = 0; i < kept; i++) {
		if (unique == 0 || parents[unique - 1] != parents[i]) {
			parents[unique++] = parents[i];
		}
	}
	action->parents = parents;
	action->parent_count = unique;
}

void
kp_cedar_maker_resolve_action(
	struct kp_cedar_maker *maker, struct kp_cedar_schema_action *action)
{
	static const struct kp_cedar_type_ref empty = {.kind = KP_CEDAR_REF_RECORD};
	const struct kp_cedar_action_decl *decl = action->decl;
	resolve_action_parents(maker, action);
	action->principals =
		resolve_paths(maker, decl->principals, &action->principal_count);
	action->resources =
		resolve_paths(maker, decl->resources, &action->resource_count);
	action->context = kp_cedar_maker_resolve(
		maker, decl->context == NULL ? &empty : decl->context);
	if (action->context != NULL && action->context->kind != KP_CEDAR_TYPE_RECORD) {
		kp_cedar_maker_complain(maker, decl->context->pos,
			"the context of action `%.*s` is not a record",
			KP_SLICE_ARG(decl->id->text));
	}
}

/* Breadth first from one action. Meeting the action itself is a cycle. */
void
kp_cedar_maker_close_action(struct kp_cedar_maker *maker,
	struct kp_cedar_schema_action *action, const struct kp_cedar_uid **queue)
{
	struct kp_cedar_map seen = {0};
	size_t count = 0;
	const struct kp_cedar_uid *at = action->uid;
	for (size_t next = 0;; at = queue[next++]) {
		const struct kp_cedar_schema_action *here =
			kp_cedar_schema_action(maker->schema, at);
		for (size_t i = 0; here != NULL && i < here->parent_count; i++) {
			const struct kp_cedar_uid *up = here->parents[i];
			if (kp_cedar_map_find(&seen, up) == NULL) {
				if (!kp_cedar_maker_put(maker, &seen, up, up)) {
					return;
				}
				queue[count++] = up;
			}
		}
		if (next == count) {
			break;
		}
	}
	if (kp_cedar_map_find(&seen, action->uid) != NULL) {
		kp_cedar_maker_complain(maker, action->decl->pos,
			"the action `%.*s` is in itself",
			KP_SLICE_ARG(action->uid->id->text));
		return;
	}
	const struct kp_cedar_uid **ancestors =
		kp_cedar_maker_alloc(maker, count, sizeof(*ancestors));
	if (ancestors == NULL) {
		return;
	}
	if (count > 0) {
		memcpy(ancestors, queue, count * sizeof(*ancestors));
		qsort(ancestors, count, sizeof(*ancestors), compare_uids);
	}
	action->ancestors = ancestors;
	action->ancestor_count = count;
}
