/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_plan: permitted cells and what the sources offer become calls, in waves.
 *
 * In:       asked_cells, permitted
 * Out:      plan, states, calls (not started)
 * Waits:    no
 * Owns:     the calls; they live in the request's arena
 * Fails as: KP_E_MEMORY
 */
#include "request.h"

static enum kp_status
make_plan(struct kp_request *request)
{
	const struct kp_snapshot *snapshot = request->view->snapshot;
	size_t count = kp_source_set_count(snapshot->sources);
	struct kp_plan_offer *offers =
		KP_ARENA_ARRAY(&request->arena, struct kp_plan_offer, count);
	if (offers == NULL) {
		return KP_E_MEMORY;
	}
	for (size_t i = 0; i < count; i++) {
		const struct kp_source *source = kp_source_set_get(snapshot->sources, i);
		offers[i] = (struct kp_plan_offer){
			.source = source->id,
			.offers = source->offers,
			.needs = source->needs,
			.need_count = source->need_count,
		};
	}
	const struct kp_plan_options options = {
		.catalogue = snapshot->catalogue,
		.offers = offers,
		.offer_count = count,
		.asked = request->asked_cells,
		.permitted = request->permitted,
		.waves_max = kp_request_config(request)->waves_max,
	};
	return kp_plan_make(&options, &request->arena, &request->plan);
}

static void
prepare_calls(struct kp_request *request)
{
	const struct kp_plan *plan = &request->plan;
	for (uint32_t i = 0; i < plan->entry_count; i++) {
		const struct kp_plan_entry *entry = &plan->entries[i];
		if (!entry->call) {
			request->states[i] = (struct kp_source_state){
				.source = entry->source,
				.outcome = entry->outcome,
				.reason = entry->reason,
				.planned = entry,
			};
			continue;
		}
		struct kp_request_call *call = &request->calls[request->call_count++];
		call->request = request;
		call->link = request->view->links[entry->offer];
		call->source_index = entry->offer;
		call->entry = i;
		call->state.source = entry->source;
		call->state.outcome = KP_NOT_ASKED;
		call->state.planned = entry;
		request->states[i] = call->state;
	}
}

enum kp_stage_result
kp_stage_plan(struct kp_request *request)
{
	enum kp_status status = make_plan(request);
	if (status == KP_OK) {
		request->states = KP_ARENA_ARRAY(&request->arena, struct kp_source_state,
			request->plan.entry_count);
		request->calls = KP_ARENA_ARRAY(&request->arena, struct kp_request_call,
			request->plan.call_count);
	}
	if (status != KP_OK || request->states == NULL || request->calls == NULL) {
		return kp_request_fail(request, KP_E_MEMORY, "no memory to plan",
			(struct kp_slice){NULL, 0});
	}
	prepare_calls(request);
	return KP_STAGE_NEXT;
}
