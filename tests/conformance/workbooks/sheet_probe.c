/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sheet_probe: a sheet of a workbook as CSV, or why not:
 *
 *     sheet_probe FILE HEADER_ROW BYTES_MAX [SHEET]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet/sheet.h"

struct rows {
	char *bytes;
	size_t len;
	size_t size;
};

static enum kp_status
read_file(void *ctx, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	FILE *file = ctx;
	if (fseek(file, (long)offset, SEEK_SET) != 0) {
		return KP_E_IO;
	}
	*ret_read = fread(bytes, 1, len, file);
	return ferror(file) != 0 ? KP_E_IO : KP_OK;
}

static enum kp_status
write_rows(void *ctx, uint64_t offset, const char *bytes, size_t len)
{
	struct rows *rows = ctx;
	if (offset + len > rows->size) {
		return KP_E_LIMIT;
	}
	memcpy(rows->bytes + offset, bytes, len);
	rows->len = offset + len > rows->len ? (size_t)offset + len : rows->len;
	return KP_OK;
}

int
main(int argc, char **argv)
{
	FILE *file = argc < 4 ? NULL : fopen(argv[1], "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
		fprintf(stderr, "usage: sheet_probe FILE HEADER_ROW BYTES_MAX [SHEET]\n");
		return 2;
	}
	const struct kp_sheet_input input = {file, (uint64_t)ftell(file), read_file};
	const struct kp_sheet_options options = {
		.sheet = kp_slice_from(argc > 4 ? argv[4] : NULL),
		.header_row = (uint32_t)strtoul(argv[2], NULL, 10),
		.bytes_max = strtoull(argv[3], NULL, 10),
		.unreadable = KP_SLICE("\x1a"),
	};
	struct rows rows = {.size = options.bytes_max + ((size_t)1 << 20)};
	rows.bytes = calloc(1, rows.size);
	const struct kp_sheet_output output = {&rows, write_rows};
	struct kp_error err = {0};
	char text[512];
	if (rows.bytes == NULL) {
		return 2;
	}
	enum kp_status status = kp_sheet_unpack(&input, &options, &output, &err);
	if (status == KP_OK) {
		(void)fwrite(rows.bytes, 1, rows.len, stdout);
	} else {
		printf("%s: %s\n", kp_status_info(status)->name,
			kp_error_text(&err, text, sizeof(text)));
	}
	free(rows.bytes);
	(void)fclose(file);
	return status == KP_OK ? 0 : 1;
}
