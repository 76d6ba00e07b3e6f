/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* export_host: see export_host.h. */
#include "export_host.h"

#include <stdlib.h>
#include <string.h>

#include "connector_host.h"
#include "connectors/registry.h"

#define ROWS_MAX 64

struct rows {
	struct kp_text file;
	uint64_t offset[ROWS_MAX];
	uint64_t len[ROWS_MAX];
	size_t count;
	bool changes; /* it is a change file */
};

static bool
on_row(void *context, struct kp_text key, uint64_t offset, uint64_t len)
{
	struct rows *rows = context;
	FUZZ_CHECK(key.len == 0 || key.len == 9);
	FUZZ_CHECK(offset <= rows->file.len && len <= rows->file.len - offset);
	if (rows->count < ROWS_MAX) {
		rows->offset[rows->count] = offset;
		rows->len[rows->count++] = len;
	}
	return true;
}

static bool
on_entry(void *context, const struct kp_index_entry *entry)
{
	const struct rows *rows = context;
	FUZZ_CHECK(!rows->changes || entry->identity.len > 0);
	FUZZ_CHECK(!entry->removed || rows->changes);
	FUZZ_CHECK(entry->identity.len == 0 ||
		entry->identity.data[entry->identity.len - 1] == ',');
	return entry->removed || on_row(context, entry->key, entry->offset, entry->len);
}

static bool
scan(const struct kp_connector *file, const void *instance, struct rows *rows,
	size_t piece)
{
	const struct kp_index_writer writer = {.size = sizeof(writer),
		.context = rows,
		.row = on_row,
		.entry = on_entry,
		.changes = rows->changes};
	struct kp_fault fault = {0};
	void *memory = calloc(1, file->scan_size + 1);
	int verdict = memory == NULL ? KP_FAIL : KP_DONE;
	for (size_t at = 0; verdict == KP_DONE && at <= rows->file.len; at += piece) {
		size_t left = rows->file.len - at;
		size_t len = left < piece ? left : piece;
		verdict = file->scan(instance, memory,
			(struct kp_text){rows->file.data + at, len},
			at + piece > rows->file.len, &writer, &fault);
	}
	free(memory);
	return verdict == KP_DONE;
}

/* Every row by itself, as a look-up reads them. */
static void
read_rows(struct fuzz_host *fuzz, const struct kp_connector *file, const void *instance,
	const struct rows *rows)
{
	char *text = malloc(rows->file.len + 1);
	size_t at = 0;
	for (size_t i = 0; text != NULL && i < rows->count; i++) {
		memcpy(text + at, rows->file.data + rows->offset[i],
			(size_t)rows->len[i]);
		at += (size_t)rows->len[i];
	}
	fuzz_host_call(fuzz, file, instance, (struct kp_text){text, at}, at + 1);
	free(text);
}

static void
fuzz_file(const char *manifest, struct kp_slice export, size_t piece, bool changes)
{
	struct kp_registry registry;
	struct fuzz_host fuzz;
	struct kp_fault fault = {0};
	void *instance = NULL;
	struct rows rows = {.file = {export.data, export.len}, .changes = changes};
	kp_registry_init(&registry);
	const struct kp_connector *file =
		kp_registry_find(&registry, kp_slice_from("file"));
	fuzz_host_init(&fuzz);
	int verdict = file->open(&fuzz.host, (struct kp_text){manifest, strlen(manifest)},
		&instance, &fault);
	FUZZ_CHECK(verdict == KP_DONE);
	if (scan(file, instance, &rows, piece)) {
		read_rows(&fuzz, file, instance, &rows);
	}
	fuzz_host_call(&fuzz, file, instance, rows.file, 5);
	file->close(instance);
	fuzz_host_deinit(&fuzz);
	kp_registry_deinit(&registry);
}

void
fuzz_export(const char *manifest, struct kp_slice export, size_t piece)
{
	fuzz_file(manifest, export, piece, false);
}

void
fuzz_change_file(const char *manifest, struct kp_slice file, size_t piece)
{
	fuzz_file(manifest, file, piece, true);
}
