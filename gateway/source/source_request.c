/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_request: what a connector writes in prepare, checked before it can leave. A
 * connector is not trusted with the form of HTTP, nor with where the bsn goes.
 */
#include <string.h>
#include <strings.h>

#include "http/http_parse.h"
#include "core/encode.h"
#include "source/source_private.h"

#define HEADERS_FIRST ((size_t)8)
#define METHOD_BYTES_MAX ((size_t)16)

bool
kp_source_header_is_ours(struct kp_text name)
{
	static const struct kp_slice names[] = {
		KP_SLICE_INIT("host"),
		KP_SLICE_INIT("content-length"),
		KP_SLICE_INIT("transfer-encoding"),
		KP_SLICE_INIT("connection"),
		KP_SLICE_INIT("te"),
		KP_SLICE_INIT("trailer"),
		KP_SLICE_INIT("upgrade"),
		KP_SLICE_INIT("keep-alive"),
		KP_SLICE_INIT("expect"),
		KP_SLICE_INIT("accept-encoding"),
		KP_SLICE_INIT("fsc-transaction-id"),
		KP_SLICE_INIT("if-match"),
		KP_SLICE_INIT("if-none-match"),
		KP_SLICE_INIT("if-modified-since"),
		KP_SLICE_INIT("if-unmodified-since"),
		KP_SLICE_INIT("if-range"),
		KP_SLICE_INIT("range"),
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		if (names[i].len == name.len &&
			strncasecmp(names[i].data, name.data, name.len) == 0) {
			return true;
		}
	}
	return false;
}

static bool
write_method(void *context, struct kp_text method)
{
	struct kp_source_call *call = context;
	if (method.len == 0 || method.len > METHOD_BYTES_MAX) {
		return false;
	}
	for (size_t i = 0; i < method.len; i++) {
		if (method.data[i] < 'A' || method.data[i] > 'Z') {
			return false;
		}
	}
	call->method = kp_arena_copy(
		call->options.arena, (struct kp_slice){method.data, method.len});
	return call->method.data != NULL;
}

/* Does the text hold the bsn, its digits written as they are or percent-encoded? */
static bool
holds_bsn(struct kp_text text, struct kp_text bsn)
{
	if (bsn.len == 0) {
		return false;
	}
	for (size_t start = 0; start < text.len; start++) {
		size_t at = start;
		size_t matched = 0;
		while (matched < bsn.len && at < text.len) {
			char byte = text.data[at];
			size_t step = 1;
			if (byte == '%' && at + 2 < text.len &&
				kp_hex_digit(text.data[at + 1]) >= 0 &&
				kp_hex_digit(text.data[at + 2]) >= 0) {
				byte = (char)(kp_hex_digit(text.data[at + 1]) * 16 +
					kp_hex_digit(text.data[at + 2]));
				step = 3;
			}
			if (byte != bsn.data[matched]) {
				break;
			}
			matched++;
			at += step;
		}
		if (matched == bsn.len) {
			return true;
		}
	}
	return false;
}

static bool
write_target(void *context, struct kp_text target)
{
	struct kp_source_call *call = context;
	if (target.len > KP_SOURCE_TARGET_BYTES_MAX) {
		return false;
	}
	if (target.len > 0 && target.data[0] != '/' && target.data[0] != '?') {
		return false;
	}
	for (size_t i = 0; i < target.len; i++) {
		unsigned char byte = (unsigned char)target.data[i];
		if (byte <= 0x20 || byte >= 0x7f || byte == '#' || byte == '\\') {
			return false;
		}
	}
	bool agreed = call->link->source->private->manifest->request.bsn_in_url;
	if (!agreed && holds_bsn(target, call->need.bsn)) {
		return false;
	}
	call->target = kp_arena_copy(
		call->options.arena, (struct kp_slice){target.data, target.len});
	return call->target.data != NULL;
}

static bool
fit_header(struct kp_source_call *call)
{
	struct kp_upstream_header *headers =
		kp_arena_fit(call->options.arena, call->headers, call->header_count,
			&call->header_capacity, HEADERS_FIRST, sizeof(*headers));
	if (headers == NULL) {
		return false;
	}
	call->headers = headers;
	return true;
}

bool
kp_source_request_own(
	struct kp_source_call *call, struct kp_slice name, struct kp_slice value)
{
	size_t at = 0;
	while (at < call->header_count && !kp_slice_equal(call->headers[at].name, name)) {
		at++;
	}
	struct kp_slice copy = kp_arena_copy(call->options.arena, value);
	if (copy.data == NULL || (at == call->header_count && !fit_header(call))) {
		return false;
	}
	call->headers[at] = (struct kp_upstream_header){name, copy};
	call->header_count += at == call->header_count ? 1 : 0;
	return true;
}

static bool
write_header(void *context, struct kp_text name, struct kp_text value)
{
	struct kp_source_call *call = context;
	call->header_bytes += name.len + value.len;
	if (call->header_count == KP_SOURCE_HEADERS_MAX ||
		call->header_bytes > KP_SOURCE_HEADER_BYTES_MAX ||
		kp_source_header_is_ours(name) || !fit_header(call)) {
		return false;
	}
	const struct kp_slice name_slice = {name.data, name.len};
	const struct kp_slice value_slice = {value.data, value.len};
	if (!kp_http_token_valid(name_slice) || !kp_http_value_valid(value_slice)) {
		return false;
	}
	struct kp_upstream_header *header = &call->headers[call->header_count];
	header->name = kp_arena_copy(call->options.arena, name_slice);
	header->value = kp_arena_copy(call->options.arena, value_slice);
	if (header->name.data == NULL || header->value.data == NULL) {
		return false;
	}
	call->header_count++;
	return true;
}

static bool
write_body(void *context, struct kp_text bytes)
{
	struct kp_source_call *call = context;
	kp_buffer_add(&call->body, bytes.data, bytes.len);
	return !call->body.failed;
}

static bool
write_key(void *context, struct kp_text key)
{
	struct kp_source_call *call = context;
	call->key =
		kp_arena_copy(call->options.arena, (struct kp_slice){key.data, key.len});
	return call->key.data != NULL;
}

/* Most calls have no queries: their room is not part of every call. */
static bool
fit_queries(struct kp_source_call *call)
{
	struct kp_arena *arena = call->options.arena;
	if (call->queries != NULL) {
		return true;
	}
	call->query_names = KP_ARENA_ARRAY(arena, struct kp_slice, KP_SQL_QUERIES_MAX);
	if (call->query_names != NULL) {
		call->queries =
			KP_ARENA_ARRAY(arena, struct kp_sql_query, KP_SQL_QUERIES_MAX);
	}
	return call->queries != NULL;
}

/* Parameters are copied; the statement is the connector's and stays. */
static bool
write_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	struct kp_source_call *call = context;
	struct kp_arena *arena = call->options.arena;
	if (call->query_count == KP_SQL_QUERIES_MAX || statement.len == 0 ||
		statement.data[statement.len] != '\0' || count > UINT8_MAX ||
		!fit_queries(call)) {
		return false;
	}
	struct kp_slice *values = KP_ARENA_ARRAY(arena, struct kp_slice, count + 1);
	if (values == NULL) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (parameters[i].data == NULL) {
			continue;
		}
		values[i] = kp_arena_copy(
			arena, (struct kp_slice){parameters[i].data, parameters[i].len});
		if (values[i].data == NULL) {
			return false;
		}
	}
	call->query_names[call->query_count] = (struct kp_slice){name.data, name.len};
	call->queries[call->query_count++] = (struct kp_sql_query){
		.statement = {statement.data, statement.len},
		.parameters = values,
		.parameter_count = count,
	};
	return true;
}

/* The same for every try of this page, another for the next (draft-ietf-httpapi-
 * idempotency-key-header-07, section 2.1: a string of structured fields). */
static void
write_idempotency_key(struct kp_source_call *call)
{
	unsigned char bytes[16];
	char text[KP_HEX_LEN(sizeof(bytes)) + 2];
	kp_loop_random(call->link->loop, bytes, sizeof(bytes));
	text[0] = '"';
	kp_hex_write(bytes, sizeof(bytes), text + 1);
	text[sizeof(text) - 1] = '"';
	if (!kp_source_request_own(call, KP_SLICE("Idempotency-Key"),
		    (struct kp_slice){text, sizeof(text)})) {
		kp_source_call_stop(call, KP_ERROR, KP_E_MEMORY,
			"de gateway heeft geen geheugen meer voor deze vraag");
	}
}

struct kp_request_writer
kp_source_request_writer(struct kp_source_call *call)
{
	struct kp_arena *arena = call->options.arena;
	call->method = KP_SLICE("GET"); /* unless the connector says another */
	call->target = (struct kp_slice){0};
	kp_buffer_init(&call->body, arena, KP_SOURCE_BODY_BYTES_MAX);
	call->header_count = 0;
	if (call->options.transaction.len > 0 && fit_header(call)) {
		call->headers[call->header_count++] = (struct kp_upstream_header){
			KP_SLICE("Fsc-Transaction-Id"), call->options.transaction};
	} else if (call->options.transaction.len > 0) {
		kp_source_call_stop(call, KP_ERROR, KP_E_MEMORY,
			"de gateway heeft geen geheugen meer voor deze vraag");
	}
	if (call->link->source->private->manifest->request.idempotency_key) {
		write_idempotency_key(call);
	}
	call->header_bytes = 0;
	call->key = (struct kp_slice){0};
	call->query_count = 0;
	return (struct kp_request_writer){
		.size = sizeof(struct kp_request_writer),
		.context = call,
		.method = write_method,
		.target = write_target,
		.header = write_header,
		.body = write_body,
		.key = write_key,
		.query = write_query,
	};
}
