/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * fake_stream: io/stream.h without a socket: a test says what the client sends and
 * whether it takes what is sent to it. On fake_loop. What is written is looked at when
 * the client takes it, so that bytes that were not kept until then are noticed.
 */
#ifndef KP_TESTS_FAKE_STREAM_H
#define KP_TESTS_FAKE_STREAM_H

#include "io/stream.h"

/* As a listener would accept it; NULL when the owner does not want it. `protocol` is a
 * literal ("h2" or ""). */
struct kp_stream *kp_fake_stream_open(struct kp_loop *loop, const char *protocol,
	void *(*on_accept)(void *context, struct kp_stream *stream,
		const struct kp_stream_handler **ret_handler),
	void *context);
/* What the client does; false when the stream is closed. Bytes wait while reading is off.
 */
bool kp_fake_stream_say(struct kp_stream *stream, struct kp_slice bytes);
/* Whether it takes bytes; at first it does. */
void kp_fake_stream_take(struct kp_stream *stream, bool takes);
/* Bytes it has taken so far, and a digest of them. */
uint64_t kp_fake_stream_taken(const struct kp_stream *stream, uint64_t *ret_digest);
bool kp_fake_stream_closed(const struct kp_stream *stream);
/* After it was closed and the loop has settled. */
void kp_fake_stream_free(struct kp_stream **stream);

#endif
