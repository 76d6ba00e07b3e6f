/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source_export: see source_export.h. */
#include "source/source_export.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/heap.h"
#include "crypto/crypto.h"

#define SCAN_BYTES ((size_t)128 * 1024)
#define SCAN_TRIES 3
#define PATH_BYTES_MAX ((size_t)4096)
#define LIST_BYTES_MAX ((size_t)4 << 20)
#define LIST_FILES_MAX 10000
#define PLACES_USUAL 64
/* Rows of one client, and the header. */
#define PLACES_MAX 10000
#define DAY_MS ((int64_t)86400000)

static const char day_pattern[] = "yyyymmdd";

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
	kp_heap_free(export);
}

/* Which file. */

static bool
all_digits(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len && text[at] >= '0' && text[at] <= '9') {
		at++;
	}
	return at == len;
}

/* Is `name` the pattern with eight digits in the place of yyyymmdd? */
static bool
fits(struct kp_slice name, struct kp_slice pattern, size_t at)
{
	size_t after = at + sizeof(day_pattern) - 1;
	return name.len == pattern.len && memcmp(name.data, pattern.data, at) == 0 &&
		all_digits(name.data + at, sizeof(day_pattern) - 1) &&
		memcmp(name.data + after, pattern.data + after, name.len - after) == 0;
}

/* The latest file of a path with yyyymmdd in its last part. */
static enum kp_status
find_latest(struct kp_slice path, char *out, size_t size, size_t *ret_day)
{
	const char *slash = memrchr(path.data, '/', path.len);
	size_t folder_len = slash == NULL ? 0 : (size_t)(slash - path.data);
	struct kp_slice pattern = {slash == NULL ? path.data : slash + 1,
		path.len - (slash == NULL ? 0 : folder_len + 1)};
	const char *day = memmem(pattern.data, pattern.len, day_pattern, 8);
	struct kp_arena arena;
	struct kp_slice *names = NULL;
	size_t count = 0;
	struct kp_slice latest = {0};
	struct kp_error err = {0};
	if (day == NULL || path.len >= size) {
		return KP_E_NOT_FOUND;
	}
	size_t at = (size_t)(day - pattern.data);
	(void)snprintf(out, size, "%.*s", folder_len == 0 ? 1 : (int)folder_len,
		folder_len == 0 ? "." : path.data);
	kp_arena_init(&arena, LIST_BYTES_MAX, NULL);
	enum kp_status status =
		kp_file_list(out, &arena, LIST_FILES_MAX, &names, &count, &err);
	for (size_t i = 0; status == KP_OK && i < count; i++) {
		/* Sorted by name, so the last that fits is the latest. */
		latest = fits(names[i], pattern, at) ? names[i] : latest;
	}
	if (status == KP_OK && latest.len == 0) {
		status = KP_E_NOT_FOUND;
	}
	if (status == KP_OK) {
		size_t start = path.len - pattern.len;
		memcpy(out, path.data, start);
		memcpy(out + start, latest.data, latest.len);
		out[start + latest.len] = '\0';
		*ret_day = start + at;
	}
	kp_arena_deinit(&arena);
	return status;
}

/* Where the export is now; `ret_day` is where its name has the day, or SIZE_MAX. */
static enum kp_status
current_path(
	const struct kp_source_private *private, char *out, size_t size, size_t *ret_day)
{
	*ret_day = SIZE_MAX;
	if (kp_slice_is(private->manifest->file.dated_by, "name")) {
		return find_latest(kp_slice_from(private->path), out, size, ret_day);
	}
	return (size_t)snprintf(out, size, "%s", private->path) < size ? KP_OK
								       : KP_E_LIMIT;
}

/* When it was delivered. */

static void
date_by_name(struct kp_export *export, const char *digits)
{
	struct tm day = {0};
	(void)snprintf(export->dated, sizeof(export->dated), "%.4s-%.2s-%.2s", digits,
		digits + 4, digits + 6);
	day.tm_year = (digits[0] - '0') * 1000 + (digits[1] - '0') * 100 +
		(digits[2] - '0') * 10 + (digits[3] - '0') - 1900;
	day.tm_mon = (digits[4] - '0') * 10 + (digits[5] - '0') - 1;
	day.tm_mday = (digits[6] - '0') * 10 + (digits[7] - '0');
	export->dated_ms = (int64_t)timegm(&day) * 1000 + DAY_MS;
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
same_stamp(const struct kp_file_stamp *a, const struct kp_file_stamp *b)
{
	return a->size == b->size && a->modified_ns == b->modified_ns &&
		a->inode == b->inode;
}

bool
kp_export_differs(const struct kp_source_private *private, const struct kp_export *export)
{
	char path[PATH_BYTES_MAX];
	size_t day = 0;
	struct kp_file_stamp stamp;
	return current_path(private, path, sizeof(path), &day) != KP_OK ||
		kp_file_stamp_of(path, &stamp) != KP_OK ||
		!same_stamp(&stamp, &export->stamp);
}

bool
kp_export_intact(const struct kp_export *export)
{
	struct kp_file_stamp stamp;
	return kp_file_stat(export->file, &stamp) == KP_OK &&
		same_stamp(&stamp, &export->stamp);
}

/* The index. */

/* An index belongs to this file as it is, read as the manifest says. */
static void
origin_of(const struct kp_source_private *private, const struct kp_export *export,
	unsigned char ret_origin[KP_ROW_INDEX_ORIGIN_BYTES])
{
	const struct kp_manifest_export *file = &private->manifest->file;
	const struct kp_slice parts[] = {
		{(const char *)&export->stamp.size, sizeof(export->stamp.size)},
		{(const char *)&export->stamp.modified_ns,
			sizeof(export->stamp.modified_ns)},
		{(const char *)&export->stamp.inode, sizeof(export->stamp.inode)},
		{(const char *)&file->form, sizeof(file->form)},
		{&file->separator, 1},
		file->charset,
		KP_SLICE("\n"),
		file->key,
		KP_SLICE("\n" KP_VERSION),
	};
	kp_sha256(parts, KP_ARRAY_LEN(parts), ret_origin);
}

struct scan {
	struct kp_row_index_builder *builder;
	enum kp_status status;
};

static bool
add_row(void *context, struct kp_text key, uint64_t offset, uint64_t len)
{
	struct scan *scan = context;
	scan->status = kp_row_index_add(
		scan->builder, (struct kp_slice){key.data, key.len}, offset, len);
	return scan->status == KP_OK;
}

/* Feeds all rows to the connector. */
static enum kp_status
scan_file(const struct kp_source_private *private, struct kp_file *file,
	struct scan *scan, void *state, char *piece, struct kp_fault *fault)
{
	const struct kp_index_writer writer = {
		.size = sizeof(writer), .context = scan, .row = add_row};
	uint64_t offset = 0;
	for (;;) {
		size_t len = 0;
		enum kp_status status =
			kp_file_read_at(file, offset, piece, SCAN_BYTES, &len);
		bool last = status != KP_OK || len < SCAN_BYTES;
		int verdict = private->connector->scan(private->instance, state,
			(struct kp_text){piece, status == KP_OK ? len : 0}, last, &writer,
			fault);
		if (status != KP_OK) {
			return status;
		}
		if (scan->status != KP_OK) {
			return scan->status;
		}
		if (verdict != KP_DONE) {
			return KP_E_SOURCE;
		}
		if (last) {
			return KP_OK;
		}
		offset += len;
	}
}

static enum kp_status
make_index(const struct kp_source_private *private, struct kp_export *export,
	const unsigned char *origin, struct kp_fault *fault)
{
	struct scan scan = {0};
	void *state = kp_heap_calloc(1, private->connector->scan_size + 1);
	char *piece = kp_heap_alloc(SCAN_BYTES);
	enum kp_status status = state == NULL || piece == NULL
		? KP_E_MEMORY
		: kp_row_index_begin(private->index_path, &scan.builder);
	if (status == KP_OK) {
		status = scan_file(private, export->rows, &scan, state, piece, fault);
	}
	kp_heap_free(piece);
	kp_heap_free(state);
	if (status == KP_OK && !kp_export_intact(export)) {
		status = KP_E_BUSY;
	}
	if (status == KP_OK) {
		status = kp_row_index_finish(&scan.builder, origin, &export->index);
	}
	kp_row_index_abandon(&scan.builder);
	return status;
}

/* The rows, as text that can be sought in, from the form the export is in. */
static enum kp_status
open_rows(const struct kp_source_private *private, struct kp_export *export,
	struct kp_fault *fault)
{
	(void)private;
	(void)fault;
	export->rows = export->file;
	return KP_OK;
}

static enum kp_status
fill_export(const struct kp_source_private *private, struct kp_export *export, bool anew,
	struct kp_fault *fault)
{
	char path[PATH_BYTES_MAX];
	size_t day = SIZE_MAX;
	unsigned char origin[KP_ROW_INDEX_ORIGIN_BYTES];
	struct kp_error err = {0};
	enum kp_status status = current_path(private, path, sizeof(path), &day);
	if (status == KP_OK) {
		status = kp_file_open(path, &export->file, &err);
	}
	if (status == KP_OK) {
		status = kp_file_stat(export->file, &export->stamp);
	}
	if (status == KP_OK) {
		status = open_rows(private, export, fault);
	}
	if (status != KP_OK) {
		return status;
	}
	if (day != SIZE_MAX) {
		date_by_name(export, path + day);
	} else if (kp_slice_is(private->manifest->file.dated_by, "mtime")) {
		date_by_time(export);
	}
	origin_of(private, export, origin);
	if (!anew && private->index_path != NULL &&
		kp_row_index_open(private->index_path, origin, &export->index) == KP_OK) {
		return KP_OK;
	}
	return make_index(private, export, origin, fault);
}

struct kp_export *
kp_export_open(const struct kp_source_private *private, bool anew,
	enum kp_status *ret_status, struct kp_fault *fault)
{
	for (unsigned try = 0; try < SCAN_TRIES; try++) {
		struct kp_export *export = kp_heap_calloc(1, sizeof(*export));
		if (export == NULL) {
			*ret_status = KP_E_MEMORY;
			return NULL;
		}
		atomic_init(&export->refs, 1);
		*fault = (struct kp_fault){0};
		*ret_status = fill_export(private, export, anew, fault);
		if (*ret_status == KP_OK) {
			return export;
		}
		kp_export_unref(export);
		if (*ret_status != KP_E_BUSY) {
			return NULL;
		}
	}
	return NULL;
}

/* Rows. */

static enum kp_status
read_row(const struct kp_export *export, const struct kp_row_place *row, char *bytes)
{
	size_t done = 0;
	while (done < row->len) {
		size_t len = 0;
		enum kp_status status = kp_file_read_at(export->rows, row->offset + done,
			bytes + done, row->len - done, &len);
		if (status != KP_OK || len == 0) {
			return status != KP_OK ? status : KP_E_BUSY;
		}
		done += len;
	}
	return KP_OK;
}

static enum kp_status
read_places(const struct kp_export *export, const struct kp_row_place *places,
	size_t count, uint64_t bytes_max, char **ret_bytes, size_t *ret_len)
{
	uint64_t total = 0;
	for (size_t i = 0; i < count; i++) {
		total += places[i].len;
	}
	if (total > bytes_max) {
		return KP_E_BODY_LIMIT;
	}
	char *bytes = kp_heap_alloc((size_t)total + 1);
	if (bytes == NULL) {
		return KP_E_MEMORY;
	}
	size_t at = 0;
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < count && status == KP_OK; i++) {
		status = read_row(export, &places[i], bytes + at);
		at += places[i].len;
	}
	if (status != KP_OK) {
		kp_heap_free(bytes);
		return status;
	}
	*ret_bytes = bytes;
	*ret_len = at;
	return KP_OK;
}

enum kp_status
kp_export_rows(const struct kp_export *export, struct kp_slice key, uint64_t bytes_max,
	char **ret_bytes, size_t *ret_len)
{
	struct kp_row_place usual[PLACES_USUAL];
	struct kp_row_place *places = usual;
	size_t count = 0;
	enum kp_status status =
		kp_row_index_find(export->index, key, usual, PLACES_USUAL, &count);
	if (status == KP_E_LIMIT) {
		places = kp_heap_alloc(PLACES_MAX * sizeof(*places));
		if (places == NULL) {
			return KP_E_MEMORY;
		}
		status =
			kp_row_index_find(export->index, key, places, PLACES_MAX, &count);
	}
	if (status == KP_OK) {
		status =
			read_places(export, places, count, bytes_max, ret_bytes, ret_len);
	} else if (status == KP_E_LIMIT) {
		status = KP_E_BODY_LIMIT;
	}
	if (places != usual) {
		kp_heap_free(places);
	}
	return status;
}
