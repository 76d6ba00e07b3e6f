/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* summary: see summary.h. */
#include "connectors/file/summary.h"

#include <string.h>

#include "connectors/fault.h"

/* A day in quotes, all of it known. */
#define DAY_LEN (sizeof("\"yyyy-mm-dd\"") - 1)
#define COUNT_DIGITS_MAX 18

bool
kp_summary_is_trailer(
	const struct kp_manifest_export *file, const struct kp_form_row *row)
{
	return file->trailer.mark.len > 0 &&
		kp_slice_equal(row->values[0].text, file->trailer.mark);
}

bool
kp_summary_begin(struct kp_summary *summary, const struct kp_manifest_export *file,
	const struct kp_form_row *header, struct kp_fault *fault)
{
	bool column = kp_slice_is(file->dated_by, "column");
	char place[KP_FORM_ROW_PLACE_BYTES];
	kp_form_row_place(header->number, place);
	*summary = (struct kp_summary){
		.date_column = KP_ROW_NO_COLUMN, .last = header->number};
	return !column ||
		kp_row_column_find(header->names, header->count, file->date_name, place,
			&summary->date_column, fault);
}

static bool
take_day(struct kp_summary *summary, const struct kp_manifest_export *file,
	const struct kp_form_row *row, struct kp_slice text, struct kp_fault *fault)
{
	char day[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	if (kp_value_date(file->date_pattern, text, day, &len) != KP_VALUE_MADE ||
		len != DAY_LEN) {
		return kp_form_row_refuse(
			fault, row->number, "the day of the delivery is not one");
	}
	if (summary->day_len > 0 && memcmp(summary->day, day, len) != 0) {
		return kp_form_row_refuse(fault, row->number,
			"the row is of another day than those before it");
	}
	memcpy(summary->day, day, len);
	summary->day_len = len;
	return true;
}

static bool
is_count(struct kp_slice text, uint64_t rows)
{
	uint64_t number = 0;
	if (text.len == 0 || text.len > COUNT_DIGITS_MAX) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
		number = number * 10 + (uint64_t)(text.data[i] - '0');
	}
	return number == rows;
}

bool
kp_summary_add(struct kp_summary *summary, const struct kp_manifest_export *file,
	const struct kp_form_row *row, struct kp_fault *fault)
{
	const struct kp_manifest_trailer *trailer = &file->trailer;
	summary->last = row->number;
	if (summary->ended) {
		return kp_form_row_refuse(
			fault, row->number, "a row follows the trailer");
	}
	if (!kp_summary_is_trailer(file, row)) {
		summary->rows++;
		return summary->date_column == KP_ROW_NO_COLUMN ||
			take_day(summary, file, row,
				kp_form_row_text(row, summary->date_column), fault);
	}
	summary->ended = true;
	if (!is_count(kp_form_row_text(row, trailer->count - 1), summary->rows)) {
		return kp_form_row_refuse(fault, row->number,
			"the trailer says another number of rows than there are");
	}
	return !kp_slice_is(file->dated_by, "trailer") ||
		take_day(summary, file, row, kp_form_row_text(row, trailer->date - 1),
			fault);
}

bool
kp_summary_end(const struct kp_summary *summary, const struct kp_manifest_export *file,
	struct kp_fault *fault)
{
	if (file->trailer.mark.len > 0 && !summary->ended) {
		return kp_form_row_refuse(fault, summary->last,
			"the file ends without its trailer: it is not whole");
	}
	return true;
}
