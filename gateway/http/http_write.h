/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_write: heads of HTTP/1.1 responses and the frames of chunked bodies (RFC 9112),
 * onto a buffer. A field with a name that is no token or a value with a control byte is
 * not written and marks the buffer as failed: nothing a client or partner sent can begin
 * a line of its own.
 */
#ifndef KP_HTTP_HTTP_WRITE_H
#define KP_HTTP_HTTP_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/slice.h"

/* "HTTP/1.1 200 OK\r\n". `status` is 100 to 599. */
void kp_http_write_status(struct kp_buffer *buffer, int status);

/* One field line. Content-Length, Transfer-Encoding and Connection come from the calls
 * below. */
void kp_http_write_header(
	struct kp_buffer *buffer, struct kp_slice name, struct kp_slice value);

/* A field whose name and value are literals of ours. */
#define KP_HTTP_WRITE_HEADER(buffer, name, value)                                        \
	KP_BUFFER_ADD(buffer, name ": " value "\r\n")

/* The field that frames the body: how many bytes follow the head. */
void kp_http_write_content_length(struct kp_buffer *buffer, uint64_t body_bytes);
/* Or: chunks follow. Only to a client that speaks HTTP/1.1. */
void kp_http_write_chunked(struct kp_buffer *buffer);
/* "Connection: close" or, when `client_minor_version` is 0, "keep-alive"; nothing for a
 * plain 1.1. */
void kp_http_write_connection(
	struct kp_buffer *buffer, bool keep_alive, unsigned client_minor_version);
/* "Date" in the form of RFC 9110, section 5.6.7. */
void kp_http_write_date(struct kp_buffer *buffer, int64_t unix_seconds);
/* The empty line after the last field. */
void kp_http_write_head_end(struct kp_buffer *buffer);

/* "HTTP/1.1 100 Continue" with its empty line. */
struct kp_slice kp_http_continue(void);

/* One chunk around bytes: size line, bytes, line end. Empty bytes write nothing. */
void kp_http_write_chunk(struct kp_buffer *buffer, struct kp_slice bytes);
/* The last chunk, without trailers. */
struct kp_slice kp_http_chunk_last(void);

/*
 * The size line of a chunk into `out`, for writers that send head, bytes and line end as
 * separate blocks. Returns the length, at most KP_HTTP_CHUNK_HEAD_BYTES.
 */
#define KP_HTTP_CHUNK_HEAD_BYTES 18u
size_t kp_http_chunk_head(char out[KP_HTTP_CHUNK_HEAD_BYTES], uint64_t bytes);

/* The reason phrase of a status; "Status" for one without. */
const char *kp_http_reason(int status);

#endif
