/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_write: see http_write.h. */
#include "http/http_write.h"

#include <time.h>

#include "http/http_parse.h"

#define STATUS_MIN 100
#define STATUS_MAX 599

static void
fail(struct kp_buffer *buffer)
{
	buffer->failed = true;
	buffer->capacity = buffer->len;
}

const char *
kp_http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{100, "Continue"},
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{207, "Multi-Status"},
		{301, "Moved Permanently"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{417, "Expectation Failed"},
		{422, "Unprocessable Content"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{499, "Client Closed Request"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(reasons); i++) {
		if (reasons[i].status == status) {
			return reasons[i].reason;
		}
	}
	return "Status";
}

void
kp_http_write_status(struct kp_buffer *buffer, int status)
{
	KP_REQUIRE(status >= STATUS_MIN && status <= STATUS_MAX);
	KP_BUFFER_ADD(buffer, "HTTP/1.1 ");
	kp_buffer_add_uint(buffer, (uint64_t)status);
	kp_buffer_add_char(buffer, ' ');
	kp_buffer_add_slice(buffer, kp_slice_from(kp_http_reason(status)));
	KP_BUFFER_ADD(buffer, "\r\n");
}

/* Fields that say where the message ends, or whether the connection does. */
static bool
is_framing(struct kp_slice name)
{
	return kp_http_name_equal(name, KP_SLICE("content-length")) ||
		kp_http_name_equal(name, KP_SLICE("transfer-encoding")) ||
		kp_http_name_equal(name, KP_SLICE("connection"));
}

void
kp_http_write_header(
	struct kp_buffer *buffer, struct kp_slice name, struct kp_slice value)
{
	if (!kp_http_token_valid(name) || !kp_http_value_valid(value) ||
		is_framing(name)) {
		fail(buffer);
		return;
	}
	kp_buffer_add_slice(buffer, name);
	KP_BUFFER_ADD(buffer, ": ");
	kp_buffer_add_slice(buffer, value);
	KP_BUFFER_ADD(buffer, "\r\n");
}

void
kp_http_write_content_length(struct kp_buffer *buffer, uint64_t body_bytes)
{
	KP_BUFFER_ADD(buffer, "Content-Length: ");
	kp_buffer_add_uint(buffer, body_bytes);
	KP_BUFFER_ADD(buffer, "\r\n");
}

void
kp_http_write_chunked(struct kp_buffer *buffer)
{
	KP_BUFFER_ADD(buffer, "Transfer-Encoding: chunked\r\n");
}

void
kp_http_write_connection(
	struct kp_buffer *buffer, bool keep_alive, unsigned client_minor_version)
{
	if (!keep_alive) {
		KP_BUFFER_ADD(buffer, "Connection: close\r\n");
	} else if (client_minor_version == 0) {
		KP_BUFFER_ADD(buffer, "Connection: keep-alive\r\n");
	}
}

void
kp_http_write_date(struct kp_buffer *buffer, int64_t unix_seconds)
{
	/* Not strftime: the names must not follow the locale. */
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)unix_seconds;
	struct tm at;
	if (gmtime_r(&seconds, &at) == NULL) {
		fail(buffer);
		return;
	}
	kp_buffer_printf(buffer, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
		days + (ptrdiff_t)at.tm_wday * 3, at.tm_mday,
		months + (ptrdiff_t)at.tm_mon * 3, at.tm_year + 1900, at.tm_hour,
		at.tm_min, at.tm_sec);
}

void
kp_http_write_head_end(struct kp_buffer *buffer)
{
	KP_BUFFER_ADD(buffer, "\r\n");
}

struct kp_slice
kp_http_continue(void)
{
	return KP_SLICE("HTTP/1.1 100 Continue\r\n\r\n");
}

size_t
kp_http_chunk_head(char out[KP_HTTP_CHUNK_HEAD_BYTES], uint64_t bytes)
{
	static const char hex[] = "0123456789abcdef";
	size_t digits = 1;
	while (digits < 16 && bytes >> (4 * digits) != 0) {
		digits++;
	}
	for (size_t i = 0; i < digits; i++) {
		out[i] = hex[bytes >> (4 * (digits - 1 - i)) & 15];
	}
	out[digits] = '\r';
	out[digits + 1] = '\n';
	return digits + 2;
}

void
kp_http_write_chunk(struct kp_buffer *buffer, struct kp_slice bytes)
{
	if (bytes.len == 0) {
		return;
	}
	char head[KP_HTTP_CHUNK_HEAD_BYTES];
	kp_buffer_add(buffer, head, kp_http_chunk_head(head, bytes.len));
	kp_buffer_add_slice(buffer, bytes);
	KP_BUFFER_ADD(buffer, "\r\n");
}

struct kp_slice
kp_http_chunk_last(void)
{
	return KP_SLICE("0\r\n\r\n");
}
