/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* changes: which row of the partner's a row is, and what a change file does with it
 * (manifest: file/series). Pure. */
#ifndef KP_CONNECTORS_FILE_CHANGES_H
#define KP_CONNECTORS_FILE_CHANGES_H

#include "connectors/file/form_row.h"

/* Of all its key columns together, with what keeps them apart. */
#define KP_CHANGE_IDENTITY_BYTES_MAX ((size_t)1024)

/* Where its columns are. */
struct kp_change_columns {
	size_t operation; /* KP_ROW_NO_COLUMN in a whole delivery */
	size_t *key;
};

/* Among the names of a file; false with the fault. */
bool kp_change_columns_find(struct kp_arena *arena,
	const struct kp_manifest_series *series, bool changes,
	const struct kp_form_row *header, struct kp_change_columns *columns,
	struct kp_fault *fault) KP_MUST_USE;
/* Is it one of them, by name? */
bool kp_change_column_named(
	const struct kp_manifest_series *series, struct kp_slice name);

struct kp_change {
	char identity[KP_CHANGE_IDENTITY_BYTES_MAX];
	size_t identity_len; /* 0: none of its key columns holds anything */
	bool removes;
};

/* Reads a row. False with the fault: in a change file a code that is not agreed or no
 * identity, in any file an identity that is too long or cannot be read. */
bool kp_change_read(const struct kp_manifest_series *series,
	const struct kp_change_columns *columns, const struct kp_form_row *row,
	struct kp_change *change, struct kp_fault *fault) KP_MUST_USE;

#endif
