/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_session: the server's side of one HTTP/2 connection (RFC 9113), as bytes in and
 * bytes out: no socket, no clock, no time-outs. The one place that knows libnghttp2. What
 * the standard lets a server refuse is refused, and what a client can do without asking
 * anything is counted: over a bound the session ends with ENHANCE_YOUR_CALM.
 *
 *   bound                     held against
 *   streams_max               many requests at once; also those whose client has left
 *                             and that are still in work (CVE-2023-44487)
 *   resets_*                  streams broken off by the client (Rapid Reset) or by us
 *                             because of what it sent (MadeYouReset, CVE-2025-8671)
 *   frames_*                  SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty and unknown
 *                             frames, CONTINUATION: those that bring no request further
 *   continuations_max         CONTINUATION floods
 *   header_list_bytes_max     HPACK bombs
 *   window_bytes              bodies that are under way on one connection together
 *   memory_bytes_max          what libnghttp2 keeps of one connection
 *
 * One thread. Priorities (RFC 9113, section 5.3) are ignored.
 */
#ifndef KP_HTTP_HTTP2_SESSION_H
#define KP_HTTP_HTTP2_SESSION_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "http/http2_head.h"
#include "http/http_parse.h"

struct kp_http2_session;

struct kp_http2_limits {
	uint32_t streams_max;
	uint32_t frame_bytes_max;       /* of a frame we take; 16,384 at least */
	uint32_t header_list_bytes_max; /* one header block, unpacked; over it the session
					   ends */
	uint32_t header_table_bytes_max; /* HPACK, each way */
	uint32_t continuations_max;      /* frames after the first of one header block */
	uint32_t settings_max;           /* entries of one SETTINGS frame */
	uint32_t window_bytes;           /* of bodies not yet released */
	size_t memory_bytes_max;
	uint32_t resets_burst;
	uint32_t resets_per_second;
	uint32_t frames_burst;
	uint32_t frames_per_second;
	uint32_t frames_per_turn; /* for the owner, as is the next */
	uint32_t waste_pause_ms;
};

/* The first bytes of a connection that speaks HTTP/2 (RFC 9113, section 3.4). */
#define KP_HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define KP_HTTP2_PREFACE_BYTES ((size_t)24)

/*
 * One request and its answer, embedded in what the owner keeps of it. All but `head` is
 * private. In use from on_begin until on_closed.
 */
struct kp_http2_stream {
	struct kp_http2_head head;
	int32_t id;
	bool refused;      /* on_refused was told: what still comes is thrown away */
	bool got_head;     /* on_head or on_refused was told */
	bool got_all;      /* the client has said everything */
	bool sending;      /* on_taken is due */
	bool last;         /* nothing comes after `parts` */
	bool interim;      /* "100 Continue" is on its way */
	bool ended;        /* END_STREAM is on its way */
	uint64_t taken;    /* bytes of all parts so far */
	uint64_t received; /* bytes of the body, not released yet */
	const struct kp_slice *parts;
	size_t part_count;
	size_t part_at;
	size_t part_offset;
};

/* What the owner hears, inside kp_http2_receive and kp_http2_fill. It may answer, send
 * and reset there, but not receive, fill or destroy. */
struct kp_http2_user {
	/* A request begins. Returns its stream, zeroed, and the arena for its head (a
	 * NULL stream: refused, the client may ask again). */
	struct kp_http2_stream *(*on_begin)(void *owner, struct kp_arena **ret_arena);
	/* The head is complete: stream->head.parser.request. */
	void (*on_head)(void *owner, struct kp_http2_stream *stream);
	/* A piece of the body, borrowed for the call. */
	void (*on_body)(
		void *owner, struct kp_http2_stream *stream, struct kp_slice piece);
	/* The message is complete. */
	void (*on_end)(void *owner, struct kp_http2_stream *stream);
	/* The message is over a limit or malformed in a way that deserves an answer;
	 * nothing more of it comes. */
	void (*on_refused)(
		void *owner, struct kp_http2_stream *stream, const struct kp_error *err);
	/* The head or the parts given last are in the bytes of kp_http2_fill. */
	void (*on_taken)(void *owner, struct kp_http2_stream *stream);
	/* The session has forgotten the stream. */
	void (*on_closed)(void *owner, struct kp_http2_stream *stream);
};

/* `limits` and `http` are copied. KP_E_MEMORY. */
enum kp_status kp_http2_create(const struct kp_http2_limits *limits,
	const struct kp_http_limits *http, const struct kp_http2_user *user, void *owner,
	uint64_t now_us, struct kp_http2_session **ret_session,
	struct kp_error *err) KP_MUST_USE;
/* Streams are dropped without on_closed. Accepts NULL. */
void kp_http2_destroy(struct kp_http2_session **session);

/*
 * A new turn: `frames_max` frames are taken in it. True when most of what the last turn
 * brought was of no use to any request: frames that bring nothing, requests broken off.
 * Before the first turn there is no bound.
 */
bool kp_http2_begin_turn(struct kp_http2_session *session, uint32_t frames_max);
/* Takes bytes of the client, and returns how many: all of them, unless the turn's frames
 * are used up. May make the session fail: a flood, no memory, no HTTP/2. */
size_t kp_http2_receive(
	struct kp_http2_session *session, struct kp_slice bytes, uint64_t now_us);
/* Writes what is to be sent, at most `room` bytes, and returns how many. Goes on until
 * less than KP_HTTP2_ROOM_BYTES are left: a frame, and one to end with. */
size_t kp_http2_fill(struct kp_http2_session *session, char *out, size_t room);
#define KP_HTTP2_ROOM_BYTES ((size_t)16384 + 9 + 17)
/* Nothing is taken any more, and what kp_http2_fill gives is the last. */
bool kp_http2_failed(const struct kp_http2_session *session);
/* Nothing more is to be read or written. */
bool kp_http2_over(struct kp_http2_session *session);
/* The client answers for it that much waits to be sent that no more should be read. */
bool kp_http2_crowded(struct kp_http2_session *session);
/* It failed because of what the client sent, not for want of memory. */
bool kp_http2_wronged(const struct kp_http2_session *session);
/* It ended because the client overdid it (for the count of such). */
bool kp_http2_flooded(const struct kp_http2_session *session);

/*
 * The head of an answer: fields in lower case, without those of the connection. With
 * `last` there is no body; else parts come with kp_http2_send. KP_E_MEMORY. The stream
 * must be open.
 */
enum kp_status kp_http2_answer(struct kp_http2_session *session,
	struct kp_http2_stream *stream, unsigned status,
	const struct kp_http_header *fields, size_t field_count, bool last) KP_MUST_USE;
/* The next parts of a body; borrowed, the array too, until on_taken or on_closed. */
enum kp_status kp_http2_send(struct kp_http2_session *session,
	struct kp_http2_stream *stream, const struct kp_slice *parts, size_t part_count,
	bool last) KP_MUST_USE;
/* "100 Continue". */
void kp_http2_continue(struct kp_http2_session *session, struct kp_http2_stream *stream);
/* Why a stream is broken off by us. */
enum kp_http2_reason {
	KP_HTTP2_INTERNAL, /* no complete answer can be given */
	KP_HTTP2_SLOW,     /* the client takes nothing */
	KP_HTTP2_ENOUGH,   /* it was answered, and need not say the rest (RFC 9113, 8.1)
			    */
};
void kp_http2_reset(struct kp_http2_session *session, struct kp_http2_stream *stream,
	enum kp_http2_reason reason);
/* The body of the stream is not kept any more: the client may send as much again. */
void kp_http2_release(struct kp_http2_session *session, struct kp_http2_stream *stream);

/* Tells the client that the end is near: it asks elsewhere from now on; what it has sent
 * meanwhile is still answered (RFC 9113, section 6.8). */
void kp_http2_announce_end(struct kp_http2_session *session);
/* Takes no new request; over when those that are there have been answered. */
void kp_http2_end(struct kp_http2_session *session);

#endif
