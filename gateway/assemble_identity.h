/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* assemble_identity: who may ask, from a configuration whose secrets are read. Blocking:
 * at start, or on a worker thread. */
#ifndef KP_ASSEMBLE_IDENTITY_H
#define KP_ASSEMBLE_IDENTITY_H

#include "config/config.h"
#include "identity/identity.h"

/* Reads key files and the list of the revoked. All faults go to `findings`. `proofs` is
 * referenced. */
enum kp_status kp_assemble_identity(const struct kp_config *config,
	struct kp_proofs *proofs, struct kp_findings *findings,
	struct kp_identity_settings **ret_settings) KP_MUST_USE;

#endif
