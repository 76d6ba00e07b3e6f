/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen_trust: which properties of a request are believed, per calling organisation.
 * Written as one text:
 *
 *     *: context.* action.*; 00000001830000001000: resource.eigenaar subject.*
 *
 * "*" stands for every caller, or for every property. What is not listed is ignored, and
 * what the registers know wins, unless `override` is set (certification runs only).
 */
#ifndef KP_POLICIES_AUTHZEN_TRUST_H
#define KP_POLICIES_AUTHZEN_TRUST_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_AUTHZEN_TRUST_BYTES_MAX ((size_t)4096)

enum kp_authzen_part {
	KP_AUTHZEN_SUBJECT,
	KP_AUTHZEN_ACTION,
	KP_AUTHZEN_RESOURCE,
	KP_AUTHZEN_CONTEXT,
	KP_AUTHZEN_PART_COUNT
};

struct kp_authzen_trust_row {
	struct kp_slice client; /* OIN; empty: every one */
	enum kp_authzen_part part;
	struct kp_slice name; /* empty: every one */
};

/* Lifetime: as its arena. Read-only after parsing; any thread. */
struct kp_authzen_trust {
	const struct kp_authzen_trust_row *rows;
	size_t count;
	bool override; /* what is asserted wins over the registers */
};

/* KP_E_CONFIG with what is wrong, KP_E_MEMORY. The text is copied. */
enum kp_status kp_authzen_trust_parse(struct kp_arena *arena, struct kp_slice text,
	struct kp_authzen_trust *ret_trust, struct kp_error *err) KP_MUST_USE;

/* Does what this client asserts of that part, under that name, count? */
bool kp_authzen_trusts(const struct kp_authzen_trust *trust, struct kp_slice client,
	enum kp_authzen_part part, struct kp_slice name);

#endif
