/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The body of a query. What comes out is whole, or every fault has a name and a reason.
 */
#include "query/query.h"
#include "support/fake_bundle.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct kp_bundle *bundle;
	static const struct kp_query_limits limits = {
		.body_bytes_max = 16384,
		.fields_max = 200,
		.budget_ms_min = 50,
		.budget_ms_max = 30000,
		.budget_ms_default = 4000,
		.header_bytes_max = 242,
	};
	static const struct kp_query_standins standins;
	if (bundle == NULL) {
		bundle = kp_fake_bundle_create(NULL, 0);
	}
	struct kp_arena arena;
	struct kp_query query;
	struct kp_query_faults faults = {.count = 0};
	struct kp_error err;
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	struct kp_slice body = {(const char *)bytes, len};
	enum kp_status status = kp_query_parse(
		body, bundle, &limits, &standins, &arena, &query, &faults, &err);
	if (status == KP_OK) {
		FUZZ_CHECK(query.bsn.len == 9 && query.purpose.len > 0);
		FUZZ_CHECK(query.budget_ms >= 50 && query.budget_ms <= 30000);
		FUZZ_CHECK(query.asked != NULL && faults.count == 0);
	} else if (status == KP_E_INVALID) {
		FUZZ_CHECK(faults.count > 0);
	}
	for (uint32_t i = 0; i < faults.count; i++) {
		FUZZ_CHECK(faults.items[i].code.len > 0);
		FUZZ_CHECK(faults.items[i].reason.len > 0);
	}
	kp_arena_deinit(&arena);
	return 0;
}
