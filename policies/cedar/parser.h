/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parser: what the parts of the policy parser share. Private to parse.c and parse_expr.c.
 */
#ifndef KP_CEDAR_PARSER_H
#define KP_CEDAR_PARSER_H

#include "ast.h"

/* Lifetime: one parse. `token` is the next one, not yet used. */
struct kp_cedar_parser {
	struct kp_cedar_lexer lexer;
	struct kp_cedar_token token;
	struct kp_arena *arena;
	struct kp_cedar_names *names;
	const char *file; /* in the arena; may be NULL */
	unsigned nesting;
	uint32_t end; /* offset behind the newest used token */
};

/* Starts at the first token. */
enum kp_status kp_cedar_parser_init(struct kp_cedar_parser *parser,
	struct kp_arena *arena, struct kp_cedar_names *names, const char *file,
	struct kp_slice text, struct kp_error *err) KP_MUST_USE;
/* Uses the token and reads the next. */
enum kp_status kp_cedar_parser_advance(
	struct kp_cedar_parser *parser, struct kp_error *err) KP_MUST_USE;
/* Uses the token, which must be of this kind; `where` ("after the scope") is for the
 * message. */
enum kp_status kp_cedar_parser_expect(struct kp_cedar_parser *parser,
	enum kp_cedar_token_kind kind, const char *where,
	struct kp_error *err) KP_MUST_USE;
/* "expected ..., found ..." at the token. Returns KP_E_SYNTAX. */
enum kp_status kp_cedar_parser_unexpected(
	struct kp_cedar_parser *parser, const char *expected, struct kp_error *err);
/* True when the token is this word. */
bool kp_cedar_parser_at_word(const struct kp_cedar_parser *parser, const char *word);
/* `start` stretched to the end of the newest used token. */
struct kp_cedar_pos kp_cedar_parser_span(
	const struct kp_cedar_parser *parser, struct kp_cedar_pos start);
/* Fills `err` with KP_E_MEMORY. */
enum kp_status kp_cedar_parser_no_memory(struct kp_error *err);
/* One level in; KP_E_LIMIT at the token when it is one too many. Leave by
 * parser->nesting--. */
enum kp_status kp_cedar_parser_enter(
	struct kp_cedar_parser *parser, struct kp_error *err) KP_MUST_USE;

/* Expr of the grammar. */
enum kp_status kp_cedar_parser_expr(struct kp_cedar_parser *parser,
	const struct kp_cedar_expr **ret_expr, struct kp_error *err) KP_MUST_USE;

/* A path as far as it was read: `A::B` and, when a string ended it, the id of a uid. */
struct kp_cedar_path {
	const struct kp_cedar_name *name;
	const struct kp_cedar_uid *uid; /* NULL when it is only a path */
	bool single;                    /* one identifier */
	struct kp_cedar_pos pos;
};

/* The string token, escapes taken out, as a name; uses it. */
enum kp_status kp_cedar_parser_string_name(struct kp_cedar_parser *parser,
	const struct kp_cedar_name **ret_name, struct kp_error *err) KP_MUST_USE;
/* Ident { '::' Ident } [ '::' STR ]; the token is the first identifier. */
enum kp_status kp_cedar_parser_path(struct kp_cedar_parser *parser,
	struct kp_cedar_path *ret_path, struct kp_error *err) KP_MUST_USE;
/* An entity type: a path without a string behind it. */
enum kp_status kp_cedar_parser_type(struct kp_cedar_parser *parser,
	struct kp_cedar_path *ret_path, struct kp_error *err) KP_MUST_USE;

#endif
