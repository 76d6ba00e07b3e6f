/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http2_budget: how often something may be done: so many at once, and so many a second in
 * the long run. Pure; the clock is the caller's. */
#ifndef KP_HTTP_HTTP2_BUDGET_H
#define KP_HTTP_HTTP2_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct kp_http2_budget {
	uint32_t burst;
	uint32_t per_second;
	uint64_t left_us; /* of each unit a million */
	uint64_t seen_us; /* when it was last filled */
};

static inline void
kp_http2_budget_init(struct kp_http2_budget *budget, uint32_t burst, uint32_t per_second,
	uint64_t now_us)
{
	*budget = (struct kp_http2_budget){
		burst, per_second, (uint64_t)burst * 1000000u, now_us};
}

static inline void
kp_http2_budget_give(struct kp_http2_budget *budget, uint64_t millionths)
{
	uint64_t full = (uint64_t)budget->burst * 1000000u;
	uint64_t room = full - budget->left_us;
	budget->left_us = millionths > room ? full : budget->left_us + millionths;
}

/* What time has given back since the last call. */
static inline void
kp_http2_budget_tick(struct kp_http2_budget *budget, uint64_t now_us)
{
	uint64_t passed_us = now_us > budget->seen_us ? now_us - budget->seen_us : 0;
	/* An hour fills any budget that has a rate. */
	if (passed_us > (uint64_t)3600 * 1000000u) {
		passed_us = (uint64_t)3600 * 1000000u;
	}
	kp_http2_budget_give(budget, passed_us * budget->per_second);
	budget->seen_us = now_us;
}

/* False when it is spent. */
static inline bool
kp_http2_budget_take(struct kp_http2_budget *budget)
{
	if (budget->left_us < 1000000u) {
		return false;
	}
	budget->left_us -= 1000000u;
	return true;
}

#endif
