/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* compile_rows: parts to rows. */
#include "core/bits.h"
#include "policies/compile_work.h"

/* Parts times the rows they are in. */
#define LINKS_MAX ((uint32_t)1 << 24)

struct link {
	uint32_t part;
	struct link *next;
};

struct row_list {
	struct link *first;
	struct link *last;
};

struct fill {
	struct kp_compile_work *work;
	struct kp_compiled *compiled;
	const uint32_t *class_member; /* one organisation of each class */
	struct row_list *lists;       /* beside row_at */
	uint32_t link_count;
	uint32_t row_count;
};

/* Splits classes so that all organisations of one agree on this set. */
static void
refine(uint32_t *classes, uint32_t *class_count, const uint64_t *set, uint32_t count,
	uint32_t *split)
{
	uint32_t before = *class_count;
	for (uint32_t i = 0; i < 2 * before; i++) {
		split[i] = KP_NO_ID;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t old = classes[i];
		bool in = kp_bits_has(set, i);
		if (split[2 * old + in] == KP_NO_ID) {
			/* The first half that turns up keeps the number. */
			split[2 * old + in] =
				split[2 * old + !in] == KP_NO_ID ? old : (*class_count)++;
		}
		classes[i] = split[2 * old + in];
	}
}

static enum kp_status
make_classes(struct fill *fill)
{
	struct kp_compile_work *work = fill->work;
	uint32_t count = work->model->registers->organisation_count;
	uint32_t *classes = KP_ARENA_ARRAY(work->arena, uint32_t, count);
	uint32_t *members = KP_ARENA_ARRAY(&work->scratch, uint32_t, count);
	uint32_t *split = KP_ARENA_ARRAY(&work->scratch, uint32_t, 2 * (size_t)count);
	if (classes == NULL || members == NULL || split == NULL) {
		return KP_E_MEMORY;
	}
	uint32_t class_count = 1;
	for (uint32_t i = 0; i < work->part_count && class_count < count; i++) {
		refine(classes, &class_count, work->parts[i].organisations, count, split);
	}
	for (uint32_t i = count; i > 0; i--) {
		members[classes[i - 1]] = i - 1;
	}
	fill->compiled->organisation_class = classes;
	fill->compiled->class_count = class_count;
	fill->class_member = members;
	return KP_OK;
}

static enum kp_status
report_limit(struct kp_compile_work *work, const char *what, size_t count, size_t limit)
{
	struct kp_error err;
	enum kp_status status = kp_error_set(
		&err, KP_E_CONFIG, "%s: %zu is above the limit %zu", what, count, limit);
	kp_findings_add(work->findings, &err);
	return status;
}

static enum kp_status
link_part(struct fill *fill, uint32_t part, size_t at)
{
	struct link *link = KP_ARENA_NEW(&fill->work->scratch, struct link);
	if (link == NULL) {
		return KP_E_MEMORY;
	}
	if (fill->link_count >= LINKS_MAX) {
		return report_limit(fill->work, "rules times the rows they are in",
			(size_t)LINKS_MAX + 1, LINKS_MAX);
	}
	fill->link_count++;
	link->part = part;
	struct row_list *list = &fill->lists[at];
	if (list->first == NULL) {
		list->first = link;
		fill->row_count++;
	} else {
		list->last->next = link;
	}
	list->last = link;
	return KP_OK;
}

/* Links the part into all purposes of one action, role and class. */
static enum kp_status
link_purposes(struct fill *fill, uint32_t index, size_t base)
{
	const struct kp_part *part = &fill->work->parts[index];
	uint32_t purposes = fill->compiled->purpose_count;
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < purposes && status == KP_OK; i++) {
		if (kp_bits_has(part->purposes, i)) {
			status = link_part(fill, index, base * purposes + i);
		}
	}
	return status;
}

static enum kp_status
link_role(struct fill *fill, uint32_t index, size_t base)
{
	const struct kp_part *part = &fill->work->parts[index];
	uint32_t classes = fill->compiled->class_count;
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < classes && status == KP_OK; i++) {
		if (kp_bits_has(part->organisations, fill->class_member[i])) {
			status = link_purposes(fill, index, base * classes + i);
		}
	}
	return status;
}

static enum kp_status
link_action(struct fill *fill, uint32_t index, size_t base)
{
	const struct kp_part *part = &fill->work->parts[index];
	uint32_t roles = fill->compiled->role_rows;
	if (part->any_role) {
		return link_role(fill, index, base * roles + roles - 1);
	}
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i + 1 < roles && status == KP_OK; i++) {
		if (kp_bits_has(part->roles, i)) {
			status = link_role(fill, index, base * roles + i);
		}
	}
	return status;
}

static enum kp_status
link_all(struct fill *fill)
{
	enum kp_status status = KP_OK;
	for (uint32_t i = 0; i < fill->work->part_count; i++) {
		for (unsigned action = 0; action < KP_ACTION_COUNT; action++) {
			if ((fill->work->parts[i].actions >> action & 1) != 0 &&
				status == KP_OK) {
				status = link_action(fill, i, action);
			}
		}
	}
	return status;
}

/* Can this part share the entry? */
static bool
belongs(const struct kp_entry *entry, const struct kp_part *part, bool permit)
{
	uint64_t applies = permit ? part->holds : part->holds | part->errs;
	int64_t review = permit ? part->rule->review_ms : INT64_MAX;
	return entry->condition == part->condition && entry->applies == applies &&
		entry->review_ms == review;
}

static bool
is_permit(const struct kp_part *part)
{
	return part->rule->policy->effect == KP_CEDAR_PERMIT;
}

/* One row being made. `of_part` holds, beside the links, the entry of each. */
struct row_work {
	struct kp_entry *entries;
	uint32_t entry_count;
	uint32_t *refs;
};

/* Finds or makes the entry of one part. The newest are looked at first: rules that belong
 * together stand together. */
static struct kp_entry *
entry_for(struct fill *fill, struct row_work *row, uint32_t from,
	const struct kp_part *part, bool permit)
{
	for (uint32_t i = row->entry_count; i > from; i--) {
		if (belongs(&row->entries[i - 1], part, permit)) {
			return &row->entries[i - 1];
		}
	}
	uint64_t *cells = KP_ARENA_ARRAY(
		fill->work->arena, uint64_t, fill->work->model->catalogue->cell_words);
	if (cells == NULL) {
		return NULL;
	}
	struct kp_entry *entry = &row->entries[row->entry_count++];
	*entry = (struct kp_entry){.cells = cells,
		.applies = permit ? part->holds : part->holds | part->errs,
		.review_ms = permit ? part->rule->review_ms : INT64_MAX,
		.condition = part->condition};
	return entry;
}

static bool
merge(struct fill *fill, const struct row_list *list, struct row_work *row, bool permit)
{
	uint32_t from = row->entry_count;
	uint32_t words = fill->work->model->catalogue->cell_words;
	for (const struct link *link = list->first; link != NULL; link = link->next) {
		const struct kp_part *part = &fill->work->parts[link->part];
		if (is_permit(part) != permit) {
			continue;
		}
		struct kp_entry *entry = entry_for(fill, row, from, part, permit);
		if (entry == NULL) {
			return false;
		}
		/* The set was made here, for this entry. */
		uint64_t *cells = (uint64_t *)(uintptr_t)entry->cells;
		for (uint32_t i = 0; i < words; i++) {
			cells[i] |= part->cells[i];
		}
		entry->part_count++;
	}
	return true;
}

/* Writes the numbers of the parts behind each other, by entry. */
static void
place_refs(struct fill *fill, const struct row_list *list, struct row_work *row,
	uint32_t permit_count, uint32_t first_ref)
{
	for (uint32_t i = 0; i < row->entry_count; i++) {
		row->entries[i].first_part = first_ref;
		first_ref += row->entries[i].part_count;
		row->entries[i].part_count = 0;
	}
	for (const struct link *link = list->first; link != NULL; link = link->next) {
		const struct kp_part *part = &fill->work->parts[link->part];
		bool permit = is_permit(part);
		uint32_t at = permit ? 0 : permit_count;
		while (!belongs(&row->entries[at], part, permit)) {
			at++;
		}
		struct kp_entry *entry = &row->entries[at];
		row->refs[entry->first_part + entry->part_count++] = link->part;
	}
}

static bool
make_row(struct fill *fill, const struct row_list *list, uint32_t *refs,
	uint32_t *ref_count, struct kp_row *row)
{
	uint32_t link_count = 0;
	for (const struct link *link = list->first; link != NULL; link = link->next) {
		link_count++;
	}
	struct kp_arena *scratch = &fill->work->scratch;
	struct row_work work = {
		KP_ARENA_ARRAY(scratch, struct kp_entry, link_count), 0, refs};
	if (work.entries == NULL || !merge(fill, list, &work, true)) {
		return false;
	}
	row->permit_count = work.entry_count;
	if (!merge(fill, list, &work, false)) {
		return false;
	}
	row->forbid_count = work.entry_count - row->permit_count;
	place_refs(fill, list, &work, row->permit_count, *ref_count);
	*ref_count += link_count;
	fill->compiled->entry_count += work.entry_count;
	struct kp_entry *entries =
		KP_ARENA_ARRAY(fill->work->arena, struct kp_entry, work.entry_count);
	if (entries != NULL) {
		memcpy(entries, work.entries, work.entry_count * sizeof(*entries));
	}
	row->entries = entries;
	return entries != NULL;
}

static enum kp_status
make_rows(struct fill *fill, size_t places)
{
	struct kp_arena *arena = fill->work->arena;
	uint32_t *row_at = KP_ARENA_ARRAY(arena, uint32_t, places);
	struct kp_row *rows =
		KP_ARENA_ARRAY(arena, struct kp_row, (size_t)fill->row_count + 1);
	uint32_t *refs = KP_ARENA_ARRAY(arena, uint32_t, fill->link_count);
	if (row_at == NULL || rows == NULL || refs == NULL) {
		return KP_E_MEMORY;
	}
	uint32_t row_count = 1; /* the first is empty and stands for all that are */
	uint32_t ref_count = 0;
	for (size_t at = 0; at < places; at++) {
		if (fill->lists[at].first == NULL) {
			continue;
		}
		if (!make_row(
			    fill, &fill->lists[at], refs, &ref_count, &rows[row_count])) {
			return KP_E_MEMORY;
		}
		row_at[at] = row_count++;
	}
	fill->compiled->row_at = row_at;
	fill->compiled->rows = rows;
	fill->compiled->row_count = row_count;
	fill->compiled->part_refs = refs;
	return KP_OK;
}

enum kp_status
kp_compile_rows(struct kp_compile_work *work, struct kp_compiled *compiled)
{
	const struct kp_registers *registers = work->model->registers;
	struct fill fill = {.work = work, .compiled = compiled};
	compiled->role_rows = registers->role_count + 1;
	compiled->purpose_count = registers->purpose_count;
	enum kp_status status = make_classes(&fill);
	if (status != KP_OK) {
		return status;
	}
	size_t places = (size_t)KP_ACTION_COUNT * compiled->role_rows *
		compiled->class_count * compiled->purpose_count;
	if (places > KP_ROWS_MAX) {
		return report_limit(work,
			"actions times roles times organisations that differ times "
			"purposes",
			places, KP_ROWS_MAX);
	}
	fill.lists = KP_ARENA_ARRAY(&work->scratch, struct row_list, places);
	if (fill.lists == NULL) {
		return KP_E_MEMORY;
	}
	status = link_all(&fill);
	return status == KP_OK ? make_rows(&fill, places) : status;
}
