/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * answer_headers: the fields that every answer has, whatever the HTTP version and
 * whoever makes it, refusals of the connection included (NL API Design Rules 2.x,
 * /core/version-header and /transport/security-headers), and those of a version of the
 * interface that is going away (RFC 9745, RFC 8594). Pure.
 */
#ifndef KP_ANSWER_HEADERS_H
#define KP_ANSWER_HEADERS_H

#include "exchange.h"

/* Of the interface, not of the program: its first number is the 1 of /v1. Raised with
 * every change of what gateway/openapi/openapi.json says. */
#define KP_API_VERSION "1.0.0"

#define KP_ANSWER_HEADERS_MAX 12u

/* What is said about /v1; a text that is empty is not said. Texts live as long as the
 * connections. */
struct kp_answer_notice {
	struct kp_slice deprecation; /* "@1767225600" */
	struct kp_slice sunset;      /* "Thu, 01 Jan 2026 00:00:00 GMT" */
	struct kp_slice link;        /* "<https://…>; rel=\"deprecation\"" */
};

/*
 * Fills `out` with the fields that go before or after the handler's `own`, and returns
 * how many. A field that is among `own` is left out: the handler's takes its place. Date
 * and what frames the body are the connection's. `path` may be empty (no request came of
 * it).
 */
size_t kp_answer_headers(const struct kp_answer_notice *notice, struct kp_slice path,
	const struct kp_exchange_header *own, size_t own_count,
	struct kp_exchange_header out[KP_ANSWER_HEADERS_MAX]);

/*
 * A notice from days as in a configuration ("2027-01-31"; empty: none) and the address
 * of a page about it (may be empty). KP_E_INVALID when a text is no day; KP_E_MEMORY.
 */
enum kp_status kp_answer_notice_make(struct kp_arena *arena,
	struct kp_slice deprecated_on, struct kp_slice sunset_on, struct kp_slice page,
	struct kp_answer_notice *ret_notice) KP_MUST_USE;

#endif
