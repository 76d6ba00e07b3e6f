/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* descriptor: see descriptor.h. */
#include "core/descriptor.h"

#include <errno.h>
#include <unistd.h>

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
