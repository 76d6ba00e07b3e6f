/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2: a client's bytes, into a whole connection (frames, requests, handlers, answers)
 * on a clock and a stream without sockets. The first byte says how the rest is cut, and
 * whether the client takes what it is sent. Whatever comes, every request that a handler
 * got is finished, and nothing of the connection is left.
 */
#include <stdlib.h>

#include "connection.h"
#include "exchange.h"
#include "http/http_message.h"
#include "support/fake_loop.h"
#include "support/fake_stream.h"

#define LARGE_BYTES ((size_t)40000)

struct fuzz {
	struct kp_loop *loop;
	struct kp_connections *connections;
	unsigned handed;
	unsigned finished;
};

/* A handler that takes its time: two pieces, then the end. */
struct work {
	struct fuzz *fuzz;
	struct kp_exchange *exchange;
	struct kp_timer timer;
	char *piece; /* from the heap, so that it is missed when used too late */
	bool sending;
	bool gone;
	unsigned pieces;
};

static struct fuzz fuzz;

static void
end(struct work *work)
{
	struct kp_exchange *exchange = work->exchange;
	kp_timer_stop(fuzz.loop, &work->timer);
	free(work->piece);
	work->piece = NULL;
	kp_exchange_finish(&exchange);
	fuzz.finished++;
}

static void
send_piece(struct work *work)
{
	work->piece = malloc(LARGE_BYTES);
	FUZZ_CHECK(work->piece != NULL);
	memset(work->piece, 'a', LARGE_BYTES);
	const struct kp_slice parts[] = {
		{work->piece, 1}, {NULL, 0}, {work->piece + 1, LARGE_BYTES - 1}};
	work->sending = true;
	kp_exchange_send(work->exchange, parts, 3, ++work->pieces == 2);
}

static void
on_sent(void *owner, enum kp_status status)
{
	struct work *work = owner;
	FUZZ_CHECK(work->sending);
	work->sending = false;
	free(work->piece);
	work->piece = NULL;
	if (status != KP_OK || work->pieces == 2 || work->gone) {
		end(work);
	} else {
		send_piece(work);
	}
}

static void
on_gone(void *owner)
{
	struct work *work = owner;
	FUZZ_CHECK(!work->gone);
	work->gone = true;
	if (!work->sending) {
		end(work);
	}
}

static void
on_timer(struct kp_timer *timer)
{
	struct work *work = KP_CONTAINER_OF(timer, struct work, timer);
	work->sending = true;
	kp_exchange_begin(work->exchange, 200, NULL, 0);
}

static const struct kp_exchange_user user = {.on_sent = on_sent, .on_gone = on_gone};

static void
handle(void *context, struct kp_exchange *exchange)
{
	const struct kp_http_message *message = kp_exchange_message(exchange);
	const struct kp_http_request *head = &message->head;
	(void)context;
	fuzz.handed++;
	FUZZ_CHECK(head->minor_version == 0 || head->authority.len > 0);
	FUZZ_CHECK(head->path.len > 0);
	FUZZ_CHECK(head->path.data[0] == '/' || kp_slice_is(head->path, "*"));
	FUZZ_CHECK(
		!head->has_content_length || head->content_length == message->body.len);
	for (size_t i = 0; i < head->header_count; i++) {
		FUZZ_CHECK(kp_http_token_valid(head->headers[i].name));
		FUZZ_CHECK(kp_http_value_valid(head->headers[i].value));
	}
	struct work *work = KP_ARENA_NEW(kp_exchange_arena(exchange), struct work);
	if (head->path.len % 2 == 1 || work == NULL) {
		kp_exchange_answer(exchange, 200, NULL, 0, &message->body, 1);
		kp_exchange_finish(&exchange);
		fuzz.finished++;
		return;
	}
	work->exchange = exchange;
	work->timer.fire = on_timer;
	kp_exchange_attend(exchange, &user, work);
	kp_timer_start(fuzz.loop, &work->timer, 1000);
}

static void
play(struct kp_slice bytes, size_t step, bool takes, const char *protocol)
{
	struct kp_stream *stream = kp_fake_stream_open(
		fuzz.loop, protocol, kp_connections_accept_local, fuzz.connections);
	FUZZ_CHECK(stream != NULL);
	kp_fake_stream_take(stream, takes);
	bool open = true;
	for (size_t at = 0; at < bytes.len && open; at += step) {
		size_t len = bytes.len - at < step ? bytes.len - at : step;
		char *piece = malloc(len);
		FUZZ_CHECK(piece != NULL);
		memcpy(piece, bytes.data + at, len);
		open = kp_fake_stream_say(stream, (struct kp_slice){piece, len});
		free(piece);
		kp_fake_loop_settle(fuzz.loop);
	}
	/* Handlers answer; then every time-out there is passes. */
	kp_fake_loop_advance(fuzz.loop, 10000);
	kp_fake_loop_advance(fuzz.loop, 30000000);
	kp_fake_stream_take(stream, true);
	kp_fake_loop_advance(fuzz.loop, 300000000);
	FUZZ_CHECK(kp_fake_stream_closed(stream));
	kp_fake_stream_free(&stream);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_connections_options options;
	if (len < 2) {
		return 0;
	}
	kp_connections_defaults(&options);
	options.limits.body_bytes_max = 2000;
	options.limits.header_bytes_max = 2000;
	options.http2.streams_max = 8;
	options.work.work_max = 3;
	options.requests_per_turn = 2;
	options.http2.frames_per_turn = 8;
	options.handle = handle;
	fuzz = (struct fuzz){0};
	FUZZ_CHECK(kp_loop_create(0, &fuzz.loop, NULL) == KP_OK);
	FUZZ_CHECK(kp_connections_create(fuzz.loop, &options, &fuzz.connections, NULL) ==
		KP_OK);
	struct kp_slice text = {(const char *)bytes + 1, len - 1};
	size_t step = (bytes[0] & 63) == 63 ? text.len : 1 + (bytes[0] & 63u) * 7;
	play(text, step, (bytes[0] & 64) == 0, "");
	FUZZ_CHECK(fuzz.handed == fuzz.finished);
	FUZZ_CHECK(kp_connections_count(fuzz.connections) == 0 &&
		kp_connections_busy(fuzz.connections) == 0);
	FUZZ_CHECK(kp_fake_loop_timers(fuzz.loop) == 0);
	kp_connections_destroy(&fuzz.connections);
	kp_loop_destroy(&fuzz.loop);
	return 0;
}
