/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * freshness: how long an answer may be taken for current (RFC 9111, section 4.2.1:
 * max-age less the Age it came with; no-cache and no-store are none of it). Pure.
 */
#ifndef KP_SOURCE_FRESHNESS_H
#define KP_SOURCE_FRESHNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/slice.h"

/* Of all answers together: the shortest of each. All zero: nothing was said. */
struct kp_freshness {
	bool said;
	uint32_t max_age_s;
	uint32_t age_s; /* the longest */
};

/* One field Cache-Control (RFC 9111, section 5.2). What cannot be read says nothing. */
void kp_freshness_take(struct kp_freshness *freshness, struct kp_slice cache_control);
/* A number of seconds, as header fields write them; what is larger than the most (RFC
 * 9111, section 1.2.2) is the most. False when it is none. */
#define KP_FRESHNESS_SECONDS_MAX ((uint32_t)1 << 31)
bool kp_freshness_seconds(struct kp_slice text, uint32_t *ret_s) KP_MUST_USE;
/* The field Age. */
void kp_freshness_age(struct kp_freshness *freshness, struct kp_slice age);
/* Seconds from now on; `otherwise` when nothing was said, and within the bounds. */
uint32_t kp_freshness_s(const struct kp_freshness *freshness, uint32_t otherwise,
	uint32_t min, uint32_t max);

#endif
