/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_quota: over any stretch of time nobody gets more than the burst plus the rate, on
 * a clock of the test's own and from many threads at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "quota.h"

#define SECOND_US ((uint64_t)1000000)
#define THREADS 4

static struct kp_quota *quota;
static uint64_t random_state = 88172645463325252u;

/* xorshift: the same row every run. */
static uint64_t
draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static int
set_up(void **state)
{
	(void)state;
	assert_int_equal(kp_quota_create(1024, &quota, NULL), KP_OK);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	kp_quota_destroy(&quota);
	assert_null(quota);
	return 0;
}

static struct kp_quota_claim
claim_of(const char *name, uint32_t count, uint32_t window_s, uint32_t burst)
{
	return (struct kp_quota_claim){
		.policy = KP_QUOTA_EMPLOYEE,
		.key = kp_quota_key(
			KP_QUOTA_EMPLOYEE, KP_SLICE("1"), kp_slice_from(name)),
		.count = count,
		.window_s = window_s,
		.burst = burst,
		.cost = 1,
	};
}

static bool
take(const struct kp_quota_claim *claim, uint64_t now_us, struct kp_quota_state *state)
{
	size_t refused;
	return kp_quota_take(quota, claim, 1, now_us, state, &refused) == KP_QUOTA_TAKEN;
}

static void
a_burst_and_then_the_rate(void **state)
{
	(void)state;
	const struct kp_quota_claim claim = claim_of("jansen", 60, 60, 3);
	struct kp_quota_state standing;
	uint64_t now_us = 1000 * SECOND_US;
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(take(&claim, now_us, &standing));
		assert_int_equal(standing.left, 2 - i);
		assert_int_equal(standing.reset_s, i + 1);
	}
	assert_false(take(&claim, now_us, &standing));
	assert_int_equal(standing.left, 0);
	assert_int_equal(standing.retry_s, 1);
	assert_false(take(&claim, now_us + SECOND_US - 1, &standing));
	assert_true(take(&claim, now_us + SECOND_US, &standing));
	assert_false(take(&claim, now_us + SECOND_US, &standing));
	/* Who waits long enough has the whole burst again, and no more. */
	now_us += 3600 * SECOND_US;
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(take(&claim, now_us, &standing));
	}
	assert_false(take(&claim, now_us, &standing));
}

static void
never_more_than_burst_and_rate(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "r%u", round);
		uint32_t count = 1 + (uint32_t)draw(500);
		uint32_t window_s = 1 + (uint32_t)draw(3600);
		uint32_t burst = 1 + (uint32_t)draw(50);
		struct kp_quota_claim claim = claim_of(name, count, window_s, burst);
		struct kp_quota_state standing;
		uint64_t start_us = 5000 * SECOND_US + draw(1000) * SECOND_US;
		uint64_t now_us = start_us;
		uint64_t taken = 0;
		for (unsigned i = 0; i < 400; i++) {
			now_us += draw(2) == 0 ? 0
					       : draw((uint64_t)window_s * SECOND_US / 4);
			claim.cost = 1 + (uint32_t)draw(3);
			taken += take(&claim, now_us, &standing) ? claim.cost : 0;
			assert_true(standing.left <= burst);
			/* Rounded up: a token is a whole number of nanoseconds. */
			double most = (double)burst +
				(double)(now_us - start_us) / 1e6 * count / window_s *
					1.0001 +
				0.0001;
			assert_true((double)taken <= most);
		}
	}
}

static void
who_keeps_to_the_rate_is_never_refused(void **state)
{
	(void)state;
	const struct kp_quota_claim claim = claim_of("rustig", 7, 60, 1);
	struct kp_quota_state standing;
	uint64_t now_us = SECOND_US;
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(take(&claim, now_us, &standing));
		now_us += 60 * SECOND_US / 7 + 1;
	}
}

static void
all_or_none(void **state)
{
	(void)state;
	struct kp_quota_claim claims[] = {
		claim_of("een", 60, 60, 10),
		claim_of("twee", 60, 60, 10),
		claim_of("drie", 60, 60, 1),
	};
	struct kp_quota_state standing[3];
	size_t refused = 9;
	uint64_t now_us = SECOND_US;
	assert_int_equal(kp_quota_take(quota, claims, 3, now_us, standing, &refused),
		KP_QUOTA_TAKEN);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(
			kp_quota_take(quota, claims, 3, now_us, standing, &refused),
			KP_QUOTA_SPENT);
		assert_int_equal(refused, 2);
	}
	assert_true(kp_quota_has(quota, &claims[0], now_us, &standing[0]));
	assert_int_equal(standing[0].left, 9);
	assert_true(kp_quota_has(quota, &claims[1], now_us, &standing[1]));
	assert_int_equal(standing[1].left, 9);
}

static void
a_cost_above_the_bucket_is_refused(void **state)
{
	(void)state;
	struct kp_quota_claim claim = claim_of("duur", 60, 60, 5);
	struct kp_quota_state standing;
	claim.cost = 6;
	assert_false(take(&claim, SECOND_US, &standing));
	claim.cost = 5;
	assert_true(take(&claim, SECOND_US, &standing));
	claim.cost = 0;
	assert_true(take(&claim, SECOND_US, &standing));
	claim.cost = 5;
	assert_false(take(&claim, SECOND_US, &standing));
	assert_int_equal(standing.retry_s, 5);
}

/* What cannot be counted is refused, and room comes back by itself. */
static void
a_full_table_refuses(void **state)
{
	(void)state;
	struct kp_quota_state standing;
	size_t refused;
	unsigned taken = 0;
	unsigned full = 0;
	for (unsigned i = 0; i < 20000; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "v%u", i);
		const struct kp_quota_claim claim = claim_of(name, 1, 60, 1);
		enum kp_quota_verdict verdict =
			kp_quota_take(quota, &claim, 1, SECOND_US, &standing, &refused);
		assert_true(verdict != KP_QUOTA_SPENT);
		taken += verdict == KP_QUOTA_TAKEN ? 1 : 0;
		full += verdict == KP_QUOTA_FULL ? 1 : 0;
	}
	assert_true(taken <= 1024 && taken > 900);
	assert_int_equal(taken + full, 20000);
	assert_int_equal(kp_quota_used(quota, SECOND_US), taken);
	const struct kp_quota_claim late = claim_of("laat", 1, 60, 1);
	assert_int_equal(kp_quota_used(quota, 61 * SECOND_US), 0);
	assert_true(take(&late, 61 * SECOND_US, &standing));
	assert_int_equal(kp_quota_used(quota, 61 * SECOND_US), 1);
}

static void
keys_tell_apart_what_is_apart(void **state)
{
	(void)state;
	uint64_t key = kp_quota_key(KP_QUOTA_EMPLOYEE, KP_SLICE("12"), KP_SLICE("3"));
	assert_true(
		key != kp_quota_key(KP_QUOTA_EMPLOYEE, KP_SLICE("1"), KP_SLICE("23")));
	assert_true(key != kp_quota_key(KP_QUOTA_PURPOSE, KP_SLICE("12"), KP_SLICE("3")));
	assert_true(
		key == kp_quota_key(KP_QUOTA_EMPLOYEE, KP_SLICE("12"), KP_SLICE("3")));
	assert_true(kp_quota_address_key("2001:db8:1:2::1:4000") ==
		kp_quota_address_key("2001:db8:1:2:ffff::9:4001"));
	assert_true(kp_quota_address_key("2001:db8:1:2::1:4000") !=
		kp_quota_address_key("2001:db8:1:3::1:4000"));
	assert_true(
		kp_quota_address_key("192.0.2.1") != kp_quota_address_key("192.0.2.2"));
	char longer[2000];
	memset(longer, 'a', sizeof(longer));
	(void)kp_quota_key(KP_QUOTA_PURPOSE, (struct kp_slice){longer, sizeof(longer)},
		(struct kp_slice){longer, sizeof(longer)});
}

static void
so_many_at_a_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(kp_quota_enter(quota, 77, 3), KP_QUOTA_TAKEN);
	}
	assert_int_equal(kp_quota_enter(quota, 77, 3), KP_QUOTA_SPENT);
	assert_int_equal(kp_quota_enter(quota, 78, 3), KP_QUOTA_TAKEN);
	kp_quota_leave(quota, 77);
	assert_int_equal(kp_quota_enter(quota, 77, 3), KP_QUOTA_TAKEN);
	for (unsigned i = 0; i < 3; i++) {
		kp_quota_leave(quota, 77);
	}
	kp_quota_leave(quota, 78);
}

/* Threads as loops: one bucket, one clock that they share, and the places in work. */
static atomic_uint taken_by_all;
static atomic_uint most_in_work;
static atomic_uint in_work;

static void *
ask_and_ask(void *context)
{
	(void)context;
	const struct kp_quota_claim claims[] = {
		claim_of("samen", 1000, 60, 100), claim_of("wijd", 1000000, 60, 100000)};
	for (unsigned i = 0; i < 5000; i++) {
		struct kp_quota_state standing[2];
		size_t refused;
		if (kp_quota_take(quota, claims, 2, SECOND_US, standing, &refused) ==
			KP_QUOTA_TAKEN) {
			atomic_fetch_add(&taken_by_all, 1);
		}
		if (kp_quota_enter(quota, 99, 2) == KP_QUOTA_TAKEN) {
			unsigned now = atomic_fetch_add(&in_work, 1) + 1;
			unsigned most = atomic_load(&most_in_work);
			while (now > most &&
				!atomic_compare_exchange_weak(
					&most_in_work, &most, now)) {
			}
			atomic_fetch_sub(&in_work, 1);
			kp_quota_leave(quota, 99);
		}
	}
	return NULL;
}

static void
loops_share_one_bucket(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	atomic_store(&taken_by_all, 0);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, ask_and_ask, NULL), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	assert_int_equal(atomic_load(&taken_by_all), 100);
	assert_true(atomic_load(&most_in_work) >= 1 && atomic_load(&most_in_work) <= 2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_burst_and_then_the_rate),
		TEST(never_more_than_burst_and_rate),
		TEST(who_keeps_to_the_rate_is_never_refused),
		TEST(all_or_none),
		TEST(a_cost_above_the_bucket_is_refused),
		TEST(a_full_table_refuses),
		TEST(keys_tell_apart_what_is_apart),
		TEST(so_many_at_a_time),
		TEST(loops_share_one_bucket),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
