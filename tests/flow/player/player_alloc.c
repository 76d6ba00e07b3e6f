/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_alloc: memory that runs out when told. The linker puts these functions in front
 * of core/heap.h (--wrap), through which all of the gateway allocates; the player's own
 * malloc is left alone. */
#include <stdio.h>
#include <stdlib.h>

#include "core/heap.h"
#include "player/world.h"

void *__real_kp_heap_alloc(size_t size);
void *__real_kp_heap_calloc(size_t count, size_t size);
void *__real_kp_heap_realloc(void *block, size_t size);
char *__real_kp_heap_strdup(const char *text);
void *__wrap_kp_heap_alloc(size_t size);
void *__wrap_kp_heap_calloc(size_t count, size_t size);
void *__wrap_kp_heap_realloc(void *block, size_t size);
char *__wrap_kp_heap_strdup(const char *text);

static unsigned long fail_at; /* 0: none; else counts down to the one that fails */

static bool missed; /* none of the gateway's allocations was the one */

static void
say_what_came(void)
{
	printf(!missed ? "the allocation failed\n" : "fewer allocations came\n");
}

void
world_fail_allocation(void)
{
	const char *text = getenv("KP_FLOW_FAIL_AT");
	fail_at = text == NULL ? 0 : strtoul(text, NULL, 10);
	if (fail_at > 0) {
		(void)atexit(say_what_came);
	}
}

void
world_mend_allocation(void)
{
	missed = fail_at > 0;
	fail_at = 0;
}

static bool
is_the_one(void)
{
	return fail_at > 0 && --fail_at == 0;
}

void *
__wrap_kp_heap_alloc(size_t size)
{
	return is_the_one() ? NULL : __real_kp_heap_alloc(size);
}

void *
__wrap_kp_heap_calloc(size_t count, size_t size)
{
	return is_the_one() ? NULL : __real_kp_heap_calloc(count, size);
}

void *
__wrap_kp_heap_realloc(void *block, size_t size)
{
	return is_the_one() ? NULL : __real_kp_heap_realloc(block, size);
}

char *
__wrap_kp_heap_strdup(const char *text)
{
	return is_the_one() ? NULL : __real_kp_heap_strdup(text);
}
