/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* withheld: see withheld.h. Reasons become small numbers first, so that a group is
 * compared by numbers. */
#include "query/withheld.h"

#define REASONS_MAX 250u
#define REASONS_FIRST 8u
#define PERMITTED 0u
#define NOT_ASKED 255u

struct finder {
	const struct kp_shape *shape;
	const struct kp_bundle *bundle;
	const struct kp_decision *decision;
	struct kp_reason *reasons; /* by number - 1 */
	uint32_t reason_count;
	uint32_t reason_capacity;
	struct kp_arena *arena;
	bool failed;       /* no memory for a reason */
	uint8_t *of_field; /* number of the reason, PERMITTED or NOT_ASKED */
	struct kp_withheld *withheld;
};

static bool
same_reason(const struct kp_reason *a, const struct kp_reason *b)
{
	/* The text follows from the code. */
	return a->code == b->code && kp_slice_equal(a->rule, b->rule);
}

static bool
fit_reason(struct finder *finder)
{
	if (finder->reason_count < finder->reason_capacity) {
		return true;
	}
	uint32_t capacity = finder->reason_capacity * 2;
	struct kp_reason *reasons =
		KP_ARENA_ARRAY(finder->arena, struct kp_reason, capacity);
	if (reasons == NULL) {
		finder->failed = true;
		return false;
	}
	memcpy(reasons, finder->reasons, finder->reason_count * sizeof(*reasons));
	finder->reasons = reasons;
	finder->reason_capacity = capacity;
	return true;
}

static uint8_t
number_reason(struct finder *finder, uint32_t cell)
{
	struct kp_reason reason = {0};
	kp_bundle_reason(finder->bundle, finder->decision, cell, &reason);
	for (uint32_t i = finder->reason_count; i > 0; i--) {
		if (same_reason(&finder->reasons[i - 1], &reason)) {
			return (uint8_t)i;
		}
	}
	/* More different reasons than anybody will read, or no memory: the last one
	 * stands for them. */
	if (finder->reason_count < REASONS_MAX && fit_reason(finder)) {
		finder->reasons[finder->reason_count++] = reason;
	}
	return (uint8_t)finder->reason_count;
}

static uint8_t
judge_field(struct finder *finder, const struct kp_field *field, const uint64_t *asked)
{
	if (!kp_bits_has(asked, field->id)) {
		return NOT_ASKED;
	}
	for (uint32_t i = 0; i < field->cell_count; i++) {
		if (kp_bits_has(finder->decision->cells, field->first_cell + i)) {
			return PERMITTED;
		}
	}
	/* Nobody supplies it: nothing is kept back. */
	if (field->cell_count == 0) {
		return PERMITTED;
	}
	finder->withheld->field_count++;
	return number_reason(finder, field->first_cell);
}

static void
add_entry(struct finder *finder, struct kp_slice quoted, uint8_t reason)
{
	finder->withheld->entries[finder->withheld->count++] = (struct kp_withheld_entry){
		.quoted = quoted,
		.reason = finder->reasons[reason - 1],
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

enum kp_status
kp_withheld_make(const struct kp_shape *shape, const struct kp_bundle *bundle,
	const struct kp_decision *decision, const uint64_t *asked, struct kp_arena *arena,
	struct kp_withheld *ret_withheld)
{
	const struct kp_catalogue *catalogue = shape->catalogue;
	struct kp_withheld withheld = {0};
	struct finder finder = {
		.shape = shape,
		.bundle = bundle,
		.decision = decision,
		.reasons = KP_ARENA_ARRAY(arena, struct kp_reason, REASONS_FIRST),
		.reason_capacity = REASONS_FIRST,
		.arena = arena,
		.of_field = KP_ARENA_ARRAY(arena, uint8_t, catalogue->field_count),
		.withheld = &withheld,
	};
	if (finder.reasons == NULL || finder.of_field == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		finder.of_field[i] = judge_field(&finder, &catalogue->fields[i], asked);
	}
	withheld.entries =
		KP_ARENA_ARRAY(arena, struct kp_withheld_entry, withheld.field_count);
	if (withheld.entries == NULL || finder.failed) {
		return KP_E_MEMORY;
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
		by = by == NOT_ASKED ? (uint8_t)(at + 1) : by;
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
	struct finder finder = {
		.shape = shape,
		.reasons = KP_ARENA_ARRAY(arena, struct kp_reason, count),
		.of_field = KP_ARENA_ARRAY(arena, uint8_t, catalogue->field_count),
		.withheld = &longer,
	};
	if (finder.reasons == NULL || finder.of_field == NULL) {
		return KP_E_MEMORY;
	}
	count = count < REASONS_MAX ? count : REASONS_MAX;
	for (uint32_t i = 0; i < count; i++) {
		finder.reasons[i] = refusals[i].reason;
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
