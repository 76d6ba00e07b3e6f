/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_message: one complete request message, as a handler sees it. Lifetime: the arena
 * of its exchange.
 */
#ifndef KP_HTTP_HTTP_MESSAGE_H
#define KP_HTTP_HTTP_MESSAGE_H

#include "core/slice.h"
#include "http/http_parse.h"

struct kp_http_message {
	struct kp_http_request head;
	struct kp_slice body; /* whole, chunks joined; empty when there is none */
};

#endif
