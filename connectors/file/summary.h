/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* summary: what a file says of itself: how many rows it has, in a trailer, and of what
 * day it is (manifest: file/trailer, file/dated_by). Pure. */
#ifndef KP_CONNECTORS_FILE_SUMMARY_H
#define KP_CONNECTORS_FILE_SUMMARY_H

#include "connectors/file/form_row.h"
#include "connectors/value.h"

struct kp_summary {
	size_t date_column; /* KP_ROW_NO_COLUMN: the day is not in one */
	uint64_t rows;      /* so far, without the trailer */
	uint64_t last;      /* number of the last one, with the trailer */
	bool ended;         /* the trailer was there */
	char day[KP_VALUE_DATE_BYTES];
	size_t day_len; /* 0: none */
};

/* Is it the trailer? */
bool kp_summary_is_trailer(
	const struct kp_manifest_export *file, const struct kp_form_row *row);
/* From the names; false with the fault. */
bool kp_summary_begin(struct kp_summary *summary, const struct kp_manifest_export *file,
	const struct kp_form_row *header, struct kp_fault *fault) KP_MUST_USE;
/* Each row behind them, the trailer too. False with the fault: a row behind the trailer,
 * a count that is not that of the rows, a day that is none or another than before. */
bool kp_summary_add(struct kp_summary *summary, const struct kp_manifest_export *file,
	const struct kp_form_row *row, struct kp_fault *fault) KP_MUST_USE;
/* False with the fault: the trailer is not there. */
bool kp_summary_end(const struct kp_summary *summary,
	const struct kp_manifest_export *file, struct kp_fault *fault) KP_MUST_USE;

#endif
