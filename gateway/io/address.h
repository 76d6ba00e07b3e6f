/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* address: where a partner may be. A name that leads to the gateway's own machine or
 * network segment is an attack or a mistake; an endpoint that says loopback itself is
 * meant. */
#ifndef KP_IO_ADDRESS_H
#define KP_IO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* `address` is a sockaddr_in or sockaddr_in6; nothing of any other family is. */
bool kp_address_allowed(const struct sockaddr *address, bool on_loopback);

/* One of "a,b,[c]" (io/resolve.h) where a partner may be that is not on loopback, without
 * brackets: the one whose turn it is, or the first allowed one after it, which `turn` is
 * then. False when there is none, or no room. */
bool kp_address_choose(const char *addresses, unsigned *turn, char *out, size_t size);

#endif
