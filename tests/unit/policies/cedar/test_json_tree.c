/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* JSON as a tree with positions: what is kept, what is refused, and how that is said. */
#include "cedar_room.h"

#include "policies/cedar/json_tree.h"

static const struct kp_cedar_json *
parse(struct room *room, struct kp_cedar_json_text *text, struct kp_slice json)
{
	const struct kp_cedar_json *root = NULL;
	*text = (struct kp_cedar_json_text){json, "j", &room->errors};
	enum kp_status status = kp_cedar_json_parse(&room->arena, text, &root);
	assert_int_equal(status == KP_OK, root != NULL);
	return root;
}

static void
keeps_names_texts_and_places(void **state)
{
	(void)state;
	struct room room;
	struct kp_cedar_json_text text;
	room_open(&room);
	const struct kp_cedar_json *root = parse(&room, &text,
		KP_SLICE("{\"a\\u0000\": [1,\n  \"x\\n\", true],\n \"b\": {\"c\": "
			 "null}}"));
	assert_non_null(root);
	assert_int_equal(root->kind, KP_CEDAR_JSON_OBJECT);
	assert_int_equal(root->count, 2);
	assert_true(kp_slice_equal(root->first->name, KP_SLICE("a\0")));
	const struct kp_cedar_json *item = root->first->first->next;
	assert_true(kp_slice_is(item->text, "x\n"));
	assert_int_equal(item->line, 2);
	assert_int_equal(item->column, 3);
	assert_ptr_equal(item->parent, root->first);
	const struct kp_cedar_json *b = kp_cedar_json_member(root, "b");
	assert_int_equal(kp_cedar_json_member(b, "c")->kind, KP_CEDAR_JSON_NULL);
	assert_null(kp_cedar_json_member(b, "d"));
	assert_null(kp_cedar_json_member(item, "d"));
	room_close(&room);
}

static void
complains_at_the_place(void **state)
{
	(void)state;
	struct room room;
	struct kp_cedar_json_text text;
	room_open(&room);
	const struct kp_cedar_json *root =
		parse(&room, &text, KP_SLICE("{\"a/b~\": [0, {\"naem\": 1}]}"));
	static const char *const known[] = {"name"};
	const struct kp_cedar_json *object = root->first->first->next;
	assert_false(kp_cedar_json_members(&text, object, known, 1));
	assert_string_equal(room_finding(&room.errors, 0),
		"j:1:23: /a~1b~0/1/naem: unknown member, did you mean \"name\"?");
	assert_null(kp_cedar_json_require(&text, object, "id", KP_CEDAR_JSON_STRING));
	assert_string_equal(room_finding(&room.errors, 1),
		"j:1:14: /a~1b~0/1: the member \"id\" is missing");
	assert_false(kp_cedar_json_expect(&text, object->first, KP_CEDAR_JSON_STRING));
	assert_non_null(strstr(
		room_finding(&room.errors, 2), "expected a string, found a number"));
	room_close(&room);
}

static void
integers_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		bool sound;
		int64_t integer;
	} cases[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9007199254740993", true, 9007199254740993},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"1.0", false, 0},
		{"1e3", false, 0},
		{"\"1\"", false, 0},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct room room;
		struct kp_cedar_json_text text;
		int64_t integer = 0;
		room_open(&room);
		const struct kp_cedar_json *root =
			parse(&room, &text, kp_slice_from(cases[i].json));
		assert_int_equal(kp_cedar_json_integer(root, &integer), cases[i].sound);
		assert_true(integer == cases[i].integer);
		room_close(&room);
	}
}

static void
refuses_what_is_no_json(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "{", "[1,]", "{\"a\":1,\"a\":2}", "tru", "1 2", "\"\xff\""};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct room room;
		struct kp_cedar_json_text text;
		room_open(&room);
		assert_null(parse(&room, &text, kp_slice_from(texts[i])));
		assert_int_equal(room.errors.count, 1);
		room_close(&room);
	}
}

static void
depth_is_bounded(void **state)
{
	(void)state;
	for (size_t depth = KP_CEDAR_JSON_DEPTH_MAX; depth <= KP_CEDAR_JSON_DEPTH_MAX + 1;
		depth++) {
		struct room room;
		struct kp_cedar_json_text text;
		struct kp_buffer json;
		room_open(&room);
		kp_buffer_init(&json, &room.arena, 1 << 20);
		for (size_t i = 0; i < depth; i++) {
			kp_buffer_add_char(&json, '[');
		}
		for (size_t i = 0; i < depth; i++) {
			kp_buffer_add_char(&json, ']');
		}
		bool read = parse(&room, &text, kp_buffer_slice(&json)) != NULL;
		assert_int_equal(read, depth == KP_CEDAR_JSON_DEPTH_MAX);
		room_close(&room);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_names_texts_and_places),
		cmocka_unit_test(complains_at_the_place),
		cmocka_unit_test(integers_are_exact),
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(depth_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
