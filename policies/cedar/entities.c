/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* entities: the store. Reading it from JSON is in entities_json.c; ancestors are in
 * closure.c. */
#include "entities.h"

#include <stdio.h>
#include <stdlib.h>

#define TABLE_SIZE_FIRST 64
#define LINEAR_MAX 16

void
kp_cedar_entities_init(struct kp_cedar_entities *entities, struct kp_arena *arena,
	const struct kp_cedar_entities *below)
{
	*entities = (struct kp_cedar_entities){.arena = arena, .below = below};
}

static enum kp_status
no_memory(struct kp_error *err)
{
	return kp_error_set(err, KP_E_MEMORY, "no memory left for the entities");
}

static void
put(struct kp_cedar_entity **slots, size_t size, struct kp_cedar_entity *entity)
{
	size_t at = entity->uid->hash & (size - 1);
	while (slots[at] != NULL) {
		at = (at + 1) & (size - 1);
	}
	slots[at] = entity;
}

/* The items array has half as many places as the table, so both grow at once. */
static bool
grow(struct kp_cedar_entities *entities)
{
	if (entities->count < entities->size / 2) {
		return true;
	}
	size_t size = entities->size == 0 ? TABLE_SIZE_FIRST : entities->size * 2;
	struct kp_cedar_entity **slots =
		KP_ARENA_ARRAY(entities->arena, struct kp_cedar_entity *, size);
	struct kp_cedar_entity **items =
		KP_ARENA_ARRAY(entities->arena, struct kp_cedar_entity *, size / 2);
	if (slots == NULL || items == NULL) {
		return false;
	}
	for (size_t i = 0; i < entities->count; i++) {
		items[i] = entities->items[i];
		put(slots, size, items[i]);
	}
	entities->slots = slots;
	entities->items = items;
	entities->size = size;
	return true;
}

const struct kp_cedar_entity *
kp_cedar_entities_find(
	const struct kp_cedar_entities *entities, const struct kp_cedar_uid *uid)
{
	for (; entities != NULL; entities = entities->below) {
		if (entities->size == 0) {
			continue;
		}
		size_t at = uid->hash & (entities->size - 1);
		while (entities->slots[at] != NULL) {
			if (entities->slots[at]->uid == uid) {
				return entities->slots[at];
			}
			at = (at + 1) & (entities->size - 1);
		}
	}
	return NULL;
}

static int
compare_tags(const void *a, const void *b)
{
	const struct kp_cedar_tag *left = a;
	const struct kp_cedar_tag *right = b;
	return kp_slice_compare(left->key, right->key);
}

static int
compare_uids(const void *a, const void *b)
{
	const struct kp_cedar_uid *left = *(const struct kp_cedar_uid *const *)a;
	const struct kp_cedar_uid *right = *(const struct kp_cedar_uid *const *)b;
	return (left->index > right->index) - (left->index < right->index);
}

/* Sorted copies, so that equal entities are equal memory, however they were written. */
static struct kp_cedar_entity *
copy_entity(struct kp_arena *arena, const struct kp_cedar_entity *from)
{
	static const struct kp_cedar_record no_attrs = {NULL, 0};
	struct kp_cedar_entity *entity = KP_ARENA_NEW(arena, struct kp_cedar_entity);
	struct kp_cedar_tag *tags =
		KP_ARENA_ARRAY(arena, struct kp_cedar_tag, from->tag_count);
	const struct kp_cedar_uid **parents =
		KP_ARENA_ARRAY(arena, const struct kp_cedar_uid *, from->parent_count);
	if (entity == NULL || tags == NULL || parents == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < from->tag_count; i++) {
		tags[i] = from->tags[i];
	}
	for (size_t i = 0; i < from->parent_count; i++) {
		parents[i] = from->parents[i];
	}
	qsort(tags, from->tag_count, sizeof(*tags), compare_tags);
	qsort(parents, from->parent_count, sizeof(const struct kp_cedar_uid *),
		compare_uids);
	size_t kept = 0;
	for (size_t i = 0; i < from->parent_count; i++) {
		if (kept == 0 || parents[kept - 1] != parents[i]) {
			parents[kept++] = parents[i];
		}
	}
	*entity = (struct kp_cedar_entity){
		.uid = from->uid,
		.attrs = from->attrs == NULL ? &no_attrs : from->attrs,
		.tags = tags,
		.tag_count = from->tag_count,
		.parents = parents,
		.parent_count = kept,
	};
	return entity;
}

static bool
same_entity(const struct kp_cedar_entity *a, const struct kp_cedar_entity *b)
{
	struct kp_cedar_value left = {.kind = KP_CEDAR_RECORD, .record = a->attrs};
	struct kp_cedar_value right = {.kind = KP_CEDAR_RECORD, .record = b->attrs};
	if (!kp_cedar_value_equal(&left, &right) || a->tag_count != b->tag_count ||
		a->parent_count != b->parent_count) {
		return false;
	}
	for (size_t i = 0; i < a->tag_count; i++) {
		if (!kp_slice_equal(a->tags[i].key, b->tags[i].key) ||
			!kp_cedar_value_equal(&a->tags[i].value, &b->tags[i].value)) {
			return false;
		}
	}
	for (size_t i = 0; i < a->parent_count; i++) {
		if (a->parents[i] != b->parents[i]) {
			return false;
		}
	}
	return true;
}

static enum kp_status
refuse(const struct kp_cedar_uid *uid, const char *why, struct kp_error *err)
{
	int type_len = uid->type->text.len > 60 ? 60 : (int)uid->type->text.len;
	int id_len = uid->id->text.len > 60 ? 60 : (int)uid->id->text.len;
	return kp_error_set(err, KP_E_INVALID, "the entity %.*s::\"%.*s\" %s", type_len,
		uid->type->text.data, id_len, uid->id->text.data, why);
}

enum kp_status
kp_cedar_entities_add(struct kp_cedar_entities *entities,
	const struct kp_cedar_entity *entity, struct kp_error *err)
{
	KP_REQUIRE(!entities->closed);
	if (entities->count >= KP_CEDAR_ENTITIES_MAX) {
		return kp_error_set(
			err, KP_E_LIMIT, "more than %zu entities", KP_CEDAR_ENTITIES_MAX);
	}
	struct kp_cedar_entity *copy = copy_entity(entities->arena, entity);
	if (copy == NULL || !grow(entities)) {
		return no_memory(err);
	}
	for (size_t i = 1; i < copy->tag_count; i++) {
		if (kp_slice_equal(copy->tags[i].key, copy->tags[i - 1].key)) {
			return refuse(copy->uid, "has the same tag twice", err);
		}
	}
	const struct kp_cedar_entity *known = kp_cedar_entities_find(entities, copy->uid);
	if (known != NULL) {
		return same_entity(known, copy)
			? KP_OK
			: refuse(copy->uid, "is given twice, and differently", err);
	}
	put(entities->slots, entities->size, copy);
	entities->items[entities->count++] = copy;
	return KP_OK;
}

bool
kp_cedar_entity_in(
	const struct kp_cedar_entity *entity, const struct kp_cedar_uid *ancestor)
{
	size_t low = 0;
	size_t high = entity->ancestor_count;
	while (high - low > LINEAR_MAX) {
		size_t middle = low + (high - low) / 2;
		if (entity->ancestors[middle]->index <= ancestor->index) {
			low = middle;
		} else {
			high = middle;
		}
	}
	for (size_t i = low; i < high; i++) {
		if (entity->ancestors[i] == ancestor) {
			return true;
		}
	}
	return false;
}

const struct kp_cedar_value *
kp_cedar_entity_tag(const struct kp_cedar_entity *entity, struct kp_slice key)
{
	struct kp_cedar_tag wanted = {.key = key};
	if (entity->tag_count == 0) {
		return NULL;
	}
	const struct kp_cedar_tag *found = bsearch(&wanted, entity->tags,
		entity->tag_count, sizeof(*entity->tags), compare_tags);
	return found == NULL ? NULL : &found->value;
}
