/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* compile_work: what the steps of one compilation share; see compile.h. */
#ifndef KP_POLICIES_COMPILE_WORK_H
#define KP_POLICIES_COMPILE_WORK_H

#include "policies/compile.h"

/* Lifetime: one call of kp_compile. */
struct kp_compile_work {
	struct kp_arena *arena; /* the bundle's: the result */
	struct kp_arena scratch;
	const struct kp_model *model;
	const struct kp_rule_set *rules;
	struct kp_findings *findings;
	struct kp_atoms atoms;
	struct kp_part *parts;
	uint32_t part_count;
	size_t part_capacity;
	struct kp_condition *conditions;
	uint32_t condition_count;
	uint32_t condition_capacity;
	uint32_t *condition_buckets; /* index + 1; open addressing */
	uint32_t condition_bucket_count;
};

/* Adds the parts of one rule (compile_rule.c). KP_E_MEMORY. */
enum kp_status kp_compile_rule(
	struct kp_compile_work *work, const struct kp_rule *rule) KP_MUST_USE;
/* Makes the rows from all parts (compile_rows.c). KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_compile_rows(
	struct kp_compile_work *work, struct kp_compiled *compiled) KP_MUST_USE;

#endif
