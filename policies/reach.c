/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* reach: see reach.h. */
#include "policies/reach.h"

#include "core/bits.h"

/* Combinations of facts in which the fact has this value. */
static uint64_t
combinations(enum kp_fact fact, bool value)
{
	uint64_t set = 0;
	for (unsigned i = 0; i < KP_FACT_COMBINATIONS; i++) {
		set |= (uint64_t)(((i >> fact & 1) != 0) == value) << i;
	}
	return set;
}

/* Facts with which rules are asked about this action and purpose; see kp_bundle_admit and
 * how the gateway finds out the facts. */
static uint64_t
possible_facts(enum kp_action action, const struct kp_purpose *purpose)
{
	uint64_t facts = combinations(KP_FACT_OPTED_OUT, false);
	if (action == KP_ACTION_READ_OUTSIDE) {
		facts &= combinations(KP_FACT_IN_CASELOAD, false);
	} else if (purpose->caseload_required) {
		facts &= combinations(KP_FACT_IN_CASELOAD, true);
	}
	return facts;
}

static uint64_t
facts_of_part(const struct kp_bundle *bundle, const struct kp_part *part)
{
	if (part->condition == KP_NO_ID) {
		return part->holds;
	}
	const struct kp_condition *condition =
		&bundle->compiled.conditions[part->condition];
	return condition->timed ? condition->holds : UINT64_MAX;
}

/* Can an organisation of this kind give one of the roles? */
static bool
gives_role(const struct kp_registers *registers, const struct kp_part *part,
	uint32_t organisation)
{
	uint32_t kind = registers->organisations[organisation].kind;
	for (uint32_t i = 0; i < registers->role_count; i++) {
		if ((part->any_role || kp_bits_has(part->roles, i)) &&
			(registers->roles[i].kinds >> kind & 1) != 0) {
			return true;
		}
	}
	return false;
}

static bool
has_asker(const struct kp_registers *registers, const struct kp_part *part)
{
	for (uint32_t i = 0; i < registers->organisation_count; i++) {
		const struct kp_organisation *asking = &registers->organisations[i];
		if (!gives_role(registers, part, i)) {
			continue;
		}
		bool about = kp_bits_has(part->organisations, i);
		for (uint32_t j = 0; j < asking->mandate_count && !about; j++) {
			about = kp_bits_has(part->organisations, asking->mandates[j]);
		}
		if (about) {
			return true;
		}
	}
	return false;
}

static enum kp_reach
reach_of_part(const struct kp_bundle *bundle, const struct kp_part *part)
{
	const struct kp_registers *registers = &bundle->registers;
	uint64_t holds = facts_of_part(bundle, part);
	bool met = false;
	bool asked = false;
	for (unsigned action = 0; action < KP_ACTION_COUNT; action++) {
		if ((part->actions >> action & 1) == 0) {
			continue;
		}
		for (uint32_t i = 0; i < registers->purpose_count; i++) {
			const struct kp_purpose *purpose = &registers->purposes[i];
			if (!kp_bits_has(part->purposes, i) ||
				(action == KP_ACTION_READ_OUTSIDE &&
					!purpose->caseload_required)) {
				continue;
			}
			asked = true;
			met = met ||
				(holds &
					possible_facts(
						(enum kp_action)action, purpose)) != 0;
		}
	}
	return !asked                         ? KP_REACH_NEVER_OUTSIDE
		: !met                        ? KP_REACH_NEVER_MET
		: !has_asker(registers, part) ? KP_REACH_NOBODY
					      : KP_REACH_SOMEBODY;
}

enum kp_reach
kp_rule_reach(const struct kp_bundle *bundle, uint32_t rule)
{
	const struct kp_compiled *compiled = &bundle->compiled;
	enum kp_reach reach = KP_REACH_SOMEBODY;
	for (uint32_t i = 0; i < compiled->part_count; i++) {
		const struct kp_part *part = &compiled->parts[i];
		if (part->rule != &bundle->rules.rules[rule]) {
			continue;
		}
		reach = reach_of_part(bundle, part);
		if (reach == KP_REACH_SOMEBODY) {
			break;
		}
	}
	return reach;
}
