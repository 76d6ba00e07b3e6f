/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_csv: see sheet_csv.h. */
#include "sheet/sheet_csv.h"

#include <string.h>

#include "core/heap.h"

#define PIECE_BYTES ((size_t)64 << 10)
/* Every byte of a row could be a quote. */
#define LINE_BYTES_MAX (2 * KP_SHEET_ROW_BYTES_MAX + 4 * KP_SHEET_COLUMNS_MAX)

enum kp_status
kp_sheet_csv_init(struct kp_sheet_csv *csv, const struct kp_sheet_output *output,
	uint64_t bytes_max, struct kp_error *err)
{
	*csv = (struct kp_sheet_csv){.output = output, .bytes_max = bytes_max};
	csv->piece = kp_heap_alloc(PIECE_BYTES);
	return csv->piece == NULL ? kp_error_set(err, KP_E_MEMORY, "no memory left")
				  : KP_OK;
}

void
kp_sheet_csv_deinit(struct kp_sheet_csv *csv)
{
	kp_heap_free(csv->piece);
	csv->piece = NULL;
	kp_sheet_text_deinit(&csv->row);
}

void
kp_sheet_csv_start(struct kp_sheet_csv *csv, uint32_t width, uint64_t header_room)
{
	csv->width = width;
	csv->written = header_room;
}

uint64_t
kp_sheet_csv_room(size_t name_len)
{
	return 2 * (uint64_t)name_len + 3;
}

/* Rows. */

static enum kp_status
put(struct kp_sheet_csv *csv, struct kp_slice bytes, struct kp_error *err)
{
	enum kp_status status = kp_sheet_text_add(&csv->row, bytes, LINE_BYTES_MAX);
	if (status == KP_E_LIMIT) {
		return kp_error_set(err, status, "the row has more than %zu bytes",
			KP_SHEET_ROW_BYTES_MAX);
	}
	return status == KP_OK ? KP_OK : kp_error_set(err, status, "no memory left");
}

static bool
needs_quotes(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		if (byte == ',' || byte == '"' || byte == '\n' || byte == '\r') {
			return true;
		}
	}
	return false;
}

static enum kp_status
put_field(struct kp_sheet_csv *csv, struct kp_slice text, struct kp_error *err)
{
	if (!needs_quotes(text)) {
		return put(csv, text, err);
	}
	enum kp_status status = put(csv, KP_SLICE("\""), err);
	while (status == KP_OK && text.len > 0) {
		const char *quote = memchr(text.data, '"', text.len);
		size_t len = quote == NULL ? text.len : (size_t)(quote - text.data) + 1;
		status = put(csv, (struct kp_slice){text.data, len}, err);
		if (status == KP_OK && quote != NULL) {
			status = put(csv, KP_SLICE("\""), err);
		}
		text.data += len;
		text.len -= len;
	}
	return status == KP_OK ? put(csv, KP_SLICE("\""), err) : status;
}

enum kp_status
kp_sheet_csv_add(struct kp_sheet_csv *csv, uint32_t column, struct kp_slice text,
	struct kp_error *err)
{
	enum kp_status status = KP_OK;
	if (column >= csv->width || text.len == 0) {
		return KP_OK;
	}
	for (; status == KP_OK && csv->column < column; csv->column++) {
		status = put(csv, KP_SLICE(","), err);
	}
	csv->filled = true;
	return status == KP_OK ? put_field(csv, text, err) : status;
}

static enum kp_status
refuse_bytes(const struct kp_sheet_csv *csv, struct kp_error *err)
{
	return kp_error_set(err, KP_E_LIMIT,
		"the rows of the sheet have more than %llu bytes: deliver them as CSV",
		(unsigned long long)csv->bytes_max);
}

/* The output has a bound of its own. */
static enum kp_status
write_out(const struct kp_sheet_csv *csv, uint64_t offset, struct kp_slice bytes,
	struct kp_error *err)
{
	enum kp_status status =
		csv->output->write(csv->output->ctx, offset, bytes.data, bytes.len);
	if (status == KP_E_LIMIT) {
		return refuse_bytes(csv, err);
	}
	return status == KP_OK
		? KP_OK
		: kp_error_set(err, status, "the rows of the sheet cannot be kept");
}

static enum kp_status
flush(struct kp_sheet_csv *csv, struct kp_error *err)
{
	size_t len = csv->piece_len;
	csv->piece_len = 0;
	return len == 0 ? KP_OK
			: write_out(csv, csv->written - len,
				  (struct kp_slice){csv->piece, len}, err);
}

static enum kp_status
keep(struct kp_sheet_csv *csv, struct kp_slice bytes, struct kp_error *err)
{
	if (csv->written > csv->bytes_max || bytes.len > csv->bytes_max - csv->written) {
		return refuse_bytes(csv, err);
	}
	enum kp_status status = KP_OK;
	while (status == KP_OK && bytes.len > 0) {
		size_t room = PIECE_BYTES - csv->piece_len;
		size_t len = bytes.len < room ? bytes.len : room;
		memcpy(csv->piece + csv->piece_len, bytes.data, len);
		csv->piece_len += len;
		csv->written += len;
		bytes.data += len;
		bytes.len -= len;
		status = csv->piece_len == PIECE_BYTES ? flush(csv, err) : KP_OK;
	}
	return status;
}

static enum kp_status
complete(struct kp_sheet_csv *csv, struct kp_error *err)
{
	enum kp_status status = KP_OK;
	for (; status == KP_OK && csv->column + 1 < csv->width; csv->column++) {
		status = put(csv, KP_SLICE(","), err);
	}
	return status == KP_OK ? put(csv, KP_SLICE("\n"), err) : status;
}

enum kp_status
kp_sheet_csv_end_row(struct kp_sheet_csv *csv, struct kp_error *err)
{
	enum kp_status status = csv->filled ? complete(csv, err) : KP_OK;
	if (status == KP_OK) {
		status = keep(csv,
			(struct kp_slice){csv->row.data, csv->filled ? csv->row.len : 0},
			err);
	}
	csv->row.len = 0;
	csv->column = 0;
	csv->filled = false;
	return status;
}

enum kp_status
kp_sheet_csv_finish(struct kp_sheet_csv *csv, const struct kp_slice *names,
	uint64_t header_room, struct kp_error *err)
{
	enum kp_status status = flush(csv, err);
	for (uint32_t i = 0; status == KP_OK && i < csv->width; i++) {
		status = kp_sheet_csv_add(csv, i, names[i], err);
	}
	if (status == KP_OK) {
		status = complete(csv, err);
	}
	for (; status == KP_OK && csv->row.len < header_room;) {
		status = put(csv, KP_SLICE("\n"), err);
	}
	return status == KP_OK
		? write_out(csv, 0, (struct kp_slice){csv->row.data, csv->row.len}, err)
		: status;
}
