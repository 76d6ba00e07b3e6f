/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen: the OpenID AuthZEN Authorization API 1.0 with the NL GOV profile, from the
 * bytes of a request to the bytes of its answer. What decides is a back end: the
 * gateway's own bundle (authzen_bundle.h) or any Cedar set with its entities
 * (authzen_set.h).
 *
 * Pure: no I/O. Everything of one request is in one arena; the answer lives as long.
 */
#ifndef KP_POLICIES_AUTHZEN_H
#define KP_POLICIES_AUTHZEN_H

#include "core/arena.h"
#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"
#include "policies/authzen_trust.h"
#include "policies/cedar/json_tree.h"

#define KP_AUTHZEN_BODY_BYTES_MAX ((size_t)256 << 10)
#define KP_AUTHZEN_DEPTH_MAX 32u     /* objects and arrays inside each other */
#define KP_AUTHZEN_ITEMS_MAX 1000u   /* in one evaluations request */
#define KP_AUTHZEN_PAGE_DEFAULT 100u /* results of one search */
#define KP_AUTHZEN_PAGE_MAX 1000u
#define KP_AUTHZEN_LOOK_MAX 10000u /* candidates decided on for one page */
#define KP_AUTHZEN_ANSWER_BYTES_MAX ((size_t)4 << 20)

enum kp_authzen_api {
	KP_AUTHZEN_EVALUATION,
	KP_AUTHZEN_EVALUATIONS,
	KP_AUTHZEN_SEARCH_SUBJECT,
	KP_AUTHZEN_SEARCH_RESOURCE,
	KP_AUTHZEN_SEARCH_ACTION,
	KP_AUTHZEN_API_COUNT
};

/* "evaluation", "search/subject", …: what stands behind /access/v1/, and the record. */
struct kp_slice kp_authzen_api_name(enum kp_authzen_api api);

/* Subject, resource, or action (whose id is its name, without a type). */
struct kp_authzen_party {
	struct kp_slice type;
	struct kp_slice id;
	const struct kp_cedar_json *properties; /* an object, or NULL */
	const struct kp_cedar_json *node;       /* the same node is the same party */
};

struct kp_authzen_question {
	struct kp_authzen_party subject;
	struct kp_authzen_party action;
	struct kp_authzen_party resource;
	const struct kp_cedar_json *context; /* an object, or NULL */
};

/* Why, for who asks for it. Slices live as long as back end and arena. */
struct kp_authzen_verdict {
	bool permit;
	struct kp_slice reason; /* Dutch */
	struct kp_slice reason_en;
	struct kp_slice rule;     /* @id of the rule that decided */
	struct kp_slice purpose;  /* doel */
	struct kp_slice activity; /* NL GOV: processing_activity_id */
};

/* Who calls, as the gateway established it. */
struct kp_authzen_caller {
	struct kp_slice organisation; /* OIN */
	struct kp_slice employee;
	const struct kp_slice *roles;
	size_t role_count;
	const struct kp_authzen_trust *trust; /* what it may assert */
	int64_t now_ms;                       /* UTC */
};

/* What decides. A back end is made for one request and embeds this. */
struct kp_authzen_backend {
	/* KP_OK and a verdict, or KP_E_MEMORY; then nothing is permitted. */
	enum kp_status (*evaluate)(struct kp_authzen_backend *backend,
		const struct kp_authzen_question *question,
		struct kp_authzen_verdict *ret_verdict) KP_MUST_USE;
	/* The next one that a search could find, from *cursor (0 at first), which it
	 * moves on; false at the end. `type` is as asked, empty for actions. */
	bool (*candidate)(struct kp_authzen_backend *backend, enum kp_authzen_api api,
		struct kp_slice type, uint64_t *cursor, struct kp_slice *ret_id);
	struct kp_slice version; /* of the rules, for records and paging tokens */
};

struct kp_authzen_request {
	enum kp_authzen_api api;
	struct kp_slice body;
	struct kp_authzen_backend *backend;
	struct kp_arena *arena;
};

/* One line of the record of a request. */
struct kp_authzen_line {
	struct kp_authzen_question question;
	bool permit;
};

struct kp_authzen_answer {
	unsigned http_status;
	struct kp_slice body; /* JSON; with 4xx a message as a JSON string */
	/* For the record: what was decided, in order; of a search what it found. */
	const struct kp_authzen_line *lines;
	uint32_t line_count;
	uint32_t permitted;
	struct kp_slice purpose;
	struct kp_slice activity;
	struct kp_slice traceparent; /* context.traceparent (NL GOV); may be empty */
};

/*
 * Reads, decides, answers. Every fault of the request is an answer; the only failure is
 * KP_E_MEMORY, and then there is no answer and the caller must refuse.
 */
enum kp_status kp_authzen_handle(const struct kp_authzen_request *request,
	struct kp_authzen_answer *ret_answer) KP_MUST_USE;

/* The metadata document of a decision point at `base_url`. */
void kp_authzen_write_metadata(struct kp_buffer *out, struct kp_slice base_url);
/* An https URL (http when `plain_allowed`) without query, fragment or slash at its end?
 */
bool kp_authzen_base_url_valid(struct kp_slice base_url, bool plain_allowed);

#endif
