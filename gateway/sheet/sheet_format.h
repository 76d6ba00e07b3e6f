/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_format: what the number of a cell says, by its number format (ECMA-376 part 1,
 * 18.8.30 and 18.17.4). Pure; no allocation. */
#ifndef KP_SHEET_SHEET_FORMAT_H
#define KP_SHEET_SHEET_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/slice.h"

#define KP_SHEET_FORMAT_BYTES ((size_t)48)

enum kp_sheet_kind {
	KP_SHEET_NUMBER,
	KP_SHEET_PADDED, /* to so many digits */
	KP_SHEET_DATE,
	KP_SHEET_TIME,
	KP_SHEET_DATE_TIME,
};

struct kp_sheet_format {
	uint8_t kind; /* enum kp_sheet_kind */
	uint8_t digits;
};

/* Of a number format that every program knows by its number; NUMBER when there is none.
 */
struct kp_sheet_format kp_sheet_format_known(uint32_t id);
/* Of one that the workbook spells out: yyyy-mm-dd, 000000000, [$-413]d mmm h:mm. */
struct kp_sheet_format kp_sheet_format_parse(struct kp_slice code);

/*
 * The text of a number as it stands in the workbook. False when it is unreadable: no
 * number, a whole number of more digits than a spreadsheet can hold, a day that there is
 * not.
 */
bool kp_sheet_format_text(struct kp_slice number, struct kp_sheet_format format,
	bool date_1904, char out[KP_SHEET_FORMAT_BYTES], size_t *ret_len) KP_MUST_USE;

#endif
