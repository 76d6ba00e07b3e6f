/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* evaluator: what the parts of the evaluator share. Private to eval*.c and authorize.c.
 */
#ifndef KP_CEDAR_EVALUATOR_H
#define KP_CEDAR_EVALUATOR_H

#include "eval.h"

/* Fill eval->error and return the failure. */
enum kp_cedar_failure kp_cedar_fail(struct kp_cedar_eval *eval,
	enum kp_cedar_failure failure, const struct kp_cedar_expr *at);
/* `expected` is a bit set of 1 << kind. */
enum kp_cedar_failure kp_cedar_fail_type(struct kp_cedar_eval *eval,
	const struct kp_cedar_expr *at, enum kp_cedar_kind found, uint32_t expected);

/* The entity, looked up once; NULL when it does not exist. */
const struct kp_cedar_entity *kp_cedar_eval_entity(
	struct kp_cedar_eval *eval, const struct kp_cedar_uid *uid);
/* uid == ancestor, or it is in it. */
bool kp_cedar_eval_in(struct kp_cedar_eval *eval, const struct kp_cedar_uid *uid,
	const struct kp_cedar_uid *ancestor);

/* An extension function on its values. */
enum kp_cedar_failure kp_cedar_eval_call(struct kp_cedar_eval *eval,
	const struct kp_cedar_expr *expr, const struct kp_cedar_value *args,
	struct kp_cedar_value *ret_value);

#endif
