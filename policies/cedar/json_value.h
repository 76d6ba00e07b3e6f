/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_value: Cedar's uids, values and entities from a JSON tree. For whole texts see
 * entities.h.
 */
#ifndef KP_CEDAR_JSON_VALUE_H
#define KP_CEDAR_JSON_VALUE_H

#include "entities.h"
#include "json_tree.h"

/* What reading a tree needs. Lifetime: the caller's; start with depth 0. */
struct kp_cedar_json_reader {
	struct kp_arena *arena; /* of the values */
	struct kp_cedar_names *names;
	struct kp_cedar_json_text text; /* the tree's; its findings are not used */
	const struct kp_cedar_json_guide *guide; /* may be NULL */
	unsigned depth; /* sets and records around the value being read */
};

/* Parses a text; the first finding goes to `err`. */
enum kp_status kp_cedar_json_open(struct kp_cedar_json_reader *reader,
	struct kp_arena *arena, const struct kp_cedar_json **ret_root,
	struct kp_error *err) KP_MUST_USE;

/* Fills `err` (may be NULL) with KP_E_INVALID at a node: line, column, JSON pointer.
 * Returns KP_E_INVALID. */
enum kp_status kp_cedar_json_refuse(const struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *node, struct kp_error *err, const char *format, ...)
	KP_PRINTF(4, 5);

/* {"type","id"} or {"__entity":{"type","id"}}. */
enum kp_status kp_cedar_json_uid(struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *node, const struct kp_cedar_uid **ret_uid,
	struct kp_error *err) KP_MUST_USE;
/* Any value; `type` is the guide's and may be NULL. KP_E_INVALID, KP_E_LIMIT (nesting),
 * KP_E_MEMORY. Nothing points into the tree afterwards. */
enum kp_status kp_cedar_json_value(struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *node, const void *type,
	struct kp_cedar_value *ret_value, struct kp_error *err) KP_MUST_USE;
/* One element of entities JSON; points into the reader's arena. Not checked, not added.
 */
enum kp_status kp_cedar_json_entity(struct kp_cedar_json_reader *reader,
	const struct kp_cedar_json *node, struct kp_cedar_entity *ret_entity,
	struct kp_error *err) KP_MUST_USE;

#endif
