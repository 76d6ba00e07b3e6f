/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_upstream: what is asked of a partner, and what it may answer. */
#include "upstream_rig.h"

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
		cmocka_unit_test(excess_is_no_answer),
		cmocka_unit_test(answers_in_single_bytes),
		cmocka_unit_test(wrong_targets_are_refused),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
