/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * parse: Cedar policy text to ast, the grammar of language 4.5 complete. Every error says
 * where, what was expected and, for a name that does not exist, the nearest one that
 * does.
 */
#ifndef KP_CEDAR_PARSE_H
#define KP_CEDAR_PARSE_H

#include "ast.h"

/*
 * Adds the policies of `text` to `set`: policies to set->policies, those with slots to
 * set->templates. They are named policy0, policy1, ... by position in this text. After an
 * error it goes on behind the next semicolon, so `findings` gets one error per broken
 * policy; set then holds the sound ones and must not be used for decisions. Text is not
 * kept; `file` is, and may be NULL. KP_E_SYNTAX when there are findings, KP_E_LIMIT,
 * KP_E_MEMORY.
 */
enum kp_status kp_cedar_parse_policies(struct kp_cedar_policy_set *set,
	struct kp_cedar_names *names, const char *file, struct kp_slice text,
	struct kp_findings *findings) KP_MUST_USE;

/* One expression and nothing behind it. */
enum kp_status kp_cedar_parse_expr(struct kp_arena *arena, struct kp_cedar_names *names,
	const char *file, struct kp_slice text, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err) KP_MUST_USE;

/* Type::"id" and nothing behind it. */
enum kp_status kp_cedar_parse_uid(struct kp_arena *arena, struct kp_cedar_names *names,
	struct kp_slice text, const struct kp_cedar_uid **ret_uid,
	struct kp_error *err) KP_MUST_USE;

#endif
