/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * routes: which handler answers which method and path. One table; paths are literal and
 * case-sensitive, and one that ends in "/" + "*" stands for everything below it. A path
 * with a trailing slash is another path (NL API Design Rules, no-trailing-slash). HEAD is
 * answered by the handler of GET. To add a resource, add a row.
 */
#ifndef KP_ROUTES_H
#define KP_ROUTES_H

#include "exchange.h"
#include "http/http_message.h"

/* Must come to kp_exchange_finish, at once or later. */
typedef void (*kp_route_fn)(void *context, struct kp_exchange *exchange);

/* What a listener may serve, as bits: by their places in kp_config_served. Who may not
 * see the numbers of the process finds nothing at their address. */
enum kp_serves {
	KP_SERVES_API = 1,     /* /v1 */
	KP_SERVES_AUTHZEN = 2, /* the decision point for other systems */
	KP_SERVES_HEALTH = 4,
	KP_SERVES_METRICS = 8,
	KP_SERVES_ALL = 15,
};

struct kp_route {
	enum kp_serves serves; /* only listeners that serve this have the row */
	enum kp_http_method method;
	bool any_method; /* the handler judges the method itself */
	struct kp_slice path;
	kp_route_fn handle;
};

struct kp_routes {
	const struct kp_route *rows; /* static, or as long as the server */
	size_t count;
};

/* The row for a message on a listener that serves `serves`, or NULL; then *ret_status is
 * KP_E_NOT_FOUND or KP_E_METHOD. */
const struct kp_route *kp_routes_find(const struct kp_routes *routes, uint32_t serves,
	const struct kp_http_request *request, enum kp_status *ret_status);
/* "GET, HEAD, POST": the methods a path takes there, into `out`. */
size_t kp_routes_allow(const struct kp_routes *routes, uint32_t serves,
	struct kp_slice path, char *out, size_t out_size);
/* Finds the row and hands the exchange over, or answers 404 or 405. */
void kp_routes_handle(const struct kp_routes *routes, uint32_t serves, void *context,
	struct kp_exchange *exchange);

#endif
