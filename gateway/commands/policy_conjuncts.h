/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_conjuncts: one rule taken apart into the things that must all hold, each with
 * what it is about and, for one request, whether it holds: by the general evaluator.
 */
#ifndef KP_COMMANDS_POLICY_CONJUNCTS_H
#define KP_COMMANDS_POLICY_CONJUNCTS_H

#include "core/buffer.h"
#include "policies/bundle.h"

enum kp_policy_about {
	KP_ABOUT_ROLE,
	KP_ABOUT_ORGANISATION,
	KP_ABOUT_PURPOSE,
	KP_ABOUT_ACTION,
	KP_ABOUT_FIELD,
	KP_ABOUT_FACTS,
	KP_ABOUT_OTHER,
};

struct kp_policy_conjunct {
	enum kp_policy_about about;
	const struct kp_cedar_scope *scope; /* principal, action or resource; else NULL */
	const struct kp_cedar_expr *expr;   /* of a condition; else NULL */
	bool negated;                       /* it must be false */
	struct kp_cedar_pos pos;
	enum kp_truth truth; /* set by kp_policy_weigh */
};

/* Lifetime: the arena. */
struct kp_policy_conjuncts {
	const struct kp_rule *rule;
	struct kp_policy_conjunct *items;
	size_t count;
	/* After weighing. */
	enum kp_truth truth; /* of the rule as a whole */
	size_t failing;
	bool about_field; /* all that is about the field and the action holds */
};

/* In order of the text; what a scope leaves open is left out. KP_E_MEMORY. */
enum kp_status kp_policy_take_apart(struct kp_arena *arena,
	const struct kp_bundle *bundle, const struct kp_rule *rule,
	struct kp_policy_conjuncts *ret_conjuncts) KP_MUST_USE;
/* Each one for the request and this cell. */
void kp_policy_weigh(
	struct kp_policy_conjuncts *conjuncts, struct kp_asking *asking, uint32_t cell);

/* What must hold, as people say it; where there are no words for it, as Cedar text. */
void kp_policy_words_conjunct(struct kp_buffer *out, const struct kp_bundle *bundle,
	const struct kp_policy_conjunct *conjunct, bool english);

#endif
