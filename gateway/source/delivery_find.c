/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_find: see delivery_find.h. */
#include "source/delivery_find.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "io/file.h"

#define LIST_BYTES_MAX ((size_t)4 << 20)
#define LIST_FILES_MAX 10000

static const char day_pattern[] = "yyyymmdd";

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

/* The latest files of a path with yyyymmdd in its last part. */
static enum kp_status
find_dated(struct kp_slice path, struct kp_arena *arena, struct kp_delivery_file *files,
	size_t *ret_count)
{
	const char *slash = memrchr(path.data, '/', path.len);
	size_t start = slash == NULL ? 0 : (size_t)(slash - path.data) + 1;
	struct kp_slice pattern = {path.data + start, path.len - start};
	const char *day = memmem(pattern.data, pattern.len, day_pattern, 8);
	const char *folder = start == 0 ? "."
		: start == 1            ? "/"
			     : kp_arena_printf(arena, "%.*s", (int)start - 1, path.data);
	struct kp_slice *names = NULL;
	size_t count = 0;
	size_t found = 0;
	struct kp_error err = {0};
	if (day == NULL || folder == NULL) {
		return day == NULL ? KP_E_NOT_FOUND : KP_E_MEMORY;
	}
	size_t at = (size_t)(day - pattern.data);
	enum kp_status status =
		kp_file_list(folder, arena, LIST_FILES_MAX, &names, &count, &err);
	/* Sorted by name, so the last that fit are the latest. */
	for (size_t i = count; status == KP_OK && i > 0 && found < KP_DELIVERY_TRIES;
		i--) {
		if (fits(names[i - 1], pattern, at)) {
			files[found].path = kp_arena_printf(arena, "%.*s%.*s", (int)start,
				path.data, KP_SLICE_ARG(names[i - 1]));
			files[found].day = start + at;
			status = files[found++].path == NULL ? KP_E_MEMORY : KP_OK;
		}
	}
	*ret_count = found;
	return status == KP_OK && found == 0 ? KP_E_NOT_FOUND : status;
}

enum kp_status
kp_delivery_find(const struct kp_source_private *private, struct kp_arena *arena,
	struct kp_delivery_file files[KP_DELIVERY_TRIES], size_t *ret_count)
{
	if (kp_slice_is(private->manifest->file.dated_by, "name")) {
		return find_dated(kp_slice_from(private->path), arena, files, ret_count);
	}
	files[0] = (struct kp_delivery_file){.path = private->path, .day = SIZE_MAX};
	*ret_count = 1;
	return KP_OK;
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

void
kp_delivery_sight(
	const struct kp_source_private *private, unsigned char ret_sight[KP_SIGHT_BYTES])
{
	const struct kp_manifest_verify *verify = &private->manifest->file.verify;
	struct kp_delivery_file files[KP_DELIVERY_TRIES];
	struct kp_arena arena;
	struct kp_sha256 sha;
	size_t count = 0;
	kp_arena_init(&arena, LIST_BYTES_MAX, NULL);
	enum kp_status status = kp_delivery_find(private, &arena, files, &count);
	kp_sha256_begin(&sha);
	kp_sha256_add(&sha, (struct kp_slice){(const char *)&status, sizeof(status)});
	for (size_t i = 0; status == KP_OK && i < count; i++) {
		see(&sha, files[i].path);
		see_beside(&sha, &arena, files[i].path, verify->checksums);
		see_beside(&sha, &arena, files[i].path, verify->signature);
	}
	kp_sha256_end(&sha, ret_sight);
	kp_arena_deinit(&arena);
}
