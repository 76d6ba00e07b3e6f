/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_part: a part of the workbook read as XML events, and what its readers share. */
#ifndef KP_SHEET_SHEET_PART_H
#define KP_SHEET_SHEET_PART_H

#include "connectors/soap/xml.h"
#include "sheet/sheet_archive.h"

/*
 * Reads a part through `events`. When an event ended the reading the answer is
 * KP_E_CANCELLED and `err` is untouched: the reader of the part knows why. `place` of
 * another error is the part's name.
 */
enum kp_status kp_sheet_part_read(struct kp_sheet_archive *archive, struct kp_slice name,
	const struct kp_xml_events *events, void *ctx, struct kp_error *err) KP_MUST_USE;

/* Events for parts of which only the elements matter. */
bool kp_sheet_part_no_text(void *ctx, struct kp_slice text);
bool kp_sheet_part_no_close(void *ctx);

/* Is this the namespace of SpreadsheetML? */
bool kp_sheet_part_is_main(struct kp_slice space);
/* An attribute without a namespace; empty when there is none. */
struct kp_slice kp_sheet_part_attribute(
	const struct kp_xml_attribute *attributes, unsigned count, const char *name);
/* Decimal digits only; false for anything else or above `max`. */
bool kp_sheet_part_number(struct kp_slice text, uint32_t max, uint32_t *ret_number);
/* "1" or "true". */
bool kp_sheet_part_is_true(struct kp_slice text);

#endif
