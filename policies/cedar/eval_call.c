/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* eval_call: extension functions on values. Arity and kinds come from the table in
 * functions.c. */
#include "evaluator.h"

#define DAY_MS INT64_C(86400000)

/* ---- ipaddr ---- */

static unsigned
address_bits(const struct kp_cedar_ip *ip)
{
	return ip->version6 ? 128 : 32;
}

/* First (or, with `ones`, last) address of the range. */
static void
range_end(const struct kp_cedar_ip *ip, bool ones, uint8_t out[16])
{
	unsigned bytes = address_bits(ip) / 8;
	memset(out, 0, 16);
	for (unsigned i = 0; i < bytes; i++) {
		unsigned kept = ip->prefix >= 8 * (i + 1) ? 8
			: ip->prefix <= 8 * i             ? 0
							  : ip->prefix - 8 * i;
		unsigned host = 0xffU >> kept;
		out[i] = (uint8_t)(ones ? ip->address[i] | host : ip->address[i] & ~host);
	}
}

static bool
in_range(const struct kp_cedar_ip *inner, const struct kp_cedar_ip *outer)
{
	uint8_t inner_end[16];
	uint8_t outer_end[16];
	if (inner->version6 != outer->version6) {
		return false;
	}
	range_end(inner, false, inner_end);
	range_end(outer, false, outer_end);
	if (memcmp(inner_end, outer_end, 16) < 0) {
		return false;
	}
	range_end(inner, true, inner_end);
	range_end(outer, true, outer_end);
	return memcmp(inner_end, outer_end, 16) <= 0;
}

static bool
is_loopback(const struct kp_cedar_ip *ip)
{
	static const uint8_t loopback6[16] = {[15] = 1};
	if (ip->version6) {
		return ip->prefix == 128 && memcmp(ip->address, loopback6, 16) == 0;
	}
	return ip->prefix >= 8 && ip->address[0] == 127;
}

static bool
is_multicast(const struct kp_cedar_ip *ip)
{
	if (ip->version6) {
		return ip->prefix >= 8 && ip->address[0] == 0xff;
	}
	return ip->prefix >= 4 && (ip->address[0] & 0xf0) == 0xe0;
}

/* ---- datetime and duration ---- */

static struct kp_cedar_value
number(enum kp_cedar_kind kind, int64_t integer)
{
	return (struct kp_cedar_value){.kind = kind, .integer = integer};
}

/* Midnight before (or at) the moment; false when that is before the first moment. */
static bool
to_date(int64_t ms, int64_t *ret_ms)
{
	int64_t rest = ms % DAY_MS;
	return !__builtin_sub_overflow(ms, rest < 0 ? rest + DAY_MS : rest, ret_ms);
}

static int64_t
to_time(int64_t ms)
{
	int64_t rest = ms % DAY_MS;
	return rest < 0 ? rest + DAY_MS : rest;
}

/* ---- the functions ---- */

static enum kp_cedar_failure
construct(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	struct kp_slice text, struct kp_cedar_value *ret_value)
{
	bool valid = false;
	if (kp_cedar_construct(eval->arena, kp_cedar_fn_info(expr->fn)->result, text,
		    ret_value, &valid) != KP_OK) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_MEMORY, expr);
	}
	if (valid) {
		return KP_CEDAR_FAIL_NONE;
	}
	(void)kp_cedar_fail(eval, KP_CEDAR_FAIL_EXTENSION, expr);
	eval->error.name = text;
	return KP_CEDAR_FAIL_EXTENSION;
}

static enum kp_cedar_failure
check_args(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	const struct kp_cedar_value *args)
{
	const struct kp_cedar_fn_info *info = kp_cedar_fn_info(expr->fn);
	if (expr->count != info->arg_count) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_ARITY, expr);
	}
	for (size_t i = 0; i < expr->count; i++) {
		if (args[i].kind != info->args[i]) {
			return kp_cedar_fail_type(
				eval, expr->items[i], args[i].kind, 1U << info->args[i]);
		}
	}
	return KP_CEDAR_FAIL_NONE;
}

/* Datetime arithmetic that may leave the range. */
static enum kp_cedar_failure
datetime_call(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	const struct kp_cedar_value *args, struct kp_cedar_value *ret_value)
{
	int64_t result = 0;
	bool fits;
	if (expr->fn == KP_CEDAR_FN_OFFSET) {
		fits = !__builtin_add_overflow(args[0].integer, args[1].integer, &result);
	} else if (expr->fn == KP_CEDAR_FN_DURATION_SINCE) {
		fits = !__builtin_sub_overflow(args[0].integer, args[1].integer, &result);
	} else {
		fits = to_date(args[0].integer, &result);
	}
	if (!fits) {
		return kp_cedar_fail(eval, KP_CEDAR_FAIL_EXTENSION, expr);
	}
	*ret_value = number(kp_cedar_fn_info(expr->fn)->result, result);
	return KP_CEDAR_FAIL_NONE;
}

enum kp_cedar_failure
kp_cedar_eval_call(struct kp_cedar_eval *eval, const struct kp_cedar_expr *expr,
	const struct kp_cedar_value *args, struct kp_cedar_value *ret_value)
{
	enum kp_cedar_failure failure = check_args(eval, expr, args);
	if (failure != KP_CEDAR_FAIL_NONE) {
		return failure;
	}
	switch (expr->fn) {
	case KP_CEDAR_FN_DECIMAL:
	case KP_CEDAR_FN_IP:
	case KP_CEDAR_FN_DATETIME:
	case KP_CEDAR_FN_DURATION:
		return construct(eval, expr, args[0].string, ret_value);
	case KP_CEDAR_FN_LESS_THAN:
		*ret_value = kp_cedar_bool(args[0].integer < args[1].integer);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_LESS_THAN_OR_EQUAL:
		*ret_value = kp_cedar_bool(args[0].integer <= args[1].integer);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_GREATER_THAN:
		*ret_value = kp_cedar_bool(args[0].integer > args[1].integer);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_GREATER_THAN_OR_EQUAL:
		*ret_value = kp_cedar_bool(args[0].integer >= args[1].integer);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_IS_IPV4:
		*ret_value = kp_cedar_bool(!args[0].ip->version6);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_IS_IPV6:
		*ret_value = kp_cedar_bool(args[0].ip->version6);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_IS_LOOPBACK:
		*ret_value = kp_cedar_bool(is_loopback(args[0].ip));
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_IS_MULTICAST:
		*ret_value = kp_cedar_bool(is_multicast(args[0].ip));
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_IS_IN_RANGE:
		*ret_value = kp_cedar_bool(in_range(args[0].ip, args[1].ip));
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_OFFSET:
	case KP_CEDAR_FN_DURATION_SINCE:
	case KP_CEDAR_FN_TO_DATE:
		return datetime_call(eval, expr, args, ret_value);
	case KP_CEDAR_FN_TO_TIME:
		*ret_value = number(KP_CEDAR_DURATION, to_time(args[0].integer));
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_TO_MILLISECONDS:
		*ret_value = kp_cedar_long(args[0].integer);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_TO_SECONDS:
		*ret_value = kp_cedar_long(args[0].integer / 1000);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_TO_MINUTES:
		*ret_value = kp_cedar_long(args[0].integer / 60000);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_TO_HOURS:
		*ret_value = kp_cedar_long(args[0].integer / 3600000);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_TO_DAYS:
		*ret_value = kp_cedar_long(args[0].integer / DAY_MS);
		return KP_CEDAR_FAIL_NONE;
	case KP_CEDAR_FN_COUNT:
		break;
	}
	KP_UNREACHABLE();
}
