/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_try: see connector_try.h. */
#include "commands/connector_try_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "commands/connector_ask.h"
#include "commands/connector_access.h"
#include "commands/connector_tables.h"
#include "commands/terminal_text.h"
#include "connectors/rows.h"
#include "connectors/text.h"
#include "core/bits.h"
#include "core/hash.h"
#include "source/source_private.h"

#define CALL_BYTES_MAX ((size_t)256 << 20)

/* What a UsernameToken holds as its password. */
static void
mask_password(char *text, size_t len)
{
	static const char open[] = "<wsse:Password ";
	char *at = text == NULL ? NULL : memmem(text, len, open, sizeof(open) - 1);
	char *start = at == NULL ? NULL : memchr(at, '>', len - (size_t)(at - text));
	for (; start != NULL && start + 1 < text + len && start[1] != '<'; start++) {
		start[1] = '*';
	}
}

/* Text with the bsn made unreadable, wherever it stands, and a password. */
static struct kp_slice
masked(struct kp_try_showing *showing, struct kp_slice text)
{
	struct kp_slice bsn = showing->attempt->bsn;
	struct kp_slice copy = kp_arena_copy(&showing->arena, text);
	if (copy.data == NULL) {
		showing->cut = true;
		return (struct kp_slice){0};
	}
	char *at = (char *)(uintptr_t)copy.data;
	char *end = at + copy.len;
	while (bsn.len > 0 &&
		(at = memmem(at, (size_t)(end - at), bsn.data, bsn.len)) != NULL) {
		memset(at, '*', bsn.len);
	}
	mask_password((char *)(uintptr_t)copy.data, copy.len);
	return copy;
}

/* The request. */

static void
show_request(struct kp_try_showing *showing, const char *name, struct kp_slice text)
{
	struct kp_slice safe = masked(showing, text);
	if (showing->attempt->json) {
		struct kp_json_writer *writer = &showing->writers[0];
		kp_json_write_name(writer, kp_slice_from(name));
		kp_json_write_string(writer, safe);
		return;
	}
	kp_buffer_printf(&showing->request, "  %-12s %.*s\n", name, KP_SLICE_ARG(safe));
}

static bool
on_method(void *context, struct kp_text method)
{
	show_request(context, "method", kp_text_slice(method));
	return true;
}

static bool
on_target(void *context, struct kp_text target)
{
	struct kp_try_showing *showing = context;
	const char *url = kp_arena_printf(&showing->arena, "%.*s%.*s",
		KP_SLICE_ARG(showing->attempt->source->private->manifest->endpoint),
		(int)target.len, target.data);
	show_request(showing, "url", kp_slice_from(url));
	return true;
}

static bool
on_header(void *context, struct kp_text name, struct kp_text value)
{
	struct kp_try_showing *showing = context;
	const char *line = kp_arena_printf(&showing->arena, "%.*s: %.*s", (int)name.len,
		name.data, (int)value.len, value.data);
	if (showing->attempt->json) {
		const char *member = kp_arena_printf(
			&showing->arena, "header %.*s", (int)name.len, name.data);
		show_request(showing, member == NULL ? "header" : member,
			kp_text_slice(value));
	} else {
		show_request(showing, "header", kp_slice_from(line));
	}
	return true;
}

static bool
on_body(void *context, struct kp_text bytes)
{
	show_request(context, "body", kp_text_slice(bytes));
	return true;
}

static bool
on_key(void *context, struct kp_text key)
{
	show_request(context, "key", kp_text_slice(key));
	return true;
}

/* In JSON the values of a query are an array. */
static void
show_parameters(struct kp_try_showing *showing, const char *name,
	const struct kp_text *parameters, uint32_t count)
{
	struct kp_json_writer *writer = &showing->writers[0];
	kp_json_write_name(writer, kp_slice_from(name));
	kp_json_write_array_begin(writer);
	for (uint32_t i = 0; i < count; i++) {
		if (parameters[i].data == NULL) {
			kp_json_write_null(writer);
		} else {
			kp_json_write_string(
				writer, masked(showing, kp_text_slice(parameters[i])));
		}
	}
	kp_json_write_array_end(writer);
}

static bool
on_query(void *context, struct kp_text name, struct kp_text statement,
	const struct kp_text *parameters, uint32_t count)
{
	struct kp_try_showing *showing = context;
	const char *query =
		kp_arena_printf(&showing->arena, "query %.*s", (int)name.len, name.data);
	const char *values = kp_arena_printf(
		&showing->arena, "parameters %.*s", (int)name.len, name.data);
	if (query == NULL || values == NULL) {
		showing->cut = true;
		return false;
	}
	show_request(showing, query, kp_text_slice(statement));
	if (showing->attempt->json) {
		show_parameters(showing, values, parameters, count);
		return true;
	}
	for (uint32_t i = 0; i < count; i++) {
		show_request(showing, "parameter",
			parameters[i].data == NULL ? KP_SLICE("NULL")
						   : kp_text_slice(parameters[i]));
	}
	return true;
}

static void
show_access(struct kp_try_showing *showing)
{
	const struct kp_manifest_credentials *access =
		&showing->attempt->source->private->manifest->access;
	struct kp_slice text = kp_connector_access_text(&showing->arena, access);
	if (text.len > 0) {
		show_request(showing, "access", text);
	}
	if (access->certificate_file.len > 0) {
		show_request(showing, "certificate", access->certificate_file);
	}
}

/* The answer. */

static struct kp_slice
path_of(const struct kp_try_showing *showing, uint32_t cell)
{
	const struct kp_catalogue *catalogue = showing->attempt->catalogue;
	return catalogue->fields[catalogue->cells[cell].field].path;
}

static bool
take_item(void *context, uint32_t section, uint32_t *ret_item)
{
	struct kp_try_showing *showing = context;
	(void)section;
	*ret_item = showing->items++;
	return true;
}

static void
drop_value(struct kp_try_showing *showing, uint32_t cell)
{
	if (kp_bits_has(showing->dropped_cells, cell)) {
		return;
	}
	kp_bits_set(showing->dropped_cells, cell);
	if (showing->attempt->json) {
		kp_json_write_string(&showing->writers[2], path_of(showing, cell));
	} else {
		kp_buffer_printf(&showing->dropped, "  %.*s\n",
			KP_SLICE_ARG(path_of(showing, cell)));
	}
}

/* Of what the partner wrote; `name` may be empty. */
static void
add_line(struct kp_buffer *buffer, struct kp_slice name, struct kp_slice text)
{
	KP_BUFFER_ADD(buffer, "  ");
	kp_terminal_add(buffer, name);
	kp_buffer_printf(buffer, "%s", name.len > 0 ? ": " : "");
	kp_terminal_add(buffer, text);
	kp_buffer_add_char(buffer, '\n');
}

static bool
take_note(void *context, struct kp_text code, struct kp_text text)
{
	struct kp_try_showing *showing = context;
	if (showing->attempt->json) {
		kp_json_write_string(&showing->writers[4], kp_text_slice(text));
	} else {
		add_line(&showing->notes, kp_text_slice(code), kp_text_slice(text));
	}
	return true;
}

static struct kp_text
text_of(const char *text)
{
	return (struct kp_text){text, strlen(text)};
}

static bool
take_value(void *context, const struct kp_value *value)
{
	struct kp_try_showing *showing = context;
	struct kp_json_writer *writer = &showing->writers[1];
	const struct kp_catalogue *catalogue = showing->attempt->catalogue;
	if (value->cell >= catalogue->cell_count) {
		/* A connector of somebody's own gave what it did not find. */
		return take_note(context, text_of("onbekendVeld"),
			text_of("de connector gaf een waarde van een veld dat niet in de "
				"catalogus staat"));
	}
	if (!kp_bits_has(showing->attempt->permitted, value->cell)) {
		drop_value(showing, value->cell);
		return true;
	}
	const struct kp_field *field =
		&catalogue->fields[catalogue->cells[value->cell].field];
	bool list = catalogue->sections[field->section].list;
	struct kp_slice bytes = kp_text_slice(value->bytes);
	if (!showing->attempt->json) {
		kp_buffer_printf(&showing->fields, "  %.*s", KP_SLICE_ARG(field->path));
		if (list) {
			kp_buffer_printf(&showing->fields, " [%u]", value->item + 1);
		}
		KP_BUFFER_ADD(&showing->fields, " = ");
		kp_terminal_add(&showing->fields, bytes);
		kp_buffer_printf(&showing->fields, "%s\n",
			value->in_investigation ? "   (in onderzoek)" : "");
		return !showing->fields.failed;
	}
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "path");
	kp_json_write_string(writer, field->path);
	if (list) {
		KP_JSON_WRITE_NAME(writer, "item");
		kp_json_write_uint(writer, value->item);
	}
	KP_JSON_WRITE_NAME(writer, "value");
	if (value->form == KP_VALUE_JSON) {
		kp_json_write_raw(writer, bytes);
	} else {
		kp_json_write_string(writer, bytes);
	}
	if (value->in_investigation) {
		KP_JSON_WRITE_NAME(writer, "inInvestigation");
		kp_json_write_bool(writer, true);
	}
	kp_json_write_object_end(writer);
	return !showing->fields.failed;
}

/* Each row of a list may have it. */
static bool
was_told(struct kp_try_showing *showing, struct kp_slice path)
{
	uint64_t hash = kp_hash(path.data, path.len);
	for (size_t i = 0; i < showing->told_count; i++) {
		if (showing->told[i] == hash) {
			return true;
		}
	}
	if (showing->told_count < KP_ARRAY_LEN(showing->told)) {
		showing->told[showing->told_count++] = hash;
	}
	return false;
}

static bool
take_unmapped(void *context, struct kp_text path)
{
	struct kp_try_showing *showing = context;
	struct kp_slice safe = masked(showing, kp_text_slice(path));
	if (was_told(showing, safe)) {
		return true;
	}
	if (showing->attempt->json) {
		kp_json_write_string(&showing->writers[3], safe);
	} else {
		add_line(&showing->unmapped, (struct kp_slice){0}, safe);
	}
	return true;
}

static bool
take_doubt(void *context, const struct kp_fault *doubt)
{
	struct kp_try_showing *showing = context;
	struct kp_json_writer *writer = &showing->writers[5];
	if (!showing->attempt->json) {
		KP_BUFFER_ADD(&showing->doubts, "  ");
		kp_terminal_add(&showing->doubts, kp_slice_from(doubt->place));
		KP_BUFFER_ADD(&showing->doubts, ": ");
		kp_terminal_add(&showing->doubts, kp_slice_from(doubt->message));
		kp_buffer_printf(&showing->doubts, " (line %u, column %u)\n", doubt->line,
			doubt->column);
		return true;
	}
	kp_json_write_object_begin(writer);
	KP_JSON_WRITE_NAME(writer, "place");
	kp_json_write_string(writer, kp_slice_from(doubt->place));
	KP_JSON_WRITE_NAME(writer, "line");
	kp_json_write_uint(writer, doubt->line);
	KP_JSON_WRITE_NAME(writer, "column");
	kp_json_write_uint(writer, doubt->column);
	KP_JSON_WRITE_NAME(writer, "doubt");
	kp_json_write_string(writer, kp_slice_from(doubt->message));
	kp_json_write_object_end(writer);
	return true;
}

static struct kp_text
now_text(const struct kp_try_showing *showing)
{
	return (struct kp_text){showing->now, strlen(showing->now)};
}

static struct kp_need
make_need(const struct kp_try_showing *showing, const uint64_t *cells)
{
	const struct kp_connector_try *attempt = showing->attempt;
	struct kp_need need = {
		.size = sizeof(struct kp_need),
		.bsn = kp_text_from(attempt->bsn),
		.purpose = kp_text_from(attempt->purpose),
		.case_id = kp_text_from(attempt->case_id),
		.employee = kp_text_from(attempt->employee),
		.organisation = kp_text_from(attempt->organisation),
		.activity_uri = kp_text_from(attempt->activity),
		.trace_id = {"0af7651916cd43dd8448eb211c80319c", 32},
		.now = now_text(showing),
		.cells = cells,
		.cell_words = attempt->catalogue->cell_words,
	};
	kp_connector_offer_known(attempt->known, &need);
	return need;
}

/* Prepares without sending, to show what would be sent. */
static void
show_question(struct kp_try_showing *showing)
{
	const struct kp_source_private *private = showing->attempt->source->private;
	struct kp_need need = make_need(showing, showing->attempt->permitted);
	struct kp_request_writer writer = {
		.size = sizeof(writer),
		.context = showing,
		.method = on_method,
		.target = on_target,
		.header = on_header,
		.body = on_body,
		.key = on_key,
		.query = on_query,
	};
	struct kp_source_services services;
	void *memory = kp_arena_alloc(&showing->arena, private->connector->call_size + 1);
	if (memory == NULL ||
		kp_source_services_begin(private, &showing->arena, &services) != KP_OK) {
		showing->cut = true;
		return;
	}
	struct kp_call_host host = kp_source_services_host(&services);
	(void)private->connector->prepare(
		private->instance, memory, &host, &need, &writer, &showing->fault);
	private->connector->end(private->instance, memory);
	if (private->connector->transport == KP_TRANSPORT_FILE) {
		show_request(showing, "file", kp_slice_from(private->path));
	}
	show_access(showing);
}

/* A recorded answer. */

static struct kp_text
no_header(const struct kp_head *head, struct kp_text name)
{
	(void)head;
	(void)name;
	return (struct kp_text){0};
}

static int
read_answer(struct kp_try_showing *showing, void *memory)
{
	const struct kp_connector_try *attempt = showing->attempt;
	const struct kp_source_private *private = attempt->source->private;
	const struct kp_connector *connector = private->connector;
	struct kp_request_writer writer = kp_connector_ignoring_writer();
	struct kp_source_services services;
	if (kp_source_services_begin(private, &showing->arena, &services) != KP_OK) {
		showing->cut = true;
		return KP_FAIL;
	}
	struct kp_call_host host = kp_source_services_host(&services);
	struct kp_head head = {.size = sizeof(head),
		.status = attempt->answer_status,
		.content_type = kp_text_from(attempt->answer_type),
		.header = no_header};
	int verdict = connector->prepare(private->instance, memory, &host, &showing->need,
		&writer, &showing->fault);
	if (verdict == KP_DONE) {
		verdict = connector->head(private->instance, memory, &head,
			&showing->sink, &showing->fault);
	}
	if (verdict == KP_DONE) {
		verdict = connector->consume(private->instance, memory,
			kp_text_from(attempt->answer), &showing->sink, &showing->fault);
	}
	if (verdict == KP_DONE) {
		verdict = connector->finish(private->instance, memory, &showing->sink,
			&showing->outcome, &showing->fault);
	}
	connector->end(private->instance, memory);
	kp_source_tables_release(&services, NULL);
	return verdict;
}

/* As the gateway asks of an answer that is not recorded. */
static bool
take_subject(void *context, struct kp_text bsn)
{
	struct kp_try_showing *showing = context;
	char said[KP_BSN_DIGITS];
	char asked[KP_BSN_DIGITS];
	showing->other_person = showing->other_person ||
		!kp_slice_equal(kp_bsn_normal(kp_text_slice(bsn), said),
			kp_bsn_normal(showing->attempt->bsn, asked));
	return !showing->other_person;
}

static void
read_recorded(struct kp_try_showing *showing)
{
	const struct kp_source_private *private = showing->attempt->source->private;
	void *memory = kp_arena_alloc(&showing->arena, private->connector->call_size + 1);
	showing->need = make_need(showing, showing->attempt->source->offers);
	showing->http_status = showing->attempt->answer_status;
	showing->outcome = KP_ERROR;
	int verdict = memory == NULL ? KP_FAIL : read_answer(showing, memory);
	if (showing->other_person) {
		showing->outcome = KP_ERROR;
		showing->reason = KP_SLICE("het antwoord gaat over een andere persoon");
	} else if (verdict == KP_FAIL) {
		showing->outcome = KP_ERROR;
		showing->reason = KP_SLICE("het antwoord is niet te lezen");
	} else if (verdict == KP_SKIP) {
		showing->outcome = KP_NOT_APPLICABLE;
	} else if (verdict == KP_UNMAPPED) {
		showing->outcome = KP_NOT_ASKED;
	}
	showing->done = true;
}

/* A live call. */

static void
ask_live(struct kp_try_showing *showing)
{
	const struct kp_source *source = showing->attempt->source;
	bool file = source->private->connector->transport == KP_TRANSPORT_FILE;
	showing->need =
		make_need(showing, file ? source->offers : showing->attempt->permitted);
	struct kp_connector_ask ask = {
		.source = source,
		.need = &showing->need,
		.sink = &showing->sink,
		.arena = &showing->arena,
	};
	kp_connector_ask_live(&ask);
	showing->outcome = ask.outcome;
	showing->reason = ask.reason;
	showing->fault = ask.fault;
	showing->http_status = ask.http_status;
	showing->done = ask.done;
}

int
kp_connector_try_run(const struct kp_connector_try *attempt)
{
	struct kp_try_showing *showing = calloc(1, sizeof(*showing));
	if (showing == NULL) {
		fprintf(stderr, "ketenpoort: no memory\n");
		return 1;
	}
	showing->attempt = attempt;
	time_t now = time(NULL);
	struct tm parts;
	(void)strftime(showing->now, sizeof(showing->now), "%Y-%m-%dT%H:%M:%SZ",
		gmtime_r(&now, &parts));
	kp_arena_init(&showing->arena, CALL_BYTES_MAX, NULL);
	struct kp_buffer *buffers[] = {&showing->request, &showing->fields,
		&showing->dropped, &showing->unmapped, &showing->notes, &showing->doubts,
		&showing->tables};
	for (size_t i = 0; i < KP_ARRAY_LEN(buffers); i++) {
		kp_buffer_init(buffers[i], &showing->arena, KP_TRY_OUT_BYTES_MAX);
		kp_json_writer_init(&showing->writers[i], buffers[i]);
	}
	showing->dropped_cells = KP_ARENA_ARRAY(
		&showing->arena, uint64_t, attempt->catalogue->cell_words + 1);
	showing->sink = (struct kp_sink){
		.size = sizeof(showing->sink),
		.context = showing,
		.subject = take_subject,
		.item = take_item,
		.value = take_value,
		.note = take_note,
		.unmapped = take_unmapped,
		.valid_on = kp_connector_ignore_text,
		.doubt = take_doubt,
	};
	if (showing->dropped_cells == NULL) {
		showing->cut = true;
	} else {
		show_question(showing);
		if (attempt->answer_given) {
			read_recorded(showing);
		} else {
			ask_live(showing);
		}
	}
	kp_connector_write_tables(attempt->source, attempt->json, &showing->tables);
	bool answered = showing->done &&
		(showing->outcome == KP_FOUND || showing->outcome == KP_NOTHING_FOUND);
	int code = kp_try_print(showing) && answered ? 0 : 1;
	kp_arena_deinit(&showing->arena);
	free(showing);
	return code;
}
