/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* link: see link.h. */
#include "link.h"

bool
kp_cedar_policy_set_has(
	const struct kp_cedar_policy_set *set, const struct kp_cedar_name *id)
{
	return kp_cedar_policy_list_find(&set->policies, id) != NULL ||
		kp_cedar_policy_list_find(&set->templates, id) != NULL;
}

static enum kp_status
check_slot(const struct kp_cedar_scope *scope, const struct kp_cedar_uid *value,
	const char *slot, struct kp_error *err)
{
	if (scope->slot && value == NULL) {
		return kp_error_set(err, KP_E_INVALID,
			"the template has the slot %s and it has no value", slot);
	}
	if (!scope->slot && value != NULL) {
		return kp_error_set(err, KP_E_INVALID,
			"the template has no slot %s, but a value for it", slot);
	}
	return KP_OK;
}

static void
fill(struct kp_cedar_scope *scope, const struct kp_cedar_uid *value)
{
	if (scope->slot) {
		scope->slot = false;
		scope->uid = value;
	}
}

enum kp_status
kp_cedar_link(struct kp_cedar_policy_set *set, const struct kp_cedar_name *template_id,
	const struct kp_cedar_name *new_id, const struct kp_cedar_slot_values *values,
	struct kp_error *err)
{
	const struct kp_cedar_policy *template =
		kp_cedar_policy_list_find(&set->templates, template_id);
	if (template == NULL) {
		return kp_error_set(err, KP_E_NOT_FOUND, "there is no template `%.*s`",
			KP_SLICE_ARG(template_id->text));
	}
	if (kp_cedar_policy_set_has(set, new_id)) {
		return kp_error_set(err, KP_E_INVALID,
			"there is already a policy or template `%.*s`",
			KP_SLICE_ARG(new_id->text));
	}
	enum kp_status status =
		check_slot(&template->principal, values->principal, "?principal", err);
	if (status == KP_OK) {
		status = check_slot(
			&template->resource, values->resource, "?resource", err);
	}
	if (status != KP_OK) {
		return status;
	}
	struct kp_cedar_policy *policy =
		KP_ARENA_NEW(set->policies.arena, struct kp_cedar_policy);
	if (policy == NULL) {
		return kp_error_set(
			err, KP_E_MEMORY, "no memory left for a linked policy");
	}
	*policy = *template;
	policy->id = new_id;
	policy->has_slots = false;
	policy->template = template;
	fill(&policy->principal, values->principal);
	fill(&policy->resource, values->resource);
	if (kp_cedar_policy_list_add(&set->policies, policy) != KP_OK) {
		return kp_error_set(
			err, KP_E_MEMORY, "no memory left for a linked policy");
	}
	return KP_OK;
}
