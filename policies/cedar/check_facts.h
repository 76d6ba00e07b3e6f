/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check_facts: what is known to be present at a place in a policy. Only check*.c include
 * it. */
#ifndef KP_CEDAR_CHECK_FACTS_H
#define KP_CEDAR_CHECK_FACTS_H

#include "check_room.h"

/*
 * What is known to be present: a tree of single facts, NULL for none. A fact is that
 * `base` has the attribute `attr` or the tag `tag`.
 */
struct kp_cedar_facts {
	const struct kp_cedar_facts *left;
	const struct kp_cedar_facts *right;
	const struct kp_cedar_expr *base; /* of a fact; NULL: left and right together */
	const struct kp_cedar_name *attr;
	const struct kp_cedar_expr *tag;
};

/* The fact that `base` has `attr`, or has `tag`; the other is NULL. */
const struct kp_cedar_facts *kp_cedar_facts_one(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *base, const struct kp_cedar_name *attr,
	const struct kp_cedar_expr *tag);
/* All of both. */
const struct kp_cedar_facts *kp_cedar_facts_both(struct kp_cedar_checker *checker,
	const struct kp_cedar_facts *left, const struct kp_cedar_facts *right);
/* The facts of `left` that are also in `right`. */
const struct kp_cedar_facts *kp_cedar_facts_common(struct kp_cedar_checker *checker,
	const struct kp_cedar_facts *left, const struct kp_cedar_facts *right);
/* Is it among them? Counts its steps. */
bool kp_cedar_facts_known(struct kp_cedar_checker *checker,
	const struct kp_cedar_facts *facts, const struct kp_cedar_expr *base,
	const struct kp_cedar_name *attr, const struct kp_cedar_expr *tag);

#endif
