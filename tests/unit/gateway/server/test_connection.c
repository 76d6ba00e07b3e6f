/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_connection: what a client may do to a connection, over real sockets. */
#include "support.h"

#define CLOSE "Connection: close\r\n"

static struct fixture fixture;
static char out[65536];

static size_t
count_of(const char *text, const char *what)
{
	size_t count = 0;
	while ((text = strstr(text, what)) != NULL) {
		count++;
		text += strlen(what);
	}
	return count;
}

static int
set_up(void **state)
{
	(void)state;
	struct kp_server_options options = test_options();
	options.connections.head_timeout_ms = 300;
	options.connections.body_timeout_ms = 300;
	options.connections.idle_timeout_ms = 400;
	options.connections.write_timeout_ms = 400;
	options.connections.requests_max = 1000;
	options.connections.limits.body_bytes_max = 100000;
	options.connections.read_ahead_bytes_max = 4096;
	start_server(&fixture, &options);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	stop_server(&fixture);
	return 0;
}

static void
answers_with_fixed_headers(void **state)
{
	(void)state;
	ask(fixture.port, "GET /health/live HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_int_equal(strncmp(out, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(out, "\r\nDate: "));
	assert_non_null(strstr(out, "\r\nAPI-Version: "));
	assert_non_null(strstr(out, "\r\nCache-Control: no-store\r\n"));
	assert_non_null(
		strstr(out, "\r\nContent-Security-Policy: frame-ancestors 'none'\r\n"));
	assert_non_null(
		strstr(out, "\r\nStrict-Transport-Security: max-age=31536000\r\n"));
	assert_non_null(strstr(out, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(out, "\r\nX-Frame-Options: DENY\r\n"));
	assert_non_null(strstr(out, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(out, "\r\n\r\n{\"status\":\"live\"}\n"));
}

static void
head_has_no_body(void **state)
{
	(void)state;
	ask(fixture.port, "HEAD /health/live HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, "Content-Length: 18\r\n"));
	assert_string_equal(strstr(out, "\r\n\r\n"), "\r\n\r\n");
	ask(fixture.port, "HEAD /stream HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_string_equal(strstr(out, "\r\n\r\n"), "\r\n\r\n");
}

static void
unknown_paths_and_methods(void **state)
{
	(void)state;
	ask(fixture.port, "GET /nowhere HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 404 "));
	assert_non_null(strstr(out, "Content-Type: application/problem+json\r\n"));
	assert_non_null(strstr(out, "\"status\":404,"));
	ask(fixture.port, "GET /health/live/ HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 404 "));
	ask(fixture.port, "DELETE /echo HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 405 "));
	assert_non_null(strstr(out, "\r\nAllow: POST\r\n"));
	ask(fixture.port, "POST /slow HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, "\r\nAllow: GET, HEAD\r\n"));
	ask(fixture.port, "GET /below/x/y HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 200 "));
	ask(fixture.port, "GET /below/ HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 404 "));
}

static void
malformed_is_a_problem_and_closes(void **state)
{
	(void)state;
	ask(fixture.port, "GET / HTTP/1.1\r\nHost : a\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, " 400 "));
	assert_non_null(strstr(out, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(out, "application/problem+json"));
	ask(fixture.port, "GET / HTTP/2.5\r\nHost: a\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, " 505 "));
	ask(fixture.port,
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 413 "));
	ask(fixture.port,
		"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\nContent-Length: "
		"1\r\n\r\n",
		out, sizeof(out));
	assert_non_null(strstr(out, " 417 "));
}

/* The refusal must arrive although the client goes on sending. */
static void
refusal_survives_unread_bytes(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		int fd = connect_to(fixture.port);
		static char block[60000];
		memset(block, 'a', sizeof(block));
		send_text(fd,
			"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: "
			"900000\r\n\r\n");
		for (int i = 0; i < 5; i++) {
			(void)send(fd, block, sizeof(block), MSG_NOSIGNAL);
		}
		assert_true(read_answer(fd, out, sizeof(out)));
		assert_non_null(strstr(out, " 413 "));
		(void)close(fd);
	}
}

static void
body_at_the_limit(void **state)
{
	(void)state;
	static char text[101000];
	int head = snprintf(text, sizeof(text),
		"POST /echo HTTP/1.1\r\nHost: a\r\n" CLOSE
		"Content-Length: 100000\r\n\r\n");
	memset(text + head, 'b', 100000);
	text[head + 100000] = '\0';
	static char answer[102000];
	ask(fixture.port, text, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 200 "));
	char *body = strstr(answer, "\r\n\r\n") + 4;
	assert_int_equal(strlen(body), 100000);
	assert_int_equal(strspn(body, "b"), 100000);
}

static void
pipelined_requests_in_order(void **state)
{
	(void)state;
	ask(fixture.port,
		"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
		"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
		"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"2\r\ntw\r\n1\r\no\r\n0\r\n\r\n"
		"POST /echo HTTP/1.1\r\nHost: a\r\n" CLOSE
		"Content-Length: 5\r\n\r\nthree",
		out, sizeof(out));
	assert_int_equal(count_of(out, "HTTP/1.1 200 OK\r\n"), 4);
	char *one = strstr(out, "\r\n\r\none");
	char *slow = strstr(out, "\r\n\r\nslow\n");
	char *two = strstr(out, "\r\n\r\ntwo");
	char *three = strstr(out, "\r\n\r\nthree");
	assert_true(one != NULL && slow != NULL && two != NULL && three != NULL);
	assert_true(one < slow && slow < two && two < three);
}

/* More than is read ahead: reading stops and goes on, nothing is lost. */
static void
pipelined_beyond_the_bound(void **state)
{
	(void)state;
	enum { COUNT = 400 };
	static char text[COUNT * 160];
	size_t len = (size_t)snprintf(
		text, sizeof(text), "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	for (int i = 0; i < COUNT; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"POST /echo HTTP/1.1\r\nHost: a\r\nX-Fill: "
			"%060d\r\nContent-Length: 3\r\n%s\r\n%03d",
			i, i == COUNT - 1 ? CLOSE : "", i);
	}
	static char answers[COUNT * 600];
	ask(fixture.port, text, answers, sizeof(answers));
	assert_int_equal(count_of(answers, "HTTP/1.1 200 OK\r\n"), COUNT + 1);
	char last[16];
	(void)snprintf(last, sizeof(last), "\r\n\r\n%03d", COUNT - 1);
	assert_non_null(strstr(answers, last));
}

static void
split_at_each_byte(void **state)
{
	(void)state;
	static const char text[] =
		"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"4\r\nabcd\r\n3;x=y\r\nefg\r\n0\r\nTrailer: t\r\n\r\n";
	int fd = connect_to(fixture.port);
	for (size_t at = 1; at < sizeof(text) - 1; at++) {
		assert_true(send(fd, text, at, MSG_NOSIGNAL) == (ssize_t)at);
		struct timespec nap = {0, 300000};
		(void)nanosleep(&nap, NULL);
		send_text(fd, text + at);
		assert_true(read_answer(fd, out, sizeof(out)));
		assert_non_null(strstr(out, " 200 "));
		assert_string_equal(strstr(out, "\r\n\r\n"), "\r\n\r\nabcdefg");
	}
	(void)close(fd);
}

static void
byte_by_byte(void **state)
{
	(void)state;
	static const char text[] = "POST /echo HTTP/1.1\r\nHost: a\r\n" CLOSE
				   "Content-Length: 4\r\n\r\nbody";
	int fd = connect_to(fixture.port);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		assert_int_equal(send(fd, text + i, 1, MSG_NOSIGNAL), 1);
	}
	(void)read_all(fd, out, sizeof(out));
	assert_non_null(strstr(out, "\r\n\r\nbody"));
	(void)close(fd);
}

static void
continue_before_the_body(void **state)
{
	(void)state;
	int fd = connect_to(fixture.port);
	send_text(fd,
		"POST /echo HTTP/1.1\r\nHost: a\r\n" CLOSE
		"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	assert_true(read_answer(fd, out, sizeof(out)));
	assert_string_equal(out, "HTTP/1.1 100 Continue\r\n\r\n");
	send_text(fd, "body");
	(void)read_all(fd, out, sizeof(out));
	assert_non_null(strstr(out, " 200 "));
	assert_non_null(strstr(out, "\r\n\r\nbody"));
	(void)close(fd);
	/* Who sends the body at once gets no 100. */
	ask(fixture.port,
		"POST /echo HTTP/1.1\r\nHost: a\r\n" CLOSE
		"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
		out, sizeof(out));
	assert_int_equal(strncmp(out, "HTTP/1.1 200 OK\r\n", 17), 0);
}

static void
stream_in_chunks(void **state)
{
	(void)state;
	ask(fixture.port, "GET /stream HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, "\r\nTransfer-Encoding: chunked\r\n"));
	assert_string_equal(strstr(out, "\r\n\r\n"),
		"\r\n\r\n6\r\nfirst\n\r\n7\r\nsecond\n\r\n6\r\nthird\n\r\n0\r\n\r\n");
	ask(fixture.port, "GET /stream HTTP/1.0\r\nHost: a\r\n\r\n", out, sizeof(out));
	assert_null(strstr(out, "chunked"));
	assert_string_equal(strstr(out, "\r\n\r\n"), "\r\n\r\nfirst\nsecond\nthird\n");
}

static void
old_clients(void **state)
{
	(void)state;
	ask(fixture.port, "GET /health/live HTTP/1.0\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "\r\nConnection: close\r\n"));
	int fd = connect_to(fixture.port);
	for (int i = 0; i < 3; i++) {
		send_text(fd,
			"GET /health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
		assert_true(read_answer(fd, out, sizeof(out)));
		assert_non_null(strstr(out, "\r\nConnection: keep-alive\r\n"));
	}
	(void)close(fd);
}

/* Time. */

static void
expect_ends_within(int fd, unsigned from_ms, unsigned to_ms)
{
	unsigned start = clock_ms();
	(void)read_all(fd, out, sizeof(out));
	unsigned took = clock_ms() - start;
	if (took + 20 < from_ms || took > to_ms) {
		fail_msg("ended after %u ms, expected %u to %u", took, from_ms, to_ms);
	}
	(void)close(fd);
}

static void
slow_heads_are_cut(void **state)
{
	(void)state;
	int fd = connect_to(fixture.port);
	expect_ends_within(fd, 300, 1500); /* says nothing at all */
	assert_string_equal(out, "");
	fd = connect_to(fixture.port);
	send_text(fd, "GET / HTTP/1.1\r\nHo");
	expect_ends_within(fd, 300, 1500);
	assert_non_null(strstr(out, " 408 "));
	/* Single bytes do not stretch the time. */
	fd = connect_to(fixture.port);
	unsigned start = clock_ms();
	send_text(fd, "GET / HTTP/1.1\r\n");
	while (send(fd, "a", 1, MSG_NOSIGNAL) == 1 && clock_ms() - start < 3000) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		if (poll(&ready, 1, 50) > 0) {
			break;
		}
	}
	assert_in_range(clock_ms() - start, 250, 1500);
	(void)read_all(fd, out, sizeof(out));
	assert_non_null(strstr(out, " 408 "));
	(void)close(fd);
}

static void
slow_bodies_are_cut(void **state)
{
	(void)state;
	int fd = connect_to(fixture.port);
	send_text(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
	expect_ends_within(fd, 300, 1500);
	assert_non_null(strstr(out, " 408 "));
}

static void
idle_connections_are_closed(void **state)
{
	(void)state;
	int fd = connect_to(fixture.port);
	send_text(fd, "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(read_answer(fd, out, sizeof(out)));
	expect_ends_within(fd, 400, 1500);
	assert_string_equal(out, "");
}

static void
readers_that_take_nothing_are_closed(void **state)
{
	(void)state;
	unsigned before = atomic_load(&notes.finished);
	int fd = connect_to(fixture.port);
	send_text(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
	for (int i = 0; i < 40 && atomic_load(&notes.finished) == before; i++) {
		sleep_ms(50);
	}
	assert_int_equal(atomic_load(&notes.finished), before + 1);
	(void)close(fd);
}

static void
slow_readers_get_everything(void **state)
{
	(void)state;
	memset(big_bytes(), 'z', BIG_BYTES);
	int fd = connect_to(fixture.port);
	send_text(fd, "GET /big HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n");
	size_t total = 0;
	ssize_t got = 0;
	static char block[256 * 1024];
	while ((got = recv(fd, block, sizeof(block), 0)) > 0) {
		total += (size_t)got;
		sleep_ms(10);
	}
	assert_true(total > BIG_BYTES / 100 * 100);
	assert_true(total < BIG_BYTES + 1000);
	(void)close(fd);
}

/* Clients that leave. */

static void
wait_for(atomic_uint *count, unsigned wanted)
{
	unsigned start = clock_ms();
	while (atomic_load(count) < wanted && clock_ms() - start < 10000) {
		sleep_ms(1);
	}
	assert_int_equal(atomic_load(count), wanted);
}

static void
gone_clients_are_noticed(void **state)
{
	(void)state;
	unsigned finished = atomic_load(&notes.finished);
	unsigned begun = atomic_load(&notes.begun);
	unsigned gone = atomic_load(&notes.gone);
	for (unsigned i = 1; i <= 20; i++) {
		int fd = connect_to(fixture.port);
		send_text(fd, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
		wait_for(&notes.begun, begun + i);
		if (i % 2 == 0) {
			struct linger linger = {1, 0};
			(void)setsockopt(
				fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		}
		(void)close(fd);
		wait_for(&notes.gone, gone + i);
		wait_for(&notes.finished, finished + i);
	}
}

static void
closed_at_every_byte(void **state)
{
	(void)state;
	static const char text[] = "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: "
				   "100-continue\r\nContent-Length: 4\r\n\r\nbody";
	for (size_t at = 0; at < sizeof(text); at++) {
		int fd = connect_to(fixture.port);
		assert_true(fd >= 0);
		(void)send(fd, text, at, MSG_NOSIGNAL);
		(void)close(fd);
	}
	ask(fixture.port, "GET /health/live HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 200 "));
}

static void
metrics_are_shown(void **state)
{
	(void)state;
	ask(fixture.port, "GET /metrics HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, "Content-Type: text/plain; version=0.0.4\r\n"));
	assert_non_null(strstr(out, "# TYPE ketenpoort_requests_total counter\n"));
	assert_non_null(strstr(out, "ketenpoort_answers_total{class=\"4xx\"} "));
	assert_non_null(strstr(out, "ketenpoort_request_seconds_bucket{le=\"+Inf\"} "));
	assert_non_null(strstr(out, "\nketenpoort_requests 1\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_with_fixed_headers),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(unknown_paths_and_methods),
		cmocka_unit_test(malformed_is_a_problem_and_closes),
		cmocka_unit_test(refusal_survives_unread_bytes),
		cmocka_unit_test(body_at_the_limit),
		cmocka_unit_test(pipelined_requests_in_order),
		cmocka_unit_test(pipelined_beyond_the_bound),
		cmocka_unit_test(split_at_each_byte),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(continue_before_the_body),
		cmocka_unit_test(stream_in_chunks),
		cmocka_unit_test(old_clients),
		cmocka_unit_test(slow_heads_are_cut),
		cmocka_unit_test(slow_bodies_are_cut),
		cmocka_unit_test(idle_connections_are_closed),
		cmocka_unit_test(readers_that_take_nothing_are_closed),
		cmocka_unit_test(slow_readers_get_everything),
		cmocka_unit_test(gone_clients_are_noticed),
		cmocka_unit_test(closed_at_every_byte),
		cmocka_unit_test(metrics_are_shown),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
