/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_diff_registers: what changed in the registers, for people. */
#include "commands/policy_diff.h"
#include "commands/policy_matrix.h"
#include "commands/policy_options.h"

static const char *
purpose_text(struct kp_diff_view *view, const struct kp_bundle *bundle, uint32_t index)
{
	if (index == KP_NO_ID) {
		return "-";
	}
	const struct kp_purpose *purpose = &bundle->registers.purposes[index];
	bool english = view->english;
	const char *text = kp_arena_printf(&view->arena,
		KP_SAY(english,
			"%.*s; geldig %s tot herziening %s; bewaren %d dagen%s%s%s",
			"%.*s; valid %s until review %s; kept %d days%s%s%s"),
		KP_SLICE_ARG(purpose->ground),
		kp_matrix_day(&view->arena, purpose->valid_from_ms),
		kp_matrix_day(&view->arena, purpose->review_ms),
		(int)purpose->retention_days,
		!purpose->opt_out
			? ""
			: KP_SAY(english, "; bezwaar mogelijk", "; opt-out possible"),
		!purpose->confidential
			? ""
			: KP_SAY(english, "; vertrouwelijk", "; confidential"),
		!purpose->caseload_required ? ""
					    : KP_SAY(english, "; alleen werkvoorraad",
						      "; own caseload only"));
	return text == NULL ? "" : text;
}

static const char *
role_text(struct kp_diff_view *view, const struct kp_bundle *bundle, uint32_t index)
{
	if (index == KP_NO_ID) {
		return "-";
	}
	const struct kp_role *role = &bundle->registers.roles[index];
	struct kp_buffer text;
	kp_buffer_init(&text, &view->arena, (size_t)1 << 16);
	kp_buffer_add_slice(&text,
		kp_slice_from(role->stackable
				? KP_SAY(view->english, "stapelbaar", "stackable")
				: KP_SAY(view->english, "alleen", "alone")));
	for (uint32_t i = 0; i < bundle->registers.kind_count; i++) {
		if ((role->kinds >> i & 1) != 0) {
			kp_buffer_printf(&text, ", %.*s",
				KP_SLICE_ARG(bundle->registers.kinds[i].id));
		}
	}
	kp_buffer_add_char(&text, '\0');
	return text.failed ? "" : text.data;
}

static const char *
organisation_text(
	struct kp_diff_view *view, const struct kp_bundle *bundle, uint32_t index)
{
	if (index == KP_NO_ID) {
		return "-";
	}
	const struct kp_registers *registers = &bundle->registers;
	const struct kp_organisation *organisation = &registers->organisations[index];
	const char *text = kp_arena_printf(&view->arena, "%.*s (%.*s)",
		KP_SLICE_ARG(organisation->name),
		KP_SLICE_ARG(registers->kinds[organisation->kind].id));
	return text == NULL ? "" : text;
}

static void
add_changed(struct kp_diff_view *view, struct kp_table *table, const char *what,
	const struct kp_diff_names *names,
	const char *(*text_of)(struct kp_diff_view *, const struct kp_bundle *, uint32_t))
{
	for (uint32_t i = 0; i < names->count; i++) {
		const char *was = text_of(view, view->diff.old_bundle, names->in_old[i]);
		const char *is = text_of(view, view->diff.new_bundle, names->in_new[i]);
		if (strcmp(was, is) == 0) {
			continue;
		}
		const char *id = kp_arena_printf(
			&view->arena, "%.*s", KP_SLICE_ARG(names->names[i]));
		const char *const row[] = {what, id, was, is};
		kp_table_row(table, row, KP_ARRAY_LEN(row));
	}
}

void
kp_diff_registers(struct kp_diff_view *view, struct kp_table *ret_table)
{
	bool english = view->english;
	kp_table_begin(ret_table, &view->arena, 4);
	const char *const head[] = {"register", KP_SAY(english, "naam", "name"),
		KP_SAY(english, "was", "before"), KP_SAY(english, "wordt", "after")};
	kp_table_row(ret_table, head, KP_ARRAY_LEN(head));
	add_changed(view, ret_table, KP_SAY(english, "doel", "purpose"),
		&view->diff.purposes, purpose_text);
	add_changed(view, ret_table, KP_SAY(english, "rol", "role"), &view->diff.roles,
		role_text);
	add_changed(view, ret_table, KP_SAY(english, "organisatie", "organisation"),
		&view->diff.organisations, organisation_text);
}
