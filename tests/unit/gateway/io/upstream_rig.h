/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * upstream_rig: a partner on a real socket that answers well, badly, slowly or not at
 * all, by the path it is asked; and calls to it.
 */
#ifndef UPSTREAM_RIG_H
#define UPSTREAM_RIG_H

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

#endif
