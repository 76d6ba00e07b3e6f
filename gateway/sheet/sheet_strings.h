/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_strings: the texts that the cells of a workbook share (ECMA-376 part 1, 18.4). */
#ifndef KP_SHEET_SHEET_STRINGS_H
#define KP_SHEET_SHEET_STRINGS_H

#include "sheet/sheet_archive.h"
#include "sheet/sheet_text.h"

/* On the heap. All zero is none. */
struct kp_sheet_strings {
	struct kp_sheet_text bytes; /* one behind the other */
	uint64_t *ends;
	uint32_t count;
	uint32_t capacity;
};

/* After it deinit, also after failure. */
enum kp_status kp_sheet_strings_read(struct kp_sheet_archive *archive,
	struct kp_slice part, uint64_t bytes_max, struct kp_sheet_strings *strings,
	struct kp_error *err) KP_MUST_USE;
void kp_sheet_strings_deinit(struct kp_sheet_strings *strings);

/* False when there is no such text. */
bool kp_sheet_strings_get(const struct kp_sheet_strings *strings, uint32_t index,
	struct kp_slice *ret_text);

#endif
