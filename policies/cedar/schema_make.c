/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_make: from a schema as written to one with every name looked up. A name means
 * what its own namespace declares, else what is declared in none, else the built-in type;
 * of one name a common type goes before an entity type (Cedar RFC 24, 64 and 70).
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema.h"

enum state {
	STATE_NEW,
	STATE_OPEN, /* being resolved: meeting it again is a cycle */
	STATE_DONE,
	STATE_FAILED,
};

struct common {
	const struct kp_cedar_name *name; /* full path */
	const struct kp_cedar_common_decl *decl;
	const struct kp_cedar_namespace_decl *space;
	enum state state;
	const struct kp_cedar_type *type;
};

/* Records and sets that exist already, by what they are made of. */
struct type_table {
	const struct kp_cedar_type **slots;
	size_t size;
	size_t count;
};

struct maker {
	const struct kp_cedar_schema_source *source;
	struct kp_arena *arena;
	struct kp_cedar_schema *schema;
	struct kp_cedar_map commons; /* full name -> struct common */
	struct kp_cedar_map types_of_entities;
	struct type_table table;
	struct kp_findings *errors;
	struct kp_findings *warnings;
	const struct kp_cedar_namespace_decl *space; /* names are looked up from here */
	unsigned depth;                              /* common types being resolved */
	enum kp_status status; /* only KP_E_MEMORY and KP_E_LIMIT stop */
};

static void KP_PRINTF(3, 4)
	complain(struct maker *maker, struct kp_cedar_pos pos, const char *format, ...)
{
	char message[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	struct kp_error err;
	(void)kp_error_set(&err, KP_E_INVALID, "%s", message);
	kp_error_at(&err, maker->space->file, pos.line, pos.column, NULL);
	kp_findings_add(maker->errors, &err);
}

static void KP_PRINTF(3, 4)
	warn(struct maker *maker, struct kp_cedar_pos pos, const char *format, ...)
{
	if (maker->warnings == NULL) {
		return;
	}
	char message[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	struct kp_error err;
	(void)kp_error_set(&err, KP_E_INVALID, "%s", message);
	kp_error_at(&err, maker->space->file, pos.line, pos.column, NULL);
	kp_findings_add(maker->warnings, &err);
}

static void
no_memory(struct maker *maker)
{
	if (maker->status == KP_OK) {
		struct kp_error err;
		maker->status =
			kp_error_set(&err, KP_E_MEMORY, "no memory left for the schema");
		kp_findings_add(maker->errors, &err);
	}
}

static void *
make(struct maker *maker, size_t count, size_t size)
{
	void *block = kp_arena_alloc_array(maker->arena, count, size);
	if (block == NULL) {
		no_memory(maker);
	}
	return block;
}

static bool
put(struct maker *maker, struct kp_cedar_map *map, const void *key, const void *value)
{
	if (!kp_cedar_map_put(map, maker->arena, key, value)) {
		no_memory(maker);
		return false;
	}
	return true;
}

/* "NS::name", or `name` itself for the namespace without a name. */
static const struct kp_cedar_name *
qualify(struct maker *maker, const struct kp_cedar_name *space,
	const struct kp_cedar_name *name)
{
	if (space->text.len == 0) {
		return name;
	}
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, maker->arena, KP_CEDAR_TEXT_MAX);
	kp_buffer_add_slice(&buffer, space->text);
	KP_BUFFER_ADD(&buffer, "::");
	kp_buffer_add_slice(&buffer, name->text);
	const struct kp_cedar_name *full = buffer.failed
		? NULL
		: kp_cedar_name(maker->source->names, kp_buffer_slice(&buffer));
	if (full == NULL) {
		no_memory(maker);
	}
	return full;
}

/* --- types --- */

static const struct kp_cedar_type *
builtin(struct kp_slice name)
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
table_grow(struct maker *maker)
{
	struct type_table *table = &maker->table;
	if (table->count < table->size / 2) {
		return true;
	}
	size_t size = table->size == 0 ? 64 : table->size * 2;
	const struct kp_cedar_type **slots = make(maker, size, sizeof(*slots));
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
the_type(struct maker *maker, const struct kp_cedar_type *wanted)
{
	if (!table_grow(maker)) {
		return NULL;
	}
	struct type_table *table = &maker->table;
	size_t at = type_hash(wanted) & (table->size - 1);
	for (; table->slots[at] != NULL; at = (at + 1) & (table->size - 1)) {
		if (same_parts(table->slots[at], wanted)) {
			return table->slots[at];
		}
	}
	struct kp_cedar_type *type = make(maker, 1, sizeof(*type));
	if (type != NULL) {
		*type = *wanted;
		table->slots[at] = type;
		table->count++;
	}
	return type;
}

static const struct kp_cedar_type *
entity_type(struct maker *maker, const struct kp_cedar_name *name)
{
	const struct kp_cedar_type *known =
		kp_cedar_map_find(&maker->types_of_entities, name);
	if (known != NULL) {
		return known;
	}
	struct kp_cedar_type *type = make(maker, 1, sizeof(*type));
	if (type == NULL) {
		return NULL;
	}
	*type = (struct kp_cedar_type){
		.kind = KP_CEDAR_TYPE_ENTITY, .depth = 1, .entity = name};
	return put(maker, &maker->types_of_entities, name, type) ? type : NULL;
}

static bool
entity_known(const struct maker *maker, const struct kp_cedar_name *name)
{
	return kp_cedar_schema_entity(maker->schema, name) != NULL ||
		kp_cedar_map_find(&maker->schema->action_types, name) != NULL;
}

static const struct kp_cedar_type *resolve(
	struct maker *maker, const struct kp_cedar_type_ref *ref);

/* NULL after a finding, or while it is itself being resolved. */
static const struct kp_cedar_type *
resolve_common(struct maker *maker, struct common *common)
{
	if (common->state == STATE_OPEN) {
		const struct kp_cedar_namespace_decl *outer = maker->space;
		maker->space = common->space;
		complain(maker, common->decl->pos, "the type `%.*s` is defined by itself",
			KP_SLICE_ARG(common->name->text));
		maker->space = outer;
		return NULL;
	}
	if (common->state != STATE_NEW) {
		return common->type;
	}
	if (maker->depth == KP_CEDAR_TYPE_NESTING_MAX) {
		complain(maker, common->decl->pos,
			"types are nested deeper than %d, the limit",
			KP_CEDAR_TYPE_NESTING_MAX);
		return NULL;
	}
	const struct kp_cedar_namespace_decl *outer = maker->space;
	maker->space = common->space;
	common->state = STATE_OPEN;
	maker->depth++;
	common->type = resolve(maker, common->decl->type);
	maker->depth--;
	common->state = common->type == NULL ? STATE_FAILED : STATE_DONE;
	maker->space = outer;
	return common->type;
}

/* What a name may mean, for "did you mean". Bounded: large schemas suggest less. */
#define SUGGESTIONS_MAX 1024

static const char *
suggest(struct maker *maker, struct kp_slice path, bool entities_only)
{
	static const char *const builtins[] = {"Long", "String", "Bool", "decimal",
		"ipaddr", "datetime", "duration", "Set<...>"};
	const char **known = make(maker, SUGGESTIONS_MAX, sizeof(*known));
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
				: qualify(maker, space->name, entity->name);
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
unknown(struct maker *maker, struct kp_cedar_pos pos, struct kp_slice path,
	bool entities_only)
{
	const char *what = entities_only ? "entity type" : "type";
	const char *near = kp_slice_is(path, "Boolean") && !entities_only
		? "Bool"
		: suggest(maker, path, entities_only);
	if (near != NULL) {
		complain(maker, pos, "the %s `%.*s` is not declared, did you mean `%s`?",
			what, KP_SLICE_ARG(path), near);
	} else {
		complain(maker, pos, "the %s `%.*s` is not declared", what,
			KP_SLICE_ARG(path));
	}
}

/* What `full` means, NULL when nothing. *ret_found tells a failed common type apart. */
static const struct kp_cedar_type *
meaning(struct maker *maker, const struct kp_cedar_name *full,
	enum kp_cedar_type_ref_kind kind, bool *ret_found)
{
	*ret_found = false;
	if (full == NULL) {
		return NULL;
	}
	struct common *common = kind == KP_CEDAR_REF_ENTITY
		? NULL
		: (struct common *)(uintptr_t)kp_cedar_map_find(&maker->commons, full);
	if (common != NULL) {
		*ret_found = true;
		return resolve_common(maker, common);
	}
	if (kind != KP_CEDAR_REF_COMMON && entity_known(maker, full)) {
		*ret_found = true;
		return entity_type(maker, full);
	}
	return NULL;
}

static const struct kp_cedar_type *
resolve_name(struct maker *maker, const struct kp_cedar_type_ref *ref)
{
	struct kp_slice path = ref->path->text;
	bool found = false;
	const struct kp_cedar_type *type = NULL;
	if (kp_cedar_path_namespace(path).len == 0) {
		const struct kp_cedar_name *full =
			qualify(maker, maker->space->name, ref->path);
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
		type = builtin(base);
		found = type != NULL;
	}
	if (!found && maker->status == KP_OK) {
		unknown(maker, ref->pos, path, ref->kind == KP_CEDAR_REF_ENTITY);
	}
	return type;
}

static const struct kp_cedar_type *
too_deep(struct maker *maker, struct kp_cedar_pos pos)
{
	complain(maker, pos, "types are nested deeper than %d, the limit",
		KP_CEDAR_TYPE_NESTING_MAX);
	return NULL;
}

static const struct kp_cedar_type *
resolve_record(struct maker *maker, const struct kp_cedar_type_ref *ref)
{
	struct kp_cedar_type_attr *attrs = make(maker, ref->attr_count, sizeof(*attrs));
	if (attrs == NULL) {
		return NULL;
	}
	uint16_t depth = 1;
	size_t count = 0;
	bool failed = false;
	for (const struct kp_cedar_attr_decl *attr = ref->attrs; attr != NULL;
		attr = attr->next) {
		const struct kp_cedar_type *type = resolve(maker, attr->type);
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
resolve_set(struct maker *maker, const struct kp_cedar_type_ref *ref)
{
	const struct kp_cedar_type *element = resolve(maker, ref->element);
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

/* NULL after a finding. */
static const struct kp_cedar_type *
resolve(struct maker *maker, const struct kp_cedar_type_ref *ref)
{
	switch (ref->kind) {
	case KP_CEDAR_REF_NAME:
	case KP_CEDAR_REF_COMMON:
	case KP_CEDAR_REF_ENTITY:
		return resolve_name(maker, ref);
	case KP_CEDAR_REF_EXTENSION:
	case KP_CEDAR_REF_PRIMITIVE:
		return builtin(kp_slice_is(ref->path->text, "Boolean") ? KP_SLICE("Bool")
								       : ref->path->text);
	case KP_CEDAR_REF_SET:
		return resolve_set(maker, ref);
	case KP_CEDAR_REF_RECORD:
		return resolve_record(maker, ref);
	}
	return NULL;
}

/* --- what is declared --- */

static void
shadow_warning(struct maker *maker, struct kp_cedar_pos pos, struct kp_slice name)
{
	if (builtin(name) != NULL) {
		warn(maker, pos,
			"`%.*s` hides the built-in type, which is `__cedar::%.*s` from "
			"here on",
			KP_SLICE_ARG(name), KP_SLICE_ARG(name));
	}
}

static void
collect_commons(struct maker *maker)
{
	for (const struct kp_cedar_common_decl *decl = maker->space->commons;
		decl != NULL; decl = decl->next) {
		const struct kp_cedar_name *full =
			qualify(maker, maker->space->name, decl->name);
		struct common *common = make(maker, 1, sizeof(*common));
		if (full == NULL || common == NULL) {
			return;
		}
		if (kp_cedar_map_find(&maker->commons, full) != NULL) {
			complain(maker, decl->pos, "the type `%.*s` is declared twice",
				KP_SLICE_ARG(full->text));
			continue;
		}
		shadow_warning(maker, decl->pos, decl->name->text);
		*common = (struct common){
			.name = full, .decl = decl, .space = maker->space};
		if (!put(maker, &maker->commons, full, common)) {
			return;
		}
	}
}

static void
collect_entity(struct maker *maker, const struct kp_cedar_entity_decl *decl)
{
	const struct kp_cedar_name *full = qualify(maker, maker->space->name, decl->name);
	struct kp_cedar_schema_entity *entity = make(maker, 1, sizeof(*entity));
	if (full == NULL || entity == NULL) {
		return;
	}
	if (kp_slice_is(decl->name->text, "Action")) {
		complain(maker, decl->pos, "an entity type cannot be called `Action`");
		return;
	}
	if (kp_cedar_schema_entity(maker->schema, full) != NULL) {
		complain(maker, decl->pos, "the entity type `%.*s` is declared twice",
			KP_SLICE_ARG(full->text));
		return;
	}
	if (kp_cedar_map_find(&maker->commons, full) != NULL) {
		warn(maker, decl->pos,
			"`%.*s` is also a common type, which goes first where a type is "
			"named",
			KP_SLICE_ARG(full->text));
	}
	shadow_warning(maker, decl->pos, decl->name->text);
	*entity = (struct kp_cedar_schema_entity){.name = full,
		.decl = decl,
		.ids = decl->ids,
		.id_count = decl->id_count,
		.file = maker->space->file};
	if (put(maker, &maker->schema->entity_by_name, full, entity)) {
		maker->schema->entities[maker->schema->entity_count++] = entity;
	}
}

static void
collect_action(struct maker *maker, const struct kp_cedar_action_decl *decl,
	const struct kp_cedar_name *type)
{
	const struct kp_cedar_uid *uid =
		kp_cedar_uid(maker->source->names, type, decl->id);
	struct kp_cedar_schema_action *action = make(maker, 1, sizeof(*action));
	if (uid == NULL || action == NULL) {
		no_memory(maker);
		return;
	}
	if (kp_cedar_schema_action(maker->schema, uid) != NULL) {
		complain(maker, decl->pos, "the action `%.*s` is declared twice",
			KP_SLICE_ARG(decl->id->text));
		return;
	}
	*action = (struct kp_cedar_schema_action){
		.uid = uid, .decl = decl, .file = maker->space->file};
	if (put(maker, &maker->schema->action_by_uid, uid, action)) {
		maker->schema->actions[maker->schema->action_count++] = action;
	}
}

static void
collect_namespace(struct maker *maker)
{
	collect_commons(maker);
	for (const struct kp_cedar_entity_decl *decl = maker->space->entities;
		decl != NULL && maker->status == KP_OK; decl = decl->next) {
		collect_entity(maker, decl);
	}
	if (maker->space->actions == NULL) {
		return;
	}
	const struct kp_cedar_name *action =
		kp_cedar_name(maker->source->names, KP_SLICE("Action"));
	const struct kp_cedar_name *type =
		action == NULL ? NULL : qualify(maker, maker->space->name, action);
	if (type == NULL) {
		no_memory(maker);
		return;
	}
	if (!put(maker, &maker->schema->action_types, type, type)) {
		return;
	}
	for (const struct kp_cedar_action_decl *decl = maker->space->actions;
		decl != NULL && maker->status == KP_OK; decl = decl->next) {
		collect_action(maker, decl, type);
	}
}

/* RFC 70: a namespace may not declare again what is declared in no namespace. */
static void
check_shadowing(struct maker *maker)
{
	const struct kp_cedar_namespace_decl *space = maker->space;
	if (space->name->text.len == 0) {
		return;
	}
	for (const struct kp_cedar_common_decl *decl = space->commons; decl != NULL;
		decl = decl->next) {
		if (kp_cedar_map_find(&maker->commons, decl->name) != NULL ||
			kp_cedar_schema_entity(maker->schema, decl->name) != NULL) {
			complain(maker, decl->pos,
				"`%.*s` is already declared outside any namespace",
				KP_SLICE_ARG(decl->name->text));
		}
	}
	for (const struct kp_cedar_entity_decl *decl = space->entities; decl != NULL;
		decl = decl->next) {
		if (kp_cedar_map_find(&maker->commons, decl->name) != NULL ||
			kp_cedar_schema_entity(maker->schema, decl->name) != NULL) {
			complain(maker, decl->pos,
				"`%.*s` is already declared outside any namespace",
				KP_SLICE_ARG(decl->name->text));
		}
	}
	for (const struct kp_cedar_action_decl *decl = space->actions; decl != NULL;
		decl = decl->next) {
		const struct kp_cedar_uid *outer = kp_cedar_uid_find(
			maker->source->names, KP_SLICE("Action"), decl->id->text);
		if (outer != NULL &&
			kp_cedar_schema_action(maker->schema, outer) != NULL) {
			complain(maker, decl->pos,
				"the action `%.*s` is already declared outside any "
				"namespace",
				KP_SLICE_ARG(decl->id->text));
		}
	}
}

/* --- hierarchies --- */

static int
compare_names(const void *a, const void *b)
{
	uint32_t left = (*(const struct kp_cedar_name *const *)a)->index;
	uint32_t right = (*(const struct kp_cedar_name *const *)b)->index;
	return (left > right) - (left < right);
}

static int
compare_uids(const void *a, const void *b)
{
	uint32_t left = (*(const struct kp_cedar_uid *const *)a)->index;
	uint32_t right = (*(const struct kp_cedar_uid *const *)b)->index;
	return (left > right) - (left < right);
}

/* Looks up a list of entity types; those not declared are findings and left out. */
static const struct kp_cedar_name **
resolve_paths(
	struct maker *maker, const struct kp_cedar_path_ref *refs, size_t *ret_count)
{
	size_t count = 0;
	for (const struct kp_cedar_path_ref *ref = refs; ref != NULL; ref = ref->next) {
		count++;
	}
	const struct kp_cedar_name **names = make(maker, count, sizeof(*names));
	*ret_count = 0;
	if (names == NULL) {
		return NULL;
	}
	size_t kept = 0;
	for (const struct kp_cedar_path_ref *ref = refs; ref != NULL; ref = ref->next) {
		struct kp_cedar_type_ref wanted = {
			.kind = KP_CEDAR_REF_ENTITY, .pos = ref->pos, .path = ref->path};
		const struct kp_cedar_type *type = resolve_name(maker, &wanted);
		if (type != NULL) {
			names[kept++] = type->entity;
		}
	}
	qsort(names, kept, sizeof(*names), compare_names);
	size_t unique = 0;
	for (size_t i = 0; i < kept; i++) {
		if (unique == 0 || names[unique - 1] != names[i]) {
			names[unique++] = names[i];
		}
	}
	*ret_count = unique;
	return names;
}

/* Of each entity type, its declared parents, until the closure takes their place. */
static void
resolve_entity(struct maker *maker, struct kp_cedar_schema_entity *entity)
{
	static const struct kp_cedar_type_ref empty = {.kind = KP_CEDAR_REF_RECORD};
	const struct kp_cedar_entity_decl *decl = entity->decl;
	entity->ancestors = resolve_paths(maker, decl->parents, &entity->ancestor_count);
	entity->attrs = resolve(maker, decl->shape == NULL ? &empty : decl->shape);
	if (entity->attrs != NULL && entity->attrs->kind != KP_CEDAR_TYPE_RECORD) {
		complain(maker, decl->shape->pos,
			"the shape of entity type `%.*s` is not a record",
			KP_SLICE_ARG(entity->name->text));
	}
	entity->tags = decl->tags == NULL ? NULL : resolve(maker, decl->tags);
}

/* Everything reachable from one type, breadth first; `seen` holds the last visitor. */
static void
close_entity(struct maker *maker, struct kp_cedar_schema_entity *entity,
	struct kp_cedar_map *parents, const struct kp_cedar_name **queue)
{
	struct kp_cedar_map seen = {0};
	size_t count = 0;
	const struct kp_cedar_name *at = entity->name;
	for (size_t next = 0;; at = queue[next++]) {
		const struct kp_cedar_schema_entity *here =
			kp_cedar_map_find(parents, at);
		for (size_t i = 0; here != NULL && i < here->ancestor_count; i++) {
			const struct kp_cedar_name *up = here->ancestors[i];
			if (kp_cedar_map_find(&seen, up) == NULL) {
				if (!put(maker, &seen, up, up)) {
					return;
				}
				queue[count++] = up;
			}
		}
		if (next == count) {
			break;
		}
	}
	const struct kp_cedar_name **ancestors = make(maker, count, sizeof(*ancestors));
	if (ancestors == NULL) {
		return;
	}
	if (count > 0) {
		memcpy(ancestors, queue, count * sizeof(*ancestors));
		qsort(ancestors, count, sizeof(*ancestors), compare_names);
	}
	entity->ancestors = ancestors;
	entity->ancestor_count = count;
}

static void
close_entities(struct maker *maker)
{
	struct kp_cedar_schema *schema = maker->schema;
	struct kp_cedar_map parents = {0};
	const struct kp_cedar_name **queue = make(
		maker, schema->entity_count + schema->action_types.count, sizeof(*queue));
	struct kp_cedar_schema_entity *copies =
		make(maker, schema->entity_count, sizeof(*copies));
	if (queue == NULL || copies == NULL) {
		return;
	}
	for (size_t i = 0; i < schema->entity_count; i++) {
		copies[i] = *schema->entities[i];
		if (!put(maker, &parents, copies[i].name, &copies[i])) {
			return;
		}
	}
	for (size_t i = 0; i < schema->entity_count && maker->status == KP_OK; i++) {
		close_entity(maker, schema->entities[i], &parents, queue);
	}
}

static const struct kp_cedar_uid *
find_action(struct maker *maker, const struct kp_cedar_action_ref *ref)
{
	const struct kp_cedar_name *type = ref->type == NULL
		? kp_cedar_name(maker->source->names, KP_SLICE("Action"))
		: ref->type;
	if (type == NULL) {
		no_memory(maker);
		return NULL;
	}
	const struct kp_cedar_name *tries[2] = {type, type};
	if (kp_cedar_path_namespace(type->text).len == 0) {
		tries[0] = qualify(maker, maker->space->name, type);
	}
	for (size_t i = 0; i < 2 && tries[i] != NULL; i++) {
		const struct kp_cedar_uid *uid = kp_cedar_uid_find(
			maker->source->names, tries[i]->text, ref->id->text);
		if (uid != NULL && kp_cedar_schema_action(maker->schema, uid) != NULL) {
			return uid;
		}
	}
	const char *near = kp_cedar_schema_nearest_action(
		maker->schema, maker->arena, ref->id->text);
	complain(maker, ref->pos, "the action %.*s::\"%.*s\" is not declared%s%s%s",
		KP_SLICE_ARG(type->text), KP_SLICE_ARG(ref->id->text),
		near == NULL ? "" : ", did you mean \"", near == NULL ? "" : near,
		near == NULL ? "" : "\"?");
	return NULL;
}

static void
resolve_action_parents(struct maker *maker, struct kp_cedar_schema_action *action)
{
	size_t count = 0;
	for (const struct kp_cedar_action_ref *ref = action->decl->parents; ref != NULL;
		ref = ref->next) {
		count++;
	}
	const struct kp_cedar_uid **parents = make(maker, count, sizeof(*parents));
	if (parents == NULL) {
		return;
	}
	size_t kept = 0;
	for (const struct kp_cedar_action_ref *ref = action->decl->parents; ref != NULL;
		ref = ref->next) {
		const struct kp_cedar_uid *uid = find_action(maker, ref);
		if (uid != NULL) {
			parents[kept++] = uid;
		}
	}
	qsort(parents, kept, sizeof(*parents), compare_uids);
	size_t unique = 0;
	for (size_t i = 0; i < kept; i++) {
		if (unique == 0 || parents[unique - 1] != parents[i]) {
			parents[unique++] = parents[i];
		}
	}
	action->parents = parents;
	action->parent_count = unique;
}

static void
resolve_action(struct maker *maker, struct kp_cedar_schema_action *action)
{
	static const struct kp_cedar_type_ref empty = {.kind = KP_CEDAR_REF_RECORD};
	const struct kp_cedar_action_decl *decl = action->decl;
	resolve_action_parents(maker, action);
	action->principals =
		resolve_paths(maker, decl->principals, &action->principal_count);
	action->resources =
		resolve_paths(maker, decl->resources, &action->resource_count);
	action->context = resolve(maker, decl->context == NULL ? &empty : decl->context);
	if (action->context != NULL && action->context->kind != KP_CEDAR_TYPE_RECORD) {
		complain(maker, decl->context->pos,
			"the context of action `%.*s` is not a record",
			KP_SLICE_ARG(decl->id->text));
	}
}

/* Breadth first from one action. Meeting the action itself is a cycle. */
static void
close_action(struct maker *maker, struct kp_cedar_schema_action *action,
	const struct kp_cedar_uid **queue)
{
	struct kp_cedar_map seen = {0};
	size_t count = 0;
	const struct kp_cedar_uid *at = action->uid;
	for (size_t next = 0;; at = queue[next++]) {
		const struct kp_cedar_schema_action *here =
			kp_cedar_schema_action(maker->schema, at);
		for (size_t i = 0; here != NULL && i < here->parent_count; i++) {
			const struct kp_cedar_uid *up = here->parents[i];
			if (kp_cedar_map_find(&seen, up) == NULL) {
				if (!put(maker, &seen, up, up)) {
					return;
				}
				queue[count++] = up;
			}
		}
		if (next == count) {
			break;
		}
	}
	if (kp_cedar_map_find(&seen, action->uid) != NULL) {
		complain(maker, action->decl->pos, "the action `%.*s` is in itself",
			KP_SLICE_ARG(action->uid->id->text));
		return;
	}
	const struct kp_cedar_uid **ancestors = make(maker, count, sizeof(*ancestors));
	if (ancestors == NULL) {
		return;
	}
	if (count > 0) {
		memcpy(ancestors, queue, count * sizeof(*ancestors));
		qsort(ancestors, count, sizeof(*ancestors), compare_uids);
	}
	action->ancestors = ancestors;
	action->ancestor_count = count;
}

/* --- all of it --- */

typedef void (*space_fn)(struct maker *maker);

static void
each_namespace(struct maker *maker, space_fn work)
{
	for (const struct kp_cedar_namespace_decl *space = maker->source->namespaces;
		space != NULL && maker->status == KP_OK; space = space->next) {
		maker->space = space;
		work(maker);
	}
}

static void
resolve_commons(struct maker *maker)
{
	for (const struct kp_cedar_common_decl *decl = maker->space->commons;
		decl != NULL && maker->status == KP_OK; decl = decl->next) {
		const struct kp_cedar_name *full =
			qualify(maker, maker->space->name, decl->name);
		struct common *common = full == NULL
			? NULL
			: (struct common *)(uintptr_t)kp_cedar_map_find(
				  &maker->commons, full);
		if (common != NULL) {
			(void)resolve_common(maker, common);
		}
	}
}

/* The namespace a full name stands in; always one of the source's. */
static void
enter_space_of(struct maker *maker, struct kp_slice full)
{
	struct kp_slice wanted = kp_cedar_path_namespace(full);
	for (const struct kp_cedar_namespace_decl *space = maker->source->namespaces;
		space != NULL; space = space->next) {
		if (kp_slice_equal(space->name->text, wanted)) {
			maker->space = space;
		}
	}
}

static void
resolve_all(struct maker *maker)
{
	struct kp_cedar_schema *schema = maker->schema;
	each_namespace(maker, resolve_commons);
	for (size_t i = 0; i < schema->entity_count && maker->status == KP_OK; i++) {
		enter_space_of(maker, schema->entities[i]->name->text);
		resolve_entity(maker, schema->entities[i]);
	}
	for (size_t i = 0; i < schema->action_count && maker->status == KP_OK; i++) {
		enter_space_of(maker, schema->actions[i]->uid->type->text);
		resolve_action(maker, schema->actions[i]);
	}
	if (maker->status != KP_OK || kp_findings_any(maker->errors)) {
		return;
	}
	close_entities(maker);
	const struct kp_cedar_uid **queue =
		make(maker, schema->action_count, sizeof(*queue));
	for (size_t i = 0;
		queue != NULL && i < schema->action_count && maker->status == KP_OK;
		i++) {
		enter_space_of(maker, schema->actions[i]->uid->type->text);
		close_action(maker, schema->actions[i], queue);
	}
}

struct counts {
	size_t commons;
	size_t entities;
	size_t actions;
};

static struct counts
count_decls(const struct kp_cedar_schema_source *source)
{
	struct counts counts = {0};
	for (const struct kp_cedar_namespace_decl *space = source->namespaces;
		space != NULL; space = space->next) {
		for (const struct kp_cedar_common_decl *decl = space->commons;
			decl != NULL; decl = decl->next) {
			counts.commons++;
		}
		for (const struct kp_cedar_entity_decl *decl = space->entities;
			decl != NULL; decl = decl->next) {
			counts.entities++;
		}
		for (const struct kp_cedar_action_decl *decl = space->actions;
			decl != NULL; decl = decl->next) {
			counts.actions++;
		}
	}
	return counts;
}

static enum kp_status
begin(struct maker *maker)
{
	struct counts counts = count_decls(maker->source);
	if (counts.commons > KP_CEDAR_SCHEMA_DECLS_MAX ||
		counts.entities > KP_CEDAR_SCHEMA_DECLS_MAX ||
		counts.actions > KP_CEDAR_SCHEMA_DECLS_MAX) {
		struct kp_error err;
		maker->status = kp_error_set(&err, KP_E_LIMIT,
			"the schema has more than %zu types or actions, the limit",
			KP_CEDAR_SCHEMA_DECLS_MAX);
		kp_findings_add(maker->errors, &err);
		return maker->status;
	}
	maker->schema = make(maker, 1, sizeof(*maker->schema));
	if (maker->schema == NULL) {
		return maker->status;
	}
	maker->schema->names = maker->source->names;
	maker->schema->entities = make(maker, counts.entities, sizeof(void *));
	maker->schema->actions = make(maker, counts.actions, sizeof(void *));
	return maker->status;
}

enum kp_status
kp_cedar_schema_make(const struct kp_cedar_schema_source *source,
	struct kp_findings *errors, struct kp_findings *warnings,
	const struct kp_cedar_schema **ret_schema)
{
	size_t before = errors->count + errors->dropped;
	struct maker maker = {.source = source,
		.arena = source->arena,
		.errors = errors,
		.warnings = warnings};
	if (begin(&maker) != KP_OK) {
		return maker.status;
	}
	each_namespace(&maker, collect_namespace);
	each_namespace(&maker, check_shadowing);
	if (maker.status == KP_OK) {
		resolve_all(&maker);
	}
	if (maker.status != KP_OK) {
		return maker.status;
	}
	if (errors->count + errors->dropped > before) {
		return KP_E_INVALID;
	}
	*ret_schema = maker.schema;
	return KP_OK;
}
