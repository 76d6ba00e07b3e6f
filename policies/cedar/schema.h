/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema: what exists (entity types, actions) and what it looks like, with every name
 * looked up, every common type filled in and both hierarchies closed. Made once, then
 * only read, by any thread. To check policies against it: check.h; entities and requests:
 * conform.h.
 */
#ifndef KP_CEDAR_SCHEMA_H
#define KP_CEDAR_SCHEMA_H

#include "map.h"
#include "schema_source.h"
#include "type.h"

/* Entity types, actions, and common types: of each so many. */
#define KP_CEDAR_SCHEMA_DECLS_MAX ((size_t)10000)

struct kp_cedar_schema_entity {
	const struct kp_cedar_name *name;       /* full path */
	const struct kp_cedar_type *attrs;      /* a record; never NULL */
	const struct kp_cedar_type *tags;       /* NULL: no tags */
	const struct kp_cedar_name *const *ids; /* enum: the only ids; else NULL */
	size_t id_count;
	/* Types it may be in, over however many steps; itself only when it may be in
	 * itself. Sorted by index. */
	const struct kp_cedar_name *const *ancestors;
	size_t ancestor_count;
	const struct kp_cedar_entity_decl *decl;
	const char *file;
};

struct kp_cedar_schema_action {
	const struct kp_cedar_uid *uid;
	const struct kp_cedar_uid *const *parents; /* as written, no duplicates */
	size_t parent_count;
	const struct kp_cedar_uid *const *ancestors; /* all it is in, sorted by index */
	size_t ancestor_count;
	const struct kp_cedar_name *const *principals; /* entity types */
	size_t principal_count;
	const struct kp_cedar_name *const *resources;
	size_t resource_count;
	const struct kp_cedar_type *context; /* a record; never NULL */
	const struct kp_cedar_action_decl *decl;
	const char *file;
};

/* Lifetime: as the source's arena and names, which it borrows. */
struct kp_cedar_schema {
	struct kp_cedar_names *names;
	struct kp_cedar_schema_entity **entities;
	size_t entity_count;
	struct kp_cedar_schema_action **actions;
	size_t action_count;
	struct kp_cedar_map entity_by_name;
	struct kp_cedar_map action_by_uid;
	struct kp_cedar_map action_types; /* NS::Action, for each NS with an action */
};

/*
 * Resolves a source that was read without findings. Everything wrong goes to `errors`;
 * what is legal but surprising (a name that hides a built-in type) to `warnings`, which
 * may be NULL. KP_E_INVALID when there are errors, KP_E_LIMIT, KP_E_MEMORY.
 */
enum kp_status kp_cedar_schema_make(const struct kp_cedar_schema_source *source,
	struct kp_findings *errors, struct kp_findings *warnings,
	const struct kp_cedar_schema **ret_schema) KP_MUST_USE;

/* NULL when the schema has none. */
static inline const struct kp_cedar_schema_entity *
kp_cedar_schema_entity(
	const struct kp_cedar_schema *schema, const struct kp_cedar_name *type)
{
	return kp_cedar_map_find(&schema->entity_by_name, type);
}

static inline const struct kp_cedar_schema_action *
kp_cedar_schema_action(
	const struct kp_cedar_schema *schema, const struct kp_cedar_uid *uid)
{
	return kp_cedar_map_find(&schema->action_by_uid, uid);
}

/* May an entity of type `type` be in one of type `ancestor`? A type is in itself. */
bool kp_cedar_schema_type_in(const struct kp_cedar_schema *schema,
	const struct kp_cedar_name *type, const struct kp_cedar_name *ancestor);
/* Is the action in `ancestor`? An action is in itself. */
bool kp_cedar_schema_action_in(const struct kp_cedar_schema *schema,
	const struct kp_cedar_uid *action, const struct kp_cedar_uid *ancestor);
/* False for an id that an enum type does not list. */
bool kp_cedar_schema_id_allowed(
	const struct kp_cedar_schema_entity *entity, const struct kp_cedar_name *id);

/* The declared entity type, or action, with the nearest name; NULL: none is near. */
const char *kp_cedar_schema_nearest_type(const struct kp_cedar_schema *schema,
	struct kp_arena *arena, struct kp_slice name);
const char *kp_cedar_schema_nearest_action(
	const struct kp_cedar_schema *schema, struct kp_arena *arena, struct kp_slice id);
/* Of the attributes of a record type. */
const char *kp_cedar_schema_nearest_attr(
	const struct kp_cedar_type *record, struct kp_arena *arena, struct kp_slice name);

#endif
