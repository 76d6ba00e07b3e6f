/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* map: see map.h. */
#include "map.h"

#define SIZE_FIRST 16

static void
put(struct kp_cedar_map *map, const void *key, const void *value)
{
	size_t at = (size_t)(((uintptr_t)key >> 4) * 0x9e3779b97f4a7c15U >> 20);
	for (;; at++) {
		struct kp_cedar_map_slot *slot = &map->slots[at & (map->size - 1)];
		if (slot->key == NULL) {
			*slot = (struct kp_cedar_map_slot){key, value};
			map->count++;
			return;
		}
		if (slot->key == key) {
			slot->value = value;
			return;
		}
	}
}

static bool
grow(struct kp_cedar_map *map, struct kp_arena *arena)
{
	struct kp_cedar_map bigger = {
		.size = map->size == 0 ? SIZE_FIRST : map->size * 2};
	bigger.slots = KP_ARENA_ARRAY(arena, struct kp_cedar_map_slot, bigger.size);
	if (bigger.slots == NULL) {
		return false;
	}
	for (size_t i = 0; i < map->size; i++) {
		if (map->slots[i].key != NULL) {
			put(&bigger, map->slots[i].key, map->slots[i].value);
		}
	}
	*map = bigger;
	return true;
}

bool
kp_cedar_map_put(struct kp_cedar_map *map, struct kp_arena *arena, const void *key,
	const void *value)
{
	if (map->count >= map->size / 2 && !grow(map, arena)) {
		return false;
	}
	put(map, key, value);
	return true;
}
