/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parse: policies: annotations, effect, conditions and the list of them. The scope is in
 * parse_scope.c, expressions in parse_expr.c. */
#include "parse.h"

#include <stdio.h>

#include "parse_scope.h"
#include "parser.h"

/* Annotations and conditions of one policy. */
#define ANNOTATIONS_MAX 256
#define CONDITIONS_MAX 1024

struct annotation_list {
	struct kp_cedar_annotation *items;
	size_t count;
	size_t capacity;
};

static bool
grow_annotations(struct kp_arena *arena, struct annotation_list *list)
{
	struct kp_cedar_annotation *items = kp_arena_fit(
		arena, list->items, list->count, &list->capacity, 4, sizeof(*items));
	if (items == NULL) {
		return false;
	}
	list->items = items;
	return true;
}

/* '(' STR ')' behind the name. */
static enum kp_status
parse_annotation_value(struct kp_cedar_parser *parser,
	struct kp_cedar_annotation *annotation, struct kp_error *err)
{
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	if (status != KP_OK) {
		return status;
	}
	if (parser->token.kind != KP_CEDAR_T_STRING) {
		return kp_cedar_parser_unexpected(
			parser, "a string as the value of the annotation", err);
	}
	annotation->has_value = true;
	status = kp_cedar_unescape(
		parser->arena, &parser->lexer, &parser->token, &annotation->value, err);
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	return status == KP_OK ? kp_cedar_parser_expect(parser, KP_CEDAR_T_RPAREN,
					 "behind the value of the annotation", err)
			       : status;
}

static enum kp_status
check_annotation(struct kp_cedar_parser *parser, const struct annotation_list *list,
	const struct kp_cedar_annotation *annotation, struct kp_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].name == annotation->name) {
			return kp_cedar_syntax_error(parser->file, annotation->pos, err,
				"the annotation @%.*s stands here twice, first on line "
				"%u",
				KP_SLICE_ARG(annotation->name->text),
				(unsigned)list->items[i].pos.line);
		}
	}
	if (list->count == ANNOTATIONS_MAX) {
		return kp_cedar_syntax_error(parser->file, annotation->pos, err,
			"more than %d annotations on one policy", ANNOTATIONS_MAX);
	}
	return KP_OK;
}

/* '@' AnyIdent [ '(' STR ')' ] */
static enum kp_status
parse_annotation(struct kp_cedar_parser *parser, struct annotation_list *list,
	struct kp_error *err)
{
	struct kp_cedar_annotation annotation = {.pos = parser->token.pos};
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	if (status != KP_OK) {
		return status;
	}
	if (parser->token.kind != KP_CEDAR_T_IDENT) {
		return kp_cedar_parser_unexpected(
			parser, "the name of an annotation after `@`", err);
	}
	annotation.name = kp_cedar_name(parser->names, parser->token.text);
	if (annotation.name == NULL || !grow_annotations(parser->arena, list)) {
		return kp_cedar_parser_no_memory(err);
	}
	status = check_annotation(parser, list, &annotation, err);
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	if (status == KP_OK && parser->token.kind == KP_CEDAR_T_LPAREN) {
		status = parse_annotation_value(parser, &annotation, err);
	}
	annotation.pos = kp_cedar_parser_span(parser, annotation.pos);
	list->items[list->count++] = annotation;
	return status;
}

static enum kp_status
parse_effect(struct kp_cedar_parser *parser, enum kp_cedar_effect *ret_effect,
	struct kp_error *err)
{
	static const char *const effects[] = {"permit", "forbid"};
	if (parser->token.kind != KP_CEDAR_T_IDENT) {
		return kp_cedar_parser_unexpected(
			parser, "`permit` or `forbid` at the start of a policy", err);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(effects); i++) {
		if (kp_slice_is(parser->token.text, effects[i])) {
			*ret_effect = i == 0 ? KP_CEDAR_PERMIT : KP_CEDAR_FORBID;
			return kp_cedar_parser_advance(parser, err);
		}
	}
	char found[80];
	const char *near = kp_cedar_nearest(parser->token.text, effects, 2);
	return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
		"expected `permit` or `forbid` at the start of a policy, found %s%s%s%s",
		kp_cedar_token_text(&parser->token, found, sizeof(found)),
		near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
		near == NULL ? "" : "`?");
}

static enum kp_status
check_condition_word(
	struct kp_cedar_parser *parser, bool *ret_unless, struct kp_error *err)
{
	static const char *const words[] = {"when", "unless"};
	if (parser->token.kind != KP_CEDAR_T_IDENT) {
		return kp_cedar_parser_unexpected(
			parser, "`when`, `unless` or `;` at the end of the policy", err);
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (kp_slice_is(parser->token.text, words[i])) {
			*ret_unless = i == 1;
			return KP_OK;
		}
	}
	char found[80];
	const char *near = kp_cedar_nearest(parser->token.text, words, 2);
	return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
		"expected `when`, `unless` or `;`, found %s%s%s%s",
		kp_cedar_token_text(&parser->token, found, sizeof(found)),
		near == NULL ? "" : "; did you mean `", near == NULL ? "" : near,
		near == NULL ? "" : "`?");
}

/* ('when'|'unless') '{' Expr '}' */
static enum kp_status
parse_condition(struct kp_cedar_parser *parser, struct kp_cedar_condition *condition,
	struct kp_error *err)
{
	condition->pos = parser->token.pos;
	enum kp_status status = check_condition_word(parser, &condition->unless, err);
	const char *word = condition->unless ? "after `unless`" : "after `when`";
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	status = status == KP_OK
		? kp_cedar_parser_expect(parser, KP_CEDAR_T_LBRACE, word, err)
		: status;
	if (status != KP_OK) {
		return status;
	}
	if (parser->token.kind == KP_CEDAR_T_RBRACE) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"the condition is empty, expected an expression");
	}
	status = kp_cedar_parser_expr(parser, &condition->expr, err);
	status = status == KP_OK ? kp_cedar_parser_expect(parser, KP_CEDAR_T_RBRACE,
					   "to close the condition", err)
				 : status;
	condition->pos = kp_cedar_parser_span(parser, condition->pos);
	return status;
}

static enum kp_status
parse_conditions(struct kp_cedar_parser *parser, struct kp_cedar_policy *policy,
	struct kp_error *err)
{
	struct kp_cedar_condition *items = NULL;
	size_t capacity = 0;
	size_t count = 0;
	while (parser->token.kind != KP_CEDAR_T_SEMICOLON) {
		if (count == CONDITIONS_MAX) {
			return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
				"more than %d conditions in one policy", CONDITIONS_MAX);
		}
		struct kp_cedar_condition *grown = kp_arena_fit(
			parser->arena, items, count, &capacity, 2, sizeof(*items));
		if (grown == NULL) {
			return kp_cedar_parser_no_memory(err);
		}
		items = grown;
		enum kp_status status = parse_condition(parser, &items[count], err);
		if (status != KP_OK) {
			return status;
		}
		count++;
	}
	policy->conditions = items;
	policy->condition_count = count;
	return KP_OK;
}

static enum kp_status
parse_policy(struct kp_cedar_parser *parser, struct kp_cedar_policy *policy,
	struct kp_error *err)
{
	struct annotation_list annotations = {0};
	enum kp_status status = KP_OK;
	policy->pos = parser->token.pos;
	policy->file = parser->file;
	while (status == KP_OK && parser->token.kind == KP_CEDAR_T_AT) {
		status = parse_annotation(parser, &annotations, err);
	}
	policy->annotations = annotations.items;
	policy->annotation_count = annotations.count;
	status = status == KP_OK ? parse_effect(parser, &policy->effect, err) : status;
	status = status == KP_OK ? kp_cedar_parser_expect(parser, KP_CEDAR_T_LPAREN,
					   "before the scope", err)
				 : status;
	status = status == KP_OK ? kp_cedar_parser_scope(parser, policy, err) : status;
	status = status == KP_OK ? parse_conditions(parser, policy, err) : status;
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	policy->pos = kp_cedar_parser_span(parser, policy->pos);
	policy->has_slots = policy->principal.slot || policy->resource.slot;
	return status;
}

/* Behind the next semicolon, so that one mistake gives one message. */
static void
skip_policy(struct kp_cedar_parser *parser)
{
	bool behind = false;
	/* A text that the lexer refuses leaves END as the token, with more text behind
	 * it. */
	while (!behind &&
		(parser->token.kind != KP_CEDAR_T_END ||
			parser->lexer.at < parser->lexer.text.len)) {
		behind = parser->token.kind == KP_CEDAR_T_SEMICOLON;
		while (kp_cedar_parser_advance(parser, NULL) != KP_OK) {
			behind = false;
		}
	}
	parser->nesting = 0;
}

static enum kp_status
add_policy(struct kp_cedar_policy_set *set, struct kp_cedar_names *names, size_t number,
	struct kp_cedar_policy *policy)
{
	char id[32];
	(void)snprintf(id, sizeof(id), "policy%zu", number);
	policy->id = kp_cedar_name(names, kp_slice_from(id));
	if (policy->id == NULL) {
		return KP_E_MEMORY;
	}
	return kp_cedar_policy_list_add(
		policy->has_slots ? &set->templates : &set->policies, policy);
}

static enum kp_status
parse_all(struct kp_cedar_parser *parser, struct kp_cedar_policy_set *set,
	enum kp_status status, struct kp_error *err, struct kp_findings *findings)
{
	bool sound = true;
	for (size_t number = 0; status != KP_OK || parser->token.kind != KP_CEDAR_T_END;
		number++) {
		struct kp_cedar_policy *policy =
			KP_ARENA_NEW(parser->arena, struct kp_cedar_policy);
		if (policy == NULL) {
			return KP_E_MEMORY;
		}
		status = status == KP_OK ? parse_policy(parser, policy, err) : status;
		if (status == KP_OK) {
			status = add_policy(set, parser->names, number, policy);
		}
		if (status == KP_E_MEMORY) {
			return status;
		}
		if (status != KP_OK) {
			kp_findings_add(findings, err);
			sound = false;
			skip_policy(parser);
			status = KP_OK;
		}
	}
	return sound ? KP_OK : KP_E_SYNTAX;
}

enum kp_status
kp_cedar_parse_policies(struct kp_cedar_policy_set *set, struct kp_cedar_names *names,
	const char *file, struct kp_slice text, struct kp_findings *findings)
{
	struct kp_arena *arena = set->policies.arena;
	const char *kept = file == NULL ? NULL : kp_arena_strdup(arena, file);
	if (file != NULL && kept == NULL) {
		return KP_E_MEMORY;
	}
	struct kp_error err = {0};
	struct kp_cedar_lexer probe;
	enum kp_status status = kp_cedar_lexer_init(&probe, kept, text, &err);
	if (status != KP_OK) {
		kp_findings_add(findings, &err);
		return status;
	}
	struct kp_cedar_parser parser;
	status = kp_cedar_parser_init(&parser, arena, names, kept, text, &err);
	return parse_all(&parser, set, status, &err, findings);
}

static enum kp_status
expect_end(struct kp_cedar_parser *parser, struct kp_error *err)
{
	if (parser->token.kind == KP_CEDAR_T_END) {
		return KP_OK;
	}
	return kp_cedar_parser_unexpected(parser, "the end of the text", err);
}

enum kp_status
kp_cedar_parse_expr(struct kp_arena *arena, struct kp_cedar_names *names,
	const char *file, struct kp_slice text, const struct kp_cedar_expr **ret_expr,
	struct kp_error *err)
{
	struct kp_cedar_parser parser;
	const struct kp_cedar_expr *expr = NULL;
	enum kp_status status =
		kp_cedar_parser_init(&parser, arena, names, file, text, err);
	status = status == KP_OK ? kp_cedar_parser_expr(&parser, &expr, err) : status;
	status = status == KP_OK ? expect_end(&parser, err) : status;
	if (status == KP_OK) {
		*ret_expr = expr;
	}
	return status;
}

enum kp_status
kp_cedar_parse_uid(struct kp_arena *arena, struct kp_cedar_names *names,
	struct kp_slice text, const struct kp_cedar_uid **ret_uid, struct kp_error *err)
{
	struct kp_cedar_parser parser;
	struct kp_cedar_path path = {0};
	enum kp_status status =
		kp_cedar_parser_init(&parser, arena, names, NULL, text, err);
	status = status == KP_OK ? kp_cedar_parser_path(&parser, &path, err) : status;
	status = status == KP_OK ? expect_end(&parser, err) : status;
	if (status != KP_OK) {
		return status;
	}
	if (path.uid == NULL) {
		return kp_cedar_syntax_error(NULL, path.pos, err,
			"expected an entity like User::\"alice\", found only a type");
	}
	*ret_uid = path.uid;
	return KP_OK;
}
