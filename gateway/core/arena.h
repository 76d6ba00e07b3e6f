/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * arena: memory that lives as long as one thing does (a request, a configuration
 * snapshot, a parse) and goes all at once. Bounded in bytes; wiped when it ends. Nothing
 * is freed singly, so code that allocates here has no clean-up paths. One thread at a
 * time.
 */
#ifndef KP_CORE_ARENA_H
#define KP_CORE_ARENA_H

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/attr.h"
#include "core/slice.h"

struct kp_arena_chunk;

/* Keeps wiped chunks between requests, so that a busy loop does not go to malloc. One
 * thread. */
struct kp_arena_pool {
	struct kp_arena_chunk *free;
	struct kp_arena_chunk *free_large; /* of 64 KiB: an answer in one piece */
	size_t count;
	size_t count_large;
	size_t count_max; /* of large ones a quarter */
};

/* Lifetime: storage is the caller's. All zero plus limits is a valid, empty arena. */
struct kp_arena {
	struct kp_arena_chunk *chunks; /* newest first */
	struct kp_arena_pool *pool;    /* may be NULL */
	size_t bytes_used;             /* handed to callers and lost to alignment */
	size_t bytes_max; /* named limit of the owner; allocation past it gives NULL */
	bool failed;      /* something did not fit since init: for whoever makes much and
			     asks at the end */
	size_t chunk_bytes; /* of the next chunk, doubling up to the usual 16 KiB; 0: the
			       usual. For arenas that mostly stay small and have no pool
			     */
};

/* Empty; keeps at most that many usual chunks. */
void kp_arena_pool_init(struct kp_arena_pool *pool, size_t count_max);
/* Frees what it keeps, when no arena draws on it any more. */
void kp_arena_pool_deinit(struct kp_arena_pool *pool);

/* Empty; allocates nothing yet. `pool` is borrowed for the life of the arena. */
void kp_arena_init(struct kp_arena *arena, size_t bytes_max, struct kp_arena_pool *pool);
/* The next bytes come from `block`, which is aligned for any type and outlives the arena:
 * for a small arena inside another one's memory. Zeroed, or lent before; wiped by whom it
 * belongs to. Does not count for bytes_max until used. */
void kp_arena_lend(struct kp_arena *arena, void *block, size_t size);
/* Wipes and gives back everything; the arena is empty and usable again. */
void kp_arena_deinit(struct kp_arena *arena);

/*
 * Zeroed memory, aligned for any type; NULL when the bound or the heap is exhausted. A
 * caller that returns a status answers KP_E_MEMORY.
 */
void *kp_arena_alloc(struct kp_arena *arena, size_t size) KP_MUST_USE;
/* count * size, checked for overflow. */
void *kp_arena_alloc_array(struct kp_arena *arena, size_t count, size_t size) KP_MUST_USE;
/*
 * `items` itself while there is room behind `count`; else a copy of twice the size
 * (`first` items at the start, when `items` is NULL), which *capacity then says. NULL
 * when that does not fit; nothing has changed then. What is behind `count` is zeroed.
 */
static inline void *kp_arena_fit(struct kp_arena *arena, void *items, size_t count,
	size_t *capacity, size_t first, size_t size) KP_MUST_USE;
/* The copy. */
void *kp_arena_grow(struct kp_arena *arena, const void *items, size_t count,
	size_t *capacity, size_t first, size_t size) KP_MUST_USE;

static inline void *
kp_arena_fit(struct kp_arena *arena, void *items, size_t count, size_t *capacity,
	size_t first, size_t size)
{
	return count < *capacity
		? items
		: kp_arena_grow(arena, items, count, capacity, first, size);
}
/* Not zeroed, byte aligned: for text. */
char *kp_arena_bytes(struct kp_arena *arena, size_t size) KP_MUST_USE;
/* Gives the tail of the newest byte block back or extends it in place; false when it
 * cannot. */
bool kp_arena_resize_last(
	struct kp_arena *arena, char *block, size_t old_size, size_t new_size);

/* A copy with a terminating NUL behind it; data is NULL when it does not fit. */
struct kp_slice kp_arena_copy(struct kp_arena *arena, struct kp_slice slice) KP_MUST_USE;
char *kp_arena_strdup(struct kp_arena *arena, const char *text) KP_MUST_USE;
char *kp_arena_printf(struct kp_arena *arena, const char *format, ...)
	KP_PRINTF(2, 3) KP_MUST_USE;

#define KP_ARENA_NEW(arena, type) ((type *)kp_arena_alloc((arena), sizeof(type)))
#define KP_ARENA_ARRAY(arena, type, count)                                               \
	((type *)kp_arena_alloc_array((arena), (count), sizeof(type)))

#endif
