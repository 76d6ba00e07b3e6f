/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* json_number: the grammar of numbers (RFC 8259, section 6). Part of json_read. */
#ifndef KP_CORE_JSON_NUMBER_H
#define KP_CORE_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

static inline bool
kp_json_is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* May stand in a number, wherever. */
static inline bool
kp_json_is_number_byte(char byte)
{
	return kp_json_is_digit(byte) || byte == '.' || byte == '+' || byte == '-' ||
		byte == 'e' || byte == 'E';
}

static inline const char *
kp_json_skip_digits(const char *at, const char *end)
{
	while (at < end && kp_json_is_digit(*at)) {
		at++;
	}
	return at;
}

/* The end of the number at `at`; NULL when there is none by the grammar (RFC 8259,
 * section 6). */
static inline const char *
kp_json_scan_number(const char *at, const char *end)
{
	if (at < end && *at == '-') {
		at++;
	}
	const char *from = at;
	at = at < end && *at == '0' ? at + 1 : kp_json_skip_digits(at, end);
	if (at == from) {
		return NULL;
	}
	if (at < end && *at == '.') {
		from = at + 1;
		at = kp_json_skip_digits(from, end);
		if (at == from) {
			return NULL;
		}
	}
	if (at < end && (*at | 0x20) == 'e') {
		from = at + 1;
		from += from < end && (*from == '+' || *from == '-');
		at = kp_json_skip_digits(from, end);
		if (at == from) {
			return NULL;
		}
	}
	return at;
}

#endif
