/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * file: the connector for exports, in every form of form.h. The manifest names the
 * columns; a row is found by the bsn in one of them. Several rows of one client are
 * several items of a list section; single fields come from the first.
 *
 * In:     a file, through scan once and through consume row by row      Out: fields
 * Fails:  files without a column that the manifest names, or not in the agreed form
 */
#include "connectors/fault.h"
#include "connectors/file/changes.h"
#include "connectors/file/form.h"
#include "connectors/file/summary.h"
#include "connectors/finding.h"
#include "connectors/opening.h"
#include "connectors/text.h"
#include "connectors/value.h"

#define ROWS_BYTES_MAX ((size_t)64 << 20)

struct file_instance {
	struct kp_opening base;
	struct kp_row_groups groups;
	struct kp_form form;
};

/* Where the columns are in this file. */
struct columns {
	size_t key;
	size_t valid_on;
	struct kp_row_columns *groups;
	struct kp_change_columns change; /* with a series */
};

struct file_scan {
	struct kp_arena arena;
	struct kp_form_reader reader;
	const struct file_instance *instance;
	const struct kp_index_writer *out;
	struct kp_fault *fault;
	struct columns columns;
	bool begun;
	struct kp_change change; /* of the row under way */
	struct kp_summary summary;
	bool rows;      /* there was one, if only of names */
	bool clients;   /* there was one behind the names */
	uint64_t first; /* number of that one */
	bool keyed;     /* and one that is about a client */
	bool failed;    /* `fault` is set */
};

struct file_call {
	struct kp_arena arena;
	bool arena_open;
	struct kp_form_reader reader;
	const struct file_instance *instance;
	const struct kp_need *need;
	const struct kp_sink *sink; /* during consume and finish */
	struct kp_fault *fault;
	struct columns columns;
	uint32_t rows; /* about the person */
	bool failed;   /* `fault` is set */
	bool stopped;
};

/* Opening. */

static enum kp_status
build(void *opaque, const struct kp_host *host)
{
	struct file_instance *instance = opaque;
	struct kp_arena *arena = &instance->base.arena;
	const struct kp_manifest *manifest = instance->base.manifest;
	return kp_row_groups_build(arena, host, manifest, false, &instance->groups) &&
			kp_form_build(arena, manifest, &instance->groups, &instance->form)
		? KP_OK
		: KP_E_MEMORY;
}

static int
open_file(const struct kp_host *host, struct kp_text manifest, void **ret_instance,
	struct kp_fault *fault)
{
	return kp_opening_open(
		host, manifest, sizeof(struct file_instance), build, ret_instance, fault);
}

static void
offers_file(const void *opaque, uint64_t *cells, uint32_t cell_words)
{
	const struct file_instance *instance = opaque;
	kp_row_groups_offer(&instance->groups, cells, cell_words);
}

/* Rows. */

/* Finds the manifest's columns among the names. */
static bool
find_columns(const struct file_instance *instance, struct kp_arena *arena,
	const struct kp_form_row *header, struct columns *columns, struct kp_fault *fault)
{
	const struct kp_manifest *manifest = instance->base.manifest;
	char place[KP_FORM_ROW_PLACE_BYTES];
	kp_form_row_place(header->number, place);
	columns->groups =
		KP_ARENA_ARRAY(arena, struct kp_row_columns, instance->groups.count + 1);
	if (columns->groups == NULL) {
		(void)kp_fault_memory(fault);
		return false;
	}
	bool fine = kp_row_column_find(header->names, header->count, manifest->file.key,
			    place, &columns->key, fault) &&
		kp_row_column_find(header->names, header->count,
			manifest->response.valid_on, place, &columns->valid_on, fault);
	for (size_t i = 0; fine && i < instance->groups.count; i++) {
		fine = kp_row_columns_find(arena, &instance->groups.items[i],
			header->names, header->count, place, &columns->groups[i], fault);
	}
	return fine;
}

static int
fail_reading(struct kp_fault *fault, const struct kp_error *err)
{
	if (err->status == KP_E_MEMORY) {
		return kp_fault_memory(fault);
	}
	(void)kp_fault_set(fault, err->place, "%.180s", err->message);
	fault->line = err->line;
	fault->column = err->column;
	return KP_FAIL;
}

/* Scanning. */

static const struct kp_manifest_export *
export_of(const struct file_instance *instance)
{
	return &instance->base.manifest->file;
}

static const struct kp_manifest_series *
series_of(const struct file_instance *instance)
{
	return &instance->base.manifest->file.series;
}

/* A row that changes may follow, or a change. */
static bool
tell_entry(struct file_scan *scan, const struct kp_form_row *row, struct kp_slice key)
{
	struct kp_change *change = &scan->change;
	if (!kp_change_read(series_of(scan->instance), &scan->columns.change, row, change,
		    scan->fault)) {
		scan->failed = true;
		return false;
	}
	const struct kp_index_entry entry = {
		.size = sizeof(entry),
		.key = kp_text_from(key),
		.identity = {change->identity, change->identity_len},
		.removed = change->removes,
		.offset = row->offset,
		.len = row->len,
	};
	return scan->out->entry(scan->out->context, &entry);
}

/* The names: where everything is in this file. */
static bool
scan_names(struct file_scan *scan, const struct kp_form_row *row)
{
	const struct file_instance *instance = scan->instance;
	const struct kp_manifest_series *series = series_of(instance);
	bool fine =
		find_columns(instance, &scan->arena, row, &scan->columns, scan->fault) &&
		kp_summary_begin(&scan->summary, export_of(instance), row, scan->fault) &&
		(series->path.len == 0 ||
			kp_change_columns_find(&scan->arena, series, scan->out->changes,
				row, &scan->columns.change, scan->fault));
	scan->failed = !fine;
	scan->rows = row->len > 0;
	return fine &&
		(!scan->rows ||
			scan->out->row(scan->out->context, (struct kp_text){0},
				row->offset, row->len));
}

static bool
on_scanned(void *ctx, const struct kp_form_row *row)
{
	struct file_scan *scan = ctx;
	const struct kp_manifest_export *export = export_of(scan->instance);
	char digits[KP_BSN_DIGITS];
	if (row->names != NULL) {
		return scan_names(scan, row);
	}
	scan->rows = true;
	if (!kp_summary_add(&scan->summary, export, row, scan->fault)) {
		scan->failed = true;
		return false;
	}
	if (kp_summary_is_trailer(export, row)) {
		return true;
	}
	struct kp_slice key = kp_bsn_normal(row->values[scan->columns.key].text, digits);
	scan->first = scan->clients ? scan->first : row->number;
	scan->clients = true;
	scan->keyed = scan->keyed || key.len > 0;
	if (series_of(scan->instance)->path.len > 0) {
		return tell_entry(scan, row, key);
	}
	/* Without a key it is about nobody we could be asked for. */
	return key.len == 0 ||
		scan->out->row(
			scan->out->context, kp_text_from(key), row->offset, row->len);
}

/* All rows were seen. */
static int
end_scan(struct file_scan *scan, struct kp_fault *fault)
{
	const struct kp_summary *summary = &scan->summary;
	if (!scan->rows) {
		/* An empty file is no "nothing known": the export went wrong. */
		return kp_fault_set(fault, "row 1", "the file is empty");
	}
	if (scan->clients && !scan->keyed && !scan->out->changes) {
		/* A column that went wrong, not a file about nobody. */
		char place[KP_FORM_ROW_PLACE_BYTES];
		kp_form_row_place(scan->first, place);
		return kp_fault_set(fault, place,
			"no row has a number of a client in column '%.*s'",
			KP_SLICE_ARG(scan->instance->base.manifest->file.key));
	}
	if (!kp_summary_end(summary, export_of(scan->instance), fault)) {
		return KP_FAIL;
	}
	/* Without the quotes. */
	struct kp_text day = {summary->day + 1, summary->day_len - 2};
	if (summary->day_len == 0) {
		day = (struct kp_text){0};
	}
	return KP_INDEX_HAS(scan->out, summary) &&
			!scan->out->summary(scan->out->context, summary->rows, day)
		? kp_fault_set(fault, "", "the gateway stopped reading")
		: KP_DONE;
}

static int
begin_scan(struct file_scan *scan, const struct file_instance *instance,
	struct kp_fault *fault)
{
	struct kp_error err = {0};
	scan->instance = instance;
	scan->begun = true;
	kp_arena_init(&scan->arena, ROWS_BYTES_MAX, NULL);
	const struct kp_form_handler handler = {.ctx = scan, .row = on_scanned};
	if (series_of(instance)->path.len > 0 && !KP_INDEX_HAS(scan->out, entry)) {
		return kp_fault_set(fault, "/file/series",
			"this version of the gateway takes no change files");
	}
	return kp_form_reader_init(&scan->reader, &instance->form, &scan->arena, &handler,
		       &err) == KP_OK
		? KP_DONE
		: fail_reading(fault, &err);
}

static int
scan_file(const void *opaque, void *state, struct kp_text bytes, bool last,
	const struct kp_index_writer *out, struct kp_fault *fault)
{
	struct file_scan *scan = state;
	struct kp_error err = {0};
	scan->out = out;
	scan->fault = fault;
	int verdict = scan->begun ? KP_DONE : begin_scan(scan, opaque, fault);
	if (verdict == KP_DONE) {
		enum kp_status status =
			kp_form_reader_push(&scan->reader, kp_text_slice(bytes), &err);
		if (status == KP_OK && last) {
			status = kp_form_reader_finish(&scan->reader, &err);
		}
		verdict = status == KP_OK ? KP_DONE
			: scan->failed    ? KP_FAIL
					  : fail_reading(fault, &err);
	}
	if (verdict == KP_DONE && last) {
		verdict = end_scan(scan, fault);
	}
	if (verdict != KP_DONE || last) {
		kp_form_reader_deinit(&scan->reader);
		kp_arena_deinit(&scan->arena);
		scan->begun = false;
	}
	if (verdict == KP_FAIL && kp_fault_is_memory(fault)) {
		verdict = KP_NO_MEMORY;
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
	char digits[KP_BSN_DIGITS];
	(void)host;
	call->instance = opaque;
	call->need = need;
	struct kp_slice key = kp_bsn_normal(kp_text_slice(need->bsn), digits);
	if (key.len == 0 || !out->key(out->context, kp_text_from(key))) {
		return kp_fault_set(fault, "", "the key of the question is not a bsn");
	}
	return KP_DONE;
}

/* Values. */

static struct kp_slice
cell_text(const struct kp_form_row *row, size_t column)
{
	struct kp_slice text = {0};
	if (column != KP_ROW_NO_COLUMN && column < row->count) {
		text = row->values[column].unreadable ? text : row->values[column].text;
	}
	return text;
}

static bool
column_mapped(const struct file_call *call, size_t column)
{
	bool mapped = column == call->columns.key || column == call->columns.valid_on;
	for (size_t i = 0; i < call->instance->groups.count; i++) {
		const struct kp_row_columns *columns = &call->columns.groups[i];
		mapped = mapped || columns->valid_on == column;
		for (size_t j = 0; j < call->instance->groups.items[i].field_count; j++) {
			mapped = mapped || columns->fields[j] == column;
		}
	}
	return mapped;
}

/* A name that nothing in the manifest names. */
static bool
tell_unmapped(void *ctx, struct kp_slice name)
{
	const struct file_call *call = ctx;
	const struct kp_manifest_response *response =
		&call->instance->base.manifest->response;
	name = kp_value_trim(name);
	if (kp_change_column_named(series_of(call->instance), name) ||
		kp_slice_equal(export_of(call->instance)->date_name, name)) {
		return true;
	}
	for (size_t j = 0; j < response->ignored_count; j++) {
		if (kp_slice_equal(response->ignored[j], name)) {
			return true;
		}
	}
	return call->sink->unmapped == NULL ||
		call->sink->unmapped(call->sink->context, kp_text_from(name));
}

static bool
take_names(struct file_call *call, const struct kp_form_row *header)
{
	call->failed = !find_columns(
		call->instance, &call->arena, header, &call->columns, call->fault);
	bool more = !call->failed;
	for (size_t i = 0; more && i < header->count; i++) {
		more = column_mapped(call, i) || tell_unmapped(call, header->names[i]);
	}
	return more;
}

static bool
send_row(struct file_call *call, const struct kp_form_row *row)
{
	for (size_t i = 0; i < call->instance->groups.count; i++) {
		if (!kp_row_send(&call->instance->groups.items[i],
			    &call->columns.groups[i], row->values, row->count,
			    call->rows == 1, call->need, call->sink)) {
			return false;
		}
	}
	return true;
}

static bool
on_row(void *ctx, const struct kp_form_row *row)
{
	struct file_call *call = ctx;
	char digits[KP_BSN_DIGITS];
	char asked_digits[KP_BSN_DIGITS];
	if (row->names != NULL) {
		return take_names(call, row);
	}
	if (kp_summary_is_trailer(export_of(call->instance), row)) {
		return true;
	}
	struct kp_slice key = kp_bsn_normal(cell_text(row, call->columns.key), digits);
	struct kp_slice asked =
		kp_bsn_normal(kp_text_slice(call->need->bsn), asked_digits);
	if (key.len == 0 || !kp_slice_equal(key, asked)) {
		/* Another key with the same hash. */
		return true;
	}
	call->rows++;
	struct kp_slice valid_on = cell_text(row, call->columns.valid_on);
	call->stopped = !call->sink->subject(call->sink->context, kp_text_from(key));
	if (!call->stopped && call->rows == 1 && valid_on.len > 0) {
		call->stopped = !call->sink->valid_on(
			call->sink->context, kp_text_from(valid_on));
	}
	if (!call->stopped) {
		call->stopped = !send_row(call, row);
	}
	return !call->stopped;
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
		: fail_reading(fault, err);
}

/* The rows of one file are all there. */
static int
end_rows(struct file_call *call, const struct kp_sink *sink, struct kp_fault *fault)
{
	struct kp_error err = {0};
	call->sink = sink;
	call->fault = fault;
	enum kp_status status = kp_form_reader_finish(&call->reader, &err);
	return close_step(call, status, &err);
}

static void
let_go(struct file_call *call)
{
	if (call->arena_open) {
		kp_form_reader_deinit(&call->reader);
		kp_arena_deinit(&call->arena);
		call->arena_open = false;
	}
}

/* Before the rows of each file. */
static int
head_file(const void *opaque, void *memory, const struct kp_head *head,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct file_instance *instance = opaque;
	struct file_call *call = memory;
	struct kp_error err = {0};
	(void)head;
	if (call->arena_open && end_rows(call, sink, fault) != KP_DONE) {
		return KP_FAIL;
	}
	let_go(call);
	kp_arena_init(&call->arena, ROWS_BYTES_MAX, NULL);
	call->arena_open = true;
	const struct kp_form_handler handler = {
		.ctx = call, .row = on_row, .other = tell_unmapped};
	return kp_form_reader_init(&call->reader, &instance->form, &call->arena, &handler,
		       &err) == KP_OK
		? KP_DONE
		: fail_reading(fault, &err);
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
	enum kp_status status =
		kp_form_reader_push(&call->reader, kp_text_slice(bytes), &err);
	return close_step(call, status, &err);
}

static int
finish_file(const void *opaque, void *memory, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	(void)opaque;
	struct file_call *call = memory;
	int verdict = end_rows(call, sink, fault);
	*ret_outcome = call->rows > 0 ? KP_FOUND : KP_NOTHING_FOUND;
	return verdict;
}

static void
end_file(const void *opaque, void *memory)
{
	(void)opaque;
	let_go(memory);
}

extern KP_CONNECTOR_DEFINE;
KP_CONNECTOR_DEFINE = {
	.abi_major = KP_CONNECTOR_ABI_MAJOR,
	.abi_minor = KP_CONNECTOR_ABI_MINOR,
	.size = sizeof(struct kp_connector),
	.name = "file",
	.summary = "exports as CSV, NDJSON or XLSX, reread when they change",
	.transport = KP_TRANSPORT_FILE,
	.call_size = sizeof(struct file_call),
	.open = open_file,
	.close = kp_opening_close,
	.offers = offers_file,
	.prepare = prepare_file,
	.head = head_file,
	.consume = consume_file,
	.finish = finish_file,
	.end = end_file,
	.scan_size = sizeof(struct file_scan),
	.scan = scan_file,
};
