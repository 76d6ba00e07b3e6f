/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* arena: see arena.h. */
#include "core/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/heap.h"

#define CHUNK_BYTES ((size_t)16 * 1024)
#define LARGE_CHUNK_BYTES ((size_t)64 * 1024)
#define ALIGNMENT alignof(max_align_t)

struct kp_arena_chunk {
	struct kp_arena_chunk *next;
	size_t size; /* of bytes[] */
	size_t used;
	bool lent;
	alignas(max_align_t) char bytes[];
};

void
kp_arena_pool_init(struct kp_arena_pool *pool, size_t count_max)
{
	*pool = (struct kp_arena_pool){.count_max = count_max};
}

static void
free_all(struct kp_arena_chunk **free_at)
{
	while (*free_at != NULL) {
		struct kp_arena_chunk *chunk = *free_at;
		*free_at = chunk->next;
		kp_heap_free(chunk);
	}
}

void
kp_arena_pool_deinit(struct kp_arena_pool *pool)
{
	free_all(&pool->free);
	free_all(&pool->free_large);
	pool->count = 0;
	pool->count_large = 0;
}

void
kp_arena_init(struct kp_arena *arena, size_t bytes_max, struct kp_arena_pool *pool)
{
	*arena = (struct kp_arena){.bytes_max = bytes_max, .pool = pool};
}

void
kp_arena_lend(struct kp_arena *arena, void *block, size_t size)
{
	KP_REQUIRE(size > sizeof(struct kp_arena_chunk));
	struct kp_arena_chunk *chunk = block;
	/* From an arena that has ended. */
	if (chunk->lent) {
		kp_wipe(chunk->bytes, chunk->used);
	}
	*chunk = (struct kp_arena_chunk){
		.next = arena->chunks,
		.size = size - sizeof(struct kp_arena_chunk),
		.lent = true,
	};
	arena->chunks = chunk;
}

/* Puts a wiped chunk into the pool when it is of the size and there is room. */
static bool
chunk_keep(struct kp_arena_pool *pool, struct kp_arena_chunk *chunk)
{
	if (pool == NULL) {
		return false;
	}
	if (chunk->size == CHUNK_BYTES && pool->count < pool->count_max) {
		chunk->next = pool->free;
		pool->free = chunk;
		pool->count++;
		return true;
	}
	if (chunk->size == LARGE_CHUNK_BYTES && pool->count_large < pool->count_max / 4) {
		chunk->next = pool->free_large;
		pool->free_large = chunk;
		pool->count_large++;
		return true;
	}
	return false;
}

static void
chunk_release(struct kp_arena *arena, struct kp_arena_chunk *chunk)
{
	if (chunk->lent) {
		return; /* its owner wipes it; until then it says what was used */
	}
	kp_wipe(chunk->bytes, chunk->used);
	chunk->used = 0;
	if (!chunk_keep(arena->pool, chunk)) {
		kp_heap_release(chunk);
	}
}

void
kp_arena_deinit(struct kp_arena *arena)
{
	while (arena->chunks != NULL) {
		struct kp_arena_chunk *chunk = arena->chunks;
		arena->chunks = chunk->next;
		chunk_release(arena, chunk);
	}
	arena->bytes_used = 0;
}

static struct kp_arena_chunk *
pool_take(struct kp_arena_pool *pool, size_t size)
{
	struct kp_arena_chunk *chunk = NULL;
	if (pool != NULL && size <= CHUNK_BYTES && pool->free != NULL) {
		chunk = pool->free;
		pool->free = chunk->next;
		pool->count--;
	} else if (pool != NULL && size > CHUNK_BYTES && size <= LARGE_CHUNK_BYTES &&
		pool->free_large != NULL) {
		chunk = pool->free_large;
		pool->free_large = chunk->next;
		pool->count_large--;
	}
	return chunk;
}

/* Zeroed bytes are a promise of kp_arena_alloc: fresh chunks come from calloc, pooled
 * ones are wiped. */
static struct kp_arena_chunk *
chunk_acquire(struct kp_arena *arena, size_t size)
{
	struct kp_arena_chunk *chunk = pool_take(arena->pool, size);
	if (chunk != NULL) {
		return chunk;
	}
	size_t least = arena->chunk_bytes == 0 ? CHUNK_BYTES : arena->chunk_bytes;
	size_t bytes = size > least ? size : least;
	if (arena->pool != NULL && size > CHUNK_BYTES && size <= LARGE_CHUNK_BYTES) {
		bytes = LARGE_CHUNK_BYTES;
	}
	arena->chunk_bytes = least * 2 < CHUNK_BYTES ? least * 2 : CHUNK_BYTES;
	if (bytes > SIZE_MAX - sizeof(struct kp_arena_chunk)) {
		return NULL;
	}
	chunk = kp_heap_calloc(1, sizeof(*chunk) + bytes);
	if (chunk != NULL) {
		chunk->size = bytes;
	}
	return chunk;
}

/* From a chunk that is begun for it. */
static KP_APART char *
take_from_new(struct kp_arena *arena, size_t size)
{
	if (size > arena->bytes_max || arena->bytes_used > arena->bytes_max - size) {
		arena->failed = true;
		return NULL;
	}
	struct kp_arena_chunk *chunk = chunk_acquire(arena, size);
	if (chunk == NULL) {
		arena->failed = true;
		return NULL;
	}
	/* A block of its own goes behind the current chunk, which still has room. */
	if (size > CHUNK_BYTES / 2 && arena->chunks != NULL) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	chunk->used = size;
	arena->bytes_used += size;
	return chunk->bytes;
}

static inline char *
take(struct kp_arena *arena, size_t size, size_t alignment)
{
	struct kp_arena_chunk *chunk = arena->chunks;
	if (chunk != NULL) {
		size_t at = (chunk->used + alignment - 1) & ~(alignment - 1);
		size_t after = arena->bytes_used + (at - chunk->used);
		if (size <= arena->bytes_max && after <= arena->bytes_max - size &&
			at <= chunk->size && size <= chunk->size - at) {
			chunk->used = at + size;
			arena->bytes_used = after + size;
			return chunk->bytes + at;
		}
	}
	return take_from_new(arena, size);
}

void *
kp_arena_alloc(struct kp_arena *arena, size_t size)
{
	return take(arena, size == 0 ? 1 : size, ALIGNMENT);
}

void *
kp_arena_alloc_array(struct kp_arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size) {
		return NULL;
	}
	return kp_arena_alloc(arena, count * size);
}

void *
kp_arena_grow(struct kp_arena *arena, const void *items, size_t count, size_t *capacity,
	size_t first, size_t size)
{
	size_t wanted = *capacity == 0 ? first : *capacity * 2;
	void *copy = kp_arena_alloc_array(arena, wanted, size);
	if (copy == NULL) {
		return NULL;
	}
	if (count > 0) {
		memcpy(copy, items, count * size);
	}
	*capacity = wanted;
	return copy;
}

char *
kp_arena_bytes(struct kp_arena *arena, size_t size)
{
	return take(arena, size == 0 ? 1 : size, 1);
}

static struct kp_arena_chunk *
chunk_ending_at(struct kp_arena *arena, const char *end)
{
	struct kp_arena_chunk *chunk = arena->chunks;
	for (int looked = 0; chunk != NULL && looked < 2; looked++, chunk = chunk->next) {
		if (chunk->bytes + chunk->used == end) {
			return chunk;
		}
	}
	return NULL;
}

bool
kp_arena_resize_last(
	struct kp_arena *arena, char *block, size_t old_size, size_t new_size)
{
	struct kp_arena_chunk *chunk = chunk_ending_at(arena, block + old_size);
	if (chunk == NULL) {
		return false;
	}
	size_t start = (size_t)(block - chunk->bytes);
	size_t used_without = arena->bytes_used - old_size;
	if (new_size > chunk->size - start ||
		new_size > arena->bytes_max - used_without) {
		return false;
	}
	if (new_size < old_size) {
		kp_wipe(block + new_size, old_size - new_size);
	}
	chunk->used = start + new_size;
	arena->bytes_used = used_without + new_size;
	return true;
}

struct kp_slice
kp_arena_copy(struct kp_arena *arena, struct kp_slice slice)
{
	char *copy = slice.len == SIZE_MAX ? NULL : kp_arena_bytes(arena, slice.len + 1);
	if (copy == NULL) {
		return (struct kp_slice){NULL, 0};
	}
	if (slice.len > 0) {
		memcpy(copy, slice.data, slice.len);
	}
	copy[slice.len] = '\0';
	return (struct kp_slice){copy, slice.len};
}

char *
kp_arena_strdup(struct kp_arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = kp_arena_bytes(arena, size);
	if (copy != NULL) {
		memcpy(copy, text, size);
	}
	return copy;
}

char *
kp_arena_printf(struct kp_arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int needed = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (needed < 0) {
		return NULL;
	}
	size_t size = (size_t)needed + 1;
	char *text = kp_arena_bytes(arena, size);
	if (text == NULL) {
		return NULL;
	}
	va_start(args, format);
	(void)vsnprintf(text, size, format, args);
	va_end(args);
	return text;
}
