/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_text: texts of a workbook: bytes that grow, and what is escaped in them. */
#ifndef KP_SHEET_SHEET_TEXT_H
#define KP_SHEET_SHEET_TEXT_H

#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

/* On the heap. All zero is empty. */
struct kp_sheet_text {
	char *data;
	size_t len;
	size_t capacity;
};

/* KP_E_LIMIT past `bytes_max`, KP_E_MEMORY. */
enum kp_status kp_sheet_text_add(
	struct kp_sheet_text *text, struct kp_slice more, size_t bytes_max) KP_MUST_USE;
void kp_sheet_text_deinit(struct kp_sheet_text *text);

/*
 * Undoes _xHHHH_ (ECMA-376 part 1, 22.9.2.19, ST_Xstring) in the bytes from `begin` on.
 * Characters that a text cannot hold stay as they are written.
 */
void kp_sheet_text_unescape(struct kp_sheet_text *text, size_t begin);

#endif
