/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * An officer's tests (proeven.json) as anybody may write them, run against a small set:
 * what is not sound says where, counts agree with the results, and nothing is covered
 * that is no rule.
 */
#include "core/bits.h"
#include "policies/policy_test.h"

#include "../unit/policies/small_files.h"

#define NOW_MS ((int64_t)1795392000000) /* 2026-11-23 */

static const char rules[] = CARD("a", "intake",
	"2027-06-01") "permit(principal in Rol::\"intake\", action == "
		      "Action::\"raadplegen\", resource "
		      "in Rubriek::\"werk\") when {context.doel == "
		      "Doel::\"intake\"};\n" CARD("b", "alle",
			      "2027-06-01") "forbid(principal, action, resource in "
					    "Rubriek::\"werk.ziekte\") unless "
					    "{context.heeftZaak};\n";

static void
digest(const struct kp_slice *parts, size_t count, unsigned char ret_digest[32])
{
	memset(ret_digest, 0, 32);
	ret_digest[0] = (unsigned char)(count > 0 ? parts[0].len : 0);
}

static struct kp_bundle *
make_bundle(void)
{
	const struct kp_policy_file files[] = {
		{KP_FILE_CATALOGUE, KP_SLICE(SMALL_CATALOGUE)},
		{KP_FILE_PURPOSES, KP_SLICE(SMALL_PURPOSES)},
		{KP_FILE_ORGANISATIONS, KP_SLICE(SMALL_ORGANISATIONS)},
		{KP_FILE_ROLES, KP_SLICE(SMALL_ROLES)},
		{KP_FILE_SCHEMA, KP_SLICE(SMALL_SCHEMA)},
		{"regels/r.cedar", {rules, sizeof(rules) - 1}},
	};
	struct kp_findings findings;
	struct kp_bundle *bundle = NULL;
	const struct kp_bundle_options options = {.digest = digest, .now_ms = NOW_MS};
	kp_findings_init(&findings, 4);
	FUZZ_CHECK(kp_bundle_create(files, KP_ARRAY_LEN(files), &options, &findings,
			   &bundle) == KP_OK);
	kp_findings_deinit(&findings);
	return bundle;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kp_bundle *bundle;
	bundle = bundle == NULL ? make_bundle() : bundle;
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_policy_test_run run = {0};
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	kp_findings_init(&findings, 20);
	enum kp_status status = kp_policy_test_run(&arena, KP_FILE_TESTS,
		(struct kp_slice){(const char *)data, size}, bundle, &findings, &run);
	FUZZ_CHECK(status != KP_E_CONFIG || kp_findings_any(&findings));
	if (status == KP_OK) {
		uint32_t failed = 0;
		for (uint32_t i = 0; i < run.count; i++) {
			failed += run.results[i].passed ? 0 : 1;
		}
		FUZZ_CHECK(run.failed == failed);
		FUZZ_CHECK(failed == 0 || kp_findings_any(&findings));
		FUZZ_CHECK(run.covered_count <= 2);
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
