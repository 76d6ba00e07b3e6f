/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_memory: the memory that libnghttp2 may use for one connection: counted, bounded,
 * and wiped when it is given back. One thread. */
#ifndef KP_HTTP_HTTP2_MEMORY_H
#define KP_HTTP_HTTP2_MEMORY_H

#include <stddef.h>

struct kp_http2_block;

struct kp_http2_memory {
	size_t bytes;
	size_t bytes_max;
	struct kp_http2_block *first; /* of all blocks in use */
};

/* libnghttp2's nghttp2_malloc and its neighbours; `memory` is a struct kp_http2_memory.
 * NULL when the bound or the heap is exhausted. */
void *kp_http2_malloc(size_t size, void *memory);
void *kp_http2_calloc(size_t count, size_t size, void *memory);
void *kp_http2_realloc(void *block, size_t size, void *memory);
void kp_http2_free(void *block, void *memory);

/* Gives all blocks back. */
void kp_http2_free_all(struct kp_http2_memory *memory);

#endif
