/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* openapi_routes: the answers of openapi.h. Reading the document tells nothing about a
 * client or a caller, so any site may (Fetch standard, CORS protocol). */
#include "openapi.h"

#include "core/attr.h"

static const struct kp_exchange_header any_origin = {
	KP_SLICE_INIT("Access-Control-Allow-Origin"), KP_SLICE_INIT("*")};

void
kp_openapi_answer(struct kp_exchange *exchange, struct kp_snapshot_view *view)
{
	const struct kp_exchange_header headers[] = {
		{KP_SLICE("Content-Type"), KP_SLICE("application/json")}, any_origin};
	kp_exchange_answer(exchange, 200, headers, KP_ARRAY_LEN(headers),
		&view->snapshot->openapi, 1);
	kp_exchange_finish(&exchange);
}

void
kp_openapi_answer_options(struct kp_exchange *exchange)
{
	const struct kp_exchange_header headers[] = {
		any_origin,
		{KP_SLICE("Access-Control-Allow-Methods"),
			KP_SLICE("GET, HEAD, OPTIONS")},
		{KP_SLICE("Access-Control-Allow-Headers"), KP_SLICE("*")},
		{KP_SLICE("Access-Control-Max-Age"), KP_SLICE("86400")},
		{KP_SLICE("Allow"), KP_SLICE("GET, HEAD, OPTIONS")},
	};
	kp_exchange_answer(exchange, 204, headers, KP_ARRAY_LEN(headers), NULL, 0);
	kp_exchange_finish(&exchange);
}
