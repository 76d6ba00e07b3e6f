/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* asking: one request put to the general evaluator. See bundle.h. */
#include "core/bits.h"
#include "policies/bundle.h"

void
kp_asking_init(struct kp_asking *asking, const struct kp_bundle *bundle,
	const struct kp_decision_detail *detail, struct kp_arena *arena)
{
	*asking = (struct kp_asking){.bundle = bundle, .detail = detail, .arena = arena};
}

static size_t
list_roles(const struct kp_bundle *bundle, const uint64_t *bits, uint32_t *ret_roles)
{
	size_t count = 0;
	for (uint32_t i = 0; i < bundle->registers.role_count; i++) {
		if (kp_bits_has(bits, i)) {
			ret_roles[count++] = i;
		}
	}
	return count;
}

static enum kp_status
make_request(struct kp_asking *asking)
{
	const struct kp_model *model = &asking->bundle->model;
	const struct kp_decision_detail *detail = asking->detail;
	kp_cedar_names_init(&asking->names, asking->arena, &model->names);
	kp_cedar_entities_init(&asking->entities, asking->arena, &model->entities);
	uint32_t roles[KP_ROLES_MAX];
	size_t role_count = list_roles(asking->bundle, detail->roles, roles);
	enum kp_status status = kp_model_add_principal(model, &asking->names,
		&asking->entities, detail->employee, detail->organisation, roles,
		role_count, &asking->request.principal);
	struct kp_error err;
	if (status == KP_OK) {
		status = kp_cedar_entities_close(&asking->entities, &err);
	}
	if (status == KP_OK) {
		status = kp_model_context(model, asking->arena, detail->purpose,
			detail->facts, detail->now_ms, &asking->request.context);
	}
	return status;
}

static bool
prepare(struct kp_asking *asking)
{
	if (asking->ready) {
		return true;
	}
	if (make_request(asking) != KP_OK) {
		return false;
	}
	asking->request.action = asking->bundle->model.actions[asking->detail->action];
	asking->eval = (struct kp_cedar_eval){.request = &asking->request,
		.entities = &asking->entities,
		.arena = asking->arena};
	asking->ready = true;
	return true;
}

/* Whoever asks, as far as these conditions go. */
static bool
prepare_impersonal(struct kp_asking *asking)
{
	const struct kp_model *model = &asking->bundle->model;
	const struct kp_decision_detail *detail = asking->detail;
	if (!asking->impersonal_ready) {
		asking->impersonal.principal = model->organisations[detail->organisation];
		asking->impersonal.action = model->actions[detail->action];
		asking->impersonal_ready =
			kp_model_context(model, asking->arena, detail->purpose,
				detail->facts, detail->now_ms,
				&asking->impersonal.context) == KP_OK;
	}
	return asking->impersonal_ready;
}

static enum kp_truth
evaluate(struct kp_cedar_eval *eval, const struct kp_condition *condition)
{
	for (uint32_t i = 0; i < condition->atom_count; i++) {
		enum kp_truth truth = kp_atom_eval(eval, condition->atoms[i]);
		if (truth != KP_TRUTH_TRUE) {
			return truth;
		}
	}
	return KP_TRUTH_TRUE;
}

static enum kp_truth
evaluate_condition(struct kp_asking *asking, const struct kp_condition *condition)
{
	const struct kp_model *model = &asking->bundle->model;
	if (condition->reads_principal) {
		if (!prepare(asking)) {
			return KP_TRUTH_ERROR;
		}
		asking->request.resource = model->cells[condition->cell];
		return evaluate(&asking->eval, condition);
	}
	if (!prepare_impersonal(asking)) {
		return KP_TRUTH_ERROR;
	}
	asking->impersonal.resource = model->cells[condition->cell];
	struct kp_cedar_eval eval = {.request = &asking->impersonal,
		.entities = &model->entities,
		.arena = asking->arena};
	return evaluate(&eval, condition);
}

enum kp_truth
kp_asking_condition(struct kp_asking *asking, uint32_t condition)
{
	const struct kp_compiled *compiled = &asking->bundle->compiled;
	const struct kp_condition *asked = &compiled->conditions[condition];
	if (asked->timed) {
		int64_t now_ms = asking->detail->now_ms;
		bool holds = (asked->holds >> asking->detail->facts & 1) != 0 &&
			now_ms >= asked->from_ms && now_ms < asked->until_ms;
		return holds ? KP_TRUTH_TRUE : KP_TRUTH_FALSE;
	}
	if (asking->remembered == NULL) {
		asking->remembered =
			KP_ARENA_ARRAY(asking->arena, uint8_t, compiled->condition_count);
	}
	if (asking->remembered == NULL) {
		return KP_TRUTH_ERROR;
	}
	if (asking->remembered[condition] != 0) {
		return (enum kp_truth)(asking->remembered[condition] - 1);
	}
	enum kp_truth truth = evaluate_condition(asking, asked);
	asking->remembered[condition] = (uint8_t)(truth + 1);
	return truth;
}

enum kp_truth
kp_asking_rule(struct kp_asking *asking, const struct kp_rule *rule, uint32_t cell)
{
	if (!prepare(asking)) {
		return KP_TRUTH_ERROR;
	}
	asking->request.resource = asking->bundle->model.cells[cell];
	bool satisfied;
	if (kp_cedar_eval_policy(&asking->eval, rule->policy, &satisfied) !=
		KP_CEDAR_FAIL_NONE) {
		return KP_TRUTH_ERROR;
	}
	return satisfied ? KP_TRUTH_TRUE : KP_TRUTH_FALSE;
}

bool
kp_asking_permits(struct kp_asking *asking, uint32_t cell)
{
	const struct kp_rule_set *rules = &asking->bundle->rules;
	bool permitted = false;
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct kp_rule *rule = &rules->rules[i];
		enum kp_truth truth = kp_asking_rule(asking, rule, cell);
		if (rule->policy->effect == KP_CEDAR_FORBID) {
			if (truth != KP_TRUTH_FALSE) {
				return false;
			}
		} else if (truth == KP_TRUTH_TRUE &&
			asking->detail->now_ms < rule->review_ms) {
			permitted = true;
		}
	}
	return permitted;
}
