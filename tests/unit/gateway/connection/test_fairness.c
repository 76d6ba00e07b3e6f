/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * test_fairness: what clients who ask much at once cost a client who asks one thing, on a
 * loop and streams without sockets. What counts is the order in which handlers get the
 * requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "connection.h"
#include "http/http_message.h"
#include "support/fake_loop.h"
#include "support/fake_stream.h"
#include "tests/support/http2_frames.h"

#define OPEN "PREFACE 4/1/0/ "
#define GET_GREEDY "1/5/#/828604022f61410161"
#define GET_MODEST "1/5/#/828604022f62410161"
#define PIPELINED_GREEDY "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
#define PIPELINED_MODEST "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
#define GREEDY 100u
#define PER_TURN 4u
#define IN_WORK 3u
/* The modest one asks when so many of the greedy one were begun. */
#define ASKS_AT 5u

static struct kp_connections_options options;
static struct kp_loop *loop;
static struct kp_connections *connections;
static struct kp_stream *greedy;
static struct kp_stream *modest;
static struct frames frames;
static const char *modest_says;
static size_t modest_len;
static struct kp_task modest_asks;

/* What handlers got. */
static unsigned begun;     /* of the greedy one */
static unsigned begun_mid; /* of them, before the modest one */
static bool modest_begun;
static bool keeps; /* handlers do not answer yet */
static struct kp_exchange *kept[GREEDY];
static unsigned kept_count;
static unsigned gone;

static void
answer(struct kp_exchange *exchange)
{
	kp_exchange_answer(exchange, 200, NULL, 0, NULL, 0);
	kp_exchange_finish(&exchange);
}

static void
on_gone(void *owner)
{
	struct kp_exchange *exchange = owner;
	gone++;
	kp_exchange_finish(&exchange);
}

static const struct kp_exchange_user user = {.on_gone = on_gone};

static void
handle(void *context, struct kp_exchange *exchange)
{
	(void)context;
	if (kp_slice_is(kp_exchange_message(exchange)->head.path, "/b")) {
		modest_begun = true;
		begun_mid = begun;
	} else if (++begun == ASKS_AT && modest_says != NULL) {
		kp_loop_defer(loop, &modest_asks);
	}
	if (keeps) {
		kp_exchange_attend(exchange, &user, exchange);
		kept[kept_count++] = exchange;
	} else {
		answer(exchange);
	}
}

static void
say(struct kp_stream *stream, const char *bytes, size_t len)
{
	assert_true(kp_fake_stream_say(stream, (struct kp_slice){bytes, len}));
}

static void
on_modest_asks(struct kp_task *task)
{
	(void)task;
	say(modest, modest_says, modest_len);
}

static void
open_with(const char *protocol)
{
	assert_int_equal(kp_loop_create(0, &loop, NULL), KP_OK);
	assert_int_equal(
		kp_connections_create(loop, &options, &connections, NULL), KP_OK);
	greedy = kp_fake_stream_open(loop, protocol, kp_connections_accept, connections);
	modest = kp_fake_stream_open(loop, protocol, kp_connections_accept, connections);
	assert_non_null(greedy);
	assert_non_null(modest);
}

static int
set_up(void **state)
{
	(void)state;
	kp_connections_defaults(&options);
	options.handle = handle;
	options.requests_per_turn = PER_TURN;
	options.http2.streams_max = GREEDY;
	options.work.work_max = GREEDY;
	options.work.work_shared = 2 * GREEDY;
	modest_asks.run = on_modest_asks;
	modest_says = NULL;
	begun = begun_mid = gone = kept_count = 0;
	modest_begun = keeps = false;
	return 0;
}

static void
close_all(void)
{
	kp_connections_abort(connections);
	kp_fake_loop_settle(loop);
	kp_fake_stream_free(&greedy);
	kp_fake_stream_free(&modest);
	assert_int_equal(kp_connections_busy(connections), 0);
	kp_connections_destroy(&connections);
	kp_loop_destroy(&loop);
}

static void
say_greedy_frames(unsigned count)
{
	frames.len = 0;
	frames_say(&frames, OPEN, 0);
	for (unsigned i = 0; i < count; i++) {
		frames_say(&frames, GET_GREEDY, 2 * i + 1);
	}
	say(greedy, frames.data, frames.len);
}

static void
a_burst_waits_for_turns(void **state)
{
	(void)state;
	static struct frames one;
	one.len = 0;
	frames_say(&one, OPEN GET_MODEST, 1);
	modest_says = one.data;
	modest_len = one.len;
	open_with("h2");
	say_greedy_frames(GREEDY);
	kp_fake_loop_settle(loop);
	assert_true(modest_begun);
	/* What was begun in the turn in which it asked, and one in the next. */
	assert_in_range(begun_mid, ASKS_AT, ASKS_AT + PER_TURN);
	assert_int_equal(begun, GREEDY);
	close_all();
}

static void
pipelined_requests_take_turns(void **state)
{
	(void)state;
	static char text[GREEDY * sizeof(PIPELINED_GREEDY)];
	size_t len = 0;
	for (unsigned i = 0; i < GREEDY; i++) {
		memcpy(text + len, PIPELINED_GREEDY, sizeof(PIPELINED_GREEDY) - 1);
		len += sizeof(PIPELINED_GREEDY) - 1;
	}
	modest_says = PIPELINED_MODEST;
	modest_len = sizeof(PIPELINED_MODEST) - 1;
	open_with("");
	say(greedy, text, len);
	kp_fake_loop_settle(loop);
	assert_true(modest_begun);
	assert_in_range(begun_mid, ASKS_AT, ASKS_AT + 1);
	assert_int_equal(begun, GREEDY);
	close_all();
}

static void
work_of_one_connection_is_bounded(void **state)
{
	(void)state;
	options.work.work_max = IN_WORK;
	keeps = true;
	open_with("h2");
	say_greedy_frames(10);
	kp_fake_loop_settle(loop);
	assert_int_equal(begun, IN_WORK);
	assert_int_equal(kp_connections_busy(connections), 10);
	/* Another connection has its own. */
	static struct frames one;
	one.len = 0;
	frames_say(&one, OPEN GET_MODEST, 1);
	say(modest, one.data, one.len);
	kp_fake_loop_settle(loop);
	assert_true(modest_begun);
	/* One that is finished makes room for one. */
	answer(kept[0]);
	kp_fake_loop_settle(loop);
	assert_int_equal(begun, IN_WORK + 1);
	kept[0] = kept[--kept_count];
	close_all();
	/* Who waited was never begun. */
	assert_int_equal(begun, IN_WORK + 1);
	assert_int_equal(gone, kept_count);
}

/* What is broken off while it waits costs no turn. */
static void
broken_off_before_their_turn(void **state)
{
	(void)state;
	options.work.work_max = IN_WORK;
	keeps = true;
	open_with("h2");
	say_greedy_frames(10);
	kp_fake_loop_settle(loop);
	frames.len = 0;
	for (unsigned i = IN_WORK; i < 9; i++) {
		frames_say(&frames, "3/0/#/00000008", 2 * i + 1);
	}
	say(greedy, frames.data, frames.len);
	kp_fake_loop_settle(loop);
	assert_int_equal(kp_connections_busy(connections), IN_WORK + 1);
	answer(kept[0]);
	kp_fake_loop_settle(loop);
	assert_int_equal(begun, IN_WORK + 1);
	assert_int_equal(gone, 0);
	kept[0] = kept[--kept_count];
	close_all();
}

/* Requests broken off at once are read in turns, with pauses in between, while another is
 * answered. What is of use is not put off for longer than a turn. */
static void
who_brings_nothing_is_read_later(void **state)
{
	(void)state;
	open_with("h2");
	frames.len = 0;
	frames_say(&frames, OPEN, 0);
	for (unsigned i = 0; i < 90; i++) {
		frames_say(&frames, GET_GREEDY " 3/0/#/00000008", 2 * i + 1);
	}
	frames_say(&frames, GET_GREEDY, 201);
	say(greedy, frames.data, frames.len);
	kp_fake_loop_settle(loop);
	assert_int_equal(begun, 0);
	static struct frames one;
	one.len = 0;
	frames_say(&one, OPEN GET_MODEST, 1);
	say(modest, one.data, one.len);
	kp_fake_loop_settle(loop);
	assert_true(modest_begun);
	/* 181 frames, 64 each time: two pauses. */
	uint64_t pause_us = (uint64_t)options.http2.waste_pause_ms * 1000;
	kp_fake_loop_advance(loop, 2 * pause_us - 1);
	assert_int_equal(begun, 0);
	kp_fake_loop_advance(loop, 2);
	assert_int_equal(begun, 1);
	close_all();
}

/* Nor is it told sooner, so that it does not come back at once. */
static void
who_is_sent_away_hears_it_later(void **state)
{
	(void)state;
	const uint64_t pause_us = (uint64_t)options.http2.waste_pause_ms * 1000;
	open_with("h2");
	kp_fake_loop_settle(loop);
	uint64_t digest;
	uint64_t before = kp_fake_stream_taken(greedy, &digest);
	say(greedy, PIPELINED_GREEDY, sizeof(PIPELINED_GREEDY) - 1); /* no preface */
	kp_fake_loop_advance(loop, pause_us - 1);
	assert_int_equal(kp_fake_stream_taken(greedy, &digest), before);
	kp_fake_loop_advance(loop, 1);
	const uint64_t goaway = 9 + 8;
	assert_int_equal(kp_fake_stream_taken(greedy, &digest), before + goaway);
	close_all();
}

/* Neither what comes meanwhile nor what had come before. */
static void
nothing_is_taken_up_while_a_connection_lingers(void **state)
{
	(void)state;
	open_with("");
	static const char last[] = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: "
				   "close\r\n\r\n" PIPELINED_MODEST;
	say(greedy, last, sizeof(last) - 1);
	kp_fake_loop_settle(loop);
	assert_int_equal(begun, 1);
	assert_false(kp_fake_stream_closed(greedy));
	say(greedy, PIPELINED_MODEST, sizeof(PIPELINED_MODEST) - 1);
	kp_fake_loop_settle(loop);
	assert_false(modest_begun);
	kp_fake_loop_advance(loop, (uint64_t)options.linger_ms * 1000);
	assert_true(kp_fake_stream_closed(greedy));
	assert_false(modest_begun);
	close_all();
}

static void
stays_until_it_has_lingered(void)
{
	frames.len = 0;
	frames_say(&frames, GET_MODEST, 5);
	say(greedy, frames.data, frames.len);
	kp_fake_loop_advance(loop, (uint64_t)options.linger_ms * 1000 - 1);
	assert_false(kp_fake_stream_closed(greedy));
	kp_fake_loop_advance(loop, 1);
	assert_true(kp_fake_stream_closed(greedy));
	assert_false(modest_begun);
	close_all();
}

static void
nor_while_one_over_http2_does(void **state)
{
	(void)state;
	options.requests_max = 1;
	open_with("h2");
	frames.len = 0;
	frames_say(&frames, OPEN GET_GREEDY, 1);
	frames_say(&frames, GET_MODEST, 3);
	say(greedy, frames.data, frames.len);
	kp_fake_loop_settle(loop);
	assert_int_equal(begun, 1);
	stays_until_it_has_lingered();
}

/* The turn ends with the client's own GOAWAY; what stands behind it waits for another. */
static void
say_goodbye_and_more(void)
{
	options.http2.frames_per_turn = 8;
	open_with("h2");
	frames.len = 0;
	frames_say(&frames, OPEN, 0);
	say(greedy, frames.data, frames.len);
	kp_fake_loop_settle(loop);
	frames.len = 0;
	for (unsigned i = 1; i < options.http2.frames_per_turn; i++) {
		frames_say(&frames, "2/0/1/0000000010", 0); /* means nothing */
	}
	frames_say(&frames, "7/0/0/0000000000000000 " GET_MODEST, 3);
	say(greedy, frames.data, frames.len);
	kp_fake_loop_settle(loop);
}

static void
nor_what_a_client_asks_after_its_goodbye(void **state)
{
	(void)state;
	say_goodbye_and_more();
	stays_until_it_has_lingered();
}

/* A mebibyte is read, so that the client is not reset before it has read its answer. */
static void
too_much_for_who_lingers(void)
{
	static char rest[(size_t)1 << 20];
	say(greedy, rest, sizeof(rest));
	kp_fake_loop_settle(loop);
	assert_false(kp_fake_stream_closed(greedy));
	assert_false(kp_fake_stream_say(greedy, KP_SLICE("x")));
	kp_fake_loop_settle(loop);
	assert_true(kp_fake_stream_closed(greedy));
	close_all();
}

static void
what_a_lingering_connection_reads_is_bounded(void **state)
{
	(void)state;
	static const char last[] = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: "
				   "close\r\n\r\n" PIPELINED_MODEST;
	open_with("");
	say(greedy, last, sizeof(last) - 1);
	kp_fake_loop_settle(loop);
	/* What came with the last request was thrown away before. */
	too_much_for_who_lingers();
	say_goodbye_and_more();
	too_much_for_who_lingers();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_burst_waits_for_turns, set_up),
		cmocka_unit_test_setup(pipelined_requests_take_turns, set_up),
		cmocka_unit_test_setup(work_of_one_connection_is_bounded, set_up),
		cmocka_unit_test_setup(broken_off_before_their_turn, set_up),
		cmocka_unit_test_setup(who_brings_nothing_is_read_later, set_up),
		cmocka_unit_test_setup(who_is_sent_away_hears_it_later, set_up),
		cmocka_unit_test_setup(
			nothing_is_taken_up_while_a_connection_lingers, set_up),
		cmocka_unit_test_setup(nor_while_one_over_http2_does, set_up),
		cmocka_unit_test_setup(nor_what_a_client_asks_after_its_goodbye, set_up),
		cmocka_unit_test_setup(
			what_a_lingering_connection_reads_is_bounded, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
