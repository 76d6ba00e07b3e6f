/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * The matrix computes what is permitted over all combinations of facts; deciding answers
 * for one. They must say the same for every action, role, purpose and organisation of the
 * shipped rules, and for rules with a condition that no fact decides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "commands/policy_conjuncts.h"
#include "commands/policy_load.h"
#include "commands/policy_view.h"
#include "core/bits.h"

#define SHIPPED KP_SOURCE_DIR "/policies/voorbeeld"
/* A day on which every purpose of the shipped rules is valid. */
#define NOW_MS ((int64_t)1795392000000)

static struct kp_facts
facts_of(const struct kp_policy_asker *asker, const struct kp_registers *registers,
	unsigned bits)
{
	const struct kp_purpose *purpose = &registers->purposes[asker->purpose];
	return (struct kp_facts){.action = asker->action,
		.employee = purpose->machine_only ? KP_SLICE("") : KP_SLICE("e"),
		.organisation = registers->organisations[asker->organisation].oin,
		.roles = &registers->roles[asker->role].id,
		.role_count = 1,
		.purpose = registers->purposes[asker->purpose].id,
		.in_caseload = (bits >> KP_FACT_IN_CASELOAD & 1) != 0,
		.has_case = (bits >> KP_FACT_HAS_CASE & 1) != 0,
		.case_id = (bits >> KP_FACT_CASE_NAMED & 1) != 0 ? KP_SLICE("z")
								 : (struct kp_slice){0},
		.reason_given = (bits >> KP_FACT_REASON_GIVEN & 1) != 0,
		.opted_out = (bits >> KP_FACT_OPTED_OUT & 1) != 0,
		.self = (bits >> KP_FACT_SELF & 1) != 0,
		.now_ms = asker->now_ms};
}

static bool
decided(const struct kp_decision *decision, const struct kp_field *field)
{
	for (uint32_t i = 0; i < field->cell_count; i++) {
		if (kp_bits_has(decision->cells, field->first_cell + i)) {
			return true;
		}
	}
	return false;
}

/* All combinations of facts for one asker. Answers how many fields were compared. */
static size_t
compare(const struct kp_policy_view *view)
{
	const struct kp_bundle *bundle = view->bundle;
	size_t compared = 0;
	for (unsigned bits = 0; bits < KP_FACT_COMBINATIONS; bits++) {
		struct kp_facts facts = facts_of(&view->asker, &bundle->registers, bits);
		struct kp_decision decision;
		struct kp_arena arena;
		kp_arena_init(&arena, (size_t)64 << 20, NULL);
		assert_int_equal(
			kp_bundle_decide(bundle, &facts, &arena, &decision), KP_OK);
		bool admitted = (view->admitted >> bits & 1) != 0;
		for (uint32_t i = 0; i < bundle->catalogue->field_count; i++) {
			const struct kp_policy_access *access = &view->fields[i];
			bool always = admitted && (access->always >> bits & 1) != 0;
			bool ever = admitted && (access->ever >> bits & 1) != 0;
			bool permitted =
				decided(&decision, &bundle->catalogue->fields[i]);
			assert_true(permitted ? ever : !always);
			if (!access->general) {
				assert_int_equal(permitted, ever);
			}
			compared++;
		}
		kp_arena_deinit(&arena);
	}
	return compared;
}

static size_t
compare_purpose(const struct kp_bundle *bundle, uint32_t purpose)
{
	const struct kp_registers *registers = &bundle->registers;
	size_t compared = 0;
	for (int action = 0; action < KP_ACTION_COUNT; action++) {
		for (uint32_t role = 0; role < registers->role_count; role++) {
			for (uint32_t i = 0; i < registers->organisation_count; i += 3) {
				const struct kp_policy_asker asker = {
					.action = (enum kp_action)action,
					.role = role,
					.purpose = purpose,
					.organisation = i,
					.now_ms = NOW_MS};
				struct kp_policy_view view;
				struct kp_arena arena;
				kp_arena_init(&arena, (size_t)16 << 20, NULL);
				assert_int_equal(
					kp_policy_view(&arena, bundle, &asker, &view),
					KP_OK);
				compared += compare(&view);
				kp_arena_deinit(&arena);
			}
		}
	}
	return compared;
}

static void
view_and_decision_agree(void **state)
{
	(void)state;
	struct kp_policy_set set;
	size_t compared = 0;
	kp_policy_set_begin(&set);
	assert_true(kp_policy_set_load(&set, SHIPPED, NOW_MS, true));
	for (uint32_t i = 0; i < set.bundle->registers.purpose_count; i += 2) {
		compared += compare_purpose(set.bundle, i);
	}
	assert_true(compared > 1000000);
	kp_policy_set_end(&set);
}

static void
assert_words(uint64_t combinations, uint64_t admitted, const char *expected)
{
	struct kp_arena arena;
	struct kp_buffer out;
	kp_arena_init(&arena, 1 << 20, NULL);
	kp_buffer_init(&out, &arena, 1 << 16);
	kp_policy_words_facts(&out, combinations, admitted, true);
	kp_buffer_add_char(&out, '\0');
	assert_string_equal(out.data, expected);
	kp_arena_deinit(&arena);
}

/* Combinations in which a fact holds. */
static uint64_t
holds(enum kp_fact fact)
{
	uint64_t set = 0;
	for (unsigned i = 0; i < KP_FACT_COMBINATIONS; i++) {
		set |= (uint64_t)(i >> fact & 1) << i;
	}
	return set;
}

static void
conditions_are_told_in_few_words(void **state)
{
	(void)state;
	uint64_t named = holds(KP_FACT_CASE_NAMED);
	uint64_t open = holds(KP_FACT_HAS_CASE);
	uint64_t self = holds(KP_FACT_SELF);
	assert_words(0, UINT64_MAX, "");
	assert_words(UINT64_MAX, UINT64_MAX, "");
	assert_words(open, UINT64_MAX, "an open case");
	assert_words(~open, UINT64_MAX, "no open case");
	assert_words(open & named, UINT64_MAX, "an open case and the case is named");
	assert_words(open | named, UINT64_MAX, "an open case, or the case is named");
	/* What cannot be is not told. */
	assert_words(open & ~self, ~self, "an open case");
	assert_words(~self, ~self, "");
	assert_words((open & named) | self, UINT64_MAX,
		"the question is about the asker, or an open case and the case is named");
}

/* Every rule's conjuncts together say what the rule says. */
static void
conjuncts_add_up_to_the_rule(void **state)
{
	(void)state;
	struct kp_policy_set set;
	kp_policy_set_begin(&set);
	assert_true(kp_policy_set_load(&set, SHIPPED, NOW_MS, true));
	const struct kp_bundle *bundle = set.bundle;
	size_t satisfied = 0;
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		struct kp_policy_conjuncts conjuncts;
		assert_int_equal(kp_policy_take_apart(&set.arena, bundle,
					 &bundle->rules.rules[i], &conjuncts),
			KP_OK);
		for (unsigned bits = 0; bits < KP_FACT_COMBINATIONS; bits += 3) {
			const struct kp_policy_asker asker = {.role = i % 10,
				.purpose = i % bundle->registers.purpose_count,
				.organisation = bits % 7,
				.now_ms = NOW_MS};
			struct kp_facts facts =
				facts_of(&asker, &bundle->registers, bits);
			struct kp_decision decision;
			struct kp_asking asking;
			assert_int_equal(
				kp_bundle_decide(bundle, &facts, &set.arena, &decision),
				KP_OK);
			if (decision.refusal != KP_REFUSAL_NONE) {
				continue;
			}
			kp_asking_init(&asking, bundle, decision.detail, &set.arena);
			kp_policy_weigh(&conjuncts, &asking,
				bits % bundle->catalogue->cell_count);
			assert_int_equal(
				conjuncts.truth == KP_TRUTH_TRUE, conjuncts.failing == 0);
			satisfied += conjuncts.failing == 0 ? 1 : 0;
		}
	}
	assert_true(satisfied > 0);
	kp_policy_set_end(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(view_and_decision_agree),
		cmocka_unit_test(conditions_are_told_in_few_words),
		cmocka_unit_test(conjuncts_add_up_to_the_rule),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
