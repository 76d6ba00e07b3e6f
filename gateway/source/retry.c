/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* retry: see retry.h. */
#include "source/retry.h"

#include "http/http_date.h"
#include "source/freshness.h"

uint64_t
kp_retry_pause_us(const struct kp_retry *retry, unsigned failures)
{
	uint64_t pause = retry->first_us;
	for (; failures > 0 && pause < retry->most_us; failures--) {
		pause *= 2;
	}
	return pause < retry->most_us ? pause : retry->most_us;
}

uint64_t
kp_retry_part_us(uint64_t most_us, uint32_t random)
{
	/* In two parts, since a day in microseconds times this is over 64 bits. */
	return most_us / UINT32_MAX * random + most_us % UINT32_MAX * random / UINT32_MAX;
}

bool
kp_retry_after_s(struct kp_slice field, int64_t now_s, uint32_t *ret_s)
{
	int64_t moment_s = 0;
	field = kp_slice_trim(field);
	if (kp_freshness_seconds(field, ret_s)) {
		return true;
	}
	if (!kp_http_date_parse(field, &moment_s)) {
		return false;
	}
	int64_t left_s = moment_s > now_s ? moment_s - now_s : 0;
	*ret_s = left_s > KP_FRESHNESS_SECONDS_MAX ? KP_FRESHNESS_SECONDS_MAX
						   : (uint32_t)left_s;
	return true;
}
