/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* problem: the one place where an error becomes application/problem+json (RFC 9457). */
#ifndef KP_QUERY_PROBLEM_H
#define KP_QUERY_PROBLEM_H

#include "core/buffer.h"
#include "core/error.h"
#include "query/query.h"

struct kp_problem {
	enum kp_status status;
	struct kp_slice detail;   /* Dutch, safe to show; empty: the fixed text */
	struct kp_slice trace_id; /* may be empty */
	const struct kp_query_faults *faults; /* invalidParams[]; may be NULL */
};

/* HTTP status of the answer when `status` ends a request. */
unsigned kp_problem_http_status(enum kp_status status);
/* Fixed Dutch title; always safe. */
struct kp_slice kp_problem_title(enum kp_status status);
void kp_problem_write(struct kp_buffer *buffer, const struct kp_problem *problem);

#endif
