/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* schema_maker: what the making of a schema shares. Only schema_make.c, schema_types.c
 * and schema_hierarchy.c include it. */
#ifndef KP_CEDAR_SCHEMA_MAKER_H
#define KP_CEDAR_SCHEMA_MAKER_H

#include "schema.h"

enum kp_cedar_common_state {
	KP_CEDAR_COMMON_NEW,
	KP_CEDAR_COMMON_OPEN, /* being resolved: meeting it again is a cycle */
	KP_CEDAR_COMMON_DONE,
	KP_CEDAR_COMMON_FAILED,
};

struct kp_cedar_common {
	const struct kp_cedar_name *name; /* full path */
	const struct kp_cedar_common_decl *decl;
	const struct kp_cedar_namespace_decl *space;
	enum kp_cedar_common_state state;
	const struct kp_cedar_type *type;
};

/* Records and sets that exist already, by what they are made of. */
struct kp_cedar_type_table {
	const struct kp_cedar_type **slots;
	size_t size;
	size_t count;
};

struct kp_cedar_maker {
	const struct kp_cedar_schema_source *source;
	struct kp_arena *arena;
	struct kp_cedar_schema *schema;
	struct kp_cedar_map commons; /* full name -> struct kp_cedar_common */
	struct kp_cedar_map types_of_entities;
	struct kp_cedar_type_table table;
	struct kp_findings *errors;
	struct kp_findings *warnings;
	const struct kp_cedar_namespace_decl *space; /* names are looked up from here */
	unsigned depth;                              /* common types being resolved */
	enum kp_status status; /* only KP_E_MEMORY and KP_E_LIMIT stop */
};

/* Adds an error at a place in the current namespace's file. */
void kp_cedar_maker_complain(struct kp_cedar_maker *maker, struct kp_cedar_pos pos,
	const char *format, ...) KP_PRINTF(3, 4);
/* The same as a warning, when anybody wants those. */
void kp_cedar_maker_warn(struct kp_cedar_maker *maker, struct kp_cedar_pos pos,
	const char *format, ...) KP_PRINTF(3, 4);
/* Ends the making for want of memory. */
void kp_cedar_maker_no_memory(struct kp_cedar_maker *maker);
/* NULL without memory; that is then told. */
void *kp_cedar_maker_alloc(struct kp_cedar_maker *maker, size_t count, size_t size);
/* False without memory; that is then told. */
bool kp_cedar_maker_put(struct kp_cedar_maker *maker, struct kp_cedar_map *map,
	const void *key, const void *value);
/* "NS::name", or `name` itself for the namespace without a name. */
const struct kp_cedar_name *kp_cedar_maker_qualify(struct kp_cedar_maker *maker,
	const struct kp_cedar_name *space, const struct kp_cedar_name *name);

/* The built-in type of that name, without __cedar; NULL: none. */
const struct kp_cedar_type *kp_cedar_maker_builtin(struct kp_slice name);
/* What a type as written is, seen from the current namespace; NULL after a finding. */
const struct kp_cedar_type *kp_cedar_maker_resolve(
	struct kp_cedar_maker *maker, const struct kp_cedar_type_ref *ref);
/* For a reference with a name. */
const struct kp_cedar_type *kp_cedar_maker_resolve_name(
	struct kp_cedar_maker *maker, const struct kp_cedar_type_ref *ref);
/* NULL after a finding, or while it is itself being resolved. */
const struct kp_cedar_type *kp_cedar_maker_resolve_common(
	struct kp_cedar_maker *maker, struct kp_cedar_common *common);

/* Looks up an entity type's parents (then in `ancestors`), attributes and tags. */
void kp_cedar_maker_resolve_entity(
	struct kp_cedar_maker *maker, struct kp_cedar_schema_entity *entity);
/* Looks up an action's parents, the types it applies to and its context. */
void kp_cedar_maker_resolve_action(
	struct kp_cedar_maker *maker, struct kp_cedar_schema_action *action);
/* Takes every entity type's parents to all its ancestors. */
void kp_cedar_maker_close_entities(struct kp_cedar_maker *maker);
/* The same for one action; `queue` has room for all actions. Finds cycles. */
void kp_cedar_maker_close_action(struct kp_cedar_maker *maker,
	struct kp_cedar_schema_action *action, const struct kp_cedar_uid **queue);

#endif
