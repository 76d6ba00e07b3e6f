/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* type: see type.h. */
#include "type.h"

#include <stdio.h>
#include <stdlib.h>

#define PLAIN_COUNT KP_CEDAR_TYPE_ENTITY

static const struct kp_cedar_type plain_types[PLAIN_COUNT] = {
	{.kind = KP_CEDAR_TYPE_TRUE, .depth = 1},
	{.kind = KP_CEDAR_TYPE_FALSE, .depth = 1},
	{.kind = KP_CEDAR_TYPE_BOOL, .depth = 1},
	{.kind = KP_CEDAR_TYPE_LONG, .depth = 1},
	{.kind = KP_CEDAR_TYPE_STRING, .depth = 1},
	{.kind = KP_CEDAR_TYPE_DECIMAL, .depth = 1},
	{.kind = KP_CEDAR_TYPE_IPADDR, .depth = 1},
	{.kind = KP_CEDAR_TYPE_DATETIME, .depth = 1},
	{.kind = KP_CEDAR_TYPE_DURATION, .depth = 1},
};

const struct kp_cedar_type *
kp_cedar_type_plain(enum kp_cedar_type_kind kind)
{
	KP_REQUIRE(kind < PLAIN_COUNT);
	return &plain_types[kind];
}

const struct kp_cedar_type *
kp_cedar_type_of_kind(enum kp_cedar_kind kind)
{
	switch (kind) {
	case KP_CEDAR_BOOL:
		return &plain_types[KP_CEDAR_TYPE_BOOL];
	case KP_CEDAR_LONG:
		return &plain_types[KP_CEDAR_TYPE_LONG];
	case KP_CEDAR_STRING:
		return &plain_types[KP_CEDAR_TYPE_STRING];
	case KP_CEDAR_DECIMAL:
		return &plain_types[KP_CEDAR_TYPE_DECIMAL];
	case KP_CEDAR_IPADDR:
		return &plain_types[KP_CEDAR_TYPE_IPADDR];
	case KP_CEDAR_DATETIME:
		return &plain_types[KP_CEDAR_TYPE_DATETIME];
	case KP_CEDAR_DURATION:
		return &plain_types[KP_CEDAR_TYPE_DURATION];
	case KP_CEDAR_ENTITY:
	case KP_CEDAR_SET:
	case KP_CEDAR_RECORD:
		break;
	}
	return NULL;
}

enum kp_cedar_kind
kp_cedar_type_value_kind(const struct kp_cedar_type *type)
{
	static const enum kp_cedar_kind kinds[] = {
		[KP_CEDAR_TYPE_TRUE] = KP_CEDAR_BOOL,
		[KP_CEDAR_TYPE_FALSE] = KP_CEDAR_BOOL,
		[KP_CEDAR_TYPE_BOOL] = KP_CEDAR_BOOL,
		[KP_CEDAR_TYPE_LONG] = KP_CEDAR_LONG,
		[KP_CEDAR_TYPE_STRING] = KP_CEDAR_STRING,
		[KP_CEDAR_TYPE_DECIMAL] = KP_CEDAR_DECIMAL,
		[KP_CEDAR_TYPE_IPADDR] = KP_CEDAR_IPADDR,
		[KP_CEDAR_TYPE_DATETIME] = KP_CEDAR_DATETIME,
		[KP_CEDAR_TYPE_DURATION] = KP_CEDAR_DURATION,
		[KP_CEDAR_TYPE_ENTITY] = KP_CEDAR_ENTITY,
		[KP_CEDAR_TYPE_SET] = KP_CEDAR_SET,
		[KP_CEDAR_TYPE_RECORD] = KP_CEDAR_RECORD,
	};
	return kinds[type->kind];
}

const struct kp_cedar_type_attr *
kp_cedar_type_attr(const struct kp_cedar_type *record, const struct kp_cedar_name *name)
{
	size_t low = 0;
	size_t high = record->attr_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct kp_cedar_type_attr *attr = &record->attrs[middle];
		if (attr->name == name) {
			return attr;
		}
		if (attr->name->index < name->index) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

static int
compare_attrs(const void *a, const void *b)
{
	uint32_t left = ((const struct kp_cedar_type_attr *)a)->name->index;
	uint32_t right = ((const struct kp_cedar_type_attr *)b)->name->index;
	return (left > right) - (left < right);
}

void
kp_cedar_type_attrs_sort(struct kp_cedar_type_attr *attrs, size_t count)
{
	if (count > 1) {
		qsort(attrs, count, sizeof(*attrs), compare_attrs);
	}
}

/* Same attributes, equally required; their types are not looked at. */
static bool
same_attr_names(const struct kp_cedar_type *a, const struct kp_cedar_type *b)
{
	if (a->attr_count != b->attr_count) {
		return false;
	}
	for (size_t i = 0; i < a->attr_count; i++) {
		if (a->attrs[i].name != b->attrs[i].name ||
			a->attrs[i].required != b->attrs[i].required) {
			return false;
		}
	}
	return true;
}

static bool
equal_records(const struct kp_cedar_type *a, const struct kp_cedar_type *b)
{
	if (!same_attr_names(a, b)) {
		return false;
	}
	for (size_t i = 0; i < a->attr_count; i++) {
		if (!kp_cedar_type_equal(a->attrs[i].type, b->attrs[i].type)) {
			return false;
		}
	}
	return true;
}

bool
kp_cedar_type_equal(const struct kp_cedar_type *a, const struct kp_cedar_type *b)
{
	if (a == b) {
		return true;
	}
	if (a->kind != b->kind || a->depth != b->depth) {
		return false;
	}
	if (a->kind == KP_CEDAR_TYPE_ENTITY) {
		return a->entity == b->entity;
	}
	if (a->kind == KP_CEDAR_TYPE_SET) {
		return kp_cedar_type_equal(a->element, b->element);
	}
	return a->kind == KP_CEDAR_TYPE_RECORD ? equal_records(a, b) : true;
}

static enum kp_status
join_sets(struct kp_arena *arena, const struct kp_cedar_type *a,
	const struct kp_cedar_type *b, const struct kp_cedar_type **ret_type)
{
	const struct kp_cedar_type *element;
	enum kp_status status =
		kp_cedar_type_join(arena, a->element, b->element, &element);
	if (status != KP_OK || element == NULL || element == a->element) {
		*ret_type = element == NULL ? NULL : a;
		return status;
	}
	struct kp_cedar_type *type = KP_ARENA_NEW(arena, struct kp_cedar_type);
	if (type == NULL) {
		return KP_E_MEMORY;
	}
	*type = (struct kp_cedar_type){
		.kind = KP_CEDAR_TYPE_SET, .depth = a->depth, .element = element};
	*ret_type = type;
	return KP_OK;
}

static enum kp_status
join_records(struct kp_arena *arena, const struct kp_cedar_type *a,
	const struct kp_cedar_type *b, const struct kp_cedar_type **ret_type)
{
	*ret_type = NULL;
	if (!same_attr_names(a, b)) {
		return KP_OK;
	}
	struct kp_cedar_type *type = KP_ARENA_NEW(arena, struct kp_cedar_type);
	struct kp_cedar_type_attr *attrs =
		KP_ARENA_ARRAY(arena, struct kp_cedar_type_attr, a->attr_count);
	if (type == NULL || attrs == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < a->attr_count; i++) {
		attrs[i] = a->attrs[i];
		enum kp_status status = kp_cedar_type_join(
			arena, a->attrs[i].type, b->attrs[i].type, &attrs[i].type);
		if (status != KP_OK || attrs[i].type == NULL) {
			return status;
		}
	}
	*type = (struct kp_cedar_type){.kind = KP_CEDAR_TYPE_RECORD,
		.depth = a->depth,
		.attrs = attrs,
		.attr_count = a->attr_count};
	*ret_type = type;
	return KP_OK;
}

enum kp_status
kp_cedar_type_join(struct kp_arena *arena, const struct kp_cedar_type *a,
	const struct kp_cedar_type *b, const struct kp_cedar_type **ret_type)
{
	*ret_type = NULL;
	if (a == b) {
		*ret_type = a;
		return KP_OK;
	}
	if (kp_cedar_type_is_bool(a) && kp_cedar_type_is_bool(b)) {
		*ret_type = &plain_types[KP_CEDAR_TYPE_BOOL];
		return KP_OK;
	}
	if (a->kind != b->kind) {
		return KP_OK;
	}
	if (a->kind == KP_CEDAR_TYPE_SET) {
		return join_sets(arena, a, b, ret_type);
	}
	if (a->kind == KP_CEDAR_TYPE_RECORD) {
		return join_records(arena, a, b, ret_type);
	}
	if (a->kind != KP_CEDAR_TYPE_ENTITY || a->entity == b->entity) {
		*ret_type = a;
	}
	return KP_OK;
}

/* Text of bounded length; what does not fit is dropped and marked. */
struct text {
	char *out;
	size_t len;
	bool cut;
};

static void
put(struct text *text, struct kp_slice part)
{
	size_t room = KP_CEDAR_TYPE_TEXT_MAX - sizeof("...") - text->len;
	if (part.len > room) {
		part.len = room;
		text->cut = true;
	}
	if (part.len > 0) {
		memcpy(text->out + text->len, part.data, part.len);
	}
	text->len += part.len;
}

static void write_type(struct text *text, const struct kp_cedar_type *type);

static void
write_record(struct text *text, const struct kp_cedar_type *type)
{
	put(text, KP_SLICE("{"));
	for (size_t i = 0; i < type->attr_count && !text->cut; i++) {
		put(text, i == 0 ? KP_SLICE("") : KP_SLICE(", "));
		put(text, type->attrs[i].name->text);
		put(text, type->attrs[i].required ? KP_SLICE(": ") : KP_SLICE("?: "));
		write_type(text, type->attrs[i].type);
	}
	put(text, KP_SLICE("}"));
}

static void
write_type(struct text *text, const struct kp_cedar_type *type)
{
	static const char *const names[PLAIN_COUNT] = {"Bool", "Bool", "Bool", "Long",
		"String", "decimal", "ipaddr", "datetime", "duration"};
	if (type->kind == KP_CEDAR_TYPE_ENTITY) {
		put(text, type->entity->text);
	} else if (type->kind == KP_CEDAR_TYPE_SET) {
		put(text, KP_SLICE("Set<"));
		write_type(text, type->element);
		put(text, KP_SLICE(">"));
	} else if (type->kind == KP_CEDAR_TYPE_RECORD) {
		write_record(text, type);
	} else {
		put(text, kp_slice_from(names[type->kind]));
	}
}

const char *
kp_cedar_type_text(const struct kp_cedar_type *type, char out[KP_CEDAR_TYPE_TEXT_MAX])
{
	struct text text = {.out = out};
	write_type(&text, type);
	(void)snprintf(out + text.len, KP_CEDAR_TYPE_TEXT_MAX - text.len, "%s",
		text.cut ? "..." : "");
	return out;
}
