/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_export: see source_export.h. */
#include "source/source_export.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "connectors/fault.h"
#include "core/heap.h"
#include "crypto/crypto.h"
#include "source/delivery_find.h"
#include "source/delivery_scan.h"
#include "source/delivery_verify.h"
#include "source/source_rows.h"

#define DAY_MS ((int64_t)86400000)

void
kp_export_unref(struct kp_export *export)
{
	if (export == NULL || atomic_fetch_sub(&export->refs, 1) != 1) {
		return;
	}
	if (export->rows != export->file) {
		kp_file_close(&export->rows);
	}
	kp_file_close(&export->file);
	kp_row_index_close(&export->index);
	kp_heap_free(export->path);
	kp_heap_free(export);
}

/* When it was delivered. */

void
kp_export_day(uint32_t day, char ret_text[12], int64_t *ret_end_ms)
{
	struct tm parts = {
		.tm_year = (int)(day / 10000) - 1900,
		.tm_mon = (int)(day / 100 % 100) - 1,
		.tm_mday = (int)(day % 100),
	};
	(void)snprintf(ret_text, 12, "%04u-%02u-%02u", day / 10000 % 10000,
		day / 100 % 100, day % 100);
	*ret_end_ms = (int64_t)timegm(&parts) * 1000 + DAY_MS;
}

static void
date_by_time(struct kp_export *export)
{
	struct tm day;
	time_t seconds = (time_t)(export->stamp.modified_ns / 1000000000);
	export->dated_ms = export->stamp.modified_ns / 1000000;
	if (gmtime_r(&seconds, &day) != NULL) {
		(void)strftime(export->dated, sizeof(export->dated), "%Y-%m-%d", &day);
	}
}

static bool
same_bytes(const struct kp_file_stamp *a, const struct kp_file_stamp *b)
{
	return a->size == b->size && a->modified_ns == b->modified_ns &&
		a->inode == b->inode;
}

/* Whoever writes can set the time of writing, but not that of the inode. */
bool
kp_export_same_file(const struct kp_file_stamp *a, const struct kp_file_stamp *b)
{
	return same_bytes(a, b) && a->changed_ns == b->changed_ns;
}

/* Giving the file another name, or its name to another file, changes the inode too, and
 * then the rows are still there: that they are these is what their sums say. */
bool
kp_export_unwritten(struct kp_file *file, const struct kp_file_stamp *then)
{
	struct kp_file_stamp now;
	return kp_file_stat(file, &now) == KP_OK && same_bytes(&now, then);
}

bool
kp_export_intact(const struct kp_export *export)
{
	return kp_export_unwritten(export->file, &export->stamp);
}

/* Nothing happened to it while it was read, not even with its time put back. */
static bool
unchanged(const struct kp_export *export)
{
	struct kp_file_stamp now;
	return kp_file_stat(export->file, &now) == KP_OK &&
		kp_export_same_file(&now, &export->stamp);
}

/* The index. */

/* An index belongs to what is in this file, read as the manifest says. */
static void
origin_of(const struct kp_source_private *private,
	const unsigned char digest[KP_SHA256_BYTES],
	unsigned char ret_origin[KP_ROW_INDEX_ORIGIN_BYTES])
{
	const struct kp_manifest_export *file = &private->manifest->file;
	const struct kp_slice parts[] = {
		{(const char *)digest, KP_SHA256_BYTES},
		{(const char *)&file->form, sizeof(file->form)},
		{(const char *)&file->header_row, sizeof(file->header_row)},
		file->sheet,
		KP_SLICE("\n"),
		{&file->separator, 1},
		file->charset,
		KP_SLICE("\n"),
		file->key,
		KP_SLICE("\n" KP_VERSION),
	};
	struct kp_sha256 sha;
	kp_sha256_begin(&sha);
	for (size_t i = 0; i < KP_ARRAY_LEN(parts); i++) {
		kp_sha256_add(&sha, parts[i]);
	}
	for (size_t i = 0; i < file->series.key_count; i++) {
		kp_sha256_add(&sha, KP_SLICE("\n"));
		kp_sha256_add(&sha, file->series.key[i]);
	}
	kp_sha256_end(&sha, ret_origin);
}

/* One delivery on its way. */
struct coming {
	struct kp_export_making *making;
	const struct kp_delivery_file *found;
	struct kp_export *export;
	struct kp_delivery_scan scan;
	uint32_t list_day; /* by the list of checksums; 0: none */
	enum kp_delivery_refusal refusal;
};

/* The digest, before anything is parsed; is it a good delivery, and does its index lie
 * there already? */
static enum kp_status
look_at(struct coming *coming, bool index_there)
{
	unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	const struct kp_export_making *making = coming->making;
	const struct kp_source_private *private = making->private;
	enum kp_status status = kp_delivery_scan(&coming->scan);
	if (status == KP_OK) {
		status = kp_delivery_verify(private, coming->found->path,
			coming->scan.digest, making->now_ms / 1000, &coming->list_day,
			&coming->refusal);
	}
	if (status == KP_OK && !unchanged(coming->export)) {
		status = KP_E_BUSY;
	}
	if (status == KP_OK && coming->refusal != KP_DELIVERY_REFUSAL_NONE) {
		status = KP_E_SOURCE;
	}
	if (status == KP_OK && index_there) {
		origin_of(private, coming->scan.digest, origin);
		if (kp_row_index_open(private->index_path, private->set->index_secret,
			    origin, &coming->export->index) != KP_OK) {
			coming->export->index = NULL;
		}
	}
	return status;
}

/* Text that can be sought in, from the form the delivery is in. */
static enum kp_status
open_rows(struct coming *coming)
{
	struct kp_export *export = coming->export;
	enum kp_status status = kp_source_rows_open(coming->making->private, export->file,
		&export->rows, &coming->scan.fault);
	return status == KP_E_SOURCE && !unchanged(export) ? KP_E_BUSY : status;
}

/* The rows into the index; what is digested of the file afterwards, or while its rows are
 * read, is what it was before when that was `looked` at. */
static enum kp_status
scan_rows(struct coming *coming, struct kp_row_index_builder *builder, bool looked)
{
	unsigned char before[KP_SHA256_BYTES];
	struct kp_delivery_scan *scan = &coming->scan;
	memcpy(before, scan->digest, sizeof(before));
	scan->builder = builder;
	scan->file = coming->export->rows;
	enum kp_status status = kp_delivery_scan(scan);
	if (status == KP_OK && coming->export->rows != coming->export->file) {
		scan->builder = NULL;
		scan->file = coming->export->file;
		status = kp_delivery_scan(scan);
	}
	bool other = looked && memcmp(before, scan->digest, sizeof(before)) != 0;
	bool read = status == KP_OK || status == KP_E_SOURCE;
	return read && (other || !unchanged(coming->export)) ? KP_E_BUSY : status;
}

static enum kp_status
make_index(struct coming *coming, bool looked)
{
	unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	struct kp_row_index_builder *builder = NULL;
	const struct kp_source_private *private = coming->making->private;
	const struct kp_row_index_options options = {.path = private->index_path,
		.identities = private->series_path != NULL,
		.secret = private->set->index_secret};
	enum kp_status status = kp_row_index_begin(&options, &builder);
	if (status == KP_OK) {
		status = scan_rows(coming, builder, looked);
	}
	if (status == KP_OK) {
		origin_of(private, coming->scan.digest, origin);
		status = kp_row_index_finish(
			&builder, origin, &coming->scan.facts, &coming->export->index);
	}
	kp_row_index_abandon(&builder);
	return status;
}

static bool
index_lies_there(const struct kp_export_making *making)
{
	struct kp_file_stamp stamp;
	return !making->anew && making->private->index_path != NULL &&
		kp_file_stamp_of(making->private->index_path, &stamp) == KP_OK;
}

static enum kp_status
open_delivery(struct coming *coming)
{
	struct kp_error err = {0};
	struct kp_export *export = coming->export;
	const struct kp_source_private *private = coming->making->private;
	const struct kp_delivery_file *found = coming->found;
	export->path = kp_heap_strdup(found->path);
	enum kp_status status = export->path == NULL
		? KP_E_MEMORY
		: kp_file_open(found->path, &export->file, &err);
	if (status == KP_OK) {
		status = kp_file_stat(export->file, &export->stamp);
	}
	if (status != KP_OK) {
		return status;
	}
	export->name = found->name;
	if (found->name.dated) {
		kp_export_day(found->name.day, export->dated, &export->dated_ms);
	} else if (kp_slice_is(private->manifest->file.dated_by, "mtime")) {
		date_by_time(export);
	}
	coming->scan = (struct kp_delivery_scan){
		.private = private,
		.state = coming->making->state,
		.path = found->path,
		.file = export->file,
		.size = export->stamp.size,
	};
	return KP_OK;
}

/* The day that the delivery itself says it is of, or what lies beside it. */
static enum kp_status
find_day(struct coming *coming)
{
	struct kp_export *export = coming->export;
	const struct kp_source_private *private = coming->making->private;
	struct kp_slice by = private->manifest->file.dated_by;
	bool list = kp_slice_is(by, "checksums");
	if (!list && !kp_slice_is(by, "column") && !kp_slice_is(by, "trailer")) {
		return KP_OK;
	}
	uint32_t day = list ? coming->list_day : kp_row_index_facts(export->index).day;
	if (day == 0) {
		coming->refusal = KP_DELIVERY_REFUSAL_DATE_ABSENT;
		return KP_E_SOURCE;
	}
	kp_export_day(day, export->dated, &export->dated_ms);
	return KP_OK;
}

/* Of a day that is still to come it would never be too old, and be the latest for good.
 * dated_ms is the end of its day, and clocks and zones may differ by a day. */
static enum kp_status
check_day(struct coming *coming)
{
	if (coming->export->dated_ms <= coming->making->now_ms + 2 * DAY_MS) {
		return KP_OK;
	}
	coming->refusal = KP_DELIVERY_REFUSAL_DATE_AHEAD;
	return KP_E_SOURCE;
}

/* With its index: how many rows, and of what day? */
static enum kp_status
check_facts(struct coming *coming)
{
	enum kp_status status =
		kp_delivery_check_count(coming->making->private, coming->found->path,
			kp_row_index_facts(coming->export->index).rows, &coming->refusal);
	if (status == KP_OK && coming->refusal != KP_DELIVERY_REFUSAL_NONE) {
		status = KP_E_SOURCE;
	}
	if (status == KP_OK) {
		status = find_day(coming);
	}
	return status == KP_OK ? check_day(coming) : status;
}

static enum kp_status
fill_export(struct coming *coming)
{
	const struct kp_export_making *making = coming->making;
	bool index_there = index_lies_there(making);
	bool looked = index_there || kp_delivery_verified(making->private);
	enum kp_status status = check_day(coming);
	if (status == KP_OK && looked) {
		status = look_at(coming, index_there);
	}
	if (status == KP_OK) {
		status = open_rows(coming);
	}
	if (status == KP_OK && coming->export->index == NULL) {
		status = make_index(coming, looked);
	}
	if (status == KP_OK) {
		status = check_facts(coming);
	}
	if (status == KP_E_SOURCE && coming->refusal == KP_DELIVERY_REFUSAL_NONE) {
		coming->refusal = KP_DELIVERY_REFUSAL_FORM;
	}
	return status;
}

/* One file: becomes the export, or says why not. */
static enum kp_status
try_delivery(struct kp_export_making *making, const struct kp_delivery_file *found,
	enum kp_delivery_refusal *ret_refusal)
{
	struct coming coming = {.making = making, .found = found};
	coming.export = kp_heap_calloc(1, sizeof(*coming.export));
	if (coming.export == NULL) {
		return KP_E_MEMORY;
	}
	atomic_init(&coming.export->refs, 1);
	enum kp_status status = open_delivery(&coming);
	if (status == KP_OK && making->current != NULL && !making->anew &&
		kp_export_same_file(&coming.export->stamp, &making->current->stamp)) {
		kp_export_unref(coming.export);
		(void)atomic_fetch_add(&making->current->refs, 1);
		making->export = making->current;
		return KP_OK;
	}
	if (status == KP_OK) {
		status = fill_export(&coming);
	}
	if (status == KP_OK) {
		memcpy(coming.export->digest, coming.scan.digest,
			sizeof(coming.export->digest));
		making->export = coming.export;
		return KP_OK;
	}
	if (coming.refusal != KP_DELIVERY_REFUSAL_NONE) {
		kp_delivery_state_refused(
			making->state, found->path, coming.refusal, &coming.scan.fault);
		making->fault = coming.scan.fault;
	}
	*ret_refusal = coming.refusal;
	kp_export_unref(coming.export);
	return status;
}

static void
refuse_folder(struct kp_export_making *making, const struct kp_error *err)
{
	making->refusal = KP_DELIVERY_REFUSAL_FOLDER_FULL;
	(void)kp_fault_set(&making->fault, "", "%.180s", err->message);
	kp_delivery_state_refused(
		making->state, making->private->path, making->refusal, &making->fault);
}

/* The latest that is good. */
static enum kp_status
try_all(struct kp_export_making *making)
{
	struct kp_delivery_file files[KP_DELIVERY_TRIES];
	size_t count = 0;
	struct kp_error err = {0};
	enum kp_status first =
		kp_delivery_find(making->private, making->arena, files, &count, &err);
	making->refusal = KP_DELIVERY_REFUSAL_NONE;
	making->fault = (struct kp_fault){0};
	if (first == KP_E_LIMIT) {
		refuse_folder(making, &err);
	}
	for (size_t i = 0; first != KP_E_BUSY && i < count; i++) {
		struct kp_fault fault = making->fault;
		enum kp_delivery_refusal refusal = KP_DELIVERY_REFUSAL_NONE;
		enum kp_status status = try_delivery(making, &files[i], &refusal);
		if (status == KP_OK) {
			return KP_OK;
		}
		if (i == 0) {
			first = status;
			making->refusal = refusal;
		} else {
			making->fault = fault;
		}
		if (refusal == KP_DELIVERY_REFUSAL_NONE && status != KP_E_NOT_FOUND) {
			return status;
		}
	}
	return first;
}

void
kp_export_make(struct kp_export_making *making)
{
	making->export = NULL;
	making->status = try_all(making);
}

bool
kp_export_altered(const struct kp_export_making *making)
{
	const struct kp_export *current = making->current;
	if (current == NULL || (!making->anew && unchanged(current))) {
		return false;
	}
	struct kp_delivery_scan scan = {
		.private = making->private,
		.state = making->state,
		.path = current->path,
		.file = current->file,
		.size = current->stamp.size,
	};
	return kp_delivery_scan(&scan) == KP_OK &&
		memcmp(scan.digest, current->digest, sizeof(scan.digest)) != 0;
}
