/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* collect, merge, plan, withheld and the writers, on a small catalogue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/bits.h"
#include "query/dossier_write.h"
#include "query/problem.h"
#include "support/fake_bundle.h"

#define BSN "999993653"

static struct kp_bundle *bundle;
static const struct kp_catalogue *catalogue;
static struct kp_arena arena;
static struct kp_shape *shape;
static uint64_t every[64];

static int
set_up(void **state)
{
	(void)state;
	static const struct kp_shape_organisation organisations[8];
	bundle = kp_fake_bundle_create(NULL, 0);
	catalogue = kp_bundle_catalogue(bundle);
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	memset(every, 0xff, sizeof(every));
	return kp_shape_create(catalogue, organisations, &arena, &shape, NULL) == KP_OK
		? 0
		: -1;
}

static int
tear_down(void **state)
{
	(void)state;
	kp_arena_deinit(&arena);
	kp_bundle_unref(&bundle);
	return 0;
}

static uint32_t
cell_of(const char *path, const char *source)
{
	uint32_t cell = kp_catalogue_find_cell(catalogue,
		kp_catalogue_find_field(catalogue, kp_slice_from(path)),
		kp_catalogue_find_source(catalogue, kp_slice_from(source)));
	assert_int_not_equal(cell, KP_NO_ID);
	return cell;
}

static void
begin(struct kp_collect *collect, const char *source)
{
	const struct kp_collect_options options = {
		.catalogue = catalogue,
		.source = kp_catalogue_find_source(catalogue, kp_slice_from(source)),
		.cells = every,
		.bsn = KP_SLICE(BSN),
		.arena = &arena,
		.items_max = 5000,
		.values_max = 20000,
		.value_bytes_max = 16,
	};
	assert_int_equal(kp_collect_init(collect, &options), KP_OK);
}

static bool
put_at(struct kp_collect *collect, uint32_t cell, uint32_t item, const char *bytes,
	enum kp_value_form form)
{
	const struct kp_value value = {
		.size = sizeof(value),
		.cell = cell,
		.item = item,
		.form = form,
		.bytes = {bytes, strlen(bytes)},
	};
	return collect->sink.value(collect, &value);
}

static bool
put_json(struct kp_collect *collect, const char *bytes)
{
	return put_at(collect, cell_of("persoon.naam.voornamen", "brp"), 0, bytes,
		KP_VALUE_JSON);
}

static void
test_scalars(void **state)
{
	(void)state;
	static const char *const good[] = {"\"\"", "\"a\\u00e9\\n\"", "0", "-1.5e+9",
		"1.10", "true", "false", "\"\xc3\xa9\""};
	static const char *const bad[] = {"", "\"", "\"a", "\"a\"b\"", "\"\\\"",
		"\"\\x\"", "\"\\u12\"", "\"\n\"", "{}", "[1]", "01", "1.", "truex", "nil",
		"\"\xc3\"", "1,\"x\":2"};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		struct kp_collect collect;
		begin(&collect, "brp");
		assert_true(put_json(&collect, good[i]));
		assert_int_equal(collect.kept, 1);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(bad); i++) {
		struct kp_collect collect;
		begin(&collect, "brp");
		assert_false(put_json(&collect, bad[i]));
		assert_int_equal(collect.status, KP_E_SOURCE);
		assert_false(put_json(&collect, "1"));
		assert_int_equal(collect.kept, 0);
	}
	struct kp_collect collect;
	begin(&collect, "brp");
	assert_true(put_json(&collect, "null"));
	assert_int_equal(collect.kept, 0);
}

static void
test_collect_bounds(void **state)
{
	(void)state;
	struct kp_collect collect;
	uint32_t wet = cell_of("uitkeringen.wet", "uwv");
	begin(&collect, "uwv");
	collect.options.items_max = 2;
	collect.options.values_max = 2;
	uint32_t list = kp_catalogue_find_section(catalogue, KP_SLICE("uitkeringen"));
	uint32_t item;
	assert_true(collect.sink.item(&collect, list, &item));
	assert_true(collect.sink.item(&collect, list, &item));
	assert_int_equal(item, 1);
	assert_true(put_at(&collect, wet, 1, "1234567890123456", KP_VALUE_TEXT));
	assert_true(put_at(&collect, wet, 0, "b", KP_VALUE_TEXT));
	assert_false(put_at(&collect, wet, 0, "c", KP_VALUE_TEXT));
	assert_int_equal(collect.status, KP_E_LIMIT);
	begin(&collect, "uwv");
	assert_true(collect.sink.item(&collect, list, &item));
	assert_false(put_at(&collect, wet, 0, "12345678901234567", KP_VALUE_TEXT));
	assert_int_equal(collect.status, KP_E_LIMIT);
	begin(&collect, "uwv");
	collect.options.items_max = 0;
	assert_false(collect.sink.item(&collect, list, &item));
	assert_int_equal(collect.status, KP_E_LIMIT);
	/* No such item; an item where there is no list. */
	begin(&collect, "uwv");
	assert_false(put_at(&collect, wet, 7, "a", KP_VALUE_TEXT));
	assert_int_equal(collect.status, KP_E_SOURCE);
	begin(&collect, "uwv");
	assert_false(collect.sink.item(&collect, 0, &item));
	assert_int_equal(collect.status, KP_E_SOURCE);
}

static void
test_not_permitted(void **state)
{
	(void)state;
	struct kp_collect collect;
	static const uint64_t nothing[64];
	begin(&collect, "brp");
	/* Another source's cell, one past the end, and one that is not in the set. */
	assert_true(put_at(
		&collect, cell_of("uitkeringen.wet", "uwv"), 0, "x", KP_VALUE_TEXT));
	assert_true(put_at(&collect, catalogue->cell_count, 0, "x", KP_VALUE_TEXT));
	assert_true(put_at(&collect, KP_NO_ID, 0, "x", KP_VALUE_TEXT));
	collect.options.cells = nothing;
	assert_true(put_json(&collect, "1"));
	assert_int_equal(collect.kept, 0);
	assert_int_equal(collect.not_permitted, 4);
}

static void
test_other_person(void **state)
{
	(void)state;
	struct kp_collect collect;
	begin(&collect, "brp");
	assert_true(collect.sink.subject(&collect, (struct kp_text){BSN, 9}));
	assert_true(put_json(&collect, "1"));
	assert_false(collect.sink.subject(&collect, (struct kp_text){"999991723", 9}));
	assert_true(collect.other_person);
	assert_int_equal(collect.kept, 0);
	assert_null(kp_collect_find(&collect, 0));
	assert_false(put_json(&collect, "1"));
}

static void
test_equal(void **state)
{
	(void)state;
	static const struct {
		const char *a;
		bool a_text;
		const char *b;
		bool b_text;
		bool equal;
	} cases[] = {
		{"\"a\"", false, "a", true, true},
		{"\"\\u0061\"", false, "a", true, true},
		{"\"\\u0061\"", false, "\"a\"", false, true},
		{"a\\n", true, "\"a\\n\"", false, false},
		{"1.10", false, "1.10", true, true},
		{"1.10", false, "1.1", false, false},
		{"1.10", false, "\"1.10\"", false, true},
		{"true", false, "true", true, true},
		{"\"a\"", false, "\"a\"", true, false},
		{"\"\"", false, "", true, true},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		const struct kp_found a = {
			.form = cases[i].a_text ? KP_VALUE_TEXT : KP_VALUE_JSON,
			.bytes = kp_slice_from(cases[i].a),
		};
		const struct kp_found b = {
			.form = cases[i].b_text ? KP_VALUE_TEXT : KP_VALUE_JSON,
			.bytes = kp_slice_from(cases[i].b),
		};
		assert_int_equal(kp_found_equal(&a, &b), cases[i].equal);
		assert_int_equal(kp_found_equal(&b, &a), cases[i].equal);
	}
}

/* Two sources that each give one key thousands of times: linear, and each nth with the
 * nth. */
static void
test_same_keys(void **state)
{
	(void)state;
	static const char *const sources[] = {"uwv", "gemeente"};
	struct kp_collect collects[2];
	const struct kp_collect *list[2] = {&collects[0], &collects[1]};
	struct kp_merged merged;
	uint32_t section = kp_catalogue_find_section(catalogue, KP_SLICE("uitkeringen"));
	for (unsigned i = 0; i < 2; i++) {
		begin(&collects[i], sources[i]);
		for (unsigned j = 0; j < 3000 + i; j++) {
			uint32_t item;
			assert_true(collects[i].sink.item(&collects[i], section, &item));
			assert_true(put_at(&collects[i],
				cell_of("uitkeringen.wet", sources[i]), item, "WW",
				KP_VALUE_TEXT));
		}
	}
	assert_int_equal(kp_merge(catalogue, list, 2, &arena, &merged), KP_OK);
	assert_int_equal(merged.sections[section].item_count, 3001);
	assert_int_equal(merged.conflict_count, 0);
	assert_int_equal(merged.value_count, 3001);
}

static void
test_plan(void **state)
{
	(void)state;
	static const uint64_t nothing[64];
	uint32_t street =
		kp_catalogue_find_field(catalogue, KP_SLICE("persoon.adres.straat"));
	uint32_t plate =
		kp_catalogue_find_field(catalogue, KP_SLICE("voertuigen.kenteken"));
	struct kp_plan_offer offers[] = {
		{.source = 3, .offers = every, .needs = &street, .need_count = 1},
		{.source = 0, .offers = every},
		{.source = KP_NO_ID, .offers = nothing},
	};
	struct kp_plan_options options = {
		.catalogue = catalogue,
		.offers = offers,
		.offer_count = KP_ARRAY_LEN(offers),
		.asked = every,
		.permitted = every,
		.waves_max = 4,
	};
	struct kp_plan plan;
	assert_int_equal(kp_plan_make(&options, &arena, &plan), KP_OK);
	assert_int_equal(plan.call_count, 2);
	assert_int_equal(plan.wave_count, 2);
	assert_int_equal(plan.entries[0].source, 0);
	assert_int_equal(plan.entries[0].wave, 0);
	/* Sources that nobody connected are named when a field has no other. */
	bool connected = true;
	for (uint32_t i = 0; i < plan.entry_count; i++) {
		connected = connected && plan.entries[i].offer != KP_NO_ID;
		if (plan.entries[i].source == 3) {
			assert_int_equal(plan.entries[i].wave, 1);
		}
	}
	assert_false(connected);
	assert_true(plan.fields_without_source > 0);
	/* In a circle: neither is asked. Too deep: the second is not. */
	offers[1].needs = &plate;
	offers[1].need_count = 1;
	assert_int_equal(kp_plan_make(&options, &arena, &plan), KP_OK);
	assert_int_equal(plan.call_count, 0);
	offers[1].need_count = 0;
	options.waves_max = 1;
	assert_int_equal(kp_plan_make(&options, &arena, &plan), KP_OK);
	assert_int_equal(plan.call_count, 1);
	/* Nothing permitted: nobody is called, and it says so. */
	options.permitted = nothing;
	assert_int_equal(kp_plan_make(&options, &arena, &plan), KP_OK);
	assert_int_equal(plan.call_count, 0);
	assert_int_equal(plan.entry_count, 2);
	assert_int_equal(plan.entries[0].outcome, KP_NOT_ENTITLED);
	options.asked = nothing;
	assert_int_equal(kp_plan_make(&options, &arena, &plan), KP_OK);
	assert_int_equal(plan.entries[0].outcome, KP_NOT_ASKED);
	assert_true(plan.entries[0].reason.len > 0);
}

static void
withhold(const char *permitted, const char *asked, const char *expected)
{
	uint64_t cells[64] = {0};
	uint64_t fields[64] = {0};
	uint64_t released[64] = {0};
	assert_true(kp_catalogue_select(catalogue, kp_slice_from(permitted), released));
	if (asked == NULL) {
		memset(fields, 0xff, sizeof(fields));
	} else {
		assert_true(kp_catalogue_select(catalogue, kp_slice_from(asked), fields));
	}
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		if (kp_bits_has(released, catalogue->cells[i].field)) {
			kp_bits_set(cells, i);
		}
	}
	const struct kp_decision decision = {.cells = cells, .any = true};
	struct kp_withheld withheld;
	assert_int_equal(
		kp_withheld_make(shape, bundle, &decision, fields, &arena, &withheld),
		KP_OK);
	char text[512] = "";
	size_t used = 0;
	for (uint32_t i = 0; i < withheld.count; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s",
			KP_SLICE_ARG(withheld.entries[i].quoted));
	}
	assert_string_equal(text, expected);
}

static void
test_withheld(void **state)
{
	(void)state;
	withhold("persoon", NULL, "\"partner\"\"uitkeringen\"\"voertuigen\"\"pensioen\"");
	withhold("persoon.naam.voornamen", "persoon",
		"\"persoon.kindertal\"\"persoon.naam.geslachtsnaam\""
		"\"persoon.geboorte\"\"persoon.adres\"");
	/* One field asked of a group that is refused whole: the field, not the group. */
	withhold("partner", "persoon.naam.voornamen", "\"persoon.naam.voornamen\"");
	withhold("persoon", "persoon", "");
}

/* Reasons come in runs, and back. */
static void
test_write_withheld(void **state)
{
	(void)state;
	const struct kp_reason reasons[] = {
		{.text = KP_SLICE_INIT("doel"), .rule = KP_SLICE_INIT("regel \"1\"")},
		{.text = KP_SLICE_INIT("rol")},
	};
	struct kp_withheld_entry entries[] = {
		{KP_SLICE_INIT("\"a\""), &reasons[0]},
		{KP_SLICE_INIT("\"b\""), &reasons[0]},
		{KP_SLICE_INIT("\"c\""), &reasons[1]},
		{KP_SLICE_INIT("\"d\""), &reasons[1]},
		{KP_SLICE_INIT("\"e\""), &reasons[0]},
	};
	const struct kp_withheld withheld = {.entries = entries, .count = 5};
	static const char expected[] =
		"[{\"veld\":\"a\",\"reden\":\"doel\",\"regel\":\"regel \\\"1\\\"\"},"
		"{\"veld\":\"b\",\"reden\":\"doel\",\"regel\":\"regel \\\"1\\\"\"},"
		"{\"veld\":\"c\",\"reden\":\"rol\"},{\"veld\":\"d\",\"reden\":\"rol\"},"
		"{\"veld\":\"e\",\"reden\":\"doel\",\"regel\":\"regel \\\"1\\\"\"}]";
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &arena, 4096);
	kp_write_withheld(&buffer, &withheld);
	assert_int_equal(buffer.len, sizeof(expected) - 1);
	assert_memory_equal(buffer.data, expected, sizeof(expected) - 1);
}

static void
test_instant(void **state)
{
	(void)state;
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{951782399999, "2000-02-28T23:59:59.999Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{1795435200000, "2026-11-23T12:00:00.000Z"},
		{4107542399000, "2100-02-28T23:59:59.000Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
		{253402300800000, "9999-12-31T23:59:59.999Z"},
		{-1, "1970-01-01T00:00:00.000Z"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		char text[KP_INSTANT_LEN + 1] = {0};
		kp_instant_write(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* Every status has an answer that tells nothing it should not. */
static void
test_problems(void **state)
{
	(void)state;
	for (unsigned i = 1; i < KP_STATUS_COUNT; i++) {
		const struct kp_status_info *info = kp_status_info((enum kp_status)i);
		const struct kp_problem problem = {
			.status = (enum kp_status)i,
			.detail = KP_SLICE("bijzonder"),
		};
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, &arena, 4096);
		kp_problem_write(&buffer, &problem);
		kp_buffer_add_char(&buffer, '\0');
		assert_false(buffer.failed);
		assert_int_equal(kp_problem_http_status(problem.status), info->http);
		assert_true(info->http >= 400);
		assert_int_equal(strstr(buffer.data, "bijzonder") != NULL, info->safe);
		assert_non_null(strstr(buffer.data, "\"title\":\""));
	}
}

/* What is left out of the remarks is said. */
static void
test_notes(void **state)
{
	(void)state;
	for (unsigned count = KP_COLLECT_NOTES_MAX - 1; count < KP_COLLECT_NOTES_MAX + 3;
		count++) {
		struct kp_collect collect;
		begin(&collect, "brp");
		for (unsigned i = 0; i < count; i++) {
			char text[8];
			int len = snprintf(text, sizeof(text), "n%u", i);
			assert_true(collect.sink.note(&collect, (struct kp_text){"c", 1},
				(struct kp_text){text, (size_t)len}));
		}
		bool all = count <= KP_COLLECT_NOTES_MAX;
		assert_int_equal(collect.note_count, all ? count : KP_COLLECT_NOTES_MAX);
		assert_true(kp_slice_is(collect.notes[collect.note_count - 1].code,
			all ? "c" : "meerMeldingen"));
		assert_true(kp_slice_is(collect.notes[14].text, "n14"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_collect_bounds),
		cmocka_unit_test(test_not_permitted),
		cmocka_unit_test(test_other_person),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_same_keys),
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_withheld),
		cmocka_unit_test(test_write_withheld),
		cmocka_unit_test(test_instant),
		cmocka_unit_test(test_problems),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
