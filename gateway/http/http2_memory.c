/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_memory: see http2_memory.h. Each block has its size in front of it. */
#include "http/http2_memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "core/heap.h"

#define FRONT_BYTES sizeof(max_align_t)

void *
kp_http2_malloc(size_t size, void *context)
{
	struct kp_http2_memory *memory = context;
	if (size > memory->bytes_max || memory->bytes > memory->bytes_max - size) {
		return NULL;
	}
	char *front = kp_heap_alloc(FRONT_BYTES + size);
	if (front == NULL) {
		return NULL;
	}
	memcpy(front, &size, sizeof(size));
	memory->bytes += size;
	return front + FRONT_BYTES;
}

void *
kp_http2_calloc(size_t count, size_t size, void *memory)
{
	if (size > 0 && count > SIZE_MAX / size) {
		return NULL;
	}
	void *block = kp_http2_malloc(count * size, memory);
	if (block != NULL) {
		memset(block, 0, count * size);
	}
	return block;
}

static size_t
size_of(const void *block)
{
	size_t size;
	memcpy(&size, (const char *)block - FRONT_BYTES, sizeof(size));
	return size;
}

void
kp_http2_free(void *block, void *context)
{
	struct kp_http2_memory *memory = context;
	if (block != NULL) {
		memory->bytes -= size_of(block);
		kp_heap_free((char *)block - FRONT_BYTES);
	}
}

void *
kp_http2_realloc(void *block, size_t size, void *memory)
{
	void *moved = kp_http2_malloc(size, memory);
	if (moved != NULL && block != NULL) {
		size_t old = size_of(block);
		memcpy(moved, block, old < size ? old : size);
		kp_http2_free(block, memory);
	}
	return moved;
}
