/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_document: positions, pointers, and every report of the getters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/json_document.h"
#include "core/nearest.h"

struct fixture {
	struct kp_arena arena;
	struct kp_findings findings;
	struct kp_json_document document;
	enum kp_status status;
};

static void
load(struct fixture *fixture, const char *text)
{
	kp_arena_init(&fixture->arena, 1 << 20, NULL);
	kp_findings_init(&fixture->findings, 10);
	fixture->status = kp_json_document_load(&fixture->arena, "a.json",
		kp_slice_from(text), &fixture->findings, &fixture->document);
}

static void
unload(struct fixture *fixture)
{
	kp_findings_deinit(&fixture->findings);
	kp_arena_deinit(&fixture->arena);
}

static void
assert_finding(const struct fixture *fixture, size_t index, const char *expected)
{
	assert_true(index < fixture->findings.count);
	char text[512];
	kp_error_text(&fixture->findings.items[index], text, sizeof(text));
	assert_string_equal(text, expected);
}

static void
knows_where_each_value_stands(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture,
		"{\n  \"a\": [1, 2.50,\n    \"x\\\"\\\\y\\u00e9\"],\n"
		"\t\"b/c~\" : { \"//\": 0, \"d\" :null } ,\"e\":true}");
	assert_int_equal(fixture.status, KP_OK);
	const struct kp_json_node *root = fixture.document.root;
	assert_int_equal(root->count, 3);
	const struct kp_json_node *a = kp_json_member(root, "a");
	const struct kp_json_node *real = a->first->next;
	assert_int_equal(a->first->integer, 1);
	assert_true(real->raw.len == 4 && memcmp(real->raw.data, "2.50", 4) == 0);
	assert_int_equal(real->line, 2);
	assert_int_equal(real->column, 12);
	const struct kp_json_node *text = real->next;
	assert_true(kp_slice_is(text->text, "x\"\\y\xc3\xa9"));
	assert_int_equal(text->line, 3);
	assert_int_equal(text->column, 5);
	char pointer[64];
	assert_string_equal(kp_json_pointer(text, pointer, sizeof(pointer)), "/a/2");
	const struct kp_json_node *d = kp_json_member(kp_json_member(root, "b/c~"), "d");
	assert_int_equal(d->kind, KP_JSON_KIND_NULL);
	assert_string_equal(kp_json_pointer(d, pointer, sizeof(pointer)), "/b~1c~0/d");
	assert_int_equal(d->line, 4);
	assert_string_equal(kp_json_pointer(root, pointer, sizeof(pointer)), "");
	/* A pointer that does not fit is cut, never overrun. */
	char small[6];
	assert_string_equal(kp_json_pointer(d, small, sizeof(small)), "/b~1");
	assert_true(kp_json_member(root, "e")->boolean);
	unload(&fixture);
}

static void
refuses_what_is_not_json(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *expected;
	} cases[] = {
		{"", "a.json:1:1: '[' or '{' expected near end of file"},
		{"{\"a\":1,\n \"a\":2}", "a.json:2:4: duplicate object key near '\"a\"'"},
		{"[1,]", "a.json:1:4: unexpected token near ']'"},
		{"{} x", NULL},
		{"[\"\xff\"]", NULL},
		{"[99999999999999999999]", NULL},
		{"[\"\\u0000\"]", NULL},
		{"3", NULL},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct fixture fixture;
		load(&fixture, cases[i].text);
		assert_int_equal(fixture.status, KP_E_CONFIG);
		assert_int_equal(fixture.findings.count, 1);
		if (cases[i].expected != NULL) {
			assert_finding(&fixture, 0, cases[i].expected);
		}
		unload(&fixture);
	}
}

static void
bounds_nesting_and_size(void **state)
{
	(void)state;
	char text[2 * (KP_JSON_FILE_DEPTH_MAX + 1) + 1];
	for (unsigned depth = KP_JSON_FILE_DEPTH_MAX; depth <= KP_JSON_FILE_DEPTH_MAX + 1;
		depth++) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		text[2 * depth] = '\0';
		struct fixture fixture;
		load(&fixture, text);
		bool allowed = depth <= KP_JSON_FILE_DEPTH_MAX;
		assert_int_equal(fixture.status, allowed ? KP_OK : KP_E_CONFIG);
		if (!allowed) {
			assert_finding(&fixture, 0,
				"a.json: objects and arrays are nested deeper than the "
				"limit of 64");
		}
		unload(&fixture);
	}
	struct fixture fixture;
	load(&fixture, "[]");
	struct kp_json_document document;
	struct kp_slice large = {"", KP_JSON_FILE_BYTES_MAX + 1};
	assert_int_equal(kp_json_document_load(&fixture.arena, "b.json", large,
				 &fixture.findings, &document),
		KP_E_CONFIG);
	assert_finding(&fixture, 0,
		"b.json: 16777217 bytes is above the limit of 16777216 for one file");
	unload(&fixture);
}

static void
survives_every_lack_of_memory(void **state)
{
	(void)state;
	struct kp_slice text = KP_SLICE("{\"a\":[1,\"two\",{\"b\":null}],\"c\":\"d\"}");
	enum kp_status status = KP_E_MEMORY;
	for (size_t limit = 0; status == KP_E_MEMORY; limit += 16) {
		struct kp_arena arena;
		kp_arena_init(&arena, limit, NULL);
		struct kp_findings findings;
		kp_findings_init(&findings, 10);
		struct kp_json_document document;
		status = kp_json_document_load(&arena, "a", text, &findings, &document);
		assert_false(kp_findings_any(&findings));
		kp_arena_deinit(&arena);
		kp_findings_deinit(&findings);
	}
	assert_int_equal(status, KP_OK);
}

static void
reports_unknown_members_with_the_nearest_name(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture, "{\"//\": \"note\", \"naam\": 1,\n\"grondslga\": 2, \"zzz\": 3}");
	static const char *const known[] = {"naam", "grondslag"};
	assert_false(kp_json_expect_members(
		&fixture.document, fixture.document.root, known, 2));
	assert_int_equal(fixture.findings.count, 2);
	assert_finding(&fixture, 0,
		"a.json:2:14: /grondslga: unknown member 'grondslga'; meant is "
		"'grondslag'?");
	assert_finding(&fixture, 1, "a.json:2:24: /zzz: unknown member 'zzz'");
	unload(&fixture);
}

static void
reads_members_of_the_right_type(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture,
		"{\"t\":\"x\",\"i\":7,\"r\":0.5,\"b\":true,\"c\":\"two\","
		"\"l\":[\"a\",\"b\"],\"o\":{}}");
	const struct kp_json_document *doc = &fixture.document;
	const struct kp_json_node *root = doc->root;
	struct kp_slice text = {0};
	int64_t integer = 0;
	double real = 0;
	bool boolean = false;
	static const char *const words[] = {"one", "two"};
	size_t choice = 0;
	struct kp_slice *texts = NULL;
	size_t count = 0;
	assert_true(kp_json_get_text(doc, root, "t", KP_JSON_REQUIRED, &text));
	assert_true(kp_slice_is(text, "x"));
	assert_true(
		kp_json_get_integer(doc, root, "i", KP_JSON_REQUIRED, 7, 7, &integer));
	assert_int_equal(integer, 7);
	assert_true(kp_json_get_real(doc, root, "r", KP_JSON_REQUIRED, 0, 1, &real));
	assert_true(real > 0.4 && real < 0.6);
	assert_true(kp_json_get_real(doc, root, "i", KP_JSON_REQUIRED, 0, 9, &real));
	assert_true(kp_json_get_boolean(doc, root, "b", KP_JSON_REQUIRED, &boolean));
	assert_true(boolean);
	assert_true(
		kp_json_get_choice(doc, root, "c", KP_JSON_REQUIRED, words, 2, &choice));
	assert_int_equal(choice, 1);
	assert_true(kp_json_get_texts(doc, root, "l", KP_JSON_REQUIRED, &texts, &count));
	assert_int_equal(count, 2);
	assert_true(kp_slice_is(texts[1], "b"));
	assert_non_null(kp_json_get_object(doc, root, "o", KP_JSON_REQUIRED));
	assert_non_null(kp_json_get_array(doc, root, "l", KP_JSON_REQUIRED));
	assert_false(kp_json_get_text(doc, root, "none", KP_JSON_OPTIONAL, &text));
	assert_null(kp_json_get_object(doc, root, "none", KP_JSON_OPTIONAL));
	assert_false(kp_findings_any(&fixture.findings));
	unload(&fixture);
}

static void
reports_what_is_wrong_and_leaves_the_default(void **state)
{
	(void)state;
	struct fixture fixture;
	load(&fixture,
		"{\"t\":\"\",\"i\":8,\"r\":2,\"c\":\"twee\",\"q\":\"zzzzzz\","
		"\"l\":[\"a\",\"a\",1,\"\"]}");
	const struct kp_json_document *doc = &fixture.document;
	const struct kp_json_node *root = doc->root;
	struct kp_slice text = KP_SLICE("default");
	int64_t integer = 5;
	double real = 5;
	static const char *const words[] = {"een", "twe", "drie"};
	size_t choice = 9;
	struct kp_slice *texts = NULL;
	size_t count = 0;
	assert_false(kp_json_get_text(doc, root, "t", KP_JSON_OPTIONAL, &text));
	assert_true(kp_slice_is(text, "default"));
	assert_false(
		kp_json_get_integer(doc, root, "i", KP_JSON_OPTIONAL, 1, 7, &integer));
	assert_int_equal(integer, 5);
	assert_false(kp_json_get_real(doc, root, "r", KP_JSON_OPTIONAL, 0, 1, &real));
	assert_false(
		kp_json_get_choice(doc, root, "c", KP_JSON_OPTIONAL, words, 3, &choice));
	assert_false(
		kp_json_get_choice(doc, root, "q", KP_JSON_OPTIONAL, words, 3, &choice));
	assert_int_equal(choice, 9);
	assert_false(kp_json_get_texts(doc, root, "l", KP_JSON_OPTIONAL, &texts, &count));
	assert_null(texts);
	assert_false(
		kp_json_get_integer(doc, root, "t", KP_JSON_REQUIRED, 0, 1, &integer));
	assert_false(kp_json_get_text(doc, root, "none", KP_JSON_REQUIRED, &text));
	static const char *const expected[] = {
		"a.json:1:6: /t: must not be empty",
		"a.json:1:13: /i: 8 is above the limit 7",
		"a.json:1:19: /r: 2 is not between 0 and 1",
		"a.json:1:25: /c: \"twee\" is not allowed; meant is \"twe\"? (\"een\", "
		"\"twe\" or \"drie\")",
		"a.json:1:36: /q: \"zzzzzz\" is not allowed: must be \"een\", \"twe\" or "
		"\"drie\"",
		"a.json:1:54: /l/1: stands here twice",
		"a.json:1:58: /l/2: must be a text, not a whole number",
		"a.json:1:60: /l/3: must not be empty",
		"a.json:1:6: /t: must be a whole number, not a text",
		"a.json:1:1: member 'none' is missing",
	};
	assert_int_equal(fixture.findings.count, KP_ARRAY_LEN(expected));
	for (size_t i = 0; i < KP_ARRAY_LEN(expected); i++) {
		assert_finding(&fixture, i, expected[i]);
	}
	unload(&fixture);
}

static void
suggests_only_what_is_near(void **state)
{
	(void)state;
	static const char *const known[] = {"persoon", "uitkeringen", "Adres"};
	assert_true(kp_slice_is(kp_nearest_of(KP_SLICE("persoom"), known, 3), "persoon"));
	assert_true(kp_slice_is(kp_nearest_of(KP_SLICE("adres"), known, 3), "Adres"));
	assert_null(kp_nearest_of(KP_SLICE("kinderen"), known, 3).data);
	assert_null(kp_nearest_of(KP_SLICE("x"), known, 0).data);
	char wide[KP_NEAREST_WORD_MAX + 2];
	memset(wide, 'a', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	const char *const wides[] = {wide};
	assert_null(kp_nearest_of(kp_slice_from(wide), wides, 1).data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_where_each_value_stands),
		cmocka_unit_test(refuses_what_is_not_json),
		cmocka_unit_test(bounds_nesting_and_size),
		cmocka_unit_test(survives_every_lack_of_memory),
		cmocka_unit_test(reports_unknown_members_with_the_nearest_name),
		cmocka_unit_test(reads_members_of_the_right_type),
		cmocka_unit_test(reports_what_is_wrong_and_leaves_the_default),
		cmocka_unit_test(suggests_only_what_is_near),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
