/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* negotiate: Accept, Content-Type, Prefer and traceparent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/attr.h"
#include "query/negotiate.h"

#define NONE KP_ANSWER_FORM_COUNT

static void
test_accept(void **state)
{
	(void)state;
	static const struct {
		const char *accept;
		enum kp_answer_form form;
	} cases[] = {
		{"*/*", KP_ANSWER_JSON},
		{"application/*", KP_ANSWER_JSON},
		{"text/*", KP_ANSWER_SSE},
		{"Application/JSON", KP_ANSWER_JSON},
		{"application/x-ndjson", KP_ANSWER_NDJSON},
		{"application/json;q=0.5, application/x-ndjson", KP_ANSWER_NDJSON},
		{"application/json;q=0, */*", KP_ANSWER_NDJSON},
		{"*/*;q=0.1, text/event-stream;q=0.9", KP_ANSWER_SSE},
		{"text/html, application/xml;q=0.9, */*;q=0.8", KP_ANSWER_JSON},
		{"application/json; profile=\"a,b;q=0\"", KP_ANSWER_JSON},
		{"application/json;q=0", NONE},
		{"application/json;q=2", NONE},
		{"application/json;q=0.1234", NONE},
		{"text/html", NONE},
		{"json", NONE},
		{",,;", NONE},
		{"", NONE},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		unsigned weights[KP_ANSWER_FORM_COUNT] = {0};
		enum kp_answer_form form = NONE;
		kp_negotiate_accept(kp_slice_from(cases[i].accept), weights);
		(void)kp_negotiate_choose(weights, &form);
		if (form != cases[i].form) {
			fail_msg("'%s' gave %d", cases[i].accept, (int)form);
		}
	}
}

static void
test_content_type(void **state)
{
	(void)state;
	static const char *const good[] = {"application/json",
		"Application/Json; Charset=\"UTF-8\"", "application/json;charset=utf-8"};
	static const char *const bad[] = {"", "application/jsonx", "text/json",
		"application/json; charset=utf-16", "json"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		assert_true(kp_content_type_is_json(kp_slice_from(good[i])));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		assert_false(kp_content_type_is_json(kp_slice_from(bad[i])));
	}
}

static void
test_prefer(void **state)
{
	(void)state;
	assert_true(kp_prefers_dry_run(KP_SLICE("handling=dry-run")));
	assert_true(kp_prefers_dry_run(KP_SLICE("wait=1, handling = \"dry-run\"; x")));
	assert_false(kp_prefers_dry_run(KP_SLICE("handling=strict")));
	assert_false(kp_prefers_dry_run(KP_SLICE("x=\"handling=dry-run\"")));
	assert_false(kp_prefers_dry_run(KP_SLICE("")));
}

static void
test_trace(void **state)
{
	(void)state;
#define IDS "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
	static const char *const good[] = {
		"00-" IDS "-01", "00-" IDS "-00", "01-" IDS "-01", "cc-" IDS "-01-more"};
	static const char *const bad[] = {"", "00", "ff-" IDS "-01", "00-" IDS "-01-more",
		"01-" IDS "-01more", "00-" IDS "-0x", "00-" IDS "_01",
		"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"};
	struct kp_trace trace;
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		assert_true(kp_trace_parse(kp_slice_from(good[i]), &trace));
		assert_memory_equal(trace.parent_id, "00f067aa0ba902b7", KP_SPAN_ID_LEN);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		assert_false(kp_trace_parse(kp_slice_from(bad[i]), &trace));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_content_type),
		cmocka_unit_test(test_prefer),
		cmocka_unit_test(test_trace),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
