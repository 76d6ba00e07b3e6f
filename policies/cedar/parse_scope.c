/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parse_scope: see parse_scope.h. */
#include "parse_scope.h"

/* Entity or slot, perhaps in parentheses. `slot` is the one that may stand here, NULL for
 * none. */
static enum kp_status parse_target(struct kp_cedar_parser *parser, const char *slot,
	struct kp_cedar_scope *scope, struct kp_error *err);

static enum kp_status
parse_slot(struct kp_cedar_parser *parser, const char *slot, struct kp_cedar_scope *scope,
	struct kp_error *err)
{
	if (slot == NULL) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"the action cannot be a template slot, expected an entity");
	}
	if (!kp_slice_is(parser->token.text, slot)) {
		char found[80];
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"expected an entity or %s here, found %s", slot,
			kp_cedar_token_text(&parser->token, found, sizeof(found)));
	}
	scope->slot = true;
	scope->uid_pos = parser->token.pos;
	return kp_cedar_parser_advance(parser, err);
}

static enum kp_status
parse_target_in_parentheses(struct kp_cedar_parser *parser, const char *slot,
	struct kp_cedar_scope *scope, struct kp_error *err)
{
	enum kp_status status = kp_cedar_parser_enter(parser, err);
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	status = status == KP_OK ? parse_target(parser, slot, scope, err) : status;
	if (status != KP_OK) {
		return status;
	}
	parser->nesting--;
	return kp_cedar_parser_expect(
		parser, KP_CEDAR_T_RPAREN, "to close the parenthesis", err);
}

static enum kp_status
parse_target(struct kp_cedar_parser *parser, const char *slot,
	struct kp_cedar_scope *scope, struct kp_error *err)
{
	if (parser->token.kind == KP_CEDAR_T_LPAREN) {
		return parse_target_in_parentheses(parser, slot, scope, err);
	}
	if (parser->token.kind == KP_CEDAR_T_SLOT) {
		return parse_slot(parser, slot, scope, err);
	}
	const char *expected = slot == NULL
		? "an action like Action::\"read\""
		: "one entity like User::\"alice\" or a template slot";
	if (parser->token.kind != KP_CEDAR_T_IDENT) {
		return kp_cedar_parser_unexpected(parser, expected, err);
	}
	struct kp_cedar_path path;
	enum kp_status status = kp_cedar_parser_path(parser, &path, err);
	if (status != KP_OK) {
		return status;
	}
	if (path.uid == NULL) {
		return kp_cedar_syntax_error(parser->file, path.pos, err,
			"expected %s, found `%.*s`", expected,
			path.name->text.len > 60 ? 60 : (int)path.name->text.len,
			path.name->text.data);
	}
	scope->uid = path.uid;
	scope->uid_pos = path.pos;
	return KP_OK;
}

/* Only Action, in whatever namespace, can be the type of an action. */
static enum kp_status
check_action(struct kp_cedar_parser *parser, const struct kp_cedar_scope *scope,
	struct kp_error *err)
{
	struct kp_slice type = scope->uid->type->text;
	if (kp_slice_is(kp_cedar_path_base(type), "Action")) {
		return KP_OK;
	}
	return kp_cedar_syntax_error(parser->file, scope->uid_pos, err,
		"the type of an action ends in `Action`, found `%.*s`",
		type.len > 60 ? 60 : (int)type.len, type.data);
}

static enum kp_status
parse_action(struct kp_cedar_parser *parser, struct kp_cedar_scope *scope,
	struct kp_error *err)
{
	enum kp_status status = parse_target(parser, NULL, scope, err);
	return status == KP_OK ? check_action(parser, scope, err) : status;
}

struct uid_list {
	const struct kp_cedar_uid **uids;
	struct kp_cedar_pos *places;
	size_t count;
	size_t capacity;
};

static bool
list_add(struct kp_arena *arena, struct uid_list *list, const struct kp_cedar_scope *one)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 4 : list->capacity * 2;
		const struct kp_cedar_uid **uids =
			KP_ARENA_ARRAY(arena, const struct kp_cedar_uid *, capacity);
		struct kp_cedar_pos *places =
			KP_ARENA_ARRAY(arena, struct kp_cedar_pos, capacity);
		if (uids == NULL || places == NULL) {
			return false;
		}
		for (size_t i = 0; i < list->count; i++) {
			uids[i] = list->uids[i];
			places[i] = list->places[i];
		}
		list->uids = uids;
		list->places = places;
		list->capacity = capacity;
	}
	list->uids[list->count] = one->uid;
	list->places[list->count++] = one->uid_pos;
	return true;
}

/* '[' [Entity {',' Entity} [',']] ']' */
static enum kp_status
parse_action_list(struct kp_cedar_parser *parser, struct kp_cedar_scope *scope,
	struct kp_error *err)
{
	struct uid_list list = {0};
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	while (status == KP_OK && parser->token.kind != KP_CEDAR_T_RBRACKET) {
		struct kp_cedar_scope one = {0};
		status = parse_action(parser, &one, err);
		if (status == KP_OK && !list_add(parser->arena, &list, &one)) {
			return kp_cedar_parser_no_memory(err);
		}
		if (status == KP_OK && parser->token.kind != KP_CEDAR_T_RBRACKET) {
			status = kp_cedar_parser_expect(parser, KP_CEDAR_T_COMMA,
				"or `]` in the list of actions", err);
		}
	}
	scope->op = KP_CEDAR_SCOPE_IN_SET;
	scope->uids = list.uids;
	scope->uids_pos = list.places;
	scope->uid_count = list.count;
	return status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
}

/* What may stand behind `action in`: a list or one action, perhaps in parentheses. */
static enum kp_status
parse_action_in(struct kp_cedar_parser *parser, struct kp_cedar_scope *scope,
	struct kp_error *err)
{
	if (parser->token.kind == KP_CEDAR_T_LBRACKET) {
		return parse_action_list(parser, scope, err);
	}
	if (parser->token.kind != KP_CEDAR_T_LPAREN) {
		scope->op = KP_CEDAR_SCOPE_IN;
		return parse_action(parser, scope, err);
	}
	enum kp_status status = kp_cedar_parser_enter(parser, err);
	status = status == KP_OK ? kp_cedar_parser_advance(parser, err) : status;
	status = status == KP_OK ? parse_action_in(parser, scope, err) : status;
	if (status != KP_OK) {
		return status;
	}
	parser->nesting--;
	return kp_cedar_parser_expect(
		parser, KP_CEDAR_T_RPAREN, "to close the parenthesis", err);
}

/* Anything else that people write behind a variable of the scope. */
static enum kp_status
wrong_operator(struct kp_cedar_parser *parser, const char *variable, struct kp_error *err)
{
	if (parser->token.kind == KP_CEDAR_T_ASSIGN) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"`=` is not an operator, did you mean `==`?");
	}
	if (parser->token.kind == KP_CEDAR_T_COLON) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"a type is not written with `:`, did you mean `%s is`?",
			variable);
	}
	char found[80];
	return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
		"after `%s` the scope takes only `==`, `in`, `is`, `,` or `)`, found %s; "
		"other conditions go into `when`",
		variable, kp_cedar_token_text(&parser->token, found, sizeof(found)));
}

static enum kp_status
parse_is(struct kp_cedar_parser *parser, const char *slot, struct kp_cedar_scope *scope,
	struct kp_error *err)
{
	struct kp_cedar_path path;
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	status = status == KP_OK ? kp_cedar_parser_type(parser, &path, err) : status;
	if (status != KP_OK) {
		return status;
	}
	scope->op = KP_CEDAR_SCOPE_IS;
	scope->type = path.name;
	scope->type_pos = path.pos;
	if (!kp_cedar_parser_at_word(parser, "in")) {
		return KP_OK;
	}
	scope->op = KP_CEDAR_SCOPE_IS_IN;
	status = kp_cedar_parser_advance(parser, err);
	return status == KP_OK ? parse_target(parser, slot, scope, err) : status;
}

/* The part behind the variable; `slot` is NULL for the action. */
static enum kp_status
parse_constraint(struct kp_cedar_parser *parser, const char *variable, const char *slot,
	struct kp_cedar_scope *scope, struct kp_error *err)
{
	enum kp_status status;
	if (parser->token.kind == KP_CEDAR_T_COMMA ||
		parser->token.kind == KP_CEDAR_T_RPAREN) {
		return KP_OK;
	}
	if (parser->token.kind == KP_CEDAR_T_EQ) {
		scope->op = KP_CEDAR_SCOPE_EQ;
		status = kp_cedar_parser_advance(parser, err);
	} else if (kp_cedar_parser_at_word(parser, "in")) {
		scope->op = KP_CEDAR_SCOPE_IN;
		status = kp_cedar_parser_advance(parser, err);
		if (status == KP_OK && slot == NULL) {
			return parse_action_in(parser, scope, err);
		}
	} else if (slot != NULL && kp_cedar_parser_at_word(parser, "is")) {
		return parse_is(parser, slot, scope, err);
	} else if (kp_cedar_parser_at_word(parser, "is")) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"`is` cannot stand behind `action` in the scope, put it into "
			"`when`");
	} else {
		return wrong_operator(parser, variable, err);
	}
	if (status != KP_OK) {
		return status;
	}
	return slot == NULL ? parse_action(parser, scope, err)
			    : parse_target(parser, slot, scope, err);
}

static enum kp_status
parse_variable(struct kp_cedar_parser *parser, const char *variable, const char *slot,
	struct kp_cedar_scope *scope, struct kp_error *err)
{
	scope->pos = parser->token.pos;
	if (!kp_cedar_parser_at_word(parser, variable)) {
		char found[80];
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"expected `%s`, found %s: a scope is principal, action, "
			"resource, "
			"in this order",
			variable,
			kp_cedar_token_text(&parser->token, found, sizeof(found)));
	}
	enum kp_status status = kp_cedar_parser_advance(parser, err);
	status = status == KP_OK ? parse_constraint(parser, variable, slot, scope, err)
				 : status;
	scope->pos = kp_cedar_parser_span(parser, scope->pos);
	return status;
}

/* Between two variables; a closing parenthesis means that the next one is missing. */
static enum kp_status
parse_comma(struct kp_cedar_parser *parser, const char *next, struct kp_error *err)
{
	if (parser->token.kind == KP_CEDAR_T_RPAREN) {
		return kp_cedar_syntax_error(parser->file, parser->token.pos, err,
			"the scope ends without `%s`: a scope is principal, action, "
			"resource, in this order",
			next);
	}
	return kp_cedar_parser_expect(
		parser, KP_CEDAR_T_COMMA, "between the parts of the scope", err);
}

enum kp_status
kp_cedar_parser_scope(struct kp_cedar_parser *parser, struct kp_cedar_policy *policy,
	struct kp_error *err)
{
	enum kp_status status = parse_variable(
		parser, "principal", "?principal", &policy->principal, err);
	status = status == KP_OK ? parse_comma(parser, "action", err) : status;
	status = status == KP_OK
		? parse_variable(parser, "action", NULL, &policy->action, err)
		: status;
	status = status == KP_OK ? parse_comma(parser, "resource", err) : status;
	status = status == KP_OK
		? parse_variable(parser, "resource", "?resource", &policy->resource, err)
		: status;
	if (status == KP_OK && parser->token.kind == KP_CEDAR_T_COMMA) {
		status = kp_cedar_parser_advance(parser, err);
	}
	return status == KP_OK ? kp_cedar_parser_expect(parser, KP_CEDAR_T_RPAREN,
					 "to close the scope", err)
			       : status;
}
