/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * ip: the texts that ip("...") takes: RFC 4291 section 2.2 forms 1 and 2 and dotted
 * quads, with an optional prefix length. Stricter than inet_pton where Cedar is: no
 * embedded version 4, no zones.
 */
#include "value.h"

#include "core/encode.h"

#define TEXT_MAX 43
#define GROUPS 8

/* One to `digits_max` decimal digits without leading zero, at most `limit`. */
static bool
parse_decimal(
	struct kp_slice text, size_t digits_max, unsigned limit, uint8_t *ret_number)
{
	if (text.len == 0 || text.len > digits_max ||
		(text.len > 1 && text.data[0] == '0')) {
		return false;
	}
	unsigned number = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
		number = number * 10 + (unsigned)(text.data[i] - '0');
	}
	*ret_number = (uint8_t)number;
	return number <= limit;
}

static size_t
find_byte(struct kp_slice text, char byte)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == byte) {
			return i;
		}
	}
	return text.len;
}

static bool
parse_version4(struct kp_slice text, uint8_t *address)
{
	for (size_t i = 0; i < 4; i++) {
		size_t len = find_byte(text, '.');
		bool last = len == text.len;
		if (last != (i == 3) ||
			!parse_decimal(
				(struct kp_slice){text.data, len}, 3, 255, &address[i])) {
			return false;
		}
		if (!last) {
			text = (struct kp_slice){text.data + len + 1, text.len - len - 1};
		}
	}
	return true;
}

/* Groups joined by single colons; an empty text has none. False when it is not that. */
static bool
parse_groups(struct kp_slice text, uint16_t groups[GROUPS], size_t *ret_count)
{
	*ret_count = 0;
	while (text.len > 0) {
		unsigned group = 0;
		size_t len = 0;
		while (len < text.len && len < 4 && kp_hex_digit(text.data[len]) >= 0) {
			group = group << 4 | (unsigned)kp_hex_digit(text.data[len]);
			len++;
		}
		if (len == 0 || *ret_count == GROUPS) {
			return false;
		}
		groups[(*ret_count)++] = (uint16_t)group;
		if (len == text.len) {
			return true;
		}
		if (text.data[len] != ':' || len + 1 == text.len) {
			return false;
		}
		text = (struct kp_slice){text.data + len + 1, text.len - len - 1};
	}
	return true;
}

static size_t
find_gap(struct kp_slice text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.data[i] == ':' && text.data[i + 1] == ':') {
			return i;
		}
	}
	return SIZE_MAX;
}

static void
put_groups(uint8_t *address, size_t at, const uint16_t *groups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		address[2 * (at + i)] = (uint8_t)(groups[i] >> 8);
		address[2 * (at + i) + 1] = (uint8_t)groups[i];
	}
}

static bool
parse_version6(struct kp_slice text, uint8_t *address)
{
	uint16_t head[GROUPS];
	uint16_t tail[GROUPS];
	size_t head_count = 0;
	size_t tail_count = 0;
	size_t gap = find_gap(text);
	if (gap == SIZE_MAX) {
		if (!parse_groups(text, head, &head_count) || head_count != GROUPS) {
			return false;
		}
		put_groups(address, 0, head, GROUPS);
		return true;
	}
	struct kp_slice before = {text.data, gap};
	struct kp_slice behind = {text.data + gap + 2, text.len - gap - 2};
	/* The gap stands for at least one group. */
	if (!parse_groups(before, head, &head_count) ||
		!parse_groups(behind, tail, &tail_count) ||
		head_count + tail_count >= GROUPS) {
		return false;
	}
	put_groups(address, 0, head, head_count);
	put_groups(address, GROUPS - tail_count, tail, tail_count);
	return true;
}

bool
kp_cedar_ip_parse(struct kp_slice text, struct kp_cedar_ip *ret_ip)
{
	struct kp_cedar_ip ip = {0};
	if (text.len > TEXT_MAX) {
		return false;
	}
	size_t slash = find_byte(text, '/');
	struct kp_slice address = {text.data, slash};
	ip.version6 = find_byte(address, ':') < slash;
	ip.prefix = ip.version6 ? 128 : 32;
	if (slash < text.len) {
		struct kp_slice prefix = {text.data + slash + 1, text.len - slash - 1};
		if (!parse_decimal(prefix, ip.version6 ? 3 : 2, ip.prefix, &ip.prefix)) {
			return false;
		}
	}
	if (ip.version6 ? !parse_version6(address, ip.address)
			: !parse_version4(address, ip.address)) {
		return false;
	}
	*ret_ip = ip;
	return true;
}
