/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_workbook: which parts of the archive matter: from the package's relationships to
 * the workbook, and from the workbook's to the sheet, its texts and its formats. */
#ifndef KP_SHEET_SHEET_WORKBOOK_H
#define KP_SHEET_SHEET_WORKBOOK_H

#include "core/arena.h"
#include "sheet/sheet_archive.h"

/* Names of parts; in the caller's arena. */
struct kp_sheet_workbook {
	struct kp_slice sheet;
	struct kp_slice strings; /* empty: there are none */
	struct kp_slice styles;  /* empty: there are none */
	bool date_1904;          /* days count from 1 January 1904 */
};

/* `name` as in struct kp_sheet_options. */
enum kp_status kp_sheet_workbook_read(struct kp_sheet_archive *archive,
	struct kp_slice name, struct kp_arena *arena,
	struct kp_sheet_workbook *ret_workbook, struct kp_error *err) KP_MUST_USE;

#endif
