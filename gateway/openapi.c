/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* openapi: see openapi.h and openapi/README.md. */
#include "openapi.h"

#include <stdlib.h>

#include "answer_headers.h"
#include "config/options.h"
#include "connectors/connector.h"
#include "core/attr.h"
#include "query/collect.h"
#include "query/dossier_write.h"
#include "query/problem.h"
#include "shipped/shipped.h"

#define DOCUMENT_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define CLIENT_GONE 499 /* nobody sees it */

struct filler {
	const struct kp_config *config;
	const struct kp_shape *shape;
	struct kp_arena *arena;
	struct kp_buffer out;
};

/* --- what may be asked for --- */

static void
write_option(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	for (size_t i = 0; i < kp_option_count(); i++) {
		const struct kp_option *option = kp_option_get(i);
		struct kp_slice section = kp_slice_from(option->section);
		const char *member = (const char *)filler->config + option->offset;
		if (!kp_slice_starts(name, section) ||
			name.len != section.len + 1 + strlen(option->name) ||
			memcmp(name.data + section.len + 1, option->name,
				strlen(option->name)) != 0) {
			continue;
		}
		if (option->kind == KP_OPTION_NUMBER) {
			uint64_t number;
			memcpy(&number, member, sizeof(number));
			kp_buffer_add_uint(&filler->out, number);
			*ret_known = true;
		} else if (option->kind == KP_OPTION_TEXT) {
			struct kp_slice text;
			memcpy(&text, member, sizeof(text));
			kp_write_text(&filler->out, text);
			*ret_known = true;
		}
	}
}

static void
write_number(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	*ret_known = true;
	if (kp_slice_is(name, "query_text_bytes")) {
		kp_buffer_add_uint(&filler->out, KP_QUERY_TEXT_BYTES_MAX);
	} else if (kp_slice_is(name, "query_reason_bytes")) {
		kp_buffer_add_uint(&filler->out, KP_QUERY_REASON_BYTES_MAX);
	} else {
		*ret_known = false;
	}
}

static void
write_version(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	(void)name;
	kp_write_text(&filler->out, KP_SLICE(KP_API_VERSION));
	*ret_known = true;
}

static void
write_server(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	(void)name;
	struct kp_slice base = filler->config->api_public_url;
	while (base.len > 0 && base.data[base.len - 1] == '/') {
		base.len--;
	}
	const char *url = kp_arena_printf(filler->arena, "%.*s/v1", KP_SLICE_ARG(base));
	filler->out.failed = filler->out.failed || url == NULL;
	kp_write_text(&filler->out, kp_slice_from(url));
	*ret_known = true;
}

static void
write_outcomes(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	(void)name;
	for (int i = KP_FOUND; i <= KP_NOT_ASKED; i++) {
		kp_buffer_add_char(&filler->out, i == KP_FOUND ? '[' : ',');
		kp_write_text(&filler->out, kp_outcome_name((enum kp_outcome)i));
	}
	kp_buffer_add_char(&filler->out, ']');
	*ret_known = true;
}

/* Can a client see it? */
static bool
is_shown(const struct kp_status_info *info)
{
	return info->http >= 400 && info->http != CLIENT_GONE && info->safe;
}

static void
write_codes(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	bool comma = false;
	(void)name;
	kp_buffer_add_char(&filler->out, '[');
	for (int i = 0; i < KP_STATUS_COUNT; i++) {
		const struct kp_status_info *info = kp_status_info((enum kp_status)i);
		if (is_shown(info)) {
			if (comma) {
				kp_buffer_add_char(&filler->out, ',');
			}
			comma = true;
			kp_write_text(&filler->out, kp_slice_from(info->problem_type));
		}
	}
	kp_buffer_add_char(&filler->out, ']');
	*ret_known = true;
}

static void
write_problem_example(struct kp_buffer *out, enum kp_status status)
{
	struct kp_query_faults faults = {.count = 0};
	struct kp_problem problem = {.status = status};
	if (status == KP_E_INVALID) {
		kp_query_fault_add(&faults, KP_SLICE("burgerservicenummer"),
			KP_SLICE("required"), KP_SLICE("dit onderdeel is verplicht"),
			KP_SLICE("/burgerservicenummer"));
		kp_query_fault_add(&faults, KP_SLICE("velden"), KP_SLICE("unknown"),
			KP_SLICE("dit veld staat niet in de catalogus"),
			KP_SLICE("/velden/2"));
		problem.faults = &faults;
		problem.detail = KP_SLICE(
			"De vraag bevat fouten; invalidParams noemt ze allemaal.");
	}
	kp_write_text(out, kp_slice_from(kp_status_info(status)->problem_type));
	KP_BUFFER_ADD(out, ":{\"summary\":");
	kp_write_text(out, kp_problem_title(status));
	KP_BUFFER_ADD(out, ",\"value\":");
	kp_problem_write(out, &problem);
	kp_buffer_add_char(out, '}');
}

static void
write_problems(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	bool comma = false;
	int http = 0;
	for (size_t i = 0; i < name.len; i++) {
		http = http * 10 + (name.data[i] - '0');
	}
	kp_buffer_add_char(&filler->out, '{');
	for (int i = 0; i < KP_STATUS_COUNT; i++) {
		const struct kp_status_info *info = kp_status_info((enum kp_status)i);
		if (is_shown(info) && info->http == http) {
			if (comma) {
				kp_buffer_add_char(&filler->out, ',');
			}
			comma = true;
			write_problem_example(&filler->out, (enum kp_status)i);
		}
	}
	kp_buffer_add_char(&filler->out, '}');
	*ret_known = comma;
}

/* --- the catalogue as a schema --- */

/* A source's value is passed on as it was written: a number may also be a text. */
static struct kp_slice
schema_of(enum kp_field_type type)
{
	switch (type) {
	case KP_FIELD_TEXT:
	case KP_FIELD_CODE:
		return KP_SLICE("{\"type\":[\"string\",\"number\"]");
	case KP_FIELD_NUMBER:
	case KP_FIELD_AMOUNT:
		return KP_SLICE("{\"type\":[\"number\",\"string\"]");
	case KP_FIELD_BOOLEAN:
		return KP_SLICE("{\"type\":[\"boolean\",\"string\"]");
	case KP_FIELD_DATE:
		/* A day of which a part may be unknown is ISO 8601-2, level 0. */
		return KP_SLICE("{\"type\":\"string\",\"format\":\"edtf-level-0\"");
	}
	KP_UNREACHABLE();
}

static void
write_field(struct kp_buffer *out, const struct kp_shape *shape, uint32_t id)
{
	const struct kp_field *field = &shape->catalogue->fields[id];
	kp_buffer_add_slice(out, shape->fields[id].member);
	kp_buffer_add_slice(out, schema_of(field->type));
	KP_BUFFER_ADD(out, ",\"description\":");
	kp_write_text(out, field->label);
	kp_buffer_add_char(out, '}');
}

/* The group inside `id` that `group` is in. */
static uint32_t
child_towards(const struct kp_shape *shape, uint32_t id, uint32_t group)
{
	while (shape->groups[group].parent != id) {
		group = shape->groups[group].parent;
	}
	return group;
}

/* How deep is bounded by the shape. */
static void
write_group(struct kp_buffer *out, const struct kp_shape *shape, uint32_t id)
{
	const struct kp_shape_group *group = &shape->groups[id];
	KP_BUFFER_ADD(out,
		"{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
	for (uint32_t i = group->begin; i < group->end;) {
		uint32_t field = shape->order[i];
		if (i > group->begin) {
			kp_buffer_add_char(out, ',');
		}
		if (shape->fields[field].group == id) {
			write_field(out, shape, field);
			i++;
			continue;
		}
		uint32_t child = child_towards(shape, id, shape->fields[field].group);
		kp_write_text(out, shape->groups[child].name);
		kp_buffer_add_char(out, ':');
		write_group(out, shape, child);
		i = shape->groups[child].end;
	}
	KP_BUFFER_ADD(out, "}}");
}

static void
write_section(struct kp_buffer *out, const struct kp_shape *shape, uint32_t id)
{
	const struct kp_section *section = &shape->catalogue->sections[id];
	kp_buffer_add_slice(out, shape->sections[id].member);
	if (section->list) {
		KP_BUFFER_ADD(out, "{\"type\":\"array\",\"description\":");
		kp_write_text(out, section->label);
		KP_BUFFER_ADD(out, ",\"items\":");
	}
	write_group(out, shape, shape->sections[id].root);
	if (section->list) {
		kp_buffer_add_char(out, '}');
	}
}

static void
write_dossier(struct filler *filler, struct kp_slice name, bool *ret_known)
{
	const struct kp_shape *shape = filler->shape;
	struct kp_buffer *out = &filler->out;
	(void)name;
	KP_BUFFER_ADD(out, "{\"type\":\"object\",\"description\":");
	kp_write_text(out,
		KP_SLICE("Wat de bronnen gaven en gegeven mag worden, in de vorm van de "
			 "catalogus. Wat ontbreekt, staat verklaard in bronnen en "
			 "ingehouden."));
	KP_BUFFER_ADD(out, ",\"additionalProperties\":false,\"properties\":{");
	for (uint32_t i = 0; i < shape->catalogue->section_count; i++) {
		if (i > 0) {
			kp_buffer_add_char(out, ',');
		}
		write_section(out, shape, i);
	}
	KP_BUFFER_ADD(out, "}}");
	*ret_known = true;
}

/* --- filling in --- */

static const struct {
	struct kp_slice name; /* one that ends in a dot has more after it */
	void (*write)(struct filler *filler, struct kp_slice rest, bool *ret_known);
} wanted[] = {
	{KP_SLICE_INIT("version"), write_version},
	{KP_SLICE_INIT("server"), write_server},
	{KP_SLICE_INIT("option."), write_option},
	{KP_SLICE_INIT("number."), write_number},
	{KP_SLICE_INIT("codes"), write_codes},
	{KP_SLICE_INIT("problems."), write_problems},
	{KP_SLICE_INIT("outcomes"), write_outcomes},
	{KP_SLICE_INIT("dossier"), write_dossier},
};

static bool
fill_in(struct filler *filler, struct kp_slice name)
{
	bool known = false;
	for (size_t i = 0; i < KP_ARRAY_LEN(wanted) && !known; i++) {
		struct kp_slice head = wanted[i].name;
		bool more = head.data[head.len - 1] == '.';
		if (kp_slice_starts(name, head) && (more || name.len == head.len)) {
			wanted[i].write(filler,
				(struct kp_slice){
					name.data + head.len, name.len - head.len},
				&known);
		}
	}
	return known;
}

/* The length of the JSON string at `text`, its quotes included. */
static size_t
string_len(struct kp_slice text)
{
	size_t at = 1;
	while (at < text.len && text.data[at] != '"') {
		at += text.data[at] == '\\' ? 2 : 1;
	}
	return at < text.len ? at + 1 : text.len;
}

enum kp_status
kp_openapi_fill(struct kp_slice text, const struct kp_config *config,
	const struct kp_shape *shape, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err)
{
	struct filler filler = {.config = config, .shape = shape, .arena = arena};
	kp_buffer_init(&filler.out, arena, DOCUMENT_BYTES_MAX);
	(void)kp_buffer_reserve(&filler.out, 2 * text.len);
	while (text.len > 0) {
		char byte = text.data[0];
		size_t used = byte == '"' ? string_len(text) : 1;
		struct kp_slice piece = {text.data, used};
		if (byte == '"' && used > 3 && text.data[1] == '@') {
			struct kp_slice name = {text.data + 2, used - 3};
			if (!fill_in(&filler, name)) {
				return kp_error_set(err, KP_E_INTERNAL,
					"openapi.json asks for '%.*s'",
					KP_SLICE_ARG(name));
			}
		} else if (byte != ' ' && byte != '\n') {
			kp_buffer_add_slice(&filler.out, piece);
		}
		text = (struct kp_slice){text.data + used, text.len - used};
	}
	if (filler.out.failed) {
		return kp_error_set(
			err, KP_E_MEMORY, "no memory for the OpenAPI document");
	}
	*ret_text = kp_buffer_slice(&filler.out);
	return KP_OK;
}

enum kp_status
kp_openapi_make(const struct kp_config *config, const struct kp_shape *shape,
	struct kp_arena *arena, struct kp_slice *ret_text, struct kp_error *err)
{
	KP_REQUIRE(kp_openapi_file_count == 1);
	const struct kp_shipped_file *file = &kp_openapi_files[0];
	struct kp_slice text = {(const char *)file->bytes, file->len};
	return kp_openapi_fill(text, config, shape, arena, ret_text, err);
}
