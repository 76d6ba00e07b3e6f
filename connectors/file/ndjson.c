/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* ndjson: see ndjson.h. */
#include "connectors/file/ndjson.h"

#include <stdio.h>

#define BLOCK_BYTES ((size_t)8192)
#define LINE_ARENA_BYTES_MAX ((size_t)16 << 20)

/* Faults. */

/* The place is the line: the names on the way may be data, such as a client's number. */
static void
remember(struct kp_ndjson_reader *reader, enum kp_status status)
{
	char place[32];
	(void)snprintf(
		place, sizeof(place), "line %llu", (unsigned long long)reader->number);
	reader->status = status;
	kp_error_at(
		&reader->err, NULL, (unsigned)reader->number, reader->err.column, place);
}

static enum kp_json_verdict
refuse(struct kp_ndjson_reader *reader, enum kp_status status, const char *fault)
{
	(void)kp_error_set(&reader->err, status, "%s", fault);
	remember(reader, status);
	return KP_JSON_STOP;
}

static enum kp_json_verdict
refuse_column(struct kp_ndjson_reader *reader, size_t column, const char *fault)
{
	struct kp_slice name = reader->columns.names[column];
	(void)kp_error_set(&reader->err, KP_E_INVALID, "the member '%.*s' %s",
		name.len > 60 ? 60 : (int)name.len, name.data, fault);
	remember(reader, KP_E_INVALID);
	return KP_JSON_STOP;
}

/* Events. */

static size_t
find_column(const struct kp_ndjson_reader *reader)
{
	struct kp_slice path = {reader->path, reader->path_len};
	for (size_t i = 0; i < reader->columns.count; i++) {
		if (kp_slice_equal(reader->columns.names[i], path)) {
			return i;
		}
	}
	return KP_ROW_NO_COLUMN;
}

/* Does the path lead on to a column? */
static bool
leads_on(const struct kp_ndjson_reader *reader)
{
	struct kp_slice path = {reader->path, reader->path_len};
	for (size_t i = 0; i < reader->columns.count; i++) {
		struct kp_slice name = reader->columns.names[i];
		if (name.len > path.len && name.data[path.len] == '.' &&
			kp_slice_starts(name, path)) {
			return true;
		}
	}
	return false;
}

static enum kp_json_verdict
on_name(struct kp_ndjson_reader *reader, const struct kp_json_token *token)
{
	struct kp_slice name;
	size_t len = reader->ends[token->depth];
	if (kp_json_unescape(token->raw, &reader->line, &name) != KP_OK) {
		return refuse(reader, KP_E_MEMORY, "no memory left");
	}
	if (name.len + 1 > sizeof(reader->path) - len) {
		return KP_JSON_SKIP;
	}
	if (token->depth > 1) {
		reader->path[len++] = '.';
	}
	memcpy(reader->path + len, name.data, name.len);
	reader->path_len = len + name.len;
	reader->column = find_column(reader);
	if (reader->column != KP_ROW_NO_COLUMN && reader->seen[reader->column]) {
		return refuse_column(reader, reader->column, "is there twice");
	}
	return KP_JSON_GO;
}

/* What no column names is told, and passed over. */
static enum kp_json_verdict
pass_over(struct kp_ndjson_reader *reader)
{
	const struct kp_form_handler *handler = &reader->handler;
	struct kp_slice path = {reader->path, reader->path_len};
	if (handler->other == NULL || handler->other(handler->ctx, path)) {
		return KP_JSON_SKIP;
	}
	return refuse(reader, KP_E_CANCELLED, "reading was stopped");
}

static enum kp_json_verdict
on_nested(struct kp_ndjson_reader *reader, const struct kp_json_token *token)
{
	if (reader->column != KP_ROW_NO_COLUMN) {
		return refuse_column(reader, reader->column,
			token->event == KP_JSON_OBJECT_BEGIN ? "holds an object"
							     : "holds an array");
	}
	if (token->event == KP_JSON_ARRAY_BEGIN || !leads_on(reader)) {
		return pass_over(reader);
	}
	reader->ends[token->depth + 1] = reader->path_len;
	return KP_JSON_GO;
}

static enum kp_json_verdict
on_scalar(struct kp_ndjson_reader *reader, const struct kp_json_token *token)
{
	if (reader->column == KP_ROW_NO_COLUMN) {
		return pass_over(reader);
	}
	struct kp_row_value *value = &reader->values[reader->column];
	reader->seen[reader->column] = true;
	if (token->event == KP_JSON_NULL) {
		return KP_JSON_GO;
	}
	/* A copy: the line may come in more than one piece. */
	struct kp_slice text = token->raw;
	if (token->escaped &&
		kp_json_unescape(token->raw, &reader->line, &text) != KP_OK) {
		return refuse(reader, KP_E_MEMORY, "no memory left");
	}
	value->text = token->escaped ? text : kp_arena_copy(&reader->line, text);
	value->json = token->event != KP_JSON_STRING;
	return value->text.data == NULL ? refuse(reader, KP_E_MEMORY, "no memory left")
					: KP_JSON_GO;
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct kp_ndjson_reader *reader = ctx;
	if (token->depth == 0 && token->event != KP_JSON_OBJECT_BEGIN &&
		token->event != KP_JSON_OBJECT_END) {
		return refuse(reader, KP_E_INVALID, "the line holds no object");
	}
	switch (token->event) {
	case KP_JSON_NAME:
		return on_name(reader, token);
	case KP_JSON_OBJECT_BEGIN:
		return token->depth == 0 ? KP_JSON_GO : on_nested(reader, token);
	case KP_JSON_ARRAY_BEGIN:
		return on_nested(reader, token);
	case KP_JSON_OBJECT_END:
	case KP_JSON_ARRAY_END:
		return KP_JSON_GO;
	case KP_JSON_STRING:
	case KP_JSON_NUMBER:
	case KP_JSON_TRUE:
	case KP_JSON_FALSE:
	case KP_JSON_NULL:
		return on_scalar(reader, token);
	}
	KP_UNREACHABLE();
}

/* Lines. */

static void
begin_line(struct kp_ndjson_reader *reader, uint64_t offset)
{
	const struct kp_json_limits limits = {
		.depth_max = KP_NDJSON_DEPTH_MAX,
		.document_bytes_max = KP_NDJSON_LINE_BYTES_MAX,
	};
	kp_arena_init(&reader->line, LINE_ARENA_BYTES_MAX, NULL);
	kp_arena_lend(&reader->line, reader->block, BLOCK_BYTES);
	kp_json_reader_init(&reader->json, &limits, &reader->line, on_event, reader);
	memset(reader->values, 0, reader->columns.count * sizeof(*reader->values));
	memset(reader->seen, 0, reader->columns.count * sizeof(*reader->seen));
	reader->begun = true;
	reader->begin = offset;
}

static bool
settle(struct kp_ndjson_reader *reader, enum kp_status status, const struct kp_error *err)
{
	/* Else the event function refused, and has said why. */
	if (status != KP_OK && reader->status == KP_OK) {
		reader->err = *err;
		remember(reader, status);
	}
	return reader->status == KP_OK;
}

static bool
give_row(struct kp_ndjson_reader *reader, uint64_t end)
{
	if (!reader->seen[0]) {
		(void)refuse_column(reader, 0, "is not there");
		return false;
	}
	const struct kp_form_row row = {
		.number = reader->number,
		.offset = reader->begin,
		.len = end - reader->begin,
		.values = reader->values,
		.count = reader->columns.count,
	};
	if (!reader->handler.row(reader->handler.ctx, &row)) {
		(void)refuse(reader, KP_E_CANCELLED, "reading was stopped");
		return false;
	}
	return true;
}

/* The line ends before `end`. */
static bool
end_line(struct kp_ndjson_reader *reader, uint64_t end)
{
	if (reader->begun) {
		struct kp_error err = {0};
		enum kp_status status = kp_json_reader_finish(&reader->json, &err);
		if (!settle(reader, status, &err) || !give_row(reader, end)) {
			return false;
		}
		kp_arena_deinit(&reader->line);
		reader->begun = false;
	}
	return true;
}

/* Bytes of one line, without its end. */
static bool
take_piece(struct kp_ndjson_reader *reader, struct kp_slice piece)
{
	size_t at = 0;
	while (!reader->begun && at < piece.len && strchr(" \t\r", piece.data[at]) &&
		piece.data[at] != '\0') {
		at++;
	}
	if (at == piece.len) {
		reader->offset += at;
		return true;
	}
	if (!reader->begun && (unsigned char)piece.data[at] >= 0xfe) {
		(void)refuse(reader, KP_E_SYNTAX,
			"the text is UTF-16: save it as UTF-8, without a byte order "
			"mark");
		return false;
	}
	if (!reader->begun) {
		begin_line(reader, reader->offset + at);
	}
	struct kp_slice rest = {piece.data + at, piece.len - at};
	reader->offset += piece.len;
	struct kp_error err = {0};
	enum kp_status status = kp_json_reader_push(&reader->json, rest, &err);
	return settle(reader, status, &err);
}

static bool
take_chunk(struct kp_ndjson_reader *reader, struct kp_slice chunk)
{
	while (chunk.len > 0) {
		const char *end = memchr(chunk.data, '\n', chunk.len);
		size_t len = end == NULL ? chunk.len : (size_t)(end - chunk.data);
		if (!take_piece(reader, (struct kp_slice){chunk.data, len})) {
			return false;
		}
		if (end == NULL) {
			return true;
		}
		reader->offset++;
		if (!end_line(reader, reader->offset)) {
			return false;
		}
		reader->number++;
		chunk.data += len + 1;
		chunk.len -= len + 1;
	}
	return true;
}

/* Calls. */

enum kp_status
kp_ndjson_reader_init(struct kp_ndjson_reader *reader,
	const struct kp_ndjson_columns *columns, struct kp_arena *arena,
	const struct kp_form_handler *handler, struct kp_error *err)
{
	*reader = (struct kp_ndjson_reader){
		.columns = *columns, .handler = *handler, .number = 1};
	reader->block = kp_arena_alloc(arena, BLOCK_BYTES);
	reader->values = KP_ARENA_ARRAY(arena, struct kp_row_value, columns->count);
	reader->seen = KP_ARENA_ARRAY(arena, bool, columns->count);
	if (reader->block == NULL || reader->values == NULL || reader->seen == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left");
	}
	return KP_OK;
}

/* The names come before the first line; they are not in the input. */
static bool
give_names(struct kp_ndjson_reader *reader)
{
	const struct kp_form_row names = {
		.names = reader->columns.names, .count = reader->columns.count};
	reader->named = true;
	if (!reader->handler.row(reader->handler.ctx, &names)) {
		(void)refuse(reader, KP_E_CANCELLED, "reading was stopped");
	}
	return reader->status == KP_OK;
}

static enum kp_status
answer(const struct kp_ndjson_reader *reader, struct kp_error *err)
{
	if (reader->status != KP_OK && err != NULL) {
		*err = reader->err;
	}
	return reader->status;
}

enum kp_status
kp_ndjson_reader_push(
	struct kp_ndjson_reader *reader, struct kp_slice chunk, struct kp_error *err)
{
	if (reader->status == KP_OK && (reader->named || give_names(reader))) {
		(void)take_chunk(reader, chunk);
	}
	return answer(reader, err);
}

enum kp_status
kp_ndjson_reader_finish(struct kp_ndjson_reader *reader, struct kp_error *err)
{
	if (reader->status == KP_OK && (reader->named || give_names(reader))) {
		(void)end_line(reader, reader->offset);
	}
	return answer(reader, err);
}

void
kp_ndjson_reader_deinit(struct kp_ndjson_reader *reader)
{
	kp_arena_deinit(&reader->line);
}
