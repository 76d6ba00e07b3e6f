/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_archive: see sheet_archive.h. */
#include "sheet/sheet_archive.h"

#include <string.h>
#include <strings.h>

#include "core/heap.h"

#define PIECE_BYTES ((size_t)64 << 10)
#define RATIO_FREE_BYTES ((uint64_t)1 << 20)

/* The workbook as libzip sees it: read only. */

static zip_int64_t
fail_source(struct kp_sheet_archive *archive, int code)
{
	zip_error_set(&archive->error, code, 0);
	return -1;
}

static zip_int64_t
read_source(struct kp_sheet_archive *archive, void *bytes, zip_uint64_t len)
{
	size_t got = 0;
	if (archive->opening && len > archive->directory_left) {
		archive->directory_large = true;
		return fail_source(archive, ZIP_ER_READ);
	}
	if (archive->input->read(archive->input->ctx, archive->at, bytes, (size_t)len,
		    &got) != KP_OK) {
		return fail_source(archive, ZIP_ER_READ);
	}
	archive->directory_left -= archive->opening ? got : 0;
	archive->at += got;
	return (zip_int64_t)got;
}

static zip_int64_t
seek_source(struct kp_sheet_archive *archive, void *data, zip_uint64_t len)
{
	zip_int64_t at = zip_source_seek_compute_offset(
		archive->at, archive->input->size, data, len, &archive->error);
	if (at < 0) {
		return -1;
	}
	archive->at = (uint64_t)at;
	return 0;
}

static zip_int64_t
stat_source(const struct kp_sheet_archive *archive, void *data)
{
	zip_stat_t *stat = data;
	zip_stat_init(stat);
	stat->valid = ZIP_STAT_SIZE;
	stat->size = archive->input->size;
	return (zip_int64_t)sizeof(*stat);
}

static zip_int64_t
on_command(void *ctx, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
	struct kp_sheet_archive *archive = ctx;
	if (command == ZIP_SOURCE_READ) {
		return read_source(archive, data, len);
	}
	if (command == ZIP_SOURCE_SEEK) {
		return seek_source(archive, data, len);
	}
	if (command == ZIP_SOURCE_STAT) {
		return stat_source(archive, data);
	}
	if (command == ZIP_SOURCE_ERROR) {
		return zip_error_to_data(&archive->error, data, len);
	}
	if (command == ZIP_SOURCE_SUPPORTS) {
		return ZIP_SOURCE_SUPPORTS_SEEKABLE;
	}
	if (command == ZIP_SOURCE_TELL) {
		return (zip_int64_t)archive->at;
	}
	if (command == ZIP_SOURCE_OPEN) {
		archive->at = 0;
		return 0;
	}
	return command == ZIP_SOURCE_CLOSE || command == ZIP_SOURCE_FREE
		? 0
		: fail_source(archive, ZIP_ER_OPNOTSUPP);
}

/* Faults. */

static enum kp_status
fail_zip(zip_error_t *error, struct kp_error *err)
{
	int code = zip_error_code_zip(error);
	if (code == ZIP_ER_MEMORY) {
		return kp_error_set(err, KP_E_MEMORY, "no memory left");
	}
	if (code == ZIP_ER_READ || code == ZIP_ER_SEEK) {
		return kp_error_set(err, KP_E_IO, "reading the workbook failed");
	}
	return code == ZIP_ER_CRC
		? kp_error_set(err, KP_E_CORRUPT, "the checksum is wrong")
		: kp_error_set(err, KP_E_SYNTAX, "the archive cannot be read: %s",
			  zip_error_strerror(error));
}

/* What is no archive at all: say what it probably is. */
static enum kp_status
check_start(const struct kp_sheet_input *input, struct kp_error *err)
{
	static const char compound[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
	char start[8];
	size_t len = 0;
	if (input->read(input->ctx, 0, start, sizeof(start), &len) != KP_OK) {
		return kp_error_set(err, KP_E_IO, "reading the workbook failed");
	}
	if (len == sizeof(start) && memcmp(start, compound, sizeof(start)) == 0) {
		return kp_error_set(err, KP_E_INVALID,
			"the workbook is encrypted with a password, or is an old .xls: "
			"deliver it as .xlsx without a password");
	}
	return len < 4 || memcmp(start, "PK", 2) != 0
		? kp_error_set(err, KP_E_INVALID, "the file is no .xlsx workbook")
		: KP_OK;
}

/* Opening. */

static enum kp_status
open_zip(struct kp_sheet_archive *archive, struct kp_error *err)
{
	zip_error_t error;
	zip_error_init(&error);
	enum kp_status status = KP_OK;
	zip_source_t *source = zip_source_function_create(on_command, archive, &error);
	archive->opening = true;
	if (source != NULL) {
		archive->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
	}
	archive->opening = false;
	if (archive->zip == NULL) {
		status = archive->directory_large
			? kp_error_set(err, KP_E_LIMIT,
				  "the directory of the archive has more than %llu bytes",
				  (unsigned long long)KP_SHEET_DIRECTORY_BYTES_MAX)
			: fail_zip(&error, err);
		zip_source_free(source);
	}
	zip_error_fini(&error);
	return status;
}

enum kp_status
kp_sheet_archive_open(struct kp_sheet_archive *archive,
	const struct kp_sheet_input *input, uint64_t unpacked_max, struct kp_error *err)
{
	*archive = (struct kp_sheet_archive){
		.input = input,
		.directory_left = KP_SHEET_DIRECTORY_BYTES_MAX,
		.unpacked_left = unpacked_max,
	};
	zip_error_init(&archive->error);
	archive->piece = kp_heap_alloc(PIECE_BYTES);
	enum kp_status status = archive->piece == NULL
		? kp_error_set(err, KP_E_MEMORY, "no memory left")
		: check_start(input, err);
	if (status == KP_OK) {
		status = open_zip(archive, err);
	}
	if (status == KP_OK &&
		zip_get_num_entries(archive->zip, 0) > KP_SHEET_ENTRIES_MAX) {
		status = kp_error_set(err, KP_E_LIMIT,
			"the archive has more than %u entries", KP_SHEET_ENTRIES_MAX);
	}
	if (status != KP_OK) {
		kp_sheet_archive_close(archive);
	}
	return status;
}

void
kp_sheet_archive_close(struct kp_sheet_archive *archive)
{
	if (archive->zip != NULL) {
		zip_discard(archive->zip);
		archive->zip = NULL;
	}
	zip_error_fini(&archive->error);
	kp_heap_free(archive->piece);
	archive->piece = NULL;
}

/* Parts. */

/* Names of parts are the same in capitals (ECMA-376 part 2, 6.2.2.3), and one that is
 * there twice could be read otherwise by somebody else. */
static enum kp_status
find(struct kp_sheet_archive *archive, struct kp_slice name, zip_uint64_t *ret_entry,
	struct kp_error *err)
{
	zip_int64_t count = zip_get_num_entries(archive->zip, 0);
	unsigned found = 0;
	for (zip_int64_t i = 0; i < count; i++) {
		const char *at =
			zip_get_name(archive->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
		if (at != NULL && strlen(at) == name.len &&
			strncasecmp(at, name.data, name.len) == 0) {
			*ret_entry = (zip_uint64_t)i;
			found++;
		}
	}
	if (found > 1) {
		return kp_error_set(
			err, KP_E_INVALID, "the archive holds this part twice");
	}
	return found == 1 ? KP_OK
			  : kp_error_set(err, KP_E_NOT_FOUND,
				    "the archive does not hold this part");
}

static enum kp_status
check_entry(const zip_stat_t *entry, struct kp_error *err)
{
	const zip_uint64_t needed =
		ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
	if ((entry->valid & needed) != needed) {
		return kp_error_set(
			err, KP_E_SYNTAX, "the archive says too little of it");
	}
	if (entry->encryption_method != ZIP_EM_NONE) {
		return kp_error_set(err, KP_E_INVALID,
			"the part is encrypted: deliver the workbook without a password");
	}
	/* ECMA-376 part 2, annex B. */
	return entry->comp_method == ZIP_CM_STORE || entry->comp_method == ZIP_CM_DEFLATE
		? KP_OK
		: kp_error_set(err, KP_E_INVALID,
			  "the part is packed in a way that workbooks do not use");
}

static enum kp_status
read_file(struct kp_sheet_archive *archive, zip_file_t *file, uint64_t bytes_max,
	kp_sheet_piece_fn on_piece, void *ctx, struct kp_error *err)
{
	uint64_t total = 0;
	for (;;) {
		zip_int64_t got = zip_fread(file, archive->piece, PIECE_BYTES);
		if (got < 0) {
			return fail_zip(zip_file_get_error(file), err);
		}
		if (got == 0) {
			return KP_OK;
		}
		total += (uint64_t)got;
		if (total > bytes_max) {
			return kp_error_set(err, KP_E_LIMIT,
				"the part unpacks to more than %u times its size",
				KP_SHEET_RATIO_MAX);
		}
		if ((uint64_t)got > archive->unpacked_left) {
			return kp_error_set(err, KP_E_LIMIT,
				"the workbook unpacks to more than is allowed: deliver "
				"it as CSV");
		}
		archive->unpacked_left -= (uint64_t)got;
		if (!on_piece(ctx, (struct kp_slice){archive->piece, (size_t)got})) {
			return KP_E_CANCELLED;
		}
	}
}

enum kp_status
kp_sheet_archive_read(struct kp_sheet_archive *archive, struct kp_slice name,
	kp_sheet_piece_fn on_piece, void *ctx, struct kp_error *err)
{
	zip_uint64_t at = 0;
	zip_stat_t entry;
	enum kp_status status = find(archive, name, &at, err);
	if (status == KP_OK && zip_stat_index(archive->zip, at, 0, &entry) != 0) {
		status = fail_zip(zip_get_error(archive->zip), err);
	}
	if (status == KP_OK) {
		status = check_entry(&entry, err);
	}
	if (status != KP_OK) {
		return status;
	}
	zip_file_t *file = zip_fopen_index(archive->zip, at, 0);
	if (file == NULL) {
		return fail_zip(zip_get_error(archive->zip), err);
	}
	/* The packed size is what the directory says; it cannot be more than the file. */
	uint64_t packed = entry.comp_size < archive->input->size ? entry.comp_size
								 : archive->input->size;
	status = read_file(archive, file, RATIO_FREE_BYTES + packed * KP_SHEET_RATIO_MAX,
		on_piece, ctx, err);
	(void)zip_fclose(file);
	return status;
}
