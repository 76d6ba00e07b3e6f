/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* code_table: what a partner publishes is taken whole or not at all; a page that has not
 * changed is taken over. And freshness: how long it counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/attr.h"
#include "source/code_table.h"
#include "source/freshness.h"

#define ENDPOINT KP_SLICE("https://bron.example/api/wetten")

static const struct kp_manifest_fetch listed = {
	.from = KP_SLICE_INIT("/api/wetten"),
	.items = KP_SLICE_INIT("rijen[]"),
	.key = KP_SLICE_INIT("code"),
	.value = KP_SLICE_INIT("naam.kort"),
	.next = KP_SLICE_INIT("links.next"),
	.rows = 3,
	.pages = 2,
	.bytes = 400,
};

static const struct kp_manifest_fetch bare = {
	.items = KP_SLICE_INIT("[]"),
	.key = KP_SLICE_INIT("naam"),
	.value = KP_SLICE_INIT("naam"),
	.rows = 3,
	.pages = 1,
	.bytes = 400,
};

static struct kp_code_table_build *
begin(const struct kp_manifest_fetch *fetch, struct kp_code_table *before)
{
	struct kp_code_table_build *build = NULL;
	assert_int_equal(
		kp_code_table_build_create(fetch, ENDPOINT, before, &build), KP_OK);
	return build;
}

/* One page, byte by byte. */
static enum kp_status
read_page(struct kp_code_table_build *build, const char *target, const char *text,
	struct kp_slice *ret_next, struct kp_error *err)
{
	struct kp_code_page page = {
		.target = kp_slice_from(target), .etag = KP_SLICE("\"e\"")};
	enum kp_status status = kp_code_table_page_begin(build, &page, err);
	*ret_next = (struct kp_slice){0};
	for (size_t i = 0; status == KP_OK && text[i] != '\0'; i++) {
		status = kp_code_table_page_push(
			build, (struct kp_slice){text + i, 1}, err);
	}
	return status == KP_OK ? kp_code_table_page_end(build, ret_next, err) : status;
}

/* A table of one page. */
static struct kp_code_table *
make(const struct kp_manifest_fetch *fetch, const char *text, struct kp_error *err)
{
	struct kp_code_table_build *build = begin(fetch, NULL);
	struct kp_code_table *table = NULL;
	struct kp_slice next;
	enum kp_status status = read_page(build, "", text, &next, err);
	if (status == KP_OK) {
		assert_null(next.data);
		status = kp_code_table_build_finish(build, &table, err);
	}
	assert_true((status == KP_OK) == (table != NULL));
	kp_code_table_build_destroy(&build);
	return table;
}

static void
expect(const struct kp_code_table *table, const char *code, const char *value)
{
	struct kp_slice found = {0};
	assert_int_equal(
		kp_code_table_find(table, kp_slice_from(code), &found), value != NULL);
	if (value != NULL) {
		assert_true(kp_slice_is(found, value));
	}
}

static void
rows_are_found(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_code_table *table = make(&listed,
		"{\"x\":[{\"code\":1}],\"rijen\":[{\"naam\":{\"lang\":{},\"kort\":"
		"\"W\\u0057\"},"
		"\"c\\u006fde\":\"1\"},{\"code\":2,\"naam\":{\"kort\":1.50}},"
		"{\"code\":\"nul\",\"naam\":{\"kort\":null}},{\"code\":\"1\","
		"\"naam\":{\"kort\":\"W\\u0057\"}}],\"links\":null}",
		&err);
	assert_non_null(table);
	assert_int_equal(kp_code_table_rows(table), 2);
	expect(table, "1", "\"W\\u0057\"");
	expect(table, "2", "1.50");
	expect(table, "nul", NULL);
	expect(table, "", NULL);
	expect(table, "3", NULL);
	kp_code_table_unref(&table);
	table = make(&bare, "[{\"naam\":\"\\u0041\"},{\"naam\":\"B\"}]", &err);
	assert_non_null(table);
	expect(table, "A", "\"\\u0041\"");
	kp_code_table_unref(&table);
}

static void
other_shapes_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{"{}", "there is no array where the rows are"},
		{"[]", "an array stands where none was agreed"},
		{"7", "the rows are not an array"},
		{"{\"rijen\":null}", "the rows are not an array"},
		{"{\"rijen\":{}}", "an object stands where the rows or the link are"},
		{"{\"rijen\":[],\"links\":[]}", "an array stands where none was agreed"},
		{"{\"rijen\":[],\"links\":{\"next\":{}}}",
			"an object stands where the rows or the link are"},
		{"{\"rijen\":[],\"links\":{\"next\":5}}",
			"the link to the next page is not a text"},
		{"{\"rijen\":[]}", "it has no rows"},
		{"{\"rijen\":[1]}", "an item is not an object"},
		{"{\"rijen\":[[]]}", "an item is not an object"},
		{"{\"rijen\":[{\"naam\":{\"kort\":1}}]}", "an item has no code"},
		{"{\"rijen\":[{\"code\":\"\"}]}", "an item has no code"},
		{"{\"rijen\":[{\"code\":null}]}", "an item has no code"},
		{"{\"rijen\":[{\"code\":\"1\",\"naam\":null}]}", "an item has no value"},
		{"{\"rijen\":[{\"code\":\"1\",\"naam\":{\"kort\":{}}}]}",
			"a code or a value is an object"},
		{"{\"rijen\":[{\"code\":[\"1\"]}]}",
			"an array stands in an item where a code or a value is"},
		{"{\"rijen\":[{\"code\":1,\"naam\":{\"kort\":1}},"
		 "{\"code\":\"1\",\"naam\":{\"kort\":2}}]}",
			"a code comes twice, with different values"},
		{"{\"rijen\":[", "it is not JSON that can be read"},
		{"{\"rijen\":[],\"rijen\":[]}", "it is not JSON that can be read"},
		{"{\"rijen\":[],\"links\":{\"next\":\"https://elders.example/api/"
		 "wetten?p=2\"}}",
			"the link to the next page leads to another address"},
		{"{\"rijen\":[],\"links\":{\"next\":\"/api/anders?p=2\"}}",
			"the link to the next page leads to another address"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_error err = {0};
		assert_null(make(&listed, cases[i].text, &err));
		assert_int_equal(err.status, KP_E_SOURCE);
		assert_string_equal(err.message, cases[i].why);
	}
}

#define ROW(code) "{\"code\":\"" code "\",\"naam\":{\"kort\":\"x\"}}"

static void
limits_hold(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_slice next;
	struct kp_code_table *table = make(
		&listed, "{\"rijen\":[" ROW("1") "," ROW("2") "," ROW("3") "]}", &err);
	assert_non_null(table);
	kp_code_table_unref(&table);
	assert_null(make(&listed,
		"{\"rijen\":[" ROW("1") "," ROW("2") "," ROW("3") "," ROW("4") "]}",
		&err));
	assert_string_equal(err.message, "it has more rows than allowed (rows)");
	char text[402];
	memset(text, ' ', sizeof(text));
	static const char rows[] = "{\"rijen\":[" ROW("1") "]}";
	memcpy(text, rows, sizeof(rows) - 1);
	text[400] = '\0';
	table = make(&listed, text, &err);
	assert_non_null(table);
	kp_code_table_unref(&table);
	text[400] = ' ';
	text[401] = '\0';
	assert_null(make(&listed, text, &err));
	assert_string_equal(err.message, "it has more than 400 bytes (bytes)");
	/* Two pages, and a link to a third. */
	struct kp_code_table_build *build = begin(&listed, NULL);
	assert_int_equal(
		read_page(build, "",
			"{\"rijen\":[" ROW("1") "],\"links\":{\"next\":\"?p=2\"}}", &next,
			&err),
		KP_OK);
	assert_true(kp_slice_is(next, "?p=2"));
	assert_int_equal(
		read_page(build, "?p=2", "{\"rijen\":[],\"links\":{\"next\":\"?p=3\"}}",
			&next, &err),
		KP_E_SOURCE);
	assert_string_equal(err.message, "it has more than 2 pages (pages)");
	kp_code_table_build_destroy(&build);
	/* A page that leads to itself. */
	build = begin(&listed, NULL);
	assert_int_equal(
		read_page(build, "?p=1", "{\"rijen\":[],\"links\":{\"next\":\"?p=1\"}}",
			&next, &err),
		KP_E_SOURCE);
	assert_string_equal(err.message, "the next page is one that was read already");
	kp_code_table_build_destroy(&build);
	/* A code of 4096 bytes, and of one more. */
	struct kp_manifest_fetch wide = bare;
	wide.bytes = 10000;
	char long_text[KP_CODE_BYTES_MAX + 32];
	for (size_t len = KP_CODE_BYTES_MAX; len <= KP_CODE_BYTES_MAX + 1; len++) {
		memset(long_text, 'x', sizeof(long_text));
		memcpy(long_text, "[{\"naam\":\"", 10);
		memcpy(long_text + 10 + len, "\"}]", 4);
		table = make(&wide, long_text, &err);
		assert_true((table != NULL) == (len == KP_CODE_BYTES_MAX));
		kp_code_table_unref(&table);
	}
	assert_string_equal(err.message, "a code or a value is longer than 4096 bytes");
}

static void
unchanged_pages_are_taken_over(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_slice next;
	struct kp_code_table *first = NULL;
	struct kp_code_table *second = NULL;
	struct kp_code_table_build *build = begin(&listed, NULL);
	assert_int_equal(
		read_page(build, "",
			"{\"rijen\":[" ROW("1") "],\"links\":{\"next\":\"https://"
						"bron.example/api/wetten?p=2\"}}",
			&next, &err),
		KP_OK);
	assert_int_equal(read_page(build, "?p=2",
				 "{\"rijen\":[" ROW("2") "," ROW("3") "]}", &next, &err),
		KP_OK);
	assert_null(next.data);
	assert_int_equal(kp_code_table_build_finish(build, &first, &err), KP_OK);
	kp_code_table_build_destroy(&build);
	/* None has changed: it is the same one. */
	build = begin(&listed, first);
	const struct kp_code_page *page = kp_code_table_page(first, KP_SLICE(""));
	assert_true(page != NULL && kp_slice_is(page->etag, "\"e\""));
	assert_int_equal(kp_code_table_page_keep(build, page, &next, &err), KP_OK);
	page = kp_code_table_page(first, next);
	assert_non_null(page);
	assert_int_equal(kp_code_table_page_keep(build, page, &next, &err), KP_OK);
	assert_null(next.data);
	assert_int_equal(kp_code_table_build_finish(build, &second, &err), KP_OK);
	assert_ptr_equal(first, second);
	kp_code_table_unref(&second);
	kp_code_table_build_destroy(&build);
	/* The second has; what is taken over outlives the table it is from. */
	build = begin(&listed, first);
	page = kp_code_table_page(first, KP_SLICE(""));
	assert_int_equal(kp_code_table_page_keep(build, page, &next, &err), KP_OK);
	assert_int_equal(
		read_page(build, "?p=2", "{\"rijen\":[" ROW("4") "]}", &next, &err),
		KP_OK);
	assert_int_equal(kp_code_table_build_finish(build, &second, &err), KP_OK);
	kp_code_table_build_destroy(&build);
	assert_false(kp_code_table_same(first, second));
	kp_code_table_unref(&first);
	assert_int_equal(kp_code_table_rows(second), 2);
	expect(second, "1", "\"x\"");
	expect(second, "2", NULL);
	expect(second, "4", "\"x\"");
	kp_code_table_unref(&second);
}

/* Two pages: the first is new, the second that of the table before. */
static enum kp_status
make_after(struct kp_code_table *before, const char *first, struct kp_code_table **ret,
	struct kp_error *err)
{
	struct kp_slice next;
	struct kp_code_table_build *build = begin(&listed, before);
	enum kp_status status = read_page(build, "", first, &next, err);
	if (status == KP_OK) {
		status = kp_code_table_page_keep(
			build, kp_code_table_page(before, next), &next, err);
	}
	if (status == KP_OK) {
		status = kp_code_table_build_finish(build, ret, err);
	}
	kp_code_table_build_destroy(&build);
	return status;
}

#define AND_MORE "],\"links\":{\"next\":\"?p=2\"}}"

static void
a_page_is_taken_over_time_and_again(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_slice next;
	struct kp_code_table *table = NULL;
	struct kp_code_table_build *build = begin(&listed, NULL);
	assert_int_equal(
		read_page(build, "", "{\"rijen\":[" ROW("1") AND_MORE, &next, &err),
		KP_OK);
	assert_int_equal(
		read_page(build, "?p=2", "{\"rijen\":[" ROW("9") "]}", &next, &err),
		KP_OK);
	assert_int_equal(kp_code_table_build_finish(build, &table, &err), KP_OK);
	kp_code_table_build_destroy(&build);
	static const char *const firsts[] = {"{\"rijen\":[" ROW("2") "," ROW("3")
						     AND_MORE,
		"{\"rijen\":[" AND_MORE, "{\"rijen\":[" ROW("4") AND_MORE};
	for (size_t i = 0; i < KP_ARRAY_LEN(firsts); i++) {
		struct kp_code_table *after = NULL;
		assert_int_equal(make_after(table, firsts[i], &after, &err), KP_OK);
		kp_code_table_unref(&table);
		table = after;
		expect(table, "9", "\"x\"");
	}
	assert_int_equal(kp_code_table_rows(table), 2);
	expect(table, "4", "\"x\"");
	/* Its rows count. */
	struct kp_code_table *after = NULL;
	assert_int_equal(
		make_after(table,
			"{\"rijen\":[" ROW("1") "," ROW("2") "," ROW("3") AND_MORE,
			&after, &err),
		KP_E_SOURCE);
	assert_string_equal(err.message, "it has more rows than allowed (rows)");
	kp_code_table_unref(&table);
}

static void
the_last_reference_is_work(void **state)
{
	(void)state;
	struct kp_error err = {0};
	struct kp_code_table *table = make(&listed, "{\"rijen\":[" ROW("1") "]}", &err);
	struct kp_code_table *other = kp_code_table_ref(table);
	assert_null(kp_code_table_leave(&table));
	assert_null(table);
	assert_null(kp_code_table_leave(&table));
	expect(other, "1", "\"x\"");
	struct kp_work *freeing = kp_code_table_leave(&other);
	assert_non_null(freeing);
	assert_null(other);
	freeing->run(freeing);
}

static uint32_t
fresh(const char *control, const char *again, const char *age)
{
	struct kp_freshness freshness = {0};
	kp_freshness_take(&freshness, kp_slice_from(control));
	kp_freshness_take(&freshness, kp_slice_from(again));
	kp_freshness_age(&freshness, kp_slice_from(age));
	return kp_freshness_s(&freshness, 3600, 300, 86400);
}

static void
freshness_is_what_the_partner_says_within_bounds(void **state)
{
	(void)state;
	assert_int_equal(fresh("", "", ""), 3600);
	assert_int_equal(fresh("private, must-revalidate", "", "50"), 3600);
	assert_int_equal(fresh("private , MAX-AGE=900", "", ""), 900);
	assert_int_equal(fresh("max-age=900", "", " 100"), 800);
	assert_int_equal(fresh("max-age=\"900\"", "max-age=700", "x"), 700);
	assert_int_equal(fresh("x=\"max-age=1, \\\"\", max-age=900", "", ""), 900);
	assert_int_equal(fresh("max-age=299", "", ""), 300);
	assert_int_equal(fresh("max-age=900", "", "901"), 300);
	assert_int_equal(fresh("max-age=900, no-store", "", ""), 300);
	assert_int_equal(fresh("no-cache", "", ""), 300);
	assert_int_equal(fresh("max-age=99999999999999999999999", "", ""), 86400);
	assert_int_equal(fresh("max-age=86400", "", ""), 86400);
	assert_int_equal(fresh("max-age=-1,max-age=,max-age,s-maxage=5", "", ""), 3600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found),
		cmocka_unit_test(other_shapes_are_refused),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(unchanged_pages_are_taken_over),
		cmocka_unit_test(a_page_is_taken_over_time_and_again),
		cmocka_unit_test(the_last_reference_is_work),
		cmocka_unit_test(freshness_is_what_the_partner_says_within_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
