/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_head: the fields of an HTTP/2 header block as the same struct kp_http_request
 * that the HTTP/1.1 parser gives (RFC 9113, section 8.3), with the same limits and the
 * same refusals. The session has checked already what is particular to HTTP/2: lower
 * case, pseudo fields, fields of the connection. Pure.
 */
#ifndef KP_HTTP_HTTP2_HEAD_H
#define KP_HTTP_HTTP2_HEAD_H

#include "http/http_parse.h"

/* RFC 9113, section 6.5.2: what a field counts for beside its name and value. */
#define KP_HTTP2_FIELD_BYTES ((size_t)32)

/* Lifetime: the arena. Only `bytes` and parser.request are for reading. */
struct kp_http2_head {
	struct kp_http_parser parser; /* for the request, the limits, and the first fault
				       */
	size_t bytes;                 /* of the fields so far, whether kept or not */
	struct kp_slice method;
	struct kp_slice path;
	struct kp_slice authority;
	size_t trailer_bytes;
	size_t trailer_count;
};

/* `limits` are copied, as by kp_http_parser_init. */
void kp_http2_head_init(struct kp_http2_head *head, const struct kp_http_limits *limits,
	struct kp_arena *arena);
/* Adds a field; copied. After a fault only `bytes` goes on counting. */
void kp_http2_head_add(
	struct kp_http2_head *head, struct kp_slice name, struct kp_slice value);
/* All are there; `last` when no body follows. Errors as of kp_http_parser_push. */
enum kp_status kp_http2_head_end(
	struct kp_http2_head *head, bool last, struct kp_error *err) KP_MUST_USE;
/* Counts a trailer field, which is dropped; KP_E_HEADER_LIMIT. */
enum kp_status kp_http2_head_trailer(struct kp_http2_head *head, struct kp_slice name,
	struct kp_slice value) KP_MUST_USE;

#endif
