/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_try: asks one source one question and shows everything that happens to it:
 * the request with the client's number masked, and of the answer what was mapped, what
 * was dropped and what no path names. */
#ifndef KP_COMMANDS_CONNECTOR_TRY_H
#define KP_COMMANDS_CONNECTOR_TRY_H

#include <stdbool.h>

#include "commands/connector_known.h"
#include "source/source.h"

struct kp_connector_try {
	const struct kp_catalogue *catalogue;
	const struct kp_source *source;
	const uint64_t *permitted;              /* cells that may be shown */
	const struct kp_connector_known *known; /* by earlier sources */
	struct kp_slice bsn;
	struct kp_slice purpose;
	struct kp_slice case_id;
	struct kp_slice employee;
	struct kp_slice organisation;
	struct kp_slice activity; /* URI */
	struct kp_slice answer;   /* recorded answer to read instead of asking */
	bool answer_given;
	unsigned answer_status;
	struct kp_slice answer_type;
	bool json;
};

/* Writes to standard output. 0 when the source answered (found or nothing found), else
 * 1. */
int kp_connector_try_run(const struct kp_connector_try *attempt);

#endif
