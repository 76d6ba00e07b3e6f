/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Approvals and signers as anybody may write them: split at the first newline. Nothing
 * may be approved without a signature. */
#include "crypto/approvals.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *line = size == 0 ? NULL : memchr(text, '\n', size);
	size_t first = line == NULL ? size : (size_t)(line - text);
	struct kp_slice approvals = {text, first};
	struct kp_slice signers = {text + first, size - first};
	struct kp_error err;
	enum kp_status status = kp_approvals_check(
		approvals, signers, KP_SLICE("sha256:0"), 2, 1795000000000, &err);
	KP_REQUIRE(status != KP_OK);
	return 0;
}
