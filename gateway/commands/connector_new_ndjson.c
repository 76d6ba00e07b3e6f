/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_ndjson: exports that are no CSV as a shape: a JSON object on each line,
 * and the first sheet of a workbook. */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new_column.h"
#include "connectors/value.h"
#include "core/mask.h"
#include "io/file.h"
#include "sheet/sheet.h"

#define LINES_LOOKED_AT 5000u
#define NAME_BYTES 256
#define SHEET_BYTES_MAX ((uint64_t)256 << 20)
#define DEPTH_MAX 8u
#define HEADER_ROWS_MAX 10u

struct reading {
	struct kp_new *new;
	struct kp_new_column *columns;
	size_t count;
	char name[NAME_BYTES];  /* of the member under way, dots between */
	char array[NAME_BYTES]; /* the first, which no path leads into */
	unsigned depth;
};

static struct kp_new_column *
column_of(struct reading *reading)
{
	struct kp_slice name = kp_slice_from(reading->name);
	for (size_t i = 0; i < reading->count; i++) {
		if (kp_slice_equal(reading->columns[i].name, name)) {
			return &reading->columns[i];
		}
	}
	if (reading->count == KP_NEW_COLUMNS_MAX) {
		reading->new->leaves_dropped = true;
		return NULL;
	}
	reading->columns[reading->count].name = kp_arena_copy(reading->new->arena, name);
	return &reading->columns[reading->count++];
}

static void
look_at_scalar(struct reading *reading, json_t *value)
{
	struct kp_new_column *column = column_of(reading);
	char number[64];
	if (column == NULL || json_is_null(value)) {
		return;
	}
	if (json_is_string(value)) {
		kp_new_column_look(column,
			(struct kp_slice){
				json_string_value(value), json_string_length(value)});
	} else if (json_is_boolean(value)) {
		kp_new_column_look(column,
			json_is_true(value) ? KP_SLICE("true") : KP_SLICE("false"));
	} else {
		(void)snprintf(number, sizeof(number), "%.15g", json_number_value(value));
		kp_new_column_look(column, kp_slice_from(number));
	}
}

/* A number that names a member, or stands in its name. */
static bool
may_be_somebody(struct kp_slice name)
{
	return kp_new_is_number(kp_value_trim(name)) || kp_bsn_within(name);
}

static void
look_at_object(struct reading *reading, json_t *object)
{
	struct kp_new *new = reading->new;
	size_t before = strlen(reading->name);
	const char *name;
	json_t *value;
	if (reading->depth == DEPTH_MAX) {
		new->leaves_dropped = true;
		return;
	}
	reading->depth++;
	json_object_foreach(object, name, value)
	{
		int len = snprintf(reading->name + before, NAME_BYTES - before, "%s%s",
			before > 0 ? "." : "", name);
		bool person = may_be_somebody(kp_slice_from(name));
		/* A path has no way to write some names. */
		bool fits = len > 0 && (size_t)len < NAME_BYTES - before &&
			name[0] != '\0' && strpbrk(name, ".[]") == NULL;
		new->persons_dropped = new->persons_dropped || person;
		new->leaves_dropped = new->leaves_dropped || !fits;
		fits = fits && !person;
		if (fits && json_is_object(value)) {
			look_at_object(reading, value);
		} else if (fits && !json_is_array(value)) {
			look_at_scalar(reading, value);
		} else if (fits && reading->array[0] == '\0') {
			memcpy(reading->array, reading->name, NAME_BYTES);
		}
		reading->name[before] = '\0';
	}
	reading->depth--;
}

static bool
look_at_line(struct reading *reading, struct kp_slice line)
{
	json_t *object = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
	bool fine = json_is_object(object);
	if (fine) {
		look_at_object(reading, object);
	}
	json_decref(object);
	return fine;
}

/* Every line; of a beginning the last one is cut. The number of the first that is no
 * object, or 0. */
static unsigned
look_at_lines(struct reading *reading, struct kp_slice text, bool whole)
{
	unsigned number = 0;
	while (text.len > 0 && number < LINES_LOOKED_AT) {
		struct kp_slice line = kp_value_trim(kp_slice_cut(&text, '\n'));
		bool cut = text.data == NULL && !whole;
		number++;
		if (!cut && line.len > 0 && !look_at_line(reading, line)) {
			return number;
		}
	}
	return 0;
}

enum kp_status
kp_new_read_ndjson(
	struct kp_new *new, const char *path, struct kp_slice text, struct kp_error *err)
{
	struct reading reading = {.new = new,
		.columns = KP_ARENA_ARRAY(
			new->arena, struct kp_new_column, KP_NEW_COLUMNS_MAX)};
	if (reading.columns == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	unsigned wrong = look_at_lines(&reading, text, text.len < KP_NEW_CSV_BYTES);
	if (wrong > 0 || reading.count == 0) {
		enum kp_status status = kp_error_set(
			err, KP_E_INVALID, "does not have a JSON object on each line");
		kp_error_at(err, path, wrong, 0, NULL);
		return status;
	}
	new->separator = '.';
	kp_new_describe_file(new, path, "ndjson", NULL);
	if (reading.array[0] != '\0') {
		kp_new_todo(new,
			"response: '%s' is an array; nothing was read of it, nor of any "
			"other",
			reading.array);
	}
	for (size_t i = 0; i < reading.count; i++) {
		struct kp_new_leaf leaf = {.path = reading.columns[i].name};
		kp_new_column_judge(&reading.columns[i], &leaf);
		if (!kp_new_add_leaf(new, &leaf)) {
			break;
		}
	}
	return KP_OK;
}

/* Workbooks. */

static enum kp_status
read_workbook(void *ctx, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	return kp_file_read_at(ctx, offset, bytes, len, ret_read);
}

static enum kp_status
write_rows(void *ctx, uint64_t offset, const char *bytes, size_t len)
{
	return kp_file_write_at(ctx, offset, bytes, len);
}

static enum kp_status
read_rows(
	struct kp_new *new, const char *path, struct kp_file *rows, struct kp_error *err)
{
	struct kp_slice text = {0};
	char *bytes = kp_arena_bytes(new->arena, KP_NEW_CSV_BYTES);
	text.data = bytes;
	enum kp_status status = bytes == NULL
		? KP_E_MEMORY
		: kp_file_read_at(rows, 0, bytes, KP_NEW_CSV_BYTES, &text.len);
	return status != KP_OK ? kp_error_set(err, status, "its rows cannot be read")
			       : kp_new_read_csv(new, path, "xlsx", text,
					 text.len < KP_NEW_CSV_BYTES, err);
}

static enum kp_status
read_below(struct kp_new *new, const char *path, struct kp_file *workbook,
	uint32_t header_row, struct kp_error *err)
{
	struct kp_file *rows = NULL;
	struct kp_file_stamp stamp = {0};
	enum kp_status status = kp_file_stat(workbook, &stamp);
	if (status == KP_OK) {
		status = kp_file_create(NULL, &rows, err);
	}
	if (status != KP_OK) {
		return status;
	}
	const struct kp_sheet_input input = {
		.ctx = workbook, .size = stamp.size, .read = read_workbook};
	const struct kp_sheet_output output = {.ctx = rows, .write = write_rows};
	const struct kp_sheet_options options = {.header_row = header_row,
		.bytes_max = SHEET_BYTES_MAX,
		.unreadable = KP_SLICE("\x1a")};
	status = kp_sheet_unpack(&input, &options, &output, err);
	if (status == KP_OK) {
		status = read_rows(new, path, rows, err);
	}
	kp_file_close(&rows);
	return status;
}

enum kp_status
kp_new_read_xlsx(struct kp_new *new, const char *path, struct kp_error *err)
{
	struct kp_file *workbook = NULL;
	uint32_t row = 0;
	enum kp_status status = kp_file_open(path, &workbook, err);
	if (status != KP_OK) {
		return status;
	}
	/* There may be a title above the names. */
	do {
		status = read_below(new, path, workbook, ++row, err);
	} while (status == KP_E_INVALID && row < HEADER_ROWS_MAX);
	kp_file_close(&workbook);
	if (status == KP_OK && row > 1) {
		kp_new_set(new, json_object_get(new->manifest, "file"), "header_row",
			json_integer(row));
	}
	return status;
}
