/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_project: what each source's answer amounts to. The bytes were filtered as they
 * came (query/collect.c is the sink of every call: only permitted cells, only about the
 * person asked for, verbatim, bounded); here is decided what may be used of it. fetch
 * calls kp_project_call for each call as it ends, so that a stream can send it at once.
 *
 * In:       calls, all done
 * Out:      states, complete, withheld: with what decision points refused
 * Waits:    no
 * Owns:     nothing
 * Fails as: KP_E_MEMORY; a bad answer is `fout` of its source
 */
#include "request.h"

static void
reject(struct kp_request_call *call, enum kp_status status, struct kp_slice reason)
{
	kp_collect_discard(&call->collect);
	call->state.outcome = KP_ERROR;
	call->state.reason = reason;
	call->status = status;
}

void
kp_project_call(struct kp_request_call *call)
{
	struct kp_collect *collect = &call->collect;
	call->projected = true;
	if (call->known_failed) {
		reject(call, KP_E_MEMORY,
			KP_SLICE("er was geen geheugen voor wat andere bronnen vonden"));
		return;
	}
	if (!call->state.asked) {
		return;
	}
	if (collect->other_person) {
		reject(call, KP_E_OTHER_PERSON,
			KP_SLICE("de bron antwoordde over een andere persoon"));
	} else if (collect->status == KP_E_LIMIT) {
		reject(call, KP_E_LIMIT,
			KP_SLICE("de bron gaf meer gegevens dan is toegestaan"));
	} else if (collect->status == KP_E_MEMORY) {
		reject(call, KP_E_MEMORY,
			KP_SLICE("er was geen geheugen voor het antwoord van deze bron"));
	} else if (collect->status != KP_OK) {
		reject(call, collect->status,
			KP_SLICE("het antwoord van de bron was niet bruikbaar"));
	} else if (call->state.outcome != KP_FOUND) {
		/* Half an answer is none. */
		kp_collect_discard(collect);
	}
}

static bool
answered(enum kp_outcome outcome)
{
	return outcome == KP_FOUND || outcome == KP_NOTHING_FOUND ||
		outcome == KP_NOT_APPLICABLE;
}

enum kp_stage_result
kp_stage_project(struct kp_request *request)
{
	request->complete = request->plan.fields_without_source == 0;
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		request->states[call->entry] = call->state;
		request->complete = request->complete && answered(call->state.outcome);
	}
	if (request->consulted && kp_request_consult_withhold(request) != KP_OK) {
		return kp_request_fail(request, KP_E_MEMORY, "no memory to explain",
			(struct kp_slice){NULL, 0});
	}
	return KP_STAGE_NEXT;
}
