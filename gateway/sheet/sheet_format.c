/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* sheet_format: see sheet_format.h. */
#include "sheet/sheet_format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/json_read.h"

/* Digits that every binary64 number keeps; a spreadsheet shows no more. */
#define SURE_DIGITS 15u
#define NUMBER_BYTES_MAX ((size_t)40)
#define DAY_SECONDS 86400
#define DAYS_MAX 2958465 /* 31 December 9999, from 1900 */
#define DAYS_1904 1462
#define FALSE_LEAP_DAY 60

/* Number formats. */

struct kp_sheet_format
kp_sheet_format_known(uint32_t id)
{
	enum kp_sheet_kind kind = KP_SHEET_NUMBER;
	if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 ||
		(id >= 50 && id <= 54) || id == 57 || id == 58) {
		kind = KP_SHEET_DATE;
	} else if (id == 22) {
		kind = KP_SHEET_DATE_TIME;
	} else if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id == 45 ||
		id == 47) {
		kind = KP_SHEET_TIME;
	}
	return (struct kp_sheet_format){.kind = (uint8_t)kind};
}

/* How many bytes at `at` are no code: text in quotes or behind a sign, a colour or a
 * language in brackets. 0: it is one. */
static size_t
literal_len(const char *at, size_t len)
{
	if (*at == '\\' || *at == '_' || *at == '*') {
		return len > 1 ? 2 : 1;
	}
	char closing = *at == '"' ? '"' : *at == '[' ? ']' : '\0';
	if (closing == '\0') {
		return 0;
	}
	const char *end = memchr(at + 1, closing, len - 1);
	return end == NULL ? len : (size_t)(end - at) + 1;
}

/* [h], [mm]: a time that goes past 24 hours is a number of days. */
static bool
is_elapsed(const char *at, size_t len)
{
	return len > 2 && *at == '[' && strspn(at + 1, "hHmMsS") == len - 2;
}

struct kp_sheet_format
kp_sheet_format_parse(struct kp_slice code)
{
	struct kp_sheet_format format = {.kind = KP_SHEET_NUMBER};
	bool date = false;
	bool time = false;
	bool month = false;
	size_t zeros = 0;
	for (size_t at = 0; at < code.len && code.data[at] != ';';) {
		size_t skip = literal_len(code.data + at, code.len - at);
		if (is_elapsed(code.data + at, skip)) {
			return format;
		}
		if (skip > 0) {
			at += skip;
			continue;
		}
		char byte = (char)tolower((unsigned char)code.data[at++]);
		date = date || byte == 'y' || byte == 'd';
		time = time || byte == 'h' || byte == 's';
		month = month || byte == 'm';
		zeros += byte == '0' ? 1 : 0;
	}
	/* A lone m is a month, unless there are hours or seconds. */
	date = date || (month && !time);
	if (date || time) {
		format.kind = (uint8_t)(date && time ? KP_SHEET_DATE_TIME
				: date               ? KP_SHEET_DATE
						     : KP_SHEET_TIME);
	} else if (zeros > 1 && zeros == code.len && zeros <= SURE_DIGITS) {
		format.kind = KP_SHEET_PADDED;
		format.digits = (uint8_t)zeros;
	}
	return format;
}

/* Numbers. */

static size_t
significant_digits(struct kp_slice number)
{
	size_t digits = 0;
	for (size_t i = 0;
		i < number.len && number.data[i] != 'e' && number.data[i] != 'E'; i++) {
		bool digit = number.data[i] >= '0' && number.data[i] <= '9';
		digits += digit && (digits > 0 || number.data[i] != '0') ? 1 : 0;
	}
	return digits;
}

/* The shortest text that is the same binary64 number: programs write 1.1 as
 * 1.1000000000000001. */
static void
shorten(char *text, size_t size)
{
	double value = strtod(text, NULL);
	for (int digits = (int)SURE_DIGITS; digits < 17; digits++) {
		char shorter[NUMBER_BYTES_MAX];
		(void)snprintf(shorter, sizeof(shorter), "%.*g", digits, value);
		if (strtod(shorter, NULL) == value) {
			(void)snprintf(text, size, "%s", shorter);
			return;
		}
	}
}

/* Without an exponent: 1.5E+3 is 1500. False when that gets too long. */
static bool
expand(const char *text, char *out, size_t size)
{
	const char *mark = strpbrk(text, "eE");
	long exponent = mark == NULL ? 0 : strtol(mark + 1, NULL, 10);
	size_t len = mark == NULL ? strlen(text) : (size_t)(mark - text);
	size_t at = 0;
	if (mark == NULL) {
		return (size_t)snprintf(out, size, "%s", text) < size;
	}
	if (exponent < -(long)NUMBER_BYTES_MAX || exponent > (long)NUMBER_BYTES_MAX) {
		return false;
	}
	char digits[NUMBER_BYTES_MAX + 1];
	size_t count = 0;
	bool negative = text[0] == '-';
	long point = 0; /* digits before it */
	bool after = false;
	for (size_t i = negative ? 1 : 0; i < len; i++) {
		after = after || text[i] == '.';
		if (text[i] != '.') {
			digits[count++] = text[i];
			point += after ? 0 : 1;
		}
	}
	point += exponent;
	long from = point < 1 ? point - 1 : 0;
	long to = point > (long)count ? point : (long)count;
	if ((size_t)(to - from) + 3 > size) {
		return false;
	}
	if (negative) {
		out[at++] = '-';
	}
	for (long i = from; i < to; i++) {
		if (i == point) {
			out[at++] = '.';
		}
		out[at++] = i >= 0 && i < (long)count ? digits[i] : '0';
	}
	out[at] = '\0';
	return true;
}

/* Without zeros that say nothing: 2.0, as some programs write, is 2, and 0.5E1 is 5. */
static void
drop_zeros(char *plain)
{
	char *digits = plain + (plain[0] == '-' ? 1 : 0);
	size_t len = strlen(digits);
	if (strchr(digits, '.') != NULL) {
		while (digits[len - 1] == '0') {
			len--;
		}
		len -= digits[len - 1] == '.' ? 1 : 0;
	}
	size_t zeros = strspn(digits, "0");
	zeros -= zeros == len || (zeros > 0 && digits[zeros] == '.') ? 1 : 0;
	memmove(digits, digits + zeros, len - zeros);
	digits[len - zeros] = '\0';
}

/* A whole number that a spreadsheet has rounded is another number. */
static bool
is_rounded(const char *text)
{
	return strchr(text, '.') == NULL &&
		significant_digits(kp_slice_from(text)) > SURE_DIGITS;
}

static bool
number_text(struct kp_slice number, unsigned padded, char *out, size_t *ret_len)
{
	char text[NUMBER_BYTES_MAX];
	if (number.len >= sizeof(text)) {
		return false;
	}
	memcpy(text, number.data, number.len);
	text[number.len] = '\0';
	if (significant_digits(number) > SURE_DIGITS) {
		shorten(text, sizeof(text));
	}
	char plain[NUMBER_BYTES_MAX];
	if (!expand(text, plain, sizeof(plain))) {
		return false;
	}
	drop_zeros(plain);
	if (is_rounded(plain)) {
		return false;
	}
	size_t len = strlen(plain);
	size_t zeros =
		strspn(plain, "0123456789") == len && len < padded ? padded - len : 0;
	memset(out, '0', zeros);
	memcpy(out + zeros, plain, len);
	*ret_len = zeros + len;
	return true;
}

/* Days. */

/* Civil date from days since 1 March 0000, by eras of 400 years. */
static void
put_day(char *out, size_t size, int64_t days_from_1970)
{
	int64_t days = days_from_1970 + 719468;
	int64_t era = days / 146097;
	int64_t in_era = days - era * 146097;
	int64_t year_of_era =
		(in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year =
		in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * in_year + 2) / 153;
	int64_t day = in_year - (153 * shifted + 2) / 5 + 1;
	int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
	int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
	(void)snprintf(out, size, "%04d-%02d-%02d", (int)year, (int)month, (int)day);
}

static void
put_time(char *out, size_t size, int64_t seconds)
{
	(void)snprintf(out, size, "%02d:%02d:%02d", (int)(seconds / 3600),
		(int)(seconds / 60 % 60), (int)(seconds % 60));
}

/* Days since 1970 of a day in the workbook's count; false when there is no such day. */
static bool
day_of(int64_t days, bool date_1904, int64_t *ret_day)
{
	if (date_1904) {
		days += DAYS_1904;
	} else if (days <= FALSE_LEAP_DAY) {
		/* 60 is the day that never was in Excel, so that 1 is 1 January 1900; in
		 * LibreOffice 60 is 28 February, and 2 is 1 January. */
		return false;
	}
	*ret_day = days - 25569;
	return days <= DAYS_MAX;
}

static bool
date_text(struct kp_slice number, struct kp_sheet_format format, bool date_1904,
	char *out, size_t *ret_len)
{
	char text[NUMBER_BYTES_MAX];
	char day_text[16] = "";
	char time_text[16] = "";
	if (number.len >= sizeof(text)) {
		return false;
	}
	memcpy(text, number.data, number.len);
	text[number.len] = '\0';
	double serial = strtod(text, NULL);
	if (!(serial >= 0 && serial <= DAYS_MAX + 1)) {
		return false;
	}
	int64_t seconds = (int64_t)(serial * DAY_SECONDS + 0.5);
	int64_t days = seconds / DAY_SECONDS;
	int64_t day = 0;
	bool has_day = format.kind != KP_SHEET_TIME || serial >= 1;
	bool has_time = format.kind == KP_SHEET_TIME ||
		(format.kind == KP_SHEET_DATE_TIME && seconds % DAY_SECONDS != 0);
	if (has_day && !day_of(days, date_1904, &day)) {
		return false;
	}
	if (has_day) {
		put_day(day_text, sizeof(day_text), day);
	}
	if (has_time) {
		put_time(time_text, sizeof(time_text), seconds % DAY_SECONDS);
	}
	*ret_len = (size_t)snprintf(out, KP_SHEET_FORMAT_BYTES, "%s%s%s", day_text,
		has_day && has_time ? "T" : "", time_text);
	return true;
}

bool
kp_sheet_format_text(struct kp_slice number, struct kp_sheet_format format,
	bool date_1904, char out[KP_SHEET_FORMAT_BYTES], size_t *ret_len)
{
	if (!kp_json_number_valid(number)) {
		return false;
	}
	if (format.kind == KP_SHEET_NUMBER || format.kind == KP_SHEET_PADDED) {
		return number_text(number, format.digits, out, ret_len);
	}
	return date_text(number, format, date_1904, out, ret_len);
}
