/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_listener: a rush of connections is accepted in turns of the loop. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/runtime.h"
#include "io/stream.h"

#define CLIENTS 10u
#define PER_TURN 3u

static struct kp_loop *loop;
static struct kp_listener *listener;
static uint64_t turn;
static unsigned accepted;
static unsigned accepted_in_turn;
static unsigned most_in_turn;

static void *
on_accept(void *context, struct kp_stream *stream,
	const struct kp_stream_handler **ret_handler)
{
	(void)context;
	(void)stream;
	(void)ret_handler;
	if (turn != kp_loop_turn(loop)) {
		turn = kp_loop_turn(loop);
		accepted_in_turn = 0;
	}
	accepted_in_turn++;
	most_in_turn = accepted_in_turn > most_in_turn ? accepted_in_turn : most_in_turn;
	if (++accepted == CLIENTS) {
		kp_listener_close(&listener);
		kp_loop_stop(loop);
	}
	return NULL; /* it is closed */
}

static void
connections_are_accepted_in_turns(void **state)
{
	(void)state;
	int clients[CLIENTS];
	const struct kp_listener_options options = {.host = "127.0.0.1",
		.backlog = 64,
		.streams_max = 100,
		.accepts_per_turn = PER_TURN,
		.on_accept = on_accept};
	assert_int_equal(kp_runtime_prepare(NULL), KP_OK);
	assert_int_equal(kp_loop_create(0, &loop, NULL), KP_OK);
	assert_int_equal(kp_listener_open(loop, &options, &listener, NULL), KP_OK);
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(kp_listener_port(listener)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(clients[i], (const struct sockaddr *)&address,
					 sizeof(address)),
			0);
	}
	kp_loop_run(loop);
	assert_int_equal(accepted, CLIENTS);
	assert_int_equal(most_in_turn, PER_TURN);
	for (unsigned i = 0; i < CLIENTS; i++) {
		(void)close(clients[i]);
	}
	kp_loop_destroy(&loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_accepted_in_turns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
