/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* link: a policy made of a template by saying who its slots are. */
#ifndef KP_CEDAR_LINK_H
#define KP_CEDAR_LINK_H

#include "ast.h"

/* NULL: no value for that slot. */
struct kp_cedar_slot_values {
	const struct kp_cedar_uid *principal;
	const struct kp_cedar_uid *resource;
};

/*
 * Adds the policy `new_id` made of the template `template_id` to set->policies. It shares
 * the template's conditions and annotations. KP_E_NOT_FOUND without that template;
 * KP_E_INVALID when the id is taken by any policy or template, or the values are not
 * exactly the template's slots; KP_E_MEMORY. The set is unchanged then.
 */
enum kp_status kp_cedar_link(struct kp_cedar_policy_set *set,
	const struct kp_cedar_name *template_id, const struct kp_cedar_name *new_id,
	const struct kp_cedar_slot_values *values, struct kp_error *err) KP_MUST_USE;

/* Is the id in use by a policy or a template? */
bool kp_cedar_policy_set_has(
	const struct kp_cedar_policy_set *set, const struct kp_cedar_name *id);

#endif
