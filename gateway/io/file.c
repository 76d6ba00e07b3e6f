/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* file: see file.h. */
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/heap.h"

struct kp_file {
	int fd;          /* -1: in `secret` */
	char *secret;    /* its own pages; NULL: there are none */
	uint64_t size;   /* of what was written there */
	uint64_t mapped; /* bytes that may be */
	char *temporary; /* its name until it is committed; NULL: it has none */
};

static enum kp_status
errno_error(struct kp_error *err, const char *what)
{
	int code = errno;
	enum kp_status status = code == ENOENT ? KP_E_NOT_FOUND : KP_E_IO;
	(void)kp_error_set(err, status, "%s: %s", what, strerror(code));
	if (err != NULL) {
		err->cause = code;
	}
	return status;
}

static struct kp_file_stamp
stamp_from(const struct stat *st)
{
	return (struct kp_file_stamp){
		.size = (uint64_t)st->st_size,
		.modified_ns =
			(int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
		.changed_ns =
			(int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
		.inode = (uint64_t)st->st_ino,
		.links = (uint64_t)st->st_nlink,
	};
}

enum kp_status
kp_file_open(const char *path, struct kp_file **ret_file, struct kp_error *err)
{
	/* Not blocking, so that a pipe in the place of a file does not hang a worker. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return errno_error(err, "opening");
	}
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return kp_error_set(err, KP_E_IO, "opening: not a regular file");
	}
	struct kp_file *file = kp_heap_calloc(1, sizeof(*file));
	if (file == NULL) {
		(void)close(fd);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a file");
	}
	file->fd = fd;
	*ret_file = file;
	return KP_OK;
}

/* Files in memory. */

static void
drop_secret(struct kp_file *file)
{
	if (mprotect(file->secret, (size_t)file->mapped, PROT_READ | PROT_WRITE) == 0) {
		kp_wipe(file->secret, (size_t)file->size);
	}
	(void)munmap(file->secret, (size_t)file->mapped);
}

enum kp_status
kp_file_create_secret(uint64_t bytes_max, struct kp_file **ret_file, struct kp_error *err)
{
	struct kp_file *file = kp_heap_calloc(1, sizeof(*file));
	if (file == NULL || bytes_max == 0 || bytes_max > SIZE_MAX / 2) {
		kp_heap_free(file);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a file");
	}
	/* Pages come as they are written. */
	void *pages = mmap(NULL, (size_t)bytes_max, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED) {
		kp_heap_free(file);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a file");
	}
	(void)madvise(pages, (size_t)bytes_max, MADV_DONTDUMP);
	file->fd = -1;
	file->secret = pages;
	file->mapped = bytes_max;
	*ret_file = file;
	return KP_OK;
}

enum kp_status
kp_file_seal(struct kp_file *file)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t keep = (file->size + page - 1) / page * page;
	KP_REQUIRE(file->secret != NULL);
	keep = keep == 0 ? page : keep;
	if (keep < file->mapped) {
		(void)munmap(file->secret + keep, (size_t)(file->mapped - keep));
		file->mapped = keep;
	}
	/* Where the process has not locked all it has, what the system allows it. */
	(void)mlock(file->secret, (size_t)file->mapped);
	return mprotect(file->secret, (size_t)file->mapped, PROT_READ) == 0 ? KP_OK
									    : KP_E_IO;
}

static enum kp_status
write_secret(struct kp_file *file, uint64_t offset, const char *bytes, size_t len)
{
	if (len > file->mapped || offset > file->mapped - len) {
		return KP_E_LIMIT;
	}
	memcpy(file->secret + offset, bytes, len);
	file->size = offset + len > file->size ? offset + len : file->size;
	return KP_OK;
}

static size_t
read_secret(const struct kp_file *file, uint64_t offset, char *bytes, size_t len)
{
	uint64_t left = offset < file->size ? file->size - offset : 0;
	size_t got = len < left ? len : (size_t)left;
	memcpy(bytes, file->secret + (got == 0 ? 0 : offset), got);
	return got;
}

/* All files. */

void
kp_file_close(struct kp_file **file)
{
	if (*file != NULL) {
		if ((*file)->secret != NULL) {
			drop_secret(*file);
		} else {
			(void)close((*file)->fd);
		}
		if ((*file)->temporary != NULL) {
			(void)unlink((*file)->temporary);
			kp_heap_free((*file)->temporary);
		}
		kp_heap_free(*file);
		*file = NULL;
	}
}

enum kp_status
kp_file_stat(struct kp_file *file, struct kp_file_stamp *ret_stamp)
{
	struct stat st;
	if (file->secret != NULL) {
		*ret_stamp = (struct kp_file_stamp){.size = file->size};
		return KP_OK;
	}
	if (fstat(file->fd, &st) != 0) {
		return KP_E_IO;
	}
	*ret_stamp = stamp_from(&st);
	return KP_OK;
}

enum kp_status
kp_file_stamp_of(const char *path, struct kp_file_stamp *ret_stamp)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		return errno == ENOENT || errno == ENOTDIR ? KP_E_NOT_FOUND : KP_E_IO;
	}
	*ret_stamp = stamp_from(&st);
	return KP_OK;
}

enum kp_status
kp_file_read_at(
	struct kp_file *file, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	if (file->secret != NULL) {
		*ret_read = read_secret(file, offset, bytes, len);
		return KP_OK;
	}
	return kp_descriptor_read_at(file->fd, offset, bytes, len, ret_read) ? KP_OK
									     : KP_E_IO;
}

enum kp_status
kp_file_create(const char *path, struct kp_file **ret_file, struct kp_error *err)
{
	static const char tail[] = ".XXXXXX";
	size_t len = path == NULL ? 0 : strlen(path);
	struct kp_file *file = kp_heap_calloc(1, sizeof(*file));
	char *name = path == NULL ? NULL : kp_heap_alloc(len + sizeof(tail));
	if (file == NULL || (path != NULL && name == NULL)) {
		kp_heap_free(file);
		kp_heap_free(name);
		return kp_error_set(err, KP_E_MEMORY, "no memory for a file");
	}
	if (name == NULL) {
		file->fd = memfd_create("ketenpoort", MFD_CLOEXEC);
	} else {
		memcpy(name, path, len);
		memcpy(name + len, tail, sizeof(tail));
		file->fd = mkostemp(name, O_CLOEXEC);
	}
	if (file->fd < 0) {
		enum kp_status status = errno_error(err, "creating");
		kp_heap_free(name);
		kp_heap_free(file);
		return status;
	}
	file->temporary = name;
	*ret_file = file;
	return KP_OK;
}

enum kp_status
kp_file_write_at(struct kp_file *file, uint64_t offset, const char *bytes, size_t len)
{
	if (file->secret != NULL) {
		return write_secret(file, offset, bytes, len);
	}
	return kp_descriptor_write_at(file->fd, offset, bytes, len) ? KP_OK : KP_E_IO;
}

enum kp_status
kp_file_commit(struct kp_file *file, const char *path)
{
	KP_REQUIRE(file->temporary != NULL);
	if (fdatasync(file->fd) != 0 || rename(file->temporary, path) != 0) {
		return KP_E_IO;
	}
	kp_heap_free(file->temporary);
	file->temporary = NULL;
	return KP_OK;
}

/* Durable, and a second name for it where none may be. */
static bool
commit_new(struct kp_file *file, const char *path)
{
	return fdatasync(file->fd) == 0 && link(file->temporary, path) == 0;
}

static enum kp_status
write_whole(const char *path, struct kp_slice text, unsigned mode, bool new,
	struct kp_error *err)
{
	struct kp_file *file = NULL;
	enum kp_status status = kp_file_create(path, &file, err);
	if (status != KP_OK) {
		return status;
	}
	if (kp_file_write_at(file, 0, text.data, text.len) != KP_OK ||
		fchmod(file->fd, (mode_t)mode) != 0 ||
		!(new ? commit_new(file, path) : kp_file_commit(file, path) == KP_OK) ||
		!kp_descriptor_sync_folder(path)) {
		status = errno_error(err, "writing");
	}
	kp_file_close(&file);
	return status;
}

enum kp_status
kp_file_replace(
	const char *path, struct kp_slice text, unsigned mode, struct kp_error *err)
{
	return write_whole(path, text, mode, false, err);
}

enum kp_status
kp_file_place(const char *path, struct kp_slice text, unsigned mode, struct kp_error *err)
{
	return write_whole(path, text, mode, true, err);
}

/* A file that grows while it is read gives what it had at the start. */
static enum kp_status
read_open(struct kp_file *file, struct kp_arena *arena, size_t bytes_max,
	struct kp_slice *ret_text, struct kp_error *err)
{
	struct kp_file_stamp stamp;
	if (kp_file_stat(file, &stamp) != KP_OK) {
		return kp_error_set(err, KP_E_IO, "the size of the file is not known");
	}
	if (stamp.size > bytes_max) {
		return kp_error_set(err, KP_E_LIMIT,
			"the file has %llu bytes, above the limit of %zu",
			(unsigned long long)stamp.size, bytes_max);
	}
	char *bytes = kp_arena_bytes(arena, (size_t)stamp.size + 1);
	if (bytes == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the file's text");
	}
	size_t got = 0;
	if (kp_file_read_at(file, 0, bytes, (size_t)stamp.size, &got) != KP_OK) {
		return kp_error_set(err, KP_E_IO, "reading the file failed");
	}
	bytes[got] = '\0';
	*ret_text = (struct kp_slice){bytes, got};
	return KP_OK;
}

enum kp_status
kp_file_read_all(const char *path, struct kp_arena *arena, size_t bytes_max,
	struct kp_slice *ret_text, struct kp_error *err)
{
	struct kp_file *file = NULL;
	enum kp_status status = kp_file_open(path, &file, err);
	if (status == KP_OK) {
		status = read_open(file, arena, bytes_max, ret_text, err);
		kp_file_close(&file);
	}
	return status;
}

/* Listing. */

#define DEPTH_MAX 16

struct list {
	struct kp_arena *arena;
	struct kp_slice *names;
	size_t count;
	size_t capacity;
	size_t count_max;
	bool below; /* also what is in folders in it */
	struct kp_error *err;
};

static enum kp_status
list_add(struct list *list, const char *name)
{
	if (list->count == list->count_max) {
		return kp_error_set(list->err, KP_E_LIMIT,
			"the folder has more than %zu files", list->count_max);
	}
	struct kp_slice *names = kp_arena_fit(list->arena, list->names, list->count,
		&list->capacity, 32, sizeof(*names));
	if (names == NULL) {
		return kp_error_set(list->err, KP_E_MEMORY, "no memory for file names");
	}
	list->names = names;
	list->names[list->count++] = kp_slice_from(name);
	return KP_OK;
}

static enum kp_status list_folder(
	struct list *list, int parent, const char *folder, const char *prefix, int depth);

/* `name` is one entry of the open folder `fd`; `path` is relative to the first one. */
static enum kp_status
list_entry(struct list *list, int fd, const char *name, const char *prefix, int depth)
{
	struct stat st;
	char *path = kp_arena_printf(list->arena, "%s%s", prefix, name);
	if (path == NULL) {
		return kp_error_set(list->err, KP_E_MEMORY, "no memory for file names");
	}
	if (fstatat(fd, name, &st, 0) != 0) {
		bool gone = errno == ENOENT || errno == ELOOP;
		return list->below || !gone ? errno_error(list->err, path) : KP_OK;
	}
	if (S_ISREG(st.st_mode)) {
		return list_add(list, path);
	}
	if (!S_ISDIR(st.st_mode) || !list->below) {
		return KP_OK;
	}
	char *below = kp_arena_printf(list->arena, "%s/", path);
	if (below == NULL) {
		return kp_error_set(list->err, KP_E_MEMORY, "no memory for file names");
	}
	return list_folder(list, fd, name, below, depth + 1);
}

static enum kp_status
list_open(struct list *list, DIR *open, const char *prefix, int depth)
{
	enum kp_status status = KP_OK;
	while (status == KP_OK) {
		errno = 0;
		const struct dirent *entry = readdir(open);
		if (entry == NULL) {
			return errno == 0 ? KP_OK : errno_error(list->err, "reading");
		}
		if (entry->d_name[0] != '.') {
			status = list_entry(
				list, dirfd(open), entry->d_name, prefix, depth);
		}
	}
	return status;
}

static enum kp_status
list_folder(
	struct list *list, int parent, const char *folder, const char *prefix, int depth)
{
	if (depth > DEPTH_MAX) {
		return kp_error_set(list->err, KP_E_LIMIT,
			"folders lie more than %d deep", DEPTH_MAX);
	}
	int fd = openat(parent, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *open = fd < 0 ? NULL : fdopendir(fd);
	if (open == NULL) {
		enum kp_status status = errno_error(list->err, "opening the folder");
		if (fd >= 0) {
			(void)close(fd);
		}
		return status;
	}
	enum kp_status status = list_open(list, open, prefix, depth);
	(void)closedir(open);
	return status;
}

static int
compare_names(const void *a, const void *b)
{
	const struct kp_slice *left = a;
	const struct kp_slice *right = b;
	return kp_slice_compare(*left, *right);
}

static enum kp_status
list_sorted(struct list *list, const char *folder, struct kp_slice **ret_names,
	size_t *ret_count)
{
	enum kp_status status = list_folder(list, AT_FDCWD, folder, "", 0);
	if (status == KP_OK) {
		if (list->count > 0) {
			qsort(list->names, list->count, sizeof(*list->names),
				compare_names);
		}
		*ret_names = list->names;
		*ret_count = list->count;
	}
	return status;
}

enum kp_status
kp_file_list(const char *folder, struct kp_arena *arena, size_t count_max,
	struct kp_slice **ret_names, size_t *ret_count, struct kp_error *err)
{
	struct list list = {
		.arena = arena, .count_max = count_max, .below = true, .err = err};
	return list_sorted(&list, folder, ret_names, ret_count);
}

enum kp_status
kp_file_list_one(const char *folder, struct kp_arena *arena, size_t count_max,
	struct kp_slice **ret_names, size_t *ret_count, struct kp_error *err)
{
	struct list list = {.arena = arena, .count_max = count_max, .err = err};
	return list_sorted(&list, folder, ret_names, ret_count);
}
