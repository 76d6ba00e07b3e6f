/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* solver_none: no solver was there when this was built. See diff_solver.h. */
#include "policies/diff_solver.h"

bool
kp_diff_solver_present(void)
{
	return false;
}

struct kp_diff_solver *
kp_diff_solver_create(struct kp_diff_work *work)
{
	(void)work;
	return NULL;
}

void
kp_diff_solver_destroy(struct kp_diff_solver **solver)
{
	*solver = NULL;
}

void
kp_diff_solver_define(struct kp_diff_solver *solver, const struct kp_diff_side *side,
	const struct kp_cedar_expr *expr, uint32_t cell, uint32_t holds, uint32_t fails)
{
	(void)solver;
	(void)side;
	(void)expr;
	(void)cell;
	(void)holds;
	(void)fails;
}

enum kp_diff_answer
kp_diff_solver_ask(
	struct kp_diff_solver *solver, uint32_t function, struct kp_diff_model *ret_model)
{
	(void)solver;
	(void)function;
	(void)ret_model;
	return KP_DIFF_UNKNOWN;
}
