/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_parse: strict, incremental parser of HTTP/1.1 requests (RFC 9112, RFC 9110). What
 * the standard lets a server refuse is refused here: of two readings of a message, none
 * is chosen. After a refusal the connection must be answered with the status and closed.
 *
 * The caller pushes the bytes it has; each push ends at one event and says how many bytes
 * it used. The head is copied once into the arena, so that fields outlive the read
 * buffer; the body is handed out where it lies. What a message leaves over (the next,
 * pipelined one) stays with the caller.
 */
#ifndef KP_HTTP_HTTP_PARSE_H
#define KP_HTTP_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"
#include "http/http_chunk.h"

enum kp_http_method {
	KP_HTTP_METHOD_GET,
	KP_HTTP_METHOD_HEAD,
	KP_HTTP_METHOD_POST,
	KP_HTTP_METHOD_PUT,
	KP_HTTP_METHOD_PATCH,
	KP_HTTP_METHOD_DELETE,
	KP_HTTP_METHOD_OPTIONS,
	KP_HTTP_METHOD_OTHER, /* a well-formed token; see method_text */
};

enum kp_http_form {
	KP_HTTP_FORM_ORIGIN,   /* /path?query */
	KP_HTTP_FORM_ABSOLUTE, /* http://authority/path?query */
	KP_HTTP_FORM_ASTERISK, /* *, only with OPTIONS */
};

/* Fields found while parsing, so that looking one up is an array access. */
enum kp_http_known {
#define KP_HTTP_FIELD(code, name, once) code,
#include "http/http_fields.def"
#undef KP_HTTP_FIELD
	KP_HTTP_KNOWN_COUNT
};

/* Owned by the arena of the parser. The value has no white space around it and no control
 * bytes. */
struct kp_http_header {
	struct kp_slice name;
	struct kp_slice value;
};

/* Lifetime: the arena of the parser, until the next message begins. */
struct kp_http_request {
	enum kp_http_method method;
	struct kp_slice method_text;
	enum kp_http_form form;
	struct kp_slice target; /* as sent */
	struct kp_slice path;   /* begins with '/', or is "*"; percent-encoded, checked */
	struct kp_slice query;  /* after '?'; data is NULL when there is none */
	/* Of the absolute form, else of the Host field; empty only in HTTP/1.0 without
	 * Host. */
	struct kp_slice authority;
	unsigned minor_version; /* 0 or 1; 1 in HTTP/2 as well */
	const struct kp_http_header *headers;
	size_t header_count;
	uint16_t known[KP_HTTP_KNOWN_COUNT]; /* 1 + index of the first one; 0 when absent
					      */
	bool chunked;
	bool has_content_length;
	uint64_t content_length;
	bool has_body;        /* chunked, or a content length above 0 */
	bool keep_alive;      /* the client allows another request on this connection */
	bool expect_continue; /* answer 100 before the body comes (RFC 9110, 10.1.1) */
};

/* Zero means the default. A value at the limit is accepted. */
struct kp_http_limits {
	size_t target_bytes_max; /* default 8 KiB; over it 414 */
	size_t header_bytes_max; /* with the empty line; default 16 KiB; over it 431 */
	size_t header_count_max; /* default 100; over it 431 */
	uint64_t body_bytes_max; /* default 1 MiB; over it 413 */
	size_t chunk_extension_bytes_max; /* in one message; default 256; over it 431 */
	size_t trailer_bytes_max; /* default 4 KiB; checked and dropped; over it 431 */
	size_t trailer_count_max; /* default 32; over it 431 */
	size_t chunk_count_max;   /* default 65,536; over it 413 */
};

#define KP_HTTP_METHOD_BYTES_MAX 32u
#define KP_HTTP_TARGET_BYTES_MAX ((size_t)8 << 10)
#define KP_HTTP_HEADER_BYTES_MAX ((size_t)16 << 10)
#define KP_HTTP_HEADER_COUNT_MAX ((size_t)100)
#define KP_HTTP_BODY_BYTES_MAX ((uint64_t)1 << 20)
#define KP_HTTP_CHUNK_EXTENSION_BYTES_MAX ((size_t)256)
#define KP_HTTP_TRAILER_BYTES_MAX ((size_t)4 << 10)
#define KP_HTTP_TRAILER_COUNT_MAX ((size_t)32)
#define KP_HTTP_CHUNK_COUNT_MAX ((size_t)65536)

enum kp_http_event {
	KP_HTTP_MORE, /* every byte was used and nothing is complete yet */
	KP_HTTP_HEAD, /* the head is complete: parser->request */
	KP_HTTP_BODY, /* a piece of the body: *ret_body */
	KP_HTTP_END,  /* the message is complete; the next push begins the next one */
};

/* Lifetime: the caller's. One thread. Only `request` is for reading. */
struct kp_http_parser {
	struct kp_http_request request;

	struct kp_http_limits limits;
	struct kp_arena *arena;
	unsigned state;        /* enum state in http_parse.c */
	enum kp_status status; /* sticky, with what the error says */
	const char *fault;
	const char *fault_field;

	char *line; /* the line under way, in the arena */
	size_t line_len;
	size_t line_room;
	bool empty_line_seen; /* the one that is allowed before a request line */
	size_t header_bytes;
	struct kp_http_header *headers;
	size_t headers_capacity;

	uint64_t body_left; /* of a body that says how long it is */
	struct kp_http_chunks chunks;
	size_t trailer_bytes;
	size_t trailer_count;
};

/* Readies a parser for a connection. `limits` may be NULL and is copied. */
void kp_http_parser_init(struct kp_http_parser *parser,
	const struct kp_http_limits *limits, struct kp_arena *arena);

/*
 * Begins a message in another arena (one per request). Allowed before the first byte and
 * after END; the old arena may be ended then. `parser->request` is empty until the next
 * HEAD.
 */
void kp_http_parser_reset(struct kp_http_parser *parser, struct kp_arena *arena);

/*
 * Reads from `bytes`; uses a prefix of it (*ret_used bytes) and stops at the first event.
 * Call it again with the rest until it says KP_HTTP_MORE. After KP_HTTP_HEAD and after
 * the last byte of a body it may want a call with an empty slice to say KP_HTTP_END.
 * `ret_body` borrows from `bytes`.
 *
 * Errors, each meaning "answer this and close": KP_E_SYNTAX (400), KP_E_TARGET_LIMIT
 * (414), KP_E_HEADER_LIMIT (431), KP_E_BODY_LIMIT (413), KP_E_EXPECT (417), KP_E_VERSION
 * (505), KP_E_NOT_IMPLEMENTED (501), KP_E_MEMORY (503). After an error every call gives
 * it again. `err` says which rule, never the bytes.
 */
enum kp_status kp_http_parser_push(struct kp_http_parser *parser, struct kp_slice bytes,
	size_t *ret_used, enum kp_http_event *ret_event, struct kp_slice *ret_body,
	struct kp_error *err) KP_MUST_USE;

/* True between messages: the peer may close here without having broken anything off. */
bool kp_http_parser_idle(const struct kp_http_parser *parser);

/* The value of a known field; data is NULL when it is absent. */
static inline struct kp_slice
kp_http_known(const struct kp_http_request *request, enum kp_http_known field)
{
	unsigned at = request->known[field];
	return at == 0 ? (struct kp_slice){NULL, 0} : request->headers[at - 1].value;
}

/* False when a field that says one thing says it more than once, or not in UTF-8: two
 * readers could then take it for different things. Data is NULL when there is none. */
bool kp_http_header_once(const struct kp_http_request *request, struct kp_slice name,
	struct kp_slice *ret_value) KP_MUST_USE;

/* The first field with this name, whatever its case; data is NULL when there is none. */
struct kp_slice kp_http_header(
	const struct kp_http_request *request, struct kp_slice name);

/* Same text but for the case of ASCII letters? */
bool kp_http_name_equal(struct kp_slice a, struct kp_slice b) KP_MUST_USE;

/* A token of RFC 9110, section 5.6.2, of at least one byte? */
bool kp_http_token_valid(struct kp_slice text) KP_MUST_USE;

/* A field value that cannot break out of its line: no control bytes but tab. */
bool kp_http_value_valid(struct kp_slice text) KP_MUST_USE;

/* uri-host [ ":" port ] of RFC 9110, section 7.2, with a host of at least one byte? */
bool kp_http_authority_valid(struct kp_slice text) KP_MUST_USE;

#endif
