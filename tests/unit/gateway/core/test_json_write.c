/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_write and json_text: commas, escapes, UTF-8, raw values; decoding and comparing
 * raw text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json_read.h"
#include "core/json_write.h"

#define ARENA_BYTES ((size_t)1 << 20)

static void
assert_text(struct kp_slice found, const char *wanted)
{
	if (!kp_slice_is(found, wanted)) {
		fail_msg("'%.*s' is not '%s'", KP_SLICE_ARG(found), wanted);
	}
}

static void
puts_commas_where_they_belong(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &arena, 4096);
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, &buffer);
	kp_json_write_object_begin(&writer);
	KP_JSON_WRITE_NAME(&writer, "leeg");
	kp_json_write_object_begin(&writer);
	kp_json_write_object_end(&writer);
	KP_JSON_WRITE_NAME(&writer, "lijst");
	kp_json_write_array_begin(&writer);
	kp_json_write_int(&writer, INT64_MIN);
	kp_json_write_int(&writer, -1);
	kp_json_write_int(&writer, 0);
	kp_json_write_uint(&writer, UINT64_MAX);
	kp_json_write_array_begin(&writer);
	kp_json_write_array_end(&writer);
	kp_json_write_bool(&writer, true);
	kp_json_write_bool(&writer, false);
	kp_json_write_null(&writer);
	kp_json_write_raw(&writer, KP_SLICE("1.10"));
	kp_json_write_string_raw(&writer, KP_SLICE("a\\u00e9"));
	kp_json_write_array_end(&writer);
	kp_json_write_name(&writer, KP_SLICE("a\"b"));
	kp_json_write_string(&writer, KP_SLICE(""));
	kp_json_write_name_raw(&writer, KP_SLICE("\\n"));
	kp_json_write_int(&writer, INT64_MAX);
	kp_json_write_object_end(&writer);
	assert_false(buffer.failed);
	assert_int_equal(writer.depth, 0);
	assert_text(kp_buffer_slice(&buffer),
		"{\"leeg\":{},\"lijst\":[-9223372036854775808,-1,0,18446744073709551615,["
		"],true,"
		"false,null,1.10,\"a\\u00e9\"],\"a\\\"b\":\"\",\"\\n\":"
		"9223372036854775807}");
	kp_arena_deinit(&arena);
}

static void
escapes_and_replaces(void **state)
{
	(void)state;
	static const struct {
		struct kp_slice text;
		const char *written;
		size_t replaced;
	} cases[] = {
		{{"a\0b", 3}, "\"a\\u0000b\"", 0},
		{{"\b\f\n\r\t\x1f\x7f", 7}, "\"\\b\\f\\n\\r\\t\\u001f\x7f\"", 0},
		{{"\"\\/", 3}, "\"\\\"\\\\/\"", 0},
		{{"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9},
			"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", 0},
		{{"a\xffz", 3}, "\"a\xef\xbf\xbdz\"", 1},
		{{"\xe2\x82", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},
		{{"\xc0\xaf", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},
		{{"\xed\xa0\x80", 3}, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 3},
		{{"\xc3\"", 2}, "\"\xef\xbf\xbd\\\"\"", 1},
		{{"precies zestien!precies zestien!\n", 33},
			"\"precies zestien!precies zestien!\\n\"", 0},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_arena arena;
		kp_arena_init(&arena, ARENA_BYTES, NULL);
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, &arena, 4096);
		struct kp_json_writer writer;
		kp_json_writer_init(&writer, &buffer);
		kp_json_write_string(&writer, cases[i].text);
		assert_text(kp_buffer_slice(&buffer), cases[i].written);
		assert_int_equal(writer.replaced, cases[i].replaced);
		assert_int_equal(kp_utf8_valid(cases[i].text), cases[i].replaced == 0);
		kp_arena_deinit(&arena);
	}
}

static void
a_full_buffer_fails_quietly(void **state)
{
	(void)state;
	for (size_t room = 1; room < 24; room++) {
		struct kp_arena arena;
		kp_arena_init(&arena, ARENA_BYTES, NULL);
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, &arena, room);
		struct kp_json_writer writer;
		kp_json_writer_init(&writer, &buffer);
		kp_json_write_object_begin(&writer);
		KP_JSON_WRITE_NAME(&writer, "naam");
		kp_json_write_string(&writer, KP_SLICE("a\tb\xff"));
		kp_json_write_object_end(&writer);
		assert_true(buffer.len <= room);
		assert_int_equal(buffer.failed, room < 18);
		kp_arena_deinit(&arena);
	}
}

static void
decodes_raw_text(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	static const struct {
		const char *raw;
		struct kp_slice text;
	} right[] = {
		{"", {"", 0}},
		{"abc", {"abc", 3}},
		{"\\\"\\\\\\/\\b\\f\\n\\r\\t", {"\"\\/\b\f\n\r\t", 8}},
		{"\\u0041\\u00e9\\u20AC\\ud83d\\ude00x",
			{"A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80x", 11}},
		{"\\u0000", {"\0", 1}},
		{"\\uffff\\udbff\\udfff", {"\xef\xbf\xbf\xf4\x8f\xbf\xbf", 7}},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(right); i++) {
		struct kp_slice text;
		struct kp_slice raw = kp_slice_from(right[i].raw);
		assert_int_equal(kp_json_unescape(raw, &arena, &text), KP_OK);
		assert_true(kp_slice_equal(text, right[i].text));
		assert_true(kp_json_text_equal(raw, raw));
	}
	static const char *const wrong[] = {"\\", "\\x", "\\u", "\\u12", "\\u12g4",
		"\\ud800", "\\ud800\\", "\\ud800\\u", "\\ud800\\u0041", "\\udc00",
		"\\ud800xxxxxx"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		struct kp_slice text;
		assert_int_equal(kp_json_unescape(kp_slice_from(wrong[i]), &arena, &text),
			KP_E_SYNTAX);
	}
	struct kp_slice same = KP_SLICE("geen escape");
	struct kp_slice text;
	assert_int_equal(kp_json_unescape(same, &arena, &text), KP_OK);
	assert_ptr_equal(text.data, same.data);
	kp_arena_deinit(&arena);
	kp_arena_init(&arena, 2, NULL);
	assert_int_equal(
		kp_json_unescape(KP_SLICE("\\n\\n"), &arena, &text), KP_E_MEMORY);
	kp_arena_deinit(&arena);
}

static void
compares_raw_text(void **state)
{
	(void)state;
	static const struct {
		const char *a;
		const char *b;
		bool equal;
	} cases[] = {
		{"", "", true},
		{"a", "a", true},
		{"a", "b", false},
		{"a", "", false},
		{"\\u0061", "a", true},
		{"\\u00e9", "\xc3\xa9", true},
		{"\\u00E9", "\\u00e9", true},
		{"\\ud83d\\ude00", "\xf0\x9f\x98\x80", true},
		{"\\/", "/", true},
		{"\\n", "n", false},
		{"\\u0061b", "a", false},
		{"a", "\\u0061b", false},
		{"1.0", "1", false},
		{"1e3", "1E3", false},
		{"\\q", "\\q2", false},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_slice a = kp_slice_from(cases[i].a);
		struct kp_slice b = kp_slice_from(cases[i].b);
		assert_int_equal(kp_json_text_equal(a, b), cases[i].equal);
		assert_int_equal(kp_json_text_equal(b, a), cases[i].equal);
	}
	struct kp_slice nothing = {NULL, 0};
	assert_true(kp_json_text_equal(nothing, KP_SLICE("")));
	assert_false(kp_json_text_equal(nothing, KP_SLICE("\\n")));
}

static void
knows_a_number(void **state)
{
	(void)state;
	static const char *const right[] = {"0", "-0", "1", "10", "-12.50", "0.1", "1e5",
		"1E+5", "1e-05", "0e0", "123456789012345678901234567890"};
	static const char *const wrong[] = {"", "-", "+1", "01", "-01", "1.", ".1", "1e",
		"1e+", "1.e2", "1 ", " 1", "0x1", "1,2", "NaN", "1e5.0", "--1", "1-"};
	for (size_t i = 0; i < KP_ARRAY_LEN(right); i++) {
		assert_true(kp_json_number_valid(kp_slice_from(right[i])));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_false(kp_json_number_valid(kp_slice_from(wrong[i])));
	}
	assert_false(kp_json_number_valid((struct kp_slice){NULL, 0}));
}

static void
knows_one_whole_scalar(void **state)
{
	(void)state;
	static const char *const right[] = {"true", "false", "null", "0", "-1.5e+10",
		"\"\"", "\"a\"", "\"0123456789abcdef0123456789\"", "\"\\\"\"",
		"\"\\u00e9\\ud83d\\ude00\"", "\"caf\xc3\xa9 \xe2\x82\xac\""};
	static const char *const wrong[] = {"", "\"", "tru", "true ", "nul", "01", "1 ",
		"\"a", "a\"", "\"a\"b\"", "\"a\" ", "\"\\\"", "\"\\x\"", "\"\\u12\"",
		"\"\\ud83d\"", "\"\x01\"", "\"\xc3\"", "\"\xff\"", "{}", "[]",
		"\"0123456789abcdef\"0123456789\""};
	for (size_t i = 0; i < KP_ARRAY_LEN(right); i++) {
		assert_true(kp_json_scalar_valid(kp_slice_from(right[i])));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		if (kp_json_scalar_valid(kp_slice_from(wrong[i]))) {
			fail_msg("accepted: %s", wrong[i]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_one_whole_scalar),
		cmocka_unit_test(puts_commas_where_they_belong),
		cmocka_unit_test(escapes_and_replaces),
		cmocka_unit_test(a_full_buffer_fails_quietly),
		cmocka_unit_test(decodes_raw_text),
		cmocka_unit_test(compares_raw_text),
		cmocka_unit_test(knows_a_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
