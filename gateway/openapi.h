/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * openapi: the OpenAPI document of /v1 (NL API Design Rules 2.x, /core/publish-openapi).
 * The text of openapi/openapi.json with what the code and the configuration know filled
 * in, once per snapshot; answering is sending bytes that are there.
 */
#ifndef KP_OPENAPI_H
#define KP_OPENAPI_H

#include "config/config.h"
#include "core/arena.h"
#include "core/error.h"
#include "exchange.h"
#include "query/shape.h"
#include "snapshot.h"

/* The document, in `arena`. KP_E_MEMORY; KP_E_INTERNAL when the text asks for something
 * unknown, which no text that passed its test does. */
enum kp_status kp_openapi_make(const struct kp_config *config,
	const struct kp_shape *shape, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err) KP_MUST_USE;
/* The same of another text, for tests. */
enum kp_status kp_openapi_fill(struct kp_slice text, const struct kp_config *config,
	const struct kp_shape *shape, struct kp_arena *arena, struct kp_slice *ret_text,
	struct kp_error *err) KP_MUST_USE;

/* GET and OPTIONS /v1/openapi.json: for anybody, also from the page of another site. */
void kp_openapi_answer(struct kp_exchange *exchange, struct kp_snapshot_view *view);
void kp_openapi_answer_options(struct kp_exchange *exchange);

#endif
