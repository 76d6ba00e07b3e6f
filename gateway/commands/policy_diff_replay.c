/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_diff_replay: the questions of a journal, decided once more with both sets. */
#include <inttypes.h>
#include <string.h>

#include "audit/journal.h"
#include "audit/record.h"
#include "commands/policy_diff.h"
#include "commands/policy_options.h"
#include "core/bits.h"

struct replay {
	struct kp_diff_view *view;
	bool failed;
};

static struct kp_slice
text_at(const json_t *record, const char *part, const char *name)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(record, part), name));
	return kp_slice_from(text == NULL ? "" : text);
}

/* The action of that name; false when there is none. */
static bool
read_action(struct kp_slice name, enum kp_action *ret_action)
{
	for (unsigned i = 0; i < KP_ACTION_COUNT; i++) {
		if (kp_slice_is(name, kp_action_name((enum kp_action)i))) {
			*ret_action = (enum kp_action)i;
			return true;
		}
	}
	return false;
}

static size_t
read_roles(const json_t *record, struct kp_slice *roles)
{
	const json_t *list = json_object_get(json_object_get(record, "actor"), "roles");
	size_t count = 0;
	for (size_t i = 0; i < json_array_size(list) && count < KP_RECORD_ROLES_MAX;
		i++) {
		const char *role = json_string_value(json_array_get(list, i));
		if (role != NULL) {
			roles[count++] = kp_slice_from(role);
		}
	}
	return count;
}

/* Lives as long as the record. */
static bool
read_facts(const json_t *record, int64_t now_ms, struct kp_slice *roles,
	struct kp_facts *ret_facts)
{
	bool in_caseload = kp_slice_is(text_at(record, "question", "relation"), "inside");
	*ret_facts = (struct kp_facts){.employee = text_at(record, "actor", "employee"),
		.organisation = text_at(record, "actor", "organisation"),
		.on_behalf_of = text_at(record, "actor", "onBehalfOf"),
		.roles = roles,
		.role_count = read_roles(record, roles),
		.purpose = text_at(record, "question", "purpose"),
		.case_id = text_at(record, "question", "case"),
		.in_caseload = in_caseload,
		.has_case = in_caseload && text_at(record, "question", "case").len > 0,
		.reason_given = text_at(record, "question", "reason").len > 0,
		.opted_out =
			kp_slice_is(text_at(record, "question", "objection"), "made"),
		.now_ms = now_ms};
	return ret_facts->purpose.len > 0 && ret_facts->organisation.len > 0 &&
		read_action(text_at(record, "question", "action"), &ret_facts->action);
}

static bool
decide_both(const struct kp_diff_view *view, const struct kp_facts *facts, bool *more,
	bool *less)
{
	const struct kp_diff_names *names = &view->diff.cells;
	struct kp_arena arena;
	struct kp_decision was;
	struct kp_decision is;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	bool decided =
		kp_bundle_decide(view->diff.old_bundle, facts, &arena, &was) == KP_OK &&
		kp_bundle_decide(view->diff.new_bundle, facts, &arena, &is) == KP_OK;
	for (uint32_t i = 0; decided && i < names->count; i++) {
		bool before = names->in_old[i] != KP_NO_ID &&
			kp_bits_has(was.cells, names->in_old[i]);
		bool after = names->in_new[i] != KP_NO_ID &&
			kp_bits_has(is.cells, names->in_new[i]);
		*more = *more || (after && !before);
		*less = *less || (before && !after);
	}
	kp_arena_deinit(&arena);
	return decided;
}

static struct kp_diff_tally *
tally_for(struct kp_diff_view *view, struct kp_slice role, const struct kp_facts *facts)
{
	for (uint32_t i = 0; i < view->tally_count; i++) {
		struct kp_diff_tally *tally = &view->tallies[i];
		if (kp_slice_equal(tally->role, role) &&
			kp_slice_equal(tally->organisation, facts->organisation) &&
			kp_slice_equal(tally->purpose, facts->purpose)) {
			return tally;
		}
	}
	if (view->tally_count == KP_DIFF_TALLIES_MAX) {
		view->tallies_dropped++;
		return NULL;
	}
	struct kp_diff_tally *tally = &view->tallies[view->tally_count];
	*tally = (struct kp_diff_tally){.role = kp_arena_copy(&view->arena, role),
		.organisation = kp_arena_copy(&view->arena, facts->organisation),
		.purpose = kp_arena_copy(&view->arena, facts->purpose)};
	if (tally->role.data == NULL || tally->organisation.data == NULL ||
		tally->purpose.data == NULL) {
		view->tallies_dropped++;
		return NULL;
	}
	view->tally_count++;
	return tally;
}

static bool
replay_one(struct replay *replay, const json_t *record)
{
	struct kp_diff_view *view = replay->view;
	struct kp_slice roles[KP_RECORD_ROLES_MAX];
	struct kp_facts facts;
	bool more = false;
	bool less = false;
	if (!read_facts(record, kp_policy_now_ms(), roles, &facts)) {
		return true; /* it never came to a question for the rules */
	}
	for (unsigned i = 0; i < 2; i++) {
		facts.has_case = i != 0;
		if (!decide_both(view, &facts, &more, &less)) {
			return false;
		}
	}
	for (size_t i = 0; i < facts.role_count; i++) {
		struct kp_diff_tally *tally = tally_for(view, roles[i], &facts);
		if (tally != NULL) {
			tally->questions++;
			tally->more += more ? 1 : 0;
			tally->less += less ? 1 : 0;
		}
	}
	return true;
}

static bool
visit(void *context, uint64_t index, enum kp_record_type type, struct kp_slice payload)
{
	struct replay *replay = context;
	(void)index;
	if (type != KP_RECORD_INTENT && type != KP_RECORD_REFUSAL) {
		return true;
	}
	json_t *record = json_loadb(payload.data, payload.len, 0, NULL);
	replay->failed = record == NULL || !replay_one(replay, record);
	json_decref(record);
	return !replay->failed;
}

bool
kp_diff_replay(struct kp_diff_view *view, const char *path)
{
	struct replay replay = {.view = view};
	struct kp_error err = {0};
	view->tallies =
		KP_ARENA_ARRAY(&view->arena, struct kp_diff_tally, KP_DIFF_TALLIES_MAX);
	enum kp_status status = view->tallies == NULL
		? KP_E_MEMORY
		: kp_journal_read(path, visit, &replay, &err);
	if (status != KP_OK || replay.failed) {
		char text[700];
		(void)fprintf(stderr, "%s\n",
			status != KP_OK && err.message[0] != '\0'
				? kp_error_text(&err, text, sizeof(text))
				: KP_SAY(view->english, "het logboek is niet te herhalen",
					  "the journal cannot be replayed"));
		return false;
	}
	view->replayed = true;
	return true;
}

void
kp_diff_replay_print(struct kp_diff_view *view)
{
	bool english = view->english;
	if (!view->replayed) {
		return;
	}
	struct kp_table table;
	kp_table_begin(&table, &view->arena, 6);
	const char *const head[] = {KP_SAY(english, "rol", "role"),
		KP_SAY(english, "organisatie", "organisation"),
		KP_SAY(english, "doel", "purpose"),
		KP_SAY(english, "vragen", "questions"),
		KP_SAY(english, "ziet meer", "sees more"),
		KP_SAY(english, "ziet minder", "sees less")};
	kp_table_row(&table, head, KP_ARRAY_LEN(head));
	for (uint32_t i = 0; i < view->tally_count; i++) {
		const struct kp_diff_tally *tally = &view->tallies[i];
		const char *const row[] = {
			kp_arena_printf(&view->arena, "%.*s", KP_SLICE_ARG(tally->role)),
			kp_arena_printf(
				&view->arena, "%.*s", KP_SLICE_ARG(tally->organisation)),
			kp_arena_printf(
				&view->arena, "%.*s", KP_SLICE_ARG(tally->purpose)),
			kp_arena_printf(&view->arena, "%" PRIu64, tally->questions),
			kp_arena_printf(&view->arena, "%" PRIu64, tally->more),
			kp_arena_printf(&view->arena, "%" PRIu64, tally->less)};
		kp_table_row(&table, row, KP_ARRAY_LEN(row));
	}
	(void)printf("\n%s\n",
		KP_SAY(english, "Dezelfde vragen met beide sets",
			"The same questions with both sets"));
	kp_table_print(&table, stdout, kp_table_terminal_width(), 0);
	if (view->tallies_dropped > 0) {
		(void)printf(KP_SAY(english, "en nog %" PRIu64 " vragen, niet geteld\n",
				     "and %" PRIu64 " more questions, not counted\n"),
			view->tallies_dropped);
	}
}

json_t *
kp_diff_replay_json(const struct kp_diff_view *view)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < view->tally_count; i++) {
		const struct kp_diff_tally *tally = &view->tallies[i];
		(void)json_array_append_new(list,
			json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "role",
				kp_policy_json_text(tally->role), "organisation",
				kp_policy_json_text(tally->organisation), "purpose",
				kp_policy_json_text(tally->purpose), "questions",
				(json_int_t)tally->questions, "more",
				(json_int_t)tally->more, "less",
				(json_int_t)tally->less));
	}
	return list;
}
