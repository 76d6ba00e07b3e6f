/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * request: one query on its way through the steps of stages.c. It lives in the arena of
 * its exchange; everything of the client is in the arena of its own, which settle wipes.
 * One loop thread.
 *
 * Callbacks (timer, call, journal, exchange) never run a step: they store what happened
 * and call kp_request_wake; the loop runs the driver later in the turn. `outstanding`
 * counts what was started and has not completed; the request cannot end before it is 0.
 */
#ifndef KP_REQUEST_H
#define KP_REQUEST_H

#include "audit/journal.h"
#include "core/arena.h"
#include "core/error.h"
#include "exchange.h"
#include "http/http_message.h"
#include "io/loop.h"
#include "once.h"
#include "query/collect.h"
#include "query/dossier_write.h"
#include "query/merge.h"
#include "query/negotiate.h"
#include "query/plan.h"
#include "query/query.h"
#include "query/withheld.h"
#include "ration.h"
#include "snapshot.h"
#include "stages.h"

#define KP_REQUEST_MAGIC 0x6b705251u

/* Who asks, as identify found it. */
struct kp_identity {
	struct kp_slice organisation; /* OIN */
	/* OIN in whose name it asks, claimed and not yet held against the mandates;
	 * empty: in its own. */
	struct kp_slice on_behalf_of;
	struct kp_slice employee; /* may be empty for a system without employee */
	const struct kp_slice *roles;
	size_t role_count;
	bool development; /* taken from plain headers: nothing proves it */
};

/* What the decision point of a source was asked before the source itself. */
struct kp_request_consult {
	struct kp_request *request;
	struct kp_source_consult *running; /* NULL when not running */
	enum kp_once once;
	bool done;
	enum kp_status status;  /* KP_OK, or why nothing was granted */
	struct kp_slice reason; /* Dutch; when it is not KP_OK */
	const uint64_t *granted;
	uint32_t permitted;
	uint32_t http_status;
	uint64_t duration_us;
};

/* The items that the waves before `wave` found in one list section, those with one key
 * once. In the arena of the request, for every call of that wave. */
struct kp_request_known {
	struct kp_request_known *next;
	uint32_t section;
	uint32_t wave;
	uint32_t count;
	const struct kp_found_item **items;
};

/* One question to one source. */
struct kp_request_call {
	struct kp_request *request;
	struct kp_source_link *link;
	size_t source_index;            /* in the set of sources */
	struct kp_source_call *running; /* NULL when not running */
	enum kp_once once;
	struct kp_request_consult *consult; /* NULL: it has no decision point */
	struct kp_need need;
	bool known_failed; /* memory ran out for what earlier waves found */
	struct kp_collect collect;
	struct kp_source_state state;
	uint32_t entry;        /* of the plan */
	enum kp_status status; /* what made the outcome an error */
	uint64_t bytes;
	uint32_t http_status;
	bool started;
	bool done;      /* on_done came, or it could not be started */
	bool projected; /* the fetch step has looked at it */
	bool streamed;  /* its block is in the answer */
};

struct kp_relation {
	struct kp_request_call call;           /* to the caseload source */
	struct kp_request_call objection_call; /* to the register of objections */
	bool asked;
	bool objection_asked;
	bool in_caseload;
	bool opted_out; /* the client objected to this purpose */
	bool outside;   /* asked as raadplegenBuitenWerkvoorraad */
};

/* Answer bytes under way. */
struct kp_request_answer {
	enum kp_once sending;
	enum kp_status sent_status;
	bool begun;     /* the head has left */
	bool last_sent; /* nothing comes after what is under way */
	struct kp_buffer buffer;
	struct kp_slice part;
	unsigned http_status;
	uint64_t bytes;
};

struct kp_request {
	uint32_t magic;
	struct kp_exchange *exchange;
	struct kp_snapshot_view *view; /* a reference */
	struct kp_arena arena;
	struct kp_task task;
	struct kp_timer deadline;
	uint64_t started_us;
	uint64_t deadline_us; /* absolute, on the loop's clock */
	int64_t started_ms;   /* UTC */
	char now[KP_INSTANT_LEN];

	unsigned stage;          /* index in kp_stages */
	unsigned failed_stage;   /* where `failed` was set */
	bool failed;             /* error says why */
	bool gone;               /* the client went away */
	bool expired;            /* the deadline passed */
	bool cancelled;          /* running calls were told to stop */
	uint32_t outstanding;    /* operations that still have to complete */
	struct kp_error error;   /* for the operator */
	struct kp_slice detail;  /* for the client, Dutch; may be empty */
	struct kp_slice rule;    /* that decided, when one did */
	enum kp_refusal refusal; /* what the rules said, when they refused */

	/* admit */
	enum kp_answer_form form;
	bool dry_run;
	bool counted; /* among view->active */
	struct kp_trace trace;
	/* identify */
	struct kp_identity identity;
	enum kp_token_fault identity_fault; /* why it is not clear who asks */
	struct kp_identity_wait identity_wait;
	enum kp_once identity_once;
	char nonce[KP_NONCE_LEN];    /* for the next DPoP proof */
	struct kp_slice transaction; /* Fsc-Transaction-Id; empty: not through an Inway */
	/* ration, budget */
	struct kp_ration ration;
	/* parse */
	struct kp_query query;
	struct kp_query_faults *faults;
	const struct kp_purpose *purpose; /* NULL: not in the register */
	/* relate */
	struct kp_relation relation;
	/* authorise */
	struct kp_decision decision;
	uint64_t *asked_cells;
	uint64_t *permitted;
	struct kp_withheld withheld;
	/* plan */
	struct kp_plan plan;
	/* commit */
	struct kp_journal_entry entry;
	enum kp_once append;
	bool committed; /* a durable record exists: log_index */
	bool record_failed;
	uint64_t log_index;
	/* fetch, project */
	struct kp_request_call *calls; /* by entry of the plan that is a call */
	uint32_t call_count;
	uint32_t wave;
	struct kp_request_known *known;
	bool consulted;                 /* the decision points were asked */
	struct kp_source_state *states; /* by entry of the plan */
	bool complete;                  /* volledig */
	/* merge */
	struct kp_merged merged;
	/* answer */
	struct kp_request_answer answer;
};

/*
 * A handler for the route POST /v1/dossiers/_zoek (and for every method on it: admit
 * answers 405). Takes over the exchange; returns at once. Without memory for a request
 * the exchange is answered here.
 */
void kp_request_accept(struct kp_exchange *exchange, struct kp_snapshot_view *view);

/* Something happened: run the driver later in this turn. */
void kp_request_wake(struct kp_request *request);

/* Records why the request fails, for the operator (`message`, a literal) and the client
 * (`detail`, Dutch; fixed text or in the arena). For `return kp_request_fail(…)`. */
enum kp_stage_result kp_request_fail(struct kp_request *request, enum kp_status status,
	const char *message, struct kp_slice detail);

/* Tells running calls to stop; their completions follow. Idempotent. */
void kp_request_cancel_calls(struct kp_request *request);

/*
 * Starts one call for `cells`, which live as long as the request. call->request, link and
 * state.source are set by the caller. Its completion sets call->done and wakes the
 * request; a source that refuses at once is done at once, with that in call->state.
 */
void kp_request_call_start(
	struct kp_request_call *call, const uint64_t *cells, uint32_t wave);

/* request_consult.c: asks every decision point of the plan, once, after the record.
 * KP_E_MEMORY. */
enum kp_status kp_request_consult_all(struct kp_request *request) KP_MUST_USE;
void kp_request_consult_cancel(struct kp_request *request);
/* When all are done: what they refused is withheld. KP_E_MEMORY. */
enum kp_status kp_request_consult_withhold(struct kp_request *request) KP_MUST_USE;

/* request_known.c: lets the call's connector see what earlier waves found. A connector
 * that is told of nothing because memory ran out cannot know that: call->known_failed. */
void kp_request_offer_known(struct kp_request_call *call);
/* What a wave before `wave` found for a field; NULL when nothing. */
const struct kp_found *kp_request_find_known(
	const struct kp_request *request, uint32_t field, uint32_t wave);

/* One absolute deadline per request; sets it anew. */
void kp_request_set_deadline(struct kp_request *request, uint64_t deadline_us);

/* stage_authorise.c: what the rules say with what is known by now. KP_E_MEMORY. */
enum kp_status kp_request_decide(struct kp_request *request, bool reason_given,
	struct kp_decision *ret_decision) KP_MUST_USE;

/* stage_identify.c: waits for no issuer any more. Idempotent. */
void kp_request_identity_cancel(struct kp_request *request);

/* stage_project.c: makes the final state of a call that is done. */
void kp_project_call(struct kp_request_call *call);

/*
 * stage_merge.c: makes `merged` from all sources that found something. The links between
 * values are in the values themselves, so merging one source for its block undoes them:
 * after the last block all is merged again. False: no memory.
 */
bool kp_merge_all(struct kp_request *request) KP_MUST_USE;

/* stage_answer.c: in a streaming form, sends what is ready. Does nothing otherwise. */
void kp_answer_stream(struct kp_request *request);

/* After the last step: gives everything back. The request is no more. */
void kp_request_end(struct kp_request *request);

/* OIN of the organisation that answers for the question: in whose name it is asked. */
struct kp_slice kp_request_responsible(const struct kp_request *request);
const struct kp_path_config *kp_request_config(const struct kp_request *request);
const struct kp_http_request *kp_request_head(const struct kp_request *request);

#endif
