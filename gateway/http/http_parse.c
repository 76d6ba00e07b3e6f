/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_parse: see http_parse.h. Lines of the head and of trailers are gathered whole
 * (http_line.c reads what is in them); the body is walked in place.
 */
#include "http/http_parse.h"

#include "core/json_write.h"
#include "http/http_line.h"
#include "http/http_text.h"

#define LINE_ROOM_FIRST ((size_t)1024)
/* What is on a request line beside the target: a method, two spaces and the version. */
#define REQUEST_LINE_REST (KP_HTTP_METHOD_BYTES_MAX + 2u + 8u)

enum state {
	REQUEST_LINE,
	FIELDS,
	BODY,
	CHUNKS,
	TRAILERS,
	END,
};

void
kp_http_parser_init(struct kp_http_parser *parser, const struct kp_http_limits *limits,
	struct kp_arena *arena)
{
	*parser = (struct kp_http_parser){.arena = arena};
	if (limits != NULL) {
		parser->limits = *limits;
	}
	struct kp_http_limits *own = &parser->limits;
	const struct kp_http_limits defaults = {
		.target_bytes_max = KP_HTTP_TARGET_BYTES_MAX,
		.header_bytes_max = KP_HTTP_HEADER_BYTES_MAX,
		.header_count_max = KP_HTTP_HEADER_COUNT_MAX,
		.body_bytes_max = KP_HTTP_BODY_BYTES_MAX,
		.chunk_extension_bytes_max = KP_HTTP_CHUNK_EXTENSION_BYTES_MAX,
		.trailer_bytes_max = KP_HTTP_TRAILER_BYTES_MAX,
		.trailer_count_max = KP_HTTP_TRAILER_COUNT_MAX,
		.chunk_count_max = KP_HTTP_CHUNK_COUNT_MAX,
	};
#define OR_DEFAULT(member) own->member = own->member == 0 ? defaults.member : own->member
	OR_DEFAULT(target_bytes_max);
	OR_DEFAULT(header_bytes_max);
	OR_DEFAULT(header_count_max);
	OR_DEFAULT(body_bytes_max);
	OR_DEFAULT(chunk_extension_bytes_max);
	OR_DEFAULT(trailer_bytes_max);
	OR_DEFAULT(trailer_count_max);
	OR_DEFAULT(chunk_count_max);
#undef OR_DEFAULT
}

void
kp_http_parser_reset(struct kp_http_parser *parser, struct kp_arena *arena)
{
	struct kp_http_limits limits = parser->limits;
	*parser = (struct kp_http_parser){.arena = arena, .limits = limits};
}

bool
kp_http_parser_idle(const struct kp_http_parser *parser)
{
	return parser->status == KP_OK && parser->state == REQUEST_LINE &&
		parser->line_len == 0;
}

static enum kp_status
refuse(struct kp_http_parser *parser, enum kp_status status, const char *fault)
{
	return kp_http_refuse(parser, status, fault, NULL);
}

/* ---- lines ---- */

static bool
fit_line(struct kp_http_parser *parser, size_t more)
{
	size_t needed = parser->line_len + more;
	if (needed <= parser->line_room) {
		return true;
	}
	size_t room = LINE_ROOM_FIRST;
	while (room < needed) {
		room *= 2;
	}
	/* Lines before this one stay in the old block, where slices point at them. */
	char *block = kp_arena_bytes(parser->arena, room);
	if (block == NULL) {
		return false;
	}
	if (parser->line_len > 0) {
		memcpy(block, parser->line, parser->line_len);
	}
	parser->line = block;
	parser->line_room = room;
	return true;
}

static void
keep_line(struct kp_http_parser *parser)
{
	parser->line += parser->line_len;
	parser->line_room -= parser->line_len;
	parser->line_len = 0;
}

/*
 * Adds bytes to the line under way, up to its end. `len_max` is what a line may have
 * before its LF. Sets *ret_line when the line is complete, without CRLF; else its data is
 * NULL.
 */
static enum kp_status
gather_line(struct kp_http_parser *parser, struct kp_slice bytes, size_t len_max,
	enum kp_status over, size_t *used, struct kp_slice *ret_line)
{
	struct kp_slice rest = kp_http_rest(bytes, *used);
	const char *newline = memchr(rest.data, '\n', rest.len);
	size_t len = newline == NULL ? rest.len : (size_t)(newline - rest.data);
	if (len > len_max || parser->line_len > len_max - len) {
		return refuse(parser, over, "a line is longer than its limit");
	}
	size_t take = newline == NULL ? len : len + 1;
	if (!fit_line(parser, take)) {
		return refuse(parser, KP_E_MEMORY, "no memory left");
	}
	memcpy(parser->line + parser->line_len, rest.data, take);
	parser->line_len += take;
	*used += take;
	*ret_line = (struct kp_slice){NULL, 0};
	if (newline == NULL) {
		return KP_OK;
	}
	size_t text_len = parser->line_len - 1;
	if (text_len == 0 || parser->line[text_len - 1] != '\r') {
		return refuse(
			parser, KP_E_SYNTAX, "a line ends without a carriage return");
	}
	*ret_line = (struct kp_slice){parser->line, text_len - 1};
	return KP_OK;
}

static enum kp_status
read_request_line(struct kp_http_parser *parser, struct kp_slice bytes, size_t *used)
{
	size_t len_max = parser->limits.target_bytes_max + REQUEST_LINE_REST + 1;
	struct kp_slice line = {NULL, 0};
	enum kp_status status =
		gather_line(parser, bytes, len_max, KP_E_TARGET_LIMIT, used, &line);
	if (status != KP_OK || line.data == NULL) {
		return status;
	}
	/* One empty line may come first (RFC 9112, section 2.2). */
	if (line.len == 0 && !parser->empty_line_seen) {
		parser->empty_line_seen = true;
		parser->line_len = 0;
		return KP_OK;
	}
	parser->request = (struct kp_http_request){0};
	status = kp_http_read_request_line(parser, line);
	if (status == KP_OK) {
		keep_line(parser);
		parser->state = FIELDS;
	}
	return status;
}

static enum state
first_body_state(const struct kp_http_request *request)
{
	if (request->chunked) {
		return CHUNKS;
	}
	return request->content_length > 0 ? BODY : END;
}

static enum kp_status
end_head(struct kp_http_parser *parser, enum kp_http_event *ret_event)
{
	enum kp_status status = kp_http_check_head(parser);
	if (status != KP_OK) {
		return status;
	}
	parser->state = first_body_state(&parser->request);
	parser->body_left = parser->request.chunked ? 0 : parser->request.content_length;
	parser->chunks = (struct kp_http_chunks){
		.body_bytes_max = parser->limits.body_bytes_max,
		.extension_bytes_max = parser->limits.chunk_extension_bytes_max,
		.count_max = parser->limits.chunk_count_max,
	};
	*ret_event = KP_HTTP_HEAD;
	return KP_OK;
}

static enum kp_status
read_fields(struct kp_http_parser *parser, struct kp_slice bytes, size_t *used,
	enum kp_http_event *ret_event)
{
	size_t left = parser->limits.header_bytes_max - parser->header_bytes;
	struct kp_slice line = {NULL, 0};
	enum kp_status status = gather_line(
		parser, bytes, left == 0 ? 0 : left - 1, KP_E_HEADER_LIMIT, used, &line);
	if (status != KP_OK || line.data == NULL) {
		return status;
	}
	parser->header_bytes += parser->line_len;
	if (line.len == 0) {
		keep_line(parser);
		return end_head(parser, ret_event);
	}
	status = kp_http_read_field(parser, line);
	if (status == KP_OK) {
		keep_line(parser);
	}
	return status;
}

static enum kp_status
read_trailers(struct kp_http_parser *parser, struct kp_slice bytes, size_t *used)
{
	size_t left = parser->limits.trailer_bytes_max - parser->trailer_bytes;
	struct kp_slice line = {NULL, 0};
	enum kp_status status = gather_line(
		parser, bytes, left == 0 ? 0 : left - 1, KP_E_HEADER_LIMIT, used, &line);
	if (status != KP_OK || line.data == NULL) {
		return status;
	}
	parser->trailer_bytes += parser->line_len;
	parser->line_len = 0;
	if (line.len == 0) {
		parser->state = END;
		return KP_OK;
	}
	if (parser->trailer_count >= parser->limits.trailer_count_max) {
		return refuse(
			parser, KP_E_HEADER_LIMIT, "more trailer fields than allowed");
	}
	parser->trailer_count++;
	struct kp_http_header dropped;
	return kp_http_split_field(parser, line, &dropped);
}

/* ---- bodies ---- */

static void
give_body(struct kp_http_parser *parser, struct kp_slice bytes, size_t *used,
	struct kp_slice *ret_body)
{
	struct kp_slice rest = kp_http_rest(bytes, *used);
	if (rest.len > parser->body_left) {
		rest.len = (size_t)parser->body_left;
	}
	parser->body_left -= rest.len;
	*used += rest.len;
	*ret_body = rest;
	if (parser->body_left == 0) {
		parser->state = END;
	}
}

static enum kp_status
read_chunks(struct kp_http_parser *parser, struct kp_slice bytes, size_t *used,
	enum kp_http_event *ret_event, struct kp_slice *ret_body)
{
	const char *fault = NULL;
	struct kp_slice piece = {NULL, 0};
	enum kp_status status =
		kp_http_chunks_step(&parser->chunks, bytes, used, &piece, &fault);
	if (status != KP_OK) {
		return refuse(parser, status, fault);
	}
	if (parser->chunks.last) {
		parser->state = TRAILERS;
	}
	if (piece.data != NULL) {
		*ret_body = piece;
		*ret_event = KP_HTTP_BODY;
	}
	return KP_OK;
}

/* ---- messages ---- */

static void
end_message(struct kp_http_parser *parser)
{
	parser->state = REQUEST_LINE;
	parser->empty_line_seen = false;
	parser->header_bytes = 0;
	parser->headers = NULL;
	parser->headers_capacity = 0;
	parser->trailer_bytes = 0;
	parser->trailer_count = 0;
}

/* One step within the state; at least one byte is there. */
static enum kp_status
step(struct kp_http_parser *parser, struct kp_slice bytes, size_t *used,
	enum kp_http_event *ret_event, struct kp_slice *ret_body)
{
	switch ((enum state)parser->state) {
	case REQUEST_LINE:
		return read_request_line(parser, bytes, used);
	case FIELDS:
		return read_fields(parser, bytes, used, ret_event);
	case TRAILERS:
		return read_trailers(parser, bytes, used);
	case CHUNKS:
		return read_chunks(parser, bytes, used, ret_event, ret_body);
	case BODY:
		give_body(parser, bytes, used, ret_body);
		*ret_event = KP_HTTP_BODY;
		return KP_OK;
	case END:
		break;
	}
	KP_UNREACHABLE();
}

static enum kp_status
give_error(const struct kp_http_parser *parser, struct kp_error *err)
{
	(void)kp_error_set(err, parser->status, "%s", parser->fault);
	kp_error_at(err, NULL, 0, 0, parser->fault_field);
	return parser->status;
}

enum kp_status
kp_http_parser_push(struct kp_http_parser *parser, struct kp_slice bytes,
	size_t *ret_used, enum kp_http_event *ret_event, struct kp_slice *ret_body,
	struct kp_error *err)
{
	size_t used = 0;
	enum kp_http_event event = KP_HTTP_MORE;
	*ret_used = 0;
	while (parser->status == KP_OK && event == KP_HTTP_MORE) {
		if (parser->state == END) {
			end_message(parser);
			event = KP_HTTP_END;
		} else if (used < bytes.len) {
			(void)step(parser, bytes, &used, &event, ret_body);
		} else {
			break;
		}
	}
	if (parser->status != KP_OK) {
		return give_error(parser, err);
	}
	*ret_used = used;
	*ret_event = event;
	return KP_OK;
}

bool
kp_http_header_once(const struct kp_http_request *request, struct kp_slice name,
	struct kp_slice *ret_value)
{
	*ret_value = (struct kp_slice){NULL, 0};
	for (size_t i = 0; i < request->header_count; i++) {
		const struct kp_http_header *header = &request->headers[i];
		if (!kp_http_name_equal(header->name, name)) {
			continue;
		}
		if (ret_value->data != NULL || !kp_utf8_valid(header->value)) {
			return false;
		}
		*ret_value = header->value;
	}
	return true;
}

struct kp_slice
kp_http_header(const struct kp_http_request *request, struct kp_slice name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (kp_http_name_equal(request->headers[i].name, name)) {
			return request->headers[i].value;
		}
	}
	return (struct kp_slice){NULL, 0};
}
