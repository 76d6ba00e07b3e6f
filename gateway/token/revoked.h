/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * revoked: the list of those who may not ask although their token is good: employees who
 * left or were idle, tokens and subjects withdrawn, clients that were shut out. A file of
 * the operator's, with four lists that may each be left out: "employees" (an OIN or the
 * word any, a slash, an id), "subjects" (sub), "tokens" (jti), "clients" (client_id).
 *
 * Only digests of the entries are kept. Immutable; any thread.
 */
#ifndef KP_TOKEN_REVOKED_H
#define KP_TOKEN_REVOKED_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "token/access.h"

#define KP_REVOKED_BYTES_MAX ((size_t)16 << 20)
#define KP_REVOKED_MAX ((size_t)200000)

struct kp_revoked;

/* All faults of the file go to `findings`; KP_E_CONFIG, KP_E_MEMORY. */
enum kp_status kp_revoked_read(struct kp_slice text, const char *path,
	struct kp_findings *findings, struct kp_revoked **ret_revoked) KP_MUST_USE;
/* Accepts NULL. */
void kp_revoked_destroy(struct kp_revoked **revoked);

/* Entries of the list. */
size_t kp_revoked_count(const struct kp_revoked *revoked);
/* Is anything of this token on the list? A NULL list holds nobody. */
bool kp_revoked_has(const struct kp_revoked *revoked, const struct kp_access *access);

#endif
