/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http2_client: lets a client of a script speak HTTP/2 without the script knowing: what
 * it sends as HTTP/1.1 text becomes requests, and their answers become such text again,
 * in the order of the requests. Between script and stage.
 */
#ifndef KP_FLOW_HTTP2_CLIENT_H
#define KP_FLOW_HTTP2_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

/* From now on all clients do ("flow http2"), or this one does; `window` is what it
 * takes of an answer before it was read, 0 the usual. */
void http2_clients_all(void);
void http2_client_speaks(const char *client, uint32_t window);

/* As the functions of struct stage of the same names, for clients of either kind. */
void link_send(const char *client, struct kp_slice bytes);
void link_hang_up(const char *client);
void link_read(const char *client, bool on);
struct kp_slice link_received(const char *client);
bool link_wait_for_more(const char *client, size_t seen);
void link_take(const char *client, size_t len);
bool link_closed(const char *client);

/* Breaks off every request that has no complete answer. False: it does not speak HTTP/2.
 */
bool http2_client_cancels(const char *client);
/* The gateway has broken a request of it off. */
bool http2_client_was_reset(const char *client);

#endif
