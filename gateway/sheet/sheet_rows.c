/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_rows: see sheet_rows.h. */
#include "sheet/sheet_rows.h"

#include <stdio.h>

#include "sheet/sheet_csv.h"
#include "sheet/sheet_header.h"
#include "sheet/sheet_part.h"

/* Where in a sheet an element stands; everything else in it is passed over. */
enum element {
	OTHER,
	ROOT, /* around the document */
	WORKSHEET,
	SHEET_DATA,
	ROW,
	CELL,
	FORMULA,
	VALUE,
	INLINE,
	RUN,
	TEXT,
	MERGES,
	MERGE,
};

static const struct {
	enum element parent;
	const char *name;
	enum element element;
} places[] = {
	/* The most frequent first. */
	{ROW, "c", CELL},
	{CELL, "v", VALUE},
	{SHEET_DATA, "row", ROW},
	{CELL, "f", FORMULA},
	{CELL, "is", INLINE},
	{INLINE, "t", TEXT},
	{INLINE, "r", RUN},
	{RUN, "t", TEXT},
	{MERGES, "mergeCell", MERGE},
	{WORKSHEET, "mergeCells", MERGES},
	{WORKSHEET, "sheetData", SHEET_DATA},
	{ROOT, "worksheet", WORKSHEET},
};

/* Types of cells (ECMA-376 part 1, 18.18.11). */
enum type {
	TYPE_NUMBER,
	TYPE_SHARED,
	TYPE_TEXT, /* of a formula, or a date as text */
	TYPE_INLINE,
	TYPE_BOOLEAN,
	TYPE_ERROR,
};

struct reading {
	const struct kp_sheet_rows *rows;
	struct kp_slice unreadable;
	struct kp_sheet_header header;
	struct kp_sheet_csv csv;
	struct kp_error *err;
	enum kp_status status;

	enum element path[KP_XML_DEPTH_MAX + 1];
	unsigned depth;

	uint32_t row;    /* under way or last seen */
	uint32_t column; /* that comes next, from 0 */
	uint32_t cell;   /* column of the cell under way */
	enum type type;
	struct kp_sheet_format format;
	bool formula;
	bool valued;               /* its value began */
	struct kp_sheet_text text; /* of the cell under way */
	bool rows_begun;           /* the header row is behind us */
};

/* Faults. */

static bool
fail_at(struct reading *reading, enum kp_status status)
{
	char place[32];
	char letters[4] = "";
	uint32_t column = reading->cell + 1;
	for (size_t at = 3; column > 0 && at-- > 0;) {
		memmove(letters + 1, letters, 2);
		letters[0] = (char)('A' + (column - 1) % 26);
		column = (column - 1) / 26;
	}
	(void)snprintf(place, sizeof(place), "cell %s%u", letters, reading->row);
	kp_error_at(reading->err, NULL, 0, 0, place);
	reading->status = status;
	return false;
}

static bool
refuse(struct reading *reading, enum kp_status status, const char *fault)
{
	return fail_at(reading, kp_error_set(reading->err, status, "%s", fault));
}

static bool
settle(struct reading *reading, enum kp_status status)
{
	return status == KP_OK || fail_at(reading, status);
}

/* Rows. */

static bool
begin_rows(struct reading *reading)
{
	reading->rows_begun = true;
	kp_sheet_csv_start(&reading->csv, reading->header.width,
		reading->header.room + reading->header.width + 1);
	return true;
}

static bool
begin_row(struct reading *reading, const struct kp_xml_attribute *attributes,
	unsigned count)
{
	struct kp_slice number = kp_sheet_part_attribute(attributes, count, "r");
	uint32_t before = reading->row;
	uint32_t row = before + 1;
	if (number.len > 0 && !kp_sheet_part_number(number, KP_SHEET_ROWS_MAX, &row)) {
		row = 0;
	}
	reading->column = 0;
	reading->cell = 0;
	if (row <= before || row > KP_SHEET_ROWS_MAX) {
		return refuse(reading, KP_E_INVALID,
			"the rows behind it are not in order, or too many");
	}
	reading->row = row;
	return row <= reading->header.row || reading->rows_begun || begin_rows(reading);
}

static bool
end_row(struct reading *reading)
{
	return !reading->rows_begun ||
		settle(reading, kp_sheet_csv_end_row(&reading->csv, reading->err));
}

/* Cells. */

static enum type
type_of(struct kp_slice type)
{
	return type.len == 0 || kp_slice_is(type, "n") ? TYPE_NUMBER
		: kp_slice_is(type, "s")               ? TYPE_SHARED
		: kp_slice_is(type, "inlineStr")       ? TYPE_INLINE
		: kp_slice_is(type, "b")               ? TYPE_BOOLEAN
		: kp_slice_is(type, "e")               ? TYPE_ERROR
						       : TYPE_TEXT;
}

static bool
begin_cell(struct reading *reading, const struct kp_xml_attribute *attributes,
	unsigned count)
{
	struct kp_slice reference = kp_sheet_part_attribute(attributes, count, "r");
	uint32_t row = reading->row;
	uint32_t column = reading->column;
	uint32_t style = 0;
	if ((reference.len > 0 && !kp_sheet_header_cell(reference, &row, &column)) ||
		row != reading->row || column < reading->column) {
		return refuse(
			reading, KP_E_INVALID, "the cells behind it are not in order");
	}
	reading->cell = column;
	reading->column = column + 1;
	reading->type = type_of(kp_sheet_part_attribute(attributes, count, "t"));
	reading->formula = false;
	reading->valued = false;
	reading->text.len = 0;
	const struct kp_sheet_styles *styles = reading->rows->styles;
	bool styled =
		kp_sheet_part_number(kp_sheet_part_attribute(attributes, count, "s"),
			UINT32_MAX, &style) &&
		style < styles->count;
	reading->format = styled ? styles->items[style] : (struct kp_sheet_format){0};
	return true;
}

static bool
add_text(struct reading *reading, struct kp_slice text)
{
	enum kp_status status =
		kp_sheet_text_add(&reading->text, text, KP_SHEET_CELL_BYTES_MAX);
	return status == KP_OK ||
		refuse(reading, status,
			status == KP_E_LIMIT ? "the text of the cell is too long"
					     : "no memory left");
}

static bool
give_cell(struct reading *reading, struct kp_slice text)
{
	if (!reading->rows_begun) {
		return settle(reading,
			kp_sheet_header_add(&reading->header, reading->row, reading->cell,
				text, reading->err));
	}
	return settle(reading,
		kp_sheet_csv_add(&reading->csv, reading->cell, text, reading->err));
}

static bool
give_shared(struct reading *reading, struct kp_slice index)
{
	uint32_t number = 0;
	struct kp_slice text;
	if (!kp_sheet_part_number(index, UINT32_MAX, &number) ||
		!kp_sheet_strings_get(reading->rows->strings, number, &text)) {
		return refuse(reading, KP_E_INVALID,
			"the cell names a shared text that there is not");
	}
	return text.len <= KP_SHEET_CELL_BYTES_MAX
		? give_cell(reading, text)
		: refuse(reading, KP_E_LIMIT, "the text of the cell is too long");
}

static bool
give_number(struct reading *reading, struct kp_slice number)
{
	char text[KP_SHEET_FORMAT_BYTES];
	size_t len = 0;
	if (number.len == 0) {
		return true;
	}
	return kp_sheet_format_text(
		       number, reading->format, reading->rows->date_1904, text, &len)
		? give_cell(reading, (struct kp_slice){text, len})
		: give_cell(reading, reading->unreadable);
}

static bool
end_cell(struct reading *reading)
{
	struct kp_slice text = {reading->text.data, reading->text.len};
	/* Of a program that writes formulas and does not reckon. */
	if (reading->formula && text.len == 0 && reading->type != TYPE_TEXT) {
		return give_cell(reading, reading->unreadable);
	}
	switch (reading->type) {
	case TYPE_NUMBER:
		return give_number(reading, text);
	case TYPE_SHARED:
		return text.len == 0 || give_shared(reading, text);
	case TYPE_TEXT:
	case TYPE_INLINE:
		kp_sheet_text_unescape(&reading->text, 0);
		text.len = reading->text.len;
		return give_cell(reading, text);
	case TYPE_BOOLEAN:
		return text.len == 0 ||
			give_cell(reading,
				kp_sheet_part_is_true(text) ? KP_SLICE("true")
							    : KP_SLICE("false"));
	case TYPE_ERROR:
		return give_cell(reading, reading->unreadable);
	}
	KP_UNREACHABLE();
}

/* Elements. */

static enum element
find_element(enum element parent, struct kp_slice name, struct kp_slice space)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(places); i++) {
		if (places[i].parent == parent && kp_slice_is(name, places[i].name)) {
			return kp_sheet_part_is_main(space) ? places[i].element : OTHER;
		}
	}
	return OTHER;
}

static bool
on_open(void *ctx, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	struct reading *reading = ctx;
	enum element parent = reading->path[reading->depth];
	enum element element = find_element(parent, name, space);
	reading->path[++reading->depth] = element;
	if (parent == ROOT && element != WORKSHEET) {
		return refuse(reading, KP_E_INVALID, "the sheet is no worksheet");
	}
	if (element == ROW) {
		return begin_row(reading, attributes, count);
	}
	if (element == CELL) {
		return begin_cell(reading, attributes, count);
	}
	if (element == MERGE) {
		return settle(reading,
			kp_sheet_header_merge(&reading->header,
				kp_sheet_part_attribute(attributes, count, "ref"),
				reading->err));
	}
	if (element == (reading->type == TYPE_INLINE ? INLINE : VALUE)) {
		if (reading->valued) {
			return refuse(reading, KP_E_INVALID,
				"the cell has more than one value");
		}
		reading->valued = true;
	}
	reading->formula = reading->formula || element == FORMULA;
	return true;
}

static bool
on_text(void *ctx, struct kp_slice text)
{
	struct reading *reading = ctx;
	enum element element = reading->path[reading->depth];
	bool wanted = reading->type == TYPE_INLINE ? element == TEXT : element == VALUE;
	return !wanted || add_text(reading, text);
}

static bool
on_close(void *ctx)
{
	struct reading *reading = ctx;
	enum element element = reading->path[reading->depth--];
	return element == CELL   ? end_cell(reading)
		: element == ROW ? end_row(reading)
				 : true;
}

static enum kp_status
read_part(struct reading *reading, struct kp_sheet_archive *archive, struct kp_slice part)
{
	static const struct kp_xml_events events = {on_open, on_text, on_close};
	enum kp_status status =
		kp_sheet_part_read(archive, part, &events, reading, reading->err);
	if (status != KP_OK) {
		return reading->status != KP_OK ? reading->status : status;
	}
	status = kp_sheet_header_check(&reading->header, reading->err);
	if (status == KP_OK && !reading->rows_begun) {
		(void)begin_rows(reading);
	}
	return status == KP_OK
		? kp_sheet_csv_finish(&reading->csv, reading->header.names,
			  reading->header.room + reading->header.width + 1, reading->err)
		: status;
}

enum kp_status
kp_sheet_rows_read(struct kp_sheet_archive *archive, struct kp_slice part,
	const struct kp_sheet_rows *rows, const struct kp_sheet_options *options,
	const struct kp_sheet_output *output, struct kp_error *err)
{
	struct reading reading = {
		.rows = rows, .unreadable = options->unreadable, .err = err};
	reading.path[0] = ROOT;
	enum kp_status status = kp_sheet_header_init(
		&reading.header, rows->arena, options->header_row, err);
	if (status == KP_OK) {
		status = kp_sheet_csv_init(&reading.csv, output, options->bytes_max, err);
	}
	if (status == KP_OK) {
		status = read_part(&reading, archive, part);
	}
	kp_sheet_csv_deinit(&reading.csv);
	kp_sheet_text_deinit(&reading.text);
	return status;
}
