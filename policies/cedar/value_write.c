/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* value_write: values, uids and strings as Cedar text. See value.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "utf8.h"
#include "value.h"

#define DAY_MS INT64_C(86400000)
/* The days datetime("...") can name: 0000-01-01 to 9999-12-31. */
#define FIRST_DAY INT64_C(-719528)
#define LAST_DAY INT64_C(2932896)

static const char *
short_escape(uint32_t code)
{
	switch (code) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	case 0:
		return "\\0";
	default:
		return NULL;
	}
}

void
kp_cedar_text_escape(struct kp_buffer *buffer, struct kp_slice text, bool pattern)
{
	for (size_t at = 0; at < text.len;) {
		uint32_t code = 0xfffd;
		size_t step = kp_cedar_utf8_next(text, at, &code);
		const char *escape = step == 0 ? "\\u{fffd}" : short_escape(code);
		if (escape != NULL) {
			kp_buffer_add(buffer, escape, strlen(escape));
		} else if (pattern && code == '*') {
			KP_BUFFER_ADD(buffer, "\\*");
		} else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
			kp_buffer_printf(buffer, "\\u{%" PRIx32 "}", code);
		} else {
			kp_buffer_add(buffer, text.data + at, step);
		}
		at += step == 0 ? 1 : step;
	}
}

void
kp_cedar_string_write(struct kp_buffer *buffer, struct kp_slice text)
{
	kp_buffer_add_char(buffer, '"');
	kp_cedar_text_escape(buffer, text, false);
	kp_buffer_add_char(buffer, '"');
}

void
kp_cedar_uid_write(struct kp_buffer *buffer, const struct kp_cedar_uid *uid)
{
	kp_buffer_add_slice(buffer, uid->type->text);
	KP_BUFFER_ADD(buffer, "::");
	kp_cedar_string_write(buffer, uid->id->text);
}

static void
write_decimal(struct kp_buffer *buffer, int64_t decimal)
{
	uint64_t magnitude = decimal < 0 ? 0 - (uint64_t)decimal : (uint64_t)decimal;
	uint64_t fraction = magnitude % 10000;
	int digits = 4;
	while (digits > 1 && fraction % 10 == 0) {
		fraction /= 10;
		digits--;
	}
	kp_buffer_printf(buffer, "decimal(\"%s%" PRIu64 ".%0*" PRIu64 "\")",
		decimal < 0 ? "-" : "", magnitude / 10000, digits, fraction);
}

static void
write_ip(struct kp_buffer *buffer, const struct kp_cedar_ip *ip)
{
	KP_BUFFER_ADD(buffer, "ip(\"");
	const uint8_t *a = ip->address;
	if (ip->version6) {
		for (size_t i = 0; i < 16; i += 2) {
			kp_buffer_printf(buffer, "%s%x", i == 0 ? "" : ":",
				(unsigned)(a[i] << 8 | a[i + 1]));
		}
	} else {
		kp_buffer_printf(buffer, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
	}
	if (ip->prefix != (ip->version6 ? 128 : 32)) {
		kp_buffer_printf(buffer, "/%u", ip->prefix);
	}
	KP_BUFFER_ADD(buffer, "\")");
}

/* Year, month, day of a day number; the reverse of days_from_civil in extension.c. */
static void
write_date(struct kp_buffer *buffer, int64_t days)
{
	int64_t from_era0 = days + 719468;
	int64_t era = (from_era0 >= 0 ? from_era0 : from_era0 - 146096) / 146097;
	int64_t day_of_era = from_era0 - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 -
				      day_of_era / 146096) /
		365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t from_march = (5 * day_of_year + 2) / 153;
	int64_t day = day_of_year - (153 * from_march + 2) / 5 + 1;
	int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
	int64_t year = year_of_era + era * 400 + (month <= 2);
	kp_buffer_printf(
		buffer, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, year, month, day);
}

/* What no text can name is written as an offset from 1970. */
static void
write_datetime(struct kp_buffer *buffer, int64_t ms)
{
	int64_t day = ms / DAY_MS - (ms % DAY_MS < 0);
	int64_t rest = ms - day * DAY_MS;
	if (day < FIRST_DAY || day > LAST_DAY) {
		kp_buffer_printf(buffer,
			"datetime(\"1970-01-01\").offset(duration(\"%" PRId64 "ms\"))",
			ms);
		return;
	}
	KP_BUFFER_ADD(buffer, "datetime(\"");
	write_date(buffer, day);
	if (rest != 0) {
		kp_buffer_printf(buffer,
			"T%02" PRId64 ":%02" PRId64 ":%02" PRId64 ".%03" PRId64 "Z",
			rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
	}
	KP_BUFFER_ADD(buffer, "\")");
}

static int
compare_texts(const void *a, const void *b)
{
	return kp_slice_compare(*(const struct kp_slice *)a, *(const struct kp_slice *)b);
}

/* Elements by their own text, so that the result does not depend on the order of
 * interning. */
static void
write_set(struct kp_buffer *buffer, const struct kp_cedar_set *set)
{
	struct kp_slice *texts =
		KP_ARENA_ARRAY(buffer->arena, struct kp_slice, set->count);
	if (texts == NULL) {
		buffer->failed = true;
		return;
	}
	for (size_t i = 0; i < set->count; i++) {
		struct kp_buffer item;
		kp_buffer_init(&item, buffer->arena, buffer->bytes_max);
		kp_cedar_value_write(&item, &set->items[i]);
		buffer->failed = buffer->failed || item.failed;
		texts[i] = kp_buffer_slice(&item);
	}
	qsort(texts, set->count, sizeof(*texts), compare_texts);
	kp_buffer_add_char(buffer, '[');
	for (size_t i = 0; i < set->count; i++) {
		if (i > 0) {
			KP_BUFFER_ADD(buffer, ", ");
		}
		kp_buffer_add_slice(buffer, texts[i]);
	}
	kp_buffer_add_char(buffer, ']');
}

static int
compare_by_name(const void *a, const void *b)
{
	const struct kp_cedar_attr *left = a;
	const struct kp_cedar_attr *right = b;
	return kp_slice_compare(left->name->text, right->name->text);
}

static void
write_record(struct kp_buffer *buffer, const struct kp_cedar_record *record)
{
	struct kp_cedar_attr *sorted =
		KP_ARENA_ARRAY(buffer->arena, struct kp_cedar_attr, record->count);
	if (sorted == NULL) {
		buffer->failed = true;
		return;
	}
	if (record->count > 0) {
		memcpy(sorted, record->attrs, record->count * sizeof(*sorted));
	}
	qsort(sorted, record->count, sizeof(*sorted), compare_by_name);
	kp_buffer_add_char(buffer, '{');
	for (size_t i = 0; i < record->count; i++) {
		if (i > 0) {
			KP_BUFFER_ADD(buffer, ", ");
		}
		kp_cedar_string_write(buffer, sorted[i].name->text);
		KP_BUFFER_ADD(buffer, ": ");
		kp_cedar_value_write(buffer, &sorted[i].value);
	}
	kp_buffer_add_char(buffer, '}');
}

void
kp_cedar_value_write(struct kp_buffer *buffer, const struct kp_cedar_value *value)
{
	switch (value->kind) {
	case KP_CEDAR_BOOL:
		kp_buffer_printf(buffer, "%s", value->boolean ? "true" : "false");
		return;
	case KP_CEDAR_LONG:
		kp_buffer_printf(buffer, "%" PRId64, value->integer);
		return;
	case KP_CEDAR_STRING:
		kp_cedar_string_write(buffer, value->string);
		return;
	case KP_CEDAR_ENTITY:
		kp_cedar_uid_write(buffer, value->entity);
		return;
	case KP_CEDAR_SET:
		write_set(buffer, value->set);
		return;
	case KP_CEDAR_RECORD:
		write_record(buffer, value->record);
		return;
	case KP_CEDAR_DECIMAL:
		write_decimal(buffer, value->integer);
		return;
	case KP_CEDAR_IPADDR:
		write_ip(buffer, value->ip);
		return;
	case KP_CEDAR_DATETIME:
		write_datetime(buffer, value->integer);
		return;
	case KP_CEDAR_DURATION:
		kp_buffer_printf(buffer, "duration(\"%" PRId64 "ms\")", value->integer);
		return;
	}
	KP_UNREACHABLE();
}
