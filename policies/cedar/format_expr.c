/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* format_expr: expressions, as the grammar nests them. See formatter.h. */
#include "formatter.h"

/* Expressions with commas between them and a comma at the end dropped. */
static const struct kp_cedar_block *
format_list(struct kp_cedar_formatter *formatter, enum kp_cedar_token_kind end,
	const struct kp_cedar_block *(*item)(struct kp_cedar_formatter *formatter))
{
	const struct kp_cedar_block *result = NULL;
	while (kind_at(formatter) != end && kind_at(formatter) != KP_CEDAR_T_END) {
		result = join(formatter, result, item(formatter));
		if (kind_at(formatter) != KP_CEDAR_T_COMMA) {
			break;
		}
		size_t comma = formatter->at;
		const struct kp_cedar_block *sign = kp_cedar_format_take(formatter, NULL);
		if (kind_at(formatter) == end &&
			kp_cedar_format_trim(formatter->pieces[comma].trailing).len ==
				0 &&
			kp_cedar_format_trim(formatter->pieces[comma].leading).len == 0) {
			break;
		}
		result = join(formatter, result, sign);
		result = join(formatter, result, line(formatter));
	}
	return result;
}

static const struct kp_cedar_block *
format_field(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *key = kp_cedar_format_expr(formatter);
	key = join(formatter, key, kp_cedar_format_take(formatter, text(formatter, " ")));
	return join(formatter, key, kp_cedar_format_expr(formatter));
}

/* { a: 1, b: 2 }; the brace is taken already. */
static const struct kp_cedar_block *
format_record(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *open)
{
	const struct kp_cedar_block *fields =
		format_list(formatter, KP_CEDAR_T_RBRACE, format_field);
	if (fields == NULL) {
		return join(formatter, open, kp_cedar_format_take(formatter, NULL));
	}
	fields = nest(formatter, join(formatter, line(formatter), fields));
	open = join(formatter, join(formatter, open, fields), line(formatter));
	return group(
		formatter, join(formatter, open, kp_cedar_format_take(formatter, NULL)));
}

/* A::B::"x"; the first token is taken already. */
static const struct kp_cedar_block *
format_path(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *result)
{
	while (kind_at(formatter) == KP_CEDAR_T_COLONS) {
		result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
		result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
	}
	return result;
}

static const struct kp_cedar_block *
brackets(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *open,
	const struct kp_cedar_block *inner)
{
	inner = kp_cedar_layout_nest(&formatter->layout, 1, inner);
	return join(formatter, join(formatter, open, inner),
		kp_cedar_format_take(formatter, NULL));
}

static const struct kp_cedar_block *
format_primary(struct kp_cedar_formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	const struct kp_cedar_block *first = kp_cedar_format_take(formatter, NULL);
	if (kind == KP_CEDAR_T_LPAREN) {
		return group(formatter,
			brackets(formatter, first, kp_cedar_format_expr(formatter)));
	}
	if (kind == KP_CEDAR_T_LBRACKET) {
		return brackets(formatter, first,
			format_list(
				formatter, KP_CEDAR_T_RBRACKET, kp_cedar_format_expr));
	}
	if (kind == KP_CEDAR_T_LBRACE) {
		return format_record(formatter, first);
	}
	return format_path(formatter, first);
}

/* .name, ["name"] or (arguments). */
static const struct kp_cedar_block *
format_access(struct kp_cedar_formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	const struct kp_cedar_block *result = kp_cedar_format_take(formatter, NULL);
	if (kind == KP_CEDAR_T_DOT) {
		return join(formatter, result, kp_cedar_format_take(formatter, NULL));
	}
	if (kind == KP_CEDAR_T_LBRACKET) {
		result = join(formatter, result, kp_cedar_format_expr(formatter));
		return join(formatter, result, kp_cedar_format_take(formatter, NULL));
	}
	if (kind_at(formatter) == KP_CEDAR_T_RPAREN) {
		return join(formatter, result, kp_cedar_format_take(formatter, NULL));
	}
	result = join(formatter, result, softline(formatter));
	result = join(formatter, result,
		format_list(formatter, KP_CEDAR_T_RPAREN, kp_cedar_format_expr));
	result = join(formatter, nest(formatter, result), softline(formatter));
	return join(formatter, result, kp_cedar_format_take(formatter, NULL));
}

static bool
at_access(const struct kp_cedar_formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	return kind == KP_CEDAR_T_DOT || kind == KP_CEDAR_T_LPAREN ||
		kind == KP_CEDAR_T_LBRACKET;
}

static const struct kp_cedar_block *
format_member(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *item = format_primary(formatter);
	const struct kp_cedar_block *accesses = NULL;
	while (at_access(formatter)) {
		if (accesses != NULL) {
			accesses = join(formatter, accesses, softline(formatter));
		}
		accesses = join(formatter, accesses, format_access(formatter));
	}
	return group(formatter, join(formatter, item, nest(formatter, accesses)));
}

static const struct kp_cedar_block *
format_unary(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *result = NULL;
	while (kind_at(formatter) == KP_CEDAR_T_NOT ||
		kind_at(formatter) == KP_CEDAR_T_MINUS) {
		result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
	}
	return join(formatter, result, format_member(formatter));
}

static const struct kp_cedar_block *
format_mult(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *result = format_unary(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_STAR) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
		result = join(formatter, result, line(formatter));
		result = join(formatter, result, format_unary(formatter));
	}
	return group(formatter, result);
}

const struct kp_cedar_block *
kp_cedar_format_add(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *result = format_mult(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_PLUS ||
		kind_at(formatter) == KP_CEDAR_T_MINUS) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result, kp_cedar_format_take(formatter, NULL));
		result = join(formatter, result, line(formatter));
		result = join(formatter, result, format_mult(formatter));
	}
	return group(formatter, result);
}

bool
kp_cedar_format_at_relation(const struct kp_cedar_formatter *formatter)
{
	enum kp_cedar_token_kind kind = kind_at(formatter);
	return (kind >= KP_CEDAR_T_EQ && kind <= KP_CEDAR_T_GE) ||
		at_word(formatter, "in");
}

/* target has field, target like "pattern". */
static const struct kp_cedar_block *
format_has(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *target)
{
	target = join(formatter, target, line(formatter));
	target = join(formatter, target, kp_cedar_format_take(formatter, NULL));
	target = join(formatter, target, line(formatter));
	return group(formatter,
		join(formatter, target, nest(formatter, kp_cedar_format_add(formatter))));
}

static const struct kp_cedar_block *
format_is(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *target)
{
	target = join(formatter, target, text(formatter, " "));
	target = join(formatter, target, kp_cedar_format_take(formatter, NULL));
	target = join(formatter, target, text(formatter, " "));
	target = join(formatter, target, nest(formatter, kp_cedar_format_add(formatter)));
	if (at_word(formatter, "in")) {
		target = join(formatter, target, line(formatter));
		target = join(formatter, target, kp_cedar_format_take(formatter, NULL));
		target = join(formatter, target, text(formatter, " "));
		target = join(formatter, target,
			nest(formatter, kp_cedar_format_add(formatter)));
	}
	return group(formatter, target);
}

static const struct kp_cedar_block *
format_relation(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *target = kp_cedar_format_add(formatter);
	if (at_word(formatter, "has") || at_word(formatter, "like")) {
		return format_has(formatter, target);
	}
	if (at_word(formatter, "is")) {
		return format_is(formatter, target);
	}
	if (kp_cedar_format_at_relation(formatter)) {
		target = join(formatter, target, text(formatter, " "));
		target = join(formatter, target, kp_cedar_format_take(formatter, NULL));
		target = join(formatter, target, text(formatter, " "));
		target = join(formatter, target, kp_cedar_format_add(formatter));
	}
	return target;
}

static const struct kp_cedar_block *
format_and(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *result = format_relation(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_AND) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result,
			kp_cedar_format_take(formatter, line(formatter)));
		result = join(formatter, result, format_relation(formatter));
	}
	return result;
}

static const struct kp_cedar_block *
format_or(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *result = format_and(formatter);
	while (kind_at(formatter) == KP_CEDAR_T_OR) {
		result = join(formatter, result, text(formatter, " "));
		result = join(formatter, result,
			kp_cedar_format_take(formatter, line(formatter)));
		result = join(formatter, result, format_and(formatter));
	}
	return result;
}

/* if, then or else, with its expression. */
static const struct kp_cedar_block *
format_branch(struct kp_cedar_formatter *formatter)
{
	const struct kp_cedar_block *word = kp_cedar_format_take(formatter, NULL);
	const struct kp_cedar_block *inner =
		join(formatter, line(formatter), kp_cedar_format_expr(formatter));
	return join(formatter, word, nest(formatter, inner));
}

const struct kp_cedar_block *
kp_cedar_format_expr(struct kp_cedar_formatter *formatter)
{
	if (!at_word(formatter, "if")) {
		return format_or(formatter);
	}
	const struct kp_cedar_block *result = format_branch(formatter);
	result = join(formatter, result, line(formatter));
	result = join(formatter, result, format_branch(formatter));
	result = join(formatter, result, line(formatter));
	result = join(formatter, result, format_branch(formatter));
	return group(formatter, result);
}
