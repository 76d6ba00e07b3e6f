/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Entities JSON and the store: what is read, what is refused and where, ancestors and
 * cycles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policies/cedar/entities.h"
#include "policies/cedar/json_value.h"

#define ARENA_MAX ((size_t)256 << 20)

/* Lifetime: one test. */
struct store {
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	struct kp_error err;
};

static void
open_store(struct store *store)
{
	memset(&store->err, 0, sizeof(store->err));
	kp_arena_init(&store->arena, ARENA_MAX, NULL);
	kp_cedar_names_init(&store->names, &store->arena, NULL);
	kp_cedar_entities_init(&store->entities, &store->arena, NULL);
}

static void
close_store(struct store *store)
{
	kp_arena_deinit(&store->arena);
}

static enum kp_status
load(struct store *store, const char *text)
{
	enum kp_status status = kp_cedar_entities_parse(
		&store->entities, &store->names, kp_slice_from(text), NULL, &store->err);
	return status == KP_OK ? kp_cedar_entities_close(&store->entities, &store->err)
			       : status;
}

static const struct kp_cedar_uid *
uid(struct store *store, const char *type, const char *id)
{
	return kp_cedar_uid_of(&store->names, kp_slice_from(type), kp_slice_from(id));
}

static const struct kp_cedar_value *
attr(struct store *store, const char *name)
{
	const struct kp_cedar_entity *entity =
		kp_cedar_entities_find(&store->entities, uid(store, "A", "1"));
	assert_non_null(entity);
	const struct kp_cedar_value *value = kp_cedar_record_get(
		entity->attrs, kp_cedar_name(&store->names, kp_slice_from(name)));
	assert_non_null(value);
	return value;
}

#define ONE(attrs)                                                                       \
	"[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":{" attrs "},\"parents\":[]}]"

static void
values_are_read_exactly(void **state)
{
	(void)state;
	struct store store;
	open_store(&store);
	assert_int_equal(
		load(&store,
			ONE("\"b\":true,\"max\":9223372036854775807,\"min\":-"
			    "9223372036854775808,"
			    "\"s\":\"a\\u0000b\\ud83d\\ude00\",\"set\":[1,1,\"x\",[]],"
			    "\"e\":{\"__entity\":{\"type\":\"NS::B\",\"id\":\"\"}},"
			    "\"r\":{\"type\":\"A\",\"id\":\"1\"},"
			    "\"ip\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"}},"
			    "\"d\":{\"__extn\":{\"fn\":\"decimal\",\"args\":[\"1.5\"]}},"
			    "\"t\":{\"__extn\":{\"fn\":\"offset\",\"args\":[{\"__extn\":{"
			    "\"fn\":"
			    "\"datetime\",\"arg\":\"1970-01-01\"}},{\"__extn\":{\"fn\":"
			    "\"duration\","
			    "\"arg\":\"5ms\"}}]}}")),
		KP_OK);
	assert_true(attr(&store, "b")->boolean);
	assert_true(attr(&store, "max")->integer == INT64_MAX);
	assert_true(attr(&store, "min")->integer == INT64_MIN);
	assert_int_equal(attr(&store, "s")->string.len, 7);
	assert_int_equal(attr(&store, "set")->set->count, 3);
	assert_ptr_equal(attr(&store, "e")->entity, uid(&store, "NS::B", ""));
	assert_int_equal(attr(&store, "r")->kind, KP_CEDAR_RECORD);
	assert_int_equal(attr(&store, "ip")->kind, KP_CEDAR_IPADDR);
	assert_true(attr(&store, "d")->integer == 15000);
	assert_int_equal(attr(&store, "t")->kind, KP_CEDAR_DATETIME);
	assert_true(attr(&store, "t")->integer == 5);
	close_store(&store);
}

/* What is refused, and the JSON pointer and words that say where and why. */
static const struct {
	const char *text;
	const char *place;
	const char *says;
} refused[] = {
	{"{}", "", "array of entities"},
	{"[1]", "/0", "`uid`"},
	{"[{\"attrs\":{},\"parents\":[]}]", "/0", "`uid`"},
	{"[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"parents\":[]}]", "/0", "`attrs`"},
	{"[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":{}}]", "/0", "`parents`"},
	{"[{\"uid\":\"A\",\"attrs\":{},\"parents\":[]}]", "/0/uid", "an object"},
	{"[{\"uid\":{\"type\":\"A\"},\"attrs\":{},\"parents\":[]}]", "/0/uid", "\"id\""},
	{"[{\"uid\":{\"type\":\"A \",\"id\":\"1\"},\"attrs\":{},\"parents\":[]}]",
		"/0/uid/type", "not the name"},
	{"[{\"uid\":{\"type\":\"if\",\"id\":\"1\"},\"attrs\":{},\"parents\":[]}]",
		"/0/uid/type", "not the name"},
	{"[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":[],\"parents\":[]}]",
		"/0/attrs", "an object"},
	{"[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":{},\"parents\":[1]}]",
		"/0/parents/0", "expected an entity"},
	{"[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":{},\"parents\":[],\"tags\":[]"
	 "}]",
		"/0/tags", "an object"},
	{ONE("\"a\":null"), "/0/attrs/a", "no null"},
	{ONE("\"a\":1.0"), "/0/attrs/a", "not a 64-bit integer"},
	{ONE("\"a\":1e3"), "/0/attrs/a", "not a 64-bit integer"},
	{ONE("\"a\":9223372036854775808"), "/0/attrs/a", "not a 64-bit integer"},
	{ONE("\"a\":-9223372036854775809"), "/0/attrs/a", "not a 64-bit integer"},
	{ONE("\"a\":[1,{\"b/~\":null}]"), "/0/attrs/a/1/b~1~0", "no null"},
	{ONE("\"a\":1,\"a\":1"), "/0/attrs/a", ""},
	{ONE("\"a\":{\"b\":1,\"b\":2}"), "/0/attrs/a/b", ""},
	{ONE("\"a\":{\"__entity\":{\"type\":\"A\",\"id\":\"1\"},\"x\":1}"), "/0/attrs/a",
		"nothing else"},
	{ONE("\"a\":{\"__entity\":{\"type\":\"A\"}}"), "/0/attrs/a/__entity", "\"id\""},
	{ONE("\"a\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::1\"},\"x\":1}"), "/0/attrs/a",
		"nothing else"},
	{ONE("\"a\":{\"__extn\":{\"fn\":\"nope\",\"arg\":\"::1\"}}"),
		"/0/attrs/a/__extn/fn", "must be"},
	{ONE("\"a\":{\"__extn\":{\"fn\":\"isIpv4\",\"arg\":\"::1\"}}"),
		"/0/attrs/a/__extn/fn", "must be"},
	{ONE("\"a\":{\"__extn\":{\"fn\":\"ip\",\"arg\":\"::x\"}}"), "/0/attrs/a/__extn",
		"\"::x\" is not a ipaddr"},
	{ONE("\"a\":{\"__extn\":{\"fn\":\"ip\",\"arg\":1}}"), "/0/attrs/a/__extn",
		"expected string"},
	{ONE("\"a\":{\"__extn\":{\"fn\":\"ip\",\"args\":[\"::1\",\"::1\"]}}"),
		"/0/attrs/a/__extn", "takes 1"},
	{ONE("\"a\":{\"__expr\":\"1\"}"), "/0/attrs/a", "__expr"},
};

static void
wrong_entities_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(refused); i++) {
		struct store store;
		open_store(&store);
		assert_int_equal(load(&store, refused[i].text), KP_E_INVALID);
		if (strcmp(store.err.place, refused[i].place) != 0 ||
			strstr(store.err.message, refused[i].says) == NULL) {
			fail_msg("%s: %s: %s", refused[i].text, store.err.place,
				store.err.message);
		}
		assert_int_equal(store.err.line, 1);
		close_store(&store);
	}
}

static void
text_that_is_no_json_is_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "[", "[}", "[1,]", "nul", "[\"\xff\"]",
		"[\"\\ud800\"]", "[01]", "[] []", "{\"a\":1,}"};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct store store;
		open_store(&store);
		assert_int_equal(load(&store, texts[i]), KP_E_SYNTAX);
		close_store(&store);
	}
}

static void
values_nest_up_to_a_limit(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct store store;
		struct kp_buffer out;
		size_t depth = KP_CEDAR_VALUE_NESTING_MAX - 1 + over;
		struct kp_cedar_value value;
		open_store(&store);
		kp_buffer_init(&out, &store.arena, ARENA_MAX);
		for (size_t i = 0; i < depth; i++) {
			kp_buffer_add_char(&out, '[');
		}
		kp_buffer_add_char(&out, '1');
		for (size_t i = 0; i < depth; i++) {
			kp_buffer_add_char(&out, ']');
		}
		assert_int_equal(
			kp_cedar_value_parse(&store.arena, &store.names,
				kp_buffer_slice(&out), NULL, NULL, &value, &store.err),
			over == 0 ? KP_OK : KP_E_LIMIT);
		assert_true(over == 0 || strstr(store.err.message, "128") != NULL);
		close_store(&store);
	}
}

#define E(id, attrs, parents)                                                            \
	"{\"uid\":{\"type\":\"A\",\"id\":\"" id "\"},\"attrs\":{" attrs                  \
	"},\"parents\":[" parents "]}"
#define P(id) "{\"type\":\"A\",\"id\":\"" id "\"}"

static void
the_same_entity_twice_must_be_the_same(void **state)
{
	(void)state;
	struct store store;
	open_store(&store);
	assert_int_equal(
		load(&store,
			"[" E("1", "\"a\":[1,2],\"b\":1", P("2") "," P("3")) "," E("1",
				"\"b\":1,\"a\":[2,1,1]",
				P("3") "," P("2") "," P("3")) "]"),
		KP_OK);
	assert_int_equal(store.entities.count, 1);
	close_store(&store);
	open_store(&store);
	assert_int_equal(load(&store, "[" E("1", "", "") "," E("1", "\"a\":1", "") "]"),
		KP_E_INVALID);
	assert_string_equal(store.err.place, "/1");
	assert_non_null(strstr(store.err.message, "twice"));
	close_store(&store);
	open_store(&store);
	assert_int_equal(load(&store, "[" E("1", "", "") "," E("1", "", P("2")) "]"),
		KP_E_INVALID);
	close_store(&store);
}

static void
ancestors_are_closed(void **state)
{
	(void)state;
	struct store store;
	open_store(&store);
	/* A diamond, given from the bottom up, and a parent that does not exist. */
	assert_int_equal(
		load(&store,
			"[" E("4", "", P("2") "," P("3")) "," E("2", "", P("1")) "," E(
				"3", "", P("1") "," P("none")) "," E("1", "", "") "]"),
		KP_OK);
	const struct kp_cedar_entity *four =
		kp_cedar_entities_find(&store.entities, uid(&store, "A", "4"));
	assert_int_equal(four->ancestor_count, 4);
	assert_true(kp_cedar_entity_in(four, uid(&store, "A", "1")));
	assert_true(kp_cedar_entity_in(four, uid(&store, "A", "none")));
	assert_false(kp_cedar_entity_in(four, uid(&store, "A", "4")));
	assert_false(kp_cedar_entity_in(four, uid(&store, "A", "5")));
	assert_null(kp_cedar_entities_find(&store.entities, uid(&store, "A", "none")));
	close_store(&store);
}

static void
cycles_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"[" E("1", "", P("1")) "]",
		"[" E("1", "", P("2")) "," E("2", "", P("1")) "]",
		"[" E("0", "", P("1")) "," E("1", "", P("2")) "," E(
			"2", "", P("3")) "," E("3", "", P("1")) "]",
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct store store;
		open_store(&store);
		assert_int_equal(load(&store, texts[i]), KP_E_INVALID);
		assert_non_null(strstr(store.err.message, "member of itself"));
		close_store(&store);
	}
}

/* As deep as many; recursion would not survive it under a sanitizer. */
static void
a_deep_chain_closes(void **state)
{
	(void)state;
	enum { DEPTH = 3000 };
	struct store store;
	open_store(&store);
	const struct kp_cedar_uid *below = NULL;
	for (int i = 0; i < DEPTH; i++) {
		char id[16];
		(void)snprintf(id, sizeof(id), "%d", i);
		const struct kp_cedar_uid *own = uid(&store, "A", id);
		(void)snprintf(id, sizeof(id), "%d", i + 1);
		const struct kp_cedar_uid *parent = uid(&store, "A", id);
		struct kp_cedar_entity entity = {
			.uid = own, .parents = &parent, .parent_count = 1};
		assert_int_equal(
			kp_cedar_entities_add(&store.entities, &entity, &store.err),
			KP_OK);
		below = below == NULL ? own : below;
	}
	assert_int_equal(kp_cedar_entities_close(&store.entities, &store.err), KP_OK);
	const struct kp_cedar_entity *entity =
		kp_cedar_entities_find(&store.entities, below);
	assert_int_equal(entity->ancestor_count, DEPTH);
	for (int i = 1; i <= DEPTH; i += 7) {
		char id[16];
		(void)snprintf(id, sizeof(id), "%d", i);
		assert_true(kp_cedar_entity_in(entity, uid(&store, "A", id)));
	}
	assert_false(kp_cedar_entity_in(entity, below));
	close_store(&store);
}

static void
a_missing_parent_cannot_come_later(void **state)
{
	(void)state;
	struct store store;
	struct kp_cedar_entities own;
	open_store(&store);
	assert_int_equal(load(&store, "[" E("1", "", P("2")) "]"), KP_OK);
	kp_cedar_entities_init(&own, &store.arena, &store.entities);
	struct kp_cedar_entity late = {.uid = uid(&store, "A", "2")};
	assert_int_equal(kp_cedar_entities_add(&own, &late, &store.err), KP_OK);
	assert_int_equal(kp_cedar_entities_close(&own, &store.err), KP_E_INVALID);
	assert_non_null(strstr(store.err.message, "fixed before it"));
	close_store(&store);
}

static void
tags_are_found(void **state)
{
	(void)state;
	struct store store;
	open_store(&store);
	assert_int_equal(load(&store,
				 "[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":{},"
				 "\"parents\":[],\"tags\":{\"b\":2,\"\":0,\"a\":1},"
				 "\"unknown\":{\"x\":1.5}}]"),
		KP_OK);
	const struct kp_cedar_entity *entity =
		kp_cedar_entities_find(&store.entities, uid(&store, "A", "1"));
	assert_int_equal(kp_cedar_entity_tag(entity, KP_SLICE("a"))->integer, 1);
	assert_int_equal(kp_cedar_entity_tag(entity, KP_SLICE("b"))->integer, 2);
	assert_int_equal(kp_cedar_entity_tag(entity, KP_SLICE(""))->integer, 0);
	assert_null(kp_cedar_entity_tag(entity, KP_SLICE("c")));
	close_store(&store);
}

/* ---- a guide: what a schema would say ---- */

static const char type_entity, type_ip, type_set_of_ip, type_record;

static const void *
guide_attr(const void *schema, const struct kp_cedar_uid *of,
	const struct kp_cedar_name *name)
{
	(void)schema;
	(void)of;
	return kp_slice_is(name->text, "e")      ? &type_entity
		: kp_slice_is(name->text, "ip")  ? &type_ip
		: kp_slice_is(name->text, "ips") ? &type_set_of_ip
		: kp_slice_is(name->text, "r")   ? &type_record
						 : NULL;
}

static const void *
guide_tag(const void *schema, const struct kp_cedar_uid *of)
{
	(void)schema;
	(void)of;
	return &type_entity;
}

static enum kp_cedar_kind
guide_kind(const void *schema, const void *type)
{
	(void)schema;
	return type == &type_entity       ? KP_CEDAR_ENTITY
		: type == &type_ip        ? KP_CEDAR_IPADDR
		: type == &type_set_of_ip ? KP_CEDAR_SET
					  : KP_CEDAR_RECORD;
}

static const void *
guide_element(const void *schema, const void *type)
{
	(void)schema;
	assert_ptr_equal(type, &type_set_of_ip);
	return &type_ip;
}

static const void *
guide_field(const void *schema, const void *type, const struct kp_cedar_name *field)
{
	assert_ptr_equal(type, &type_record);
	return guide_attr(schema, NULL, field);
}

static enum kp_status
guide_check(
	const void *schema, const struct kp_cedar_entity *entity, struct kp_error *err)
{
	(void)schema;
	return kp_slice_is(entity->uid->id->text, "no")
		? kp_error_set(err, KP_E_INVALID, "not this one")
		: KP_OK;
}

static void
a_guide_admits_bare_forms(void **state)
{
	(void)state;
	const struct kp_cedar_json_guide guide = {
		.attr_type = guide_attr,
		.tag_type = guide_tag,
		.kind = guide_kind,
		.element_type = guide_element,
		.field_type = guide_field,
		.check = guide_check,
	};
	struct store store;
	open_store(&store);
	assert_int_equal(
		kp_cedar_entities_parse(&store.entities, &store.names,
			KP_SLICE("[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":{"
				 "\"e\":{\"type\":\"B\",\"id\":\"2\"},\"ip\":\"::1\","
				 "\"ips\":[\"::1\",{\"fn\":\"ip\",\"arg\":\"::2\"},{\"__"
				 "extn\":{"
				 "\"fn\":\"ip\",\"arg\":\"::3\"}}],"
				 "\"r\":{\"e\":{\"__entity\":{\"type\":\"B\",\"id\":"
				 "\"3\"}},"
				 "\"ip\":\"1.2.3.4\",\"s\":\"::1\"}},"
				 "\"parents\":[],\"tags\":{\"t\":{\"type\":\"B\",\"id\":"
				 "\"4\"}}}]"),
			&guide, &store.err),
		KP_OK);
	assert_int_equal(kp_cedar_entities_close(&store.entities, &store.err), KP_OK);
	assert_ptr_equal(attr(&store, "e")->entity, uid(&store, "B", "2"));
	assert_int_equal(attr(&store, "ip")->kind, KP_CEDAR_IPADDR);
	assert_int_equal(attr(&store, "ips")->set->count, 3);
	const struct kp_cedar_record *record = attr(&store, "r")->record;
	assert_int_equal(
		kp_cedar_record_get(record, kp_cedar_name(&store.names, KP_SLICE("ip")))
			->kind,
		KP_CEDAR_IPADDR);
	assert_int_equal(
		kp_cedar_record_get(record, kp_cedar_name(&store.names, KP_SLICE("s")))
			->kind,
		KP_CEDAR_STRING);
	close_store(&store);
	open_store(&store);
	assert_int_equal(
		kp_cedar_entities_parse(&store.entities, &store.names,
			KP_SLICE("[{\"uid\":{\"type\":\"A\",\"id\":\"1\"},\"attrs\":{"
				 "\"ip\":\"::x\"},\"parents\":[]}]"),
			&guide, &store.err),
		KP_E_INVALID);
	assert_string_equal(store.err.place, "/0/attrs/ip");
	assert_int_equal(kp_cedar_entities_parse(&store.entities, &store.names,
				 KP_SLICE("[" E("no", "", "") "]"), &guide, &store.err),
		KP_E_INVALID);
	assert_string_equal(store.err.message, "not this one");
	close_store(&store);
}

static void
memory_may_run_out_anywhere(void **state)
{
	(void)state;
	const char *text =
		"[" E("1", "\"a\":[1,{\"b\":\"x\"}]", P("2")) "," E("2", "", P("3")) "]";
	size_t failures = 0;
	for (size_t bytes = 0; bytes < 8000; bytes += 8) {
		struct store store;
		open_store(&store);
		store.arena.bytes_max = bytes;
		enum kp_status status = load(&store, text);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		failures += status != KP_OK;
		close_store(&store);
	}
	assert_true(failures > 100 && failures < 1000);
}

/* The shared vectors that need no schema: accepted and refused as Cedar does. */
static void
vectors_agree(void **state)
{
	(void)state;
	char path[600];
	struct store store;
	const struct kp_cedar_json *root = NULL;
	(void)snprintf(path, sizeof(path), "%s/cedar/vectors/cedar-entities.json",
		KP_SHARED_DATA);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		print_message("SKIPPED: no %s\n", path);
		return;
	}
	open_store(&store);
	char *bytes = kp_arena_bytes(&store.arena, 1 << 20);
	struct kp_slice text = {bytes, fread(bytes, 1, 1 << 20, file)};
	(void)fclose(file);
	struct kp_cedar_json_reader reader = {
		.arena = &store.arena, .names = &store.names, .text = {.text = text}};
	assert_int_equal(
		kp_cedar_json_open(&reader, &store.arena, &root, &store.err), KP_OK);
	size_t count = 0;
	size_t different = 0;
	for (const struct kp_cedar_json *item =
			kp_cedar_json_member(root, "cases")->first;
		item != NULL; item = item->next) {
		if (kp_cedar_json_member(item, "with_schema")->kind ==
			KP_CEDAR_JSON_TRUE) {
			continue;
		}
		struct kp_cedar_entities entities;
		enum kp_status status = KP_OK;
		struct kp_error err = {0};
		kp_cedar_entities_init(&entities, &store.arena, NULL);
		const struct kp_cedar_json *list = kp_cedar_json_member(item, "entities");
		if (list->kind != KP_CEDAR_JSON_ARRAY) {
			status = kp_cedar_json_refuse(&reader, list, &err, "no array");
		}
		for (const struct kp_cedar_json *one = list->first;
			status == KP_OK && one != NULL; one = one->next) {
			struct kp_cedar_entity entity;
			status = kp_cedar_json_entity(&reader, one, &entity, &err);
			status = status == KP_OK
				? kp_cedar_entities_add(&entities, &entity, &err)
				: status;
		}
		status = status == KP_OK ? kp_cedar_entities_close(&entities, &err)
					 : status;
		bool expected = kp_slice_is(
			kp_cedar_json_member(item, "result")->text, "success");
		/* An escape with something beside it is a plain record to Cedar; we
		 * refuse it. */
		struct kp_slice name = kp_cedar_json_member(item, "name")->text;
		bool stricter = kp_slice_is(name, "entity_escape_extra_key") ||
			kp_slice_is(name, "extn_extra_key");
		expected = expected && !stricter;
		count++;
		if ((status == KP_OK) != expected) {
			different++;
			print_message("%.*s: Cedar %s it, we say: %s\n",
				KP_SLICE_ARG(kp_cedar_json_member(item, "name")->text),
				expected ? "takes" : "refuses", err.message);
		}
	}
	print_message("vectors: %zu entity data, %zu different\n", count, different);
	assert_int_equal(different, 0);
	close_store(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_exactly),
		cmocka_unit_test(wrong_entities_are_refused),
		cmocka_unit_test(text_that_is_no_json_is_refused),
		cmocka_unit_test(values_nest_up_to_a_limit),
		cmocka_unit_test(the_same_entity_twice_must_be_the_same),
		cmocka_unit_test(ancestors_are_closed),
		cmocka_unit_test(cycles_are_refused),
		cmocka_unit_test(a_deep_chain_closes),
		cmocka_unit_test(a_missing_parent_cannot_come_later),
		cmocka_unit_test(tags_are_found),
		cmocka_unit_test(a_guide_admits_bare_forms),
		cmocka_unit_test(memory_may_run_out_anywhere),
		cmocka_unit_test(vectors_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
