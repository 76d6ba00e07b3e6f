/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* changes: see changes.h. */
#include "connectors/file/changes.h"

#include <stdio.h>
#include <string.h>

#include "connectors/fault.h"
#include "connectors/value.h"

bool
kp_change_columns_find(struct kp_arena *arena, const struct kp_manifest_series *series,
	bool changes, const struct kp_form_row *header, struct kp_change_columns *columns,
	struct kp_fault *fault)
{
	char place[KP_FORM_ROW_PLACE_BYTES];
	kp_form_row_place(header->number, place);
	columns->operation = KP_ROW_NO_COLUMN;
	columns->key = KP_ARENA_ARRAY(arena, size_t, series->key_count + 1);
	if (columns->key == NULL) {
		(void)kp_fault_memory(fault);
		return false;
	}
	bool fine = !changes ||
		kp_row_column_find(header->names, header->count, series->operation, place,
			&columns->operation, fault);
	for (size_t i = 0; fine && i < series->key_count; i++) {
		fine = kp_row_column_find(header->names, header->count, series->key[i],
			place, &columns->key[i], fault);
	}
	return fine;
}

bool
kp_change_column_named(const struct kp_manifest_series *series, struct kp_slice name)
{
	bool named = kp_slice_equal(series->operation, name);
	for (size_t i = 0; i < series->key_count; i++) {
		named = named || kp_slice_equal(series->key[i], name);
	}
	return named;
}

/* Netstrings, so that ("1", "23") is not ("12", "3"). */
static bool
read_identity(const struct kp_manifest_series *series,
	const struct kp_change_columns *columns, const struct kp_form_row *row,
	struct kp_change *change)
{
	bool any = false;
	size_t at = 0;
	for (size_t i = 0; i < series->key_count; i++) {
		char head[24];
		struct kp_slice text = kp_form_row_text(row, columns->key[i]);
		int head_len = snprintf(head, sizeof(head), "%zu:", text.len);
		if (text.len + (size_t)head_len + 1 > sizeof(change->identity) - at) {
			return false;
		}
		memcpy(change->identity + at, head, (size_t)head_len);
		at += (size_t)head_len;
		if (text.len > 0) {
			memcpy(change->identity + at, text.data, text.len);
			at += text.len;
			any = true;
		}
		change->identity[at++] = ',';
	}
	change->identity_len = any ? at : 0;
	return true;
}

static bool
read_operation(
	const struct kp_manifest_series *series, struct kp_slice code, bool *ret_removes)
{
	for (size_t i = 0; i < series->operation_count; i++) {
		if (kp_slice_equal(series->operations[i].code, code)) {
			*ret_removes = series->operations[i].removes;
			return true;
		}
	}
	return false;
}

/* A cell that holds something nobody can read could be any key. */
static bool
readable(const struct kp_change_columns *columns, size_t key_count,
	const struct kp_form_row *row)
{
	for (size_t i = 0; i < key_count; i++) {
		size_t column = columns->key[i];
		if (column < row->count && row->values[column].unreadable) {
			return false;
		}
	}
	return true;
}

bool
kp_change_read(const struct kp_manifest_series *series,
	const struct kp_change_columns *columns, const struct kp_form_row *row,
	struct kp_change *change, struct kp_fault *fault)
{
	bool changes = columns->operation != KP_ROW_NO_COLUMN;
	change->removes = false;
	if (!readable(columns, series->key_count, row)) {
		return kp_form_row_refuse(
			fault, row->number, "the key of the row is unreadable");
	}
	if (!read_identity(series, columns, row, change)) {
		return kp_form_row_refuse(
			fault, row->number, "the key of the row is too long");
	}
	if (changes && change->identity_len == 0) {
		return kp_form_row_refuse(
			fault, row->number, "a change does not say of which row");
	}
	if (changes &&
		!read_operation(series, kp_form_row_text(row, columns->operation),
			&change->removes)) {
		return kp_form_row_refuse(
			fault, row->number, "the operation is not one that is agreed");
	}
	return true;
}
