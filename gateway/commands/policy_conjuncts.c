/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_conjuncts: see policy_conjuncts.h. */
#include "commands/policy_conjuncts.h"

static size_t
count_leaves(const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_NOT) {
		return count_leaves(expr->left);
	}
	if (expr->op == KP_CEDAR_OP_AND || expr->op == KP_CEDAR_OP_OR) {
		return count_leaves(expr->left) + count_leaves(expr->right);
	}
	return 1;
}

static enum kp_policy_about
about_expr(const struct kp_model *model, const struct kp_cedar_expr *expr)
{
	switch (kp_expr_depends(model, expr)) {
	case KP_DEPENDS_CELL:
		return KP_ABOUT_FIELD;
	case KP_DEPENDS_PURPOSE:
		return KP_ABOUT_PURPOSE;
	case KP_DEPENDS_FACTS:
		return KP_ABOUT_FACTS;
	case KP_DEPENDS_ORGANISATION:
		return KP_ABOUT_ORGANISATION;
	default:
		return expr->op == KP_CEDAR_OP_IN && expr->left->op == KP_CEDAR_OP_VAR &&
				expr->left->var == KP_CEDAR_VAR_PRINCIPAL
			? KP_ABOUT_ROLE
			: KP_ABOUT_OTHER;
	}
}

/* !(a || b) is !a and !b: the same outcome, and each can be told apart. */
static void
take_apart(const struct kp_model *model, const struct kp_cedar_expr *expr, bool negated,
	struct kp_policy_conjuncts *list)
{
	if (expr->op == KP_CEDAR_OP_NOT) {
		take_apart(model, expr->left, !negated, list);
		return;
	}
	if (expr->op == (negated ? KP_CEDAR_OP_OR : KP_CEDAR_OP_AND)) {
		take_apart(model, expr->left, negated, list);
		take_apart(model, expr->right, negated, list);
		return;
	}
	list->items[list->count++] =
		(struct kp_policy_conjunct){.about = about_expr(model, expr),
			.expr = expr,
			.negated = negated,
			.pos = expr->pos};
}

static void
add_scope(struct kp_policy_conjuncts *list, const struct kp_cedar_scope *scope,
	enum kp_policy_about about)
{
	if (scope->op != KP_CEDAR_SCOPE_ALL) {
		list->items[list->count++] = (struct kp_policy_conjunct){
			.about = about, .scope = scope, .pos = scope->pos};
	}
}

enum kp_status
kp_policy_take_apart(struct kp_arena *arena, const struct kp_bundle *bundle,
	const struct kp_rule *rule, struct kp_policy_conjuncts *ret_conjuncts)
{
	const struct kp_cedar_policy *policy = rule->policy;
	size_t room = 3;
	for (size_t i = 0; i < policy->condition_count; i++) {
		room += count_leaves(policy->conditions[i].expr);
	}
	struct kp_policy_conjuncts list = {.rule = rule,
		.items = KP_ARENA_ARRAY(arena, struct kp_policy_conjunct, room)};
	if (list.items == NULL) {
		return KP_E_MEMORY;
	}
	add_scope(&list, &policy->principal, KP_ABOUT_ROLE);
	add_scope(&list, &policy->action, KP_ABOUT_ACTION);
	add_scope(&list, &policy->resource, KP_ABOUT_FIELD);
	for (size_t i = 0; i < policy->condition_count; i++) {
		take_apart(&bundle->model, policy->conditions[i].expr,
			policy->conditions[i].unless, &list);
	}
	*ret_conjuncts = list;
	return KP_OK;
}

static enum kp_truth
weigh_scope(const struct kp_policy_conjunct *conjunct, const struct kp_asking *asking)
{
	const struct kp_cedar_request *request = &asking->request;
	const struct kp_cedar_uid *uid = conjunct->about == KP_ABOUT_ROLE
		? request->principal
		: conjunct->about == KP_ABOUT_ACTION ? request->action
						     : request->resource;
	return kp_cedar_scope_match(conjunct->scope, uid, &asking->entities)
		? KP_TRUTH_TRUE
		: KP_TRUTH_FALSE;
}

static enum kp_truth
weigh_expr(const struct kp_policy_conjunct *conjunct, struct kp_asking *asking)
{
	struct kp_cedar_value value;
	if (kp_cedar_eval_expr(&asking->eval, conjunct->expr, &value) !=
			KP_CEDAR_FAIL_NONE ||
		value.kind != KP_CEDAR_BOOL) {
		return KP_TRUTH_ERROR;
	}
	return value.boolean != conjunct->negated ? KP_TRUTH_TRUE : KP_TRUTH_FALSE;
}

void
kp_policy_weigh(
	struct kp_policy_conjuncts *conjuncts, struct kp_asking *asking, uint32_t cell)
{
	/* Also makes the request about this cell. */
	conjuncts->truth = kp_asking_rule(asking, conjuncts->rule, cell);
	conjuncts->failing = 0;
	conjuncts->about_field = asking->ready;
	for (size_t i = 0; asking->ready && i < conjuncts->count; i++) {
		struct kp_policy_conjunct *conjunct = &conjuncts->items[i];
		conjunct->truth = conjunct->scope != NULL ? weigh_scope(conjunct, asking)
							  : weigh_expr(conjunct, asking);
		if (conjunct->truth == KP_TRUTH_TRUE) {
			continue;
		}
		conjuncts->failing++;
		if (conjunct->about == KP_ABOUT_FIELD) {
			conjuncts->about_field = false;
		}
	}
}
