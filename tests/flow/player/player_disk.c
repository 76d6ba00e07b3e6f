/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* player_disk: files in memory, and a journal file that can be full, broken or cut off
 * (io/file.h, io/journal_file.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"
#include "io/file.h"
#include "player/world.h"

#define FILES_MAX 512

struct file {
	char path[256];
	struct bytes bytes;
	size_t durable; /* of a journal file */
	int64_t version;
	int64_t modified_ns; /* virtual time, and never the same twice */
};

static struct file files[FILES_MAX];
static size_t file_count;
static enum disk_state disk;
static int64_t versions;

/* "./a//b" and "a/b" are one file. */
static void
normalise(const char *path, char *out, size_t out_size)
{
	size_t at = 0;
	while (path[0] == '.' && path[1] == '/') {
		path += 2;
	}
	for (; *path != '\0' && at + 1 < out_size; path++) {
		bool doubled = path[0] == '/' && path[1] == '/';
		bool dot = path[0] == '/' && path[1] == '.' && path[2] == '/';
		if (dot) {
			path++;
		} else if (!doubled) {
			out[at++] = *path;
		}
	}
	out[at] = '\0';
}

static struct file *
find(const char *path)
{
	char name[sizeof(files[0].path)];
	normalise(path, name, sizeof(name));
	for (size_t i = 0; i < file_count; i++) {
		if (strcmp(files[i].path, name) == 0) {
			return &files[i];
		}
	}
	return NULL;
}

static struct file *
find_or_make(const char *path)
{
	struct file *file = find(path);
	if (file == NULL) {
		KP_REQUIRE(file_count < FILES_MAX);
		file = &files[file_count++];
		normalise(path, file->path, sizeof(file->path));
	}
	return file;
}

void
world_write_file(const char *path, struct kp_slice text)
{
	struct file *file = find_or_make(path);
	bytes_free(&file->bytes);
	bytes_add(&file->bytes, text.data, text.len);
	file->durable = text.len;
	file->version = ++versions;
	file->modified_ns = kp_loop_wall_ms(NULL) * 1000000 + file->version;
}

struct bytes *
world_find_file(const char *path)
{
	struct file *file = find(path);
	return file == NULL ? NULL : &file->bytes;
}

void
world_set_disk(enum disk_state state)
{
	disk = state;
}

void
world_lose_volatile(void)
{
	for (size_t i = 0; i < file_count; i++) {
		files[i].bytes.len = files[i].durable;
	}
}

/* --- io/file.h --- */

struct kp_file {
	struct file *file;
	struct bytes bytes; /* as it was when opened: a replaced file stays readable */
	struct kp_file_stamp stamp;
};

static struct kp_file_stamp
stamp_of(const struct file *file)
{
	return (struct kp_file_stamp){.size = file->bytes.len,
		.modified_ns = file->modified_ns,
		.changed_ns = file->version,
		.links = 1,
		.inode = (uint64_t)file->version};
}

enum kp_status
kp_file_open(const char *path, struct kp_file **ret_file, struct kp_error *err)
{
	struct file *found = find(path);
	if (found == NULL) {
		return kp_error_set(
			err, KP_E_NOT_FOUND, "cannot open '%s': no such file", path);
	}
	struct kp_file *file = kp_heap_calloc(1, sizeof(*file));
	if (file == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory to open a file");
	}
	file->file = found;
	file->stamp = stamp_of(found);
	bytes_add(&file->bytes, found->bytes.data, found->bytes.len);
	*ret_file = file;
	return KP_OK;
}

void
kp_file_close(struct kp_file **file)
{
	if (*file != NULL) {
		bytes_free(&(*file)->bytes);
		kp_heap_free(*file);
		*file = NULL;
	}
}

enum kp_status
kp_file_stat(struct kp_file *file, struct kp_file_stamp *ret_stamp)
{
	*ret_stamp = file->stamp;
	return KP_OK;
}

enum kp_status
kp_file_stamp_of(const char *path, struct kp_file_stamp *ret_stamp)
{
	struct file *file = find(path);
	if (file == NULL) {
		return KP_E_NOT_FOUND;
	}
	*ret_stamp = stamp_of(file);
	return KP_OK;
}

enum kp_status
kp_file_create(const char *path, struct kp_file **ret_file, struct kp_error *err)
{
	(void)path;
	struct kp_file *file = kp_heap_calloc(1, sizeof(*file));
	if (file == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory to make a file");
	}
	*ret_file = file;
	return KP_OK;
}

enum kp_status
kp_file_write_at(struct kp_file *file, uint64_t offset, const char *bytes, size_t len)
{
	static const char zeros[4096];
	while (file->bytes.len < offset) {
		size_t gap = (size_t)offset - file->bytes.len;
		bytes_add(&file->bytes, zeros, gap < sizeof(zeros) ? gap : sizeof(zeros));
	}
	size_t over = file->bytes.len - (size_t)offset;
	size_t in_place = over < len ? over : len;
	if (in_place > 0) {
		memcpy(file->bytes.data + offset, bytes, in_place);
	}
	bytes_add(&file->bytes, bytes + in_place, len - in_place);
	file->stamp.size = file->bytes.len;
	return KP_OK;
}

enum kp_status
kp_file_commit(struct kp_file *file, const char *path)
{
	world_write_file(path, bytes_slice(&file->bytes));
	return KP_OK;
}

/* A file of the player's is in memory anyway. */
enum kp_status
kp_file_create_secret(uint64_t bytes_max, struct kp_file **ret_file, struct kp_error *err)
{
	(void)bytes_max;
	return kp_file_create(NULL, ret_file, err);
}

enum kp_status
kp_file_seal(struct kp_file *file)
{
	(void)file;
	return KP_OK;
}

static size_t
copy_out(const struct bytes *from, uint64_t offset, char *bytes, size_t len)
{
	if (offset >= from->len) {
		return 0;
	}
	size_t left = from->len - (size_t)offset;
	size_t count = left < len ? left : len;
	memcpy(bytes, from->data + offset, count);
	return count;
}

enum kp_status
kp_file_read_at(
	struct kp_file *file, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	*ret_read = copy_out(&file->bytes, offset, bytes, len);
	return KP_OK;
}

enum kp_status
kp_file_read_all(const char *path, struct kp_arena *arena, size_t bytes_max,
	struct kp_slice *ret_text, struct kp_error *err)
{
	struct file *file = find(path);
	if (file == NULL) {
		return kp_error_set(
			err, KP_E_NOT_FOUND, "cannot open '%s': no such file", path);
	}
	if (file->bytes.len > bytes_max) {
		return kp_error_set(err, KP_E_LIMIT, "'%s' is larger than %zu bytes",
			path, bytes_max);
	}
	*ret_text = kp_arena_copy(arena, bytes_slice(&file->bytes));
	return ret_text->data != NULL
		? KP_OK
		: kp_error_set(err, KP_E_MEMORY, "no memory to read '%s'", path);
}

static int
compare_names(const void *a, const void *b)
{
	return kp_slice_compare(*(const struct kp_slice *)a, *(const struct kp_slice *)b);
}

enum kp_status
kp_file_list(const char *folder, struct kp_arena *arena, size_t count_max,
	struct kp_slice **ret_names, size_t *ret_count, struct kp_error *err)
{
	char prefix[sizeof(files[0].path)];
	normalise(folder, prefix, sizeof(prefix) - 1);
	size_t len = strlen(prefix);
	if (len > 0 && prefix[len - 1] != '/') {
		prefix[len++] = '/';
		prefix[len] = '\0';
	}
	struct kp_slice *names = KP_ARENA_ARRAY(arena, struct kp_slice, FILES_MAX);
	size_t count = 0;
	for (size_t i = 0; names != NULL && i < file_count; i++) {
		if (strncmp(files[i].path, prefix, len) == 0) {
			names[count++] = kp_slice_from(files[i].path + len);
		}
	}
	if (names == NULL || count == 0) {
		return kp_error_set(err, names == NULL ? KP_E_MEMORY : KP_E_NOT_FOUND,
			"cannot list '%s'", folder);
	}
	if (count > count_max) {
		return kp_error_set(err, KP_E_LIMIT, "'%s' has more than %zu files",
			folder, count_max);
	}
	qsort(names, count, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_count = count;
	return KP_OK;
}

enum kp_status
kp_file_list_one(const char *folder, struct kp_arena *arena, size_t count_max,
	struct kp_slice **ret_names, size_t *ret_count, struct kp_error *err)
{
	return kp_file_list(folder, arena, count_max, ret_names, ret_count, err);
}

/* --- io/journal_file.h --- */

struct kp_journal_file {
	struct file *file;
};

enum kp_status
kp_journal_file_open(const char *path, struct kp_journal_file **ret_file,
	uint64_t *ret_size, struct kp_error *err)
{
	struct kp_journal_file *file = kp_heap_calloc(1, sizeof(*file));
	if (file == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory to open the journal");
	}
	file->file = find_or_make(path);
	*ret_size = file->file->bytes.len;
	*ret_file = file;
	return KP_OK;
}

void
kp_journal_file_close(struct kp_journal_file **file)
{
	kp_heap_free(*file);
	*file = NULL;
}

enum kp_status
kp_journal_file_read(struct kp_journal_file *file, uint64_t offset, char *bytes,
	size_t len, size_t *ret_read)
{
	*ret_read = copy_out(&file->file->bytes, offset, bytes, len);
	return KP_OK;
}

static enum kp_status
disk_failure(struct kp_error *err)
{
	enum kp_status status = kp_error_set(err, KP_E_IO,
		disk == DISK_FULL ? "no space left on the device" : "input/output error");
	if (err != NULL) {
		err->cause = disk == DISK_FULL ? ENOSPC : EIO;
	}
	return status;
}

enum kp_status
kp_journal_file_append(struct kp_journal_file *file, const struct kp_slice *parts,
	size_t count, struct kp_error *err)
{
	for (size_t i = 0; i < count && disk != DISK_FULL; i++) {
		bytes_add(&file->file->bytes, parts[i].data, parts[i].len);
	}
	if (disk != DISK_GOOD) {
		return disk_failure(err);
	}
	file->file->durable = file->file->bytes.len;
	return KP_OK;
}

enum kp_status
kp_journal_file_truncate(
	struct kp_journal_file *file, uint64_t size, struct kp_error *err)
{
	if (disk == DISK_BROKEN) {
		return disk_failure(err);
	}
	file->file->bytes.len = (size_t)size;
	file->file->durable = (size_t)size;
	return KP_OK;
}
