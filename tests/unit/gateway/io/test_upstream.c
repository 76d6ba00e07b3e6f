/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * test_upstream: calls to a partner on a real socket that answers well, badly, slowly or
 * not at all, by the path it is asked.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
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

#include "io/runtime.h"
#include "io/upstream.h"

/* The partner: a thread per connection, blocking. */

static int listener;
static uint16_t port;
static atomic_int counted; /* questions for /counted */

static bool
read_request(int fd, char *text, size_t size)
{
	size_t len = 0;
	while (len < size - 1) {
		ssize_t got = recv(fd, text + len, size - 1 - len, 0);
		if (got <= 0) {
			return false;
		}
		len += (size_t)got;
		text[len] = '\0';
		const char *end = strstr(text, "\r\n\r\n");
		const char *field = strstr(text, "Content-Length: ");
		size_t body = field == NULL ? 0 : strtoul(field + 16, NULL, 10);
		if (end != NULL && len >= (size_t)(end - text) + 4 + body) {
			return true;
		}
	}
	return false;
}

static void
say(int fd, const char *text)
{
	(void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void
sleep_ms(long ms)
{
	struct timespec nap = {ms / 1000, ms % 1000 * 1000000};
	(void)nanosleep(&nap, NULL);
}

static void
reset(int fd)
{
	struct linger linger = {1, 0};
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void
echo(int fd, const char *request)
{
	char head[128];
	(void)snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(request));
	say(fd, head);
	say(fd, request);
}

static void
flood(int fd, bool body)
{
	say(fd,
		body ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		     : "HTTP/1.1 200 OK\r\n");
	static const char chunk[] = "10\r\n0123456789abcdef\r\n";
	static const char field[] = "X-Field: 0123456789abcdef\r\n";
	const char *text = body ? chunk : field;
	while (send(fd, text, strlen(text), MSG_NOSIGNAL) > 0) {
	}
}

struct fault {
	const char *path;
	const char *answer; /* then the connection is closed */
};

static const struct fault faults[] = {
	{"/empty", ""},
	{"/garbage", "what is this\r\n\r\n"},
	{"/http09", "just text"},
	{"/cuthead", "HTTP/1.1 200 OK\r\nContent-Le"},
	{"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"},
	{"/badlength", "HTTP/1.1 200 OK\r\nContent-Length: 12x\r\n\r\nonly this"},
	{"/twolengths",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\nonly "
		"this"},
	{"/cutchunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"},
	{"/nolastchunk",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
	{"/badchunk",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n"},
	{"/untilclose", "HTTP/1.1 200 OK\r\n\r\nuntil the end"},
	{"/onceonly",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: "
		"close\r\n\r\nok"},
	/* Announces nothing, but is gone when the next question comes. */
	{"/thenclose", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
};

/* False: close the connection. */
static bool
answer(int fd, const char *request)
{
	const char *path = strchr(request, ' ') + 1;
	size_t len = strcspn(path, " ?");
	for (size_t i = 0; i < KP_ARRAY_LEN(faults); i++) {
		if (strlen(faults[i].path) == len &&
			strncmp(faults[i].path, path, len) == 0) {
			say(fd, faults[i].answer);
			return false;
		}
	}
	if (strncmp(path, "/counted", 8) == 0) {
		atomic_fetch_add(&counted, 1);
		return false;
	}
	if (strncmp(path, "/reset", 6) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly");
		sleep_ms(20);
		reset(fd);
		return false;
	}
	if (strncmp(path, "/hugehead", 9) == 0 || strncmp(path, "/huge", 5) == 0) {
		flood(fd, strncmp(path, "/hugehead", 9) != 0);
		return false;
	}
	if (strncmp(path, "/103", 4) == 0) {
		static const char hint[] =
			"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
		while (send(fd, hint, sizeof(hint) - 1, MSG_NOSIGNAL) > 0) {
		}
		return false;
	}
	if (strncmp(path, "/drip", 5) == 0) {
		static const char text[] =
			"HTTP/1.1 200 OK\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n"
			"\r\n1\r\no\r\n1\r\nk\r\n0\r\nX-Sum: 1\r\n\r\n";
		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			(void)send(fd, text + i, 1, MSG_NOSIGNAL);
			sleep_ms(i % 16 == 0 ? 1 : 0);
		}
		return true;
	}
	if (strncmp(path, "/excess", 7) == 0 || strncmp(path, "/talks", 6) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
		sleep_ms(path[1] == 't' ? 20 : 0);
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
		return true;
	}
	if (strncmp(path, "/slow", 5) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl");
		sleep_ms(300);
		say(fd, "ow");
		return true;
	}
	if (strncmp(path, "/redirect", 9) == 0) {
		say(fd,
			"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: "
			"0\r\n\r\n");
		return true;
	}
	if (strncmp(path, "/interim", 8) == 0) {
		say(fd, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
		say(fd,
			"HTTP/1.1 200 OK\r\nX-One:  1 \r\nX-Two:2\r\nContent-Length: "
			"2\r\n\r\nok");
		return true;
	}
	echo(fd, request);
	return true;
}

static void *
connection_thread(void *argument)
{
	int fd = (int)(intptr_t)argument;
	static _Thread_local char request[3 * 1024 * 1024];
	while (read_request(fd, request, sizeof(request)) && answer(fd, request)) {
	}
	(void)close(fd);
	return NULL;
}

static void *
listen_thread(void *argument)
{
	(void)argument;
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;
		if (fd < 0) {
			return NULL;
		}
		if (pthread_create(&thread, NULL, connection_thread,
			    (void *)(intptr_t)fd) != 0) {
			(void)close(fd);
		} else {
			(void)pthread_detach(thread);
		}
	}
}

/* Calls. */

struct call {
	struct kp_loop *loop;
	struct kp_upstream_call *running;
	struct kp_upstream_request request;
	int *left;
	int heads;
	int dones;
	bool inside_start;
	uint32_t http_status;
	size_t header_count;
	char header[64]; /* value of X-One */
	char body[8192];
	size_t body_len;
	size_t body_bytes;
	enum kp_status status;
	struct kp_error err;
	struct kp_upstream_timing timing;
	bool cancel_in_head;
	bool cancel_in_body;
	bool refuse_head;
	bool refuse_body;
};

static enum kp_status
on_head(void *owner, uint32_t status, const struct kp_upstream_header *headers,
	size_t count)
{
	struct call *call = owner;
	assert_false(call->inside_start);
	assert_int_equal(call->dones, 0);
	call->heads++;
	call->http_status = status;
	call->header_count = count;
	for (size_t i = 0; i < count; i++) {
		if (kp_slice_is(headers[i].name, "X-One")) {
			memcpy(call->header, headers[i].value.data, headers[i].value.len);
		}
	}
	if (call->cancel_in_head) {
		kp_upstream_cancel(call->running);
	}
	return call->refuse_head ? KP_E_CONTENT_TYPE : KP_OK;
}

static enum kp_status
on_body(void *owner, struct kp_slice bytes)
{
	struct call *call = owner;
	assert_int_equal(call->heads, 1);
	assert_int_equal(call->dones, 0);
	call->body_bytes += bytes.len;
	if (call->body_len + bytes.len < sizeof(call->body)) {
		memcpy(call->body + call->body_len, bytes.data, bytes.len);
		call->body_len += bytes.len;
	}
	if (call->cancel_in_body) {
		kp_upstream_cancel(call->running);
	}
	return call->refuse_body ? KP_E_OTHER_PERSON : KP_OK;
}

static void
on_done(void *owner, enum kp_status status, const struct kp_upstream_timing *timing,
	const struct kp_error *err)
{
	struct call *call = owner;
	assert_false(call->inside_start);
	call->dones++;
	call->status = status;
	call->err = *err;
	call->timing = *timing;
	kp_upstream_cancel(call->running); /* too late, and harmless */
	if (--*call->left == 0) {
		kp_loop_stop(call->loop);
	}
}

static const struct kp_upstream_handler handler = {on_head, on_body, on_done};

struct world {
	struct kp_loop *loop;
	struct kp_upstream *upstream;
	struct kp_upstream_target *target;
	int left;
};

static struct kp_upstream_target_options
target_options(char *endpoint, size_t size)
{
	(void)snprintf(endpoint, size, "http://127.0.0.1:%u", (unsigned)port);
	return (struct kp_upstream_target_options){
		.name = KP_SLICE("partner"),
		.endpoint = kp_slice_from(endpoint),
		.connections_max = 4,
		.waiting_max = 100,
		.connect_timeout_ms = 500,
		.idle_ms = 5000,
		.head_bytes_max = 4096,
	};
}

static void
open_world_with(struct world *world, const struct kp_upstream_target_options *options)
{
	struct kp_error err = {0};
	*world = (struct world){0};
	assert_int_equal(kp_loop_create(0, &world->loop, &err), KP_OK);
	assert_int_equal(kp_upstream_create(world->loop, &world->upstream, &err), KP_OK);
	enum kp_status status =
		kp_upstream_target_open(world->upstream, options, &world->target, &err);
	if (status != KP_OK) {
		fail_msg("%s", err.message);
	}
}

static void
open_world(struct world *world)
{
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	open_world_with(world, &options);
}

static void
close_world(struct world *world)
{
	kp_upstream_target_close(&world->target);
	kp_upstream_destroy(&world->upstream);
	kp_loop_destroy(&world->loop);
}

static void
start(struct world *world, struct call *call, const char *target)
{
	call->loop = world->loop;
	call->left = &world->left;
	if (call->request.method.len == 0) {
		call->request.method = KP_SLICE("GET");
	}
	call->request.target = kp_slice_from(target);
	if (call->request.timeout_ms == 0) {
		call->request.timeout_ms = 5000;
	}
	if (call->request.body_bytes_max == 0) {
		call->request.body_bytes_max = 65536;
	}
	world->left++;
	call->inside_start = true;
	assert_int_equal(kp_upstream_start(world->target, &call->request, &handler, call,
				 &call->running),
		KP_OK);
	call->inside_start = false;
}

/* One call, to its end. */
static void
run_one(struct world *world, struct call *call, const char *target)
{
	start(world, call, target);
	kp_loop_run(world->loop);
	assert_int_equal(call->dones, 1);
}

static void
ask(struct call *call, const char *target)
{
	struct world world;
	open_world(&world);
	run_one(&world, call, target);
	close_world(&world);
}

/* Tests. */

static void
good_answers(void **state)
{
	(void)state;
	struct call call = {0};
	ask(&call, "/ok?x=1");
	assert_int_equal(call.status, KP_OK);
	assert_int_equal(call.http_status, 200);
	assert_int_equal(strncmp(call.body, "GET /ok?x=1 HTTP/1.1\r\n", 22), 0);
	assert_non_null(strstr(call.body, "\r\nHost: 127.0.0.1:"));
	assert_null(strstr(call.body, "\r\nExpect:"));
	assert_int_equal(call.timing.bytes, call.body_bytes);
	assert_true(call.timing.first_us > 0);
	assert_true(call.timing.total_us >= call.timing.first_us);
	assert_false(call.timing.reused);
	struct call interim = {0};
	ask(&interim, "/interim");
	assert_int_equal(interim.status, KP_OK);
	assert_int_equal(interim.heads, 1);
	assert_int_equal(interim.header_count, 3);
	assert_string_equal(interim.header, "1");
	struct call open_end = {0};
	ask(&open_end, "/untilclose");
	assert_int_equal(open_end.status, KP_OK);
	assert_string_equal(open_end.body, "until the end");
}

static void
redirects_are_not_followed(void **state)
{
	(void)state;
	struct call call = {0};
	ask(&call, "/redirect");
	assert_int_equal(call.status, KP_OK);
	assert_int_equal(call.http_status, 302);
}

/* What was sent, byte by byte where it matters. */
static void
requests_are_written_as_asked(void **state)
{
	(void)state;
	static const struct kp_upstream_header headers[] = {
		{{"Accept", 6}, {"application/json", 16}},
		{{"X-Empty", 7}, {"", 0}},
		{{"Content-Type", 12}, {"application/json", 16}},
	};
	struct call post = {.request = {.method = KP_SLICE("POST"),
				    .headers = headers,
				    .header_count = 3,
				    .body = KP_SLICE("{\"a\":1}")}};
	struct world world;
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	char with_base[80];
	(void)snprintf(with_base, sizeof(with_base), "%s/base/", endpoint);
	options.endpoint = kp_slice_from(with_base);
	options.credential = KP_CREDENTIAL_BASIC;
	options.credential_value = KP_SLICE("user:pass");
	open_world_with(&world, &options);
	run_one(&world, &post, "/personen");
	assert_int_equal(post.status, KP_OK);
	assert_int_equal(strncmp(post.body, "POST /base/personen HTTP/1.1\r\n", 30), 0);
	assert_non_null(strstr(post.body, "\r\nAccept: application/json\r\n"));
	assert_non_null(strstr(post.body, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(post.body, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(post.body, "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(post.body, "\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"));
	assert_non_null(strstr(post.body, "\r\n\r\n{\"a\":1}"));
	/* Nothing of one request is left in the next on the same handle. */
	struct call get = {0};
	run_one(&world, &get, "/again");
	assert_int_equal(strncmp(get.body, "GET /base/again HTTP/1.1\r\n", 26), 0);
	assert_null(strstr(get.body, "Content-Length"));
	assert_null(strstr(get.body, "Content-Type"));
	struct call put = {.request = {.method = KP_SLICE("PUT"), .body = KP_SLICE("x")}};
	run_one(&world, &put, "/put");
	assert_int_equal(strncmp(put.body, "PUT /base/put HTTP/1.1\r\n", 24), 0);
	assert_non_null(strstr(put.body, "\r\n\r\nx"));
	struct call post_nothing = {.request = {.method = KP_SLICE("POST")}};
	run_one(&world, &post_nothing, "");
	assert_int_equal(strncmp(post_nothing.body, "POST /base HTTP/1.1\r\n", 21), 0);
	assert_non_null(strstr(post_nothing.body, "\r\nContent-Length: 0\r\n"));
	close_world(&world);
}

static void
large_bodies_go_at_once(void **state)
{
	(void)state;
	size_t size = (size_t)2 * 1024 * 1024;
	char *body = malloc(size);
	memset(body, 'b', size);
	struct call call = {.request = {.method = KP_SLICE("POST"),
				    .body = {body, size},
				    .body_bytes_max = size + 4096}};
	ask(&call, "/post");
	assert_int_equal(call.status, KP_OK);
	assert_true(call.body_bytes > size);
	free(body);
}

static void
bad_requests_are_refused_at_once(void **state)
{
	(void)state;
	static const struct kp_upstream_header bad[] = {
		{{"X", 1}, {"a\r\nY: b", 7}},
		{{"X Y", 3}, {"a", 1}},
		{{"", 0}, {"a", 1}},
		{{"X:", 2}, {"a", 1}},
		{{"X", 1}, {"a\0b", 3}},
	};
	struct world world;
	open_world(&world);
	struct kp_upstream_call *call = NULL;
	struct kp_upstream_request request = {
		.method = KP_SLICE("GET"), .header_count = 1, .timeout_ms = 100};
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		request.headers = &bad[i];
		assert_int_equal(
			kp_upstream_start(world.target, &request, &handler, NULL, &call),
			KP_E_INVALID);
	}
	request.header_count = 0;
	static const char *const targets[] = {
		"/a b", "/a\r\nX: y", "relative", "@evil", "/\x7f", "/a\tb"};
	for (size_t i = 0; i < KP_ARRAY_LEN(targets); i++) {
		request.target = kp_slice_from(targets[i]);
		assert_int_equal(
			kp_upstream_start(world.target, &request, &handler, NULL, &call),
			KP_E_INVALID);
	}
	request.target = KP_SLICE("/");
	request.method = KP_SLICE("GET /x HTTP/1.1\r\n");
	assert_int_equal(kp_upstream_start(world.target, &request, &handler, NULL, &call),
		KP_E_INVALID);
	kp_loop_stop(world.loop);
	kp_loop_run(world.loop);
	close_world(&world);
}

struct expectation {
	const char *target;
	enum kp_status status;
};

/* Every kind of broken answer is an error, never a whole answer. */
static void
broken_answers(void **state)
{
	(void)state;
	static const struct expectation table[] = {
		{"/empty", KP_E_SOURCE},
		{"/garbage", KP_E_SOURCE},
		{"/http09", KP_E_SOURCE},
		{"/cuthead", KP_E_SOURCE},
		{"/truncated", KP_E_SOURCE},
		{"/badlength", KP_E_SOURCE},
		{"/cutchunk", KP_E_SOURCE},
		{"/nolastchunk", KP_E_SOURCE},
		{"/badchunk", KP_E_SOURCE},
		{"/reset", KP_E_SOURCE},
		{"/huge", KP_E_SOURCE},
		{"/hugehead", KP_E_SOURCE},
		{"/103", KP_E_SOURCE},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(table); i++) {
		struct call call = {0};
		ask(&call, table[i].target);
		if (call.status != table[i].status) {
			fail_msg("%s: status %d (%s)", table[i].target, (int)call.status,
				call.err.message);
		}
		assert_true(call.err.message[0] != '\0');
		assert_string_equal(call.err.file, "partner");
		assert_true(call.body_bytes <= 65536);
	}
}

/* Our bound, not libcurl's own, which lies far above it. */
static void
heads_are_bounded(void **state)
{
	(void)state;
	static const char *const targets[] = {"/hugehead", "/103"};
	for (size_t i = 0; i < KP_ARRAY_LEN(targets); i++) {
		struct call call = {0};
		ask(&call, targets[i]);
		assert_int_equal(call.status, KP_E_SOURCE);
		assert_non_null(strstr(call.err.message, "head_bytes_max"));
	}
}

static void
body_at_and_above_the_cap(void **state)
{
	(void)state;
	struct call probe = {0};
	ask(&probe, "/cap");
	struct call at = {.request.body_bytes_max = probe.body_bytes};
	ask(&at, "/cap");
	assert_int_equal(at.status, KP_OK);
	struct call above = {.request.body_bytes_max = probe.body_bytes - 1};
	ask(&above, "/cap");
	assert_int_equal(above.status, KP_E_SOURCE);
	assert_string_equal(above.err.message, "the answer is larger than allowed");
}

static void
handlers_may_refuse(void **state)
{
	(void)state;
	struct call head = {.refuse_head = true};
	ask(&head, "/ok");
	assert_int_equal(head.status, KP_E_CONTENT_TYPE);
	assert_int_equal(head.body_bytes, 0);
	struct call body = {.refuse_body = true};
	ask(&body, "/ok");
	assert_int_equal(body.status, KP_E_OTHER_PERSON);
}

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

/* Waits beside the target's own connections. */
static void
listen_for(struct world *world, uint32_t time_ms)
{
	struct kp_upstream_target *own = world->target;
	struct kp_error err = {0};
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	assert_int_equal(
		kp_upstream_target_open(world->upstream, &options, &world->target, &err),
		KP_OK);
	struct call wait = {.request.timeout_ms = time_ms};
	run_one(world, &wait, "/slow");
	kp_upstream_target_close(&world->target);
	world->target = own;
}

/* What a partner says beside its answer is never the answer to the next question. */
static void
excess_is_no_answer(void **state)
{
	(void)state;
	static const char *const paths[] = {"/excess", "/talks"};
	for (size_t i = 0; i < KP_ARRAY_LEN(paths); i++) {
		struct world world;
		open_world(&world);
		struct call first = {0};
		run_one(&world, &first, paths[i]);
		assert_int_equal(first.status, KP_OK);
		assert_string_equal(first.body, "ok");
		listen_for(&world, 100); /* what comes late comes after 20 ms */
		struct call next = {0};
		run_one(&world, &next, "/ok");
		assert_int_equal(next.status, KP_OK);
		assert_int_equal(strncmp(next.body, "GET /ok HTTP/1.1\r\n", 18), 0);
		assert_false(next.timing.reused);
		close_world(&world);
	}
}

static void
answers_in_single_bytes(void **state)
{
	(void)state;
	struct world world;
	open_world(&world);
	for (int i = 0; i < 2; i++) {
		struct call call = {0};
		run_one(&world, &call, "/drip");
		assert_int_equal(call.status, KP_OK);
		assert_string_equal(call.body, "ok");
		assert_string_equal(call.header, "1");
		assert_int_equal(call.timing.reused, i > 0);
	}
	close_world(&world);
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

static void
wrong_targets_are_refused(void **state)
{
	(void)state;
	static const char *const endpoints[] = {"", "ftp://127.0.0.1/", "http://",
		"http://a b/", "http://user@127.0.0.1/", "http://127.0.0.1/?q=1",
		"http://127.0.0.1/#f", "http://192.0.2.1/", "http://example.org/",
		"https://127.0.0.1/", "http://127.0.0.1:99999/", "http://127.0.0.1/\r\n",
		"127.0.0.1", "file:///etc"};
	struct world world;
	char endpoint[64];
	struct kp_upstream_target_options options =
		target_options(endpoint, sizeof(endpoint));
	open_world(&world);
	for (size_t i = 0; i < KP_ARRAY_LEN(endpoints); i++) {
		struct kp_upstream_target *target = NULL;
		struct kp_error err = {0};
		options.endpoint = kp_slice_from(endpoints[i]);
		if (kp_upstream_target_open(world.upstream, &options, &target, &err) !=
			KP_E_CONFIG) {
			fail_msg("'%s' was accepted", endpoints[i]);
		}
		assert_true(err.message[0] != '\0');
		assert_null(target);
	}
	options = target_options(endpoint, sizeof(endpoint));
	options.credential = KP_CREDENTIAL_BEARER;
	options.credential_value = KP_SLICE("secret\r\nX: y");
	struct kp_upstream_target *target = NULL;
	struct kp_error err = {0};
	assert_int_equal(kp_upstream_target_open(world.upstream, &options, &target, &err),
		KP_E_CONFIG);
	assert_null(strstr(err.message, "secret"));
	kp_loop_stop(world.loop);
	kp_loop_run(world.loop);
	close_world(&world);
}

static int
set_up(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	pthread_t thread;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (kp_runtime_prepare(&err) != KP_OK) {
		return 1;
	}
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&in, len) != 0 ||
		listen(listener, 512) != 0 ||
		getsockname(listener, (struct sockaddr *)&in, &len) != 0) {
		return 1;
	}
	port = ntohs(in.sin_port);
	return pthread_create(&thread, NULL, listen_thread, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_answers),
		cmocka_unit_test(redirects_are_not_followed),
		cmocka_unit_test(requests_are_written_as_asked),
		cmocka_unit_test(large_bodies_go_at_once),
		cmocka_unit_test(bad_requests_are_refused_at_once),
		cmocka_unit_test(broken_answers),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(body_at_and_above_the_cap),
		cmocka_unit_test(handlers_may_refuse),
		cmocka_unit_test(time_limits),
		cmocka_unit_test(unreachable_partners),
		cmocka_unit_test(cancel_at_any_time),
		cmocka_unit_test(cancel_after_each_delay),
		cmocka_unit_test(destroy_cancels),
		cmocka_unit_test(connections_and_queue_are_bounded),
		cmocka_unit_test(connections_that_died_are_replaced),
		cmocka_unit_test(what_may_be_asked_once_is),
		cmocka_unit_test(excess_is_no_answer),
		cmocka_unit_test(answers_in_single_bytes),
		cmocka_unit_test(many_in_flight),
		cmocka_unit_test(names_are_looked_up_beside_the_loop),
		cmocka_unit_test(wrong_targets_are_refused),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
