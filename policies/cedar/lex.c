/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* lex: see lex.h. */
#include "lex.h"

#include <stdio.h>

#include "names.h"
#include "utf8.h"

enum kp_status
kp_cedar_syntax_error(const char *file, struct kp_cedar_pos pos, struct kp_error *err,
	const char *format, ...)
{
	char message[256];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	enum kp_status status = kp_error_set(err, KP_E_SYNTAX, "%s", message);
	kp_error_at(err, file, pos.line, pos.column, NULL);
	return status;
}

enum kp_status
kp_cedar_lexer_init(struct kp_cedar_lexer *lexer, const char *file, struct kp_slice text,
	struct kp_error *err)
{
	*lexer = (struct kp_cedar_lexer){.text = text, .file = file, .line = 1};
	if (text.len > KP_CEDAR_TEXT_MAX) {
		enum kp_status status = kp_error_set(err, KP_E_LIMIT,
			"the text has %zu bytes and the limit is %zu", text.len,
			KP_CEDAR_TEXT_MAX);
		kp_error_at(err, file, 0, 0, NULL);
		return status;
	}
	size_t bad = kp_cedar_utf8_check(text);
	if (bad < text.len) {
		struct kp_cedar_pos pos = {.line = 1, .column = 1};
		for (size_t i = 0; i < bad; i++) {
			pos.column++;
			if (text.data[i] == '\n') {
				pos.line++;
				pos.column = 1;
			}
		}
		return kp_cedar_syntax_error(file, pos, err, "byte 0x%02x is not UTF-8",
			(unsigned char)text.data[bad]);
	}
	return KP_OK;
}

/* The White_Space property of Unicode; U+FEFF does not have it. */
static bool
white_space(uint32_t code)
{
	return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0x85 ||
		code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
		code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
		code == 0x3000;
}

static void
skip_comment(struct kp_cedar_lexer *lexer)
{
	while (lexer->at < lexer->text.len && lexer->text.data[lexer->at] != '\n' &&
		lexer->text.data[lexer->at] != '\r') {
		lexer->at++;
	}
}

static void
skip_space(struct kp_cedar_lexer *lexer)
{
	struct kp_slice text = lexer->text;
	while (lexer->at < text.len) {
		if (text.data[lexer->at] == '/' && lexer->at + 1 < text.len &&
			text.data[lexer->at + 1] == '/') {
			skip_comment(lexer);
			continue;
		}
		uint32_t code = 0;
		size_t step = kp_cedar_utf8_next(text, lexer->at, &code);
		if (step == 0 || !white_space(code)) {
			return;
		}
		lexer->at += (uint32_t)step;
		if (code == '\n') {
			lexer->line++;
			lexer->line_start = lexer->at;
		}
	}
}

static bool
word_byte(char byte)
{
	return byte == '_' || (byte >= 'a' && byte <= 'z') ||
		(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

static uint32_t
word_end(const struct kp_cedar_lexer *lexer, uint32_t at)
{
	while (at < lexer->text.len && word_byte(lexer->text.data[at])) {
		at++;
	}
	return at;
}

/* Ends the token at offset `end` and moves behind it. */
static enum kp_status
take(struct kp_cedar_lexer *lexer, struct kp_cedar_token *token,
	enum kp_cedar_token_kind kind, uint32_t end)
{
	token->kind = kind;
	token->pos.len = end - token->pos.offset;
	token->text =
		(struct kp_slice){lexer->text.data + token->pos.offset, token->pos.len};
	lexer->at = end;
	lexer->token_end = end;
	return KP_OK;
}

static enum kp_status
lex_number(
	struct kp_cedar_lexer *lexer, struct kp_cedar_token *token, struct kp_error *err)
{
	uint32_t at = lexer->at;
	uint64_t number = 0;
	bool fits = true;
	for (; at < lexer->text.len && lexer->text.data[at] >= '0' &&
		lexer->text.data[at] <= '9';
		at++) {
		uint64_t digit = (uint64_t)(lexer->text.data[at] - '0');
		fits = fits && !__builtin_mul_overflow(number, 10, &number) &&
			!__builtin_add_overflow(number, digit, &number);
	}
	(void)take(lexer, token, KP_CEDAR_T_NUMBER, at);
	token->number = number;
	if (!fits) {
		return kp_cedar_syntax_error(lexer->file, token->pos, err,
			"the number is too large, the largest is 9223372036854775807");
	}
	return KP_OK;
}

static enum kp_status
lex_string(
	struct kp_cedar_lexer *lexer, struct kp_cedar_token *token, struct kp_error *err)
{
	struct kp_slice text = lexer->text;
	uint32_t at = lexer->at + 1;
	uint32_t line = lexer->line;
	uint32_t line_start = lexer->line_start;
	while (at < text.len && text.data[at] != '"') {
		if (text.data[at] == '\\') {
			at++;
			if (at >= text.len || text.data[at] == '\n') {
				break;
			}
		} else if (text.data[at] == '\n') {
			line++;
			line_start = at + 1;
		}
		at++;
	}
	if (at >= text.len || text.data[at] != '"') {
		token->pos.len = 1;
		lexer->at = (uint32_t)text.len;
		lexer->token_end = lexer->at;
		return kp_cedar_syntax_error(lexer->file, token->pos, err,
			"the string that starts here has no end, expected `\"`");
	}
	(void)take(lexer, token, KP_CEDAR_T_STRING, at + 1);
	token->text.data++;
	token->text.len -= 2;
	lexer->line = line;
	lexer->line_start = line_start;
	return KP_OK;
}

static enum kp_status
lex_bad(struct kp_cedar_lexer *lexer, struct kp_cedar_token *token, struct kp_error *err)
{
	uint32_t code = 0;
	size_t step = kp_cedar_utf8_next(lexer->text, lexer->at, &code);
	(void)take(lexer, token, KP_CEDAR_T_END, lexer->at + (uint32_t)step);
	if (code == '\'') {
		return kp_cedar_syntax_error(lexer->file, token->pos, err,
			"strings stand between double quotes, not `'`");
	}
	if (code == '&' || code == '|') {
		return kp_cedar_syntax_error(lexer->file, token->pos, err,
			"`%c` is no operator, did you mean `%c%c`?", (int)code, (int)code,
			(int)code);
	}
	if (code < 0x20 || code >= 0x7f) {
		return kp_cedar_syntax_error(lexer->file, token->pos, err,
			"the character U+%04X cannot stand here", (unsigned)code);
	}
	return kp_cedar_syntax_error(lexer->file, token->pos, err,
		"the character `%c` cannot stand here", (int)code);
}

/* Longest first, so that `==` is not `=` twice. */
static const struct {
	char text[3];
	uint8_t len;
	enum kp_cedar_token_kind kind;
} signs[] = {
	{"::", 2, KP_CEDAR_T_COLONS},
	{"==", 2, KP_CEDAR_T_EQ},
	{"!=", 2, KP_CEDAR_T_NE},
	{"<=", 2, KP_CEDAR_T_LE},
	{">=", 2, KP_CEDAR_T_GE},
	{"||", 2, KP_CEDAR_T_OR},
	{"&&", 2, KP_CEDAR_T_AND},
	{"@", 1, KP_CEDAR_T_AT},
	{".", 1, KP_CEDAR_T_DOT},
	{",", 1, KP_CEDAR_T_COMMA},
	{";", 1, KP_CEDAR_T_SEMICOLON},
	{":", 1, KP_CEDAR_T_COLON},
	{"(", 1, KP_CEDAR_T_LPAREN},
	{")", 1, KP_CEDAR_T_RPAREN},
	{"{", 1, KP_CEDAR_T_LBRACE},
	{"}", 1, KP_CEDAR_T_RBRACE},
	{"[", 1, KP_CEDAR_T_LBRACKET},
	{"]", 1, KP_CEDAR_T_RBRACKET},
	{"<", 1, KP_CEDAR_T_LT},
	{">", 1, KP_CEDAR_T_GT},
	{"+", 1, KP_CEDAR_T_PLUS},
	{"-", 1, KP_CEDAR_T_MINUS},
	{"*", 1, KP_CEDAR_T_STAR},
	{"!", 1, KP_CEDAR_T_NOT},
	{"=", 1, KP_CEDAR_T_ASSIGN},
	{"?", 1, KP_CEDAR_T_QUESTION},
	{"/", 1, KP_CEDAR_T_SLASH},
	{"%", 1, KP_CEDAR_T_PERCENT},
};

static enum kp_status
lex_sign(struct kp_cedar_lexer *lexer, struct kp_cedar_token *token, struct kp_error *err)
{
	struct kp_slice rest = {
		lexer->text.data + lexer->at, lexer->text.len - lexer->at};
	for (size_t i = 0; i < KP_ARRAY_LEN(signs); i++) {
		if (kp_slice_starts(
			    rest, (struct kp_slice){signs[i].text, signs[i].len})) {
			return take(
				lexer, token, signs[i].kind, lexer->at + signs[i].len);
		}
	}
	return lex_bad(lexer, token, err);
}

enum kp_status
kp_cedar_lexer_next(struct kp_cedar_lexer *lexer, struct kp_cedar_token *ret_token,
	struct kp_error *err)
{
	skip_space(lexer);
	uint32_t at = lexer->at;
	*ret_token = (struct kp_cedar_token){
		.pos = {.line = lexer->line,
			.column = at - lexer->line_start + 1,
			.offset = at},
	};
	if (at >= lexer->text.len) {
		return take(lexer, ret_token, KP_CEDAR_T_END, at);
	}
	char byte = lexer->text.data[at];
	if (byte >= '0' && byte <= '9') {
		return lex_number(lexer, ret_token, err);
	}
	if (word_byte(byte)) {
		return take(lexer, ret_token, KP_CEDAR_T_IDENT, word_end(lexer, at));
	}
	if (byte == '"') {
		return lex_string(lexer, ret_token, err);
	}
	if (byte == '?' && at + 1 < lexer->text.len &&
		word_byte(lexer->text.data[at + 1]) &&
		!(lexer->text.data[at + 1] >= '0' && lexer->text.data[at + 1] <= '9')) {
		return take(lexer, ret_token, KP_CEDAR_T_SLOT, word_end(lexer, at + 1));
	}
	return lex_sign(lexer, ret_token, err);
}

const char *
kp_cedar_token_kind_name(enum kp_cedar_token_kind kind)
{
	static const char *const names[] = {
		[KP_CEDAR_T_END] = "the end of the text",
		[KP_CEDAR_T_IDENT] = "an identifier",
		[KP_CEDAR_T_NUMBER] = "a number",
		[KP_CEDAR_T_STRING] = "a string",
		[KP_CEDAR_T_SLOT] = "a template slot",
		[KP_CEDAR_T_AT] = "`@`",
		[KP_CEDAR_T_DOT] = "`.`",
		[KP_CEDAR_T_COMMA] = "`,`",
		[KP_CEDAR_T_SEMICOLON] = "`;`",
		[KP_CEDAR_T_COLON] = "`:`",
		[KP_CEDAR_T_COLONS] = "`::`",
		[KP_CEDAR_T_LPAREN] = "`(`",
		[KP_CEDAR_T_RPAREN] = "`)`",
		[KP_CEDAR_T_LBRACE] = "`{`",
		[KP_CEDAR_T_RBRACE] = "`}`",
		[KP_CEDAR_T_LBRACKET] = "`[`",
		[KP_CEDAR_T_RBRACKET] = "`]`",
		[KP_CEDAR_T_EQ] = "`==`",
		[KP_CEDAR_T_NE] = "`!=`",
		[KP_CEDAR_T_LT] = "`<`",
		[KP_CEDAR_T_LE] = "`<=`",
		[KP_CEDAR_T_GT] = "`>`",
		[KP_CEDAR_T_GE] = "`>=`",
		[KP_CEDAR_T_OR] = "`||`",
		[KP_CEDAR_T_AND] = "`&&`",
		[KP_CEDAR_T_PLUS] = "`+`",
		[KP_CEDAR_T_MINUS] = "`-`",
		[KP_CEDAR_T_STAR] = "`*`",
		[KP_CEDAR_T_NOT] = "`!`",
		[KP_CEDAR_T_ASSIGN] = "`=`",
		[KP_CEDAR_T_QUESTION] = "`?`",
		[KP_CEDAR_T_SLASH] = "`/`",
		[KP_CEDAR_T_PERCENT] = "`%`",
	};
	return names[kind];
}

const char *
kp_cedar_token_text(const struct kp_cedar_token *token, char *out, size_t out_size)
{
	int shown = token->text.len > 40 ? 40 : (int)token->text.len;
	const char *dots = token->text.len > 40 ? "..." : "";
	if (token->kind == KP_CEDAR_T_IDENT || token->kind == KP_CEDAR_T_NUMBER ||
		token->kind == KP_CEDAR_T_SLOT) {
		(void)snprintf(out, out_size, "`%.*s%s`", shown, token->text.data, dots);
	} else if (token->kind == KP_CEDAR_T_STRING) {
		(void)snprintf(out, out_size, "the string \"%.*s%s\"", shown,
			token->text.data, dots);
	} else {
		(void)snprintf(
			out, out_size, "%s", kp_cedar_token_kind_name(token->kind));
	}
	return out;
}
