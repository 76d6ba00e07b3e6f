/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * assemble: from the files of a configuration to a snapshot that can serve. `serve` does
 * it at start, a reload does it again beside the running one, and `check` does it and
 * lets go: so what passes the check starts, and what starts has passed it.
 */
#ifndef KP_ASSEMBLE_H
#define KP_ASSEMBLE_H

#include "audit/journal.h"
#include "config/config.h"
#include "core/error.h"
#include "core/log.h"
#include "snapshot.h"
#include "tls_set.h"

/* What outlives snapshots. Borrowed. */
struct kp_assemble_means {
	struct kp_journal *journal;     /* NULL: for a check only */
	struct kp_quota *quota;         /* NULL: for a check only */
	struct kp_proofs *proofs;       /* NULL: for a check only */
	struct kp_logger *logger;       /* may be NULL */
	struct kp_tls_tickets *tickets; /* NULL: no TLS session is resumed */
	struct kp_attendant *attendant; /* NULL: no program of a partner is started */
	unsigned loops;                 /* that will serve; at least 1 */
};

/*
 * Reads rules, manifests and secrets of a configuration that was loaded, compiles and
 * checks them. Everything wrong is in `findings`; KP_E_CONFIG when there was anything.
 * Blocking: at start or on a worker thread. The configuration is only read from; its
 * secrets are filled in.
 */
enum kp_status kp_assemble(struct kp_config *config,
	const struct kp_assemble_means *means, struct kp_findings *findings,
	struct kp_snapshot **ret_snapshot) KP_MUST_USE;

#endif
