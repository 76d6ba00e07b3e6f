/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * parse_probe: shows what a parser makes of files, for the scripts that hold it against
 * public suites. parse_probe json FILE...   one line per file: accept, or refuse and why
 *   parse_probe http FILE...   the events of each file as JSON lines, then one line with
 * the end parse_probe csv FILE...    the rows of each file as one line of JSON Every file
 * is read whole and byte by byte; "differ" is printed when the two do not agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv_read.h"
#include "core/json_read.h"
#include "core/json_write.h"
#include "http/http_parse.h"

#define FILE_BYTES_MAX ((size_t)4 << 20)
#define ARENA_BYTES_MAX ((size_t)64 << 20)

/* What one reading of one file wrote. */
struct outcome {
	struct kp_arena arena;
	struct kp_buffer buffer;
	struct kp_json_writer writer;
	enum kp_status status;
	struct kp_error err;
};

typedef void (*probe_fn)(struct outcome *outcome, struct kp_slice text, size_t step);

static size_t
piece_len(struct kp_slice text, size_t at, size_t step)
{
	return text.len - at < step ? text.len - at : step;
}

/* ---- json ---- */

static enum kp_json_verdict
on_token(void *ctx, const struct kp_json_token *token)
{
	struct outcome *outcome = ctx;
	kp_buffer_printf(&outcome->buffer, "%d", (int)token->event);
	kp_buffer_add_slice(&outcome->buffer, token->raw);
	return KP_JSON_GO;
}

static void
probe_json(struct outcome *outcome, struct kp_slice text, size_t step)
{
	struct kp_json_reader reader;
	kp_json_reader_init(&reader, NULL, &outcome->arena, on_token, outcome);
	for (size_t at = 0; at < text.len && outcome->status == KP_OK; at += step) {
		struct kp_slice piece = {text.data + at, piece_len(text, at, step)};
		outcome->status = kp_json_reader_push(&reader, piece, &outcome->err);
	}
	if (outcome->status == KP_OK) {
		outcome->status = kp_json_reader_finish(&reader, &outcome->err);
	}
	/* The scripts want the verdict only; the events were for comparing. */
}

/* ---- http ---- */

/* Bytes as text: one character for each, so that nothing is lost in JSON. */
static void
write_bytes(struct kp_json_writer *writer, struct kp_slice bytes)
{
	kp_json_write_comma(writer);
	kp_buffer_add_char(writer->buffer, '"');
	for (size_t i = 0; i < bytes.len; i++) {
		kp_buffer_printf(writer->buffer, "\\u%04x",
			(unsigned)(unsigned char)bytes.data[i]);
	}
	kp_buffer_add_char(writer->buffer, '"');
}

static void
write_head(struct kp_json_writer *writer, const struct kp_http_request *request)
{
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "method");
	write_bytes(writer, request->method_text);
	KP_JSON_WRITE_NAME(writer, "target");
	write_bytes(writer, request->target);
	KP_JSON_WRITE_NAME(writer, "keep_alive");
	kp_json_write_bool(writer, request->keep_alive);
	KP_JSON_WRITE_NAME(writer, "headers");
	kp_json_write_array_begin(writer);
	for (size_t i = 0; i < request->header_count; i++) {
		write_bytes(writer, request->headers[i].name);
		write_bytes(writer, request->headers[i].value);
	}
	kp_json_write_array_end(writer);
	kp_json_write_object_end(writer);
	writer->comma = false;
	kp_buffer_add_char(writer->buffer, '\n');
}

static void
write_line(struct outcome *outcome, const char *line)
{
	kp_buffer_printf(&outcome->buffer, "\"%s\"\n", line);
}

static void
push_http(struct outcome *outcome, struct kp_http_parser *parser, struct kp_slice piece)
{
	enum kp_http_event event = KP_HTTP_HEAD;
	size_t at = 0;
	while (event != KP_HTTP_MORE) {
		struct kp_slice rest = {piece.data + at, piece.len - at};
		struct kp_slice body = {NULL, 0};
		size_t used;
		outcome->status = kp_http_parser_push(
			parser, rest, &used, &event, &body, &outcome->err);
		if (outcome->status != KP_OK) {
			return;
		}
		at += used;
		if (event == KP_HTTP_HEAD) {
			write_head(&outcome->writer, &parser->request);
		}
		for (size_t i = 0; i < body.len; i++) {
			kp_buffer_printf(&outcome->buffer, "%d\n",
				(int)(unsigned char)body.data[i]);
		}
		if (event == KP_HTTP_END) {
			write_line(outcome, "end");
		}
	}
}

static void
probe_http(struct outcome *outcome, struct kp_slice text, size_t step)
{
	struct kp_http_parser parser;
	kp_http_parser_init(&parser, NULL, &outcome->arena);
	for (size_t at = 0; at < text.len && outcome->status == KP_OK; at += step) {
		struct kp_slice piece = {text.data + at, piece_len(text, at, step)};
		push_http(outcome, &parser, piece);
	}
	if (outcome->status == KP_OK && !kp_http_parser_idle(&parser)) {
		write_line(outcome, "open");
	}
}

/* ---- csv ---- */

static bool
on_row(void *ctx, const struct kp_csv_row *row)
{
	struct kp_json_writer *writer = &((struct outcome *)ctx)->writer;
	kp_json_write_array_begin(writer);
	for (size_t i = 0; i < row->field_count; i++) {
		kp_json_write_string(writer, row->fields[i]);
	}
	kp_json_write_array_end(writer);
	return true;
}

static void
read_csv(struct outcome *outcome, struct kp_slice text, size_t step, bool loose_quotes)
{
	struct kp_csv_options options = {.loose_quotes = loose_quotes};
	kp_json_write_array_begin(&outcome->writer);
	struct kp_csv_reader reader;
	outcome->status = kp_csv_reader_init(
		&reader, &options, &outcome->arena, on_row, outcome, &outcome->err);
	for (size_t at = 0; at < text.len && outcome->status == KP_OK; at += step) {
		struct kp_slice piece = {text.data + at, piece_len(text, at, step)};
		outcome->status = kp_csv_reader_push(&reader, piece, &outcome->err);
	}
	if (outcome->status == KP_OK) {
		outcome->status = kp_csv_reader_finish(&reader, &outcome->err);
	}
	kp_json_write_array_end(&outcome->writer);
	kp_buffer_add_char(&outcome->buffer, '\n');
}

static void
probe_csv(struct outcome *outcome, struct kp_slice text, size_t step)
{
	read_csv(outcome, text, step, false);
}

static void
probe_csv_loose(struct outcome *outcome, struct kp_slice text, size_t step)
{
	read_csv(outcome, text, step, true);
}

/* ---- files ---- */

static void
run(probe_fn probe, struct outcome *outcome, struct kp_slice text, size_t step)
{
	*outcome = (struct outcome){.status = KP_OK};
	kp_arena_init(&outcome->arena, ARENA_BYTES_MAX, NULL);
	kp_buffer_init(&outcome->buffer, &outcome->arena, ARENA_BYTES_MAX);
	kp_json_writer_init(&outcome->writer, &outcome->buffer);
	probe(outcome, text, step);
}

static void
show(probe_fn probe, struct kp_slice text)
{
	struct outcome whole;
	struct outcome bytes;
	run(probe, &whole, text, text.len == 0 ? 1 : text.len);
	run(probe, &bytes, text, 1);
	struct kp_slice found = kp_buffer_slice(&whole.buffer);
	bool same = whole.status == bytes.status &&
		kp_slice_equal(found, kp_buffer_slice(&bytes.buffer)) &&
		strcmp(whole.err.message, bytes.err.message) == 0;
	if (probe != probe_json && found.len > 0) {
		(void)fwrite(found.data, 1, found.len, stdout);
	}
	if (!same) {
		printf("differ\n");
	} else if (whole.status == KP_OK) {
		printf("accept\n");
	} else {
		printf("refuse %s %s\n", kp_status_info(whole.status)->name,
			whole.err.message);
	}
	kp_arena_deinit(&whole.arena);
	kp_arena_deinit(&bytes.arena);
}

static bool
show_file(probe_fn probe, const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = malloc(FILE_BYTES_MAX);
	if (file == NULL || text == NULL) {
		perror(path);
		exit(1);
	}
	size_t len = fread(text, 1, FILE_BYTES_MAX, file);
	bool whole = ferror(file) == 0 && len < FILE_BYTES_MAX;
	(void)fclose(file);
	if (whole) {
		show(probe, (struct kp_slice){text, len});
	}
	free(text);
	return whole;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		probe_fn probe;
	} probes[] = {{"json", probe_json}, {"http", probe_http}, {"csv", probe_csv},
		{"csv-loose", probe_csv_loose}};
	for (size_t i = 0; argc > 1 && i < KP_ARRAY_LEN(probes); i++) {
		if (strcmp(argv[1], probes[i].name) != 0) {
			continue;
		}
		bool good = true;
		for (int j = 2; j < argc; j++) {
			good = show_file(probes[i].probe, argv[j]) && good;
		}
		return good ? 0 : 1;
	}
	fprintf(stderr, "usage: parse_probe json|http|csv|csv-loose FILE...\n");
	return 2;
}
