/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * closure: the ancestors of every entity of a store, once, so that `in` is a search in
 * one array. The walk keeps its own stack: a hierarchy may be as deep as the store is
 * large.
 */
#include <stdlib.h>

#include "core/heap.h"
#include "entities.h"

/* Where ancestors points while an entity is on the stack, and when it has none. */
static const struct kp_cedar_uid *const on_stack[1] = {NULL};
static const struct kp_cedar_uid *const none[1] = {NULL};

struct step {
	struct kp_cedar_entity *entity;
	size_t next_parent;
};

static enum kp_status
no_memory(struct kp_error *err)
{
	return kp_error_set(err, KP_E_MEMORY, "no memory left for the entities");
}

/* The entity in this store only; what is below is closed already. */
static struct kp_cedar_entity *
find_own(const struct kp_cedar_entities *entities, const struct kp_cedar_uid *uid)
{
	size_t at = uid->hash & (entities->size - 1);
	while (entities->slots[at] != NULL && entities->slots[at]->uid != uid) {
		at = (at + 1) & (entities->size - 1);
	}
	return entities->slots[at];
}

static int
compare_uids(const void *a, const void *b)
{
	const struct kp_cedar_uid *left = *(const struct kp_cedar_uid *const *)a;
	const struct kp_cedar_uid *right = *(const struct kp_cedar_uid *const *)b;
	return (left->index > right->index) - (left->index < right->index);
}

static enum kp_status
cycle(const struct kp_cedar_uid *uid, struct kp_error *err)
{
	int type_len = uid->type->text.len > 60 ? 60 : (int)uid->type->text.len;
	int id_len = uid->id->text.len > 60 ? 60 : (int)uid->id->text.len;
	return kp_error_set(err, KP_E_INVALID,
		"the entity %.*s::\"%.*s\" is a member of itself, by way of its parents",
		type_len, uid->type->text.data, id_len, uid->id->text.data);
}

static size_t
keep_different(const struct kp_cedar_uid **uids, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || uids[kept - 1] != uids[i]) {
			uids[kept++] = uids[i];
		}
	}
	return kept;
}

/* All parents are finished: joins them and what they are in. */
static enum kp_status
finish(const struct kp_cedar_entities *entities, struct kp_cedar_entity *entity,
	struct kp_error *err)
{
	size_t total = entity->parent_count;
	for (size_t i = 0; i < entity->parent_count; i++) {
		const struct kp_cedar_entity *parent =
			kp_cedar_entities_find(entities, entity->parents[i]);
		total += parent == NULL ? 0 : parent->ancestor_count;
	}
	entity->ancestors = none;
	if (total == 0) {
		return KP_OK;
	}
	const struct kp_cedar_uid **uids =
		KP_ARENA_ARRAY(entities->arena, const struct kp_cedar_uid *, total);
	if (uids == NULL) {
		return no_memory(err);
	}
	size_t count = 0;
	for (size_t i = 0; i < entity->parent_count; i++) {
		const struct kp_cedar_entity *parent =
			kp_cedar_entities_find(entities, entity->parents[i]);
		uids[count++] = entity->parents[i];
		for (size_t k = 0; parent != NULL && k < parent->ancestor_count; k++) {
			uids[count++] = parent->ancestors[k];
		}
	}
	qsort(uids, count, sizeof(const struct kp_cedar_uid *), compare_uids);
	entity->ancestors = uids;
	entity->ancestor_count = keep_different(uids, count);
	/* Only by way of a store below can it still be its own ancestor here. */
	return kp_cedar_entity_in(entity, entity->uid) ? cycle(entity->uid, err) : KP_OK;
}

/* Walks up from `first`, finishing parents before their children. */
static enum kp_status
walk(const struct kp_cedar_entities *entities, struct step *stack,
	struct kp_cedar_entity *first, struct kp_error *err)
{
	size_t height = 0;
	stack[height++] = (struct step){first, 0};
	first->ancestors = on_stack;
	while (height > 0) {
		struct step *top = &stack[height - 1];
		if (top->next_parent == top->entity->parent_count) {
			enum kp_status status = finish(entities, top->entity, err);
			if (status != KP_OK) {
				return status;
			}
			height--;
			continue;
		}
		struct kp_cedar_entity *parent =
			find_own(entities, top->entity->parents[top->next_parent++]);
		if (parent == NULL) {
			continue;
		}
		if (parent->ancestors == on_stack) {
			return cycle(parent->uid, err);
		}
		if (parent->ancestors == NULL) {
			parent->ancestors = on_stack;
			stack[height++] = (struct step){parent, 0};
		}
	}
	return KP_OK;
}

/*
 * Parents that no store has. If a store on top had one of them, the ancestors computed
 * here would be too few, so that is refused there.
 */
static enum kp_status
collect_missing(struct kp_cedar_entities *entities, struct kp_error *err)
{
	size_t total = 0;
	for (size_t i = 0; i < entities->count; i++) {
		total += entities->items[i]->parent_count;
	}
	if (total == 0) {
		return KP_OK;
	}
	const struct kp_cedar_uid **missing =
		KP_ARENA_ARRAY(entities->arena, const struct kp_cedar_uid *, total);
	if (missing == NULL) {
		return no_memory(err);
	}
	size_t count = 0;
	for (size_t i = 0; i < entities->count; i++) {
		const struct kp_cedar_entity *entity = entities->items[i];
		for (size_t k = 0; k < entity->parent_count; k++) {
			if (kp_cedar_entities_find(entities, entity->parents[k]) ==
				NULL) {
				missing[count++] = entity->parents[k];
			}
		}
	}
	qsort(missing, count, sizeof(const struct kp_cedar_uid *), compare_uids);
	entities->missing = missing;
	entities->missing_count = keep_different(missing, count);
	return KP_OK;
}

static enum kp_status
check_below(const struct kp_cedar_entities *entities, struct kp_error *err)
{
	for (const struct kp_cedar_entities *below = entities->below; below != NULL;
		below = below->below) {
		for (size_t i = 0; below->missing_count > 0 && i < entities->count; i++) {
			const struct kp_cedar_uid *uid = entities->items[i]->uid;
			if (bsearch(&uid, below->missing, below->missing_count,
				    sizeof(const struct kp_cedar_uid *),
				    compare_uids) != NULL) {
				return kp_error_set(err, KP_E_INVALID,
					"the entity %.60s::\"%.60s\" is the parent of "
					"one that was "
					"fixed before it",
					uid->type->text.data, uid->id->text.data);
			}
		}
	}
	return KP_OK;
}

enum kp_status
kp_cedar_entities_close(struct kp_cedar_entities *entities, struct kp_error *err)
{
	enum kp_status status = check_below(entities, err);
	if (status != KP_OK || entities->count == 0) {
		entities->closed = status == KP_OK;
		return status;
	}
	struct step *stack = kp_heap_calloc(entities->count, sizeof(*stack));
	if (stack == NULL) {
		return no_memory(err);
	}
	for (size_t i = 0; status == KP_OK && i < entities->count; i++) {
		if (entities->items[i]->ancestors == NULL) {
			status = walk(entities, stack, entities->items[i], err);
		}
	}
	kp_heap_free(stack);
	status = status == KP_OK ? collect_missing(entities, err) : status;
	entities->closed = status == KP_OK;
	return status;
}
