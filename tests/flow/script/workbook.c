/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* workbook: see workbook.h. */
#include "script/workbook.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "script/script_private.h"

#define MAIN "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define OFFICE "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE "http://schemas.openxmlformats.org/package/2006/"
#define TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml."
#define RELATION(kind, target)                                                           \
	"<Relationships xmlns=\"" PACKAGE                                                \
	"relationships\"><Relationship Id=\"r1\" Type=\"" OFFICE "/" kind                \
	"\" Target=\"" target "\"/></Relationships>"

static const struct {
	const char *name;
	const char *text; /* NULL: the sheet */
} parts[] = {
	{"[Content_Types].xml",
		"<Types xmlns=\"" PACKAGE
		"content-types\"><Default Extension=\"rels\" ContentType="
		"\"application/vnd.openxmlformats-package.relationships+xml\"/>"
		"<Override PartName=\"/xl/workbook.xml\" ContentType=\"" TYPE
		"sheet.main+xml\"/><Override PartName=\"/xl/sheet.xml\" "
		"ContentType=\"" TYPE "worksheet+xml\"/></Types>"},
	{"_rels/.rels", RELATION("officeDocument", "xl/workbook.xml")},
	{"xl/workbook.xml",
		"<workbook xmlns=\"" MAIN "\" xmlns:r=\"" OFFICE
		"\"><sheets><sheet name=\"Blad1\" sheetId=\"1\" r:id=\"r1\"/></sheets>"
		"</workbook>"},
	{"xl/_rels/workbook.xml.rels", RELATION("worksheet", "sheet.xml")},
	{"xl/sheet.xml", NULL},
};

static void
add(struct text *text, const char *more)
{
	script_add(text, more, strlen(more));
}

static void
add_escaped(struct text *text, const char *at, size_t len)
{
	const char *end = at + len;
	while (at < end) {
		size_t plain = strcspn(at, "&<\n");
		plain = plain < (size_t)(end - at) ? plain : (size_t)(end - at);
		script_add(text, at, plain);
		at += plain;
		if (at < end) {
			add(text, *at++ == '&' ? "&amp;" : "&lt;");
		}
	}
}

static void
add_cell(struct text *sheet, const char *at, size_t len)
{
	bool number = len > 0 && strspn(at, "0123456789") >= len;
	add(sheet, number ? "<c><v>" : "<c t=\"inlineStr\"><is><t>");
	add_escaped(sheet, at, len);
	add(sheet, number ? "</v></c>" : "</t></is></c>");
}

static struct text
sheet_of(const char *rows)
{
	struct text sheet = {0};
	add(&sheet, "<worksheet xmlns=\"" MAIN "\"><sheetData>");
	while (*rows != '\0') {
		size_t row_len = strcspn(rows, "\n");
		add(&sheet, "<row>");
		for (const char *at = rows; at <= rows + row_len;) {
			size_t len = strcspn(at, ";\n");
			add_cell(&sheet, at, len);
			at += len + 1;
		}
		add(&sheet, "</row>");
		rows += row_len + (rows[row_len] == '\n' ? 1 : 0);
	}
	add(&sheet, "</sheetData></worksheet>");
	return sheet;
}

static bool
fill(zip_t *archive, const struct text *sheet)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *text = parts[i].text == NULL ? sheet->data : parts[i].text;
		zip_source_t *part = zip_source_buffer(archive, text, strlen(text), 0);
		zip_int64_t at = part == NULL
			? -1
			: zip_file_add(archive, parts[i].name, part, ZIP_FL_ENC_UTF_8);
		if (at < 0) {
			zip_source_free(part);
			return false;
		}
		/* The same bytes each time. */
		(void)zip_file_set_dostime(archive, (zip_uint64_t)at, 0, 33, 0);
	}
	return true;
}

static char *
read_source(zip_source_t *source, size_t *ret_len)
{
	zip_stat_t info;
	char *bytes = NULL;
	if (zip_source_stat(source, &info) == 0 && zip_source_open(source) == 0) {
		bytes = malloc((size_t)info.size);
		if (bytes != NULL &&
			zip_source_read(source, bytes, info.size) !=
				(zip_int64_t)info.size) {
			free(bytes);
			bytes = NULL;
		}
		(void)zip_source_close(source);
		*ret_len = (size_t)info.size;
	}
	return bytes;
}

char *
workbook_make(const char *rows, size_t *ret_len)
{
	zip_error_t error;
	char *bytes = NULL;
	zip_error_init(&error);
	struct text sheet = sheet_of(rows);
	zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
	zip_t *archive = source == NULL
		? NULL
		: zip_open_from_source(source, ZIP_TRUNCATE, &error);
	if (archive == NULL) {
		zip_source_free(source);
	} else {
		zip_source_keep(source);
		if (!fill(archive, &sheet)) {
			zip_discard(archive);
		} else if (zip_close(archive) == 0) {
			bytes = read_source(source, ret_len);
		} else {
			zip_discard(archive);
		}
		zip_source_free(source);
	}
	free(sheet.data);
	zip_error_fini(&error);
	return bytes;
}
