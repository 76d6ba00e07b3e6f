/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Policy sets in JSON: what is accepted is written, and read again equal; and every
 * policy in it also prints as text that parses to the same policy.
 */
#include "core/attr.h"
#include "policies/cedar/parse.h"
#include "policies/cedar/policy_json.h"

#define BYTES_MAX ((size_t)64 << 20)

static void
check_equal(
	const struct kp_cedar_policy_list *one, const struct kp_cedar_policy_list *two)
{
	FUZZ_CHECK(one->count == two->count);
	for (size_t i = 0; i < one->count; i++) {
		const struct kp_cedar_policy *again =
			kp_cedar_policy_list_find(two, one->items[i]->id);
		FUZZ_CHECK(again != NULL);
		FUZZ_CHECK(kp_cedar_policy_equal(one->items[i], again));
	}
}

/* Text cannot say everything: an annotation may be of any name, a method of any count. */
static void
check_text(struct kp_arena *arena, struct kp_cedar_names *names,
	const struct kp_cedar_policy *policy)
{
	struct kp_buffer text;
	struct kp_findings findings;
	struct kp_cedar_policy_set set;
	kp_buffer_init(&text, arena, BYTES_MAX);
	kp_cedar_policy_set_init(&set, arena);
	kp_findings_init(&findings, 1);
	kp_cedar_policy_write(&text, policy);
	if (!text.failed &&
		kp_cedar_parse_policies(
			&set, names, NULL, kp_buffer_slice(&text), &findings) == KP_OK) {
		const struct kp_cedar_policy_list *list =
			set.policies.count > 0 ? &set.policies : &set.templates;
		FUZZ_CHECK(list->count == 1);
		FUZZ_CHECK(kp_cedar_policy_equal(policy, list->items[0]));
	}
	kp_findings_deinit(&findings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_findings findings;
	struct kp_cedar_policy_set one;
	struct kp_cedar_policy_set two;
	kp_arena_init(&arena, BYTES_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	kp_findings_init(&findings, 10);
	kp_cedar_policy_set_init(&one, &arena);
	kp_cedar_policy_set_init(&two, &arena);
	enum kp_status status = kp_cedar_policy_set_read_json(&one, &names, NULL,
		(struct kp_slice){(const char *)bytes, len}, &findings);
	FUZZ_CHECK((status == KP_OK) == !kp_findings_any(&findings));
	struct kp_buffer json;
	kp_buffer_init(&json, &arena, BYTES_MAX);
	if (status == KP_OK) {
		kp_cedar_policy_set_write_json(&json, &one);
		status = json.failed ? KP_E_MEMORY
				     : kp_cedar_policy_set_read_json(&two, &names, NULL,
					       kp_buffer_slice(&json), &findings);
		FUZZ_CHECK(status == KP_OK || status == KP_E_MEMORY);
	}
	if (status == KP_OK) {
		check_equal(&one.policies, &two.policies);
		check_equal(&one.templates, &two.templates);
		for (size_t i = 0; i < one.policies.count; i++) {
			check_text(&arena, &names, one.policies.items[i]);
		}
	}
	kp_findings_deinit(&findings);
	kp_arena_deinit(&arena);
	return 0;
}
