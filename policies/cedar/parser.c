/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parser: see parser.h. */
#include "parser.h"

#include <stdio.h>

enum kp_status
kp_cedar_parser_no_memory(struct kp_error *err)
{
	return kp_error_set(err, KP_E_MEMORY, "no memory left to parse the policies");
}

enum kp_status
kp_cedar_parser_init(struct kp_cedar_parser *parser, struct kp_arena *arena,
	struct kp_cedar_names *names, const char *file, struct kp_slice text,
	struct kp_error *err)
{
	*parser = (struct kp_cedar_parser){.arena = arena, .names = names, .file = file};
	enum kp_status status = kp_cedar_lexer_init(&parser->lexer, file, text, err);
	if (status != KP_OK) {
		return status;
	}
	return kp_cedar_lexer_next(&parser->lexer, &parser->token, err);
}

enum kp_status
kp_cedar_parser_advance(struct kp_cedar_parser *parser, struct kp_error *err)
{
	parser->end = parser->token.pos.offset + parser->token.pos.len;
	return kp_cedar_lexer_next(&parser->lexer, &parser->token, err);
}

enum kp_status
kp_cedar_parser_unexpected(
	struct kp_cedar_parser *parser, const char *expected, struct kp_error *err)
{
	char found[80];
	if (parser->token.kind == KP_CEDAR_T_SLASH ||
		parser->token.kind == KP_CEDAR_T_PERCENT) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"Cedar has no division and no remainder, expected %s", expected);
	}
	return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
		"expected %s, found %s", expected,
		kp_cedar_token_text(&parser->token, found, sizeof(found)));
}

enum kp_status
kp_cedar_parser_expect(struct kp_cedar_parser *parser, enum kp_cedar_token_kind kind,
	const char *where, struct kp_error *err)
{
	if (parser->token.kind == kind) {
		return kp_cedar_parser_advance(parser, err);
	}
	char expected[120];
	(void)snprintf(expected, sizeof(expected), "%s %s",
		kp_cedar_token_kind_name(kind), where);
	return kp_cedar_parser_unexpected(parser, expected, err);
}

bool
kp_cedar_parser_at_word(const struct kp_cedar_parser *parser, const char *word)
{
	return parser->token.kind == KP_CEDAR_T_IDENT &&
		kp_slice_is(parser->token.text, word);
}

struct kp_cedar_pos
kp_cedar_parser_span(const struct kp_cedar_parser *parser, struct kp_cedar_pos start)
{
	start.len = parser->end - start.offset;
	return start;
}

enum kp_status
kp_cedar_parser_enter(struct kp_cedar_parser *parser, struct kp_error *err)
{
	if (parser->nesting < KP_CEDAR_NESTING_MAX) {
		parser->nesting++;
		return KP_OK;
	}
	enum kp_status status = kp_error_set(err, KP_E_LIMIT,
		"more than %d levels inside each other", KP_CEDAR_NESTING_MAX);
	kp_error_at(err, parser->file, parser->token.pos.line, parser->token.pos.column,
		NULL);
	return status;
}

/* One identifier of a path: reserved words and __cedar cannot be part of it. */
static enum kp_status
path_part(struct kp_cedar_parser *parser, struct kp_error *err)
{
	if (parser->token.kind != KP_CEDAR_T_IDENT) {
		return kp_cedar_parser_unexpected(
			parser, "an identifier or a string after `::`", err);
	}
	if (kp_cedar_ident_reserved(parser->token.text) ||
		kp_slice_is(parser->token.text, "__cedar")) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"`%.*s` is a reserved word and cannot be part of a name",
			KP_SLICE_ARG(parser->token.text));
	}
	return KP_OK;
}

enum kp_status
kp_cedar_parser_string_name(struct kp_cedar_parser *parser,
	const struct kp_cedar_name **ret_name, struct kp_error *err)
{
	struct kp_slice text = parser->token.text;
	/* Only these two make a difference between what is written and what is meant. */
	if (text.len > 0 &&
		(memchr(text.data, '\\', text.len) != NULL ||
			memchr(text.data, '\r', text.len) != NULL)) {
		enum kp_status status = kp_cedar_unescape(
			parser->arena, &parser->lexer, &parser->token, &text, err);
		if (status != KP_OK) {
			return status;
		}
	}
	*ret_name = kp_cedar_name(parser->names, text);
	if (*ret_name == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	return kp_cedar_parser_advance(parser, err);
}

static enum kp_status
path_uid(struct kp_cedar_parser *parser, struct kp_cedar_path *path, struct kp_error *err)
{
	const struct kp_cedar_name *id;
	enum kp_status status = kp_cedar_parser_string_name(parser, &id, err);
	if (status != KP_OK) {
		return status;
	}
	path->uid = kp_cedar_uid(parser->names, path->name, id);
	return path->uid == NULL ? kp_cedar_parser_no_memory(err) : KP_OK;
}

/*
 * The parts behind the first, joined to it without the white space that may stand
 * between. Most paths are Type::"id" and need no joining.
 */
static enum kp_status
path_rest(struct kp_cedar_parser *parser, struct kp_slice *path_text, bool *ret_string,
	struct kp_error *err)
{
	struct kp_buffer text = {0};
	while (parser->token.kind == KP_CEDAR_T_COLONS) {
		enum kp_status status = kp_cedar_parser_advance(parser, err);
		if (status == KP_OK && parser->token.kind == KP_CEDAR_T_STRING) {
			*ret_string = true;
			break;
		}
		status = status == KP_OK ? path_part(parser, err) : status;
		if (status != KP_OK) {
			return status;
		}
		if (text.arena == NULL) {
			kp_buffer_init(&text, parser->arena, KP_CEDAR_TEXT_MAX);
			kp_buffer_add_slice(&text, *path_text);
		}
		KP_BUFFER_ADD(&text, "::");
		kp_buffer_add_slice(&text, parser->token.text);
		status = kp_cedar_parser_advance(parser, err);
		if (status != KP_OK) {
			return status;
		}
	}
	if (text.arena != NULL) {
		*path_text = kp_buffer_slice(&text);
	}
	return text.failed ? kp_cedar_parser_no_memory(err) : KP_OK;
}

enum kp_status
kp_cedar_parser_path(struct kp_cedar_parser *parser, struct kp_cedar_path *ret_path,
	struct kp_error *err)
{
	struct kp_cedar_path path = {.single = true, .pos = parser->token.pos};
	struct kp_slice text = parser->token.text;
	bool string = false;
	enum kp_status status = path_part(parser, err);
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	if (status == KP_OK && parser->token.kind == KP_CEDAR_T_COLONS) {
		path.single = false;
		status = path_rest(parser, &text, &string, err);
	}
	if (status != KP_OK) {
		return status;
	}
	path.name = kp_cedar_name(parser->names, text);
	if (path.name == NULL) {
		return kp_cedar_parser_no_memory(err);
	}
	if (string) {
		status = path_uid(parser, &path, err);
		if (status != KP_OK) {
			return status;
		}
	}
	path.pos = kp_cedar_parser_span(parser, path.pos);
	*ret_path = path;
	return KP_OK;
}

enum kp_status
kp_cedar_parser_type(struct kp_cedar_parser *parser, struct kp_cedar_path *ret_path,
	struct kp_error *err)
{
	if (parser->token.kind != KP_CEDAR_T_IDENT) {
		return kp_cedar_parser_unexpected(
			parser, "the name of an entity type after `is`", err);
	}
	struct kp_cedar_path path;
	enum kp_status status = kp_cedar_parser_path(parser, &path, err);
	if (status != KP_OK) {
		return status;
	}
	if (path.uid != NULL) {
		return kp_cedar_syntax_error(parser->file, path.pos, err,
			"expected the name of an entity type after `is`, found an "
			"entity; "
			"compare with one entity by `==`");
	}
	*ret_path = path;
	return KP_OK;
}
