/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parse_expr: what parse_expr.c (operators) and parse_member.c (operands) need of each
 * other. */
#ifndef KP_CEDAR_PARSE_EXPR_H
#define KP_CEDAR_PARSE_EXPR_H

#include "parser.h"
#include "unescape.h"

/* An empty node that starts at `start`; NULL when memory runs out. */
struct kp_cedar_expr *kp_cedar_parser_node(
	struct kp_cedar_parser *parser, enum kp_cedar_op op, struct kp_cedar_pos start);
/* Ends a filled node behind the newest used token. */
enum kp_status kp_cedar_parser_seal(struct kp_cedar_parser *parser,
	struct kp_cedar_expr *node, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err) KP_MUST_USE;
/* A literal whose tokens are already used. */
enum kp_status kp_cedar_parser_literal(struct kp_cedar_parser *parser,
	struct kp_cedar_value value, struct kp_cedar_pos start,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err) KP_MUST_USE;

/* Member of the grammar. */
enum kp_status kp_cedar_parser_member(struct kp_cedar_parser *parser,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err) KP_MUST_USE;
/* { '.' Ident | '.' Ident '(' Args ')' | '[' STR ']' } on what *ret_expr holds. */
enum kp_status kp_cedar_parser_accesses(struct kp_cedar_parser *parser,
	struct kp_cedar_pos start, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err) KP_MUST_USE;

/* An attribute name written as identifier; reserved words are refused. */
enum kp_status kp_cedar_parser_attr_ident(struct kp_cedar_parser *parser,
	const char *where, const struct kp_cedar_name **ret_name,
	struct kp_error *err) KP_MUST_USE;

#endif
