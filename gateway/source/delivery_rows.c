/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_rows: see delivery_rows.h. */
#include "source/delivery_rows.h"

#include <string.h>

#include "core/heap.h"

#define TRIES 3
/* A full folder listed twice, each name as long as it can be. */
#define LIST_BYTES_MAX ((size_t)64 << 20)
#define PLACES_USUAL 64
/* Rows of one client, and headers. */
#define PLACES_MAX 10000

void
kp_delivery_unref(struct kp_delivery *delivery)
{
	if (delivery != NULL && atomic_fetch_sub(&delivery->refs, 1) == 1) {
		kp_export_unref(delivery->base);
		kp_changes_destroy(&delivery->changes);
		kp_heap_free(delivery);
	}
}

/* Making. */

static void
tell_taken(const struct kp_export_making *making, const struct kp_delivery *delivery)
{
	const struct kp_changes *changes = delivery->changes;
	const struct kp_delivery_taken taken = {
		.path = delivery->base->path,
		.now_ms = making->now_ms,
		.dated_ms = delivery->dated_ms,
		.rows = kp_row_index_rows(delivery->base->index),
		.bytes = delivery->base->stamp.size,
		.change_files = changes == NULL ? 0 : changes->count,
		.change_rows = changes == NULL ? 0 : changes->rows,
	};
	kp_delivery_state_taken(making->state, &taken);
}

/* The reference on `base` goes along, also on failure. */
static enum kp_status
put_together(const struct kp_export_making *making, struct kp_export *base,
	struct kp_delivery **ret_delivery)
{
	struct kp_delivery *delivery = kp_heap_calloc(1, sizeof(*delivery));
	if (delivery == NULL) {
		kp_export_unref(base);
		return KP_E_MEMORY;
	}
	atomic_init(&delivery->refs, 1);
	delivery->base = base;
	delivery->dated_ms = base->dated_ms;
	memcpy(delivery->dated, base->dated, sizeof(delivery->dated));
	enum kp_status status = kp_changes_make(making, base, &delivery->changes);
	if (status != KP_OK) {
		kp_delivery_unref(delivery);
		return status;
	}
	if (delivery->changes != NULL && delivery->changes->day > base->name.day) {
		kp_export_day(
			delivery->changes->day, delivery->dated, &delivery->dated_ms);
	}
	*ret_delivery = delivery;
	return KP_OK;
}

static void
make(struct kp_delivery_making *making, struct kp_arena *arena)
{
	struct kp_export_making base = {
		.private = making->private,
		.state = making->state,
		.current = making->current == NULL ? NULL : making->current->base,
		.current_changes =
			making->current == NULL ? NULL : making->current->changes,
		.anew = making->anew,
		.now_ms = making->now_ms,
		.arena = arena,
	};
	kp_export_make(&base);
	making->status = base.status;
	making->refusal = base.refusal;
	making->fault = base.fault;
	if (base.export == NULL) {
		making->altered = base.status != KP_E_BUSY &&
			base.status != KP_E_MEMORY && kp_export_altered(&base);
		return;
	}
	bool same = base.export == base.current && making->private->series_path == NULL;
	making->status = put_together(&base, base.export, &making->delivery);
	if (making->status == KP_OK && !same) {
		tell_taken(&base, making->delivery);
	}
}

void
kp_delivery_make(struct kp_delivery_making *making)
{
	making->delivery = NULL;
	making->altered = false;
	making->status = KP_E_BUSY;
	for (unsigned try = 0; making->status == KP_E_BUSY && try < TRIES; try++) {
		struct kp_arena arena;
		kp_arena_init(&arena, LIST_BYTES_MAX, NULL);
		make(making, &arena);
		kp_arena_deinit(&arena);
	}
}

bool
kp_delivery_intact(const struct kp_delivery *delivery)
{
	const struct kp_changes *changes = delivery->changes;
	bool intact = kp_export_intact(delivery->base);
	for (size_t i = 0; intact && changes != NULL && i < changes->count; i++) {
		intact = kp_export_unwritten(
			changes->files[i].file, &changes->files[i].stamp);
	}
	return intact;
}

/* Looking up. */

/* What is read, in order. */
struct plan {
	const struct kp_delivery *delivery;
	struct kp_row_place *places;
	size_t room;
	size_t count;
	uint64_t bytes;
	size_t files; /* that have a part in it */
};

static bool
plan_add(struct plan *plan, const struct kp_row_place *place)
{
	if (plan->count == plan->room) {
		return false;
	}
	plan->places[plan->count++] = *place;
	plan->bytes += place->len;
	return true;
}

/* The header of a change file goes before the first of its rows. */
static bool
plan_row(struct plan *plan, const struct kp_row_place *place)
{
	const struct kp_changes *changes = plan->delivery->changes;
	uint16_t before = plan->count == 0 ? 0 : plan->places[plan->count - 1].file;
	if (place->file != before) {
		const struct kp_delivery_preamble *preamble =
			&changes->files[place->file - 1].preamble;
		plan->files++;
		for (uint32_t i = 0; i < preamble->count; i++) {
			if (!plan_add(plan, &preamble->places[i])) {
				return false;
			}
		}
	}
	return plan_add(plan, place);
}

/* The rows of a key in one index, but those that something happened to later. */
static enum kp_status
plan_index(struct plan *plan, const struct kp_row_index *index, struct kp_slice key,
	struct kp_row_place *found)
{
	const struct kp_changes *changes = plan->delivery->changes;
	size_t count = 0;
	enum kp_status status = kp_row_index_find(index, key, found, plan->room, &count);
	for (size_t i = 0; status == KP_OK && i < count; i++) {
		bool latest = true;
		if (found[i].file > (changes == NULL ? 0 : changes->count)) {
			return KP_E_CORRUPT;
		}
		if (changes != NULL) {
			status = kp_row_index_latest(changes->index, &found[i], &latest);
		}
		if (status == KP_OK && latest && !plan_row(plan, &found[i])) {
			status = KP_E_LIMIT;
		}
	}
	return status;
}

static enum kp_status
make_plan(struct plan *plan, struct kp_slice key, struct kp_row_place *found)
{
	const struct kp_changes *changes = plan->delivery->changes;
	plan->count = 0;
	plan->bytes = 0;
	plan->files = 1;
	enum kp_status status = plan_index(plan, plan->delivery->base->index, key, found);
	return status == KP_OK && changes != NULL
		? plan_index(plan, changes->index, key, found)
		: status;
}

static enum kp_status
read_row(const struct kp_delivery *delivery, const struct kp_row_place *row, char *bytes)
{
	struct kp_file *file = row->file == 0
		? delivery->base->rows
		: delivery->changes->files[row->file - 1].rows;
	size_t done = 0;
	while (done < row->len) {
		size_t len = 0;
		enum kp_status status = kp_file_read_at(
			file, row->offset + done, bytes + done, row->len - done, &len);
		if (status != KP_OK || len == 0) {
			return status != KP_OK ? status : KP_E_BUSY;
		}
		done += len;
	}
	/* All indexes of a delivery have the same keys. */
	return kp_row_index_intact(
		       delivery->base->index, row, (struct kp_slice){bytes, row->len})
		? KP_OK
		: KP_E_BUSY;
}

static enum kp_status
read_plan(const struct plan *plan, struct kp_delivery_rows *rows)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct kp_row_place *place = &plan->places[i];
		if (i > 0 && place->file != plan->places[i - 1].file) {
			rows->ends[rows->count++] = rows->len;
		}
		enum kp_status status =
			read_row(plan->delivery, place, rows->bytes + rows->len);
		if (status != KP_OK) {
			return status;
		}
		rows->len += place->len;
	}
	rows->ends[rows->count++] = rows->len;
	return KP_OK;
}

static enum kp_status
carry_out(const struct plan *plan, uint64_t bytes_max, struct kp_delivery_rows *ret_rows)
{
	struct kp_delivery_rows rows = {0};
	if (plan->bytes > bytes_max) {
		return KP_E_BODY_LIMIT;
	}
	rows.bytes = kp_heap_alloc((size_t)plan->bytes + 1);
	rows.ends = kp_heap_calloc(plan->files + 1, sizeof(*rows.ends));
	enum kp_status status =
		rows.bytes == NULL || rows.ends == NULL ? KP_E_MEMORY : KP_OK;
	if (status == KP_OK) {
		status = read_plan(plan, &rows);
	}
	if (status != KP_OK) {
		kp_delivery_rows_free(&rows);
		return status;
	}
	*ret_rows = rows;
	return KP_OK;
}

/* With room for the most there may be. */
static enum kp_status
make_large_plan(struct plan *plan, struct kp_slice key)
{
	plan->places = kp_heap_calloc(2 * (size_t)PLACES_MAX, sizeof(*plan->places));
	plan->room = PLACES_MAX;
	return plan->places == NULL ? KP_E_MEMORY
				    : make_plan(plan, key, plan->places + PLACES_MAX);
}

enum kp_status
kp_delivery_find_rows(const struct kp_delivery *delivery, struct kp_slice key,
	uint64_t bytes_max, struct kp_delivery_rows *ret_rows)
{
	struct kp_row_place usual[PLACES_USUAL];
	struct kp_row_place found[PLACES_USUAL];
	struct plan plan = {.delivery = delivery, .places = usual, .room = PLACES_USUAL};
	enum kp_status status = make_plan(&plan, key, found);
	if (status == KP_E_LIMIT) {
		status = make_large_plan(&plan, key);
		status = status == KP_E_LIMIT ? KP_E_BODY_LIMIT : status;
	}
	if (status == KP_OK) {
		status = carry_out(&plan, bytes_max, ret_rows);
	}
	if (plan.places != usual) {
		kp_heap_free(plan.places);
	}
	return status;
}

void
kp_delivery_rows_free(struct kp_delivery_rows *rows)
{
	if (rows->bytes != NULL) {
		kp_wipe(rows->bytes, rows->len);
	}
	kp_heap_free(rows->bytes);
	kp_heap_free(rows->ends);
	*rows = (struct kp_delivery_rows){0};
}
