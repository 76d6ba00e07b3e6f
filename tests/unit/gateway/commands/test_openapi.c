/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_openapi: filling in what a text of the interface asks for. That the whole document
 * is right is seen from outside, in tests/conformance/adr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "openapi.h"

static struct kp_arena arena;

static int
set_up(void **state)
{
	(void)state;
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	kp_arena_deinit(&arena);
	return 0;
}

static void
expect(const char *text, const char *filled)
{
	static const struct kp_config config = {
		.request_fields_max = 7,
		.api_contact_name = KP_SLICE_INIT("Loket \"Zuid\""),
		.api_public_url = KP_SLICE_INIT("https://poort.example.nl//"),
	};
	struct kp_slice out = {NULL, 0};
	struct kp_error err = {0};
	enum kp_status status =
		kp_openapi_fill(kp_slice_from(text), &config, NULL, &arena, &out, &err);
	if (filled == NULL) {
		assert_int_equal(status, KP_E_INTERNAL);
		return;
	}
	assert_int_equal(status, KP_OK);
	assert_int_equal(out.len, strlen(filled));
	assert_memory_equal(out.data, filled, out.len);
}

static void
what_is_known_is_filled_in(void **state)
{
	(void)state;
	expect("{\n  \"a\": \"@option.request.fields_max\"\n}\n", "{\"a\":7}");
	expect("\"@option.api.contact_name\"", "\"Loket \\\"Zuid\\\"\"");
	expect("\"@server\"", "\"https://poort.example.nl/v1\"");
	expect("\"@number.query_reason_bytes\"", "500");
	expect("\"@problems.431\"",
		"{\"header-limit\":{\"summary\":\"De kopvelden zijn te groot\",\"value\":"
		"{\"type\":\"urn:ketenpoort:probleem:header-limit\",\"title\":"
		"\"De kopvelden zijn te groot\",\"status\":431,\"detail\":"
		"\"De kopvelden zijn te groot\",\"code\":\"header-limit\"}}}");
}

static void
what_is_unknown_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"\"@\\u0041\"", "\"@option.request.nothing\"",
		"\"@option.request\"", "\"@option.\"", "\"@number.pi\"", "\"@versions\"",
		"\"@problems.299\"", "\"@problems.\"", "\"@option.log.level\""};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		expect(bad[i], NULL);
	}
}

static void
other_texts_stay_as_they_are(void **state)
{
	(void)state;
	expect("[ \"a \\\" b\", \"\\\\\", \"\", \"@\", \"a@b c\" ]",
		"[\"a \\\" b\",\"\\\\\",\"\",\"@\",\"a@b c\"]");
	expect("\"open", "\"open");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_is_filled_in),
		cmocka_unit_test(what_is_unknown_is_refused),
		cmocka_unit_test(other_texts_stay_as_they_are),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
