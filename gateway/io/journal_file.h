/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal_file: the append-only file behind the audit journal, seen as "append these
 * bytes and make them durable". Blocking: called by the journal's own writer thread only.
 * The player's disk can be full, slow, torn or broken on command.
 */
#ifndef KP_IO_JOURNAL_FILE_H
#define KP_IO_JOURNAL_FILE_H

#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

struct kp_journal_file;

/* Opens or creates; locks the file so that a second process is refused. */
enum kp_status kp_journal_file_open(const char *path, struct kp_journal_file **ret_file,
	uint64_t *ret_size, struct kp_error *err) KP_MUST_USE;
void kp_journal_file_close(struct kp_journal_file **file);
enum kp_status kp_journal_file_read(struct kp_journal_file *file, uint64_t offset,
	char *bytes, size_t len, size_t *ret_read) KP_MUST_USE;
/* All parts at the end, then durable (fdatasync). On failure nothing may be taken as
 * written. */
enum kp_status kp_journal_file_append(struct kp_journal_file *file,
	const struct kp_slice *parts, size_t count, struct kp_error *err) KP_MUST_USE;
/* Cuts what recovery found to be torn, durably. */
enum kp_status kp_journal_file_truncate(
	struct kp_journal_file *file, uint64_t size, struct kp_error *err) KP_MUST_USE;

#endif
