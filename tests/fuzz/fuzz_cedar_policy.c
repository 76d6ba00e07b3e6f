/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Policy text: parses, and what parses prints as text that parses to the same tree and
 * evaluates without a crash on a request with nothing in it.
 */
#include <stdint.h>

#include "core/attr.h"
#include "policies/cedar/eval.h"
#include "policies/cedar/parse.h"

#define BYTES_MAX ((size_t)64 << 20)

static void
check_print(const struct kp_cedar_policy *policy, struct kp_arena *arena,
	struct kp_cedar_names *names, struct kp_findings *findings)
{
	struct kp_buffer out;
	struct kp_cedar_policy_set again;
	kp_buffer_init(&out, arena, BYTES_MAX);
	kp_cedar_policy_write(&out, policy);
	KP_REQUIRE(!out.failed);
	kp_cedar_policy_set_init(&again, arena);
	enum kp_status status = kp_cedar_parse_policies(
		&again, names, NULL, kp_buffer_slice(&out), findings);
	/* The printer may need a parenthesis more than the author did. */
	if (status != KP_OK && findings->count > 0 &&
		findings->items[findings->count - 1].status == KP_E_LIMIT) {
		return;
	}
	KP_REQUIRE(status == KP_OK);
	const struct kp_cedar_policy_list *list =
		policy->has_slots ? &again.templates : &again.policies;
	KP_REQUIRE(list->count == 1 && kp_cedar_policy_equal(list->items[0], policy));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_cedar_policy_set set;
	struct kp_findings findings;
	struct kp_slice text = {(const char *)data, size};
	kp_arena_init(&arena, BYTES_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	kp_cedar_policy_set_init(&set, &arena);
	kp_findings_init(&findings, 16);
	enum kp_status status =
		kp_cedar_parse_policies(&set, &names, "fuzz.cedar", text, &findings);
	KP_REQUIRE((status == KP_OK) == !kp_findings_any(&findings));
	for (size_t i = 0; i < set.policies.count; i++) {
		check_print(set.policies.items[i], &arena, &names, &findings);
	}
	for (size_t i = 0; i < set.templates.count; i++) {
		check_print(set.templates.items[i], &arena, &names, &findings);
	}
	const struct kp_cedar_uid *uid =
		kp_cedar_uid_of(&names, KP_SLICE("User"), KP_SLICE("a"));
	struct kp_cedar_request request = {
		.principal = uid, .action = uid, .resource = uid};
	struct kp_cedar_decision decision;
	struct kp_error err;
	status = uid == NULL ? KP_E_MEMORY
			     : kp_cedar_authorize(&set, &request, NULL,
				       KP_CEDAR_FAIL_CLOSED, &arena, &decision, &err);
	for (size_t i = 0; status == KP_OK && i < decision.skipped_count; i++) {
		char message[300];
		(void)kp_cedar_eval_error_text(
			&decision.skipped[i].error, message, sizeof(message));
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
