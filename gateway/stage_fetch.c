/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_fetch: ask every planned source, wave after wave, in parallel within a wave; a
 * source with a decision point of its own after that has said what may be asked. One slow
 * or broken partner costs only its own section: what it did is data, not an error.
 *
 * In:       plan, calls
 * Out:      calls, all done and projected
 * Waits:    yes, until the last call of the last wave ends; each keeps the deadline
 * Owns:     the calls under way
 * Fails as: KP_E_MEMORY, for a block of a stream
 * Never:    runs before commit has a durable record
 */
#include "request.h"

static bool
all_earlier_answered(const struct kp_request *request)
{
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		if (call->state.planned->wave < request->wave &&
			call->state.outcome != KP_FOUND &&
			call->state.outcome != KP_NOTHING_FOUND &&
			call->state.outcome != KP_NOT_APPLICABLE) {
			return false;
		}
	}
	return true;
}

static bool
needs_known(const struct kp_request *request, const struct kp_request_call *call)
{
	const struct kp_source_set *set = request->view->snapshot->sources;
	const struct kp_source *source =
		kp_source_set_get(set, call->state.planned->offer);
	for (size_t i = 0; i < source->need_count; i++) {
		if (kp_request_find_known(request, source->needs[i], request->wave) ==
			NULL) {
			return false;
		}
	}
	return true;
}

static void
leave_out(struct kp_request_call *call, enum kp_outcome outcome, struct kp_slice reason)
{
	call->done = true;
	call->state.outcome = outcome;
	call->state.reason = reason;
}

/* What its decision point left of the plan; false when that is nothing. */
static bool
narrow(struct kp_request_call *call, const uint64_t **ret_cells)
{
	const struct kp_request_consult *consult = call->consult;
	*ret_cells = call->state.planned->cells;
	if (consult == NULL) {
		return true;
	}
	if (consult->status != KP_OK) {
		leave_out(call, KP_NOT_ASKED, consult->reason);
	} else if (consult->permitted == 0) {
		leave_out(call, KP_NOT_ENTITLED,
			KP_SLICE("het beslispunt van de bron staat geen van de gevraagde "
				 "gegevens toe"));
	} else {
		*ret_cells = consult->granted;
	}
	return !call->done;
}

/* Nothing, while its decision point has not answered. */
static void
start_call(struct kp_request *request, struct kp_request_call *call)
{
	const uint64_t *cells;
	if (call->started || call->done ||
		(call->consult != NULL && !call->consult->done)) {
		return;
	}
	if (request->cancelled ||
		kp_loop_now_us(request->view->loop) >= request->deadline_us) {
		leave_out(
			call, KP_NOT_REACHED, KP_SLICE("de tijd voor deze vraag was op"));
	} else if (needs_known(request, call)) {
		if (narrow(call, &cells)) {
			kp_request_call_start(call, cells, call->state.planned->wave);
		}
	} else if (all_earlier_answered(request)) {
		leave_out(call, KP_NOT_APPLICABLE,
			KP_SLICE("er is niets gevonden om deze bron naar te vragen"));
	} else {
		leave_out(call, KP_NOT_ASKED,
			KP_SLICE("een andere bron gaf niet wat nodig is om deze bron te "
				 "vragen"));
	}
}

/* Starts what may start by now, and looks at the calls that ended since the last time.
 * True when the wave is over. */
static bool
gather(struct kp_request *request)
{
	bool over = true;
	for (uint32_t i = 0; i < request->call_count; i++) {
		struct kp_request_call *call = &request->calls[i];
		if (call->state.planned->wave == request->wave) {
			start_call(request, call);
		}
		if (call->done && !call->projected) {
			kp_project_call(call);
		}
		over = over && (call->done || call->state.planned->wave > request->wave);
	}
	return over;
}

enum kp_stage_result
kp_stage_fetch(struct kp_request *request)
{
	KP_REQUIRE(request->committed);
	if (!request->consulted && !request->dry_run) {
		request->consulted = true;
		if (kp_request_consult_all(request) != KP_OK) {
			return kp_request_fail(request, KP_E_MEMORY,
				"no memory to ask decision points",
				(struct kp_slice){NULL, 0});
		}
	}
	while (!request->dry_run && request->wave < request->plan.wave_count) {
		bool over = gather(request);
		kp_answer_stream(request);
		if (request->failed) {
			return KP_STAGE_FAIL;
		}
		if (!over) {
			return KP_STAGE_WAIT;
		}
		request->wave++;
	}
	return KP_STAGE_NEXT;
}
