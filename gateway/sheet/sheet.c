/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet: see sheet.h. */
#include "sheet/sheet.h"

#include "sheet/sheet_rows.h"
#include "sheet/sheet_workbook.h"

/* Names, formats, and what stands above the rows. */
#define ARENA_BYTES_MAX ((size_t)16 << 20)

static enum kp_status
read_workbook(struct kp_sheet_archive *archive, const struct kp_sheet_options *options,
	const struct kp_sheet_output *output, struct kp_arena *arena,
	struct kp_error *err)
{
	struct kp_sheet_workbook workbook;
	struct kp_sheet_strings strings = {0};
	struct kp_sheet_styles styles = {0};
	enum kp_status status =
		kp_sheet_workbook_read(archive, options->sheet, arena, &workbook, err);
	if (status == KP_OK && workbook.styles.len > 0) {
		status = kp_sheet_styles_read(
			archive, workbook.styles, arena, &styles, err);
	}
	if (status == KP_OK && workbook.strings.len > 0) {
		status = kp_sheet_strings_read(
			archive, workbook.strings, options->bytes_max, &strings, err);
	}
	if (status == KP_OK) {
		const struct kp_sheet_rows rows = {
			.strings = &strings,
			.styles = &styles,
			.date_1904 = workbook.date_1904,
			.arena = arena,
		};
		status = kp_sheet_rows_read(
			archive, workbook.sheet, &rows, options, output, err);
	}
	kp_sheet_strings_deinit(&strings);
	return status;
}

enum kp_status
kp_sheet_unpack(const struct kp_sheet_input *input,
	const struct kp_sheet_options *options, const struct kp_sheet_output *output,
	struct kp_error *err)
{
	struct kp_sheet_archive archive;
	struct kp_arena arena;
	enum kp_status status = kp_sheet_archive_open(
		&archive, input, options->bytes_max * KP_SHEET_XML_TIMES, err);
	if (status != KP_OK) {
		return status;
	}
	kp_arena_init(&arena, ARENA_BYTES_MAX, NULL);
	status = read_workbook(&archive, options, output, &arena, err);
	kp_arena_deinit(&arena);
	kp_sheet_archive_close(&archive);
	if (status == KP_E_NOT_FOUND) {
		/* Of a part that the workbook leads to; the file itself is there. */
		err->status = KP_E_INVALID;
		return KP_E_INVALID;
	}
	return status;
}
