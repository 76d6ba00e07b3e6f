/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* diff_changes: what two formulas differ in, as changes for people: for whom, which
 * cells, under which conditions, until when, and shown with whom. */
#include "core/bits.h"
#include "policies/diff_work.h"

static bool
bits_equal(const uint64_t *a, const uint64_t *b, size_t count)
{
	return memcmp(a, b, kp_bits_words(count) * sizeof(*a)) == 0;
}

enum kp_diff_verdict
kp_diff_verdict_of(uint32_t gained, uint32_t lost)
{
	if (gained == KP_BDD_FALSE) {
		return lost == KP_BDD_FALSE ? KP_DIFF_SAME : KP_DIFF_NARROWER;
	}
	return lost == KP_BDD_FALSE ? KP_DIFF_WIDER : KP_DIFF_CHANGED;
}

/* The texts of the conditions left that these depend on. */
static bool
write_conditions(struct kp_diff_work *work, uint32_t gained, uint32_t lost,
	struct kp_diff_change *change)
{
	uint64_t *seen =
		KP_ARENA_ARRAY(&work->scratch, uint64_t, kp_bits_words(work->bdd.count));
	uint64_t used[KP_DIFF_VARIABLES_MAX / 64] = {0};
	if (seen == NULL) {
		return false;
	}
	kp_bdd_support(&work->bdd, gained, seen, used);
	kp_bdd_support(&work->bdd, lost, seen, used);
	struct kp_buffer text;
	kp_buffer_init(&text, work->arena, (size_t)1 << 20);
	struct kp_slice before = {NULL, 0};
	for (uint32_t i = 0; i < work->variable_count; i++) {
		const struct kp_diff_variable *variable = &work->variables[i];
		bool named = variable->kind == KP_DIFF_OPAQUE ||
			variable->kind == KP_DIFF_PERSON;
		if (!kp_bits_has(used, i) || !named ||
			(before.data != NULL && kp_slice_equal(before, variable->text))) {
			continue;
		}
		if (text.len > 0) {
			KP_BUFFER_ADD(&text, "; ");
		}
		kp_buffer_add_slice(&text, variable->text);
		before = variable->text;
	}
	change->conditions = kp_buffer_slice(&text);
	return !text.failed;
}

/* The last moment at which anything is gained. */
static int64_t
gained_until(struct kp_diff_work *work, uint32_t gained)
{
	int64_t until = INT64_MAX;
	for (uint32_t i = 0; i < work->variable_count && gained != KP_BDD_FALSE; i++) {
		const struct kp_diff_variable *variable = &work->variables[i];
		if (variable->kind != KP_DIFF_BEFORE || variable->moment_ms >= until) {
			continue;
		}
		uint32_t after = kp_bdd_not(&work->bdd, kp_bdd_variable(&work->bdd, i));
		if (kp_bdd_and(&work->bdd, gained, after) == KP_BDD_FALSE) {
			until = variable->moment_ms;
		}
	}
	return until;
}

static struct kp_diff_change *
add_change(struct kp_diff_work *work)
{
	struct kp_diff *diff = work->diff;
	if (diff->change_count == work->changes_room) {
		uint32_t room = work->changes_room == 0 ? 64 : work->changes_room * 2;
		struct kp_diff_change *changes = room > KP_DIFF_CHANGES_MAX
			? NULL
			: KP_ARENA_ARRAY(work->arena, struct kp_diff_change, room);
		if (changes == NULL) {
			work->failed = true;
			return NULL;
		}
		if (diff->change_count > 0) {
			memcpy(changes, diff->changes,
				diff->change_count * sizeof(*changes));
		}
		diff->changes = changes;
		work->changes_room = room;
	}
	return &diff->changes[diff->change_count++];
}

/* A function at the first moment; itself when it is never true then. */
static uint32_t
at_first(struct kp_diff_work *work, uint32_t function)
{
	uint32_t first = function;
	for (uint32_t i = 0; i < work->variable_count; i++) {
		if (work->variables[i].kind == KP_DIFF_BEFORE) {
			first = kp_bdd_choose(&work->bdd, first, i, 1, i);
		}
	}
	return first == KP_BDD_FALSE ? function : first;
}

/* Fills what words and witnesses are made of. */
static enum kp_status
fill_change(struct kp_diff_work *work, struct kp_diff_change *change, uint32_t gained,
	uint32_t lost, uint32_t admitted)
{
	const struct kp_bdd *bdd = &work->bdd;
	change->gained_ever = kp_bdd_table(bdd, gained, true);
	change->gained_always = kp_bdd_table(bdd, at_first(work, gained), false);
	change->lost_ever = kp_bdd_table(bdd, lost, true);
	change->lost_always = kp_bdd_table(bdd, at_first(work, lost), false);
	change->admitted = kp_bdd_table(bdd, admitted, true);
	change->until_ms = gained_until(work, gained);
	enum kp_status status = KP_OK;
	if (!write_conditions(work, gained, lost, change)) {
		return KP_E_MEMORY;
	}
	if (gained != KP_BDD_FALSE) {
		status =
			kp_diff_find_witness(work, gained, change, true, &change->gained);
		work->diff->wider++;
		work->diff->uncertain += change->gained.confirmed ? 0 : 1;
	}
	if (lost != KP_BDD_FALSE && status == KP_OK) {
		status = kp_diff_find_witness(work, lost, change, false, &change->lost);
	}
	return status;
}

/* Another group of cells of the same place and role, changed in just the same way? */
static bool
same_change(const struct kp_diff_change *a, const struct kp_diff_change *b)
{
	return a->role == b->role && a->in_name_of == b->in_name_of &&
		a->verdict == b->verdict && a->gained_ever == b->gained_ever &&
		a->gained_always == b->gained_always && a->lost_ever == b->lost_ever &&
		a->lost_always == b->lost_always && a->until_ms == b->until_ms &&
		a->gained.confirmed == b->gained.confirmed &&
		kp_slice_equal(a->conditions, b->conditions);
}

/* Joins the newest change with an earlier one when only its cells differ. */
static void
join_change(struct kp_diff_work *work, const struct kp_diff_place *place)
{
	struct kp_diff *diff = work->diff;
	const struct kp_diff_change *fresh = &diff->changes[diff->change_count - 1];
	for (uint32_t i = place->first_change; i + 1 < diff->change_count; i++) {
		struct kp_diff_change *earlier = &diff->changes[i];
		if (!same_change(earlier, fresh)) {
			continue;
		}
		uint64_t *cells = (uint64_t *)(uintptr_t)earlier->cells;
		for (size_t word = 0; word < kp_bits_words(diff->cells.count); word++) {
			cells[word] |= fresh->cells[word];
		}
		if (fresh->gained.found) {
			diff->wider--;
			diff->uncertain -= fresh->gained.confirmed ? 0 : 1;
		}
		diff->change_count--;
		return;
	}
}

static enum kp_status
record(struct kp_diff_work *work, const struct kp_diff_place *place,
	const struct kp_diff_group *group, uint32_t role, uint32_t gained, uint32_t lost)
{
	size_t words = kp_bits_words(work->diff->cells.count);
	uint64_t *cells = KP_ARENA_ARRAY(work->arena, uint64_t, words);
	struct kp_diff_change *change = cells == NULL ? NULL : add_change(work);
	if (change == NULL) {
		return cells == NULL ? KP_E_MEMORY : KP_E_LIMIT;
	}
	memcpy(cells, group->cells, words * sizeof(*cells));
	*change = (struct kp_diff_change){.verdict = kp_diff_verdict_of(gained, lost),
		.action = place->action,
		.purpose = place->purpose,
		.role = role,
		.organisations = place->organisations,
		.in_name_of = place->in_name_of,
		.cells = cells};
	uint32_t admitted =
		kp_bdd_or(&work->bdd, work->sides[0].admitted, work->sides[1].admitted);
	enum kp_status status = fill_change(work, change, gained, lost, admitted);
	if (status == KP_OK) {
		join_change(work, place);
	}
	return status;
}

enum kp_status
kp_diff_record(struct kp_diff_work *work, const struct kp_diff_place *place,
	const struct kp_diff_group *group, uint32_t gained, uint32_t lost)
{
	uint32_t count = work->diff->roles.count;
	uint32_t gained_alone = KP_BDD_FALSE;
	uint32_t lost_alone = KP_BDD_FALSE;
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < count && status == KP_OK; i++) {
		uint32_t variable = KP_DIFF_ROLES_FIRST + i;
		uint32_t more = kp_bdd_choose(
			&work->bdd, gained, KP_DIFF_ROLES_FIRST, count, variable);
		uint32_t less = kp_bdd_choose(
			&work->bdd, lost, KP_DIFF_ROLES_FIRST, count, variable);
		more = kp_diff_possible(work, more);
		less = kp_diff_possible(work, less);
		gained_alone = kp_bdd_or(&work->bdd, gained_alone, more);
		lost_alone = kp_bdd_or(&work->bdd, lost_alone, less);
		if (more != KP_BDD_FALSE || less != KP_BDD_FALSE) {
			status = record(work, place, group, i, more, less);
		}
	}
	uint32_t more = gained_alone == KP_BDD_FALSE ? gained : KP_BDD_FALSE;
	uint32_t less = lost_alone == KP_BDD_FALSE ? lost : KP_BDD_FALSE;
	if (status == KP_OK && (more != KP_BDD_FALSE || less != KP_BDD_FALSE)) {
		status = record(work, place, group, KP_NO_ID, more, less);
	}
	return status;
}

void
kp_diff_join(struct kp_diff *diff)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < diff->change_count; i++) {
		const struct kp_diff_change *change = &diff->changes[i];
		uint32_t at = 0;
		while (at < kept &&
			(diff->changes[at].action != change->action ||
				diff->changes[at].purpose != change->purpose ||
				!same_change(&diff->changes[at], change) ||
				!bits_equal(diff->changes[at].cells, change->cells,
					diff->cells.count))) {
			at++;
		}
		if (at == kept) {
			diff->changes[kept++] = *change;
			continue;
		}
		/* A set of its own: the one it has may be shared with other changes. */
		uint64_t *members =
			(uint64_t *)(uintptr_t)diff->changes[at].organisations;
		for (size_t word = 0; word < kp_bits_words(diff->organisations.count);
			word++) {
			members[word] |= change->organisations[word];
		}
		if (change->gained.found) {
			diff->wider--;
			diff->uncertain -= change->gained.confirmed ? 0 : 1;
		}
	}
	diff->change_count = kept;
}

enum kp_status
kp_diff_own_organisations(struct kp_arena *arena, struct kp_diff *diff)
{
	size_t words = kp_bits_words(diff->organisations.count);
	for (uint32_t i = 0; i < diff->change_count; i++) {
		uint64_t *members = KP_ARENA_ARRAY(arena, uint64_t, words);
		if (members == NULL) {
			return KP_E_MEMORY;
		}
		memcpy(members, diff->changes[i].organisations, words * sizeof(*members));
		diff->changes[i].organisations = members;
	}
	return KP_OK;
}
