/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * pattern: `like`. There is no wildcard for one character, so bytes match where code
 * points do. Each part is taken at its first place: linear in text times longest part, no
 * backtracking.
 */
#include <string.h>

#include "eval.h"

static bool
ends_with(struct kp_slice text, struct kp_slice tail)
{
	return text.len >= tail.len &&
		(tail.len == 0 ||
			memcmp(text.data + text.len - tail.len, tail.data, tail.len) ==
				0);
}

bool
kp_cedar_pattern_match(const struct kp_cedar_pattern *pattern, struct kp_slice text)
{
	struct kp_slice first = pattern->parts[0];
	struct kp_slice last = pattern->parts[pattern->count - 1];
	if (pattern->count == 1) {
		return kp_slice_equal(first, text);
	}
	if (!kp_slice_starts(text, first)) {
		return false;
	}
	text = (struct kp_slice){text.data + first.len, text.len - first.len};
	if (!ends_with(text, last)) {
		return false;
	}
	text.len -= last.len;
	for (size_t i = 1; i + 1 < pattern->count; i++) {
		struct kp_slice part = pattern->parts[i];
		if (part.len == 0) {
			continue;
		}
		const char *found = text.len < part.len
			? NULL
			: memmem(text.data, text.len, part.data, part.len);
		if (found == NULL) {
			return false;
		}
		size_t used = (size_t)(found - text.data) + part.len;
		text = (struct kp_slice){text.data + used, text.len - used};
	}
	return true;
}
