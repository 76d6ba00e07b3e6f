/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_server: start, reload and stop of a whole server, with clients at work. */
#include "support.h"

static char out[65536];

static void
start_and_stop(void **state)
{
	(void)state;
	struct fixture fixture;
	for (unsigned loops = 1; loops <= 3; loops++) {
		struct kp_server_options options = test_options();
		options.loops = loops;
		start_server(&fixture, &options);
		ask(fixture.port,
			"GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
			out, sizeof(out));
		assert_non_null(strstr(out, "\r\n\r\n1"));
		stop_server(&fixture);
	}
}

static void
refuses_what_does_not_build(void **state)
{
	(void)state;
	struct kp_server *server = NULL;
	struct kp_error err = {0};
	struct kp_server_options options = test_options();
	memset(&notes, 0, sizeof(notes));
	atomic_store(&notes.build_fails, true);
	assert_int_equal(kp_server_create(&options, &server, &err), KP_E_CONFIG);
	assert_string_equal(err.message, "told to fail");
	assert_null(server);
	atomic_store(&notes.build_fails, false);
	options.loops = KP_SERVER_LOOPS_MAX + 1;
	assert_int_equal(kp_server_create(&options, &server, &err), KP_E_LIMIT);
	options.loops = 1;
	struct kp_server_listen wrong = {.host = "no.address", .port = 1};
	options.listens = &wrong;
	assert_int_equal(kp_server_create(&options, &server, &err), KP_E_CONFIG);
	assert_non_null(strstr(err.message, "not a numeric address"));
	struct kp_server_listen foreign = {.host = "192.0.2.1", .port = 1};
	options.listens = &foreign;
	assert_int_equal(kp_server_create(&options, &server, &err), KP_E_IO);
	assert_int_equal(atomic_load(&notes.states), 0);
}

/* Clients that ask without end, and count what they did not get. */

struct client {
	pthread_t thread;
	uint16_t port;
	atomic_bool *stop;
	unsigned answered;
	unsigned lost;
	unsigned last; /* version seen */
	bool fresh;    /* a connection for each request */
};

static bool
ask_version(struct client *client, int *fd)
{
	char text[4096];
	static const char request[] = "GET /version HTTP/1.1\r\nHost: a\r\n\r\n";
	if (*fd < 0 && (*fd = connect_to(client->port)) < 0) {
		return false;
	}
	if (send(*fd, request, sizeof(request) - 1, MSG_NOSIGNAL) <= 0 ||
		!read_answer(*fd, text, sizeof(text))) {
		return false;
	}
	unsigned version = (unsigned)strtoul(strstr(text, "\r\n\r\n") + 4, NULL, 10);
	if (version < client->last || strncmp(text, "HTTP/1.1 200", 12) != 0) {
		return false;
	}
	client->last = client->fresh ? 0 : version;
	if (client->fresh || strstr(text, "Connection: close") != NULL) {
		(void)close(*fd);
		*fd = -1;
	}
	return true;
}

static void *
client_thread(void *argument)
{
	struct client *client = argument;
	int fd = -1;
	while (!atomic_load(client->stop)) {
		if (ask_version(client, &fd)) {
			client->answered++;
		} else {
			client->lost++;
			if (fd >= 0) {
				(void)close(fd);
			}
			fd = -1;
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return NULL;
}

#define CLIENTS 8

static void
start_clients(struct client *clients, uint16_t port, atomic_bool *stop)
{
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] =
			(struct client){.port = port, .stop = stop, .fresh = i % 4 == 0};
		assert_int_equal(pthread_create(&clients[i].thread, NULL, client_thread,
					 &clients[i]),
			0);
	}
}

static unsigned
join_clients(struct client *clients, atomic_bool *stop)
{
	unsigned answered = 0;
	atomic_store(stop, true);
	for (int i = 0; i < CLIENTS; i++) {
		assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
		assert_int_equal(clients[i].lost, 0);
		answered += clients[i].answered;
	}
	return answered;
}

static void
wait_for_version(uint16_t port, unsigned version)
{
	char want[16];
	(void)snprintf(want, sizeof(want), "\r\n\r\n%u", version);
	for (int i = 0; i < 500; i++) {
		ask(port, "GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
			out, sizeof(out));
		if (strstr(out, want) != NULL) {
			return;
		}
		sleep_ms(10);
	}
	fail_msg("version %u did not come", version);
}

/* No request is lost, none goes back to an older configuration, and one that does not
 * build changes nothing. */
static void
reload_under_load(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	struct client clients[CLIENTS];
	atomic_bool stop = false;
	start_server(&fixture, &options);
	start_clients(clients, fixture.port, &stop);
	for (unsigned version = 2; version <= 12; version++) {
		assert_int_equal(kill(getpid(), SIGHUP), 0);
		wait_for_version(fixture.port, version);
		sleep_ms(50);
	}
	atomic_store(&notes.build_fails, true);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	sleep_ms(100);
	wait_for_version(fixture.port, 12);
	unsigned answered = join_clients(clients, &stop);
	assert_true(answered > 100);
	ask(fixture.port, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		out, sizeof(out));
	assert_non_null(
		strstr(out, "ketenpoort_reloads_total{outcome=\"adopted\"} 11\n"));
	assert_non_null(strstr(out, "ketenpoort_reloads_total{outcome=\"refused\"} 1\n"));
	/* Two loops, each with one state: the old ones are gone. */
	assert_int_equal(atomic_load(&notes.states), 2);
	stop_server(&fixture);
	print_message("reload: %u requests answered, 0 lost\n", answered);
}

static void
drain_finishes_what_is_in_work(void **state)
{
	(void)state;
	enum { COUNT = 20 };
	struct fixture fixture;
	struct kp_server_options options = test_options();
	options.drain_grace_ms = 100;
	start_server(&fixture, &options);
	int fds[COUNT];
	for (int i = 0; i < COUNT; i++) {
		fds[i] = connect_to(fixture.port);
		send_text(fds[i], "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	}
	sleep_ms(50);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	sleep_ms(30);
	/* Readiness is off while connections are still accepted. */
	ask(fixture.port,
		"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 503 "));
	assert_non_null(strstr(out, "stopping"));
	for (int i = 0; i < COUNT; i++) {
		(void)read_all(fds[i], out, sizeof(out));
		assert_non_null(strstr(out, " 200 "));
		assert_non_null(strstr(out, "\r\nConnection: close\r\n"));
		assert_non_null(strstr(out, "\r\n\r\nslow\n"));
		(void)close(fds[i]);
	}
	join_server(&fixture);
	assert_true(connect_to(fixture.port) < 0);
}

/* An idle connection that asks at the last moment is still answered. */
static void
drain_answers_late_requests(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	start_server(&fixture, &options);
	int fd = connect_to(fixture.port);
	send_text(fd, "GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(read_answer(fd, out, sizeof(out)));
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	sleep_ms(150);
	send_text(fd, "GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_true(read_answer(fd, out, sizeof(out)));
	assert_non_null(strstr(out, "\r\nConnection: close\r\n"));
	(void)close(fd);
	join_server(&fixture);
}

static void
drain_is_bounded(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	options.drain_timeout_ms = 150;
	options.drain_grace_ms = 10;
	start_server(&fixture, &options);
	int fd = connect_to(fixture.port);
	send_text(fd, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	sleep_ms(30);
	unsigned start = clock_ms();
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(read_all(fd, out, sizeof(out)), 0);
	join_server(&fixture);
	assert_in_range(clock_ms() - start, 100, 290);
	assert_int_equal(atomic_load(&notes.gone), 1);
	assert_int_equal(atomic_load(&notes.finished), 1);
	(void)close(fd);
}

static void
a_second_signal_breaks_off(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	options.loops = 3;
	options.drain_timeout_ms = 60000;
	start_server(&fixture, &options);
	int fds[9];
	for (int i = 0; i < 9; i++) {
		/* Idle connections on some loops, none on others. */
		fds[i] = connect_to(fixture.port);
		send_text(fds[i], "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	}
	sleep_ms(30);
	unsigned start = clock_ms();
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	sleep_ms(20);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	join_server(&fixture);
	assert_true(clock_ms() - start < 250);
	assert_int_equal(atomic_load(&notes.finished), 9);
	for (int i = 0; i < 9; i++) {
		(void)close(fds[i]);
	}
}

/* Both signals at once, in any order, end in a stopped server. */
static void
signals_at_once(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	for (int i = 0; i < 10; i++) {
		start_server(&fixture, &options);
		assert_int_equal(kill(getpid(), SIGHUP), 0);
		assert_int_equal(kill(getpid(), i % 2 == 0 ? SIGTERM : SIGINT), 0);
		assert_int_equal(kill(getpid(), SIGHUP), 0);
		join_server(&fixture);
	}
}

static void
readiness_follows_its_owner(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	start_server(&fixture, &options);
	static const char ready[] =
		"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	ask(fixture.port, ready, out, sizeof(out));
	assert_non_null(strstr(out, " 200 "));
	atomic_store(&notes.not_ready, true);
	ask(fixture.port, ready, out, sizeof(out));
	assert_non_null(strstr(out, " 503 "));
	ask(fixture.port,
		"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", out,
		sizeof(out));
	assert_non_null(strstr(out, " 200 "));
	stop_server(&fixture);
}

static void
connections_above_the_cap_are_closed(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	options.loops = 1;
	options.connections_max = 3;
	start_server(&fixture, &options);
	int fds[4];
	for (int i = 0; i < 4; i++) {
		fds[i] = connect_to(fixture.port);
		sleep_ms(20);
	}
	assert_int_equal(read_all(fds[3], out, sizeof(out)), 0);
	for (int i = 0; i < 3; i++) {
		send_text(fds[i], "GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
		assert_true(read_answer(fds[i], out, sizeof(out)));
	}
	for (int i = 0; i < 4; i++) {
		(void)close(fds[i]);
	}
	sleep_ms(30);
	ask(fixture.port, "GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		out, sizeof(out));
	assert_non_null(strstr(out, " 200 "));
	stop_server(&fixture);
}

/* What the exchange may take is less than the body may be. */
static void
memory_of_one_exchange(void **state)
{
	(void)state;
	static char text[101000];
	static char answer[102000];
	int head = snprintf(text, sizeof(text),
		"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
		"Content-Length: 100000\r\n\r\n");
	memset(text + head, 'b', 100000);
	struct fixture fixture;
	struct kp_server_options options = test_options();
	options.connections.limits.body_bytes_max = 100000;
	options.connections.exchange_bytes_max = (size_t)1 << 20;
	start_server(&fixture, &options);
	ask(fixture.port, text, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 200 "));
	stop_server(&fixture);
	options.connections.exchange_bytes_max = 65536;
	start_server(&fixture, &options);
	ask(fixture.port, text, answer, sizeof(answer));
	assert_non_null(strstr(answer, " 503 "));
	stop_server(&fixture);
}

static void
requests_on_one_connection(void **state)
{
	(void)state;
	static const char request[] = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
	struct fixture fixture;
	struct kp_server_options options = test_options();
	options.connections.requests_max = 3;
	start_server(&fixture, &options);
	int fd = connect_to(fixture.port);
	for (int i = 1; i <= 3; i++) {
		send_text(fd, request);
		assert_true(read_answer(fd, out, sizeof(out)));
		assert_int_equal(strstr(out, "Connection: close") != NULL, i == 3);
	}
	assert_int_equal(read_all(fd, out, sizeof(out)), 0);
	(void)close(fd);
	stop_server(&fixture);
}

static uint64_t
now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Long enough to read the answer, and not longer. */
static void
lingering_is_bounded(void **state)
{
	(void)state;
	struct fixture fixture;
	struct kp_server_options options = test_options();
	options.connections.linger_ms = 200;
	start_server(&fixture, &options);
	int fd = connect_to(fixture.port);
	uint64_t begin_ms = now_ms();
	send_text(fd, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
	assert_true(read_all(fd, out, sizeof(out)) > 0);
	uint64_t took_ms = now_ms() - begin_ms;
	assert_non_null(strstr(out, " 400 "));
	assert_true(took_ms >= 150 && took_ms < 5000);
	(void)close(fd);
	stop_server(&fixture);
}

/* A signal that comes before the server takes it must not end the test program. */
static int
block_signals(void **state)
{
	(void)state;
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	return pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_and_stop),
		cmocka_unit_test(refuses_what_does_not_build),
		cmocka_unit_test(reload_under_load),
		cmocka_unit_test(drain_finishes_what_is_in_work),
		cmocka_unit_test(drain_answers_late_requests),
		cmocka_unit_test(drain_is_bounded),
		cmocka_unit_test(a_second_signal_breaks_off),
		cmocka_unit_test(signals_at_once),
		cmocka_unit_test(readiness_follows_its_owner),
		cmocka_unit_test(connections_above_the_cap_are_closed),
		cmocka_unit_test(memory_of_one_exchange),
		cmocka_unit_test(requests_on_one_connection),
		cmocka_unit_test(lingering_is_bounded),
	};
	return cmocka_run_group_tests(tests, block_signals, NULL);
}
