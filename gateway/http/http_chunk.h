/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_chunk: takes the chunked coding off a body (RFC 9112, section 7.1), strictly and
 * in place; of requests and of answers. Ends at the last chunk: trailers are the
 * caller's.
 */
#ifndef KP_HTTP_HTTP_CHUNK_H
#define KP_HTTP_HTTP_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

/* Lifetime: the caller's; one body. Limits are set first, the rest is zero. */
struct kp_http_chunks {
	uint64_t body_bytes_max;
	size_t extension_bytes_max; /* in one body */
	size_t count_max;

	bool last;      /* the chunk of size 0 has come: trailers follow */
	unsigned state; /* enum state in http_chunk.c */
	unsigned digits;
	uint64_t left;       /* of this chunk */
	uint64_t body_bytes; /* announced so far */
	size_t count;
	size_t extension_bytes;
};

/*
 * Reads from `bytes` at *used, and moves *used, up to a piece of the body, the last chunk
 * or the end of `bytes`. *ret_piece borrows from `bytes`; its data is NULL when there is
 * none. Errors: KP_E_SYNTAX, KP_E_HEADER_LIMIT (extensions), KP_E_BODY_LIMIT; *ret_fault
 * is fixed text.
 */
enum kp_status kp_http_chunks_step(struct kp_http_chunks *chunks, struct kp_slice bytes,
	size_t *used, struct kp_slice *ret_piece, const char **ret_fault) KP_MUST_USE;

#endif
