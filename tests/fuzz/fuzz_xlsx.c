/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * A workbook. The first byte chooses what the rest is: an archive as it is, or one part
 * of an otherwise good archive (which libFuzzer could not make: it is packed and has
 * checksums). What comes out is CSV that our own reader takes.
 */
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "core/csv_read.h"
#include "sheet/sheet.h"

#define ROWS_BYTES_MAX ((size_t)64 << 10)

#define RELATIONS(body)                                                                  \
	"<Relationships "                                                                \
	"xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">" body   \
	"</Relationships>"
#define RELATION(id, kind, target)                                                       \
	"<Relationship Id=\"" id "\" Type=\"urn:x/" kind "\" Target=\"" target "\"/>"
#define MAIN "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\""

static const struct {
	const char *name;
	const char *text;
} parts[] = {
	{"_rels/.rels", RELATIONS(RELATION("r", "officeDocument", "w.xml"))},
	{"_rels/w.xml.rels",
		RELATIONS(RELATION("r1", "worksheet", "1.xml") RELATION("r2",
			"sharedStrings", "s.xml") RELATION("r3", "styles", "f.xml"))},
	{"w.xml",
		"<workbook " MAIN " xmlns:r=\"urn:x/relationships\"><sheets><sheet "
		"name=\"Een\" r:id=\"r1\"/></sheets></workbook>"},
	{"s.xml", "<sst " MAIN "><si><t>BSN</t></si><si><t>x</t></si></sst>"},
	{"f.xml",
		"<styleSheet " MAIN "><cellXfs><xf numFmtId=\"0\"/><xf "
		"numFmtId=\"14\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"},
	{"1.xml",
		"<worksheet " MAIN "><sheetData><row><c t=\"s\"><v>0</v></c><c "
		"t=\"s\"><v>1</v></c></row><row><c><v>1.5E1</v></c><c "
		"s=\"1\"><v>61</v></c></row></sheetData></worksheet>"},
};

struct rows {
	char bytes[ROWS_BYTES_MAX];
	size_t len;
};

static enum kp_status
read_workbook(void *ctx, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	const struct kp_slice *workbook = ctx;
	size_t left = offset < workbook->len ? workbook->len - (size_t)offset : 0;
	size_t got = len < left ? len : left;
	if (got > 0) {
		memcpy(bytes, workbook->data + offset, got);
	}
	*ret_read = got;
	return KP_OK;
}

static enum kp_status
write_rows(void *ctx, uint64_t offset, const char *bytes, size_t len)
{
	struct rows *rows = ctx;
	FUZZ_CHECK(len <= ROWS_BYTES_MAX && offset <= ROWS_BYTES_MAX - len);
	memcpy(rows->bytes + offset, bytes, len);
	rows->len = offset + len > rows->len ? (size_t)offset + len : rows->len;
	return KP_OK;
}

static bool
on_row(void *ctx, const struct kp_csv_row *row)
{
	(void)ctx;
	return row->field_count > 0;
}

static void
check_rows(const struct rows *rows)
{
	const struct kp_csv_options options = {.same_field_count = true};
	struct kp_arena arena;
	struct kp_csv_reader reader;
	struct kp_error err = {0};
	kp_arena_init(&arena, (size_t)16 << 20, NULL);
	FUZZ_CHECK(kp_csv_reader_init(&reader, &options, &arena, on_row, NULL, &err) ==
		KP_OK);
	FUZZ_CHECK(kp_csv_reader_push(&reader, (struct kp_slice){rows->bytes, rows->len},
			   &err) == KP_OK);
	FUZZ_CHECK(kp_csv_reader_finish(&reader, &err) == KP_OK);
	FUZZ_CHECK(rows->len > 0);
	kp_arena_deinit(&arena);
}

static void
unpack(struct kp_slice workbook, uint32_t header_row)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	const struct kp_sheet_input input = {&workbook, workbook.len, read_workbook};
	const struct kp_sheet_output output = {rows, write_rows};
	const struct kp_sheet_options options = {
		.header_row = header_row,
		.bytes_max = ROWS_BYTES_MAX,
		.unreadable = KP_SLICE("\x1a"),
	};
	struct kp_error err = {0};
	if (rows != NULL) {
		enum kp_status status = kp_sheet_unpack(&input, &options, &output, &err);
		FUZZ_CHECK(status == KP_OK || err.message[0] != '\0');
		if (status == KP_OK) {
			check_rows(rows);
		}
	}
	free(rows);
}

/* The good parts, and these bytes in the place of one. */
static void
pack(zip_t *zip, size_t replaced, struct kp_slice bytes)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(parts); i++) {
		zip_source_t *source = i == replaced
			? zip_source_buffer(zip, bytes.data, bytes.len, 0)
			: zip_source_buffer(zip, parts[i].text, strlen(parts[i].text), 0);
		FUZZ_CHECK(zip_file_add(zip, parts[i].name, source, 0) >= 0);
		FUZZ_CHECK(zip_set_file_compression(zip, i, ZIP_CM_STORE, 0) == 0);
	}
}

static void
unpack_part(size_t replaced, struct kp_slice bytes, uint32_t header_row)
{
	zip_error_t error;
	zip_error_init(&error);
	zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
	zip_t *zip = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
	zip_stat_t stat;
	FUZZ_CHECK(zip != NULL);
	zip_source_keep(source);
	pack(zip, replaced, bytes);
	FUZZ_CHECK(zip_close(zip) == 0);
	FUZZ_CHECK(zip_source_stat(source, &stat) == 0);
	char *workbook = malloc((size_t)stat.size);
	FUZZ_CHECK(workbook != NULL && zip_source_open(source) == 0);
	FUZZ_CHECK(
		zip_source_read(source, workbook, stat.size) == (zip_int64_t)stat.size);
	(void)zip_source_close(source);
	zip_source_free(source);
	unpack((struct kp_slice){workbook, (size_t)stat.size}, header_row);
	free(workbook);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len == 0) {
		return 0;
	}
	struct kp_slice rest = {(const char *)bytes + 1, len - 1};
	size_t part = bytes[0] % (KP_ARRAY_LEN(parts) + 1);
	uint32_t header_row = bytes[0] / 7 % 3 + 1;
	if (part == KP_ARRAY_LEN(parts)) {
		unpack(rest, header_row);
	} else {
		unpack_part(part, rest, header_row);
	}
	return 0;
}
