/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen_routes: the decision point over HTTP (AuthZEN 1.0, sections 10 and 11). Each
 * request for a decision is identified, decided, recorded and only then answered: without
 * a durable record there is no answer. Loop thread.
 */
#ifndef KP_AUTHZEN_ROUTES_H
#define KP_AUTHZEN_ROUTES_H

#include "exchange.h"
#include "policies/authzen.h"
#include "snapshot.h"

#define KP_AUTHZEN_REQUEST_ID_BYTES_MAX ((size_t)256)

/* Takes over the exchange; returns at once. 404 when the configuration has it off. */
void kp_authzen_accept(struct kp_exchange *exchange, struct kp_snapshot_view *view,
	enum kp_authzen_api api);
/* The metadata document; 404 when off or without a base address. */
void kp_authzen_answer_metadata(
	struct kp_exchange *exchange, struct kp_snapshot_view *view);

#endif
