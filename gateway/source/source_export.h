/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_export: one delivery of a partner's export, opened and indexed. Immutable once
 * made, counted, shared by all loops; everything here blocks and is for workers.
 */
#ifndef KP_SOURCE_SOURCE_EXPORT_H
#define KP_SOURCE_SOURCE_EXPORT_H

#include <stdatomic.h>

#include "io/file.h"
#include "source/row_index.h"
#include "source/source_private.h"

struct kp_export {
	atomic_uint refs;
	struct kp_file *file;
	struct kp_file *rows; /* what the index points into: the file itself, or what it
				 unpacks to */
	struct kp_file_stamp stamp;
	struct kp_row_index *index;
	int64_t dated_ms; /* end of the day of the delivery, or its time; 0: not known */
	char dated[12];   /* "yyyy-mm-dd"; empty when not known */
};

/* Opens the export of a source and its index, or makes the index; tries again when the
 * file changes meanwhile. `anew`: the index that lies there is not to be believed. NULL
 * with the status and what the connector said. */
struct kp_export *kp_export_open(const struct kp_source_private *private, bool anew,
	enum kp_status *ret_status, struct kp_fault *fault);
void kp_export_unref(struct kp_export *export);

/* Has the file been replaced, written, or followed by a later one? */
bool kp_export_differs(
	const struct kp_source_private *private, const struct kp_export *export);
/* Is the open file still what was indexed? */
bool kp_export_intact(const struct kp_export *export);

/* The rows of a key, heap memory of the caller's. KP_E_BODY_LIMIT past `bytes_max`,
 * KP_E_CORRUPT when the index is damaged, KP_E_BUSY when the file was cut. */
enum kp_status kp_export_rows(const struct kp_export *export, struct kp_slice key,
	uint64_t bytes_max, char **ret_bytes, size_t *ret_len) KP_MUST_USE;

#endif
