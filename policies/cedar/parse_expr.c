/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parse_expr: expressions, from the loosest operator to the tightest. Names that take
 * arguments and brackets are in parse_member.c. */
#include "parse_expr.h"

#define SIGNS_MAX 4
/* The magnitude of the least integer. */
#define LEAST_MAGNITUDE ((uint64_t)1 << 63)

struct kp_cedar_expr *
kp_cedar_parser_node(
	struct kp_cedar_parser *parser, enum kp_cedar_op op, struct kp_cedar_pos start)
{
	struct kp_cedar_expr *node = KP_ARENA_NEW(parser->arena, struct kp_cedar_expr);
	if (node != NULL) {
		node->op = op;
		node->pos = start;
	}
	return node;
}

enum kp_status
kp_cedar_parser_seal(struct kp_cedar_parser *parser, struct kp_cedar_expr *node,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	node->pos = kp_cedar_parser_span(parser, node->pos);
	enum kp_status status =
		kp_cedar_expr_seal(parser->arena, parser->file, node, err);
	if (status == KP_OK) {
		*ret_expr = node;
	}
	return status;
}

static enum kp_status
make_binary(struct kp_cedar_parser *parser, enum kp_cedar_op op,
	struct kp_cedar_pos start, const struct kp_cedar_expr *right,
	const struct kp_cedar_expr **expr, struct kp_error *err)
{
	struct kp_cedar_expr *node = kp_cedar_parser_node(parser, op, start);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	node->left = *expr;
	node->right = right;
	return kp_cedar_parser_seal(parser, node, expr, err);
}

enum kp_status
kp_cedar_parser_literal(struct kp_cedar_parser *parser, struct kp_cedar_value value,
	struct kp_cedar_pos start, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_expr *node =
		kp_cedar_parser_node(parser, KP_CEDAR_OP_LITERAL, start);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	node->literal = value;
	return kp_cedar_parser_seal(parser, node, ret_expr, err);
}

/* ---- signs ---- */

static enum kp_status
number_too_large(struct kp_cedar_parser *parser, const struct kp_cedar_token *number,
	struct kp_error *err)
{
	return kp_cedar_syntax_error(parser->file, number->pos, err,
		"the number %.*s is too large, the largest is 9223372036854775807",
		number->text.len > 40 ? 40 : (int)number->text.len, number->text.data);
}

/*
 * A number with `signs` minuses in front, the last of which belongs to it unless
 * something is accessed on it: -1 is a literal, -1.a is the negation of 1.a.
 */
static enum kp_status
parse_number(struct kp_cedar_parser *parser, unsigned *signs, struct kp_cedar_pos sign,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	struct kp_cedar_token number = parser->token;
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	if (status != KP_OK) {
		return status;
	}
	bool accessed = parser->token.kind == KP_CEDAR_T_DOT ||
		parser->token.kind == KP_CEDAR_T_LBRACKET ||
		parser->token.kind == KP_CEDAR_T_LPAREN;
	bool negative = *signs > 0 && !accessed;
	if (number.number > LEAST_MAGNITUDE - (negative ? 0 : 1)) {
		return number_too_large(parser, &number, err);
	}
	int64_t value = negative ? (int64_t)(0 - number.number) : (int64_t)number.number;
	*signs -= negative;
	status = kp_cedar_parser_literal(parser, kp_cedar_long(value),
		negative ? sign : number.pos, ret_expr, err);
	if (status == KP_OK && accessed) {
		status = kp_cedar_parser_accesses(parser, number.pos, ret_expr, err);
	}
	return status;
}

static enum kp_status
too_many_signs(struct kp_cedar_parser *parser, struct kp_error *err)
{
	return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
		"more than %d signs stand together, expected an operand", SIGNS_MAX);
}

static enum kp_status
parse_unary(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	enum kp_cedar_token_kind kind = parser->token.kind;
	bool minus = kind == KP_CEDAR_T_MINUS;
	struct kp_cedar_pos places[SIGNS_MAX];
	unsigned signs = 0;
	while ((minus || kind == KP_CEDAR_T_NOT) && parser->token.kind == kind) {
		if (signs == SIGNS_MAX) {
			return too_many_signs(parser, err);
		}
		places[signs++] = parser->token.pos;
		enum kp_status status = kp_cedar_parser_advance(parser, err);
		if (status != KP_OK) {
			return status;
		}
	}
	if (signs > 0 &&
		(parser->token.kind == KP_CEDAR_T_MINUS ||
			parser->token.kind == KP_CEDAR_T_NOT)) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"`!` and `-` cannot stand together, put the operand in "
			"parentheses");
	}
	enum kp_status status;
	if (parser->token.kind == KP_CEDAR_T_NUMBER) {
		struct kp_cedar_pos sign =
			signs == 0 ? parser->token.pos : places[signs - 1];
		unsigned left = minus ? signs : 0;
		status = parse_number(parser, &left, sign, ret_expr, err);
		signs = minus ? left : signs;
	} else {
		status = kp_cedar_parser_member(parser, ret_expr, err);
	}
	while (status == KP_OK && signs > 0) {
		signs--;
		status = make_binary(parser, minus ? KP_CEDAR_OP_NEG : KP_CEDAR_OP_NOT,
			places[signs], NULL, ret_expr, err);
	}
	return status;
}

/* ---- arithmetic ---- */

static enum kp_status
parse_product(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_pos start = parser->token.pos;
	enum kp_status status = parse_unary(parser, ret_expr, err);
	while (status == KP_OK && parser->token.kind == KP_CEDAR_T_STAR) {
		const struct kp_cedar_expr *right = NULL;
		status = kp_cedar_parser_advance(parser, err);
		status = status == KP_OK ? parse_unary(parser, &right, err) : status;
		if (status == KP_OK) {
			status = make_binary(
				parser, KP_CEDAR_OP_MUL, start, right, ret_expr, err);
		}
	}
	return status;
}

static enum kp_status
parse_sum(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_pos start = parser->token.pos;
	enum kp_status status = parse_product(parser, ret_expr, err);
	while (status == KP_OK &&
		(parser->token.kind == KP_CEDAR_T_PLUS ||
			parser->token.kind == KP_CEDAR_T_MINUS)) {
		enum kp_cedar_op op = parser->token.kind == KP_CEDAR_T_PLUS
			? KP_CEDAR_OP_ADD
			: KP_CEDAR_OP_SUB;
		const struct kp_cedar_expr *right = NULL;
		status = kp_cedar_parser_advance(parser, err);
		status = status == KP_OK ? parse_product(parser, &right, err) : status;
		if (status == KP_OK) {
			status = make_binary(parser, op, start, right, ret_expr, err);
		}
	}
	return status;
}

/* ---- relations ---- */

/* STR or Ident { '.' Ident }; `paths` grows as a name table of the arena would. */
static enum kp_status
parse_has_path(
	struct kp_cedar_parser *parser, struct kp_cedar_expr *node, struct kp_error *err)
{
	const struct kp_cedar_name **path = NULL;
	size_t capacity = 0;
	size_t count = 0;
	bool string = parser->token.kind == KP_CEDAR_T_STRING;
	while (true) {
		const struct kp_cedar_name **grown = kp_arena_fit(
			parser->arena, path, count, &capacity, 2, sizeof(*path));
		if (grown == NULL) {
			return kp_cedar_parser_no_memory(err);
		}
		path = grown;
		enum kp_status status = string
			? kp_cedar_parser_string_name(parser, &path[count], err)
			: kp_cedar_parser_attr_ident(
				  parser, "after `has`", &path[count], err);
		count++;
		if (status != KP_OK || string || parser->token.kind != KP_CEDAR_T_DOT) {
			node->path = path;
			node->path_count = count;
			return status;
		}
		status = kp_cedar_parser_advance(parser, err);
		if (status != KP_OK) {
			return status;
		}
	}
}

static enum kp_status
parse_like(
	struct kp_cedar_parser *parser, struct kp_cedar_expr *node, struct kp_error *err)
{
	if (parser->token.kind != KP_CEDAR_T_STRING) {
		return kp_cedar_parser_unexpected(
			parser, "a pattern between double quotes after `like`", err);
	}
	enum kp_status status = kp_cedar_unescape_pattern(
		parser->arena, &parser->lexer, &parser->token, &node->pattern, err);
	return status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
}

static enum kp_status
parse_is(struct kp_cedar_parser *parser, struct kp_cedar_expr *node, struct kp_error *err)
{
	struct kp_cedar_path path;
	enum kp_status status = kp_cedar_parser_type(parser, &path, err);
	if (status != KP_OK) {
		return status;
	}
	node->type = path.name;
	if (!kp_cedar_parser_at_word(parser, "in")) {
		return KP_OK;
	}
	status = kp_cedar_parser_advance(parser, err);
	return status == KP_OK ? parse_sum(parser, &node->right, err) : status;
}

/* False when the token is no relation. */
static bool
relation_op(const struct kp_cedar_parser *parser, enum kp_cedar_op *ret_op)
{
	static const struct {
		enum kp_cedar_token_kind kind;
		enum kp_cedar_op op;
	} signs[] = {
		{KP_CEDAR_T_EQ, KP_CEDAR_OP_EQ},
		{KP_CEDAR_T_NE, KP_CEDAR_OP_NE},
		{KP_CEDAR_T_LT, KP_CEDAR_OP_LT},
		{KP_CEDAR_T_LE, KP_CEDAR_OP_LE},
		{KP_CEDAR_T_GT, KP_CEDAR_OP_GT},
		{KP_CEDAR_T_GE, KP_CEDAR_OP_GE},
	};
	static const struct {
		const char *word;
		enum kp_cedar_op op;
	} words[] = {
		{"in", KP_CEDAR_OP_IN},
		{"has", KP_CEDAR_OP_HAS},
		{"like", KP_CEDAR_OP_LIKE},
		{"is", KP_CEDAR_OP_IS},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(signs); i++) {
		if (parser->token.kind == signs[i].kind) {
			*ret_op = signs[i].op;
			return true;
		}
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (kp_cedar_parser_at_word(parser, words[i].word)) {
			*ret_op = words[i].op;
			return true;
		}
	}
	return false;
}

static enum kp_status
parse_relation_right(
	struct kp_cedar_parser *parser, struct kp_cedar_expr *node, struct kp_error *err)
{
	if (node->op == KP_CEDAR_OP_HAS) {
		return parse_has_path(parser, node, err);
	}
	if (node->op == KP_CEDAR_OP_LIKE) {
		return parse_like(parser, node, err);
	}
	if (node->op == KP_CEDAR_OP_IS) {
		return parse_is(parser, node, err);
	}
	return parse_sum(parser, &node->right, err);
}

static enum kp_status
parse_relation(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_pos start = parser->token.pos;
	enum kp_status status = parse_sum(parser, ret_expr, err);
	if (status != KP_OK) {
		return status;
	}
	if (parser->token.kind == KP_CEDAR_T_ASSIGN) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"`=` is not an operator, did you mean `==`?");
	}
	enum kp_cedar_op op;
	if (!relation_op(parser, &op)) {
		return KP_OK;
	}
	struct kp_cedar_expr *node = kp_cedar_parser_node(parser, op, start);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	node->left = *ret_expr;
	status = kp_cedar_parser_advance(parser, err);
	status = status == KP_OK ? parse_relation_right(parser, node, err) : status;
	if (status != KP_OK) {
		return status;
	}
	if (relation_op(parser, &op)) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"comparisons do not chain, put one of them in parentheses");
	}
	return kp_cedar_parser_seal(parser, node, ret_expr, err);
}

/* ---- logic ---- */

static enum kp_status
parse_and(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_pos start = parser->token.pos;
	enum kp_status status = parse_relation(parser, ret_expr, err);
	while (status == KP_OK && parser->token.kind == KP_CEDAR_T_AND) {
		const struct kp_cedar_expr *right = NULL;
		status = kp_cedar_parser_advance(parser, err);
		status = status == KP_OK ? parse_relation(parser, &right, err) : status;
		if (status == KP_OK) {
			status = make_binary(
				parser, KP_CEDAR_OP_AND, start, right, ret_expr, err);
		}
	}
	return status;
}

static enum kp_status
parse_or(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_pos start = parser->token.pos;
	enum kp_status status = parse_and(parser, ret_expr, err);
	while (status == KP_OK && parser->token.kind == KP_CEDAR_T_OR) {
		const struct kp_cedar_expr *right = NULL;
		status = kp_cedar_parser_advance(parser, err);
		status = status == KP_OK ? parse_and(parser, &right, err) : status;
		if (status == KP_OK) {
			status = make_binary(
				parser, KP_CEDAR_OP_OR, start, right, ret_expr, err);
		}
	}
	return status;
}

/* The word, then an expression. */
static enum kp_status
parse_branch(struct kp_cedar_parser *parser, const char *word,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	if (!kp_cedar_parser_at_word(parser, word)) {
		return kp_cedar_parser_unexpected(parser,
			word[0] == 't' ? "`then` after the test of `if`"
				       : "`else`: an `if` has both branches",
			err);
	}
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	return status == KP_OK ? kp_cedar_parser_expr(parser, ret_expr, err) : status;
}

static enum kp_status
parse_if(struct kp_cedar_parser *parser, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_expr *node =
		kp_cedar_parser_node(parser, KP_CEDAR_OP_IF, parser->token.pos);
	if (node == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	status =
		status == KP_OK ? kp_cedar_parser_expr(parser, &node->test, err) : status;
	status =
		status == KP_OK ? parse_branch(parser, "then", &node->then, err) : status;
	status = status == KP_OK ? parse_branch(parser, "else", &node->otherwise, err)
				 : status;
	return status == KP_OK ? kp_cedar_parser_seal(parser, node, ret_expr, err)
			       : status;
}

enum kp_status
kp_cedar_parser_expr(struct kp_cedar_parser *parser,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err)
{
	enum kp_status status = kp_cedar_parser_enter(parser, err);
	if (status != KP_OK) {
		return status;
	}
	status = kp_cedar_parser_at_word(parser, "if") ? parse_if(parser, ret_expr, err)
						       : parse_or(parser, ret_expr, err);
	parser->nesting--;
	return status;
}
