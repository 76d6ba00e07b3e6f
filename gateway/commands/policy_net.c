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
changes_anything(const struct kp_bundle *bundle, const struct kp_part *part)
{
	const struct kp_registers *registers = &bundle->registers;
	for (int action = 0; action < KP_ACTION_COUNT; action++) {
		if ((part->actions >> action & 1) == 0) {
			continue;
		}
		for (uint32_t i = 0; i < registers->organisation_count; i++) {
			for (uint32_t j = 0; j < registers->purpose_count; j++) {
				if (kp_bits_has(part->organisations, i) &&
					kp_bits_has(part->purposes, j) &&
					changes_any_cell(bundle, part,
						(enum kp_action)action, i, j)) {
					return true;
				}
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
