/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* policy_test_explain: why an expectation of a test was not met. */
#ifndef KP_COMMANDS_POLICY_TEST_EXPLAIN_H
#define KP_COMMANDS_POLICY_TEST_EXPLAIN_H

#include "policies/bundle.h"

/*
 * Prints the explanation of the first field that came out otherwise. `place` is the JSON
 * pointer of the expectation in the file of tests, as a finding has it; prints nothing
 * when it is not one.
 */
void kp_policy_test_explain(const struct kp_bundle *bundle, struct kp_slice tests,
	const char *place, bool english);

#endif
