/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_head: see http2_head.h. */
#include "http/http2_head.h"

#include "http/http_line.h"

void
kp_http2_head_init(struct kp_http2_head *head, const struct kp_http_limits *limits,
	struct kp_arena *arena)
{
	*head = (struct kp_http2_head){.bytes = 0};
	kp_http_parser_init(&head->parser, limits, arena);
	head->parser.request.minor_version = 1;
	head->parser.request.keep_alive = true;
}

/* A client may cut its cookies into several fields (RFC 9113, section 8.2.3). */
static void
join_cookie(struct kp_http2_head *head, struct kp_slice value)
{
	struct kp_http_parser *parser = &head->parser;
	struct kp_http_header *first =
		&parser->headers[parser->request.known[KP_HTTP_COOKIE] - 1];
	size_t len = first->value.len + 2 + value.len;
	char *joined = kp_arena_bytes(parser->arena, len);
	if (joined == NULL) {
		(void)kp_http_refuse(parser, KP_E_MEMORY, "no memory left", NULL);
		return;
	}
	memcpy(joined, first->value.data, first->value.len);
	memcpy(joined + first->value.len, "; ", 2);
	memcpy(joined + first->value.len + 2, value.data, value.len);
	first->value = (struct kp_slice){joined, len};
}

static void
add_field(struct kp_http2_head *head, struct kp_slice name, struct kp_slice value)
{
	struct kp_http_parser *parser = &head->parser;
	const struct kp_http_header header = {name, value};
	if (!kp_http_token_valid(name) || !kp_http_value_valid(value)) {
		(void)kp_http_refuse(parser, KP_E_SYNTAX,
			"a field has a byte that it may not have", NULL);
	} else if (parser->request.known[KP_HTTP_COOKIE] != 0 &&
		kp_slice_is(name, "cookie")) {
		join_cookie(head, value);
	} else {
		(void)kp_http_add_field(parser, &header);
	}
}

void
kp_http2_head_add(struct kp_http2_head *head, struct kp_slice name, struct kp_slice value)
{
	struct kp_http_parser *parser = &head->parser;
	head->bytes += name.len + value.len + KP_HTTP2_FIELD_BYTES;
	if (parser->status != KP_OK) {
		return;
	}
	if (head->bytes > parser->limits.header_bytes_max) {
		(void)kp_http_refuse(parser, KP_E_HEADER_LIMIT,
			"the fields are longer than allowed", NULL);
		return;
	}
	struct kp_slice kept = kp_arena_copy(parser->arena, value);
	struct kp_slice kept_name = kp_arena_copy(parser->arena, name);
	if (kept.data == NULL || kept_name.data == NULL) {
		(void)kp_http_refuse(parser, KP_E_MEMORY, "no memory left", NULL);
	} else if (kp_slice_is(name, ":method")) {
		head->method = kept;
	} else if (kp_slice_is(name, ":path")) {
		head->path = kept;
	} else if (kp_slice_is(name, ":authority")) {
		head->authority = kept;
	} else if (!kp_slice_is(name, ":scheme")) {
		add_field(head, kept_name, kept);
	}
}

/* Two hosts that are not the same are two readings of one request. */
static enum kp_status
check_authority(struct kp_http2_head *head)
{
	struct kp_http_parser *parser = &head->parser;
	struct kp_slice host = kp_http_known(&parser->request, KP_HTTP_HOST);
	struct kp_slice authority = head->authority;
	if (authority.data == NULL) {
		authority = host;
	} else if (host.data != NULL && !kp_http_name_equal(host, authority)) {
		return kp_http_refuse(
			parser, KP_E_SYNTAX, "the request names two hosts", NULL);
	}
	if (!kp_http_authority_valid(authority)) {
		return kp_http_refuse(
			parser, KP_E_SYNTAX, "the request names no valid host", NULL);
	}
	parser->request.authority = authority;
	return KP_OK;
}

static enum kp_status
check(struct kp_http2_head *head, bool last)
{
	struct kp_http_parser *parser = &head->parser;
	enum kp_status status = parser->status;
	if (status == KP_OK) {
		status = kp_http_read_method(parser, head->method);
	}
	if (status == KP_OK) {
		status = kp_http_read_target(parser, head->path);
	}
	if (status == KP_OK && parser->request.form == KP_HTTP_FORM_ABSOLUTE) {
		status = kp_http_refuse(
			parser, KP_E_SYNTAX, "the path does not begin with '/'", NULL);
	}
	if (status == KP_OK) {
		status = check_authority(head);
	}
	if (status == KP_OK) {
		status = kp_http_check_length(parser);
	}
	if (status == KP_OK) {
		parser->request.has_body = parser->request.content_length > 0;
		status = kp_http_check_bodyless(parser);
		parser->request.has_body = !last;
	}
	return status == KP_OK ? kp_http_check_expect(parser) : status;
}

enum kp_status
kp_http2_head_end(struct kp_http2_head *head, bool last, struct kp_error *err)
{
	const struct kp_http_parser *parser = &head->parser;
	enum kp_status status = check(head, last);
	if (status == KP_OK) {
		return KP_OK;
	}
	(void)kp_error_set(err, status, "%s", parser->fault);
	kp_error_at(err, NULL, 0, 0, parser->fault_field);
	return status;
}

enum kp_status
kp_http2_head_trailer(
	struct kp_http2_head *head, struct kp_slice name, struct kp_slice value)
{
	const struct kp_http_limits *limits = &head->parser.limits;
	head->trailer_bytes += name.len + value.len + KP_HTTP2_FIELD_BYTES;
	head->trailer_count++;
	return head->trailer_bytes > limits->trailer_bytes_max ||
			head->trailer_count > limits->trailer_count_max
		? KP_E_HEADER_LIMIT
		: KP_OK;
}
