/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * checksum_list: the text that `sha256sum` writes (GNU coreutils): lines of a digest in
 * hexadecimal, a space, a space or an asterisk, and the name of a file. Comment lines
 * begin with '#' and may say something: "# name: value". Pure; any thread.
 */
#ifndef KP_SOURCE_CHECKSUM_LIST_H
#define KP_SOURCE_CHECKSUM_LIST_H

#include "core/error.h"
#include "core/slice.h"
#include "crypto/crypto.h"

#define KP_CHECKSUM_LIST_BYTES_MAX ((size_t)1 << 20)
#define KP_CHECKSUM_LIST_LINES_MAX ((size_t)10000)

/*
 * The digest of a file by its name ("./" before a name in the list does not count). The
 * whole list is read: KP_E_SYNTAX for a line of another form (names with escapes too),
 * KP_E_LIMIT past the bounds, KP_E_INVALID when the name is there twice with different
 * digests, KP_E_NOT_FOUND when it is not there.
 */
enum kp_status kp_checksum_list_find(struct kp_slice text, struct kp_slice name,
	unsigned char ret_digest[KP_SHA256_BYTES]) KP_MUST_USE;

/* The value of the comment line "# name: value", trimmed; empty when there is none or
 * more than one. */
struct kp_slice kp_checksum_list_comment(struct kp_slice text, struct kp_slice name);

#endif
