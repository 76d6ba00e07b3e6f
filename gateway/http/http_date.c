/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_date: see http_date.h. */
#include "http/http_date.h"

#include <time.h>

/* The longest is that of RFC 850 on a Wednesday. */
#define DATE_BYTES_MAX 40

bool
kp_http_date_parse(struct kp_slice text, int64_t *ret_s)
{
	/* The names are English ones: nothing here sets a locale. */
	static const char *const forms[] = {
		"%a, %d %b %Y %H:%M:%S GMT",
		"%A, %d-%b-%y %H:%M:%S GMT",
		"%a %b %d %H:%M:%S %Y",
	};
	char copy[DATE_BYTES_MAX + 1];
	if (text.len == 0 || text.len > DATE_BYTES_MAX) {
		return false;
	}
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	for (size_t i = 0; i < KP_ARRAY_LEN(forms); i++) {
		struct tm parts = {0};
		const char *end = strptime(copy, forms[i], &parts);
		if (end == copy + text.len) {
			*ret_s = (int64_t)timegm(&parts);
			return true;
		}
	}
	return false;
}
