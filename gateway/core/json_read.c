/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_read: see json_read.h.
 *
 * Each take_* function reads one thing at `at`, which is before the end of the chunk, and
 * returns where it stopped; NULL after a fault. Between tokens only `expect` is
 * remembered; a token that the chunk cuts in two is one of the EXPECT_*_REST states.
 */
#include "core/json_read.h"

#include "core/json_number.h"
#include "core/json_place.h"
#include "core/json_text.h"

#define FRAMES_FIRST 16u
#define CARRY_FIRST ((size_t)128)
#define QUIET_NEXT UINT32_MAX /* quiet_depth while the skipped value has not begun */

enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* after '[' */
	EXPECT_NAME,
	EXPECT_NAME_OR_END, /* after '{' */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING, /* after the document's value */
	EXPECT_TEXT_REST,
	EXPECT_NUMBER_REST,
	EXPECT_LITERAL_REST,
};

static inline uint64_t
offset_of(const struct kp_json_reader *reader, const char *at)
{
	return reader->offset + (uint64_t)(at - reader->chunk);
}

static const char *
fail_at(struct kp_json_reader *reader, enum kp_status status, uint64_t offset,
	const char *fault)
{
	reader->status = status;
	reader->fault = fault;
	reader->fault_offset = offset;
	return NULL;
}

static const char *
fail(struct kp_json_reader *reader, const char *at, const char *fault)
{
	return fail_at(reader, KP_E_SYNTAX, offset_of(reader, at), fault);
}

static const char *
fail_limit(
	struct kp_json_reader *reader, uint64_t offset, const char *name, uint64_t limit)
{
	reader->fault_limit = limit;
	return fail_at(reader, KP_E_LIMIT, offset, name);
}

static const char *
fail_memory(struct kp_json_reader *reader)
{
	return fail_at(reader, KP_E_MEMORY, reader->token.offset, "no memory left");
}

/* ---- events ---- */

static bool
send_event(struct kp_json_reader *reader, enum kp_json_event event, struct kp_slice raw)
{
	reader->token.event = event;
	reader->token.raw = raw;
	reader->token.depth = reader->depth;
	enum kp_json_verdict verdict = reader->on_event(reader->ctx, &reader->token);
	if (verdict == KP_JSON_GO) {
		return true;
	}
	if (verdict == KP_JSON_SKIP) {
		if (event == KP_JSON_NAME) {
			reader->quiet_depth = QUIET_NEXT;
		} else if (event == KP_JSON_OBJECT_BEGIN ||
			event == KP_JSON_ARRAY_BEGIN) {
			reader->quiet_depth = reader->depth + 1;
		}
	}
	if (verdict == KP_JSON_STOP) {
		(void)fail_at(reader, KP_E_CANCELLED, reader->token.offset,
			"reading was stopped");
		return false;
	}
	return true;
}

/* A string, number or literal is complete. */
static inline bool
end_scalar(struct kp_json_reader *reader, enum kp_json_event event, struct kp_slice raw)
{
	reader->expect = reader->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
	if (reader->quiet_depth == 0) {
		return send_event(reader, event, raw);
	}
	if (reader->quiet_depth == QUIET_NEXT) {
		reader->quiet_depth = 0;
	}
	return true;
}

/* ---- what a chunk leaves unfinished ---- */

/* Room for `needed` bytes; what was there (`used` bytes) stays. */
static bool
fit(struct kp_json_reader *reader, char **block, size_t *capacity, size_t used,
	size_t needed)
{
	if (needed <= *capacity) {
		return true;
	}
	size_t larger = *capacity == 0 ? CARRY_FIRST : 2 * *capacity;
	while (larger < needed) {
		larger *= 2;
	}
	char *grown = kp_arena_bytes(reader->arena, larger);
	if (grown == NULL) {
		(void)fail_memory(reader);
		return false;
	}
	if (used > 0) {
		memcpy(grown, *block, used);
	}
	*block = grown;
	*capacity = larger;
	return true;
}

static bool
carry(struct kp_json_reader *reader, const char *from, size_t len)
{
	size_t needed = reader->carry_len + len;
	if (!fit(reader, &reader->carry, &reader->carry_capacity, reader->carry_len,
		    needed)) {
		return false;
	}
	if (len > 0) {
		memcpy(reader->carry + reader->carry_len, from, len);
	}
	reader->carry_len = needed;
	return true;
}

static struct kp_slice
carried(const struct kp_json_reader *reader)
{
	return reader->carry_len == 0
		? (struct kp_slice){"", 0}
		: (struct kp_slice){reader->carry, reader->carry_len};
}

static bool
save_names(struct kp_json_reader *reader)
{
	if (!kp_json_place_save(reader)) {
		(void)fail_memory(reader);
		return false;
	}
	return true;
}

/* ---- names and strings ---- */

/* The name without escapes, in storage that the next such name takes over; data is NULL
 * when there is no memory. */
static KP_APART struct kp_slice
decode_name(struct kp_json_reader *reader, struct kp_slice raw)
{
	if (!fit(reader, &reader->scratch, &reader->scratch_capacity, 0, raw.len)) {
		return (struct kp_slice){NULL, 0};
	}
	struct kp_text_cursor cursor = {.at = raw.data, .end = raw.data + raw.len};
	size_t len = 0;
	int byte;
	while ((byte = kp_text_next(&cursor)) >= 0) {
		reader->scratch[len++] = (char)byte;
	}
	return (struct kp_slice){reader->scratch, len};
}

static const char *
add_name(struct kp_json_reader *reader, struct kp_slice raw, const char *at)
{
	struct kp_json_frame *frame = &reader->frames[reader->depth - 1];
	size_t count_max = reader->limits.names_per_object_max;
	if (kp_json_names_count(&reader->names, &frame->scope) >= count_max) {
		return fail_limit(
			reader, reader->token.offset, "names_per_object_max", count_max);
	}
	frame->name = raw;
	struct kp_slice text = reader->token.escaped ? decode_name(reader, raw) : raw;
	if (text.data == NULL) {
		return NULL;
	}
	enum kp_status status = kp_json_names_add(&reader->names, &frame->scope, text);
	if (status == KP_E_INVALID) {
		return fail_at(reader, status, reader->token.offset,
			"the object has this name twice");
	}
	return status == KP_OK ? at : fail_memory(reader);
}

static const char *
end_name(struct kp_json_reader *reader, struct kp_slice raw, const char *at)
{
	if (add_name(reader, raw, at) == NULL) {
		return NULL;
	}
	reader->expect = EXPECT_COLON;
	if (reader->quiet_depth == 0 && !send_event(reader, KP_JSON_NAME, raw)) {
		return NULL;
	}
	if (reader->token_carried && !save_names(reader)) {
		return NULL;
	}
	return at;
}

/* `at` is behind the closing quote. */
static inline const char *
end_text(struct kp_json_reader *reader, struct kp_slice raw, const char *at, bool is_name)
{
	uint64_t len = offset_of(reader, at) - reader->token.offset - 2;
	if (len > reader->limits.token_bytes_max) {
		return fail_limit(reader, reader->token.offset, "token_bytes_max",
			reader->limits.token_bytes_max);
	}
	if (is_name) {
		return end_name(reader, raw, at);
	}
	return end_scalar(reader, KP_JSON_STRING, raw) ? at : NULL;
}

/* From `at`, inside a string, to its closing quote; `end` when the chunk has none. */
static const char *
scan_text(struct kp_json_reader *reader, const char *at, const char *end)
{
	enum kp_text_state state = (enum kp_text_state)reader->text_state;
	while (at < end) {
		if (state == KP_TEXT_PLAIN) {
			at = kp_text_skip_plain(at, end);
			if (at == end || *at == '"') {
				break;
			}
			const char *wide = kp_text_skip_wide(at, end);
			if (wide > at) {
				at = wide;
				continue;
			}
			reader->token.escaped = reader->token.escaped || *at == '\\';
		}
		state = kp_text_step(state, &reader->text_code, (unsigned char)*at);
		if (state == KP_TEXT_FAULT) {
			return fail(reader, at,
				"a string has a control byte, a wrong escape or wrong "
				"UTF-8");
		}
		at++;
	}
	reader->text_state = state;
	return at;
}

/* The chunk ends inside a string that began at `from` or before it. */
static const char *
leave_text(struct kp_json_reader *reader, const char *from, const char *end)
{
	uint64_t len = offset_of(reader, end) - reader->token.offset - 1;
	if (len > reader->limits.token_bytes_max) {
		return fail_limit(reader, reader->token.offset, "token_bytes_max",
			reader->limits.token_bytes_max);
	}
	reader->expect = EXPECT_TEXT_REST;
	reader->token_carried = true;
	bool wanted = reader->token_is_name || reader->quiet_depth == 0;
	return !wanted || carry(reader, from, (size_t)(end - from)) ? end : NULL;
}

/* `at` is at the opening quote. */
static inline const char *
take_text(struct kp_json_reader *reader, const char *at, const char *end, bool is_name)
{
	reader->token.offset = offset_of(reader, at);
	reader->token_is_name = is_name;
	reader->token.escaped = false;
	reader->token_carried = false;
	reader->text_state = KP_TEXT_PLAIN;
	const char *from = at + 1;
	/* Most are plain from quote to quote. */
	at = kp_text_skip_plain(from, end);
	if (at == end || *at != '"') {
		at = scan_text(reader, at, end);
	}
	if (at == NULL) {
		return NULL;
	}
	if (at == end) {
		reader->carry_len = 0;
		return leave_text(reader, from, end);
	}
	struct kp_slice raw = {from, (size_t)(at - from)};
	return end_text(reader, raw, at + 1, is_name);
}

static const char *
take_text_rest(struct kp_json_reader *reader, const char *at, const char *end)
{
	const char *from = at;
	at = scan_text(reader, from, end);
	if (at == NULL || at == end) {
		return at == NULL ? NULL : leave_text(reader, from, end);
	}
	bool wanted = reader->token_is_name || reader->quiet_depth == 0;
	if (wanted && !carry(reader, from, (size_t)(at - from))) {
		return NULL;
	}
	return end_text(reader, carried(reader), at + 1, reader->token_is_name);
}

/* ---- numbers ---- */

static bool
end_number(struct kp_json_reader *reader, struct kp_slice raw)
{
	if (raw.len > reader->limits.token_bytes_max) {
		(void)fail_limit(reader, reader->token.offset, "token_bytes_max",
			reader->limits.token_bytes_max);
		return false;
	}
	reader->token.escaped = false;
	return end_scalar(reader, KP_JSON_NUMBER, raw);
}

static const char *
take_number_rest(struct kp_json_reader *reader, const char *at, const char *end)
{
	const char *from = at;
	while (at < end && kp_json_is_number_byte(*at)) {
		at++;
	}
	/* One byte over the limit is kept, so that end_number sees that it was passed. */
	size_t room = reader->limits.token_bytes_max + 1 - reader->carry_len;
	size_t len = (size_t)(at - from);
	if (!carry(reader, from, len < room ? len : room)) {
		return NULL;
	}
	bool over = reader->carry_len > reader->limits.token_bytes_max;
	if (at == end && !over) {
		reader->expect = EXPECT_NUMBER_REST;
		return end;
	}
	struct kp_slice raw = carried(reader);
	if (!over && !kp_json_number_valid(raw)) {
		return fail_at(reader, KP_E_SYNTAX, reader->token.offset,
			"a number is not written as JSON wants it");
	}
	return end_number(reader, raw) ? at : NULL;
}

static inline const char *
take_number(struct kp_json_reader *reader, const char *at, const char *end)
{
	reader->token.offset = offset_of(reader, at);
	const char *stop = kp_json_scan_number(at, end);
	if (stop != NULL && stop < end && !kp_json_is_number_byte(*stop)) {
		struct kp_slice raw = {at, (size_t)(stop - at)};
		return end_number(reader, raw) ? stop : NULL;
	}
	/* The chunk may have cut it in two; if not, the rest finds the fault. */
	reader->carry_len = 0;
	return take_number_rest(reader, at, end);
}

/* ---- true, false, null ---- */

static const char *
take_literal_rest(struct kp_json_reader *reader, const char *at, const char *end)
{
	const char *literal = reader->literal;
	while (at < end && literal[reader->literal_at] != '\0') {
		if (*at != literal[reader->literal_at]) {
			return fail(reader, at, "a value was expected");
		}
		at++;
		reader->literal_at++;
	}
	if (literal[reader->literal_at] != '\0') {
		reader->expect = EXPECT_LITERAL_REST;
		return at;
	}
	enum kp_json_event event = literal[0] == 't' ? KP_JSON_TRUE
		: literal[0] == 'f'                  ? KP_JSON_FALSE
						     : KP_JSON_NULL;
	reader->token.escaped = false;
	struct kp_slice raw = {literal, reader->literal_at};
	return end_scalar(reader, event, raw) ? at : NULL;
}

static const char *
take_literal(struct kp_json_reader *reader, const char *at, const char *end)
{
	reader->token.offset = offset_of(reader, at);
	reader->literal = *at == 't' ? "true" : *at == 'f' ? "false" : "null";
	reader->literal_at = 0;
	return take_literal_rest(reader, at, end);
}

/* ---- objects and arrays ---- */

static bool
fit_frames(struct kp_json_reader *reader)
{
	if (reader->depth < reader->frames_capacity) {
		return true;
	}
	unsigned capacity =
		reader->frames_capacity == 0 ? FRAMES_FIRST : 2 * reader->frames_capacity;
	struct kp_json_frame *frames =
		KP_ARENA_ARRAY(reader->arena, struct kp_json_frame, capacity);
	if (frames == NULL) {
		(void)fail_memory(reader);
		return false;
	}
	if (reader->depth > 0) {
		memcpy(frames, reader->frames, reader->depth * sizeof(*frames));
	}
	reader->frames = frames;
	reader->frames_capacity = capacity;
	return true;
}

static const char *
take_begin(struct kp_json_reader *reader, const char *at, bool is_object)
{
	reader->token.offset = offset_of(reader, at);
	reader->token.escaped = false;
	if (reader->depth >= reader->limits.depth_max) {
		return fail_limit(reader, reader->token.offset, "depth_max",
			reader->limits.depth_max);
	}
	if (!fit_frames(reader)) {
		return NULL;
	}
	if (reader->quiet_depth == 0) {
		enum kp_json_event event =
			is_object ? KP_JSON_OBJECT_BEGIN : KP_JSON_ARRAY_BEGIN;
		if (!send_event(reader, event, (struct kp_slice){at, 1})) {
			return NULL;
		}
	} else if (reader->quiet_depth == QUIET_NEXT) {
		reader->quiet_depth = reader->depth + 1;
	}
	struct kp_json_frame *frame = &reader->frames[reader->depth++];
	frame->is_object = is_object;
	frame->name = (struct kp_slice){NULL, 0};
	frame->index = 0;
	kp_json_names_open(&reader->names, &frame->scope);
	reader->expect = is_object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
	return at + 1;
}

static const char *
take_end(struct kp_json_reader *reader, const char *at)
{
	reader->token.offset = offset_of(reader, at);
	reader->token.escaped = false;
	struct kp_json_frame *frame = &reader->frames[reader->depth - 1];
	bool is_object = frame->is_object;
	if (*at != (is_object ? '}' : ']')) {
		return fail(reader, at, "the other closing bracket was expected");
	}
	kp_json_names_close(&reader->names, &frame->scope);
	unsigned closed = reader->depth--;
	reader->expect = reader->depth == 0 ? EXPECT_NOTHING : EXPECT_COMMA_OR_END;
	if (reader->quiet_depth == 0) {
		enum kp_json_event event =
			is_object ? KP_JSON_OBJECT_END : KP_JSON_ARRAY_END;
		return send_event(reader, event, (struct kp_slice){at, 1}) ? at + 1
									   : NULL;
	}
	if (reader->quiet_depth == closed) {
		reader->quiet_depth = 0;
	}
	return at + 1;
}

/* ---- the grammar ---- */

static inline const char *
take_value(struct kp_json_reader *reader, const char *at, const char *end)
{
	switch (*at) {
	case '"':
		return take_text(reader, at, end, false);
	case '{':
		return take_begin(reader, at, true);
	case '[':
		return take_begin(reader, at, false);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		return take_number(reader, at, end);
	case 't':
	case 'f':
	case 'n':
		return take_literal(reader, at, end);
	case '\xef':
		if (offset_of(reader, at) == 0) {
			return fail(
				reader, at, "the document begins with a byte order mark");
		}
		break;
	default:
		break;
	}
	return fail(reader, at, "a value was expected");
}

static inline const char *
take_comma_or_end(struct kp_json_reader *reader, const char *at)
{
	struct kp_json_frame *frame = &reader->frames[reader->depth - 1];
	if (*at == ',') {
		frame->index++;
		reader->expect = frame->is_object ? EXPECT_NAME : EXPECT_VALUE;
		return at + 1;
	}
	if (*at == '}' || *at == ']') {
		return take_end(reader, at);
	}
	return fail(reader, at, "a comma or a closing bracket was expected");
}

static inline const char *
take_colon(struct kp_json_reader *reader, const char *at)
{
	if (*at != ':') {
		return fail(reader, at, "a colon was expected");
	}
	reader->expect = EXPECT_VALUE;
	return at + 1;
}

static inline const char *
take_name(struct kp_json_reader *reader, const char *at, const char *end)
{
	if (*at != '"') {
		return fail(reader, at, "a name in quotes was expected");
	}
	at = take_text(reader, at, end, true);
	/* Nearly always; what else comes is for the next turn. */
	return at != NULL && at < end && *at == ':' ? take_colon(reader, at) : at;
}

static inline const char *
take_token(struct kp_json_reader *reader, const char *at, const char *end)
{
	switch ((enum expect)reader->expect) {
	case EXPECT_VALUE_OR_END:
		return *at == ']' ? take_end(reader, at) : take_value(reader, at, end);
	case EXPECT_VALUE:
		return take_value(reader, at, end);
	case EXPECT_NAME_OR_END:
		return *at == '}' ? take_end(reader, at) : take_name(reader, at, end);
	case EXPECT_NAME:
		return take_name(reader, at, end);
	case EXPECT_COLON:
		return take_colon(reader, at);
	case EXPECT_COMMA_OR_END:
		return take_comma_or_end(reader, at);
	case EXPECT_NOTHING:
		return fail(reader, at, "the document has bytes after its value");
	case EXPECT_TEXT_REST:
		return take_text_rest(reader, at, end);
	case EXPECT_NUMBER_REST:
		return take_number_rest(reader, at, end);
	case EXPECT_LITERAL_REST:
		return take_literal_rest(reader, at, end);
	}
	KP_UNREACHABLE();
}

static inline bool
is_space(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* Line ends occur between tokens only, so counting them here counts them all. */
static inline const char *
skip_space(struct kp_json_reader *reader, const char *at, const char *end)
{
	const uint64_t spaces = 0x2020202020202020;
	while (at < end && is_space(*at)) {
		if (*at++ == '\n') {
			reader->line++;
			reader->line_start = offset_of(reader, at);
		}
		uint64_t word;
		while (end - at >= 8 && (memcpy(&word, at, 8), word == spaces)) {
			at += 8;
		}
	}
	return at;
}

static bool
read_chunk(struct kp_json_reader *reader, struct kp_slice chunk)
{
	const char *at = chunk.data;
	const char *end = at + chunk.len;
	reader->chunk = at;
	while (at != NULL && at < end) {
		if ((unsigned char)*at <= ' ' && reader->expect < EXPECT_TEXT_REST) {
			at = skip_space(reader, at, end);
			if (at == end) {
				break;
			}
		}
		at = take_token(reader, at, end);
	}
	if (at == NULL || !save_names(reader)) {
		return false;
	}
	reader->offset += chunk.len;
	return true;
}

/* ---- calls ---- */

static enum kp_status
end_in_error(struct kp_json_reader *reader, struct kp_error *err)
{
	enum kp_status status = kp_json_place_error(reader, err);
	kp_json_place_forget(reader);
	return status;
}

enum kp_status
kp_json_reader_push(
	struct kp_json_reader *reader, struct kp_slice chunk, struct kp_error *err)
{
	if (reader->status != KP_OK) {
		return kp_json_place_error(reader, err);
	}
	if (chunk.len == 0) {
		return KP_OK;
	}
	uint64_t left = reader->limits.document_bytes_max - reader->offset;
	bool over = chunk.len > left;
	if (over) {
		chunk.len = (size_t)left;
	}
	if (!read_chunk(reader, chunk)) {
		return end_in_error(reader, err);
	}
	if (over) {
		(void)fail_limit(reader, reader->offset, "document_bytes_max",
			reader->limits.document_bytes_max);
		return end_in_error(reader, err);
	}
	return KP_OK;
}

enum kp_status
kp_json_reader_finish(struct kp_json_reader *reader, struct kp_error *err)
{
	if (reader->status != KP_OK) {
		return kp_json_place_error(reader, err);
	}
	struct kp_slice raw = carried(reader);
	if (reader->expect == EXPECT_NUMBER_REST && reader->depth == 0 &&
		kp_json_number_valid(raw)) {
		return end_number(reader, raw) ? KP_OK : end_in_error(reader, err);
	}
	if (reader->expect != EXPECT_NOTHING) {
		(void)fail_at(reader, KP_E_SYNTAX, reader->offset,
			"the document ends too early");
		return end_in_error(reader, err);
	}
	return KP_OK;
}
