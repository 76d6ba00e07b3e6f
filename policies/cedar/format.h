/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * format: policy text laid out in the one way that Cedar's own formatter has, comments
 * and spelling kept: 80 columns, two spaces.
 */
#ifndef KP_CEDAR_FORMAT_H
#define KP_CEDAR_FORMAT_H

#include "core/buffer.h"
#include "core/error.h"
#include "names.h"

#define KP_CEDAR_FORMAT_WIDTH 80
#define KP_CEDAR_FORMAT_INDENT 2

/*
 * Appends the formatted text of all policies to `out`. Memory comes from `arena`. Text
 * that does not parse is KP_E_SYNTAX with all findings; the result is parsed again and
 * must mean the same, else KP_E_INTERNAL and nothing is appended. KP_E_LIMIT,
 * KP_E_MEMORY.
 */
enum kp_status kp_cedar_format(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_buffer *out,
	struct kp_findings *findings) KP_MUST_USE;

#endif
