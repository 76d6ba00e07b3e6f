/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * request_consult: the decision points of partners. Each partner that has one is asked
 * about the fields that would be asked of it, all in one request, before it is itself
 * asked; all of them at the same time. What they say only narrows: a field that is
 * refused, or about which there is no answer, is not asked for.
 *
 * A decision point learns who asks what and, when its manifest says so, about whom: so it
 * is asked by fetch, after the record that says so is durable.
 */
#include <string.h>

#include "core/attr.h"
#include "core/bits.h"
#include "core/heap.h"
#include "request.h"

/* "00-<trace>-<span>-01" (W3C Trace Context level 1). */
#define TRACEPARENT_LEN (3u + KP_TRACE_ID_LEN + 1u + KP_SPAN_ID_LEN + 3u)

/* A pseudonym of this partner's own, so that no two can lay theirs side by side. */
#define PSEUDONYM_OF_MAX 64u

static void
on_consulted(void *owner, const struct kp_source_consult_result *result)
{
	struct kp_request_consult *consult = owner;
	struct kp_request *request = consult->request;
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	kp_once_complete(&consult->once);
	request->outstanding--;
	consult->running = NULL;
	consult->done = true;
	consult->status = result->status;
	consult->reason = result->reason;
	consult->granted = result->granted;
	consult->permitted = result->permitted;
	consult->duration_us = result->duration_us;
	consult->http_status = result->http_status;
	kp_request_wake(request);
}

/* Nothing was started: that refuses everything. */
static void
refuse(struct kp_request_consult *consult, enum kp_status status)
{
	consult->done = true;
	consult->status = status;
	consult->reason = KP_SLICE("aan het beslispunt van de bron kon niets worden "
				   "gevraagd");
}

static struct kp_slice
write_traceparent(const struct kp_request *request, char text[TRACEPARENT_LEN])
{
	char *at = text;
	memcpy(at, "00-", 3);
	memcpy(at + 3, request->trace.trace_id, KP_TRACE_ID_LEN);
	at += 3 + KP_TRACE_ID_LEN;
	*at++ = '-';
	memcpy(at, request->trace.span_id, KP_SPAN_ID_LEN);
	memcpy(at + KP_SPAN_ID_LEN, "-01", 3);
	return (struct kp_slice){text, TRACEPARENT_LEN};
}

/* What the decision point is told of the client; `pseudonym` is storage. */
static enum kp_status
fill_client(const struct kp_request *request, const struct kp_source *source,
	char pseudonym[KP_PSEUDONYM_LEN], struct kp_authzen_ask *ask)
{
	char about[PSEUDONYM_OF_MAX];
	struct kp_slice bsn = request->query.bsn;
	if (source->decision_bsn) {
		ask->client_type = KP_SLICE("burgerservicenummer");
		ask->client = bsn;
	}
	if (!source->decision_pseudonym) {
		return KP_OK;
	}
	if (source->oin.len + 1 + bsn.len > sizeof(about)) {
		return KP_E_LIMIT;
	}
	memcpy(about, source->oin.data, source->oin.len);
	about[source->oin.len] = '/';
	memcpy(about + source->oin.len + 1, bsn.data, bsn.len);
	enum kp_status status = kp_pseudonymise(request->view->pseudonymiser,
		(struct kp_slice){about, source->oin.len + 1 + bsn.len}, pseudonym);
	kp_wipe(about, sizeof(about));
	ask->client_type = KP_SLICE("pseudoniem");
	ask->client = (struct kp_slice){pseudonym, KP_PSEUDONYM_LEN};
	return status;
}

static enum kp_status
start(struct kp_request_call *call, struct kp_request_consult *consult)
{
	struct kp_request *request = call->request;
	const struct kp_identity *identity = &request->identity;
	const struct kp_snapshot *snapshot = request->view->snapshot;
	char traceparent[TRACEPARENT_LEN];
	char pseudonym[KP_PSEUDONYM_LEN];
	struct kp_authzen_ask ask = {
		.catalogue = snapshot->catalogue,
		.cells = call->state.planned->cells,
		.organisation = kp_request_responsible(request),
		.processor = identity->on_behalf_of.len > 0 ? identity->organisation
							    : identity->on_behalf_of,
		.employee = identity->employee,
		.roles = identity->roles,
		.role_count = identity->role_count,
		.action = request->relation.outside
			? KP_SLICE("raadplegenBuitenWerkvoorraad")
			: KP_SLICE("raadplegen"),
		.purpose = request->query.purpose,
		.case_id = request->query.case_id,
		.time = {request->now, KP_INSTANT_LEN},
		.traceparent = write_traceparent(request, traceparent),
		.in_caseload = request->relation.in_caseload,
		.reason_given = request->query.reason.len > 0,
	};
	enum kp_status status = fill_client(request,
		kp_source_set_get(snapshot->sources, call->source_index), pseudonym,
		&ask);
	if (status != KP_OK) {
		return status;
	}
	const struct kp_source_consult_options options = {
		.ask = &ask,
		.request_id = {request->trace.span_id, KP_SPAN_ID_LEN},
		.deadline_us = request->deadline_us,
		.on_done = on_consulted,
		.owner = consult,
		.arena = &request->arena,
	};
	kp_once_begin(&consult->once);
	status = kp_source_consult_start(call->link, &options, &consult->running);
	kp_once_begun(&consult->once, status == KP_OK);
	return status;
}

enum kp_status
kp_request_consult_all(struct kp_request *request)
{
	const struct kp_source_set *set = request->view->snapshot->sources;
	for (uint32_t i = 0; i < request->call_count; i++) {
		struct kp_request_call *call = &request->calls[i];
		if (!kp_source_set_get(set, call->source_index)->decision_point) {
			continue;
		}
		struct kp_request_consult *consult =
			KP_ARENA_NEW(&request->arena, struct kp_request_consult);
		if (consult == NULL) {
			return KP_E_MEMORY;
		}
		consult->request = request;
		call->consult = consult;
		enum kp_status status = start(call, consult);
		if (status == KP_OK) {
			request->outstanding++;
		} else {
			refuse(consult, status);
		}
	}
	return KP_OK;
}

void
kp_request_consult_cancel(struct kp_request *request)
{
	for (uint32_t i = 0; i < request->call_count; i++) {
		struct kp_request_consult *consult = request->calls[i].consult;
		if (consult != NULL && consult->running != NULL) {
			kp_source_consult_cancel(consult->running);
		}
	}
}

/* For the reader of ingehouden: whose decision point said what. */
static struct kp_slice
explain(struct kp_request *request, const struct kp_request_call *call)
{
	const struct kp_source *source =
		kp_source_set_get(request->view->snapshot->sources, call->source_index);
	const struct kp_request_consult *consult = call->consult;
	struct kp_slice why = consult->status == KP_OK
		? KP_SLICE("het beslispunt van de bron staat dit niet toe")
		: consult->reason;
	return kp_slice_from(kp_arena_printf(&request->arena, "%.*s: %.*s",
		KP_SLICE_ARG(source->name), KP_SLICE_ARG(why)));
}

/* The cells that a decision point did not grant. */
static uint64_t *
find_refused(struct kp_request *request, const struct kp_request_call *call)
{
	uint32_t words = request->view->snapshot->catalogue->cell_words;
	const uint64_t *asked = call->state.planned->cells;
	const struct kp_request_consult *consult = call->consult;
	uint64_t *refused = KP_ARENA_ARRAY(&request->arena, uint64_t, words);
	for (uint32_t i = 0; refused != NULL && i < words; i++) {
		uint64_t granted =
			consult->status == KP_OK ? consult->granted[i] : (uint64_t)0;
		refused[i] = asked[i] & ~granted;
	}
	return refused;
}

/* All that would have been asked of anybody. */
static uint64_t *
find_planned(struct kp_request *request)
{
	uint32_t words = request->view->snapshot->catalogue->cell_words;
	uint64_t *planned = KP_ARENA_ARRAY(&request->arena, uint64_t, words);
	for (uint32_t i = 0; planned != NULL && i < request->call_count; i++) {
		for (uint32_t word = 0; word < words; word++) {
			planned[word] |= request->calls[i].state.planned->cells[word];
		}
	}
	return planned;
}

enum kp_status
kp_request_consult_withhold(struct kp_request *request)
{
	const struct kp_snapshot *snapshot = request->view->snapshot;
	struct kp_withheld_refusal *refusals = KP_ARENA_ARRAY(
		&request->arena, struct kp_withheld_refusal, request->call_count);
	uint32_t count = 0;
	if (refusals == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		if (call->consult == NULL) {
			continue;
		}
		struct kp_withheld_refusal *refusal = &refusals[count++];
		refusal->cells = find_refused(request, call);
		refusal->reason.code = KP_REFUSAL_PARTNER;
		refusal->reason.text = explain(request, call);
		if (refusal->cells == NULL || refusal->reason.text.data == NULL) {
			return KP_E_MEMORY;
		}
	}
	if (count == 0) {
		return KP_OK;
	}
	const uint64_t *planned = find_planned(request);
	return planned == NULL ? KP_E_MEMORY
			       : kp_withheld_extend(snapshot->shape, planned, refusals,
					 count, &request->arena, &request->withheld);
}
