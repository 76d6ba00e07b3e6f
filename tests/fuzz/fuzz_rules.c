/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * rules: any bytes as a rule file of a small policy set. What loads must decide as the
 * general evaluator does, for every cell of a few requests, and give a reason for each.
 */
#include "core/bits.h"
#include "policies/bundle.h"

#include "../unit/policies/small_files.h"

#define NOW_MS ((int64_t)1795392000000) /* 2026-11-23 */

static void
digest(const struct kp_slice *parts, size_t count, unsigned char ret_digest[32])
{
	memset(ret_digest, 0, 32);
	for (size_t i = 0; i < count; i++) {
		ret_digest[0] ^= (unsigned char)parts[i].len;
	}
}

static void
compare(const struct kp_bundle *bundle, const struct kp_facts *facts)
{
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	struct kp_decision decision;
	FUZZ_CHECK(kp_bundle_decide(bundle, facts, &arena, &decision) == KP_OK);
	FUZZ_CHECK(decision.refusal != KP_REFUSAL_ERROR);
	struct kp_asking asking;
	kp_asking_init(&asking, bundle, decision.detail, &arena);
	for (uint32_t cell = 0; cell < bundle->catalogue->cell_count; cell++) {
		bool compiled = kp_bits_has(decision.cells, cell);
		struct kp_reason reason;
		kp_bundle_reason(bundle, &decision, cell, &reason);
		FUZZ_CHECK((reason.code == KP_REFUSAL_NONE) == compiled);
		FUZZ_CHECK(decision.refusal != KP_REFUSAL_NONE ||
			kp_asking_permits(&asking, cell) == compiled);
	}
	kp_arena_deinit(&arena);
}

static void
ask_all(const struct kp_bundle *bundle)
{
	static const char *const roles[] = {"intake", "manager", "rechercheur"};
	static const char *const purposes[] = {
		"intake", "toets", "fraude", "tips", "signaal"};
	for (unsigned i = 0; i < 48; i++) {
		struct kp_slice role = kp_slice_from(roles[i % 3]);
		const struct kp_facts facts = {.action = (enum kp_action)(i / 24),
			.employee = i % 10 == 4 ? KP_SLICE("") : KP_SLICE("jan"),
			.organisation = kp_slice_from(i % 2 == 0 ? OIN_A : OIN_C),
			.roles = &role,
			.role_count = 1,
			.purpose = kp_slice_from(purposes[i % 5]),
			.case_id = i % 5 == 0 ? KP_SLICE("Z") : KP_SLICE(""),
			.in_caseload = i % 7 != 0,
			.has_case = i % 3 != 0,
			.reason_given = i % 4 < 2,
			.self = i % 11 == 0,
			.now_ms = NOW_MS};
		compare(bundle, &facts);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kp_policy_file files[] = {
		{KP_FILE_CATALOGUE, KP_SLICE(SMALL_CATALOGUE)},
		{KP_FILE_PURPOSES, KP_SLICE(SMALL_PURPOSES)},
		{KP_FILE_ORGANISATIONS, KP_SLICE(SMALL_ORGANISATIONS)},
		{KP_FILE_ROLES, KP_SLICE(SMALL_ROLES)},
		{KP_FILE_SCHEMA, KP_SLICE(SMALL_SCHEMA)},
		{"regels/fuzz.cedar", {(const char *)data, size}},
	};
	struct kp_findings findings;
	kp_findings_init(&findings, 4);
	const struct kp_bundle_options options = {.digest = digest,
		.now_ms = NOW_MS,
		.shadow_every = UINT32_MAX,
		.bytes_max = (size_t)64 << 20};
	struct kp_bundle *bundle = NULL;
	enum kp_status status = kp_bundle_create(
		files, KP_ARRAY_LEN(files), &options, &findings, &bundle);
	FUZZ_CHECK((status == KP_OK) == (bundle != NULL));
	FUZZ_CHECK(status != KP_E_CONFIG || kp_findings_any(&findings));
	if (bundle != NULL) {
		ask_all(bundle);
	}
	kp_bundle_unref(&bundle);
	kp_findings_deinit(&findings);
	return 0;
}
