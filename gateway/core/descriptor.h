/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* descriptor: whole reads and writes on a file descriptor (POSIX.1-2017 read, write):
 * what a signal or a full disk cut short goes on or fails. Blocking; any thread. */
#ifndef KP_CORE_DESCRIPTOR_H
#define KP_CORE_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attr.h"

/* All of it at the end of what was written; false with errno. */
bool kp_descriptor_write(int fd, const char *bytes, size_t len) KP_MUST_USE;
/* All of it at `offset`; false with errno. */
bool kp_descriptor_write_at(
	int fd, uint64_t offset, const char *bytes, size_t len) KP_MUST_USE;
/* Fewer than `len` only at the end of the file; false with errno. */
bool kp_descriptor_read_at(
	int fd, uint64_t offset, char *bytes, size_t len, size_t *ret_read) KP_MUST_USE;

/* Makes the entry of a file in its folder durable, as a new or replaced one must be to
 * survive a crash; false with errno. */
bool kp_descriptor_sync_folder(const char *path) KP_MUST_USE;

#endif
