/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_rows: see source_rows.h. */
#include "source/source_rows.h"

#include "connectors/fault.h"
#include "connectors/file/form.h"
#include "sheet/sheet.h"

static enum kp_status
read_workbook(void *ctx, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	return kp_file_read_at(ctx, offset, bytes, len, ret_read);
}

static enum kp_status
write_rows(void *ctx, uint64_t offset, const char *bytes, size_t len)
{
	return kp_file_write_at(ctx, offset, bytes, len);
}

static enum kp_status
unpack(const struct kp_manifest_export *manifest, struct kp_file *file,
	struct kp_file *rows, struct kp_error *err)
{
	struct kp_file_stamp stamp;
	const struct kp_sheet_options options = {
		.sheet = manifest->sheet,
		.header_row = manifest->header_row,
		.bytes_max = manifest->unpacked_bytes_max,
		.unreadable = KP_SLICE(KP_FORM_UNREADABLE),
	};
	if (kp_file_stat(file, &stamp) != KP_OK) {
		return kp_error_set(err, KP_E_IO, "the size of the file is not known");
	}
	const struct kp_sheet_input input = {file, stamp.size, read_workbook};
	const struct kp_sheet_output output = {rows, write_rows};
	enum kp_status status = kp_sheet_unpack(&input, &options, &output, err);
	return status == KP_OK ? kp_file_seal(rows) : status;
}

enum kp_status
kp_source_rows_open(const struct kp_source_private *private, struct kp_file *file,
	struct kp_file **ret_rows, struct kp_fault *fault)
{
	const struct kp_manifest_export *manifest = &private->manifest->file;
	struct kp_error err = {0};
	struct kp_file *rows = NULL;
	if (manifest->form != KP_EXPORT_XLSX) {
		*ret_rows = file;
		return KP_OK;
	}
	enum kp_status status =
		kp_file_create_secret(manifest->unpacked_bytes_max, &rows, &err);
	if (status == KP_OK) {
		status = unpack(manifest, file, rows, &err);
	}
	if (status == KP_OK) {
		*ret_rows = rows;
		return KP_OK;
	}
	kp_file_close(&rows);
	if (status == KP_E_MEMORY || status == KP_E_IO) {
		return status;
	}
	(void)kp_fault_set(fault, err.place, "%.180s", err.message);
	fault->line = err.line;
	return KP_E_SOURCE;
}
