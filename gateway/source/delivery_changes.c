/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_changes: see delivery_changes.h. */
#include "source/delivery_changes.h"

#include <string.h>

#include "core/heap.h"
#include "source/delivery_find.h"
#include "source/delivery_verify.h"
#include "source/source_rows.h"

static const unsigned char no_origin[KP_ROW_INDEX_ORIGIN_BYTES];
static const struct kp_row_index_facts no_facts;

/* Change files on their way. */
struct series {
	const struct kp_export_making *making;
	const struct kp_delivery_file *found; /* those after the base */
	size_t found_count;
	bool expects; /* a number is known that has to come next */
	uint32_t expected;
	uint64_t memory_left; /* for the rows of sheets, all together */
	struct kp_row_index_builder *builder;
	struct kp_changes *changes;
};

static void
close_change(struct kp_change_file *change)
{
	if (change->rows != change->file) {
		kp_file_close(&change->rows);
	}
	kp_file_close(&change->file);
	change->rows = NULL;
}

void
kp_changes_destroy(struct kp_changes **changes)
{
	if (*changes == NULL) {
		return;
	}
	for (size_t i = 0; i < (*changes)->count; i++) {
		close_change(&(*changes)->files[i]);
	}
	kp_row_index_close(&(*changes)->index);
	kp_heap_free((*changes)->files);
	kp_heap_free(*changes);
	*changes = NULL;
}

static bool
comes_after(const struct kp_delivery_name *change, const struct kp_delivery_name *base)
{
	/* What is of the base's own day may be in it already; once more does no harm. */
	return change->numbered && base->numbered ? change->number > base->number
						  : change->day >= base->day;
}

/* Leaves out what the base has. The last of those says what number comes next. */
static void
skip_before(struct series *series, const struct kp_delivery_name *base)
{
	series->expects = base->numbered && series->found_count > 0 &&
		series->found[0].name.numbered;
	series->expected = base->number + 1;
	while (series->found_count > 0 && !comes_after(&series->found[0].name, base)) {
		if (!base->numbered && series->found[0].name.numbered) {
			series->expects = true;
			series->expected = series->found[0].name.number + 1;
		}
		series->found++;
		series->found_count--;
	}
}

static enum kp_delivery_refusal
check_place(const struct series *series, const struct kp_delivery_file *found)
{
	if (series->expects && found->name.number != series->expected) {
		return KP_DELIVERY_REFUSAL_SERIES_GAP;
	}
	return series->changes->count ==
			series->making->private->manifest->file.series.files_max
		? KP_DELIVERY_REFUSAL_SERIES_LONG
		: KP_DELIVERY_REFUSAL_NONE;
}

/* Is it in force already? Then it was good: what lies beside it may be about later ones
 * only. */
static bool
was_taken(const struct kp_export_making *making, const struct kp_file_stamp *stamp)
{
	const struct kp_changes *before = making->current_changes;
	for (size_t i = 0; before != NULL && i < before->count; i++) {
		if (kp_export_same_file(&before->files[i].stamp, stamp)) {
			return true;
		}
	}
	return false;
}

/* One change file on its way. */
struct coming {
	const struct kp_export_making *making;
	struct kp_change_file *change;
	struct kp_delivery_scan scan;
	uint64_t memory_left; /* for the rows of sheets */
	bool taken;
	enum kp_delivery_refusal refusal;
};

static enum kp_status
open_change(struct coming *coming, const char *path)
{
	struct kp_error err = {0};
	struct kp_change_file *change = coming->change;
	enum kp_status status = kp_file_open(path, &change->file, &err);
	if (status == KP_OK) {
		status = kp_file_stat(change->file, &change->stamp);
	}
	coming->scan.file = change->file;
	coming->scan.size = change->stamp.size;
	coming->taken = status == KP_OK && was_taken(coming->making, &change->stamp);
	return status;
}

static enum kp_status
refused(const struct coming *coming, enum kp_status status)
{
	return status == KP_OK && coming->refusal != KP_DELIVERY_REFUSAL_NONE
		? KP_E_SOURCE
		: status;
}

/* Is it what the partner delivered? */
static enum kp_status
verify(struct coming *coming)
{
	uint32_t day = 0; /* their names say it */
	struct kp_delivery_scan *scan = &coming->scan;
	enum kp_status status = kp_delivery_scan(scan);
	if (status == KP_OK && !coming->taken) {
		status = kp_delivery_verify(coming->making->private, scan->path,
			scan->digest, coming->making->now_ms / 1000, &day,
			&coming->refusal);
	}
	return refused(coming, status);
}

/* Reads the same bytes again; KP_E_BUSY when they are others. */
static enum kp_status
scan_again(struct kp_delivery_scan *scan)
{
	unsigned char before[KP_SHA256_BYTES];
	memcpy(before, scan->digest, sizeof(before));
	enum kp_status status = kp_delivery_scan(scan);
	return status == KP_OK && memcmp(before, scan->digest, sizeof(before)) != 0
		? KP_E_BUSY
		: status;
}

/* Unpacks a sheet. All those of a series are in memory: they have one bound. */
static enum kp_status
unpack(struct coming *coming)
{
	struct kp_file_stamp stamp = {0};
	struct kp_change_file *change = coming->change;
	enum kp_status status = kp_source_rows_open(coming->making->private, change->file,
		&change->rows, &coming->scan.fault);
	if (change->rows == change->file) {
		return status;
	}
	if (status == KP_OK) {
		status = kp_file_stat(change->rows, &stamp);
	}
	if (status == KP_OK && stamp.size > coming->memory_left) {
		coming->refusal = KP_DELIVERY_REFUSAL_SERIES_LONG;
		status = KP_E_SOURCE;
	}
	coming->memory_left -= status == KP_OK ? stamp.size : 0;
	/* Of the bytes that were verified? */
	if (status == KP_OK || status == KP_E_SOURCE) {
		enum kp_status again = scan_again(&coming->scan);
		status = again == KP_OK ? status : again;
	}
	return status;
}

/* Does it read as agreed? Only then is any of it kept. */
static enum kp_status
try_rows(struct coming *coming)
{
	struct kp_delivery_scan *scan = &coming->scan;
	bool unpacked = coming->change->rows != coming->change->file;
	scan->file = coming->change->rows;
	scan->dry = true;
	enum kp_status status = unpacked ? kp_delivery_scan(scan) : scan_again(scan);
	scan->dry = false;
	if (status == KP_OK && !coming->taken) {
		status = kp_delivery_check_count(coming->making->private, scan->path,
			scan->facts.rows, &coming->refusal);
	}
	return refused(coming, status);
}

static enum kp_status
index_rows(struct coming *coming, struct kp_row_index_builder *builder)
{
	struct kp_file_stamp after;
	coming->scan.builder = builder;
	enum kp_status status = scan_again(&coming->scan);
	bool same = kp_file_stat(coming->change->file, &after) == KP_OK &&
		kp_export_same_file(&after, &coming->change->stamp);
	/* It read well a moment ago. */
	return status == KP_E_SOURCE || (status == KP_OK && !same) ? KP_E_BUSY : status;
}

/* KP_E_SOURCE with the refusal. */
static enum kp_status
take_change(struct series *series, const struct kp_delivery_file *found,
	enum kp_delivery_refusal *ret_refusal, struct kp_fault *fault)
{
	struct kp_changes *changes = series->changes;
	struct kp_change_file *change = &changes->files[changes->count];
	struct coming coming = {
		.making = series->making,
		.change = change,
		.scan =
			{
				.private = series->making->private,
				.state = series->making->state,
				.path = found->path,
				.number = (uint16_t)(changes->count + 1),
				.preamble = &change->preamble,
			},
		.memory_left = series->memory_left,
	};
	enum kp_status status = open_change(&coming, found->path);
	status = status == KP_OK ? verify(&coming) : status;
	status = status == KP_OK ? unpack(&coming) : status;
	status = status == KP_OK ? try_rows(&coming) : status;
	status = status == KP_OK ? index_rows(&coming, series->builder) : status;
	if (status != KP_OK) {
		*ret_refusal = coming.refusal == KP_DELIVERY_REFUSAL_NONE
			? KP_DELIVERY_REFUSAL_FORM
			: coming.refusal;
		*fault = coming.scan.fault;
		close_change(change);
		return status;
	}
	changes->count++;
	changes->day = found->name.day;
	changes->rows += coming.scan.rows;
	series->memory_left = coming.memory_left;
	return KP_OK;
}

static enum kp_status
take_all(struct series *series)
{
	enum kp_status status = KP_OK;
	for (size_t i = 0; status == KP_OK && i < series->found_count; i++) {
		const struct kp_delivery_file *found = &series->found[i];
		struct kp_fault fault = {0};
		enum kp_delivery_refusal refusal = check_place(series, found);
		status = refusal != KP_DELIVERY_REFUSAL_NONE
			? KP_E_SOURCE
			: take_change(series, found, &refusal, &fault);
		if (status == KP_E_SOURCE) {
			kp_delivery_state_refused(
				series->making->state, found->path, refusal, &fault);
			return KP_OK;
		}
		series->expects = found->name.numbered;
		series->expected = found->name.number + 1;
	}
	return status;
}

static enum kp_status
begin(struct series *series, const struct kp_export *base)
{
	const struct kp_row_index_options options = {
		.identities = true, .like = base->index};
	size_t room = series->making->private->manifest->file.series.files_max;
	room = series->found_count < room ? series->found_count : room;
	series->changes = kp_heap_calloc(1, sizeof(*series->changes));
	if (series->changes == NULL) {
		return KP_E_MEMORY;
	}
	series->changes->files =
		kp_heap_calloc(room + 1, sizeof(*series->changes->files));
	return series->changes->files == NULL
		? KP_E_MEMORY
		: kp_row_index_begin(&options, &series->builder);
}

enum kp_status
kp_changes_make(const struct kp_export_making *making, const struct kp_export *base,
	struct kp_changes **ret_changes)
{
	struct series series = {.making = making,
		.memory_left = making->private->manifest->file.unpacked_bytes_max};
	struct kp_delivery_file *found = NULL;
	enum kp_status status = kp_delivery_find_changes(
		making->private, making->arena, &found, &series.found_count);
	*ret_changes = NULL;
	series.found = found;
	if (status != KP_OK) {
		return status;
	}
	skip_before(&series, &base->name);
	if (series.found_count == 0) {
		return KP_OK;
	}
	status = begin(&series, base);
	if (status == KP_OK) {
		status = take_all(&series);
	}
	if (status == KP_OK && series.changes->count > 0) {
		status = kp_row_index_finish(
			&series.builder, no_origin, &no_facts, &series.changes->index);
	}
	kp_row_index_abandon(&series.builder);
	if (status != KP_OK || series.changes->count == 0) {
		kp_changes_destroy(&series.changes);
		return status;
	}
	*ret_changes = series.changes;
	return KP_OK;
}
