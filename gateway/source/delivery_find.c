/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_find: see delivery_find.h. */
#include "source/delivery_find.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "io/file.h"

/* A full folder, each name as long as it can be. */
#define LIST_BYTES_MAX ((size_t)64 << 20)

static int
compare_files(const void *a, const void *b)
{
	const struct kp_delivery_file *left = a;
	const struct kp_delivery_file *right = b;
	int order = kp_delivery_name_compare(&left->name, &right->name);
	/* Of equal ones any order, but always the same. */
	return order != 0 ? order : strcmp(left->path, right->path);
}

/* The files whose names are the pattern's. */
static enum kp_status
pick(struct kp_arena *arena, struct kp_slice folder, struct kp_slice pattern,
	const struct kp_slice *names, size_t name_count,
	struct kp_delivery_file **ret_files, size_t *ret_count)
{
	size_t count = 0;
	struct kp_delivery_file *files =
		KP_ARENA_ARRAY(arena, struct kp_delivery_file, name_count + 1);
	if (files == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < name_count; i++) {
		struct kp_delivery_file *file = &files[count];
		if (!kp_delivery_name_read(pattern, names[i], &file->name)) {
			continue;
		}
		file->path = kp_arena_printf(
			arena, "%.*s%.*s", KP_SLICE_ARG(folder), KP_SLICE_ARG(names[i]));
		if (file->path == NULL) {
			return KP_E_MEMORY;
		}
		count++;
	}
	qsort(files, count, sizeof(*files), compare_files);
	*ret_files = files;
	*ret_count = count;
	return KP_OK;
}

/* The files of a path with a pattern in its last part, in order. */
static enum kp_status
find_named(struct kp_slice path, struct kp_arena *arena,
	struct kp_delivery_file **ret_files, size_t *ret_count, struct kp_error *err)
{
	const char *slash = memrchr(path.data, '/', path.len);
	size_t start = slash == NULL ? 0 : (size_t)(slash - path.data) + 1;
	const char *folder = start == 0 ? "."
		: start == 1            ? "/"
			     : kp_arena_printf(arena, "%.*s", (int)start - 1, path.data);
	struct kp_slice *names = NULL;
	size_t count = 0;
	if (folder == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = kp_file_list_one(
		folder, arena, KP_DELIVERY_FOLDER_MAX, &names, &count, err);
	return status != KP_OK
		? status
		: pick(arena, (struct kp_slice){path.data, start},
			  (struct kp_slice){path.data + start, path.len - start}, names,
			  count, ret_files, ret_count);
}

enum kp_status
kp_delivery_find(const struct kp_source_private *private, struct kp_arena *arena,
	struct kp_delivery_file files[KP_DELIVERY_TRIES], size_t *ret_count,
	struct kp_error *err)
{
	struct kp_delivery_file *all = NULL;
	size_t count = 0;
	size_t found = 0;
	if (!kp_slice_is(private->manifest->file.dated_by, "name")) {
		files[0] = (struct kp_delivery_file){.path = private->path};
		*ret_count = 1;
		return KP_OK;
	}
	enum kp_status status =
		find_named(kp_slice_from(private->path), arena, &all, &count, err);
	while (status == KP_OK && found < count && found < KP_DELIVERY_TRIES) {
		files[found] = all[count - 1 - found];
		found++;
	}
	*ret_count = found;
	return status == KP_OK && found == 0 ? KP_E_NOT_FOUND : status;
}

enum kp_status
kp_delivery_find_changes(const struct kp_source_private *private, struct kp_arena *arena,
	struct kp_delivery_file **ret_files, size_t *ret_count)
{
	*ret_count = 0;
	if (private->series_path == NULL) {
		return KP_OK;
	}
	return find_named(
		kp_slice_from(private->series_path), arena, ret_files, ret_count, NULL);
}

const char *
kp_delivery_beside(struct kp_arena *arena, const char *path, struct kp_slice template)
{
	static const char word[] = "{file}";
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const char *hole = memmem(template.data, template.len, word, sizeof(word) - 1);
	if (hole == NULL) {
		return kp_arena_printf(arena, "%.*s%.*s", (int)(name - path), path,
			KP_SLICE_ARG(template));
	}
	size_t before = (size_t)(hole - template.data);
	const char *after = hole + sizeof(word) - 1;
	return kp_arena_printf(arena, "%.*s%.*s%s%.*s", (int)(name - path), path,
		(int)before, template.data, name,
		(int)(template.len - before - (sizeof(word) - 1)), after);
}

static void
see(struct kp_sha256 *sha, const char *path)
{
	struct kp_file_stamp stamp;
	/* All of its members are 64 bits wide: nothing lies between them. */
	_Static_assert(sizeof(stamp) == 5 * sizeof(uint64_t), "no padding");
	memset(&stamp, 0, sizeof(stamp));
	if (path != NULL && kp_file_stamp_of(path, &stamp) != KP_OK) {
		memset(&stamp, 0xff, sizeof(stamp));
	}
	kp_sha256_add(sha, kp_slice_from(path == NULL ? "" : path));
	kp_sha256_add(sha, (struct kp_slice){(const char *)&stamp, sizeof(stamp)});
}

static void
see_beside(struct kp_sha256 *sha, struct kp_arena *arena, const char *path,
	struct kp_slice template)
{
	if (template.len > 0) {
		see(sha, kp_delivery_beside(arena, path, template));
	}
}

static void
see_files(struct kp_sha256 *sha, struct kp_arena *arena,
	const struct kp_manifest_export *file, const struct kp_delivery_file *files,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		see(sha, files[i].path);
		see_beside(sha, arena, files[i].path, file->verify.checksums);
		see_beside(sha, arena, files[i].path, file->verify.signature);
		see_beside(sha, arena, files[i].path, file->count_file);
	}
}

void
kp_delivery_sight(
	const struct kp_source_private *private, unsigned char ret_sight[KP_SIGHT_BYTES])
{
	const struct kp_manifest_export *file = &private->manifest->file;
	struct kp_delivery_file files[KP_DELIVERY_TRIES];
	struct kp_delivery_file *changes = NULL;
	struct kp_arena arena;
	struct kp_sha256 sha;
	size_t count = 0;
	size_t change_count = 0;
	kp_arena_init(&arena, LIST_BYTES_MAX, NULL);
	enum kp_status status = kp_delivery_find(private, &arena, files, &count, NULL);
	kp_sha256_begin(&sha);
	kp_sha256_add(&sha, (struct kp_slice){(const char *)&status, sizeof(status)});
	if (status == KP_OK) {
		see_files(&sha, &arena, file, files, count);
		status = kp_delivery_find_changes(
			private, &arena, &changes, &change_count);
	}
	if (status == KP_OK) {
		see_files(&sha, &arena, file, changes, change_count);
	}
	kp_sha256_end(&sha, ret_sight);
	kp_arena_deinit(&arena);
}
