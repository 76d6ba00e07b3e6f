/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * retry: when to try again what failed: soon, each time later, and not at the moment when
 * all others do. And how long a partner asks us to stay away. Pure.
 */
#ifndef KP_SOURCE_RETRY_H
#define KP_SOURCE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/attr.h"
#include "core/slice.h"

struct kp_retry {
	uint64_t first_us; /* after the first failure; doubles with each */
	uint64_t most_us;
};

/* With so many failures in a row before this one. */
uint64_t kp_retry_pause_us(const struct kp_retry *retry, unsigned failures);

/* From nothing up to all of `most_us`, as `random` says: what loops and gateways wait
 * longer than they must, so that they do not come together. */
uint64_t kp_retry_part_us(uint64_t most_us, uint32_t random);

/*
 * The field Retry-After (RFC 9110, section 10.2.3), a number of seconds or a moment:
 * seconds from `now_s` (since 1970), 0 when the moment is past, and never more than 2^31.
 * False when it cannot be read.
 */
bool kp_retry_after_s(struct kp_slice field, int64_t now_s, uint32_t *ret_s) KP_MUST_USE;

#endif
