/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_release: a set on its way from an officer's folder to the gateway: as one file,
 * with signatures beside it. */
#ifndef KP_COMMANDS_POLICY_RELEASE_H
#define KP_COMMANDS_POLICY_RELEASE_H

#include "commands/policy_load.h"
#include "crypto/approvals.h"

#define KP_RELEASE_BYTES_MAX ((size_t)64 << 20)

/*
 * Reads a folder, or a file that `bundle` made, and checks the set; what is wrong is said
 * on standard error. A file whose stated version is not that of its content is refused.
 */
bool kp_release_load(struct kp_policy_set *set, const char *path, bool english);
/* The files of a bundle file into set->files, and the version it states; false when it is
 * no such file, or memory ran out. */
bool kp_release_parse(
	struct kp_policy_set *set, struct kp_slice text, struct kp_slice *ret_version);
/* The files of a set and a version as such a file. NULL without memory. */
json_t *kp_release_json_of(const struct kp_policy_set *set, struct kp_slice version);
/* The set as one file, always the same bytes for the same files. NULL without memory. */
json_t *kp_release_json(const struct kp_policy_set *set);
/* "PATH.akkoord": where the signatures of a file or folder are. NULL without memory. */
const char *kp_release_approvals_path(struct kp_arena *arena, const char *path);

/* As kp_file_replace; what goes wrong is said on standard error. */
bool kp_release_write(const char *path, const char *text, size_t len, unsigned mode);
bool kp_release_write_json(const char *path, const json_t *value, unsigned mode);
/* The whole file as text; said on standard error when it cannot be read. */
bool kp_release_read(struct kp_arena *arena, const char *path, struct kp_slice *ret_text);

#endif
