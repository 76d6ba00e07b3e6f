/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* address: where a partner may be. A name that leads to the gateway's own machine or
 * network segment is an attack or a mistake; an endpoint that says loopback itself is
 * meant. */
#ifndef KP_IO_ADDRESS_H
#define KP_IO_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* `address` is a sockaddr_in or sockaddr_in6; nothing of any other family is. */
bool kp_address_allowed(const struct sockaddr *address, bool on_loopback);

#endif
