/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_write: heads and chunks byte for byte; nothing from outside begins a line of its
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/error.h"
#include "http/http_parse.h"
#include "http/http_write.h"

#define ARENA_BYTES ((size_t)1 << 20)

struct fixture {
	struct kp_arena arena;
	struct kp_buffer buffer;
};

static void
begin(struct fixture *fixture)
{
	kp_arena_init(&fixture->arena, ARENA_BYTES, NULL);
	kp_buffer_init(&fixture->buffer, &fixture->arena, 4096);
}

static void
end(struct fixture *fixture, const char *wanted)
{
	struct kp_slice found = kp_buffer_slice(&fixture->buffer);
	if (!kp_slice_is(found, wanted)) {
		fail_msg("'%.*s' is not '%s'", KP_SLICE_ARG(found), wanted);
	}
	assert_false(fixture->buffer.failed);
	kp_arena_deinit(&fixture->arena);
}

static void
writes_a_head(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	kp_http_write_status(&fixture.buffer, 200);
	kp_http_write_date(&fixture.buffer, 784111777);
	kp_http_write_header(
		&fixture.buffer, KP_SLICE("X-Trace"), KP_SLICE("a\tb \xc3\xa9"));
	KP_HTTP_WRITE_HEADER(&fixture.buffer, "Cache-Control", "no-store");
	kp_http_write_content_length(&fixture.buffer, UINT64_MAX);
	kp_http_write_connection(&fixture.buffer, true, 1);
	kp_http_write_connection(&fixture.buffer, true, 0);
	kp_http_write_connection(&fixture.buffer, false, 1);
	kp_http_write_head_end(&fixture.buffer);
	end(&fixture,
		"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"X-Trace: a\tb \xc3\xa9\r\nCache-Control: no-store\r\n"
		"Content-Length: 18446744073709551615\r\nConnection: keep-alive\r\n"
		"Connection: close\r\n\r\n");
}

static void
writes_chunks(void **state)
{
	(void)state;
	struct fixture fixture;
	begin(&fixture);
	kp_http_write_chunked(&fixture.buffer);
	kp_http_write_chunk(&fixture.buffer, KP_SLICE("0123456789abcdef"));
	kp_http_write_chunk(&fixture.buffer, KP_SLICE(""));
	kp_http_write_chunk(&fixture.buffer, KP_SLICE("x"));
	kp_buffer_add_slice(&fixture.buffer, kp_http_chunk_last());
	end(&fixture,
		"Transfer-Encoding: chunked\r\n10\r\n0123456789abcdef\r\n1\r\nx\r\n"
		"0\r\n\r\n");
	char head[KP_HTTP_CHUNK_HEAD_BYTES];
	assert_int_equal(kp_http_chunk_head(head, UINT64_MAX), 18);
	assert_memory_equal(head, "ffffffffffffffff\r\n", 18);
	assert_int_equal(kp_http_chunk_head(head, 0), 3);
	assert_memory_equal(head, "0\r\n", 3);
}

static void
lets_no_value_begin_a_line(void **state)
{
	(void)state;
	static const struct {
		struct kp_slice name;
		struct kp_slice value;
	} cases[] = {
		{{"X", 1}, {"a\r\nSet-Cookie: b", 16}},
		{{"X", 1}, {"a\nb", 3}},
		{{"X", 1}, {"a\rb", 3}},
		{{"X", 1}, {"a\0b", 3}},
		{{"X", 1}, {"\x7f", 1}},
		{{"X: y\r\nZ", 7}, {"a", 1}},
		{{"X ", 2}, {"a", 1}},
		{{"", 0}, {"a", 1}},
		{{"Content-Length", 14}, {"0", 1}},
		{{"transfer-encoding", 17}, {"chunked", 7}},
		{{"Connection", 10}, {"close", 5}},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct fixture fixture;
		begin(&fixture);
		kp_http_write_status(&fixture.buffer, 204);
		size_t len = fixture.buffer.len;
		kp_http_write_header(&fixture.buffer, cases[i].name, cases[i].value);
		assert_true(fixture.buffer.failed);
		assert_int_equal(fixture.buffer.len, len);
		kp_http_write_head_end(&fixture.buffer);
		assert_int_equal(fixture.buffer.len, len);
		kp_arena_deinit(&fixture.arena);
	}
}

static void
has_a_reason_for_every_status_we_answer(void **state)
{
	(void)state;
	for (int status = 0; status < KP_STATUS_COUNT; status++) {
		int http = kp_status_info((enum kp_status)status)->http;
		assert_string_not_equal(kp_http_reason(http), "Status");
	}
	assert_string_equal(kp_http_reason(299), "Status");
}

/* RFC 9110, section 5.5: every byte, at every place of a short and a long value. */
static void
lets_control_bytes_into_no_value(void **state)
{
	(void)state;
	char text[40];
	memset(text, 'a', sizeof(text));
	for (size_t at = 0; at < sizeof(text); at++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			bool fine = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
			text[at] = (char)byte;
			assert_int_equal(
				kp_http_value_valid((struct kp_slice){text, 40}), fine);
			assert_int_equal(
				kp_http_value_valid((struct kp_slice){text, at + 1}),
				fine);
		}
		text[at] = 'a';
	}
	assert_true(kp_http_value_valid((struct kp_slice){NULL, 0}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_head),
		cmocka_unit_test(writes_chunks),
		cmocka_unit_test(lets_no_value_begin_a_line),
		cmocka_unit_test(lets_control_bytes_into_no_value),
		cmocka_unit_test(has_a_reason_for_every_status_we_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
