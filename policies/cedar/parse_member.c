/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parse_member: operands: literals, variables, calls, sets, records, and access on them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "parse_expr.h"

#define METHODS_BUILT_IN 6

/* Methods that are operators of the language: wrong arity is a mistake in the text. */
static const struct {
	const char *name;
	enum kp_cedar_op op;
	size_t arg_count;
} built_in[METHODS_BUILT_IN] = {
	{"contains", KP_CEDAR_OP_CONTAINS, 1},
	{"containsAll", KP_CEDAR_OP_CONTAINS_ALL, 1},
	{"containsAny", KP_CEDAR_OP_CONTAINS_ANY, 1},
	{"isEmpty", KP_CEDAR_OP_IS_EMPTY, 0},
	{"getTag", KP_CEDAR_OP_GET_TAG, 1},
	{"hasTag", KP_CEDAR_OP_HAS_TAG, 1},
};

static const char *const variables[] = {"principal", "action", "resource", "context"};

/* ---- names ---- */

enum kp_status
kp_cedar_parser_attr_ident(struct kp_cedar_parser *parser, const char *where,
	const struct kp_cedar_name **ret_name, struct kp_error *err)
{
	struct kp_slice text = parser->token.text;
	if (parser->token.kind != KP_CEDAR_T_IDENT) {
		char expected[80];
		(void)snprintf(expected, sizeof(expected), "an attribute name %s", where);
		return kp_cedar_parser_unexpected(parser, expected, err);
	}
	if (kp_cedar_ident_reserved(text) || kp_slice_is(text, "__cedar")) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"`%.*s` is a reserved word; as an attribute name it is written "
			"between double quotes: \"%.*s\"",
			KP_SLICE_ARG(text), KP_SLICE_ARG(text));
	}
	*ret_name = kp_cedar_name(parser->names, text);
	if (*ret_name == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	return kp_cedar_parser_advance(parser, err);
}

/* All functions (or all methods) of both tables. */
static size_t
known_names(bool methods, const char **out)
{
	size_t count = 0;
	for (size_t i = 0; i < KP_CEDAR_FN_COUNT; i++) {
		const struct kp_cedar_fn_info *info =
			kp_cedar_fn_info((enum kp_cedar_fn)i);
		if (info->method == methods) {
			out[count++] = info->name;
		}
	}
	for (size_t i = 0; methods && i < METHODS_BUILT_IN; i++) {
		out[count++] = built_in[i].name;
	}
	return count;
}

static bool
is_built_in(struct kp_slice name)
{
	for (size_t i = 0; i < METHODS_BUILT_IN; i++) {
		if (kp_slice_is(name, built_in[i].name)) {
			return true;
		}
	}
	return false;
}

/* The name is no function (or no method): says what it is instead, or what comes near. */
static enum kp_status
unknown_call(struct kp_cedar_parser *parser, struct kp_slice name, bool method,
	struct kp_cedar_pos pos, struct kp_error *err)
{
	enum kp_cedar_fn fn;
	bool other_style = kp_cedar_fn_find(name, &fn) || is_built_in(name);
	int shown = name.len > 60 ? 60 : (int)name.len;
	if (other_style) {
		return kp_cedar_syntax_error(parser->file, pos, err,
			method ? "`%.*s` is a function and not a method, write %.*s(...)"
			       : "`%.*s` is a method and not a function, write "
				 "x.%.*s(...)",
			shown, name.data, shown, name.data);
	}
	const char *known[KP_CEDAR_FN_COUNT + METHODS_BUILT_IN];
	size_t count = known_names(method, known);
	const char *near = kp_cedar_nearest(name, known, count);
	return kp_cedar_syntax_error(parser->file, pos, err,
		"there is no %s `%.*s`%s%s%s", method ? "method" : "function", shown,
		name.data, near == NULL ? "" : ", did you mean `",
		near == NULL ? "" : near, near == NULL ? "" : "`?");
}

static enum kp_status
unknown_variable(struct kp_cedar_parser *parser, const struct kp_cedar_path *path,
	struct kp_error *err)
{
	struct kp_slice name = path->name->text;
	const char *near = kp_cedar_nearest(name, variables, KP_ARRAY_LEN(variables));
	return kp_cedar_syntax_error(parser->file, path->pos, err,
		"there is no variable `%.*s`, expected principal, action, resource or "
		"context%s%s%s",
		name.len > 60 ? 60 : (int)name.len, name.data,
		near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
		near == NULL ? "" : "`?");
}

/* ---- lists ---- */

struct expr_list {
	const struct kp_cedar_expr **items;
	size_t count;
	size_t capacity;
};

static bool
list_add(struct kp_arena *arena, struct expr_list *list, const struct kp_cedar_expr *expr)
{
	const struct kp_cedar_expr **items = kp_arena_fit(
		arena, list->items, list->count, &list->capacity, 2, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	list->items = items;
	list->items[list->count++] = expr;
	return true;
}

/* Behind an item: a comma (used), or the closing token, which ends the list. */
static enum kp_status
item_end(struct kp_cedar_parser *parser, enum kp_cedar_token_kind close,
	struct kp_error *err)
{
	if (parser->token.kind == close) {
		return KP_OK;
	}
	if (parser->token.kind != KP_CEDAR_T_COMMA) {
		char expected[60];
		(void)snprintf(expected, sizeof(expected), "`,` or %s",
			kp_cedar_token_kind_name(close));
		return kp_cedar_parser_unexpected(parser, expected, err);
	}
	return kp_cedar_parser_advance(parser, err);
}

/* [ Expr { ',' Expr } [','] ] and the closing token. The opening one is used. */
static enum kp_status
parse_args(struct kp_cedar_parser *parser, enum kp_cedar_token_kind close,
	struct expr_list *list, struct kp_error *err)
{
	while (parser->token.kind != close) {
		const struct kp_cedar_expr *item = NULL;
		enum kp_status status = kp_cedar_parser_expr(parser, &item, err);
		status = status == KP_OK ? item_end(parser, close, err) : status;
		if (status != KP_OK) {
			return status;
		}
		if (!list_add(parser->arena, list, item)) {
			return kp_cedar_parser_no_memory(err);
		}
	}
	return kp_cedar_parser_advance(parser, err);
}

/* ---- calls ---- */

static enum kp_status
make_call(struct kp_cedar_parser *parser, enum kp_cedar_fn fn,
	const struct expr_list *args, struct kp_cedar_pos start,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	struct kp_cedar_expr *node =
		kp_cedar_parser_node(parser, KP_CEDAR_OP_CALL, start);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	node->fn = fn;
	node->items = args->items;
	node->count = args->count;
	return kp_cedar_parser_seal(parser, node, ret_expr, err);
}

static enum kp_status
make_built_in(struct kp_cedar_parser *parser, size_t which, const struct expr_list *args,
	struct kp_cedar_pos start, struct kp_cedar_pos name_pos,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	size_t given = args->count - 1;
	if (given != built_in[which].arg_count) {
		return kp_cedar_syntax_error(parser->file, name_pos, err,
			"`%s` expects %zu argument%s, found %zu", built_in[which].name,
			built_in[which].arg_count,
			built_in[which].arg_count == 1 ? "" : "s", given);
	}
	struct kp_cedar_expr *node =
		kp_cedar_parser_node(parser, built_in[which].op, start);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	node->left = args->items[0];
	node->right = given == 0 ? NULL : args->items[1];
	return kp_cedar_parser_seal(parser, node, ret_expr, err);
}

/* '(' Args ')' behind `object.name`. */
static enum kp_status
parse_method(struct kp_cedar_parser *parser, const struct kp_cedar_token *name,
	struct kp_cedar_pos start, const struct kp_cedar_expr **expr,
	struct kp_error *err)
{
	struct expr_list args = {0};
	enum kp_cedar_fn fn = KP_CEDAR_FN_COUNT;
	size_t which = 0;
	while (which < METHODS_BUILT_IN &&
		!kp_slice_is(name->text, built_in[which].name)) {
		which++;
	}
	if (which == METHODS_BUILT_IN &&
		(!kp_cedar_fn_find(name->text, &fn) || !kp_cedar_fn_info(fn)->method)) {
		return unknown_call(parser, name->text, true, name->pos, err);
	}
	if (!list_add(parser->arena, &args, *expr)) {
		return kp_cedar_parser_no_memory(err);
	}
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	status = status == KP_OK ? parse_args(parser, KP_CEDAR_T_RPAREN, &args, err)
				 : status;
	if (status != KP_OK) {
		return status;
	}
	if (which < METHODS_BUILT_IN) {
		return make_built_in(parser, which, &args, start, name->pos, expr, err);
	}
	return make_call(parser, fn, &args, start, expr, err);
}

/* '(' Args ')' behind a path. */
static enum kp_status
parse_function(struct kp_cedar_parser *parser, const struct kp_cedar_path *path,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	enum kp_cedar_fn fn;
	if (!kp_cedar_fn_find(path->name->text, &fn) || kp_cedar_fn_info(fn)->method) {
		return unknown_call(parser, path->name->text, false, path->pos, err);
	}
	struct expr_list args = {0};
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	status = status == KP_OK ? parse_args(parser, KP_CEDAR_T_RPAREN, &args, err)
				 : status;
	return status == KP_OK ? make_call(parser, fn, &args, path->pos, ret_expr, err)
			       : status;
}

/* ---- access ---- */

static enum kp_status
make_get(struct kp_cedar_parser *parser, const struct kp_cedar_name *attr,
	struct kp_cedar_pos start, const struct kp_cedar_expr **expr,
	struct kp_error *err)
{
	struct kp_cedar_expr *node = kp_cedar_parser_node(parser, KP_CEDAR_OP_GET, start);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	node->left = *expr;
	node->attr = attr;
	return kp_cedar_parser_seal(parser, node, expr, err);
}

static enum kp_status
parse_dot(struct kp_cedar_parser *parser, struct kp_cedar_pos start,
	const struct kp_cedar_expr **expr, struct kp_error *err)
{
	const struct kp_cedar_name *attr = NULL;
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	if (status != KP_OK) {
		return status;
	}
	struct kp_cedar_token name = parser->token;
	status = kp_cedar_parser_attr_ident(parser, "after `.`", &attr, err);
	if (status != KP_OK) {
		return status;
	}
	if (parser->token.kind == KP_CEDAR_T_LPAREN) {
		return parse_method(parser, &name, start, expr, err);
	}
	return make_get(parser, attr, start, expr, err);
}

static enum kp_status
parse_index(struct kp_cedar_parser *parser, struct kp_cedar_pos start,
	const struct kp_cedar_expr **expr, struct kp_error *err)
{
	const struct kp_cedar_name *attr = NULL;
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	if (status != KP_OK) {
		return status;
	}
	if (parser->token.kind != KP_CEDAR_T_STRING) {
		return kp_cedar_parser_unexpected(
			parser, "an attribute name between double quotes after `[`", err);
	}
	status = kp_cedar_parser_string_name(parser, &attr, err);
	status = status == KP_OK ? kp_cedar_parser_expect(parser, KP_CEDAR_T_RBRACKET,
					   "behind the attribute name", err)
				 : status;
	return status == KP_OK ? make_get(parser, attr, start, expr, err) : status;
}

enum kp_status
kp_cedar_parser_accesses(struct kp_cedar_parser *parser, struct kp_cedar_pos start,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	while (true) {
		enum kp_status status;
		if (parser->token.kind == KP_CEDAR_T_DOT) {
			status = parse_dot(parser, start, ret_expr, err);
		} else if (parser->token.kind == KP_CEDAR_T_LBRACKET) {
			status = parse_index(parser, start, ret_expr, err);
		} else if (parser->token.kind == KP_CEDAR_T_LPAREN) {
			return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
				"only functions, name(...), and methods, x.name(...), "
				"can be "
				"called");
		} else {
			return KP_OK;
		}
		if (status != KP_OK) {
			return status;
		}
	}
}

/* ---- operands ---- */

/* (Ident | STR) ':' Expr */
static enum kp_status
parse_field(struct kp_cedar_parser *parser, struct kp_cedar_field *field,
	struct kp_error *err)
{
	field->pos = parser->token.pos;
	enum kp_status status = parser->token.kind == KP_CEDAR_T_STRING
		? kp_cedar_parser_string_name(parser, &field->name, err)
		: kp_cedar_parser_attr_ident(parser, "in the record", &field->name, err);
	status = status == KP_OK ? kp_cedar_parser_expect(parser, KP_CEDAR_T_COLON,
					   "behind the attribute name", err)
				 : status;
	return status == KP_OK ? kp_cedar_parser_expr(parser, &field->value, err)
			       : status;
}

static int
compare_fields(const void *a, const void *b)
{
	const struct kp_cedar_field *left = a;
	const struct kp_cedar_field *right = b;
	if (left->name != right->name) {
		return left->name->index < right->name->index ? -1 : 1;
	}
	return (left->pos.offset > right->pos.offset) -
		(left->pos.offset < right->pos.offset);
}

static enum kp_status
check_fields(struct kp_cedar_parser *parser, const struct kp_cedar_field *fields,
	size_t count, struct kp_error *err)
{
	struct kp_cedar_field *sorted =
		KP_ARENA_ARRAY(parser->arena, struct kp_cedar_field, count);
	if (sorted == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	memcpy(sorted, fields, count * sizeof(*fields));
	qsort(sorted, count, sizeof(*sorted), compare_fields);
	for (size_t i = 1; i < count; i++) {
		struct kp_slice name = sorted[i].name->text;
		if (sorted[i].name == sorted[i - 1].name) {
			return kp_cedar_syntax_error(parser->file, sorted[i].pos, err,
				"the record has the attribute `%.*s` twice",
				name.len > 60 ? 60 : (int)name.len, name.data);
		}
	}
	return KP_OK;
}

static enum kp_status
parse_record(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_field *fields = NULL;
	size_t capacity = 0;
	size_t count = 0;
	struct kp_cedar_expr *node =
		kp_cedar_parser_node(parser, KP_CEDAR_OP_RECORD, parser->token.pos);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	while (status == KP_OK && parser->token.kind != KP_CEDAR_T_RBRACE) {
		struct kp_cedar_field *grown = kp_arena_fit(
			parser->arena, fields, count, &capacity, 4, sizeof(*fields));
		if (grown == NULL) {
			return kp_cedar_parser_no_memory(err);
		}
		fields = grown;
		status = parse_field(parser, &fields[count++], err);
		status = status == KP_OK ? item_end(parser, KP_CEDAR_T_RBRACE, err)
					 : status;
	}
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	if (status == KP_OK && count > 1) {
		status = check_fields(parser, fields, count, err);
	}
	node->fields = fields;
	node->field_count = count;
	return status == KP_OK ? kp_cedar_parser_seal(parser, node, ret_expr, err)
			       : status;
}

static enum kp_status
parse_set(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct expr_list items = {0};
	struct kp_cedar_expr *node =
		kp_cedar_parser_node(parser, KP_CEDAR_OP_SET, parser->token.pos);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	status = status == KP_OK ? parse_args(parser, KP_CEDAR_T_RBRACKET, &items, err)
				 : status;
	if (status != KP_OK) {
		return status;
	}
	node->items = items.items;
	node->count = items.count;
	return kp_cedar_parser_seal(parser, node, ret_expr, err);
}

static enum kp_status
parse_parentheses(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	status = status == KP_OK ? kp_cedar_parser_expr(parser, ret_expr, err) : status;
	return status == KP_OK ? kp_cedar_parser_expect(parser, KP_CEDAR_T_RPAREN,
					 "to close the parenthesis", err)
			       : status;
}

static enum kp_status
parse_string(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_slice text = {NULL, 0};
	struct kp_cedar_pos start = parser->token.pos;
	enum kp_status status = kp_cedar_unescape(
		parser->arena, &parser->lexer, &parser->token, &text, err);
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	return status == KP_OK ? kp_cedar_parser_literal(parser, kp_cedar_string(text),
					 start, ret_expr, err)
			       : status;
}

static enum kp_status
parse_path_operand(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_path path;
	enum kp_status status = kp_cedar_parser_path(parser, &path, err);
	if (status != KP_OK) {
		return status;
	}
	if (path.uid != NULL) {
		return kp_cedar_parser_literal(
			parser, kp_cedar_entity_value(path.uid), path.pos, ret_expr, err);
	}
	for (size_t i = 0; path.single && i < KP_ARRAY_LEN(variables); i++) {
		if (!kp_slice_is(path.name->text, variables[i])) {
			continue;
		}
		struct kp_cedar_expr *node =
			kp_cedar_parser_node(parser, KP_CEDAR_OP_VAR, path.pos);
		if (node == NULL) {
			return kp_cedar_parser_no_memory(err);
		}
		node->var = (enum kp_cedar_var)i;
		return kp_cedar_parser_seal(parser, node, ret_expr, err);
	}
	if (parser->token.kind == KP_CEDAR_T_LPAREN) {
		return parse_function(parser, &path, ret_expr, err);
	}
	return unknown_variable(parser, &path, err);
}

static enum kp_status
parse_word(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_slice word = parser->token.text;
	if (kp_slice_is(word, "true") || kp_slice_is(word, "false")) {
		struct kp_cedar_pos start = parser->token.pos;
		enum kp_status status = kp_cedar_parser_advance(parser, err);
		return status == KP_OK ? kp_cedar_parser_literal(parser,
						 kp_cedar_bool(word.data[0] == 't'),
						 start, ret_expr, err)
				       : status;
	}
	if (kp_slice_is(word, "if")) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"`if` as an operand must stand in parentheses");
	}
	if (kp_cedar_ident_reserved(word)) {
		return kp_cedar_parser_unexpected(parser, "an expression", err);
	}
	return parse_path_operand(parser, ret_expr, err);
}

static enum kp_status
parse_operand(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	if (parser->token.kind == KP_CEDAR_T_IDENT) {
		return parse_word(parser, ret_expr, err);
	}
	if (parser->token.kind == KP_CEDAR_T_STRING) {
		return parse_string(parser, ret_expr, err);
	}
	if (parser->token.kind == KP_CEDAR_T_LPAREN) {
		return parse_parentheses(parser, ret_expr, err);
	}
	if (parser->token.kind == KP_CEDAR_T_LBRACKET) {
		return parse_set(parser, ret_expr, err);
	}
	if (parser->token.kind == KP_CEDAR_T_LBRACE) {
		return parse_record(parser, ret_expr, err);
	}
	if (parser->token.kind == KP_CEDAR_T_SLOT) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"a template slot can only stand in the scope of a policy");
	}
	return kp_cedar_parser_unexpected(parser, "an expression", err);
}

enum kp_status
kp_cedar_parser_member(struct kp_cedar_parser *parser,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	struct kp_cedar_pos start = parser->token.pos;
	enum kp_status status = parse_operand(parser, ret_expr, err);
	return status == KP_OK ? kp_cedar_parser_accesses(parser, start, ret_expr, err)
			       : status;
}
