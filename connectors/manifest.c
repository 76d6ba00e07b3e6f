/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* manifest: see manifest.h. */
#include "connectors/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connectors/manifest_keys.h"
#include "connectors/outcome.h"
#include "connectors/value.h"
#include "core/json_write.h"

#define OIN_DIGITS 20
#define BODY_BYTES_MAX ((size_t)64 * 1024)

const struct kp_manifest_row *
kp_manifest_table_find(const struct kp_manifest_table *table, struct kp_slice key)
{
	/* Rows are sorted by key. */
	size_t low = 0;
	size_t high = table->row_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = kp_slice_compare(table->rows[middle].key, key);
		if (order == 0) {
			return &table->rows[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return table->other;
}

/*
 * Reading. The table of keys has already reported what has a wrong type or name, so the
 * getters here are silent: what is wrong is as if it were absent.
 */
struct reader {
	struct kp_json_document document;
	struct kp_arena *arena;
	struct kp_manifest *manifest;
	bool memory;
};

static void *
array_of(struct reader *reader, size_t count, size_t size)
{
	void *array = kp_arena_alloc_array(reader->arena, count == 0 ? 1 : count, size);
	reader->memory = reader->memory || array == NULL;
	return array;
}

static struct kp_slice
text_at(const struct kp_json_node *object, const char *name)
{
	const struct kp_json_node *node =
		object == NULL ? NULL : kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_STRING ? node->text
								 : (struct kp_slice){0};
}

static bool
boolean_at(const struct kp_json_node *object, const char *name)
{
	const struct kp_json_node *node = kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_BOOLEAN && node->boolean;
}

static const struct kp_json_node *
object_at(const struct kp_json_node *object, const char *name)
{
	const struct kp_json_node *node =
		object == NULL ? NULL : kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_OBJECT ? node : NULL;
}

static int64_t
integer_at(const struct kp_json_node *object, const char *name, int64_t fallback)
{
	const struct kp_json_node *node =
		object == NULL ? NULL : kp_json_member(object, name);
	return node != NULL && node->kind == KP_JSON_KIND_INTEGER && node->integer >= 0 &&
			node->integer <= INT32_MAX
		? node->integer
		: fallback;
}

static struct kp_manifest_place
place_of(struct reader *reader, const struct kp_json_node *node)
{
	char pointer[128];
	struct kp_manifest_place place = {.pointer = "", .line = 1, .column = 1};
	if (node == NULL) {
		return place;
	}
	const char *copy = kp_arena_strdup(
		reader->arena, kp_json_pointer(node, pointer, sizeof(pointer)));
	reader->memory = reader->memory || copy == NULL;
	place.pointer = copy == NULL ? "" : copy;
	place.line = node->line;
	place.column = node->column;
	return place;
}

/* Members that are not comments. */
static size_t
count_members(const struct kp_json_node *object)
{
	size_t count = 0;
	for (const struct kp_json_node *at = object == NULL ? NULL : object->first;
		at != NULL; at = at->next) {
		count += kp_json_is_comment(at) ? 0 : 1;
	}
	return count;
}

static const struct kp_json_node *
next_member(const struct kp_json_node *at)
{
	while (at != NULL && kp_json_is_comment(at)) {
		at = at->next;
	}
	return at;
}

static bool
all_digits(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
	}
	return text.len > 0;
}

static struct kp_slice
read_oin(struct reader *reader, const struct kp_json_node *object)
{
	struct kp_slice oin = text_at(object, "oin");
	if (oin.len > 0 && (oin.len != OIN_DIGITS || !all_digits(oin))) {
		kp_json_finding(&reader->document, kp_json_member(object, "oin"),
			"an OIN has exactly %d digits", OIN_DIGITS);
	}
	return oin;
}

static bool
is_token(struct kp_slice text)
{
	static const char allowed[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		bool letter = (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
		if (!letter && memchr(allowed, byte, sizeof(allowed) - 1) == NULL) {
			return false;
		}
	}
	return text.len > 0;
}

static void
check_header_name(
	struct reader *reader, const struct kp_json_node *node, struct kp_slice name)
{
	static const char *const ours[] = {"host", "content-length", "transfer-encoding",
		"connection", "te", "trailer", "upgrade", "keep-alive", "expect",
		"accept-encoding"};
	if (!is_token(name)) {
		kp_json_finding(&reader->document, node, "is not a header name");
		return;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(ours); i++) {
		if (strlen(ours[i]) == name.len &&
			strncasecmp(ours[i], name.data, name.len) == 0) {
			kp_json_finding(&reader->document, node,
				"header '%s' is set by the gateway itself", ours[i]);
		}
	}
}

static void
read_endpoint(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *node = kp_json_member(root, "endpoint");
	struct kp_slice url = text_at(root, "endpoint");
	reader->manifest->endpoint = url;
	reader->manifest->endpoint_place = place_of(reader, node == NULL ? root : node);
	if (url.len == 0) {
		return;
	}
	size_t scheme = kp_slice_starts(url, KP_SLICE("https://")) ? 8
		: kp_slice_starts(url, KP_SLICE("http://"))        ? 7
								   : 0;
	if (scheme == 0 || url.len == scheme) {
		kp_json_finding(&reader->document, node,
			"must be https://host… (or http://… on this machine)");
		return;
	}
	if (memchr(url.data, '?', url.len) != NULL ||
		memchr(url.data, '#', url.len) != NULL ||
		memchr(url.data, '@', url.len) != NULL) {
		kp_json_finding(&reader->document, node,
			"has a query, a fragment or a user name; put the query in "
			"request/target and credentials in access");
	}
	for (size_t i = 0; i < url.len; i++) {
		if ((unsigned char)url.data[i] <= 0x20 ||
			(unsigned char)url.data[i] >= 0x7f) {
			kp_json_finding(&reader->document, node,
				"holds white space or a letter that is not allowed in an "
				"address");
			return;
		}
	}
	if (url.data[url.len - 1] == '/') {
		reader->manifest->endpoint.len--;
	}
}

static void
read_access(struct reader *reader, const struct kp_json_node *root)
{
	static const char *const words[] = {"none", "header", "bearer", "basic"};
	struct kp_manifest *manifest = reader->manifest;
	const struct kp_json_node *object = object_at(root, "access");
	manifest->access_place = place_of(reader, object);
	if (object == NULL) {
		return;
	}
	struct kp_slice kind = text_at(object, "kind");
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (kp_slice_is(kind, words[i])) {
			manifest->access = (enum kp_manifest_access)i;
		}
	}
	manifest->access_header = text_at(object, "header");
	manifest->access_secret = text_at(object, "secret");
	manifest->certificate_file = text_at(object, "certificate_file");
	manifest->key_file = text_at(object, "key_file");
	manifest->anchor_file = text_at(object, "anchor_file");
	if (manifest->access != KP_ACCESS_NONE && manifest->access_secret.len == 0) {
		kp_json_finding(&reader->document, object,
			"has no 'secret': kind '%.*s' needs the name of one",
			KP_SLICE_ARG(kind));
	}
	if (manifest->access == KP_ACCESS_HEADER) {
		if (manifest->access_header.len == 0) {
			kp_json_finding(&reader->document, object,
				"has no 'header': kind 'header' needs its name");
		} else {
			check_header_name(reader, kp_json_member(object, "header"),
				manifest->access_header);
		}
	}
	if ((manifest->certificate_file.len == 0) != (manifest->key_file.len == 0)) {
		kp_json_finding(&reader->document, object,
			"certificate_file and key_file go together");
	}
}

static void
read_limits(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "limits");
	struct kp_manifest_limits *limits = &reader->manifest->limits;
	struct {
		const char *name;
		uint32_t *ret;
	} rows[] = {
		{"time_ms", &limits->time_ms},
		{"connect_ms", &limits->connect_ms},
		{"idle_ms", &limits->idle_ms},
		{"head_bytes", &limits->head_bytes},
		{"concurrent", &limits->concurrent},
		{"waiting", &limits->waiting},
		{"rate_per_second", &limits->rate_per_second},
		{"pages", &limits->pages},
		{"items", &limits->items},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		*rows[i].ret = (uint32_t)integer_at(object, rows[i].name,
			kp_manifest_fallback("limits", rows[i].name));
	}
	limits->answer_bytes = (uint64_t)integer_at(
		object, "answer_bytes", kp_manifest_fallback("limits", "answer_bytes"));
}

static struct kp_slice *
read_texts(struct reader *reader, const struct kp_json_node *object, const char *name,
	size_t *ret_count)
{
	const struct kp_json_node *array =
		object == NULL ? NULL : kp_json_member(object, name);
	*ret_count = 0;
	if (array == NULL || array->kind != KP_JSON_KIND_ARRAY) {
		return NULL;
	}
	struct kp_slice *texts = array_of(reader, array->count, sizeof(*texts));
	for (const struct kp_json_node *at = array->first; texts != NULL && at != NULL;
		at = at->next) {
		if (at->kind == KP_JSON_KIND_STRING && at->text.len > 0) {
			texts[(*ret_count)++] = at->text;
		}
	}
	return texts;
}

/* Code tables. */

static int
compare_rows(const void *a, const void *b)
{
	const struct kp_manifest_row *left = a;
	const struct kp_manifest_row *right = b;
	return kp_slice_compare(left->key, right->key);
}

static void
read_table(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_table *table)
{
	struct kp_manifest_row *rows =
		array_of(reader, count_members(node), sizeof(*rows));
	table->name = node->name;
	table->rows = rows;
	if (rows == NULL || node->kind != KP_JSON_KIND_OBJECT) {
		return;
	}
	for (const struct kp_json_node *at = next_member(node->first); at != NULL;
		at = next_member(at->next)) {
		struct kp_manifest_row *row = &rows[table->row_count++];
		row->key = at->name;
		row->value = at->raw;
		row->text = at->kind == KP_JSON_KIND_STRING ? at->text : at->raw;
	}
	if (table->row_count == 0) {
		kp_json_finding(&reader->document, node, "the table is empty");
	}
	qsort(rows, table->row_count, sizeof(*rows), compare_rows);
	for (size_t i = 0; i < table->row_count; i++) {
		if (kp_slice_is(rows[i].key, "*")) {
			table->other = &rows[i];
		}
	}
}

static void
read_tables(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "tables");
	struct kp_manifest_table *tables =
		array_of(reader, count_members(object), sizeof(*tables));
	reader->manifest->tables = tables;
	if (object == NULL || tables == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		read_table(reader, at, &tables[reader->manifest->table_count++]);
	}
}

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
	const struct kp_json_node *paging = object_at(object, "paging");
	response->paging_next = text_at(paging, "next");
	response->paging_pages = text_at(paging, "pages");
	if (response->paging_next.len > 0 && response->paging_pages.len > 0) {
		kp_json_finding(
			&reader->document, paging, "next and pages exclude each other");
	}
	response->ignored =
		read_texts(reader, object, "ignored", &response->ignored_count);
}

/* Request. */

static void
read_header(struct reader *reader, const struct kp_json_node *node,
	struct kp_manifest_header *header)
{
	header->name = node->name;
	header->place = place_of(reader, node);
	check_header_name(reader, node, node->name);
	if (node->kind == KP_JSON_KIND_STRING) {
		header->value = node->text;
	} else if (node->kind == KP_JSON_KIND_OBJECT) {
		header->value = text_at(node, "value");
		header->cut = (uint32_t)integer_at(node, "cut", 0);
		header->optional = boolean_at(node, "optional");
	}
	for (size_t i = 0; i < header->value.len; i++) {
		unsigned char byte = (unsigned char)header->value.data[i];
		if (byte < 0x20 || byte == 0x7f) {
			kp_json_finding(&reader->document, node,
				"holds a control character, which a header cannot");
			header->value = (struct kp_slice){0};
		}
	}
}

static void
read_headers(struct reader *reader, const struct kp_json_node *object)
{
	struct kp_manifest_request *request = &reader->manifest->request;
	struct kp_manifest_header *headers =
		array_of(reader, count_members(object), sizeof(*headers));
	request->headers = headers;
	if (object == NULL || headers == NULL) {
		return;
	}
	for (const struct kp_json_node *at = next_member(object->first); at != NULL;
		at = next_member(at->next)) {
		read_header(reader, at, &headers[request->header_count++]);
	}
}

/* The template as compact JSON, without comments. */
static void
write_body(struct kp_json_writer *writer, const struct kp_json_node *node)
{
	if (node->kind == KP_JSON_KIND_OBJECT) {
		kp_json_write_object_begin(writer);
		for (const struct kp_json_node *at = next_member(node->first); at != NULL;
			at = next_member(at->next)) {
			kp_json_write_name(writer, at->name);
			write_body(writer, at);
		}
		kp_json_write_object_end(writer);
	} else if (node->kind == KP_JSON_KIND_ARRAY) {
		kp_json_write_array_begin(writer);
		for (const struct kp_json_node *at = node->first; at != NULL;
			at = at->next) {
			write_body(writer, at);
		}
		kp_json_write_array_end(writer);
	} else {
		kp_json_write_raw(writer, node->raw);
	}
}

static void
read_body(struct reader *reader, const struct kp_json_node *node)
{
	struct kp_manifest_request *request = &reader->manifest->request;
	request->body_place = place_of(reader, node);
	if (node->kind == KP_JSON_KIND_STRING) {
		request->body = node->text;
		request->body_text = true;
		return;
	}
	if (node->kind != KP_JSON_KIND_OBJECT && node->kind != KP_JSON_KIND_ARRAY) {
		kp_json_finding(&reader->document, node,
			"is a %s; allowed is an object, an array or a text",
			kp_json_kind_name(node->kind));
		return;
	}
	struct kp_buffer buffer;
	struct kp_json_writer writer;
	kp_buffer_init(&buffer, reader->arena, BODY_BYTES_MAX);
	kp_json_writer_init(&writer, &buffer);
	write_body(&writer, node);
	if (buffer.failed) {
		kp_json_finding(&reader->document, node, "is larger than %zu bytes",
			BODY_BYTES_MAX);
		return;
	}
	request->body = kp_buffer_slice(&buffer);
}

static void
read_request(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "request");
	struct kp_manifest_request *request = &reader->manifest->request;
	request->method = KP_SLICE("GET");
	if (object == NULL) {
		request->target_place = place_of(reader, root);
		request->body_place = request->target_place;
		return;
	}
	const struct kp_json_node *target = kp_json_member(object, "target");
	request->target = text_at(object, "target");
	request->target_place = place_of(reader, target == NULL ? object : target);
	if (request->target.len > 0 && request->target.data[0] != '/' &&
		request->target.data[0] != '?') {
		kp_json_finding(&reader->document, target, "must start with / or ?");
	}
	if (text_at(object, "method").len > 0) {
		request->method = text_at(object, "method");
	}
	read_headers(reader, object_at(object, "headers"));
	const struct kp_json_node *body = kp_json_member(object, "body");
	if (body == NULL) {
		request->body_place = place_of(reader, object);
		return;
	}
	if (kp_slice_is(request->method, "GET")) {
		kp_json_finding(&reader->document, body, "GET has no body; use POST");
	}
	read_body(reader, body);
}

static void
read_file(struct reader *reader, const struct kp_json_node *root)
{
	const struct kp_json_node *object = object_at(root, "file");
	struct kp_manifest_export *file = &reader->manifest->file;
	file->place = place_of(reader, object);
	file->separator = ';';
	file->charset = KP_SLICE("utf-8");
	if (object == NULL) {
		return;
	}
	file->path = text_at(object, "path");
	file->key = text_at(object, "key");
	if (text_at(object, "charset").len > 0) {
		file->charset = text_at(object, "charset");
	}
	struct kp_slice separator = text_at(object, "separator");
	if (separator.data != NULL && separator.len == 1) {
		file->separator = separator.data[0];
	}
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

static void
read_who(struct reader *reader, const struct kp_json_node *root)
{
	struct kp_manifest *manifest = reader->manifest;
	const struct kp_json_node *organisation = object_at(root, "organisation");
	manifest->source = text_at(root, "source");
	manifest->source_place = place_of(reader, kp_json_member(root, "source"));
	manifest->title = text_at(root, "title");
	if (manifest->title.len == 0) {
		manifest->title = manifest->source;
	}
	if (organisation != NULL) {
		manifest->organisation_name = text_at(organisation, "name");
		manifest->organisation_oin = read_oin(reader, organisation);
	}
	manifest->connector = text_at(root, "connector");
	manifest->connector_place = place_of(reader, kp_json_member(root, "connector"));
}

static void
read_root(struct reader *reader, const struct kp_json_node *root)
{
	struct kp_manifest *manifest = reader->manifest;
	read_who(reader, root);
	read_endpoint(reader, root);
	read_access(reader, root);
	read_limits(reader, root);
	manifest->idempotent = boolean_at(root, "idempotent");
	const struct kp_json_node *caseload = object_at(root, "caseload");
	manifest->caseload = caseload != NULL;
	if (caseload != NULL) {
		manifest->caseload_oin = read_oin(reader, caseload);
	}
	manifest->needs = read_texts(reader, root, "needs", &manifest->need_count);
	const struct kp_json_node *health = object_at(root, "health");
	manifest->health_target = text_at(health, "target");
	manifest->health_status = (uint32_t)integer_at(
		health, "status", kp_manifest_fallback("health", "status"));
	manifest->health_every_s = (uint32_t)integer_at(
		health, "every_s", kp_manifest_fallback("health", "every_s"));
	manifest->conditions_file = text_at(root, "conditions_file");
	read_tables(reader, root);
	read_request(reader, root);
	read_response(reader, root);
	read_file(reader, root);
	if (kp_slice_is(manifest->connector, "rest")) {
		require_section(reader, root, "endpoint");
		require_section(reader, root, "request");
		require_section(reader, root, "response");
	} else if (kp_slice_is(manifest->connector, "file")) {
		require_section(reader, root, "file");
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
