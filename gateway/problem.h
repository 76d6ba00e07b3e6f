/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * problem: answers with a problem document (RFC 9457) where there is no query: for what
 * the server itself refuses. The document is query/problem.h's.
 */
#ifndef KP_PROBLEM_H
#define KP_PROBLEM_H

#include "core/error.h"
#include "exchange.h"

/* "Content-Type: application/problem+json". */
extern const struct kp_exchange_header kp_problem_content_type;

/* Of a status whose text is not safe to show, `detail` is left out. `header` (one more,
 * e.g. Allow) may be NULL. The caller finishes. */
void kp_problem_answer(struct kp_exchange *exchange, enum kp_status status,
	struct kp_slice detail, const struct kp_exchange_header *header);

#endif
