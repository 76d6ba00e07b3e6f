/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * csv_read: incremental reader of comma-separated text (RFC 4180, with the separators and
 * character sets that real exports use). Bytes go in as they come; each complete row
 * comes out through one function, its fields as UTF-8. Rows end with CRLF or LF. Quotes
 * only around a whole field; a quote inside an unquoted field, or text after a closing
 * quote, is an error. The reader does not look for a header row: that is row 1 to whoever
 * reads.
 */
#ifndef KP_CORE_CSV_READ_H
#define KP_CORE_CSV_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

enum kp_csv_charset {
	/* A byte order mark at the start is dropped; elsewhere one is an error, as is
	 * that of UTF-16. */
	KP_CSV_UTF8,         /* checked */
	KP_CSV_LATIN1,       /* ISO 8859-1 */
	KP_CSV_WINDOWS_1252, /* its five unassigned bytes are errors */
};

/* Lifetime: the call of the row function, fields included. */
struct kp_csv_row {
	uint64_t
		number; /* 1-based; a quoted field may span lines, so not a line number */
	uint64_t offset;               /* of the row's first byte in the input */
	uint64_t len;                  /* in bytes of the input, line end included */
	const struct kp_slice *fields; /* unquoted, UTF-8 */
	size_t field_count;            /* at least 1 */
};

/* False stops the reading: push and finish answer KP_E_CANCELLED. */
typedef bool (*kp_csv_row_fn)(void *ctx, const struct kp_csv_row *row);

struct kp_csv_options {
	char separator; /* ',' ';' '\t' or '|'; 0 is ',' */
	enum kp_csv_charset charset;
	bool loose_quotes; /* a quote inside a field without quotes is data, not an error
			    */
	bool same_field_count; /* refuse a row with more or fewer fields than the first */
	struct kp_slice odd_first; /* a row with this in its first field may have any
				      number of them; empty: none may */
	bool keep_empty_lines; /* an empty line is a row with one empty field; else it is
				  passed over */
	/* Limits; zero means the default. A value at the limit is accepted. */
	size_t field_bytes_max;    /* of one field as UTF-8; default 64 KiB */
	size_t fields_per_row_max; /* default 1,024 */
	size_t row_bytes_max;      /* of one row as UTF-8; default 1 MiB */
};

#define KP_CSV_FIELD_BYTES_MAX ((size_t)64 << 10)
#define KP_CSV_FIELDS_PER_ROW_MAX ((size_t)1024)
#define KP_CSV_ROW_BYTES_MAX ((size_t)1 << 20)

/* Lifetime: the caller's, not longer than its arena. One thread. All members private. */
struct kp_csv_reader {
	struct kp_csv_options options;
	struct kp_arena *arena;
	kp_csv_row_fn on_row;
	void *ctx;

	enum kp_status status; /* sticky, with what the error says */
	const char *fault;
	uint64_t fault_limit;
	unsigned state;      /* enum state in csv_read.c */
	uint64_t offset;     /* of the next input byte */
	uint64_t line_start; /* offset of the first byte of this line */
	unsigned line;
	bool begun;   /* no byte order mark can come any more */
	char held[3]; /* of what may be one */
	unsigned held_len;
	unsigned utf8_state; /* enum kp_text_state */

	uint64_t row_number;
	uint64_t row_offset;
	size_t first_row_fields;

	char *text; /* the fields of the row, one behind the other */
	size_t text_len;
	size_t text_capacity;
	size_t *ends; /* where each complete field ends in text */
	struct kp_slice *fields;
	size_t field_count;
	size_t fields_capacity;
};

/*
 * Readies a reader. `options` may be NULL and is copied. Memory comes from `arena` as
 * rows need it and is used again for the next row. Errors: KP_E_CONFIG (a separator that
 * is not one of the four).
 */
enum kp_status kp_csv_reader_init(struct kp_csv_reader *reader,
	const struct kp_csv_options *options, struct kp_arena *arena,
	kp_csv_row_fn on_row, void *ctx, struct kp_error *err) KP_MUST_USE;

/*
 * Reads the next bytes; `chunk` is borrowed for the call and may be empty.
 * Errors: KP_E_SYNTAX (quotes, a carriage return alone, NUL, character set), KP_E_INVALID
 * (field count), KP_E_LIMIT (by name), KP_E_MEMORY, KP_E_CANCELLED. `err` has line,
 * column and, in `place`, "row N". After an error every call gives it again.
 */
enum kp_status kp_csv_reader_push(struct kp_csv_reader *reader, struct kp_slice chunk,
	struct kp_error *err) KP_MUST_USE;

/* The input ends here; a last row without a line end is given. */
enum kp_status kp_csv_reader_finish(
	struct kp_csv_reader *reader, struct kp_error *err) KP_MUST_USE;

#endif
