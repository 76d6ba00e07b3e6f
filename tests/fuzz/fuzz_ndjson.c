/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An export as NDJSON. The first byte chooses pieces. */
#include "export_host.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len > 0) {
		fuzz_export(FUZZ_EXPORT_MANIFEST("\"form\":\"ndjson\""),
			(struct kp_slice){(const char *)bytes + 1, len - 1},
			(size_t)bytes[0] + 1);
	}
	return 0;
}
