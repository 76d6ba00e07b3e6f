/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * ndjson: rows from lines that hold one JSON object each (ndjson.org, JSON Lines; RFC
 * 8259 for what is in a line). A column is the name of a member, or the names on the way
 * to it with dots between. It holds a text, a number, true, false or null; objects and
 * arrays that no column names are passed over. Lines with nothing but white space do not
 * count. A line without the first column, the one with the bsn, is a fault: it would be
 * "nothing known" about everybody when its name has changed.
 */
#ifndef KP_CONNECTORS_FILE_NDJSON_H
#define KP_CONNECTORS_FILE_NDJSON_H

#include "connectors/file/form_row.h"
#include "core/json_read.h"

#define KP_NDJSON_LINE_BYTES_MAX ((uint64_t)1 << 20)
#define KP_NDJSON_DEPTH_MAX 32u
/* Of one column's name. A longer way into an object leads to no column. */
#define KP_NDJSON_PATH_BYTES_MAX 512

struct kp_ndjson_columns {
	const struct kp_slice *names; /* none twice */
	size_t count;                 /* at least 1 */
};

/* Lifetime: the caller's, not longer than its arena. One thread. All members private. */
struct kp_ndjson_reader {
	struct kp_ndjson_columns columns;
	struct kp_form_handler handler;

	enum kp_status status; /* sticky, with what the error says */
	struct kp_error err;

	uint64_t offset; /* of the next input byte */
	uint64_t number; /* of the line under way, from 1 */
	uint64_t begin;  /* offset of its object */
	bool begun;      /* it has one */
	bool named;      /* the names were given */

	struct kp_arena line; /* of the line under way */
	char *block;          /* what it begins with */
	struct kp_json_reader json;
	struct kp_row_value *values; /* one for each column */
	bool *seen;
	size_t column; /* whose value comes next; or KP_ROW_NO_COLUMN */
	char path[KP_NDJSON_PATH_BYTES_MAX]; /* to the member under way */
	size_t path_len;                     /* past the size: too long */
	size_t ends[KP_NDJSON_DEPTH_MAX +
		2]; /* of the path to an open object, by depth */
};

/* Memory comes from `arena`. KP_E_MEMORY. */
enum kp_status kp_ndjson_reader_init(struct kp_ndjson_reader *reader,
	const struct kp_ndjson_columns *columns, struct kp_arena *arena,
	const struct kp_form_handler *handler, struct kp_error *err) KP_MUST_USE;

/*
 * Reads the next bytes. Errors: KP_E_SYNTAX and KP_E_INVALID (no JSON, a name twice; no
 * object; a column that holds no single value or is not there), KP_E_LIMIT (by name),
 * KP_E_MEMORY, KP_E_CANCELLED. `err` has line, column and, in `place`, "line N" and the
 * JSON pointer in it. After an error every call gives it again.
 */
enum kp_status kp_ndjson_reader_push(struct kp_ndjson_reader *reader,
	struct kp_slice chunk, struct kp_error *err) KP_MUST_USE;
/* The input ends here; a last line without a line end is given. */
enum kp_status kp_ndjson_reader_finish(
	struct kp_ndjson_reader *reader, struct kp_error *err) KP_MUST_USE;
/* Lets go of what a line under way holds; a zeroed reader too. */
void kp_ndjson_reader_deinit(struct kp_ndjson_reader *reader);

#endif
