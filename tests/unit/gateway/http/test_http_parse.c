/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_parse: each message whole, cut at every place and byte by byte gives the same. */
#include "http_parse_rig.h"

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
		cmocka_unit_test(counts_each_message_apart),
		cmocka_unit_test(finds_fields),
		cmocka_unit_test(survives_every_lack_of_memory),
		cmocka_unit_test(begins_again_in_another_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
