/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Entities, contexts and requests against a schema. */
#include "cedar_room.h"

#include <jansson.h>

#include "policies/cedar/check_data.h"

static const char schema_text[] =
	"entity Org; entity Group in [Group]; entity E enum [\"x\", \"y\"];\n"
	"entity User in [Group] = {age: Long, org?: Org, ip?: ipaddr, kind?: E,\n"
	"  set?: Set<Long>, rec?: {a: Long, b?: Long}, act?: Action} tags String;\n"
	"action all; action group in [all]; action read in [group] appliesTo\n"
	"  {principal: User, resource: [Group, User], context: {n: Long, e?: E}};\n";

static enum kp_status
read_entities(struct room *room, struct kp_cedar_entities *entities, const char *schema,
	struct kp_slice text, struct kp_error *err)
{
	struct kp_cedar_json_guide guide;
	kp_cedar_entities_init(entities, &room->arena, NULL);
	if (schema != NULL) {
		assert_int_equal(room_schema(room, schema), KP_OK);
		kp_cedar_schema_guide(room->schema, &guide);
	}
	enum kp_status status = kp_cedar_entities_parse(
		entities, &room->names, text, schema == NULL ? NULL : &guide, err);
	if (status == KP_OK && schema != NULL) {
		status = kp_cedar_schema_add_actions(room->schema, entities, err);
	}
	return status == KP_OK ? kp_cedar_entities_close(entities, err) : status;
}

struct entity_case {
	const char *json;
	const char *message; /* part of it; NULL: sound */
};

#define USER(attrs)                                                                      \
	"[{\"uid\":{\"type\":\"User\",\"id\":\"a\"},\"attrs\":{" attrs                   \
	"},\"parents\":[]}]"
#define ACTION(id, parents)                                                              \
	"[{\"uid\":{\"type\":\"Action\",\"id\":\"" id                                    \
	"\"},\"attrs\":{},\"parents\":[" parents "]}]"
#define PARENT(id) "{\"type\":\"Action\",\"id\":\"" id "\"}"

static const struct entity_case entity_cases[] = {
	{USER("\"age\":1"), NULL},
	{USER("\"age\":1,\"org\":{\"type\":\"Org\",\"id\":\"o\"}"), NULL},
	{USER("\"age\":1,\"ip\":\"10.0.0.1\""), NULL},
	{USER("\"age\":1,\"kind\":{\"type\":\"E\",\"id\":\"x\"}"), NULL},
	{USER("\"age\":1,\"act\":{\"type\":\"Action\",\"id\":\"read\"}"), NULL},
	{USER("\"age\":1,\"act\":{\"type\":\"Action\",\"id\":\"no\"}"),
		"User::\"a\", attribute `act`: the action Action::\"no\" is not "
		"declared"},
	{USER("\"age\":1,\"kind\":{\"type\":\"E\",\"id\":\"z\"}"),
		"User::\"a\", attribute `kind`: `E` is an enum without the id \"z\""},
	{USER(""), "User::\"a\": the attribute `age` is missing"},
	{USER("\"age\":\"1\""), "attribute `age`: expected Long, found a string"},
	{USER("\"age\":1,\"zzz\":1"), "the attribute `zzz` is not declared"},
	{USER("\"age\":1,\"org\":{\"__entity\":{\"type\":\"User\",\"id\":\"o\"}}"),
		"expected Org, found an entity of type User"},
	{USER("\"age\":1,\"set\":[1,\"2\"]"), "attribute `set`: expected Long"},
	{USER("\"age\":1,\"rec\":{}"), "attribute `rec`: the attribute `a` is missing"},
	{USER("\"age\":1,\"rec\":{\"a\":1,\"c\":1}"),
		"the attribute `c` is not declared"},
	{ACTION("read", PARENT("group")), NULL},
	{ACTION("read", PARENT("group") "," PARENT("all")), NULL},
	{ACTION("read", PARENT("all")), "declared with other parents"},
	{ACTION("read", ""), "declared with other parents"},
	{ACTION("all", PARENT("group")), "declared with other parents"},
	{ACTION("no", ""), "this action is not declared"},
	{"[{\"uid\":{\"type\":\"Zzz\",\"id\":\"a\"},\"attrs\":{},\"parents\":[]}]",
		"the entity type `Zzz` is not declared"},
	{"[{\"uid\":{\"type\":\"E\",\"id\":\"q\"},\"attrs\":{},\"parents\":[]}]",
		"`E` is an enum without the id \"q\""},
	{"[{\"uid\":{\"type\":\"Group\",\"id\":\"g\"},\"attrs\":{},\"parents\":[{"
	 "\"type\":"
	 "\"User\",\"id\":\"a\"}]}]",
		"cannot be in one of type `User`"},
	{"[{\"uid\":{\"type\":\"Org\",\"id\":\"g\"},\"attrs\":{},\"parents\":[],\"tags\":"
	 "{"
	 "\"a\":\"b\"}}]",
		"entities of this type have no tags"},
};

static void
entities_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(entity_cases); i++) {
		struct room room;
		struct kp_cedar_entities entities;
		struct kp_error err = {0};
		room_open(&room);
		enum kp_status status = read_entities(&room, &entities, schema_text,
			kp_slice_from(entity_cases[i].json), &err);
		const char *wanted = entity_cases[i].message;
		if ((status == KP_OK) != (wanted == NULL) ||
			(wanted != NULL && strstr(err.message, wanted) == NULL)) {
			fail_msg("%s\nsaid %s", entity_cases[i].json, err.message);
		}
		room_close(&room);
	}
}

static void
actions_come_from_the_schema(void **state)
{
	(void)state;
	struct room room;
	struct kp_cedar_entities entities;
	struct kp_error err;
	room_open(&room);
	assert_int_equal(
		read_entities(&room, &entities, schema_text, KP_SLICE("[]"), &err),
		KP_OK);
	assert_int_equal(entities.count, 3);
	const struct kp_cedar_entity *read = kp_cedar_entities_find(&entities,
		kp_cedar_uid_of(&room.names, KP_SLICE("Action"), KP_SLICE("read")));
	assert_non_null(read);
	assert_int_equal(read->ancestor_count, 2);
	room_close(&room);
}

struct request_case {
	const char *principal;
	const char *action;
	const char *resource;
	const char *context;
	const char *message;
};

static const struct request_case request_cases[] = {
	{"User", "read", "Group", "{\"n\":1}", NULL},
	{"User", "read", "User", "{\"n\":1,\"e\":{\"type\":\"E\",\"id\":\"y\"}}", NULL},
	{"User", "reed", "Group", "{\"n\":1}",
		"the action Action::\"reed\" is not declared"},
	{"Group", "read", "Group", "{\"n\":1}",
		"the action does not apply to a principal of type `Group`"},
	{"User", "read", "Org", "{\"n\":1}",
		"the action does not apply to a resource of type `Org`"},
	{"User", "all", "Group", "{}",
		"the action does not apply to a principal of type `User`"},
	{"User", "read", "Group", "{}", "context: the attribute `n` is missing"},
	{"User", "read", "Group", "{\"n\":1,\"m\":1}",
		"context: the attribute `m` is not declared"},
	{"User", "read", "Group", "{\"n\":true}",
		"context, attribute `n`: expected Long, found a bool"},
	{"User", "read", "Group", "{\"n\":1,\"e\":{\"type\":\"E\",\"id\":\"q\"}}",
		"`E` is an enum without the id \"q\""},
};

static void
requests_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(request_cases); i++) {
		const struct request_case *one = &request_cases[i];
		struct room room;
		struct kp_error err = {0};
		struct kp_cedar_json_guide guide;
		struct kp_cedar_value context;
		room_open(&room);
		assert_int_equal(room_schema(&room, schema_text), KP_OK);
		kp_cedar_schema_guide(room.schema, &guide);
		const struct kp_cedar_uid *action = kp_cedar_uid_of(
			&room.names, KP_SLICE("Action"), kp_slice_from(one->action));
		const struct kp_cedar_schema_action *declared =
			kp_cedar_schema_action(room.schema, action);
		assert_int_equal(kp_cedar_value_parse(&room.arena, &room.names,
					 kp_slice_from(one->context), &guide,
					 declared == NULL ? NULL : declared->context,
					 &context, &err),
			KP_OK);
		struct kp_cedar_request request = {
			.principal = kp_cedar_uid_of(&room.names,
				kp_slice_from(one->principal), KP_SLICE("p")),
			.action = action,
			.resource = kp_cedar_uid_of(
				&room.names, kp_slice_from(one->resource), KP_SLICE("r")),
			.context = context.record};
		enum kp_status status =
			kp_cedar_check_request(room.schema, &request, &err);
		if ((status == KP_OK) != (one->message == NULL) ||
			(one->message != NULL &&
				strstr(err.message, one->message) == NULL)) {
			fail_msg("request %zu said %s", i, err.message);
		}
		room_close(&room);
	}
}

/* An escape with another member beside it is a record for Cedar, and refused here. */
static bool
meant_to_differ(const char *name)
{
	return strcmp(name, "entity_escape_extra_key") == 0 ||
		strcmp(name, "extn_extra_key") == 0;
}

static void
judge_vector(const char *schema, json_t *vector, size_t *different)
{
	struct room room;
	struct kp_cedar_entities entities;
	struct kp_error err = {0};
	room_open(&room);
	const char *name = json_string_value(json_object_get(vector, "name"));
	char *text = json_dumps(json_object_get(vector, "entities"), JSON_ENCODE_ANY);
	bool with = json_boolean_value(json_object_get(vector, "with_schema"));
	bool wanted = strcmp(json_string_value(json_object_get(vector, "result")),
			      "success") == 0;
	bool accepted = read_entities(&room, &entities, with ? schema : NULL,
				kp_slice_from(text), &err) == KP_OK;
	if (accepted != wanted && !meant_to_differ(name)) {
		print_error("entity vector %s differs: %s\n", name, err.message);
		(*different)++;
	}
	free(text);
	room_close(&room);
}

static void
agrees_with_the_vectors(void **state)
{
	(void)state;
	json_t *file = json_load_file(
		KP_SHARED_DATA "/cedar/vectors/cedar-entities.json", 0, NULL);
	if (file == NULL) {
		print_message("SKIPPED: cedar-entities.json is not there\n");
		skip();
	}
	const char *schema = json_string_value(json_object_get(file, "schema"));
	json_t *vector;
	size_t index;
	size_t different = 0;
	json_array_foreach(json_object_get(file, "cases"), index, vector)
	{
		judge_vector(schema, vector, &different);
	}
	print_message("%zu entity vectors, %zu different\n", index, different);
	assert_int_equal(different, 0);
	json_decref(file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entities_are_checked),
		cmocka_unit_test(actions_come_from_the_schema),
		cmocka_unit_test(requests_are_checked),
		cmocka_unit_test(agrees_with_the_vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
