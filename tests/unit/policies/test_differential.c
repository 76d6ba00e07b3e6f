/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * The compiled table against the general evaluator: random rules of everything the schema
 * allows, also such that overflow or refuse their argument, times random requests. Every
 * cell must come out the same, by our own loop over the rules and by kp_cedar_authorize.
 *
 * KP_DIFFERENTIAL_SETS sets how many rule sets are tried, KP_DIFFERENTIAL_SEED where the
 * random numbers begin.
 */
#include "random_rules.h"

#define SETS_DEFAULT 500
#define REQUESTS_PER_SET 40
#define RULES_MAX 24

/* A set of random rules that loads: those that do not check are taken out. */
static void
make_set(struct dice *dice, struct set *set)
{
	small_begin(set);
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &set->arena, (size_t)1 << 20);
	struct writer writer = {dice, &buffer};
	unsigned count = 2 + roll(dice, RULES_MAX - 1);
	for (unsigned i = 0; i < count; i++) {
		write_rule(&writer, i);
	}
	kp_buffer_add_char(&buffer, '\0');
	assert_false(buffer.failed);
	set_file(set, "regels/r.cedar", buffer.data);
	set_load(set, 1);
	for (int tries = 0; set->status == KP_E_CONFIG && tries < 10; tries++) {
		assert_true(drop_bad_rules(set, buffer.data));
		kp_findings_deinit(&set->findings);
		kp_findings_init(&set->findings, 50);
		set_load(set, 1);
	}
	if (set->status != KP_OK) {
		set_print_findings(set);
	}
	assert_int_equal(set->status, KP_OK);
}

/* Cedar's own authorizer over the rules that are not overdue. */
static bool
authorize(const struct kp_bundle *bundle, struct kp_asking *asking,
	struct kp_arena *arena, uint32_t cell)
{
	struct kp_cedar_policy_set set;
	kp_cedar_policy_set_init(&set, arena);
	for (uint32_t i = 0; i < bundle->rules.count; i++) {
		const struct kp_rule *rule = &bundle->rules.rules[i];
		if (rule->policy->effect == KP_CEDAR_FORBID ||
			asking->detail->now_ms < rule->review_ms) {
			assert_int_equal(
				kp_cedar_policy_list_add(&set.policies, rule->policy),
				KP_OK);
		}
	}
	struct kp_cedar_request request = asking->request;
	request.resource = bundle->model.cells[cell];
	struct kp_cedar_decision decision;
	struct kp_error err;
	assert_int_equal(kp_cedar_authorize(&set, &request, &asking->entities,
				 KP_CEDAR_FAIL_CLOSED, arena, &decision, &err),
		KP_OK);
	return decision.allow;
}

struct tally {
	uint64_t decisions;
	uint64_t permitted;
	uint64_t cells;
	uint64_t general_conditions;
	uint64_t rules;
};

/* Reasons asked for all at once are those asked for singly. */
static void
compare_reasons(const struct kp_bundle *bundle, const struct kp_decision *decision,
	struct kp_arena *arena)
{
	uint32_t words = bundle->catalogue->cell_words;
	uint32_t count = bundle->catalogue->cell_count;
	uint64_t *refused = KP_ARENA_ARRAY(arena, uint64_t, words);
	assert_non_null(refused);
	for (uint32_t cell = 0; cell < count; cell++) {
		if (!kp_bits_has(decision->cells, cell)) {
			kp_bits_set(refused, cell);
		}
	}
	struct kp_reasons reasons;
	assert_int_equal(
		kp_bundle_reasons(bundle, decision, refused, arena, &reasons), KP_OK);
	for (uint32_t cell = 0; cell < count; cell++) {
		if (kp_bits_has(refused, cell)) {
			struct kp_reason single;
			kp_bundle_reason(bundle, decision, cell, &single);
			const struct kp_reason *of = &reasons.list[reasons.of_cell[cell]];
			assert_int_equal(of->code, single.code);
			assert_true(kp_slice_equal(of->rule, single.rule));
		}
	}
}

static void
compare_one(const struct kp_bundle *bundle, const struct kp_facts *request_facts,
	struct tally *tally)
{
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	struct kp_decision decision;
	assert_int_equal(
		kp_bundle_decide(bundle, request_facts, &arena, &decision), KP_OK);
	assert_int_not_equal(decision.refusal, KP_REFUSAL_ERROR);
	compare_reasons(bundle, &decision, &arena);
	tally->decisions++;
	if (decision.refusal != KP_REFUSAL_NONE) {
		assert_false(decision.any);
		assert_false(kp_bits_any(decision.cells, bundle->catalogue->cell_words));
		kp_arena_deinit(&arena);
		return;
	}
	struct kp_asking asking;
	kp_asking_init(&asking, bundle, decision.detail, &arena);
	for (uint32_t cell = 0; cell < bundle->catalogue->cell_count; cell++) {
		bool compiled = kp_bits_has(decision.cells, cell);
		assert_int_equal(kp_asking_permits(&asking, cell), compiled);
		if (asking.ready) {
			assert_int_equal(
				authorize(bundle, &asking, &arena, cell), compiled);
		}
		struct kp_reason reason;
		kp_bundle_reason(bundle, &decision, cell, &reason);
		assert_int_equal(reason.code == KP_REFUSAL_NONE, compiled);
		assert_true(reason.text.len > 0 && reason.text_en.len > 0);
		tally->permitted += compiled ? 1 : 0;
		tally->cells++;
	}
	kp_arena_deinit(&arena);
}

static unsigned
number_from_environment(const char *name, unsigned fallback)
{
	const char *text = getenv(name);
	return text == NULL ? fallback : (unsigned)strtoul(text, NULL, 10);
}

static void
says_what_the_evaluator_says(void **state)
{
	(void)state;
	unsigned sets = number_from_environment("KP_DIFFERENTIAL_SETS", SETS_DEFAULT);
	unsigned seed = number_from_environment("KP_DIFFERENTIAL_SEED", 1);
	struct tally tally = {0};
	for (unsigned i = 0; i < sets; i++) {
		struct dice dice = {((uint64_t)(seed + i) << 20) + 88172645463325252u};
		struct set set;
		make_set(&dice, &set);
		tally.general_conditions += set.bundle->compiled.condition_count;
		tally.rules += set.bundle->rules.count;
		for (int j = 0; j < REQUESTS_PER_SET; j++) {
			struct kp_slice role_list[2];
			struct kp_facts request_facts;
			make_facts(&dice, role_list, &request_facts);
			compare_one(set.bundle, &request_facts, &tally);
		}
		uint64_t checked;
		uint64_t different;
		kp_bundle_shadow_counts(set.bundle, &checked, &different);
		assert_int_equal(different, 0);
		set_end(&set);
	}
	print_message("%u sets, %llu rules, %llu conditions that need the request, "
		      "%llu decisions, %llu cells, %llu permitted, 0 different\n",
		sets, (unsigned long long)tally.rules,
		(unsigned long long)tally.general_conditions,
		(unsigned long long)tally.decisions, (unsigned long long)tally.cells,
		(unsigned long long)tally.permitted);
	/* A generator that permits nothing, or everything, compares nothing. */
	assert_true(tally.permitted > tally.cells / 100);
	assert_true(tally.permitted < tally.cells / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_the_evaluator_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
