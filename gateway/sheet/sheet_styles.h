/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_styles: the number format behind each style of a cell (ECMA-376 part 1, 18.8). */
#ifndef KP_SHEET_SHEET_STYLES_H
#define KP_SHEET_SHEET_STYLES_H

#include "core/arena.h"
#include "sheet/sheet_archive.h"
#include "sheet/sheet_format.h"

#define KP_SHEET_STYLES_MAX 65536u
#define KP_SHEET_FORMATS_MAX 4096u

/* In the caller's arena. All zero is none: every number is a number. */
struct kp_sheet_styles {
	struct kp_sheet_format *items;
	uint32_t count;
};

enum kp_status kp_sheet_styles_read(struct kp_sheet_archive *archive,
	struct kp_slice part, struct kp_arena *arena, struct kp_sheet_styles *ret_styles,
	struct kp_error *err) KP_MUST_USE;

#endif
