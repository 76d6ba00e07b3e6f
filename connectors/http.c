/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http: see http.h. */
#include "connectors/http.h"

#include <strings.h>

#include "connectors/dots.h"
#include "connectors/fault.h"
#include "connectors/finding.h"

#define HEADER_BYTES_MAX ((size_t)8192)

struct template_context {
	const struct kp_host *host;
	const struct kp_manifest_place *place;
};

static void
report_template(void *context, const char *message)
{
	const struct template_context *at = context;
	kp_finding(at->host, at->place, "%s", message);
}

enum kp_status
kp_http_template(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, struct kp_slice text, enum kp_template_place place,
	const struct kp_manifest_place *where, struct kp_template *ret)
{
	struct template_context context = {.host = host, .place = where};
	if (place == KP_TEMPLATE_TARGET && kp_dots_found(text)) {
		kp_finding(host, where,
			"a segment of the path is '.' or '..': such a target is never "
			"asked");
	}
	struct kp_template_faults faults = {
		.report = report_template, .context = &context};
	return kp_template_compile(arena, text, place, manifest, &faults, ret);
}

static bool
named(struct kp_slice name, const char *lower)
{
	return name.len == strlen(lower) && strncasecmp(name.data, lower, name.len) == 0;
}

static enum kp_status
compile_headers(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, struct kp_http_request *out)
{
	const struct kp_manifest_request *request = &manifest->request;
	out->headers =
		KP_ARENA_ARRAY(arena, struct kp_http_header, request->header_count + 1);
	if (out->headers == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < request->header_count; i++) {
		const struct kp_manifest_header *header = &request->headers[i];
		struct kp_http_header *made = &out->headers[out->header_count++];
		made->header = header;
		out->content_type =
			out->content_type || named(header->name, "content-type");
		out->accept = out->accept || named(header->name, "accept");
		enum kp_status status = kp_http_template(arena, manifest, host,
			header->value, KP_TEMPLATE_HEADER, &header->place, &made->value);
		if (status != KP_OK) {
			return status;
		}
	}
	return KP_OK;
}

static enum kp_status
compile_query(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, struct kp_http_request *out)
{
	const struct kp_manifest_request *request = &manifest->request;
	out->query =
		KP_ARENA_ARRAY(arena, struct kp_http_parameter, request->query_count + 1);
	if (out->query == NULL) {
		return KP_E_MEMORY;
	}
	enum kp_status status = KP_OK;
	for (size_t i = 0; i < request->query_count && status == KP_OK; i++) {
		struct kp_http_parameter *parameter = &out->query[out->query_count++];
		parameter->name = request->query[i].name;
		status = kp_http_template(arena, manifest, host, request->query[i].value,
			KP_TEMPLATE_QUERY, &request->query[i].place, &parameter->value);
	}
	return status;
}

enum kp_status
kp_http_compile(struct kp_arena *arena, const struct kp_manifest *manifest,
	const struct kp_host *host, struct kp_http_request *ret_request)
{
	*ret_request = (struct kp_http_request){.request = &manifest->request};
	enum kp_status status = kp_http_template(arena, manifest, host,
		manifest->request.target, KP_TEMPLATE_TARGET,
		&manifest->request.target_place, &ret_request->target);
	if (status == KP_OK) {
		status = compile_query(arena, manifest, host, ret_request);
	}
	return status == KP_OK ? compile_headers(arena, manifest, host, ret_request)
			       : status;
}

bool
kp_http_target_uses(const struct kp_http_request *request, enum kp_template_name name)
{
	bool used = kp_template_uses(&request->target, name);
	for (size_t i = 0; i < request->query_count; i++) {
		used = used || kp_template_uses(&request->query[i].value, name);
	}
	return used;
}

bool
kp_http_headers_use(const struct kp_http_request *request, enum kp_template_name name)
{
	bool used = false;
	for (size_t i = 0; i < request->header_count; i++) {
		used = used || kp_template_uses(&request->headers[i].value, name);
	}
	return used;
}

void
kp_http_show(
	const struct kp_http_request *request, kp_http_template_fn show, void *context)
{
	const struct kp_manifest_request *from = request->request;
	show(context, &request->target, &from->target_place, false);
	for (size_t i = 0; i < request->query_count; i++) {
		show(context, &request->query[i].value, &from->query[i].place, false);
	}
	for (size_t i = 0; i < request->header_count; i++) {
		show(context, &request->headers[i].value, &from->headers[i].place,
			from->headers[i].optional);
	}
}

int
kp_http_fill(const struct kp_http_filling *filling, const struct kp_template *compiled,
	size_t bytes_max, struct kp_slice *ret_text)
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, filling->arena, bytes_max);
	enum kp_template_result result = kp_template_write(
		compiled, filling->need, filling->fields, &buffer, filling->fault);
	if (result == KP_TEMPLATE_NOTHING) {
		return KP_SKIP;
	}
	/* The next text takes over what this one does not need. */
	if (buffer.data != NULL && !buffer.failed) {
		(void)kp_arena_resize_last(
			buffer.arena, buffer.data, buffer.capacity, buffer.len);
	}
	*ret_text = kp_buffer_slice(&buffer);
	return result == KP_TEMPLATE_MADE        ? KP_DONE
		: result == KP_TEMPLATE_UNMAPPED ? KP_UNMAPPED
						 : KP_FAIL;
}

static void
random_hex(const struct kp_call_host *host, const struct kp_need *need, char hex[32])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[16];
	bool random = KP_HOST_HAS(host, random) &&
		host->random(host->context, bytes, sizeof(bytes));
	memset(hex, '0', 32);
	if (!random) {
		size_t len = need->trace_id.len < 32 ? need->trace_id.len : 32;
		memcpy(hex, len == 0 ? "" : need->trace_id.data, len);
		return;
	}
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		hex[i * 2] = digits[bytes[i] >> 4];
		hex[i * 2 + 1] = digits[bytes[i] & 15];
	}
}

struct kp_slice
kp_http_uuid(const struct kp_call_host *host, const struct kp_need *need,
	char out[KP_HTTP_UUID_LEN])
{
	char hex[32];
	size_t at = 0;
	random_hex(host, need, hex);
	for (size_t i = 0; i < sizeof(hex); i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20) {
			out[at++] = '-';
		}
		out[at++] = hex[i];
	}
	return (struct kp_slice){out, at};
}

int
kp_http_refused(struct kp_fault *fault, const char *what)
{
	return kp_fault_set(fault, what, "the gateway refused this part of the request");
}

int
kp_http_send_headers(
	const struct kp_http_request *request, const struct kp_http_filling *filling)
{
	const struct kp_request_writer *out = filling->out;
	for (size_t i = 0; i < request->header_count; i++) {
		const struct kp_http_header *header = &request->headers[i];
		struct kp_slice value = {0};
		int verdict =
			kp_http_fill(filling, &header->value, HEADER_BYTES_MAX, &value);
		if (verdict != KP_DONE &&
			(verdict != KP_SKIP || !header->header->optional)) {
			return verdict;
		}
		if (value.len == 0 && header->header->optional) {
			continue;
		}
		if (header->header->cut > 0) {
			value = kp_slice_head(value, header->header->cut);
		}
		struct kp_text name = {
			header->header->name.data, header->header->name.len};
		if (!out->header(out->context, name,
			    (struct kp_text){value.data, value.len})) {
			return kp_http_refused(filling->fault, "request/headers");
		}
	}
	return KP_DONE;
}

/* The target of the manifest, and what of its query is not empty. */
static int
fill_target(const struct kp_http_request *request, const struct kp_http_filling *filling,
	struct kp_slice *ret_target)
{
	struct kp_buffer buffer;
	struct kp_slice part = {0};
	int verdict = kp_http_fill(
		filling, &request->target, KP_HTTP_TARGET_BYTES_MAX, ret_target);
	if (request->query_count == 0 || verdict != KP_DONE) {
		return verdict;
	}
	kp_buffer_init(&buffer, filling->arena, KP_HTTP_TARGET_BYTES_MAX);
	kp_buffer_add_slice(&buffer, *ret_target);
	bool more = ret_target->len > 0 && memchr(ret_target->data, '?', ret_target->len);
	for (size_t i = 0; i < request->query_count; i++) {
		verdict = kp_http_fill(filling, &request->query[i].value,
			KP_HTTP_TARGET_BYTES_MAX, &part);
		if (verdict != KP_DONE) {
			return verdict;
		}
		if (part.len > 0) {
			kp_buffer_add_char(&buffer, more ? '&' : '?');
			kp_buffer_add_slice(&buffer, request->query[i].name);
			kp_buffer_add_char(&buffer, '=');
			kp_buffer_add_slice(&buffer, part);
			more = true;
		}
	}
	*ret_target = kp_buffer_slice(&buffer);
	return buffer.failed
		? kp_fault_set(filling->fault, "request/query",
			  "the target is larger than %zu bytes", KP_HTTP_TARGET_BYTES_MAX)
		: KP_DONE;
}

int
kp_http_send_target(const struct kp_http_request *request,
	const struct kp_http_filling *filling, struct kp_slice *target)
{
	struct kp_slice method = request->request->method;
	if (!filling->out->method(
		    filling->out->context, (struct kp_text){method.data, method.len})) {
		return kp_http_refused(filling->fault, "request/method");
	}
	if (target->len == 0) {
		int verdict = fill_target(request, filling, target);
		if (verdict != KP_DONE) {
			return verdict;
		}
	}
	if (kp_dots_found(*target)) {
		return kp_fault_set(filling->fault, "request/target",
			"a segment of the path is '.' or '..': that asks for something "
			"else");
	}
	if (!filling->out->target(
		    filling->out->context, (struct kp_text){target->data, target->len})) {
		return kp_http_refused(filling->fault, "request/target");
	}
	return KP_DONE;
}

bool
kp_http_outcome(const struct kp_manifest_response *response, uint32_t status,
	enum kp_outcome *ret_outcome)
{
	const struct kp_manifest_status *best = NULL;
	for (size_t i = 0; i < response->status_count; i++) {
		const struct kp_manifest_status *row = &response->statuses[i];
		bool closer = best == NULL || row->to - row->from < best->to - best->from;
		if (status >= row->from && status <= row->to && closer) {
			best = row;
		}
	}
	if (status == 206 || status == 304) {
		/* Part of an answer, or none because we would have it: never asked. */
		*ret_outcome = KP_ERROR;
		return true;
	}
	if (best != NULL) {
		*ret_outcome = best->outcome;
		return best->outcome != KP_FOUND || status / 100 != 2;
	}
	if (status == 204) {
		*ret_outcome = KP_NOTHING_FOUND;
		return true;
	}
	if (status / 100 == 2) {
		return false;
	}
	*ret_outcome = status == 401 || status == 403               ? KP_NOT_ENTITLED
		: status == 429 || (status >= 502 && status <= 504) ? KP_NOT_REACHED
								    : KP_ERROR;
	return true;
}

int
kp_http_forgive(bool outcome_known, bool *unusable, int verdict, struct kp_fault *fault)
{
	if (verdict == KP_FAIL && outcome_known) {
		*unusable = true;
		*fault = (struct kp_fault){0};
		return KP_DONE;
	}
	return verdict;
}

bool
kp_http_media_is(struct kp_text type, const char *name, const char *suffix)
{
	size_t len = 0;
	size_t tail = strlen(suffix);
	while (len < type.len && type.data[len] != ';' && type.data[len] != ' ') {
		len++;
	}
	return named((struct kp_slice){type.data, len}, name) ||
		(len > tail && strncasecmp(type.data + len - tail, suffix, tail) == 0);
}

bool
kp_http_is_coded(struct kp_text content_encoding)
{
	struct kp_slice coding = kp_slice_trim(
		(struct kp_slice){content_encoding.data, content_encoding.len});
	return coding.len > 0 && !named(coding, "identity");
}
