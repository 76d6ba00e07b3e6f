/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * type: the types a Cedar expression can have. Immutable. Those of one schema exist once
 * each, so that two of them are equal when their pointers are; the checker makes a few of
 * its own, for record and set literals.
 */
#ifndef KP_CEDAR_TYPE_H
#define KP_CEDAR_TYPE_H

#include "core/arena.h"
#include "names.h"
#include "value.h"

/* Sets and records inside each other, after common types are filled in. */
#define KP_CEDAR_TYPE_NESTING_MAX 64
/* Room that kp_cedar_type_text wants. */
#define KP_CEDAR_TYPE_TEXT_MAX 120

enum kp_cedar_type_kind {
	KP_CEDAR_TYPE_TRUE, /* a bool that is known to be true */
	KP_CEDAR_TYPE_FALSE,
	KP_CEDAR_TYPE_BOOL,
	KP_CEDAR_TYPE_LONG,
	KP_CEDAR_TYPE_STRING,
	KP_CEDAR_TYPE_DECIMAL,
	KP_CEDAR_TYPE_IPADDR,
	KP_CEDAR_TYPE_DATETIME,
	KP_CEDAR_TYPE_DURATION,
	KP_CEDAR_TYPE_ENTITY,
	KP_CEDAR_TYPE_SET,
	KP_CEDAR_TYPE_RECORD,
};

/* One attribute of a record type, or of an entity type's record. */
struct kp_cedar_type_attr {
	const struct kp_cedar_name *name;
	const struct kp_cedar_type *type;
	bool required;
};

struct kp_cedar_type {
	enum kp_cedar_type_kind kind;
	uint16_t depth; /* 1 without sets and records */
	union {
		const struct kp_cedar_name *entity;
		const struct kp_cedar_type *element; /* SET */
		struct { /* RECORD; sorted by the names' index */
			const struct kp_cedar_type_attr *attrs;
			size_t attr_count;
		};
	};
};

/* The one type of a kind below ENTITY; lives forever. */
const struct kp_cedar_type *kp_cedar_type_plain(enum kp_cedar_type_kind kind);
/* The type that values of a kind have; NULL for entities, sets and records. */
const struct kp_cedar_type *kp_cedar_type_of_kind(enum kp_cedar_kind kind);
/* The kind of value that belongs to a type. */
enum kp_cedar_kind kp_cedar_type_value_kind(const struct kp_cedar_type *type);

static inline bool
kp_cedar_type_is_bool(const struct kp_cedar_type *type)
{
	return type->kind <= KP_CEDAR_TYPE_BOOL;
}

/* NULL when the record type has no such attribute. */
const struct kp_cedar_type_attr *kp_cedar_type_attr(
	const struct kp_cedar_type *record, const struct kp_cedar_name *name);
/* Sorts `attrs` as a record type wants them. */
void kp_cedar_type_attrs_sort(struct kp_cedar_type_attr *attrs, size_t count);

/* The same type? Those of one schema are by their pointers, others by what they hold. */
bool kp_cedar_type_equal(const struct kp_cedar_type *a, const struct kp_cedar_type *b);

/*
 * The least type that holds both, as strict validation allows it: equal types, but for
 * bools of which more or less is known. *ret_type is NULL when there is none. KP_E_MEMORY
 * is the only failure. New types are made in `arena`.
 */
enum kp_status kp_cedar_type_join(struct kp_arena *arena, const struct kp_cedar_type *a,
	const struct kp_cedar_type *b, const struct kp_cedar_type **ret_type) KP_MUST_USE;

/*
 * Writes the type as a schema would, cut with dots when it does not fit in
 * KP_CEDAR_TYPE_TEXT_MAX. Returns `out`.
 */
const char *kp_cedar_type_text(
	const struct kp_cedar_type *type, char out[KP_CEDAR_TYPE_TEXT_MAX]);

#endif
