/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* heap: see heap.h. */
#include "core/heap.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/attr.h"

static _Thread_local size_t failures;

static inline void *
counted(void *block)
{
	if (block == NULL) {
		failures++;
	}
	return block;
}

size_t
kp_heap_failures(void)
{
	return failures;
}

void *
kp_heap_alloc(size_t size)
{
	return counted(malloc(size));
}

void *
kp_heap_calloc(size_t count, size_t size)
{
	return counted(calloc(count, size));
}

/* There when the program's own free wipes (wiping_free.c): once is enough. */
extern const bool kp_free_wipes __attribute__((weak));

void
kp_heap_release(void *block)
{
	free(block);
}

/* Of its own, whatever the linker's optimiser would do: where the size asked for is in
 * sight, wiping all that malloc gave looks like an overflow (_FORTIFY_SOURCE). */
KP_APART void
kp_heap_free(void *block)
{
	if (block != NULL && &kp_free_wipes == NULL) {
		explicit_bzero(block, malloc_usable_size(block));
	}
	free(block);
}

KP_APART void *
kp_heap_realloc(void *block, size_t size)
{
	if (block == NULL) {
		return counted(malloc(size));
	}
	size_t old_size = malloc_usable_size(block);
	if (size <= old_size && size > old_size / 2) {
		return block;
	}
	void *moved = counted(malloc(size));
	if (moved == NULL) {
		return NULL;
	}
	memcpy(moved, block, old_size < size ? old_size : size);
	kp_heap_free(block);
	return moved;
}

char *
kp_heap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = counted(malloc(size));
	if (copy != NULL) {
		memcpy(copy, text, size);
	}
	return copy;
}

/* Deeper than any path through the gateway; a thread has 8 MB. */
#define STACK_BYTES ((size_t)128 * 1024)

__attribute__((noinline)) void
kp_wipe_stack(void)
{
	char below[STACK_BYTES] KP_UNINITIALIZED;
	explicit_bzero(below, sizeof(below));
}

void
kp_wipe(void *bytes, size_t len)
{
	if (len > 0) {
		explicit_bzero(bytes, len);
	}
}
