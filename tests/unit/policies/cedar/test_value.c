/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Values: the four text forms at their edges, sets and records, and writing them back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policies/cedar/eval.h"
#include "policies/cedar/parse.h"

#define ARENA_MAX ((size_t)16 << 20)

static void
decimals(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{"0.0", 0},
		{"-0.5", -5000},
		{"-0.0", 0},
		{"1.0", 10000},
		{"1.0000", 10000},
		{"00012.3", 123000},
		{"12.3456", 123456},
		{"922337203685477.5807", INT64_MAX},
		{"-922337203685477.5808", INT64_MIN},
	};
	static const char *const bad[] = {"", ".", "1", "1.", ".5", "-.5", "+1.0",
		"1.00000", "1.0 ", " 1.0", "1.0.0", "--1.0", "1.-5", "0x1.0", "1e3.0",
		"1,0", "922337203685477.5808", "-922337203685477.5809",
		"9223372036854775808.0", "\xd9\xa1.0"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		int64_t value = 77;
		assert_true(kp_cedar_decimal_parse(kp_slice_from(good[i].text), &value));
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		int64_t value = 77;
		assert_false(kp_cedar_decimal_parse(kp_slice_from(bad[i]), &value));
		assert_true(value == 77);
	}
}

static void
datetimes(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{"1970-01-01", 0},
		{"1969-12-31", -86400000},
		{"2024-02-29", 1709164800000},
		{"2000-02-29T00:00:00Z", 951782400000},
		{"0000-01-01", -62167219200000},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
		{"1970-01-01T00:00:00+0001", -60000},
		{"1970-01-01T00:00:00-2359", 86340000},
		{"1970-01-01T00:00:00-0000", 0},
		{"1970-01-01T00:00:00.001Z", 1},
	};
	static const char *const bad[] = {"", "1970", "1970-1-1", "1970-01-01Z",
		"1970-13-01", "1970-00-01", "1970-01-00", "1970-01-32", "2023-02-29",
		"1900-02-29", "1970-01-01T00:00:00", "1970-01-01T00:00Z",
		"1970-01-01t00:00:00Z", "1970-01-01T00:00:00z", "1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z", "1970-01-01T00:00:60Z", "1970-01-01T00:00:00.1Z",
		"1970-01-01T00:00:00.1234Z", "1970-01-01T00:00:00+01:00",
		"1970-01-01T00:00:00+2400", "1970-01-01T00:00:00+0060",
		"1970-01-01T00:00:00Z ", "-001-01-01", "10000-01-01",
		"1970-01-01T00:00:00+01", "1970/01/01"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		int64_t value = 77;
		assert_true(kp_cedar_datetime_parse(kp_slice_from(good[i].text), &value));
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		int64_t value;
		if (kp_cedar_datetime_parse(kp_slice_from(bad[i]), &value)) {
			fail_msg("%s", bad[i]);
		}
	}
}

static void
durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {
		{"0ms", 0},
		{"-0d", 0},
		{"1d", 86400000},
		{"1d2h3m4s5ms", 93784005},
		{"-1s500ms", -1500},
		{"2h5ms", 7200005},
		{"9223372036854775807ms", INT64_MAX},
		{"-9223372036854775808ms", INT64_MIN},
		{"106751991167d", INT64_C(106751991167) * 86400000},
	};
	static const char *const bad[] = {"", "-", "1", "d", "1d1d", "2h1d", "1ms1s",
		"1 d", "+1d", "1.5h", "1w", "--1d", "1d-2h", "1D",
		"9223372036854775808ms", "-9223372036854775809ms", "106751991168d", "1d ",
		"99999999999999999999ms"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		int64_t value = 77;
		assert_true(kp_cedar_duration_parse(kp_slice_from(good[i].text), &value));
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		int64_t value;
		if (kp_cedar_duration_parse(kp_slice_from(bad[i]), &value)) {
			fail_msg("%s", bad[i]);
		}
	}
}

static void
addresses(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint8_t prefix;
		bool version6;
		uint8_t first;
		uint8_t last;
	} good[] = {
		{"1.2.3.4", 32, false, 1, 0},
		{"255.0.0.0/8", 8, false, 255, 0},
		{"0.0.0.0/0", 0, false, 0, 0},
		{"::", 128, true, 0, 0},
		{"::1", 128, true, 0, 1},
		{"1::", 128, true, 0, 0},
		{"ff00::/8", 8, true, 255, 0},
		{"1:2:3:4:5:6:7:8", 128, true, 0, 8},
		{"1:2:3:4:5:6:7::", 128, true, 0, 0},
		{"::2:3:4:5:6:7:8", 128, true, 0, 8},
		{"ABCD:0::fe/128", 128, true, 0xab, 0xfe},
	};
	static const char *const bad[] = {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.",
		".1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4/", "1.2.3.4/33",
		"1.2.3.4/032", "1.2.3.4/08", "1.2.3.4/-1", "1.2.3.4/8/8", " 1.2.3.4",
		"1.2.3.4 ", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
		"1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "::1/129",
		"::1/0128", "::ffff:1.2.3.4", "fe80::1%1", "[::1]", "1:", ":1",
		"::1:", "00001::", "1111:2222:3333:4444:5555:6666:7777:8888/1280"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		struct kp_cedar_ip ip;
		if (!kp_cedar_ip_parse(kp_slice_from(good[i].text), &ip)) {
			fail_msg("%s", good[i].text);
		}
		assert_int_equal(ip.prefix, good[i].prefix);
		assert_int_equal(ip.version6, good[i].version6);
		assert_int_equal(ip.address[0], good[i].first);
		assert_int_equal(ip.address[15], good[i].last);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		struct kp_cedar_ip ip;
		if (kp_cedar_ip_parse(kp_slice_from(bad[i]), &ip)) {
			fail_msg("%s", bad[i]);
		}
	}
}

static void
sets_drop_duplicates_and_find(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_MAX, NULL);
	struct kp_cedar_value *items = KP_ARENA_ARRAY(&arena, struct kp_cedar_value, 200);
	struct kp_cedar_value set;
	assert_non_null(items);
	for (size_t i = 0; i < 200; i++) {
		items[i] = i % 2 == 0 ? kp_cedar_long((int64_t)((i * 37) % 100))
				      : kp_cedar_string(KP_SLICE("twice"));
	}
	assert_int_equal(kp_cedar_set_make(&arena, items, 200, &set), KP_OK);
	assert_int_equal(set.set->count, 51);
	for (int64_t i = -1; i < 101; i++) {
		struct kp_cedar_value value = kp_cedar_long(i);
		assert_int_equal(kp_cedar_set_has(set.set, &value),
			i >= 0 && i < 100 && i % 2 == 0);
	}
	kp_arena_deinit(&arena);
}

static void
records_find_and_refuse_duplicates(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_cedar_names names;
	kp_arena_init(&arena, ARENA_MAX, NULL);
	kp_cedar_names_init(&names, &arena, NULL);
	struct kp_cedar_attr attrs[100];
	const struct kp_cedar_name *all[101];
	for (size_t i = 0; i < 101; i++) {
		char text[8] = {'a', (char)('0' + i / 10), (char)('0' + i % 10)};
		all[i] = kp_cedar_name(&names, kp_slice_from(text));
	}
	for (size_t i = 0; i < 100; i++) {
		attrs[i].name = all[(i * 37) % 100];
		attrs[i].value = kp_cedar_long((int64_t)((i * 37) % 100));
	}
	struct kp_cedar_value record;
	assert_int_equal(kp_cedar_record_make(&arena, attrs, 100, &record), KP_OK);
	for (size_t i = 0; i < 100; i++) {
		const struct kp_cedar_value *value =
			kp_cedar_record_get(record.record, all[i]);
		assert_non_null(value);
		assert_int_equal(value->integer, i);
	}
	assert_null(kp_cedar_record_get(record.record, all[100]));
	struct kp_cedar_attr twice[2] = {
		{all[0], kp_cedar_long(1)}, {all[0], kp_cedar_long(1)}};
	assert_int_equal(kp_cedar_record_make(&arena, twice, 2, &record), KP_E_INVALID);
	kp_arena_deinit(&arena);
}

/* A value, written, is an expression that evaluates to it. */
static void
values_write_back(void **state)
{
	(void)state;
	static const char *const texts[] = {"true", "-9223372036854775808",
		"\"a\\\"\\\\\\n\\r\\t\\0\\u{1}\\u{7f}\\u{1F600}\"", "NS::User::\"x\\ny\"",
		"[3, 1, 2, \"b\", \"a\", [], [[1]]]", "{}",
		"{b: 1, a: {\"if\": 2, \"\": []}}", "decimal(\"-0.5\")",
		"decimal(\"-922337203685477.5808\")", "decimal(\"12.3400\")",
		"ip(\"10.0.0.1/8\")", "ip(\"::1\")", "ip(\"2001:db8::/32\")",
		"datetime(\"2024-02-29T12:34:56.789Z\")", "datetime(\"0000-01-01\")",
		"datetime(\"0000-03-01\")", "datetime(\"1969-12-31T23:59:59.999Z\")",
		"datetime(\"9999-12-31\")",
		"datetime(\"9999-12-31\").offset(duration(\"1d\"))",
		"datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\"))",
		"duration(\"-9223372036854775808ms\")", "duration(\"1d2h\")"};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct kp_arena arena;
		struct kp_cedar_names names;
		struct kp_cedar_value values[2];
		struct kp_slice text = kp_slice_from(texts[i]);
		kp_arena_init(&arena, ARENA_MAX, NULL);
		kp_cedar_names_init(&names, &arena, NULL);
		for (size_t round = 0; round < 2; round++) {
			const struct kp_cedar_expr *expr = NULL;
			struct kp_error err = {0};
			struct kp_cedar_request request = {0};
			struct kp_cedar_eval eval = {
				.request = &request, .arena = &arena};
			assert_int_equal(kp_cedar_parse_expr(
						 &arena, &names, NULL, text, &expr, &err),
				KP_OK);
			assert_int_equal(kp_cedar_eval_expr(&eval, expr, &values[round]),
				KP_CEDAR_FAIL_NONE);
			struct kp_buffer out;
			kp_buffer_init(&out, &arena, ARENA_MAX);
			kp_cedar_value_write(&out, &values[round]);
			text = kp_buffer_slice(&out);
		}
		assert_true(kp_cedar_value_equal(&values[0], &values[1]));
		assert_int_equal(kp_cedar_value_compare(&values[0], &values[1]), 0);
		kp_arena_deinit(&arena);
	}
}

static void
names_compare_over_layers(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_cedar_names below;
	struct kp_cedar_names above;
	kp_arena_init(&arena, ARENA_MAX, NULL);
	kp_cedar_names_init(&below, &arena, NULL);
	const struct kp_cedar_uid *known =
		kp_cedar_uid_of(&below, KP_SLICE("User"), KP_SLICE("a"));
	kp_cedar_names_init(&above, &arena, &below);
	assert_ptr_equal(kp_cedar_uid_of(&above, KP_SLICE("User"), KP_SLICE("a")), known);
	const struct kp_cedar_uid *fresh =
		kp_cedar_uid_of(&above, KP_SLICE("User"), KP_SLICE("b"));
	assert_ptr_not_equal(fresh, known);
	assert_ptr_equal(fresh->type, known->type);
	assert_true(fresh->index > known->index);
	assert_null(kp_cedar_uid_find(&below, KP_SLICE("User"), KP_SLICE("b")));
	assert_ptr_equal(
		kp_cedar_uid_find(&above, KP_SLICE("User"), KP_SLICE("b")), fresh);
	for (int i = 0; i < 5000; i++) {
		char text[8];
		(void)snprintf(text, sizeof(text), "n%d", i);
		const struct kp_cedar_name *name =
			kp_cedar_name(&above, kp_slice_from(text));
		assert_ptr_equal(kp_cedar_name_find(&above, kp_slice_from(text)), name);
	}
	assert_ptr_equal(kp_cedar_uid_of(&above, KP_SLICE("User"), KP_SLICE("b")), fresh);
	kp_arena_deinit(&arena);
}

static void
paths(void **state)
{
	(void)state;
	static const char *const good[] = {
		"A", "_", "A::B", "a1::b2::c3", "principal", "permit"};
	static const char *const bad[] = {"", "::", "A::", "::A", "A:B", "A:::B", "A b",
		"A ::B", "1A", "if", "A::in", "__cedar", "__cedar::A", "A::__cedar",
		"A-B", "\xc3\xa9"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		assert_true(kp_cedar_path_check(kp_slice_from(good[i])));
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		assert_false(kp_cedar_path_check(kp_slice_from(bad[i])));
	}
	assert_true(kp_slice_is(kp_cedar_path_base(KP_SLICE("A::B::C")), "C"));
	assert_true(kp_slice_is(kp_cedar_path_namespace(KP_SLICE("A::B::C")), "A::B"));
	assert_true(kp_slice_is(kp_cedar_path_base(KP_SLICE("A")), "A"));
	assert_true(kp_slice_is(kp_cedar_path_namespace(KP_SLICE("A")), ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals),
		cmocka_unit_test(datetimes),
		cmocka_unit_test(durations),
		cmocka_unit_test(addresses),
		cmocka_unit_test(sets_drop_duplicates_and_find),
		cmocka_unit_test(records_find_and_refuse_duplicates),
		cmocka_unit_test(values_write_back),
		cmocka_unit_test(names_compare_over_layers),
		cmocka_unit_test(paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
