/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * sheet: one sheet of an XLSX workbook as CSV (RFC 4180: commas, UTF-8, a header row), so
 * that what reads exports reads workbooks too. Bytes come and go through functions: no
 * I/O of its own. The workbook may be hostile: archive, parts, texts, rows and columns
 * have bounds, XML has no document type, and nothing in it is followed or run. Takes as
 * long as the workbook is large: for workers.
 *
 * What becomes of a cell:
 *   text            as it is; rich text without its looks
 *   number          its digits, without zeros at the end of a fraction; the shortest
 *                   that are the same binary64 number when a program wrote more than
 *                   15. Whole numbers of more than 15 digits, which a spreadsheet
 *                   cannot hold, are unreadable
 *   date, time      by the number format: yyyy-mm-dd, hh:mm:ss, or both with T between
 *                   when the time is not midnight. Days before 1 March 1900, which
 *                   Excel and LibreOffice count differently, are unreadable
 *   format 0000     leading zeros as shown
 *   boolean         true, false
 *   formula         the value it had when the workbook was saved; without one unreadable
 *   error (#N/A)    unreadable
 * An unreadable cell is what the options say.
 * Hidden rows count, empty ones do not. Cells merged across columns have their value in
 * the first; across rows is refused, but for names above the header row.
 *
 * ECMA-376 part 1, SpreadsheetML (transitional and strict), and part 2, packaging.
 */
#ifndef KP_SHEET_SHEET_H
#define KP_SHEET_SHEET_H

#include <stdint.h>

#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_SHEET_ENTRIES_MAX 4096u
#define KP_SHEET_DIRECTORY_BYTES_MAX ((uint64_t)4 << 20)
/* Of one part, past its first megabyte. */
#define KP_SHEET_RATIO_MAX 200u
/* All parts together unpack to at most so many times the rows. */
#define KP_SHEET_XML_TIMES 16u
#define KP_SHEET_STRINGS_MAX 4194304u
#define KP_SHEET_ROWS_MAX 1048576u
#define KP_SHEET_COLUMNS_MAX 1024u
#define KP_SHEET_CELL_BYTES_MAX ((size_t)64 << 10)
#define KP_SHEET_ROW_BYTES_MAX ((size_t)1 << 20)

/* The workbook; read from anywhere, fewer than `len` bytes only at its end. */
struct kp_sheet_input {
	void *ctx;
	uint64_t size;
	enum kp_status (*read)(
		void *ctx, uint64_t offset, char *bytes, size_t len, size_t *ret_read);
};

/* Where the rows go; not always in order. */
struct kp_sheet_output {
	void *ctx;
	enum kp_status (*write)(
		void *ctx, uint64_t offset, const char *bytes, size_t len);
};

struct kp_sheet_options {
	struct kp_slice sheet; /* by name, also a hidden one; empty: the first that is
				  not hidden */
	uint32_t header_row;   /* from 1; rows above it do not count */
	uint64_t bytes_max;    /* of the rows, and of the shared texts */
	/* Stands for a cell without a value: a control character, which no text of a
	 * workbook can hold. */
	struct kp_slice unreadable;
};

/*
 * Errors: KP_E_SYNTAX, KP_E_INVALID (not such a workbook, or not in the agreed form),
 * KP_E_CORRUPT (a checksum), KP_E_LIMIT, KP_E_MEMORY, KP_E_IO; `place` is a part or a
 * cell, and no message holds anything of a cell.
 */
enum kp_status kp_sheet_unpack(const struct kp_sheet_input *input,
	const struct kp_sheet_options *options, const struct kp_sheet_output *output,
	struct kp_error *err) KP_MUST_USE;

#endif
