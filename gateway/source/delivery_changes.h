/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * delivery_changes: the change files that follow a whole delivery (manifest:
 * file/series), in order and indexed together, in memory. Immutable once made. Blocks;
 * for workers.
 */
#ifndef KP_SOURCE_DELIVERY_CHANGES_H
#define KP_SOURCE_DELIVERY_CHANGES_H

#include "source/delivery_scan.h"
#include "source/source_export.h"

struct kp_change_file {
	struct kp_file *file;
	struct kp_file *rows; /* what the index points into: the file itself, or what it
				 unpacks to */
	struct kp_file_stamp stamp;
	struct kp_delivery_preamble preamble;
};

/* Row places have the number of their file, from 1. */
struct kp_changes {
	struct kp_change_file *files;
	size_t count; /* at least 1 */
	uint32_t day; /* of the last */
	uint64_t rows;
	struct kp_row_index *index; /* with the keys of the base's */
};

/*
 * Those that come after `base`: of the same day and later, or where both have numbers
 * with greater ones. The first that is refused, or comes after one that is missing, ends
 * them: that is told, and not an error. KP_OK with NULL when there are none.
 * KP_E_BUSY: a file changes while it is read; KP_E_IO, KP_E_MEMORY.
 */
enum kp_status kp_changes_make(const struct kp_export_making *making,
	const struct kp_export *base, struct kp_changes **ret_changes) KP_MUST_USE;
void kp_changes_destroy(struct kp_changes **changes); /* accepts NULL */

#endif
