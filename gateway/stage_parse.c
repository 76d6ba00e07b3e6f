/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_parse: the body, and the headers that may stand in for members of it, become a
 * query.
 *
 * In:       the message's body and header fields
 * Out:      query, faults, purpose; the request's deadline
 * Waits:    no
 * Owns:     nothing
 * Fails as: KP_E_SYNTAX, KP_E_INVALID, KP_E_BODY_LIMIT, KP_E_LIMIT, KP_E_MEMORY
 * Never:    says in an error what the client sent
 */
#include "request.h"

static struct kp_slice
describe(const struct kp_request *request, enum kp_status status,
	const struct kp_error *err, struct kp_arena *arena)
{
	if (status == KP_E_INVALID && request->faults->count > 0) {
		return KP_SLICE(
			"De vraag bevat fouten; invalidParams noemt ze allemaal.");
	}
	if (status != KP_E_SYNTAX && status != KP_E_INVALID && status != KP_E_LIMIT) {
		return (struct kp_slice){NULL, 0};
	}
	const char *text = kp_arena_printf(arena,
		"De vraag is geen geldige JSON (regel %u, positie %u).", err->line,
		err->column);
	return kp_slice_from(text);
}

/* A header that may stand in for a member; what is not clear is a fault of the query. */
static struct kp_slice
stand_in(struct kp_request *request, struct kp_slice name)
{
	struct kp_slice value;
	if (!kp_http_header_once(kp_request_head(request), name, &value)) {
		kp_query_fault_add(request->faults, name, KP_SLICE("unclear"),
			KP_SLICE("dit kopveld staat er meer dan eens of is geen UTF-8"),
			KP_SLICE(""));
		return (struct kp_slice){NULL, 0};
	}
	return value;
}

enum kp_stage_result
kp_stage_parse(struct kp_request *request)
{
	const struct kp_path_config *config = kp_request_config(request);
	const struct kp_bundle *bundle = request->view->snapshot->bundle;
	const struct kp_query_limits limits = {
		.body_bytes_max = config->body_bytes_max,
		.fields_max = config->fields_max,
		.budget_ms_min = config->budget_ms_min,
		.budget_ms_max = config->budget_ms_max,
		.budget_ms_default = config->budget_ms_default,
		.header_bytes_max = config->header_bytes_max,
	};
	request->faults = KP_ARENA_NEW(&request->arena, struct kp_query_faults);
	if (request->faults == NULL) {
		return kp_request_fail(request, KP_E_MEMORY, "no memory for the query",
			(struct kp_slice){NULL, 0});
	}
	const struct kp_query_standins standins = {
		.purpose_name = config->header_purpose,
		.purpose = stand_in(request, config->header_purpose),
		.case_name = config->header_activity,
		.case_id = stand_in(request, config->header_activity),
	};
	struct kp_error err = {0};
	enum kp_status status = kp_query_parse(
		kp_exchange_message(request->exchange)->body, bundle, &limits, &standins,
		&request->arena, &request->query, request->faults, &err);
	if (status != KP_OK) {
		return kp_request_fail(request, status, "the query does not check",
			describe(request, status, &err, &request->arena));
	}
	request->purpose = kp_bundle_find_purpose(bundle, request->query.purpose);
	kp_request_set_deadline(
		request, request->started_us + (uint64_t)request->query.budget_ms * 1000);
	return KP_STAGE_NEXT;
}
