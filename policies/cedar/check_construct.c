/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* check_construct: decimal(), ip(), datetime() and duration() want a literal that is one.
 */
#include "check_room.h"

static bool
constructor_accepts(enum kp_cedar_fn fn, struct kp_slice text)
{
	int64_t integer;
	struct kp_cedar_ip ip;
	if (fn == KP_CEDAR_FN_DECIMAL) {
		return kp_cedar_decimal_parse(text, &integer);
	}
	if (fn == KP_CEDAR_FN_IP) {
		return kp_cedar_ip_parse(text, &ip);
	}
	return fn == KP_CEDAR_FN_DATETIME ? kp_cedar_datetime_parse(text, &integer)
					  : kp_cedar_duration_parse(text, &integer);
}

static const char *
constructor_example(enum kp_cedar_fn fn)
{
	if (fn == KP_CEDAR_FN_DECIMAL) {
		return "\"12.3456\"";
	}
	if (fn == KP_CEDAR_FN_IP) {
		return "\"10.0.0.0/8\"";
	}
	return fn == KP_CEDAR_FN_DATETIME ? "\"2026-01-31T12:00:00Z\"" : "\"1d2h30m\"";
}

const struct kp_cedar_type *
kp_cedar_check_construct(struct kp_cedar_checker *checker,
	const struct kp_cedar_expr *expr, const struct kp_cedar_fn_info *info)
{
	const struct kp_cedar_expr *item = expr->items[0];
	if (item->op != KP_CEDAR_OP_LITERAL || item->literal.kind != KP_CEDAR_STRING) {
		kp_cedar_check_complain(checker, item->pos,
			"%s() wants a literal string such as %s, nothing computed",
			info->name, constructor_example(expr->fn));
		return NULL;
	}
	if (!constructor_accepts(expr->fn, item->literal.string)) {
		kp_cedar_check_complain(checker, item->pos,
			"\"%.*s\" is no %s, expected one such as %s",
			item->literal.string.len > 60 ? 60
						      : (int)item->literal.string.len,
			item->literal.string.data, info->name,
			constructor_example(expr->fn));
		return NULL;
	}
	return kp_cedar_type_of_kind(info->result);
}
