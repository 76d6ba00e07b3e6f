/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_csv: the beginning of an export as a shape: character set, separator,
 * header, and of each column what its values are. Values are looked at and not kept.
 */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new.h"
#include "connectors/value.h"
#include "core/csv_read.h"
#include "core/json_write.h"

#define ROWS_LOOKED_AT 5000
#define COLUMNS_MAX 512
#define READER_BYTES_MAX ((size_t)64 << 20)

static const char *const patterns[] = {"yyyy-mm-dd", "yyyymmdd", "dd-mm-yyyy", "d-m-yyyy",
	"dd/mm/yyyy", "d/m/yyyy", "dd.mm.yyyy", "d.m.yyyy", "yyyy/mm/dd"};
enum { PATTERN_COUNT = sizeof(patterns) / sizeof(patterns[0]) };

/* What all values of one column so far could be. */
struct column {
	struct kp_slice name;
	uint32_t filled;
	uint32_t dates[PATTERN_COUNT];
	uint32_t numbers;
	uint32_t answers; /* yes or no */
	uint32_t persons;
};

/* One reading with one separator. */
struct reading {
	struct kp_arena *arena;
	struct column *columns; /* NULL: only counted */
	size_t column_count;    /* of the header */
	bool whole;             /* the text is the whole file */
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

/* Values. */

/* The eleven-proof of a client number. */
static bool
is_bsn(struct kp_slice text)
{
	int sum = 0;
	if (text.len < 8 || text.len > 9) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		int weight = (int)(text.len - i);
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
		sum += (text.data[i] - '0') * (weight == 1 ? -1 : weight);
	}
	return sum != 0 && sum % 11 == 0;
}

static bool
is_number(struct kp_slice text)
{
	size_t digits = 0;
	for (size_t i = 0; i < text.len; i++) {
		bool digit = text.data[i] >= '0' && text.data[i] <= '9';
		digits += digit ? 1 : 0;
		if (!digit && strchr(".,-", text.data[i]) == NULL) {
			return false;
		}
	}
	return digits > 0;
}

static bool
is_answer(struct kp_slice text)
{
	bool yes = false;
	return (text.data[0] < '0' || text.data[0] > '9') &&
		kp_value_yes_no(text, &yes) == KP_VALUE_MADE;
}

static void
look_at(struct column *column, struct kp_slice text)
{
	char date[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	text = kp_value_trim(text);
	if (text.len == 0) {
		return;
	}
	column->filled++;
	column->persons += is_bsn(text) ? 1 : 0;
	column->numbers += is_number(text) ? 1 : 0;
	column->answers += is_answer(text) ? 1 : 0;
	for (size_t i = 0; i < PATTERN_COUNT; i++) {
		/* A zero part is unknown; an empty date says nothing of its form. */
		column->dates[i] += kp_value_date(kp_slice_from(patterns[i]), text, date,
					    &len) != KP_VALUE_WRONG
			? 1
			: 0;
	}
}

static bool
on_row(void *ctx, const struct kp_csv_row *row)
{
	struct reading *reading = ctx;
	reading->rows++;
	if (row->number == 1) {
		reading->column_count =
			row->field_count < COLUMNS_MAX ? row->field_count : COLUMNS_MAX;
		for (size_t i = 0; reading->columns != NULL && i < reading->column_count;
			i++) {
			reading->columns[i].name =
				kp_arena_copy(reading->arena, row->fields[i]);
		}
	}
	reading->even += row->field_count == reading->column_count ? 1 : 0;
	for (size_t i = 0; reading->columns != NULL && row->number > 1 &&
		i < reading->column_count && i < row->field_count;
		i++) {
		look_at(&reading->columns[i], row->fields[i]);
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
	kp_arena_deinit(&scratch);
}

/* The separator that makes the most columns of which nearly all rows have as many. */
static char
separator_of(struct kp_slice text, struct kp_slice charset, bool whole)
{
	static const char separators[] = {';', ',', '\t', '|'};
	size_t best_count = 1;
	char best = ';';
	for (size_t i = 0; i < sizeof(separators); i++) {
		struct reading reading = {.whole = whole};
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
		if (name.len == 0 || is_number(name)) {
			return false;
		}
	}
	return reading->column_count > 0;
}

static void
judge_column(const struct column *column, struct kp_new_leaf *leaf)
{
	/* One in twenty may be wrong: people typed them. */
	uint32_t most = column->filled - column->filled / 20;
	if (column->filled == 0) {
		return;
	}
	leaf->bsn = column->persons >= most;
	/* Dates of which a part is unknown are often written otherwise. */
	size_t best = 0;
	for (size_t i = 1; i < PATTERN_COUNT; i++) {
		best = column->dates[i] > column->dates[best] ? i : best;
	}
	if (!leaf->bsn && column->dates[best] >= column->filled - column->filled / 5) {
		leaf->type = KP_NEW_DATE;
		leaf->date = kp_slice_from(patterns[best]);
	}
	if (leaf->type != KP_NEW_DATE && column->answers >= most) {
		/* It becomes yes or no by a form. */
		leaf->type = KP_NEW_TEXT;
	} else if (leaf->type != KP_NEW_DATE && column->numbers >= most) {
		leaf->type = KP_NEW_NUMBER;
	}
}

static bool
write_file(struct kp_new *new)
{
	json_t *file = json_object_get(new->manifest, "file");
	struct kp_slice key =
		new->subject != NULL ? new->subject->path : new->leaves[0].path;
	if (new->subject == NULL) {
		kp_new_todo(new,
			"file.key: no column passes the eleven-proof or is "
			"called one; name the column of the client number");
	}
	(void)json_object_set_new(file, "key", json_stringn(key.data, key.len));
	return true;
}

static void
describe_file(
	struct kp_new *new, const char *path, struct kp_slice charset, char separator)
{
	const char *slash = strrchr(path, '/');
	json_t *file = json_object();
	(void)json_object_set_new(new->manifest, "connector", json_string("file"));
	(void)json_object_set_new(new->manifest, "idempotent", json_true());
	(void)json_object_set_new(
		file, "path", json_string(slash == NULL ? path : slash + 1));
	(void)json_object_set_new(
		file, "charset", json_stringn(charset.data, charset.len));
	(void)json_object_set_new(file, "separator", json_stringn(&separator, 1));
	(void)json_object_set_new(new->manifest, "file", file);
	kp_new_todo(new,
		"file.path: where deliveries are put; with yyyymmdd in its name "
		"and \"dated_by\": \"name\" the latest counts, and "
		"'max_age_hours' says how old it may be");
}

enum kp_status
kp_new_read_csv(struct kp_new *new, const char *path, struct kp_slice text, bool whole,
	struct kp_error *err)
{
	struct reading reading = {.arena = new->arena,
		.columns = KP_ARENA_ARRAY(new->arena, struct column, COLUMNS_MAX),
		.whole = whole};
	if (reading.columns == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	struct kp_slice charset = charset_of(text);
	char separator = separator_of(text, charset, whole);
	read_with(&reading, text, charset, separator);
	if (!is_header(&reading)) {
		return kp_error_set(
			err, KP_E_INVALID, "does not begin with a row of column names");
	}
	describe_file(new, path, charset, separator);
	for (size_t i = 0; i < reading.column_count; i++) {
		struct kp_new_leaf leaf = {.path = reading.columns[i].name};
		judge_column(&reading.columns[i], &leaf);
		if (!kp_new_add_leaf(new, &leaf)) {
			break;
		}
	}
	new->finish = write_file;
	return KP_OK;
}
