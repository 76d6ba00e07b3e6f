/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_tree: a JSON text of Cedar's (schema, policies, values) as a tree that knows where
 * everything stands. On top of the gateway's own reader, because names and strings here
 * may hold NUL and policies nest deeper than jansson allows. Integers stay text.
 */
#ifndef KP_CEDAR_JSON_TREE_H
#define KP_CEDAR_JSON_TREE_H

#include <stdint.h>

#include "core/arena.h"
#include "core/attr.h"
#include "core/error.h"
#include "core/slice.h"

/* Objects and arrays inside each other: enough for the highest expression there may be.
 */
#define KP_CEDAR_JSON_DEPTH_MAX 2200u

enum kp_cedar_json_kind {
	KP_CEDAR_JSON_OBJECT,
	KP_CEDAR_JSON_ARRAY,
	KP_CEDAR_JSON_STRING,
	KP_CEDAR_JSON_NUMBER,
	KP_CEDAR_JSON_TRUE,
	KP_CEDAR_JSON_FALSE,
	KP_CEDAR_JSON_NULL,
};

/* Lifetime: as the arena and the text it was read from. Read-only. */
struct kp_cedar_json {
	enum kp_cedar_json_kind kind;
	uint32_t count;                     /* members or items */
	uint32_t line;                      /* 1-based, of its first byte */
	uint32_t column;                    /* 1-based, in bytes */
	const struct kp_cedar_json *parent; /* NULL at the top */
	const struct kp_cedar_json *next;   /* member or item after it */
	const struct kp_cedar_json *first;
	struct kp_slice name; /* of a member; escapes taken out */
	struct kp_slice text; /* STRING: escapes taken out; NUMBER: as written */
};

/* A text and where its findings go. Lifetime: the reading. */
struct kp_cedar_json_text {
	struct kp_slice text;
	const char *file; /* may be NULL */
	struct kp_findings *findings;
};

/*
 * Reads one JSON text. A name twice in one object is refused. Adds one finding on
 * failure: KP_E_SYNTAX, KP_E_INVALID (name twice), KP_E_LIMIT, KP_E_MEMORY.
 */
enum kp_status kp_cedar_json_parse(struct kp_arena *arena,
	const struct kp_cedar_json_text *text,
	const struct kp_cedar_json **ret_root) KP_MUST_USE;

/* Adds a KP_E_INVALID finding at a node: position, JSON pointer and the sentence. */
void kp_cedar_json_complain(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *node, const char *format, ...) KP_PRINTF(3, 4);
/* "an object", "a string", ... */
const char *kp_cedar_json_kind_name(enum kp_cedar_json_kind kind);

/* The member of an object; NULL when there is none or the node is no object. */
const struct kp_cedar_json *kp_cedar_json_member(
	const struct kp_cedar_json *object, const char *name);
/* True when the node is of that kind; else a finding. */
bool kp_cedar_json_expect(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *node, enum kp_cedar_json_kind kind);
/* True for an object with only these members; else a finding for each other one, with the
 * nearest of the known ones. */
bool kp_cedar_json_members(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *object, const char *const *known, size_t known_count);
/* The member that must be there, and of that kind; else a finding and NULL. */
const struct kp_cedar_json *kp_cedar_json_require(const struct kp_cedar_json_text *text,
	const struct kp_cedar_json *object, const char *name,
	enum kp_cedar_json_kind kind);
/* True for an integer without fraction or exponent that fits 64 bits. */
bool kp_cedar_json_integer(const struct kp_cedar_json *node, int64_t *ret_integer);

#endif
