/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_private: what http2_session.c (what comes in) and http2_send.c (what goes out)
 * share. */
#ifndef KP_HTTP_HTTP2_PRIVATE_H
#define KP_HTTP_HTTP2_PRIVATE_H

#include <nghttp2/nghttp2.h>

#include "http/http2_budget.h"
#include "http/http2_memory.h"
#include "http/http2_session.h"

/* One of a budget. */
#define KP_HTTP2_UNIT ((uint64_t)1000000)

struct kp_http2_session {
	nghttp2_session *nghttp2;
	struct kp_http2_memory memory;
	struct kp_http2_limits limits;
	struct kp_http_limits http;
	const struct kp_http2_user *user;
	void *owner;
	struct kp_http2_budget resets;
	struct kp_http2_budget frames;
	unsigned char frame_head[9]; /* of the next frame, as far as it has come */
	size_t frame_head_len;
	size_t frame_left;      /* bytes of the frame under way; first of the preface */
	uint32_t continuations; /* since the last other frame */
	uint32_t turn_frames;   /* that may still begin in this turn */
	uint32_t turn_max;
	uint64_t turn_resets_us; /* of the budgets, when the turn began */
	uint64_t turn_frames_us;
	bool frame_brings_data; /* that under way */
	size_t block_bytes;     /* of the header block under way, unpacked */
	bool failed;            /* only a GOAWAY is still sent */
	bool flooded;
	bool goodbye_sent;
	uint32_t fail_code;
	char *out; /* during kp_http2_fill */
	size_t out_len;
	size_t out_room;
};

/* http2_session.c */
/* The first reason counts. */
void kp_http2_fail(struct kp_http2_session *session, uint32_t code, bool flooded);
/* For what libnghttp2 returned. */
void kp_http2_fail_as(struct kp_http2_session *session, int code);
/* Fails with ENHANCE_YOUR_CALM; returns what a callback returns. */
int kp_http2_calm(struct kp_http2_session *session);

/* http2_send.c, for libnghttp2 */
int kp_http2_on_frame_sent(
	nghttp2_session *nghttp2, const nghttp2_frame *frame, void *context);
int kp_http2_on_send_data(nghttp2_session *nghttp2, nghttp2_frame *frame,
	const uint8_t *head, size_t len, nghttp2_data_source *source, void *context);

#endif
