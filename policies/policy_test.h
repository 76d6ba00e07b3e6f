/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * policy_test: the officer's own tests (proeven.json): who, for what, with which facts,
 * and what must be seen and what must not. Running them tells which rules they covered.
 */
#ifndef KP_POLICIES_POLICY_TEST_H
#define KP_POLICIES_POLICY_TEST_H

#include "policies/bundle.h"

#define KP_POLICY_TESTS_MAX 4096u

struct kp_policy_test_result {
	struct kp_slice name;
	bool passed;
};

/* Lifetime: the arena of the run. */
struct kp_policy_test_run {
	struct kp_policy_test_result *results;
	uint32_t count;
	uint32_t failed;
	/* One bit for each rule: some test asked for a field that the rule permitted, or
	 * refused one that it forbade. */
	uint64_t *covered;
	uint32_t covered_count;
};

/*
 * Reads and runs the tests. What is wrong with the file, and each expectation that is not
 * met, is a finding where it stands. KP_OK when the file is sound, also when tests fail;
 * KP_E_CONFIG when it is not; KP_E_MEMORY.
 */
enum kp_status kp_policy_test_run(struct kp_arena *arena, const char *file,
	struct kp_slice text, const struct kp_bundle *bundle,
	struct kp_findings *findings, struct kp_policy_test_run *ret_run) KP_MUST_USE;

#endif
