/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * test_tls_memory: each allocation of a connection over TLS fails once, OpenSSL's own
 * among them. The connection may end; nothing else may, and the next one is served.
 */
#include <stdatomic.h>

#include "io/runtime.h"
#include "tls_rig.h"

#define EVERY 29u /* of the allocations; all of them take a minute */

/* Of the loop's thread alone: which allocation from now on fails. 0: none. */
static _Thread_local unsigned countdown;
static atomic_uint wanted;
static atomic_bool came;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static bool
fails(void)
{
	if (countdown == 0 || --countdown > 0) {
		return false;
	}
	atomic_store(&came, true);
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

static void
arm(struct kp_task *task)
{
	struct rig *rig = KP_CONTAINER_OF(task, struct rig, task);
	RIG_NOTE(rig, rig->task_done = true);
	countdown = atomic_load(&wanted);
}

static void
each_allocation_may_fail(void **state)
{
	(void)state;
	for (int resume = 0; resume < 2; resume++) {
		struct rig rig;
		struct rig_tls tls;
		struct kp_tls_tickets *tickets = NULL;
		struct kp_error err;
		assert_int_equal(kp_tls_tickets_create(&tickets, &err), KP_OK);
		rig_tls_defaults(&tls, KP_TLS_CLIENTS_REQUIRED);
		tls.options.tickets = tickets;
		rig_start(&rig, rig_server(&tls));
		rig_listen(&rig);
		struct rig_client first = rig_client(&rig, "client");
		assert_true(rig_hello(&first));
		SSL_SESSION *session = SSL_get1_session(first.ssl);
		(void)SSL_shutdown(first.ssl);
		rig_client_close(&first);
		unsigned survived = 0;
		atomic_store(&came, true);
		for (unsigned n = 1; atomic_load(&came); n += EVERY) {
			atomic_store(&wanted, n);
			atomic_store(&came, false);
			rig_on_loop(&rig, arm);
			struct rig_client client = rig_client(&rig, "client");
			if (resume) {
				(void)SSL_set_session(client.ssl, session);
			}
			(void)rig_hello(&client);
			rig_client_close(&client);
			atomic_store(&wanted, 0);
			rig_on_loop(&rig, arm);
			survived++;
		}
		print_message("%u connections, each without one allocation\n", survived);
		assert_true(survived > 50);
		struct rig_client last = rig_client(&rig, "client");
		assert_true(rig_hello(&last));
		assert_string_equal(rig.seen.oin, OIN);
		rig_client_close(&last);
		rig_stop(&rig);
		SSL_SESSION_free(session);
		kp_tls_tickets_destroy(&tickets);
	}
}

static int
set_up(void **state)
{
	struct kp_error err;
	/* OpenSSL allocates through ours, so that its allocations are counted too. */
	return kp_runtime_prepare(&err) != KP_OK || rig_make_authority(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, set_up, rig_remove_authority);
}
