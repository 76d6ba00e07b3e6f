/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* form: see form.h. */
#include "connectors/file/form.h"

/* Building. */

static void
add_column(struct kp_slice *names, size_t *count, struct kp_slice name)
{
	for (size_t i = 0; i < *count; i++) {
		if (kp_slice_equal(names[i], name)) {
			return;
		}
	}
	if (name.len > 0) {
		names[(*count)++] = name;
	}
}

/* Every column that the manifest names, the one with the bsn first. */
static bool
build_columns(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_row_groups *groups, struct kp_ndjson_columns *columns)
{
	const struct kp_manifest_series *series = &manifest->file.series;
	size_t room = 4 + series->key_count;
	for (size_t i = 0; i < groups->count; i++) {
		room += groups->items[i].field_count + 1;
	}
	struct kp_slice *names = KP_ARENA_ARRAY(arena, struct kp_slice, room);
	if (names == NULL) {
		return false;
	}
	names[columns->count++] = manifest->file.key;
	add_column(names, &columns->count, manifest->response.valid_on);
	for (size_t i = 0; i < groups->count; i++) {
		const struct kp_row_group *group = &groups->items[i];
		add_column(names, &columns->count, group->valid_on);
		for (size_t j = 0; j < group->field_count; j++) {
			add_column(names, &columns->count, group->fields[j].column);
		}
	}
	for (size_t i = 0; i < series->key_count; i++) {
		add_column(names, &columns->count, series->key[i]);
	}
	add_column(names, &columns->count, series->operation);
	if (kp_slice_is(manifest->file.dated_by, "column")) {
		add_column(names, &columns->count, manifest->file.date_name);
	}
	columns->names = names;
	return true;
}

bool
kp_form_build(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_row_groups *groups, struct kp_form *form)
{
	const struct kp_manifest_export *file = &manifest->file;
	*form = (struct kp_form){.form = file->form, .first_row = 1};
	if (file->form == KP_EXPORT_XLSX) {
		/* As the host unpacks it. */
		form->first_row = file->header_row;
		form->csv.separator = ',';
		form->csv.same_field_count = true;
		return true;
	}
	form->csv.separator = file->separator;
	form->csv.same_field_count = true;
	form->csv.odd_first = file->trailer.mark;
	form->csv.charset = kp_slice_is(file->charset, "latin-1") ? KP_CSV_LATIN1
		: kp_slice_is(file->charset, "windows-1252")      ? KP_CSV_WINDOWS_1252
								  : KP_CSV_UTF8;
	return build_columns(arena, manifest, groups, &form->columns);
}

/* Reading. */

static bool
on_csv_row(void *ctx, const struct kp_csv_row *csv)
{
	struct kp_form_reader *reader = ctx;
	struct kp_form_row row = {
		.number = csv->number + reader->form->first_row - 1,
		.offset = csv->offset,
		.len = csv->len,
		.count = csv->field_count,
	};
	if (csv->number == 1) {
		row.names = csv->fields;
		return reader->handler.row(reader->handler.ctx, &row);
	}
	if (csv->field_count > reader->value_capacity) {
		reader->values = KP_ARENA_ARRAY(
			reader->arena, struct kp_row_value, csv->field_count);
		reader->no_memory = reader->values == NULL;
		reader->value_capacity = reader->no_memory ? 0 : csv->field_count;
		if (reader->no_memory) {
			return false;
		}
	}
	for (size_t i = 0; i < csv->field_count; i++) {
		reader->values[i] = (struct kp_row_value){
			.text = csv->fields[i],
			.unreadable = reader->form->form == KP_EXPORT_XLSX &&
				kp_slice_is(csv->fields[i], KP_FORM_UNREADABLE),
		};
	}
	row.values = reader->values;
	return reader->handler.row(reader->handler.ctx, &row);
}

enum kp_status
kp_form_reader_init(struct kp_form_reader *reader, const struct kp_form *form,
	struct kp_arena *arena, const struct kp_form_handler *handler,
	struct kp_error *err)
{
	*reader = (struct kp_form_reader){
		.form = form, .arena = arena, .handler = *handler};
	if (form->form == KP_EXPORT_NDJSON) {
		return kp_ndjson_reader_init(
			&reader->ndjson, &form->columns, arena, handler, err);
	}
	return kp_csv_reader_init(
		&reader->csv, &form->csv, arena, on_csv_row, reader, err);
}

static enum kp_status
csv_status(
	const struct kp_form_reader *reader, enum kp_status status, struct kp_error *err)
{
	return reader->no_memory ? kp_error_set(err, KP_E_MEMORY, "no memory left")
				 : status;
}

enum kp_status
kp_form_reader_push(
	struct kp_form_reader *reader, struct kp_slice chunk, struct kp_error *err)
{
	return reader->form->form == KP_EXPORT_NDJSON
		? kp_ndjson_reader_push(&reader->ndjson, chunk, err)
		: csv_status(reader, kp_csv_reader_push(&reader->csv, chunk, err), err);
}

enum kp_status
kp_form_reader_finish(struct kp_form_reader *reader, struct kp_error *err)
{
	return reader->form->form == KP_EXPORT_NDJSON
		? kp_ndjson_reader_finish(&reader->ndjson, err)
		: csv_status(reader, kp_csv_reader_finish(&reader->csv, err), err);
}

void
kp_form_reader_deinit(struct kp_form_reader *reader)
{
	kp_ndjson_reader_deinit(&reader->ndjson);
}
