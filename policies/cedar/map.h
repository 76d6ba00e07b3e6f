/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * map: from an interned pointer (a name, a uid, an expression) to another pointer. Open
 * addressing, grows in its arena, nothing is ever taken out. All zero is an empty map.
 */
#ifndef KP_CEDAR_MAP_H
#define KP_CEDAR_MAP_H

#include <stdint.h>

#include "core/arena.h"

struct kp_cedar_map_slot {
	const void *key;
	const void *value;
};

struct kp_cedar_map {
	struct kp_cedar_map_slot *slots;
	size_t size; /* a power of two, or 0 */
	size_t count;
};

/* NULL when the key is not there. */
static inline const void *
kp_cedar_map_find(const struct kp_cedar_map *map, const void *key)
{
	if (map->size == 0) {
		return NULL;
	}
	size_t at = (size_t)(((uintptr_t)key >> 4) * 0x9e3779b97f4a7c15U >> 20);
	for (;; at++) {
		const struct kp_cedar_map_slot *slot = &map->slots[at & (map->size - 1)];
		if (slot->key == key || slot->key == NULL) {
			return slot->value;
		}
	}
}

/* Adds or replaces; neither pointer is NULL. False when memory runs out. */
bool kp_cedar_map_put(struct kp_cedar_map *map, struct kp_arena *arena, const void *key,
	const void *value) KP_MUST_USE;

#endif
