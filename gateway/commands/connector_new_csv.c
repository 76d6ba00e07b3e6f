/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_csv: the beginning of an export as a shape: character set, separator,
 * header, and of each column what its values are. Values are looked at and not kept.
 */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new.h"
#include "commands/connector_new_column.h"
#include "connectors/value.h"
#include "core/csv_read.h"
#include "core/json_write.h"

#define ROWS_LOOKED_AT 5000
#define COLUMNS_MAX KP_NEW_COLUMNS_MAX
#define READER_BYTES_MAX ((size_t)64 << 20)

/* One reading with one separator. */
struct reading {
	struct kp_new *new;
	struct kp_new_column *columns; /* NULL: only counted */
	size_t column_count;           /* of the header */
	bool whole;                    /* the text is the whole file */
	uint32_t rows;
	uint32_t even; /* rows with as many fields as the header */
};

/* Character set. */

static struct kp_slice
charset_of(struct kp_slice text)
{
	size_t len = text.len;
	/* The last character may be cut. */
	for (unsigned i = 0; i < 3 && len > 0 && (text.data[len - 1] & 0x80) != 0; i++) {
		len--;
	}
	if (kp_utf8_valid((struct kp_slice){text.data, len})) {
		return KP_SLICE("utf-8");
	}
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.data[i];
		if (byte >= 0x80 && byte < 0xa0) {
			return KP_SLICE("windows-1252");
		}
	}
	return KP_SLICE("latin-1");
}

static bool
on_row(void *ctx, const struct kp_csv_row *row)
{
	struct reading *reading = ctx;
	reading->rows++;
	if (row->number == 1) {
		reading->column_count =
			row->field_count < COLUMNS_MAX ? row->field_count : COLUMNS_MAX;
		reading->new->leaves_dropped = row->field_count > COLUMNS_MAX;
		for (size_t i = 0; reading->columns != NULL && i < reading->column_count;
			i++) {
			reading->columns[i].name =
				kp_arena_copy(reading->new->arena, row->fields[i]);
		}
	}
	reading->even += row->field_count == reading->column_count ? 1 : 0;
	for (size_t i = 0; reading->columns != NULL && row->number > 1 &&
		i < reading->column_count && i < row->field_count;
		i++) {
		kp_new_column_look(&reading->columns[i], row->fields[i]);
	}
	return reading->rows < ROWS_LOOKED_AT;
}

static void
read_with(struct reading *reading, struct kp_slice text, struct kp_slice charset,
	char separator)
{
	struct kp_csv_options options = {.separator = separator,
		.charset = kp_slice_is(charset, "utf-8")  ? KP_CSV_UTF8
			: kp_slice_is(charset, "latin-1") ? KP_CSV_LATIN1
							  : KP_CSV_WINDOWS_1252,
		.loose_quotes = true};
	struct kp_csv_reader reader;
	struct kp_arena scratch;
	kp_arena_init(&scratch, READER_BYTES_MAX, NULL);
	/* What does not read has too few rows; a last row that is cut is not read. */
	if (kp_csv_reader_init(&reader, &options, &scratch, on_row, reading, NULL) ==
			KP_OK &&
		kp_csv_reader_push(&reader, text, NULL) == KP_OK && reading->whole) {
		(void)!kp_csv_reader_finish(&reader, NULL);
	}
	reading->new->arena->failed = reading->new->arena->failed || scratch.failed;
	kp_arena_deinit(&scratch);
}

/* The separator that makes the most columns of which nearly all rows have as many. */
static char
separator_of(
	struct kp_new *new, struct kp_slice text, struct kp_slice charset, bool whole)
{
	static const char separators[] = {';', ',', '\t', '|'};
	size_t best_count = 1;
	char best = ';';
	for (size_t i = 0; i < sizeof(separators); i++) {
		struct reading reading = {.new = new, .whole = whole};
		read_with(&reading, text, charset, separators[i]);
		if (reading.column_count > best_count &&
			reading.even * 20 >= reading.rows * 19) {
			best_count = reading.column_count;
			best = separators[i];
		}
	}
	return best;
}

/* Columns. */

static bool
is_header(const struct reading *reading)
{
	for (size_t i = 0; i < reading->column_count; i++) {
		struct kp_slice name = kp_value_trim(reading->columns[i].name);
		if (name.len == 0 || kp_new_is_number(name)) {
			return false;
		}
	}
	return reading->column_count > 0;
}

enum kp_status
kp_new_read_csv(struct kp_new *new, const char *path, const char *form,
	struct kp_slice text, bool whole, struct kp_error *err)
{
	struct reading reading = {.new = new,
		.columns = KP_ARENA_ARRAY(new->arena, struct kp_new_column, COLUMNS_MAX),
		.whole = whole};
	if (reading.columns == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	struct kp_slice charset = charset_of(text);
	char separator = form != NULL ? ',' : separator_of(new, text, charset, whole);
	read_with(&reading, text, charset, separator);
	/* One cell above the others is a title. */
	if (!is_header(&reading) || (form != NULL && reading.column_count < 2)) {
		return kp_error_set(
			err, KP_E_INVALID, "does not begin with a row of column names");
	}
	json_t *more = json_object();
	if (form == NULL) {
		kp_new_set(new, more, "charset", kp_new_text(charset));
		kp_new_set(new, more, "separator", json_stringn(&separator, 1));
	}
	kp_new_describe_file(new, path, form == NULL ? "csv" : form, more);
	json_decref(more);
	for (size_t i = 0; i < reading.column_count; i++) {
		struct kp_new_leaf leaf = {.path = reading.columns[i].name};
		kp_new_column_judge(&reading.columns[i], &leaf);
		if (!kp_new_add_leaf(new, &leaf)) {
			break;
		}
	}
	return KP_OK;
}
