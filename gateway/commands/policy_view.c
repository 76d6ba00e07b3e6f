/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_view: see policy_view.h. */
#include "commands/policy_view.h"

#include "core/bits.h"

/* Of one organisation, each cell: combinations that are permitted or forbidden, surely or
 * perhaps. */
struct cells {
	uint64_t *permit;
	uint64_t *permit_perhaps;
	uint64_t *forbid;
	uint64_t *forbid_perhaps;
	uint32_t count;
};

static void
add_row(struct cells *cells, const struct kp_row *row, int64_t now_ms)
{
	for (uint32_t i = 0; i < row->permit_count + row->forbid_count; i++) {
		const struct kp_entry *entry = &row->entries[i];
		if (now_ms >= entry->review_ms) {
			continue;
		}
		bool permit = i < row->permit_count;
		bool sure = entry->condition == KP_NO_ID;
		uint64_t *to = permit ? (sure ? cells->permit : cells->permit_perhaps)
				      : (sure ? cells->forbid : cells->forbid_perhaps);
		for (uint32_t cell = 0; cell < cells->count; cell++) {
			if (kp_bits_has(entry->cells, cell)) {
				to[cell] |= entry->applies;
			}
		}
	}
}

static bool
make_cells(struct kp_arena *arena, uint32_t count, struct cells *cells)
{
	uint64_t *words = KP_ARENA_ARRAY(arena, uint64_t, (size_t)count * 4);
	if (words == NULL) {
		return false;
	}
	*cells = (struct cells){.permit = words,
		.permit_perhaps = words + count,
		.forbid = words + (size_t)count * 2,
		.forbid_perhaps = words + (size_t)count * 3,
		.count = count};
	return true;
}

/* A field is permitted when one of its sources is. */
static struct kp_policy_access
access_of(const struct cells *cells, const struct kp_field *field)
{
	struct kp_policy_access access = {0};
	for (uint32_t i = 0; i < field->cell_count; i++) {
		uint32_t cell = field->first_cell + i;
		uint64_t forbid = cells->forbid[cell];
		uint64_t perhaps = cells->forbid_perhaps[cell];
		uint64_t ever =
			(cells->permit[cell] | cells->permit_perhaps[cell]) & ~forbid;
		uint64_t always = cells->permit[cell] & ~forbid & ~perhaps;
		access.always |= always;
		access.ever |= ever;
		access.general = access.general || (ever & ~always) != 0;
	}
	return access;
}

/* Combinations in which every cell is forbidden: a rule for everybody, not about any
 * field. */
static uint64_t
forbidden_to_all(const struct cells *cells)
{
	uint64_t all = UINT64_MAX;
	for (uint32_t i = 0; i < cells->count; i++) {
		all &= cells->forbid[i];
	}
	return all;
}

/* What deciding admits before it asks the rules. */
static uint64_t
admitted_by_purpose(const struct kp_purpose *purpose, const struct kp_policy_asker *asker)
{
	uint64_t admitted = 0;
	if (asker->now_ms >= purpose->review_ms ||
		asker->now_ms < purpose->valid_from_ms) {
		return 0;
	}
	for (unsigned i = 0; i < KP_FACT_COMBINATIONS; i++) {
		bool opted_out = (i >> KP_FACT_OPTED_OUT & 1) != 0;
		bool in_caseload = (i >> KP_FACT_IN_CASELOAD & 1) != 0;
		bool outside = purpose->caseload_required && !in_caseload &&
			asker->action != KP_ACTION_READ_OUTSIDE;
		if (!(purpose->opt_out && opted_out) && !outside) {
			admitted |= (uint64_t)1 << i;
		}
	}
	return admitted;
}

static void
add_organisation(struct kp_policy_view *view, const struct cells *cells, uint64_t kinds,
	bool first)
{
	const struct kp_catalogue *catalogue = view->bundle->catalogue;
	for (uint32_t i = 0; i < catalogue->field_count; i++) {
		struct kp_policy_access here = access_of(cells, &catalogue->fields[i]);
		struct kp_policy_access *all = &view->fields[i];
		here.kinds = here.ever != 0 ? kinds : 0;
		if (first) {
			*all = here;
			continue;
		}
		all->varies = all->varies || here.always != all->always ||
			here.ever != all->ever;
		all->general = all->general || here.general;
		all->kinds |= here.kinds;
		all->always &= here.always;
		all->ever |= here.ever;
	}
}

static bool
may_give(const struct kp_bundle *bundle, uint32_t organisation, uint32_t role)
{
	uint32_t kind = bundle->registers.organisations[organisation].kind;
	return (bundle->registers.roles[role].kinds >> kind & 1) != 0;
}

/* Kinds of the organisations that this one stands for. */
static uint64_t
kinds_of_class(const struct kp_bundle *bundle, uint32_t organisation, uint32_t role)
{
	const struct kp_registers *registers = &bundle->registers;
	const uint32_t *classes = bundle->compiled.organisation_class;
	uint64_t kinds = 0;
	for (uint32_t i = 0; i < registers->organisation_count; i++) {
		if (classes[i] == classes[organisation] && may_give(bundle, i, role)) {
			kinds |= (uint64_t)1 << registers->organisations[i].kind;
		}
	}
	return kinds;
}

static void
look_at(struct kp_policy_view *view, struct cells *cells, uint32_t organisation,
	bool first, uint64_t *forbidden)
{
	const struct kp_compiled *compiled = &view->bundle->compiled;
	const struct kp_policy_asker *asker = &view->asker;
	const uint32_t roles[] = {asker->role, compiled->role_rows - 1};
	memset(cells->permit, 0, (size_t)cells->count * 4 * sizeof(uint64_t));
	for (size_t i = 0; i < KP_ARRAY_LEN(roles); i++) {
		add_row(cells,
			kp_compiled_row(compiled, asker->action, roles[i], organisation,
				asker->purpose),
			asker->now_ms);
	}
	*forbidden &= forbidden_to_all(cells);
	add_organisation(view, cells,
		kinds_of_class(view->bundle, organisation, asker->role), first);
}

enum kp_status
kp_policy_view(struct kp_arena *arena, const struct kp_bundle *bundle,
	const struct kp_policy_asker *asker, struct kp_policy_view *ret_view)
{
	struct cells cells;
	struct kp_policy_view view = {.bundle = bundle, .asker = *asker};
	view.fields = KP_ARENA_ARRAY(
		arena, struct kp_policy_access, bundle->catalogue->field_count);
	if (view.fields == NULL ||
		!make_cells(arena, bundle->catalogue->cell_count, &cells)) {
		return KP_E_MEMORY;
	}
	bool first = true;
	uint64_t forbidden = UINT64_MAX;
	/* Organisations of one class are the same to every rule. */
	uint64_t seen[KP_ORGANISATIONS_MAX / 64] = {0};
	for (uint32_t i = 0; i < bundle->registers.organisation_count; i++) {
		uint32_t class = bundle->compiled.organisation_class[i];
		bool wanted = asker->organisation == KP_NO_ID ? !kp_bits_has(seen, class)
							      : asker->organisation == i;
		if (wanted && may_give(bundle, i, asker->role)) {
			kp_bits_set(seen, class);
			look_at(&view, &cells, i, first, &forbidden);
			first = false;
		}
	}
	view.admitted =
		admitted_by_purpose(&bundle->registers.purposes[asker->purpose], asker);
	if (!first) {
		view.admitted &= ~forbidden;
	}
	*ret_view = view;
	return KP_OK;
}

enum kp_policy_grade
kp_policy_grade(const struct kp_policy_view *view, const struct kp_policy_access *access)
{
	if ((access->ever & view->admitted) == 0) {
		return KP_POLICY_NONE;
	}
	return (access->always & view->admitted) == view->admitted
		? KP_POLICY_ALWAYS
		: KP_POLICY_CONDITIONAL;
}

struct kp_policy_tally
kp_policy_tally(const struct kp_policy_view *view, const struct kp_section *section)
{
	struct kp_policy_tally tally = {.total = section->field_count};
	for (uint32_t i = 0; i < section->field_count; i++) {
		tally.grades[kp_policy_grade(
			view, &view->fields[section->first_field + i])]++;
	}
	return tally;
}

bool
kp_policy_view_any(const struct kp_policy_view *view)
{
	for (uint32_t i = 0; i < view->bundle->catalogue->field_count; i++) {
		if (kp_policy_grade(view, &view->fields[i]) != KP_POLICY_NONE) {
			return true;
		}
	}
	return false;
}

static bool
part_bears(const struct kp_policy_view *view, const struct kp_part *part,
	const struct kp_field *field)
{
	const struct kp_policy_asker *asker = &view->asker;
	if ((part->actions >> asker->action & 1) == 0 ||
		!(part->any_role || kp_bits_has(part->roles, asker->role)) ||
		!kp_bits_has(part->purposes, asker->purpose)) {
		return false;
	}
	/* What only bears on requests that are refused as a whole decides nothing. */
	if (part->condition == KP_NO_ID &&
		((part->holds | part->errs) & view->admitted) == 0) {
		return false;
	}
	bool organisation = false;
	for (uint32_t i = 0; i < view->bundle->registers.organisation_count; i++) {
		bool wanted = asker->organisation == KP_NO_ID || asker->organisation == i;
		organisation = organisation ||
			(wanted && may_give(view->bundle, i, asker->role) &&
				kp_bits_has(part->organisations, i));
	}
	for (uint32_t i = 0; organisation && i < field->cell_count; i++) {
		if (kp_bits_has(part->cells, field->first_cell + i)) {
			return true;
		}
	}
	return false;
}

/* Parts stand in order of their rules. */
const struct kp_rule *
kp_policy_next_rule(const struct kp_policy_view *view, const struct kp_field *field,
	enum kp_cedar_effect effect, uint32_t *at)
{
	const struct kp_compiled *compiled = &view->bundle->compiled;
	const struct kp_rule *rule = NULL;
	for (; *at < compiled->part_count; (*at)++) {
		const struct kp_part *part = &compiled->parts[*at];
		if (rule != NULL && part->rule != rule) {
			break;
		}
		if (rule == NULL && part->rule->policy->effect == effect &&
			part_bears(view, part, field)) {
			rule = part->rule;
		}
	}
	return rule;
}
