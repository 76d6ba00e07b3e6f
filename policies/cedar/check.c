/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check: the round over policies and environments; see check.h. */
#include "check.h"

#include <stdio.h>

#include "check_room.h"

#define POOL_CHUNKS 64

static void
fill_finding(const struct kp_cedar_checker *checker, struct kp_cedar_pos pos,
	enum kp_status status, const char *message, struct kp_error *err)
{
	(void)kp_error_set(err, status, "%s", message);
	kp_error_at(err, checker->policy->file, pos.line, pos.column,
		checker->policy->id == NULL ? NULL : checker->policy->id->text.data);
}

/* The environment is told behind the message, and does not count as a difference. */
static bool
reported(const struct kp_cedar_checker *checker, struct kp_cedar_pos pos,
	const char *message)
{
	size_t len = strlen(message);
	for (size_t i = checker->errors_before; i < checker->errors->count; i++) {
		const struct kp_error *err = &checker->errors->items[i];
		if (err->line == pos.line && err->column == pos.column &&
			strncmp(err->message, message, len) == 0) {
			return true;
		}
	}
	return false;
}

void
kp_cedar_check_complain(struct kp_cedar_checker *checker, struct kp_cedar_pos pos,
	const char *format, ...)
{
	char message[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (checker->errors->count - checker->errors_before >=
			KP_CEDAR_CHECK_FINDINGS_MAX ||
		reported(checker, pos, message)) {
		return;
	}
	const struct kp_cedar_environment *environment = checker->environment;
	size_t len = strlen(message);
	if (environment != NULL) {
		const struct kp_cedar_uid *action = environment->action->uid;
		(void)snprintf(message + len, sizeof(message) - len,
			" (when %s does %s::\"%s\" on %s)",
			environment->principal.entity->text.data, action->type->text.data,
			action->id->text.data, environment->resource.entity->text.data);
	}
	struct kp_error err;
	fill_finding(checker, pos, KP_E_INVALID, message, &err);
	kp_findings_add(checker->errors, &err);
}

void
kp_cedar_check_no_memory(struct kp_cedar_checker *checker)
{
	if (checker->status == KP_OK) {
		struct kp_error err;
		checker->status = KP_E_MEMORY;
		fill_finding(checker, checker->policy->pos, KP_E_MEMORY,
			"no memory left for checking this policy", &err);
		kp_findings_add(checker->errors, &err);
	}
}

bool
kp_cedar_check_step(struct kp_cedar_checker *checker)
{
	if (checker->steps++ >= KP_CEDAR_CHECK_STEPS_MAX && checker->status == KP_OK) {
		struct kp_error err;
		checker->status = KP_E_LIMIT;
		fill_finding(checker, checker->policy->pos, KP_E_LIMIT,
			"checking this policy takes more work than allowed, split it",
			&err);
		kp_findings_add(checker->errors, &err);
	}
	return checker->status == KP_OK;
}

/* Can a principal or resource of this type meet the scope? Slots may become anything. */
static bool
type_admitted(const struct kp_cedar_schema *schema, const struct kp_cedar_scope *scope,
	const struct kp_cedar_name *type)
{
	switch (scope->op) {
	case KP_CEDAR_SCOPE_EQ:
		return scope->slot || scope->uid->type == type;
	case KP_CEDAR_SCOPE_IN:
		return scope->slot ||
			kp_cedar_schema_type_in(schema, type, scope->uid->type);
	case KP_CEDAR_SCOPE_IS:
		return scope->type == type;
	case KP_CEDAR_SCOPE_IS_IN:
		return scope->type == type &&
			(scope->slot ||
				kp_cedar_schema_type_in(schema, type, scope->uid->type));
	case KP_CEDAR_SCOPE_ALL:
	case KP_CEDAR_SCOPE_IN_SET:
		break;
	}
	return true;
}

static bool
action_admitted(const struct kp_cedar_schema *schema, const struct kp_cedar_scope *scope,
	const struct kp_cedar_uid *action)
{
	if (scope->op == KP_CEDAR_SCOPE_EQ) {
		return scope->uid == action;
	}
	if (scope->op == KP_CEDAR_SCOPE_IN) {
		return kp_cedar_schema_action_in(schema, action, scope->uid);
	}
	if (scope->op != KP_CEDAR_SCOPE_IN_SET) {
		return true;
	}
	for (size_t i = 0; i < scope->uid_count; i++) {
		if (kp_cedar_schema_action_in(schema, action, scope->uids[i])) {
			return true;
		}
	}
	return false;
}

/* What the environments of one policy have shown. */
struct outcome {
	bool applicable; /* the scope admits at least one */
	bool possible;   /* in at least one it is not always false */
};

static void
check_environment(struct kp_cedar_checker *checker,
	const struct kp_cedar_environment *environment, struct outcome *outcome)
{
	outcome->applicable = true;
	checker->environment = environment;
	checker->types = (struct kp_cedar_map){0};
	size_t before = checker->errors->count + checker->errors->dropped;
	const struct kp_cedar_type *type = kp_cedar_check_conditions(checker);
	if (type == NULL || type->kind != KP_CEDAR_TYPE_FALSE) {
		outcome->possible = true;
	}
	if (checker->options->level_checked && type != NULL &&
		checker->errors->count + checker->errors->dropped == before) {
		kp_cedar_check_level(checker);
	}
	checker->environment = NULL;
}

static void
check_action(struct kp_cedar_checker *checker,
	const struct kp_cedar_schema_action *action, struct outcome *outcome)
{
	const struct kp_cedar_policy *policy = checker->policy;
	struct kp_cedar_environment environment = {.action = action};
	environment.action_type = (struct kp_cedar_type){
		.kind = KP_CEDAR_TYPE_ENTITY, .depth = 1, .entity = action->uid->type};
	for (size_t i = 0; i < action->principal_count; i++) {
		if (!type_admitted(
			    checker->schema, &policy->principal, action->principals[i])) {
			continue;
		}
		environment.principal =
			(struct kp_cedar_type){.kind = KP_CEDAR_TYPE_ENTITY,
				.depth = 1,
				.entity = action->principals[i]};
		for (size_t j = 0; j < action->resource_count; j++) {
			if (!type_admitted(checker->schema, &policy->resource,
				    action->resources[j])) {
				continue;
			}
			environment.resource =
				(struct kp_cedar_type){.kind = KP_CEDAR_TYPE_ENTITY,
					.depth = 1,
					.entity = action->resources[j]};
			if (kp_cedar_check_step(checker)) {
				check_environment(checker, &environment, outcome);
			}
		}
	}
}

/* Is there a request for which the scope's test of the action is reached at all? */
static bool
action_tested(const struct kp_cedar_checker *checker)
{
	for (size_t i = 0; i < checker->schema->action_count; i++) {
		const struct kp_cedar_schema_action *action = checker->schema->actions[i];
		for (size_t j = 0;
			action->resource_count > 0 && j < action->principal_count; j++) {
			if (type_admitted(checker->schema, &checker->policy->principal,
				    action->principals[j])) {
				return true;
			}
		}
	}
	return false;
}

/* `action in [...]` is a set like any other: not empty, and of one type. */
static void
check_action_set(struct kp_cedar_checker *checker)
{
	const struct kp_cedar_scope *scope = &checker->policy->action;
	if (scope->op != KP_CEDAR_SCOPE_IN_SET || !action_tested(checker)) {
		return;
	}
	if (scope->uid_count == 0) {
		kp_cedar_check_complain(checker, scope->pos,
			"an empty set has no type, expected at least one action");
	}
	for (size_t i = 1; i < scope->uid_count; i++) {
		if (scope->uids[i]->type != scope->uids[0]->type) {
			kp_cedar_check_complain(checker, scope->pos,
				"all actions of a set must have one type, found %.*s and "
				"%.*s, write a policy for each",
				KP_SLICE_ARG(scope->uids[0]->type->text),
				KP_SLICE_ARG(scope->uids[i]->type->text));
			return;
		}
	}
}

static void
warn(struct kp_cedar_checker *checker, struct kp_findings *warnings, const char *message)
{
	if (warnings != NULL) {
		struct kp_error err;
		fill_finding(checker, checker->policy->pos, KP_E_INVALID, message, &err);
		kp_findings_add(warnings, &err);
	}
}

static void
check_policy(struct kp_cedar_checker *checker, struct kp_findings *warnings)
{
	struct outcome outcome = {0};
	checker->errors_before = checker->errors->count;
	size_t before = checker->errors->count + checker->errors->dropped;
	kp_cedar_check_names(checker);
	bool names_sound = checker->errors->count + checker->errors->dropped == before;
	for (size_t i = 0; i < checker->schema->action_count && checker->status == KP_OK;
		i++) {
		const struct kp_cedar_schema_action *action = checker->schema->actions[i];
		if (action_admitted(
			    checker->schema, &checker->policy->action, action->uid)) {
			check_action(checker, action, &outcome);
		}
	}
	check_action_set(checker);
	if (checker->status != KP_OK || !names_sound) {
		return;
	}
	if (!outcome.applicable && !checker->options->inapplicable_is_warning) {
		kp_cedar_check_complain(checker, checker->policy->pos,
			"no action is declared for a principal and a resource that this "
			"scope admits");
	} else if (!outcome.applicable) {
		warn(checker, warnings,
			"no action is declared for a principal and a resource that this "
			"scope admits");
	} else if (!outcome.possible) {
		warn(checker, warnings,
			"this policy can never apply: its conditions are always false");
	}
}

static enum kp_status
check_list(struct kp_cedar_checker *common, const struct kp_cedar_policy_list *list,
	struct kp_arena *arena, struct kp_findings *warnings)
{
	for (size_t i = 0; i < list->count; i++) {
		struct kp_cedar_checker checker = *common;
		checker.policy = list->items[i];
		checker.arena = arena;
		check_policy(&checker, warnings);
		kp_arena_deinit(arena);
		if (checker.status != KP_OK) {
			return checker.status;
		}
	}
	return KP_OK;
}

enum kp_status
kp_cedar_check_policies(const struct kp_cedar_schema *schema,
	const struct kp_cedar_policy_set *set,
	const struct kp_cedar_check_options *options, struct kp_findings *errors,
	struct kp_findings *warnings)
{
	static const struct kp_cedar_check_options none = {0};
	size_t before = errors->count + errors->dropped;
	struct kp_arena_pool pool;
	struct kp_arena arena;
	kp_arena_pool_init(&pool, POOL_CHUNKS);
	kp_arena_init(&arena, KP_CEDAR_CHECK_BYTES_MAX, &pool);
	struct kp_cedar_checker common = {.schema = schema,
		.options = options == NULL ? &none : options,
		.errors = errors};
	enum kp_status status = check_list(&common, &set->policies, &arena, warnings);
	if (status == KP_OK) {
		status = check_list(&common, &set->templates, &arena, warnings);
	}
	kp_arena_deinit(&arena);
	kp_arena_pool_deinit(&pool);
	if (status != KP_OK) {
		return status;
	}
	return errors->count + errors->dropped > before ? KP_E_INVALID : KP_OK;
}
