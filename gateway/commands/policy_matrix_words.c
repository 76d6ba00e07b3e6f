/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_matrix_words: what stands in the cells of the matrix. */
#include "commands/policy_matrix.h"

#include <time.h>

#include "commands/policy_options.h"
#include "core/bits.h"

#define WORDS_BYTES_MAX ((size_t)1 << 20)
/* More different conditions in one section are told per field. */
#define CONDITIONS_MAX 3u

static const char *
end_words(struct kp_buffer *out)
{
	kp_buffer_add_char(out, '\0');
	return out->failed ? NULL : out->data;
}

const char *
kp_matrix_day(struct kp_arena *arena, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm day;
	char text[32];
	if (gmtime_r(&seconds, &day) == NULL ||
		strftime(text, sizeof(text), "%Y-%m-%d", &day) == 0) {
		return "";
	}
	return kp_arena_strdup(arena, text);
}

const char *
kp_matrix_grade_word(enum kp_policy_grade grade, bool english)
{
	switch (grade) {
	case KP_POLICY_NONE:
		return KP_SAY(english, "niet", "no");
	case KP_POLICY_CONDITIONAL:
		return KP_SAY(english, "mits", "if");
	case KP_POLICY_ALWAYS:
		return KP_SAY(english, "ja", "yes");
	}
	KP_UNREACHABLE();
}

const char *
kp_matrix_cell(const struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_section *section)
{
	struct kp_policy_tally tally = kp_policy_tally(view, section);
	uint32_t on_condition = tally.grades[KP_POLICY_CONDITIONAL];
	uint32_t some = on_condition + tally.grades[KP_POLICY_ALWAYS];
	if (some == 0) {
		return "-";
	}
	char part[60];
	(void)snprintf(part, sizeof(part),
		KP_SAY(matrix->english, "%u van %u", "%u of %u"), some, tally.total);
	const char *how_much =
		some == tally.total ? KP_SAY(matrix->english, "alles", "all") : part;
	struct kp_arena *arena = (struct kp_arena *)(uintptr_t)&matrix->scratch;
	if (on_condition == 0) {
		return kp_arena_strdup(arena, how_much);
	}
	const char *mits = KP_SAY(matrix->english, "mits", "if");
	return on_condition == some
		? kp_arena_printf(arena, "%s, %s", how_much, mits)
		: kp_arena_printf(arena, "%s, %u %s", how_much, on_condition, mits);
}

const char *
kp_matrix_field_condition(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_policy_access *access)
{
	struct kp_buffer out;
	kp_buffer_init(&out, &matrix->scratch, WORDS_BYTES_MAX);
	kp_policy_words_access(&out, view, access, matrix->english);
	return end_words(&out);
}

/* The same truth table is the same condition. */
static bool
told_before(
	const struct kp_policy_view *view, const struct kp_section *section, uint32_t at)
{
	const struct kp_policy_access *access = &view->fields[at];
	for (uint32_t i = section->first_field; i < at; i++) {
		const struct kp_policy_access *other = &view->fields[i];
		if (kp_policy_grade(view, other) == KP_POLICY_CONDITIONAL &&
			((other->ever ^ access->ever) & view->admitted) == 0 &&
			other->general == access->general &&
			other->varies == access->varies) {
			return true;
		}
	}
	return false;
}

const char *
kp_matrix_conditions(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_section *section)
{
	struct kp_buffer out;
	unsigned told = 0;
	kp_buffer_init(&out, &matrix->scratch, WORDS_BYTES_MAX);
	for (uint32_t i = 0; i < section->field_count; i++) {
		uint32_t at = section->first_field + i;
		const struct kp_policy_access *access = &view->fields[at];
		if (kp_policy_grade(view, access) != KP_POLICY_CONDITIONAL ||
			told_before(view, section, at)) {
			continue;
		}
		if (told++ == CONDITIONS_MAX) {
			return KP_SAY(matrix->english, "verschilt per veld",
				"differs per field");
		}
		if (told > 1) {
			KP_BUFFER_ADD(&out, " / ");
		}
		kp_policy_words_access(&out, view, access, matrix->english);
	}
	return end_words(&out);
}

const char *
kp_matrix_field_rules(struct kp_matrix *matrix, const struct kp_policy_view *view,
	const struct kp_field *field, enum kp_cedar_effect effect)
{
	struct kp_buffer out;
	uint32_t at = 0;
	const struct kp_rule *rule;
	kp_buffer_init(&out, &matrix->scratch, WORDS_BYTES_MAX);
	while ((rule = kp_policy_next_rule(view, field, effect, &at)) != NULL) {
		if (out.len > 0) {
			KP_BUFFER_ADD(&out, ", ");
		}
		kp_buffer_add_slice(&out, rule->id);
	}
	return end_words(&out);
}

const char *
kp_matrix_field_sources(struct kp_matrix *matrix, const struct kp_field *field)
{
	struct kp_buffer out;
	const struct kp_catalogue *catalogue = matrix->bundle->catalogue;
	kp_buffer_init(&out, &matrix->scratch, WORDS_BYTES_MAX);
	for (uint32_t i = 0; i < field->cell_count; i++) {
		uint32_t source = catalogue->cells[field->first_cell + i].source;
		if (i > 0) {
			KP_BUFFER_ADD(&out, ", ");
		}
		kp_buffer_add_slice(&out, catalogue->sources[source].name);
	}
	return end_words(&out);
}

const char *
kp_matrix_group_line(struct kp_matrix *matrix, const struct kp_policy_view *view)
{
	struct kp_buffer out;
	kp_buffer_init(&out, &matrix->scratch, WORDS_BYTES_MAX);
	kp_buffer_add_slice(&out, kp_slice_from(kp_action_name(view->asker.action)));
	if (~view->admitted != 0) {
		kp_buffer_add_slice(&out,
			kp_slice_from(KP_SAY(matrix->english,
				"; altijd nodig: ", "; always needed: ")));
		kp_policy_words_admitted(&out, view, matrix->english);
	}
	return end_words(&out);
}

const char *
kp_matrix_purpose_line(struct kp_matrix *matrix)
{
	struct kp_buffer out;
	const struct kp_purpose *purpose = matrix->purpose;
	kp_buffer_init(&out, &matrix->scratch, WORDS_BYTES_MAX);
	kp_buffer_add_slice(&out, purpose->ground);
	kp_buffer_printf(&out,
		KP_SAY(matrix->english, "; te herzien voor %s",
			"; to be reviewed before %s"),
		kp_matrix_day(&matrix->scratch, purpose->review_ms));
	return end_words(&out);
}
