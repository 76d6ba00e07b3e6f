/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* dots: see dots.h. */
#include "connectors/dots.h"

#include <string.h>
#include <strings.h>

/* The byte at `*at`, which moves behind it; decoded when it is one that matters here. */
static char
take_byte(struct kp_slice text, size_t *at)
{
	static const struct {
		char code[4];
		char byte;
	} codes[] = {{"%2e", '.'}, {"%2f", '/'}, {"%5c", '\\'}};
	bool coded = text.data[*at] == '%' && text.len - *at >= 3;
	for (size_t i = 0; i < KP_ARRAY_LEN(codes) && coded; i++) {
		if (strncasecmp(text.data + *at, codes[i].code, 3) == 0) {
			*at += 3;
			return codes[i].byte;
		}
	}
	return text.data[(*at)++];
}

bool
kp_dots_found(struct kp_slice target)
{
	size_t at = 0;
	unsigned dots = 0; /* of the segment so far; 3: it is no dot segment */
	while (at < target.len && target.data[at] != '?') {
		char byte = take_byte(target, &at);
		if (byte == '.') {
			dots += dots < 3 ? 1 : 0;
		} else if ((dots == 1 || dots == 2) && memchr("/\\;", byte, 3) != NULL) {
			return true;
		} else {
			dots = byte == '/' || byte == '\\' ? 0 : 3;
		}
	}
	return dots == 1 || dots == 2;
}
