/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_matrix: what the matrix is about, shared by the ways in which it is shown. */
#ifndef KP_COMMANDS_POLICY_MATRIX_H
#define KP_COMMANDS_POLICY_MATRIX_H

#include "commands/policy_load.h"
#include "commands/policy_view.h"
#include "policies/registers.h"

#define KP_MATRIX_COLUMNS_MAX (KP_ROLES_MAX * KP_ACTION_COUNT)

/* One role with one action, for the purpose under way. */
struct kp_matrix_column {
	struct kp_policy_view view;
	const char *label; /* "klantmanager" */
};

/* Lifetime: the subcommand. */
struct kp_matrix {
	struct kp_policy_set set;
	const struct kp_bundle *bundle;
	int64_t now_ms;
	bool english;
	bool everything; /* also what is empty */
	bool fields;     /* drilled down to fields */
	/* What was asked for. */
	bool purposes[KP_PURPOSES_MAX];
	bool roles[KP_ROLES_MAX];
	bool roles_named;
	bool actions[KP_ACTION_COUNT];
	uint64_t *wanted; /* fields, field_words */
	uint32_t organisation;
	/* Of the purpose under way. */
	struct kp_arena scratch;
	const struct kp_purpose *purpose;
	struct kp_matrix_column *columns;
	size_t column_count;
};

/* Makes the columns for a purpose; with scratch memory of before thrown away. False when
 * memory runs out. */
bool kp_matrix_turn_to(struct kp_matrix *matrix, uint32_t purpose);
/* Columns from `first` that belong in one table: the same action, and the same asked of
 * every request. */
size_t kp_matrix_group(const struct kp_matrix *matrix, size_t first);
/* Is there anything to show of this section in these columns? */
bool kp_matrix_shows(const struct kp_matrix *matrix, const struct kp_section *section,
	size_t first, size_t count);
bool kp_matrix_wants(const struct kp_matrix *matrix, const struct kp_section *section);

/* All in scratch memory; NULL when that ran out. */
const char *kp_matrix_cell(const struct kp_matrix *matrix,
	const struct kp_policy_view *view, const struct kp_section *section);
/* Conditions of the fields of a section, as few words as say it. */
const char *kp_matrix_conditions(struct kp_matrix *matrix,
	const struct kp_policy_view *view, const struct kp_section *section);
const char *kp_matrix_field_condition(struct kp_matrix *matrix,
	const struct kp_policy_view *view, const struct kp_policy_access *access);
/* "intake-wie, intake-gezin": rules that may permit, or forbid when `effect` says so. */
const char *kp_matrix_field_rules(struct kp_matrix *matrix,
	const struct kp_policy_view *view, const struct kp_field *field,
	enum kp_cedar_effect effect);
const char *kp_matrix_field_sources(
	struct kp_matrix *matrix, const struct kp_field *field);
const char *kp_matrix_grade_word(enum kp_policy_grade grade, bool english);
/* What a purpose is, in a few facts: ground and review. */
const char *kp_matrix_purpose_line(struct kp_matrix *matrix);
/* The action of a table and what it always asks: "raadplegen; altijd nodig: …". */
const char *kp_matrix_group_line(
	struct kp_matrix *matrix, const struct kp_policy_view *view);
/* "2027-06-01". */
const char *kp_matrix_day(struct kp_arena *arena, int64_t ms);

/* The other ways to show it; policy_matrix_html.c and policy_matrix_json.c. False when
 * it could not be written. */
bool kp_matrix_print_html(struct kp_matrix *matrix);
bool kp_matrix_print_json(struct kp_matrix *matrix);

#endif
