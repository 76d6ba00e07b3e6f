/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* words: see words.h. */
#include "policies/words.h"

#include "core/oin.h"

static bool
is_lower(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
is_id(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		if (!is_lower(byte) && (i == 0 || (!is_digit(byte) && byte != '-'))) {
			return false;
		}
	}
	return text.len > 0;
}

static bool
is_name(struct kp_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		bool letter = is_lower((char)(byte | 0x20));
		if (i == 0 ? !is_lower(byte) : !letter && !is_digit(byte)) {
			return false;
		}
	}
	return text.len > 0;
}

static bool
is_path(struct kp_slice text)
{
	do {
		if (!is_name(kp_slice_cut(&text, '.'))) {
			return false;
		}
	} while (text.data != NULL);
	return true;
}

/* A text that `check` accepts. */
static bool
get_checked(const struct kp_json_document *document, const struct kp_json_node *object,
	const char *member, enum kp_json_use use, bool (*check)(struct kp_slice),
	const char *rule, struct kp_slice *ret_text)
{
	struct kp_slice text = {0};
	if (!kp_json_get_text(document, object, member, use, &text)) {
		return false;
	}
	const struct kp_json_node *node = kp_json_member(object, member);
	if (text.len > KP_WORD_BYTES_MAX) {
		kp_json_finding(document, node, "%zu bytes is above the limit of %u",
			text.len, KP_WORD_BYTES_MAX);
		return false;
	}
	if (!check(text)) {
		kp_json_finding(
			document, node, "'%.*s' must be %s", KP_SLICE_ARG(text), rule);
		return false;
	}
	*ret_text = text;
	return true;
}

bool
kp_words_get_id(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, struct kp_slice *ret_id)
{
	return get_checked(document, object, member, KP_JSON_REQUIRED, is_id,
		"lower-case letters, digits and '-', starting with a letter", ret_id);
}

bool
kp_words_get_name(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, struct kp_slice *ret_name)
{
	return get_checked(document, object, member, KP_JSON_REQUIRED, is_name,
		"letters and digits, starting with a lower-case letter", ret_name);
}

bool
kp_words_get_path(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, enum kp_json_use use,
	struct kp_slice *ret_path)
{
	return get_checked(document, object, member, use, is_path,
		"names joined by dots, such as 'naam.voornamen'", ret_path);
}

bool
kp_words_get_oin(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, enum kp_json_use use,
	struct kp_slice *ret_oin)
{
	return get_checked(
		document, object, member, use, kp_is_oin, "an OIN of 20 digits", ret_oin);
}

/* `count` digits from `at`; -1 when there is something else. */
static int
read_digits(struct kp_slice text, size_t at, size_t count)
{
	int number = 0;
	for (size_t i = at; i < at + count; i++) {
		if (!is_digit(text.data[i])) {
			return -1;
		}
		number = number * 10 + (text.data[i] - '0');
	}
	return number;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01 of a day in the Gregorian calendar, counted in years that begin
 * in March, so that the leap day is the last. */
static int64_t
days_since_epoch(int year, int month, int day)
{
	int64_t shifted_year = month > 2 ? year : year - 1;
	int64_t shifted_month = month > 2 ? month - 3 : month + 9;
	return 365 * shifted_year + shifted_year / 4 - shifted_year / 100 +
		shifted_year / 400 + (153 * shifted_month + 2) / 5 + day - 1 - 719468;
}

bool
kp_words_parse_date(struct kp_slice text, int64_t *ret_ms)
{
	if (text.len != strlen("2027-06-01") || text.data[4] != '-' ||
		text.data[7] != '-') {
		return false;
	}
	int year = read_digits(text, 0, 4);
	int month = read_digits(text, 5, 2);
	int day = read_digits(text, 8, 2);
	if (year < 1 || month < 1 || month > 12 || day < 1 ||
		day > days_in_month(year, month)) {
		return false;
	}
	*ret_ms = days_since_epoch(year, month, day) * 86400000;
	return true;
}

static bool
is_date(struct kp_slice text)
{
	int64_t ms;
	return kp_words_parse_date(text, &ms);
}

bool
kp_words_get_date(const struct kp_json_document *document,
	const struct kp_json_node *object, const char *member, enum kp_json_use use,
	int64_t *ret_ms)
{
	struct kp_slice text = {0};
	return get_checked(document, object, member, use, is_date,
		       "a day such as '2027-06-01'", &text) &&
		kp_words_parse_date(text, ret_ms);
}

void
kp_words_report_unknown(const struct kp_json_document *document,
	const struct kp_json_node *node, const char *what, struct kp_slice name,
	struct kp_slice near)
{
	if (near.len > 0) {
		kp_json_finding(document, node, "unknown %s '%.*s'; meant is '%.*s'?",
			what, KP_SLICE_ARG(name), KP_SLICE_ARG(near));
	} else {
		kp_json_finding(
			document, node, "unknown %s '%.*s'", what, KP_SLICE_ARG(name));
	}
}
