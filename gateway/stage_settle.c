/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_settle: how it ended goes on record (counts and states, never values), is counted
 * and logged. After it the driver gives everything back and the arena is wiped.
 *
 * In:       everything
 * Out:      an outcome record, counters, one line in the log
 * Waits:    no: nobody waits for this record
 * Owns:     nothing
 * Fails as: nothing; a record that could not be handed over is an error in the log
 */
#include "audit/record.h"

#include "request.h"

static enum kp_status
status_of(const struct kp_request *request)
{
	return request->failed ? request->error.status : KP_OK;
}

static void
fill_consult(const struct kp_request_call *call, struct kp_record_consult *record)
{
	const struct kp_request_consult *consult = call->consult;
	*record = (struct kp_record_consult){
		.duration_us = consult->duration_us,
		.http_status = consult->http_status,
		.permitted = consult->permitted,
		.refused = call->state.planned->cell_count - consult->permitted,
	};
	if (consult->status != KP_OK) {
		record->code = kp_slice_from(kp_status_info(consult->status)->name);
	}
}

static void
fill_calls(const struct kp_request *request, struct kp_record_call *calls,
	struct kp_record_consult *consults)
{
	const struct kp_catalogue *catalogue = request->view->snapshot->catalogue;
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		calls[i] = (struct kp_record_call){
			.source = catalogue->sources[call->state.source].name,
			.status = kp_outcome_name(call->state.outcome),
			.duration_us = call->state.duration_us,
			.bytes = call->bytes,
			.http_status = call->http_status,
			.fields = call->state.asked ? call->collect.kept : 0,
		};
		if (call->status != KP_OK) {
			calls[i].code = kp_slice_from(kp_status_info(call->status)->name);
		}
		if (call->consult != NULL) {
			fill_consult(call, &consults[i]);
			calls[i].consult = &consults[i];
		}
	}
}

static enum kp_status
record_outcome(struct kp_request *request)
{
	struct kp_record_call calls[KP_RECORD_SOURCES_MAX] KP_UNINITIALIZED;
	struct kp_record_consult consults[KP_RECORD_SOURCES_MAX] KP_UNINITIALIZED;
	if (request->call_count > KP_RECORD_SOURCES_MAX) {
		return KP_E_LIMIT;
	}
	fill_calls(request, calls, consults);
	const struct kp_loop *loop = request->view->loop;
	const struct kp_record_outcome record = {
		.origin = {.wall_ms = kp_loop_wall_ms(loop),
			.monotonic_us = kp_loop_now_us(loop),
			.trace_id = {request->trace.trace_id, KP_TRACE_ID_LEN},
			.request_id = {request->trace.span_id, KP_SPAN_ID_LEN},
			.transaction = request->transaction},
		.intent_index = request->log_index,
		.has_intent = request->committed,
		.code = kp_slice_from(kp_status_info(status_of(request))->name),
		.http_status = request->answer.http_status,
		.duration_us = kp_loop_now_us(loop) - request->started_us,
		.complete = request->complete,
		.client_gone = request->gone,
		.values = request->merged.value_count,
		.conflicts = request->merged.conflict_count,
		.withheld = request->withheld.field_count,
		.bytes_sent = request->answer.bytes,
		.calls = calls,
		.call_count = request->call_count,
	};
	struct kp_buffer out;
	kp_buffer_init(&out, kp_exchange_arena(request->exchange), KP_RECORD_BYTES_MAX);
	enum kp_status status = kp_record_write_outcome(&out, &record);
	if (status != KP_OK) {
		return status;
	}
	struct kp_journal_entry entry = {
		.type = KP_RECORD_OUTCOME,
		.payload = kp_buffer_slice(&out),
	};
	return kp_journal_append(request->view->snapshot->journal, &entry);
}

static void
count_call(const struct kp_snapshot_view *view, const struct kp_request_call *call)
{
	if (view->metrics != NULL && call->state.asked) {
		kp_metrics_source_done(view->metrics,
			view->metric_sources[call->source_index], call->state.outcome,
			call->state.duration_us);
	}
}

static void
count_consult(const struct kp_snapshot_view *view, const struct kp_request_call *call)
{
	const struct kp_request_consult *consult = call->consult;
	if (view->metrics == NULL || consult == NULL) {
		return;
	}
	kp_metrics_source_consulted(view->metrics,
		view->metric_sources[call->source_index], consult->status == KP_OK,
		consult->permitted, call->state.planned->cell_count - consult->permitted,
		consult->duration_us);
}

static enum kp_metric
ending(const struct kp_request *request)
{
	unsigned http_status = request->answer.http_status;
	if (request->gone) {
		return KP_METRIC_QUERIES_GONE;
	}
	if (http_status < 400) {
		return KP_METRIC_QUERIES_ANSWERED;
	}
	return http_status < 500 ? KP_METRIC_QUERIES_REFUSED : KP_METRIC_QUERIES_FAILED;
}

static void
count(struct kp_request *request)
{
	struct kp_snapshot_view *view = request->view;
	kp_ration_end(request);
	view->active -= request->counted ? 1 : 0;
	kp_metrics_move(view->metrics, KP_GAUGE_QUERIES, -1);
	kp_metrics_add(view->metrics, ending(request), 1);
	kp_metrics_query_status(view->metrics, status_of(request));
	kp_metrics_observe(view->metrics, KP_HISTOGRAM_QUERY,
		kp_loop_now_us(view->loop) - request->started_us);
	count_call(view, &request->relation.call);
	count_call(view, &request->relation.objection_call);
	for (uint32_t i = 0; i < request->call_count; i++) {
		count_call(view, &request->calls[i]);
		count_consult(view, &request->calls[i]);
	}
}

static void
log_line(const struct kp_request *request)
{
	const struct kp_log *log = &request->view->log;
	struct kp_slice trace = {request->trace.trace_id, KP_TRACE_ID_LEN};
	uint64_t duration_us = kp_loop_now_us(request->view->loop) - request->started_us;
	KP_LOG(log, INFO, REQUEST, "query ended", kp_log_text(KP_LOG_TRACE, trace),
		kp_log_cstr(KP_LOG_CODE, kp_status_info(status_of(request))->name),
		kp_log_text(KP_LOG_ORGANISATION, request->identity.organisation),
		kp_log_number(KP_LOG_HTTP_STATUS, request->answer.http_status),
		kp_log_number(KP_LOG_DURATION_US, (int64_t)duration_us),
		kp_log_number(KP_LOG_CALLS, request->call_count),
		kp_log_number(KP_LOG_BYTES_OUT, (int64_t)request->answer.bytes),
		kp_log_flag(KP_LOG_COMPLETE, request->complete));
	if (request->identity_fault != KP_TOKEN_GOOD) {
		KP_LOG(log, INFO, REQUEST, "it is not clear who asks",
			kp_log_text(KP_LOG_TRACE, trace),
			kp_log_cstr(KP_LOG_REASON,
				kp_token_fault_reason(request->identity_fault)));
	}
	if (request->failed &&
		kp_status_info(request->error.status)->class == KP_CLASS_INTERNAL) {
		kp_log_error(log, KP_LOG_LEVEL_ERROR, KP_LOG_AREA_REQUEST,
			"query failed inside the gateway", &request->error);
	}
}

enum kp_stage_result
kp_stage_settle(struct kp_request *request)
{
	/* A refusal's record says it all; what never got a record gets none now. */
	if (request->committed && request->entry.type == KP_RECORD_INTENT) {
		enum kp_status status = record_outcome(request);
		if (status != KP_OK) {
			KP_LOG(&request->view->log, ERROR, AUDIT,
				"outcome could not be recorded",
				kp_log_number(KP_LOG_INDEX, (int64_t)request->log_index),
				kp_log_cstr(KP_LOG_CODE, kp_status_info(status)->name));
		}
	}
	count(request);
	log_line(request);
	return KP_STAGE_NEXT;
}
