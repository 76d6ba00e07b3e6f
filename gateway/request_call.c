/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* request_call: one question of a request to one source, from start to completion. Used
 * by relate (the caseload) and fetch (the partners). */
#include "request.h"

#include "core/attr.h"

static struct kp_text
text_from(struct kp_slice slice)
{
	return (struct kp_text){slice.data, slice.len};
}

static void
fill_need(struct kp_request_call *call, const uint64_t *cells, uint32_t wave)
{
	const struct kp_request *request = call->request;
	const struct kp_purpose *purpose = request->purpose;
	call->need = (struct kp_need){
		.size = sizeof(call->need),
		.bsn = text_from(request->query.bsn),
		.purpose = text_from(request->query.purpose),
		.case_id = text_from(request->query.case_id),
		.employee = text_from(request->identity.employee),
		.organisation = text_from(kp_request_responsible(request)),
		.trace_id = {request->trace.trace_id, KP_TRACE_ID_LEN},
		.now = {request->now, KP_INSTANT_LEN},
		.cells = cells,
		.cell_words = request->view->snapshot->catalogue->cell_words,
		.wave = wave,
	};
	kp_request_offer_known(call);
	if (purpose != NULL) {
		call->need.activity_uri = text_from(purpose->activity_uri);
	}
}

static void
close_call(struct kp_request_call *call)
{
	kp_instant_write(
		kp_loop_wall_ms(call->request->view->loop), call->state.retrieved);
	call->running = NULL;
	call->done = true;
}

/* What the reader is not told: the connector's or the transport's own words. */
static void
log_fault(const struct kp_request_call *call, const struct kp_fault *fault)
{
	const struct kp_request *request = call->request;
	if (fault->message[0] != '\0') {
		KP_LOG(&request->view->log, INFO, SOURCE, "a source gave no answer",
			kp_log_text(KP_LOG_TRACE,
				(struct kp_slice){
					request->trace.trace_id, KP_TRACE_ID_LEN}),
			kp_log_text(KP_LOG_SOURCE,
				kp_source_set_get(request->view->snapshot->sources,
					call->source_index)
					->name),
			kp_log_cstr(KP_LOG_CODE, kp_status_info(call->status)->name),
			kp_log_cstr(KP_LOG_PLACE, fault->place),
			kp_log_cstr(KP_LOG_ERROR, fault->message));
	}
}

static void
on_call_done(void *owner, const struct kp_source_result *result)
{
	struct kp_request_call *call = owner;
	struct kp_request *request = call->request;
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	kp_once_complete(&call->once);
	request->outstanding--;
	call->state.outcome = result->outcome;
	call->state.duration_us = result->duration_us;
	/* Without memory the reason is lost, the outcome is not. */
	call->state.reason = kp_arena_copy(&request->arena, result->reason);
	call->status = result->status;
	call->bytes = result->bytes;
	call->http_status = result->http_status;
	if (result->outcome == KP_ERROR || result->outcome == KP_NOT_REACHED ||
		result->outcome == KP_NOT_ASKED) {
		log_fault(call, &result->fault);
	}
	/* It had no words for the question, and sent none. */
	call->state.asked = result->outcome != KP_NOT_ASKED;
	close_call(call);
	kp_request_wake(request);
}

/* A call that never came under way: no room at the source, or no memory. */
static void
refuse_call(struct kp_request_call *call, enum kp_status status)
{
	call->state.outcome = KP_NOT_REACHED;
	call->state.reason = status == KP_E_BUSY
		? KP_SLICE("te veel vragen tegelijk aan deze bron")
		: KP_SLICE("de vraag aan deze bron kon niet worden gesteld");
	call->status = status;
	close_call(call);
}

void
kp_request_call_start(struct kp_request_call *call, const uint64_t *cells, uint32_t wave)
{
	struct kp_request *request = call->request;
	const struct kp_path_config *config = kp_request_config(request);
	fill_need(call, cells, wave);
	const struct kp_collect_options collect = {
		.catalogue = request->view->snapshot->catalogue,
		.source = call->state.source,
		.cells = cells,
		.bsn = request->query.bsn,
		.arena = &request->arena,
		.items_max = config->items_max,
		.values_max = config->values_max,
		.value_bytes_max = config->value_bytes_max,
	};
	call->started = true;
	enum kp_status status = kp_collect_init(&call->collect, &collect);
	if (status != KP_OK) {
		refuse_call(call, status);
		return;
	}
	call->state.collect = &call->collect;
	call->state.asked = true;
	const struct kp_source_call_options options = {
		.need = &call->need,
		.sink = &call->collect.sink,
		.deadline_us = request->deadline_us,
		.on_done = on_call_done,
		.owner = call,
		.arena = &request->arena,
		.transaction = request->transaction,
	};
	kp_once_begin(&call->once);
	status = kp_source_call_start(call->link, &options, &call->running);
	kp_once_begun(&call->once, status == KP_OK);
	if (status != KP_OK) {
		refuse_call(call, status);
		return;
	}
	request->outstanding++;
}

static void
cancel_call(struct kp_request_call *call)
{
	if (call->running != NULL) {
		kp_source_call_cancel(call->running);
	}
}

void
kp_request_cancel_calls(struct kp_request *request)
{
	kp_request_identity_cancel(request);
	if (request->cancelled) {
		return;
	}
	request->cancelled = true;
	cancel_call(&request->relation.call);
	cancel_call(&request->relation.objection_call);
	kp_request_consult_cancel(request);
	for (uint32_t i = 0; i < request->call_count; i++) {
		cancel_call(&request->calls[i]);
	}
}
