/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_diff: `ketenpoort policy diff OLD NEW` says what an edit opens and closes: who
 * gains or loses which fields for which purpose, under which condition, shown with
 * somebody; and what changed in the registers.
 */
#include "policies/diff.h"

#include <string.h>

#include "commands/policy_commands.h"
#include "commands/policy_diff.h"
#include "commands/policy_matrix.h"
#include "commands/policy_options.h"
#include "commands/policy_table.h"
#include "commands/policy_view.h"
#include "core/bits.h"

#define TEXT_BYTES_MAX ((size_t)1 << 20)

static const char usage[] =
	"gebruik: ketenpoort policy diff [KEUZE…] OUD NIEUW\n"
	"\n"
	"Zegt wat de regels in map NIEUW toestaan dat die in map OUD niet toestaan, en\n"
	"omgekeerd: wie, welke velden, voor welk doel, onder welke voorwaarde. 'Niet\n"
	"ruimer' is bewezen, ook voor wie meer rollen heeft. 'Ruimer' komt met iemand\n"
	"over wie beide sets anders beslissen; 'niet zeker' als die niet gevonden is.\n"
	"\n"
	"  --datum DAG        reken vanaf deze dag (2027-06-01) in plaats van vandaag\n"
	"  --journaal BESTAND herhaal de vragen uit dit logboek met beide sets en tel\n"
	"                     waar het antwoord anders zou zijn\n"
	"  --json             één JSON-object\n"
	"  --html             een pagina om af te drukken\n"
	"\n"
	"Uitkomst: 0 niet ruimer (gelijk of nauwer), 1 ruimer of niet vergeleken,\n"
	"2 verkeerd gebruikt.\n";
static const char usage_en[] =
	"usage: ketenpoort policy diff [CHOICE…] OLD NEW\n"
	"\n"
	"Says what the rules in folder NEW permit that those in OLD do not, and the "
	"other\n"
	"way round: who, which fields, for which purpose, on which condition. 'Not "
	"wider'\n"
	"is proved, also for people with several roles. 'Wider' comes with somebody "
	"about\n"
	"whom the sets decide differently; 'not certain' when nobody was found.\n"
	"\n"
	"  --datum DAY      reckon from this day (2027-06-01) in place of today\n"
	"  --journaal FILE  repeat the questions of this journal with both sets and "
	"count\n"
	"                   where the answer would differ\n"
	"  --json           one JSON object\n"
	"  --html           a page for print\n"
	"\n"
	"Exit codes: 0 not wider (the same, or narrower), 1 wider or not compared,\n"
	"2 wrong use.\n";

static const char *
verdict_word(enum kp_diff_verdict verdict, bool english)
{
	static const char *const words[] = {"gelijk", "nauwer", "ruimer", "veranderd"};
	return english ? kp_diff_verdict_name(verdict) : words[verdict];
}

static struct kp_buffer
text_begin(struct kp_diff_view *view)
{
	struct kp_buffer text;
	kp_buffer_init(&text, &view->arena, TEXT_BYTES_MAX);
	return text;
}

static const char *
text_end(struct kp_buffer *text)
{
	kp_buffer_add_char(text, '\0');
	return text->failed ? "" : text->data;
}

/* The field of a cell in whichever set has it. */
static const struct kp_field *
field_of(const struct kp_diff *diff, uint32_t cell, const struct kp_catalogue **ret_in)
{
	bool is_new = diff->cells.in_new[cell] != KP_NO_ID;
	const struct kp_catalogue *catalogue =
		is_new ? diff->new_bundle->catalogue : diff->old_bundle->catalogue;
	uint32_t own = is_new ? diff->cells.in_new[cell] : diff->cells.in_old[cell];
	*ret_in = catalogue;
	return &catalogue->fields[catalogue->cells[own].field];
}

/* "3 velden van rubriek schulden, 1 veld van rubriek werk": fields, not their sources. */
static const char *
what_text(struct kp_diff_view *view, const struct kp_diff_change *change)
{
	const struct kp_diff *diff = &view->diff;
	struct kp_buffer text = text_begin(view);
	struct kp_slice section = {NULL, 0};
	struct kp_slice last = {NULL, 0};
	unsigned count = 0;
	for (uint32_t i = 0; i <= diff->cells.count; i++) {
		const struct kp_catalogue *in = NULL;
		const struct kp_field *field = NULL;
		if (i < diff->cells.count) {
			if (!kp_bits_has(change->cells, i)) {
				continue;
			}
			field = field_of(diff, i, &in);
		}
		struct kp_slice name = field == NULL ? (struct kp_slice){"", 0}
						     : in->sections[field->section].name;
		if (count > 0 && !kp_slice_equal(name, section)) {
			kp_buffer_printf(&text, "%s%u %s %.*s", text.len > 0 ? ", " : "",
				count,
				count == 1 ? KP_SAY(view->english, "veld van rubriek",
						     "field of section")
					   : KP_SAY(view->english, "velden van rubriek",
						     "fields of section"),
				KP_SLICE_ARG(section));
			count = 0;
		}
		if (field != NULL) {
			count += last.data != NULL && kp_slice_equal(last, field->path)
				? 0
				: 1;
			last = field->path;
			section = name;
		}
	}
	return text_end(&text);
}

static const char *
who_text(struct kp_diff_view *view, const struct kp_diff_change *change)
{
	const struct kp_diff *diff = &view->diff;
	struct kp_buffer text = text_begin(view);
	if (change->role != KP_NO_ID) {
		kp_buffer_add_slice(&text, diff->roles.names[change->role]);
	} else {
		kp_buffer_add_slice(&text,
			kp_slice_from(KP_SAY(view->english, "meer rollen samen",
				"several roles together")));
	}
	size_t some = kp_bits_count(
		change->organisations, kp_bits_words(diff->organisations.count));
	if (some < diff->organisations.count) {
		kp_buffer_printf(&text,
			KP_SAY(view->english, " (%zu van %u organisaties)",
				" (%zu of %u organisations)"),
			some, diff->organisations.count);
	}
	if (change->in_name_of != KP_NO_ID) {
		kp_buffer_printf(&text, "; %s %.*s",
			KP_SAY(view->english, "namens", "in the name of"),
			KP_SLICE_ARG(diff->organisations.names[change->in_name_of]));
	}
	return text_end(&text);
}

/* On which condition: "alleen met lopende zaak; tot 2027-01-01". */
static const char *
when_text(struct kp_diff_view *view, const struct kp_diff_change *change)
{
	struct kp_buffer text = text_begin(view);
	bool gains = change->verdict != KP_DIFF_NARROWER;
	uint64_t ever = gains ? change->gained_ever : change->lost_ever;
	kp_policy_words_facts(&text, ever, change->admitted, view->english);
	if (change->conditions.len > 0) {
		kp_buffer_printf(&text, "%s%s: %.*s", text.len > 0 ? "; " : "",
			KP_SAY(view->english, "mits ook", "and if"),
			KP_SLICE_ARG(change->conditions));
	}
	if (gains && change->until_ms != INT64_MAX) {
		kp_buffer_printf(&text, "%s%s %s", text.len > 0 ? "; " : "",
			KP_SAY(view->english, "tot", "until"),
			kp_matrix_day(&view->arena, change->until_ms));
	}
	return text_end(&text);
}

/* Somebody for whom it is so. */
static const char *
example_text(struct kp_diff_view *view, const struct kp_diff_change *change)
{
	bool gains = change->verdict != KP_DIFF_NARROWER;
	const struct kp_diff_witness *witness = gains ? &change->gained : &change->lost;
	struct kp_buffer text = text_begin(view);
	if (!witness->confirmed) {
		return KP_SAY(view->english, "niet zeker: niemand gevonden",
			"not certain: nobody found");
	}
	const struct kp_facts *facts = &witness->facts;
	kp_buffer_printf(&text, "%.*s: ", KP_SLICE_ARG(facts->organisation));
	for (size_t i = 0; i < facts->role_count; i++) {
		kp_buffer_printf(&text, "%s%.*s", i > 0 ? " + " : "",
			KP_SLICE_ARG(facts->roles[i]));
	}
	unsigned combination = kp_model_facts(facts);
	for (unsigned i = 0; i < KP_FACT_COUNT; i++) {
		if ((combination >> i & 1) != 0) {
			KP_BUFFER_ADD(&text, ", ");
			kp_policy_words_fact(&text, (enum kp_fact)i, true, view->english);
		}
	}
	kp_buffer_printf(&text, ", %s", kp_matrix_day(&view->arena, facts->now_ms));
	int64_t second = facts->now_ms / 1000 % 86400;
	if (change->conditions.len > 0) {
		/* Then the hour may be what makes the difference. */
		kp_buffer_printf(&text, " %02d:%02d:%02d UTC", (int)(second / 3600),
			(int)(second / 60 % 60), (int)(second % 60));
	}
	kp_buffer_printf(
		&text, ", %.*s", KP_SLICE_ARG(view->diff.cells.names[witness->cell]));
	return text_end(&text);
}

static void
fill_table(struct kp_diff_view *view, struct kp_table *table)
{
	bool english = view->english;
	const struct kp_diff *diff = &view->diff;
	kp_table_begin(table, &view->arena, 7);
	const char *const head[] = {KP_SAY(english, "oordeel", "verdict"),
		KP_SAY(english, "doel", "purpose"),
		KP_SAY(english, "handeling", "action"), KP_SAY(english, "rol", "role"),
		KP_SAY(english, "wat", "what"), KP_SAY(english, "wanneer", "when"),
		KP_SAY(english, "bijvoorbeeld", "for example")};
	kp_table_row(table, head, KP_ARRAY_LEN(head));
	for (uint32_t i = 0; i < diff->change_count; i++) {
		const struct kp_diff_change *change = &diff->changes[i];
		struct kp_buffer purpose = text_begin(view);
		kp_buffer_add_slice(&purpose, diff->purposes.names[change->purpose]);
		const char *const row[] = {verdict_word(change->verdict, english),
			text_end(&purpose), kp_action_name(change->action),
			who_text(view, change), what_text(view, change),
			when_text(view, change), example_text(view, change)};
		kp_table_row(table, row, KP_ARRAY_LEN(row));
	}
}

static const char *
summary_text(struct kp_diff_view *view)
{
	const struct kp_diff *diff = &view->diff;
	struct kp_buffer text = text_begin(view);
	kp_buffer_printf(&text,
		KP_SAY(view->english,
			"%s: %u wijzigingen, waarvan %u iets toestaan dat niet mocht "
			"(%u niet zeker)",
			"%s: %u changes, of which %u permit something new (%u not "
			"certain)"),
		verdict_word(diff->verdict, view->english), diff->change_count,
		diff->wider, diff->uncertain);
	return text_end(&text);
}

static bool
print_people(struct kp_diff_view *view, bool html)
{
	struct kp_table table;
	fill_table(view, &table);
	struct kp_table registers;
	kp_diff_registers(view, &registers);
	const char *title =
		KP_SAY(view->english, "Wijziging van de regels", "Change of the rules");
	const char *second = KP_SAY(
		view->english, "Wijzigingen in de registers", "Changes in the registers");
	if (html) {
		kp_html_begin(stdout, title, view->english);
		(void)fputs("<p>", stdout);
		kp_html_string(stdout, summary_text(view));
		(void)fputs("</p>\n", stdout);
		kp_html_table(stdout, &table, title);
		kp_html_table(stdout, &registers, second);
		kp_html_end(stdout);
		return !table.failed && !registers.failed;
	}
	(void)printf("%s\n", summary_text(view));
	if (table.rows > 1) {
		(void)putchar('\n');
		kp_table_print(&table, stdout, kp_table_terminal_width(), 0);
	}
	if (registers.rows > 1) {
		(void)printf("\n%s\n", second);
		kp_table_print(&registers, stdout, kp_table_terminal_width(), 0);
	}
	kp_diff_replay_print(view);
	return !table.failed && !registers.failed;
}

static json_t *
change_json(struct kp_diff_view *view, const struct kp_diff_change *change)
{
	const struct kp_diff *diff = &view->diff;
	json_t *cells = json_array();
	for (uint32_t i = 0; i < diff->cells.count; i++) {
		if (kp_bits_has(change->cells, i)) {
			(void)json_array_append_new(
				cells, kp_policy_json_text(diff->cells.names[i]));
		}
	}
	json_t *organisations = json_array();
	for (uint32_t i = 0; i < diff->organisations.count; i++) {
		if (kp_bits_has(change->organisations, i)) {
			(void)json_array_append_new(organisations,
				kp_policy_json_text(diff->organisations.names[i]));
		}
	}
	return json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:s, s:s, s:b}", "verdict",
		kp_diff_verdict_name(change->verdict), "purpose",
		kp_policy_json_text(diff->purposes.names[change->purpose]), "action",
		kp_action_name(change->action), "role",
		change->role == KP_NO_ID
			? json_null()
			: kp_policy_json_text(diff->roles.names[change->role]),
		"organisations", organisations, "cells", cells, "when",
		when_text(view, change), "example", example_text(view, change), "certain",
		change->verdict == KP_DIFF_NARROWER ? change->lost.confirmed
						    : change->gained.confirmed);
}

static bool
print_json(struct kp_diff_view *view)
{
	const struct kp_diff *diff = &view->diff;
	json_t *changes = json_array();
	for (uint32_t i = 0; i < diff->change_count; i++) {
		(void)json_array_append_new(
			changes, change_json(view, &diff->changes[i]));
	}
	struct kp_table registers;
	kp_diff_registers(view, &registers);
	json_t *lines = json_array();
	for (size_t i = 1; i < registers.rows; i++) {
		const char *const *row = &registers.cells[i * registers.columns];
		(void)json_array_append_new(lines,
			json_pack("{s:s, s:s, s:s, s:s}", "register", row[0], "id",
				row[1], "old", row[2], "new", row[3]));
	}
	json_t *value =
		json_pack("{s:s, s:o, s:o, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:o}",
			"verdict", kp_diff_verdict_name(diff->verdict), "old",
			kp_policy_json_text(kp_bundle_version(diff->old_bundle)), "new",
			kp_policy_json_text(kp_bundle_version(diff->new_bundle)), "wider",
			(json_int_t)diff->wider, "uncertain", (json_int_t)diff->uncertain,
			"counts", "same", (json_int_t)diff->counts[KP_DIFF_SAME],
			"narrower", (json_int_t)diff->counts[KP_DIFF_NARROWER], "wider",
			(json_int_t)diff->counts[KP_DIFF_WIDER], "changed",
			(json_int_t)diff->counts[KP_DIFF_CHANGED], "changes", changes,
			"registers", lines);
	if (view->replayed && value != NULL) {
		(void)json_object_set_new(value, "replay", kp_diff_replay_json(view));
	}
	return kp_policy_print_json(value);
}

static bool
compare(struct kp_diff_view *view, int64_t now_ms)
{
	const struct kp_diff_options options = {.now_ms = now_ms};
	enum kp_status status = kp_diff_create(&view->arena, view->sets[0].bundle,
		view->sets[1].bundle, &options, &view->diff);
	if (status != KP_OK) {
		(void)fprintf(stderr, "ketenpoort policy diff: %s: %s\n",
			KP_SAY(view->english, "niet vergeleken, dus niets bewezen",
				"not compared, so nothing is proved"),
			kp_status_info(status)->title);
	}
	return status == KP_OK;
}

static int
run(struct kp_diff_view *view, char **folders, int64_t now_ms, const char *journal,
	bool json, bool html)
{
	bool loaded = true;
	for (unsigned i = 0; i < 2; i++) {
		loaded = kp_policy_set_load(
				 &view->sets[i], folders[i], now_ms, view->english) &&
			loaded;
	}
	if (!loaded || !compare(view, now_ms) ||
		(journal != NULL && !kp_diff_replay(view, journal))) {
		return KP_POLICY_FOUND;
	}
	bool printed = json ? print_json(view) : print_people(view, html);
	return printed && view->diff.wider == 0 ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}

int
kp_policy_diff(int argc, char **argv)
{
	struct kp_diff_view view = {0};
	bool json = false;
	bool html = false;
	const char *day = NULL;
	const char *journal = NULL;
	size_t operands = 0;
	int exit_code = KP_POLICY_GOOD;
	int64_t now_ms;
	const struct kp_option items[] = {{"--datum", .text = &day},
		{"--journaal", .text = &journal}, {"--json", .flag = &json},
		{"--html", .flag = &html}};
	const struct kp_options options = {.command = "diff",
		.usage = usage,
		.usage_en = usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 2,
		.operands_max = 2};
	if (!kp_options_read(
		    &options, argc, argv, &view.english, &operands, &exit_code)) {
		return exit_code;
	}
	if (!kp_policy_moment("diff", day, view.english, &now_ms)) {
		return KP_POLICY_WRONG_USE;
	}
	kp_arena_init(&view.arena, KP_POLICY_LOAD_BYTES_MAX, NULL);
	kp_policy_set_begin(&view.sets[0]);
	kp_policy_set_begin(&view.sets[1]);
	exit_code = run(&view, &argv[1], now_ms, journal, json, html);
	kp_policy_set_end(&view.sets[0]);
	kp_policy_set_end(&view.sets[1]);
	kp_arena_deinit(&view.arena);
	return exit_code;
}
