/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_types: what the types of a schema are. A name means what its own namespace
 * declares, else what is declared in none, else the built-in type; of one name a common
 * type goes before an entity type (Cedar RFC 24, 64 and 70). Each set and record exists
 * once.
 */
#include "schema_maker.h"

const struct kp_cedar_type *
kp_cedar_maker_builtin(struct kp_slice name)
{
	static const struct {
		const char *name;
		enum kp_cedar_type_kind kind;
	} types[] = {
		{"Long", KP_CEDAR_TYPE_LONG},
		{"String", KP_CEDAR_TYPE_STRING},
		{"Bool", KP_CEDAR_TYPE_BOOL},
		{"decimal", KP_CEDAR_TYPE_DECIMAL},
		{"ipaddr", KP_CEDAR_TYPE_IPADDR},
		{"datetime", KP_CEDAR_TYPE_DATETIME},
		{"duration", KP_CEDAR_TYPE_DURATION},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(types); i++) {
		if (kp_slice_is(name, types[i].name)) {
			return kp_cedar_type_plain(types[i].kind);
		}
	}
	return NULL;
}

static size_t
mix(size_t hash, const void *pointer)
{
	return (hash ^ (size_t)((uintptr_t)pointer >> 4)) * 0x9e3779b97f4a7c15U;
}

static size_t
type_hash(const struct kp_cedar_type *type)
{
	size_t hash = (size_t)type->kind + 1;
	if (type->kind == KP_CEDAR_TYPE_SET) {
		hash = mix(hash, type->element);
	}
	for (size_t i = 0; type->kind == KP_CEDAR_TYPE_RECORD && i < type->attr_count;
		i++) {
		hash = mix(hash, type->attrs[i].name);
		hash = mix(hash + type->attrs[i].required, type->attrs[i].type);
	}
	return hash ^ hash >> 29;
}

/* Parts exist once, so comparing them is comparing pointers. */
static bool
same_parts(const struct kp_cedar_type *a, const struct kp_cedar_type *b)
{
	if (a->kind != b->kind) {
		return false;
	}
	if (a->kind == KP_CEDAR_TYPE_SET) {
		return a->element == b->element;
	}
	if (a->attr_count != b->attr_count) {
		return false;
	}
	for (size_t i = 0; i < a->attr_count; i++) {
		if (a->attrs[i].name != b->attrs[i].name ||
			a->attrs[i].type != b->attrs[i].type ||
			a->attrs[i].required != b->attrs[i].required) {
			return false;
		}
	}
	return true;
}

static bool
table_grow(struct kp_cedar_maker *maker)
{
	struct kp_cedar_type_table *table = &maker->table;
	if (table->count < table->size / 2) {
		return true;
	}
	size_t size = table->size == 0 ? 64 : table->size * 2;
	const struct kp_cedar_type **slots =
		kp_cedar_maker_alloc(maker, size, sizeof(*slots));
	if (slots == NULL) {
		return false;
	}
	for (size_t i = 0; i < table->size; i++) {
		if (table->slots[i] == NULL) {
			continue;
		}
		size_t at = type_hash(table->slots[i]);
		while (slots[at & (size - 1)] != NULL) {
			at++;
		}
		slots[at & (size - 1)] = table->slots[i];
	}
	table->slots = slots;
	table->size = size;
	return true;
}

/* The one set or record type made of these parts. */
static const struct kp_cedar_type *
the_type(struct kp_cedar_maker *maker, const struct kp_cedar_type *wanted)
{
	if (!table_grow(maker)) {
		return NULL;
	}
	struct kp_cedar_type_table *table = &maker->table;
	size_t at = type_hash(wanted) & (table->size - 1);
	for (; table->slots[at] != NULL; at = (at + 1) & (table->size - 1)) {
		if (same_parts(table->slots[at], wanted)) {
			return table->slots[at];
		}
	}
	struct kp_cedar_type *type = kp_cedar_maker_alloc(maker, 1, sizeof(*type));
	if (type != NULL) {
		*type = *wanted;
		table->slots[at] = type;
		table->count++;
	}
	return type;
}

static const struct kp_cedar_type *
entity_type(struct kp_cedar_maker *maker, const struct kp_cedar_name *name)
{
	const struct kp_cedar_type *known =
		kp_cedar_map_find(&maker->types_of_entities, name);
	if (known != NULL) {
		return known;
	}
	struct kp_cedar_type *type = kp_cedar_maker_alloc(maker, 1, sizeof(*type));
	if (type == NULL) {
		return NULL;
	}
	*type = (struct kp_cedar_type){
		.kind = KP_CEDAR_TYPE_ENTITY, .depth = 1, .entity = name};
	return kp_cedar_maker_put(maker, &maker->types_of_entities, name, type) ? type
										: NULL;
}

static bool
entity_known(const struct kp_cedar_maker *maker, const struct kp_cedar_name *name)
{
	return kp_cedar_schema_entity(maker->schema, name) != NULL ||
		kp_cedar_map_find(&maker->schema->action_types, name) != NULL;
}

const struct kp_cedar_type *
kp_cedar_maker_resolve_common(
	struct kp_cedar_maker *maker, struct kp_cedar_common *common)
{
	if (common->state == KP_CEDAR_COMMON_OPEN) {
		const struct kp_cedar_namespace_decl *outer = maker->space;
		maker->space = common->space;
		kp_cedar_maker_complain(maker, common->decl->pos,
			"the type `%.*s` is defined by itself",
			KP_SLICE_ARG(common->name->text));
		maker->space = outer;
		return NULL;
	}
	if (common->state != KP_CEDAR_COMMON_NEW) {
		return common->type;
	}
	if (maker->depth == KP_CEDAR_TYPE_NESTING_MAX) {
		kp_cedar_maker_complain(maker, common->decl->pos,
			"types are nested deeper than %d, the limit",
			KP_CEDAR_TYPE_NESTING_MAX);
		return NULL;
	}
	const struct kp_cedar_namespace_decl *outer = maker->space;
	maker->space = common->space;
	common->state = KP_CEDAR_COMMON_OPEN;
	maker->depth++;
	common->type = kp_cedar_maker_resolve(maker, common->decl->type);
	maker->depth--;
	common->state =
		common->type == NULL ? KP_CEDAR_COMMON_FAILED : KP_CEDAR_COMMON_DONE;
	maker->space = outer;
	return common->type;
}

/* What a name may mean, for "did you mean". Bounded: large schemas suggest less. */
#define SUGGESTIONS_MAX 1024

static const char *
suggest(struct kp_cedar_maker *maker, struct kp_slice path, bool entities_only)
{
	static const char *const builtins[] = {"Long", "String", "Bool", "decimal",
		"ipaddr", "datetime", "duration", "Set<...>"};
	const char **known = kp_cedar_maker_alloc(maker, SUGGESTIONS_MAX, sizeof(*known));
	if (known == NULL) {
		return NULL;
	}
	size_t count = 0;
	for (size_t i = 0; !entities_only && i < KP_ARRAY_LEN(builtins); i++) {
		known[count++] = builtins[i];
	}
	for (const struct kp_cedar_namespace_decl *space = maker->source->namespaces;
		space != NULL; space = space->next) {
		bool near = space == maker->space || space->name->text.len == 0;
		for (const struct kp_cedar_entity_decl *entity = space->entities;
			entity != NULL && count < SUGGESTIONS_MAX;
			entity = entity->next) {
			const struct kp_cedar_name *name = near
				? entity->name
				: kp_cedar_maker_qualify(
					  maker, space->name, entity->name);
			known[count] = name == NULL ? "" : name->text.data;
			count++;
		}
		for (const struct kp_cedar_common_decl *common = space->commons;
			!entities_only && common != NULL && count < SUGGESTIONS_MAX;
			common = common->next) {
			known[count++] = common->name->text.data;
		}
	}
	return kp_cedar_nearest(path, known, count);
}

static void
unknown(struct kp_cedar_maker *maker, struct kp_cedar_pos pos, struct kp_slice path,
	bool entities_only)
{
	const char *what = entities_only ? "entity type" : "type";
	const char *near = kp_slice_is(path, "Boolean") && !entities_only
		? "Bool"
		: suggest(maker, path, entities_only);
	if (near != NULL) {
		kp_cedar_maker_complain(maker, pos,
			"the %s `%.*s` is not declared, did you mean `%s`?", what,
			KP_SLICE_ARG(path), near);
	} else {
		kp_cedar_maker_complain(maker, pos, "the %s `%.*s` is not declared", what,
			KP_SLICE_ARG(path));
	}
}

/* What `full` means, NULL when nothing. *ret_found tells a failed common type apart. */
static const struct kp_cedar_type *
meaning(struct kp_cedar_maker *maker, const struct kp_cedar_name *full,
	enum kp_cedar_type_ref_kind kind, bool *ret_found)
{
	*ret_found = false;
	if (full == NULL) {
		return NULL;
	}
	struct kp_cedar_common *common = kind == KP_CEDAR_REF_ENTITY
		? NULL
		: (struct kp_cedar_common *)(uintptr_t)kp_cedar_map_find(
			  &maker->commons, full);
	if (common != NULL) {
		*ret_found = true;
		return kp_cedar_maker_resolve_common(maker, common);
	}
	if (kind != KP_CEDAR_REF_COMMON && entity_known(maker, full)) {
		*ret_found = true;
		return entity_type(maker, full);
	}
	return NULL;
}

const struct kp_cedar_type *
kp_cedar_maker_resolve_name(
	struct kp_cedar_maker *maker, const struct kp_cedar_type_ref *ref)
{
	struct kp_slice path = ref->path->text;
	bool found = false;
	const struct kp_cedar_type *type = NULL;
	if (kp_cedar_path_namespace(path).len == 0) {
		const struct kp_cedar_name *full =
			kp_cedar_maker_qualify(maker, maker->space->name, ref->path);
		type = meaning(maker, full, ref->kind, &found);
	}
	if (!found) {
		type = meaning(maker, ref->path, ref->kind, &found);
	}
	if (!found && ref->kind != KP_CEDAR_REF_ENTITY) {
		struct kp_slice prefix = KP_SLICE("__cedar::");
		struct kp_slice base = path;
		if (kp_slice_starts(path, prefix)) {
			base = (struct kp_slice){
				path.data + prefix.len, path.len - prefix.len};
		}
		type = kp_cedar_maker_builtin(base);
		found = type != NULL;
	}
	if (!found && maker->status == KP_OK) {
		unknown(maker, ref->pos, path, ref->kind == KP_CEDAR_REF_ENTITY);
	}
	return type;
}

static const struct kp_cedar_type *
too_deep(struct kp_cedar_maker *maker, struct kp_cedar_pos pos)
{
	kp_cedar_maker_complain(maker, pos, "types are nested deeper than %d, the limit",
		KP_CEDAR_TYPE_NESTING_MAX);
	return NULL;
}

static const struct kp_cedar_type *
resolve_record(struct kp_cedar_maker *maker, const struct kp_cedar_type_ref *ref)
{
	struct kp_cedar_type_attr *attrs =
		kp_cedar_maker_alloc(maker, ref->attr_count, sizeof(*attrs));
	if (attrs == NULL) {
		return NULL;
	}
	uint16_t depth = 1;
	size_t count = 0;
	bool failed = false;
	for (const struct kp_cedar_attr_decl *attr = ref->attrs; attr != NULL;
		attr = attr->next) {
		const struct kp_cedar_type *type =
			kp_cedar_maker_resolve(maker, attr->type);
		failed = failed || type == NULL;
		if (type != NULL && type->depth + 1 > depth) {
			depth = (uint16_t)(type->depth + 1);
		}
		attrs[count++] = (struct kp_cedar_type_attr){
			.name = attr->name, .type = type, .required = attr->required};
	}
	if (failed) {
		return NULL;
	}
	if (depth > KP_CEDAR_TYPE_NESTING_MAX) {
		return too_deep(maker, ref->pos);
	}
	kp_cedar_type_attrs_sort(attrs, count);
	struct kp_cedar_type type = {.kind = KP_CEDAR_TYPE_RECORD,
		.depth = depth,
		.attrs = attrs,
		.attr_count = count};
	return the_type(maker, &type);
}

static const struct kp_cedar_type *
resolve_set(struct kp_cedar_maker *maker, const struct kp_cedar_type_ref *ref)
{
	const struct kp_cedar_type *element = kp_cedar_maker_resolve(maker, ref->element);
	if (element == NULL) {
		return NULL;
	}
	if (element->depth == KP_CEDAR_TYPE_NESTING_MAX) {
		return too_deep(maker, ref->pos);
	}
	struct kp_cedar_type type = {.kind = KP_CEDAR_TYPE_SET,
		.depth = (uint16_t)(element->depth + 1),
		.element = element};
	return the_type(maker, &type);
}

const struct kp_cedar_type *
kp_cedar_maker_resolve(struct kp_cedar_maker *maker, const struct kp_cedar_type_ref *ref)
{
	switch (ref->kind) {
	case KP_CEDAR_REF_NAME:
	case KP_CEDAR_REF_COMMON:
	case KP_CEDAR_REF_ENTITY:
		return kp_cedar_maker_resolve_name(maker, ref);
	case KP_CEDAR_REF_EXTENSION:
	case KP_CEDAR_REF_PRIMITIVE:
		return kp_cedar_maker_builtin(kp_slice_is(ref->path->text, "Boolean")
				? KP_SLICE("Bool")
				: ref->path->text);
	case KP_CEDAR_REF_SET:
		return resolve_set(maker, ref);
	case KP_CEDAR_REF_RECORD:
		return resolve_record(maker, ref);
	}
	return NULL;
}
