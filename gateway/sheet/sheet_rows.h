/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_rows: the rows of one sheet (ECMA-376 part 1, 18.3), cell by cell, as CSV. */
#ifndef KP_SHEET_SHEET_ROWS_H
#define KP_SHEET_SHEET_ROWS_H

#include "core/arena.h"
#include "sheet/sheet_archive.h"
#include "sheet/sheet_strings.h"
#include "sheet/sheet_styles.h"

/* What the cells of a sheet lean on. */
struct kp_sheet_rows {
	const struct kp_sheet_strings *strings;
	const struct kp_sheet_styles *styles;
	bool date_1904;
	struct kp_arena *arena;
};

/* `place` of an error is a cell or a row. */
enum kp_status kp_sheet_rows_read(struct kp_sheet_archive *archive, struct kp_slice part,
	const struct kp_sheet_rows *rows, const struct kp_sheet_options *options,
	const struct kp_sheet_output *output, struct kp_error *err) KP_MUST_USE;

#endif
