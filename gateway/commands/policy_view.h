/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_view: what the compiled rules open, seen over every combination of the facts
 * that a request can bring (kp_fact: 64 combinations, one bit each). So "always" and "on
 * condition" are computed, not guessed from the text of rules.
 */
#ifndef KP_COMMANDS_POLICY_VIEW_H
#define KP_COMMANDS_POLICY_VIEW_H

#include "core/buffer.h"
#include "policies/bundle.h"

/* Who asks for what. */
struct kp_policy_asker {
	enum kp_action action;
	uint32_t role;
	uint32_t purpose;
	/* One organisation; KP_NO_ID: all that may give the role. */
	uint32_t organisation;
	int64_t now_ms;
};

/* One field. */
struct kp_policy_access {
	uint64_t always; /* combinations of facts in which it is certainly permitted */
	uint64_t ever;   /* and in which it may be */
	bool general;    /* something else than these facts counts too */
	bool varies;     /* between organisations */
	uint64_t kinds;  /* of organisations where it may be permitted, one bit each */
};

enum kp_policy_grade {
	KP_POLICY_NONE,
	KP_POLICY_CONDITIONAL,
	KP_POLICY_ALWAYS,
};

/* What holds for every field alike. */
struct kp_policy_view {
	const struct kp_bundle *bundle;
	struct kp_policy_asker asker;
	uint64_t admitted; /* combinations that are not refused whatever the field */
	struct kp_policy_access *fields; /* field_count */
};

/* Computes it all; memory is from `arena`. KP_E_MEMORY. */
enum kp_status kp_policy_view(struct kp_arena *arena, const struct kp_bundle *bundle,
	const struct kp_policy_asker *asker, struct kp_policy_view *ret_view) KP_MUST_USE;
enum kp_policy_grade kp_policy_grade(
	const struct kp_policy_view *view, const struct kp_policy_access *access);

/* Fields of a section by grade. */
struct kp_policy_tally {
	uint32_t total;
	uint32_t grades[3]; /* by enum kp_policy_grade */
};
struct kp_policy_tally kp_policy_tally(
	const struct kp_policy_view *view, const struct kp_section *section);
bool kp_policy_view_any(const struct kp_policy_view *view);

/* The next rule that can bear on this field for the asker; NULL behind the last. Begin
 * with `at` zero. */
const struct kp_rule *kp_policy_next_rule(const struct kp_policy_view *view,
	const struct kp_field *field, enum kp_cedar_effect effect, uint32_t *at);

/* Does this prohibition change nothing, because nobody is permitted what it forbids? Then
 * it is a safety net under the other rules. False for a permit, and when in doubt. */
bool kp_policy_rule_is_net(const struct kp_bundle *bundle, const struct kp_rule *rule);

/*
 * Words. Each appends to `out`.
 *   fact      "lopende zaak" or "geen lopende zaak"
 *   facts     a set of combinations as the shortest sums of facts: "lopende zaak en zaak
 *             genoemd, of vraagt over zichzelf"; what is not in `admitted` does not
 * matter access    the condition of one field; nothing when it is permitted always or
 * never
 */
void kp_policy_words_fact(
	struct kp_buffer *out, enum kp_fact fact, bool holds, bool english);
void kp_policy_words_facts(
	struct kp_buffer *out, uint64_t combinations, uint64_t admitted, bool english);
void kp_policy_words_access(struct kp_buffer *out, const struct kp_policy_view *view,
	const struct kp_policy_access *access, bool english);
/* What is refused for this purpose whatever the field: "alleen in de werkvoorraad". */
void kp_policy_words_admitted(
	struct kp_buffer *out, const struct kp_policy_view *view, bool english);

#endif
