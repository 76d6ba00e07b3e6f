/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_relate: what ties the asker to this client? First: does the asking organisation,
 * or the one in whose name it asks by mandate, know the client; its own caseload source
 * says so. Then, for a purpose that a client may object to: did this one; the register of
 * objections says so, and it is asked only when the rules would permit something
 * otherwise. What follows from the answers is decided by the rules (authorise); here only
 * the facts are found out, and where the purpose needs one that cannot be found out, the
 * question ends.
 *
 * In:       identity, query, purpose
 * Out:      relation
 * Waits:    yes, for one call after the other
 * Owns:     relation.call, relation.objection_call
 * Fails as: KP_E_NO_RELATION, KP_E_OBJECTION, KP_E_SOURCE, KP_E_SOURCE_UNREACHABLE,
 *           KP_E_MEMORY
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

static bool
is_register_for(const struct kp_source *source, struct kp_slice purpose)
{
	for (size_t i = 0; i < source->opt_out_purpose_count; i++) {
		if (kp_slice_equal(source->opt_out_purposes[i], purpose)) {
			return true;
		}
	}
	return source->opt_out && source->opt_out_purpose_count == 0;
}

static bool
find_register(const struct kp_request *request, size_t *ret_index)
{
	const struct kp_source_set *set = request->view->snapshot->sources;
	for (size_t i = 0; i < kp_source_set_count(set); i++) {
		if (is_register_for(kp_source_set_get(set, i), request->purpose->id)) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

/* Nothing but the fact is asked for: no cell. */
static enum kp_stage_result
start_call(struct kp_request *request, struct kp_request_call *call, size_t index)
{
	const struct kp_snapshot *snapshot = request->view->snapshot;
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
	kp_request_call_start(call, cells, 0);
	return KP_STAGE_NEXT;
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
conclude_caseload(struct kp_request *request)
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

static enum kp_stage_result
ask_caseload(struct kp_request *request)
{
	struct kp_relation *relation = &request->relation;
	size_t index;
	if (relation->asked) {
		return relation->call.projected ? KP_STAGE_NEXT
			: relation->call.done   ? conclude_caseload(request)
						: KP_STAGE_WAIT;
	}
	if (!find_caseload(request, &index)) {
		return conclude_without_source(request);
	}
	relation->asked = true;
	if (start_call(request, &relation->call, index) == KP_STAGE_FAIL) {
		return KP_STAGE_FAIL;
	}
	return relation->call.done ? conclude_caseload(request) : KP_STAGE_WAIT;
}

static enum kp_stage_result
conclude_register(struct kp_request *request)
{
	struct kp_request_call *call = &request->relation.objection_call;
	kp_project_call(call);
	if (call->state.outcome == KP_FOUND || call->state.outcome == KP_NOTHING_FOUND) {
		request->relation.opted_out = call->state.outcome == KP_FOUND;
		return KP_STAGE_NEXT;
	}
	return kp_request_fail(request,
		call->state.outcome == KP_NOT_REACHED ? KP_E_SOURCE_UNREACHABLE
						      : KP_E_SOURCE,
		"the register of objections could not be asked",
		KP_SLICE("Niet kon worden vastgesteld of de cliënt bezwaar heeft gemaakt "
			 "tegen dit doel."));
}

/* Would the rules permit anything if the client had not objected? Else the register has
 * no business with the question. */
static bool
is_permitted_otherwise(struct kp_request *request)
{
	struct kp_decision decision = {0};
	return kp_request_decide(request, request->query.reason.len > 0, &decision) ==
		KP_OK &&
		decision.any;
}

static enum kp_stage_result
ask_register(struct kp_request *request)
{
	struct kp_relation *relation = &request->relation;
	size_t index;
	if (relation->objection_asked) {
		return relation->objection_call.done ? conclude_register(request)
						     : KP_STAGE_WAIT;
	}
	if (!request->purpose->opt_out || !is_permitted_otherwise(request)) {
		return KP_STAGE_NEXT;
	}
	if (!find_register(request, &index)) {
		return kp_request_fail(request, KP_E_OBJECTION,
			"no register of objections for this purpose",
			KP_SLICE("Tegen dit doel kan de cliënt bezwaar maken, en er is "
				 "geen bezwaarregister aangesloten waarin dat te zien "
				 "is."));
	}
	relation->objection_asked = true;
	if (start_call(request, &relation->objection_call, index) == KP_STAGE_FAIL) {
		return KP_STAGE_FAIL;
	}
	return relation->objection_call.done ? conclude_register(request) : KP_STAGE_WAIT;
}

enum kp_stage_result
kp_stage_relate(struct kp_request *request)
{
	const struct kp_identity *identity = &request->identity;
	/* Without purpose or mandate authorise refuses, and nobody is asked. */
	if (request->purpose == NULL ||
		!kp_bundle_has_mandate(request->view->snapshot->bundle,
			identity->organisation, identity->on_behalf_of)) {
		return KP_STAGE_NEXT;
	}
	enum kp_stage_result result = ask_caseload(request);
	return result == KP_STAGE_NEXT ? ask_register(request) : result;
}
