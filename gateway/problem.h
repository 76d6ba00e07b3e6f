/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * problem: problem documents (RFC 9457) for what the server itself refuses. The request
 * path writes its own, with more to say.
 */
#ifndef KP_PROBLEM_H
#define KP_PROBLEM_H

#include "core/buffer.h"
#include "exchange.h"

/* "Content-Type: application/problem+json". */
extern const struct kp_exchange_header kp_problem_content_type;

/* The document. Of a status whose text is not safe to show, `detail` is left out. */
void kp_problem_write(
	struct kp_buffer *buffer, enum kp_status status, struct kp_slice detail);
/* Answers with it; `header` (one more, e.g. Allow) may be NULL. The caller finishes. */
void kp_problem_answer(struct kp_exchange *exchange, enum kp_status status,
	struct kp_slice detail, const struct kp_exchange_header *header);

#endif
