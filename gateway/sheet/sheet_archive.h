/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_archive: the zip archive of a workbook, over libzip, with bounds: on the bytes of
 * its directory (before libzip makes anything of it), entries, ratio and bytes unpacked.
 */
#ifndef KP_SHEET_SHEET_ARCHIVE_H
#define KP_SHEET_SHEET_ARCHIVE_H

#include <zip.h>

#include "sheet/sheet.h"

/* All members private. */
struct kp_sheet_archive {
	const struct kp_sheet_input *input;
	uint64_t at;             /* where libzip reads */
	uint64_t directory_left; /* bytes it may still read while it opens */
	bool opening;
	bool directory_large;
	zip_error_t error;
	zip_t *zip;
	uint64_t unpacked_left; /* bytes of all parts together */
	char *piece;
};

/* On failure nothing is held. */
enum kp_status kp_sheet_archive_open(struct kp_sheet_archive *archive,
	const struct kp_sheet_input *input, uint64_t unpacked_max,
	struct kp_error *err) KP_MUST_USE;
void kp_sheet_archive_close(struct kp_sheet_archive *archive);

/* False ends the reading with KP_E_CANCELLED. */
typedef bool (*kp_sheet_piece_fn)(void *ctx, struct kp_slice piece);

/* A part from begin to end, its checksum looked at. KP_E_NOT_FOUND when there is none. */
enum kp_status kp_sheet_archive_read(struct kp_sheet_archive *archive,
	struct kp_slice name, kp_sheet_piece_fn on_piece, void *ctx,
	struct kp_error *err) KP_MUST_USE;

#endif
