/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_set: what the listeners of one configuration speak TLS with. Part of a snapshot, so
 * that certificates, keys and revocation lists are replaced by a reload like everything
 * else: all of them or none.
 */
#ifndef KP_TLS_SET_H
#define KP_TLS_SET_H

#include "config/config.h"
#include "io/tls.h"

struct kp_tls_set;

/* Reads and checks the files of every listener; all faults go to `findings`. `tickets`
 * may be NULL. Blocking. */
enum kp_status kp_tls_set_create(const struct kp_config *config,
	struct kp_tls_tickets *tickets, unsigned loops, struct kp_findings *findings,
	struct kp_tls_set **ret_set) KP_MUST_USE;
void kp_tls_set_destroy(struct kp_tls_set **set); /* accepts NULL */

/* Of the listener with this number; NULL when it is plain. */
struct kp_tls_server *kp_tls_set_get(const struct kp_tls_set *set, size_t listener);

#endif
