/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_document: a whole JSON text that people write (configuration, catalogue,
 * registers, manifests) as a tree that knows where everything stands. Parsing is
 * jansson's, with duplicate names refused; the tree adds line, column and JSON pointer.
 * The typed getters report what is wrong instead of failing, so a reader that goes on
 * finds all faults of a file in one run. A member named "//" is a comment, anywhere.
 *
 * Not for client data and not for the answer path: see json_read.h.
 */
#ifndef KP_CORE_JSON_DOCUMENT_H
#define KP_CORE_JSON_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_JSON_FILE_BYTES_MAX ((size_t)16 << 20)
#define KP_JSON_FILE_DEPTH_MAX 64u

enum kp_json_kind {
	KP_JSON_KIND_OBJECT,
	KP_JSON_KIND_ARRAY,
	KP_JSON_KIND_STRING,
	KP_JSON_KIND_INTEGER,
	KP_JSON_KIND_REAL,
	KP_JSON_KIND_BOOLEAN,
	KP_JSON_KIND_NULL,
};

/* Lifetime: as the document's arena. Read-only. */
struct kp_json_node {
	const struct kp_json_node *parent; /* NULL at the root */
	const struct kp_json_node *next;   /* next member or item; NULL at the last */
	const struct kp_json_node *first;  /* of an object or array; NULL when empty */
	struct kp_slice name;              /* of a member; empty for an item */
	struct kp_slice text;              /* of a string; a NUL stands behind it */
	struct kp_slice raw;               /* as written; in the caller's text */
	int64_t integer;
	double real;     /* of a real, and of an integer too */
	uint32_t count;  /* members ("//" included) or items */
	uint32_t index;  /* among its siblings */
	uint32_t line;   /* 1-based, of the value's first byte */
	uint32_t column; /* 1-based, in bytes */
	enum kp_json_kind kind;
	bool boolean;
};

struct kp_json_document {
	const char *file; /* name for findings; borrowed */
	const struct kp_json_node *root;
	struct kp_arena *arena;       /* borrowed */
	struct kp_findings *findings; /* borrowed; where the getters report */
};

/*
 * Parses `text`. `file`, `arena`, `findings` and `text` (for `raw` only) must outlive the
 * document. KP_E_CONFIG with one finding when it is not JSON (RFC 8259), has a name
 * twice in one object, or is larger or deeper than the limits above; KP_E_MEMORY.
 */
enum kp_status kp_json_document_load(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_json_document *ret_document) KP_MUST_USE;

/* Adds a finding at a node: file, line, column, JSON pointer, and the sentence. */
void kp_json_finding(const struct kp_json_document *document,
	const struct kp_json_node *node, const char *format, ...) KP_PRINTF(3, 4);
/* Writes the node's JSON pointer (RFC 6901), cut when it does not fit; the root's is "".
 * Returns `out`. */
const char *kp_json_pointer(const struct kp_json_node *node, char *out, size_t out_size);
/* "object", "text", "whole number" ...: words for messages. */
const char *kp_json_kind_name(enum kp_json_kind kind);

/* The member of that name; NULL when there is none or the node is not an object. */
const struct kp_json_node *kp_json_member(
	const struct kp_json_node *object, const char *name);

/* Is this node of the kind? Reports it when not. */
bool kp_json_expect(const struct kp_json_document *document,
	const struct kp_json_node *node, enum kp_json_kind kind);
/* Reports each member that is not among the known names, with the nearest one. Checks
 * that the node is an object first; false when anything was reported. */
bool kp_json_expect_members(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *const *known, size_t known_count);

enum kp_json_use {
	KP_JSON_OPTIONAL,
	KP_JSON_REQUIRED, /* absence is reported */
};

/*
 * Getters of one member of `object`. Each reports a missing required member, a wrong type
 * and a value out of bounds, and then answers false, leaving *ret as it was: set the
 * default before the call. A missing optional member answers false without a report.
 */
bool kp_json_get_text(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	struct kp_slice *ret_text); /* an empty text counts as wrong */
bool kp_json_get_integer(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	int64_t min, int64_t max, int64_t *ret_integer);
bool kp_json_get_real(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	double min, double max, double *ret_real);
bool kp_json_get_boolean(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	bool *ret_boolean);
/* One of `words`; answers its index. */
bool kp_json_get_choice(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	const char *const *words, size_t word_count, size_t *ret_index);
/* A member that is an object or an array; NULL as the getters answer false. */
const struct kp_json_node *kp_json_get_object(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use);
const struct kp_json_node *kp_json_get_array(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use);
/* An array of non-empty texts, each at most once, in the document's arena. */
bool kp_json_get_texts(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *name, enum kp_json_use use,
	struct kp_slice **ret_texts, size_t *ret_count);

/* Is this member a comment ("//")? For loops over members. */
static inline bool
kp_json_is_comment(const struct kp_json_node *member)
{
	return kp_slice_is(member->name, "//");
}

#endif
