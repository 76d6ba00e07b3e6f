/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * negotiate: what a request wants of the form of its answer (RFC 9110, sections 8.3.1,
 * 12.4.2 and 12.5.1; RFC 7240), and W3C Trace Context.
 */
#ifndef KP_QUERY_NEGOTIATE_H
#define KP_QUERY_NEGOTIATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

enum kp_answer_form {
	KP_ANSWER_JSON,   /* application/json */
	KP_ANSWER_NDJSON, /* application/x-ndjson */
	KP_ANSWER_SSE,    /* text/event-stream */
	KP_ANSWER_FORM_COUNT
};

/* The media type, with its parameters. */
struct kp_slice kp_answer_content_type(enum kp_answer_form form);

/* The best weight the Accept value gives each form, in thousandths, added to what earlier
 * Accept lines gave (`weights` starts as zeroes). */
void kp_negotiate_accept(struct kp_slice accept, unsigned weights[KP_ANSWER_FORM_COUNT]);
/* The heaviest form; on equal weight the first of the enum. False when none is wanted. */
bool kp_negotiate_choose(
	const unsigned weights[KP_ANSWER_FORM_COUNT], enum kp_answer_form *ret_form);

/* Is this application/json, in UTF-8 when it says a charset? */
bool kp_content_type_is_json(struct kp_slice content_type);

/* Does this Prefer value ask for handling=dry-run? */
bool kp_prefers_dry_run(struct kp_slice prefer);

#define KP_TRACE_ID_LEN 32u
#define KP_SPAN_ID_LEN 16u

/* Hexadecimal, not terminated. */
struct kp_trace {
	char trace_id[KP_TRACE_ID_LEN];
	char parent_id[KP_SPAN_ID_LEN]; /* of the caller; zeroes when none */
	char span_id[KP_SPAN_ID_LEN];   /* ours */
	bool sampled;
};

/*
 * Trace Context level 1: version 00, or a higher one whose first four fields fit. False
 * for anything else (all-zero ids, version ff, upper case); then a trace of one's own
 * begins.
 */
bool kp_trace_parse(struct kp_slice traceparent, struct kp_trace *ret_trace);

#endif
