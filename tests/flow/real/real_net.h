/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* real_net: what both sides of the real stage stand on: the clock, bytes that grow, and
 * sockets on the loopback address. Nothing here fails but connecting; the rest ends the
 * program. */
#ifndef KP_FLOW_REAL_NET_H
#define KP_FLOW_REAL_NET_H

#include <stdint.h>

#include "core/slice.h"

struct blob { /* one byte more than it says, a NUL */
	char *data;
	size_t len;
};

uint64_t now_ms(void);
void blob_add(struct blob *blob, const char *data, size_t len);
void blob_clear(struct blob *blob);
struct kp_slice blob_slice(const struct blob *blob);

/* A listener on `*port`, any when it is 0. */
int listen_on(uint16_t *port);
/* A port for the gateway that nobody is given in the meantime: the gateway's listeners
 * share it (SO_REUSEPORT), and what only holds it gets no connections. */
int hold_port(uint16_t *ret_port);
/* Does not block from here on. -1: refused. */
int connect_to(uint16_t port);

#endif
