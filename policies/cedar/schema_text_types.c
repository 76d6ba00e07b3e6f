/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema_text_types: annotations and types of the human-readable schema syntax. */
#include <stdlib.h>

#include "schema_text.h"

/* --- annotations --- */

struct annotation_list {
	struct kp_cedar_annotation *items;
	size_t count;
	size_t capacity;
};

static struct kp_cedar_annotation *
annotation_add(struct kp_cedar_schema_text *reader, struct annotation_list *list)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
		struct kp_cedar_annotation *items =
			kp_cedar_schema_text_make(reader, capacity, sizeof(*items));
		if (items == NULL) {
			return NULL;
		}
		if (list->count > 0) {
			memcpy(items, list->items, list->count * sizeof(*items));
		}
		list->items = items;
		list->capacity = capacity;
	}
	return &list->items[list->count++];
}

static bool
annotation_known(const struct annotation_list *list, const struct kp_cedar_name *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].name == name) {
			return true;
		}
	}
	return false;
}

static void
read_annotation(struct kp_cedar_schema_text *reader, struct annotation_list *list)
{
	struct kp_cedar_pos pos = reader->token.pos;
	if (!kp_cedar_schema_text_at(reader, KP_CEDAR_T_IDENT)) {
		kp_cedar_schema_text_expected(reader, "the name of an annotation");
		return;
	}
	const struct kp_cedar_name *name =
		kp_cedar_schema_text_intern(reader, reader->token.text);
	if (name != NULL && annotation_known(list, name)) {
		kp_cedar_schema_text_fail_at(reader, pos,
			"the annotation `%.*s` stands here twice",
			KP_SLICE_ARG(name->text));
	}
	kp_cedar_schema_text_next(reader);
	struct kp_cedar_annotation annotation = {.name = name, .pos = pos};
	if (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_LPAREN)) {
		const struct kp_cedar_name *value =
			kp_cedar_schema_text_read_string(reader);
		kp_cedar_schema_text_expect(reader, KP_CEDAR_T_RPAREN);
		annotation.has_value = true;
		annotation.value = value == NULL ? KP_SLICE("") : value->text;
	}
	struct kp_cedar_annotation *item =
		reader->status == KP_OK ? annotation_add(reader, list) : NULL;
	if (item != NULL) {
		*item = annotation;
	}
}

struct kp_cedar_annotations
kp_cedar_schema_text_read_annotations(struct kp_cedar_schema_text *reader)
{
	struct annotation_list list = {0};
	while (kp_cedar_schema_text_accept(reader, KP_CEDAR_T_AT)) {
		read_annotation(reader, &list);
	}
	return (struct kp_cedar_annotations){list.items, list.count};
}

/* --- types --- */

/* For finding a name twice in lists that may be long. */
static int
compare_attrs(const void *a, const void *b)
{
	const struct kp_cedar_attr_decl *const *left = a;
	const struct kp_cedar_attr_decl *const *right = b;
	uint32_t i = (*left)->name->index;
	uint32_t j = (*right)->name->index;
	if (i != j) {
		return i > j ? 1 : -1;
	}
	return ((*left)->pos.offset > (*right)->pos.offset) -
		((*left)->pos.offset < (*right)->pos.offset);
}

static void
check_attrs(struct kp_cedar_schema_text *reader, const struct kp_cedar_type_ref *record)
{
	if (record->attr_count < 2 || reader->status != KP_OK) {
		return;
	}
	const struct kp_cedar_attr_decl **sorted = kp_cedar_schema_text_make(
		reader, record->attr_count, sizeof(const void *));
	if (sorted == NULL) {
		return;
	}
	size_t count = 0;
	for (const struct kp_cedar_attr_decl *attr = record->attrs; attr != NULL;
		attr = attr->next) {
		sorted[count++] = attr;
	}
	qsort(sorted, count, sizeof(*sorted), compare_attrs);
	for (size_t i = 1; i < count; i++) {
		if (sorted[i]->name == sorted[i - 1]->name) {
			kp_cedar_schema_text_fail_at(reader, sorted[i]->pos,
				"the attribute `%.*s` is declared twice, first on line "
				"%u",
				KP_SLICE_ARG(sorted[i]->name->text),
				sorted[i - 1]->pos.line);
			return;
		}
	}
}

static struct kp_cedar_attr_decl *
read_attr(struct kp_cedar_schema_text *reader)
{
	struct kp_cedar_annotations annotations =
		kp_cedar_schema_text_read_annotations(reader);
	struct kp_cedar_attr_decl *attr =
		KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_attr_decl);
	if (attr == NULL) {
		return NULL;
	}
	attr->annotations = annotations;
	attr->pos = reader->token.pos;
	attr->name =
		kp_cedar_schema_text_read_name(reader, "the name of an attribute or `}`");
	attr->required = !kp_cedar_schema_text_accept(reader, KP_CEDAR_T_QUESTION);
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_COLON);
	attr->type = kp_cedar_schema_text_read_type(reader);
	return attr;
}

const struct kp_cedar_type_ref *
kp_cedar_schema_text_read_record(struct kp_cedar_schema_text *reader)
{
	struct kp_cedar_type_ref *record =
		KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_type_ref);
	if (record == NULL) {
		return NULL;
	}
	*record = (struct kp_cedar_type_ref){
		.kind = KP_CEDAR_REF_RECORD, .pos = reader->token.pos};
	kp_cedar_schema_text_expect(reader, KP_CEDAR_T_LBRACE);
	struct kp_cedar_attr_decl *first = NULL;
	struct kp_cedar_attr_decl **end = &first;
	while (reader->status == KP_OK &&
		!kp_cedar_schema_text_at(reader, KP_CEDAR_T_RBRACE)) {
		struct kp_cedar_attr_decl *attr = read_attr(reader);
		if (attr != NULL) {
			*end = attr;
			end = &attr->next;
			record->attr_count++;
		}
		if (!kp_cedar_schema_text_accept(reader, KP_CEDAR_T_COMMA)) {
			break;
		}
	}
	if (reader->status == KP_OK &&
		!kp_cedar_schema_text_accept(reader, KP_CEDAR_T_RBRACE)) {
		kp_cedar_schema_text_expected(reader, "`,` or `}`");
	}
	record->attrs = first;
	check_attrs(reader, record);
	return record;
}

static const struct kp_cedar_type_ref *
read_named_type(struct kp_cedar_schema_text *reader)
{
	struct kp_cedar_type_ref *type =
		KP_CEDAR_SCHEMA_MAKE(reader, struct kp_cedar_type_ref);
	if (type == NULL) {
		return NULL;
	}
	struct kp_cedar_pos pos = reader->token.pos;
	bool set = kp_cedar_schema_text_at_word(reader, "Set");
	*type = (struct kp_cedar_type_ref){.kind = KP_CEDAR_REF_NAME};
	type->path = kp_cedar_schema_text_read_path(reader, true, NULL);
	type->pos = pos;
	if (set && type->path != NULL && kp_slice_is(type->path->text, "Set") &&
		kp_cedar_schema_text_accept(reader, KP_CEDAR_T_LT)) {
		type->kind = KP_CEDAR_REF_SET;
		type->path = NULL;
		type->element = kp_cedar_schema_text_read_type(reader);
		kp_cedar_schema_text_expect(reader, KP_CEDAR_T_GT);
	}
	return type;
}

const struct kp_cedar_type_ref *
kp_cedar_schema_text_read_type(struct kp_cedar_schema_text *reader)
{
	if (reader->nesting == KP_CEDAR_SCHEMA_NESTING_MAX) {
		kp_cedar_schema_text_fail_at(reader, reader->token.pos,
			"types are nested deeper than %d, the limit",
			KP_CEDAR_SCHEMA_NESTING_MAX);
		return NULL;
	}
	reader->nesting++;
	const struct kp_cedar_type_ref *type =
		kp_cedar_schema_text_at(reader, KP_CEDAR_T_LBRACE)
		? kp_cedar_schema_text_read_record(reader)
		: read_named_type(reader);
	reader->nesting--;
	return type;
}
