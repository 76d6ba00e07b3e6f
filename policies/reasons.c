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

static bool
fit(struct kp_reasons *reasons, struct kp_arena *arena)
{
	if (reasons->count < reasons->capacity) {
		return true;
	}
	uint32_t capacity =
		reasons->capacity == 0 ? REASONS_FIRST : reasons->capacity * 2;
	struct kp_reason *list = KP_ARENA_ARRAY(arena, struct kp_reason, capacity);
	if (list == NULL) {
		return false;
	}
	if (reasons->count > 0) {
		memcpy(list, reasons->list, reasons->count * sizeof(*list));
	}
	reasons->list = list;
	reasons->capacity = capacity;
	return true;
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
		if (!fit(reasons, arena)) {
			return KP_E_MEMORY;
		}
		reasons->list[reasons->count++] = *reason;
	}
	*ret_number = (uint8_t)(reasons->count - 1);
	return KP_OK;
}
