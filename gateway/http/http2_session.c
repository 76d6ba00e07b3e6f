/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_session: see http2_session.h; what a client sends and what that may cost. What it
 * is answered is in http2_send.c.
 */
#include "http/http2_session.h"

#include "core/heap.h"
#include "http/http2_private.h"

/* A request that came to its end earns what the frames around it cost. */
#define REQUEST_EARNS 4u
#define FRAMES_PER_RESET 3u
/* Acknowledgements that may wait: as many as that means that the client does not read. */
#define ACKS_MAX 128u
/* Two of libnghttp2's own bounds stand aside. It counts the resets of the client only,
 * and a CONTINUATION again for each piece in which its head arrives. */
#define NO_BOUND ((uint64_t)1000000000)

/* Failing. */

void
kp_http2_fail(struct kp_http2_session *session, uint32_t code, bool flooded)
{
	if (!session->failed) {
		session->failed = true;
		session->flooded = flooded;
		session->fail_code = code;
	}
}

/* For callbacks: what they return ends nghttp2_session_mem_recv or _mem_send. */
int
kp_http2_calm(struct kp_http2_session *session)
{
	kp_http2_fail(session, NGHTTP2_ENHANCE_YOUR_CALM, true);
	return NGHTTP2_ERR_CALLBACK_FAILURE;
}

void
kp_http2_fail_as(struct kp_http2_session *session, int code)
{
	if (code == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
		kp_http2_fail(session, NGHTTP2_PROTOCOL_ERROR, false);
	} else if (code == NGHTTP2_ERR_NOMEM || code == NGHTTP2_ERR_FLOODED ||
		code == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
		kp_http2_fail(session, NGHTTP2_ENHANCE_YOUR_CALM, true);
	} else {
		kp_http2_fail(session, NGHTTP2_INTERNAL_ERROR, false);
	}
}

static struct kp_http2_stream *
stream_of(struct kp_http2_session *session, int32_t id)
{
	return nghttp2_session_get_stream_user_data(session->nghttp2, id);
}

static void
refuse(struct kp_http2_session *session, struct kp_http2_stream *stream,
	const struct kp_error *err)
{
	stream->refused = true;
	stream->got_head = true;
	kp_http2_release(session, stream);
	session->user->on_refused(session->owner, stream, err);
}

static void
refuse_for(struct kp_http2_session *session, struct kp_http2_stream *stream,
	enum kp_status status, const char *text)
{
	struct kp_error err = {0};
	(void)kp_error_set(&err, status, "%s", text);
	refuse(session, stream, &err);
}

/* Frames. */

static int
on_begin_headers(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *context)
{
	struct kp_http2_session *session = context;
	struct kp_arena *arena = NULL;
	session->block_bytes = 0;
	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
		return 0;
	}
	struct kp_http2_stream *stream = session->user->on_begin(session->owner, &arena);
	if (stream == NULL) {
		int code = nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE,
			frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
		return code == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
	}
	stream->id = frame->hd.stream_id;
	kp_http2_head_init(&stream->head, &session->http, arena);
	(void)nghttp2_session_set_stream_user_data(nghttp2, stream->id, stream);
	return 0;
}

static int
on_header(nghttp2_session *nghttp2, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
	void *context)
{
	struct kp_http2_session *session = context;
	struct kp_http2_stream *stream = stream_of(session, frame->hd.stream_id);
	struct kp_slice name_text = {(const char *)name, name_len};
	struct kp_slice value_text = {(const char *)value, value_len};
	(void)nghttp2;
	(void)flags;
	session->block_bytes += name_len + value_len + KP_HTTP2_FIELD_BYTES;
	if (session->block_bytes > session->limits.header_list_bytes_max) {
		return kp_http2_calm(session);
	}
	if (stream == NULL || stream->refused) {
		return 0;
	}
	if (!stream->got_head) {
		kp_http2_head_add(&stream->head, name_text, value_text);
	} else if (kp_http2_head_trailer(&stream->head, name_text, value_text) != KP_OK) {
		refuse_for(session, stream, KP_E_HEADER_LIMIT,
			"the trailers are longer than allowed");
	}
	return 0;
}

/* A name or value with a byte that it may not have makes the request malformed. */
static int
on_invalid_header(nghttp2_session *nghttp2, const nghttp2_frame *frame,
	const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len,
	uint8_t flags, void *context)
{
	(void)nghttp2;
	(void)frame;
	(void)name;
	(void)name_len;
	(void)value;
	(void)value_len;
	(void)flags;
	(void)context;
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int
on_data(nghttp2_session *nghttp2, uint8_t flags, int32_t id, const uint8_t *data,
	size_t len, void *context)
{
	struct kp_http2_session *session = context;
	struct kp_http2_stream *stream = stream_of(session, id);
	(void)flags;
	if (!session->frame_brings_data) {
		session->frame_brings_data = true;
		kp_http2_budget_give(&session->frames, KP_HTTP2_UNIT);
	}
	if (stream == NULL || stream->refused) {
		return nghttp2_session_consume(nghttp2, id, len) == NGHTTP2_ERR_NOMEM
			? kp_http2_calm(session)
			: 0;
	}
	stream->received += len;
	/* The body's bound holds the stream; the connection's window opens again when
	 * the body is not kept any more. */
	if (nghttp2_session_consume_stream(nghttp2, id, len) == NGHTTP2_ERR_NOMEM) {
		return kp_http2_calm(session);
	}
	enum kp_http_method method = stream->head.parser.request.method;
	if (method == KP_HTTP_METHOD_GET || method == KP_HTTP_METHOD_HEAD) {
		refuse_for(session, stream, KP_E_SYNTAX, "this method takes no body");
	} else if (stream->received > stream->head.parser.limits.body_bytes_max) {
		refuse_for(session, stream, KP_E_BODY_LIMIT,
			"the body is larger than allowed");
	} else {
		struct kp_slice piece = {(const char *)data, len};
		session->user->on_body(session->owner, stream, piece);
	}
	return 0;
}

static void
end_message(struct kp_http2_session *session, struct kp_http2_stream *stream)
{
	kp_http2_budget_give(&session->frames, REQUEST_EARNS * KP_HTTP2_UNIT);
	if (!stream->refused) {
		session->user->on_end(session->owner, stream);
	}
}

static void
end_head(struct kp_http2_session *session, struct kp_http2_stream *stream)
{
	struct kp_error err = {0};
	if (kp_http2_head_end(&stream->head, stream->got_all, &err) != KP_OK) {
		refuse(session, stream, &err);
	} else {
		stream->got_head = true;
		session->user->on_head(session->owner, stream);
	}
}

/* A client that breaks a request off before its answer is complete (Rapid Reset). */
static int
on_client_reset(struct kp_http2_session *session, const struct kp_http2_stream *stream)
{
	if (stream == NULL || stream->ended || kp_http2_budget_take(&session->resets)) {
		return 0;
	}
	return kp_http2_calm(session);
}

static int
on_frame(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *context)
{
	struct kp_http2_session *session = context;
	struct kp_http2_stream *stream = stream_of(session, frame->hd.stream_id);
	(void)nghttp2;
	if (frame->hd.type == NGHTTP2_RST_STREAM) {
		return on_client_reset(session, stream);
	}
	bool message =
		frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
	if (stream == NULL || !message) {
		return 0;
	}
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
		stream->got_all = true;
	}
	if (frame->hd.type == NGHTTP2_HEADERS &&
		frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
		end_head(session, stream);
	}
	if (stream->got_all) {
		end_message(session, stream);
	}
	return 0;
}

static int
on_stream_close(nghttp2_session *nghttp2, int32_t id, uint32_t code, void *context)
{
	struct kp_http2_session *session = context;
	struct kp_http2_stream *stream = stream_of(session, id);
	(void)nghttp2;
	(void)code;
	if (stream != NULL) {
		session->user->on_closed(session->owner, stream);
	}
	return 0;
}

/* Counting. libnghttp2 says nothing of the frames it ignores, so they are counted here,
 * each before it is read. */

static void
count_frame(struct kp_http2_session *session)
{
	const unsigned char *head = session->frame_head;
	bool on_stream =
		(head[5] & 0x7f) != 0 || head[6] != 0 || head[7] != 0 || head[8] != 0;
	session->frame_left =
		(uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | (uint32_t)head[2];
	session->frame_head_len = 0;
	session->frame_brings_data = false;
	session->turn_frames -= session->turn_frames > 0 ? 1u : 0u;
	if (head[3] == NGHTTP2_CONTINUATION) {
		session->continuations++;
	} else {
		session->continuations = 0;
	}
	if (session->continuations > session->limits.continuations_max ||
		!kp_http2_budget_take(&session->frames)) {
		(void)kp_http2_calm(session);
	} else if (head[3] == NGHTTP2_PRIORITY && !on_stream) {
		/* Without priorities libnghttp2 does not look (RFC 9113, 6.3). */
		kp_http2_fail(session, NGHTTP2_PROTOCOL_ERROR, false);
	}
}

/* How many of the bytes belong to the frame under way. */
static size_t
frame_bytes(struct kp_http2_session *session, struct kp_slice bytes)
{
	size_t used = 0;
	if (session->frame_left == 0) {
		size_t left = sizeof(session->frame_head) - session->frame_head_len;
		used = bytes.len < left ? bytes.len : left;
		memcpy(session->frame_head + session->frame_head_len, bytes.data, used);
		session->frame_head_len += used;
		if (session->frame_head_len == sizeof(session->frame_head)) {
			count_frame(session);
		}
	}
	size_t rest = bytes.len - used;
	size_t more = rest < session->frame_left ? rest : session->frame_left;
	session->frame_left -= more;
	return used + more;
}

bool
kp_http2_begin_turn(struct kp_http2_session *session, uint32_t frames_max)
{
	/* A frame that is of use earns its token back; a request broken off costs three
	 * frames at least. */
	uint64_t spent = session->turn_frames_us > session->frames.left_us
		? session->turn_frames_us - session->frames.left_us
		: 0;
	if (session->turn_resets_us > session->resets.left_us) {
		spent += FRAMES_PER_RESET *
			(session->turn_resets_us - session->resets.left_us);
	}
	session->turn_frames_us = session->frames.left_us;
	session->turn_resets_us = session->resets.left_us;
	bool wasted = spent > KP_HTTP2_UNIT * session->turn_max / 2;
	session->turn_frames = frames_max;
	session->turn_max = frames_max;
	return wasted;
}

/* Between two frames, with none left for this turn. */
static bool
is_used_up(const struct kp_http2_session *session)
{
	return session->turn_frames == 0 && session->frame_left == 0 &&
		session->frame_head_len == 0;
}

size_t
kp_http2_receive(struct kp_http2_session *session, struct kp_slice bytes, uint64_t now_us)
{
	size_t left = bytes.len;
	kp_http2_budget_tick(&session->frames, now_us);
	kp_http2_budget_tick(&session->resets, now_us);
	while (left > 0 && !session->failed && !is_used_up(session)) {
		const char *at = bytes.data + (bytes.len - left);
		size_t len = frame_bytes(session, (struct kp_slice){at, left});
		if (session->failed) {
			return bytes.len;
		}
		ssize_t used = nghttp2_session_mem_recv(
			session->nghttp2, (const uint8_t *)at, len);
		if (used < 0) {
			kp_http2_fail_as(session, (int)used);
		}
		left -= len;
	}
	return session->failed ? bytes.len : bytes.len - left;
}

/* Opening. */

static void
set_callbacks(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_on_begin_headers_callback(
		callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_invalid_header_callback(
		callbacks, on_invalid_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(
		callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_frame_send_callback(
		callbacks, kp_http2_on_frame_sent);
	nghttp2_session_callbacks_set_send_data_callback(
		callbacks, kp_http2_on_send_data);
}

static void
set_options(nghttp2_option *option, const struct kp_http2_limits *limits)
{
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_no_closed_streams(option, 1);
	nghttp2_option_set_max_outbound_ack(option, ACKS_MAX);
	nghttp2_option_set_max_settings(option, limits->settings_max);
	nghttp2_option_set_max_continuations(option, NO_BOUND);
	nghttp2_option_set_max_deflate_dynamic_table_size(
		option, limits->header_table_bytes_max);
	nghttp2_option_set_stream_reset_rate_limit(option, NO_BOUND, NO_BOUND);
}

static int
open_session(struct kp_http2_session *session)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	nghttp2_mem memory = {
		.mem_user_data = &session->memory,
		.malloc = kp_http2_malloc,
		.free = kp_http2_free,
		.calloc = kp_http2_calloc,
		.realloc = kp_http2_realloc,
	};
	int code = nghttp2_session_callbacks_new(&callbacks);
	if (code == 0) {
		code = nghttp2_option_new(&option);
	}
	if (code == 0) {
		set_callbacks(callbacks);
		set_options(option, &session->limits);
		code = nghttp2_session_server_new3(
			&session->nghttp2, callbacks, session, option, &memory);
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return code;
}

static int
submit_settings(struct kp_http2_session *session)
{
	const struct kp_http2_limits *limits = &session->limits;
	const nghttp2_settings_entry entries[] = {
		{NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits->header_table_bytes_max},
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits->streams_max},
		{NGHTTP2_SETTINGS_MAX_FRAME_SIZE, limits->frame_bytes_max},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
			(uint32_t)session->http.header_bytes_max},
		{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
	};
	int code = nghttp2_submit_settings(
		session->nghttp2, NGHTTP2_FLAG_NONE, entries, KP_ARRAY_LEN(entries));
	if (code == 0) {
		code = nghttp2_session_set_local_window_size(session->nghttp2,
			NGHTTP2_FLAG_NONE, 0, (int32_t)limits->window_bytes);
	}
	return code;
}

enum kp_status
kp_http2_create(const struct kp_http2_limits *limits, const struct kp_http_limits *http,
	const struct kp_http2_user *user, void *owner, uint64_t now_us,
	struct kp_http2_session **ret_session, struct kp_error *err)
{
	struct kp_http2_session *session = kp_heap_calloc(1, sizeof(*session));
	if (session == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a connection");
	}
	struct kp_http_parser parser;
	kp_http_parser_init(&parser, http, NULL); /* for the defaults */
	session->limits = *limits;
	session->http = parser.limits;
	session->user = user;
	session->owner = owner;
	session->memory.bytes_max = limits->memory_bytes_max;
	session->frame_left = KP_HTTP2_PREFACE_BYTES;
	session->turn_frames = UINT32_MAX;
	session->turn_max = UINT32_MAX;
	kp_http2_budget_init(&session->resets, limits->resets_burst,
		limits->resets_per_second, now_us);
	kp_http2_budget_init(&session->frames, limits->frames_burst,
		limits->frames_per_second, now_us);
	if (open_session(session) != 0 || submit_settings(session) != 0) {
		kp_http2_destroy(&session);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a connection");
	}
	*ret_session = session;
	return KP_OK;
}

void
kp_http2_destroy(struct kp_http2_session **session_at)
{
	struct kp_http2_session *session = *session_at;
	if (session != NULL) {
		*session_at = NULL;
		/* Not nghttp2_session_del: after an allocation that failed it frees an
		 * item twice (1.52; a stream keeps it when it cannot be queued). */
		kp_http2_free_all(&session->memory);
		kp_heap_free(session);
	}
}

bool
kp_http2_over(struct kp_http2_session *session)
{
	if (session->failed) {
		return session->goodbye_sent;
	}
	return nghttp2_session_want_read(session->nghttp2) == 0 &&
		nghttp2_session_want_write(session->nghttp2) == 0;
}

bool
kp_http2_crowded(struct kp_http2_session *session)
{
	return nghttp2_session_get_outbound_queue_size(session->nghttp2) >
		session->limits.streams_max + ACKS_MAX / 2;
}

bool
kp_http2_failed(const struct kp_http2_session *session)
{
	return session->failed;
}

bool
kp_http2_wronged(const struct kp_http2_session *session)
{
	return session->failed && session->fail_code != NGHTTP2_INTERNAL_ERROR;
}

bool
kp_http2_flooded(const struct kp_http2_session *session)
{
	return session->flooded;
}
