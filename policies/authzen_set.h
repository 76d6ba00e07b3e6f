/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen_set: any Cedar policy set with its entities as the back end of a decision
 * point. A folder of files:
 *
 *     NAME.cedar           policies
 *     schema.cedarschema   or schema.json: optional; then policies are validated and
 *                          properties are projected onto what it declares
 *     authzen.json         optional: { "types": { "https://…/Persoon": "Persoon" } }
 *     other NAME.json      entities: Cedar's array, or an object from "type::id" to
 *                          { "attrs", "parents" }
 */
#ifndef KP_POLICIES_AUTHZEN_SET_H
#define KP_POLICIES_AUTHZEN_SET_H

#include "policies/authzen.h"
#include "policies/cedar/entities.h"
#include "policies/policy.h"

#define KP_AUTHZEN_SET_BYTES_MAX ((size_t)256 << 20)

struct kp_authzen_set;

/*
 * Reads and checks. Every fault of every file is in `findings`; KP_E_CONFIG when there
 * was one, KP_E_MEMORY. Immutable afterwards; any thread.
 */
enum kp_status kp_authzen_set_create(const struct kp_policy_file *files, size_t count,
	kp_digest_fn digest, struct kp_findings *findings,
	struct kp_authzen_set **ret_set) KP_MUST_USE;
/* Accepts NULL. */
void kp_authzen_set_destroy(struct kp_authzen_set **set);
/* "sha256:…" over names and bytes of its files. */
struct kp_slice kp_authzen_set_version(const struct kp_authzen_set *set);

/* The back end of one request. Lifetime: the caller's, with `arena`. */
struct kp_authzen_set_backend {
	struct kp_authzen_backend backend;
	const struct kp_authzen_set *set;
	const struct kp_authzen_caller *caller;
	struct kp_arena *arena;
	struct kp_cedar_names names; /* on top of the set's */
};

/* All is borrowed for the life of the back end: one request. */
void kp_authzen_set_backend_init(struct kp_authzen_set_backend *backend,
	const struct kp_authzen_set *set, const struct kp_authzen_caller *caller,
	struct kp_arena *arena);

#endif
