/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal_file: see journal_file.h. After a failed write or sync the file refuses every
 * further append: the kernel may have dropped the pages of a failed fdatasync, so a later
 * success would say nothing about them.
 */
#include "io/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "core/heap.h"

#define PARTS_MAX ((size_t)256)

struct kp_journal_file {
	int fd;
	uint64_t size;
	bool broken;
};

static enum kp_status
errno_error(struct kp_error *err, const char *what)
{
	int code = errno;
	(void)kp_error_set(err, KP_E_IO, "%s: %s", what, strerror(code));
	if (err != NULL) {
		err->cause = code;
	}
	return KP_E_IO;
}

static enum kp_status
open_locked(const char *path, int *ret_fd, uint64_t *ret_size, struct kp_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return errno_error(err, "opening the journal");
	}
	struct stat st = {0};
	enum kp_status status = KP_OK;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		status = errno == EWOULDBLOCK
			? kp_error_set(err, KP_E_BUSY,
				  "the journal is in use by another process")
			: errno_error(err, "locking the journal");
	} else if (fstat(fd, &st) != 0 || !kp_descriptor_sync_folder(path)) {
		status = errno_error(err, "opening the journal");
	} else if (!S_ISREG(st.st_mode)) {
		status = kp_error_set(err, KP_E_IO, "the journal is not a regular file");
	}
	if (status != KP_OK) {
		(void)close(fd);
		return status;
	}
	*ret_fd = fd;
	*ret_size = (uint64_t)st.st_size;
	return KP_OK;
}

enum kp_status
kp_journal_file_open(const char *path, struct kp_journal_file **ret_file,
	uint64_t *ret_size, struct kp_error *err)
{
	struct kp_journal_file *file = kp_heap_calloc(1, sizeof(*file));
	if (file == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for the journal's file");
	}
	enum kp_status status = open_locked(path, &file->fd, &file->size, err);
	if (status != KP_OK) {
		kp_heap_free(file);
		return status;
	}
	*ret_file = file;
	*ret_size = file->size;
	return KP_OK;
}

void
kp_journal_file_close(struct kp_journal_file **file)
{
	if (*file != NULL) {
		(void)close((*file)->fd);
		kp_heap_free(*file);
		*file = NULL;
	}
}

enum kp_status
kp_journal_file_read(struct kp_journal_file *file, uint64_t offset, char *bytes,
	size_t len, size_t *ret_read)
{
	return kp_descriptor_read_at(file->fd, offset, bytes, len, ret_read) ? KP_OK
									     : KP_E_IO;
}

/* Writes all of the parts at the end; pwritev may take less than it is given. */
static bool
write_all(struct kp_journal_file *file, struct iovec *parts, size_t count)
{
	size_t first = 0;
	while (first < count) {
		ssize_t wrote = pwritev(
			file->fd, parts + first, (int)(count - first), (off_t)file->size);
		if (wrote < 0 && errno == EINTR) {
			continue;
		}
		if (wrote <= 0) {
			return false;
		}
		file->size += (uint64_t)wrote;
		size_t taken = (size_t)wrote;
		while (first < count && taken >= parts[first].iov_len) {
			taken -= parts[first].iov_len;
			first++;
		}
		if (first < count) {
			parts[first].iov_base = (char *)parts[first].iov_base + taken;
			parts[first].iov_len -= taken;
		}
	}
	return true;
}

static bool
write_parts(struct kp_journal_file *file, const struct kp_slice *parts, size_t count)
{
	struct iovec batch[PARTS_MAX];
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0) {
			/* One struct for reading and writing, hence not const. */
			memcpy(&batch[used].iov_base, &parts[i].data, sizeof(char *));
			batch[used].iov_len = parts[i].len;
			used++;
		}
		if (used == PARTS_MAX) {
			if (!write_all(file, batch, used)) {
				return false;
			}
			used = 0;
		}
	}
	return write_all(file, batch, used);
}

enum kp_status
kp_journal_file_append(struct kp_journal_file *file, const struct kp_slice *parts,
	size_t count, struct kp_error *err)
{
	if (file->broken) {
		return kp_error_set(
			err, KP_E_IO, "the journal refuses records after a failed write");
	}
	errno = 0;
	if (!write_parts(file, parts, count) || fdatasync(file->fd) != 0) {
		file->broken = true;
		return errno_error(err, "writing the journal");
	}
	return KP_OK;
}

enum kp_status
kp_journal_file_truncate(
	struct kp_journal_file *file, uint64_t size, struct kp_error *err)
{
	if (ftruncate(file->fd, (off_t)size) != 0 || fsync(file->fd) != 0) {
		file->broken = true;
		return errno_error(err, "cutting the journal");
	}
	file->size = size;
	return KP_OK;
}
