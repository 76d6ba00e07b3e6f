/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * file: blocking file access for worker threads and for start-up. The player has its own
 * disk.
 */
#ifndef KP_IO_FILE_H
#define KP_IO_FILE_H

#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

struct kp_file;

/* Enough to see that a file was replaced or written. */
struct kp_file_stamp {
	uint64_t size;
	int64_t modified_ns;
	int64_t changed_ns; /* of the inode: nobody can set it; also its links count */
	uint64_t inode;
	uint64_t links; /* names it has; 0: it was replaced or removed while open */
};

/* For reading, an ordinary file only. KP_E_NOT_FOUND, KP_E_IO, KP_E_MEMORY. */
enum kp_status kp_file_open(
	const char *path, struct kp_file **ret_file, struct kp_error *err) KP_MUST_USE;
/* Accepts NULL. */
void kp_file_close(struct kp_file **file);
/* Of the open file, whatever has its name by now. KP_E_IO. */
enum kp_status kp_file_stat(
	struct kp_file *file, struct kp_file_stamp *ret_stamp) KP_MUST_USE;
/* By name, without opening. KP_E_NOT_FOUND when there is none. */
enum kp_status kp_file_stamp_of(
	const char *path, struct kp_file_stamp *ret_stamp) KP_MUST_USE;
/* Reads up to `len` bytes at `offset`; fewer only at the end of the file. */
enum kp_status kp_file_read_at(struct kp_file *file, uint64_t offset, char *bytes,
	size_t len, size_t *ret_read) KP_MUST_USE;
/*
 * A new file to write and read, mode 0600. It is not seen before kp_file_commit puts it
 * at `path`, in the place of what is there; when it is closed before that it is gone. A
 * NULL path: only in memory, never seen.
 */
enum kp_status kp_file_create(
	const char *path, struct kp_file **ret_file, struct kp_error *err) KP_MUST_USE;
enum kp_status kp_file_write_at(
	struct kp_file *file, uint64_t offset, const char *bytes, size_t len) KP_MUST_USE;
/*
 * A file in memory of the process itself: not in a dump, not in swap as far as the system
 * lets it be locked, without a descriptor, and wiped when it is closed. Writing past
 * `bytes_max` is KP_E_LIMIT.
 */
enum kp_status kp_file_create_secret(
	uint64_t bytes_max, struct kp_file **ret_file, struct kp_error *err) KP_MUST_USE;
/* Gives back what was not written of a file in memory; from here on it can only be read.
 */
enum kp_status kp_file_seal(struct kp_file *file) KP_MUST_USE;
/* Durable, and in its place. */
enum kp_status kp_file_commit(struct kp_file *file, const char *path) KP_MUST_USE;
/* `text` as a file with the rights `mode`, as a whole and durable or not at all: who
 * reads `path` meanwhile sees what was there. */
enum kp_status kp_file_replace(const char *path, struct kp_slice text, unsigned mode,
	struct kp_error *err) KP_MUST_USE;
/* The same where nothing is yet: what is at `path` stays, and that is KP_E_IO. */
enum kp_status kp_file_place(const char *path, struct kp_slice text, unsigned mode,
	struct kp_error *err) KP_MUST_USE;
/* The whole file, NUL-terminated behind its end; refuses more than bytes_max. */
enum kp_status kp_file_read_all(const char *path, struct kp_arena *arena,
	size_t bytes_max, struct kp_slice *ret_text, struct kp_error *err) KP_MUST_USE;

/* Names of the regular files below a folder, relative to it, '/' between parts, sorted
 * bytewise; names that begin with a dot are left out. KP_E_LIMIT past count_max. */
enum kp_status kp_file_list(const char *folder, struct kp_arena *arena, size_t count_max,
	struct kp_slice **ret_names, size_t *ret_count, struct kp_error *err) KP_MUST_USE;
/* The same of one folder that others write in: not of those in it, and what is gone
 * before it was looked at, or leads nowhere, is passed over. */
enum kp_status kp_file_list_one(const char *folder, struct kp_arena *arena,
	size_t count_max, struct kp_slice **ret_names, size_t *ret_count,
	struct kp_error *err) KP_MUST_USE;

#endif
