/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* routes: see routes.h. */
#include "routes.h"

#include "problem.h"

#define ALLOW_BYTES 128

static bool
path_matches(struct kp_slice pattern, struct kp_slice path)
{
	if (pattern.len >= 2 && memcmp(pattern.data + pattern.len - 2, "/*", 2) == 0) {
		struct kp_slice prefix = {pattern.data, pattern.len - 1};
		return path.len > prefix.len && kp_slice_starts(path, prefix);
	}
	return kp_slice_equal(pattern, path);
}

static bool
is_seen(const struct kp_route *route, uint32_t serves, struct kp_slice path)
{
	return (route->serves & serves) != 0 && path_matches(route->path, path);
}

static bool
method_matches(const struct kp_route *route, enum kp_http_method method)
{
	return route->any_method || route->method == method ||
		(method == KP_HTTP_METHOD_HEAD && route->method == KP_HTTP_METHOD_GET);
}

const struct kp_route *
kp_routes_find(const struct kp_routes *routes, uint32_t serves,
	const struct kp_http_request *request, enum kp_status *ret_status)
{
	*ret_status = KP_E_NOT_FOUND;
	for (size_t i = 0; i < routes->count; i++) {
		const struct kp_route *route = &routes->rows[i];
		if (is_seen(route, serves, request->path)) {
			if (method_matches(route, request->method)) {
				*ret_status = KP_OK;
				return route;
			}
			*ret_status = KP_E_METHOD;
		}
	}
	return NULL;
}

static const char *
method_name(enum kp_http_method method)
{
	switch (method) {
	case KP_HTTP_METHOD_GET:
		return "GET, HEAD";
	case KP_HTTP_METHOD_HEAD:
		return "HEAD";
	case KP_HTTP_METHOD_POST:
		return "POST";
	case KP_HTTP_METHOD_PUT:
		return "PUT";
	case KP_HTTP_METHOD_PATCH:
		return "PATCH";
	case KP_HTTP_METHOD_DELETE:
		return "DELETE";
	case KP_HTTP_METHOD_OPTIONS:
		return "OPTIONS";
	case KP_HTTP_METHOD_OTHER:
		break;
	}
	return "";
}

size_t
kp_routes_allow(const struct kp_routes *routes, uint32_t serves, struct kp_slice path,
	char *out, size_t out_size)
{
	size_t len = 0;
	for (size_t i = 0; i < routes->count; i++) {
		const struct kp_route *route = &routes->rows[i];
		struct kp_slice name = kp_slice_from(method_name(route->method));
		if (!is_seen(route, serves, path) || len + name.len + 2 > out_size) {
			continue;
		}
		if (len > 0) {
			memcpy(out + len, ", ", 2);
			len += 2;
		}
		memcpy(out + len, name.data, name.len);
		len += name.len;
	}
	return len;
}

void
kp_routes_handle(const struct kp_routes *routes, uint32_t serves, void *context,
	struct kp_exchange *exchange)
{
	const struct kp_http_request *request = &kp_exchange_message(exchange)->head;
	enum kp_status status = KP_OK;
	const struct kp_route *route = kp_routes_find(routes, serves, request, &status);
	if (route != NULL) {
		route->handle(context, exchange);
		return;
	}
	char allow[ALLOW_BYTES];
	struct kp_exchange_header header = {KP_SLICE("Allow"), {allow, 0}};
	if (status == KP_E_METHOD) {
		header.value.len = kp_routes_allow(
			routes, serves, request->path, allow, sizeof(allow));
	}
	kp_problem_answer(exchange, status, (struct kp_slice){NULL, 0},
		status == KP_E_METHOD ? &header : NULL);
	kp_exchange_finish(&exchange);
}
