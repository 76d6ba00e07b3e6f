/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* reasons: a list in which each reason stands once. See policy.h. */
#include "policies/policy.h"

#define REASONS_FIRST 8u

static bool
same(const struct kp_reason *a, const struct kp_reason *b)
{
	/* The text follows from the code. */
	return a->code == b->code && kp_slice_equal(a->rule, b->rule);
}

enum kp_status
kp_reasons_number(struct kp_reasons *reasons, const struct kp_reason *reason,
	struct kp_arena *arena, uint8_t *ret_number)
{
	for (uint32_t i = reasons->count; i > 0; i--) {
		if (same(&reasons->list[i - 1], reason)) {
			*ret_number = (uint8_t)(i - 1);
			return KP_OK;
		}
	}
	if (reasons->count < KP_REASONS_MAX) {
		struct kp_reason *list = kp_arena_fit(arena, reasons->list,
			reasons->count, &reasons->capacity, REASONS_FIRST, sizeof(*list));
		if (list == NULL) {
			return KP_E_MEMORY;
		}
		reasons->list = list;
		reasons->list[reasons->count++] = *reason;
	}
	*ret_number = (uint8_t)(reasons->count - 1);
	return KP_OK;
}
