/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_names: the names seen in each open object, to find one that comes twice. Part of
 * json_read.
 *
 * A name is kept as a 128-bit fingerprint only. Up to 32 bytes it is NH (Black et al.,
 * UMAC, 1999) under keys drawn from the process key: two different names have the same
 * one with a chance of at most 2^-63, whatever the names are. Longer names take their
 * length and the keyed hash. So the bytes of names need not be kept, and nobody outside
 * can make names that collide.
 */
#ifndef KP_CORE_JSON_NAMES_H
#define KP_CORE_JSON_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

struct kp_json_table;

struct kp_json_fingerprint {
	uint64_t low;
	uint64_t high;
};

/* Lifetime: the reader's. All members private. */
struct kp_json_names {
	struct kp_arena *arena;
	struct kp_json_fingerprint *entries; /* of all open objects, innermost last */
	size_t count;
	size_t capacity;
	const uint64_t *keys; /* kp_hash_words */
	struct kp_json_table
		*spare; /* tables of closed objects, for the next large one */
};

/* One open object. Scopes close in the reverse order of their opening. */
struct kp_json_scope {
	size_t first;                /* of its names in entries */
	struct kp_json_table *table; /* NULL while it is small */
};

/* Empty; all of it will be in the arena. */
void kp_json_names_init(struct kp_json_names *names, struct kp_arena *arena);

static inline void
kp_json_names_open(const struct kp_json_names *names, struct kp_json_scope *scope)
{
	*scope = (struct kp_json_scope){.first = names->count};
}

static inline size_t
kp_json_names_count(const struct kp_json_names *names, const struct kp_json_scope *scope)
{
	return names->count - scope->first;
}

/* Adds a decoded name to the innermost scope. KP_E_INVALID when it is there already;
 * KP_E_MEMORY. */
enum kp_status kp_json_names_add(struct kp_json_names *names, struct kp_json_scope *scope,
	struct kp_slice name) KP_MUST_USE;

/* The object ends: its names are forgotten. The one opened last, first. */
void kp_json_names_close(struct kp_json_names *names, struct kp_json_scope *scope);

#endif
