/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* One request for each item of a list: which items have their turn, what a template sees,
 * and what comes of all of them together. */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "connectors/each.h"

/* Items "a", (none), "b": what earlier waves found. */
static const char *const items[] = {"a", "", "b"};
static uint32_t item_count;

static uint32_t
known_items(const struct kp_need *need, struct kp_text section)
{
	(void)need;
	return section.len == 5 && memcmp(section.data, "lijst", 5) == 0 ? item_count : 0;
}

static struct kp_text
known_in(const struct kp_need *need, struct kp_text path, uint32_t index)
{
	(void)need;
	assert_true(index < item_count);
	bool key = path.len == 7 && memcmp(path.data, "lijst.k", 7) == 0;
	return key ? (struct kp_text){items[index], strlen(items[index])}
		   : (struct kp_text){0};
}

static struct kp_text
known(const struct kp_need *need, struct kp_text path)
{
	(void)need;
	return (struct kp_text){path.data, path.len};
}

static const struct kp_each_plan plan = {
	.section = KP_SLICE_INIT("lijst"),
	.paths = {KP_SLICE_INIT("lijst.k")},
	.path_count = 1,
};

static bool memory;

static void *
host_alloc(void *context, size_t size)
{
	static max_align_t room[64];
	(void)context;
	assert_true(size <= sizeof(room));
	return memory ? room : NULL;
}

static const struct kp_call_host host = {.size = sizeof(host), .alloc = host_alloc};

static int
begin(struct kp_each **each, const struct kp_each_plan *which,
	const struct kp_need *outer)
{
	const struct kp_need *need = outer;
	memory = true;
	int verdict = kp_each_begin(each, which, &host, &need);
	assert_ptr_equal(need, *each == NULL ? outer : &(*each)->need);
	return verdict;
}

static struct kp_need
make_need(void)
{
	return (struct kp_need){.size = sizeof(struct kp_need),
		.known = known,
		.known_items = known_items,
		.known_in = known_in};
}

static void
expect(const struct kp_each *each, const char *path, const char *value)
{
	struct kp_text text =
		each->need.known(&each->need, (struct kp_text){path, strlen(path)});
	assert_int_equal(text.len, strlen(value));
	assert_memory_equal(text.data, value, text.len);
}

static void
every_item_with_a_value_has_its_turn(void **state)
{
	(void)state;
	struct kp_need need = make_need();
	struct kp_each *each = NULL;
	enum kp_outcome outcome = KP_NOTHING_FOUND;
	item_count = 3;
	assert_int_equal(begin(&each, &plan, &need), KP_DONE);
	expect(each, "lijst.k", "a");
	expect(each, "elders.x", "elders.x");
	/* A second page of the first item. */
	need.page = 1;
	assert_int_equal(begin(&each, &plan, &need), KP_DONE);
	assert_int_equal(each->need.page, 1);
	assert_int_equal(kp_each_end(each, &outcome), KP_NEXT);
	need.page = 2;
	assert_int_equal(begin(&each, &plan, &need), KP_DONE);
	assert_int_equal(each->need.page, 0);
	expect(each, "lijst.k", "b");
	outcome = KP_FOUND;
	assert_int_equal(kp_each_end(each, &outcome), KP_DONE);
	assert_int_equal(outcome, KP_FOUND);
}

static void
outcomes_add_up(void **state)
{
	(void)state;
	static const struct {
		enum kp_outcome first;
		int verdict;
		enum kp_outcome second;
		enum kp_outcome all;
	} rows[] = {
		{KP_FOUND, KP_NEXT, KP_NOTHING_FOUND, KP_FOUND},
		{KP_NOTHING_FOUND, KP_NEXT, KP_FOUND, KP_FOUND},
		{KP_NOTHING_FOUND, KP_NEXT, KP_NOT_APPLICABLE, KP_NOTHING_FOUND},
		{KP_NOT_APPLICABLE, KP_NEXT, KP_NOT_APPLICABLE, KP_NOT_APPLICABLE},
		{KP_FOUND, KP_NEXT, KP_NOT_ENTITLED, KP_NOT_ENTITLED},
		{KP_FOUND, KP_NEXT, KP_ERROR, KP_ERROR},
		{KP_NOT_REACHED, KP_DONE, KP_FOUND, KP_NOT_REACHED},
	};
	item_count = 3;
	for (size_t i = 0; i < KP_ARRAY_LEN(rows); i++) {
		struct kp_need need = make_need();
		struct kp_each *each = NULL;
		enum kp_outcome outcome = rows[i].first;
		assert_int_equal(begin(&each, &plan, &need), KP_DONE);
		assert_int_equal(kp_each_end(each, &outcome), rows[i].verdict);
		if (rows[i].verdict == KP_NEXT) {
			need.page++;
			outcome = rows[i].second;
			assert_int_equal(begin(&each, &plan, &need), KP_DONE);
			assert_int_equal(kp_each_end(each, &outcome), KP_DONE);
		}
		assert_int_equal(outcome, rows[i].all);
	}
}

static void
without_items_nothing_is_asked(void **state)
{
	(void)state;
	struct kp_each *each = NULL;
	struct kp_need need = make_need();
	item_count = 0;
	assert_int_equal(begin(&each, &plan, &need), KP_SKIP);
	/* A host of before, and one that knows nothing of earlier waves. */
	item_count = 3;
	need.size = offsetof(struct kp_need, known_items);
	assert_int_equal(begin(&each, &plan, &need), KP_SKIP);
	need = make_need();
	need.known_items = NULL;
	assert_int_equal(begin(&each, &plan, &need), KP_SKIP);
}

static void
without_a_list_it_is_asked_once(void **state)
{
	(void)state;
	static const struct kp_each_plan once = {0};
	struct kp_need need = make_need();
	struct kp_each *each = NULL;
	enum kp_outcome outcome = KP_FOUND;
	need.page = 2;
	assert_int_equal(begin(&each, &once, &need), KP_DONE);
	assert_null(each);
	assert_int_equal(kp_each_end(each, &outcome), KP_DONE);
	assert_int_equal(outcome, KP_FOUND);
}

/* What a request needs of an item is gathered from all its templates. */
static void
templates_say_what_an_item_needs(void **state)
{
	(void)state;
	static const struct kp_template_part parts[] = {
		{.name = KP_TEMPLATE_LITERAL, .text = KP_SLICE_INIT("lijst.nee")},
		{.name = KP_TEMPLATE_KNOWN, .text = KP_SLICE_INIT("lijst.k")},
		{.name = KP_TEMPLATE_KNOWN, .text = KP_SLICE_INIT("lijstje.k")},
		{.name = KP_TEMPLATE_KNOWN, .text = KP_SLICE_INIT("lijst.w")},
	};
	static const struct kp_template first = {.parts = parts, .part_count = 3};
	static const struct kp_template second = {.parts = parts, .part_count = 4};
	struct kp_each_plan made = {.section = KP_SLICE("lijst")};
	struct kp_each_plan once = {0};
	struct kp_need need = make_need();
	struct kp_each *each = NULL;
	kp_each_add(&once, &second);
	assert_int_equal(once.path_count, 0);
	kp_each_add(&made, &first);
	assert_int_equal(made.path_count, 1);
	item_count = 3;
	assert_int_equal(begin(&each, &made, &need), KP_DONE);
	/* No item has the other one. */
	kp_each_add(&made, &second);
	assert_int_equal(made.path_count, 2);
	each = NULL;
	assert_int_equal(begin(&each, &made, &need), KP_SKIP);
}

static void
missing_memory_is_told(void **state)
{
	(void)state;
	struct kp_need outer = make_need();
	const struct kp_need *need = &outer;
	struct kp_each *each = NULL;
	item_count = 3;
	memory = false;
	assert_int_equal(kp_each_begin(&each, &plan, &host, &need), KP_FAIL);
	assert_null(each);
	assert_ptr_equal(need, &outer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_with_a_value_has_its_turn),
		cmocka_unit_test(outcomes_add_up),
		cmocka_unit_test(without_items_nothing_is_asked),
		cmocka_unit_test(without_a_list_it_is_asked_once),
		cmocka_unit_test(templates_say_what_an_item_needs),
		cmocka_unit_test(missing_memory_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
