/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Both schema syntaxes, the look-up of names, and the way from text to JSON. */
#include "cedar_room.h"

#include <jansson.h>

struct refusal {
	const char *schema;
	const char *finding;
};

static const struct refusal refusals[] = {
	{"entity A", "s:1:9: expected `;`, found the end of the text"},
	{"entitty A;",
		"s:1:1: expected `entity`, `action`, `type` or `namespace`, found "
		"`entitty`, did you mean `entity`?"},
	{"entity A in [Zorg];", "s:1:14: the entity type `Zorg` is not declared"},
	{"entity Persoon; entity B in Person;",
		"s:1:29: the entity type `Person` is not declared, did you mean "
		"`Persoon`?"},
	{"entity A {x: Lng};",
		"s:1:14: the type `Lng` is not declared, did you mean `Long`?"},
	{"entity A {x: Boolean};",
		"s:1:14: the type `Boolean` is not declared, did you mean `Bool`?"},
	{"entity A {x: Long, x: String};",
		"s:1:20: the attribute `x` is declared twice, first on line 1"},
	{"entity A {x: Long;};", "s:1:18: expected `,` or `}`, found `;`"},
	{"entity A enum [];", "s:1:16: expected a string, found `]`"},
	{"entity A enum [\"a\"] tags Long;", "s:1:21: expected `;`, found `tags`"},
	{"entity if;",
		"s:1:8: `if` is reserved and cannot be a name here, expected the "
		"name of an entity type"},
	{"entity Action;", "s:1:8: an entity type cannot be called `Action`"},
	{"entity A; entity A;", "s:1:18: the entity type `A` is declared twice"},
	{"type Long = String;",
		"s:1:6: `Long` is a type of Cedar's own, choose another name"},
	{"type T = T2; type T2 = Set<T>;", "s:1:6: the type `T` is defined by itself"},
	{"namespace N { entity B; } entity B;",
		"s:1:22: `B` is already declared outside any namespace"},
	{"namespace N { type B = Long; } entity B;",
		"s:1:20: `B` is already declared outside any namespace"},
	{"namespace N { action a; } action a;",
		"s:1:22: the action `a` is already declared outside any namespace"},
	{"namespace N {} namespace N {}", "s:1:26: the namespace `N` is declared twice"},
	{"namespace __cedar {}",
		"s:1:11: `__cedar` is reserved and cannot be part of a name"},
	{"action a in a;", "s:1:8: the action `a` is in itself"},
	{"action lezen; action b in [leezn];",
		"s:1:28: the action Action::\"leezn\" is not declared, did you mean "
		"\"lezen\"?"},
	{"entity A; action a appliesTo {principal: A};",
		"s:1:30: appliesTo needs `resource`"},
	{"entity A; action a appliesTo {principal: [], resource: A};",
		"s:1:31: `principal` is empty; leave appliesTo out for an action that "
		"applies to nothing"},
	{"entity A; action a appliesTo {principal: A, resource: A, context: T}; type T = "
	 "Long;",
		"s:1:67: the context of action `a` is not a record"},
	{"@a(\"1\") @a(\"2\") entity A;", "s:1:10: the annotation `a` stands here twice"},
	{"entity A {x: __cedar};",
		"s:1:21: `__cedar` is a namespace, expected `::` and a built-in type"},
};

static void
says_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(refusals); i++) {
		struct room room;
		room_open(&room);
		assert_int_not_equal(room_schema(&room, refusals[i].schema), KP_OK);
		assert_string_equal(room_finding(&room.errors, 0), refusals[i].finding);
		room_close(&room);
	}
}

static void
reports_every_fault(void **state)
{
	(void)state;
	struct room room;
	room_open(&room);
	assert_int_equal(room_schema(&room, "entity A {x: ;};\nentity B in;\nentity C;"),
		KP_E_SYNTAX);
	assert_true(room.errors.count >= 2);
	assert_int_equal(room.errors.items[room.errors.count - 1].line, 2);
	room_close(&room);
	room_open(&room);
	assert_int_equal(room_schema(&room, "entity A {x: X, y: Y};\nentity B in Z;"),
		KP_E_INVALID);
	assert_int_equal(room.errors.count, 3);
	room_close(&room);
}

static const struct kp_cedar_name *
name(struct room *room, const char *text)
{
	return kp_cedar_name(&room->names, kp_slice_from(text));
}

static void
looks_names_up(void **state)
{
	(void)state;
	struct room room;
	room_open(&room);
	assert_int_equal(
		room_schema(&room,
			"entity B; type ipaddr = Long;"
			"namespace N { type T = {b: B, i: ipaddr, j: __cedar::ipaddr};"
			" entity C in [D] {t?: T} tags Set<T>; entity D in [B];"
			" action group; action a in [group] appliesTo {principal: C,"
			" resource: [B, C, B], context: T}; }"),
		KP_OK);
	assert_int_equal(room.warnings.count, 1);
	const struct kp_cedar_schema_entity *c =
		kp_cedar_schema_entity(room.schema, name(&room, "N::C"));
	assert_non_null(c);
	assert_int_equal(c->ancestor_count, 2);
	assert_true(kp_cedar_schema_type_in(room.schema, c->name, name(&room, "B")));
	assert_false(kp_cedar_schema_type_in(room.schema, name(&room, "B"), c->name));
	char text[KP_CEDAR_TYPE_TEXT_MAX];
	assert_string_equal(
		kp_cedar_type_text(c->attrs, text), "{t?: {b: B, i: Long, j: ipaddr}}");
	assert_ptr_equal(c->tags->element, c->attrs->attrs[0].type);
	const struct kp_cedar_uid *uid =
		kp_cedar_uid_of(&room.names, KP_SLICE("N::Action"), KP_SLICE("a"));
	const struct kp_cedar_schema_action *a = kp_cedar_schema_action(room.schema, uid);
	assert_non_null(a);
	assert_int_equal(a->resource_count, 2);
	assert_int_equal(a->ancestor_count, 1);
	assert_ptr_equal(a->context, c->tags->element);
	room_close(&room);
}

static void
text_becomes_json(void **state)
{
	(void)state;
	struct room room;
	room_open(&room);
	assert_int_equal(
		room_schema(&room,
			"@doc(\"x\") entity A in [A] {\"a\\0\"?: Set<Long>};"
			"entity E enum [\"p\", \"q\"];"
			"action r, \"s t\" in [g] appliesTo {principal: A, resource: E,"
			" context: T}; action g; type T = {};"),
		KP_OK);
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &room.arena, 1 << 20);
	kp_cedar_schema_write_json(&buffer, &room.source);
	assert_false(buffer.failed);
	const char *expected =
		"{\"\":{\"commonTypes\":{\"T\":{\"type\":\"Record\",\"attributes\":{}}},"
		"\"entityTypes\":{\"A\":{\"memberOfTypes\":[\"A\"],\"shape\":{\"type\":"
		"\"Record\",\"attributes\":{\"a\\u0000\":{\"type\":\"Set\",\"element\":{"
		"\"type\":\"EntityOrCommon\",\"name\":\"Long\"},\"required\":false}}},"
		"\"annotations\":{\"doc\":\"x\"}},\"E\":{\"enum\":[\"p\",\"q\"]}},"
		"\"actions\":{\"r\":{\"appliesTo\":{\"principalTypes\":[\"A\"],"
		"\"resourceTypes\":[\"E\"],\"context\":{\"type\":\"T\"}},\"memberOf\":"
		"[{\"id\":\"g\"}]},\"s t\":{\"appliesTo\":{\"principalTypes\":[\"A\"],"
		"\"resourceTypes\":[\"E\"],\"context\":{\"type\":\"T\"}},\"memberOf\":"
		"[{\"id\":\"g\"}]},\"g\":{\"appliesTo\":{\"principalTypes\":[],"
		"\"resourceTypes\":[]}}}}}";
	kp_buffer_add_char(&buffer, '\0');
	assert_string_equal(buffer.data, expected);
	struct room again;
	room_open(&again);
	assert_int_equal(room_schema_json(&again, kp_slice_from(expected)), KP_OK);
	assert_int_equal(again.schema->entity_count, 2);
	assert_int_equal(again.schema->action_count, 3);
	room_close(&again);
	room_close(&room);
}

static const struct refusal json_refusals[] = {
	{"[]", "s:1:1: expected an object, found an array"},
	{"{\"\": {\"entityTypes\": {}}}", "the member \"actions\" is missing"},
	{"{\"\": {\"entityTypes\": {}, \"actions\": {}, \"comonTypes\": {}}}",
		"unknown member, did you mean \"commonTypes\"?"},
	{"{\"\": {\"entityTypes\": {\"A\": {\"shape\": {\"type\": \"Lng\"}}}, "
	 "\"actions\": {}}}",
		"type `Lng` is not declared, did you mean `Long`?"},
	{"{\"\": {\"entityTypes\": {\"A\": {\"shape\": {\"type\": \"Long\"}}}, "
	 "\"actions\": {}}}",
		"the shape of entity type `A` is not a record"},
	{"{\"\": {\"entityTypes\": {\"A\": {\"shape\": {\"type\": \"Extension\", "
	 "\"name\": \"ip\"}}}, \"actions\": {}}}",
		"unknown extension type"},
	{"{\"\": {\"entityTypes\": {\"A\": {\"shape\": {\"type\": \"Record\", "
	 "\"attributes\": {}, \"additionalAttributes\": true}}}, \"actions\": {}}}",
		"unknown member"},
	{"{\"\": {\"entityTypes\": {}, \"actions\": {\"a\": {\"appliesTo\": "
	 "{\"principalTypes\": []}}}}}",
		"the member \"resourceTypes\" is missing"},
	{"{\"a b\": {\"entityTypes\": {}, \"actions\": {}}}",
		"not the name of a namespace"},
	{"{\"\": {\"entityTypes\": {\"A\": {}, \"A\": {}}, \"actions\": {}}}", "s:1:"},
};

static void
json_says_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(json_refusals); i++) {
		struct room room;
		room_open(&room);
		assert_int_not_equal(
			room_schema_json(&room, kp_slice_from(json_refusals[i].schema)),
			KP_OK);
		const char *found = room_finding(&room.errors, 0);
		if (strstr(found, json_refusals[i].finding) == NULL) {
			fail_msg("%s\nsaid %s", json_refusals[i].schema, found);
		}
		room_close(&room);
	}
}

static void
deep_types_are_bounded(void **state)
{
	(void)state;
	struct room room;
	room_open(&room);
	struct kp_buffer text;
	kp_buffer_init(&text, &room.arena, 1 << 20);
	KP_BUFFER_ADD(&text, "type T = ");
	for (int i = 0; i < KP_CEDAR_SCHEMA_NESTING_MAX; i++) {
		KP_BUFFER_ADD(&text, "Set<");
	}
	KP_BUFFER_ADD(&text, "Long");
	for (int i = 0; i < KP_CEDAR_SCHEMA_NESTING_MAX; i++) {
		KP_BUFFER_ADD(&text, ">");
	}
	KP_BUFFER_ADD(&text, ";");
	kp_buffer_add_char(&text, '\0');
	assert_int_equal(room_schema(&room, text.data), KP_E_SYNTAX);
	assert_non_null(strstr(room_finding(&room.errors, 0), "the limit"));
	room_close(&room);
}

/* Each type twice as wide as the one before: filled in naively it would be 2^60 wide. */
static void
shared_types_stay_shared(void **state)
{
	(void)state;
	struct room room;
	room_open(&room);
	struct kp_buffer text;
	kp_buffer_init(&text, &room.arena, 1 << 20);
	KP_BUFFER_ADD(&text, "type T0 = {a: Long}; type U0 = {a: Long};");
	for (int i = 1; i < 60; i++) {
		kp_buffer_printf(&text,
			"type T%d = {a: T%d, b: T%d}; type U%d = {b: U%d, a: U%d};", i,
			i - 1, i - 1, i, i - 1, i - 1);
	}
	KP_BUFFER_ADD(&text, "entity A {t: T59, u: U59};");
	kp_buffer_add_char(&text, '\0');
	assert_int_equal(room_schema(&room, text.data), KP_OK);
	const struct kp_cedar_type *attrs =
		kp_cedar_schema_entity(room.schema, name(&room, "A"))->attrs;
	assert_ptr_equal(attrs->attrs[0].type, attrs->attrs[1].type);
	room_close(&room);
}

static void
memory_may_run_out(void **state)
{
	(void)state;
	const char *text = "type T = {a: Long}; entity A in [A] {t: T} tags Set<T>;"
			   "action a, b in [c] appliesTo {principal: A, resource: A,"
			   " context: T}; action c;";
	for (size_t bytes = 0; bytes < 40000; bytes += 16) {
		struct room room;
		room_open(&room);
		room.arena.bytes_max = bytes;
		enum kp_status status = room_schema(&room, text);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		room_close(&room);
		if (status == KP_OK) {
			return;
		}
	}
	fail_msg("never enough memory");
}

static void
judge_vector(json_t *vector, size_t *different)
{
	struct room room;
	room_open(&room);
	const char *text = json_string_value(json_object_get(vector, "schema"));
	bool wanted = strcmp(json_string_value(json_object_get(vector, "result")),
			      "success") == 0;
	bool accepted = room_schema(&room, text) == KP_OK;
	bool same = accepted == wanted;
	json_t *warnings = json_object_get(vector, "warnings");
	json_t *expected = json_object_get(vector, "json");
	if (same && accepted && json_is_object(expected)) {
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, &room.arena, 1 << 24);
		kp_cedar_schema_write_json(&buffer, &room.source);
		json_t *ours = json_loadb(buffer.data, buffer.len, 0, NULL);
		same = json_equal(ours, expected) &&
			json_array_size(warnings) == room.warnings.count;
		json_decref(ours);
	}
	/* A name twice in a record is refused here; Cedar keeps the last. */
	if (!same && strstr(room_finding(&room.errors, 0), "is declared twice") == NULL) {
		print_error("schema vector differs: %s\n", text);
		(*different)++;
	}
	room_close(&room);
}

static void
agrees_with_the_vectors(void **state)
{
	(void)state;
	json_t *file = json_load_file(
		KP_SHARED_DATA "/cedar/vectors/cedar-schema-parse.json", 0, NULL);
	if (file == NULL) {
		print_message("SKIPPED: cedar-schema-parse.json is not there\n");
		skip();
	}
	json_t *vector;
	size_t index;
	size_t different = 0;
	json_array_foreach(json_object_get(file, "cases"), index, vector)
	{
		judge_vector(vector, &different);
	}
	print_message("%zu schema vectors, %zu different\n", index, different);
	assert_int_equal(different, 0);
	json_decref(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(reports_every_fault),
		cmocka_unit_test(looks_names_up),
		cmocka_unit_test(text_becomes_json),
		cmocka_unit_test(json_says_what_is_wrong),
		cmocka_unit_test(deep_types_are_bounded),
		cmocka_unit_test(shared_types_stay_shared),
		cmocka_unit_test(memory_may_run_out),
		cmocka_unit_test(agrees_with_the_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
