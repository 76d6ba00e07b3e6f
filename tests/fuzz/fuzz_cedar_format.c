/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The formatter: what it makes parses to the same policies (it checks that itself), and
 * formatting it again is accepted. */
#include "policies/cedar/format.h"

#define BYTES_MAX ((size_t)64 << 20)

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_buffer once;
	struct kp_buffer twice;
	kp_arena_init(&arena, BYTES_MAX, NULL);
	kp_findings_init(&findings, 10);
	kp_buffer_init(&once, &arena, BYTES_MAX);
	kp_buffer_init(&twice, &arena, BYTES_MAX);
	enum kp_status status = kp_cedar_format(&arena, NULL,
		(struct kp_slice){(const char *)bytes, len}, &once, &findings);
	FUZZ_CHECK(status != KP_E_INTERNAL);
	FUZZ_CHECK((status == KP_OK) == !kp_findings_any(&findings));
	if (status == KP_OK) {
		status = kp_cedar_format(
			&arena, NULL, kp_buffer_slice(&once), &twice, &findings);
		FUZZ_CHECK(status == KP_OK || status == KP_E_MEMORY);
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
