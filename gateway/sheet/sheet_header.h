/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_header: the names of the columns. Until the merged cells are known, which stand
 * behind the rows, a name may be one from above the header row. */
#ifndef KP_SHEET_SHEET_HEADER_H
#define KP_SHEET_SHEET_HEADER_H

#include "core/arena.h"
#include "sheet/sheet.h"

struct kp_sheet_header {
	struct kp_arena *arena;
	uint32_t row;           /* of the names, from 1 */
	uint32_t width;         /* columns with a text in this row or above it */
	struct kp_slice *names; /* KP_SHEET_COLUMNS_MAX; empty: there is none */
	struct kp_slice *above; /* the lowest text above the name, for each column */
	uint32_t *above_row;    /* where that is */
	uint64_t room;          /* that the header row can take as CSV */
};

/* All memory from `arena`. KP_E_MEMORY. */
enum kp_status kp_sheet_header_init(struct kp_sheet_header *header,
	struct kp_arena *arena, uint32_t row, struct kp_error *err) KP_MUST_USE;
/* A text in the header row or above it; column from 0. KP_E_LIMIT, KP_E_MEMORY. */
enum kp_status kp_sheet_header_add(struct kp_sheet_header *header, uint32_t row,
	uint32_t column, struct kp_slice text, struct kp_error *err) KP_MUST_USE;
/* Merged cells ("B2:B3"). KP_E_INVALID when rows of data are merged, which would be no
 * rows. */
enum kp_status kp_sheet_header_merge(struct kp_sheet_header *header,
	struct kp_slice range, struct kp_error *err) KP_MUST_USE;
/* KP_E_INVALID when there is not a single name. */
enum kp_status kp_sheet_header_check(
	const struct kp_sheet_header *header, struct kp_error *err) KP_MUST_USE;

/* "AB12": column from 0, row from 1; false when it is none. */
bool kp_sheet_header_cell(
	struct kp_slice reference, uint32_t *ret_row, uint32_t *ret_column);

#endif
