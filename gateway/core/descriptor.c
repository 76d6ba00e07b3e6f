/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* descriptor: see descriptor.h. */
#include "core/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES ((size_t)4096)

bool
kp_descriptor_write(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = write(fd, bytes, len);
		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			return false;
		}
		bytes += put;
		len -= (size_t)put;
	}
	return true;
}

bool
kp_descriptor_write_at(int fd, uint64_t offset, const char *bytes, size_t len)
{
	size_t total = 0;
	while (total < len) {
		ssize_t put =
			pwrite(fd, bytes + total, len - total, (off_t)(offset + total));
		if (put < 0 && errno == EINTR) {
			continue;
		}
		if (put <= 0) {
			return false;
		}
		total += (size_t)put;
	}
	return true;
}

bool
kp_descriptor_read_at(int fd, uint64_t offset, char *bytes, size_t len, size_t *ret_read)
{
	size_t total = 0;
	while (total < len) {
		ssize_t got =
			pread(fd, bytes + total, len - total, (off_t)(offset + total));
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return false;
		}
		if (got == 0) {
			break;
		}
		total += (size_t)got;
	}
	*ret_read = total;
	return true;
}

bool
kp_descriptor_sync_folder(const char *path)
{
	char folder[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 1 : (size_t)(slash - path);
	if (len >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(folder, slash == NULL ? "." : path, len);
	folder[len] = '\0';
	int fd = open(len == 0 ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	bool synced = fsync(fd) == 0;
	(void)close(fd);
	return synced;
}
