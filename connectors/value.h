/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * value: the conversions a manifest can ask for between the answer and the dossier. What
 * a manifest does not ask for passes as the source wrote it. Pure; no allocation.
 */
#ifndef KP_CONNECTORS_VALUE_H
#define KP_CONNECTORS_VALUE_H

#include <stdbool.h>

#include "connectors/manifest.h"
#include "core/attr.h"
#include "core/slice.h"

/* Longest result of a conversion: "yyyy-mm-dd" in quotes. */
#define KP_VALUE_DATE_BYTES 12

enum kp_value_result {
	KP_VALUE_MADE,   /* there is a value */
	KP_VALUE_ABSENT, /* the source says it does not know ("00000000", "") */
	KP_VALUE_WRONG,  /* not in the form the manifest promises */
};

/* Is this a pattern a manifest may use: yyyymmdd, yyyy-mm-dd, dd-mm-yyyy or d-m-yyyy,
 * with
 * '-', '/' or '.' between? */
bool kp_value_date_pattern_known(struct kp_slice pattern) KP_MUST_USE;

/*
 * A date in `pattern` as a quoted ISO 8601 text, cut where the source does not know:
 * month or day "00" gives "yyyy-mm" or "yyyy", year "0000" gives KP_VALUE_ABSENT.
 * Impossible dates (31 February) are KP_VALUE_WRONG.
 */
enum kp_value_result kp_value_date(struct kp_slice pattern, struct kp_slice text,
	char out[KP_VALUE_DATE_BYTES], size_t *ret_len) KP_MUST_USE;

/* From parts; month or day 0 is not known. */
enum kp_value_result kp_value_date_parts(unsigned year, unsigned month, unsigned day,
	char out[KP_VALUE_DATE_BYTES], size_t *ret_len) KP_MUST_USE;

/* Longest result of kp_value_number. */
#define KP_VALUE_NUMBER_BYTES ((size_t)40)

/*
 * A decimal number in text as a JSON number (RFC 8259, section 6): white space around it,
 * a plus sign and zeros in front go, a comma becomes the point. `cents`: whole cents
 * become an amount with two decimals. `negative` turns its sign. No exponent, no
 * separators between thousands: those are KP_VALUE_WRONG.
 */
enum kp_value_result kp_value_number(struct kp_slice text, bool cents, bool negative,
	char out[KP_VALUE_NUMBER_BYTES], size_t *ret_len) KP_MUST_USE;

/*
 * The day of an HTTP-date in its preferred form (IMF-fixdate, RFC 9110, section 5.6.7),
 * or of a text that begins with yyyy-mm-dd, as "yyyy-mm-dd" without quotes. False for the
 * rest.
 */
#define KP_VALUE_DAY_LEN ((size_t)10)
bool kp_value_http_day(struct kp_slice text, char out[KP_VALUE_DAY_LEN]) KP_MUST_USE;

/* J, Ja, Y, 1, true, t; N, Nee, 0, false, f; upper or lower case. Empty is absent. */
enum kp_value_result kp_value_yes_no(struct kp_slice text, bool *ret_yes) KP_MUST_USE;

/* Decimal digits only; false when empty, too long or something else. */
bool kp_value_digits(struct kp_slice text, unsigned *ret_number) KP_MUST_USE;

/* What kp_value_trim does when a byte at an end may be white space. */
struct kp_slice kp_value_trim_ends(struct kp_slice text);

/* Drops white space (space, tab, line breaks, no-break space in UTF-8) at both ends. */
static inline struct kp_slice
kp_value_trim(struct kp_slice text)
{
	/* Signed, so bytes from 0x80 on are below a space as well. */
	bool bare = text.len > 0 && (signed char)text.data[0] > ' ' &&
		(signed char)text.data[text.len - 1] > ' ';
	return bare ? text : kp_value_trim_ends(text);
}

#endif
