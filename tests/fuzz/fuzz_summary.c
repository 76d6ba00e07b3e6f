/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An export that says of itself how many rows it has and of what day it is. The first
 * byte chooses pieces and what says the day. */
#include "export_host.h"

static const char *const manifests[] = {
	FUZZ_EXPORT_MANIFEST("\"trailer\":{\"mark\":\"E\",\"count\":2,\"date\":3},"
			     "\"dated_by\":\"trailer\",\"date_pattern\":\"d-m-yyyy\""),
	FUZZ_EXPORT_MANIFEST("\"trailer\":{\"mark\":\"E\",\"count\":3},"
			     "\"dated_by\":\"column\",\"date_name\":\"Dag\""),
	FUZZ_EXPORT_MANIFEST("\"form\":\"ndjson\",\"dated_by\":\"column\","
			     "\"date_name\":\"Dag\",\"date_pattern\":\"yyyy-mm-dd\""),
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
