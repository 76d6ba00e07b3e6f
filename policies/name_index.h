/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * name_index: names to numbers, for everything that a policy set looks up by name.
 * Filled once, then only read, by any thread. The names are borrowed.
 */
#ifndef KP_POLICIES_NAME_INDEX_H
#define KP_POLICIES_NAME_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"

/* More would be a mistake; with these a set of cells stays small. */
#define KP_CATALOGUE_SOURCES_MAX 256u
#define KP_CATALOGUE_SECTIONS_MAX 256u
#define KP_CATALOGUE_FIELDS_MAX 4096u
#define KP_CATALOGUE_CELLS_MAX 8192u

struct kp_name_slot {
	struct kp_slice name; /* data is NULL when the slot is free */
	uint64_t hash;
	uint32_t id;
};

/* Open addressing. Lifetime: as its arena. */
struct kp_name_index {
	struct kp_name_slot *slots;
	uint32_t size; /* a power of two, at least twice the capacity */
	uint32_t count;
};

/* Room for `capacity` names. False when memory runs out. */
bool kp_name_index_init(
	struct kp_arena *arena, struct kp_name_index *index, size_t capacity);
/* Adds a name that is not there yet. False when it is full. */
bool kp_name_index_add(struct kp_name_index *index, struct kp_slice name, uint32_t id);
/* KP_NO_ID (UINT32_MAX) when it is not there. */
uint32_t kp_name_index_find(const struct kp_name_index *index, struct kp_slice name);

struct kp_catalogue_index {
	struct kp_name_index sources;
	struct kp_name_index sections;
	struct kp_name_index fields;
};

#endif
