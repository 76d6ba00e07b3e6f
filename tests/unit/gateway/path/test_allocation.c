/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Every single allocation of a dossier query fails once. The linker puts the functions
 * below in front of malloc's family (-Wl,--wrap); a query is run with the nth allocation
 * failing, for n = 1, 2, … until one run needs fewer. Each must end in an answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/path_rig.h"

#define ROUNDS_MAX 2000u

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

static unsigned fail_at; /* 0: none; else counts down to the one that fails */
static bool failed;

static bool
is_the_one(void)
{
	if (fail_at == 0 || --fail_at > 0) {
		return false;
	}
	failed = true;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return is_the_one() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return is_the_one() ? NULL : __real_calloc(count, size);
}

/* The stand-in client collects what it got with this; it is no part of the query. */
void *
__wrap_realloc(void *block, size_t size)
{
	return __real_realloc(block, size);
}

static const struct kp_fake_grant grants[] = {
	{"vrij", "consulent", KP_ACTION_READ, "persoon,uitkeringen,voertuigen", false},
};

/* True when an allocation failed in this round. */
static bool
run_round(const char *accept, const char *body, unsigned at)
{
	struct kp_rig rig;
	kp_rig_init(&rig, grants, KP_ARRAY_LEN(grants));
	rig.partners[KP_RIG_GEMEENTE].repeat = 100;
	kp_rig_header(&rig, "Accept", accept);
	kp_rig_open(&rig);
	failed = false;
	rig.client.headers = rig.headers;
	rig.client.body = kp_slice_from(body);
	struct kp_exchange *exchange = kp_fake_exchange_open(&rig.client, rig.loop);
	fail_at = at;
	kp_request_accept(exchange, rig.view);
	kp_fake_loop_advance(rig.loop, (uint64_t)60 * 1000000);
	fail_at = 0;
	assert_true(rig.client.finished);
	assert_true(rig.client.complete);
	assert_true(failed || rig.client.status != 503);
	kp_rig_close(&rig);
	return failed;
}

static void
fail_each(const char *accept, const char *body)
{
	unsigned round = 1;
	while (run_round(accept, body, round)) {
		round++;
		assert_true(round < ROUNDS_MAX);
	}
	assert_true(round > 1);
}

static void
test_dossier(void **state)
{
	(void)state;
	static const char body[] =
		"{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"vrij\"}";
	fail_each("application/json", body);
	fail_each("application/x-ndjson", body);
	fail_each("text/event-stream", body);
}

static void
test_refusal(void **state)
{
	(void)state;
	fail_each("application/json", "{\"burgerservicenummer\":1,\"iets\":\"\\u0041\"}");
	fail_each("application/json", "{");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dossier),
		cmocka_unit_test(test_refusal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
