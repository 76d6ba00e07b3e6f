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
#define CHUNK_DIGITS_MAX 16u
/* What is on a request line beside the target: a method, two spaces and the version. */
#define REQUEST_LINE_REST (KP_HTTP_METHOD_BYTES_MAX + 2u + 8u)

enum state {
	REQUEST_LINE,
	FIELDS,
	BODY,
	CHUNK_SIZE,
	/* In a chunk extension (RFC 9112, section 7.1.1), without the white space it
	   calls bad. */
	EXTENSION_NAME_FIRST,
	EXTENSION_NAME,
	EXTENSION_VALUE_FIRST,
	EXTENSION_TOKEN,
	EXTENSION_QUOTED,
	EXTENSION_QUOTED_PAIR,
	EXTENSION_AFTER_QUOTED,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
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
		return CHUNK_SIZE;
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
		parser->state = parser->state == BODY ? END : CHUNK_DATA_CR;
	}
}

/* The size line of a chunk is complete. */
static enum kp_status
begin_chunk(struct kp_http_parser *parser)
{
	if (parser->body_left == 0) {
		parser->state = TRAILERS;
		return KP_OK;
	}
	if (parser->chunk_count >= parser->limits.chunk_count_max) {
		return refuse(parser, KP_E_BODY_LIMIT, "more chunks than allowed");
	}
	if (parser->body_left > parser->limits.body_bytes_max - parser->body_bytes) {
		return refuse(parser, KP_E_BODY_LIMIT, "the body is larger than allowed");
	}
	parser->chunk_count++;
	parser->body_bytes += parser->body_left;
	parser->state = CHUNK_DATA;
	return KP_OK;
}

static enum kp_status
step_chunk_size(struct kp_http_parser *parser, unsigned char byte)
{
	int digit = kp_http_hex(byte);
	if (digit >= 0) {
		if (parser->chunk_digits >= CHUNK_DIGITS_MAX) {
			return refuse(
				parser, KP_E_SYNTAX, "a chunk size has too many digits");
		}
		parser->chunk_digits++;
		parser->body_left = parser->body_left << 4 | (unsigned)digit;
		return KP_OK;
	}
	if (parser->chunk_digits == 0 || (byte != '\r' && byte != ';')) {
		return refuse(parser, KP_E_SYNTAX, "a chunk size is not hexadecimal");
	}
	parser->chunk_digits = 0;
	parser->state = byte == '\r' ? CHUNK_SIZE_LF : EXTENSION_NAME_FIRST;
	return KP_OK;
}

/* The state after one byte of an extension; CHUNK_SIZE when the byte is wrong. */
static enum state
next_in_extension(enum state state, unsigned char byte)
{
	bool name = state == EXTENSION_NAME;
	bool complete =
		name || state == EXTENSION_TOKEN || state == EXTENSION_AFTER_QUOTED;
	if (complete && (byte == '\r' || byte == ';')) {
		return byte == '\r' ? CHUNK_SIZE_LF : EXTENSION_NAME_FIRST;
	}
	if (name && byte == '=') {
		return EXTENSION_VALUE_FIRST;
	}
	if (state == EXTENSION_VALUE_FIRST && byte == '"') {
		return EXTENSION_QUOTED;
	}
	if (state == EXTENSION_QUOTED_PAIR) {
		return kp_http_is_value_byte(byte) ? EXTENSION_QUOTED : CHUNK_SIZE;
	}
	if (state == EXTENSION_QUOTED) {
		if (byte == '"') {
			return EXTENSION_AFTER_QUOTED;
		}
		if (byte == '\\') {
			return EXTENSION_QUOTED_PAIR;
		}
		return kp_http_is_value_byte(byte) ? state : CHUNK_SIZE;
	}
	if (state == EXTENSION_AFTER_QUOTED || !kp_http_is_tchar(byte)) {
		return CHUNK_SIZE;
	}
	return name || state == EXTENSION_NAME_FIRST ? EXTENSION_NAME : EXTENSION_TOKEN;
}

static enum kp_status
step_extension(struct kp_http_parser *parser, unsigned char byte)
{
	if (parser->extension_bytes >= parser->limits.chunk_extension_bytes_max) {
		return refuse(parser, KP_E_HEADER_LIMIT,
			"chunk extensions are longer than allowed");
	}
	parser->extension_bytes++;
	enum state next = next_in_extension((enum state)parser->state, byte);
	if (next == CHUNK_SIZE) {
		return refuse(
			parser, KP_E_SYNTAX, "a chunk extension is not well formed");
	}
	parser->state = next;
	return KP_OK;
}

static enum kp_status
step_exact(struct kp_http_parser *parser, unsigned char byte, unsigned char wanted,
	enum state next)
{
	if (byte != wanted) {
		return refuse(parser, KP_E_SYNTAX, "a chunk does not end as announced");
	}
	parser->state = next;
	return KP_OK;
}

/* One byte of what is around chunks. */
static enum kp_status
step_chunk_frame(struct kp_http_parser *parser, unsigned char byte)
{
	switch ((enum state)parser->state) {
	case CHUNK_SIZE:
		return step_chunk_size(parser, byte);
	case EXTENSION_NAME_FIRST:
	case EXTENSION_NAME:
	case EXTENSION_VALUE_FIRST:
	case EXTENSION_TOKEN:
	case EXTENSION_QUOTED:
	case EXTENSION_QUOTED_PAIR:
	case EXTENSION_AFTER_QUOTED:
		return step_extension(parser, byte);
	case CHUNK_SIZE_LF:
		if (byte != '\n') {
			return refuse(parser, KP_E_SYNTAX,
				"a chunk size line does not end in CRLF");
		}
		return begin_chunk(parser);
	case CHUNK_DATA_CR:
		return step_exact(parser, byte, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return step_exact(parser, byte, '\n', CHUNK_SIZE);
	case REQUEST_LINE:
	case FIELDS:
	case BODY:
	case CHUNK_DATA:
	case TRAILERS:
	case END:
		break;
	}
	KP_UNREACHABLE();
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
	parser->body_bytes = 0;
	parser->chunk_count = 0;
	parser->extension_bytes = 0;
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
	case BODY:
	case CHUNK_DATA:
		give_body(parser, bytes, used, ret_body);
		*ret_event = KP_HTTP_BODY;
		return KP_OK;
	case CHUNK_SIZE:
	case EXTENSION_NAME_FIRST:
	case EXTENSION_NAME:
	case EXTENSION_VALUE_FIRST:
	case EXTENSION_TOKEN:
	case EXTENSION_QUOTED:
	case EXTENSION_QUOTED_PAIR:
	case EXTENSION_AFTER_QUOTED:
	case CHUNK_SIZE_LF:
	case CHUNK_DATA_CR:
	case CHUNK_DATA_LF:
		return step_chunk_frame(parser, (unsigned char)bytes.data[(*used)++]);
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
