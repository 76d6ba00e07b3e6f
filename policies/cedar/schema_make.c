/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_make: from a schema as written to one with every name looked up: collects what
 * is declared, then has types (schema_types.c) and hierarchies (schema_hierarchy.c)
 * resolved.
 */
#include <stdio.h>

#include "schema_maker.h"

KP_PRINTF(4, 0)
static void
note(const struct kp_cedar_maker *maker, struct kp_findings *findings,
	struct kp_cedar_pos pos, const char *format, va_list args)
{
	char message[256];
	(void)vsnprintf(message, sizeof(message), format, args);
	struct kp_error err;
	(void)kp_error_set(&err, KP_E_INVALID, "%s", message);
	kp_error_at(&err, maker->space->file, pos.line, pos.column, NULL);
	kp_findings_add(findings, &err);
}

void
kp_cedar_maker_complain(
	struct kp_cedar_maker *maker, struct kp_cedar_pos pos, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	note(maker, maker->errors, pos, format, args);
	va_end(args);
}

void
kp_cedar_maker_warn(
	struct kp_cedar_maker *maker, struct kp_cedar_pos pos, const char *format, ...)
{
	if (maker->warnings != NULL) {
		va_list args;
		va_start(args, format);
		note(maker, maker->warnings, pos, format, args);
		va_end(args);
	}
}

void
kp_cedar_maker_no_memory(struct kp_cedar_maker *maker)
{
	if (maker->status == KP_OK) {
		struct kp_error err;
		maker->status =
			kp_error_set(&err, KP_E_MEMORY, "no memory left for the schema");
		kp_findings_add(maker->errors, &err);
	}
}

void *
kp_cedar_maker_alloc(struct kp_cedar_maker *maker, size_t count, size_t size)
{
	void *block = kp_arena_alloc_array(maker->arena, count, size);
	if (block == NULL) {
		kp_cedar_maker_no_memory(maker);
	}
	return block;
}

bool
kp_cedar_maker_put(struct kp_cedar_maker *maker, struct kp_cedar_map *map,
	const void *key, const void *value)
{
	if (!kp_cedar_map_put(map, maker->arena, key, value)) {
		kp_cedar_maker_no_memory(maker);
		return false;
	}
	return true;
}

const struct kp_cedar_name *
kp_cedar_maker_qualify(struct kp_cedar_maker *maker, const struct kp_cedar_name *space,
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
		kp_cedar_maker_no_memory(maker);
	}
	return full;
}

/* --- what is declared --- */

static void
shadow_warning(
	struct kp_cedar_maker *maker, struct kp_cedar_pos pos, struct kp_slice name)
{
	if (kp_cedar_maker_builtin(name) != NULL) {
		kp_cedar_maker_warn(maker, pos,
			"`%.*s` hides the built-in type, which is `__cedar::%.*s` from "
			"here on",
			KP_SLICE_ARG(name), KP_SLICE_ARG(name));
	}
}

static void
collect_commons(struct kp_cedar_maker *maker)
{
	for (const struct kp_cedar_common_decl *decl = maker->space->commons;
		decl != NULL; decl = decl->next) {
		const struct kp_cedar_name *full =
			kp_cedar_maker_qualify(maker, maker->space->name, decl->name);
		struct kp_cedar_common *common =
			kp_cedar_maker_alloc(maker, 1, sizeof(*common));
		if (full == NULL || common == NULL) {
			return;
		}
		if (kp_cedar_map_find(&maker->commons, full) != NULL) {
			kp_cedar_maker_complain(maker, decl->pos,
				"the type `%.*s` is declared twice",
				KP_SLICE_ARG(full->text));
			continue;
		}
		shadow_warning(maker, decl->pos, decl->name->text);
		*common = (struct kp_cedar_common){
			.name = full, .decl = decl, .space = maker->space};
		if (!kp_cedar_maker_put(maker, &maker->commons, full, common)) {
			return;
		}
	}
}

static void
collect_entity(struct kp_cedar_maker *maker, const struct kp_cedar_entity_decl *decl)
{
	const struct kp_cedar_name *full =
		kp_cedar_maker_qualify(maker, maker->space->name, decl->name);
	struct kp_cedar_schema_entity *entity =
		kp_cedar_maker_alloc(maker, 1, sizeof(*entity));
	if (full == NULL || entity == NULL) {
		return;
	}
	if (kp_slice_is(decl->name->text, "Action")) {
		kp_cedar_maker_complain(
			maker, decl->pos, "an entity type cannot be called `Action`");
		return;
	}
	if (kp_cedar_schema_entity(maker->schema, full) != NULL) {
		kp_cedar_maker_complain(maker, decl->pos,
			"the entity type `%.*s` is declared twice",
			KP_SLICE_ARG(full->text));
		return;
	}
	if (kp_cedar_map_find(&maker->commons, full) != NULL) {
		kp_cedar_maker_warn(maker, decl->pos,
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
	if (kp_cedar_maker_put(maker, &maker->schema->entity_by_name, full, entity)) {
		maker->schema->entities[maker->schema->entity_count++] = entity;
	}
}

static void
collect_action(struct kp_cedar_maker *maker, const struct kp_cedar_action_decl *decl,
	const struct kp_cedar_name *type)
{
	const struct kp_cedar_uid *uid =
		kp_cedar_uid(maker->source->names, type, decl->id);
	struct kp_cedar_schema_action *action =
		kp_cedar_maker_alloc(maker, 1, sizeof(*action));
	if (uid == NULL || action == NULL) {
		kp_cedar_maker_no_memory(maker);
		return;
	}
	if (kp_cedar_schema_action(maker->schema, uid) != NULL) {
		kp_cedar_maker_complain(maker, decl->pos,
			"the action `%.*s` is declared twice",
			KP_SLICE_ARG(decl->id->text));
		return;
	}
	*action = (struct kp_cedar_schema_action){
		.uid = uid, .decl = decl, .file = maker->space->file};
	if (kp_cedar_maker_put(maker, &maker->schema->action_by_uid, uid, action)) {
		maker->schema->actions[maker->schema->action_count++] = action;
	}
}

static void
collect_namespace(struct kp_cedar_maker *maker)
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
	const struct kp_cedar_name *type = action == NULL
		? NULL
		: kp_cedar_maker_qualify(maker, maker->space->name, action);
	if (type == NULL) {
		kp_cedar_maker_no_memory(maker);
		return;
	}
	if (!kp_cedar_maker_put(maker, &maker->schema->action_types, type, type)) {
		return;
	}
	for (const struct kp_cedar_action_decl *decl = maker->space->actions;
		decl != NULL && maker->status == KP_OK; decl = decl->next) {
		collect_action(maker, decl, type);
	}
}

static void
check_type_shadows(struct kp_cedar_maker *maker, const struct kp_cedar_name *name,
	struct kp_cedar_pos pos)
{
	if (kp_cedar_map_find(&maker->commons, name) != NULL ||
		kp_cedar_schema_entity(maker->schema, name) != NULL) {
		kp_cedar_maker_complain(maker, pos,
			"`%.*s` is already declared outside any namespace",
			KP_SLICE_ARG(name->text));
	}
}

/* RFC 70: a namespace may not declare again what is declared in no namespace. */
static void
check_shadowing(struct kp_cedar_maker *maker)
{
	const struct kp_cedar_namespace_decl *space = maker->space;
	if (space->name->text.len == 0) {
		return;
	}
	for (const struct kp_cedar_common_decl *decl = space->commons; decl != NULL;
		decl = decl->next) {
		check_type_shadows(maker, decl->name, decl->pos);
	}
	for (const struct kp_cedar_entity_decl *decl = space->entities; decl != NULL;
		decl = decl->next) {
		check_type_shadows(maker, decl->name, decl->pos);
	}
	for (const struct kp_cedar_action_decl *decl = space->actions; decl != NULL;
		decl = decl->next) {
		const struct kp_cedar_uid *outer = kp_cedar_uid_find(
			maker->source->names, KP_SLICE("Action"), decl->id->text);
		if (outer != NULL &&
			kp_cedar_schema_action(maker->schema, outer) != NULL) {
			kp_cedar_maker_complain(maker, decl->pos,
				"the action `%.*s` is already declared outside any "
				"namespace",
				KP_SLICE_ARG(decl->id->text));
		}
	}
}

/* --- all of it --- */

typedef void (*space_fn)(struct kp_cedar_maker *maker);

static void
each_namespace(struct kp_cedar_maker *maker, space_fn work)
{
	for (const struct kp_cedar_namespace_decl *space = maker->source->namespaces;
		space != NULL && maker->status == KP_OK; space = space->next) {
		maker->space = space;
		work(maker);
	}
}

static void
resolve_commons(struct kp_cedar_maker *maker)
{
	for (const struct kp_cedar_common_decl *decl = maker->space->commons;
		decl != NULL && maker->status == KP_OK; decl = decl->next) {
		const struct kp_cedar_name *full =
			kp_cedar_maker_qualify(maker, maker->space->name, decl->name);
		struct kp_cedar_common *common = full == NULL
			? NULL
			: (struct kp_cedar_common *)(uintptr_t)kp_cedar_map_find(
				  &maker->commons, full);
		if (common != NULL) {
			(void)kp_cedar_maker_resolve_common(maker, common);
		}
	}
}

/* The namespace a full name stands in; always one of the source's. */
static void
enter_space_of(struct kp_cedar_maker *maker, struct kp_slice full)
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
resolve_all(struct kp_cedar_maker *maker)
{
	struct kp_cedar_schema *schema = maker->schema;
	each_namespace(maker, resolve_commons);
	for (size_t i = 0; i < schema->entity_count && maker->status == KP_OK; i++) {
		enter_space_of(maker, schema->entities[i]->name->text);
		kp_cedar_maker_resolve_entity(maker, schema->entities[i]);
	}
	for (size_t i = 0; i < schema->action_count && maker->status == KP_OK; i++) {
		enter_space_of(maker, schema->actions[i]->uid->type->text);
		kp_cedar_maker_resolve_action(maker, schema->actions[i]);
	}
	if (maker->status != KP_OK || kp_findings_any(maker->errors)) {
		return;
	}
	kp_cedar_maker_close_entities(maker);
	const struct kp_cedar_uid **queue =
		kp_cedar_maker_alloc(maker, schema->action_count, sizeof(*queue));
	for (size_t i = 0;
		queue != NULL && i < schema->action_count && maker->status == KP_OK;
		i++) {
		enter_space_of(maker, schema->actions[i]->uid->type->text);
		kp_cedar_maker_close_action(maker, schema->actions[i], queue);
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
begin(struct kp_cedar_maker *maker)
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
	maker->schema = kp_cedar_maker_alloc(maker, 1, sizeof(*maker->schema));
	if (maker->schema == NULL) {
		return maker->status;
	}
	maker->schema->names = maker->source->names;
	maker->schema->entities =
		kp_cedar_maker_alloc(maker, counts.entities, sizeof(void *));
	maker->schema->actions =
		kp_cedar_maker_alloc(maker, counts.actions, sizeof(void *));
	return maker->status;
}

enum kp_status
kp_cedar_schema_make(const struct kp_cedar_schema_source *source,
	struct kp_findings *errors, struct kp_findings *warnings,
	const struct kp_cedar_schema **ret_schema)
{
	size_t before = errors->count + errors->dropped;
	struct kp_cedar_maker maker = {.source = source,
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
