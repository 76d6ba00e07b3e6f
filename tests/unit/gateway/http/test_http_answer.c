/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_answer: each answer whole, cut at every place and byte by byte gives the same body
 * and ends at the same byte; what two readers could read in two ways is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/http_answer.h"

#define HEADERS_MAX 4u
#define TRAILER_BYTES_MAX 20u

struct reading {
	enum kp_status status;
	struct kp_http_answer answer;
	bool head_done;
	size_t used;
	char body[256];
	size_t body_len;
};

/* Reads what is there of `text`, from a block of exactly that size. */
static void
read_on(struct reading *reading, const char *text, size_t len)
{
	char *block = malloc(len + 1);
	assert_non_null(block);
	memcpy(block, text, len);
	struct kp_slice bytes = {block, len};
	bool refused_before = reading->status != KP_OK;
	struct kp_http_header headers[HEADERS_MAX];
	const char *fault = NULL;
	while (reading->status == KP_OK && !reading->head_done) {
		struct kp_slice rest = {block + reading->used, len - reading->used};
		size_t head = kp_http_answer_head_len(rest, 0);
		if (head == 0) {
			break;
		}
		reading->used += head;
		reading->status = kp_http_answer_read_head(&reading->answer,
			(struct kp_slice){rest.data, head}, headers, HEADERS_MAX, &fault);
		reading->head_done = !reading->answer.interim;
	}
	size_t before = SIZE_MAX;
	while (reading->status == KP_OK && reading->head_done &&
		before != reading->used) {
		struct kp_slice piece;
		before = reading->used;
		reading->status = kp_http_answer_read_body(
			&reading->answer, bytes, &reading->used, &piece, &fault);
		if (reading->status == KP_OK && piece.len > 0) {
			memcpy(reading->body + reading->body_len, piece.data, piece.len);
			reading->body_len += piece.len;
		}
	}
	assert_true(reading->status == KP_OK || refused_before || fault != NULL);
	free(block);
}

static struct reading
read_cut_at(const char *text, size_t cut)
{
	struct reading reading = {
		.answer.trailer_bytes_max = TRAILER_BYTES_MAX, .body_len = 0};
	read_on(&reading, text, cut);
	read_on(&reading, text, strlen(text));
	return reading;
}

static struct reading
read_byte_by_byte(const char *text)
{
	struct reading reading = {.answer.trailer_bytes_max = TRAILER_BYTES_MAX};
	for (size_t len = 1; len <= strlen(text); len++) {
		read_on(&reading, text, len);
	}
	return reading;
}

struct good {
	const char *text;
	uint32_t status;
	const char *body;
	const char *excess; /* what is left over behind the answer */
	bool ended;
	bool keep_alive;
};

static void
check_good(const struct good *good, struct reading reading)
{
	if (reading.status != KP_OK) {
		fail_msg("refused: %s", good->text);
	}
	assert_true(reading.head_done);
	assert_int_equal(reading.answer.status, good->status);
	assert_int_equal(reading.body_len, strlen(good->body));
	assert_memory_equal(reading.body, good->body, reading.body_len);
	assert_int_equal(reading.answer.ended, good->ended);
	assert_int_equal(reading.answer.keep_alive, good->keep_alive);
	assert_string_equal(good->text + reading.used, good->excess);
}

static void
reads_answers_however_they_are_cut(void **state)
{
	(void)state;
	static const struct good table[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", "",
			true, true},
		{"HTTP/1.1 200 OK\r\ncontent-length:5 \r\nX:\r\n\r\nhelloHTTP/1.1", 200,
			"hello", "HTTP/1.1", true, true},
		{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, "", "", true, true},
		{"HTTP/1.1 404 \r\nContent-Length: 1\r\nConnection: a, Close\r\n\r\nx",
			404, "x", "", true, false},
		{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", "", true,
			false},
		{"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end", "", false,
			false},
		{"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, "", "",
			true, true},
		{"HTTP/1.1 304 Not Modified\r\n\r\nx", 304, "", "x", true, true},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n"
		 "\r\nHTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\ny",
			201, "y", "", true, true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n"
		 "5;a=\"b;\\\"\"\r\nhello\r\n1\r\n!\r\n000\r\nX-Sum: 1\r\n\r\nmore",
			200, "hello!", "more", true, true},
		{"HTTP/1.1 999 Odd \xc3\xa9\r\nContent-Length: 1\r\n\r\nz", 999, "z", "",
			true, true},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(table); i++) {
		for (size_t cut = 0; cut <= strlen(table[i].text); cut++) {
			check_good(&table[i], read_cut_at(table[i].text, cut));
		}
		check_good(&table[i], read_byte_by_byte(table[i].text));
	}
}

static void
refuses_what_can_be_read_in_two_ways(void **state)
{
	(void)state;
	static const char *const table[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1234567890123456789\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: "
		"chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\nX: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: 1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 2000\r\n\r\n",
		"HTTP/1.2 200 OK\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n",
		"http/1.1 200 OK\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"11111111111111111\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n"
		"\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
		"Long: 345678901234567890\r\n\r\n",
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(table); i++) {
		struct reading whole = read_cut_at(table[i], 0);
		if (whole.status == KP_OK) {
			fail_msg("accepted: %s", table[i]);
		}
		for (size_t cut = 0; cut <= strlen(table[i]); cut++) {
			assert_int_equal(read_cut_at(table[i], cut).status, whole.status);
		}
	}
}

static void
head_answers_have_no_body(void **state)
{
	(void)state;
	struct reading reading = {.answer.head_request = true};
	const char *text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
	read_on(&reading, text, strlen(text));
	assert_int_equal(reading.status, KP_OK);
	assert_true(reading.answer.ended);
	assert_true(reading.answer.keep_alive);
}

static void
knows_at_once_what_is_no_answer(void **state)
{
	(void)state;
	assert_true(kp_http_answer_plausible(KP_SLICE("")));
	assert_true(kp_http_answer_plausible(KP_SLICE("HTT")));
	assert_true(kp_http_answer_plausible(KP_SLICE("HTTP/1.1 2")));
	assert_false(kp_http_answer_plausible(KP_SLICE("220 mail")));
	assert_false(kp_http_answer_plausible(KP_SLICE("HTTP/2")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_answers_however_they_are_cut),
		cmocka_unit_test(refuses_what_can_be_read_in_two_ways),
		cmocka_unit_test(head_answers_have_no_body),
		cmocka_unit_test(knows_at_once_what_is_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
