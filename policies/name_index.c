/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* name_index: see name_index.h. */
#include "policies/name_index.h"

#include "core/hash.h"

bool
kp_name_index_init(struct kp_arena *arena, struct kp_name_index *index, size_t capacity)
{
	uint32_t size = 4;
	while (size < 2 * capacity) {
		size *= 2;
	}
	index->slots = KP_ARENA_ARRAY(arena, struct kp_name_slot, size);
	index->size = index->slots != NULL ? size : 0;
	index->count = 0;
	return index->slots != NULL;
}

bool
kp_name_index_add(struct kp_name_index *index, struct kp_slice name, uint32_t id)
{
	if (index->count >= index->size / 2) {
		return false;
	}
	uint64_t hash = kp_hash(name.data, name.len);
	uint32_t at = (uint32_t)hash & (index->size - 1);
	while (index->slots[at].name.data != NULL) {
		at = (at + 1) & (index->size - 1);
	}
	index->slots[at] = (struct kp_name_slot){name, hash, id};
	index->count++;
	return true;
}

uint32_t
kp_name_index_find(const struct kp_name_index *index, struct kp_slice name)
{
	if (index->count == 0 || name.data == NULL) {
		return UINT32_MAX;
	}
	uint64_t hash = kp_hash(name.data, name.len);
	uint32_t at = (uint32_t)hash & (index->size - 1);
	for (; index->slots[at].name.data != NULL; at = (at + 1) & (index->size - 1)) {
		const struct kp_name_slot *slot = &index->slots[at];
		if (slot->hash == hash && kp_slice_equal(slot->name, name)) {
			return slot->id;
		}
	}
	return UINT32_MAX;
}
