/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* expr_walk: see expr_walk.h. */
#include "policies/expr_walk.h"

#include "core/hash.h"

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 29);
}

static uint64_t
mix_pointer(uint64_t hash, const void *pointer)
{
	return mix(hash, (uint64_t)(uintptr_t)pointer);
}

static uint64_t
mix_literal(uint64_t hash, const struct kp_cedar_value *value)
{
	hash = mix(hash, value->kind);
	if (value->kind == KP_CEDAR_BOOL) {
		return mix(hash, value->boolean);
	}
	if (value->kind == KP_CEDAR_STRING) {
		return mix(hash, kp_hash(value->string.data, value->string.len));
	}
	if (value->kind == KP_CEDAR_ENTITY) {
		return mix_pointer(hash, value->entity);
	}
	return value->kind == KP_CEDAR_LONG ? mix(hash, (uint64_t)value->integer) : hash;
}

/* What the node itself says besides its operands. Patterns and record names are left to
 * the comparison. */
static uint64_t
mix_node(uint64_t hash, const struct kp_cedar_expr *expr)
{
	hash = mix(hash, expr->op);
	if (expr->op == KP_CEDAR_OP_LITERAL) {
		return mix_literal(hash, &expr->literal);
	}
	if (expr->op == KP_CEDAR_OP_VAR) {
		return mix(hash, expr->var);
	}
	if (expr->op == KP_CEDAR_OP_GET) {
		return mix_pointer(hash, expr->attr);
	}
	if (expr->op == KP_CEDAR_OP_CALL) {
		return mix(hash, expr->fn);
	}
	return expr->op == KP_CEDAR_OP_IS ? mix_pointer(hash, expr->type) : hash;
}

uint64_t
kp_expr_hash(const struct kp_cedar_expr *expr)
{
	uint64_t hash = mix_node(1, expr);
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		hash = mix(hash, kp_expr_hash(child));
	}
	return hash;
}

/* Functions that answer for every argument of the right type. */
static bool
call_safe(enum kp_cedar_fn fn)
{
	switch (fn) {
	case KP_CEDAR_FN_LESS_THAN:
	case KP_CEDAR_FN_LESS_THAN_OR_EQUAL:
	case KP_CEDAR_FN_GREATER_THAN:
	case KP_CEDAR_FN_GREATER_THAN_OR_EQUAL:
	case KP_CEDAR_FN_IS_IPV4:
	case KP_CEDAR_FN_IS_IPV6:
	case KP_CEDAR_FN_IS_LOOPBACK:
	case KP_CEDAR_FN_IS_MULTICAST:
	case KP_CEDAR_FN_IS_IN_RANGE:
	case KP_CEDAR_FN_TO_TIME:
	case KP_CEDAR_FN_TO_MILLISECONDS:
	case KP_CEDAR_FN_TO_SECONDS:
	case KP_CEDAR_FN_TO_MINUTES:
	case KP_CEDAR_FN_TO_HOURS:
	case KP_CEDAR_FN_TO_DAYS:
		return true;
	case KP_CEDAR_FN_DECIMAL:
	case KP_CEDAR_FN_IP:
	case KP_CEDAR_FN_DATETIME:
	case KP_CEDAR_FN_DURATION:
	case KP_CEDAR_FN_OFFSET:
	case KP_CEDAR_FN_DURATION_SINCE:
	case KP_CEDAR_FN_TO_DATE:
	case KP_CEDAR_FN_COUNT:
		return false;
	}
	return false;
}

bool
kp_expr_safe(const struct kp_cedar_expr *expr)
{
	if (expr->constant != NULL) {
		return true;
	}
	if (expr->op == KP_CEDAR_OP_NEG || expr->op == KP_CEDAR_OP_ADD ||
		expr->op == KP_CEDAR_OP_SUB || expr->op == KP_CEDAR_OP_MUL ||
		(expr->op == KP_CEDAR_OP_CALL && !call_safe(expr->fn))) {
		return false;
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		if (!kp_expr_safe(child)) {
			return false;
		}
	}
	return true;
}

bool
kp_expr_reads_principal(const struct kp_cedar_expr *expr)
{
	if (expr->op == KP_CEDAR_OP_VAR) {
		return expr->var == KP_CEDAR_VAR_PRINCIPAL;
	}
	const struct kp_cedar_expr *child;
	for (size_t i = 0; (child = kp_cedar_expr_child(expr, i)) != NULL; i++) {
		if (kp_expr_reads_principal(child)) {
			return true;
		}
	}
	return false;
}
