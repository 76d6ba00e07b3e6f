/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_send: the sending half of http2_session. The bytes of a body go from where the
 * owner has them into the bytes that are sent, and nowhere else: libnghttp2 makes the
 * frames around them only.
 */
#include "http/http2_private.h"

#define FIELDS_MAX 40u
#define FRAME_HEAD_BYTES ((size_t)9)
#define GOAWAY_BYTES ((size_t)17)
/* Of a body, so many bytes earn the WINDOW_UPDATE of a client that reads it. */
#define BYTES_PER_FRAME 2048u

/* Bodies. */

static size_t
bytes_left(const struct kp_http2_stream *stream)
{
	size_t left = 0;
	for (size_t i = stream->part_at; i < stream->part_count; i++) {
		left += stream->parts[i].len;
	}
	return left - (stream->part_at < stream->part_count ? stream->part_offset : 0);
}

/* How much the next DATA frame holds. */
static ssize_t
on_read_data(nghttp2_session *nghttp2, int32_t id, uint8_t *bytes, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *context)
{
	const struct kp_http2_stream *stream = source->ptr;
	size_t left = bytes_left(stream);
	(void)nghttp2;
	(void)id;
	(void)bytes;
	(void)context;
	if (left == 0 && !stream->last) {
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (left <= room && stream->last) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	}
	return (ssize_t)(left < room ? left : room);
}

static void
put(struct kp_http2_session *session, const void *bytes, size_t len)
{
	memcpy(session->out + session->out_len, bytes, len);
	session->out_len += len;
}

static void
put_parts(struct kp_http2_session *session, struct kp_http2_stream *stream, size_t len)
{
	stream->taken += len;
	while (len > 0) {
		const struct kp_slice *part = &stream->parts[stream->part_at];
		size_t left = part->len - stream->part_offset;
		size_t piece = left < len ? left : len;
		if (piece > 0) {
			put(session, part->data + stream->part_offset, piece);
		}
		len -= piece;
		stream->part_offset += piece;
		if (stream->part_offset == part->len) {
			stream->part_at++;
			stream->part_offset = 0;
		}
	}
}

int
kp_http2_on_send_data(nghttp2_session *nghttp2, nghttp2_frame *frame, const uint8_t *head,
	size_t len, nghttp2_data_source *source, void *context)
{
	struct kp_http2_session *session = context;
	(void)nghttp2;
	(void)frame;
	if (session->out_room - session->out_len <
		FRAME_HEAD_BYTES + len + GOAWAY_BYTES) {
		return NGHTTP2_ERR_WOULDBLOCK;
	}
	put(session, head, FRAME_HEAD_BYTES);
	put_parts(session, source->ptr, len);
	kp_http2_budget_give(&session->frames, len * KP_HTTP2_UNIT / BYTES_PER_FRAME);
	return 0;
}

/* What was sent. */

/* A reset of ours that the client's frames brought about (MadeYouReset). What is our own
 * doing is not held against it. */
static bool
is_provoked(uint32_t code)
{
	return code != NGHTTP2_NO_ERROR && code != NGHTTP2_INTERNAL_ERROR;
}

static void
on_answer_frame(struct kp_http2_session *session, struct kp_http2_stream *stream,
	const nghttp2_frame *frame)
{
	if (frame->hd.type == NGHTTP2_HEADERS && stream->interim) {
		stream->interim = false;
		return;
	}
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
		stream->ended = true;
	}
	bool through = stream->ended || (!stream->last && bytes_left(stream) == 0);
	if (stream->sending && through) {
		stream->sending = false;
		session->user->on_taken(session->owner, stream);
	}
}

int
kp_http2_on_frame_sent(
	nghttp2_session *nghttp2, const nghttp2_frame *frame, void *context)
{
	struct kp_http2_session *session = context;
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		bool free = !is_provoked(frame->rst_stream.error_code) ||
			kp_http2_budget_take(&session->resets);
		return free ? 0 : kp_http2_calm(session);
	}
	if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) {
		return 0;
	}
	struct kp_http2_stream *stream =
		nghttp2_session_get_stream_user_data(nghttp2, frame->hd.stream_id);
	if (stream != NULL) {
		on_answer_frame(session, stream, frame);
	}
	return 0;
}

/* Filling. */

/* The last frame of a session that has failed; made by hand, since what libnghttp2 still
 * has to say is not said any more. */
static void
put_goodbye(struct kp_http2_session *session)
{
	uint32_t last =
		(uint32_t)nghttp2_session_get_last_proc_stream_id(session->nghttp2);
	uint32_t code = session->fail_code;
	const unsigned char frame[GOAWAY_BYTES] = {0, 0, 8, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0,
		(unsigned char)(last >> 24), (unsigned char)(last >> 16),
		(unsigned char)(last >> 8), (unsigned char)last,
		(unsigned char)(code >> 24), (unsigned char)(code >> 16),
		(unsigned char)(code >> 8), (unsigned char)code};
	session->goodbye_sent = true;
	if (session->out_room - session->out_len >= sizeof(frame)) {
		put(session, frame, sizeof(frame));
	}
}

size_t
kp_http2_fill(struct kp_http2_session *session, char *out, size_t room)
{
	session->out = out;
	session->out_len = 0;
	session->out_room = room;
	while (!session->failed && room - session->out_len >= KP_HTTP2_ROOM_BYTES) {
		const uint8_t *bytes = NULL;
		ssize_t len = nghttp2_session_mem_send(session->nghttp2, &bytes);
		if (len < 0) {
			kp_http2_fail_as(session, (int)len);
		}
		if (len <= 0) {
			break;
		}
		put(session, bytes, (size_t)len);
	}
	if (session->failed && !session->goodbye_sent) {
		put_goodbye(session);
	}
	session->out = NULL;
	return session->out_len;
}

/* Answers. */

static nghttp2_nv
field_of(struct kp_slice name, struct kp_slice value)
{
	/* libnghttp2 takes a copy; its type has no const. */
	return (nghttp2_nv){
		.name = (uint8_t *)(uintptr_t)name.data,
		.value = (uint8_t *)(uintptr_t)value.data,
		.namelen = name.len,
		.valuelen = value.len,
		.flags = NGHTTP2_NV_FLAG_NONE,
	};
}

/* Once it has no memory a session is not used any more: what it was about to do is left
 * half done. */
static enum kp_status
submitted(struct kp_http2_session *session, int code)
{
	if (code != 0) {
		kp_http2_fail_as(session, code);
	}
	return code == 0 ? KP_OK : KP_E_MEMORY;
}

enum kp_status
kp_http2_answer(struct kp_http2_session *session, struct kp_http2_stream *stream,
	unsigned status, const struct kp_http_header *fields, size_t field_count,
	bool last)
{
	nghttp2_nv lines[FIELDS_MAX];
	const char text[3] = {(char)('0' + status / 100), (char)('0' + status / 10 % 10),
		(char)('0' + status % 10)};
	nghttp2_data_provider provider = {
		.source.ptr = stream, .read_callback = on_read_data};
	KP_REQUIRE(field_count < FIELDS_MAX && status >= 200 && status <= 599);
	lines[0] = field_of(KP_SLICE(":status"), (struct kp_slice){text, sizeof(text)});
	for (size_t i = 0; i < field_count; i++) {
		lines[i + 1] = field_of(fields[i].name, fields[i].value);
	}
	stream->part_count = 0;
	stream->part_at = 0;
	stream->last = last;
	stream->sending = true;
	return submitted(session,
		session->failed
			? NGHTTP2_ERR_NOMEM
			: nghttp2_submit_response(session->nghttp2, stream->id, lines,
				  field_count + 1, last ? NULL : &provider));
}

enum kp_status
kp_http2_send(struct kp_http2_session *session, struct kp_http2_stream *stream,
	const struct kp_slice *parts, size_t part_count, bool last)
{
	stream->parts = parts;
	stream->part_count = part_count;
	stream->part_at = 0;
	stream->part_offset = 0;
	stream->last = last;
	stream->sending = true;
	/* Nothing to resume is fine: the head has not gone yet, and asks for the body. */
	int code = session->failed
		? NGHTTP2_ERR_NOMEM
		: nghttp2_session_resume_data(session->nghttp2, stream->id);
	return submitted(session, code == NGHTTP2_ERR_NOMEM ? code : 0);
}

void
kp_http2_continue(struct kp_http2_session *session, struct kp_http2_stream *stream)
{
	nghttp2_nv line = field_of(KP_SLICE(":status"), KP_SLICE("100"));
	stream->interim = true;
	if (!session->failed) {
		(void)!submitted(session,
			nghttp2_submit_headers(session->nghttp2, NGHTTP2_FLAG_NONE,
				stream->id, NULL, &line, 1, NULL));
	}
}

void
kp_http2_reset(struct kp_http2_session *session, struct kp_http2_stream *stream,
	enum kp_http2_reason reason)
{
	static const uint32_t codes[] = {
		[KP_HTTP2_INTERNAL] = NGHTTP2_INTERNAL_ERROR,
		[KP_HTTP2_SLOW] = NGHTTP2_CANCEL,
		[KP_HTTP2_ENOUGH] = NGHTTP2_NO_ERROR,
	};
	if (!session->failed) {
		(void)!submitted(session,
			nghttp2_submit_rst_stream(session->nghttp2, NGHTTP2_FLAG_NONE,
				stream->id, codes[reason]));
	}
}

void
kp_http2_release(struct kp_http2_session *session, struct kp_http2_stream *stream)
{
	size_t received = (size_t)stream->received;
	stream->received = 0;
	if (received > 0 && !session->failed) {
		(void)!submitted(session,
			nghttp2_session_consume_connection(session->nghttp2, received));
	}
}

/* The end. */

void
kp_http2_announce_end(struct kp_http2_session *session)
{
	if (!session->failed) {
		(void)!submitted(
			session, nghttp2_submit_shutdown_notice(session->nghttp2));
	}
}

void
kp_http2_end(struct kp_http2_session *session)
{
	int32_t last = nghttp2_session_get_last_proc_stream_id(session->nghttp2);
	if (!session->failed) {
		(void)!submitted(session,
			nghttp2_submit_goaway(session->nghttp2, NGHTTP2_FLAG_NONE, last,
				NGHTTP2_NO_ERROR, NULL, 0));
	}
}
