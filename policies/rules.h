/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * rules: the Cedar policies of a set with what Cedar itself does not know: the rule card
 * (id, purposes, legal ground, owner, review date) and whose rule it is. Reading them is
 * also the lint: a rule without a complete card never loads.
 */
#ifndef KP_POLICIES_RULES_H
#define KP_POLICIES_RULES_H

#include "policies/cedar/parse.h"
#include "policies/model.h"

#define KP_RULES_MAX 65536u

/* Lifetime: the bundle. */
struct kp_rule {
	uint32_t index; /* in the set */
	const struct kp_cedar_policy *policy;
	struct kp_slice id;     /* @id, unique in the set */
	struct kp_slice ground; /* @grondslag */
	struct kp_slice owner;  /* @eigenaar */
	struct kp_slice note;   /* @toelichting; may be empty */
	int64_t review_ms;      /* @herzien; from that moment a permit grants nothing */
	/* @doel: the purposes that the card names, one bit each; all for "alle". */
	uint64_t *purposes;
	uint32_t partner; /* source whose own rule this is; KP_NO_ID: ours */
};

struct kp_rule_set {
	struct kp_arena *arena;
	struct kp_cedar_policy_set policies; /* all of them: for the general evaluator */
	struct kp_rule *rules;               /* beside policies.policies */
	uint32_t count;
	uint32_t purpose_words; /* 64-bit words in a set of purposes */
};

/* Empty; all of it will be in the arena. `model` outlives it. */
void kp_rule_set_init(
	struct kp_rule_set *set, struct kp_arena *arena, const struct kp_model *model);

/*
 * Adds the rules of one file. `partner` is the source for partners/<bron>.cedar, else
 * KP_NO_ID. Findings as everywhere; KP_E_CONFIG, KP_E_MEMORY. The name is kept, the text
 * is not.
 */
enum kp_status kp_rule_set_read(struct kp_rule_set *set, struct kp_model *model,
	const char *file, struct kp_slice text, uint32_t partner,
	struct kp_findings *findings) KP_MUST_USE;

/* When all files are read: reports ids that occur twice, and entities that nobody
 * registered (a name that is not known is an error, never silently false). */
enum kp_status kp_rule_set_check(struct kp_rule_set *set, const struct kp_model *model,
	struct kp_findings *findings) KP_MUST_USE;

/* Adds a finding at a rule, or at a place in it when `pos` is not NULL. */
void kp_rule_finding(struct kp_findings *findings, const struct kp_rule *rule,
	const struct kp_cedar_pos *pos, const char *format, ...) KP_PRINTF(4, 5);

#endif
