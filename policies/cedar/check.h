/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * check: policies against a schema, as Cedar's strict validator does (cedar-spec,
 * Cedar/Validation), with the level check of RFC 76. A policy is checked in every
 * environment (principal type, action, resource type) that its scope admits. Pure; any
 * thread.
 */
#ifndef KP_CEDAR_CHECK_H
#define KP_CEDAR_CHECK_H

#include "ast.h"
#include "schema.h"

/* Steps of work on one policy, over all environments: a bound on hostile policies. */
#define KP_CEDAR_CHECK_STEPS_MAX ((uint64_t)20 * 1000 * 1000)
#define KP_CEDAR_CHECK_BYTES_MAX ((size_t)256 << 20)
/* Findings of one policy; what comes after them is not reported. */
#define KP_CEDAR_CHECK_FINDINGS_MAX ((size_t)50)

struct kp_cedar_check_options {
	/* A scope that no declared action can match: an error up to Cedar 4.12, a warning
	 * since 4.13. All zero: an error. */
	bool inapplicable_is_warning;
	/* How many steps of `.attr`, tags or `in` may go from principal, action, resource
	 * or context into stored entities. Without `level_checked`: any number. */
	bool level_checked;
	unsigned level_max;
};

/*
 * Checks every policy and template of the set. `options` may be NULL: all zero. Findings
 * have the position, the policy's id as place, what was expected and, for a name that
 * does not exist, the nearest that does. `warnings` may be NULL: policies that can never
 * apply. KP_OK without errors; KP_E_INVALID with; KP_E_LIMIT, KP_E_MEMORY (with a
 * finding).
 */
enum kp_status kp_cedar_check_policies(const struct kp_cedar_schema *schema,
	const struct kp_cedar_policy_set *set,
	const struct kp_cedar_check_options *options, struct kp_findings *errors,
	struct kp_findings *warnings) KP_MUST_USE;

#endif
