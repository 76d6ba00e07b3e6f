/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* freshness: see freshness.h. */
#include "source/freshness.h"

#include <strings.h>

bool
kp_freshness_seconds(struct kp_slice text, uint32_t *ret_s)
{
	uint64_t seconds = 0;
	if (text.len == 0) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
		seconds = seconds * 10 + (uint64_t)(text.data[i] - '0');
		seconds = seconds > KP_FRESHNESS_SECONDS_MAX ? KP_FRESHNESS_SECONDS_MAX
							     : seconds;
	}
	*ret_s = (uint32_t)seconds;
	return true;
}

/* Up to the next comma that is not in quotes. */
static struct kp_slice
take_directive(struct kp_slice *field)
{
	bool quoted = false;
	size_t len = 0;
	while (len < field->len && (quoted || field->data[len] != ',')) {
		if (quoted && field->data[len] == '\\' && len + 1 < field->len) {
			len++;
		} else if (field->data[len] == '"') {
			quoted = !quoted;
		}
		len++;
	}
	struct kp_slice directive = {field->data, len};
	size_t past = len < field->len ? len + 1 : len;
	field->data += past;
	field->len -= past;
	return kp_slice_trim(directive);
}

static bool
is_word(struct kp_slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

static void
take_max_age(struct kp_freshness *freshness, uint32_t seconds)
{
	if (!freshness->said || seconds < freshness->max_age_s) {
		freshness->max_age_s = seconds;
	}
	freshness->said = true;
}

void
kp_freshness_take(struct kp_freshness *freshness, struct kp_slice cache_control)
{
	while (cache_control.len > 0) {
		struct kp_slice name = take_directive(&cache_control);
		struct kp_slice value = {0};
		uint32_t seconds = 0;
		const char *equals =
			name.len == 0 ? NULL : memchr(name.data, '=', name.len);
		if (equals != NULL) {
			size_t len = (size_t)(equals - name.data);
			value = (struct kp_slice){equals + 1, name.len - len - 1};
			name.len = len;
		}
		if (value.len > 1 && value.data[0] == '"' &&
			value.data[value.len - 1] == '"') {
			value = (struct kp_slice){value.data + 1, value.len - 2};
		}
		if (is_word(name, "no-cache") || is_word(name, "no-store")) {
			take_max_age(freshness, 0);
		} else if (is_word(name, "max-age") &&
			kp_freshness_seconds(value, &seconds)) {
			take_max_age(freshness, seconds);
		}
	}
}

void
kp_freshness_age(struct kp_freshness *freshness, struct kp_slice age)
{
	uint32_t seconds = 0;
	if (kp_freshness_seconds(kp_slice_trim(age), &seconds) &&
		seconds > freshness->age_s) {
		freshness->age_s = seconds;
	}
}

uint32_t
kp_freshness_s(const struct kp_freshness *freshness, uint32_t otherwise, uint32_t min,
	uint32_t max)
{
	uint32_t left = freshness->max_age_s > freshness->age_s
		? freshness->max_age_s - freshness->age_s
		: 0;
	uint32_t seconds = freshness->said ? left : otherwise;
	seconds = seconds < min ? min : seconds;
	return seconds > max ? max : seconds;
}
