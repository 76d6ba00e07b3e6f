/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_answer: strict reader of HTTP/1.1 answers (RFC 9112, RFC 9110), for whoever asked.
 * What the standard lets a reader repair is refused here: bare line feeds, folded lines,
 * two statements of where the body ends. Nothing is copied: the head is read where it
 * lies once it is whole, the body is handed out where it lies and its size is the
 * caller's to bound.
 */
#ifndef KP_HTTP_HTTP_ANSWER_H
#define KP_HTTP_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"
#include "http/http_chunk.h"
#include "http/http_parse.h"

/* How a reader knows where the body ends (RFC 9112, section 6.3). */
enum kp_http_framing {
	KP_HTTP_FRAMING_NONE, /* there is no body */
	KP_HTTP_FRAMING_LENGTH,
	KP_HTTP_FRAMING_CHUNKS,
	KP_HTTP_FRAMING_CLOSE, /* when the connection closes */
};

/* Lifetime: the caller's; one answer. Limits are set first, the rest is zero. */
struct kp_http_answer {
	bool head_request;        /* HEAD was asked: an answer has no body */
	size_t trailer_bytes_max; /* chunk extensions have as much */

	uint32_t status; /* 100 … 999 */
	size_t header_count;
	bool interim;    /* status 1xx: the head of the answer is yet to come */
	bool keep_alive; /* the connection can take another question afterwards */
	bool ended;      /* the answer is complete */
	enum kp_http_framing framing;
	uint64_t left; /* of a body with a length */
	struct kp_http_chunks chunks;
	unsigned trailer_state;
	size_t trailer_bytes;
};

/* Length of the head at the start of `bytes`, its empty line included; 0: not whole yet.
 * The first `seen` bytes were looked at before. */
size_t kp_http_answer_head_len(struct kp_slice bytes, size_t seen);

/* False when no answer begins like this, whatever follows. */
bool kp_http_answer_plausible(struct kp_slice bytes);

/*
 * Reads a whole head. Fills `headers`, which borrow from `head`. KP_E_SYNTAX, and
 * KP_E_HEADER_LIMIT for more than `headers_max` fields; *ret_fault is fixed text.
 */
enum kp_status kp_http_answer_read_head(struct kp_http_answer *answer,
	struct kp_slice head, struct kp_http_header *headers, size_t headers_max,
	const char **ret_fault) KP_MUST_USE;

/*
 * Reads from `bytes` at *used, and moves *used, up to a piece of the body, the end of the
 * answer or the end of `bytes`. *ret_piece borrows from `bytes`; its data is NULL when
 * there is none. After the end nothing is used.
 */
enum kp_status kp_http_answer_read_body(struct kp_http_answer *answer,
	struct kp_slice bytes, size_t *used, struct kp_slice *ret_piece,
	const char **ret_fault) KP_MUST_USE;

#endif
