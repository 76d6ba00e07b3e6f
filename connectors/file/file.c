/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * file: the connector for exports: comma-separated text (RFC 4180) with a header row. The
 * manifest names the columns; a row is found by the bsn in one of them. Several rows of
 * one client are several items of a list section; single fields come from the first.
 *
 * In:     a file, through scan once and through consume row by row      Out: fields
 * Fails:  files without a column that the manifest names, or not in the agreed form
 */
#include <stdio.h>

#include "connectors/fault.h"
#include "connectors/finding.h"
#include "connectors/value.h"
#include "core/bits.h"
#include "core/csv_read.h"

#define INSTANCE_BYTES_MAX ((size_t)16 << 20)
#define ROWS_BYTES_MAX ((size_t)64 << 20)
#define BSN_DIGITS 9
#define NO_COLUMN SIZE_MAX

/* A column of the manifest and what is done with it. */
struct file_field {
	const struct kp_manifest_field *field;
	uint32_t cell;
	struct kp_slice unreadable; /* remark for the reader */
};

struct file_list {
	uint32_t section; /* UINT32_MAX: the single sections */
	struct kp_slice valid_on;
	struct file_field *fields;
	size_t field_count;
	size_t first; /* of its fields, counted over all lists */
};

struct file_instance {
	struct kp_arena arena;
	struct kp_manifest *manifest;
	struct kp_csv_options csv;
	struct file_list *lists; /* the single sections first */
	size_t list_count;
	size_t field_count; /* of all lists */
};

/* Where the columns are in this file. */
struct columns {
	size_t key;
	size_t valid_on;
	size_t *fields; /* by number over all lists; NO_COLUMN for constants */
	size_t *list_valid_on;
};

struct file_scan {
	struct kp_arena arena;
	struct kp_csv_reader reader;
	const struct file_instance *instance;
	const struct kp_index_writer *out;
	struct kp_fault *fault;
	struct columns columns;
	bool begun;
	bool header; /* the header row was seen */
	bool failed; /* `fault` is set */
};

struct file_call {
	struct kp_arena arena;
	bool arena_open;
	struct kp_csv_reader reader;
	const struct file_instance *instance;
	const struct kp_need *need;
	const struct kp_sink *sink; /* during consume and finish */
	struct kp_fault *fault;
	struct columns columns;
	uint32_t rows; /* about the person */
	bool failed;
	bool stopped;
};

static struct kp_slice
slice_of(struct kp_text text)
{
	return (struct kp_slice){text.data, text.len};
}

static struct kp_text
text_of(struct kp_slice slice)
{
	return (struct kp_text){slice.data, slice.len};
}

/* Opening. */

static bool
add_field(struct file_instance *instance, const struct kp_host *host,
	struct file_list *list, const struct kp_manifest_field *field)
{
	if (field->form == KP_FORM_DATE_OBJECT) {
		kp_finding(host, &field->place, "a column cannot hold a date object");
	}
	struct file_field *out = &list->fields[list->field_count++];
	out->field = field;
	out->cell = kp_finding_cell(host, field);
	const char *note = kp_arena_printf(&instance->arena,
		"de waarde van %.*s heeft een vorm die niet is afgesproken",
		KP_SLICE_ARG(field->field));
	out->unreadable = kp_slice_from(note);
	return note != NULL;
}

static bool
add_list(struct file_instance *instance, const struct kp_host *host,
	const struct kp_manifest_field *fields, size_t count, uint32_t section,
	struct kp_slice valid_on)
{
	struct file_list *list = &instance->lists[instance->list_count++];
	list->section = section;
	list->valid_on = valid_on;
	list->first = instance->field_count;
	list->fields = KP_ARENA_ARRAY(&instance->arena, struct file_field, count + 1);
	if (list->fields == NULL) {
		return false;
	}
	instance->field_count += count;
	for (size_t i = 0; i < count; i++) {
		bool is_list = false;
		uint32_t id = kp_finding_section(host, &fields[i]);
		is_list = id != UINT32_MAX && host->section_is_list(host->context, id);
		if (id != UINT32_MAX && is_list != (section != UINT32_MAX)) {
			kp_finding(host, &fields[i].place,
				is_list ? "is in a list section; put it in response/lists"
					: "is in a single section; put it in "
					  "response/fields");
		}
		if (!add_field(instance, host, list, &fields[i])) {
			return false;
		}
	}
	return true;
}

static bool
build(struct file_instance *instance, const struct kp_host *host)
{
	const struct kp_manifest_response *response = &instance->manifest->response;
	const struct kp_manifest_export *file = &instance->manifest->file;
	instance->csv.separator = file->separator;
	instance->csv.same_field_count = true;
	instance->csv.charset = kp_slice_is(file->charset, "latin-1") ? KP_CSV_LATIN1
		: kp_slice_is(file->charset, "windows-1252") ? KP_CSV_WINDOWS_1252
							     : KP_CSV_UTF8;
	instance->lists = KP_ARENA_ARRAY(
		&instance->arena, struct file_list, response->list_count + 1);
	if (instance->lists == NULL ||
		!add_list(instance, host, response->fields, response->field_count,
			UINT32_MAX, (struct kp_slice){0})) {
		return false;
	}
	for (size_t i = 0; i < response->list_count; i++) {
		const struct kp_manifest_list *list = &response->lists[i];
		uint32_t section = kp_finding_list(host, list);
		if (section != UINT32_MAX &&
			!add_list(instance, host, list->fields, list->field_count,
				section, list->valid_on)) {
			return false;
		}
	}
	return true;
}

static void
close_file(void *opaque)
{
	struct file_instance *instance = opaque;
	if (instance != NULL) {
		kp_arena_deinit(&instance->arena);
	}
}

static int
open_file(const struct kp_host *host, struct kp_text manifest, void **ret_instance,
	struct kp_fault *fault)
{
	struct file_instance *instance = host->alloc(host->context, sizeof(*instance));
	if (instance == NULL) {
		return kp_fault_memory(fault);
	}
	memset(instance, 0, sizeof(*instance));
	kp_arena_init(&instance->arena, INSTANCE_BYTES_MAX, NULL);
	struct kp_counting_host counting;
	kp_counting_host_init(&counting, host);
	int verdict = kp_manifest_read_again(
		&instance->arena, slice_of(manifest), &instance->manifest, fault);
	if (instance->manifest != NULL && !build(instance, &counting.host)) {
		verdict = kp_fault_memory(fault);
	}
	if (verdict == KP_DONE && counting.findings > 0) {
		verdict = kp_fault_set(fault, "", "the manifest does not check");
	}
	if (verdict != KP_DONE) {
		close_file(instance);
		return KP_FAIL;
	}
	*ret_instance = instance;
	return KP_DONE;
}

static void
offers_file(const void *opaque, uint64_t *cells, uint32_t cell_words)
{
	const struct file_instance *instance = opaque;
	for (size_t i = 0; i < instance->list_count; i++) {
		for (size_t j = 0; j < instance->lists[i].field_count; j++) {
			uint32_t cell = instance->lists[i].fields[j].cell;
			if (cell / 64 < cell_words) {
				kp_bits_set(cells, cell);
			}
		}
	}
}

/* Rows. */

/* A bsn as nine digits, leading zeros put back; empty when it is none. */
static struct kp_slice
normal_key(struct kp_slice text, char out[BSN_DIGITS])
{
	text = kp_value_trim(text);
	if (text.len == 0 || text.len > BSN_DIGITS) {
		return (struct kp_slice){0};
	}
	size_t zeros = BSN_DIGITS - text.len;
	memset(out, '0', zeros);
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return (struct kp_slice){0};
		}
		out[zeros + i] = text.data[i];
	}
	return (struct kp_slice){out, BSN_DIGITS};
}

static bool
find_column(const struct kp_csv_row *header, struct kp_slice name, size_t *ret_column,
	struct kp_fault *fault)
{
	*ret_column = NO_COLUMN;
	if (name.len == 0) {
		return true;
	}
	for (size_t i = 0; i < header->field_count; i++) {
		if (kp_slice_equal(kp_value_trim(header->fields[i]), name)) {
			*ret_column = i;
			return true;
		}
	}
	(void)kp_fault_set(fault, "row 1", "the header has no column '%.*s'",
		name.len > 60 ? 60 : (int)name.len, name.data);
	return false;
}

/* Finds the manifest's columns in the header row. */
static bool
find_columns(const struct file_instance *instance, struct kp_arena *arena,
	const struct kp_csv_row *header, struct columns *columns, struct kp_fault *fault)
{
	const struct kp_manifest *manifest = instance->manifest;
	columns->fields = KP_ARENA_ARRAY(arena, size_t, instance->field_count + 1);
	columns->list_valid_on = KP_ARENA_ARRAY(arena, size_t, instance->list_count + 1);
	if (columns->fields == NULL || columns->list_valid_on == NULL) {
		(void)kp_fault_memory(fault);
		return false;
	}
	bool fine = find_column(header, manifest->file.key, &columns->key, fault) &&
		find_column(
			header, manifest->response.valid_on, &columns->valid_on, fault);
	for (size_t i = 0; fine && i < instance->list_count; i++) {
		const struct file_list *list = &instance->lists[i];
		fine = find_column(
			header, list->valid_on, &columns->list_valid_on[i], fault);
		for (size_t j = 0; fine && j < list->field_count; j++) {
			fine = find_column(header, list->fields[j].field->path,
				&columns->fields[list->first + j], fault);
		}
	}
	return fine;
}

static int
fail_csv(struct kp_fault *fault, const struct kp_error *err)
{
	(void)kp_fault_set(fault, err->place, "%.180s", err->message);
	fault->line = err->line;
	fault->column = err->column;
	return KP_FAIL;
}

/* Scanning. */

static bool
on_scanned(void *ctx, const struct kp_csv_row *row)
{
	struct file_scan *scan = ctx;
	char digits[BSN_DIGITS];
	struct kp_slice key = {0};
	if (row->number == 1) {
		if (!find_columns(scan->instance, &scan->arena, row, &scan->columns,
			    scan->fault)) {
			scan->failed = true;
			return false;
		}
		scan->header = true;
	} else {
		key = normal_key(row->fields[scan->columns.key], digits);
		if (key.len == 0) {
			/* A row about nobody we could be asked for. */
			return true;
		}
	}
	return scan->out->row(scan->out->context, text_of(key), row->offset, row->len);
}

static int
begin_scan(struct file_scan *scan, const struct file_instance *instance,
	struct kp_fault *fault)
{
	struct kp_error err = {0};
	scan->instance = instance;
	scan->begun = true;
	kp_arena_init(&scan->arena, ROWS_BYTES_MAX, NULL);
	if (kp_csv_reader_init(&scan->reader, &instance->csv, &scan->arena, on_scanned,
		    scan, &err) != KP_OK) {
		return fail_csv(fault, &err);
	}
	return KP_DONE;
}

static int
scan_file(const void *opaque, void *state, struct kp_text bytes, bool last,
	const struct kp_index_writer *out, struct kp_fault *fault)
{
	struct file_scan *scan = state;
	struct kp_error err = {0};
	int verdict = scan->begun ? KP_DONE : begin_scan(scan, opaque, fault);
	scan->out = out;
	scan->fault = fault;
	if (verdict == KP_DONE) {
		enum kp_status status =
			kp_csv_reader_push(&scan->reader, slice_of(bytes), &err);
		if (status == KP_OK && last) {
			status = kp_csv_reader_finish(&scan->reader, &err);
		}
		verdict = status == KP_OK ? KP_DONE
			: scan->failed    ? KP_FAIL
					  : fail_csv(fault, &err);
	}
	if (verdict == KP_DONE && last && !scan->header) {
		/* An empty file is no "nothing known": the export went wrong. */
		verdict = kp_fault_set(fault, "row 1", "the file has no header row");
	}
	if (verdict != KP_DONE || last) {
		kp_arena_deinit(&scan->arena);
		scan->begun = false;
	}
	return verdict;
}

/* Asking. */

static int
prepare_file(const void *opaque, void *memory, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_request_writer *out,
	struct kp_fault *fault)
{
	struct file_call *call = memory;
	char digits[BSN_DIGITS];
	(void)host;
	call->instance = opaque;
	call->need = need;
	struct kp_slice key = normal_key(slice_of(need->bsn), digits);
	if (key.len == 0 || !out->key(out->context, text_of(key))) {
		return kp_fault_set(fault, "", "the key of the question is not a bsn");
	}
	return KP_DONE;
}

/* Values. */

static bool
wanted(const struct file_call *call, uint32_t cell)
{
	return cell / 64 < call->need->cell_words && kp_bits_has(call->need->cells, cell);
}

static bool
remark(struct file_call *call, const struct file_field *field, const char *code)
{
	return call->sink->note(call->sink->context, (struct kp_text){code, strlen(code)},
		text_of(field->unreadable));
}

static bool
send_value(struct file_call *call, const struct file_field *field, uint32_t item,
	enum kp_value_form form, struct kp_slice bytes, struct kp_slice valid_on)
{
	struct kp_value value = {
		.size = sizeof(value),
		.cell = field->cell,
		.item = item,
		.form = form,
		.bytes = text_of(bytes),
		.valid_on = text_of(valid_on),
	};
	return call->sink->value(call->sink->context, &value);
}

static bool
send_field(struct file_call *call, const struct file_field *field, struct kp_slice text,
	uint32_t item, struct kp_slice valid_on)
{
	char made[KP_VALUE_NUMBER_BYTES];
	struct kp_slice bytes = {made, 0};
	enum kp_value_result result = KP_VALUE_MADE;
	bool yes = false;
	const struct kp_manifest_row *row = NULL;
	if (field->field->table != NULL) {
		row = kp_manifest_table_find(field->field->table, kp_value_trim(text));
		return row == NULL ? remark(call, field, "onbekendeCode")
				   : send_value(call, field, item, KP_VALUE_JSON,
					     row->value, valid_on);
	}
	switch (field->field->form) {
	case KP_FORM_DATE:
		result =
			kp_value_date(field->field->date_pattern, text, made, &bytes.len);
		break;
	case KP_FORM_NUMBER:
	case KP_FORM_CENTS:
		result = kp_value_number(text, field->field->form == KP_FORM_CENTS, false,
			made, &bytes.len);
		break;
	case KP_FORM_YES_NO:
		result = kp_value_yes_no(text, &yes);
		bytes = yes ? KP_SLICE("true") : KP_SLICE("false");
		break;
	case KP_FORM_PRESENT:
		bytes = KP_SLICE("true");
		break;
	case KP_FORM_AS_IS:
	case KP_FORM_DATE_OBJECT:
		return send_value(call, field, item, KP_VALUE_TEXT, text, valid_on);
	}
	if (result == KP_VALUE_WRONG) {
		return remark(call, field, "onleesbaar");
	}
	return result == KP_VALUE_ABSENT ||
		send_value(call, field, item, KP_VALUE_JSON, bytes, valid_on);
}

static struct kp_slice
cell_text(const struct kp_csv_row *row, size_t column)
{
	struct kp_slice text = {0};
	if (column != NO_COLUMN && column < row->field_count) {
		text = row->fields[column];
	}
	return text;
}

/* Does the row hold anything that is wanted of this list? */
static bool
row_has(const struct file_call *call, const struct file_list *list,
	const struct kp_csv_row *row)
{
	for (size_t i = 0; i < list->field_count; i++) {
		struct kp_slice text =
			cell_text(row, call->columns.fields[list->first + i]);
		if (wanted(call, list->fields[i].cell) && kp_value_trim(text).len > 0) {
			return true;
		}
	}
	return false;
}

static bool
send_list(struct file_call *call, size_t index, const struct kp_csv_row *row)
{
	const struct file_list *list = &call->instance->lists[index];
	uint32_t item = 0;
	if (list->section == UINT32_MAX ? call->rows > 1 : !row_has(call, list, row)) {
		return true;
	}
	if (list->section != UINT32_MAX &&
		!call->sink->item(call->sink->context, list->section, &item)) {
		return false;
	}
	struct kp_slice valid_on = cell_text(row, call->columns.list_valid_on[index]);
	bool fine = true;
	for (size_t i = 0; fine && i < list->field_count; i++) {
		const struct file_field *field = &list->fields[i];
		size_t column = call->columns.fields[list->first + i];
		struct kp_slice text = cell_text(row, column);
		if (!wanted(call, field->cell)) {
			continue;
		}
		if (column == NO_COLUMN) {
			fine = send_value(call, field, item, KP_VALUE_JSON,
				field->field->constant, valid_on);
		} else if (kp_value_trim(text).len > 0) {
			fine = send_field(call, field, text, item, valid_on);
		}
	}
	return fine;
}

static bool
column_mapped(const struct file_call *call, size_t column)
{
	bool mapped = column == call->columns.key || column == call->columns.valid_on;
	for (size_t i = 0; i < call->instance->list_count; i++) {
		mapped = mapped || call->columns.list_valid_on[i] == column;
	}
	for (size_t i = 0; i < call->instance->field_count; i++) {
		mapped = mapped || call->columns.fields[i] == column;
	}
	return mapped;
}

static bool
tell_unmapped(struct file_call *call, const struct kp_csv_row *header)
{
	const struct kp_manifest_response *response = &call->instance->manifest->response;
	for (size_t i = 0; call->sink->unmapped != NULL && i < header->field_count; i++) {
		bool known = column_mapped(call, i);
		for (size_t j = 0; j < response->ignored_count; j++) {
			known = known ||
				kp_slice_equal(response->ignored[j],
					kp_value_trim(header->fields[i]));
		}
		if (!known &&
			!call->sink->unmapped(
				call->sink->context, text_of(header->fields[i]))) {
			return false;
		}
	}
	return true;
}

static bool
on_row(void *ctx, const struct kp_csv_row *row)
{
	struct file_call *call = ctx;
	char digits[BSN_DIGITS];
	char asked_digits[BSN_DIGITS];
	if (row->number == 1) {
		call->failed = !find_columns(
			call->instance, &call->arena, row, &call->columns, call->fault);
		return !call->failed && tell_unmapped(call, row);
	}
	struct kp_slice key = normal_key(cell_text(row, call->columns.key), digits);
	struct kp_slice asked = normal_key(slice_of(call->need->bsn), asked_digits);
	if (key.len == 0 || !kp_slice_equal(key, asked)) {
		/* Another key with the same hash. */
		return true;
	}
	call->rows++;
	struct kp_slice valid_on = cell_text(row, call->columns.valid_on);
	call->stopped = !call->sink->subject(call->sink->context, text_of(key));
	if (!call->stopped && call->rows == 1 && valid_on.len > 0) {
		call->stopped =
			!call->sink->valid_on(call->sink->context, text_of(valid_on));
	}
	for (size_t i = 0; !call->stopped && i < call->instance->list_count; i++) {
		call->stopped = !send_list(call, i, row);
	}
	return !call->stopped;
}

static int
head_file(const void *opaque, void *memory, const struct kp_head *head,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct file_instance *instance = opaque;
	struct file_call *call = memory;
	struct kp_error err = {0};
	(void)head;
	(void)sink;
	kp_arena_init(&call->arena, ROWS_BYTES_MAX, NULL);
	call->arena_open = true;
	if (kp_csv_reader_init(&call->reader, &instance->csv, &call->arena, on_row, call,
		    &err) != KP_OK) {
		return fail_csv(fault, &err);
	}
	return KP_DONE;
}

static int
close_step(struct file_call *call, enum kp_status status, const struct kp_error *err)
{
	struct kp_fault *fault = call->fault;
	call->sink = NULL;
	call->fault = NULL;
	if (status == KP_OK) {
		return KP_DONE;
	}
	if (call->failed) {
		return KP_FAIL;
	}
	return status == KP_E_CANCELLED
		? kp_fault_set(fault, "", "the gateway stopped reading")
		: fail_csv(fault, err);
}

static int
consume_file(const void *opaque, void *memory, struct kp_text bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	(void)opaque;
	struct file_call *call = memory;
	struct kp_error err = {0};
	call->sink = sink;
	call->fault = fault;
	enum kp_status status = kp_csv_reader_push(&call->reader, slice_of(bytes), &err);
	return close_step(call, status, &err);
}

static int
finish_file(const void *opaque, void *memory, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	(void)opaque;
	struct file_call *call = memory;
	struct kp_error err = {0};
	call->sink = sink;
	call->fault = fault;
	enum kp_status status = kp_csv_reader_finish(&call->reader, &err);
	*ret_outcome = call->rows > 0 ? KP_FOUND : KP_NOTHING_FOUND;
	return close_step(call, status, &err);
}

static void
end_file(const void *opaque, void *memory)
{
	(void)opaque;
	struct file_call *call = memory;
	if (call->arena_open) {
		kp_arena_deinit(&call->arena);
		call->arena_open = false;
	}
}

extern KP_CONNECTOR_DEFINE;
KP_CONNECTOR_DEFINE = {
	.abi_major = KP_CONNECTOR_ABI_MAJOR,
	.abi_minor = KP_CONNECTOR_ABI_MINOR,
	.size = sizeof(struct kp_connector),
	.name = "file",
	.summary = "exports as comma-separated text, reread when they change",
	.transport = KP_TRANSPORT_FILE,
	.call_size = sizeof(struct file_call),
	.open = open_file,
	.close = close_file,
	.offers = offers_file,
	.prepare = prepare_file,
	.head = head_file,
	.consume = consume_file,
	.finish = finish_file,
	.end = end_file,
	.scan_size = sizeof(struct file_scan),
	.scan = scan_file,
};
