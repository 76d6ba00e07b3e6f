/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* value: see value.h. */
#include "connectors/value.h"

#include <string.h>

#define DIGITS_MAX 9

bool
kp_value_digits(struct kp_slice text, unsigned *ret_number)
{
	if (text.len == 0 || text.len > DIGITS_MAX) {
		return false;
	}
	unsigned number = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
		number = number * 10 + (unsigned)(text.data[i] - '0');
	}
	*ret_number = number;
	return true;
}

static unsigned
days_in_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

static char *
put_digits(char *at, unsigned number, unsigned width)
{
	for (unsigned i = width; i > 0; i--) {
		at[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
	return at + width;
}

enum kp_value_result
kp_value_date_parts(unsigned year, unsigned month, unsigned day,
	char out[KP_VALUE_DATE_BYTES], size_t *ret_len)
{
	if (year == 0) {
		return KP_VALUE_ABSENT;
	}
	if (year > 9999 || month > 12) {
		return KP_VALUE_WRONG;
	}
	/* Without a month the day says nothing, as in 19700025. */
	if (month != 0 && day > days_in_month(year, month)) {
		return KP_VALUE_WRONG;
	}
	char *at = out;
	*at++ = '"';
	at = put_digits(at, year, 4);
	if (month != 0) {
		*at++ = '-';
		at = put_digits(at, month, 2);
		if (day != 0) {
			*at++ = '-';
			at = put_digits(at, day, 2);
		}
	}
	*at++ = '"';
	*ret_len = (size_t)(at - out);
	return KP_VALUE_MADE;
}

/* The order of the parts and what is between them. */
struct pattern {
	char order[3]; /* 'y', 'm', 'd' */
	unsigned char width[3];
	char between; /* 0: nothing */
};

static bool
read_pattern(struct kp_slice text, struct pattern *out)
{
	memset(out, 0, sizeof(*out));
	size_t part = 0;
	size_t at = 0;
	while (at < text.len) {
		char letter = text.data[at];
		size_t start = at;
		while (at < text.len && text.data[at] == letter) {
			at++;
		}
		bool known = letter == 'y' || letter == 'm' || letter == 'd';
		if (!known || part == 3 || at - start > 4) {
			return false;
		}
		out->order[part] = letter;
		out->width[part++] = (unsigned char)(at - start);
		if (at < text.len && memchr("-/.", text.data[at], 3) != NULL) {
			if (part == 3 || (part > 1 && out->between != text.data[at])) {
				return false;
			}
			out->between = text.data[at++];
		} else if (at < text.len && (out->between != 0 || part == 3)) {
			return false;
		}
	}
	return part == 3;
}

static bool
pattern_sensible(const struct pattern *pattern)
{
	unsigned seen = 0;
	for (size_t i = 0; i < 3; i++) {
		char letter = pattern->order[i];
		unsigned width = pattern->width[i];
		unsigned bit = letter == 'y' ? 1U : letter == 'm' ? 2U : 4U;
		/* "d" alone means one digit or two, which needs something between. */
		bool fits = letter == 'y'
			? width == 4
			: width == 2 || (width == 1 && pattern->between != 0);
		if (!fits || (seen & bit) != 0) {
			return false;
		}
		seen |= bit;
	}
	return true;
}

bool
kp_value_date_pattern_known(struct kp_slice pattern)
{
	struct pattern parts;
	return read_pattern(pattern, &parts) && pattern_sensible(&parts);
}

/* Takes the next part of the text. */
static bool
take_part(struct kp_slice *text, const struct pattern *pattern, size_t i, unsigned *ret)
{
	unsigned width = pattern->width[i];
	size_t len = width;
	if (width == 1) {
		len = 0;
		while (len < 2 && len < text->len && text->data[len] >= '0' &&
			text->data[len] <= '9') {
			len++;
		}
	}
	if (text->len < len ||
		!kp_value_digits((struct kp_slice){text->data, len}, ret)) {
		return false;
	}
	text->data += len;
	text->len -= len;
	if (i < 2 && pattern->between != 0) {
		if (text->len == 0 || text->data[0] != pattern->between) {
			return false;
		}
		text->data++;
		text->len--;
	}
	return true;
}

/* Most dates are in one of two. */
static bool
find_pattern(struct kp_slice text, struct pattern *out)
{
	static const struct pattern usual = {.order = "ymd", .width = {4, 2, 2}};
	if (kp_slice_equal(text, KP_SLICE("yyyymmdd"))) {
		*out = usual;
		return true;
	}
	if (kp_slice_equal(text, KP_SLICE("yyyy-mm-dd"))) {
		*out = usual;
		out->between = '-';
		return true;
	}
	return read_pattern(text, out) && pattern_sensible(out);
}

enum kp_value_result
kp_value_date(struct kp_slice pattern, struct kp_slice text,
	char out[KP_VALUE_DATE_BYTES], size_t *ret_len)
{
	struct pattern parts;
	struct kp_slice rest = kp_value_trim(text);
	if (rest.len == 0) {
		return KP_VALUE_ABSENT;
	}
	if (!find_pattern(pattern, &parts)) {
		return KP_VALUE_WRONG;
	}
	unsigned year = 0;
	unsigned month = 0;
	unsigned day = 0;
	for (size_t i = 0; i < 3; i++) {
		unsigned number = 0;
		if (!take_part(&rest, &parts, i, &number)) {
			return KP_VALUE_WRONG;
		}
		if (parts.order[i] == 'y') {
			year = number;
		} else if (parts.order[i] == 'm') {
			month = number;
		} else {
			day = number;
		}
	}
	if (rest.len != 0) {
		return KP_VALUE_WRONG;
	}
	return kp_value_date_parts(year, month, day, out, ret_len);
}

#define NUMBER_DIGITS_MAX 30

/* "0012,50" as whole "12" and fraction "50"; false when it is no number. */
static bool
split_number(struct kp_slice text, struct kp_slice *ret_whole, struct kp_slice *ret_part)
{
	size_t point = 0;
	while (point < text.len && text.data[point] >= '0' && text.data[point] <= '9') {
		point++;
	}
	*ret_whole = (struct kp_slice){text.data, point};
	*ret_part = (struct kp_slice){text.data + point, 0};
	bool whole = point > 0 && text.len <= NUMBER_DIGITS_MAX;
	while (ret_whole->len > 1 && ret_whole->data[0] == '0') {
		ret_whole->data++;
		ret_whole->len--;
	}
	if (point == text.len) {
		return whole;
	}
	*ret_part = (struct kp_slice){text.data + point + 1, text.len - point - 1};
	for (size_t i = 0; i < ret_part->len; i++) {
		whole = whole && ret_part->data[i] >= '0' && ret_part->data[i] <= '9';
	}
	return whole && ret_part->len > 0 &&
		(text.data[point] == '.' || text.data[point] == ',');
}

/* Fits: see NUMBER_DIGITS_MAX. */
static char *
put_slice(char *at, struct kp_slice text)
{
	memcpy(at, text.data, text.len);
	return at + text.len;
}

enum kp_value_result
kp_value_number(struct kp_slice text, bool cents, bool negative,
	char out[KP_VALUE_NUMBER_BYTES], size_t *ret_len)
{
	struct kp_slice whole;
	struct kp_slice part;
	text = kp_value_trim(text);
	if (text.len == 0) {
		return KP_VALUE_ABSENT;
	}
	if (text.data[0] == '-' || text.data[0] == '+') {
		negative = negative != (text.data[0] == '-');
		text.data++;
		text.len--;
	}
	if (!split_number(text, &whole, &part) || (cents && part.len > 0)) {
		return KP_VALUE_WRONG;
	}
	if (cents) {
		struct kp_slice all = whole;
		whole.len = all.len > 2 ? all.len - 2 : 0;
		part = (struct kp_slice){all.data + whole.len, all.len - whole.len};
	}
	char *at = out;
	if (negative) {
		*at++ = '-';
	}
	at = put_slice(at, whole.len == 0 ? KP_SLICE("0") : whole);
	if (part.len > 0) {
		at = put_slice(
			at, cents && part.len == 1 ? KP_SLICE(".0") : KP_SLICE("."));
		at = put_slice(at, part);
	}
	*ret_len = (size_t)(at - out);
	return KP_VALUE_MADE;
}

static bool
is_word(struct kp_slice text, const char *lower)
{
	size_t len = strlen(lower);
	if (text.len != len) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		char byte = text.data[i];
		if (byte >= 'A' && byte <= 'Z') {
			byte = (char)(byte + ('a' - 'A'));
		}
		if (byte != lower[i]) {
			return false;
		}
	}
	return true;
}

enum kp_value_result
kp_value_yes_no(struct kp_slice text, bool *ret_yes)
{
	static const char *const yes[] = {
		"j", "ja", "y", "yes", "1", "true", "waar", "t"};
	static const char *const no[] = {"n", "nee", "no", "0", "false", "onwaar", "f"};
	text = kp_value_trim(text);
	if (text.len == 0) {
		return KP_VALUE_ABSENT;
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(yes); i++) {
		if (is_word(text, yes[i])) {
			*ret_yes = true;
			return KP_VALUE_MADE;
		}
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(no); i++) {
		if (is_word(text, no[i])) {
			*ret_yes = false;
			return KP_VALUE_MADE;
		}
	}
	return KP_VALUE_WRONG;
}

static bool
is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

struct kp_slice
kp_value_trim_ends(struct kp_slice text)
{
	for (;;) {
		if (text.len > 0 && is_space(text.data[0])) {
			text.data++;
			text.len--;
		} else if (text.len > 1 && memcmp(text.data, "\xc2\xa0", 2) == 0) {
			text.data += 2;
			text.len -= 2;
		} else {
			break;
		}
	}
	for (;;) {
		char last = text.len > 0 ? text.data[text.len - 1] : 'x';
		if (is_space(last)) {
			text.len--;
		} else if (text.len > 1 &&
			memcmp(text.data + text.len - 2, "\xc2\xa0", 2) == 0) {
			text.len -= 2;
		} else {
			return text;
		}
	}
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" as "1994-11-06". */
static bool
fixdate_day(struct kp_slice text, char out[KP_VALUE_DAY_LEN])
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	if (text.len != 29 || memcmp(text.data + 25, " GMT", 4) != 0 ||
		memcmp(text.data + 3, ", ", 2) != 0) {
		return false;
	}
	for (unsigned month = 0; month < 12; month++) {
		if (memcmp(months + (size_t)month * 3, text.data + 8, 3) == 0) {
			memcpy(out, text.data + 12, 4);
			out[4] = '-';
			out[5] = (char)('0' + (month + 1) / 10);
			out[6] = (char)('0' + (month + 1) % 10);
			out[7] = '-';
			memcpy(out + 8, text.data + 5, 2);
			return true;
		}
	}
	return false;
}

bool
kp_value_http_day(struct kp_slice text, char out[KP_VALUE_DAY_LEN])
{
	char day[KP_VALUE_DAY_LEN];
	char checked[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	if (text.len >= sizeof(day) && text.data[4] == '-') {
		memcpy(day, text.data, sizeof(day));
	} else if (!fixdate_day(text, day)) {
		return false;
	}
	bool fine =
		kp_value_date(KP_SLICE("yyyy-mm-dd"), (struct kp_slice){day, sizeof(day)},
			checked, &len) == KP_VALUE_MADE &&
		len == sizeof(day) + 2;
	if (fine) {
		memcpy(out, day, sizeof(day));
	}
	return fine;
}
