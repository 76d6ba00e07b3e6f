/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * support: a real server on a loopback port, in a thread, with handlers to test against,
 * and a blocking client. For the tests in this folder.
 */
#ifndef KP_TEST_SERVER_SUPPORT_H
#define KP_TEST_SERVER_SUPPORT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "http/http_message.h"
#include "problem.h"
#include "server.h"

#define BIG_BYTES ((size_t)8 * 1024 * 1024)

/* What the handlers noted; any thread. */
struct notes {
	atomic_uint begun; /* of /slow */
	atomic_uint gone;
	atomic_uint finished;
	atomic_uint builds;
	atomic_uint states; /* alive */
	atomic_bool build_fails;
	atomic_bool not_ready;
};

static struct notes notes;

/* Handlers. */

static void
handle_echo(void *context, struct kp_exchange *exchange)
{
	(void)context;
	struct kp_slice body = kp_exchange_message(exchange)->body;
	kp_exchange_answer(exchange, 200, NULL, 0, &body, 1);
	kp_exchange_finish(&exchange);
	atomic_fetch_add(&notes.finished, 1);
}

/* Answers after some time, or ends when the client is gone. */
struct slow {
	struct kp_timer timer;
	struct kp_exchange *exchange;
	bool answered;
};

static void
slow_end(struct slow *slow)
{
	struct kp_exchange *exchange = slow->exchange;
	kp_timer_stop(kp_exchange_loop(exchange), &slow->timer);
	kp_exchange_finish(&exchange);
	atomic_fetch_add(&notes.finished, 1);
}

static void
slow_fire(struct kp_timer *timer)
{
	struct slow *slow = KP_CONTAINER_OF(timer, struct slow, timer);
	struct kp_slice body = KP_SLICE("slow\n");
	slow->answered = true;
	kp_exchange_answer(slow->exchange, 200, NULL, 0, &body, 1);
}

static void
slow_sent(void *owner, enum kp_status status)
{
	(void)status;
	slow_end(owner);
}

static void
slow_gone(void *owner)
{
	struct slow *slow = owner;
	atomic_fetch_add(&notes.gone, 1);
	if (!slow->answered) {
		slow_end(slow);
	}
}

static const struct kp_exchange_user slow_user = {slow_sent, slow_gone};

static void
handle_slow(void *context, struct kp_exchange *exchange)
{
	(void)context;
	struct slow *slow = KP_ARENA_NEW(kp_exchange_arena(exchange), struct slow);
	assert_non_null(slow);
	slow->exchange = exchange;
	slow->timer.fire = slow_fire;
	kp_exchange_attend(exchange, &slow_user, slow);
	kp_timer_start(kp_exchange_loop(exchange), &slow->timer, 300000);
	atomic_fetch_add(&notes.begun, 1);
}

/* Three pieces and the end. */
struct stream {
	struct kp_exchange *exchange;
	int piece;
	bool last;
};

static void
stream_sent(void *owner, enum kp_status status)
{
	static const char *const pieces[] = {"first\n", "second\n", "third\n"};
	struct stream *stream = owner;
	if (status != KP_OK || stream->last) {
		struct kp_exchange *exchange = stream->exchange;
		kp_exchange_finish(&exchange);
		atomic_fetch_add(&notes.finished, 1);
		return;
	}
	struct kp_slice text = kp_slice_from(pieces[stream->piece++]);
	stream->last = stream->piece == 3;
	kp_exchange_send(stream->exchange, &text, 1, stream->last);
}

static const struct kp_exchange_user stream_user = {stream_sent, NULL};

static void
handle_stream(void *context, struct kp_exchange *exchange)
{
	(void)context;
	struct stream *stream = KP_ARENA_NEW(kp_exchange_arena(exchange), struct stream);
	stream->exchange = exchange;
	kp_exchange_attend(exchange, &stream_user, stream);
	kp_exchange_begin(exchange, 200, NULL, 0);
}

static void
big_sent(void *owner, enum kp_status status)
{
	struct kp_exchange *exchange = owner;
	(void)status;
	kp_exchange_finish(&exchange);
	atomic_fetch_add(&notes.finished, 1);
}

static const struct kp_exchange_user big_user = {big_sent, NULL};

static char *
big_bytes(void)
{
	static char bytes[BIG_BYTES];
	return bytes;
}

static void
handle_big(void *context, struct kp_exchange *exchange)
{
	(void)context;
	struct kp_slice parts[100];
	for (size_t i = 0; i < 100; i++) {
		parts[i] = (struct kp_slice){
			big_bytes() + i * (BIG_BYTES / 100), BIG_BYTES / 100};
	}
	kp_exchange_attend(exchange, &big_user, exchange);
	kp_exchange_answer(exchange, 200, NULL, 0, parts, 100);
}

/* Which configuration answers. */
static void
handle_version(void *context, struct kp_exchange *exchange)
{
	unsigned *state = kp_server_loop_state(context);
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", *state);
	struct kp_slice body = {text, (size_t)len};
	kp_exchange_answer(exchange, 200, NULL, 0, &body, 1);
	kp_exchange_finish(&exchange);
}

static const struct kp_route test_routes[] = {
	{KP_SERVES_API, KP_HTTP_METHOD_POST, false, {"/echo", 5}, handle_echo},
	{KP_SERVES_API, KP_HTTP_METHOD_GET, false, {"/slow", 5}, handle_slow},
	{KP_SERVES_API, KP_HTTP_METHOD_GET, false, {"/stream", 7}, handle_stream},
	{KP_SERVES_API, KP_HTTP_METHOD_GET, false, {"/big", 4}, handle_big},
	{KP_SERVES_API, KP_HTTP_METHOD_GET, false, {"/version", 8}, handle_version},
	{KP_SERVES_API, KP_HTTP_METHOD_GET, false, {"/below/*", 8}, handle_version},
	{KP_SERVES_API, KP_HTTP_METHOD_GET, false, {"/health/live", 12},
		kp_server_handle_live},
	{KP_SERVES_API, KP_HTTP_METHOD_GET, false, {"/health/ready", 13},
		kp_server_handle_ready},
	{KP_SERVES_METRICS, KP_HTTP_METHOD_GET, false, {"/metrics", 8},
		kp_server_handle_metrics},
};

/* Configuration: a number that goes up with each build. */

static enum kp_status
build(void *context, void **ret_snapshot, struct kp_error *err)
{
	(void)context;
	if (atomic_load(&notes.build_fails)) {
		return kp_error_set(err, KP_E_CONFIG, "told to fail");
	}
	unsigned *snapshot = malloc(sizeof(*snapshot));
	*snapshot = atomic_fetch_add(&notes.builds, 1) + 1;
	*ret_snapshot = snapshot;
	return KP_OK;
}

static void
discard(void *context, void *snapshot)
{
	(void)context;
	free(snapshot);
}

static enum kp_status
adopt(void *context, struct kp_server_loop *loop, void *snapshot, void **ret_state,
	struct kp_error *err)
{
	(void)context;
	(void)loop;
	(void)err;
	unsigned *state = malloc(sizeof(*state));
	*state = *(unsigned *)snapshot;
	*ret_state = state;
	atomic_fetch_add(&notes.states, 1);
	return KP_OK;
}

static void
release(void *context, struct kp_server_loop *loop, void *state)
{
	(void)context;
	(void)loop;
	free(state);
	atomic_fetch_sub(&notes.states, 1);
}

static bool
is_ready(void *context)
{
	(void)context;
	return !atomic_load(&notes.not_ready);
}

/* The server. */

struct fixture {
	struct kp_server *server;
	pthread_t thread;
	uint16_t port;
	enum kp_status status;
};

static struct kp_server_listen test_listen = {
	.host = "127.0.0.1", .serves = KP_SERVES_ALL, .local = true};

static struct kp_server_options
test_options(void)
{
	struct kp_server_options options = {
		.loops = 2,
		.workers = 2,
		.listens = &test_listen,
		.listen_count = 1,
		.backlog = 512,
		.connections_max = 1000,
		.accepts_per_turn = 4,
		.drain_timeout_ms = 3000,
		.drain_grace_ms = 50,
		.routes = {test_routes, KP_ARRAY_LEN(test_routes)},
		.snapshots = {build, discard, adopt, release, is_ready, NULL, NULL},
	};
	kp_connections_defaults(&options.connections);
	options.connections.linger_ms = 200;
	return options;
}

static void *
server_thread(void *argument)
{
	struct fixture *fixture = argument;
	struct kp_error err = {0};
	fixture->status = kp_server_run(fixture->server, &err);
	return NULL;
}

static void
start_server(struct fixture *fixture, const struct kp_server_options *options)
{
	struct kp_error err = {0};
	memset(&notes, 0, sizeof(notes));
	enum kp_status status = kp_server_create(options, &fixture->server, &err);
	if (status != KP_OK) {
		fail_msg("server: %s", err.message);
	}
	fixture->port = kp_server_port(fixture->server, 0);
	assert_int_equal(
		pthread_create(&fixture->thread, NULL, server_thread, fixture), 0);
}

static void
join_server(struct fixture *fixture)
{
	assert_int_equal(pthread_join(fixture->thread, NULL), 0);
	assert_int_equal(fixture->status, KP_OK);
	kp_server_destroy(&fixture->server);
	assert_int_equal(atomic_load(&notes.states), 0);
}

static void
stop_server(struct fixture *fixture)
{
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	join_server(fixture);
}

/* The client. */

static int
connect_to(uint16_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval limit = {.tv_sec = 10};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
send_text(int fd, const char *text)
{
	size_t len = strlen(text);
	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* Reads until the peer closes; NUL-terminated. */
static size_t
read_all(int fd, char *out, size_t size)
{
	size_t len = 0;
	ssize_t got = 0;
	while (len < size - 1 && (got = recv(fd, out + len, size - 1 - len, 0)) > 0) {
		len += (size_t)got;
	}
	out[len] = '\0';
	return len;
}

/* Reads one answer with Content-Length; NUL-terminated, false when it is cut off. */
KP_UNUSED static bool
read_answer(int fd, char *out, size_t size)
{
	size_t len = 0;
	for (;;) {
		out[len] = '\0';
		char *end = strstr(out, "\r\n\r\n");
		if (end != NULL) {
			char *field = strstr(out, "Content-Length: ");
			size_t want = field == NULL || field > end
				? 0
				: strtoul(field + 16, NULL, 10);
			if (len >= (size_t)(end - out) + 4 + want) {
				return true;
			}
		}
		ssize_t got = len < size - 1 ? recv(fd, out + len, 1, 0) : 0;
		if (got <= 0) {
			return false;
		}
		len += (size_t)got;
	}
}

/* One connection, one text, everything that comes back. */
static void
ask(uint16_t port, const char *text, char *out, size_t size)
{
	int fd = connect_to(port);
	assert_true(fd >= 0);
	send_text(fd, text);
	(void)read_all(fd, out, size);
	(void)close(fd);
}

static void
sleep_ms(unsigned ms)
{
	struct timespec nap = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
	(void)nanosleep(&nap, NULL);
}

static unsigned
clock_ms(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned)(ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

#endif
