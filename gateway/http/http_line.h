/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_line: what the lines of a request head say, and whether they say one thing. Part
 * of http_parse, and of http2_head for what HTTP/2 has in common with HTTP/1.1. */
#ifndef KP_HTTP_HTTP_LINE_H
#define KP_HTTP_HTTP_LINE_H

#include "http/http_parse.h"

/* Ends the connection's reading with a status; `field` names a known field or is NULL. */
enum kp_status kp_http_refuse(struct kp_http_parser *parser, enum kp_status status,
	const char *fault, const char *field);

/* RFC 9110, section 9. */
enum kp_status kp_http_read_method(struct kp_http_parser *parser, struct kp_slice text);

/* RFC 9112, section 3.2: all forms but that of CONNECT. */
enum kp_status kp_http_read_target(struct kp_http_parser *parser, struct kp_slice text);

/* RFC 9112, section 3. `line` has no CRLF and stays where it is. */
enum kp_status kp_http_read_request_line(
	struct kp_http_parser *parser, struct kp_slice line);

/* Name and value of a field line (RFC 9112, section 5). */
enum kp_status kp_http_split_field(struct kp_http_parser *parser, struct kp_slice line,
	struct kp_http_header *ret_header);

/* Adds a field whose name and value were checked. */
enum kp_status kp_http_add_field(
	struct kp_http_parser *parser, const struct kp_http_header *header);

/* Adds a field line to the request. */
enum kp_status kp_http_read_field(struct kp_http_parser *parser, struct kp_slice line);

/* Content-Length against the bound of a body. */
enum kp_status kp_http_check_length(struct kp_http_parser *parser);
/* GET and HEAD have none. */
enum kp_status kp_http_check_bodyless(struct kp_http_parser *parser);
enum kp_status kp_http_check_expect(struct kp_http_parser *parser);

/* All fields are there: framing (RFC 9112, section 6), Host, Connection, Expect. */
enum kp_status kp_http_check_head(struct kp_http_parser *parser);

#endif
