/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * test_http2: what an HTTP/2 connection does with requests, time and clients that leave,
 * over real sockets. What the frames mean is in ../http/test_http2_session.c.
 */
#include "support.h"
#include "tests/support/http2_frames.h"

static struct fixture fixture;

#define OPEN "PREFACE 4/1/0/ "
#define GET_SLOW "828604052f736c6f77410161"
#define GET_STREAM "828604072f73747265616d410161"
#define HEAD_STREAM                                                                      \
	"02044845414486"                                                                 \
	"04072f73747265616d410161"
#define GET_BIG "828604042f626967410161"
#define POST_ECHO "838604052f6563686f410161"

struct client {
	int fd;
	struct frames got;
	char told[FRAMES_ROOM];
};

static struct client client;

static int
set_up(void **state)
{
	(void)state;
	struct kp_server_options options = test_options();
	options.connections.head_timeout_ms = 300;
	options.connections.body_timeout_ms = 300;
	options.connections.idle_timeout_ms = 400;
	options.connections.write_timeout_ms = 400;
	options.connections.linger_ms = 200;
	options.connections.requests_max = 1000;
	options.connections.limits.body_bytes_max = 100000;
	options.connections.http2.streams_max = 20;
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
open_client(void)
{
	client.fd = connect_to(fixture.port);
	client.got.len = 0;
	client.told[0] = '\0';
	assert_true(client.fd >= 0);
}

static void
close_client(void)
{
	(void)close(client.fd);
}

static void
say(const char *text)
{
	static struct frames frames;
	frames.len = 0;
	frames_say(&frames, text, 0);
	assert_int_equal(send(client.fd, frames.data, frames.len, MSG_NOSIGNAL),
		(ssize_t)frames.len);
}

/* Reads once; false when the peer has closed or nothing came for ten seconds. */
static bool
read_once(void)
{
	ssize_t got = recv(client.fd, client.got.data + client.got.len,
		FRAMES_ROOM - client.got.len, 0);
	if (got <= 0) {
		return false;
	}
	client.got.len += (size_t)got;
	frames_tell(client.got.data, client.got.len, client.told, sizeof(client.told));
	return true;
}

/* Until this was told. */
static void
hear(const char *text)
{
	while (strstr(client.told, text) == NULL) {
		if (!read_once()) {
			fail_msg("'%s' and no '%s'", client.told, text);
		}
	}
}

static void
hear_the_end(void)
{
	while (read_once()) {
	}
}

static void
answers(void **state)
{
	(void)state;
	open_client();
	say(OPEN "1/4/1/" POST_ECHO " 0/1/1/616263");
	hear("DATA 1 3 end.");
	say("1/5/3/" GET_STREAM);
	hear("HEADERS 3. DATA 3 6. DATA 3 7. DATA 3 6 end.");
	/* Many at once; the quick one does not wait for the slow one. */
	say("1/5/5/" GET_SLOW " 1/4/7/" POST_ECHO " 0/1/7/61");
	hear("HEADERS 7. DATA 7 1 end. HEADERS 5. DATA 5 5 end.");
	close_client();
}

/* The preface may come in pieces; what only begins like it is HTTP/1.1. */
static void
chooses_by_the_preface(void **state)
{
	(void)state;
	static struct frames frames;
	frames.len = 0;
	frames_say(&frames, OPEN "1/5/1/" GET_STREAM, 0);
	open_client();
	for (size_t i = 0; i < frames.len; i++) {
		assert_int_equal(send(client.fd, frames.data + i, 1, MSG_NOSIGNAL), 1);
	}
	hear("DATA 1 6 end.");
	close_client();
	static char out[4096];
	ask(fixture.port, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", out, sizeof(out));
	assert_non_null(strstr(out, "HTTP/1.1 505 "));
	ask(fixture.port, "P", out, 1);
	ask(fixture.port,
		"PRIX /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, "HTTP/1.1 404 "));
}

static void
head_has_no_body(void **state)
{
	(void)state;
	unsigned finished = atomic_load(&notes.finished);
	open_client();
	say(OPEN "1/5/1/" HEAD_STREAM);
	hear("HEADERS 1 end.");
	say("1/5/3/" GET_STREAM);
	hear("DATA 3 6 end.");
	assert_null(strstr(client.told, "DATA 1 "));
	assert_null(strstr(client.told, "RST"));
	while (atomic_load(&notes.finished) < finished + 2) {
		sleep_ms(1);
	}
	close_client();
}

/* 413, and the client may go on. */
static void
body_above_the_limit(void **state)
{
	(void)state;
	open_client();
	/* "content-length: 100001" */
	say(OPEN "1/4/1/" POST_ECHO "5c06313030303031");
	hear("DATA 1 ");
	/* It is given a moment to notice, and then told to stop. */
	hear("RST 1 NO_ERROR.");
	say("1/4/3/" POST_ECHO " 0/1/3/61");
	hear("DATA 3 1 end.");
	close_client();
}

static void
slow_bodies_are_cut(void **state)
{
	(void)state;
	open_client();
	say(OPEN "1/4/1/" POST_ECHO " 0/0/1/61");
	hear("HEADERS 1. DATA 1 ");
	hear("RST 1 NO_ERROR.");
	close_client();
}

static void
slow_heads_are_cut(void **state)
{
	(void)state;
	open_client();
	say(OPEN "1/1/1/82");
	hear_the_end();
	assert_string_equal(client.told, "");
	close_client();
}

static void
idle_connections_are_closed(void **state)
{
	(void)state;
	open_client();
	say(OPEN);
	hear("GOAWAY NO_ERROR.");
	hear_the_end();
	close_client();
	/* What brings no request does not keep it open. */
	open_client();
	say(OPEN "1/5/1/" GET_STREAM);
	hear("DATA 1 6 end.");
	unsigned start = clock_ms();
	while (strstr(client.told, "GOAWAY") == NULL && clock_ms() - start < 10000) {
		say("6/0/0/0000000000000000");
		sleep_ms(20);
		(void)read_once();
	}
	assert_non_null(strstr(client.told, "GOAWAY NO_ERROR."));
	close_client();
}

/* No window for one answer: that is broken off, the others are not. */
static void
windows_that_stay_shut(void **state)
{
	(void)state;
	unsigned finished = atomic_load(&notes.finished);
	open_client();
	/* SETTINGS_INITIAL_WINDOW_SIZE 0 */
	say(OPEN "4/0/0/000400000000 1/5/1/" GET_BIG " 1/5/3/" GET_BIG " 8/0/3/00000001");
	hear("DATA 3 1.");
	hear("RST 1 CANCEL.");
	hear("RST 3 CANCEL.");
	while (atomic_load(&notes.finished) < finished + 2) {
		sleep_ms(1);
	}
	say("1/5/5/" GET_STREAM " 8/0/5/00001000");
	hear("DATA 5 6 end.");
	close_client();
}

/* One that is opened in time goes on, however little it is opened. */
static void
windows_that_open_slowly(void **state)
{
	(void)state;
	open_client();
	say(OPEN "4/0/0/000400000000 1/5/1/" GET_STREAM);
	for (unsigned i = 0; i < 6; i++) {
		sleep_ms(100);
		say("8/0/1/00000001");
	}
	say("8/0/1/00001000");
	hear("end.");
	assert_null(strstr(client.told, "RST"));
	close_client();
}

/* A client that opens its windows and reads nothing. */
static void
readers_that_take_nothing_are_closed(void **state)
{
	(void)state;
	unsigned finished = atomic_load(&notes.finished);
	open_client();
	say(OPEN "4/0/0/00047fffffff 8/0/0/7fff0000 1/5/1/" GET_BIG);
	while (atomic_load(&notes.finished) == finished) {
		sleep_ms(5);
	}
	hear_the_end();
	assert_true(client.got.len < BIG_BYTES);
	close_client();
}

static void
large_answers_arrive(void **state)
{
	(void)state;
	static char block[65536];
	size_t total = 0;
	ssize_t got;
	open_client();
	say(OPEN "4/0/0/00047fffffff 8/0/0/7fff0000 1/5/1/" GET_BIG);
	while (total < BIG_BYTES &&
		(got = recv(client.fd, block, sizeof(block), 0)) > 0) {
		total += (size_t)got;
	}
	assert_true(total >= BIG_BYTES / 100 * 100);
	close_client();
}

static void
gone_clients_are_noticed(void **state)
{
	(void)state;
	unsigned finished = atomic_load(&notes.finished);
	unsigned gone = atomic_load(&notes.gone);
	/* One request of two is broken off. */
	open_client();
	say(OPEN "1/5/1/" GET_SLOW " 1/5/3/" GET_SLOW " 6/0/0/0000000000000000");
	hear("PING ack.");
	say("3/0/1/00000008");
	hear("DATA 3 5 end.");
	assert_int_equal(atomic_load(&notes.gone), gone + 1);
	/* A handler finishes after its answer is on its way. */
	while (atomic_load(&notes.finished) < finished + 2) {
		sleep_ms(1);
	}
	/* The connection goes away under two. */
	say("1/5/5/" GET_SLOW " 1/5/7/" GET_SLOW " 6/0/0/0000000000000000");
	hear("PING ack. HEADERS 3. DATA 3 5 end. PING ack.");
	close_client();
	while (atomic_load(&notes.finished) < finished + 4) {
		sleep_ms(1);
	}
	assert_int_equal(atomic_load(&notes.gone), gone + 3);
}

/* More than may be under way: refused, so that the client asks again. */
static void
requests_at_once(void **state)
{
	(void)state;
	static struct frames frames;
	frames.len = 0;
	frames_say(&frames, "PREFACE", 0);
	for (unsigned i = 0; i < 21; i++) {
		frames_say(&frames, "1/5/#/" GET_SLOW, 2 * i + 1);
	}
	open_client();
	assert_int_equal(send(client.fd, frames.data, frames.len, MSG_NOSIGNAL),
		(ssize_t)frames.len);
	hear("RST 41 REFUSED_STREAM.");
	hear("DATA 39 5 end.");
	close_client();
}

/* Those whose client has gone count as long as somebody works for them. */
static void
requests_in_work_without_client(void **state)
{
	(void)state;
	static struct frames frames;
	unsigned finished = atomic_load(&notes.finished);
	frames.len = 0;
	frames_say(&frames, OPEN, 0);
	for (unsigned i = 0; i < 60; i++) {
		frames_say(&frames, "1/5/#/" GET_SLOW " 3/0/#/00000008", 2 * i + 1);
	}
	frames_say(&frames, "6/0/0/0000000000000000", 0);
	open_client();
	assert_int_equal(send(client.fd, frames.data, frames.len, MSG_NOSIGNAL),
		(ssize_t)frames.len);
	hear("PING ack.");
	say("1/5/201/" GET_STREAM);
	hear("DATA 201 6 end.");
	/* Most were not begun at all. */
	assert_true(atomic_load(&notes.finished) - finished <= 60);
	close_client();
}

static void
floods_end_the_connection(void **state)
{
	(void)state;
	static struct frames frames;
	static char out[65536];
	frames.len = 0;
	for (unsigned i = 0; i < 1200; i++) {
		frames_say(&frames, "6/0/0/0000000000000000", 0);
	}
	unsigned gone = atomic_load(&notes.gone);
	open_client();
	say(OPEN "1/5/1/" GET_SLOW " 6/0/0/0000000000000000");
	hear("PING ack.");
	assert_int_equal(send(client.fd, frames.data, frames.len, MSG_NOSIGNAL),
		(ssize_t)frames.len);
	hear("GOAWAY ENHANCE_YOUR_CALM.");
	hear_the_end();
	close_client();
	assert_int_equal(atomic_load(&notes.gone), gone + 1);
	ask(fixture.port, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		out, sizeof(out));
	assert_non_null(strstr(out, "\nketenpoort_http2_connections_flooded_total 1\n"));
}

static void
closed_at_every_byte(void **state)
{
	(void)state;
	static struct frames frames;
	frames.len = 0;
	frames_say(&frames, OPEN "1/4/1/" POST_ECHO " 0/1/1/61 1/5/3/" GET_SLOW, 0);
	for (size_t at = 0; at < frames.len; at++) {
		open_client();
		assert_int_equal(
			send(client.fd, frames.data, at, MSG_NOSIGNAL), (ssize_t)at);
		close_client();
	}
	open_client();
	say(OPEN "1/5/1/" GET_STREAM);
	hear("DATA 1 6 end.");
	close_client();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(chooses_by_the_preface),
		cmocka_unit_test(head_has_no_body),
		cmocka_unit_test(body_above_the_limit),
		cmocka_unit_test(slow_bodies_are_cut),
		cmocka_unit_test(slow_heads_are_cut),
		cmocka_unit_test(idle_connections_are_closed),
		cmocka_unit_test(windows_that_stay_shut),
		cmocka_unit_test(windows_that_open_slowly),
		cmocka_unit_test(readers_that_take_nothing_are_closed),
		cmocka_unit_test(large_answers_arrive),
		cmocka_unit_test(gone_clients_are_noticed),
		cmocka_unit_test(requests_at_once),
		cmocka_unit_test(requests_in_work_without_client),
		cmocka_unit_test(floods_end_the_connection),
		cmocka_unit_test(closed_at_every_byte),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
