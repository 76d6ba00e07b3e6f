/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* rule_names: every entity that a rule names must be registered; every id stands once. */
#include "core/nearest.h"
#include "policies/expr_walk.h"
#include "policies/rules.h"

/* One rule under checking. */
struct check {
	const struct kp_rule *rule;
	const struct kp_model *model;
	struct kp_findings *findings;
};

static void
check_uid(struct check *check, const struct kp_cedar_uid *uid,
	const struct kp_cedar_pos *pos)
{
	const struct kp_cedar_entities *entities = &check->model->entities;
	if (uid == NULL || kp_cedar_entities_find(entities, uid) != NULL) {
		return;
	}
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, uid->id->text);
	for (size_t i = 0; i < entities->count; i++) {
		if (entities->items[i]->uid->type == uid->type) {
			kp_nearest_offer(&nearest, entities->items[i]->uid->id->text);
		}
	}
	struct kp_slice near = nearest.best;
	kp_rule_finding(check->findings, check->rule, pos,
		"%.*s::\"%.*s\" is not registered%s%.*s%s", KP_SLICE_ARG(uid->type->text),
		KP_SLICE_ARG(uid->id->text), near.len > 0 ? "; meant is \"" : "",
		KP_SLICE_ARG(near), near.len > 0 ? "\"?" : "");
}

static void
check_scope(struct check *check, const struct kp_cedar_scope *scope)
{
	check_uid(check, scope->uid, &scope->uid_pos);
	for (size_t i = 0; i < scope->uid_count; i++) {
		check_uid(check, scope->uids[i],
			scope->uids_pos != NULL ? &scope->uids_pos[i] : &scope->pos);
	}
}

/* The height of an expression is bounded by KP_CEDAR_HEIGHT_MAX, so recursion is too. */
static void
check_expr(struct check *check, const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_LITERAL && expr->literal.kind == KP_CEDAR_ENTITY) {
		check_uid(check, expr->literal.entity, &expr->pos);
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		check_expr(check, child);
	}
}

static void
check_rule(struct check *check)
{
	const struct kp_cedar_policy *policy = check->rule->policy;
	check_scope(check, &policy->principal);
	check_scope(check, &policy->action);
	check_scope(check, &policy->resource);
	for (size_t i = 0; i < policy->condition_count; i++) {
		check_expr(check, policy->conditions[i].expr);
	}
}

enum kp_status
kp_rule_set_check(struct kp_rule_set *set, const struct kp_model *model,
	struct kp_findings *findings)
{
	size_t found_before = findings->count + findings->dropped;
	struct kp_name_index ids;
	if (!kp_name_index_init(set->arena, &ids, set->count)) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < set->count; i++) {
		struct kp_rule *rule = &set->rules[i];
		uint32_t other = kp_name_index_find(&ids, rule->id);
		if (other != KP_NO_ID) {
			const struct kp_cedar_policy *first = set->rules[other].policy;
			kp_rule_finding(findings, rule, NULL,
				"this id stands on another rule already: %s:%u",
				first->file, (unsigned)first->pos.line);
		} else if (rule->id.len > 0) {
			(void)kp_name_index_add(&ids, rule->id, i);
		}
		check_rule(&(struct check){rule, model, findings});
	}
	for (size_t i = 0; i < set->policies.templates.count; i++) {
		struct kp_rule template = {.policy = set->policies.templates.items[i]};
		kp_rule_finding(findings, &template, NULL,
			"a rule file holds no templates (?principal, ?resource)");
	}
	return findings->count + findings->dropped > found_before ? KP_E_CONFIG : KP_OK;
}
