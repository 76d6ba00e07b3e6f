/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * withheld: which of the asked fields are kept back, and why (ingehouden). When a whole
 * section or group is refused for one reason it is one entry, so that people can read it.
 */
#ifndef KP_QUERY_WITHHELD_H
#define KP_QUERY_WITHHELD_H

#include "policies/policy.h"
#include "query/shape.h"

struct kp_withheld_entry {
	struct kp_slice quoted; /* the path as a JSON string */
	const struct kp_reason *reason;
};

struct kp_withheld {
	struct kp_withheld_entry *entries;
	uint32_t count;
	uint32_t field_count; /* fields behind the entries */
};

/* `asked` is a set of fields. A field is withheld when none of its cells is permitted.
 * KP_E_MEMORY. */
enum kp_status kp_withheld_make(const struct kp_shape *shape,
	const struct kp_bundle *bundle, const struct kp_decision *decision,
	const uint64_t *asked, struct kp_arena *arena,
	struct kp_withheld *ret_withheld) KP_MUST_USE;

/* What a partner's decision point refused of what the rules permitted. */
struct kp_withheld_refusal {
	const uint64_t *cells;
	struct kp_reason reason;
};

/*
 * Adds the fields of which every cell that would be asked for (`planned`) was refused by
 * a partner. KP_E_MEMORY.
 */
enum kp_status kp_withheld_extend(const struct kp_shape *shape, const uint64_t *planned,
	const struct kp_withheld_refusal *refusals, uint32_t count,
	struct kp_arena *arena, struct kp_withheld *withheld) KP_MUST_USE;

#endif
