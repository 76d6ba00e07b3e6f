/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* print: expressions and policies as text that parses back to an equal tree. See ast.h.
 */
#include "ast.h"

/* As many `!` or `-` may stand together. */
#define SIGNS_MAX 4

/* How tightly an expression holds together; an operand that is looser gets parentheses.
 */
enum precedence {
	LOOSEST, /* if */
	OR,
	AND,
	RELATION,
	ADD,
	MULTIPLY,
	UNARY,
	MEMBER,
};

static const char *
binary_sign(enum kp_cedar_op op)
{
	/* A switch would have to name every other operator. */
	static const char *const signs[] = {
		[KP_CEDAR_OP_AND] = " && ",
		[KP_CEDAR_OP_OR] = " || ",
		[KP_CEDAR_OP_EQ] = " == ",
		[KP_CEDAR_OP_NE] = " != ",
		[KP_CEDAR_OP_LT] = " < ",
		[KP_CEDAR_OP_LE] = " <= ",
		[KP_CEDAR_OP_GT] = " > ",
		[KP_CEDAR_OP_GE] = " >= ",
		[KP_CEDAR_OP_IN] = " in ",
		[KP_CEDAR_OP_ADD] = " + ",
		[KP_CEDAR_OP_SUB] = " - ",
		[KP_CEDAR_OP_MUL] = " * ",
		[KP_CEDAR_OP_CONTAINS] = "contains",
		[KP_CEDAR_OP_CONTAINS_ALL] = "containsAll",
		[KP_CEDAR_OP_CONTAINS_ANY] = "containsAny",
		[KP_CEDAR_OP_GET_TAG] = "getTag",
		[KP_CEDAR_OP_HAS_TAG] = "hasTag",
		[KP_CEDAR_OP_IS_EMPTY] = "isEmpty",
	};
	return signs[op];
}

static enum precedence
precedence_of(const struct kp_cedar_expr *expr)
{
	switch (expr->op) {
	case KP_CEDAR_OP_IF:
		return LOOSEST;
	case KP_CEDAR_OP_OR:
		return OR;
	case KP_CEDAR_OP_AND:
		return AND;
	case KP_CEDAR_OP_EQ:
	case KP_CEDAR_OP_NE:
	case KP_CEDAR_OP_LT:
	case KP_CEDAR_OP_LE:
	case KP_CEDAR_OP_GT:
	case KP_CEDAR_OP_GE:
	case KP_CEDAR_OP_IN:
	case KP_CEDAR_OP_HAS:
	case KP_CEDAR_OP_LIKE:
	case KP_CEDAR_OP_IS:
		return RELATION;
	case KP_CEDAR_OP_ADD:
	case KP_CEDAR_OP_SUB:
		return ADD;
	case KP_CEDAR_OP_MUL:
		return MULTIPLY;
	case KP_CEDAR_OP_NOT:
	case KP_CEDAR_OP_NEG:
		return UNARY;
	case KP_CEDAR_OP_LITERAL:
		/* -1 is one literal, but -1.a would be the negation of 1.a. */
		return expr->literal.kind == KP_CEDAR_LONG && expr->literal.integer < 0
			? UNARY
			: MEMBER;
	case KP_CEDAR_OP_VAR:
	case KP_CEDAR_OP_CONTAINS:
	case KP_CEDAR_OP_CONTAINS_ALL:
	case KP_CEDAR_OP_CONTAINS_ANY:
	case KP_CEDAR_OP_GET_TAG:
	case KP_CEDAR_OP_HAS_TAG:
	case KP_CEDAR_OP_IS_EMPTY:
	case KP_CEDAR_OP_GET:
	case KP_CEDAR_OP_SET:
	case KP_CEDAR_OP_RECORD:
	case KP_CEDAR_OP_CALL:
		return MEMBER;
	}
	KP_UNREACHABLE();
}

static void
write_operand(
	struct kp_buffer *buffer, const struct kp_cedar_expr *expr, enum precedence least)
{
	if (precedence_of(expr) >= least) {
		kp_cedar_expr_write(buffer, expr);
		return;
	}
	kp_buffer_add_char(buffer, '(');
	kp_cedar_expr_write(buffer, expr);
	kp_buffer_add_char(buffer, ')');
}

static bool
plain_attr(struct kp_slice name)
{
	return kp_cedar_ident_check(name) && !kp_cedar_ident_reserved(name) &&
		!kp_slice_is(name, "__cedar");
}

static void
write_attr_name(struct kp_buffer *buffer, struct kp_slice name)
{
	if (plain_attr(name)) {
		kp_buffer_add_slice(buffer, name);
	} else {
		kp_cedar_string_write(buffer, name);
	}
}

static void
write_get(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	write_operand(buffer, expr->left, MEMBER);
	if (plain_attr(expr->attr->text)) {
		kp_buffer_add_char(buffer, '.');
		kp_buffer_add_slice(buffer, expr->attr->text);
		return;
	}
	kp_buffer_add_char(buffer, '[');
	kp_cedar_string_write(buffer, expr->attr->text);
	kp_buffer_add_char(buffer, ']');
}

/* A path of several is only made of plain names; a single one may be any text. */
static void
write_has(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	write_operand(buffer, expr->left, ADD);
	KP_BUFFER_ADD(buffer, " has ");
	for (size_t i = 0; i < expr->path_count; i++) {
		if (i > 0) {
			kp_buffer_add_char(buffer, '.');
		}
		write_attr_name(buffer, expr->path[i]->text);
	}
}

static void
write_is(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	write_operand(buffer, expr->left, ADD);
	KP_BUFFER_ADD(buffer, " is ");
	kp_buffer_add_slice(buffer, expr->type->text);
	if (expr->right != NULL) {
		KP_BUFFER_ADD(buffer, " in ");
		write_operand(buffer, expr->right, ADD);
	}
}

static void
write_items(struct kp_buffer *buffer, const struct kp_cedar_expr *expr, size_t first)
{
	for (size_t i = first; i < expr->count; i++) {
		if (i > first) {
			KP_BUFFER_ADD(buffer, ", ");
		}
		kp_cedar_expr_write(buffer, expr->items[i]);
	}
}

static void
write_call(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	const struct kp_cedar_fn_info *info = kp_cedar_fn_info(expr->fn);
	size_t first = 0;
	if (info->method && expr->count > 0) {
		write_operand(buffer, expr->items[0], MEMBER);
		kp_buffer_add_char(buffer, '.');
		first = 1;
	}
	kp_buffer_printf(buffer, "%s(", info->name);
	write_items(buffer, expr, first);
	kp_buffer_add_char(buffer, ')');
}

static void
write_method(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	write_operand(buffer, expr->left, MEMBER);
	kp_buffer_printf(buffer, ".%s(", binary_sign(expr->op));
	if (expr->op != KP_CEDAR_OP_IS_EMPTY) {
		kp_cedar_expr_write(buffer, expr->right);
	}
	kp_buffer_add_char(buffer, ')');
}

static void
write_record(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	kp_buffer_add_char(buffer, '{');
	for (size_t i = 0; i < expr->field_count; i++) {
		if (i > 0) {
			KP_BUFFER_ADD(buffer, ", ");
		}
		write_attr_name(buffer, expr->fields[i].name->text);
		KP_BUFFER_ADD(buffer, ": ");
		kp_cedar_expr_write(buffer, expr->fields[i].value);
	}
	kp_buffer_add_char(buffer, '}');
}

static void
write_if(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	KP_BUFFER_ADD(buffer, "if ");
	kp_cedar_expr_write(buffer, expr->test);
	KP_BUFFER_ADD(buffer, " then ");
	kp_cedar_expr_write(buffer, expr->then);
	KP_BUFFER_ADD(buffer, " else ");
	kp_cedar_expr_write(buffer, expr->otherwise);
}

/* Chains lean left, so the right operand must hold tighter; relations do not chain at
 * all. */
static void
write_binary(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	enum precedence own = precedence_of(expr);
	const char *sign = binary_sign(expr->op);
	write_operand(buffer, expr->left, own == RELATION ? ADD : own);
	kp_buffer_add(buffer, sign, strlen(sign));
	write_operand(buffer, expr->right, (enum precedence)(own + 1));
}

/* A number behind `-` would become one literal with it: -(1) is not -1. */
static bool
needs_parentheses(const struct kp_cedar_expr *operand, bool negation, unsigned signs)
{
	bool number = operand->op == KP_CEDAR_OP_LITERAL &&
		operand->literal.kind == KP_CEDAR_LONG;
	if (negation && number) {
		return operand->literal.integer >= 0 || signs == SIGNS_MAX;
	}
	return precedence_of(operand) < MEMBER;
}

static void
write_unary(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	bool negation = expr->op == KP_CEDAR_OP_NEG;
	const struct kp_cedar_expr *operand = expr;
	unsigned signs = 0;
	for (; operand->op == expr->op && signs < SIGNS_MAX; signs++) {
		kp_buffer_add_char(buffer, negation ? '-' : '!');
		operand = operand->left;
	}
	if (!needs_parentheses(operand, negation, signs)) {
		kp_cedar_expr_write(buffer, operand);
		return;
	}
	kp_buffer_add_char(buffer, '(');
	kp_cedar_expr_write(buffer, operand);
	kp_buffer_add_char(buffer, ')');
}

static void
write_variable(struct kp_buffer *buffer, enum kp_cedar_var var)
{
	static const char *const names[] = {"principal", "action", "resource", "context"};
	kp_buffer_add(buffer, names[var], strlen(names[var]));
}

void
kp_cedar_pattern_write(struct kp_buffer *buffer, const struct kp_cedar_pattern *pattern)
{
	kp_buffer_add_char(buffer, '"');
	for (size_t i = 0; i < pattern->count; i++) {
		if (i > 0) {
			kp_buffer_add_char(buffer, '*');
		}
		kp_cedar_text_escape(buffer, pattern->parts[i], true);
	}
	kp_buffer_add_char(buffer, '"');
}

void
kp_cedar_expr_write(struct kp_buffer *buffer, const struct kp_cedar_expr *expr)
{
	switch (expr->op) {
	case KP_CEDAR_OP_LITERAL:
		kp_cedar_value_write(buffer, &expr->literal);
		return;
	case KP_CEDAR_OP_VAR:
		write_variable(buffer, expr->var);
		return;
	case KP_CEDAR_OP_NOT:
	case KP_CEDAR_OP_NEG:
		write_unary(buffer, expr);
		return;
	case KP_CEDAR_OP_AND:
	case KP_CEDAR_OP_OR:
	case KP_CEDAR_OP_EQ:
	case KP_CEDAR_OP_NE:
	case KP_CEDAR_OP_LT:
	case KP_CEDAR_OP_LE:
	case KP_CEDAR_OP_GT:
	case KP_CEDAR_OP_GE:
	case KP_CEDAR_OP_IN:
	case KP_CEDAR_OP_ADD:
	case KP_CEDAR_OP_SUB:
	case KP_CEDAR_OP_MUL:
		write_binary(buffer, expr);
		return;
	case KP_CEDAR_OP_CONTAINS:
	case KP_CEDAR_OP_CONTAINS_ALL:
	case KP_CEDAR_OP_CONTAINS_ANY:
	case KP_CEDAR_OP_GET_TAG:
	case KP_CEDAR_OP_HAS_TAG:
	case KP_CEDAR_OP_IS_EMPTY:
		write_method(buffer, expr);
		return;
	case KP_CEDAR_OP_GET:
		write_get(buffer, expr);
		return;
	case KP_CEDAR_OP_HAS:
		write_has(buffer, expr);
		return;
	case KP_CEDAR_OP_LIKE:
		write_operand(buffer, expr->left, ADD);
		KP_BUFFER_ADD(buffer, " like ");
		kp_cedar_pattern_write(buffer, expr->pattern);
		return;
	case KP_CEDAR_OP_IS:
		write_is(buffer, expr);
		return;
	case KP_CEDAR_OP_IF:
		write_if(buffer, expr);
		return;
	case KP_CEDAR_OP_SET:
		kp_buffer_add_char(buffer, '[');
		write_items(buffer, expr, 0);
		kp_buffer_add_char(buffer, ']');
		return;
	case KP_CEDAR_OP_RECORD:
		write_record(buffer, expr);
		return;
	case KP_CEDAR_OP_CALL:
		write_call(buffer, expr);
		return;
	}
	KP_UNREACHABLE();
}

static void
write_scope_target(
	struct kp_buffer *buffer, const struct kp_cedar_scope *scope, const char *name)
{
	if (scope->slot) {
		kp_buffer_printf(buffer, "?%s", name);
	} else {
		kp_cedar_uid_write(buffer, scope->uid);
	}
}

static void
write_scope(
	struct kp_buffer *buffer, const struct kp_cedar_scope *scope, const char *name)
{
	kp_buffer_add(buffer, name, strlen(name));
	if (scope->op == KP_CEDAR_SCOPE_IS || scope->op == KP_CEDAR_SCOPE_IS_IN) {
		KP_BUFFER_ADD(buffer, " is ");
		kp_buffer_add_slice(buffer, scope->type->text);
	}
	if (scope->op == KP_CEDAR_SCOPE_EQ) {
		KP_BUFFER_ADD(buffer, " == ");
		write_scope_target(buffer, scope, name);
	} else if (scope->op == KP_CEDAR_SCOPE_IN || scope->op == KP_CEDAR_SCOPE_IS_IN) {
		KP_BUFFER_ADD(buffer, " in ");
		write_scope_target(buffer, scope, name);
	} else if (scope->op == KP_CEDAR_SCOPE_IN_SET) {
		KP_BUFFER_ADD(buffer, " in [");
		for (size_t i = 0; i < scope->uid_count; i++) {
			if (i > 0) {
				KP_BUFFER_ADD(buffer, ", ");
			}
			kp_cedar_uid_write(buffer, scope->uids[i]);
		}
		kp_buffer_add_char(buffer, ']');
	}
}

void
kp_cedar_policy_write(struct kp_buffer *buffer, const struct kp_cedar_policy *policy)
{
	for (size_t i = 0; i < policy->annotation_count; i++) {
		const struct kp_cedar_annotation *annotation = &policy->annotations[i];
		kp_buffer_add_char(buffer, '@');
		kp_buffer_add_slice(buffer, annotation->name->text);
		if (annotation->has_value) {
			kp_buffer_add_char(buffer, '(');
			kp_cedar_string_write(buffer, annotation->value);
			kp_buffer_add_char(buffer, ')');
		}
		kp_buffer_add_char(buffer, ' ');
	}
	kp_buffer_printf(
		buffer, "%s(", policy->effect == KP_CEDAR_PERMIT ? "permit" : "forbid");
	write_scope(buffer, &policy->principal, "principal");
	KP_BUFFER_ADD(buffer, ", ");
	write_scope(buffer, &policy->action, "action");
	KP_BUFFER_ADD(buffer, ", ");
	write_scope(buffer, &policy->resource, "resource");
	kp_buffer_add_char(buffer, ')');
	for (size_t i = 0; i < policy->condition_count; i++) {
		kp_buffer_printf(buffer, " %s { ",
			policy->conditions[i].unless ? "unless" : "when");
		kp_cedar_expr_write(buffer, policy->conditions[i].expr);
		KP_BUFFER_ADD(buffer, " }");
	}
	kp_buffer_add_char(buffer, ';');
}
