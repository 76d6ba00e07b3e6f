/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_upstream_time: calls that last, wait, are cancelled or share connections. */
#include "upstream_rig.h"

static void
time_limits(void **state)
{
	(void)state;
	struct call slow = {.request.timeout_ms = 100};
	ask(&slow, "/slow");
	assert_int_equal(slow.status, KP_E_TIMEOUT);
	assert_in_range(slow.timing.total_us, 95000, 290000);
	/* Waiting for a connection counts. */
	struct world world;
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	options.connections_max = 1;
	open_world_with(&world, &options);
	struct call first = {0};
	struct call second = {.request.timeout_ms = 100};
	start(&world, &first, "/slow");
	start(&world, &second, "/ok");
	kp_loop_run(world.loop);
	assert_int_equal(first.status, KP_OK);
	assert_int_equal(second.status, KP_E_TIMEOUT);
	assert_int_equal(second.heads, 0);
	close_world(&world);
}

static void
unreachable_partners(void **state)
{
	(void)state;
	struct world world;
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	options.endpoint = KP_SLICE("http://127.0.0.1:1");
	open_world_with(&world, &options);
	struct call call = {0};
	run_one(&world, &call, "/");
	assert_int_equal(call.status, KP_E_SOURCE_UNREACHABLE);
	close_world(&world);
	/* A listener that is never accepted from, with a full queue: no handshake. */
	int silent = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(silent, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(silent, 0), 0);
	(void)getsockname(silent, (struct sockaddr *)&in, &len);
	int fill[4];
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&in, len);
	}
	(void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u",
		(unsigned)ntohs(in.sin_port));
	options.endpoint = kp_slice_from(endpoint);
	options.connect_timeout_ms = 100;
	open_world_with(&world, &options);
	struct call stuck = {0};
	run_one(&world, &stuck, "/");
	assert_int_equal(stuck.status, KP_E_SOURCE_UNREACHABLE);
	assert_in_range(stuck.timing.total_us, 95000, 1000000);
	close_world(&world);
	for (int i = 0; i < 4; i++) {
		(void)close(fill[i]);
	}
	(void)close(silent);
}

static void
cancel_at_any_time(void **state)
{
	(void)state;
	struct call head = {.cancel_in_head = true};
	ask(&head, "/ok");
	assert_int_equal(head.status, KP_E_CANCELLED);
	struct call body = {.cancel_in_body = true};
	ask(&body, "/ok");
	assert_int_equal(body.status, KP_E_CANCELLED);
	/* At once, twice; the completion still comes later. */
	struct world world;
	open_world(&world);
	struct call now = {0};
	start(&world, &now, "/ok");
	kp_upstream_cancel(now.running);
	kp_upstream_cancel(now.running);
	assert_int_equal(now.dones, 0);
	kp_loop_run(world.loop);
	assert_int_equal(now.dones, 1);
	assert_int_equal(now.status, KP_E_CANCELLED);
	/* The connection pool is whole after that. */
	struct call after = {0};
	run_one(&world, &after, "/ok");
	assert_int_equal(after.status, KP_OK);
	close_world(&world);
}

struct canceller {
	struct kp_timer timer;
	struct world *world;
	struct call *call;
};

static void
on_cancel_timer(struct kp_timer *timer)
{
	struct canceller *canceller = KP_CONTAINER_OF(timer, struct canceller, timer);
	if (canceller->call->dones == 0) {
		kp_upstream_cancel(canceller->call->running);
	}
}

static void
cancel_after_each_delay(void **state)
{
	(void)state;
	struct world world;
	open_world(&world);
	for (uint64_t delay_us = 10; delay_us < 4000; delay_us += 130) {
		struct call call = {0};
		struct canceller canceller = {
			.timer.fire = on_cancel_timer, .world = &world, .call = &call};
		start(&world, &call, delay_us % 3 == 0 ? "/slow" : "/ok");
		kp_timer_start(world.loop, &canceller.timer, delay_us);
		kp_loop_run(world.loop);
		assert_int_equal(call.dones, 1);
		assert_true(call.status == KP_OK || call.status == KP_E_CANCELLED);
		kp_timer_stop(world.loop, &canceller.timer);
	}
	close_world(&world);
}

static void
destroy_cancels(void **state)
{
	(void)state;
	struct world world;
	open_world(&world);
	struct call calls[10] = {0};
	for (int i = 0; i < 10; i++) {
		start(&world, &calls[i], "/slow");
	}
	kp_upstream_destroy(&world.upstream);
	kp_upstream_target_close(&world.target);
	kp_loop_run(world.loop);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(calls[i].dones, 1);
		assert_int_equal(calls[i].status, KP_E_CANCELLED);
	}
	kp_loop_destroy(&world.loop);
}

/* The bounds hold, and what is above them is refused at once. */
static void
connections_and_queue_are_bounded(void **state)
{
	(void)state;
	struct world world;
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	options.connections_max = 3;
	options.waiting_max = 5;
	open_world_with(&world, &options);
	struct call calls[8] = {0};
	for (int i = 0; i < 8; i++) {
		start(&world, &calls[i], "/slow");
	}
	struct kp_upstream_call *ninth = NULL;
	assert_int_equal(kp_upstream_start(
				 world.target, &calls[0].request, &handler, NULL, &ninth),
		KP_E_BUSY);
	kp_loop_run(world.loop);
	int reused = 0;
	for (int i = 0; i < 8; i++) {
		assert_int_equal(calls[i].status, KP_OK);
		reused += calls[i].timing.reused;
	}
	assert_int_equal(reused, 5);
	struct kp_upstream_counts counts;
	kp_upstream_target_counts(world.target, &counts);
	assert_int_equal(counts.started, 8);
	assert_int_equal(counts.connections_opened, 3);
	assert_int_equal(counts.active, 0);
	assert_int_equal(counts.waiting, 0);
	close_world(&world);
}

/* A partner that closes idle connections costs a new connection, not an error. */
static void
connections_that_died_are_replaced(void **state)
{
	(void)state;
	struct world world;
	open_world(&world);
	for (int i = 0; i < 20; i++) {
		struct call call = {0};
		run_one(&world, &call, i % 2 == 0 ? "/thenclose" : "/onceonly");
		assert_int_equal(call.status, KP_OK);
		assert_string_equal(call.body, "ok");
		/* Turns with the dead socket readable must not spin or crash. */
		struct call wait = {.request.timeout_ms = 20};
		run_one(&world, &wait, "/slow");
		if (wait.status != KP_E_TIMEOUT) {
			fail_msg("status %d, cause %d: %s", (int)wait.status,
				wait.err.cause, wait.err.message);
		}
	}
	close_world(&world);
}

/* A kept connection that dies under a question: whoever read it may have acted on it. */
static void
what_may_be_asked_once_is(void **state)
{
	(void)state;
	for (int once = 0; once < 2; once++) {
		struct world world;
		struct call first = {0};
		struct call second = {.request = {.method = KP_SLICE("POST"),
					      .body = KP_SLICE("x"),
					      .once = once == 1}};
		open_world(&world);
		run_one(&world, &first, "/ok");
		assert_int_equal(first.status, KP_OK);
		atomic_store(&counted, 0);
		run_one(&world, &second, "/counted");
		assert_int_equal(second.status, KP_E_SOURCE);
		assert_int_equal(second.heads, 0);
		assert_int_equal(atomic_load(&counted), once == 1 ? 1 : 2);
		close_world(&world);
	}
}

static void
many_in_flight(void **state)
{
	(void)state;
	enum { COUNT = 3000 };
	struct world world;
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	options.connections_max = 40; /* more than one shard */
	options.waiting_max = COUNT;
	open_world_with(&world, &options);
	struct call *calls = calloc(COUNT, sizeof(*calls));
	for (int i = 0; i < COUNT; i++) {
		calls[i].request.timeout_ms = 30000;
		start(&world, &calls[i], "/ok");
	}
	kp_loop_run(world.loop);
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(calls[i].dones, 1);
		assert_int_equal(calls[i].status, KP_OK);
	}
	free(calls);
	close_world(&world);
}

static void
names_are_looked_up_beside_the_loop(void **state)
{
	(void)state;
	struct world world;
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	(void)snprintf(endpoint, sizeof(endpoint), "http://localhost:%u", (unsigned)port);
	options.endpoint = kp_slice_from(endpoint);
	open_world_with(&world, &options);
	struct call calls[5] = {0};
	for (int i = 0; i < 5; i++) {
		start(&world, &calls[i], "/ok");
	}
	kp_loop_run(world.loop);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(calls[i].status, KP_OK);
	}
	close_world(&world);
	/* A target that is closed while its look-up runs. */
	open_world_with(&world, &options);
	close_world(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_limits),
		cmocka_unit_test(unreachable_partners),
		cmocka_unit_test(cancel_at_any_time),
		cmocka_unit_test(cancel_after_each_delay),
		cmocka_unit_test(destroy_cancels),
		cmocka_unit_test(connections_and_queue_are_bounded),
		cmocka_unit_test(connections_that_died_are_replaced),
		cmocka_unit_test(what_may_be_asked_once_is),
		cmocka_unit_test(many_in_flight),
		cmocka_unit_test(names_are_looked_up_beside_the_loop),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
