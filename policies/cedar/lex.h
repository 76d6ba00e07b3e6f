/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * lex: Cedar text to tokens, for policies and schemas alike. Words are plain identifiers
 * here; what is a keyword depends on the place and is the parser's business. Text must be
 * UTF-8.
 */
#ifndef KP_CEDAR_LEX_H
#define KP_CEDAR_LEX_H

#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

/* Bytes of one policy or schema text. */
#define KP_CEDAR_TEXT_MAX ((size_t)64 * 1024 * 1024)

/* Where something stands in its text. */
struct kp_cedar_pos {
	uint32_t line;   /* 1-based; 0: not from a text */
	uint32_t column; /* 1-based, in bytes */
	uint32_t offset; /* bytes from the start of the text */
	uint32_t len;    /* bytes */
};

enum kp_cedar_token_kind {
	KP_CEDAR_T_END,
	KP_CEDAR_T_IDENT,
	KP_CEDAR_T_NUMBER, /* fits 64 bits unsigned: token.number */
	KP_CEDAR_T_STRING, /* token.text is between the quotes, escapes not yet taken out
			    */
	KP_CEDAR_T_SLOT,   /* ?name; token.text with the question mark */
	KP_CEDAR_T_AT,
	KP_CEDAR_T_DOT,
	KP_CEDAR_T_COMMA,
	KP_CEDAR_T_SEMICOLON,
	KP_CEDAR_T_COLON,
	KP_CEDAR_T_COLONS, /* :: */
	KP_CEDAR_T_LPAREN,
	KP_CEDAR_T_RPAREN,
	KP_CEDAR_T_LBRACE,
	KP_CEDAR_T_RBRACE,
	KP_CEDAR_T_LBRACKET,
	KP_CEDAR_T_RBRACKET,
	KP_CEDAR_T_EQ, /* == */
	KP_CEDAR_T_NE, /* != */
	KP_CEDAR_T_LT,
	KP_CEDAR_T_LE,
	KP_CEDAR_T_GT,
	KP_CEDAR_T_GE,
	KP_CEDAR_T_OR,  /* || */
	KP_CEDAR_T_AND, /* && */
	KP_CEDAR_T_PLUS,
	KP_CEDAR_T_MINUS,
	KP_CEDAR_T_STAR,
	KP_CEDAR_T_NOT,
	KP_CEDAR_T_ASSIGN,   /* = : schemas only */
	KP_CEDAR_T_QUESTION, /* ? alone: schemas only */
	KP_CEDAR_T_SLASH,    /* only for messages */
	KP_CEDAR_T_PERCENT,  /* only for messages */
};

struct kp_cedar_token {
	enum kp_cedar_token_kind kind;
	struct kp_cedar_pos pos;
	struct kp_slice text; /* part of the lexer's text */
	uint64_t number;
};

/* Lifetime: caller's; borrows the text. */
struct kp_cedar_lexer {
	struct kp_slice text;
	const char *file; /* for errors; may be NULL */
	uint32_t at;
	uint32_t line;
	uint32_t line_start; /* offset of the current line */
	uint32_t token_end;  /* offset behind the newest token: what lies before the next
				is  white space and comments */
};

/* KP_E_SYNTAX when the text is not UTF-8, KP_E_LIMIT when it is longer than
 * KP_CEDAR_TEXT_MAX. */
enum kp_status kp_cedar_lexer_init(struct kp_cedar_lexer *lexer, const char *file,
	struct kp_slice text, struct kp_error *err) KP_MUST_USE;
/*
 * The next token; KP_CEDAR_T_END at the end, again and again. KP_E_SYNTAX with position
 * for a byte that starts no token, an unfinished string or a number over 64 bits; the
 * lexer then stands behind it.
 */
enum kp_status kp_cedar_lexer_next(struct kp_cedar_lexer *lexer,
	struct kp_cedar_token *ret_token, struct kp_error *err) KP_MUST_USE;

/* "an identifier", "`&&`", ... for "expected ..." messages. */
const char *kp_cedar_token_kind_name(enum kp_cedar_token_kind kind);
/* What was found, for messages: "`foo`", "a string", "the end of the text". Returns
 * `out`. */
const char *kp_cedar_token_text(
	const struct kp_cedar_token *token, char *out, size_t out_size);

/*
 * Takes the escapes out of a string token: \" \' \\ \n \r \t \0 \xHH \u{H..}. The copy is
 * in `arena`. KP_E_SYNTAX with the position of the bad escape, KP_E_MEMORY.
 */
enum kp_status kp_cedar_unescape(struct kp_arena *arena,
	const struct kp_cedar_lexer *lexer, const struct kp_cedar_token *token,
	struct kp_slice *ret_text, struct kp_error *err) KP_MUST_USE;

/* Fills `err` with KP_E_SYNTAX at `pos` of the lexer's text. Returns KP_E_SYNTAX. */
enum kp_status kp_cedar_syntax_error(const char *file, struct kp_cedar_pos pos,
	struct kp_error *err, const char *format, ...) KP_PRINTF(4, 5);

#endif
