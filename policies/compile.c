/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* compile: see compile.h. One rule is compile_rule.c, the table compile_rows.c. */
#include "policies/compile.h"

#include "policies/compile_work.h"

/* What a compilation needs and drops again. */
#define SCRATCH_BYTES_MAX ((size_t)2 << 30)

static enum kp_status
compile(struct kp_compile_work *work, struct kp_compiled *compiled)
{
	enum kp_status status =
		kp_atoms_init(&work->atoms, work->arena, &work->scratch, work->model);
	for (uint32_t i = 0; i < work->rules->count && status == KP_OK; i++) {
		status = kp_compile_rule(work, &work->rules->rules[i]);
	}
	if (status == KP_OK) {
		status = kp_compile_rows(work, compiled);
	}
	compiled->parts = work->parts;
	compiled->part_count = work->part_count;
	compiled->conditions = work->conditions;
	compiled->condition_count = work->condition_count;
	return status;
}

enum kp_status
kp_compile(struct kp_arena *arena, const struct kp_model *model,
	const struct kp_rule_set *rules, struct kp_findings *findings,
	struct kp_compiled *ret_compiled)
{
	size_t found_before = findings->count + findings->dropped;
	struct kp_compile_work work = {
		.arena = arena, .model = model, .rules = rules, .findings = findings};
	kp_arena_init(&work.scratch, SCRATCH_BYTES_MAX, NULL);
	struct kp_compiled compiled = {0};
	enum kp_status status = compile(&work, &compiled);
	kp_arena_deinit(&work.scratch);
	if (status != KP_OK) {
		return status;
	}
	if (findings->count + findings->dropped > found_before) {
		return KP_E_CONFIG;
	}
	*ret_compiled = compiled;
	return KP_OK;
}
