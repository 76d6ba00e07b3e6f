/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* rules: reading rule files and their cards. See rules.h. */
#include "policies/rules.h"

#include <stdio.h>

#include "core/bits.h"
#include "core/nearest.h"
#include "policies/words.h"

void
kp_rule_set_init(
	struct kp_rule_set *set, struct kp_arena *arena, const struct kp_model *model)
{
	*set = (struct kp_rule_set){.arena = arena};
	set->purpose_words = (uint32_t)kp_bits_words(model->registers->purpose_count);
	kp_cedar_policy_set_init(&set->policies, arena);
}

void
kp_rule_finding(struct kp_findings *findings, const struct kp_rule *rule,
	const struct kp_cedar_pos *pos, const char *format, ...)
{
	struct kp_error err = {.status = KP_E_CONFIG};
	va_list args;
	va_start(args, format);
	(void)vsnprintf(err.message, sizeof(err.message), format, args);
	va_end(args);
	const struct kp_cedar_pos *at = pos != NULL ? pos : &rule->policy->pos;
	char place[sizeof(err.place)] = "";
	if (rule->id.len > 0) {
		(void)snprintf(place, sizeof(place), "%.*s", KP_SLICE_ARG(rule->id));
	}
	kp_error_at(&err, rule->policy->file, at->line, at->column, place);
	kp_findings_add(findings, &err);
}

/* One card under reading. */
struct card {
	struct kp_rule *rule;
	const struct kp_model *model;
	struct kp_findings *findings;
};

/* The annotation's text; reports it when it is required and missing or empty. */
static bool
read_text(struct card *card, const char *name, bool required, struct kp_slice *ret_text)
{
	const struct kp_cedar_annotation *annotation =
		kp_cedar_policy_annotation(card->rule->policy, name);
	if (annotation == NULL || annotation->value.len == 0) {
		if (required || annotation != NULL) {
			kp_rule_finding(card->findings, card->rule,
				annotation != NULL ? &annotation->pos : NULL,
				"the rule card lacks @%s(\"…\")", name);
		}
		return false;
	}
	*ret_text = annotation->value;
	return true;
}

static void
report_unknown_purpose(struct card *card, struct kp_slice word)
{
	const struct kp_registers *registers = card->model->registers;
	struct kp_nearest nearest;
	kp_nearest_begin(&nearest, word);
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		kp_nearest_offer(&nearest, registers->purposes[i].id);
	}
	for (uint32_t i = 0; i < registers->law_count; i++) {
		kp_nearest_offer(&nearest, registers->laws[i].id);
	}
	const struct kp_cedar_pos *pos =
		&kp_cedar_policy_annotation(card->rule->policy, "doel")->pos;
	if (nearest.best.len > 0) {
		kp_rule_finding(card->findings, card->rule, pos,
			"unknown purpose '%.*s'; meant is '%.*s'?", KP_SLICE_ARG(word),
			KP_SLICE_ARG(nearest.best));
	} else {
		kp_rule_finding(card->findings, card->rule, pos, "unknown purpose '%.*s'",
			KP_SLICE_ARG(word));
	}
}

/* A purpose names itself; a law names all that stands under it. */
static bool
add_purposes(struct card *card, struct kp_slice word)
{
	const struct kp_model *model = card->model;
	uint32_t id = kp_name_index_find(&model->registers->purpose_index, word);
	if (id != KP_NO_ID) {
		kp_bits_set(card->rule->purposes, id);
		return true;
	}
	const struct kp_cedar_uid *law =
		kp_cedar_uid_find(&model->names, KP_SLICE("Doel"), word);
	bool any = false;
	for (uint32_t i = 0; law != NULL && i < model->registers->purpose_count; i++) {
		if (kp_cedar_entity_in(
			    kp_cedar_entities_find(&model->entities, model->purposes[i]),
			    law)) {
			kp_bits_set(card->rule->purposes, i);
			any = true;
		}
	}
	return any;
}

static void
read_purposes(struct card *card)
{
	struct kp_slice list = {0};
	if (!read_text(card, "doel", true, &list)) {
		return;
	}
	if (kp_slice_is(list, "alle")) {
		for (uint32_t i = 0; i < card->model->registers->purpose_count; i++) {
			kp_bits_set(card->rule->purposes, i);
		}
		if (card->rule->policy->effect == KP_CEDAR_PERMIT) {
			kp_rule_finding(card->findings, card->rule, NULL,
				"a permit names its purposes; only a forbid may be for "
				"\"alle\"");
		}
		return;
	}
	while (list.len > 0) {
		struct kp_slice word = kp_slice_trim(kp_slice_cut(&list, ','));
		if (!add_purposes(card, word)) {
			report_unknown_purpose(card, word);
		}
	}
}

static void
read_review(struct card *card)
{
	struct kp_slice text = {0};
	if (read_text(card, "herzien", true, &text) &&
		!kp_words_parse_date(text, &card->rule->review_ms)) {
		kp_rule_finding(card->findings, card->rule,
			&kp_cedar_policy_annotation(card->rule->policy, "herzien")->pos,
			"'%.*s' must be a day such as '2027-06-01'", KP_SLICE_ARG(text));
	}
}

static void
check_annotations(struct card *card)
{
	static const char *const known[] = {
		"id", "doel", "grondslag", "eigenaar", "herzien", "toelichting"};
	const struct kp_cedar_policy *policy = card->rule->policy;
	for (size_t i = 0; i < policy->annotation_count; i++) {
		struct kp_slice name = policy->annotations[i].name->text;
		bool found = false;
		for (size_t j = 0; j < KP_ARRAY_LEN(known); j++) {
			found = found || kp_slice_is(name, known[j]);
		}
		struct kp_slice near = kp_nearest_of(name, known, KP_ARRAY_LEN(known));
		if (!found) {
			kp_rule_finding(card->findings, card->rule,
				&policy->annotations[i].pos,
				"unknown annotation '@%.*s'%s%.*s", KP_SLICE_ARG(name),
				near.len > 0 ? "; meant is @" : "", KP_SLICE_ARG(near));
		}
	}
}

static void
read_card(struct card *card)
{
	struct kp_rule *rule = card->rule;
	(void)read_text(card, "id", true, &rule->id);
	(void)read_text(card, "grondslag", true, &rule->ground);
	(void)read_text(card, "eigenaar", true, &rule->owner);
	(void)read_text(card, "toelichting", false, &rule->note);
	read_purposes(card);
	read_review(card);
	check_annotations(card);
	if (rule->partner != KP_NO_ID && rule->policy->effect == KP_CEDAR_PERMIT) {
		kp_rule_finding(card->findings, rule, NULL,
			"a partner's own rules may only forbid");
	}
}

/* Makes room for the rules of one more file. */
static bool
grow(struct kp_rule_set *set, size_t count)
{
	struct kp_rule *rules = KP_ARENA_ARRAY(set->arena, struct kp_rule, count);
	if (rules == NULL) {
		return false;
	}
	if (set->count > 0) {
		memcpy(rules, set->rules, set->count * sizeof(*rules));
	}
	set->rules = rules;
	return true;
}

enum kp_status
kp_rule_set_read(struct kp_rule_set *set, struct kp_model *model, const char *file,
	struct kp_slice text, uint32_t partner, struct kp_findings *findings)
{
	size_t found_before = findings->count + findings->dropped;
	const char *kept = kp_arena_strdup(set->arena, file);
	if (kept == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = kp_cedar_parse_policies(
		&set->policies, &model->names, kept, text, findings);
	if (status == KP_E_MEMORY) {
		return status;
	}
	const struct kp_cedar_policy_list *list = &set->policies.policies;
	if (list->count > KP_RULES_MAX) {
		struct kp_error err;
		enum kp_status limit = kp_error_set(&err, KP_E_CONFIG,
			"%zu rules is above the limit %u", list->count, KP_RULES_MAX);
		kp_error_at(&err, kept, 0, 0, NULL);
		kp_findings_add(findings, &err);
		return limit;
	}
	if (!grow(set, list->count)) {
		return KP_E_MEMORY;
	}
	for (size_t i = set->count; i < list->count; i++) {
		struct kp_rule *rule = &set->rules[i];
		*rule = (struct kp_rule){.index = (uint32_t)i,
			.policy = list->items[i],
			.partner = partner};
		rule->purposes = KP_ARENA_ARRAY(set->arena, uint64_t, set->purpose_words);
		if (rule->purposes == NULL) {
			return KP_E_MEMORY;
		}
		read_card(&(struct card){rule, model, findings});
	}
	set->count = (uint32_t)list->count;
	bool found = findings->count + findings->dropped > found_before;
	return status != KP_OK || found ? KP_E_CONFIG : KP_OK;
}
