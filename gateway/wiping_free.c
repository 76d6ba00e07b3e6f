/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * wiping_free: the program's free and realloc, for every library in the process. libcurl,
 * OpenSSL and jansson take allocators; libpq, ODBC drivers and the C library itself do
 * not, and what they free may have held client data. The C library lets a program
 * replace its allocator (glibc manual, "Replacing malloc"); these do no more than wipe
 * before they hand on to it.
 *
 * Linked into the program only, and not under a sanitizer, which brings its own.
 */
#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/attr.h"

extern const bool kp_free_wipes;
const bool kp_free_wipes = true; /* for core/heap.c */

/* glibc's own functions under their other names. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

KP_EXPORT void *
malloc(size_t size)
{
	return __libc_malloc(size);
}

KP_EXPORT void *
calloc(size_t count, size_t size)
{
	return __libc_calloc(count, size);
}

KP_EXPORT void
free(void *block)
{
	if (block != NULL) {
		int code = errno;
		explicit_bzero(block, malloc_usable_size(block));
		__libc_free(block);
		errno = code;
	}
}

/* Moves by hand, so that what is left behind is wiped. */
KP_EXPORT void *
realloc(void *block, size_t size)
{
	if (block == NULL) {
		return __libc_malloc(size);
	}
	if (size == 0) {
		free(block);
		return NULL;
	}
	size_t old_size = malloc_usable_size(block);
	if (size <= old_size && size > old_size / 2) {
		return block;
	}
	void *moved = __libc_malloc(size);
	if (moved != NULL) {
		memcpy(moved, block, old_size < size ? old_size : size);
		free(block);
	}
	return moved;
}

KP_EXPORT void *
memalign(size_t alignment, size_t size)
{
	return __libc_memalign(alignment, size);
}

KP_EXPORT void *
aligned_alloc(size_t alignment, size_t size)
{
	return __libc_memalign(alignment, size);
}

KP_EXPORT int
posix_memalign(void **ret_block, size_t alignment, size_t size)
{
	void *block = __libc_memalign(alignment, size);
	if (block == NULL) {
		return ENOMEM;
	}
	*ret_block = block;
	return 0;
}
