/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* answer_headers: see answer_headers.h. */
#include "answer_headers.h"

#include <stdlib.h>
#include <time.h>

#include "core/attr.h"
#include "http/http_parse.h"
#include "http/http_write.h"

#define DAY_LEN 10u
#define DATE_BYTES_MAX ((size_t)64)
#define DATE_PREFIX_LEN 6u /* "Date: " */

/* Strict-Transport-Security goes out on plain connections too: there a client has to
 * overlook it (RFC 6797, section 8.1), and what ends TLS in front of us may rely on it.
 */
static const struct kp_exchange_header always[] = {
	{KP_SLICE_INIT("API-Version"), KP_SLICE_INIT(KP_API_VERSION)},
	{KP_SLICE_INIT("Cache-Control"), KP_SLICE_INIT("no-store")},
	{KP_SLICE_INIT("Content-Security-Policy"),
		KP_SLICE_INIT("frame-ancestors 'none'")},
	{KP_SLICE_INIT("Strict-Transport-Security"), KP_SLICE_INIT("max-age=31536000")},
	{KP_SLICE_INIT("X-Content-Type-Options"), KP_SLICE_INIT("nosniff")},
	{KP_SLICE_INIT("X-Frame-Options"), KP_SLICE_INIT("DENY")},
	{KP_SLICE_INIT("Referrer-Policy"), KP_SLICE_INIT("no-referrer")},
};

static bool
has_header(const struct kp_exchange_header *headers, size_t count, struct kp_slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (headers[i].name.len == name.len &&
			kp_http_name_equal(headers[i].name, name)) {
			return true;
		}
	}
	return false;
}

static size_t
add_if_said(struct kp_exchange_header *out, size_t count, struct kp_slice name,
	struct kp_slice value)
{
	if (value.len > 0) {
		out[count++] = (struct kp_exchange_header){name, value};
	}
	return count;
}

size_t
kp_answer_headers(const struct kp_answer_notice *notice, struct kp_slice path,
	const struct kp_exchange_header *own, size_t own_count,
	struct kp_exchange_header out[KP_ANSWER_HEADERS_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(always); i++) {
		if (!has_header(own, own_count, always[i].name)) {
			out[count++] = always[i];
		}
	}
	if (kp_slice_starts(path, KP_SLICE("/v1/"))) {
		count = add_if_said(
			out, count, KP_SLICE("Deprecation"), notice->deprecation);
		count = add_if_said(out, count, KP_SLICE("Sunset"), notice->sunset);
		count = add_if_said(out, count, KP_SLICE("Link"), notice->link);
	}
	return count;
}

/* "2027-01-31": seconds since 1970 at its start in UTC. */
static bool
read_day(struct kp_slice text, int64_t *ret_seconds)
{
	char copy[DAY_LEN + 1] = {0};
	struct tm day = {0};
	struct tm again = {0};
	if (text.len != DAY_LEN) {
		return false;
	}
	memcpy(copy, text.data, DAY_LEN);
	const char *end = strptime(copy, "%Y-%m-%d", &day);
	time_t seconds = timegm(&day);
	/* The 31st of a month that has 30 days is not a day. */
	char back[DAY_LEN + 1];
	bool good = end == copy + DAY_LEN && gmtime_r(&seconds, &again) != NULL &&
		strftime(back, sizeof(back), "%Y-%m-%d", &again) == DAY_LEN &&
		memcmp(back, copy, DAY_LEN) == 0;
	*ret_seconds = (int64_t)seconds;
	return good;
}

static enum kp_status
write_sunset(struct kp_arena *arena, int64_t seconds, struct kp_slice *ret_text)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, DATE_BYTES_MAX);
	kp_http_write_date(&buffer, seconds);
	if (buffer.failed) {
		return KP_E_MEMORY;
	}
	struct kp_slice line = kp_buffer_slice(&buffer);
	*ret_text = (struct kp_slice){
		line.data + DATE_PREFIX_LEN, line.len - DATE_PREFIX_LEN - 2};
	return KP_OK;
}

enum kp_status
kp_answer_notice_make(struct kp_arena *arena, struct kp_slice deprecated_on,
	struct kp_slice sunset_on, struct kp_slice page,
	struct kp_answer_notice *ret_notice)
{
	struct kp_answer_notice notice = {0};
	int64_t seconds = 0;
	enum kp_status status = KP_OK;
	if (deprecated_on.len > 0) {
		if (!read_day(deprecated_on, &seconds)) {
			return KP_E_INVALID;
		}
		notice.deprecation = kp_slice_from(
			kp_arena_printf(arena, "@%lld", (long long)seconds));
		status = notice.deprecation.data == NULL ? KP_E_MEMORY : status;
	}
	if (sunset_on.len > 0) {
		if (!read_day(sunset_on, &seconds)) {
			return KP_E_INVALID;
		}
		enum kp_status written = write_sunset(arena, seconds, &notice.sunset);
		status = written == KP_OK ? status : written;
	}
	if (page.len > 0 && (deprecated_on.len > 0 || sunset_on.len > 0)) {
		notice.link = kp_slice_from(
			kp_arena_printf(arena, "<%.*s>; rel=\"%s\"", KP_SLICE_ARG(page),
				deprecated_on.len > 0 ? "deprecation" : "sunset"));
		status = notice.link.data == NULL ? KP_E_MEMORY : status;
	}
	if (status == KP_OK) {
		*ret_notice = notice;
	}
	return status;
}
