/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest: see manifest.h. Here are the whole and the response. */
#include "connectors/manifest.h"

#include <string.h>

#include "connectors/manifest_keys.h"
#include "connectors/manifest_reader.h"
#include "connectors/outcome.h"
#include "connectors/value.h"

/* Fields. */

static const struct kp_manifest_table *
find_table(struct reader *reader, const struct kp_json_node *node)
{
	const struct kp_manifest *manifest = reader->manifest;
	for (size_t i = 0; i < manifest->table_count; i++) {
		if (kp_slice_equal(manifest->tables[i].name, node->text)) {
			return &manifest->tables[i];
		}
	}
	kp_json_finding(&reader->document, node, "'tables' has no table '%.*s'",
		KP_SLICE_ARG(node->text));
	return NULL;
}

static void
read_form(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_field *field)
{
	static const struct {
		const char *word;
		enum kp_manifest_form form;
	} words[] = {
		{"as_is", KP_FORM_AS_IS},
		{"date_object", KP_FORM_DATE_OBJECT},
		{"yes_no", KP_FORM_YES_NO},
		{"present", KP_FORM_PRESENT},
		{"number", KP_FORM_NUMBER},
		{"cents", KP_FORM_CENTS},
	};
	unsigned conversions = 0;
	const struct kp_json_node *table = kp_json_member(node, "table");
	if (table != NULL && table->kind == KP_JSON_KIND_STRING) {
		field->table = find_table(reader, table);
		conversions++;
	}
	field->date_pattern = text_at(node, "date");
	if (field->date_pattern.len > 0) {
		field->form = KP_FORM_DATE;
		conversions++;
		if (!kp_value_date_pattern_known(field->date_pattern)) {
			kp_json_finding(&reader->document, kp_json_member(node, "date"),
				"is not a date pattern; allowed are yyyymmdd, "
				"yyyy-mm-dd, "
				"dd-mm-yyyy and d-m-yyyy, with - / or . between");
		}
	}
	struct kp_slice form = text_at(node, "form");
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (kp_slice_is(form, words[i].word)) {
			field->form = words[i].form;
			conversions += i > 0 ? 1 : 0;
		}
	}
	if (conversions > 1) {
		kp_json_finding(&reader->document, node,
			"table, date and form exclude each other");
	}
	field->sign = text_at(node, "sign");
	field->incomplete = text_at(node, "incomplete");
	bool number = field->form == KP_FORM_NUMBER || field->form == KP_FORM_CENTS;
	if ((field->sign.len > 0 && !number) ||
		(field->incomplete.len > 0 && field->form != KP_FORM_DATE)) {
		kp_json_finding(&reader->document, node,
			"sign goes with form number or cents, incomplete with date");
	}
}

static void
read_field(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_field *field)
{
	field->field = node->name;
	field->place = place_of(reader, node);
	if (node->kind == KP_JSON_KIND_STRING) {
		field->path = node->text;
		return;
	}
	if (node->kind != KP_JSON_KIND_OBJECT) {
		return;
	}
	field->path = text_at(node, "path");
	const struct kp_json_node *constant = kp_json_member(node, "constant");
	field->constant = constant == NULL ? (struct kp_slice){0} : constant->raw;
	if ((field->path.len > 0) == (field->constant.len > 0)) {
		kp_json_finding(&reader->document, node,
			"needs a path or a constant, and not both");
	}
	read_form(reader, node, field);
	const struct kp_json_node *ask = kp_json_member(node, "ask");
	field->ask = text_at(node, "ask");
	field->ask_never = ask != NULL && ask->kind == KP_JSON_KIND_BOOLEAN;
}

static const struct kp_manifest_field *
read_fields(struct reader *reader, const struct kp_json_node *object, size_t *ret_count)
{
	struct kp_manifest_field *fields =
		array_of(reader, count_members(object), sizeof(*fields));
	*ret_count = 0;
	if (object == NULL || fields == NULL) {
		return NULL;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		read_field(reader, at, &fields[(*ret_count)++]);
	}
	return fields;
}

static void
read_lists(struct reader *reader, const struct kp_json_node *object,
	struct kp_manifest_response *response)
{
	struct kp_manifest_list *lists =
		array_of(reader, count_members(object), sizeof(*lists));
	response->lists = lists;
	if (object == NULL || lists == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		if (at->kind != KP_JSON_KIND_OBJECT) {
			continue;
		}
		struct kp_manifest_list *list = &lists[response->list_count++];
		list->section = at->name;
		list->items = text_at(at, "items");
		list->valid_on = text_at(at, "valid_on");
		list->place = place_of(reader, at);
		list->fields =
			read_fields(reader, object_at(at, "fields"), &list->field_count);
	}
}

/* Response. */

static enum kp_outcome
outcome_of(struct kp_slice word)
{
	for (unsigned i = KP_FOUND; i <= KP_NOT_ASKED; i++) {
		if (kp_slice_equal(word, kp_outcome_name((enum kp_outcome)i))) {
			return (enum kp_outcome)i;
		}
	}
	return KP_ERROR;
}

static bool
read_status_name(struct kp_slice name, struct kp_manifest_status *status)
{
	unsigned number = 0;
	if (name.len != 3 || name.data[0] < '1' || name.data[0] > '5') {
		return false;
	}
	if (kp_value_digits(name, &number)) {
		status->from = number;
		status->to = number;
		return true;
	}
	if (name.data[1] == 'x' && name.data[2] == 'x') {
		status->from = (uint32_t)(name.data[0] - '0') * 100;
		status->to = status->from + 99;
		return true;
	}
	return false;
}

static void
read_statuses(struct reader *reader, const struct kp_json_node *object,
	struct kp_manifest_response *response)
{
	struct kp_manifest_status *statuses =
		array_of(reader, count_members(object), sizeof(*statuses));
	response->statuses = statuses;
	if (object == NULL || statuses == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		struct kp_manifest_status *status = &statuses[response->status_count];
		if (!read_status_name(at->name, status)) {
			kp_json_finding(&reader->document, at,
				"is not an HTTP status; allowed are three digits (404) "
				"or a "
				"class (5xx)");
			continue;
		}
		status->outcome = outcome_of(at->text);
		response->status_count++;
	}
}

static const struct kp_manifest_code *
read_codes(struct reader *reader, const struct kp_json_node *object, size_t *ret_count)
{
	struct kp_manifest_code *codes =
		array_of(reader, count_members(object), sizeof(*codes));
	*ret_count = 0;
	if (object == NULL || codes == NULL) {
		return codes;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		codes[(*ret_count)++] = (struct kp_manifest_code){
			.code = at->name, .outcome = outcome_of(at->text)};
	}
	return codes;
}

static void
read_notes(struct reader *reader, const struct kp_json_node *object,
	struct kp_manifest_response *response)
{
	const struct kp_json_node *texts = object_at(object, "texts");
	struct kp_manifest_note *notes =
		array_of(reader, count_members(texts), sizeof(*notes));
	response->notes_path = text_at(object, "path");
	response->notes = notes;
	if (texts == NULL || notes == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(texts->first); at != NULL;
		at = next_member(at->next)) {
		notes[response->note_count++] =
			(struct kp_manifest_note){.code = at->name, .text = at->text};
	}
}

static void
read_response(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "response");
	struct kp_manifest_response *response = &reader->manifest->response;
	response->place = place_of(reader, object);
	if (object == NULL) {
		return;
	}
	const struct kp_json_node *subject = kp_json_member(object, "subject");
	response->subject = text_at(object, "subject");
	response->subject_none = subject != NULL && subject->kind == KP_JSON_KIND_NULL;
	response->root = text_at(object, "root");
	response->valid_on = text_at(object, "valid_on");
	response->valid_on_header = text_at(object, "valid_on_header");
	if (response->valid_on_header.len > 0 && response->valid_on.len > 0) {
		kp_json_finding(&reader->document, object,
			"valid_on and valid_on_header exclude each other");
	}
	response->in_investigation = text_at(object, "in_investigation");
	read_statuses(reader, object_at(object, "status"), response);
	const struct kp_json_node *outcome = object_at(object, "outcome");
	response->outcome_path = text_at(outcome, "path");
	response->outcomes = read_codes(
		reader, object_at(outcome, "values"), &response->outcome_count);
	response->present = read_codes(
		reader, object_at(object, "present"), &response->present_count);
	response->faults =
		read_codes(reader, object_at(object, "faults"), &response->fault_count);
	read_notes(reader, object_at(object, "notes"), response);
	response->fields =
		read_fields(reader, object_at(object, "fields"), &response->field_count);
	read_lists(reader, object_at(object, "lists"), response);
	kp_manifest_read_paging(reader, object_at(object, "paging"));
	response->ignored =
		read_texts(reader, object, "ignored", &response->ignored_count);
}

static void
require_section(struct reader *reader, const struct kp_json_node *root, const char *name)
{
	if (kp_json_member(root, name) == NULL) {
		kp_json_finding(&reader->document, root,
			"has no '%s', which connector '%.*s' needs", name,
			KP_SLICE_ARG(reader->manifest->connector));
	}
}

/* What it says about a client decides whether anybody is asked about him, so it must be
 * certain that it is about him. */
static void
check_register(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_manifest *manifest = reader->manifest;
	const char *what = manifest->opt_out ? "opt_out" : "caseload";
	if ((manifest->opt_out || manifest->caseload) &&
		manifest->response.subject_none) {
		kp_json_finding(&reader->document,
			kp_json_member(object_at(root, "response"), "subject"),
			"must be a path: with '%s', answers have to name the person",
			what);
	}
}

/* Whom a row is about stands in one place. */
static void
check_key(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_manifest *manifest = reader->manifest;
	struct kp_slice subject = manifest->response.subject;
	if (subject.len > 0 && manifest->file.key.len > 0 &&
		!kp_slice_equal(subject, manifest->file.key)) {
		kp_json_finding(&reader->document,
			kp_json_member(object_at(root, "response"), "subject"),
			"must be the column of 'file.key': '%.*s'",
			KP_SLICE_ARG(manifest->file.key));
	}
}

static void
check_soap(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_manifest_response *response = &reader->manifest->response;
	const struct kp_json_node *node = object_at(root, "response");
	require_section(reader, root, "soap");
	if (node != NULL &&
		(response->root.len == 0 || kp_slice_is(response->root, "."))) {
		kp_json_finding(&reader->document, node,
			"has no 'root': the path to the element that is the person, "
			"which connector 'soap' needs");
	}
}

static void
read_root(struct reader *reader, const struct kp_json_node *root)
{
	struct kp_manifest *manifest = reader->manifest;
	kp_manifest_read_partner(reader, root);
	kp_manifest_read_tables(reader, root);
	kp_manifest_read_request(reader, root);
	kp_manifest_read_soap(reader, root);
	read_response(reader, root);
	kp_manifest_read_rows(reader, root);
	check_register(reader, root);
	bool soap = kp_slice_is(manifest->connector, "soap");
	bool wsse = manifest->access.kind == KP_ACCESS_WSSE_TEXT ||
		manifest->access.kind == KP_ACCESS_WSSE_DIGEST;
	manifest->soap.username_token = soap && wsse;
	if (wsse && !soap) {
		kp_json_finding(&reader->document, object_at(root, "access"),
			"a UsernameToken is for connector soap");
	}
	if (soap) {
		check_soap(reader, root);
	} else if (manifest->response.present_count > 0) {
		kp_json_finding(&reader->document,
			kp_json_member(object_at(root, "response"), "present"),
			"is for connector soap");
	}
	if (soap || kp_slice_is(manifest->connector, "rest")) {
		if (manifest->program.command_count == 0) {
			require_section(reader, root, "endpoint");
		}
		require_section(reader, root, "request");
		require_section(reader, root, "response");
	} else if (kp_slice_is(manifest->connector, "file")) {
		require_section(reader, root, "file");
		require_section(reader, root, "response");
		check_key(reader, root);
	} else if (kp_slice_is(manifest->connector, "sql")) {
		require_section(reader, root, "endpoint");
		require_section(reader, root, "sql");
		require_section(reader, root, "response");
	}
}

enum kp_status
kp_manifest_read(struct kp_arena *arena, const char *file, struct kp_slice text,
	struct kp_findings *findings, struct kp_manifest **ret_manifest)
{
	struct reader reader = {.arena = arena};
	size_t before = findings->count + findings->dropped;
	if (text.len > KP_MANIFEST_BYTES_MAX) {
		struct kp_error err;
		(void)kp_error_set(&err, KP_E_CONFIG,
			"is %zu bytes, more than the %zu a manifest may have", text.len,
			KP_MANIFEST_BYTES_MAX);
		kp_error_at(&err, file, 0, 0, NULL);
		kp_findings_add(findings, &err);
		return KP_E_CONFIG;
	}
	enum kp_status status =
		kp_json_document_load(arena, file, text, findings, &reader.document);
	if (status != KP_OK) {
		return status;
	}
	const struct kp_json_node *root = reader.document.root;
	if (!kp_json_expect(&reader.document, root, KP_JSON_KIND_OBJECT)) {
		return KP_E_CONFIG;
	}
	reader.manifest = KP_ARENA_NEW(arena, struct kp_manifest);
	if (reader.manifest == NULL) {
		return KP_E_MEMORY;
	}
	kp_manifest_check_keys(&reader.document, root, kp_manifest_keys());
	read_root(&reader, root);
	if (reader.memory) {
		return KP_E_MEMORY;
	}
	*ret_manifest = reader.manifest;
	return findings->count + findings->dropped > before ? KP_E_CONFIG : KP_OK;
}
