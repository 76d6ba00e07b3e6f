/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Policies and policy sets in JSON, templates and links. */
#include "cedar_room.h"

#include "policies/cedar/eval.h"
#include "policies/cedar/link.h"
#include "policies/cedar/policy_json.h"

static const char *const round_trips[] = {
	"permit(principal, action, resource);",
	"@a @b(\"\") @c(\"x\\0\") forbid(principal == A::\"x\", action == Action::\"r\", "
	"resource in B::\"y\") when { true } unless { false };",
	"permit(principal is A, action in Action::\"g\", resource is B in C::\"z\");",
	"permit(principal, action in [Action::\"g\", N::Action::\"h\"], resource);",
	"permit(principal, action in [], resource) when { -5 + --6 * -(7) - 1 < 3 };",
	"permit(principal, action, resource) when { principal has a.b.c && context has "
	"\"a b\" };",
	"permit(principal, action, resource) when { context.s like \"a*\\*b**\" };",
	"permit(principal, action, resource) when { principal is A in [A::\"x\"] };",
	"permit(principal, action, resource) when { if a::b::\"x\" == principal then [1, "
	"true, \"z\"].contains({a: 1, \"b c\": []}) else context[\"d\"].e.isEmpty() };",
	"permit(principal, action, resource) when { ip(\"1.1.1.1\").isInRange(context.n) "
	"|| "
	"decimal(\"1.0\").lessThan(decimal(\"2.0\"), 3) };",
	"permit(principal, action, resource) when { principal.getTag(\"a\") != 1 && "
	"principal.hasTag(\"b\") || 1 > 2 || 1 >= 2 || 1 <= 2 || !true };",
	"permit(principal, action, resource) when { [1].containsAll([2]) && "
	"[1].containsAny([2]) };",
	"permit(principal, action, resource) when { -9223372036854775808 < "
	"9223372036854775807 };",
	"permit(principal, action in [], resource);",
	"permit(principal, action in [Action::\"r\"], resource);",
	"permit(principal, action in [Action::\"r\", Action::\"s\"], resource);",
	"permit(principal in ?principal, action, resource == ?resource);",
	"permit(principal is A in ?principal, action, resource is B in ?resource);",
};

static void
json_says_what_text_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(round_trips); i++) {
		struct room room;
		struct kp_cedar_policy_set one;
		struct kp_cedar_policy_set two;
		room_open(&room);
		kp_cedar_policy_set_init(&one, &room.arena);
		kp_cedar_policy_set_init(&two, &room.arena);
		assert_int_equal(kp_cedar_parse_policies(&one, &room.names, "p",
					 kp_slice_from(round_trips[i]), &room.errors),
			KP_OK);
		const struct kp_cedar_policy *policy = one.policies.count > 0
			? one.policies.items[0]
			: one.templates.items[0];
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, &room.arena, 1 << 20);
		kp_cedar_policy_write_json(&buffer, policy);
		assert_false(buffer.failed);
		if (kp_cedar_policy_read_json(&two, &room.names, "j",
			    kp_buffer_slice(&buffer), policy->id,
			    &room.errors) != KP_OK) {
			fail_msg("%.*s\nsaid %s", KP_SLICE_ARG(kp_buffer_slice(&buffer)),
				room_finding(&room.errors, 0));
		}
		const struct kp_cedar_policy *again = two.policies.count > 0
			? two.policies.items[0]
			: two.templates.items[0];
		assert_true(kp_cedar_policy_equal(policy, again));
		room_close(&room);
	}
}

struct refusal {
	const char *json;
	const char *finding;
};

#define ALL                                                                              \
	"\"principal\":{\"op\":\"All\"},\"action\":{\"op\":\"All\"},\"resource\":{"      \
	"\"op\":"                                                                        \
	"\"All\"}"
#define WHEN(expr)                                                                       \
	"{\"effect\":\"permit\"," ALL                                                    \
	",\"conditions\":[{\"kind\":\"when\",\"body\":" expr "}]}"
#define PRINCIPAL(scope)                                                                 \
	"{\"effect\":\"permit\",\"principal\":" scope                                    \
	",\"action\":{\"op\":\"All\"},\"resource\":{\"op\":\"All\"},\"conditions\":[]}"

static const struct refusal refusals[] = {
	{"[]", "expected an object, found an array"},
	{"{\"effect\":\"permit\"," ALL "}", "the member \"conditions\" is missing"},
	{"{\"efect\":\"permit\"," ALL ",\"conditions\":[]}",
		"unknown member, did you mean \"effect\"?"},
	{"{\"effect\":\"allow\"," ALL ",\"conditions\":[]}",
		"j:1:11: /effect: expected \"permit\" or \"forbid\""},
	{PRINCIPAL("{\"op\":\"all\",\"entity\":1}"), "unknown member"},
	{PRINCIPAL("{\"op\":\"==\"}"), "expected \"entity\" or \"slot\", one of both"},
	{PRINCIPAL("{\"op\":\"==\",\"slot\":\"?resource\"}"), "expected \"?principal\""},
	{PRINCIPAL("{\"op\":\"in\",\"entities\":[]}"), "unknown member"},
	{PRINCIPAL("{\"op\":\"is\",\"entity_type\":\"A B\"}"), "this is not a type name"},
	{WHEN("{\"Value\":null}"), "`null` is no value"},
	{WHEN("{\"Value\":1.5}"), "expected an integer of 64 bits"},
	{WHEN("{\"Value\":1e3}"), "expected an integer of 64 bits"},
	{WHEN("{\"Value\":9223372036854775808}"), "expected an integer of 64 bits"},
	{WHEN("{\"Value\":{\"__expr\":\"1\"}}"), "`__expr` is no longer"},
	{WHEN("{\"Value\":{\"__entity\":{\"type\":\"A\"}}}"),
		"the member \"id\" is missing"},
	{WHEN("{\"Value\":{\"__extn\":{\"fn\":\"nope\",\"arg\":\"1\"}}}"),
		"there is no extension function of this name"},
	{WHEN("{\"Slot\":\"?principal\"}"),
		"a template slot cannot stand in a condition"},
	{WHEN("{\"nope\":[]}"), "there is no operator and no function of this name"},
	{WHEN("{\"Var\":\"foo\"}"), "expected \"principal\", \"action\""},
	{WHEN("{\"==\":{\"left\":{\"Value\":1}}}"), "the member \"right\" is missing"},
	{WHEN("{\"!\":{\"arg\":{\"Value\":true}},\"neg\":{}}"), "expected one member"},
	{WHEN("{}"), "expected one member, the operator, found 0"},
	{WHEN("{\"like\":{\"left\":{\"Value\":\"a\"},\"pattern\":\"a*\"}}"),
		"expected an array, found a string"},
	{WHEN("{\"like\":{\"left\":{\"Value\":\"a\"},\"pattern\":[\"a*\"]}}"),
		"expected \"Wildcard\" or {\"Literal\": ...}"},
	{WHEN("{\"has\":{\"left\":{\"Var\":\"context\"},\"attr\":[]}}"),
		"expected at least one name"},
	{WHEN("{\"isIpv4\":[]}"), "a method needs the object"},
	{WHEN("{\"Record\":{\"a\":{\"Value\":1},\"a\":{\"Value\":1}}}"), "j:1:"},
	{"{\"effect\":\"permit\"," ALL
	 ",\"conditions\":[],\"annotations\":{\"a b\":\"x\"}}",
		"this is not an identifier"},
};

static void
says_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(refusals); i++) {
		struct room room;
		struct kp_cedar_policy_set set;
		room_open(&room);
		kp_cedar_policy_set_init(&set, &room.arena);
		enum kp_status status = kp_cedar_policy_read_json(&set, &room.names, "j",
			kp_slice_from(refusals[i].json),
			kp_cedar_name(&room.names, KP_SLICE("p")), &room.errors);
		const char *said = room_finding(&room.errors, 0);
		if (status == KP_OK || strstr(said, refusals[i].finding) == NULL) {
			fail_msg("%s\nsaid %s", refusals[i].json, said);
		}
		room_close(&room);
	}
}

static void
height_is_bounded(void **state)
{
	(void)state;
	for (int depth = KP_CEDAR_HEIGHT_MAX - 1; depth <= KP_CEDAR_HEIGHT_MAX; depth++) {
		struct room room;
		struct kp_cedar_policy_set set;
		struct kp_buffer text;
		room_open(&room);
		kp_cedar_policy_set_init(&set, &room.arena);
		kp_buffer_init(&text, &room.arena, 1 << 22);
		KP_BUFFER_ADD(&text,
			"{\"effect\":\"permit\"," ALL ",\"conditions\":[{\"kind\":"
			"\"when\",\"body\":");
		for (int i = 0; i < depth; i++) {
			KP_BUFFER_ADD(&text, "{\"!\":{\"arg\":");
		}
		KP_BUFFER_ADD(&text, "{\"Value\":true}");
		for (int i = 0; i < depth; i++) {
			KP_BUFFER_ADD(&text, "}}");
		}
		KP_BUFFER_ADD(&text, "}]}");
		enum kp_status status = kp_cedar_policy_read_json(&set, &room.names, "j",
			kp_buffer_slice(&text), kp_cedar_name(&room.names, KP_SLICE("p")),
			&room.errors);
		assert_int_equal(status == KP_OK, depth < KP_CEDAR_HEIGHT_MAX);
		room_close(&room);
	}
}

static const char set_json[] = "{\"staticPolicies\":{\"s\":" WHEN(
	"{\"Value\":false}") "},\"templates\":{\"t\":" PRINCIPAL("{\"op\":\"in\","
								 "\"slot\":\"?"
								 "principal\"}") "},"
										 "\"templ"
										 "ateLink"
										 "s\":[{"
										 "\"templ"
										 "ateId\""
										 ":\"t\","
										 "\"newId"
										 "\":"
										 "\"l\","
										 "\"value"
										 "s\":{"
										 "\"?"
										 "princip"
										 "al\":{"
										 "\"type"
										 "\":"
										 "\"U\","
										 "\"id\":"
										 "\"a\"}}"
										 "}]}";

static void
sets_link_their_templates(void **state)
{
	(void)state;
	struct room room;
	struct kp_cedar_policy_set set;
	room_open(&room);
	kp_cedar_policy_set_init(&set, &room.arena);
	assert_int_equal(kp_cedar_policy_set_read_json(&set, &room.names, "j",
				 kp_slice_from(set_json), &room.errors),
		KP_OK);
	assert_int_equal(set.policies.count, 2);
	assert_int_equal(set.templates.count, 1);
	struct kp_cedar_request request = {
		.principal = kp_cedar_uid_of(&room.names, KP_SLICE("U"), KP_SLICE("a")),
		.action = kp_cedar_uid_of(&room.names, KP_SLICE("Action"), KP_SLICE("r")),
		.resource = kp_cedar_uid_of(&room.names, KP_SLICE("R"), KP_SLICE("r"))};
	struct kp_cedar_decision decision;
	struct kp_error err;
	assert_int_equal(kp_cedar_authorize(&set, &request, NULL, KP_CEDAR_PLAIN,
				 &room.arena, &decision, &err),
		KP_OK);
	assert_true(decision.allow);
	assert_true(kp_slice_is(decision.reasons[0]->id->text, "l"));
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &room.arena, 1 << 20);
	kp_cedar_policy_set_write_json(&buffer, &set);
	kp_buffer_add_char(&buffer, '\0');
	assert_string_equal(buffer.data, set_json);
	room_close(&room);
}

/* A list of one action is written as Cedar does, and equals the action alone, but not a
 * list of others. */
static void
one_action_has_one_form(void **state)
{
	(void)state;
	static const char text[] =
		"permit(principal, action in [Action::\"r\"], resource);"
		"permit(principal, action in Action::\"r\", resource);"
		"permit(principal, action in [Action::\"s\"], resource);"
		"permit(principal, action in [Action::\"r\", "
		"Action::\"r\"], resource);"
		"permit(principal, action == Action::\"r\", resource);"
		"permit(principal, action in [], resource);";
	struct room room;
	struct kp_cedar_policy_set set;
	room_open(&room);
	kp_cedar_policy_set_init(&set, &room.arena);
	assert_int_equal(kp_cedar_parse_policies(&set, &room.names, "p",
				 kp_slice_from(text), &room.errors),
		KP_OK);
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &room.arena, 1 << 20);
	kp_cedar_policy_write_json(&buffer, set.policies.items[0]);
	kp_buffer_add_char(&buffer, '\0');
	assert_non_null(strstr(buffer.data,
		"\"action\":{\"op\":\"in\",\"entity\":{\"type\":\"Action\",\"id\":"
		"\"r\"}}"));
	for (size_t i = 1; i < set.policies.count; i++) {
		assert_int_equal(kp_cedar_policy_equal(
					 set.policies.items[0], set.policies.items[i]),
			i == 1);
	}
	room_close(&room);
}

static const struct refusal set_refusals[] = {
	{"{\"staticPolicies\":{\"t\":" PRINCIPAL(
		 "{\"op\":\"in\",\"slot\":\"?principal\"}") "}}",
		"this has slots, it belongs in templates"},
	{"{\"templates\":{\"t\":" WHEN("{\"Value\":true}") "}}",
		"this has no slots, it belongs in staticPolicies"},
	{"{\"staticPolicies\":{\"t\":" WHEN(
		 "{\"Value\":true}") "},\"templates\":{"
				     "\"t\":" PRINCIPAL("{\"op\":\"in\","
							"\"slot\":\"?"
							"principal\"}") "}}",
		"there is already a policy or template of this id"},
	{"{\"templateLinks\":[{\"templateId\":\"t\",\"newId\":\"l\",\"values\":{}}]}",
		"/templateLinks/0: there is no template `t`"},
	{"{\"links\":[]}", "unknown member"},
};

static void
sets_say_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(set_refusals); i++) {
		struct room room;
		struct kp_cedar_policy_set set;
		room_open(&room);
		kp_cedar_policy_set_init(&set, &room.arena);
		enum kp_status status = kp_cedar_policy_set_read_json(&set, &room.names,
			"j", kp_slice_from(set_refusals[i].json), &room.errors);
		const char *said = room_finding(&room.errors, 0);
		if (status == KP_OK || strstr(said, set_refusals[i].finding) == NULL) {
			fail_msg("%s\nsaid %s", set_refusals[i].json, said);
		}
		room_close(&room);
	}
}

static void
links_want_exactly_the_slots(void **state)
{
	(void)state;
	struct room room;
	struct kp_cedar_policy_set set;
	struct kp_error err;
	room_open(&room);
	kp_cedar_policy_set_init(&set, &room.arena);
	assert_int_equal(
		kp_cedar_parse_policies(&set, &room.names, "p",
			KP_SLICE("permit(principal, action, resource);"
				 "permit(principal == ?principal, action, resource);"),
			&room.errors),
		KP_OK);
	const struct kp_cedar_name *template =
		kp_cedar_name(&room.names, KP_SLICE("policy1"));
	const struct kp_cedar_name *fresh = kp_cedar_name(&room.names, KP_SLICE("new"));
	const struct kp_cedar_uid *uid =
		kp_cedar_uid_of(&room.names, KP_SLICE("U"), KP_SLICE("a"));
	struct kp_cedar_slot_values none = {0};
	struct kp_cedar_slot_values right = {.principal = uid};
	struct kp_cedar_slot_values more = {.principal = uid, .resource = uid};
	assert_int_equal(kp_cedar_link(&set, fresh, fresh, &right, &err), KP_E_NOT_FOUND);
	assert_int_equal(kp_cedar_link(&set, template, fresh, &none, &err), KP_E_INVALID);
	assert_string_equal(
		err.message, "the template has the slot ?principal and it has no value");
	assert_int_equal(kp_cedar_link(&set, template, fresh, &more, &err), KP_E_INVALID);
	assert_string_equal(
		err.message, "the template has no slot ?resource, but a value for it");
	assert_int_equal(
		kp_cedar_link(&set, template, template, &right, &err), KP_E_INVALID);
	assert_int_equal(set.policies.count, 1);
	assert_int_equal(kp_cedar_link(&set, template, fresh, &right, &err), KP_OK);
	assert_int_equal(
		kp_cedar_link(&set, template, fresh, &right, &err), KP_E_INVALID);
	assert_int_equal(set.policies.count, 2);
	assert_ptr_equal(set.policies.items[1]->principal.uid, uid);
	room_close(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_says_what_text_says),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(height_is_bounded),
		cmocka_unit_test(sets_link_their_templates),
		cmocka_unit_test(one_action_has_one_form),
		cmocka_unit_test(sets_say_what_is_wrong),
		cmocka_unit_test(links_want_exactly_the_slots),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
