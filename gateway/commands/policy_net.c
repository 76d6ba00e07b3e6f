/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_net: prohibitions that only catch what other rules may one day permit. */
#include "commands/policy_view.h"

#include "core/bits.h"

/* Combinations of facts in which this row may permit the cell. */
static uint64_t
permitted_in(const struct kp_row *row, uint32_t cell)
{
	uint64_t combinations = 0;
	for (uint32_t i = 0; i < row->permit_count; i++) {
		if (kp_bits_has(row->entries[i].cells, cell)) {
			combinations |= row->entries[i].applies;
		}
	}
	return combinations;
}

/* As if one person held every role: so that no combination of roles is overlooked. */
static uint64_t
permitted_to_anybody(const struct kp_bundle *bundle, enum kp_action action,
	uint32_t organisation, uint32_t purpose, uint32_t cell)
{
	uint64_t combinations = 0;
	for (uint32_t role = 0; role < bundle->compiled.role_rows; role++) {
		combinations |= permitted_in(kp_compiled_row(&bundle->compiled, action,
						     role, organisation, purpose),
			cell);
	}
	return combinations;
}

static bool
changes_any_cell(const struct kp_bundle *bundle, const struct kp_part *part,
	enum kp_action action, uint32_t organisation, uint32_t purpose)
{
	uint64_t forbids =
		part->condition == KP_NO_ID ? part->holds | part->errs : UINT64_MAX;
	for (uint32_t cell = 0; cell < bundle->catalogue->cell_count; cell++) {
		if (kp_bits_has(part->cells, cell) &&
			(permitted_to_anybody(
				 bundle, action, organisation, purpose, cell) &
				forbids) != 0) {
			return true;
		}
	}
	return false;
}

static bool
changes_any_purpose(const struct kp_bundle *bundle, const struct kp_part *part,
	enum kp_action action, uint32_t organisation)
{
	for (uint32_t i = 0; i < bundle->registers.purpose_count; i++) {
		if (kp_bits_has(part->purposes, i) &&
			changes_any_cell(bundle, part, action, organisation, i)) {
			return true;
		}
	}
	return false;
}

static bool
changes_anything(const struct kp_bundle *bundle, const struct kp_part *part)
{
	for (int action = 0; action < KP_ACTION_COUNT; action++) {
		/* Organisations of one class are the same to every rule. */
		uint64_t seen[KP_ORGANISATIONS_MAX / 64] = {0};
		bool applies = (part->actions >> action & 1) != 0;
		for (uint32_t i = 0; applies && i < bundle->registers.organisation_count;
			i++) {
			uint32_t class = bundle->compiled.organisation_class[i];
			if (!kp_bits_has(part->organisations, i) ||
				kp_bits_has(seen, class)) {
				continue;
			}
			kp_bits_set(seen, class);
			if (changes_any_purpose(
				    bundle, part, (enum kp_action)action, i)) {
				return true;
			}
		}
	}
	return false;
}

bool
kp_policy_rule_is_net(const struct kp_bundle *bundle, const struct kp_rule *rule)
{
	if (rule->policy->effect != KP_CEDAR_FORBID) {
		return false;
	}
	for (uint32_t i = 0; i < bundle->compiled.part_count; i++) {
		const struct kp_part *part = &bundle->compiled.parts[i];
		if (part->rule == rule && changes_anything(bundle, part)) {
			return false;
		}
	}
	return true;
}
