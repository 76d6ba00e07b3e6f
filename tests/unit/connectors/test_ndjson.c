/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* ndjson: lines into rows, whole and cut at every place; what is refused and where; every
 * limit at and above; every allocation that fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "connectors/file/ndjson.h"
#include "core/buffer.h"

#define ARENA_BYTES ((size_t)16 << 20)

static const struct kp_slice names[] = {
	KP_SLICE_INIT("bsn"), KP_SLICE_INIT("naam.voluit"), KP_SLICE_INIT("bedrag")};
static const struct kp_ndjson_columns columns = {names, KP_ARRAY_LEN(names)};

struct log {
	struct kp_arena arena;
	struct kp_buffer text;
	size_t rows;
	size_t rows_max;
	bool no_others;
};

static bool
on_row(void *ctx, const struct kp_form_row *row)
{
	struct log *log = ctx;
	assert_int_equal(row->count, columns.count);
	assert_true((row->names == NULL) == (log->rows > 0));
	if (log->rows++ == 0) {
		assert_ptr_equal(row->names, names);
		assert_int_equal(row->len, 0);
		return log->rows_max > 0;
	}
	kp_buffer_printf(&log->text, "%llu@%llu+%llu", (unsigned long long)row->number,
		(unsigned long long)row->offset, (unsigned long long)row->len);
	for (size_t i = 0; i < row->count; i++) {
		kp_buffer_printf(&log->text, "%c%.*s", row->values[i].json ? '=' : '~',
			KP_SLICE_ARG(row->values[i].text));
	}
	kp_buffer_printf(&log->text, "\n");
	return log->rows <= log->rows_max;
}

static bool
on_other(void *ctx, struct kp_slice name)
{
	struct log *log = ctx;
	kp_buffer_printf(&log->text, "?%.*s\n", KP_SLICE_ARG(name));
	return !log->no_others;
}

static enum kp_status
read_in(struct kp_slice text, size_t piece, size_t memory, struct log *log,
	struct kp_error *err)
{
	struct kp_arena arena;
	struct kp_ndjson_reader reader = {0};
	const struct kp_form_handler handler = {log, on_row, on_other};
	*err = (struct kp_error){0};
	kp_arena_init(&arena, memory, NULL);
	enum kp_status status =
		kp_ndjson_reader_init(&reader, &columns, &arena, &handler, err);
	for (size_t at = 0; status == KP_OK && at < text.len; at += piece) {
		size_t len = text.len - at < piece ? text.len - at : piece;
		char *copy = malloc(len);
		assert_non_null(copy);
		memcpy(copy, text.data + at, len);
		status =
			kp_ndjson_reader_push(&reader, (struct kp_slice){copy, len}, err);
		memset(copy, 'X', len);
		free(copy);
	}
	if (status == KP_OK) {
		status = kp_ndjson_reader_finish(&reader, err);
	}
	if (status != KP_OK && memory == ARENA_BYTES) {
		struct kp_error again = {0};
		assert_int_equal(kp_ndjson_reader_finish(&reader, &again), status);
		assert_string_equal(again.message, err->message);
	}
	kp_ndjson_reader_deinit(&reader);
	kp_arena_deinit(&arena);
	return status;
}

static void
start(struct log *log)
{
	*log = (struct log){.rows_max = 1000};
	kp_arena_init(&log->arena, ARENA_BYTES, NULL);
	kp_buffer_init(&log->text, &log->arena, ARENA_BYTES);
}

/* The same, however it is cut. */
static void
expect(const char *text, enum kp_status status, const char *rows, const char *fault)
{
	struct kp_slice slice = kp_slice_from(text);
	for (size_t piece = slice.len + 1; piece > 0; piece = piece * 2 / 3) {
		struct log log;
		struct kp_error err;
		char shown[512];
		start(&log);
		assert_int_equal(read_in(slice, piece, ARENA_BYTES, &log, &err), status);
		kp_buffer_add_char(&log.text, '\0');
		assert_string_equal(log.text.data, rows);
		assert_string_equal(
			status == KP_OK ? "" : kp_error_text(&err, shown, sizeof(shown)),
			fault);
		kp_arena_deinit(&log.arena);
	}
}

static void
lines_become_rows(void **state)
{
	(void)state;
	expect("{\"bsn\":\"1\"}\n", KP_OK, "1@0+12~1~~\n", "");
	expect("{\"bsn\":\"1\"}", KP_OK, "1@0+11~1~~\n", "");
	expect("\n \t\r\n {\"bsn\":2}\r\n\n{\"bsn\":null}", KP_OK,
		"3@6+11=2~~\n5@18+12~~~\n", "");
	expect("{\"bedrag\":1.10,\"naam\":{\"voor\":\"J\",\"voluit\":\"J\\u00e9\\n\"},"
	       "\"bsn\":\"1\"}\n",
		KP_OK, "?naam.voor\n1@0+67~1~J\xc3\xa9\n=1.10\n", "");
	expect("{\"naam.voluit\":true,\"bsn\":\"1\",\"x\":[{\"bsn\":2}],\"y\":{\"bsn\":3}"
	       ",\"naam\":{\"x\":{}}}\n",
		KP_OK, "?x\n?y\n?naam.x\n1@0+77~1=true~\n", "");
	expect("{\"naam\":7,\"bsn\":\"1\"}\n", KP_OK, "?naam\n1@0+21~1~~\n", "");
	expect("", KP_OK, "", "");
	expect("\n\n  ", KP_OK, "", "");
}

static void
wrong_lines_are_named(void **state)
{
	(void)state;
	expect("{\"bsn\":1}\n{\"bsn\":1,}\n", KP_E_SYNTAX, "1@0+10=1~~\n",
		"line:2:10: line 2: a name in quotes was expected, at byte 9");
	expect("{\"bsn\":1}\n\n{\"bsn\":\n", KP_E_SYNTAX, "1@0+10=1~~\n",
		"line:3:8: line 3: the document ends too early, at byte 7");
	expect("{\"bsn\":1} {\"bsn\":2}\n", KP_E_SYNTAX, "",
		"line:1:11: line 1: the document has bytes after its value, at byte 10");
	expect("{\"bsn\":1,\"x\":2,\"x\":3}\n", KP_E_INVALID, "?x\n",
		"line:1:16: line 1: the object has this name twice, at byte 15");
	expect("{\"bsn\":1,\"naam\":{\"voluit\":\"a\"},\"naam.voluit\":\"b\"}\n",
		KP_E_INVALID, "",
		"line:1: line 1: the member 'naam.voluit' is there twice");
	expect("[1]\n", KP_E_INVALID, "", "line:1: line 1: the line holds no object");
	expect("\"bsn\"\n", KP_E_INVALID, "", "line:1: line 1: the line holds no object");
	expect("\n{\"BSN\":\"1\"}\n", KP_E_INVALID, "?BSN\n",
		"line:2: line 2: the member 'bsn' is not there");
	expect("{\"bsn\":{}}\n", KP_E_INVALID, "",
		"line:1: line 1: the member 'bsn' holds an object");
	expect("{\"bsn\":1,\"bedrag\":[1]}\n", KP_E_INVALID, "",
		"line:1: line 1: the member 'bedrag' holds an array");
	expect("\xef\xbb\xbf{\"bsn\":1}\n", KP_E_SYNTAX, "",
		"line:1:1: line 1: the document begins with a byte order mark, at byte "
		"0");
}

static enum kp_status
read_long(size_t line_bytes, struct kp_error *err)
{
	struct log log;
	char *line = malloc(line_bytes);
	assert_non_null(line);
	memset(line, ' ', line_bytes);
	memcpy(line, "{\"bsn\":1", 8);
	line[line_bytes - 1] = '}';
	start(&log);
	enum kp_status status = read_in(
		(struct kp_slice){line, line_bytes}, 100000, ARENA_BYTES, &log, err);
	kp_arena_deinit(&log.arena);
	free(line);
	return status;
}

static void
limits_hold(void **state)
{
	(void)state;
	struct kp_error err;
	assert_int_equal(read_long(KP_NDJSON_LINE_BYTES_MAX, &err), KP_OK);
	assert_int_equal(read_long(KP_NDJSON_LINE_BYTES_MAX + 1, &err), KP_E_LIMIT);
	assert_non_null(strstr(err.message, "1048576"));
	assert_int_equal(err.line, 1);
	char deep[256] = "{\"bsn\":1,\"a\":";
	memset(deep + strlen(deep), '[', KP_NDJSON_DEPTH_MAX);
	struct log log;
	start(&log);
	assert_int_equal(
		read_in(kp_slice_from(deep), 7, ARENA_BYTES, &log, &err), KP_E_LIMIT);
	/* A name as long as a way may be, and one longer, lead nowhere. */
	for (size_t len = KP_NDJSON_PATH_BYTES_MAX - 2;
		len < KP_NDJSON_PATH_BYTES_MAX + 2; len++) {
		char line[1024];
		log.rows = 0;
		(void)snprintf(line, sizeof(line), "{\"bsn\":1,\"%0*d\":{\"a\":{}}}\n",
			(int)len, 0);
		assert_int_equal(
			read_in(kp_slice_from(line), 9, ARENA_BYTES, &log, &err), KP_OK);
	}
	kp_arena_deinit(&log.arena);
}

static void
reading_stops_when_told(void **state)
{
	(void)state;
	struct kp_error err;
	struct log log;
	for (size_t rows = 0; rows < 3; rows++) {
		start(&log);
		log.rows_max = rows;
		assert_int_equal(
			read_in(KP_SLICE("{\"bsn\":1}\n{\"bsn\":2}\n{\"bsn\":3}"), 5,
				ARENA_BYTES, &log, &err),
			KP_E_CANCELLED);
		assert_int_equal(log.rows, rows + 1);
		kp_arena_deinit(&log.arena);
	}
	start(&log);
	log.no_others = true;
	assert_int_equal(read_in(KP_SLICE("{\"x\":1}\n"), 5, ARENA_BYTES, &log, &err),
		KP_E_CANCELLED);
	kp_arena_deinit(&log.arena);
}

static void
missing_memory_is_said(void **state)
{
	(void)state;
	struct kp_error err;
	struct log log;
	start(&log);
	for (size_t memory = 0; memory < 8192 + 512; memory += 64) {
		assert_int_equal(
			read_in(KP_SLICE("{\"bsn\":1}\n"), 5, memory, &log, &err),
			memory < 8192 + 128 ? KP_E_MEMORY : KP_OK);
		log.rows = 0;
	}
	kp_arena_deinit(&log.arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_rows),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(reading_stops_when_told),
		cmocka_unit_test(missing_memory_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
