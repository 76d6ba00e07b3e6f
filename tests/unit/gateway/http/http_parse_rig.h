/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_parse_rig: what a parser says of a text as a log, the same in one piece, cut at
 * every place and byte by byte.
 */
#ifndef HTTP_PARSE_RIG_H
#define HTTP_PARSE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/http_parse.h"

#define LOG_BYTES ((size_t)65536)
#define ARENA_BYTES ((size_t)4 << 20)

struct log {
	char text[LOG_BYTES];
	size_t len;
	bool in_body;
};

static void KP_PRINTF(2, 3) put(struct log *log, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int wrote = vsnprintf(log->text + log->len, LOG_BYTES - log->len, format, args);
	va_end(args);
	assert_true(wrote >= 0 && (size_t)wrote < LOG_BYTES - log->len);
	log->len += (size_t)wrote;
}

static void
put_request(struct log *log, const struct kp_http_request *request)
{
	put(log, "%d %.*s form=%d path=%.*s", (int)request->method,
		KP_SLICE_ARG(request->method_text), (int)request->form,
		KP_SLICE_ARG(request->path));
	if (request->query.data != NULL) {
		put(log, " query=%.*s", KP_SLICE_ARG(request->query));
	}
	put(log, " host=%.*s 1.%u%s%s%s", KP_SLICE_ARG(request->authority),
		request->minor_version, request->keep_alive ? " keep" : " close",
		request->chunked ? " chunked" : "",
		request->expect_continue ? " continue" : "");
	if (request->has_content_length) {
		put(log, " length=%llu", (unsigned long long)request->content_length);
	}
	for (size_t i = 0; i < request->header_count; i++) {
		put(log, " [%.*s=%.*s]", KP_SLICE_ARG(request->headers[i].name),
			KP_SLICE_ARG(request->headers[i].value));
	}
	put(log, "\n");
}

static void
put_event(struct log *log, const struct kp_http_parser *parser, enum kp_http_event event,
	struct kp_slice body)
{
	if (event == KP_HTTP_BODY) {
		put(log, "%s%.*s", log->in_body ? "" : "body ", KP_SLICE_ARG(body));
		log->in_body = true;
		return;
	}
	put(log, "%s", log->in_body ? "\n" : "");
	log->in_body = false;
	if (event == KP_HTTP_HEAD) {
		put_request(log, &parser->request);
	} else if (event == KP_HTTP_END) {
		put(log, "end\n");
	}
}

/* Pushes one piece, in a block of exactly its size, until it is used up. */
static enum kp_status
push_piece(struct kp_http_parser *parser, struct kp_slice piece, struct log *log,
	struct kp_error *err)
{
	char *block = malloc(piece.len == 0 ? 1 : piece.len);
	assert_non_null(block);
	if (piece.len > 0) {
		memcpy(block, piece.data, piece.len);
	}
	size_t at = 0;
	enum kp_status status;
	enum kp_http_event event;
	do {
		size_t used;
		struct kp_slice body = {NULL, 0};
		status = kp_http_parser_push(parser,
			(struct kp_slice){block + at, piece.len - at}, &used, &event,
			&body, err);
		if (status != KP_OK) {
			break;
		}
		assert_true(used <= piece.len - at);
		if (event != KP_HTTP_MORE) {
			put_event(log, parser, event, body);
		}
		at += used;
		assert_true(event != KP_HTTP_MORE || at == piece.len);
	} while (event != KP_HTTP_MORE);
	memset(block, 'X', piece.len);
	free(block);
	return status;
}

/* Cuts at two places; `step` above 0 cuts into pieces of that size instead. */
static enum kp_status
parse_cut(struct kp_slice text, const struct kp_http_limits *limits, size_t cut_a,
	size_t cut_b, size_t step, struct log *log, struct kp_error *err)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_http_parser parser;
	kp_http_parser_init(&parser, limits, &arena);
	assert_true(kp_http_parser_idle(&parser));
	enum kp_status status = KP_OK;
	size_t at = 0;
	while (at < text.len && status == KP_OK) {
		size_t stop = step > 0 ? at + step
			: at < cut_a   ? cut_a
			: at < cut_b   ? cut_b
				       : text.len;
		stop = stop > text.len ? text.len : stop;
		status = push_piece(
			&parser, (struct kp_slice){text.data + at, stop - at}, log, err);
		at = stop;
	}
	if (status != KP_OK) {
		struct kp_error again;
		size_t used;
		enum kp_http_event event;
		struct kp_slice body;
		assert_int_equal(
			kp_http_parser_push(&parser, KP_SLICE("GET / HTTP/1.1\r\n"),
				&used, &event, &body, &again),
			status);
		assert_false(kp_http_parser_idle(&parser));
	} else if (!kp_http_parser_idle(&parser)) {
		put(log, "%sunfinished\n", log->in_body ? "\n" : "");
	}
	kp_arena_deinit(&arena);
	return status;
}

static struct log *
new_log(void)
{
	struct log *log = calloc(1, sizeof(*log));
	assert_non_null(log);
	return log;
}

static enum kp_status
parse_everyhow(struct kp_slice text, const struct kp_http_limits *limits, char *out,
	struct kp_error *ret_err)
{
	struct log *whole = new_log();
	struct kp_error err = {0};
	enum kp_status status = parse_cut(text, limits, 0, 0, 0, whole, &err);
	for (size_t cut = 1; cut < text.len; cut++) {
		for (size_t more = 0; more < 3; more++) {
			struct log *pieces = new_log();
			struct kp_error cut_err = {0};
			assert_int_equal(parse_cut(text, limits, cut, cut + more, 0,
						 pieces, &cut_err),
				status);
			assert_string_equal(pieces->text, whole->text);
			assert_string_equal(cut_err.message, err.message);
			free(pieces);
		}
	}
	struct log *bytes = new_log();
	assert_int_equal(parse_cut(text, limits, 0, 0, 1, bytes, NULL), status);
	assert_string_equal(bytes->text, whole->text);
	free(bytes);
	if (out != NULL) {
		memcpy(out, whole->text, LOG_BYTES);
	}
	if (ret_err != NULL) {
		*ret_err = err;
	}
	free(whole);
	return status;
}

static char log_text[LOG_BYTES];

static void
expect_refusal_of(struct kp_slice text, enum kp_status wanted)
{
	enum kp_status status = parse_everyhow(text, NULL, NULL, NULL);
	if (status != wanted) {
		fail_msg("%d instead of %d for: %.*s", (int)status, (int)wanted,
			KP_SLICE_ARG(text));
	}
}

static void
expect_refusal(const char *text, enum kp_status wanted)
{
	expect_refusal_of(kp_slice_from(text), wanted);
}

#endif
