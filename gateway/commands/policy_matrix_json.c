/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_matrix_json: the matrix for programs; always down to fields. */
#include "commands/policy_matrix.h"

#include <string.h>

#include "commands/policy_options.h"
#include "core/bits.h"

static const char *const grade_words[] = {
	[KP_POLICY_NONE] = "niet",
	[KP_POLICY_CONDITIONAL] = "mits",
	[KP_POLICY_ALWAYS] = "altijd",
};

/* "a, b" as ["a", "b"]. */
static json_t *
list_json(const char *names)
{
	json_t *list = json_array();
	while (names != NULL && names[0] != '\0') {
		size_t len = strcspn(names, ",");
		(void)json_array_append_new(list, json_stringn(names, len));
		names += len;
		names += strspn(names, ", ");
	}
	return list;
}

static json_t *
field_json(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_field *field)
{
	const struct kp_policy_access *access = &view->fields[field->id];
	enum kp_policy_grade grade = kp_policy_grade(view, access);
	json_t *object = json_pack("{s:o, s:s, s:o, s:o}", "veld",
		kp_policy_json_text(field->path), "toegang", grade_words[grade],
		"toegestaanDoor",
		list_json(kp_matrix_field_rules(matrix, view, field, KP_CEDAR_PERMIT)),
		"verbodenDoor",
		list_json(kp_matrix_field_rules(matrix, view, field, KP_CEDAR_FORBID)));
	if (grade == KP_POLICY_CONDITIONAL) {
		const char *condition = kp_matrix_field_condition(matrix, view, access);
		(void)json_object_set_new(object, "voorwaarde",
			json_string(condition == NULL ? "" : condition));
	}
	return object;
}

static json_t *
section_json(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_section *section)
{
	struct kp_policy_tally tally = kp_policy_tally(view, section);
	json_t *fields = json_array();
	for (uint32_t i = 0; i < section->field_count; i++) {
		uint32_t at = section->first_field + i;
		bool shown = matrix->everything ||
			kp_policy_grade(view, &view->fields[at]) != KP_POLICY_NONE;
		if (shown && kp_bits_has(matrix->wanted, at)) {
			(void)json_array_append_new(fields,
				field_json(matrix, view,
					&matrix->bundle->catalogue->fields[at]));
		}
	}
	return json_pack("{s:o, s:I, s:I, s:I, s:o}", "rubriek",
		kp_policy_json_text(section->name), "velden", (json_int_t)tally.total,
		"altijd", (json_int_t)tally.grades[KP_POLICY_ALWAYS], "mits",
		(json_int_t)tally.grades[KP_POLICY_CONDITIONAL], "perVeld", fields);
}

static json_t *
column_json(struct kp_matrix *matrix, const struct kp_matrix_column *column)
{
	const struct kp_catalogue *catalogue = matrix->bundle->catalogue;
	json_t *sections = json_array();
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		const struct kp_section *section = &catalogue->sections[i];
		struct kp_policy_tally tally = kp_policy_tally(&column->view, section);
		bool any = tally.grades[KP_POLICY_NONE] < tally.total;
		if (kp_matrix_wants(matrix, section) && (any || matrix->everything)) {
			(void)json_array_append_new(
				sections, section_json(matrix, &column->view, section));
		}
	}
	const char *line = kp_matrix_group_line(matrix, &column->view);
	return json_pack("{s:o, s:s, s:s, s:o}", "rol",
		kp_policy_json_text(
			matrix->bundle->registers.roles[column->view.asker.role].id),
		"actie", kp_action_name(column->view.asker.action), "vraagt",
		line == NULL ? "" : line, "rubrieken", sections);
}

static json_t *
purpose_json(struct kp_matrix *matrix)
{
	const struct kp_purpose *purpose = matrix->purpose;
	json_t *roles = json_array();
	for (size_t i = 0; i < matrix->column_count; i++) {
		(void)json_array_append_new(
			roles, column_json(matrix, &matrix->columns[i]));
	}
	return json_pack("{s:o, s:o, s:o, s:s, s:b, s:o}", "doel",
		kp_policy_json_text(purpose->id), "naam",
		kp_policy_json_text(
			KP_SAY(matrix->english, purpose->name, purpose->name_en)),
		"grondslag", kp_policy_json_text(purpose->ground), "herzien",
		kp_matrix_day(&matrix->scratch, purpose->review_ms),
		"werkvoorraadVereist", purpose->caseload_required, "rollen", roles);
}

bool
kp_matrix_print_json(struct kp_matrix *matrix)
{
	const struct kp_registers *registers = &matrix->bundle->registers;
	json_t *purposes = json_array();
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		if (!matrix->purposes[i]) {
			continue;
		}
		if (!kp_matrix_turn_to(matrix, i) ||
			json_array_append_new(purposes, purpose_json(matrix)) != 0) {
			json_decref(purposes);
			return false;
		}
	}
	return kp_policy_print_json(json_pack("{s:o, s:s, s:o}", "beleidsversie",
		kp_policy_json_text(matrix->bundle->version), "datum",
		kp_matrix_day(&matrix->set.arena, matrix->now_ms), "doelen", purposes));
}
