/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* problem: see problem.h. */
#include "problem.h"

#include "query/problem.h"

#define PROBLEM_BYTES_MAX ((size_t)2048)

const struct kp_exchange_header kp_problem_content_type = {
	{"Content-Type", 12}, {"application/problem+json", 24}};

void
kp_problem_answer(struct kp_exchange *exchange, enum kp_status status,
	struct kp_slice detail, const struct kp_exchange_header *header)
{
	struct kp_buffer body;
	kp_buffer_init(&body, kp_exchange_arena(exchange), PROBLEM_BYTES_MAX);
	struct kp_problem problem = {.status = status, .detail = detail};
	kp_problem_write(&body, &problem);
	struct kp_exchange_header headers[2] = {kp_problem_content_type};
	size_t count = 1;
	if (header != NULL) {
		headers[count++] = *header;
	}
	struct kp_slice part = body.failed ? KP_SLICE("{}") : kp_buffer_slice(&body);
	kp_exchange_answer(exchange, (unsigned)kp_status_info(status)->http, headers,
		count, &part, 1);
}
