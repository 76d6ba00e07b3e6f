/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_proofs: the table of proofs, from several threads at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "identity/proofs.h"

#define THREADS 4u
#define PROOFS 5000u
#define ROOM 256u

static struct kp_proofs *proofs;
static atomic_uint taken[PROOFS];

static void
id_of(unsigned number, unsigned char id[KP_SHA256_BYTES])
{
	memset(id, 0, KP_SHA256_BYTES);
	memcpy(id, &number, sizeof(number));
}

/* Everybody shows all of them. */
static void *
show_all(void *argument)
{
	struct kp_proofs *own = argument;
	for (unsigned i = 0; i < PROOFS; i++) {
		unsigned char id[KP_SHA256_BYTES];
		id_of(i, id);
		enum kp_token_fault fault = kp_proofs_take(own, id, i / 10, 10000);
		if (fault == KP_TOKEN_GOOD) {
			atomic_fetch_add(&taken[i], 1);
		}
	}
	kp_proofs_unref(&own);
	return NULL;
}

static void
each_is_taken_by_one(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	assert_int_equal(kp_proofs_create(PROOFS, &proofs), KP_OK);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, show_all,
					 kp_proofs_ref(proofs)),
			0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		(void)pthread_join(threads[i], NULL);
	}
	for (unsigned i = 0; i < PROOFS; i++) {
		assert_int_equal(atomic_load(&taken[i]), 1);
	}
	kp_proofs_unref(&proofs);
}

/* Full is full, until the oldest is no longer fresh; then there is room for as many as
 * come.
 */
static void
room_comes_back(void **state)
{
	(void)state;
	unsigned char id[KP_SHA256_BYTES];
	assert_int_equal(kp_proofs_create(ROOM, &proofs), KP_OK);
	for (unsigned i = 0; i < ROOM; i++) {
		id_of(i, id);
		assert_int_equal(kp_proofs_take(proofs, id, 0, 10), KP_TOKEN_GOOD);
	}
	id_of(ROOM, id);
	assert_int_equal(kp_proofs_take(proofs, id, 9, 10), KP_TOKEN_BUSY);
	for (unsigned i = ROOM; i < 3 * ROOM; i++) {
		id_of(i, id);
		int64_t now_s = i < 2 * ROOM ? 10 : 20;
		assert_int_equal(kp_proofs_take(proofs, id, now_s, 10), KP_TOKEN_GOOD);
		assert_int_equal(
			kp_proofs_take(proofs, id, now_s, 10), KP_TOKEN_PROOF_AGAIN);
	}
	kp_proofs_unref(&proofs);
	assert_null(proofs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_taken_by_one),
		cmocka_unit_test(room_comes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
