/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * csv_read: rows, quotes, line ends, separators, character sets, whole and cut at every
 * place; offsets that an index can be built on; every limit at and above.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/csv_read.h"

#define LOG_BYTES ((size_t)16384)
#define ARENA_BYTES ((size_t)4 << 20)

struct log {
	char text[LOG_BYTES];
	size_t len;
	uint64_t stop_at; /* row after which to stop; 0: never */
};

static void KP_PRINTF(2, 3) put(struct log *log, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int wrote = vsnprintf(log->text + log->len, LOG_BYTES - log->len, format, args);
	va_end(args);
	assert_true(wrote >= 0 && (size_t)wrote < LOG_BYTES - log->len);
	log->len += (size_t)wrote;
}

static bool
on_row(void *ctx, const struct kp_csv_row *row)
{
	struct log *log = ctx;
	put(log, "%llu@%llu+%llu", (unsigned long long)row->number,
		(unsigned long long)row->offset, (unsigned long long)row->len);
	assert_true(row->field_count > 0);
	for (size_t i = 0; i < row->field_count; i++) {
		assert_non_null(row->fields[i].data);
		put(log, "[%.*s]", KP_SLICE_ARG(row->fields[i]));
	}
	put(log, "\n");
	return log->stop_at == 0 || row->number < log->stop_at;
}

static enum kp_status
read_cut(struct kp_slice text, const struct kp_csv_options *options, size_t cut_a,
	size_t cut_b, size_t step, struct log *log, struct kp_error *err)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_csv_reader reader;
	assert_int_equal(
		kp_csv_reader_init(&reader, options, &arena, on_row, log, NULL), KP_OK);
	enum kp_status status = KP_OK;
	size_t at = 0;
	while (at < text.len && status == KP_OK) {
		size_t stop = step > 0 ? at + step
			: at < cut_a   ? cut_a
			: at < cut_b   ? cut_b
				       : text.len;
		stop = stop > text.len ? text.len : stop;
		char *block = malloc(stop - at);
		assert_non_null(block);
		memcpy(block, text.data + at, stop - at);
		status = kp_csv_reader_push(
			&reader, (struct kp_slice){block, stop - at}, err);
		free(block);
		at = stop;
	}
	if (status == KP_OK) {
		status = kp_csv_reader_finish(&reader, err);
	}
	if (status != KP_OK) {
		assert_int_equal(
			kp_csv_reader_push(&reader, KP_SLICE("a\n"), NULL), status);
		assert_int_equal(kp_csv_reader_finish(&reader, NULL), status);
	}
	kp_arena_deinit(&arena);
	return status;
}

static struct log *
new_log(uint64_t stop_at)
{
	struct log *log = calloc(1, sizeof(*log));
	assert_non_null(log);
	log->stop_at = stop_at;
	return log;
}

static enum kp_status
read_everyhow(struct kp_slice text, const struct kp_csv_options *options,
	uint64_t stop_at, char *out, struct kp_error *ret_err)
{
	struct log *whole = new_log(stop_at);
	struct kp_error err = {0};
	enum kp_status status = read_cut(text, options, 0, 0, 0, whole, &err);
	for (size_t cut = 1; cut <= text.len; cut++) {
		for (size_t more = 0; more < 4; more++) {
			struct log *pieces = new_log(stop_at);
			struct kp_error cut_err = {0};
			size_t step = cut == text.len ? more + 1 : 0;
			assert_int_equal(read_cut(text, options, cut, cut + more, step,
						 pieces, &cut_err),
				status);
			assert_string_equal(pieces->text, whole->text);
			assert_string_equal(cut_err.message, err.message);
			assert_string_equal(cut_err.place, err.place);
			assert_int_equal(cut_err.line, err.line);
			assert_int_equal(cut_err.column, err.column);
			free(pieces);
		}
	}
	if (out != NULL) {
		memcpy(out, whole->text, LOG_BYTES);
	}
	if (ret_err != NULL) {
		*ret_err = err;
	}
	free(whole);
	return status;
}

static char log_text[LOG_BYTES];

static void
expect_rows(const char *text, const struct kp_csv_options *options, const char *rows)
{
	struct kp_error err;
	enum kp_status status =
		read_everyhow(kp_slice_from(text), options, 0, log_text, &err);
	if (status != KP_OK) {
		fail_msg("%s: %s", text, err.message);
	}
	assert_string_equal(log_text, rows);
}

static void
expect_error(const char *text, const struct kp_csv_options *options,
	enum kp_status status, const char *wanted)
{
	struct kp_error err;
	assert_int_equal(
		read_everyhow(kp_slice_from(text), options, 0, NULL, &err), status);
	char found[400];
	(void)snprintf(found, sizeof(found), "%u:%u %s: %s", err.line, err.column,
		err.place, err.message);
	assert_string_equal(found, wanted);
}

static void
reads_rows(void **state)
{
	(void)state;
	expect_rows("", NULL, "");
	expect_rows("a", NULL, "1@0+1[a]\n");
	expect_rows("a,b\n1,2\n", NULL, "1@0+4[a][b]\n2@4+4[1][2]\n");
	expect_rows("a,b\r\n1,2", NULL, "1@0+5[a][b]\n2@5+3[1][2]\n");
	expect_rows(",\n,,x", NULL, "1@0+2[][]\n2@2+3[][][x]\n");
	expect_rows(" a , b \n", NULL, "1@0+8[ a ][ b ]\n");
	expect_rows("=SOM(A1),+1,@x\n", NULL, "1@0+15[=SOM(A1)][+1][@x]\n");
}

static void
reads_quotes(void **state)
{
	(void)state;
	expect_rows("\"a\",\"\"\r\n\"\"\n", NULL, "1@0+8[a][]\n2@8+3[]\n");
	expect_rows("\"a,b\",\"c\"\"d\",\"\"\"\"\n", NULL, "1@0+18[a,b][c\"d][\"]\n");
	expect_rows("\"a\nb\",\"c\r\nd\",\"\r\"\nx", NULL,
		"1@0+17[a\nb][c\r\nd][\r]\n2@17+1[x]\n");
	expect_rows("\"a\"", NULL, "1@0+3[a]\n");
}

static void
passes_over_empty_lines(void **state)
{
	(void)state;
	expect_rows("\n\r\na\n\n\r\nb\n\n", NULL, "1@3+2[a]\n2@8+2[b]\n");
	struct kp_csv_options keep = {.keep_empty_lines = true};
	expect_rows("a\n\nb\r\n\r\n", &keep, "1@0+2[a]\n2@2+1[]\n3@3+3[b]\n4@6+2[]\n");
}

static void
knows_four_separators(void **state)
{
	(void)state;
	static const char separators[] = {',', ';', '\t', '|'};
	for (size_t i = 0; i < sizeof(separators); i++) {
		struct kp_csv_options options = {.separator = separators[i]};
		char text[] = "a?b\n";
		text[1] = separators[i];
		expect_rows(text, &options, "1@0+4[a][b]\n");
		if (separators[i] != ',') {
			expect_rows("a,b\n", &options, "1@0+4[a,b]\n");
		}
	}
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_csv_reader reader;
	static const char others[] = {'"', '\n', 'a', ' ', ':'};
	for (size_t i = 0; i < sizeof(others); i++) {
		struct kp_csv_options options = {.separator = others[i]};
		assert_int_equal(
			kp_csv_reader_init(&reader, &options, &arena, on_row, NULL, NULL),
			KP_E_CONFIG);
	}
	kp_arena_deinit(&arena);
}

static void
reads_character_sets(void **state)
{
	(void)state;
	expect_rows(
		"\xc3\xa9,\"\xe2\x82\xac\"\n", NULL, "1@0+9[\xc3\xa9][\xe2\x82\xac]\n");
	expect_rows("\xef\xbb\xbf\"a\",b\n", NULL, "1@3+6[a][b]\n");
	expect_rows("\xef\xbb\xbf", NULL, "");
	expect_rows("\xef\xbb\xb0\n", NULL, "1@0+4[\xef\xbb\xb0]\n");
	expect_rows("a\n\xef\xbb\xbf", NULL, "1@0+2[a]\n2@2+3[\xef\xbb\xbf]\n");
	struct kp_csv_options latin1 = {.charset = KP_CSV_LATIN1};
	expect_rows("\xe9\x80\xff,\xef\xbb\xbf\n", &latin1,
		"1@0+8[\xc3\xa9\xc2\x80\xc3\xbf][\xc3\xaf\xc2\xbb\xc2\xbf]\n");
	expect_rows("\xef\xbb,\xfe\n", &latin1, "1@0+5[\xc3\xaf\xc2\xbb][\xc3\xbe]\n");
	expect_rows("\xff", &latin1, "1@0+1[\xc3\xbf]\n");
	expect_error("\xef\xbb\xbf"
		     "a\n",
		&latin1, KP_E_SYNTAX,
		"1:1 row 1: the text begins as UTF-8, and is to be read in another "
		"character set");
	for (int i = 0; i < 2; i++) {
		expect_error("\xff\xfe"
			     "a",
			i == 0 ? NULL : &latin1, KP_E_SYNTAX,
			"1:1 row 1: the text is UTF-16: save it as UTF-8 (\"CSV "
			"UTF-8\")");
		expect_error("\xfe\xff", i == 0 ? NULL : &latin1, KP_E_SYNTAX,
			"1:1 row 1: the text is UTF-16: save it as UTF-8 (\"CSV "
			"UTF-8\")");
	}
	struct kp_csv_options windows = {.charset = KP_CSV_WINDOWS_1252};
	expect_rows("\xe9\x80\x9f,\"\x93x\x94\"\n", &windows,
		"1@0+10[\xc3\xa9\xe2\x82\xac\xc5\xb8][\xe2\x80\x9cx\xe2\x80\x9d]\n");
	static const char unassigned[] = {'\x81', '\x8d', '\x8f', '\x90', '\x9d'};
	for (size_t i = 0; i < sizeof(unassigned); i++) {
		expect_error((char[]){'a', unassigned[i], 0}, &windows, KP_E_SYNTAX,
			"1:2 row 1: the text has a byte that Windows-1252 does not "
			"assign");
	}
}

static void
refuses_what_is_not_utf8(void **state)
{
	(void)state;
	static const char *const wrong[] = {"\x80", "\xc3", "a\xc3,", "\xc3\"",
		"\"\xc3\"", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef",
		"\xef\xbb", "\xef\xbb,", "\xc3\n", "\xff", "\xc3,\xa9",
		"\"\xc3\",\"\xa9\"", "\xc3\n\xa9"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_int_equal(
			read_everyhow(kp_slice_from(wrong[i]), NULL, 0, NULL, NULL),
			KP_E_SYNTAX);
	}
}

static void
refuses_loose_quotes_and_line_ends(void **state)
{
	(void)state;
	expect_error("a\nb\"c\n", NULL, KP_E_SYNTAX,
		"2:2 row 2: a quote stands inside a field without quotes");
	expect_error(
		"\"a\"b\n", NULL, KP_E_SYNTAX, "1:4 row 1: text follows a closing quote");
	expect_error("\"a\" ,b\n", NULL, KP_E_SYNTAX,
		"1:4 row 1: text follows a closing quote");
	expect_error("x\n\"a\nb", NULL, KP_E_SYNTAX,
		"3:2 row 2: a quoted field is not closed");
	expect_error(
		"a\rb\n", NULL, KP_E_SYNTAX, "1:3 row 1: a carriage return stands alone");
	expect_error(
		"a\r", NULL, KP_E_SYNTAX, "1:3 row 1: a carriage return stands alone");
	expect_error("a\r\r\n", NULL, KP_E_SYNTAX,
		"1:3 row 1: a carriage return stands alone");
	assert_int_equal(read_everyhow((struct kp_slice){"a\0b", 3}, NULL, 0, NULL, NULL),
		KP_E_SYNTAX);
	assert_int_equal(
		read_everyhow((struct kp_slice){"\"\0\"", 3}, NULL, 0, NULL, NULL),
		KP_E_SYNTAX);
}

static void
holds_every_limit(void **state)
{
	(void)state;
	struct kp_csv_options field = {.field_bytes_max = 3};
	expect_rows("abc,\"d\"\"f\"\n", &field, "1@0+11[abc][d\"f]\n");
	expect_error("abcd\n", &field, KP_E_LIMIT, "1:4 row 1: field_bytes_max is 3");
	expect_error("x,\"a\xc3\xa9z\"\n", &field, KP_E_LIMIT,
		"1:7 row 1: field_bytes_max is 3");
	struct kp_csv_options latin1 = {.field_bytes_max = 3, .charset = KP_CSV_LATIN1};
	expect_error(
		"a\xe9\xe9\n", &latin1, KP_E_LIMIT, "1:3 row 1: field_bytes_max is 3");
	struct kp_csv_options row = {.row_bytes_max = 4};
	expect_rows("ab,cd\nabcd\n", &row, "1@0+6[ab][cd]\n2@6+5[abcd]\n");
	expect_error("ab,cde\n", &row, KP_E_LIMIT, "1:6 row 1: row_bytes_max is 4");
	struct kp_csv_options fields = {.fields_per_row_max = 2};
	expect_rows("a,b\n", &fields, "1@0+4[a][b]\n");
	expect_error("a,b\na,b,c\n", &fields, KP_E_LIMIT,
		"2:6 row 2: fields_per_row_max is 2");
	struct kp_csv_options same = {.same_field_count = true};
	expect_rows("a,b\nc,d\n", &same, "1@0+4[a][b]\n2@4+4[c][d]\n");
	expect_error("a,b\nc\n", &same, KP_E_INVALID,
		"2:2 row 2: the row has more or fewer fields than the first");
	expect_error("a\nb,c", &same, KP_E_INVALID,
		"2:4 row 2: the row has more or fewer fields than the first");
	struct kp_csv_options odd = {
		.same_field_count = true, .odd_first = KP_SLICE("E")};
	expect_rows("a,b\nE\nE,1,2\n", &odd, "1@0+4[a][b]\n2@4+2[E]\n3@6+6[E][1][2]\n");
	expect_error("a,b\nEE\n", &odd, KP_E_INVALID,
		"2:3 row 2: the row has more or fewer fields than the first");
	expect_error("a,b\n\"\"\n", &same, KP_E_INVALID,
		"2:3 row 2: the row has more or fewer fields than the first");
}

static void
stops_when_told_to(void **state)
{
	(void)state;
	assert_int_equal(read_everyhow(KP_SLICE("a\nb\nc\n"), NULL, 2, log_text, NULL),
		KP_E_CANCELLED);
	assert_string_equal(log_text, "1@0+2[a]\n2@2+2[b]\n");
}

static void
grows_with_its_rows(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	char text[9000];
	memset(text, ',', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 9) {
		memcpy(text + i, "kolom123", 8);
	}
	text[sizeof(text) - 1] = '\n';
	struct log *log = new_log(0);
	assert_int_equal(
		read_cut((struct kp_slice){text, sizeof(text)}, NULL, 0, 0, 7, log, NULL),
		KP_OK);
	assert_int_equal(log->len, strlen("1@0+9000\n") + 1000 * strlen("[kolom123]"));
	free(log);
	kp_arena_deinit(&arena);
}

static void
survives_every_lack_of_memory(void **state)
{
	(void)state;
	char text[3000];
	memset(text, ',', sizeof(text));
	bool refused = false;
	bool accepted = false;
	for (size_t bytes = 0; bytes < 300000; bytes += 1999) {
		struct kp_arena arena;
		kp_arena_init(&arena, bytes, NULL);
		struct kp_csv_reader reader;
		struct kp_csv_options options = {.fields_per_row_max = 5000};
		struct log *log = new_log(0);
		assert_int_equal(
			kp_csv_reader_init(&reader, &options, &arena, on_row, log, NULL),
			KP_OK);
		enum kp_status status = kp_csv_reader_push(
			&reader, (struct kp_slice){text, sizeof(text)}, NULL);
		if (status == KP_OK) {
			status = kp_csv_reader_push(&reader, KP_SLICE("naam\n"), NULL);
		}
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		refused = refused || status == KP_E_MEMORY;
		accepted = accepted || status == KP_OK;
		free(log);
		kp_arena_deinit(&arena);
	}
	assert_true(refused && accepted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_rows),
		cmocka_unit_test(reads_quotes),
		cmocka_unit_test(passes_over_empty_lines),
		cmocka_unit_test(knows_four_separators),
		cmocka_unit_test(reads_character_sets),
		cmocka_unit_test(refuses_what_is_not_utf8),
		cmocka_unit_test(refuses_loose_quotes_and_line_ends),
		cmocka_unit_test(holds_every_limit),
		cmocka_unit_test(stops_when_told_to),
		cmocka_unit_test(grows_with_its_rows),
		cmocka_unit_test(survives_every_lack_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
