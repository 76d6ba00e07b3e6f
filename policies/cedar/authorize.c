/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authorize: policies on a request, and the decision. All of them are evaluated, because
 * reasons and errors are part of the answer.
 */
#include "evaluator.h"

#define LIST_CAPACITY_FIRST 4

/* Only a slot can be neither yes nor no. */
static enum kp_cedar_failure
match_scope(struct kp_cedar_eval *eval, const struct kp_cedar_scope *scope,
	const struct kp_cedar_uid *uid, bool *ret_match)
{
	if (scope->slot) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_SLOT, NULL);
	}
	bool match = false;
	switch (scope->op) {
	case KP_CEDAR_SCOPE_ALL:
		match = true;
		break;
	case KP_CEDAR_SCOPE_EQ:
		match = uid == scope->uid;
		break;
	case KP_CEDAR_SCOPE_IN:
		match = kp_cedar_eval_in(eval, uid, scope->uid);
		break;
	case KP_CEDAR_SCOPE_IN_SET:
		for (size_t i = 0; !match && i < scope->uid_count; i++) {
			match = kp_cedar_eval_in(eval, uid, scope->uids[i]);
		}
		break;
	case KP_CEDAR_SCOPE_IS:
		match = uid->type == scope->type;
		break;
	case KP_CEDAR_SCOPE_IS_IN:
		match = uid->type == scope->type &&
			kp_cedar_eval_in(eval, uid, scope->uid);
		break;
	}
	*ret_match = match;
	return KP_CEDAR_FAIL_NONE;
}

bool
kp_cedar_scope_match(const struct kp_cedar_scope *scope, const struct kp_cedar_uid *uid,
	const struct kp_cedar_entities *entities)
{
	struct kp_cedar_eval eval = {.entities = entities};
	bool match = false;
	return match_scope(&eval, scope, uid, &match) == KP_CEDAR_FAIL_NONE && match;
}

enum kp_cedar_failure
kp_cedar_eval_policy(struct kp_cedar_eval *eval, const struct kp_cedar_policy *policy,
	bool *ret_satisfied)
{
	const struct kp_cedar_request *request = eval->request;
	const struct {
		const struct kp_cedar_scope *scope;
		const struct kp_cedar_uid *uid;
	} parts[] = {
		{&policy->principal, request->principal},
		{&policy->action, request->action},
		{&policy->resource, request->resource},
	};
	*ret_satisfied = false;
	for (size_t i = 0; i < KP_ARRAY_LEN(parts); i++) {
		bool match = false;
		enum kp_cedar_failure failure =
			match_scope(eval, parts[i].scope, parts[i].uid, &match);
		if (failure != KP_CEDAR_FAIL_NONE || !match) {
			return failure;
		}
	}
	for (size_t i = 0; i < policy->condition_count; i++) {
		const struct kp_cedar_condition *condition = &policy->conditions[i];
		struct kp_cedar_value value;
		enum kp_cedar_failure failure =
			kp_cedar_eval_expr(eval, condition->expr, &value);
		if (failure != KP_CEDAR_FAIL_NONE) {
			return failure;
		}
		if (value.kind != KP_CEDAR_BOOL) {
			return kp_cedar_fail_type(
				eval, condition->expr, value.kind, 1U << KP_CEDAR_BOOL);
		}
		if (value.boolean == condition->unless) {
			return KP_CEDAR_FAIL_NONE;
		}
	}
	*ret_satisfied = true;
	return KP_CEDAR_FAIL_NONE;
}

struct policy_list {
	const struct kp_cedar_policy **items;
	size_t count;
	size_t capacity;
};

struct skipped_list {
	struct kp_cedar_skipped *items;
	size_t count;
	size_t capacity;
};

static bool
add_policy(struct kp_arena *arena, struct policy_list *list,
	const struct kp_cedar_policy *policy)
{
	const struct kp_cedar_policy **items = kp_arena_fit(arena, list->items,
		list->count, &list->capacity, LIST_CAPACITY_FIRST, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	list->items = items;
	list->items[list->count++] = policy;
	return true;
}

static bool
add_skipped(struct kp_arena *arena, struct skipped_list *list,
	const struct kp_cedar_policy *policy, const struct kp_cedar_eval_error *error)
{
	struct kp_cedar_skipped *items = kp_arena_fit(arena, list->items, list->count,
		&list->capacity, LIST_CAPACITY_FIRST, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	list->items = items;
	list->items[list->count++] = (struct kp_cedar_skipped){policy, *error};
	return true;
}

enum kp_status
kp_cedar_authorize(const struct kp_cedar_policy_set *set,
	const struct kp_cedar_request *request, const struct kp_cedar_entities *entities,
	enum kp_cedar_profile profile, struct kp_arena *arena,
	struct kp_cedar_decision *ret_decision, struct kp_error *err)
{
	struct kp_cedar_eval eval = {
		.request = request, .entities = entities, .arena = arena};
	struct policy_list permits = {0};
	struct policy_list forbids = {0};
	struct skipped_list skipped = {0};
	for (size_t i = 0; i < set->policies.count; i++) {
		const struct kp_cedar_policy *policy = set->policies.items[i];
		bool counts = false;
		bool room = true;
		enum kp_cedar_failure failure =
			kp_cedar_eval_policy(&eval, policy, &counts);
		if (failure == KP_CEDAR_FAIL_MEMORY) {
			room = false;
		} else if (failure != KP_CEDAR_FAIL_NONE) {
			room = add_skipped(arena, &skipped, policy, &eval.error);
			counts = profile == KP_CEDAR_FAIL_CLOSED &&
				policy->effect == KP_CEDAR_FORBID;
		}
		if (room && counts) {
			room = add_policy(arena,
				policy->effect == KP_CEDAR_PERMIT ? &permits : &forbids,
				policy);
		}
		if (!room) {
			return kp_error_set(err, KP_E_MEMORY,
				"no memory left to decide by the rules");
		}
	}
	const struct policy_list *reasons = forbids.count > 0 ? &forbids : &permits;
	*ret_decision = (struct kp_cedar_decision){
		.allow = forbids.count == 0 && permits.count > 0,
		.reasons = reasons->items,
		.reason_count = reasons->count,
		.skipped = skipped.items,
		.skipped_count = skipped.count,
	};
	return KP_OK;
}
