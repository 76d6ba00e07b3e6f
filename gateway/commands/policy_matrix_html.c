/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_matrix_html: the matrix as a page for print. */
#include "commands/policy_matrix.h"

#include "commands/policy_options.h"
#include "commands/policy_table.h"
#include "core/bits.h"

static const char *
class_of(const struct kp_policy_tally *tally)
{
	if (tally->grades[KP_POLICY_NONE] == tally->total) {
		return "niets";
	}
	if (tally->grades[KP_POLICY_CONDITIONAL] > 0) {
		return "mits";
	}
	return tally->grades[KP_POLICY_NONE] == 0 ? "alles" : "deel";
}

/* With the class before a tab, as kp_html_table wants it. */
static const char *
section_cell(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_section *section)
{
	struct kp_policy_tally tally = kp_policy_tally(view, section);
	const char *text = tally.grades[KP_POLICY_NONE] == tally.total
		? KP_SAY(matrix->english, "niets", "nothing")
		: kp_matrix_cell(matrix, view, section);
	const char *conditions = kp_matrix_conditions(matrix, view, section);
	bool any = conditions != NULL && conditions[0] != '\0';
	return kp_arena_printf(&matrix->scratch, "%s\t%s%s%s", class_of(&tally), text,
		any ? ": " : "", any ? conditions : "");
}

static bool
print_sections(struct kp_matrix *matrix, size_t first, size_t group)
{
	const struct kp_catalogue *catalogue = matrix->bundle->catalogue;
	const char *cells[KP_TABLE_COLUMNS_MAX];
	size_t count =
		group < KP_TABLE_COLUMNS_MAX - 1 ? group : KP_TABLE_COLUMNS_MAX - 1;
	struct kp_table table;
	kp_table_begin(&table, &matrix->scratch, count + 1);
	cells[0] = KP_SAY(matrix->english, "Rubriek", "Section");
	for (size_t i = 0; i < count; i++) {
		cells[i + 1] = matrix->columns[first + i].label;
	}
	kp_table_row(&table, cells, count + 1);
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		const struct kp_section *section = &catalogue->sections[i];
		if (!kp_matrix_shows(matrix, section, first, count)) {
			continue;
		}
		struct kp_slice label =
			KP_SAY(matrix->english, section->label, section->label_en);
		cells[0] = kp_arena_printf(&matrix->scratch, "%.*s", KP_SLICE_ARG(label));
		for (size_t j = 0; j < count; j++) {
			cells[j + 1] = section_cell(
				matrix, &matrix->columns[first + j].view, section);
		}
		kp_table_row(&table, cells, count + 1);
	}
	const char *caption = kp_matrix_group_line(matrix, &matrix->columns[first].view);
	if (caption == NULL || table.failed) {
		return false;
	}
	kp_html_table(stdout, &table, caption);
	return true;
}

static void
add_field(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_field *field, struct kp_table *table)
{
	static const char *const classes[] = {
		[KP_POLICY_NONE] = "niets",
		[KP_POLICY_CONDITIONAL] = "mits",
		[KP_POLICY_ALWAYS] = "alles",
	};
	const struct kp_policy_access *access = &view->fields[field->id];
	enum kp_policy_grade grade = kp_policy_grade(view, access);
	if (grade == KP_POLICY_NONE && !matrix->everything) {
		return;
	}
	struct kp_slice label = KP_SAY(matrix->english, field->label, field->label_en);
	const char *cells[] = {kp_arena_printf(&matrix->scratch, "%.*s (%.*s)",
				       KP_SLICE_ARG(label), KP_SLICE_ARG(field->path)),
		kp_matrix_field_sources(matrix, field),
		kp_arena_printf(&matrix->scratch, "%s\t%s", classes[grade],
			kp_matrix_grade_word(grade, matrix->english)),
		kp_matrix_field_condition(matrix, view, access),
		kp_matrix_field_rules(matrix, view, field, KP_CEDAR_PERMIT),
		kp_matrix_field_rules(matrix, view, field, KP_CEDAR_FORBID)};
	kp_table_row(table, cells, KP_ARRAY_LEN(cells));
}

static bool
print_fields(struct kp_matrix *matrix, const struct kp_matrix_column *column)
{
	const struct kp_catalogue *catalogue = matrix->bundle->catalogue;
	const char *const heads[] = {KP_SAY(matrix->english, "Veld", "Field"),
		KP_SAY(matrix->english, "Bronnen", "Sources"),
		KP_SAY(matrix->english, "Mag", "May"),
		KP_SAY(matrix->english, "Voorwaarde", "Condition"),
		KP_SAY(matrix->english, "Toegestaan door", "Permitted by"),
		KP_SAY(matrix->english, "Verboden door", "Forbidden by")};
	struct kp_table table;
	kp_table_begin(&table, &matrix->scratch, KP_ARRAY_LEN(heads));
	kp_table_row(&table, heads, KP_ARRAY_LEN(heads));
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		if (kp_bits_has(matrix->wanted, i)) {
			add_field(matrix, &column->view, &catalogue->fields[i], &table);
		}
	}
	const char *line = kp_matrix_group_line(matrix, &column->view);
	const char *caption = line == NULL
		? NULL
		: kp_arena_printf(&matrix->scratch, "%s: %s", column->label, line);
	if (caption == NULL || table.failed) {
		return false;
	}
	kp_html_table(stdout, &table, caption);
	return true;
}

static bool
print_purpose(struct kp_matrix *matrix)
{
	const struct kp_purpose *purpose = matrix->purpose;
	const char *line = kp_matrix_purpose_line(matrix);
	(void)fputs("<section>\n<h2>", stdout);
	kp_html_text(stdout, KP_SAY(matrix->english, purpose->name, purpose->name_en));
	(void)fputs("</h2>\n<p><code>", stdout);
	kp_html_text(stdout, purpose->id);
	(void)fputs("</code>: ", stdout);
	kp_html_string(stdout, line == NULL ? "" : line);
	(void)fputs("</p>\n", stdout);
	bool whole = line != NULL;
	if (matrix->column_count == 0) {
		(void)printf("<p>%s</p>\n",
			KP_SAY(matrix->english, "Niets, voor niemand.",
				"Nothing, for nobody."));
	}
	for (size_t i = 0; !matrix->fields && whole && i < matrix->column_count;) {
		size_t count = kp_matrix_group(matrix, i);
		whole = print_sections(matrix, i, count);
		i += count;
	}
	for (size_t i = 0; matrix->fields && i < matrix->column_count; i++) {
		whole = whole && print_fields(matrix, &matrix->columns[i]);
	}
	(void)fputs("</section>\n", stdout);
	return whole;
}

bool
kp_matrix_print_html(struct kp_matrix *matrix)
{
	const struct kp_registers *registers = &matrix->bundle->registers;
	bool whole = true;
	kp_html_begin(stdout,
		KP_SAY(matrix->english, "Wie mag wat zien", "Who may see what"),
		matrix->english);
	(void)printf("<p>%s %s; <code>%.*s</code></p>\n",
		KP_SAY(matrix->english, "Zoals de regels gelden op",
			"As the rules stand on"),
		kp_matrix_day(&matrix->set.arena, matrix->now_ms),
		KP_SLICE_ARG(matrix->bundle->version));
	(void)printf("<p>%s</p>\n",
		KP_SAY(matrix->english,
			"Per rubriek: <b>alles</b>, een deel van de velden (<b>3 van "
			"8</b>) "
			"of <b>niets</b>. Bij <b>mits</b> staat van welke feiten het "
			"afhangt. Rubrieken die niet genoemd worden: niets.",
			"Per section: <b>all</b>, some of the fields (<b>3 of 8</b>) or "
			"<b>nothing</b>. With <b>if</b> it says which facts decide. "
			"Sections left out: nothing."));
	for (uint32_t i = 0; whole && i < registers->purpose_count; i++) {
		if (matrix->purposes[i]) {
			whole = kp_matrix_turn_to(matrix, i) && print_purpose(matrix);
		}
	}
	kp_html_end(stdout);
	return whole;
}
