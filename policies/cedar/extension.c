/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* extension: the texts that decimal, datetime and duration take, and the constructors as
 * one. */
#include "value.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)
#define SECOND_MS INT64_C(1000)

/* Digits at text[*at], as a negative number so that the least integer fits; moves behind
 * them. */
static bool
parse_negated(struct kp_slice text, size_t *at, int64_t *ret_number)
{
	int64_t number = 0;
	size_t start = *at;
	for (; *at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9';
		(*at)++) {
		int64_t digit = text.data[*at] - '0';
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_sub_overflow(number, digit, &number)) {
			return false;
		}
	}
	*ret_number = number;
	return *at > start;
}

/* Takes one "-" at text[*at]. */
static bool
parse_minus(struct kp_slice text, size_t *at)
{
	if (*at < text.len && text.data[*at] == '-') {
		(*at)++;
		return true;
	}
	return false;
}

/* -number unless it was written with a minus. */
static bool
apply_sign(int64_t negated, bool minus, int64_t *ret_number)
{
	int64_t number = negated;
	if (!minus && __builtin_sub_overflow(0, negated, &number)) {
		return false;
	}
	*ret_number = number;
	return true;
}

bool
kp_cedar_decimal_parse(struct kp_slice text, int64_t *ret_decimal)
{
	size_t at = 0;
	bool minus = parse_minus(text, &at);
	int64_t whole;
	int64_t fraction;
	if (!parse_negated(text, &at, &whole) || at >= text.len || text.data[at] != '.') {
		return false;
	}
	at++;
	size_t digits = text.len - at;
	if (digits > 4 || !parse_negated(text, &at, &fraction) || at != text.len) {
		return false;
	}
	for (; digits < 4; digits++) {
		fraction *= 10;
	}
	int64_t number;
	return !__builtin_mul_overflow(whole, 10000, &number) &&
		!__builtin_add_overflow(number, fraction, &number) &&
		apply_sign(number, minus, ret_decimal);
}

/* Exactly `digits` digits at text[*at]. */
static bool
parse_fixed(struct kp_slice text, size_t *at, size_t digits, int *ret_number)
{
	int number = 0;
	if (text.len - *at < digits) {
		return false;
	}
	for (size_t i = 0; i < digits; i++) {
		char byte = text.data[(*at)++];
		if (byte < '0' || byte > '9') {
			return false;
		}
		number = number * 10 + (byte - '0');
	}
	*ret_number = number;
	return true;
}

static bool
parse_byte(struct kp_slice text, size_t *at, char byte)
{
	if (*at < text.len && text.data[*at] == byte) {
		(*at)++;
		return true;
	}
	return false;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar. */
static int64_t
days_from_civil(int year, int month, int day)
{
	/* Years begin in March, so that the leap day is the last; eras have 400 years. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t month_from_march = (month + 9) % 12;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
	int64_t day_of_era =
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

static bool
parse_date(struct kp_slice text, size_t *at, int64_t *ret_ms)
{
	int year;
	int month;
	int day;
	if (!parse_fixed(text, at, 4, &year) || !parse_byte(text, at, '-') ||
		!parse_fixed(text, at, 2, &month) || !parse_byte(text, at, '-') ||
		!parse_fixed(text, at, 2, &day)) {
		return false;
	}
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
		return false;
	}
	*ret_ms = days_from_civil(year, month, day) * DAY_MS;
	return true;
}

/* hh:mm:ss[.SSS] */
static bool
parse_time(struct kp_slice text, size_t *at, int64_t *ret_ms)
{
	int hour;
	int minute;
	int second;
	int milli = 0;
	if (!parse_fixed(text, at, 2, &hour) || !parse_byte(text, at, ':') ||
		!parse_fixed(text, at, 2, &minute) || !parse_byte(text, at, ':') ||
		!parse_fixed(text, at, 2, &second)) {
		return false;
	}
	if (parse_byte(text, at, '.') && !parse_fixed(text, at, 3, &milli)) {
		return false;
	}
	if (hour > 23 || minute > 59 || second > 59) {
		return false;
	}
	*ret_ms = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + milli;
	return true;
}

/* Z or a sign and hhmm. */
static bool
parse_zone(struct kp_slice text, size_t *at, int64_t *ret_ms)
{
	int hour;
	int minute;
	*ret_ms = 0;
	if (parse_byte(text, at, 'Z')) {
		return true;
	}
	bool minus = parse_byte(text, at, '-');
	if (!minus && !parse_byte(text, at, '+')) {
		return false;
	}
	if (!parse_fixed(text, at, 2, &hour) || !parse_fixed(text, at, 2, &minute) ||
		hour > 23 || minute > 59) {
		return false;
	}
	*ret_ms = hour * HOUR_MS + minute * MINUTE_MS;
	*ret_ms = minus ? -*ret_ms : *ret_ms;
	return true;
}

bool
kp_cedar_datetime_parse(struct kp_slice text, int64_t *ret_ms)
{
	size_t at = 0;
	int64_t date;
	int64_t time;
	int64_t zone;
	if (!parse_date(text, &at, &date)) {
		return false;
	}
	if (at == text.len) {
		*ret_ms = date;
		return true;
	}
	if (!parse_byte(text, &at, 'T') || !parse_time(text, &at, &time) ||
		!parse_zone(text, &at, &zone) || at != text.len) {
		return false;
	}
	*ret_ms = date + time - zone;
	return true;
}

static const struct {
	const char *text;
	int64_t ms;
} units[] = {
	{"d", DAY_MS},
	{"h", HOUR_MS},
	{"m", MINUTE_MS},
	{"s", SECOND_MS},
	{"ms", 1},
};

/* Index of the unit at text[*at]; letters run to the next digit. KP_ARRAY_LEN(units) for
 * none. */
static size_t
parse_unit(struct kp_slice text, size_t *at)
{
	size_t len = 0;
	while (*at + len < text.len &&
		(text.data[*at + len] < '0' || text.data[*at + len] > '9')) {
		len++;
	}
	struct kp_slice word = {text.data + *at, len};
	*at += len;
	for (size_t i = 0; i < KP_ARRAY_LEN(units); i++) {
		if (kp_slice_is(word, units[i].text)) {
			return i;
		}
	}
	return KP_ARRAY_LEN(units);
}

bool
kp_cedar_duration_parse(struct kp_slice text, int64_t *ret_ms)
{
	size_t at = 0;
	bool minus = parse_minus(text, &at);
	int64_t total = 0;
	size_t next_unit = 0;
	if (at == text.len) {
		return false;
	}
	while (at < text.len) {
		int64_t number;
		if (!parse_negated(text, &at, &number)) {
			return false;
		}
		size_t unit = parse_unit(text, &at);
		if (unit == KP_ARRAY_LEN(units) || unit < next_unit ||
			__builtin_mul_overflow(number, units[unit].ms, &number) ||
			__builtin_add_overflow(total, number, &total)) {
			return false;
		}
		next_unit = unit + 1;
	}
	return apply_sign(total, minus, ret_ms);
}

enum kp_status
kp_cedar_construct(struct kp_arena *arena, enum kp_cedar_kind kind, struct kp_slice text,
	struct kp_cedar_value *ret_value, bool *ret_valid)
{
	struct kp_cedar_value value = {.kind = kind};
	if (kind == KP_CEDAR_IPADDR) {
		struct kp_cedar_ip ip;
		*ret_valid = kp_cedar_ip_parse(text, &ip);
		if (!*ret_valid) {
			return KP_OK;
		}
		struct kp_cedar_ip *kept = KP_ARENA_NEW(arena, struct kp_cedar_ip);
		if (kept == NULL) {
			return KP_E_MEMORY;
		}
		*kept = ip;
		value.ip = kept;
	} else if (kind == KP_CEDAR_DECIMAL) {
		*ret_valid = kp_cedar_decimal_parse(text, &value.integer);
	} else if (kind == KP_CEDAR_DATETIME) {
		*ret_valid = kp_cedar_datetime_parse(text, &value.integer);
	} else {
		*ret_valid = kp_cedar_duration_parse(text, &value.integer);
	}
	if (*ret_valid) {
		*ret_value = value;
	}
	return KP_OK;
}
