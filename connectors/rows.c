/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* rows: see rows.h. */
#include "connectors/rows.h"

#include <string.h>
#include <strings.h>

#include "connectors/fault.h"
#include "connectors/finding.h"
#include "connectors/text.h"
#include "connectors/value.h"
#include "core/bits.h"

/* Building. */

/* "table.column" in two; without a dot everything is the column. */
static void
split_path(struct kp_slice path, struct kp_slice *ret_table, struct kp_slice *ret_column)
{
	const char *dot = path.len == 0 ? NULL : memchr(path.data, '.', path.len);
	size_t table = dot == NULL ? 0 : (size_t)(dot - path.data);
	*ret_table = (struct kp_slice){path.data, table};
	*ret_column =
		dot == NULL ? path : (struct kp_slice){dot + 1, path.len - table - 1};
}

static bool
add_field(struct kp_arena *arena, const struct kp_host *host, struct kp_row_group *group,
	const struct kp_manifest_field *field, struct kp_slice column)
{
	uint32_t section = kp_finding_section(host, field);
	bool is_list =
		section != UINT32_MAX && host->section_is_list(host->context, section);
	if (section != UINT32_MAX && is_list != (group->section != UINT32_MAX)) {
		kp_finding(host, &field->place,
			is_list ? "is in a list section; put it in response/lists"
				: "is in a single section; put it in response/fields");
	}
	if (field->form == KP_FORM_DATE_OBJECT) {
		kp_finding(host, &field->place, "a column cannot hold a date object");
	}
	struct kp_row_field *out = &group->fields[group->field_count++];
	out->field = field;
	out->column = column;
	out->cell = kp_finding_cell(host, field);
	const char *note = kp_arena_printf(arena,
		field->table == NULL
			? "de waarde van %.*s heeft een vorm die niet is afgesproken"
			: "de waarde van %.*s staat in geen codetabel",
		KP_SLICE_ARG(field->field));
	out->unreadable = kp_slice_from(note);
	return note != NULL;
}

/* The group of single sections that this table fills; room for all their fields. */
static struct kp_row_group *
single_group(struct kp_arena *arena, struct kp_row_groups *groups, struct kp_slice table,
	size_t field_count)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (kp_slice_equal(groups->items[i].table, table)) {
			return &groups->items[i];
		}
	}
	struct kp_row_group *group = &groups->items[groups->count++];
	group->section = UINT32_MAX;
	group->table = table;
	group->fields = KP_ARENA_ARRAY(arena, struct kp_row_field, field_count + 1);
	return group->fields == NULL ? NULL : group;
}

static bool
add_singles(struct kp_arena *arena, const struct kp_host *host,
	const struct kp_manifest_response *response, bool by_table,
	struct kp_row_groups *groups)
{
	struct kp_slice first = {0};
	for (size_t i = 0; i < response->field_count; i++) {
		const struct kp_manifest_field *field = &response->fields[i];
		struct kp_slice table = {0};
		struct kp_slice column = field->path;
		if (by_table && column.len > 0) {
			split_path(field->path, &table, &column);
			if (table.len == 0 || column.len == 0) {
				kp_finding(host, &field->place,
					"must be written as query.column");
			}
			first = first.len == 0 ? table : first;
		}
		/* A constant comes with the rows of the first query. */
		table = by_table && field->path.len == 0 ? first : table;
		struct kp_row_group *group =
			single_group(arena, groups, table, response->field_count);
		if (group == NULL || !add_field(arena, host, group, field, column)) {
			return false;
		}
	}
	return true;
}

static bool
add_list(struct kp_arena *arena, const struct kp_host *host,
	const struct kp_manifest_list *list, bool by_table, struct kp_row_groups *groups)
{
	uint32_t section = kp_finding_list(host, list);
	if (section == UINT32_MAX) {
		return true;
	}
	struct kp_row_group *group = &groups->items[groups->count++];
	group->section = section;
	group->table = by_table ? list->items : (struct kp_slice){0};
	group->valid_on = list->valid_on;
	group->fields = KP_ARENA_ARRAY(arena, struct kp_row_field, list->field_count + 1);
	if (group->fields == NULL) {
		return false;
	}
	if (by_table && list->items.len == 0) {
		kp_finding(host, &list->place, "has no 'items': the query of its rows");
	}
	for (size_t i = 0; i < list->field_count; i++) {
		if (!add_field(
			    arena, host, group, &list->fields[i], list->fields[i].path)) {
			return false;
		}
	}
	return true;
}

bool
kp_row_groups_build(struct kp_arena *arena, const struct kp_host *host,
	const struct kp_manifest *manifest, bool by_table, struct kp_row_groups *groups)
{
	const struct kp_manifest_response *response = &manifest->response;
	size_t room = response->list_count + 1 + (by_table ? response->field_count : 0);
	groups->count = 0;
	groups->items = KP_ARENA_ARRAY(arena, struct kp_row_group, room);
	if (groups->items == NULL ||
		!add_singles(arena, host, response, by_table, groups)) {
		return false;
	}
	for (size_t i = 0; i < response->list_count; i++) {
		if (!add_list(arena, host, &response->lists[i], by_table, groups)) {
			return false;
		}
	}
	return true;
}

void
kp_row_groups_offer(
	const struct kp_row_groups *groups, uint64_t *cells, uint32_t cell_words)
{
	for (size_t i = 0; i < groups->count; i++) {
		for (size_t j = 0; j < groups->items[i].field_count; j++) {
			uint32_t cell = groups->items[i].fields[j].cell;
			if (cell / 64 < cell_words) {
				kp_bits_set(cells, cell);
			}
		}
	}
}

/* Columns. */

/* The names that are there are not told: where the row of names is missing, they are
 * somebody's data. */
static void
say_no_column(const struct kp_slice *names, size_t count, struct kp_slice name,
	const char *place, struct kp_fault *fault)
{
	bool capitals = false;
	for (size_t i = 0; i < count; i++) {
		struct kp_slice other = kp_value_trim(names[i]);
		capitals = capitals ||
			(other.len == name.len &&
				strncasecmp(other.data, name.data, name.len) == 0);
	}
	(void)kp_fault_set(fault, place, "there is no column '%.*s'%s",
		name.len > 60 ? 60 : (int)name.len, name.data,
		capitals             ? "; one differs in capitals only"
			: count == 1 ? ", and only one in all: is the separator right?"
				     : "");
}

bool
kp_row_column_find(const struct kp_slice *names, size_t count, struct kp_slice name,
	const char *place, size_t *ret_column, struct kp_fault *fault)
{
	*ret_column = KP_ROW_NO_COLUMN;
	if (name.len == 0) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (kp_slice_equal(kp_value_trim(names[i]), name)) {
			*ret_column = i;
			return true;
		}
	}
	say_no_column(names, count, name, place, fault);
	return false;
}

bool
kp_row_columns_find(struct kp_arena *arena, const struct kp_row_group *group,
	const struct kp_slice *names, size_t count, const char *place,
	struct kp_row_columns *columns, struct kp_fault *fault)
{
	columns->fields = KP_ARENA_ARRAY(arena, size_t, group->field_count + 1);
	if (columns->fields == NULL) {
		(void)kp_fault_memory(fault);
		return false;
	}
	bool fine = kp_row_column_find(
		names, count, group->valid_on, place, &columns->valid_on, fault);
	for (size_t i = 0; fine && i < group->field_count; i++) {
		fine = kp_row_column_find(names, count, group->fields[i].column, place,
			&columns->fields[i], fault);
	}
	return fine;
}

/* Values. */

struct sending {
	const struct kp_sink *sink;
	uint32_t item;
	struct kp_slice valid_on;
};

static bool
send_value(const struct sending *sending, const struct kp_row_field *field,
	enum kp_value_form form, struct kp_slice bytes)
{
	struct kp_value value = {
		.size = sizeof(value),
		.cell = field->cell,
		.item = sending->item,
		.form = form,
		.bytes = kp_text_from(bytes),
		.valid_on = kp_text_from(sending->valid_on),
	};
	return sending->sink->value(sending->sink->context, &value);
}

static bool
remark(const struct sending *sending, const struct kp_row_field *field, const char *code)
{
	return sending->sink->note(sending->sink->context,
		(struct kp_text){code, strlen(code)}, kp_text_from(field->unreadable));
}

static bool
send_by_table(const struct sending *sending, const struct kp_row_field *field,
	struct kp_slice text)
{
	const struct kp_manifest_row *row =
		kp_manifest_table_find(field->field->table, kp_value_trim(text));
	return row == NULL ? remark(sending, field, "onbekendeCode")
			   : send_value(sending, field, KP_VALUE_JSON, row->value);
}

static bool
send_field(const struct sending *sending, const struct kp_row_field *field,
	const struct kp_row_value *cell)
{
	char made[KP_VALUE_NUMBER_BYTES];
	struct kp_slice bytes = {made, 0};
	enum kp_value_result result = KP_VALUE_MADE;
	bool yes = false;
	if (cell->unreadable) {
		return remark(sending, field, "onleesbaar");
	}
	if (field->field->table != NULL) {
		return send_by_table(sending, field, cell->text);
	}
	switch (field->field->form) {
	case KP_FORM_DATE:
		result = kp_value_date(
			field->field->date_pattern, cell->text, made, &bytes.len);
		break;
	case KP_FORM_YES_NO:
		result = kp_value_yes_no(cell->text, &yes);
		bytes = yes ? KP_SLICE("true") : KP_SLICE("false");
		break;
	case KP_FORM_PRESENT:
		bytes = KP_SLICE("true");
		break;
	case KP_FORM_NUMBER:
	case KP_FORM_CENTS:
		result = kp_value_number(cell->text, field->field->form == KP_FORM_CENTS,
			false, made, &bytes.len);
		break;
	case KP_FORM_AS_IS:
	case KP_FORM_DATE_OBJECT:
		return send_value(sending, field,
			cell->json ? KP_VALUE_JSON : KP_VALUE_TEXT, cell->text);
	}
	if (result == KP_VALUE_WRONG) {
		return remark(sending, field, "onleesbaar");
	}
	return result == KP_VALUE_ABSENT ||
		send_value(sending, field, KP_VALUE_JSON, bytes);
}

/* Rows. */

static bool
wanted(const struct kp_need *need, uint32_t cell)
{
	return cell / 64 < need->cell_words && kp_bits_has(need->cells, cell);
}

bool
kp_row_group_wanted(const struct kp_row_group *group, const struct kp_need *need)
{
	for (size_t i = 0; i < group->field_count; i++) {
		if (wanted(need, group->fields[i].cell)) {
			return true;
		}
	}
	return false;
}

static struct kp_row_value
value_at(const struct kp_row_value *values, size_t count, size_t column)
{
	return column < count ? values[column] : (struct kp_row_value){0};
}

/* Does the row hold anything that is wanted of this group? */
static bool
row_has(const struct kp_row_group *group, const struct kp_row_columns *columns,
	const struct kp_row_value *values, size_t count, const struct kp_need *need)
{
	for (size_t i = 0; i < group->field_count; i++) {
		struct kp_row_value value = value_at(values, count, columns->fields[i]);
		if (wanted(need, group->fields[i].cell) &&
			kp_value_trim(value.text).len > 0) {
			return true;
		}
	}
	return false;
}

bool
kp_row_send(const struct kp_row_group *group, const struct kp_row_columns *columns,
	const struct kp_row_value *values, size_t count, bool first,
	const struct kp_need *need, const struct kp_sink *sink)
{
	struct sending sending = {.sink = sink};
	bool list = group->section != UINT32_MAX;
	if (list ? !row_has(group, columns, values, count, need) : !first) {
		return true;
	}
	if (list && !sink->item(sink->context, group->section, &sending.item)) {
		return false;
	}
	struct kp_row_value valid_on = value_at(values, count, columns->valid_on);
	sending.valid_on = valid_on.unreadable ? (struct kp_slice){0} : valid_on.text;
	bool fine = true;
	for (size_t i = 0; fine && i < group->field_count; i++) {
		const struct kp_row_field *field = &group->fields[i];
		struct kp_row_value value = value_at(values, count, columns->fields[i]);
		if (!wanted(need, field->cell)) {
			continue;
		}
		if (columns->fields[i] == KP_ROW_NO_COLUMN) {
			fine = send_value(
				&sending, field, KP_VALUE_JSON, field->field->constant);
		} else if (kp_value_trim(value.text).len > 0) {
			fine = send_field(&sending, field, &value);
		}
	}
	return fine;
}

struct kp_slice
kp_bsn_normal(struct kp_slice text, char out[KP_BSN_DIGITS])
{
	text = kp_value_trim(text);
	if (text.len == 0 || text.len > KP_BSN_DIGITS) {
		return (struct kp_slice){0};
	}
	size_t zeros = KP_BSN_DIGITS - text.len;
	memset(out, '0', zeros);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return (struct kp_slice){0};
		}
		out[zeros + i] = text.data[i];
	}
	return (struct kp_slice){out, KP_BSN_DIGITS};
}
