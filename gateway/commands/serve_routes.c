/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* serve_routes: see serve_routes.h. */
#include "serve_routes.h"

#include "authzen_routes.h"
#include "openapi.h"
#include "request.h"
#include "server.h"

static void
handle_dossier(void *context, struct kp_exchange *exchange)
{
	struct kp_server_loop *loop = context;
	kp_request_accept(exchange, kp_server_loop_state(loop));
}

static void
handle_openapi(void *context, struct kp_exchange *exchange)
{
	struct kp_server_loop *loop = context;
	kp_openapi_answer(exchange, kp_server_loop_state(loop));
}

static void
handle_openapi_options(void *context, struct kp_exchange *exchange)
{
	(void)context;
	kp_openapi_answer_options(exchange);
}

static void
handle_authzen(void *context, struct kp_exchange *exchange, enum kp_authzen_api api)
{
	struct kp_server_loop *loop = context;
	kp_authzen_accept(exchange, kp_server_loop_state(loop), api);
}

static void
handle_evaluation(void *context, struct kp_exchange *exchange)
{
	handle_authzen(context, exchange, KP_AUTHZEN_EVALUATION);
}

static void
handle_evaluations(void *context, struct kp_exchange *exchange)
{
	handle_authzen(context, exchange, KP_AUTHZEN_EVALUATIONS);
}

static void
handle_search_subject(void *context, struct kp_exchange *exchange)
{
	handle_authzen(context, exchange, KP_AUTHZEN_SEARCH_SUBJECT);
}

static void
handle_search_resource(void *context, struct kp_exchange *exchange)
{
	handle_authzen(context, exchange, KP_AUTHZEN_SEARCH_RESOURCE);
}

static void
handle_search_action(void *context, struct kp_exchange *exchange)
{
	handle_authzen(context, exchange, KP_AUTHZEN_SEARCH_ACTION);
}

static void
handle_authzen_metadata(void *context, struct kp_exchange *exchange)
{
	struct kp_server_loop *loop = context;
	kp_authzen_answer_metadata(exchange, kp_server_loop_state(loop));
}

const struct kp_route kp_serve_routes[] = {
	{.serves = KP_SERVES_API,
		.method = KP_HTTP_METHOD_POST,
		.path = {"/v1/dossiers/_zoek", 18},
		.handle = handle_dossier},
	{.serves = KP_SERVES_API,
		.method = KP_HTTP_METHOD_GET,
		.path = KP_SLICE_INIT("/v1/openapi.json"),
		.handle = handle_openapi},
	{.serves = KP_SERVES_API,
		.method = KP_HTTP_METHOD_OPTIONS,
		.path = KP_SLICE_INIT("/v1/openapi.json"),
		.handle = handle_openapi_options},
	{.serves = KP_SERVES_AUTHZEN,
		.method = KP_HTTP_METHOD_POST,
		.path = KP_SLICE_INIT("/access/v1/evaluation"),
		.handle = handle_evaluation},
	{.serves = KP_SERVES_AUTHZEN,
		.method = KP_HTTP_METHOD_POST,
		.path = KP_SLICE_INIT("/access/v1/evaluations"),
		.handle = handle_evaluations},
	{.serves = KP_SERVES_AUTHZEN,
		.method = KP_HTTP_METHOD_POST,
		.path = KP_SLICE_INIT("/access/v1/search/subject"),
		.handle = handle_search_subject},
	{.serves = KP_SERVES_AUTHZEN,
		.method = KP_HTTP_METHOD_POST,
		.path = KP_SLICE_INIT("/access/v1/search/resource"),
		.handle = handle_search_resource},
	{.serves = KP_SERVES_AUTHZEN,
		.method = KP_HTTP_METHOD_POST,
		.path = KP_SLICE_INIT("/access/v1/search/action"),
		.handle = handle_search_action},
	{.serves = KP_SERVES_AUTHZEN,
		.method = KP_HTTP_METHOD_GET,
		.path = KP_SLICE_INIT("/.well-known/authzen-configuration"),
		.handle = handle_authzen_metadata},
	{.serves = KP_SERVES_HEALTH,
		.method = KP_HTTP_METHOD_GET,
		.path = {"/health/live", 12},
		.handle = kp_server_handle_live},
	{.serves = KP_SERVES_HEALTH,
		.method = KP_HTTP_METHOD_GET,
		.path = {"/health/ready", 13},
		.handle = kp_server_handle_ready},
	{.serves = KP_SERVES_METRICS,
		.method = KP_HTTP_METHOD_GET,
		.path = {"/metrics", 8},
		.handle = kp_server_handle_metrics},
};

const size_t kp_serve_route_count = KP_ARRAY_LEN(kp_serve_routes);
