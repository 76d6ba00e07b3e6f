/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* query: bodies that pass, and every way they do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/bits.h"
#include "query/query.h"
#include "support/fake_bundle.h"

#define BSN "\"burgerservicenummer\":\"999993653\""

static struct kp_bundle *bundle;
static struct kp_arena arena;

static int
set_up(void **state)
{
	(void)state;
	bundle = kp_fake_bundle_create(NULL, 0);
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	kp_arena_deinit(&arena);
	kp_bundle_unref(&bundle);
	return 0;
}

static const struct kp_query_limits limits = {
	.body_bytes_max = 4096,
	.fields_max = 3,
	.budget_ms_min = 50,
	.budget_ms_max = 30000,
	.budget_ms_default = 4000,
	.header_bytes_max = 242,
};

static enum kp_status
parse(const char *body, struct kp_query *query, struct kp_query_faults *faults)
{
	static const struct kp_query_standins standins;
	struct kp_error err;
	*faults = (struct kp_query_faults){.count = 0};
	return kp_query_parse(kp_slice_from(body), bundle, &limits, &standins, &arena,
		query, faults, &err);
}

static void
test_whole(void **state)
{
	(void)state;
	struct kp_query query;
	struct kp_query_faults faults;
	assert_int_equal(
		parse("{" BSN ",\"doel\":\"intake\",\"zaakkenmerk\":\"Z-\\u0031\","
		      "\"velden\":[\"persoon\"],\"profiel\":\"kort\","
		      "\"budgetMs\":50,\"reden\":\"omdat\"}",
			&query, &faults),
		KP_OK);
	assert_true(kp_slice_is(query.bsn, "999993653"));
	assert_true(kp_slice_is(query.case_id, "Z-1"));
	assert_true(kp_slice_is(query.reason, "omdat"));
	assert_int_equal(query.budget_ms, 50);
	assert_true(query.narrowed);
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(bundle);
	assert_int_equal(kp_bits_count(query.asked, catalogue->field_words), 2);
	assert_int_equal(parse("{" BSN ",\"doel\":\"x\"}", &query, &faults), KP_OK);
	assert_int_equal(query.budget_ms, 4000);
	assert_false(query.narrowed);
	assert_int_equal(kp_bits_count(query.asked, catalogue->field_words),
		catalogue->field_count);
}

static void
test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		const char *code;
		const char *pointer;
	} cases[] = {
		{"{\"doel\":\"x\"}", "required", "/burgerservicenummer"},
		{"{" BSN "}", "required", "/doel"},
		{"{\"burgerservicenummer\":\"999993654\",\"doel\":\"x\"}", "bsn",
			"/burgerservicenummer"},
		{"{\"burgerservicenummer\":\"000000000\",\"doel\":\"x\"}", "bsn",
			"/burgerservicenummer"},
		{"{\"burgerservicenummer\":\"99999365\",\"doel\":\"x\"}", "bsn",
			"/burgerservicenummer"},
		{"{\"burgerservicenummer\":999993653,\"doel\":\"x\"}", "type",
			"/burgerservicenummer"},
		{"{" BSN ",\"doel\":null}", "type", "/doel"},
		{"{" BSN ",\"doel\":\"\"}", "empty", "/doel"},
		{"{" BSN ",\"doel\":\"a\\nb\"}", "pattern", "/doel"},
		{"{" BSN ",\"doel\":{\"a\":[1]}}", "type", "/doel"},
		{"{" BSN ",\"doel\":\"x\",\"budgetMs\":49}", "range", "/budgetMs"},
		{"{" BSN ",\"doel\":\"x\",\"budgetMs\":30001}", "range", "/budgetMs"},
		{"{" BSN ",\"doel\":\"x\",\"budgetMs\":1e3}", "range", "/budgetMs"},
		{"{" BSN ",\"doel\":\"x\",\"budgetMs\":-100}", "range", "/budgetMs"},
		{"{" BSN ",\"doel\":\"x\",\"budgetMs\":99999999999}", "range",
			"/budgetMs"},
		{"{" BSN ",\"doel\":\"x\",\"budgetMs\":\"100\"}", "type", "/budgetMs"},
		{"{" BSN ",\"doel\":\"x\",\"velden\":\"persoon\"}", "type", "/velden"},
		{"{" BSN ",\"doel\":\"x\",\"velden\":[]}", "minItems", "/velden"},
		{"{" BSN ",\"doel\":\"x\",\"velden\":[1]}", "type", "/velden"},
		{"{" BSN ",\"doel\":\"x\",\"velden\":[[\"persoon\"]]}", "type",
			"/velden"},
		{"{" BSN ",\"doel\":\"x\",\"velden\":[\"persoon\",\"persoo\"]}",
			"unknown", "/velden/1"},
		{"{" BSN ",\"doel\":\"x\",\"velden\":[\"persoon\",\"persoon\","
		 "\"persoon\",\"persoon\",\"persoon\"]}",
			"maxItems", "/velden"},
		{"{" BSN ",\"doel\":\"x\",\"velden\":[\"uitkeringen\"],"
		 "\"profiel\":\"kort\"}",
			"empty", "/velden"},
		{"{" BSN ",\"doel\":\"x\",\"profiel\":\"lang\"}", "unknown", "/profiel"},
		{"{" BSN ",\"doel\":\"x\",\"a/b~c\":1}", "unknown", "/a~1b~0c"},
		{"{" BSN ",\"doel\":\"x\",\"Doel\":{\"doel\":\"y\"}}", "unknown",
			"/Doel"},
		{"{" BSN ",\"doel\":\"x\",\"doel\":\"y\"}", "unique", "/doel"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_query query;
		struct kp_query_faults faults;
		enum kp_status status = parse(cases[i].body, &query, &faults);
		if (status != KP_E_INVALID || faults.count != 1 ||
			!kp_slice_is(faults.items[0].code, cases[i].code) ||
			!kp_slice_is(faults.items[0].pointer, cases[i].pointer)) {
			fail_msg("%s: status %d, %u faults, '%.*s' at '%.*s'",
				cases[i].body, (int)status, faults.count,
				KP_SLICE_ARG(faults.items[0].code),
				KP_SLICE_ARG(faults.items[0].pointer));
		}
	}
}

static void
test_limits(void **state)
{
	(void)state;
	char body[5000];
	char text[600];
	struct kp_query query;
	struct kp_query_faults faults;
	memset(text, 'a', sizeof(text));
	for (int over = 0; over < 2; over++) {
		snprintf(body, sizeof(body), "{" BSN ",\"doel\":\"%.*s\"}",
			(int)KP_QUERY_TEXT_BYTES_MAX + over, text);
		assert_int_equal(
			parse(body, &query, &faults), over == 0 ? KP_OK : KP_E_INVALID);
		snprintf(body, sizeof(body),
			"{" BSN ",\"doel\":\"x\",\"reden\":\"%.*s\"}",
			(int)KP_QUERY_REASON_BYTES_MAX + over, text);
		assert_int_equal(
			parse(body, &query, &faults), over == 0 ? KP_OK : KP_E_INVALID);
		snprintf(body, sizeof(body), "{" BSN ",\"doel\":\"x\",\"budgetMs\":%d}",
			30000 + over);
		assert_int_equal(
			parse(body, &query, &faults), over == 0 ? KP_OK : KP_E_INVALID);
		snprintf(body, sizeof(body), "{" BSN ",\"doel\":\"x\",\"budgetMs\":%d}",
			50 - over);
		assert_int_equal(
			parse(body, &query, &faults), over == 0 ? KP_OK : KP_E_INVALID);
		snprintf(body, sizeof(body),
			"{" BSN ",\"doel\":\"x\",\"velden\":[\"persoon\",\"persoon\","
			"\"persoon\"%s]}",
			over == 0 ? "" : ",\"persoon\"");
		assert_int_equal(
			parse(body, &query, &faults), over == 0 ? KP_OK : KP_E_INVALID);
		int len = snprintf(body, sizeof(body), "{" BSN ",\"doel\":\"x\"}");
		memset(body + len, ' ', sizeof(body) - (size_t)len);
		body[4096 + over] = '\0';
		assert_int_equal(parse(body, &query, &faults),
			over == 0 ? KP_OK : KP_E_BODY_LIMIT);
	}
}

static void
test_not_json(void **state)
{
	(void)state;
	static const char *const bodies[] = {"", "{", "{} {}", "{" BSN ",}", "nul",
		"{\"doel\":\"\xff\"}", "{\"a\":[[[[[[[[[[1]]]]]]]]]]}", "\xef\xbb\xbf{}"};
	for (size_t i = 0; i < KP_ARRAY_LEN(bodies); i++) {
		struct kp_query query;
		struct kp_query_faults faults;
		assert_int_equal(parse(bodies[i], &query, &faults), KP_E_SYNTAX);
	}
	struct kp_query query;
	struct kp_query_faults faults;
	assert_int_equal(parse("[1]", &query, &faults), KP_E_INVALID);
	assert_int_equal(parse("\"x\"", &query, &faults), KP_E_INVALID);
}

static void
test_many_faults(void **state)
{
	(void)state;
	char body[2000];
	size_t len = (size_t)snprintf(body, sizeof(body), "{\"m0\":1");
	for (int i = 1; i < 50; i++) {

		len += (size_t)snprintf(
			body + len, sizeof(body) - len, ",\"m%d\":[{}]", i);
	}
	snprintf(body + len, sizeof(body) - len, "}");
	struct kp_query query;
	struct kp_query_faults faults;
	assert_int_equal(parse(body, &query, &faults), KP_E_INVALID);
	assert_int_equal(faults.count, KP_QUERY_FAULTS_MAX);
	assert_int_equal(faults.count + faults.dropped, 52);
}

static void
test_standins(void **state)
{
	(void)state;
	char value[244];
	memset(value, 'v', sizeof(value));
	for (size_t len = 242; len <= 243; len++) {
		const struct kp_query_standins standins = {
			.purpose_name = KP_SLICE("x-doelbinding"),
			.purpose = {value, len},
		};
		struct kp_query query;
		struct kp_query_faults faults = {.count = 0};
		assert_int_equal(kp_query_parse(KP_SLICE("{" BSN "}"), bundle, &limits,
					 &standins, &arena, &query, &faults, NULL),
			len == 242 ? KP_OK : KP_E_INVALID);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_many_faults),
		cmocka_unit_test(test_standins),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
