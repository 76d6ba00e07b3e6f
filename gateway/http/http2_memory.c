/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_memory: see http2_memory.h. */
#include "http/http2_memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "core/heap.h"

/* In front of what the caller gets. */
struct kp_http2_block {
	alignas(max_align_t) struct kp_http2_block *next;
	struct kp_http2_block *prev;
	size_t size;
};

void *
kp_http2_malloc(size_t size, void *context)
{
	struct kp_http2_memory *memory = context;
	if (size > memory->bytes_max || memory->bytes > memory->bytes_max - size) {
		return NULL;
	}
	struct kp_http2_block *block = kp_heap_alloc(sizeof(*block) + size);
	if (block == NULL) {
		return NULL;
	}
	*block = (struct kp_http2_block){.next = memory->first, .size = size};
	if (block->next != NULL) {
		block->next->prev = block;
	}
	memory->first = block;
	memory->bytes += size;
	return block + 1;
}

void *
kp_http2_calloc(size_t count, size_t size, void *memory)
{
	if (size > 0 && count > SIZE_MAX / size) {
		return NULL;
	}
	void *bytes = kp_http2_malloc(count * size, memory);
	if (bytes != NULL) {
		memset(bytes, 0, count * size);
	}
	return bytes;
}

void
kp_http2_free(void *bytes, void *context)
{
	struct kp_http2_memory *memory = context;
	if (bytes != NULL) {
		struct kp_http2_block *block = (struct kp_http2_block *)bytes - 1;
		*(block->prev == NULL ? &memory->first : &block->prev->next) =
			block->next;
		if (block->next != NULL) {
			block->next->prev = block->prev;
		}
		memory->bytes -= block->size;
		kp_heap_free(block);
	}
}

void *
kp_http2_realloc(void *bytes, size_t size, void *memory)
{
	void *moved = kp_http2_malloc(size, memory);
	if (moved != NULL && bytes != NULL) {
		size_t old = ((const struct kp_http2_block *)bytes - 1)->size;
		memcpy(moved, bytes, old < size ? old : size);
		kp_http2_free(bytes, memory);
	}
	return moved;
}

void
kp_http2_free_all(struct kp_http2_memory *memory)
{
	while (memory->first != NULL) {
		kp_http2_free(memory->first + 1, memory);
	}
}
