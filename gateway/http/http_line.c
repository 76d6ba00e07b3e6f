/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_line: see http_line.h. */
#include "http/http_line.h"

#include "http/http_text.h"

#define HEADERS_FIRST ((size_t)24)
#define LENGTH_DIGITS_MAX 19u

static const struct {
	struct kp_slice name;
	bool once;
} known_fields[KP_HTTP_KNOWN_COUNT] = {
#define KP_HTTP_FIELD(code, name_, once_)                                                \
	[code] = {.name = {name_, sizeof(name_) - 1}, .once = once_},
#include "http/http_fields.def"
#undef KP_HTTP_FIELD
};

enum kp_status
kp_http_refuse(struct kp_http_parser *parser, enum kp_status status, const char *fault,
	const char *field)
{
	parser->status = status;
	parser->fault = fault;
	parser->fault_field = field;
	return status;
}

static enum kp_status
refuse(struct kp_http_parser *parser, enum kp_status status, const char *fault)
{
	return kp_http_refuse(parser, status, fault, NULL);
}

static enum kp_status
refuse_field(struct kp_http_parser *parser, enum kp_http_known field, const char *fault)
{
	return kp_http_refuse(parser, KP_E_SYNTAX, fault, known_fields[field].name.data);
}

/* ---- the request line ---- */

enum kp_status
kp_http_read_method(struct kp_http_parser *parser, struct kp_slice text)
{
	static const char *const names[] = {
		[KP_HTTP_METHOD_GET] = "GET",
		[KP_HTTP_METHOD_HEAD] = "HEAD",
		[KP_HTTP_METHOD_POST] = "POST",
		[KP_HTTP_METHOD_PUT] = "PUT",
		[KP_HTTP_METHOD_PATCH] = "PATCH",
		[KP_HTTP_METHOD_DELETE] = "DELETE",
		[KP_HTTP_METHOD_OPTIONS] = "OPTIONS",
	};
	if (!kp_http_token_valid(text)) {
		return refuse(parser, KP_E_SYNTAX, "the method is not a token");
	}
	bool longer = text.len > KP_HTTP_METHOD_BYTES_MAX;
	if (longer || kp_slice_is(text, "CONNECT") || kp_slice_is(text, "TRACE")) {
		return refuse(
			parser, KP_E_NOT_IMPLEMENTED, "this method is not spoken here");
	}
	unsigned method = 0;
	while (method < KP_ARRAY_LEN(names) && !kp_slice_is(text, names[method])) {
		method++;
	}
	parser->request.method = (enum kp_http_method)method;
	parser->request.method_text = text;
	return KP_OK;
}

static enum kp_status
read_version(struct kp_http_parser *parser, struct kp_slice text)
{
	bool well_formed = text.len == 8 && kp_slice_starts(text, KP_SLICE("HTTP/")) &&
		kp_http_is_digit((unsigned char)text.data[5]) && text.data[6] == '.' &&
		kp_http_is_digit((unsigned char)text.data[7]);
	if (!well_formed) {
		return refuse(
			parser, KP_E_SYNTAX, "the request line has no HTTP version");
	}
	if (text.data[5] != '1' || text.data[7] > '1') {
		return refuse(parser, KP_E_VERSION,
			"only HTTP/1.0 and HTTP/1.1 are spoken here");
	}
	parser->request.minor_version = (unsigned)(text.data[7] - '0');
	return KP_OK;
}

static enum kp_status
read_path_and_query(struct kp_http_parser *parser, struct kp_slice text)
{
	struct kp_http_request *request = &parser->request;
	const char *mark = text.len == 0 ? NULL : memchr(text.data, '?', text.len);
	request->path = text;
	if (mark != NULL) {
		request->path.len = (size_t)(mark - text.data);
		request->query = kp_http_rest(text, request->path.len + 1);
	}
	if (!kp_http_path_valid(request->path, false) ||
		!kp_http_path_valid(request->query, true)) {
		return refuse(parser, KP_E_SYNTAX,
			"the target has bytes that a URI may not have");
	}
	if (request->path.len == 0) {
		request->path = KP_SLICE("/");
	}
	return KP_OK;
}

static enum kp_status
read_absolute_form(struct kp_http_parser *parser, struct kp_slice text)
{
	static const struct kp_slice schemes[] = {{"http://", 7}, {"https://", 8}};
	size_t at = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(schemes) && at == 0; i++) {
		struct kp_slice begin = {text.data, schemes[i].len};
		if (text.len >= begin.len && kp_http_name_equal(begin, schemes[i])) {
			at = begin.len;
		}
	}
	if (at == 0) {
		return refuse(parser, KP_E_SYNTAX, "the target has no form known here");
	}
	struct kp_slice authority = kp_http_rest(text, at);
	size_t len = 0;
	while (len < authority.len && authority.data[len] != '/' &&
		authority.data[len] != '?') {
		len++;
	}
	struct kp_slice rest = kp_http_rest(authority, len);
	authority.len = len;
	if (!kp_http_authority_valid(authority)) {
		return refuse(parser, KP_E_SYNTAX, "the target names no valid host");
	}
	parser->request.form = KP_HTTP_FORM_ABSOLUTE;
	parser->request.authority = authority;
	return read_path_and_query(parser, rest);
}

enum kp_status
kp_http_read_target(struct kp_http_parser *parser, struct kp_slice text)
{
	struct kp_http_request *request = &parser->request;
	if (text.len > parser->limits.target_bytes_max) {
		return refuse(
			parser, KP_E_TARGET_LIMIT, "the target is longer than allowed");
	}
	request->target = text;
	if (text.len == 0) {
		return refuse(parser, KP_E_SYNTAX, "the request line has no target");
	}
	if (text.data[0] == '/') {
		request->form = KP_HTTP_FORM_ORIGIN;
		return read_path_and_query(parser, text);
	}
	if (kp_slice_is(text, "*")) {
		if (request->method != KP_HTTP_METHOD_OPTIONS) {
			return refuse(
				parser, KP_E_SYNTAX, "only OPTIONS may ask for '*'");
		}
		request->form = KP_HTTP_FORM_ASTERISK;
		request->path = text;
		return KP_OK;
	}
	return read_absolute_form(parser, text);
}

enum kp_status
kp_http_read_request_line(struct kp_http_parser *parser, struct kp_slice line)
{
	struct kp_slice method = kp_slice_cut(&line, ' ');
	if (line.data == NULL) {
		return refuse(parser, KP_E_SYNTAX, "the request line has no target");
	}
	struct kp_slice target = kp_slice_cut(&line, ' ');
	if (line.data == NULL) {
		return refuse(
			parser, KP_E_SYNTAX, "the request line has no HTTP version");
	}
	/* The version first: who speaks another one may have another grammar. */
	enum kp_status status = read_version(parser, line);
	if (status == KP_OK) {
		status = kp_http_read_method(parser, method);
	}
	if (status == KP_OK) {
		status = kp_http_read_target(parser, target);
	}
	return status;
}

/* ---- fields ---- */

enum kp_status
kp_http_split_field(struct kp_http_parser *parser, struct kp_slice line,
	struct kp_http_header *ret_header)
{
	const char *colon = memchr(line.data, ':', line.len);
	size_t name_len = colon == NULL ? 0 : (size_t)(colon - line.data);
	struct kp_slice name = {line.data, name_len};
	if (!kp_http_token_valid(name)) {
		return refuse(parser, KP_E_SYNTAX,
			"a field line does not begin with a name and a colon");
	}
	struct kp_slice value = kp_slice_trim(kp_http_rest(line, name_len + 1));
	if (!kp_http_value_valid(value)) {
		return refuse(parser, KP_E_SYNTAX, "a field value has a control byte");
	}
	*ret_header = (struct kp_http_header){name, value};
	return KP_OK;
}

static bool
fit_headers(struct kp_http_parser *parser)
{
	size_t count = parser->request.header_count;
	if (count < parser->headers_capacity) {
		return true;
	}
	size_t capacity = count == 0 ? HEADERS_FIRST : 2 * count;
	struct kp_http_header *headers =
		KP_ARENA_ARRAY(parser->arena, struct kp_http_header, capacity);
	if (headers == NULL) {
		return false;
	}
	if (count > 0) {
		memcpy(headers, parser->headers, count * sizeof(*headers));
	}
	parser->headers = headers;
	parser->headers_capacity = capacity;
	parser->request.headers = headers;
	return true;
}

/* Notes which field is the first of a known name. */
static enum kp_status
index_field(struct kp_http_parser *parser, struct kp_slice name, size_t at)
{
	for (unsigned field = 0; field < KP_HTTP_KNOWN_COUNT; field++) {
		if (!kp_http_name_equal(name, known_fields[field].name)) {
			continue;
		}
		uint16_t *slot = &parser->request.known[field];
		if (*slot == 0) {
			*slot = (uint16_t)(at + 1);
		} else if (known_fields[field].once) {
			return refuse_field(parser, (enum kp_http_known)field,
				"a field that may come once came twice");
		}
		return KP_OK;
	}
	return KP_OK;
}

enum kp_status
kp_http_add_field(struct kp_http_parser *parser, const struct kp_http_header *header)
{
	struct kp_http_request *request = &parser->request;
	if (request->header_count >= parser->limits.header_count_max ||
		request->header_count >= UINT16_MAX - 1) {
		return refuse(parser, KP_E_HEADER_LIMIT, "more fields than allowed");
	}
	if (!fit_headers(parser)) {
		return refuse(parser, KP_E_MEMORY, "no memory left");
	}
	size_t at = request->header_count++;
	parser->headers[at] = *header;
	return index_field(parser, header->name, at);
}

enum kp_status
kp_http_read_field(struct kp_http_parser *parser, struct kp_slice line)
{
	struct kp_http_header header;
	enum kp_status status = kp_http_split_field(parser, line, &header);
	return status == KP_OK ? kp_http_add_field(parser, &header) : status;
}

/* ---- the head as a whole ---- */

static enum kp_status
check_host(struct kp_http_parser *parser)
{
	struct kp_http_request *request = &parser->request;
	struct kp_slice host = kp_http_known(request, KP_HTTP_HOST);
	if (host.data == NULL) {
		return request->minor_version == 0
			? KP_OK
			: refuse_field(parser, KP_HTTP_HOST, "the field is missing");
	}
	if (!kp_http_authority_valid(host)) {
		return refuse_field(
			parser, KP_HTTP_HOST, "the field names no valid host");
	}
	if (request->form != KP_HTTP_FORM_ABSOLUTE) {
		request->authority = host;
	}
	return KP_OK;
}

static enum kp_status
read_content_length(struct kp_http_parser *parser, struct kp_slice text)
{
	uint64_t length = 0;
	bool valid = text.len > 0 && text.len <= LENGTH_DIGITS_MAX;
	for (size_t i = 0; valid && i < text.len; i++) {
		valid = kp_http_is_digit((unsigned char)text.data[i]);
		length = length * 10 + (uint64_t)(unsigned char)(text.data[i] - '0');
	}
	if (!valid || length > INT64_MAX) {
		return refuse_field(parser, KP_HTTP_CONTENT_LENGTH,
			"the field is not one decimal number");
	}
	if (length > parser->limits.body_bytes_max) {
		return refuse(parser, KP_E_BODY_LIMIT, "the body is larger than allowed");
	}
	parser->request.has_content_length = true;
	parser->request.content_length = length;
	return KP_OK;
}

enum kp_status
kp_http_check_length(struct kp_http_parser *parser)
{
	struct kp_slice length = kp_http_known(&parser->request, KP_HTTP_CONTENT_LENGTH);
	return length.data == NULL ? KP_OK : read_content_length(parser, length);
}

enum kp_status
kp_http_check_bodyless(struct kp_http_parser *parser)
{
	enum kp_http_method method = parser->request.method;
	if (parser->request.has_body &&
		(method == KP_HTTP_METHOD_GET || method == KP_HTTP_METHOD_HEAD)) {
		return refuse(parser, KP_E_SYNTAX, "this method takes no body");
	}
	return KP_OK;
}

/* RFC 9112, section 6. Everything that two parties could read in two ways is refused. */
static enum kp_status
check_framing(struct kp_http_parser *parser)
{
	struct kp_http_request *request = &parser->request;
	struct kp_slice length = kp_http_known(request, KP_HTTP_CONTENT_LENGTH);
	struct kp_slice coding = kp_http_known(request, KP_HTTP_TRANSFER_ENCODING);
	if (coding.data != NULL) {
		if (length.data != NULL || request->minor_version == 0 ||
			!kp_http_name_equal(coding, KP_SLICE("chunked"))) {
			return refuse_field(parser, KP_HTTP_TRANSFER_ENCODING,
				"only 'chunked', once, without a content length and in "
				"HTTP/1.1");
		}
		request->chunked = true;
	}
	enum kp_status status = kp_http_check_length(parser);
	if (status != KP_OK) {
		return status;
	}
	request->has_body = request->chunked || request->content_length > 0;
	return kp_http_check_bodyless(parser);
}

/* Takes the next element off a comma-separated list (RFC 9110, section 5.6.1). */
static struct kp_slice
next_element(struct kp_slice *list)
{
	return kp_slice_trim(kp_slice_cut(list, ','));
}

static enum kp_status
check_connection(struct kp_http_parser *parser)
{
	struct kp_http_request *request = &parser->request;
	bool close = false;
	bool keep_alive = request->minor_version == 1;
	for (size_t i = 0; i < request->header_count; i++) {
		if (!kp_http_name_equal(
			    request->headers[i].name, KP_SLICE("connection"))) {
			continue;
		}
		struct kp_slice list = request->headers[i].value;
		while (list.len > 0) {
			struct kp_slice option = next_element(&list);
			if (option.len > 0 && !kp_http_token_valid(option)) {
				return refuse_field(parser, KP_HTTP_CONNECTION,
					"the field is not a list of tokens");
			}
			close = close || kp_http_name_equal(option, KP_SLICE("close"));
			keep_alive = keep_alive ||
				kp_http_name_equal(option, KP_SLICE("keep-alive"));
		}
	}
	request->keep_alive = keep_alive && !close;
	return KP_OK;
}

enum kp_status
kp_http_check_expect(struct kp_http_parser *parser)
{
	struct kp_http_request *request = &parser->request;
	struct kp_slice expect = kp_http_known(request, KP_HTTP_EXPECT);
	if (expect.data == NULL) {
		return KP_OK;
	}
	if (!kp_http_name_equal(expect, KP_SLICE("100-continue"))) {
		return refuse(parser, KP_E_EXPECT, "only '100-continue' can be expected");
	}
	/* A server must ignore it in HTTP/1.0 (RFC 9110, section 10.1.1). */
	request->expect_continue = request->minor_version == 1 && request->has_body;
	return KP_OK;
}

enum kp_status
kp_http_check_head(struct kp_http_parser *parser)
{
	enum kp_status status = check_host(parser);
	if (status == KP_OK) {
		status = check_framing(parser);
	}
	if (status == KP_OK) {
		status = check_connection(parser);
	}
	if (status == KP_OK) {
		status = kp_http_check_expect(parser);
	}
	if (status == KP_OK && parser->request.known[KP_HTTP_UPGRADE] != 0) {
		status = refuse(parser, KP_E_NOT_IMPLEMENTED,
			"no other protocol is spoken on this connection");
	}
	return status;
}
