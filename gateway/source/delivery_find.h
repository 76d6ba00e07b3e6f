/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_find: which files are deliveries, the latest first. Blocks; for workers. */
#ifndef KP_SOURCE_DELIVERY_FIND_H
#define KP_SOURCE_DELIVERY_FIND_H

#include "crypto/crypto.h"
#include "source/delivery_name.h"
#include "source/source_private.h"

/* How many are looked at when the latest is refused. */
#define KP_DELIVERY_TRIES 8
#define KP_SIGHT_BYTES KP_SHA256_BYTES

struct kp_delivery_file {
	const char *path;
	struct kp_delivery_name name;
};

/* Files in one folder, with what is no delivery. */
#define KP_DELIVERY_FOLDER_MAX 10000

/* At least one, in the arena. KP_E_NOT_FOUND; KP_E_LIMIT past KP_DELIVERY_FOLDER_MAX;
 * KP_E_MEMORY, KP_E_IO. */
enum kp_status kp_delivery_find(const struct kp_source_private *private,
	struct kp_arena *arena, struct kp_delivery_file files[KP_DELIVERY_TRIES],
	size_t *ret_count, struct kp_error *err) KP_MUST_USE;

/* All change files (manifest: file/series) in order, in the arena; none without a series.
 */
enum kp_status kp_delivery_find_changes(const struct kp_source_private *private,
	struct kp_arena *arena, struct kp_delivery_file **ret_files,
	size_t *ret_count) KP_MUST_USE;

/* A digest of all that decides which delivery is taken: names and stamps of the files
 * and of what lies beside them. The same: nothing happened. */
void kp_delivery_sight(
	const struct kp_source_private *private, unsigned char ret_sight[KP_SIGHT_BYTES]);

/* The name of a file beside another: `{file}` in the template is that one's name. In the
 * arena; NULL without memory. */
const char *kp_delivery_beside(
	struct kp_arena *arena, const char *path, struct kp_slice template);

#endif
