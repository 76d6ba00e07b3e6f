/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_http2_limits: what one connection may cost us: bytes, fields, resets, and frames
 * that bring no request further; every bound at and above it. */
#include "http2_rig.h"

static unsigned
count_of(const char *text, const char *what)
{
	unsigned count = 0;
	while ((text = strstr(text, what)) != NULL) {
		count++;
		text += strlen(what);
	}
	return count;
}

/* A field that is kept in the table costs one byte to say again (HPACK bomb). */
static void
header_blocks_unpacked(void **state)
{
	(void)state;
	struct kp_http2_limits limits = usual;
	limits.header_list_bytes_max = GET_BYTES + 2 * (32 + 1 + 1000);
	for (unsigned more = 0; more < 2; more++) {
		static char text[8192];
		int len = snprintf(text, sizeof(text), OPEN "1/5/1/" GET "4001787fe906");
		for (unsigned i = 0; i < 1000; i++) {
			len += snprintf(text + len, sizeof(text) - (size_t)len, "61");
		}
		(void)snprintf(text + len, sizeof(text) - (size_t)len, "%s",
			more == 0 ? "be" : "bebe");
		open_peer(&limits);
		assert_string_equal(say(text),
			more == 0 ? "HEADERS 1 end." : "GOAWAY ENHANCE_YOUR_CALM.");
		assert_int_equal(kp_http2_flooded(peer.session), more);
		close_peer();
	}
}

static void
continuations(void **state)
{
	(void)state;
	open_peer(&usual);
	assert_string_equal(say(OPEN "1/1/1/" GET " 9/0/1/ 9/0/1/ 9/4/1/"),
		"HEADERS 1. DATA 1 2 end.");
	close_peer();
	open_peer(&usual);
	assert_string_equal(say(OPEN "1/1/1/" GET " 9/0/1/ 9/0/1/ 9/0/1/ 9/4/1/"),
		"GOAWAY ENHANCE_YOUR_CALM.");
	close_peer();
}

/* RFC 7541, section 6.3: a table larger than ours cannot be asked for. */
static void
table_of_fields(void **state)
{
	(void)state;
	open_peer(&usual);
	assert_string_equal(say(OPEN "1/5/1/3fe11f" GET), "HEADERS 1. DATA 1 2 end.");
	close_peer();
	open_peer(&usual);
	assert_string_equal(say(OPEN "1/5/1/3fe21f" GET), "GOAWAY COMPRESSION_ERROR.");
	close_peer();
}

static void
entries_of_settings(void **state)
{
	(void)state;
	open_peer(&usual);
	assert_string_equal(
		say(OPEN "4/0/0/ffff00000001*32 1/5/1/" GET), "HEADERS 1. DATA 1 2 end.");
	close_peer();
	open_peer(&usual);
	assert_string_equal(
		say(OPEN "4/0/0/ffff00000001*33"), "GOAWAY ENHANCE_YOUR_CALM.");
	close_peer();
}

static void
bytes_of_a_frame(void **state)
{
	(void)state;
	struct kp_http2_limits limits = usual;
	limits.frame_bytes_max = 20000;
	open_peer(&limits);
	assert_string_equal(say(OPEN "cc/0/0/61*20000"), "");
	assert_string_equal(say("cc/0/0/61*20001"), "GOAWAY FRAME_SIZE_ERROR.");
	close_peer();
}

/* Each allocation of a session that does everything fails once: it ends, and nothing
 * else. */
static void
memory_of_a_connection(void **state)
{
	(void)state;
	struct kp_http2_limits limits = usual;
	unsigned ended = 0;
	for (size_t bytes = 1000; bytes < 131072; bytes += 61) {
		memset(&peer, 0, sizeof(peer));
		limits.memory_bytes_max = bytes;
		if (kp_http2_create(&limits, &usual_http, &user, NULL, 0, &peer.session,
			    NULL) != KP_OK) {
			continue;
		}
		static struct frames frames;
		frames.len = 0;
		frames_say(&frames,
			OPEN "1/5/1/" GET " 1/4/3/" POST " 0/0/3/61*50 0/1/3/61*50 "
			     "6/0/0/0000000000000000 1/1/5/" GET
			     " 9/4/5/40017801790001780179 3/0/7/00000008",
			0);
		kp_http2_receive(
			peer.session, (struct kp_slice){frames.data, frames.len}, 1);
		size_t len = 1;
		while (len > 0) {
			len = kp_http2_fill(
				peer.session, peer.got.data, 2 * KP_HTTP2_ROOM_BYTES);
		}
		ended += kp_http2_flooded(peer.session) ? 1 : 0;
		close_peer();
	}
	assert_true(ended > 0);
}

static void
resets_by_the_client(void **state)
{
	(void)state;
	open_peer(&usual);
	peer.holds = true;
	assert_string_equal(say(OPEN), "");
	assert_string_equal(say_for_each(20, "1/5/#/" GET " 3/0/#/00000008"), "");
	assert_int_equal(peer.begun, 20);
	assert_string_equal(
		say("1/5/101/" GET " 3/0/101/00000008"), "GOAWAY ENHANCE_YOUR_CALM.");
	assert_true(kp_http2_flooded(peer.session));
	assert_true(kp_http2_over(peer.session));
	close_peer();
	/* Time gives back what was spent; not more. */
	open_peer(&usual);
	peer.holds = true;
	assert_string_equal(say(OPEN), "");
	assert_string_equal(say_for_each(20, "1/5/#/" GET " 3/0/#/00000008"), "");
	for (unsigned i = 0; i < 6; i++) {
		const char *told =
			say_at("1/5/#/" GET " 3/0/#/00000008", 101 + 2 * i, 2000000);
		assert_string_equal(told, i < 5 ? "" : "GOAWAY ENHANCE_YOUR_CALM.");
	}
	close_peer();
}

/* After a complete answer there is nothing to break off: such clients are no attackers.
 */
static void
resets_after_the_answer(void **state)
{
	(void)state;
	open_peer(&usual);
	assert_string_equal(say(OPEN), "");
	for (unsigned i = 0; i < 60; i++) {
		(void)say_for("1/5/#/" GET, 2 * i + 1);
		(void)say_for("3/0/#/00000008", 2 * i + 1);
	}
	assert_int_equal(count_of(peer.told, "DATA "), 60);
	assert_null(strstr(peer.told, "GOAWAY"));
	close_peer();
}

/* MadeYouReset: the client sends what makes us break its streams off. */
static void
resets_of_our_own(void **state)
{
	(void)state;
	static const char *const provoked[] = {
		"1/4/#/" POST " 8/0/#/7fffffff",   /* a window that overflows */
		"1/4/#/" POST "5c0131 0/0/#/6162", /* more than announced */
		"1/5/#/" GET "88 cc/0/#/",         /* malformed */
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(provoked); i++) {
		open_peer(&usual);
		peer.holds = true;
		assert_string_equal(say(OPEN), "");
		(void)say_for_each(20, provoked[i]);
		assert_int_equal(count_of(peer.told, "RST "), 20);
		assert_null(strstr(peer.told, "GOAWAY"));
		assert_non_null(
			strstr(say_for(provoked[i], 101), "GOAWAY ENHANCE_YOUR_CALM."));
		close_peer();
	}
}

static void
frames_that_bring_nothing(void **state)
{
	(void)state;
	static const char *const floods[] = {
		"4/0/0/",                 /* SETTINGS */
		"6/0/0/0000000000000000", /* PING */
		"2/0/3/0000000010",       /* PRIORITY */
		"8/0/0/00000001",         /* WINDOW_UPDATE */
		"0/0/1/",                 /* DATA that is empty */
		"0/8/1/00",               /* but for its padding */
		"cc/0/0/",                /* unknown */
		"10/0/0/00000001",        /* PRIORITY_UPDATE, which is unknown here */
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(floods); i++) {
		open_peer(&usual);
		/* Three frames: SETTINGS, its acknowledgement, HEADERS. */
		assert_string_equal(say(OPEN "1/4/1/" POST), "");
		for (unsigned at = 3; at < 100; at++) {
			const char *told = say(floods[i]);
			assert_null(strstr(told, "GOAWAY"));
		}
		assert_non_null(strstr(say(floods[i]), "GOAWAY ENHANCE_YOUR_CALM."));
		assert_true(kp_http2_flooded(peer.session));
		close_peer();
	}
}

static void
frames_in_the_long_run(void **state)
{
	(void)state;
	open_peer(&usual);
	assert_string_equal(say(OPEN), "");
	for (unsigned at = 2; at < 100; at++) {
		(void)say("8/0/0/00000001");
	}
	for (unsigned at = 0; at < 11; at++) {
		assert_string_equal(say_at("8/0/0/00000001", 0, 2000000),
			at < 10 ? "" : "GOAWAY ENHANCE_YOUR_CALM.");
	}
	close_peer();
}

/* Who asks and is answered may say what belongs to it. */
static void
frames_of_an_honest_client(void **state)
{
	(void)state;
	open_peer(&usual);
	assert_string_equal(say(OPEN), "");
	(void)say_for_each(500,
		"1/4/#/" POST " 0/0/#/61*50 0/1/#/ 8/0/0/00000100 "
		"6/0/0/0000000000000000");
	assert_int_equal(count_of(peer.told, "DATA "), 500);
	assert_null(strstr(peer.told, "GOAWAY"));
	close_peer();
}

/* Who makes us acknowledge and does not read is given up. */
static void
acknowledgements_that_wait(void **state)
{
	(void)state;
	struct kp_http2_limits limits = usual;
	limits.frames_burst = 10000;
	open_peer(&limits);
	assert_string_equal(say(OPEN), "");
	static struct frames frames;
	frames.len = 0;
	for (unsigned i = 0; i < 100; i++) {
		frames_say(&frames, "6/0/0/0000000000000000", 0);
	}
	kp_http2_receive(
		peer.session, (struct kp_slice){frames.data, frames.len}, 1000000);
	assert_false(kp_http2_failed(peer.session));
	assert_true(kp_http2_crowded(peer.session));
	kp_http2_receive(
		peer.session, (struct kp_slice){frames.data, frames.len}, 1000000);
	assert_true(kp_http2_flooded(peer.session));
	assert_string_equal(hear(), "GOAWAY ENHANCE_YOUR_CALM.");
	close_peer();
}

static void
frames_of_a_turn(void **state)
{
	(void)state;
	struct kp_http2_limits limits = usual;
	limits.frames_burst = 10000;
	open_peer(&limits);
	assert_string_equal(say(OPEN), "");
	static struct frames frames;
	frames.len = 0;
	for (unsigned i = 0; i < 10; i++) {
		frames_say(&frames, "6/0/0/0000000000000000", 0);
	}
	size_t frame = frames.len / 10;
	struct kp_slice rest = {frames.data, frames.len};
	assert_false(kp_http2_begin_turn(peer.session, 4));
	/* At the bound, in the middle of a frame, and above it. */
	assert_int_equal(kp_http2_receive(peer.session,
				 (struct kp_slice){rest.data, 3 * frame + 5}, 1000000),
		3 * frame + 5);
	rest = (struct kp_slice){rest.data + 3 * frame + 5, rest.len - 3 * frame - 5};
	assert_int_equal(kp_http2_receive(peer.session, rest, 1000000), frame - 5);
	assert_int_equal(kp_http2_receive(peer.session, rest, 1000000), 0);
	rest = (struct kp_slice){rest.data + frame - 5, rest.len - frame + 5};
	/* Four pings of four: most was of no use. */
	assert_true(kp_http2_begin_turn(peer.session, 100));
	assert_int_equal(kp_http2_receive(peer.session, rest, 1000000), 6 * frame);
	assert_false(kp_http2_begin_turn(peer.session, 100));
	/* A request broken off counts for three frames. */
	assert_false(kp_http2_begin_turn(peer.session, 5));
	(void)say_for("1/5/#/" GET " 3/0/#/00000008", 1);
	assert_true(kp_http2_begin_turn(peer.session, 6));
	(void)say_for("1/5/#/" GET " 3/0/#/00000008", 3);
	assert_false(kp_http2_begin_turn(peer.session, 6));
	close_peer();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_blocks_unpacked),
		cmocka_unit_test(continuations),
		cmocka_unit_test(table_of_fields),
		cmocka_unit_test(entries_of_settings),
		cmocka_unit_test(bytes_of_a_frame),
		cmocka_unit_test(memory_of_a_connection),
		cmocka_unit_test(resets_by_the_client),
		cmocka_unit_test(resets_after_the_answer),
		cmocka_unit_test(resets_of_our_own),
		cmocka_unit_test(frames_that_bring_nothing),
		cmocka_unit_test(frames_in_the_long_run),
		cmocka_unit_test(frames_of_an_honest_client),
		cmocka_unit_test(acknowledgements_that_wait),
		cmocka_unit_test(frames_of_a_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
