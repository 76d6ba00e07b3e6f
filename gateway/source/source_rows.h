/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_rows: the rows of a delivery as text that can be sought in, whatever form it is
 * delivered in. Blocks: for workers. */
#ifndef KP_SOURCE_SOURCE_ROWS_H
#define KP_SOURCE_SOURCE_ROWS_H

#include "io/file.h"
#include "source/source_private.h"

/* *ret_rows is `file` itself, or memory that the rows of a workbook were unpacked into,
 * then the caller's to close. KP_E_SOURCE with the fault when they cannot be. */
enum kp_status kp_source_rows_open(const struct kp_source_private *private,
	struct kp_file *file, struct kp_file **ret_rows,
	struct kp_fault *fault) KP_MUST_USE;

#endif
