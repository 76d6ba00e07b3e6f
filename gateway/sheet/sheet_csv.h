/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_csv: rows as CSV (RFC 4180), bounded, written in large pieces. In front is room
 * for the header row, which is known last; what it does not need are empty lines. */
#ifndef KP_SHEET_SHEET_CSV_H
#define KP_SHEET_SHEET_CSV_H

#include "sheet/sheet.h"
#include "sheet/sheet_text.h"

struct kp_sheet_csv {
	const struct kp_sheet_output *output;
	uint64_t bytes_max;
	uint64_t written; /* with the room in front */
	uint32_t width;   /* columns */
	char *piece;
	size_t piece_len;
	struct kp_sheet_text row; /* under way */
	uint32_t column;          /* that comes next in it */
	bool filled;              /* it holds something */
};

/* KP_E_MEMORY. After init deinit, also after failure. */
enum kp_status kp_sheet_csv_init(struct kp_sheet_csv *csv,
	const struct kp_sheet_output *output, uint64_t bytes_max,
	struct kp_error *err) KP_MUST_USE;
void kp_sheet_csv_deinit(struct kp_sheet_csv *csv);

/* Before the first row. */
void kp_sheet_csv_start(struct kp_sheet_csv *csv, uint32_t width, uint64_t header_room);
/* The field of a column (from 0) behind that of the last call; past the width it is left
 * out. KP_E_LIMIT, KP_E_MEMORY. */
enum kp_status kp_sheet_csv_add(struct kp_sheet_csv *csv, uint32_t column,
	struct kp_slice text, struct kp_error *err) KP_MUST_USE;
/* A row without anything in it is left out. KP_E_LIMIT, KP_E_MEMORY, KP_E_IO. */
enum kp_status kp_sheet_csv_end_row(
	struct kp_sheet_csv *csv, struct kp_error *err) KP_MUST_USE;
/* Writes the rows, and the header row of these names into its room. KP_E_LIMIT also when
 * the output takes no more; KP_E_MEMORY, KP_E_IO. */
enum kp_status kp_sheet_csv_finish(struct kp_sheet_csv *csv, const struct kp_slice *names,
	uint64_t header_room, struct kp_error *err) KP_MUST_USE;

/* The most that a name can take in a header row. */
uint64_t kp_sheet_csv_room(size_t name_len);

#endif
