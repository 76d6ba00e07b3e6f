/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_admit: is this a message the query resource takes at all?
 *
 * In:       the exchange's message
 * Out:      form, dry_run, trace; a deadline that holds until parse knows the budget
 * Waits:    no
 * Owns:     its place among the requests of this loop
 * Fails as: KP_E_BUSY, KP_E_RATE, KP_E_METHOD, KP_E_CONTENT_TYPE, KP_E_NOT_ACCEPTABLE,
 *           KP_E_BODY_LIMIT
 */
#include "core/encode.h"
#include "request.h"

/* Trace Context: go on with the caller's trace, or begin one. */
static void
begin_trace(struct kp_request *request)
{
	struct kp_loop *loop = request->view->loop;
	unsigned char bytes[(KP_TRACE_ID_LEN + KP_SPAN_ID_LEN) / 2];
	kp_loop_random(loop, bytes, sizeof(bytes));
	bytes[0] |= 1; /* an id of only zeroes is not one */
	bytes[KP_TRACE_ID_LEN / 2] |= 1;
	struct kp_slice traceparent =
		kp_http_known(kp_request_head(request), KP_HTTP_TRACEPARENT);
	if (!kp_trace_parse(traceparent, &request->trace)) {
		memset(request->trace.parent_id, '0', KP_SPAN_ID_LEN);
		kp_hex_write(bytes, KP_TRACE_ID_LEN / 2, request->trace.trace_id);
	}
	kp_hex_write(
		bytes + KP_TRACE_ID_LEN / 2, KP_SPAN_ID_LEN / 2, request->trace.span_id);
}

static bool
choose_form(struct kp_request *request)
{
	const struct kp_http_request *head = kp_request_head(request);
	unsigned weights[KP_ANSWER_FORM_COUNT] = {0};
	bool accept = false;
	for (size_t i = 0; i < head->header_count; i++) {
		const struct kp_http_header *header = &head->headers[i];
		if (kp_http_name_equal(header->name, KP_SLICE("accept"))) {
			accept = true;
			kp_negotiate_accept(header->value, weights);
		} else if (kp_http_name_equal(header->name, KP_SLICE("prefer"))) {
			request->dry_run |= kp_prefers_dry_run(header->value);
		}
	}
	return !accept || kp_negotiate_choose(weights, &request->form);
}

static enum kp_stage_result
check_message(struct kp_request *request)
{
	const struct kp_http_message *message = kp_exchange_message(request->exchange);
	const struct kp_http_request *head = &message->head;
	if (head->method != KP_HTTP_METHOD_POST) {
		return kp_request_fail(request, KP_E_METHOD, "method is not POST",
			KP_SLICE("Een dossier wordt opgevraagd met POST."));
	}
	if (!kp_content_type_is_json(kp_http_known(head, KP_HTTP_CONTENT_TYPE)) ||
		kp_http_known(head, KP_HTTP_CONTENT_ENCODING).len > 0) {
		return kp_request_fail(request, KP_E_CONTENT_TYPE,
			"content type is not application/json",
			KP_SLICE("Stuur de vraag als application/json, zonder "
				 "compressie."));
	}
	if (message->body.len > kp_request_config(request)->body_bytes_max) {
		return kp_request_fail(request, KP_E_BODY_LIMIT,
			"body is larger than body_bytes_max",
			KP_SLICE("De vraag is groter dan toegestaan."));
	}
	return KP_STAGE_NEXT;
}

enum kp_stage_result
kp_stage_admit(struct kp_request *request)
{
	begin_trace(request);
	kp_request_set_deadline(request, request->deadline_us);
	bool busy = request->view->active >= kp_request_config(request)->requests_max;
	request->view->active++;
	request->counted = true;
	if (busy) {
		return kp_request_fail(request, KP_E_BUSY, "requests_max reached",
			KP_SLICE("Er zijn te veel vragen tegelijk. Probeer het zo "
				 "opnieuw."));
	}
	if (kp_ration_address(request) != KP_STAGE_NEXT) {
		return KP_STAGE_FAIL;
	}
	if (!choose_form(request)) {
		return kp_request_fail(request, KP_E_NOT_ACCEPTABLE,
			"no accepted content type can be given",
			KP_SLICE("Het antwoord kan worden gegeven als application/json, "
				 "application/x-ndjson of text/event-stream."));
	}
	return check_message(request);
}
