/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check_facts: see check_facts.h. */
#include "check_facts.h"

const struct kp_cedar_facts *
kp_cedar_facts_both(struct kp_cedar_checker *checker, const struct kp_cedar_facts *left,
	const struct kp_cedar_facts *right)
{
	if (left == NULL || right == NULL || left == right) {
		return left == NULL ? right : left;
	}
	struct kp_cedar_facts *facts =
		KP_ARENA_NEW(checker->arena, struct kp_cedar_facts);
	if (facts == NULL) {
		kp_cedar_check_no_memory(checker);
		return left;
	}
	*facts = (struct kp_cedar_facts){.left = left, .right = right};
	return facts;
}

const struct kp_cedar_facts *
kp_cedar_facts_one(struct kp_cedar_checker *checker, const struct kp_cedar_expr *base,
	const struct kp_cedar_name *attr, const struct kp_cedar_expr *tag)
{
	struct kp_cedar_facts *facts =
		KP_ARENA_NEW(checker->arena, struct kp_cedar_facts);
	if (facts == NULL) {
		kp_cedar_check_no_memory(checker);
		return NULL;
	}
	*facts = (struct kp_cedar_facts){.base = base, .attr = attr, .tag = tag};
	return facts;
}

static bool
same_fact(const struct kp_cedar_facts *one, const struct kp_cedar_expr *base,
	const struct kp_cedar_name *attr, const struct kp_cedar_expr *tag)
{
	if (one->attr != attr || (one->tag == NULL) != (tag == NULL)) {
		return false;
	}
	return kp_cedar_expr_equal(one->base, base) &&
		(tag == NULL || kp_cedar_expr_equal(one->tag, tag));
}

bool
kp_cedar_facts_known(struct kp_cedar_checker *checker, const struct kp_cedar_facts *facts,
	const struct kp_cedar_expr *base, const struct kp_cedar_name *attr,
	const struct kp_cedar_expr *tag)
{
	while (facts != NULL && kp_cedar_check_step(checker)) {
		if (facts->base != NULL) {
			return same_fact(facts, base, attr, tag);
		}
		if (kp_cedar_facts_known(checker, facts->right, base, attr, tag)) {
			return true;
		}
		facts = facts->left;
	}
	return false;
}

const struct kp_cedar_facts *
kp_cedar_facts_common(struct kp_cedar_checker *checker, const struct kp_cedar_facts *left,
	const struct kp_cedar_facts *right)
{
	if (left == NULL || right == NULL || left == right) {
		return left == right ? left : NULL;
	}
	if (left->base != NULL) {
		return kp_cedar_facts_known(
			       checker, right, left->base, left->attr, left->tag)
			? left
			: NULL;
	}
	return kp_cedar_facts_both(checker,
		kp_cedar_facts_common(checker, left->left, right),
		kp_cedar_facts_common(checker, left->right, right));
}
