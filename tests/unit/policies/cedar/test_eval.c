/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The evaluator and the authorizer: our own cases, and the shared vectors when they are
 * there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policies/cedar/eval.h"
#include "policies/cedar/json_value.h"
#include "policies/cedar/parse.h"

#define ARENA_MAX ((size_t)64 << 20)

static const char *const world_entities =
	"[{\"uid\":{\"type\":\"User\",\"id\":\"an\"},\"attrs\":{\"n\":1,\"r\":{\"a\":{"
	"\"b\":1}},"
	"\"e\":{\"__entity\":{\"type\":\"User\",\"id\":\"gone\"}}},"
	"\"parents\":[{\"type\":\"Group\",\"id\":\"in\"}],\"tags\":{\"t\":1,\"u "
	"v\":[2]}},"
	"{\"uid\":{\"type\":\"Group\",\"id\":\"in\"},\"attrs\":{},"
	"\"parents\":[{\"type\":\"Group\",\"id\":\"all\"}]},"
	"{\"uid\":{\"type\":\"Action\",\"id\":\"read\"},\"attrs\":{},"
	"\"parents\":[{\"type\":\"Action\",\"id\":\"any\"}]}]";
static const char *const world_context = "{\"b\":true,\"n\":5,\"s\":\"abc\",\"set\":[1,"
					 "\"x\"],\"r\":{\"x\":{\"y\":1},\"n\":1}}";

/* Lifetime: one test. */
struct world {
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_cedar_entities entities;
	struct kp_cedar_request request;
};

static const struct kp_cedar_uid *
uid(struct world *world, const char *type, const char *id)
{
	return kp_cedar_uid_of(&world->names, kp_slice_from(type), kp_slice_from(id));
}

static void
open_world(struct world *world, const char *entities, const char *context)
{
	struct kp_error err = {0};
	struct kp_cedar_value value;
	kp_arena_init(&world->arena, ARENA_MAX, NULL);
	kp_cedar_names_init(&world->names, &world->arena, NULL);
	kp_cedar_entities_init(&world->entities, &world->arena, NULL);
	if (kp_cedar_entities_parse(&world->entities, &world->names,
		    kp_slice_from(entities), NULL, &err) != KP_OK ||
		kp_cedar_entities_close(&world->entities, &err) != KP_OK ||
		kp_cedar_value_parse(&world->arena, &world->names, kp_slice_from(context),
			NULL, NULL, &value, &err) != KP_OK) {
		fail_msg("%s", err.message);
	}
	world->request = (struct kp_cedar_request){uid(world, "User", "an"),
		uid(world, "Action", "read"), uid(world, "Doc", "d"), value.record};
}

static void
close_world(struct world *world)
{
	kp_arena_deinit(&world->arena);
}

/* Evaluates a text: "true", "false", a failure's name, or "parse error". */
static const char *
outcome(struct world *world, const char *text, struct kp_cedar_eval *eval)
{
	static const char *const failures[] = {"", "type", "entity", "attr", "tag",
		"overflow", "arity", "extension", "slot", "memory"};
	struct kp_error err = {0};
	const struct kp_cedar_expr *expr = NULL;
	struct kp_cedar_value value;
	*eval = (struct kp_cedar_eval){.request = &world->request,
		.entities = &world->entities,
		.arena = &world->arena};
	if (kp_cedar_parse_expr(&world->arena, &world->names, NULL, kp_slice_from(text),
		    &expr, &err) != KP_OK) {
		return "parse error";
	}
	enum kp_cedar_failure failure = kp_cedar_eval_expr(eval, expr, &value);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failures[failure];
	}
	return value.kind != KP_CEDAR_BOOL ? "no bool" : value.boolean ? "true" : "false";
}

static const struct {
	const char *text;
	const char *outcome;
} cases[] = {
	/* Short circuits, and the order of operands. */
	{"false && 1", "false"},
	{"true && 1", "type"},
	{"1 && false", "type"},
	{"true || 1", "true"},
	{"false || 1", "type"},
	{"context.gone == 1 && false", "attr"},
	{"false && context.gone == 1", "false"},
	{"if true then true else context.gone", "true"},
	{"if 1 then true else true", "type"},
	{"[context.gone].isEmpty()", "attr"},
	{"!1", "type"},
	{"context.gone == (1 + true)", "attr"},
	/* Equality. */
	{"1 == \"1\"", "false"},
	{"[1, 2, 2] == [2, 1]", "true"},
	{"{a: 1, b: [{}]} == {b: [{}], a: 1}", "true"},
	{"decimal(\"1.0\") == decimal(\"1.00\")", "true"},
	{"ip(\"10.0.0.1\") == ip(\"10.0.0.1/32\")", "true"},
	{"ip(\"10.0.0.1/8\") == ip(\"10.0.0.0/8\")", "false"},
	{"principal != resource", "true"},
	{"principal == User::\"an\"", "true"},
	{"context == context", "true"},
	/* Order and arithmetic. */
	{"1 < 2 && 2 <= 2 && 3 > 2 && 2 >= 2", "true"},
	{"\"a\" < \"b\"", "type"},
	{"1 < duration(\"1ms\")", "type"},
	{"datetime(\"2024-01-01\") < datetime(\"2024-01-02\")", "true"},
	{"decimal(\"1.0\") < decimal(\"2.0\")", "type"},
	{"9223372036854775807 + 1 == 0", "overflow"},
	{"-9223372036854775808 - 1 == 0", "overflow"},
	{"4611686018427387904 * 2 == 0", "overflow"},
	{"--9223372036854775808 == 0", "overflow"},
	{"-9223372036854775807 - 1 == -9223372036854775808", "true"},
	{"1 + \"a\" == 1", "type"},
	/* Hierarchy. */
	{"principal in principal", "true"},
	{"principal in Group::\"in\"", "true"},
	{"principal in Group::\"all\"", "true"},
	{"Group::\"all\" in principal", "false"},
	{"User::\"gone\" in User::\"gone\"", "true"},
	{"User::\"gone\" in Group::\"all\"", "false"},
	{"principal in [Doc::\"x\", Group::\"all\"]", "true"},
	{"principal in []", "false"},
	{"principal in [Group::\"all\", 1]", "type"},
	{"principal in 1", "type"},
	{"1 in principal", "type"},
	{"principal is User", "true"},
	{"principal is Group", "false"},
	{"principal is User in Group::\"all\"", "true"},
	{"principal is Group in 1", "false"},
	{"principal is User in 1", "type"},
	{"1 is User", "type"},
	/* Attributes and tags. */
	{"principal.n == 1", "true"},
	{"principal.gone == 1", "attr"},
	{"principal.e.n == 1", "entity"},
	{"context.s.n == 1", "type"},
	{"principal has n && !(principal has m)", "true"},
	{"principal.e has n", "false"},
	{"context has r.x.y", "true"},
	{"context has r.x.z", "false"},
	{"context has r.z.y", "false"},
	{"context has n.x", "type"},
	{"context has gone.x", "false"},
	{"principal has r.a.b", "true"},
	{"1 has a", "type"},
	{"principal.hasTag(\"t\") && principal.getTag(\"u v\").contains(2)", "true"},
	{"principal.hasTag(\"x\")", "false"},
	{"principal.getTag(\"x\") == 1", "tag"},
	{"principal.e.hasTag(\"t\")", "false"},
	{"principal.e.getTag(\"t\") == 1", "entity"},
	{"principal.hasTag(1)", "type"},
	{"context.hasTag(\"t\")", "type"},
	/* Sets. */
	{"[1, \"a\"].contains(\"a\")", "true"},
	{"[1].containsAll([])", "true"},
	{"[1].containsAll([1, 1])", "true"},
	{"[1].containsAll([1, 2])", "false"},
	{"[1, 2].containsAny([3, 2])", "true"},
	{"[].containsAny([1])", "false"},
	{"[1].containsAll(1)", "type"},
	{"context.contains(1)", "type"},
	{"[].isEmpty() && !context.set.isEmpty()", "true"},
	{"{}.isEmpty()", "type"},
	/* like */
	{"\"abc\" like \"a*c\" && \"ac\" like \"a*c\" && !(\"acb\" like \"a*c\")",
		"true"},
	{"\"aab\" like \"*a*ab\"", "true"},
	{"\"ab\" like \"*ab*b\"", "false"},
	{"\"aba\" like \"ab*ba\"", "false"},
	{"\"\" like \"*\" && \"\" like \"\" && !(\"a\" like \"\")", "true"},
	{"\"a*b\" like \"a\\*b\" && !(\"axb\" like \"a\\*b\")", "true"},
	{"\"axb\" like \"a\\u{2a}b\"", "true"},
	{"1 like \"*\"", "type"},
	/* Extensions. */
	{"decimal(\"x\") == 1", "extension"},
	{"decimal(context.s) == 1", "extension"},
	{"decimal(1) == 1", "type"},
	{"decimal() == 1", "arity"},
	{"decimal(\"1.0\", \"2.0\") == 1", "arity"},
	{"decimal(\"1.0\").lessThan(decimal(\"1.0001\"))", "true"},
	{"decimal(\"1.0\").greaterThanOrEqual(1)", "type"},
	{"\"1.0\".lessThan(\"2.0\")", "type"},
	{"ip(\"10.1.2.3\").isInRange(ip(\"10.0.0.0/8\"))", "true"},
	{"ip(\"10.0.0.0/8\").isInRange(ip(\"10.0.0.0/9\"))", "false"},
	{"ip(\"::1\").isInRange(ip(\"0.0.0.0/0\"))", "false"},
	{"ip(\"127.0.0.0/8\").isLoopback() && !ip(\"127.0.0.0/7\").isLoopback()", "true"},
	{"ip(\"::1\").isLoopback() && !ip(\"::1/127\").isLoopback()", "true"},
	{"ip(\"224.0.0.0/4\").isMulticast() && !ip(\"224.0.0.0/3\").isMulticast()",
		"true"},
	{"ip(\"ff00::/8\").isMulticast() && ip(\"::\").isIpv6() && !ip(\"::\").isIpv4()",
		"true"},
	{"datetime(\"1969-12-31T23:59:59.999Z\").toDate() == datetime(\"1969-12-31\")",
		"true"},
	{"datetime(\"1969-12-31T23:59:59.999Z\").toTime() == duration(\"86399999ms\")",
		"true"},
	{"datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\")).toDate() "
	 "== 1",
		"extension"},
	{"datetime(\"1970-01-01\").offset(duration(\"-9223372036854775808ms\")).toTime() "
	 "== "
	 "duration(\"60424192ms\")",
		"true"},
	{"datetime(\"9999-12-31\").offset(duration(\"9223372036854775807ms\")) == 1",
		"extension"},
	{"datetime(\"2024-01-02\").durationSince(datetime(\"2024-01-01\")).toHours() == "
	 "24",
		"true"},
	{"duration(\"-1500ms\").toSeconds() == -1 && duration(\"1d1ms\").toDays() == 1",
		"true"},
	{"duration(\"90m\").toMinutes() == 90 && duration(\"90m\").toHours() == 1",
		"true"},
	{"duration(\"1s\").toMilliseconds() == 1000", "true"},
};

static void
expressions_evaluate(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, world_entities, world_context);
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_cedar_eval eval;
		const char *seen = outcome(&world, cases[i].text, &eval);
		if (strcmp(seen, cases[i].outcome) != 0) {
			fail_msg("`%s`: expected %s, found %s", cases[i].text,
				cases[i].outcome, seen);
		}
	}
	close_world(&world);
}

static void
failures_have_words(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *says;
	} texts[] = {
		{"1 && true", "expected bool, found long"},
		{"\"a\" < 1", "expected long, datetime or duration, found string"},
		{"context.gone", "the record has no attribute `gone`"},
		{"principal.gone", "User::\"an\" has no attribute `gone`"},
		{"principal.getTag(\"x\")", "User::\"an\" has no tag `x`"},
		{"principal.e.n", "the entity User::\"gone\" does not exist"},
		{"9223372036854775807 + 1", "the result is no 64-bit integer"},
		{"decimal(context.s)", "\"abc\" is not a decimal"},
		{"ip(\"::1\").isInRange()", "isInRange takes 1 argument, found 0"},
		{"datetime(\"9999-12-31\").offset(duration(\"9223372036854775807ms\"))",
			"the result of offset is out of range"},
	};
	struct world world;
	open_world(&world, world_entities, world_context);
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct kp_cedar_eval eval;
		char text[300];
		(void)outcome(&world, texts[i].text, &eval);
		assert_string_equal(
			kp_cedar_eval_error_text(&eval.error, text, sizeof(text)),
			texts[i].says);
		assert_non_null(eval.error.at);
	}
	close_world(&world);
}

static struct kp_cedar_decision
decide(struct world *world, const char *policies, enum kp_cedar_profile profile)
{
	struct kp_findings findings;
	struct kp_cedar_policy_set set;
	struct kp_cedar_decision decision;
	struct kp_error err = {0};
	kp_findings_init(&findings, 1);
	kp_cedar_policy_set_init(&set, &world->arena);
	assert_int_equal(kp_cedar_parse_policies(&set, &world->names, NULL,
				 kp_slice_from(policies), &findings),
		KP_OK);
	assert_int_equal(kp_cedar_authorize(&set, &world->request, &world->entities,
				 profile, &world->arena, &decision, &err),
		KP_OK);
	kp_findings_deinit(&findings);
	return decision;
}

static void
a_forbid_wins_and_reasons_are_those_that_decided(void **state)
{
	(void)state;
	struct world world;
	open_world(&world, world_entities, world_context);
	struct kp_cedar_decision decision = decide(&world, "", KP_CEDAR_PLAIN);
	assert_false(decision.allow);
	assert_int_equal(decision.reason_count, 0);
	decision = decide(&world,
		"permit(principal in Group::\"all\", action in Action::\"any\", "
		"resource);"
		"permit(principal, action == Action::\"x\", resource);"
		"permit(principal is User in Group::\"in\", action, resource is Doc);",
		KP_CEDAR_PLAIN);
	assert_true(decision.allow);
	assert_int_equal(decision.reason_count, 2);
	assert_string_equal(decision.reasons[1]->id->text.data, "policy2");
	decision = decide(&world,
		"permit(principal, action, resource);"
		"forbid(principal, action in [Action::\"x\", Action::\"any\"], resource);"
		"permit(principal, action, resource) when { context.gone };",
		KP_CEDAR_PLAIN);
	assert_false(decision.allow);
	assert_int_equal(decision.reason_count, 1);
	assert_string_equal(decision.reasons[0]->id->text.data, "policy1");
	assert_int_equal(decision.skipped_count, 1);
	assert_string_equal(decision.skipped[0].policy->id->text.data, "policy2");
	close_world(&world);
}

static void
when_and_unless_are_opposites(void **state)
{
	(void)state;
	static const struct {
		const char *conditions;
		bool allow;
	} texts[] = {
		{"when { true }", true},
		{"when { false }", false},
		{"unless { false }", true},
		{"unless { true }", false},
		{"when { true } unless { false } when { context.b }", true},
		{"when { true } unless { false } when { !context.b }", false},
		{"unless { true } when { context.gone }", false},
	};
	struct world world;
	open_world(&world, world_entities, world_context);
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		char *policy = kp_arena_printf(&world.arena,
			"permit(principal, action, resource) %s;", texts[i].conditions);
		struct kp_cedar_decision decision =
			decide(&world, policy, KP_CEDAR_PLAIN);
		assert_int_equal(decision.allow, texts[i].allow);
		assert_int_equal(decision.skipped_count, 0);
	}
	close_world(&world);
}

/* The highest tree that parses is also evaluated, under every sanitizer. */
static void
the_highest_tree_evaluates(void **state)
{
	(void)state;
	struct world world;
	struct kp_buffer text;
	struct kp_cedar_eval eval;
	open_world(&world, world_entities, world_context);
	kp_buffer_init(&text, &world.arena, ARENA_MAX);
	for (int i = 0; i < KP_CEDAR_HEIGHT_MAX - 3; i++) {
		KP_BUFFER_ADD(&text, "context.n - ");
	}
	KP_BUFFER_ADD(&text, "0 == -5095");
	kp_buffer_add_char(&text, '\0');
	assert_string_equal(outcome(&world, text.data, &eval), "true");
	close_world(&world);
}

static void
an_erring_forbid_denies_unless_plain(void **state)
{
	(void)state;
	const char *policies =
		"permit(principal, action, resource);"
		"forbid(principal, action, resource) when { context.gone };";
	struct world world;
	open_world(&world, world_entities, world_context);
	struct kp_cedar_decision decision = decide(&world, policies, KP_CEDAR_PLAIN);
	assert_true(decision.allow);
	assert_int_equal(decision.skipped_count, 1);
	decision = decide(&world, policies, KP_CEDAR_FAIL_CLOSED);
	assert_false(decision.allow);
	assert_int_equal(decision.reason_count, 1);
	assert_string_equal(decision.reasons[0]->id->text.data, "policy1");
	assert_int_equal(decision.skipped_count, 1);
	assert_int_equal(KP_CEDAR_FAIL_CLOSED, 0);
	/* An erring permit gives nothing in either profile. */
	policies = "permit(principal, action, resource) when { context.gone };";
	assert_false(decide(&world, policies, KP_CEDAR_FAIL_CLOSED).allow);
	assert_false(decide(&world, policies, KP_CEDAR_PLAIN).allow);
	close_world(&world);
}

static void
a_template_is_never_satisfied(void **state)
{
	(void)state;
	struct world world;
	struct kp_findings findings;
	struct kp_cedar_policy_set set;
	bool satisfied = true;
	open_world(&world, world_entities, world_context);
	kp_findings_init(&findings, 1);
	kp_cedar_policy_set_init(&set, &world.arena);
	assert_int_equal(
		kp_cedar_parse_policies(&set, &world.names, NULL,
			KP_SLICE("permit(principal == ?principal, action, resource);"),
			&findings),
		KP_OK);
	struct kp_cedar_eval eval = {.request = &world.request, .arena = &world.arena};
	assert_int_equal(kp_cedar_eval_policy(&eval, set.templates.items[0], &satisfied),
		KP_CEDAR_FAIL_SLOT);
	assert_false(satisfied);
	kp_findings_deinit(&findings);
	close_world(&world);
}

/* Without memory there is no decision, rather than a wrong one. */
static void
no_memory_is_no_decision(void **state)
{
	(void)state;
	struct world world;
	struct kp_findings findings;
	struct kp_cedar_policy_set set;
	size_t failures = 0;
	open_world(&world, world_entities, world_context);
	kp_findings_init(&findings, 1);
	kp_cedar_policy_set_init(&set, &world.arena);
	assert_int_equal(
		kp_cedar_parse_policies(&set, &world.names, NULL,
			KP_SLICE("permit(principal, action, resource) when { [context.n, "
				 "context.s].contains(5) && {a: context.n}.a == 5 && "
				 "ip(context.gone) };"
				 "forbid(principal, action, resource) when { "
				 "ip(context.s) };"
				 "permit(principal, action, resource);"),
			&findings),
		KP_OK);
	for (size_t bytes = 0; bytes < 2000; bytes += 8) {
		struct kp_arena arena;
		struct kp_cedar_decision decision;
		struct kp_error err = {0};
		kp_arena_init(&arena, bytes, NULL);
		enum kp_status status = kp_cedar_authorize(&set, &world.request,
			&world.entities, KP_CEDAR_PLAIN, &arena, &decision, &err);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		failures += status != KP_OK;
		if (status == KP_OK) {
			assert_true(decision.allow);
			assert_int_equal(decision.skipped_count, 2);
		}
		kp_arena_deinit(&arena);
	}
	assert_true(failures > 0 && failures < 250);
	kp_findings_deinit(&findings);
	close_world(&world);
}

/* A request's names and entities stand on the bundle's, which stays as it is. */
static void
a_request_stands_on_the_bundle(void **state)
{
	(void)state;
	struct world world;
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_cedar_entities own;
	struct kp_error err = {0};
	open_world(&world, world_entities, world_context);
	kp_arena_init(&arena, ARENA_MAX, NULL);
	kp_cedar_names_init(&names, &arena, &world.names);
	kp_cedar_entities_init(&own, &arena, &world.entities);
	assert_int_equal(
		kp_cedar_entities_parse(&own, &names,
			KP_SLICE("[{\"uid\":{\"type\":\"User\",\"id\":\"new\"},\"attrs\":"
				 "{\"n\":"
				 "7},\"parents\":[{\"type\":\"Group\",\"id\":\"in\"}]}]"),
			NULL, &err),
		KP_OK);
	assert_int_equal(kp_cedar_entities_close(&own, &err), KP_OK);
	const struct kp_cedar_uid *fresh =
		kp_cedar_uid_of(&names, KP_SLICE("User"), KP_SLICE("new"));
	const struct kp_cedar_uid *all =
		kp_cedar_uid_of(&names, KP_SLICE("Group"), KP_SLICE("all"));
	assert_true(kp_cedar_entity_in(kp_cedar_entities_find(&own, fresh), all));
	assert_non_null(kp_cedar_entities_find(&own, world.request.principal));
	assert_null(kp_cedar_entities_find(&world.entities, fresh));
	kp_arena_deinit(&arena);
	close_world(&world);
}

/* ---- the shared vectors ---- */

static struct kp_slice
read_vectors(struct kp_arena *arena, const char *name)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/cedar/vectors/%s", KP_SHARED_DATA, name);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		print_message("SKIPPED: no %s\n", path);
		return (struct kp_slice){NULL, 0};
	}
	char *bytes = kp_arena_bytes(arena, 1 << 20);
	assert_non_null(bytes);
	size_t got = fread(bytes, 1, 1 << 20, file);
	(void)fclose(file);
	return (struct kp_slice){bytes, got};
}

/* "true", "false", "error", "parse_error", or the decision of a whole policy text. */
static const char *
vector_outcome(struct world *world, struct kp_slice group, const char *text, char *out,
	size_t out_size)
{
	struct kp_findings findings;
	struct kp_cedar_policy_set set;
	struct kp_cedar_decision decision;
	struct kp_error err = {0};
	bool scope = kp_slice_is(group, "scope");
	bool whole = kp_slice_is(group, "policy");
	char *policy = kp_arena_printf(&world->arena, "%s%s%s",
		scope           ? "permit("
			: whole ? ""
				: "permit(principal, action, resource) when { ",
		text,
		scope           ? ");"
			: whole ? ""
				: " };");
	kp_findings_init(&findings, 1);
	kp_cedar_policy_set_init(&set, &world->arena);
	enum kp_status status = kp_cedar_parse_policies(
		&set, &world->names, NULL, kp_slice_from(policy), &findings);
	kp_findings_deinit(&findings);
	if (status != KP_OK || set.templates.count > 0) {
		return "parse_error";
	}
	assert_int_equal(kp_cedar_authorize(&set, &world->request, &world->entities,
				 KP_CEDAR_PLAIN, &world->arena, &decision, &err),
		KP_OK);
	if (!whole) {
		return decision.skipped_count > 0 ? "error"
			: decision.allow          ? "true"
						  : "false";
	}
	(void)snprintf(out, out_size, "%s reason=[%s%s%s] errors=[%s%s%s]",
		decision.allow ? "allow" : "deny", decision.reason_count > 0 ? "\"" : "",
		decision.reason_count > 0 ? decision.reasons[0]->id->text.data : "",
		decision.reason_count > 0 ? "\"" : "",
		decision.skipped_count > 0 ? "\"" : "",
		decision.skipped_count > 0 ? decision.skipped[0].policy->id->text.data
					   : "",
		decision.skipped_count > 0 ? "\"" : "");
	return out;
}

static void
tricky_vectors_agree(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_error err = {0};
	const struct kp_cedar_json *root = NULL;
	kp_arena_init(&arena, ARENA_MAX, NULL);
	struct kp_slice text = read_vectors(&arena, "cedar-tricky-expr.json");
	if (text.data == NULL) {
		kp_arena_deinit(&arena);
		return;
	}
	struct world world;
	open_world(&world, "[]", "{}");
	struct kp_cedar_json_reader reader = {
		.arena = &world.arena, .names = &world.names, .text = {.text = text}};
	assert_int_equal(kp_cedar_json_open(&reader, &arena, &root, &err), KP_OK);
	struct kp_cedar_value context;
	assert_int_equal(
		kp_cedar_json_value(&reader, kp_cedar_json_member(root, "context"), NULL,
			&context, &err),
		KP_OK);
	kp_cedar_entities_init(&world.entities, &world.arena, NULL);
	for (const struct kp_cedar_json *item =
			kp_cedar_json_member(root, "entities")->first;
		item != NULL; item = item->next) {
		struct kp_cedar_entity entity;
		assert_int_equal(
			kp_cedar_json_entity(&reader, item, &entity, &err), KP_OK);
		assert_int_equal(
			kp_cedar_entities_add(&world.entities, &entity, &err), KP_OK);
	}
	assert_int_equal(kp_cedar_entities_close(&world.entities, &err), KP_OK);
	world.request = (struct kp_cedar_request){uid(&world, "User", "alice"),
		uid(&world, "Action", "read"), uid(&world, "Doc", "d1"), context.record};
	size_t count = 0;
	size_t different = 0;
	for (const struct kp_cedar_json *item =
			kp_cedar_json_member(root, "cases")->first;
		item != NULL; item = item->next) {
		char out[200];
		struct kp_slice expr = kp_arena_copy(
			&world.arena, kp_cedar_json_member(item, "expr")->text);
		const char *seen =
			vector_outcome(&world, kp_cedar_json_member(item, "group")->text,
				expr.data, out, sizeof(out));
		count++;
		/* Cedar parses it and errs; we refuse it on purpose when the rules are
		 * loaded. */
		bool refused = kp_slice_is(expr, "unknown(\"x\")") &&
			strcmp(seen, "parse_error") == 0;
		if (!refused &&
			!kp_slice_is(kp_cedar_json_member(item, "result")->text, seen)) {
			different++;
			print_message("`%s`: expected %.*s, found %s\n", expr.data,
				KP_SLICE_ARG(kp_cedar_json_member(item, "result")->text),
				seen);
		}
	}
	print_message("vectors: %zu expressions, %zu different\n", count, different);
	assert_int_equal(count, 551);
	assert_int_equal(different, 0);
	kp_arena_deinit(&arena);
	close_world(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_evaluate),
		cmocka_unit_test(failures_have_words),
		cmocka_unit_test(a_forbid_wins_and_reasons_are_those_that_decided),
		cmocka_unit_test(when_and_unless_are_opposites),
		cmocka_unit_test(the_highest_tree_evaluates),
		cmocka_unit_test(an_erring_forbid_denies_unless_plain),
		cmocka_unit_test(a_template_is_never_satisfied),
		cmocka_unit_test(no_memory_is_no_decision),
		cmocka_unit_test(a_request_stands_on_the_bundle),
		cmocka_unit_test(tricky_vectors_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
