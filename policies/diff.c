/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * diff: see diff.h. Environment by environment: which rules can apply, what the cells
 * they hold have in common, and how the two formulas of each such group compare.
 */
#include "policies/diff.h"

#include "core/bits.h"
#include "policies/diff_solver.h"

#define SCRATCH_BYTES_MAX ((size_t)2 << 30)

static uint32_t
of_side(const struct kp_diff_names *names, bool is_new, uint32_t index)
{
	return is_new ? names->in_new[index] : names->in_old[index];
}

/* -- The sides -- */

static enum kp_status
make_side(struct kp_diff_work *work, struct kp_diff_side *side,
	const struct kp_bundle *bundle)
{
	const struct kp_registers *registers = &bundle->registers;
	struct kp_arena *scratch = &work->scratch;
	*side = (struct kp_diff_side){.bundle = bundle};
	kp_cedar_names_init(&side->names, scratch, &bundle->model.names);
	kp_cedar_entities_init(&side->entities, scratch, &bundle->model.entities);
	side->principals = KP_ARENA_ARRAY(
		scratch, const struct kp_cedar_uid *, registers->organisation_count);
	side->role_variables = KP_ARENA_ARRAY(scratch, uint32_t, registers->role_count);
	side->held = KP_ARENA_ARRAY(scratch, uint32_t, registers->role_count);
	side->parts = KP_ARENA_ARRAY(scratch, uint32_t, bundle->compiled.part_count);
	side->formulas = KP_ARENA_ARRAY(scratch, uint32_t, bundle->compiled.part_count);
	if (side->principals == NULL || side->role_variables == NULL ||
		side->held == NULL || side->parts == NULL || side->formulas == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < registers->organisation_count && status == KP_OK; i++) {
		status = kp_model_add_principal(&bundle->model, &side->names,
			&side->entities, registers->organisations[i].oin, i, NULL, 0,
			&side->principals[i]);
	}
	struct kp_error err;
	return status == KP_OK ? kp_cedar_entities_close(&side->entities, &err) : status;
}

static void
number_roles(struct kp_diff_work *work)
{
	const struct kp_diff_names *roles = &work->diff->roles;
	for (uint32_t i = 0; i < roles->count; i++) {
		for (unsigned side = 0; side < 2; side++) {
			uint32_t own = of_side(roles, side != 0, i);
			if (own != KP_NO_ID) {
				work->sides[side].role_variables[own] =
					KP_DIFF_ROLES_FIRST + i;
			}
		}
		work->variables[KP_DIFF_ROLES_FIRST + i].kind = KP_DIFF_ROLE;
	}
	work->variable_count = KP_DIFF_ROLES_FIRST + roles->count;
}

/* -- One environment -- */

static enum kp_status
turn_to_purpose(struct kp_diff_work *work, uint32_t purpose)
{
	enum kp_status status = KP_OK;
	for (unsigned i = 0; i < 2; i++) {
		struct kp_diff_side *side = &work->sides[i];
		side->purpose = of_side(&work->diff->purposes, i != 0, purpose);
		for (unsigned facts = 0; side->purpose != KP_NO_ID &&
			facts < KP_FACT_COMBINATIONS && status == KP_OK;
			facts++) {
			status = kp_model_context(&side->bundle->model, &work->scratch,
				side->purpose, facts, work->now_ms,
				&side->contexts[facts]);
		}
	}
	return status;
}

/* What kp_bundle_admit asks of the roles: at least one that counts, and none that must
 * stand alone beside another. */
static uint32_t
admitted_roles(struct kp_diff_work *work, struct kp_diff_side *side)
{
	const struct kp_registers *registers = &side->bundle->registers;
	uint32_t kind = registers->organisations[side->asking].kind;
	struct kp_bdd *bdd = &work->bdd;
	uint32_t one = KP_BDD_FALSE;
	uint32_t two = KP_BDD_FALSE;
	uint32_t alone = KP_BDD_FALSE;
	for (uint32_t i = registers->role_count; i > 0; i--) {
		const struct kp_role *role = &registers->roles[i - 1];
		bool counts = (role->kinds >> kind & 1) != 0;
		uint32_t held = counts ? kp_bdd_variable(bdd, side->role_variables[i - 1])
				       : KP_BDD_FALSE;
		side->held[i - 1] = held;
		two = kp_bdd_or(bdd, two, kp_bdd_and(bdd, one, held));
		one = kp_bdd_or(bdd, one, held);
		alone = role->stackable ? alone : kp_bdd_or(bdd, alone, held);
	}
	uint32_t clash = kp_bdd_and(bdd, alone, two);
	return kp_bdd_and(bdd, one, kp_bdd_not(bdd, clash));
}

static uint32_t
fact(struct kp_diff_work *work, enum kp_fact which, bool holds)
{
	uint32_t function = kp_bdd_variable(&work->bdd, which);
	return holds ? function : kp_bdd_not(&work->bdd, function);
}

/* And of the purpose. */
static uint32_t
admitted_purpose(struct kp_diff_work *work, const struct kp_diff_side *side)
{
	const struct kp_purpose *purpose =
		&side->bundle->registers.purposes[side->purpose];
	struct kp_bdd *bdd = &work->bdd;
	uint32_t admitted = kp_bdd_and(bdd, kp_diff_before(work, purpose->review_ms),
		kp_bdd_not(bdd, kp_diff_before(work, purpose->valid_from_ms)));
	if (purpose->opt_out) {
		admitted =
			kp_bdd_and(bdd, admitted, fact(work, KP_FACT_OPTED_OUT, false));
	}
	if (purpose->caseload_required && side->action != KP_ACTION_READ_OUTSIDE) {
		admitted =
			kp_bdd_and(bdd, admitted, fact(work, KP_FACT_IN_CASELOAD, true));
	}
	const struct kp_diff_side *other = &work->sides[side == &work->sides[0] ? 1 : 0];
	if (other->purpose != KP_NO_ID &&
		other->bundle->registers.purposes[other->purpose].machine_only !=
			purpose->machine_only) {
		uint32_t person = kp_diff_person(work);
		admitted = kp_bdd_and(bdd, admitted,
			purpose->machine_only ? kp_bdd_not(bdd, person) : person);
	}
	return admitted;
}

/* Under which one part applies; a forbid also when it fails. */
static uint32_t
part_formula(struct kp_diff_work *work, const struct kp_diff_side *side,
	const struct kp_part *part)
{
	struct kp_bdd *bdd = &work->bdd;
	bool permit = part->rule->policy->effect == KP_CEDAR_PERMIT;
	uint32_t roles = part->any_role ? KP_BDD_TRUE : KP_BDD_FALSE;
	for (uint32_t i = 0; !part->any_role && i < side->bundle->registers.role_count;
		i++) {
		if (kp_bits_has(part->roles, i)) {
			roles = kp_bdd_or(bdd, roles, side->held[i]);
		}
	}
	uint32_t applies =
		kp_bdd_from_table(bdd, permit ? part->holds : part->holds | part->errs);
	if (part->condition != KP_NO_ID) {
		const struct kp_condition *condition =
			&side->bundle->compiled.conditions[part->condition];
		uint32_t holds = KP_BDD_TRUE;
		uint32_t errs = KP_BDD_FALSE;
		for (uint32_t i = 0; i < condition->atom_count; i++) {
			const struct kp_atom *atom = condition->atoms[i];
			struct kp_diff_formula one =
				kp_diff_expr(work, side, atom->expr, condition->cell);
			uint32_t either = kp_bdd_or(bdd, one.holds, one.errs);
			uint32_t now =
				atom->negated ? kp_bdd_not(bdd, either) : one.holds;
			errs = kp_bdd_or(bdd, errs, kp_bdd_and(bdd, holds, one.errs));
			holds = kp_bdd_and(bdd, holds, now);
		}
		uint32_t either = permit ? holds : kp_bdd_or(bdd, holds, errs);
		applies = kp_bdd_and(bdd, applies, either);
	}
	if (permit) {
		applies = kp_bdd_and(
			bdd, applies, kp_diff_before(work, part->rule->review_ms));
	}
	return kp_bdd_and(bdd, roles, applies);
}

/* May it ask in the name of the other, or is it the other? */
static bool
has_mandate(const struct kp_bundle *bundle, uint32_t asking, uint32_t named)
{
	if (asking == KP_NO_ID || named == KP_NO_ID || asking == named) {
		return asking != KP_NO_ID && asking == named;
	}
	const struct kp_organisation *organisation =
		&bundle->registers.organisations[asking];
	for (uint32_t i = 0; i < organisation->mandate_count; i++) {
		if (organisation->mandates[i] == named) {
			return true;
		}
	}
	return false;
}

/* Whether this set knows purpose and organisation, and then what can apply. */
static void
turn_side(struct kp_diff_work *work, struct kp_diff_side *side, enum kp_action action,
	uint32_t asking, uint32_t organisation)
{
	side->action = action;
	side->asking = asking;
	side->organisation = organisation;
	side->part_count = 0;
	side->admitted = KP_BDD_FALSE;
	if (side->purpose == KP_NO_ID ||
		!has_mandate(side->bundle, asking, organisation)) {
		return;
	}
	side->admitted = kp_bdd_and(
		&work->bdd, admitted_roles(work, side), admitted_purpose(work, side));
	const struct kp_compiled *compiled = &side->bundle->compiled;
	for (uint32_t i = 0; i < compiled->part_count; i++) {
		const struct kp_part *part = &compiled->parts[i];
		if ((part->actions >> action & 1) == 0 ||
			!kp_bits_has(part->purposes, side->purpose) ||
			!kp_bits_has(part->organisations, organisation)) {
			continue;
		}
		side->parts[side->part_count] = i;
		side->formulas[side->part_count] = part_formula(work, side, part);
		side->part_count++;
	}
}

/* -- Cells -- */

static bool
in_same_parts(const struct kp_diff_side *side, uint32_t a, uint32_t b)
{
	if ((a == KP_NO_ID) != (b == KP_NO_ID)) {
		return false;
	}
	for (uint32_t i = 0; a != KP_NO_ID && i < side->part_count; i++) {
		const struct kp_part *part =
			&side->bundle->compiled.parts[side->parts[i]];
		if (kp_bits_has(part->cells, a) != kp_bits_has(part->cells, b)) {
			return false;
		}
	}
	return true;
}

static uint32_t
group_cells(struct kp_diff_work *work, struct kp_diff_group *groups)
{
	const struct kp_diff_names *cells = &work->diff->cells;
	uint32_t count = 0;
	for (uint32_t i = 0; i < cells->count; i++) {
		uint32_t at = 0;
		while (at < count &&
			(!in_same_parts(&work->sides[0], cells->in_old[i],
				 cells->in_old[groups[at].first]) ||
				!in_same_parts(&work->sides[1], cells->in_new[i],
					cells->in_new[groups[at].first]))) {
			at++;
		}
		if (at == count) {
			groups[at].first = i;
			memset(groups[at].cells, 0,
				kp_bits_words(cells->count) * sizeof(uint64_t));
			count++;
		}
		kp_bits_set(groups[at].cells, i);
	}
	return count;
}

static uint32_t
permit_formula(struct kp_diff_work *work, const struct kp_diff_side *side, uint32_t cell)
{
	struct kp_bdd *bdd = &work->bdd;
	uint32_t permits = KP_BDD_FALSE;
	uint32_t forbids = KP_BDD_FALSE;
	for (uint32_t i = 0; cell != KP_NO_ID && i < side->part_count; i++) {
		const struct kp_part *part =
			&side->bundle->compiled.parts[side->parts[i]];
		if (!kp_bits_has(part->cells, cell)) {
			continue;
		}
		if (part->rule->policy->effect == KP_CEDAR_PERMIT) {
			permits = kp_bdd_or(bdd, permits, side->formulas[i]);
		} else {
			forbids = kp_bdd_or(bdd, forbids, side->formulas[i]);
		}
	}
	permits = kp_bdd_and(bdd, permits, kp_bdd_not(bdd, forbids));
	return kp_bdd_and(bdd, permits, side->admitted);
}

/* -- Comparing -- */

static enum kp_diff_verdict
verdict_join(enum kp_diff_verdict a, enum kp_diff_verdict b)
{
	static const unsigned bits[] = {0, 1, 2, 3};
	static const enum kp_diff_verdict verdicts[] = {
		KP_DIFF_SAME, KP_DIFF_NARROWER, KP_DIFF_WIDER, KP_DIFF_CHANGED};
	return verdicts[bits[a] | bits[b]];
}

static enum kp_status
compare_group(struct kp_diff_work *work, const struct kp_diff_place *place,
	const struct kp_diff_group *group)
{
	struct kp_diff *diff = work->diff;
	struct kp_bdd *bdd = &work->bdd;
	uint32_t was =
		permit_formula(work, &work->sides[0], diff->cells.in_old[group->first]);
	uint32_t is =
		permit_formula(work, &work->sides[1], diff->cells.in_new[group->first]);
	uint32_t gained = KP_BDD_FALSE;
	uint32_t lost = KP_BDD_FALSE;
	if (was != is) {
		uint32_t valid = kp_diff_valid(work);
		gained =
			kp_bdd_and(bdd, kp_bdd_and(bdd, is, kp_bdd_not(bdd, was)), valid);
		lost = kp_bdd_and(bdd, kp_bdd_and(bdd, was, kp_bdd_not(bdd, is)), valid);
		gained = kp_diff_possible(work, gained);
		lost = kp_diff_possible(work, lost);
	}
	enum kp_diff_verdict verdict = kp_diff_verdict_of(gained, lost);
	size_t cells = kp_bits_count(group->cells, kp_bits_words(diff->cells.count));
	diff->counts[verdict] += cells *
		kp_bits_count(
			place->organisations, kp_bits_words(diff->organisations.count));
	diff->verdict = verdict_join(diff->verdict, verdict);
	if (work->failed || bdd->failed) {
		return KP_E_LIMIT;
	}
	return verdict == KP_DIFF_SAME ? KP_OK
				       : kp_diff_record(work, place, group, gained, lost);
}

/* -- Organisations that no rule tells apart -- */

static bool
reads_organisation(const struct kp_bundle *bundle)
{
	for (uint32_t i = 0; i < bundle->compiled.condition_count; i++) {
		const struct kp_condition *condition = &bundle->compiled.conditions[i];
		for (uint32_t j = 0; j < condition->atom_count; j++) {
			if ((condition->atoms[j]->depends & KP_DEPENDS_ORGANISATION) !=
				0) {
				return true;
			}
		}
	}
	return false;
}

static bool
alike(const struct kp_bundle *bundle, uint32_t a, uint32_t b)
{
	if (a == KP_NO_ID || b == KP_NO_ID) {
		return a == b;
	}
	const struct kp_organisation *organisations = bundle->registers.organisations;
	return organisations[a].kind == organisations[b].kind &&
		bundle->compiled.organisation_class[a] ==
		bundle->compiled.organisation_class[b];
}

struct organisation_group {
	uint64_t *members;
	uint32_t first;
	uint32_t named; /* in whose name they ask */
};

static enum kp_status
group_organisations(
	struct kp_diff_work *work, struct organisation_group *groups, uint32_t *ret_count)
{
	const struct kp_diff *diff = work->diff;
	const struct kp_diff_names *names = &diff->organisations;
	bool each = reads_organisation(diff->old_bundle) ||
		reads_organisation(diff->new_bundle);
	uint32_t count = 0;
	for (uint32_t i = 0; i < names->count; i++) {
		uint32_t at = each ? count : 0;
		while (at < count &&
			(!alike(diff->old_bundle, names->in_old[i],
				 names->in_old[groups[at].first]) ||
				!alike(diff->new_bundle, names->in_new[i],
					names->in_new[groups[at].first]))) {
			at++;
		}
		if (at == count) {
			groups[at] = (struct organisation_group){
				KP_ARENA_ARRAY(work->arena, uint64_t,
					kp_bits_words(names->count)),
				i, i};
			if (groups[at].members == NULL) {
				return KP_E_MEMORY;
			}
			count++;
		}
		kp_bits_set(groups[at].members, i);
	}
	*ret_count = count;
	return KP_OK;
}

/* -- All of it -- */

static enum kp_status
compare_place(struct kp_diff_work *work, struct kp_diff_group *groups,
	enum kp_action action, uint32_t purpose,
	const struct organisation_group *organisations)
{
	const struct kp_diff_names *names = &work->diff->organisations;
	const struct kp_diff_place place = {action, purpose, organisations->members,
		organisations->named == organisations->first ? KP_NO_ID
							     : organisations->named,
		work->diff->change_count};
	for (unsigned side = 0; side < 2; side++) {
		turn_side(work, &work->sides[side], action,
			of_side(names, side != 0, organisations->first),
			of_side(names, side != 0, organisations->named));
	}
	uint32_t count = group_cells(work, groups);
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < count && status == KP_OK; i++) {
		status = compare_group(work, &place, &groups[i]);
	}
	return status;
}

/* Every mandate of either set is a place of its own. */
static enum kp_status
compare_mandates(
	struct kp_diff_work *work, struct kp_diff_group *groups, uint32_t purpose)
{
	const struct kp_diff *diff = work->diff;
	const struct kp_diff_names *names = &diff->organisations;
	size_t pairs = (size_t)names->count * names->count;
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < pairs && status == KP_OK; i++) {
		uint32_t asking = (uint32_t)(i / names->count);
		uint32_t named = (uint32_t)(i % names->count);
		if (asking == named ||
			(!has_mandate(diff->old_bundle, names->in_old[asking],
				 names->in_old[named]) &&
				!has_mandate(diff->new_bundle, names->in_new[asking],
					names->in_new[named]))) {
			continue;
		}
		struct organisation_group pair = {KP_ARENA_ARRAY(work->arena, uint64_t,
							  kp_bits_words(names->count)),
			asking, named};
		if (pair.members == NULL) {
			return KP_E_MEMORY;
		}
		kp_bits_set(pair.members, asking);
		for (unsigned action = 0; action < KP_ACTION_COUNT && status == KP_OK;
			action++) {
			status = compare_place(
				work, groups, (enum kp_action)action, purpose, &pair);
		}
	}
	return status;
}

static enum kp_status
compare_all(struct kp_diff_work *work)
{
	const struct kp_diff *diff = work->diff;
	struct kp_arena *scratch = &work->scratch;
	struct kp_diff_group *groups =
		KP_ARENA_ARRAY(scratch, struct kp_diff_group, diff->cells.count);
	struct organisation_group *organisations = KP_ARENA_ARRAY(
		scratch, struct organisation_group, diff->organisations.count);
	if (groups == NULL || organisations == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < diff->cells.count; i++) {
		groups[i].cells = KP_ARENA_ARRAY(
			scratch, uint64_t, kp_bits_words(diff->cells.count));
		if (groups[i].cells == NULL) {
			return KP_E_MEMORY;
		}
	}
	uint32_t organisation_count = 0;
	enum kp_status status =
		group_organisations(work, organisations, &organisation_count);
	for (uint32_t purpose = 0; purpose < diff->purposes.count && status == KP_OK;
		purpose++) {
		status = turn_to_purpose(work, purpose);
		for (unsigned i = 0;
			i < organisation_count * KP_ACTION_COUNT && status == KP_OK;
			i++) {
			status = compare_place(work, groups,
				(enum kp_action)(i % KP_ACTION_COUNT), purpose,
				&organisations[i / KP_ACTION_COUNT]);
		}
		if (status == KP_OK) {
			status = compare_mandates(work, groups, purpose);
		}
	}
	return status;
}

static enum kp_status
run(struct kp_diff_work *work)
{
	struct kp_diff *diff = work->diff;
	enum kp_status status = kp_bdd_init(&work->bdd, &work->scratch, 0);
	work->variables = KP_ARENA_ARRAY(
		&work->scratch, struct kp_diff_variable, KP_DIFF_VARIABLES_MAX);
	if (status == KP_OK && work->variables == NULL) {
		status = KP_E_MEMORY;
	}
	if (status == KP_OK) {
		status = kp_diff_names_make(work->arena, diff);
	}
	for (unsigned i = 0; i < 2 && status == KP_OK; i++) {
		status = make_side(work, &work->sides[i],
			i == 0 ? diff->old_bundle : diff->new_bundle);
	}
	if (status != KP_OK) {
		return status;
	}
	number_roles(work);
	work->valid_for = KP_NO_ID;
	status = compare_all(work);
	if (status == KP_OK && (work->failed || work->bdd.failed)) {
		status = KP_E_LIMIT;
	}
	return status == KP_OK ? kp_diff_own_organisations(work->arena, diff) : status;
}

enum kp_status
kp_diff_create(struct kp_arena *arena, const struct kp_bundle *old_bundle,
	const struct kp_bundle *new_bundle, const struct kp_diff_options *options,
	struct kp_diff *ret_diff)
{
	struct kp_diff diff = {.old_bundle = old_bundle, .new_bundle = new_bundle};
	struct kp_diff_work work = {
		.diff = &diff, .arena = arena, .now_ms = options->now_ms};
	kp_arena_init(&work.scratch, SCRATCH_BYTES_MAX, NULL);
	work.solver = options->without_solver ? NULL : kp_diff_solver_create(&work);
	diff.solved = work.solver != NULL;
	enum kp_status status = run(&work);
	kp_diff_solver_destroy(&work.solver);
	kp_arena_deinit(&work.scratch);
	if (status == KP_OK) {
		kp_diff_join(&diff);
		*ret_diff = diff;
	}
	return status;
}

const char *
kp_diff_verdict_name(enum kp_diff_verdict verdict)
{
	static const char *const names[] = {"same", "narrower", "wider", "changed"};
	return names[verdict];
}
