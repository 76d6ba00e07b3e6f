/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_matrix: `ketenpoort policy matrix` shows who may see what for which purpose:
 * per purpose a table of roles and sections, drilled down to fields with their
 * conditions.
 */
#include "commands/policy_matrix.h"

#include <string.h>

#include "commands/policy_commands.h"
#include "commands/policy_options.h"
#include "commands/policy_table.h"
#include "core/bits.h"
#include "core/nearest.h"

#define SCRATCH_BYTES_MAX ((size_t)64 << 20)
/* Columns of text that one role takes at least. */
#define ROLE_WIDTH 18u
#define SECTION_WIDTH 22u

static const char usage[] =
	"gebruik: ketenpoort policy matrix [KEUZE…] [--json|--html] [--en] MAP\n"
	"\n"
	"Toont per doel wat elke rol van elke rubriek mag zien: '-' niets, 'alles',\n"
	"'3 van 8', en 'mits' wanneer het van feiten afhangt (een lopende zaak, …).\n"
	"\n"
	"  --doel DOEL…        alleen deze doelen (komma's of vaker)\n"
	"  --rol ROL…          alleen deze rollen\n"
	"  --rubriek RUBRIEK…  alleen deze rubrieken of velden (persoon, persoon.naam)\n"
	"  --actie ACTIE…      alleen deze acties (raadplegen, document, …)\n"
	"  --organisatie OIN   voor deze organisatie; anders voor alle samen\n"
	"  --velden            per veld: bron, toegang, voorwaarde en regels; vanzelf "
	"bij\n"
	"                      één doel, één rol en een rubriek\n"
	"  --alles             ook wat leeg is\n"
	"  --datum DAG         op deze dag (2027-06-01) in plaats van vandaag\n"
	"  --json, --html      voor programma's; om af te drukken\n"
	"\n"
	"Uitkomst: 0 getoond, 1 de regels zijn niet in orde, 2 verkeerd gebruikt.\n";
static const char usage_en[] =
	"usage: ketenpoort policy matrix [CHOICE…] [--json|--html] [--en] DIR\n"
	"\n"
	"Shows per purpose what each role may see of each section: '-' nothing, 'all',\n"
	"'3 of 8', and 'if' when it depends on facts (an open case, …).\n"
	"\n"
	"  --doel PURPOSE…     only these purposes (commas, or more than once)\n"
	"  --rol ROLE…         only these roles\n"
	"  --rubriek SECTION…  only these sections or fields (persoon, persoon.naam)\n"
	"  --actie ACTION…     only these actions (raadplegen, document, …)\n"
	"  --organisatie OIN   for this organisation; otherwise for all together\n"
	"  --velden            per field: source, access, condition and rules; by "
	"itself\n"
	"                      for one purpose, one role and a section\n"
	"  --alles             also what is empty\n"
	"  --datum DAY         on this day (2027-06-01) in place of today\n"
	"  --json, --html      for programs; for print\n"
	"\n"
	"Exit codes: 0 shown, 1 the rules do not check, 2 wrong use.\n";

/* As given; names are still to be found. */
struct choices {
	struct kp_option_values purposes;
	struct kp_option_values roles;
	struct kp_option_values sections;
	struct kp_option_values actions;
	const char *organisation;
};

static bool
unknown(const struct kp_matrix *matrix, const char *what, const char *given,
	struct kp_slice near)
{
	(void)fprintf(stderr, "ketenpoort policy matrix: %s '%s'%s%.*s%s\n", what, given,
		near.len == 0 ? ""
			      : KP_SAY(matrix->english, "; bedoeld is '", "; meant is '"),
		KP_SLICE_ARG(near), near.len == 0 ? "" : "'?");
	return false;
}

static bool
choose_purposes(struct kp_matrix *matrix, const struct kp_option_values *given)
{
	const struct kp_registers *registers = &matrix->bundle->registers;
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		matrix->purposes[i] = given->count == 0;
	}
	for (size_t i = 0; i < given->count; i++) {
		struct kp_slice id = kp_slice_from(given->items[i]);
		uint32_t at = kp_name_index_find(&registers->purpose_index, id);
		if (at == KP_NO_ID) {
			struct kp_nearest nearest;
			kp_nearest_begin(&nearest, id);
			for (uint32_t j = 0; j < registers->purpose_count; j++) {
				kp_nearest_offer(&nearest, registers->purposes[j].id);
			}
			return unknown(matrix,
				KP_SAY(matrix->english, "onbekend doel",
					"unknown purpose"),
				given->items[i], nearest.best);
		}
		matrix->purposes[at] = true;
	}
	return true;
}

static bool
choose_roles(struct kp_matrix *matrix, const struct kp_option_values *given)
{
	const struct kp_registers *registers = &matrix->bundle->registers;
	matrix->roles_named = given->count > 0;
	for (uint32_t i = 0; i < registers->role_count; i++) {
		matrix->roles[i] = given->count == 0;
	}
	for (size_t i = 0; i < given->count; i++) {
		struct kp_slice id = kp_slice_from(given->items[i]);
		uint32_t at = kp_name_index_find(&registers->role_index, id);
		if (at == KP_NO_ID) {
			struct kp_nearest nearest;
			kp_nearest_begin(&nearest, id);
			for (uint32_t j = 0; j < registers->role_count; j++) {
				kp_nearest_offer(&nearest, registers->roles[j].id);
			}
			return unknown(matrix,
				KP_SAY(matrix->english, "onbekende rol", "unknown role"),
				given->items[i], nearest.best);
		}
		matrix->roles[at] = true;
	}
	return true;
}

static bool
choose_actions(struct kp_matrix *matrix, const struct kp_option_values *given)
{
	const char *names[KP_ACTION_COUNT];
	for (int i = 0; i < KP_ACTION_COUNT; i++) {
		names[i] = kp_action_name((enum kp_action)i);
		matrix->actions[i] = given->count == 0;
	}
	for (size_t i = 0; i < given->count; i++) {
		size_t at = 0;
		while (at < KP_ACTION_COUNT && strcmp(names[at], given->items[i]) != 0) {
			at++;
		}
		if (at == KP_ACTION_COUNT) {
			return unknown(matrix,
				KP_SAY(matrix->english, "onbekende actie",
					"unknown action"),
				given->items[i],
				kp_nearest_of(kp_slice_from(given->items[i]), names,
					KP_ACTION_COUNT));
		}
		matrix->actions[at] = true;
	}
	return true;
}

static bool
choose_fields(struct kp_matrix *matrix, const struct kp_option_values *given)
{
	const struct kp_catalogue *catalogue = matrix->bundle->catalogue;
	matrix->wanted =
		KP_ARENA_ARRAY(&matrix->set.arena, uint64_t, catalogue->field_words);
	if (matrix->wanted == NULL) {
		return false;
	}
	if (given->count == 0) {
		memset(matrix->wanted, 0xff, catalogue->field_words * sizeof(uint64_t));
	}
	for (size_t i = 0; i < given->count; i++) {
		struct kp_slice path = kp_slice_from(given->items[i]);
		if (!kp_catalogue_select(catalogue, path, matrix->wanted)) {
			return unknown(matrix,
				KP_SAY(matrix->english, "onbekende rubriek of veld",
					"unknown section or field"),
				given->items[i], kp_catalogue_nearest(catalogue, path));
		}
	}
	return true;
}

static bool
choose_organisation(struct kp_matrix *matrix, const char *given)
{
	matrix->organisation = KP_NO_ID;
	if (given == NULL) {
		return true;
	}
	matrix->organisation = kp_name_index_find(
		&matrix->bundle->registers.organisation_index, kp_slice_from(given));
	return matrix->organisation != KP_NO_ID ||
		unknown(matrix,
			KP_SAY(matrix->english, "onbekende organisatie",
				"unknown organisation"),
			given, (struct kp_slice){0});
}

static bool
choose(struct kp_matrix *matrix, const struct choices *choices)
{
	matrix->fields = matrix->fields ||
		(choices->purposes.count == 1 && choices->roles.count == 1 &&
			choices->sections.count > 0);
	return choose_purposes(matrix, &choices->purposes) &&
		choose_roles(matrix, &choices->roles) &&
		choose_actions(matrix, &choices->actions) &&
		choose_fields(matrix, &choices->sections) &&
		choose_organisation(matrix, choices->organisation);
}

static bool
add_column(struct kp_matrix *matrix, uint32_t role, enum kp_action action)
{
	struct kp_matrix_column *column = &matrix->columns[matrix->column_count];
	const struct kp_policy_asker asker = {.action = action,
		.role = role,
		.purpose =
			(uint32_t)(matrix->purpose - matrix->bundle->registers.purposes),
		.organisation = matrix->organisation,
		.now_ms = matrix->now_ms};
	if (kp_policy_view(&matrix->scratch, matrix->bundle, &asker, &column->view) !=
		KP_OK) {
		return false;
	}
	bool any = kp_policy_view_any(&column->view);
	bool asked =
		matrix->everything || (matrix->roles_named && action == KP_ACTION_READ);
	if (!any && !asked) {
		return true;
	}
	struct kp_slice id = matrix->bundle->registers.roles[role].id;
	column->label = kp_arena_printf(&matrix->scratch, "%.*s", KP_SLICE_ARG(id));
	matrix->column_count++;
	return column->label != NULL;
}

bool
kp_matrix_turn_to(struct kp_matrix *matrix, uint32_t purpose)
{
	const struct kp_registers *registers = &matrix->bundle->registers;
	kp_arena_deinit(&matrix->scratch);
	matrix->purpose = &registers->purposes[purpose];
	matrix->column_count = 0;
	matrix->columns = KP_ARENA_ARRAY(&matrix->scratch, struct kp_matrix_column,
		(size_t)registers->role_count * KP_ACTION_COUNT);
	if (matrix->columns == NULL) {
		return false;
	}
	for (int action = 0; action < KP_ACTION_COUNT; action++) {
		for (uint32_t role = 0; role < registers->role_count; role++) {
			if (matrix->actions[action] && matrix->roles[role] &&
				!add_column(matrix, role, (enum kp_action)action)) {
				return false;
			}
		}
	}
	return true;
}

bool
kp_matrix_wants(const struct kp_matrix *matrix, const struct kp_section *section)
{
	for (uint32_t i = 0; i < section->field_count; i++) {
		if (kp_bits_has(matrix->wanted, section->first_field + i)) {
			return true;
		}
	}
	return false;
}

bool
kp_matrix_shows(const struct kp_matrix *matrix, const struct kp_section *section,
	size_t first, size_t count)
{
	if (!kp_matrix_wants(matrix, section)) {
		return false;
	}
	for (size_t i = first; i < first + count; i++) {
		struct kp_policy_tally tally =
			kp_policy_tally(&matrix->columns[i].view, section);
		if (tally.grades[KP_POLICY_NONE] < tally.total) {
			return true;
		}
	}
	return matrix->everything;
}

size_t
kp_matrix_group(const struct kp_matrix *matrix, size_t first)
{
	const struct kp_policy_view *view = &matrix->columns[first].view;
	size_t count = 1;
	while (first + count < matrix->column_count) {
		const struct kp_policy_view *next = &matrix->columns[first + count].view;
		if (next->asker.action != view->asker.action ||
			next->admitted != view->admitted) {
			break;
		}
		count++;
	}
	return count;
}

/* As many roles beside each other as fit; the next ones in a table of their own. */
static bool
print_sections(struct kp_matrix *matrix, size_t first, size_t count, size_t width)
{
	const struct kp_catalogue *catalogue = matrix->bundle->catalogue;
	const char *cells[KP_TABLE_COLUMNS_MAX];
	struct kp_table table;
	kp_table_begin(&table, &matrix->scratch, count + 1);
	cells[0] = KP_SAY(matrix->english, "rubriek", "section");
	for (size_t i = 0; i < count; i++) {
		cells[i + 1] = matrix->columns[first + i].label;
	}
	kp_table_row(&table, cells, count + 1);
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		const struct kp_section *section = &catalogue->sections[i];
		if (!kp_matrix_shows(matrix, section, first, count)) {
			continue;
		}
		cells[0] = kp_arena_printf(
			&matrix->scratch, "%.*s", KP_SLICE_ARG(section->name));
		for (size_t j = 0; j < count; j++) {
			cells[j + 1] = kp_matrix_cell(
				matrix, &matrix->columns[first + j].view, section);
		}
		kp_table_row(&table, cells, count + 1);
	}
	kp_table_print(&table, stdout, width, 2);
	return !table.failed;
}

static void
add_field(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_field *field, struct kp_table *table)
{
	const struct kp_policy_access *access = &view->fields[field->id];
	enum kp_policy_grade grade = kp_policy_grade(view, access);
	if (grade == KP_POLICY_NONE && !matrix->everything) {
		return;
	}
	const char *forbids = kp_matrix_field_rules(matrix, view, field, KP_CEDAR_FORBID);
	const char *permits = kp_matrix_field_rules(matrix, view, field, KP_CEDAR_PERMIT);
	const char *rules = forbids == NULL || forbids[0] == '\0'
		? permits
		: kp_arena_printf(&matrix->scratch, "%s; %s %s", permits,
			  KP_SAY(matrix->english, "verbod:", "forbidden by:"), forbids);
	const char *cells[] = {
		kp_arena_printf(&matrix->scratch, "%.*s", KP_SLICE_ARG(field->path)),
		kp_matrix_field_sources(matrix, field),
		kp_matrix_grade_word(grade, matrix->english),
		kp_matrix_field_condition(matrix, view, access), rules};
	kp_table_row(table, cells, KP_ARRAY_LEN(cells));
}

static bool
print_fields(
	struct kp_matrix *matrix, const struct kp_matrix_column *column, size_t width)
{
	const struct kp_catalogue *catalogue = matrix->bundle->catalogue;
	const char *const heads[] = {KP_SAY(matrix->english, "veld", "field"),
		KP_SAY(matrix->english, "bronnen", "sources"),
		KP_SAY(matrix->english, "mag", "may"),
		KP_SAY(matrix->english, "voorwaarde", "condition"),
		KP_SAY(matrix->english, "regels", "rules")};
	struct kp_table table;
	kp_table_begin(&table, &matrix->scratch, KP_ARRAY_LEN(heads));
	kp_table_row(&table, heads, KP_ARRAY_LEN(heads));
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		if (kp_bits_has(matrix->wanted, i)) {
			add_field(matrix, &column->view, &catalogue->fields[i], &table);
		}
	}
	const char *line = kp_matrix_group_line(matrix, &column->view);
	(void)printf("\n  %s: %s\n", column->label, line == NULL ? "" : line);
	table.kept = 1;
	if (table.rows > 1) {
		kp_table_print(&table, stdout, width, 2);
	} else {
		(void)printf("  %s\n", KP_SAY(matrix->english, "niets", "nothing"));
	}
	return !table.failed;
}

static bool
print_group(struct kp_matrix *matrix, size_t first, size_t count, size_t width)
{
	const char *line = kp_matrix_group_line(matrix, &matrix->columns[first].view);
	size_t at_once = (width - SECTION_WIDTH) / ROLE_WIDTH;
	at_once = at_once == 0 ? 1 : at_once;
	(void)printf("\n  %s\n", line == NULL ? "" : line);
	for (size_t i = 0; i < count; i += at_once) {
		size_t here = count - i < at_once ? count - i : at_once;
		if (!print_sections(matrix, first + i, here, width)) {
			return false;
		}
	}
	return line != NULL;
}

static bool
print_purpose(struct kp_matrix *matrix, size_t width)
{
	const struct kp_purpose *purpose = matrix->purpose;
	const char *line = kp_matrix_purpose_line(matrix);
	if (matrix->column_count == 0 && !matrix->roles_named) {
		(void)printf("\n%.*s: %s\n", KP_SLICE_ARG(purpose->id),
			KP_SAY(matrix->english, "niets, voor niemand",
				"nothing, for nobody"));
		return true;
	}
	(void)printf("\n%.*s: %.*s\n%s\n", KP_SLICE_ARG(purpose->id),
		KP_SLICE_ARG(KP_SAY(matrix->english, purpose->name, purpose->name_en)),
		line == NULL ? "" : line);
	for (size_t i = 0; !matrix->fields && i < matrix->column_count;) {
		size_t count = kp_matrix_group(matrix, i);
		if (!print_group(matrix, i, count, width)) {
			return false;
		}
		i += count;
	}
	for (size_t i = 0; matrix->fields && i < matrix->column_count; i++) {
		if (!print_fields(matrix, &matrix->columns[i], width)) {
			return false;
		}
	}
	return true;
}

static bool
print_text(struct kp_matrix *matrix)
{
	size_t width = kp_table_terminal_width();
	const struct kp_registers *registers = &matrix->bundle->registers;
	(void)printf(KP_SAY(matrix->english, "Wat mag wie zien; op %s; %.*s\n",
			     "What may who see; on %s; %.*s\n"),
		kp_matrix_day(&matrix->set.arena, matrix->now_ms),
		KP_SLICE_ARG(matrix->bundle->version));
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		if (matrix->purposes[i] &&
			!(kp_matrix_turn_to(matrix, i) && print_purpose(matrix, width))) {
			(void)fprintf(stderr, "%s\n", kp_status_info(KP_E_MEMORY)->title);
			return false;
		}
	}
	if (!matrix->fields) {
		(void)puts(KP_SAY(matrix->english,
			"\n'-' niets; 'mits': hangt af van feiten. Rubrieken die "
			"ontbreken: niets.\nMeer: --doel DOEL --rol ROL --rubriek "
			"RUBRIEK.",
			"\n'-' nothing; 'if': depends on facts. Sections left out: "
			"nothing.\nMore: --doel PURPOSE --rol ROLE --rubriek SECTION."));
	}
	return true;
}

static int
show(struct kp_matrix *matrix, const struct choices *choices, bool json, bool html)
{
	matrix->bundle = matrix->set.bundle;
	if (!choose(matrix, choices)) {
		return KP_POLICY_WRONG_USE;
	}
	kp_arena_init(&matrix->scratch, SCRATCH_BYTES_MAX, NULL);
	bool shown = json ? kp_matrix_print_json(matrix)
		: html    ? kp_matrix_print_html(matrix)
			  : print_text(matrix);
	kp_arena_deinit(&matrix->scratch);
	return shown ? KP_POLICY_GOOD : KP_POLICY_FOUND;
}

int
kp_policy_matrix(int argc, char **argv)
{
	struct kp_matrix matrix = {0};
	struct choices choices = {0};
	const char *day = NULL;
	bool json = false;
	bool html = false;
	size_t operands = 0;
	int exit_code = KP_POLICY_FOUND;
	const struct kp_option items[] = {{"--doel", .values = &choices.purposes},
		{"--rol", .values = &choices.roles},
		{"--rubriek", .values = &choices.sections},
		{"--actie", .values = &choices.actions},
		{"--organisatie", .text = &choices.organisation},
		{"--datum", .text = &day}, {"--velden", .flag = &matrix.fields},
		{"--alles", .flag = &matrix.everything}, {"--json", .flag = &json},
		{"--html", .flag = &html}};
	const struct kp_options options = {.command = "matrix",
		.usage = usage,
		.usage_en = usage_en,
		.items = items,
		.count = KP_ARRAY_LEN(items),
		.operands_min = 1,
		.operands_max = 1};
	if (!kp_options_read(
		    &options, argc, argv, &matrix.english, &operands, &exit_code)) {
		return exit_code;
	}
	if (!kp_policy_moment("matrix", day, matrix.english, &matrix.now_ms)) {
		return KP_POLICY_WRONG_USE;
	}
	kp_policy_set_begin(&matrix.set);
	if (kp_policy_set_load(&matrix.set, argv[1], matrix.now_ms, matrix.english)) {
		exit_code = show(&matrix, &choices, json, html);
	}
	kp_policy_set_end(&matrix.set);
	return exit_code;
}
