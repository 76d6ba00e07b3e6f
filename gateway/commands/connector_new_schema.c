/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_schema: a schema of OpenAPI 3.0 or 3.1 as leaves. References are followed
 * inside the document only; one that leads back to itself, and what is deeper than
 * KP_NEW_DEPTH_MAX, ends there.
 */
#include "commands/connector_new_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES 512
/* Alternatives and references multiply; this ends every walk. */
#define STEPS_MAX 100000u

struct walk {
	struct kp_new *new;
	json_t *document;
	json_t *open[KP_NEW_DEPTH_MAX + 1]; /* what the walk is inside of */
	size_t depth;
	unsigned steps;
	char path[PATH_BYTES];
	size_t path_len;
};

/* The next part of a JSON pointer, unescaped; empty when it does not fit. */
static const char *
next_part(const char *pointer, char *out, size_t size)
{
	size_t len = 0;
	while (*pointer != '\0' && *pointer != '/') {
		char byte = *pointer++;
		if (byte == '~' && (*pointer == '0' || *pointer == '1')) {
			byte = *pointer++ == '0' ? '~' : '/';
		}
		if (len < size) {
			out[len++] = byte;
		}
	}
	out[len < size ? len : 0] = '\0';
	return pointer;
}

static json_t *
item_of(json_t *array, const char *part)
{
	bool number = part[0] != '\0' && strspn(part, "0123456789") == strlen(part);
	return number ? json_array_get(array, strtoul(part, NULL, 10)) : NULL;
}

json_t *
kp_new_schema_find(json_t *document, const char *reference)
{
	char part[256];
	json_t *at = document;
	if (reference == NULL || reference[0] != '#') {
		return NULL;
	}
	reference++;
	while (at != NULL && *reference == '/') {
		reference = next_part(reference + 1, part, sizeof(part));
		at = json_is_array(at) ? item_of(at, part) : json_object_get(at, part);
	}
	return *reference == '\0' ? at : NULL;
}

json_t *
kp_new_schema_mapped(json_t *document, const char *reference)
{
	json_t *found = kp_new_schema_find(document, reference);
	return found != NULL || reference == NULL
		? found
		: json_object_get(json_object_get(json_object_get(document, "components"),
					  "schemas"),
			  reference);
}

json_t *
kp_new_schema_follow(json_t *document, json_t *schema)
{
	for (unsigned hops = 0; hops < KP_NEW_DEPTH_MAX; hops++) {
		const char *reference =
			json_string_value(json_object_get(schema, "$ref"));
		if (reference == NULL) {
			return schema;
		}
		schema = kp_new_schema_find(document, reference);
	}
	return NULL;
}

bool
kp_new_schema_is(json_t *schema, const char *type)
{
	json_t *own = json_object_get(schema, "type");
	size_t i;
	json_t *one;
	json_array_foreach(own, i, one)
	{
		if (json_is_string(one) && strcmp(json_string_value(one), type) == 0) {
			return true;
		}
	}
	return json_is_string(own) && strcmp(json_string_value(own), type) == 0;
}

/* Dates of which a part may be unknown, as Haal Centraal writes them. */
static bool
is_date_object(json_t *schema)
{
	json_t *mapping =
		json_object_get(json_object_get(schema, "discriminator"), "mapping");
	const char *name;
	json_t *target;
	json_object_foreach(mapping, name, target)
	{
		if (strstr(name, "JaarDatum") != NULL) {
			return true;
		}
	}
	return false;
}

static void
add_leaf(struct walk *walk, json_t *schema, enum kp_new_type type)
{
	const char *label = json_string_value(json_object_get(schema, "title"));
	if (label == NULL) {
		label = json_string_value(json_object_get(schema, "description"));
	}
	struct kp_new_leaf leaf = {.type = type};
	char *path = kp_arena_printf(
		walk->new->arena, "%.*s", (int)walk->path_len, walk->path);
	leaf.path = kp_slice_from(path);
	leaf.label = kp_new_label(walk->new, label);
	if (leaf.path.len > 0) {
		(void)kp_new_add_leaf(walk->new, &leaf);
	}
}

static enum kp_new_type
scalar_type(json_t *schema)
{
	const char *format = json_string_value(json_object_get(schema, "format"));
	if (format != NULL && strcmp(format, "date") == 0) {
		return KP_NEW_DATE;
	}
	return kp_new_schema_is(schema, "boolean") ? KP_NEW_BOOLEAN
		: kp_new_schema_is(schema, "integer") ||
			kp_new_schema_is(schema, "number")
		? KP_NEW_NUMBER
		: KP_NEW_TEXT;
}

static void walk_schema(struct walk *walk, json_t *schema);

/* `name` goes behind the path while `schema` is walked. */
static void
walk_below(struct walk *walk, const char *name, json_t *schema)
{
	size_t before = walk->path_len;
	bool array = strcmp(name, "[]") == 0;
	int len = snprintf(walk->path + before, PATH_BYTES - before, "%s%s",
		before > 0 && !array ? "." : "", name);
	/* A path has no way to write such a name. */
	if (len < 0 || (size_t)len >= PATH_BYTES - before ||
		(!array && (name[0] == '\0' || strpbrk(name, ".[]") != NULL))) {
		walk->new->leaves_dropped = true;
	} else {
		walk->path_len = before + (size_t)len;
		walk_schema(walk, schema);
	}
	walk->path_len = before;
}

static void
walk_alternatives(struct walk *walk, json_t *schema)
{
	static const char *const names[] = {"allOf", "oneOf", "anyOf"};
	size_t at;
	json_t *one;
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		json_array_foreach(json_object_get(schema, names[i]), at, one)
		{
			walk_schema(walk, one);
		}
	}
	const char *name;
	json_object_foreach(
		json_object_get(json_object_get(schema, "discriminator"), "mapping"),
		name, one)
	{
		walk_schema(walk,
			kp_new_schema_mapped(walk->document, json_string_value(one)));
	}
}

static bool
is_open(const struct walk *walk, const json_t *schema)
{
	for (size_t i = 0; i < walk->depth; i++) {
		if (walk->open[i] == schema) {
			return true;
		}
	}
	return false;
}

/* What is not an object or an array where a schema has one is as if it were not there. */
static void
look_at_types(struct walk *walk, json_t *schema)
{
	static const struct {
		const char *name;
		json_type type;
	} rows[] = {{"properties", JSON_OBJECT}, {"allOf", JSON_ARRAY},
		{"oneOf", JSON_ARRAY}, {"anyOf", JSON_ARRAY}, {"$ref", JSON_STRING},
		{"discriminator", JSON_OBJECT}};
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		json_t *part = json_object_get(schema, rows[i].name);
		if (part != NULL && json_typeof(part) != rows[i].type) {
			walk->new->wrong = part;
		}
	}
}

static void
walk_inside(struct walk *walk, json_t *schema)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *items = json_object_get(schema, "items");
	const char *name;
	json_t *one;
	look_at_types(walk, schema);
	walk_alternatives(walk, schema);
	if (items != NULL) {
		walk_below(walk, "[]", items);
	} else if (json_object_size(properties) > 0) {
		json_object_foreach(properties, name, one)
		{
			walk_below(walk, name, one);
		}
	} else if (json_is_string(json_object_get(schema, "type"))
			? !kp_new_schema_is(schema, "object")
			: json_is_array(json_object_get(schema, "type"))) {
		add_leaf(walk, schema, scalar_type(schema));
	}
}

static void
walk_schema(struct walk *walk, json_t *schema)
{
	const char *reference = json_string_value(json_object_get(schema, "$ref"));
	if (schema != NULL && !json_is_object(schema) && !json_is_boolean(schema)) {
		walk->new->wrong = schema;
	}
	schema = kp_new_schema_follow(walk->document, schema);
	if (schema == NULL && reference != NULL) {
		kp_new_note_missing(walk->new, reference);
	}
	if (!json_is_object(schema) || is_open(walk, schema)) {
		return;
	}
	if (walk->depth >= KP_NEW_DEPTH_MAX || ++walk->steps > STEPS_MAX) {
		walk->new->leaves_dropped = true;
		return;
	}
	if (is_date_object(schema)) {
		add_leaf(walk, schema, KP_NEW_DATE_OBJECT);
		return;
	}
	walk->open[walk->depth++] = schema;
	walk_inside(walk, schema);
	walk->depth--;
}

void
kp_new_schema_leaves(struct kp_new *new, json_t *document, json_t *schema)
{
	struct walk walk = {.new = new, .document = document};
	walk_schema(&walk, schema);
}
