/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An export as CSV. The first byte chooses pieces and character set. */
#include "export_host.h"

static const char *const manifests[] = {
	FUZZ_EXPORT_MANIFEST("\"charset\":\"utf-8\""),
	FUZZ_EXPORT_MANIFEST("\"charset\":\"latin-1\""),
	FUZZ_EXPORT_MANIFEST("\"charset\":\"windows-1252\""),
};

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len > 0) {
		fuzz_export(manifests[bytes[0] % 3],
			(struct kp_slice){(const char *)bytes + 1, len - 1},
			(size_t)bytes[0] / 3 + 1);
	}
	return 0;
}
