/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * entities: who exists, with what attributes and tags, and in what. A store is filled,
 * closed (ancestors computed, cycles refused) and from then on only read, by any thread.
 * A store may stand on a closed one: the bundle's entities below, those of one request on
 * top.
 */
#ifndef KP_CEDAR_ENTITIES_H
#define KP_CEDAR_ENTITIES_H

#include "names.h"
#include "value.h"

/* Entities in one store, parents of one entity, and values inside each other in JSON. */
#define KP_CEDAR_ENTITIES_MAX ((size_t)1 << 22)
#define KP_CEDAR_VALUE_NESTING_MAX 128

struct kp_cedar_tag {
	struct kp_slice key;
	struct kp_cedar_value value;
};

struct kp_cedar_entity {
	const struct kp_cedar_uid *uid;
	const struct kp_cedar_record *attrs; /* never NULL */
	const struct kp_cedar_tag *tags;     /* sorted by kp_slice_compare */
	size_t tag_count;
	const struct kp_cedar_uid *const *parents; /* as given, no duplicates */
	size_t parent_count;
	/* After close: all it is in, itself not included, sorted by index. */
	const struct kp_cedar_uid *const *ancestors;
	size_t ancestor_count;
};

/* Lifetime: as its arena. */
struct kp_cedar_entities {
	struct kp_arena *arena;
	const struct kp_cedar_entities *below; /* closed; may be NULL */
	struct kp_cedar_entity **slots;        /* open addressing by uid */
	size_t size;
	struct kp_cedar_entity **items; /* in order of arrival */
	size_t count;
	/* Parents that are in no store, sorted by index; set by close. */
	const struct kp_cedar_uid *const *missing;
	size_t missing_count;
	bool closed;
};

/* Empty, standing on `below` (NULL: on nothing), which is closed and outlives it. */
void kp_cedar_entities_init(struct kp_cedar_entities *entities, struct kp_arena *arena,
	const struct kp_cedar_entities *below);

/*
 * Adds a copy of `entity` (ancestors are ignored, tags are sorted, double parents
 * dropped; what it points to is kept). The same uid again is fine when all is equal, else
 * KP_E_INVALID. KP_E_MEMORY, KP_E_LIMIT.
 */
enum kp_status kp_cedar_entities_add(struct kp_cedar_entities *entities,
	const struct kp_cedar_entity *entity, struct kp_error *err) KP_MUST_USE;

/*
 * Computes the ancestors; parents that are in no store are allowed. KP_E_INVALID when an
 * entity is in itself, over however many steps, or is such a missing parent of an entity
 * in a store below.
 */
enum kp_status kp_cedar_entities_close(
	struct kp_cedar_entities *entities, struct kp_error *err) KP_MUST_USE;

/* NULL when it is not there. */
const struct kp_cedar_entity *kp_cedar_entities_find(
	const struct kp_cedar_entities *entities, const struct kp_cedar_uid *uid);
/* True when `ancestor` is among the entity's ancestors. The entity itself does not count.
 */
bool kp_cedar_entity_in(
	const struct kp_cedar_entity *entity, const struct kp_cedar_uid *ancestor);
/* NULL when the entity has no such tag. */
const struct kp_cedar_value *kp_cedar_entity_tag(
	const struct kp_cedar_entity *entity, struct kp_slice key);

/*
 * What a schema knows about a place in JSON, so that entity references may be bare
 * {"type","id"} and extension values bare strings or {"fn","arg"}. `type` is the schema's
 * own; NULL means nothing is known and only explicit escapes are read. Reading never
 * checks types: the schema does, on the values and with the messages it likes. Every
 * function but `reject` must be set.
 */
struct kp_cedar_json_guide {
	const void *schema;
	/* Type of an attribute of an entity; of a tag; NULL when unknown. */
	const void *(*attr_type)(const void *schema, const struct kp_cedar_uid *uid,
		const struct kp_cedar_name *attr);
	const void *(*tag_type)(const void *schema, const struct kp_cedar_uid *uid);
	/* The kind of value that a type wants. */
	enum kp_cedar_kind (*kind)(const void *schema, const void *type);
	/* Of a set type: of its elements. Of a record type: of one attribute, NULL when
	 * unknown. */
	const void *(*element_type)(const void *schema, const void *type);
	const void *(*field_type)(
		const void *schema, const void *type, const struct kp_cedar_name *field);
	/* May be NULL. Called on each entity before it is added; not KP_OK refuses it,
	 * with `err`. */
	enum kp_status (*check)(const void *schema, const struct kp_cedar_entity *entity,
		struct kp_error *err);
};

/*
 * Entities JSON (an array of {uid, attrs, parents, tags?}) added to `entities`, which is
 * not closed by this. `guide` may be NULL. KP_E_SYNTAX (position) when it is not JSON,
 * KP_E_INVALID (place is a JSON pointer) when it is not entities, KP_E_LIMIT,
 * KP_E_MEMORY. Text is not kept.
 */
enum kp_status kp_cedar_entities_parse(struct kp_cedar_entities *entities,
	struct kp_cedar_names *names, struct kp_slice text,
	const struct kp_cedar_json_guide *guide, struct kp_error *err) KP_MUST_USE;

/* One JSON value (a context: an object). `type` as in the guide, both may be NULL. */
enum kp_status kp_cedar_value_parse(struct kp_arena *arena, struct kp_cedar_names *names,
	struct kp_slice text, const struct kp_cedar_json_guide *guide, const void *type,
	struct kp_cedar_value *ret_value, struct kp_error *err) KP_MUST_USE;

#endif
