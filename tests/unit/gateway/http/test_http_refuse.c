/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_http_refuse: what is no message, could be read in two ways, or is above a limit.
 */
#include "http_parse_rig.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_request_lines),
		cmocka_unit_test(refuses_fields),
		cmocka_unit_test(refuses_unclear_hosts),
		cmocka_unit_test(refuses_two_readings_of_the_length),
		cmocka_unit_test(reads_framing_fields_one_way),
		cmocka_unit_test(refuses_fields_that_may_come_once),
		cmocka_unit_test(refuses_chunks),
		cmocka_unit_test(holds_every_limit),
		cmocka_unit_test(bounds_a_line_without_an_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
