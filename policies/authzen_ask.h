/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen_ask: the other direction. A partner's own decision point is asked about the
 * fields of its data in one evaluations request (OpenID AuthZEN Authorization API 1.0,
 * section 7), and its answer is read as it comes. What is asked has the words that our
 * own decision point takes (authzen_bundle.h), so that two gateways understand each
 * other.
 *
 * An answer only ever narrows: whatever is not a clear yes is a no, and an answer that is
 * not exactly one decision for each question grants nothing at all. The order is the only
 * thing that ties an answer to its question, so a batch that is too short or too long is
 * no answer.
 *
 * Pure: no I/O. Everything lives in the arena given.
 */
#ifndef KP_POLICIES_AUTHZEN_ASK_H
#define KP_POLICIES_AUTHZEN_ASK_H

#include "core/arena.h"
#include "core/buffer.h"
#include "core/error.h"
#include "core/json_read.h"
#include "core/slice.h"
#include "policies/catalogue.h"

/* Of the request; about 100 bytes for each field. */
#define KP_AUTHZEN_ASK_BYTES_MAX ((size_t)1 << 20)
/* Behind the endpoint; the default address of the API. */
#define KP_AUTHZEN_ASK_TARGET "/access/v1/evaluations"

/* Who asks what about whom. Borrowed; empty texts are left out. */
struct kp_authzen_ask {
	const struct kp_catalogue *catalogue;
	const uint64_t *cells; /* of one source: what is asked about, in this order */
	struct kp_slice organisation; /* OIN; in whose name is asked */
	struct kp_slice processor;    /* OIN of who asks for it by mandate */
	struct kp_slice employee;     /* empty: the organisation itself asks */
	const struct kp_slice *roles;
	size_t role_count;
	struct kp_slice action; /* "raadplegen" */
	struct kp_slice purpose;
	struct kp_slice case_id;
	struct kp_slice client_type; /* "pseudoniem", "burgerservicenummer" */
	struct kp_slice client;
	struct kp_slice time;        /* RFC 3339 */
	struct kp_slice traceparent; /* W3C Trace Context */
	bool in_caseload;
	bool reason_given;
};

/* The request's body. A buffer that runs out is marked failed. */
void kp_authzen_ask_write(struct kp_buffer *out, const struct kp_authzen_ask *ask);

/* An answer being read. Lifetime: the caller's, not longer than the arena. */
struct kp_authzen_verdicts {
	struct kp_json_reader reader;
	const uint64_t *cells; /* asked about */
	uint64_t *granted;
	uint32_t cell_words;
	uint32_t asked;
	uint32_t permitted;
	/* Where the reader is. */
	uint32_t cell;    /* the next one to be decided */
	uint32_t decided; /* complete decisions so far */
	unsigned place;   /* enum place in authzen_ask.c */
	bool item_decided;
	bool item_permit;
	bool seen;  /* "evaluations" was there */
	bool wrong; /* not what the standard says */
};

/*
 * `cells` has `cell_words` words and outlives the reading. KP_E_MEMORY. `bytes_max`
 * bounds the answer.
 */
enum kp_status kp_authzen_verdicts_init(struct kp_authzen_verdicts *verdicts,
	struct kp_arena *arena, const uint64_t *cells, uint32_t cell_words,
	uint64_t bytes_max) KP_MUST_USE;
/* Anything but KP_OK: there is no answer, and nothing more need be read. */
enum kp_status kp_authzen_verdicts_push(
	struct kp_authzen_verdicts *verdicts, struct kp_slice bytes) KP_MUST_USE;
/*
 * The end. KP_OK: `granted` holds the cells that were granted and `permitted` counts
 * them. Anything else: `granted` is empty.
 */
enum kp_status kp_authzen_verdicts_finish(
	struct kp_authzen_verdicts *verdicts) KP_MUST_USE;

#endif
