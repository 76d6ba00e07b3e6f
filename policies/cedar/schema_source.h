/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * schema_source: a schema as written, in either of its two syntaxes, before any name in
 * it is looked up. What both readers make, what the JSON writer writes, and what
 * kp_cedar_schema_make resolves. Lists keep the order of the text.
 */
#ifndef KP_CEDAR_SCHEMA_SOURCE_H
#define KP_CEDAR_SCHEMA_SOURCE_H

#include "ast.h"
#include "core/buffer.h"
#include "lex.h"
#include "names.h"
#include "type.h"

/* Sets and records inside each other as written. */
#define KP_CEDAR_SCHEMA_NESTING_MAX KP_CEDAR_TYPE_NESTING_MAX

/* Annotations of one declaration. */
struct kp_cedar_annotations {
	const struct kp_cedar_annotation *items;
	size_t count;
};

/* A type path as written, with the place where it stands. */
struct kp_cedar_path_ref {
	struct kp_cedar_path_ref *next;
	const struct kp_cedar_name *path;
	struct kp_cedar_pos pos;
};

enum kp_cedar_type_ref_kind {
	KP_CEDAR_REF_NAME,      /* entity, common or built-in type: whichever is found */
	KP_CEDAR_REF_COMMON,    /* JSON: {"type": "T"} */
	KP_CEDAR_REF_ENTITY,    /* JSON: {"type": "Entity", "name": ...} */
	KP_CEDAR_REF_EXTENSION, /* JSON: {"type": "Extension", "name": ...} */
	KP_CEDAR_REF_PRIMITIVE, /* JSON: Long, String, Boolean */
	KP_CEDAR_REF_SET,
	KP_CEDAR_REF_RECORD,
};

struct kp_cedar_type_ref {
	enum kp_cedar_type_ref_kind kind;
	struct kp_cedar_pos pos;
	const struct kp_cedar_name *path;        /* all but SET and RECORD */
	const struct kp_cedar_type_ref *element; /* SET */
	const struct kp_cedar_attr_decl *attrs;  /* RECORD; no name twice */
	size_t attr_count;
};

struct kp_cedar_attr_decl {
	struct kp_cedar_attr_decl *next;
	const struct kp_cedar_name *name;
	const struct kp_cedar_type_ref *type;
	bool required;
	struct kp_cedar_pos pos;
	struct kp_cedar_annotations annotations;
};

struct kp_cedar_common_decl {
	struct kp_cedar_common_decl *next;
	const struct kp_cedar_name *name;
	const struct kp_cedar_type_ref *type;
	struct kp_cedar_pos pos;
	struct kp_cedar_annotations annotations;
};

struct kp_cedar_entity_decl {
	struct kp_cedar_entity_decl *next;
	const struct kp_cedar_name *name;
	const struct kp_cedar_path_ref *parents;
	const struct kp_cedar_type_ref *shape;  /* NULL: no attributes */
	const struct kp_cedar_type_ref *tags;   /* NULL: no tags */
	const struct kp_cedar_name *const *ids; /* enum: the only ids there are */
	size_t id_count;                        /* 0: not an enum */
	struct kp_cedar_pos pos;
	struct kp_cedar_annotations annotations;
};

struct kp_cedar_action_ref {
	struct kp_cedar_action_ref *next;
	const struct kp_cedar_name *type; /* as written; NULL when only the id is given */
	const struct kp_cedar_name *id;
	struct kp_cedar_pos pos;
};

struct kp_cedar_action_decl {
	struct kp_cedar_action_decl *next;
	const struct kp_cedar_name *id;
	const struct kp_cedar_action_ref *parents;
	bool applies; /* there is an appliesTo */
	const struct kp_cedar_path_ref *principals;
	const struct kp_cedar_path_ref *resources;
	const struct kp_cedar_type_ref *context; /* NULL: empty */
	struct kp_cedar_pos pos;
	struct kp_cedar_annotations annotations;
};

struct kp_cedar_namespace_decl {
	struct kp_cedar_namespace_decl *next;
	const struct kp_cedar_name *name; /* "" for what stands in none */
	const char *file;                 /* for messages; may be NULL */
	struct kp_cedar_pos pos;
	struct kp_cedar_annotations annotations;
	struct kp_cedar_common_decl *commons, **commons_end;
	struct kp_cedar_entity_decl *entities, **entities_end;
	struct kp_cedar_action_decl *actions, **actions_end;
};

/* Lifetime: as its arena. */
struct kp_cedar_schema_source {
	struct kp_arena *arena;
	struct kp_cedar_names *names;
	struct kp_cedar_namespace_decl *namespaces, **namespaces_end;
};

/* Empty; all of it will be in the arena, its names in the table. */
void kp_cedar_schema_source_init(struct kp_cedar_schema_source *source,
	struct kp_arena *arena, struct kp_cedar_names *names);

/*
 * Adds the declarations of a text in the human-readable syntax. After an error it goes on
 * behind the next semicolon. `file` is kept and may be NULL; text is not kept.
 * KP_E_SYNTAX when there are findings, KP_E_LIMIT, KP_E_MEMORY.
 */
enum kp_status kp_cedar_schema_read_text(struct kp_cedar_schema_source *source,
	const char *file, struct kp_slice text, struct kp_findings *findings) KP_MUST_USE;

/*
 * The same from the JSON syntax; findings have the position in the text and a JSON
 * pointer. KP_E_SYNTAX when it is not JSON, KP_E_INVALID when it is not a schema.
 */
enum kp_status kp_cedar_schema_read_json(struct kp_cedar_schema_source *source,
	const char *file, struct kp_slice text, struct kp_findings *findings) KP_MUST_USE;

/* Writes the JSON form, members in the order of the text. Check buffer->failed. */
void kp_cedar_schema_write_json(
	struct kp_buffer *buffer, const struct kp_cedar_schema_source *source);

/* The namespace, made and added at the end when it is new. NULL: no memory. */
struct kp_cedar_namespace_decl *kp_cedar_schema_source_namespace(
	struct kp_cedar_schema_source *source, const struct kp_cedar_name *name,
	bool *ret_new) KP_MUST_USE;
/* True for Bool Boolean Entity Extension Long Record Set String: no common type's name.
 */
bool kp_cedar_schema_reserved(struct kp_slice name);

#endif
