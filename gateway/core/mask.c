/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* mask: see mask.h. */
#include "core/mask.h"

#define BSN_DIGITS ((size_t)9)

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static bool
is_separator(char byte)
{
	return byte == '.' || byte == ' ' || byte == '-';
}

bool
kp_bsn_valid(struct kp_slice digits)
{
	if (digits.len != BSN_DIGITS) {
		return false;
	}
	int sum = 0;
	int any = 0;
	for (size_t i = 0; i < BSN_DIGITS; i++) {
		if (!is_digit(digits.data[i])) {
			return false;
		}
		int digit = digits.data[i] - '0';
		any |= digit;
		sum += digit * (i == BSN_DIGITS - 1 ? -1 : (int)(BSN_DIGITS - i));
	}
	return any != 0 && sum % 11 == 0;
}

/* The ways people group nine digits: as a whole, 1234.56.789 and 123.456.789. */
static const unsigned char groupings[][3] = {{9, 0, 0}, {4, 2, 3}, {3, 3, 3}};

/* Length of the number at `text` when it is grouped like `groups`, else 0. */
static size_t
match_grouping(
	const char *text, size_t len, const unsigned char *groups, char *ret_digits)
{
	size_t at = 0;
	size_t count = 0;
	for (size_t group = 0; group < 3 && groups[group] != 0; group++) {
		if (group > 0) {
			if (at == len || !is_separator(text[at])) {
				return 0;
			}
			at++;
		}
		for (unsigned i = 0; i < groups[group]; i++, at++) {
			if (at == len || !is_digit(text[at])) {
				return 0;
			}
			ret_digits[count++] = text[at];
		}
	}
	if (at < len && is_digit(text[at])) {
		return 0;
	}
	/* 192.168.100.12 is an address: a dotted number that goes on is none of ours. */
	bool dotted = groups[1] != 0 && at + 1 < len && text[at] == '.';
	return dotted && is_digit(text[at + 1]) ? 0 : at;
}

static size_t
match_bsn(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(groupings) / sizeof(groupings[0]); i++) {
		char digits[BSN_DIGITS];
		size_t matched = match_grouping(text, len, groupings[i], digits);
		if (matched > 0 && kp_bsn_valid((struct kp_slice){digits, BSN_DIGITS})) {
			return matched;
		}
	}
	return 0;
}

static void
mask_digits(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (is_digit(text[i])) {
			text[i] = '*';
		}
	}
}

/* Length of the number that begins at `at`, else 0. */
static size_t
number_at(const char *text, size_t len, size_t at)
{
	bool begins = is_digit(text[at]) && (at == 0 || !is_digit(text[at - 1]));
	return begins ? match_bsn(text + at, len - at) : 0;
}

bool
kp_bsn_within(struct kp_slice text)
{
	for (size_t at = 0; at < text.len; at++) {
		if (number_at(text.data, text.len, at) > 0) {
			return true;
		}
	}
	return false;
}

size_t
kp_mask_bsn(char *text, size_t len)
{
	size_t found = 0;
	for (size_t at = 0; at < len; at++) {
		size_t matched = number_at(text, len, at);
		if (matched > 0) {
			mask_digits(text + at, matched);
			at += matched - 1;
			found++;
		}
	}
	return found;
}
