/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* functions: the extension functions and methods of Cedar, as data. */
#include "ast.h"

#define DEC KP_CEDAR_DECIMAL
#define IPA KP_CEDAR_IPADDR
#define DAT KP_CEDAR_DATETIME
#define DUR KP_CEDAR_DURATION
#define STR KP_CEDAR_STRING
#define BOO KP_CEDAR_BOOL
#define LON KP_CEDAR_LONG

static const struct kp_cedar_fn_info functions[KP_CEDAR_FN_COUNT] = {
	[KP_CEDAR_FN_DECIMAL] = {"decimal", false, 1, {STR}, DEC},
	[KP_CEDAR_FN_IP] = {"ip", false, 1, {STR}, IPA},
	[KP_CEDAR_FN_DATETIME] = {"datetime", false, 1, {STR}, DAT},
	[KP_CEDAR_FN_DURATION] = {"duration", false, 1, {STR}, DUR},
	[KP_CEDAR_FN_LESS_THAN] = {"lessThan", true, 2, {DEC, DEC}, BOO},
	[KP_CEDAR_FN_LESS_THAN_OR_EQUAL] = {"lessThanOrEqual", true, 2, {DEC, DEC}, BOO},
	[KP_CEDAR_FN_GREATER_THAN] = {"greaterThan", true, 2, {DEC, DEC}, BOO},
	[KP_CEDAR_FN_GREATER_THAN_OR_EQUAL] = {"greaterThanOrEqual", true, 2, {DEC, DEC},
		BOO},
	[KP_CEDAR_FN_IS_IPV4] = {"isIpv4", true, 1, {IPA}, BOO},
	[KP_CEDAR_FN_IS_IPV6] = {"isIpv6", true, 1, {IPA}, BOO},
	[KP_CEDAR_FN_IS_LOOPBACK] = {"isLoopback", true, 1, {IPA}, BOO},
	[KP_CEDAR_FN_IS_MULTICAST] = {"isMulticast", true, 1, {IPA}, BOO},
	[KP_CEDAR_FN_IS_IN_RANGE] = {"isInRange", true, 2, {IPA, IPA}, BOO},
	[KP_CEDAR_FN_OFFSET] = {"offset", true, 2, {DAT, DUR}, DAT},
	[KP_CEDAR_FN_DURATION_SINCE] = {"durationSince", true, 2, {DAT, DAT}, DUR},
	[KP_CEDAR_FN_TO_DATE] = {"toDate", true, 1, {DAT}, DAT},
	[KP_CEDAR_FN_TO_TIME] = {"toTime", true, 1, {DAT}, DUR},
	[KP_CEDAR_FN_TO_MILLISECONDS] = {"toMilliseconds", true, 1, {DUR}, LON},
	[KP_CEDAR_FN_TO_SECONDS] = {"toSeconds", true, 1, {DUR}, LON},
	[KP_CEDAR_FN_TO_MINUTES] = {"toMinutes", true, 1, {DUR}, LON},
	[KP_CEDAR_FN_TO_HOURS] = {"toHours", true, 1, {DUR}, LON},
	[KP_CEDAR_FN_TO_DAYS] = {"toDays", true, 1, {DUR}, LON},
};

const struct kp_cedar_fn_info *
kp_cedar_fn_info(enum kp_cedar_fn fn)
{
	return &functions[fn];
}

bool
kp_cedar_fn_find(struct kp_slice name, enum kp_cedar_fn *ret_fn)
{
	for (size_t i = 0; i < KP_CEDAR_FN_COUNT; i++) {
		if (kp_slice_is(name, functions[i].name)) {
			*ret_fn = (enum kp_cedar_fn)i;
			return true;
		}
	}
	return false;
}
