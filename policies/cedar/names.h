/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * names: every identifier, type path, attribute name and entity uid exists once, so that
 * comparing two of them is comparing two pointers. A table may stand on another one that
 * no longer changes (the bundle's): a request then adds its own names in its own arena,
 * and pointers still compare.
 */
#ifndef KP_CEDAR_NAMES_H
#define KP_CEDAR_NAMES_H

#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"

/* Identifier, attribute name, entity id or type path ("NS::Type", normalised). Compare
 * pointers. */
struct kp_cedar_name {
	struct kp_slice text; /* owned by the table's arena, NUL behind it */
	uint32_t hash;
	uint32_t index; /* order of arrival, unique over a table and those below it */
};

/* Type::"id". Compare pointers. */
struct kp_cedar_uid {
	const struct kp_cedar_name *type;
	const struct kp_cedar_name *id;
	uint32_t hash;
	uint32_t index;
};

struct kp_cedar_name_table {
	const void **slots; /* open addressing, a power of two */
	uint32_t size;
	uint32_t count;
};

/* Lifetime: as its arena. Adding: one thread. Finding in a table that nobody adds to: any
 * thread. */
struct kp_cedar_names {
	struct kp_arena *arena;
	const struct kp_cedar_names *below; /* may be NULL; must not change any more */
	struct kp_cedar_name_table names;
	struct kp_cedar_name_table uids;
	uint32_t index_next;
};

/* Makes an empty table on top of `below` (may be NULL). */
void kp_cedar_names_init(struct kp_cedar_names *names, struct kp_arena *arena,
	const struct kp_cedar_names *below);

/* The one name with this text, made when it is new. NULL when memory runs out. */
const struct kp_cedar_name *kp_cedar_name(
	struct kp_cedar_names *names, struct kp_slice text) KP_MUST_USE;
/* NULL when nobody made it. */
const struct kp_cedar_name *kp_cedar_name_find(
	const struct kp_cedar_names *names, struct kp_slice text);

/* The one uid of this type and id, both from the same tables. NULL when memory runs out.
 */
const struct kp_cedar_uid *kp_cedar_uid(struct kp_cedar_names *names,
	const struct kp_cedar_name *type, const struct kp_cedar_name *id) KP_MUST_USE;
/* The same from two texts. `type` must be a normalised path (see kp_cedar_path_check). */
const struct kp_cedar_uid *kp_cedar_uid_of(struct kp_cedar_names *names,
	struct kp_slice type, struct kp_slice id) KP_MUST_USE;
/* NULL when nobody made it. */
const struct kp_cedar_uid *kp_cedar_uid_find(
	const struct kp_cedar_names *names, struct kp_slice type, struct kp_slice id);

/* "B" of "NS::A::B"; a part of `path`. */
struct kp_slice kp_cedar_path_base(struct kp_slice path);
/* "NS::A" of "NS::A::B", empty when there is none; a part of `path`. */
struct kp_slice kp_cedar_path_namespace(struct kp_slice path);
/* True for identifiers joined by "::" without white space, none of them reserved or
 * __cedar. */
bool kp_cedar_path_check(struct kp_slice path);
/* True for [_a-zA-Z][_a-zA-Z0-9]*, reserved words included. */
bool kp_cedar_ident_check(struct kp_slice text);
/* True for true false if then else in is like has. */
bool kp_cedar_ident_reserved(struct kp_slice text);

/*
 * Of `known`, the word nearest to `word` (edit distance with a bound that grows with
 * length); NULL when none is near enough. For "did you mean".
 */
const char *kp_cedar_nearest(
	struct kp_slice word, const char *const *known, size_t known_count);

#endif
