/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * heap: malloc's family, with blocks wiped before they are given back. Everything that
 * may have held client data comes from here or from an arena; libcurl, OpenSSL and
 * jansson are given these functions as their allocators at start. Thread-safe as malloc
 * is.
 */
#ifndef KP_CORE_HEAP_H
#define KP_CORE_HEAP_H

#include <stddef.h>

/* NULL without memory, which is counted (kp_heap_failures). The second is zeroed, and
 * checks count * size for overflow. */
void *kp_heap_alloc(size_t size);
void *kp_heap_calloc(size_t count, size_t size);
/* Always moves, so that the old block can be wiped; keeps the block when it returns NULL.
 */
void *kp_heap_realloc(void *block, size_t size);
void kp_heap_free(void *block);
/* Frees a block that its owner has wiped already, as far as it was used. */
void kp_heap_release(void *block);
char *kp_heap_strdup(const char *text);
/* How many of these have given NULL on this thread. For whoever lets a library allocate
 * here that goes on after a failure, as jansson's reader does with a shorter text. */
size_t kp_heap_failures(void);

/* Overwrites bytes in a way the compiler may not leave out. */
void kp_wipe(void *bytes, size_t len);

/* Overwrites the part of this thread's stack below the caller, where functions that have
 * returned left their variables and the compiler its spilled registers. For the outermost
 * function of a thread, when what it called has worked on client data. */
void kp_wipe_stack(void);

#endif
