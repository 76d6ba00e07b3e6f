/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* expr_json: what the readers of the JSON form share. Only they include it. */
#ifndef KP_CEDAR_EXPR_JSON_H
#define KP_CEDAR_EXPR_JSON_H

#include "ast.h"
#include "json_tree.h"

/* One reading. A reader that returns NULL has added a finding, or set `failed`. */
struct kp_cedar_expr_json_reader {
	struct kp_cedar_policy_set *set;
	struct kp_arena *arena;
	struct kp_cedar_names *names;
	struct kp_cedar_json_text text;
	bool failed; /* no memory left */
};

/* Memory from the reader's arena; NULL sets `failed`. */
void *kp_cedar_expr_json_make(
	struct kp_cedar_expr_json_reader *reader, size_t count, size_t size);
const struct kp_cedar_name *kp_cedar_expr_json_intern(
	struct kp_cedar_expr_json_reader *reader, struct kp_slice text);
/* A type path, normalised. */
const struct kp_cedar_name *kp_cedar_expr_json_path(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node);
/* {"type","id"} or {"__entity": {...}}. */
const struct kp_cedar_uid *kp_cedar_expr_json_uid(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node);
struct kp_cedar_pos kp_cedar_expr_json_pos(const struct kp_cedar_json *node);

/* NULL after a finding, or when memory ran out. */
const struct kp_cedar_expr *kp_cedar_expr_json_read(
	struct kp_cedar_expr_json_reader *reader, const struct kp_cedar_json *node);

#endif
