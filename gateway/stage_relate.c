/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_relate: does the asking organisation, or the one in whose name it asks by
 * mandate, know this client? Asks its own caseload source and no other. What follows from
 * the answer is decided by the rules (authorise); here only the fact is found out, and
 * where the purpose requires it and it cannot be found out, the question ends.
 *
 * In:       identity, query, purpose
 * Out:      relation
 * Waits:    yes, for one call
 * Owns:     relation.call
 * Fails as: KP_E_NO_RELATION, KP_E_SOURCE, KP_E_SOURCE_UNREACHABLE, KP_E_MEMORY
 */
#include "request.h"

static bool
find_caseload(const struct kp_request *request, size_t *ret_index)
{
	const struct kp_source_set *set = request->view->snapshot->sources;
	struct kp_slice responsible = kp_request_responsible(request);
	for (size_t i = 0; i < kp_source_set_count(set); i++) {
		const struct kp_source *source = kp_source_set_get(set, i);
		if (source->caseload && source->caseload_oin.len > 0 &&
			kp_slice_equal(source->caseload_oin, responsible)) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

static enum kp_stage_result
conclude_without_source(struct kp_request *request)
{
	if (!request->purpose->caseload_required) {
		return KP_STAGE_NEXT;
	}
	return kp_request_fail(request, KP_E_NO_RELATION,
		"no caseload source for this organisation",
		KP_SLICE("Dit doel vraagt dat de cliënt in de eigen werkvoorraad staat, "
			 "en "
			 "voor deze organisatie is geen werkvoorraad aangesloten."));
}

static enum kp_stage_result
conclude(struct kp_request *request)
{
	struct kp_request_call *call = &request->relation.call;
	kp_project_call(call);
	switch (call->state.outcome) {
	case KP_FOUND:
		request->relation.in_caseload = true;
		return KP_STAGE_NEXT;
	case KP_NOTHING_FOUND:
	case KP_NOT_APPLICABLE:
		request->relation.outside = request->purpose->caseload_required;
		return KP_STAGE_NEXT;
	case KP_NOT_ENTITLED:
	case KP_ERROR:
	case KP_NOT_REACHED:
	case KP_NOT_ASKED:
		break;
	}
	if (!request->purpose->caseload_required) {
		return KP_STAGE_NEXT;
	}
	return kp_request_fail(request,
		call->state.outcome == KP_NOT_REACHED ? KP_E_SOURCE_UNREACHABLE
						      : KP_E_SOURCE,
		"the caseload could not be asked",
		KP_SLICE("Niet kon worden vastgesteld of de cliënt in de eigen "
			 "werkvoorraad staat."));
}

enum kp_stage_result
kp_stage_relate(struct kp_request *request)
{
	struct kp_request_call *call = &request->relation.call;
	const struct kp_snapshot *snapshot = request->view->snapshot;
	size_t index;
	if (request->purpose == NULL) {
		return KP_STAGE_NEXT; /* authorise refuses it, and nobody is asked */
	}
	if (!kp_bundle_has_mandate(snapshot->bundle, request->identity.organisation,
		    request->identity.on_behalf_of)) {
		return KP_STAGE_NEXT; /* likewise */
	}
	if (request->relation.asked) {
		return call->done ? conclude(request) : KP_STAGE_WAIT;
	}
	if (!find_caseload(request, &index)) {
		return conclude_without_source(request);
	}
	/* Nothing but the fact is asked for: no cell. */
	uint64_t *cells = KP_ARENA_ARRAY(
		&request->arena, uint64_t, snapshot->catalogue->cell_words);
	if (cells == NULL) {
		return kp_request_fail(request, KP_E_MEMORY, "no memory to relate",
			(struct kp_slice){NULL, 0});
	}
	call->request = request;
	call->link = request->view->links[index];
	call->source_index = index;
	call->state.source = kp_source_set_get(snapshot->sources, index)->id;
	request->relation.asked = true;
	kp_request_call_start(call, cells, 0);
	return call->done ? conclude(request) : KP_STAGE_WAIT;
}
