/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* purposes: any bytes as each of the registers; what loads must be linked and findable.
 */
#include "policies/registers.h"

static void
check_purposes(const struct kp_registers *registers)
{
	for (uint32_t i = 0; i < registers->purpose_count; i++) {
		const struct kp_purpose *purpose = &registers->purposes[i];
		FUZZ_CHECK(
			kp_name_index_find(&registers->purpose_index, purpose->id) == i);
		FUZZ_CHECK(purpose->activity_uri.len > 0 && purpose->ground.len > 0);
		uint32_t steps = 0;
		while (kp_name_index_find(&registers->law_index, purpose->parent) ==
			KP_NO_ID) {
			uint32_t up = kp_name_index_find(
				&registers->purpose_index, purpose->parent);
			FUZZ_CHECK(up != KP_NO_ID && steps++ < registers->purpose_count);
			purpose = &registers->purposes[up];
		}
	}
}

static void
check_organisations(const struct kp_registers *registers)
{
	for (uint32_t i = 0; i < registers->organisation_count; i++) {
		const struct kp_organisation *organisation = &registers->organisations[i];
		FUZZ_CHECK(organisation->oin.len == 20);
		FUZZ_CHECK(organisation->kind < registers->kind_count);
		FUZZ_CHECK(organisation->parent == KP_NO_ID ||
			organisation->parent < registers->organisation_count);
		for (uint32_t j = 0; j < organisation->mandate_count; j++) {
			FUZZ_CHECK(organisation->mandates[j] <
				registers->organisation_count);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static enum kp_status (*const loaders[])(struct kp_arena *, const char *,
		struct kp_slice, struct kp_findings *,
		struct kp_registers *) = {kp_registers_load_purposes,
		kp_registers_load_organisations, kp_registers_load_roles};
	struct kp_slice text = {(const char *)data, size};
	for (size_t i = 0; i < KP_ARRAY_LEN(loaders); i++) {
		struct kp_arena arena;
		kp_arena_init(&arena, (size_t)64 << 20, NULL);
		struct kp_findings findings;
		kp_findings_init(&findings, 4);
		struct kp_registers registers = {0};
		enum kp_status status =
			loaders[i](&arena, "fuzz.json", text, &findings, &registers);
		FUZZ_CHECK((status == KP_E_CONFIG) == kp_findings_any(&findings));
		if (status == KP_OK) {
			check_purposes(&registers);
			check_organisations(&registers);
		}
		kp_findings_deinit(&findings);
		kp_arena_deinit(&arena);
	}
	return 0;
}
