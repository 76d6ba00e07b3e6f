/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_parse: each message whole, cut at every place and byte by byte gives the same;
 * what must be refused is refused with its status, however it is cut; every limit at and
 * above.
 */
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
expect_log(const char *text, const char *wanted)
{
	struct kp_error err;
	enum kp_status status = parse_everyhow(kp_slice_from(text), NULL, log_text, &err);
	if (status != KP_OK) {
		fail_msg("%s: %s", text, err.message);
	}
	assert_string_equal(log_text, wanted);
}

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

static void
reads_requests(void **state)
{
	(void)state;
	expect_log("GET /v1/a%20b?x=1&y=/? HTTP/1.1\r\nHost: poort.example:8443\r\n"
		   "Accept:application/json\r\nX-Empty:\r\nX-Wide: \t a b\t \r\n\r\n",
		"0 GET form=0 path=/v1/a%20b query=x=1&y=/? host=poort.example:8443 1.1 "
		"keep "
		"[Host=poort.example:8443] [Accept=application/json] [X-Empty=] "
		"[X-Wide=a b]\nend\n");
	expect_log("POST /q HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nhello",
		"2 POST form=0 path=/q host=h 1.1 keep length=5 [host=h] "
		"[content-length=5]\nbody hello\nend\n");
	expect_log("OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"6 OPTIONS form=2 path=* host=[::1]:80 1.1 keep [Host=[::1]:80]\nend\n");
	expect_log("GET HTTPS://a.example?q HTTP/1.1\r\nHost: b\r\n\r\n",
		"0 GET form=1 path=/ query=q host=a.example 1.1 keep [Host=b]\nend\n");
	expect_log("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n",
		"7 BREW form=0 path=/pot host=h 1.1 keep [Host=h]\nend\n");
	expect_log("DELETE /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
		"5 DELETE form=0 path=/x host=h 1.1 keep length=0 [Host=h] "
		"[Content-Length=0]\nend\n");
}

static void
knows_when_the_connection_ends(void **state)
{
	(void)state;
	expect_log(
		"GET / HTTP/1.0\r\n\r\n", "0 GET form=0 path=/ host= 1.0 close\nend\n");
	expect_log("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
		"0 GET form=0 path=/ host= 1.0 keep [Connection=Keep-Alive]\nend\n");
	expect_log("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n",
		"0 GET form=0 path=/ host=h 1.1 close [Host=h] [Connection=foo, "
		"Close]\nend\n");
	expect_log("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n"
		   "Connection: close,\r\n\r\n",
		"0 GET form=0 path=/ host=h 1.1 close [Host=h] [Connection=keep-alive] "
		"[Connection=close,]\nend\n");
}

static void
reads_chunks(void **state)
{
	(void)state;
	expect_log("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
		   "5\r\nhello\r\n00A;n;n=v;q=\"a\\\"b;\"\r\n0123456789\r\n0\r\n"
		   "Trailer-A: 1\r\nContent-Length: 99\r\n\r\n",
		"2 POST form=0 path=/ host=h 1.1 keep chunked [Host=h] "
		"[Transfer-Encoding=Chunked]\nbody hello0123456789\nend\n");
	expect_log("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
		   "chunked\r\n\r\n0\r\n\r\n",
		"3 PUT form=0 path=/ host=h 1.1 keep chunked [Host=h] "
		"[Transfer-Encoding=chunked]\nend\n");
}

static void
stops_between_pipelined_messages(void **state)
{
	(void)state;
	expect_log("\r\nPOST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
		   "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
		   "POST /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "1\r\nc\r\n0\r\n\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\nGET",
		"2 POST form=0 path=/1 host=h 1.1 keep length=2 [Host=h] "
		"[Content-Length=2]\n"
		"body ab\nend\n"
		"0 GET form=0 path=/2 host=h 1.1 keep [Host=h]\nend\n"
		"2 POST form=0 path=/3 host=h 1.1 keep chunked [Host=h] "
		"[Transfer-Encoding=chunked]\nbody c\nend\n"
		"0 GET form=0 path=/4 host=h 1.1 keep [Host=h]\nend\nunfinished\n");
}

static void
says_when_the_client_waits(void **state)
{
	(void)state;
	expect_log("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"
		   "Content-Length: 1\r\n\r\n",
		"2 POST form=0 path=/ host=h 1.1 keep continue length=1 [Host=h] "
		"[Expect=100-Continue] [Content-Length=1]\nunfinished\n");
	expect_log("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
		"2 POST form=0 path=/ host=h 1.1 keep [Host=h] "
		"[Expect=100-continue]\nend\n");
	expect_refusal(
		"POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", KP_E_EXPECT);
	expect_refusal("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, x\r\n\r\n",
		KP_E_EXPECT);
}

static void
refuses_request_lines(void **state)
{
	(void)state;
	static const char *const lines[] = {"GET /", "GET", "", " GET / HTTP/1.1",
		"GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ",
		"GET\t/ HTTP/1.1", "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/1.",
		"GET / HTTP/1.1.1", "GET / HTTP/01.1", "GET / XTTP/1.1",
		"GET / HTTP /1.1", "G@T / HTTP/1.1", "G(T / HTTP/1.1", "GET x HTTP/1.1",
		"GET * HTTP/1.1", "GET /a b HTTP/1.1", "GET /\x80 HTTP/1.1",
		"GET /\x01 HTTP/1.1", "GET /a\"b HTTP/1.1", "GET /a#b HTTP/1.1",
		"GET /a{b HTTP/1.1", "GET /%4 HTTP/1.1", "GET /%zz HTTP/1.1",
		"GET /?%g0 HTTP/1.1", "GET /a\\b HTTP/1.1", "GET ftp://a/ HTTP/1.1",
		"GET http:/a HTTP/1.1", "GET http:///x HTTP/1.1",
		"GET http://u@a/ HTTP/1.1", "GET http://a:x/ HTTP/1.1",
		"GET http://a:99999/ HTTP/1.1", "GET a.example:443 HTTP/1.1",
		"GET / HTTP/1.1\r", "GET /\r HTTP/1.1", "GET /a^b HTTP/1.1"};
	for (size_t i = 0; i < KP_ARRAY_LEN(lines); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "\r\n%s\r\nHost: h\r\n\r\n", lines[i]);
		expect_refusal(text, KP_E_SYNTAX);
	}
	expect_refusal("GET / HTTP/2.0\r\n\r\n", KP_E_VERSION);
	expect_refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", KP_E_VERSION);
	expect_refusal("GET / HTTP/1.2\r\nHost: h\r\n\r\n", KP_E_VERSION);
	expect_refusal("GET / HTTP/0.9\r\n\r\n", KP_E_VERSION);
	expect_refusal("GET / HTTP/2.5\r\n\r\n", KP_E_VERSION);
	expect_refusal("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", KP_E_NOT_IMPLEMENTED);
	expect_refusal(
		"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", KP_E_NOT_IMPLEMENTED);
	expect_refusal("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", KP_E_SYNTAX);
	expect_refusal("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", KP_E_SYNTAX);
	expect_refusal_of((struct kp_slice){"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 28},
		KP_E_SYNTAX);
}

static void
refuses_fields(void **state)
{
	(void)state;
	static const char *const fields[] = {"A : b\r\n", "A\t: b\r\n", " A: b\r\n",
		": b\r\n", "A b: c\r\n", "A\r\n", "A: b\r\n c\r\n", "A: b\r\n\tc\r\n",
		"A: b\rc\r\n", "A: b\n", "A: b\r\r\n", "A: b\nB: c\r\n", "A: \x01\r\n",
		"A: \x7f\r\n", "A\x80: b\r\n", "A@: b\r\n", "A\"b: c\r\n", "\r: b\r\n",
		"A\r: b\r\n"};
	for (size_t i = 0; i < KP_ARRAY_LEN(fields); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n",
			fields[i]);
		expect_refusal(text, KP_E_SYNTAX);
		(void)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%sHost: h\r\n\r\n",
			fields[i]);
		expect_refusal(text, KP_E_SYNTAX);
		(void)snprintf(text, sizeof(text),
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"0\r\n%s\r\n",
			fields[i]);
		expect_refusal(text, KP_E_SYNTAX);
	}
	expect_refusal_of(
		(struct kp_slice){"GET / HTTP/1.1\r\nHost: h\r\nA: b\0c\r\n\r\n", 36},
		KP_E_SYNTAX);
	expect_refusal("GET / HTTP/1.1\nHost: h\n\n", KP_E_SYNTAX);
	expect_refusal("GET / HTTP/1.1\r\nHost: h\r\n\n", KP_E_SYNTAX);
	expect_refusal("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n",
		KP_E_NOT_IMPLEMENTED);
}

static void
refuses_unclear_hosts(void **state)
{
	(void)state;
	static const char *const fields[] = {"", "Host: a\r\nHost: a\r\n",
		"Host: a\r\nhOST: b\r\n", "Host:\r\n", "Host: a b\r\n", "Host: a/b\r\n",
		"Host: u@a\r\n", "Host: a:b\r\n", "Host: a:70000\r\n", "Host: a:1:2\r\n",
		"Host: [::1\r\n", "Host: [::1]x\r\n", "Host: [zz]\r\n", "Host: []\r\n",
		"Host: a,b\r\nHost: c\r\n", "Host: a?b\r\n", "Host: a\\b\r\n",
		"Host: :80\r\n", "Host: a%zz\r\n"};
	for (size_t i = 0; i < KP_ARRAY_LEN(fields); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n", fields[i]);
		expect_refusal(text, KP_E_SYNTAX);
	}
	expect_refusal("GET http://a/ HTTP/1.1\r\n\r\n", KP_E_SYNTAX);
	expect_refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", KP_E_SYNTAX);
}

static void
refuses_two_readings_of_the_length(void **state)
{
	(void)state;
	static const char *const fields[] = {"Content-Length: 3\r\nContent-Length: 3\r\n",
		"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: 3, 3\r\n",
		"Content-Length: +3\r\n", "Content-Length: -3\r\n",
		"Content-Length: 0x3\r\n", "Content-Length: 3 \t3\r\n",
		"Content-Length:\r\n", "Content-Length: 3.0\r\n",
		"Content-Length: 3a\r\n", "Content-Length: \"3\"\r\n",
		"Content-Length: 9223372036854775808\r\n",
		"Content-Length: 18446744073709551619\r\n",
		"Content-Length: 00000000000000000003\r\n",
		"Content-Length: \xd9\xa3\r\n",
		"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
		"Transfer-Encoding: chunked, chunked\r\n",
		"Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: chunked, gzip\r\n", "Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: chunked;q=1\r\n",
		"Transfer-Encoding: \"chunked\"\r\n", "Transfer-Encoding:\r\n",
		"Transfer-Encoding: ,chunked\r\n", "Transfer-Encoding: chunked,\r\n",
		"Transfer-Encoding: chunk\xe9\x64\r\n",
		"Transfer-Encoding: \x0b\x63hunked\r\n",
		"Transfer-Encoding : chunked\r\n", "Transfer-Encoding\t: chunked\r\n",
		"X: y\rTransfer-Encoding: chunked\r\n",
		"X: y\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding:\r\n chunked\r\n"};
	for (size_t i = 0; i < KP_ARRAY_LEN(fields); i++) {
		char text[300];
		(void)snprintf(text, sizeof(text),
			"POST / HTTP/1.1\r\nHost: h\r\n%s\r\n0\r\n\r\n", fields[i]);
		expect_refusal(text, KP_E_SYNTAX);
	}
	expect_refusal("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
		KP_E_SYNTAX);
	expect_refusal(
		"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na", KP_E_SYNTAX);
	expect_refusal("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
		KP_E_SYNTAX);
}

/*
 * What request smuggling tools do: any byte before, in and after the name and the value
 * of the field that frames the body. White space around the value leaves it as it is.
 * Everything else is refused: either the field is wrong, or it is another field and then
 * the body is no request.
 */
static void
reads_framing_fields_one_way(void **state)
{
	(void)state;
	static const struct {
		const char *before;
		const char *after;
		bool around_value;
	} forms[] = {
		{"", "Transfer-Encoding: chunked", false},
		{"T", "ransfer-Encoding: chunked", false},
		{"Transfer-Encoding", ": chunked", false},
		{"Transfer-Encoding:", "chunked", true},
		{"Transfer-Encoding: ", "chunked", true},
		{"Transfer-Encoding: c", "hunked", false},
		{"Transfer-Encoding: chunked", "", true},
		{"Transfer-Encoding: chunked\r", "", false},
		{"X: y\r\n", "Transfer-Encoding: chunked", false},
		{"X: y", "\nTransfer-Encoding: chunked", false},
		{"", "Content-Length: 5", false},
		{"C", "ontent-Length: 5", false},
		{"Content-Length", ": 5", false},
		{"Content-Length:", "5", true},
		{"Content-Length: ", "5", true},
		{"Content-Length: 5", "", true},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(forms); i++) {
		bool is_length = strstr(forms[i].after, "5") != NULL ||
			strstr(forms[i].before, "5") != NULL;
		for (int byte = 0; byte < 256; byte++) {
			char text[200];
			int head = snprintf(text, sizeof(text),
				"POST / HTTP/1.1\r\nHost: h\r\n%s", forms[i].before);
			text[head] = (char)byte;
			int tail =
				snprintf(text + head + 1, sizeof(text) - (size_t)head - 1,
					"%s\r\n\r\n0\r\n\r\n", forms[i].after);
			struct kp_slice request = {text, (size_t)(head + 1 + tail)};
			struct log *log = new_log();
			enum kp_status status =
				parse_cut(request, NULL, 0, 0, 0, log, NULL);
			free(log);
			bool blank = byte == ' ' || byte == '\t';
			bool digit = byte >= '0' && byte <= '9' && is_length;
			bool same = forms[i].around_value && (blank || digit);
			bool line_end = byte == '\r' && forms[i].after[0] == '\n';
			if ((status == KP_OK) != (same || line_end)) {
				fail_msg("form %zu, byte %d: %d", i, byte, (int)status);
			}
		}
	}
}

static void
refuses_fields_that_may_come_once(void **state)
{
	(void)state;
	static const char *const names[] = {"Authorization", "Content-Type", "DPoP",
		"traceparent", "Expect", "Origin", "Cookie"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text),
			"GET / HTTP/1.1\r\nHost: h\r\n%s: a\r\nX: y\r\n%s: a\r\n\r\n",
			names[i], names[i]);
		expect_refusal(text, KP_E_SYNTAX);
	}
	struct kp_error err;
	assert_int_equal(
		parse_everyhow(KP_SLICE("GET / HTTP/1.1\r\nHost: h\r\ndpop: a\r\n"
					"DPoP: b\r\n\r\n"),
			NULL, NULL, &err),
		KP_E_SYNTAX);
	assert_string_equal(err.place, "dpop");
}

static void
refuses_chunks(void **state)
{
	(void)state;
	static const char *const bodies[] = {"\r\n", " 1\r\na\r\n", "1 \r\na\r\n",
		"+1\r\na\r\n", "-1\r\na\r\n", "0x1\r\na\r\n", "g\r\n", "1\na\r\n",
		"1\r\na\n", "1\ra\r\n", "1\r\nab\r\n", "1\r\naXX0", "1\r\n\r\n\r\n",
		"00000000000000001\r\na\r\n", "fffffffffffffffff\r\n", "1;\r\na\r\n",
		"1; a\r\na\r\n", "1;a =b\r\na\r\n", "1;a=\r\na\r\n", "1;=b\r\na\r\n",
		"1;a=\"\r\na\r\n", "1;a=\"b\"c\r\na\r\n", "1;a=\"\x01\"\r\na\r\n",
		"1;a\nb\r\na\r\n", "1;a=b\nc\r\na\r\n", "1;a=\"\n\"\r\na\r\n",
		"1;a\x80\r\na\r\n", "0\r\n\n", "0\n\n", "0\r\nA\r\n\r\n",
		"0\r\nX: y\r\n\n", "1,a\r\na\r\n", "1\r\r\na\r\n", ";a\r\n",
		"1\r\na\r\r\n"};
	for (size_t i = 0; i < KP_ARRAY_LEN(bodies); i++) {
		char text[200];
		(void)snprintf(text, sizeof(text),
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
			"chunked\r\n\r\n%s",
			bodies[i]);
		expect_refusal(text, KP_E_SYNTAX);
	}
	expect_refusal("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "ffffffffffffffff\r\n",
		KP_E_BODY_LIMIT);
}

static void
holds_every_limit(void **state)
{
	(void)state;
	static const struct {
		struct kp_http_limits limits;
		const char *at;
		const char *above;
		enum kp_status status;
	} cases[] = {
		{{.target_bytes_max = 4}, "GET /abc HTTP/1.0\r\n\r\n",
			"GET /abcd HTTP/1.0\r\n\r\n", KP_E_TARGET_LIMIT},
		{{.target_bytes_max = 4},
			"abcdefghijabcdefghijabcdefghijab /abc HTTP/1.0\r\n\r\n",
			"abcdefghijabcdefghijabcdefghijab /abcd HTTP/1.0\r\n\r\n",
			KP_E_TARGET_LIMIT},
		{{.header_bytes_max = 8}, "GET / HTTP/1.0\r\nA: b\r\n\r\n",
			"GET / HTTP/1.0\r\nA: bc\r\n\r\n", KP_E_HEADER_LIMIT},
		{{.header_count_max = 2}, "GET / HTTP/1.0\r\nA: b\r\nC: d\r\n\r\n",
			"GET / HTTP/1.0\r\nA: b\r\nC: d\r\nE: f\r\n\r\n",
			KP_E_HEADER_LIMIT},
		{{.body_bytes_max = 3}, "PUT / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
			"PUT / HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd",
			KP_E_BODY_LIMIT},
		{{.body_bytes_max = 3},
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n",
			KP_E_BODY_LIMIT},
		{{.chunk_extension_bytes_max = 6},
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"2;a\r\nab\r\n0;a=b\r\n\r\n",
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"2;a\r\nab\r\n0;a=bc\r\n\r\n",
			KP_E_HEADER_LIMIT},
		{{.trailer_bytes_max = 8},
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"0\r\nA: b\r\n\r\n",
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"0\r\nA: bc\r\n\r\n",
			KP_E_HEADER_LIMIT},
		{{.trailer_count_max = 1},
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"0\r\nA: b\r\n\r\n",
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"0\r\nA: b\r\nC: d\r\n\r\n",
			KP_E_HEADER_LIMIT},
		{{.chunk_count_max = 2},
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"1\r\na\r\n1\r\nb\r\n0\r\n\r\n",
			"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
			"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n",
			KP_E_BODY_LIMIT},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		assert_int_equal(parse_everyhow(kp_slice_from(cases[i].at),
					 &cases[i].limits, log_text, NULL),
			KP_OK);
		assert_non_null(strstr(log_text, "end\n"));
		assert_null(strstr(log_text, "unfinished"));
		enum kp_status status = parse_everyhow(
			kp_slice_from(cases[i].above), &cases[i].limits, NULL, NULL);
		if (status != cases[i].status) {
			fail_msg("case %zu gives %d", i, (int)status);
		}
	}
	expect_refusal("abcdefghijabcdefghijabcdefghijabc / HTTP/1.0\r\n\r\n",
		KP_E_NOT_IMPLEMENTED);
}

/* What one message used up does not count for the next one on the connection. */
static void
counts_each_message_apart(void **state)
{
	(void)state;
	static const struct kp_http_limits limits = {.header_bytes_max = 60,
		.header_count_max = 2,
		.body_bytes_max = 3,
		.chunk_extension_bytes_max = 2,
		.trailer_bytes_max = 8,
		.trailer_count_max = 1,
		.chunk_count_max = 2};
	static const char message[] =
		"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2;a\r\nab\r\n1\r\nc\r\n0\r\nA: b\r\n\r\n";
	char text[3 * sizeof(message)];
	int len = snprintf(text, sizeof(text), "%s%s%s", message, message, message);
	assert_int_equal(parse_everyhow((struct kp_slice){text, (size_t)len}, &limits,
				 log_text, NULL),
		KP_OK);
	const char *at = log_text;
	for (int i = 0; i < 3; i++) {
		at = strstr(at, "body abc\nend\n");
		assert_non_null(at);
		at++;
	}
}

/* A line that never ends is refused at its limit, not gathered. */
static void
bounds_a_line_without_an_end(void **state)
{
	(void)state;
	static const struct {
		const char *begin;
		enum kp_status status;
		size_t len_max;
	} cases[] = {{"GET /", KP_E_TARGET_LIMIT, 9000},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: ", KP_E_HEADER_LIMIT, 17000},
		{"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n0\r\nA: ",
			KP_E_HEADER_LIMIT, 5000}};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_arena arena;
		kp_arena_init(&arena, ARENA_BYTES, NULL);
		struct kp_http_parser parser;
		kp_http_parser_init(&parser, NULL, &arena);
		struct log *log = new_log();
		enum kp_status status =
			push_piece(&parser, kp_slice_from(cases[i].begin), log, NULL);
		size_t len = 0;
		while (status == KP_OK) {
			status = push_piece(&parser, KP_SLICE("aaaaaaaaaa"), log, NULL);
			len += 10;
			assert_true(len < cases[i].len_max);
		}
		assert_int_equal(status, cases[i].status);
		free(log);
		kp_arena_deinit(&arena);
	}
}

static void
finds_fields(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_http_parser parser;
	kp_http_parser_init(&parser, NULL, &arena);
	struct log *log = new_log();
	assert_int_equal(
		push_piece(&parser,
			KP_SLICE("GET / HTTP/1.1\r\nHost: h\r\nX-Gebruiker: u\r\n"
				 "AUTHORIZATION: Bearer t\r\nAccept: a\r\n"
				 "Accept: b\r\n\r\n"),
			log, NULL),
		KP_OK);
	const struct kp_http_request *request = &parser.request;
	assert_true(
		kp_slice_is(kp_http_known(request, KP_HTTP_AUTHORIZATION), "Bearer t"));
	assert_true(kp_slice_is(kp_http_known(request, KP_HTTP_ACCEPT), "a"));
	assert_null(kp_http_known(request, KP_HTTP_DPOP).data);
	assert_true(kp_slice_is(kp_http_header(request, KP_SLICE("x-gebruiker")), "u"));
	assert_null(kp_http_header(request, KP_SLICE("x-gebruike")).data);
	assert_null(kp_http_header(request, KP_SLICE("x-afwezig")).data);
	free(log);
	kp_arena_deinit(&arena);
}

static void
survives_every_lack_of_memory(void **state)
{
	(void)state;
	char text[8000] = "POST / HTTP/1.1\r\nHost: h\r\n";
	size_t len = strlen(text);
	for (int i = 0; i < 90; i++) {
		len += (size_t)snprintf(
			text + len, sizeof(text) - len, "X-%d: %050d\r\n", i, i);
	}
	len += (size_t)snprintf(text + len, sizeof(text) - len, "\r\n");
	bool refused = false;
	bool accepted = false;
	for (size_t bytes = 0; bytes < 60000; bytes += 500) {
		struct kp_arena arena;
		kp_arena_init(&arena, bytes, NULL);
		struct kp_http_parser parser;
		kp_http_parser_init(&parser, NULL, &arena);
		struct log *log = new_log();
		enum kp_status status =
			push_piece(&parser, (struct kp_slice){text, len}, log, NULL);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		refused = refused || status == KP_E_MEMORY;
		accepted = accepted || status == KP_OK;
		free(log);
		kp_arena_deinit(&arena);
	}
	assert_true(refused && accepted);
}

static void
begins_again_in_another_arena(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_http_limits limits = {.header_count_max = 1};
	struct kp_http_parser parser;
	kp_http_parser_init(&parser, &limits, &arena);
	for (int i = 0; i < 3; i++) {
		struct log *log = new_log();
		assert_int_equal(
			push_piece(&parser, KP_SLICE("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
				log, NULL),
			KP_OK);
		assert_non_null(strstr(log->text, "end"));
		free(log);
		kp_arena_deinit(&arena);
		kp_arena_init(&arena, ARENA_BYTES, NULL);
		kp_http_parser_reset(&parser, &arena);
		assert_true(kp_http_parser_idle(&parser));
	}
	struct log *log = new_log();
	assert_int_equal(
		push_piece(&parser, KP_SLICE("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n"),
			log, NULL),
		KP_E_HEADER_LIMIT);
	free(log);
	kp_arena_deinit(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_requests),
		cmocka_unit_test(knows_when_the_connection_ends),
		cmocka_unit_test(reads_chunks),
		cmocka_unit_test(stops_between_pipelined_messages),
		cmocka_unit_test(says_when_the_client_waits),
		cmocka_unit_test(refuses_request_lines),
		cmocka_unit_test(refuses_fields),
		cmocka_unit_test(refuses_unclear_hosts),
		cmocka_unit_test(refuses_two_readings_of_the_length),
		cmocka_unit_test(reads_framing_fields_one_way),
		cmocka_unit_test(refuses_fields_that_may_come_once),
		cmocka_unit_test(refuses_chunks),
		cmocka_unit_test(holds_every_limit),
		cmocka_unit_test(counts_each_message_apart),
		cmocka_unit_test(bounds_a_line_without_an_end),
		cmocka_unit_test(finds_fields),
		cmocka_unit_test(survives_every_lack_of_memory),
		cmocka_unit_test(begins_again_in_another_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
