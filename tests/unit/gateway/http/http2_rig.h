/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_rig: a session whose owner answers every complete request with "ok", or holds it;
 * and a client that says frames as text (http2_frames.h).
 */
#ifndef HTTP2_RIG_H
#define HTTP2_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/attr.h"
#include "http/http2_session.h"
#include "tests/support/http2_frames.h"

#define STREAMS_MAX 200

struct stream {
	struct kp_http2_stream stream;
	struct kp_arena arena;
	bool used;
	size_t body_bytes;
};

/* Answers every complete request with "ok", or holds it. */
struct peer {
	struct kp_http2_session *session;
	struct stream streams[STREAMS_MAX];
	bool holds;
	bool refuses;
	unsigned begun;
	unsigned complete;
	unsigned refused;
	unsigned taken;
	unsigned closed;
	struct frames got;
	char told[FRAMES_ROOM];
};

static struct peer peer;
static const struct kp_slice answer_body = KP_SLICE_INIT("ok");
static const struct kp_http2_limits usual = {
	.streams_max = 10,
	.frame_bytes_max = 16384,
	.header_list_bytes_max = 8192,
	.header_table_bytes_max = 4096,
	.continuations_max = 3,
	.settings_max = 32,
	.window_bytes = 65535,
	.memory_bytes_max = 1048576,
	.resets_burst = 20,
	.resets_per_second = 5,
	.frames_burst = 100,
	.frames_per_second = 10,
};
static const struct kp_http_limits usual_http = {
	.header_bytes_max = 2048,
	.header_count_max = 10,
	.body_bytes_max = 100,
	.trailer_bytes_max = 200,
	.trailer_count_max = 3,
	.target_bytes_max = 256,
};

static struct stream *
of(struct kp_http2_stream *stream)
{
	return KP_CONTAINER_OF(stream, struct stream, stream);
}

static struct kp_http2_stream *
on_begin(void *owner, struct kp_arena **ret_arena)
{
	(void)owner;
	peer.begun++;
	for (size_t i = 0; i < STREAMS_MAX && !peer.refuses; i++) {
		struct stream *stream = &peer.streams[i];
		if (!stream->used) {
			*stream = (struct stream){.used = true};
			kp_arena_init(&stream->arena, 1 << 20, NULL);
			*ret_arena = &stream->arena;
			return &stream->stream;
		}
	}
	return NULL;
}

/* Without memory the session ends anyway. */
static void
answer(struct kp_http2_stream *stream, unsigned status)
{
	if (kp_http2_answer(peer.session, stream, status, NULL, 0, false) == KP_OK) {
		(void)!kp_http2_send(peer.session, stream, &answer_body, 1, true);
	}
}

static void
on_head(void *owner, struct kp_http2_stream *stream)
{
	(void)owner;
	if (stream->head.parser.request.expect_continue) {
		kp_http2_continue(peer.session, stream);
	}
}

static void
on_body(void *owner, struct kp_http2_stream *stream, struct kp_slice piece)
{
	(void)owner;
	of(stream)->body_bytes += piece.len;
}

static void
on_end(void *owner, struct kp_http2_stream *stream)
{
	(void)owner;
	peer.complete++;
	if (!peer.holds) {
		answer(stream, 200);
	}
}

static void
on_refused(void *owner, struct kp_http2_stream *stream, const struct kp_error *err)
{
	(void)owner;
	peer.refused++;
	assert_true(err->message[0] != '\0');
	assert_int_equal(
		kp_http2_answer(peer.session, stream,
			(unsigned)kp_status_info(err->status)->http, NULL, 0, true),
		KP_OK);
}

static void
on_taken(void *owner, struct kp_http2_stream *stream)
{
	(void)owner;
	peer.taken++;
	if (stream->ended && !stream->got_all) {
		kp_http2_reset(peer.session, stream, KP_HTTP2_ENOUGH);
	}
}

static void
on_closed(void *owner, struct kp_http2_stream *stream)
{
	(void)owner;
	peer.closed++;
	kp_http2_release(peer.session, stream);
	kp_arena_deinit(&of(stream)->arena);
	of(stream)->used = false;
}

static const struct kp_http2_user user = {
	.on_begin = on_begin,
	.on_head = on_head,
	.on_body = on_body,
	.on_end = on_end,
	.on_refused = on_refused,
	.on_taken = on_taken,
	.on_closed = on_closed,
};

static void
open_peer(const struct kp_http2_limits *limits)
{
	memset(&peer, 0, sizeof(peer));
	assert_int_equal(kp_http2_create(limits, &usual_http, &user, NULL, 1000000,
				 &peer.session, NULL),
		KP_OK);
}

static void
close_peer(void)
{
	kp_http2_destroy(&peer.session);
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		kp_arena_deinit(&peer.streams[i].arena);
	}
}

/* What the session has to say now, added to what it said. */
static const char *
hear(void)
{
	size_t len;
	do {
		KP_REQUIRE(peer.got.len + 2 * KP_HTTP2_ROOM_BYTES < FRAMES_ROOM);
		len = kp_http2_fill(peer.session, peer.got.data + peer.got.len,
			2 * KP_HTTP2_ROOM_BYTES);
		peer.got.len += len;
	} while (len > 0);
	frames_tell(peer.got.data, peer.got.len, peer.told, sizeof(peer.told));
	return peer.told;
}

static const char *
say_at(const char *text, unsigned id, uint64_t now_us)
{
	static struct frames frames;
	frames.len = 0;
	frames_say(&frames, text, id);
	kp_http2_receive(
		peer.session, (struct kp_slice){frames.data, frames.len}, now_us);
	return hear();
}

static const char *
say_for(const char *text, unsigned id)
{
	return say_at(text, id, 1000000);
}

static const char *
say(const char *text)
{
	return say_for(text, 0);
}

/* GET / with http, of host "a". */
#define GET "828486410161"
#define POST "838486410161"

#define OPEN "PREFACE 4/1/0/ "

/* `count` times `text`, for the streams 1, 3, 5 … */
static const char *
say_for_each(unsigned count, const char *text)
{
	for (unsigned i = 0; i < count; i++) {
		(void)say_for(text, 2 * i + 1);
	}
	return peer.told;
}

/* ":method" "GET", ":path" "/", ":scheme" "http", ":authority" "a", and 32 for each. */
#define GET_BYTES (7 + 3 + 5 + 1 + 7 + 4 + 10 + 1 + 4 * 32)
#define FIELD_BYTES (1 + 32)

#endif
