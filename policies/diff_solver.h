/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * diff_solver: what decision diagrams cannot know. To them, conditions that are left are
 * variables that have nothing to do with each other: "before nine" and "before ten" may
 * be true and false as they like, and a narrowing then looks like a widening. A solver
 * for arithmetic (libz3) knows better: it says that no request at all makes a difference,
 * or gives one that does. Without it (solver_none.c) nothing is known and everything
 * stays as the diagrams have it.
 *
 * What it takes for known is exact: 64-bit integers with Cedar's overflow errors, the
 * moment, the facts. What it has no words for stays a free variable, so that
 * "never" is a proof all the same. Lifetime: one comparison. One thread.
 */
#ifndef KP_POLICIES_DIFF_SOLVER_H
#define KP_POLICIES_DIFF_SOLVER_H

#include "policies/diff_work.h"

/* Milliseconds for one question; after it the answer is "unknown". */
#define KP_DIFF_SOLVER_MS 2000u

enum kp_diff_answer {
	KP_DIFF_UNKNOWN,
	KP_DIFF_NEVER,
	KP_DIFF_SOMETIMES,
};

/* A request for which a function is true. */
struct kp_diff_model {
	int8_t values[KP_DIFF_VARIABLES_MAX]; /* of facts, roles and person */
	int64_t now_ms;
};

/* Built with a solver? */
bool kp_diff_solver_present(void);

/* NULL without a solver, or without memory for one. */
struct kp_diff_solver *kp_diff_solver_create(struct kp_diff_work *work);
/* Accepts NULL. */
void kp_diff_solver_destroy(struct kp_diff_solver **solver);

/*
 * What two variables say: `holds` is true when the expression is, `fails` (KP_NO_ID: it
 * cannot) when evaluating it fails. In the environment that the side is in. Accepts NULL.
 */
void kp_diff_solver_define(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, uint32_t holds, uint32_t fails);

/* Can the function be true? `ret_model` may be NULL; set with "sometimes". Accepts NULL,
 * which knows nothing. */
enum kp_diff_answer kp_diff_solver_ask(struct kp_diff_solver *solver, uint32_t function,
	struct kp_diff_model *ret_model);

#endif
