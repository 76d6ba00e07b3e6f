/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_json: Cedar's JSON form of policies, templates and policy sets, both ways. It
 * says the same as the text, so that text to JSON to ast gives an equal tree; only
 * positions differ (they are those in the JSON).
 */
#ifndef KP_CEDAR_POLICY_JSON_H
#define KP_CEDAR_POLICY_JSON_H

#include "ast.h"
#include "core/buffer.h"

/* Writes one policy or template. Check buffer->failed. */
void kp_cedar_policy_write_json(
	struct kp_buffer *buffer, const struct kp_cedar_policy *policy);
/* {"staticPolicies":..., "templates":..., "templateLinks":...}; linked policies as links.
 */
void kp_cedar_policy_set_write_json(
	struct kp_buffer *buffer, const struct kp_cedar_policy_set *set);

/*
 * Adds the policy or template in `text` to the set under `id`. Unknown members, unknown
 * functions, slots in conditions and integers that do not fit are findings, with position
 * and JSON pointer. `file` is kept and may be NULL. KP_E_SYNTAX when it is not JSON,
 * KP_E_INVALID when it is no policy or the id is taken, KP_E_LIMIT, KP_E_MEMORY.
 */
enum kp_status kp_cedar_policy_read_json(struct kp_cedar_policy_set *set,
	struct kp_cedar_names *names, const char *file, struct kp_slice text,
	const struct kp_cedar_name *id, struct kp_findings *findings) KP_MUST_USE;

/* The same for a whole set; templates are linked as templateLinks says. */
enum kp_status kp_cedar_policy_set_read_json(struct kp_cedar_policy_set *set,
	struct kp_cedar_names *names, const char *file, struct kp_slice text,
	struct kp_findings *findings) KP_MUST_USE;

#endif
