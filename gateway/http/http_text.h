/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_text: which bytes may stand where (RFC 9110, section 5; RFC 3986). Part of
 * http_parse. */
#ifndef KP_HTTP_HTTP_TEXT_H
#define KP_HTTP_HTTP_TEXT_H

#include <stdbool.h>

#include "core/slice.h"

static inline bool
kp_http_is_digit(unsigned char byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool
kp_http_is_alpha(unsigned char byte)
{
	unsigned char lower = byte | 0x20;
	return lower >= 'a' && lower <= 'z';
}

extern const bool kp_http_tchars[256];

/* tchar of RFC 9110, section 5.6.2. */
static inline bool
kp_http_is_tchar(unsigned char byte)
{
	return kp_http_tchars[byte];
}

/* VCHAR, space, tab or obs-text. */
static inline bool
kp_http_is_value_byte(unsigned char byte)
{
	return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

/* pchar / "/" (and "?" in a query) of RFC 3986, with whole percent escapes. */
bool kp_http_path_valid(struct kp_slice text, bool is_query);

/* Part of `text` from `at` on. */
static inline struct kp_slice
kp_http_rest(struct kp_slice text, size_t at)
{
	return (struct kp_slice){text.data + at, text.len - at};
}

#endif
