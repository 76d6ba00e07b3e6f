/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* A field Retry-After: a number or a moment, never more than the most. */
#include "source/freshness.h"
#include "source/retry.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const int64_t now_s = 1795773600;
	struct kp_slice field = {(const char *)bytes, len};
	uint32_t early = 0;
	uint32_t late = 0;
	bool read = kp_retry_after_s(field, now_s, &early);
	FUZZ_CHECK(read == kp_retry_after_s(field, now_s + 60, &late));
	FUZZ_CHECK(early <= KP_FRESHNESS_SECONDS_MAX && late <= early);
	FUZZ_CHECK(early - late <= 60);
	return 0;
}
