/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * eval: the general evaluator and authorizer, exactly Cedar's semantics (cedar-spec,
 * Cedar/Spec). It is the reference that the compiled path is held against. Pure: same
 * input, same answer; any thread.
 */
#ifndef KP_CEDAR_EVAL_H
#define KP_CEDAR_EVAL_H

#include "ast.h"
#include "entities.h"

enum kp_cedar_failure {
	KP_CEDAR_FAIL_NONE,
	KP_CEDAR_FAIL_TYPE,      /* operand of the wrong kind */
	KP_CEDAR_FAIL_ENTITY,    /* entity does not exist */
	KP_CEDAR_FAIL_ATTR,      /* record or entity without that attribute */
	KP_CEDAR_FAIL_TAG,       /* entity without that tag */
	KP_CEDAR_FAIL_OVERFLOW,  /* integer arithmetic out of range */
	KP_CEDAR_FAIL_ARITY,     /* extension call with the wrong number of arguments */
	KP_CEDAR_FAIL_EXTENSION, /* extension function refused its argument */
	KP_CEDAR_FAIL_SLOT,      /* a template was evaluated */
	KP_CEDAR_FAIL_MEMORY, /* not the policy's fault: the decision fails as a whole */
};

/* What went wrong, cheap to make; text on demand. Points into the ast and the
 * evaluation's arena. */
struct kp_cedar_eval_error {
	enum kp_cedar_failure failure;
	const struct kp_cedar_expr *at;    /* may be NULL (scope) */
	const struct kp_cedar_uid *entity; /* ENTITY, ATTR, TAG of an entity; else NULL */
	struct kp_slice name;              /* attribute, tag or argument text */
	enum kp_cedar_kind found;          /* TYPE */
	uint32_t expected;                 /* TYPE: bit set of 1 << kind */
};

/* Writes one sentence without capital and full stop. Returns `out`. */
const char *kp_cedar_eval_error_text(
	const struct kp_cedar_eval_error *error, char *out, size_t out_size);

/* Uids and context must stem from the same name tables as policies and entities. */
struct kp_cedar_request {
	const struct kp_cedar_uid *principal;
	const struct kp_cedar_uid *action;
	const struct kp_cedar_uid *resource;
	const struct kp_cedar_record *context; /* may be NULL: empty */
};

#define KP_CEDAR_EVAL_CACHE 8

/*
 * One evaluation. Lifetime: caller's, one thread; fill the first three members, leave the
 * rest zero. The cache is why neither request nor entities may change while it is used.
 */
struct kp_cedar_eval {
	const struct kp_cedar_request *request;
	const struct kp_cedar_entities *entities; /* closed; may be NULL: none */
	struct kp_arena *arena;                   /* holds what evaluation makes */
	struct kp_cedar_eval_error error;         /* of the newest failure */
	struct {
		const struct kp_cedar_uid *uid;
		const struct kp_cedar_entity *entity;
	} cache[KP_CEDAR_EVAL_CACHE];
};

/* KP_CEDAR_FAIL_NONE and the value, or the failure with eval->error filled. */
enum kp_cedar_failure kp_cedar_eval_expr(struct kp_cedar_eval *eval,
	const struct kp_cedar_expr *expr, struct kp_cedar_value *ret_value) KP_MUST_USE;
/* Scope and conditions of one policy. */
enum kp_cedar_failure kp_cedar_eval_policy(struct kp_cedar_eval *eval,
	const struct kp_cedar_policy *policy, bool *ret_satisfied) KP_MUST_USE;
/* One scope constraint alone; cannot fail except on a slot. `uid` is the request's. */
bool kp_cedar_scope_match(const struct kp_cedar_scope *scope,
	const struct kp_cedar_uid *uid, const struct kp_cedar_entities *entities);
bool kp_cedar_pattern_match(const struct kp_cedar_pattern *pattern, struct kp_slice text);

enum kp_cedar_profile {
	/* The gateway's, and the default: a forbid that errors denies, as if it were
	   satisfied. */
	KP_CEDAR_FAIL_CLOSED,
	/* As the Cedar specification: a forbid that errors is skipped. */
	KP_CEDAR_PLAIN,
};

struct kp_cedar_skipped {
	const struct kp_cedar_policy *policy;
	struct kp_cedar_eval_error error;
};

struct kp_cedar_decision {
	bool allow;
	/* What decided: the satisfied forbids, else the satisfied permits, else none. In
	 * the fail-closed profile also the forbids that erred. */
	const struct kp_cedar_policy **reasons;
	size_t reason_count;
	struct kp_cedar_skipped *skipped; /* policies that erred, in order */
	size_t skipped_count;
};

/*
 * Evaluates every policy of the set and decides. Lists are in `arena`. KP_E_MEMORY when
 * the arena runs out: then there is no decision and the caller must deny.
 */
enum kp_status kp_cedar_authorize(const struct kp_cedar_policy_set *set,
	const struct kp_cedar_request *request, const struct kp_cedar_entities *entities,
	enum kp_cedar_profile profile, struct kp_arena *arena,
	struct kp_cedar_decision *ret_decision, struct kp_error *err) KP_MUST_USE;

#endif
