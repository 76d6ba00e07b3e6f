/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* bundle: looking into one, and its life. Making one is bundle_load.c. */
#include "policies/bundle.h"

#include <stdlib.h>

struct kp_bundle *
kp_bundle_ref(struct kp_bundle *bundle)
{
	(void)atomic_fetch_add_explicit(&bundle->counters->refs, 1, memory_order_relaxed);
	return bundle;
}

void
kp_bundle_unref(struct kp_bundle **bundle)
{
	struct kp_bundle *held = *bundle;
	*bundle = NULL;
	if (held == NULL ||
		atomic_fetch_sub_explicit(
			&held->counters->refs, 1, memory_order_acq_rel) != 1) {
		return;
	}
	kp_arena_deinit(&held->arena);
	free(held);
}

const struct kp_catalogue *
kp_bundle_catalogue(const struct kp_bundle *bundle)
{
	return bundle->catalogue;
}

struct kp_slice
kp_bundle_version(const struct kp_bundle *bundle)
{
	return bundle->version;
}

const struct kp_purpose *
kp_bundle_find_purpose(const struct kp_bundle *bundle, struct kp_slice id)
{
	uint32_t at = kp_name_index_find(&bundle->registers.purpose_index, id);
	return at == KP_NO_ID ? NULL : &bundle->registers.purposes[at];
}

bool
kp_bundle_find_profile(
	const struct kp_bundle *bundle, struct kp_slice id, const uint64_t **ret_fields)
{
	uint32_t at = kp_name_index_find(&bundle->registers.profile_index, id);
	if (at != KP_NO_ID) {
		*ret_fields = bundle->registers.profiles[at].fields;
	}
	return at != KP_NO_ID;
}

uint32_t
kp_bundle_overdue(const struct kp_bundle *bundle, int64_t now_ms,
	kp_overdue_fn on_overdue, void *ctx)
{
	uint32_t count = 0;
	const struct kp_registers *registers = &bundle->registers;
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		const struct kp_purpose *purpose = &registers->purposes[i];
		const struct kp_overdue overdue = {true, purpose->id,
			registers->purpose_owners[i], purpose->review_ms};
		if (now_ms >= purpose->review_ms) {
			count++;
			if (on_overdue != NULL) {
				on_overdue(ctx, &overdue);
			}
		}
	}
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		const struct kp_rule *rule = &bundle->rules.rules[i];
		const struct kp_overdue overdue = {
			false, rule->id, rule->owner, rule->review_ms};
		if (rule->policy->effect == KP_CEDAR_PERMIT &&
			now_ms >= rule->review_ms) {
			count++;
			if (on_overdue != NULL) {
				on_overdue(ctx, &overdue);
			}
		}
	}
	return count;
}

uint32_t
kp_bundle_overdue_at_load(const struct kp_bundle *bundle)
{
	return bundle->overdue_at_load;
}
