/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check_room: what the parts of the policy checker share. Only check*.c include it. */
#ifndef KP_CEDAR_CHECK_ROOM_H
#define KP_CEDAR_CHECK_ROOM_H

#include "check.h"
#include "map.h"

/* One kind of request: the types that the variables have. */
struct kp_cedar_environment {
	const struct kp_cedar_schema_action *action;
	struct kp_cedar_type principal;
	struct kp_cedar_type resource;
	struct kp_cedar_type action_type;
};

/* The check of one policy. Lifetime: caller's; memory is in `arena`. */
struct kp_cedar_checker {
	const struct kp_cedar_schema *schema;
	const struct kp_cedar_check_options *options;
	const struct kp_cedar_policy *policy;
	struct kp_arena *arena;
	struct kp_findings *errors;
	size_t errors_before; /* findings from here on are this policy's */
	const struct kp_cedar_environment *environment; /* NULL outside of one */
	uint64_t steps;
	/* `has a.b.c` and what it stands for: an `&&` of single steps. */
	struct kp_cedar_map written_out;
	/* For the level check: the type of each expression that was looked at, in this
	 * environment. */
	struct kp_cedar_map types;
	enum kp_status status; /* KP_OK, or what stopped the check */
};

/* Adds an error at `pos` unless this policy has the same there already (from another
 * environment). */
void kp_cedar_check_complain(struct kp_cedar_checker *checker, struct kp_cedar_pos pos,
	const char *format, ...) KP_PRINTF(3, 4);
/* Ends the check for want of memory. */
void kp_cedar_check_no_memory(struct kp_cedar_checker *checker);
/* Counts one step; false when there were too many, or the check has stopped. */
bool kp_cedar_check_step(struct kp_cedar_checker *checker);

/* Reports entity types, actions and enum ids that the schema does not have, dead code
 * included. */
void kp_cedar_check_names(struct kp_cedar_checker *checker);
/*
 * Types the conditions of the policy, joined by `&&`, in the current environment. NULL
 * after an error; else a bool type: FALSE when the policy cannot apply there.
 */
const struct kp_cedar_type *kp_cedar_check_conditions(struct kp_cedar_checker *checker);
/* The type of a call of one of the four constructors with one argument. NULL after an
 * error. */
const struct kp_cedar_type *kp_cedar_check_construct(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct kp_cedar_fn_info *info);
/* After that and without an error: are all accesses within options->level_max? */
void kp_cedar_check_level(struct kp_cedar_checker *checker);

#endif
