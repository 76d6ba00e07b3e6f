/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * test_http2_session: what the server's side of HTTP/2 says to what it is sent. The first
 * table are the errors of RFC 9113, by section.
 */
#include "http2_rig.h"

/* What is said before the frames of a case does not count. */
static void
forget(void)
{
	peer.got.len = 0;
}

static const struct {
	const char *section;
	const char *says;
	const char *answer;
} cases[] = {
	/* Things that are in order. */
	{"8.1: a request", "PREFACE 1/5/1/" GET, "HEADERS 1. DATA 1 2 end."},
	{"8.1: with a body", "PREFACE 1/4/1/" POST " 0/1/1/616263",
		"HEADERS 1. DATA 1 2 end."},
	{"8.1: with an empty last frame", "PREFACE 1/4/1/" POST " 0/0/1/61 0/1/1/",
		"HEADERS 1. DATA 1 2 end."},
	{"8.1: with trailers", "PREFACE 1/4/1/" POST " 0/0/1/61 1/5/1/0001780179",
		"HEADERS 1. DATA 1 2 end."},
	{"6.10: a head in pieces", "PREFACE 1/1/1/82 9/0/1/8486 9/4/1/410161",
		"HEADERS 1. DATA 1 2 end."},
	{"6.1, 6.2: padded", "PREFACE 1/c/1/02" POST "0000 0/9/1/0361000000",
		"HEADERS 1. DATA 1 2 end."},
	{"4.1: unknown frames", "PREFACE cc/ff/0/00 cc/0/7/ 1/5/1/" GET,
		"HEADERS 1. DATA 1 2 end."},
	{"6.5.2: unknown settings", "PREFACE 4/0/0/ffff00000001 1/5/1/" GET,
		"HEADERS 1. DATA 1 2 end."},
	{"5.3.2: priorities", "PREFACE 2/0/3/0000000010 1/25/1/0000000010" GET,
		"HEADERS 1. DATA 1 2 end."},
	{"6.7: ping", "PREFACE 6/0/0/0102030405060708", "PING ack."},
	{"6.7: its answer", "PREFACE 6/1/0/0102030405060708", ""},
	/* Connection errors. */
	{"3.4: no SETTINGS first", "1/5/1/" GET, "GOAWAY PROTOCOL_ERROR."},
	{"4.2: a frame above the limit", "PREFACE 1/4/1/" POST " 0/1/1/61*16385",
		"GOAWAY FRAME_SIZE_ERROR."},
	{"4.3: an index that does not exist", "PREFACE 1/5/1/" GET "ff7f",
		"GOAWAY COMPRESSION_ERROR."},
	{"4.3: a head that stops", "PREFACE 1/5/1/8284864105",
		"GOAWAY COMPRESSION_ERROR."},
	{"5.1: DATA on an idle stream", "PREFACE 0/1/1/61", "GOAWAY PROTOCOL_ERROR."},
	{"5.1: RST_STREAM on an idle stream", "PREFACE 3/0/1/00000008",
		"GOAWAY PROTOCOL_ERROR."},
	{"5.1: WINDOW_UPDATE on an idle stream", "PREFACE 8/0/1/00000001",
		"GOAWAY PROTOCOL_ERROR."},
	{"5.1: CONTINUATION without HEADERS", "PREFACE 9/4/1/82",
		"GOAWAY PROTOCOL_ERROR."},
	{"5.1.1: a stream of the server's", "PREFACE 1/5/2/" GET,
		"GOAWAY PROTOCOL_ERROR."},
	{"5.3.1: a stream that depends on itself", "PREFACE 1/25/1/0000000110" GET,
		"GOAWAY PROTOCOL_ERROR."},
	{"6.1: DATA on stream 0", "PREFACE 0/1/0/61", "GOAWAY PROTOCOL_ERROR."},
	{"6.1: more padding than frame", "PREFACE 1/4/1/" POST " 0/9/1/0561",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.2: HEADERS on stream 0", "PREFACE 1/5/0/" GET, "GOAWAY PROTOCOL_ERROR."},
	{"6.2: more padding than frame", "PREFACE 1/d/1/ff" GET,
		"GOAWAY PROTOCOL_ERROR."},
	{"6.3: PRIORITY on stream 0", "PREFACE 2/0/0/0000000010",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.4: RST_STREAM on stream 0", "PREFACE 3/0/0/00000008",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.4: RST_STREAM of 3 bytes", "PREFACE 1/4/1/" POST " 3/0/1/000008",
		"GOAWAY FRAME_SIZE_ERROR."},
	{"6.5: SETTINGS on a stream", "PREFACE 4/0/1/", "GOAWAY PROTOCOL_ERROR."},
	{"6.5: SETTINGS of 5 bytes", "PREFACE 4/0/0/0001000000",
		"GOAWAY FRAME_SIZE_ERROR."},
	{"6.5: an acknowledgement that says something", "PREFACE 4/1/0/000300000001",
		"GOAWAY FRAME_SIZE_ERROR."},
	{"6.5: an acknowledgement of nothing", "PREFACE 4/1/0/ 4/1/0/ 4/1/0/",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.5.2: ENABLE_PUSH 2", "PREFACE 4/0/0/000200000002", "GOAWAY PROTOCOL_ERROR."},
	{"6.5.2: a window that is too large", "PREFACE 4/0/0/000480000000",
		"GOAWAY FLOW_CONTROL_ERROR."},
	{"6.5.2: frames that are too small", "PREFACE 4/0/0/000500000001",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.5.2: frames that are too large", "PREFACE 4/0/0/000501000000",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.6: PUSH_PROMISE", "PREFACE 5/4/1/00000002" GET, "GOAWAY PROTOCOL_ERROR."},
	{"6.7: PING on a stream", "PREFACE 6/0/1/0102030405060708",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.7: PING of 7 bytes", "PREFACE 6/0/0/01020304050607",
		"GOAWAY FRAME_SIZE_ERROR."},
	{"6.8: GOAWAY on a stream", "PREFACE 7/0/1/0000000000000000",
		"GOAWAY PROTOCOL_ERROR."},
	{"6.9: WINDOW_UPDATE of 3 bytes", "PREFACE 8/0/0/000001",
		"GOAWAY FRAME_SIZE_ERROR."},
	{"6.9: WINDOW_UPDATE of 0", "PREFACE 8/0/0/00000000", "GOAWAY PROTOCOL_ERROR."},
	{"6.9.1: a window that overflows", "PREFACE 8/0/0/7fffffff",
		"GOAWAY FLOW_CONTROL_ERROR."},
	{"6.10: a frame between HEADERS and CONTINUATION",
		"PREFACE 1/1/1/82 6/0/0/0102030405060708", "GOAWAY PROTOCOL_ERROR."},
	{"6.10: CONTINUATION of another stream", "PREFACE 1/1/1/82 9/4/3/8486410161",
		"GOAWAY PROTOCOL_ERROR."},
	/* Stream errors. */
	/* A stream error would do; section 5.4.1 lets us be stricter. */
	{"6.9: WINDOW_UPDATE of 0 for a stream", "PREFACE 1/4/1/" POST " 8/0/1/00000000",
		"GOAWAY PROTOCOL_ERROR."},
	/* Stream errors. */
	{"6.9.1: a stream's window that overflows",
		"PREFACE 1/4/1/" POST " 8/0/1/7fffffff", "RST 1 FLOW_CONTROL_ERROR."},
	{"8.1.1: less than the content length", "PREFACE 1/4/1/" POST "5c0135 0/1/1/61",
		"RST 1 PROTOCOL_ERROR."},
	{"8.1.1: more than the content length",
		"PREFACE 1/4/1/" POST "5c0131 0/1/1/616263", "RST 1 PROTOCOL_ERROR."},
	{"8.1: trailers that are not the end", "PREFACE 1/4/1/" POST " 1/4/1/0001780179",
		"RST 1 PROTOCOL_ERROR."},
	{"8.3: trailers with a pseudo field", "PREFACE 1/4/1/" POST " 1/5/1/82",
		"RST 1 PROTOCOL_ERROR."},
	{"8.2.1: a name in capitals", "PREFACE 1/5/1/" GET "0001580179",
		"RST 1 PROTOCOL_ERROR."},
	{"8.2.1: a value with a line end", "PREFACE 1/5/1/" GET "000178020d0a",
		"RST 1 PROTOCOL_ERROR."},
	{"8.2.2: connection", "PREFACE 1/5/1/" GET "000a636f6e6e656374696f6e0178",
		"RST 1 PROTOCOL_ERROR."},
	{"8.2.2: transfer-encoding", "PREFACE 1/5/1/" GET "0f2a0178",
		"RST 1 PROTOCOL_ERROR."},
	{"8.2.2: te", "PREFACE 1/5/1/" GET "000274650178", "RST 1 PROTOCOL_ERROR."},
	{"8.3: a pseudo field after others", "PREFACE 1/5/1/8284860001780179410161",
		"RST 1 PROTOCOL_ERROR."},
	{"8.3: one that does not exist", "PREFACE 1/5/1/" GET "00023a780179",
		"RST 1 PROTOCOL_ERROR."},
	{"8.3: one of responses", "PREFACE 1/5/1/" GET "88", "RST 1 PROTOCOL_ERROR."},
	{"8.3.1: no method", "PREFACE 1/5/1/8486410161", "RST 1 PROTOCOL_ERROR."},
	{"8.3.1: no scheme", "PREFACE 1/5/1/8284410161", "RST 1 PROTOCOL_ERROR."},
	{"8.3.1: no path", "PREFACE 1/5/1/8286410161", "RST 1 PROTOCOL_ERROR."},
	{"8.3.1: an empty path", "PREFACE 1/5/1/82040086410161", "RST 1 PROTOCOL_ERROR."},
	{"8.3.1: two methods", "PREFACE 1/5/1/82828486410161", "RST 1 PROTOCOL_ERROR."},
	{"8.3.1: no host", "PREFACE 1/5/1/828486", "RST 1 PROTOCOL_ERROR."},
	/* What is a message, but not one that is answered with what it wants. */
	{"8.3.1: two hosts", "PREFACE 1/5/1/" GET "660162", "HEADERS 1 end."},
	{"9110, 9.3.1: a body of GET", "PREFACE 1/4/1/" GET " 0/1/1/61",
		"HEADERS 1 end."},
};

static void
errors_of_the_standard(void **state)
{
	(void)state;
	unsigned wrong = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		open_peer(&usual);
		const char *told = say(cases[i].says);
		if (strcmp(told, cases[i].answer) != 0) {
			print_error("%s: '%s', not '%s'\n", cases[i].section, told,
				cases[i].answer);
			wrong++;
		}
		close_peer();
	}
	assert_int_equal(wrong, 0);
}

/* The same, when every byte comes alone. */
static void
errors_byte_by_byte(void **state)
{
	(void)state;
	static struct frames frames;
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		open_peer(&usual);
		frames.len = 0;
		frames_say(&frames, cases[i].says, 0);
		for (size_t at = 0; at < frames.len; at++) {
			kp_http2_receive(peer.session,
				(struct kp_slice){frames.data + at, 1}, 1000000);
		}
		assert_string_equal(hear(), cases[i].answer);
		close_peer();
	}
}

static void
streams_at_once(void **state)
{
	(void)state;
	open_peer(&usual);
	peer.holds = true;
	assert_string_equal(say("PREFACE"), "");
	/* Before the client has seen our bound it is refused, and may ask again. */
	assert_string_equal(say_for_each(11, "1/5/#/" GET), "RST 21 REFUSED_STREAM.");
	assert_int_equal(peer.complete, 10);
	close_peer();
	open_peer(&usual);
	peer.holds = true;
	assert_string_equal(say("PREFACE 4/1/0/"), "");
	assert_string_equal(say_for_each(10, "1/5/#/" GET), "");
	assert_string_equal(say("1/5/21/" GET), "GOAWAY PROTOCOL_ERROR.");
	close_peer();
}

/* The owner has none left: those whose client has gone are still in work. */
static void
streams_that_the_owner_refuses(void **state)
{
	(void)state;
	open_peer(&usual);
	peer.refuses = true;
	assert_string_equal(say(OPEN "1/5/1/" GET), "RST 1 REFUSED_STREAM.");
	assert_string_equal(say("1/4/3/" POST " 0/1/3/61"),
		"RST 1 REFUSED_STREAM. RST 3 REFUSED_STREAM.");
	peer.refuses = false;
	assert_string_equal(say("1/5/5/" GET),
		"RST 1 REFUSED_STREAM. RST 3 REFUSED_STREAM. HEADERS 5. DATA 5 2 end.");
	close_peer();
}

/* A literal field without a name of its own: 32 bytes, "x" and `value` bytes. */
static const char *
with_field(unsigned value)
{
	static char text[40000];
	int len = snprintf(text, sizeof(text), OPEN "1/5/1/" GET "000178");
	/* RFC 7541, section 5.1: 127 and the rest in groups of seven bits. */
	if (value < 127) {
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%02x", value);
	} else {
		unsigned rest = value - 127;
		len += snprintf(text + len, sizeof(text) - (size_t)len, "7f");
		while (rest >= 128) {
			len += snprintf(text + len, sizeof(text) - (size_t)len, "%02x",
				(rest & 127) | 128);
			rest >>= 7;
		}
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%02x", rest);
	}
	for (unsigned i = 0; i < value; i++) {
		len += snprintf(text + len, sizeof(text) - (size_t)len, "61");
	}
	return text;
}

static void
fields_of_a_request(void **state)
{
	(void)state;
	unsigned fits = (unsigned)usual_http.header_bytes_max - GET_BYTES - FIELD_BYTES;
	open_peer(&usual);
	assert_string_equal(say(with_field(fits)), "HEADERS 1. DATA 1 2 end.");
	close_peer();
	open_peer(&usual);
	assert_string_equal(say(with_field(fits + 1)), "HEADERS 1 end.");
	assert_int_equal(peer.refused, 1);
	/* The connection goes on. */
	assert_non_null(strstr(say("1/5/3/" GET), "DATA 3 2 end."));
	close_peer();
	/* Ten fields beside the pseudo fields, and eleven. */
#define TEN                                                                              \
	"000178000001780000017800000178000001780000017800000178000001780000017800000178" \
	"00"
	open_peer(&usual);
	assert_string_equal(say(OPEN "1/5/1/" GET TEN), "HEADERS 1. DATA 1 2 end.");
	assert_string_equal(say("1/5/3/" GET TEN "00017800"),
		"HEADERS 1. DATA 1 2 end. HEADERS 3 end.");
	close_peer();
}

static void
bytes_of_a_body(void **state)
{
	(void)state;
	open_peer(&usual);
	assert_string_equal(
		say(OPEN "1/4/1/" POST " 0/1/1/61*100"), "HEADERS 1. DATA 1 2 end.");
	assert_int_equal(peer.streams[0].body_bytes, 100);
	close_peer();
	open_peer(&usual);
	assert_string_equal(say(OPEN "1/4/1/" POST " 0/0/1/61*101"),
		"HEADERS 1 end. RST 1 NO_ERROR.");
	close_peer();
	/* With what it announces, before it sends it. */
	open_peer(&usual);
	assert_string_equal(
		say(OPEN "1/4/1/" POST "5c03313031"), "HEADERS 1 end. RST 1 NO_ERROR.");
	close_peer();
}

static void
trailers(void **state)
{
	(void)state;
	static const char *const sent[] = {"000178017900017801790001780179",
		"0001780179000178017900017801790001780179"};
	for (unsigned more = 0; more < 2; more++) {
		char text[400];
		(void)snprintf(
			text, sizeof(text), OPEN "1/4/1/" POST " 1/5/1/%s", sent[more]);
		open_peer(&usual);
		assert_string_equal(say(text),
			more == 0 ? "HEADERS 1. DATA 1 2 end." : "HEADERS 1 end.");
		close_peer();
	}
}

/* What is not released is not sent again, whatever the number of streams. */
static void
bodies_under_way(void **state)
{
	(void)state;
	struct kp_http2_limits limits = usual;
	limits.streams_max = STREAMS_MAX;
	limits.frames_burst = 10000;
	struct kp_http_limits http = usual_http;
	http.body_bytes_max = 16384;
	for (unsigned more = 0; more < 2; more++) {
		memset(&peer, 0, sizeof(peer));
		assert_int_equal(kp_http2_create(&limits, &http, &user, NULL, 1000000,
					 &peer.session, NULL),
			KP_OK);
		assert_string_equal(say(OPEN), "");
		for (unsigned i = 0; i < 4; i++) {
			static const char *const bodies[] = {"1/4/#/" POST
							     " 0/0/#/61*16383",
				"1/4/#/" POST " 0/0/#/61*16384"};
			(void)say_for(bodies[i < 3 ? 1 : more], 2 * i + 1);
		}
		assert_string_equal(
			peer.told, more == 0 ? "" : "GOAWAY FLOW_CONTROL_ERROR.");
		close_peer();
	}
}

static void
waits_for_the_window(void **state)
{
	(void)state;
	open_peer(&usual);
	/* SETTINGS_INITIAL_WINDOW_SIZE 0. */
	assert_string_equal(say(OPEN "4/0/0/000400000000 1/5/1/" GET), "HEADERS 1.");
	assert_int_equal(peer.taken, 0);
	assert_string_equal(say("8/0/1/00000001"), "HEADERS 1. DATA 1 1.");
	assert_string_equal(say("8/0/1/00000001"), "HEADERS 1. DATA 1 1. DATA 1 1 end.");
	assert_int_equal(peer.taken, 1);
	assert_int_equal(peer.closed, 1);
	close_peer();
}

static void
ends_gracefully(void **state)
{
	(void)state;
	open_peer(&usual);
	peer.holds = true;
	assert_string_equal(say(OPEN "1/5/1/" GET), "");
	kp_http2_announce_end(peer.session);
	assert_string_equal(hear(), "GOAWAY NO_ERROR.");
	/* Sent before the client saw that. */
	assert_string_equal(say("1/5/3/" GET), "GOAWAY NO_ERROR.");
	assert_int_equal(peer.complete, 2);
	kp_http2_end(peer.session);
	assert_string_equal(hear(), "GOAWAY NO_ERROR. GOAWAY NO_ERROR.");
	assert_string_equal(say("1/5/5/" GET), "GOAWAY NO_ERROR. GOAWAY NO_ERROR.");
	assert_int_equal(peer.complete, 2);
	assert_false(kp_http2_over(peer.session));
	forget();
	answer(&peer.streams[0].stream, 200);
	answer(&peer.streams[1].stream, 200);
	assert_string_equal(hear(), "HEADERS 1. HEADERS 3. DATA 1 2 end. DATA 3 2 end.");
	assert_true(kp_http2_over(peer.session));
	close_peer();
}

/* A body goes out in frames, through as little room as there may be. */
static void
large_answers(void **state)
{
	(void)state;
	static char large[50000];
	static char out[KP_HTTP2_ROOM_BYTES];
	memset(large, 'a', sizeof(large));
	open_peer(&usual);
	peer.holds = true;
	assert_string_equal(say(OPEN "1/5/1/" GET), "");
	struct kp_http2_stream *stream = &peer.streams[0].stream;
	const struct kp_slice parts[] = {
		{large, 20000}, {NULL, 0}, {large, 29999}, {large, 1}};
	assert_int_equal(
		kp_http2_answer(peer.session, stream, 200, NULL, 0, false), KP_OK);
	assert_int_equal(kp_http2_send(peer.session, stream, parts, 4, true), KP_OK);
	forget();
	size_t len;
	while ((len = kp_http2_fill(peer.session, out, sizeof(out))) > 0) {
		assert_true(len <= sizeof(out));
		frames_add(&peer.got, out, len);
	}
	assert_string_equal(hear(),
		"HEADERS 1. DATA 1 16384. DATA 1 16384. DATA 1 16384. DATA 1 848 end.");
	assert_int_equal(peer.taken, 1);
	close_peer();
}

static void
says_continue(void **state)
{
	(void)state;
	open_peer(&usual);
	/* "expect: 100-continue" */
	assert_string_equal(
		say(OPEN "1/4/1/" POST "0f140c3130302d636f6e74696e7565"), "HEADERS 1.");
	assert_string_equal(say("0/1/1/61"), "HEADERS 1. HEADERS 1. DATA 1 2 end.");
	close_peer();
}

/* A cookie may come in pieces (RFC 9113, section 8.2.3); an Authorization may not. */
static void
fields_that_come_twice(void **state)
{
	(void)state;
	open_peer(&usual);
	peer.holds = true;
	assert_string_equal(say(OPEN "1/5/1/" GET "0f1102613d"
				     "0f1101620001780179"
				     "0f110163"),
		"");
	const struct kp_http_request *request =
		&peer.streams[0].stream.head.parser.request;
	struct kp_slice cookie = kp_http_known(request, KP_HTTP_COOKIE);
	assert_int_equal(request->header_count, 2);
	assert_true(kp_slice_is(cookie, "a=; b; c"));
	assert_string_equal(say("1/5/3/" GET "0f08016"
				"1"
				"0f080162"),
		"HEADERS 3 end.");
	close_peer();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_the_standard),
		cmocka_unit_test(errors_byte_by_byte),
		cmocka_unit_test(streams_at_once),
		cmocka_unit_test(streams_that_the_owner_refuses),
		cmocka_unit_test(fields_of_a_request),
		cmocka_unit_test(bytes_of_a_body),
		cmocka_unit_test(trailers),
		cmocka_unit_test(bodies_under_way),
		cmocka_unit_test(waits_for_the_window),
		cmocka_unit_test(ends_gracefully),
		cmocka_unit_test(large_answers),
		cmocka_unit_test(says_continue),
		cmocka_unit_test(fields_that_come_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
