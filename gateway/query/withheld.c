/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* withheld: see withheld.h. Reasons are small numbers, so that a group is compared by
 * numbers. */
#include "query/withheld.h"

#define REFUSED 253u /* and its reason is not known yet */
#define PERMITTED 254u
#define NOT_ASKED 255u

_Static_assert(KP_REASONS_MAX < REFUSED, "a reason's number is not a mark");

struct finder {
	const struct kp_shape *shape;
	const struct kp_reason *reasons;
	uint8_t *of_field; /* number of the reason, PERMITTED or NOT_ASKED */
	struct kp_withheld *withheld;
};

static void
add_entry(struct finder *finder, struct kp_slice quoted, uint8_t reason)
{
	finder->withheld->entries[finder->withheld->count++] = (struct kp_withheld_entry){
		.quoted = quoted,
		.reason = &finder->reasons[reason],
	};
}

/* The child of `group` that the group `below` is, or is in. */
static uint32_t
child_towards(const struct kp_shape *shape, uint32_t group, uint32_t below)
{
	while (shape->groups[below].parent != group) {
		below = shape->groups[below].parent;
	}
	return below;
}

/* One entry when the whole group is kept back for one reason, else its parts. */
static void
visit_group(struct finder *finder, uint32_t id)
{
	const struct kp_shape *shape = finder->shape;
	const struct kp_shape_group *group = &shape->groups[id];
	if (group->begin == group->end) {
		return;
	}
	uint8_t first = finder->of_field[shape->order[group->begin]];
	bool uniform = first != PERMITTED && first != NOT_ASKED;
	for (uint32_t i = group->begin; uniform && i < group->end; i++) {
		uniform = finder->of_field[shape->order[i]] == first;
	}
	if (uniform) {
		add_entry(finder, group->quoted, first);
		return;
	}
	for (uint32_t i = group->begin; i < group->end;) {
		uint32_t field = shape->order[i];
		if (shape->fields[field].group != id) {
			uint32_t child =
				child_towards(shape, id, shape->fields[field].group);
			visit_group(finder, child); /* depth is bounded by the shape */
			i = shape->groups[child].end;
			continue;
		}
		uint8_t reason = finder->of_field[field];
		if (reason != PERMITTED && reason != NOT_ASKED) {
			add_entry(finder, shape->fields[field].quoted, reason);
		}
		i++;
	}
}

static void
mark_permitted(const struct finder *finder, const struct kp_decision *decision)
{
	const struct kp_catalogue *catalogue = finder->shape->catalogue;
	for (uint32_t word = 0; word < catalogue->cell_words; word++) {
		for (uint64_t bits = decision->cells[word]; bits != 0; bits &= bits - 1) {
			uint32_t cell = word * 64 + (uint32_t)__builtin_ctzll(bits);
			finder->of_field[catalogue->cells[cell].field] = PERMITTED;
		}
	}
}

/* Sorts the fields into permitted, not asked and refused: `ret_cells` gets the first cell
 * of each of the last. What nobody supplies is not refused. */
static void
sort_fields(const struct finder *finder, const struct kp_decision *decision,
	const uint64_t *asked, uint64_t *ret_cells)
{
	const struct kp_catalogue *catalogue = finder->shape->catalogue;
	mark_permitted(finder, decision);
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		const struct kp_field *field = &catalogue->fields[i];
		if (!kp_bits_has(asked, i) || field->cell_count == 0) {
			finder->of_field[i] = NOT_ASKED;
		} else if (finder->of_field[i] != PERMITTED) {
			finder->of_field[i] = REFUSED;
			kp_bits_set(ret_cells, field->first_cell);
			finder->withheld->field_count++;
		}
	}
}

enum kp_status
kp_withheld_make(const struct kp_shape *shape, const struct kp_bundle *bundle,
	const struct kp_decision *decision, const uint64_t *asked, struct kp_arena *arena,
	struct kp_withheld *ret_withheld)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	struct kp_withheld withheld = {0};
	struct kp_reasons reasons;
	struct finder finder = {
		.shape = shape,
		.of_field = KP_ARENA_ARRAY(arena, uint8_t, catalogue->field_count),
		.withheld = &withheld,
	};
	uint64_t *cells = KP_ARENA_ARRAY(arena, uint64_t, catalogue->cell_words);
	if (finder.of_field == NULL || cells == NULL) {
		return KP_E_MEMORY;
	}
	sort_fields(&finder, decision, asked, cells);
	withheld.entries =
		KP_ARENA_ARRAY(arena, struct kp_withheld_entry, withheld.field_count);
	if (withheld.entries == NULL ||
		kp_bundle_reasons(bundle, decision, cells, arena, &reasons) != KP_OK) {
		return KP_E_MEMORY;
	}
	finder.reasons = reasons.list;
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		if (finder.of_field[i] == REFUSED) {
			finder.of_field[i] =
				reasons.of_cell[catalogue->fields[i].first_cell];
		}
	}
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		visit_group(&finder, shape->sections[i].root);
	}
	*ret_withheld = withheld;
	return KP_OK;
}

/* The number of the refusal that took the field's last planned cell; NOT_ASKED when
 * none did. */
static uint8_t
judge_refused(const struct kp_field *field, const uint64_t *planned,
	const struct kp_withheld_refusal *refusals, uint32_t count)
{
	uint8_t by = NOT_ASKED;
	for (uint32_t i = 0; i < field->cell_count; i++) {
		uint32_t cell = field->first_cell + i;
		if (!kp_bits_has(planned, cell)) {
			continue;
		}
		uint32_t at = 0;
		while (at < count && !kp_bits_has(refusals[at].cells, cell)) {
			at++;
		}
		if (at == count) {
			return NOT_ASKED;
		}
		by = by == NOT_ASKED ? (uint8_t)at : by;
	}
	return by;
}

enum kp_status
kp_withheld_extend(const struct kp_shape *shape, const uint64_t *planned,
	const struct kp_withheld_refusal *refusals, uint32_t count,
	struct kp_arena *arena, struct kp_withheld *withheld)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	struct kp_withheld longer = *withheld;
	struct kp_reason *reasons = KP_ARENA_ARRAY(arena, struct kp_reason, count);
	struct finder finder = {
		.shape = shape,
		.reasons = reasons,
		.of_field = KP_ARENA_ARRAY(arena, uint8_t, catalogue->field_count),
		.withheld = &longer,
	};
	if (reasons == NULL || finder.of_field == NULL) {
		return KP_E_MEMORY;
	}
	count = count < KP_REASONS_MAX ? count : KP_REASONS_MAX;
	for (uint32_t i = 0; i < count; i++) {
		reasons[i] = refusals[i].reason;
	}
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		finder.of_field[i] =
			judge_refused(&catalogue->fields[i], planned, refusals, count);
		longer.field_count += finder.of_field[i] == NOT_ASKED ? 0 : 1;
	}
	longer.entries =
		KP_ARENA_ARRAY(arena, struct kp_withheld_entry, longer.field_count);
	if (longer.entries == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < withheld->count; i++) {
		longer.entries[i] = withheld->entries[i];
	}
	for (uint32_t i = 0; i < catalogue->section_count; i++) {
		visit_group(&finder, shape->sections[i].root);
	}
	*withheld = longer;
	return KP_OK;
}
