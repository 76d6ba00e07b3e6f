/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The parser and printer: what is Cedar, what is not, and what is said about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policies/cedar/parse.h"
#include "syntax_cases.h"

#define ARENA_MAX ((size_t)64 << 20)

struct place {
	struct kp_arena arena;
	struct kp_cedar_names names;
	struct kp_cedar_policy_set set;
	struct kp_findings findings;
};

static void
open_place(struct place *place)
{
	kp_arena_init(&place->arena, ARENA_MAX, NULL);
	kp_cedar_names_init(&place->names, &place->arena, NULL);
	kp_cedar_policy_set_init(&place->set, &place->arena);
	kp_findings_init(&place->findings, 100);
}

static void
close_place(struct place *place)
{
	kp_findings_deinit(&place->findings);
	kp_arena_deinit(&place->arena);
}

static enum kp_status
parse(struct place *place, const char *text)
{
	return kp_cedar_parse_policies(&place->set, &place->names, "a.cedar",
		kp_slice_from(text), &place->findings);
}

static enum kp_status
parse_expr(struct place *place, const char *text, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	return kp_cedar_parse_expr(&place->arena, &place->names, "e.cedar",
		kp_slice_from(text), ret_expr, err);
}

static void
assert_prints_back(
	struct place *place, const struct kp_cedar_expr *expr, const char *text)
{
	struct kp_buffer out;
	kp_buffer_init(&out, &place->arena, ARENA_MAX);
	kp_cedar_expr_write(&out, expr);
	assert_false(out.failed);
	const struct kp_cedar_expr *again = NULL;
	struct kp_error err = {0};
	enum kp_status status = kp_cedar_parse_expr(
		&place->arena, &place->names, NULL, kp_buffer_slice(&out), &again, &err);
	if (status != KP_OK || !kp_cedar_expr_equal(expr, again)) {
		fail_msg("`%s` printed as `%.*s`: %s", text, (int)out.len, out.data,
			err.message);
	}
}

static void
expressions_parse_and_print_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(expressions); i++) {
		struct place place;
		struct kp_error err = {0};
		const struct kp_cedar_expr *expr = NULL;
		open_place(&place);
		if (parse_expr(&place, expressions[i], &expr, &err) != KP_OK) {
			fail_msg("`%s`: %s", expressions[i], err.message);
		}
		assert_prints_back(&place, expr, expressions[i]);
		close_place(&place);
	}
}

static void
no_expression_parses(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(no_expressions); i++) {
		struct place place;
		struct kp_error err = {0};
		const struct kp_cedar_expr *expr = NULL;
		open_place(&place);
		if (parse_expr(&place, no_expressions[i], &expr, &err) != KP_E_SYNTAX) {
			fail_msg("`%s` parsed", no_expressions[i]);
		}
		assert_null(expr);
		assert_true(err.line >= 1 && err.column >= 1);
		assert_string_equal(err.file, "e.cedar");
		close_place(&place);
	}
}

static void
policies_parse_and_print_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(policies); i++) {
		struct place place;
		open_place(&place);
		if (parse(&place, policies[i]) != KP_OK) {
			fail_msg(
				"`%s`: %s", policies[i], place.findings.items[0].message);
		}
		const struct kp_cedar_policy_list *list = place.set.policies.count > 0
			? &place.set.policies
			: &place.set.templates;
		for (size_t k = 0; k < list->count; k++) {
			struct kp_buffer out;
			kp_buffer_init(&out, &place.arena, ARENA_MAX);
			kp_cedar_policy_write(&out, list->items[k]);
			struct kp_cedar_policy_set again;
			kp_cedar_policy_set_init(&again, &place.arena);
			assert_int_equal(
				kp_cedar_parse_policies(&again, &place.names, NULL,
					kp_buffer_slice(&out), &place.findings),
				KP_OK);
			assert_true(kp_cedar_policy_equal(list->items[k],
				again.policies.count > 0 ? again.policies.items[0]
							 : again.templates.items[0]));
		}
		close_place(&place);
	}
}

static void
no_policy_parses(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(no_policies); i++) {
		struct place place;
		open_place(&place);
		if (parse(&place, no_policies[i]) != KP_E_SYNTAX) {
			fail_msg("`%s` parsed", no_policies[i]);
		}
		assert_true(place.findings.count >= 1);
		assert_true(place.findings.items[0].line >= 1);
		close_place(&place);
	}
}

/* What an author reads: position and words. */
static const struct {
	const char *text;
	unsigned line;
	unsigned column;
	const char *says;
} messages[] = {
	{"permit(principal, action, resource)\n  wen { true };", 2, 3,
		"did you mean `when`?"},
	{"permitt(principal, action, resource);", 1, 1, "did you mean `permit`?"},
	{"permit(principal, resource, action);", 1, 19, "expected `action`"},
	{"permit(principal, action);", 1, 25, "without `resource`"},
	{"permit(principal, action, resource) when { contxt.a };", 1, 44,
		"did you mean `context`?"},
	{"permit(principal, action, resource) when { [1].containsall([1]) };", 1, 48,
		"did you mean `containsAll`?"},
	{"permit(principal, action, resource) when { datetim(\"x\") };", 1, 44,
		"did you mean `datetime`?"},
	{"permit(principal, action, resource) when { unknown(\"x\") };", 1, 44,
		"there is no function `unknown`"},
	{"permit(principal, action, resource) when { lessThan(1, 2) };", 1, 44,
		"a method and not a function, write x.lessThan(...)"},
	{"permit(principal, action, resource) when { \"1\".ip() };", 1, 48,
		"a function and not a method"},
	{"permit(principal, action, resource) when { [].isEmpty(1) };", 1, 47,
		"expects 0 arguments, found 1"},
	{"permit(principal, action, resource) when { 1 = 1 };", 1, 46,
		"did you mean `==`?"},
	{"permit(principal, action, resource) when { 4 / 2 };", 1, 46, "no division"},
	{"permit(principal, action, resource) when { 1 < 2 < 3 };", 1, 50,
		"do not chain"},
	{"permit(principal, action, resource) when { context.if };", 1, 52, "\"if\""},
	{"permit(principal, action, resource) when { true & false };", 1, 49, "`&&`"},
	{"permit(principal, action, resource) when { 'a' };", 1, 44, "double quotes"},
	{"permit(principal, action, resource)\nwhen { \"ab\n\\q\" };", 3, 1,
		"not an escape"},
	{"permit(principal, action, resource) when { \"abc };", 1, 44, "has no end"},
	{"permit(principal, action, resource) when {a:1} };", 1, 43, "no variable `a`"},
	{"permit(principal == ?resource, action, resource);", 1, 21, "?principal"},
	{"permit(principal, action == User::\"a\", resource);", 1, 29, "`Action`"},
	{"permit(principal: User, action, resource);", 1, 17, "`principal is`"},
	{"permit(principal, action, resource) when { if true then 1 };", 1, 59, "`else`"},
	{"permit(principal, action, resource) when { {a: 1, \"a\": 2} };", 1, 51,
		"twice"},
	{"@a(\"1\")\n@a permit(principal, action, resource);", 2, 1, "first on line 1"},
	{"permit(principal, action, resource) when { 9223372036854775808 };", 1, 44,
		"too large"},
	{"\xff", 1, 1, "not UTF-8"},
	{"permit(principal, action, resource) when { \xef\xbb\xbftrue };", 1, 44,
		"U+FEFF"},
};

static void
messages_name_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(messages); i++) {
		struct place place;
		open_place(&place);
		assert_int_equal(parse(&place, messages[i].text), KP_E_SYNTAX);
		const struct kp_error *err = &place.findings.items[0];
		if (err->line != messages[i].line || err->column != messages[i].column ||
			strstr(err->message, messages[i].says) == NULL) {
			fail_msg("`%s`: %u:%u: %s", messages[i].text, err->line,
				err->column, err->message);
		}
		close_place(&place);
	}
}

static void
every_broken_policy_is_reported(void **state)
{
	(void)state;
	struct place place;
	open_place(&place);
	const char *text = "permit(principal, action, resource) when { foo };\n"
			   "permit(principal, action, resource);\n"
			   "forbid(principal, action, resource) when { # };\n"
			   "forbid(principal, action, resource) unless { bar };\n"
			   "forbid(principal, action, resource);";
	assert_int_equal(parse(&place, text), KP_E_SYNTAX);
	assert_int_equal(place.findings.count, 3);
	assert_int_equal(place.findings.items[1].line, 3);
	assert_int_equal(place.findings.items[2].line, 4);
	assert_int_equal(place.set.policies.count, 2);
	assert_string_equal(place.set.policies.items[0]->id->text.data, "policy1");
	assert_string_equal(place.set.policies.items[1]->id->text.data, "policy4");
	close_place(&place);
}

/* `depth` times `open`, one core, `depth` times `close`. */
static char *
nest(struct place *place, size_t depth, const char *open, const char *core,
	const char *close)
{
	struct kp_buffer out;
	kp_buffer_init(&out, &place->arena, ARENA_MAX);
	for (size_t i = 0; i < depth; i++) {
		kp_buffer_add(&out, open, strlen(open));
	}
	kp_buffer_add(&out, core, strlen(core));
	for (size_t i = 0; i < depth; i++) {
		kp_buffer_add(&out, close, strlen(close));
	}
	kp_buffer_add_char(&out, '\0');
	return out.data;
}

static void
nesting_has_a_limit(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"(", ")"},
		{"[", "]"},
		{"{a: ", "}"},
		{"if true then ", " else 1"},
		{"ip(", ")"},
		{"-(", ")"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(pairs); i++) {
		struct place place;
		struct kp_error err = {0};
		const struct kp_cedar_expr *expr = NULL;
		open_place(&place);
		/* The outermost expression is a level, too. */
		char *fits = nest(
			&place, KP_CEDAR_NESTING_MAX - 1, pairs[i][0], "1", pairs[i][1]);
		assert_int_equal(parse_expr(&place, fits, &expr, &err), KP_OK);
		assert_prints_back(&place, expr, pairs[i][0]);
		char *over =
			nest(&place, KP_CEDAR_NESTING_MAX, pairs[i][0], "1", pairs[i][1]);
		assert_int_equal(parse_expr(&place, over, &expr, &err), KP_E_LIMIT);
		assert_non_null(strstr(err.message, "256"));
		assert_true(err.line == 1 && err.column > 256);
		close_place(&place);
	}
}

static void
chains_have_a_limit(void **state)
{
	(void)state;
	struct place place;
	struct kp_error err = {0};
	const struct kp_cedar_expr *expr = NULL;
	open_place(&place);
	char *fits = nest(&place, KP_CEDAR_HEIGHT_MAX - 1, "true && ", "true", "");
	assert_int_equal(parse_expr(&place, fits, &expr, &err), KP_OK);
	assert_int_equal(expr->height, KP_CEDAR_HEIGHT_MAX);
	assert_prints_back(&place, expr, "chain");
	char *over = nest(&place, KP_CEDAR_HEIGHT_MAX, "true && ", "true", "");
	assert_int_equal(parse_expr(&place, over, &expr, &err), KP_E_LIMIT);
	char *many = nest(&place, 100000, "true || ", "true", "");
	assert_int_equal(parse_expr(&place, many, &expr, &err), KP_E_LIMIT);
	close_place(&place);
}

static void
positions_cover_the_text(void **state)
{
	(void)state;
	struct place place;
	struct kp_error err = {0};
	const struct kp_cedar_expr *expr = NULL;
	open_place(&place);
	assert_int_equal(
		parse_expr(&place, "(1 + 2)\n == context.a[\"b\"]", &expr, &err), KP_OK);
	assert_int_equal(expr->op, KP_CEDAR_OP_EQ);
	assert_int_equal(expr->pos.offset, 0);
	assert_int_equal(expr->pos.len, 26);
	assert_int_equal(expr->left->pos.offset, 1);
	assert_int_equal(expr->left->pos.len, 5);
	assert_int_equal(expr->right->pos.line, 2);
	assert_int_equal(expr->right->pos.column, 5);
	assert_int_equal(expr->right->pos.len, 14);
	close_place(&place);
}

static void
trees_lean_as_the_grammar_says(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *printed;
	} cases[] = {
		{"1 - 2 - 3", "1 - 2 - 3"},
		{"1 - (2 - 3)", "1 - (2 - 3)"},
		{"(1 - 2) - 3", "1 - 2 - 3"},
		{"1 + 2 * 3", "1 + 2 * 3"},
		{"(1 + 2) * 3", "(1 + 2) * 3"},
		{"true || false && true", "true || false && true"},
		{"(true || false) && true", "(true || false) && true"},
		{"if true then 1 else 2 || true", "if true then 1 else 2 || true"},
		{"(if true then 1 else 2) || true", "(if true then 1 else 2) || true"},
		{"!(!true)", "!!true"},
		{"!!!!(!true)", "!!!!(!true)"},
		{"-(1)", "-(1)"},
		{"--1", "--1"},
		{"-1.a", "-1.a"},
		{"(-1).a", "(-1).a"},
		{"(1 == 2) == true", "(1 == 2) == true"},
		{"context[\"if\"]", "context[\"if\"]"},
		{"context [\"a\"]", "context.a"},
		{"{if_: 1, \"if\": 2, \"a b\": 3}", "{if_: 1, \"if\": 2, \"a b\": 3}"},
		{"\"a\" like \"*\\*\\u{2a}\\n\"", "\"a\" like \"*\\**\\n\""},
		{"principal is NS :: T in G::\"g\"", "principal is NS::T in G::\"g\""},
		{"\"\\x41\\u{1_F600}\\0\"", "\"A\xf0\x9f\x98\x80\\0\""},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct place place;
		struct kp_error err = {0};
		const struct kp_cedar_expr *expr = NULL;
		open_place(&place);
		assert_int_equal(parse_expr(&place, cases[i].text, &expr, &err), KP_OK);
		struct kp_buffer out;
		kp_buffer_init(&out, &place.arena, ARENA_MAX);
		kp_cedar_expr_write(&out, expr);
		kp_buffer_add_char(&out, '\0');
		assert_string_equal(out.data, cases[i].printed);
		close_place(&place);
	}
}

/* Unicode's White_Space separates tokens, and nothing else does. */
static void
white_space_is_unicodes(void **state)
{
	(void)state;
	static const char *const spaces[] = {"\t", "\n", "\v", "\f", "\r", " ",
		"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x8a",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
		"\xe3\x80\x80", "// x\n", "// x\r"};
	static const char *const others[] = {"\xef\xbb\xbf", "\xe2\x80\x8b", "\x01",
		"\xe2\x80\x8b", "\xe1\xa0\x8e", "/**/"};
	for (size_t i = 0; i < KP_ARRAY_LEN(spaces) + KP_ARRAY_LEN(others); i++) {
		struct place place;
		struct kp_error err = {0};
		const struct kp_cedar_expr *expr = NULL;
		bool space = i < KP_ARRAY_LEN(spaces);
		open_place(&place);
		char *text = kp_arena_printf(&place.arena, "true%s&&%sfalse",
			space ? spaces[i] : others[i - KP_ARRAY_LEN(spaces)],
			space ? spaces[i] : "");
		assert_int_equal(parse_expr(&place, text, &expr, &err),
			space ? KP_OK : KP_E_SYNTAX);
		close_place(&place);
	}
}

static void
templates_are_kept_apart(void **state)
{
	(void)state;
	struct place place;
	open_place(&place);
	assert_int_equal(parse(&place,
				 "permit(principal, action, resource);"
				 "permit(principal == ?principal, action, "
				 "resource is T in ?resource);"),
		KP_OK);
	assert_int_equal(place.set.policies.count, 1);
	assert_int_equal(place.set.templates.count, 1);
	assert_true(place.set.templates.items[0]->has_slots);
	assert_string_equal(place.set.templates.items[0]->id->text.data, "policy1");
	close_place(&place);
}

static void
uids_parse(void **state)
{
	(void)state;
	struct place place;
	struct kp_error err = {0};
	const struct kp_cedar_uid *uid = NULL;
	open_place(&place);
	assert_int_equal(kp_cedar_parse_uid(&place.arena, &place.names,
				 kp_slice_from("A :: B::\"x\\n\""), &uid, &err),
		KP_OK);
	assert_string_equal(uid->type->text.data, "A::B");
	assert_string_equal(uid->id->text.data, "x\n");
	assert_ptr_equal(
		uid, kp_cedar_uid_of(&place.names, KP_SLICE("A::B"), KP_SLICE("x\n")));
	assert_int_equal(kp_cedar_parse_uid(&place.arena, &place.names, KP_SLICE("A::B"),
				 &uid, &err),
		KP_E_SYNTAX);
	assert_int_equal(kp_cedar_parse_uid(&place.arena, &place.names,
				 KP_SLICE("A::\"x\" y"), &uid, &err),
		KP_E_SYNTAX);
	close_place(&place);
}

/* Whatever the arena's bound, parsing ends in an ordinary status. */
static void
memory_may_run_out_anywhere(void **state)
{
	(void)state;
	const char *text =
		"@id(\"x\") permit(principal is U in G::\"g\", action in [Action::\"r\", "
		"Action::\"w\"], resource) when { {a: [1, -2, ip(\"::1\")], \"b c\": "
		"context has a.b.c}.a.contains(\"x\" like \"a*b\") || (if true "
		"then 1 else 2) }"
		" unless { !principal.x[\"y\"].isEmpty() };";
	size_t failures = 0;
	for (size_t bytes = 0; bytes < 20000; bytes += 16) {
		struct kp_arena arena;
		struct kp_cedar_names names;
		struct kp_cedar_policy_set set;
		struct kp_findings findings;
		kp_arena_init(&arena, bytes, NULL);
		kp_cedar_names_init(&names, &arena, NULL);
		kp_cedar_policy_set_init(&set, &arena);
		kp_findings_init(&findings, 4);
		enum kp_status status = kp_cedar_parse_policies(
			&set, &names, "f", kp_slice_from(text), &findings);
		if (status != KP_OK && status != KP_E_MEMORY) {
			fail_msg("%zu bytes: %d %s", bytes, (int)status,
				findings.items[0].message);
		}
		failures += status == KP_E_MEMORY;
		kp_findings_deinit(&findings);
		kp_arena_deinit(&arena);
	}
	assert_true(failures > 100 && failures < 20000 / 16);
}

/* Trees of one shape that differ in what one node says. */
static void
trees_differ_in_one_word(void **state)
{
	(void)state;
	static const char *const pairs[][2] = {
		{"1", "2"},
		{"principal", "resource"},
		{"principal is A", "principal is B"},
		{"principal is A in A::\"x\"", "principal is A in A::\"y\""},
		{"principal.a", "principal.b"},
		{"principal has a.b", "principal has a.c"},
		{"principal has a.b", "principal has a"},
		{"context.a like \"x*\"", "context.a like \"x\""},
		{"context.a.toDays()", "context.a.toHours()"},
		{"{a: 1}", "{b: 1}"},
		{"{a: 1}", "{a: 1, b: 1}"},
		{"[1, 2]", "[1]"},
		{"1 + 2", "1 - 2"},
		{"if true then 1 else 2", "if true then 2 else 1"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(pairs); i++) {
		struct place place;
		char text[400];
		open_place(&place);
		(void)snprintf(text, sizeof(text),
			"permit(principal, action, resource) when {%s};"
			"permit(principal, action, resource) when {%s};"
			"permit(principal, action, resource) when {%s};",
			pairs[i][0], pairs[i][1], pairs[i][0]);
		assert_int_equal(parse(&place, text), KP_OK);
		const struct kp_cedar_policy *const *items = place.set.policies.items;
		if (kp_cedar_policy_equal(items[0], items[1])) {
			fail_msg("%s equals %s", pairs[i][0], pairs[i][1]);
		}
		assert_true(kp_cedar_policy_equal(items[0], items[2]));
		close_place(&place);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_differ_in_one_word),
		cmocka_unit_test(expressions_parse_and_print_back),
		cmocka_unit_test(no_expression_parses),
		cmocka_unit_test(policies_parse_and_print_back),
		cmocka_unit_test(no_policy_parses),
		cmocka_unit_test(messages_name_place_and_remedy),
		cmocka_unit_test(every_broken_policy_is_reported),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(chains_have_a_limit),
		cmocka_unit_test(positions_cover_the_text),
		cmocka_unit_test(trees_lean_as_the_grammar_says),
		cmocka_unit_test(white_space_is_unicodes),
		cmocka_unit_test(templates_are_kept_apart),
		cmocka_unit_test(uids_parse),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
