/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* catalogue: reading catalogus.json. Looking things up is in catalogue_find.c. */
#include "policies/catalogue.h"

#include <inttypes.h>

#include "core/bits.h"
#include "core/json_document.h"
#include "core/nearest.h"
#include "policies/name_index.h"
#include "policies/words.h"

static const char *const type_words[] = {
	[KP_FIELD_TEXT] = "tekst",
	[KP_FIELD_NUMBER] = "getal",
	[KP_FIELD_AMOUNT] = "bedrag",
	[KP_FIELD_BOOLEAN] = "janee",
	[KP_FIELD_DATE] = "datum",
	[KP_FIELD_CODE] = "code",
};

/* Index is the sensitivity. */
static const char *const sensitivity_words[] = {
	"openbaar", "gewoon", "gevoelig", "vertrouwelijk", "bijzonder"};

/* One load. Lifetime: the call of kp_catalogue_load. */
struct load {
	struct kp_arena *arena;
	struct kp_json_document document;
	struct kp_catalogue *catalogue;
};

/* What a section says for all its fields. */
struct section_defaults {
	uint32_t *sources;
	uint32_t source_count;
	size_t sensitivity;
	bool third_person;
};

static bool
read_source(struct load *load, const struct kp_json_node *node)
{
	static const char *const members[] = {"naam", "titel", "titelEn", "oin"};
	struct kp_catalogue *catalogue = load->catalogue;
	struct kp_catalogue_source *source = &catalogue->sources[catalogue->source_count];
	source->id = catalogue->source_count;
	const struct kp_json_document *doc = &load->document;
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "titel", KP_JSON_REQUIRED, &source->title);
	(void)kp_json_get_text(doc, node, "titelEn", KP_JSON_REQUIRED, &source->title_en);
	(void)kp_words_get_oin(doc, node, "oin", KP_JSON_OPTIONAL, &source->oin);
	if (!kp_words_get_id(doc, node, "naam", &source->name)) {
		return true;
	}
	if (kp_catalogue_find_source(catalogue, source->name) != KP_NO_ID) {
		kp_json_finding(doc, node, "source '%.*s' stands here twice",
			KP_SLICE_ARG(source->name));
		return true;
	}
	catalogue->source_count++;
	return kp_name_index_add(&catalogue->index->sources, source->name, source->id);
}

static bool
read_sources(struct load *load)
{
	const struct kp_json_document *doc = &load->document;
	struct kp_catalogue *catalogue = load->catalogue;
	const struct kp_json_node *list =
		kp_json_get_array(doc, doc->root, "bronnen", KP_JSON_REQUIRED);
	if (list == NULL) {
		return true;
	}
	if (list->count > KP_CATALOGUE_SOURCES_MAX) {
		kp_json_finding(doc, list, "%" PRIu32 " sources is above the limit %u",
			list->count, KP_CATALOGUE_SOURCES_MAX);
		return true;
	}
	catalogue->sources =
		KP_ARENA_ARRAY(load->arena, struct kp_catalogue_source, list->count);
	if (catalogue->sources == NULL ||
		!kp_name_index_init(
			load->arena, &catalogue->index->sources, list->count)) {
		return false;
	}
	for (const struct kp_json_node *node = list->first; node != NULL;
		node = node->next) {
		if (!read_source(load, node)) {
			return false;
		}
	}
	return true;
}

static void
report_unknown_source(
	struct load *load, const struct kp_json_node *node, struct kp_slice name)
{
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, name);
	for (uint32_t i = 0; i < load->catalogue->source_count; i++) {
		kp_nearest_offer(&nearest, load->catalogue->sources[i].name);
	}
	kp_words_report_unknown(&load->document, node, "source", name, nearest.best);
}

/* "bronnen" of a section or field, most authoritative first. False: no memory. */
static bool
read_source_order(struct load *load, const struct kp_json_node *owner,
	uint32_t **ret_sources, uint32_t *ret_count)
{
	struct kp_slice *names = NULL;
	size_t count = 0;
	if (!kp_json_get_texts(&load->document, owner, "bronnen", KP_JSON_OPTIONAL,
		    &names, &count)) {
		return true;
	}
	uint32_t *sources = KP_ARENA_ARRAY(load->arena, uint32_t, count);
	if (sources == NULL) {
		return false;
	}
	uint32_t known = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t source = kp_catalogue_find_source(load->catalogue, names[i]);
		if (source == KP_NO_ID) {
			report_unknown_source(
				load, kp_json_member(owner, "bronnen"), names[i]);
		} else {
			sources[known++] = source;
		}
	}
	*ret_sources = sources;
	*ret_count = known;
	return true;
}

/* The cells of a field; they are neighbours because fields are read one by one. */
static void
add_cells(struct load *load, const struct kp_json_node *node, struct kp_field *field,
	const uint32_t *sources, uint32_t count)
{
	struct kp_catalogue *catalogue = load->catalogue;
	field->first_cell = catalogue->cell_count;
	if (count == 0) {
		kp_json_finding(&load->document, node,
			"no source supplies this field: 'bronnen' is missing or empty, "
			"here "
			"and in its section");
	}
	if (count > KP_CATALOGUE_CELLS_MAX - catalogue->cell_count) {
		kp_json_finding(&load->document, node,
			"fields times their sources are above the limit %u",
			KP_CATALOGUE_CELLS_MAX);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		catalogue->cells[catalogue->cell_count++] =
			(struct kp_cell){field->id, sources[i]};
	}
	field->cell_count = count;
}

/* "persoon" and "naam.voornamen" to "persoon.naam.voornamen" and the JSON pointer. */
static bool
make_paths(struct load *load, const struct kp_section *section, struct kp_slice local,
	struct kp_field *field)
{
	char *path = kp_arena_printf(load->arena, "%.*s.%.*s",
		KP_SLICE_ARG(section->name), KP_SLICE_ARG(local));
	char *pointer = section->list
		? kp_arena_printf(load->arena, "/%.*s", KP_SLICE_ARG(local))
		: kp_arena_printf(load->arena, "/%.*s/%.*s", KP_SLICE_ARG(section->name),
			  KP_SLICE_ARG(local));
	if (path == NULL || pointer == NULL) {
		return false;
	}
	for (char *at = pointer; *at != '\0'; at++) {
		*at = *at == '.' ? '/' : *at;
	}
	field->path = kp_slice_from(path);
	field->pointer = kp_slice_from(pointer);
	return true;
}

/* A path must not be a field and a group at the same time. */
static bool
clashes(const struct kp_catalogue *catalogue, const struct kp_section *section,
	struct kp_slice path, struct kp_slice *ret_other)
{
	for (uint32_t i = section->first_field; i < catalogue->field_count; i++) {
		struct kp_slice other = catalogue->fields[i].path;
		const struct kp_slice shorter = other.len < path.len ? other : path;
		const struct kp_slice longer = other.len < path.len ? path : other;
		if (kp_slice_starts(longer, shorter) &&
			(longer.len == shorter.len || longer.data[shorter.len] == '.')) {
			*ret_other = other;
			return true;
		}
	}
	return false;
}

static void
read_field_facts(struct load *load, const struct kp_json_node *node,
	const struct section_defaults *defaults, struct kp_field *field)
{
	static const char *const members[] = {
		"pad", "label", "labelEn", "soort", "gevoeligheid", "derde", "bronnen"};
	const struct kp_json_document *doc = &load->document;
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "label", KP_JSON_REQUIRED, &field->label);
	(void)kp_json_get_text(doc, node, "labelEn", KP_JSON_REQUIRED, &field->label_en);
	size_t type = KP_FIELD_TEXT;
	(void)kp_json_get_choice(doc, node, "soort", KP_JSON_REQUIRED, type_words,
		KP_ARRAY_LEN(type_words), &type);
	field->type = (enum kp_field_type)type;
	size_t sensitivity = defaults->sensitivity;
	(void)kp_json_get_choice(doc, node, "gevoeligheid", KP_JSON_OPTIONAL,
		sensitivity_words, KP_ARRAY_LEN(sensitivity_words), &sensitivity);
	field->sensitivity = (uint8_t)sensitivity;
	field->third_person = defaults->third_person;
	(void)kp_json_get_boolean(
		doc, node, "derde", KP_JSON_OPTIONAL, &field->third_person);
}

static bool
read_field(struct load *load, const struct kp_json_node *node,
	const struct kp_section *section, const struct section_defaults *defaults)
{
	struct kp_catalogue *catalogue = load->catalogue;
	struct kp_field *field = &catalogue->fields[catalogue->field_count];
	*field = (struct kp_field){.id = catalogue->field_count, .section = section->id};
	read_field_facts(load, node, defaults, field);
	uint32_t *sources = defaults->sources;
	uint32_t source_count = defaults->source_count;
	if (!read_source_order(load, node, &sources, &source_count)) {
		return false;
	}
	struct kp_slice local = {0};
	if (!kp_words_get_path(&load->document, node, "pad", KP_JSON_REQUIRED, &local)) {
		return true;
	}
	if (!make_paths(load, section, local, field)) {
		return false;
	}
	struct kp_slice other;
	if (clashes(catalogue, section, field->path, &other)) {
		kp_json_finding(&load->document, node,
			"'%.*s' stands here already, or one is a group of the other: "
			"'%.*s'",
			KP_SLICE_ARG(field->path), KP_SLICE_ARG(other));
		return true;
	}
	add_cells(load, node, field, sources, source_count);
	catalogue->field_count++;
	return kp_name_index_add(&catalogue->index->fields, field->path, field->id);
}

/* "sleutel": the field by which items of a list are one item. */
static bool
read_key(struct load *load, const struct kp_json_node *node, struct kp_section *section)
{
	section->key_field = KP_NO_ID;
	struct kp_slice local = {0};
	if (!kp_words_get_path(
		    &load->document, node, "sleutel", KP_JSON_OPTIONAL, &local)) {
		return true;
	}
	if (!section->list) {
		kp_json_finding(&load->document, kp_json_member(node, "sleutel"),
			"only a list ('meervoudig') has a key");
		return true;
	}
	char *path = kp_arena_printf(load->arena, "%.*s.%.*s",
		KP_SLICE_ARG(section->name), KP_SLICE_ARG(local));
	if (path == NULL) {
		return false;
	}
	section->key_field =
		kp_catalogue_find_field(load->catalogue, kp_slice_from(path));
	if (section->key_field == KP_NO_ID) {
		kp_json_finding(&load->document, kp_json_member(node, "sleutel"),
			"'%.*s' is not a field of this section", KP_SLICE_ARG(local));
	}
	return true;
}

static bool
read_fields(struct load *load, const struct kp_json_node *node,
	struct kp_section *section, const struct section_defaults *defaults)
{
	const struct kp_json_node *list =
		kp_json_get_array(&load->document, node, "velden", KP_JSON_REQUIRED);
	if (list == NULL) {
		return true;
	}
	if (list->count == 0) {
		kp_json_finding(
			&load->document, list, "a section needs at least one field");
	}
	for (const struct kp_json_node *field = list->first; field != NULL;
		field = field->next) {
		if (load->catalogue->field_count >= KP_CATALOGUE_FIELDS_MAX) {
			kp_json_finding(&load->document, field,
				"this field is above the limit of %u fields",
				KP_CATALOGUE_FIELDS_MAX);
			return true;
		}
		if (!read_field(load, field, section, defaults)) {
			return false;
		}
	}
	return read_key(load, node, section);
}

static void
read_section_facts(struct load *load, const struct kp_json_node *node,
	struct kp_section *section, struct section_defaults *defaults)
{
	static const char *const members[] = {"naam", "label", "labelEn", "meervoudig",
		"sleutel", "bronnen", "gevoeligheid", "derde", "velden"};
	const struct kp_json_document *doc = &load->document;
	(void)kp_json_expect_members(doc, node, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(doc, node, "label", KP_JSON_REQUIRED, &section->label);
	(void)kp_json_get_text(
		doc, node, "labelEn", KP_JSON_REQUIRED, &section->label_en);
	(void)kp_json_get_boolean(
		doc, node, "meervoudig", KP_JSON_OPTIONAL, &section->list);
	(void)kp_json_get_choice(doc, node, "gevoeligheid", KP_JSON_OPTIONAL,
		sensitivity_words, KP_ARRAY_LEN(sensitivity_words),
		&defaults->sensitivity);
	(void)kp_json_get_boolean(
		doc, node, "derde", KP_JSON_OPTIONAL, &defaults->third_person);
}

static bool
read_section(struct load *load, const struct kp_json_node *node)
{
	struct kp_catalogue *catalogue = load->catalogue;
	struct kp_section *section = &catalogue->sections[catalogue->section_count];
	*section = (struct kp_section){.id = catalogue->section_count,
		.key_field = KP_NO_ID,
		.first_field = catalogue->field_count};
	struct section_defaults defaults = {.sensitivity = 1};
	read_section_facts(load, node, section, &defaults);
	if (!read_source_order(load, node, &defaults.sources, &defaults.source_count)) {
		return false;
	}
	if (!kp_words_get_name(&load->document, node, "naam", &section->name)) {
		return true;
	}
	if (kp_catalogue_find_section(catalogue, section->name) != KP_NO_ID) {
		kp_json_finding(&load->document, node, "section '%.*s' stands here twice",
			KP_SLICE_ARG(section->name));
		return true;
	}
	catalogue->section_count++;
	if (!kp_name_index_add(&catalogue->index->sections, section->name, section->id) ||
		!read_fields(load, node, section, &defaults)) {
		return false;
	}
	section->field_count = catalogue->field_count - section->first_field;
	return true;
}

/* Upper bounds, so that fields and cells lie in one array each. */
static size_t
count_fields(const struct kp_json_node *sections)
{
	size_t count = 0;
	for (const struct kp_json_node *node = sections->first; node != NULL;
		node = node->next) {
		const struct kp_json_node *fields = kp_json_member(node, "velden");
		count += fields != NULL ? fields->count : 0;
	}
	return count < KP_CATALOGUE_FIELDS_MAX ? count : KP_CATALOGUE_FIELDS_MAX;
}

static bool
make_room(struct load *load, const struct kp_json_node *sections)
{
	struct kp_catalogue *catalogue = load->catalogue;
	size_t fields = count_fields(sections);
	size_t cells = fields * (catalogue->source_count + 1);
	cells = cells < KP_CATALOGUE_CELLS_MAX ? cells : KP_CATALOGUE_CELLS_MAX;
	catalogue->sections =
		KP_ARENA_ARRAY(load->arena, struct kp_section, sections->count);
	catalogue->fields = KP_ARENA_ARRAY(load->arena, struct kp_field, fields);
	catalogue->cells = KP_ARENA_ARRAY(load->arena, struct kp_cell, cells);
	struct kp_catalogue_index *index = catalogue->index;
	return catalogue->sections != NULL && catalogue->fields != NULL &&
		catalogue->cells != NULL &&
		kp_name_index_init(load->arena, &index->sections, sections->count) &&
		kp_name_index_init(load->arena, &index->fields, fields);
}

static bool
read_sections(struct load *load)
{
	const struct kp_json_document *doc = &load->document;
	const struct kp_json_node *list =
		kp_json_get_array(doc, doc->root, "rubrieken", KP_JSON_REQUIRED);
	if (list == NULL) {
		return true;
	}
	if (list->count > KP_CATALOGUE_SECTIONS_MAX) {
		kp_json_finding(doc, list, "%" PRIu32 " sections is above the limit %u",
			list->count, KP_CATALOGUE_SECTIONS_MAX);
		return true;
	}
	if (!make_room(load, list)) {
		return false;
	}
	for (const struct kp_json_node *node = list->first; node != NULL;
		node = node->next) {
		if (!read_section(load, node)) {
			return false;
		}
	}
	return true;
}

static bool
read_all(struct load *load)
{
	static const char *const members[] = {"versie", "bronnen", "rubrieken"};
	const struct kp_json_document *doc = &load->document;
	if (!kp_json_expect(doc, doc->root, KP_JSON_KIND_OBJECT)) {
		return true;
	}
	(void)kp_json_expect_members(doc, doc->root, members, KP_ARRAY_LEN(members));
	(void)kp_json_get_text(
		doc, doc->root, "versie", KP_JSON_REQUIRED, &load->catalogue->version);
	if (!read_sources(load) || !read_sections(load)) {
		return false;
	}
	struct kp_catalogue *catalogue = load->catalogue;
	catalogue->cell_words = (uint32_t)kp_bits_words(catalogue->cell_count);
	catalogue->field_words = (uint32_t)kp_bits_words(catalogue->field_count);
	return true;
}

enum kp_status
kp_catalogue_load(struct kp_arena *arena, const char *file, struct kp_slice text,
	struct kp_findings *findings, struct kp_catalogue **ret_catalogue)
{
	size_t found_before = findings->count + findings->dropped;
	struct load load = {.arena = arena};
	load.catalogue = KP_ARENA_NEW(arena, struct kp_catalogue);
	if (load.catalogue == NULL) {
		return KP_E_MEMORY;
	}
	load.catalogue->index = KP_ARENA_NEW(arena, struct kp_catalogue_index);
	if (load.catalogue->index == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status =
		kp_json_document_load(arena, file, text, findings, &load.document);
	if (status != KP_OK) {
		return status;
	}
	if (!read_all(&load)) {
		return KP_E_MEMORY;
	}
	if (findings->count + findings->dropped > found_before) {
		return KP_E_CONFIG;
	}
	*ret_catalogue = load.catalogue;
	return KP_OK;
}
