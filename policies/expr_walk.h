/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* expr_walk: what the compiler needs to know of an expression's shape. */
#ifndef KP_POLICIES_EXPR_WALK_H
#define KP_POLICIES_EXPR_WALK_H

#include "policies/cedar/ast.h"

/* Equal trees (kp_cedar_expr_equal) have equal hashes. Not keyed: rules are trusted. */
uint64_t kp_expr_hash(const struct kp_cedar_expr *expr);

/*
 * True when evaluating this expression of a validated policy, over entities that all
 * exist, cannot fail: no arithmetic that may overflow, no extension function that may
 * refuse its argument. (Cedar's validation is sound but for these and missing entities.)
 */
bool kp_expr_safe(const struct kp_cedar_expr *expr);

/* Does the principal stand anywhere in it? */
bool kp_expr_reads_principal(const struct kp_cedar_expr *expr);

#endif
