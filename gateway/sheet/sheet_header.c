/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_header: see sheet_header.h. */
#include "sheet/sheet_header.h"

#include "sheet/sheet_csv.h"

/* XFD: what a sheet can have (ECMA-376 part 1, 18.3.1.73 and 18.3.1.4). */
#define SHEET_COLUMNS 16384u

enum kp_status
kp_sheet_header_init(struct kp_sheet_header *header, struct kp_arena *arena, uint32_t row,
	struct kp_error *err)
{
	*header = (struct kp_sheet_header){
		.arena = arena,
		.row = row,
		.names = KP_ARENA_ARRAY(arena, struct kp_slice, KP_SHEET_COLUMNS_MAX),
		.above = KP_ARENA_ARRAY(arena, struct kp_slice, KP_SHEET_COLUMNS_MAX),
		.above_row = KP_ARENA_ARRAY(arena, uint32_t, KP_SHEET_COLUMNS_MAX),
	};
	return header->names == NULL || header->above == NULL || header->above_row == NULL
		? kp_error_set(err, KP_E_MEMORY, "no memory left")
		: KP_OK;
}

enum kp_status
kp_sheet_header_add(struct kp_sheet_header *header, uint32_t row, uint32_t column,
	struct kp_slice text, struct kp_error *err)
{
	if (text.len == 0) {
		return KP_OK;
	}
	if (column >= KP_SHEET_COLUMNS_MAX) {
		return kp_error_set(err, KP_E_LIMIT, "the sheet has more than %u columns",
			KP_SHEET_COLUMNS_MAX);
	}
	struct kp_slice copy = kp_arena_copy(header->arena, text);
	if (copy.data == NULL) {
		return kp_error_set(err, KP_E_LIMIT,
			"the texts above the rows are more than is allowed");
	}
	if (row == header->row) {
		header->names[column] = copy;
	} else {
		header->above[column] = copy;
		header->above_row[column] = row;
	}
	header->width = column >= header->width ? column + 1 : header->width;
	header->room += kp_sheet_csv_room(text.len);
	return KP_OK;
}

/* A reference or its beginning; returns how many bytes it took, 0 when it is none. */
static size_t
parse_cell(struct kp_slice text, uint32_t *ret_row, uint32_t *ret_column)
{
	size_t at = 0;
	uint32_t column = 0;
	uint32_t row = 0;
	while (at < text.len && text.data[at] >= 'A' && text.data[at] <= 'Z' &&
		column <= SHEET_COLUMNS) {
		column = column * 26 + (uint32_t)(text.data[at++] - 'A') + 1;
	}
	size_t letters = at;
	while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9' &&
		row <= KP_SHEET_ROWS_MAX) {
		row = row * 10 + (uint32_t)(text.data[at++] - '0');
	}
	if (letters == 0 || at == letters || column > SHEET_COLUMNS || row == 0 ||
		row > KP_SHEET_ROWS_MAX) {
		return 0;
	}
	*ret_row = row;
	*ret_column = column - 1;
	return at;
}

bool
kp_sheet_header_cell(struct kp_slice reference, uint32_t *ret_row, uint32_t *ret_column)
{
	return reference.len > 0 &&
		parse_cell(reference, ret_row, ret_column) == reference.len;
}

/* "B2:C3"; how far it goes to the right does not matter. */
static bool
parse_range(struct kp_slice range, uint32_t *ret_top, uint32_t *ret_left,
	uint32_t *ret_bottom)
{
	uint32_t right = 0;
	size_t at = range.len == 0 ? 0 : parse_cell(range, ret_top, ret_left);
	if (at == 0 || at == range.len || range.data[at] != ':') {
		return false;
	}
	struct kp_slice rest = {range.data + at + 1, range.len - at - 1};
	return kp_sheet_header_cell(rest, ret_bottom, &right) && *ret_bottom >= *ret_top;
}

enum kp_status
kp_sheet_header_merge(
	struct kp_sheet_header *header, struct kp_slice range, struct kp_error *err)
{
	uint32_t top = 0;
	uint32_t bottom = 0;
	uint32_t left = 0;
	if (!parse_range(range, &top, &left, &bottom)) {
		return kp_error_set(err, KP_E_SYNTAX, "the merged cells are not named");
	}
	if (bottom > header->row && bottom > top && left < header->width) {
		return kp_error_set(err, KP_E_INVALID,
			"the cells %.*s are merged across rows: every row must be whole",
			range.len > 24 ? 24 : (int)range.len, range.data);
	}
	bool name = bottom == header->row && bottom > top && left < header->width &&
		header->names[left].len == 0 && header->above_row[left] == top;
	if (name) {
		header->names[left] = header->above[left];
	}
	return KP_OK;
}

enum kp_status
kp_sheet_header_check(const struct kp_sheet_header *header, struct kp_error *err)
{
	for (uint32_t i = 0; i < header->width; i++) {
		if (header->names[i].len > 0) {
			return KP_OK;
		}
	}
	return kp_error_set(
		err, KP_E_INVALID, "row %u of the sheet holds no names", header->row);
}
