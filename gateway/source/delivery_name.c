/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_name: see delivery_name.h. */
#include "source/delivery_name.h"

#include "connectors/value.h"

#define DAY_DIGITS 8
#define NUMBER_DIGITS_MAX 9

/* Takes digits off `text`; false when there are fewer than `min`. */
static bool
take_number(struct kp_slice *text, size_t min, size_t max, uint32_t *ret_number)
{
	uint32_t number = 0;
	size_t len = 0;
	while (len < max && len < text->len && text->data[len] >= '0' &&
		text->data[len] <= '9') {
		number = number * 10 + (uint32_t)(text->data[len++] - '0');
	}
	*text = (struct kp_slice){text->data + len, text->len - len};
	*ret_number = number;
	return len >= min;
}

static bool
is_day(uint32_t day)
{
	char text[KP_VALUE_DATE_BYTES];
	size_t len = 0;
	return kp_value_date_parts(day / 10000, day / 100 % 100, day % 100, text, &len) ==
		KP_VALUE_MADE &&
		len == sizeof("\"yyyy-mm-dd\"") - 1;
}

bool
kp_delivery_name_read(
	struct kp_slice pattern, struct kp_slice name, struct kp_delivery_name *ret_name)
{
	static const struct kp_slice day_word = KP_SLICE_INIT("yyyymmdd");
	static const struct kp_slice number_word = KP_SLICE_INIT("{volgnummer}");
	struct kp_delivery_name found = {0};
	while (pattern.len > 0) {
		size_t used = 1;
		if (!found.dated && kp_slice_starts(pattern, day_word)) {
			found.dated =
				take_number(&name, DAY_DIGITS, DAY_DIGITS, &found.day);
			used = day_word.len;
			if (!found.dated || !is_day(found.day)) {
				return false;
			}
		} else if (!found.numbered && kp_slice_starts(pattern, number_word)) {
			found.numbered =
				take_number(&name, 1, NUMBER_DIGITS_MAX, &found.number);
			used = number_word.len;
			if (!found.numbered) {
				return false;
			}
		} else if (name.len > 0 && name.data[0] == pattern.data[0]) {
			name = (struct kp_slice){name.data + 1, name.len - 1};
		} else {
			return false;
		}
		pattern = (struct kp_slice){pattern.data + used, pattern.len - used};
	}
	*ret_name = found;
	return name.len == 0;
}

int
kp_delivery_name_compare(
	const struct kp_delivery_name *a, const struct kp_delivery_name *b)
{
	if (a->numbered && b->numbered) {
		return (a->number > b->number) - (a->number < b->number);
	}
	return (a->day > b->day) - (a->day < b->day);
}
