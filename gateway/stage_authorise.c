/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_authorise: the rules say which cells are permitted; velden and profiel only make
 * that narrower. Every asked field that is kept back gets its reason.
 *
 * In:       identity, query, purpose, relation
 * Out:      decision, asked_cells, permitted, withheld
 * Waits:    no
 * Owns:     nothing
 * Fails as: KP_E_DENIED, KP_E_NO_RELATION, KP_E_REASON_NEEDED, KP_E_MEMORY
 * Never:    decides by itself: no rule is written in C
 */
#include "request.h"

static const struct kp_slice no_detail = {NULL, 0};

enum kp_status
kp_request_decide(
	struct kp_request *request, bool reason_given, struct kp_decision *ret_decision)
{
	const struct kp_identity *identity = &request->identity;
	const struct kp_relation *relation = &request->relation;
	const struct kp_facts facts = {
		.action = relation->outside ? KP_ACTION_READ_OUTSIDE : KP_ACTION_READ,
		.employee = identity->employee,
		.organisation = identity->organisation,
		.on_behalf_of = identity->on_behalf_of,
		.roles = identity->roles,
		.role_count = identity->role_count,
		.purpose = request->query.purpose,
		.case_id = request->query.case_id,
		.in_caseload = relation->in_caseload,
		/* A case somebody only claims ties nobody; the caseload has to know the
		 * client too. */
		.has_case = relation->in_caseload && request->query.case_id.len > 0,
		.reason_given = reason_given,
		.opted_out = relation->opted_out,
		.now_ms = request->started_ms,
	};
	return kp_bundle_decide(
		request->view->snapshot->bundle, &facts, &request->arena, ret_decision);
}

/*
 * Asking outside the own caseload: who may not is told that there is no relation, who may
 * but gave no reason is told to give one.
 */
static enum kp_stage_result
refuse_outside(struct kp_request *request)
{
	struct kp_decision with_reason = {0};
	if (request->query.reason.len == 0 &&
		kp_request_decide(request, true, &with_reason) == KP_OK &&
		with_reason.any) {
		return kp_request_fail(request, KP_E_REASON_NEEDED, "no reason given",
			KP_SLICE("De cliënt staat niet in de eigen werkvoorraad. Geef in "
				 "'reden' aan waarom deze gegevens toch nodig zijn."));
	}
	return kp_request_fail(request, KP_E_NO_RELATION, "outside the caseload",
		KP_SLICE("De cliënt staat niet in de werkvoorraad van de organisatie, en "
			 "deze rol mag niet daarbuiten raadplegen."));
}

/* Cells of the asked fields; those of a field are neighbours, and mostly those of the
 * next.
 */
static void
mark_asked(const struct kp_catalogue *catalogue, const uint64_t *fields, uint64_t *cells)
{
	uint32_t begin = 0;
	uint32_t end = 0;
	for (uint32_t word = 0; word < catalogue->field_words; word++) {
		for (uint64_t left = fields[word]; left != 0; left &= left - 1) {
			const struct kp_field *field = &catalogue->fields[word * 64 +
				(uint32_t)__builtin_ctzll(left)];
			if (field->first_cell != end) {
				kp_bits_set_range(cells, begin, end);
				begin = field->first_cell;
				end = begin;
			}
			end += field->cell_count;
		}
	}
	kp_bits_set_range(cells, begin, end);
}

static enum kp_stage_result
refuse(struct kp_request *request)
{
	const struct kp_snapshot *snapshot = request->view->snapshot;
	struct kp_reason reason = {0};
	for (uint32_t cell = 0; cell < snapshot->catalogue->cell_count; cell++) {
		if (kp_bits_has(request->asked_cells, cell)) {
			kp_bundle_reason(
				snapshot->bundle, &request->decision, cell, &reason);
			break;
		}
	}
	request->refusal = reason.code;
	request->rule = reason.rule;
	struct kp_slice detail = reason.text;
	if (reason.rule.len > 0) {
		/* As beside what is withheld: who asks for a remedy can name it. */
		detail = kp_slice_from(kp_arena_printf(&request->arena, "%.*s (%.*s)",
			KP_SLICE_ARG(reason.text), KP_SLICE_ARG(reason.rule)));
	}
	return kp_request_fail(request, KP_E_DENIED, "the rules permit nothing",
		detail.data == NULL ? reason.text : detail);
}

enum kp_stage_result
kp_stage_authorise(struct kp_request *request)
{
	const struct kp_snapshot *snapshot = request->view->snapshot;
	const struct kp_catalogue *catalogue = snapshot->catalogue;
	struct kp_arena *arena = &request->arena;
	uint64_t *asked = KP_ARENA_ARRAY(arena, uint64_t, catalogue->cell_words);
	uint64_t *permitted = KP_ARENA_ARRAY(arena, uint64_t, catalogue->cell_words);
	if (asked == NULL || permitted == NULL ||
		kp_request_decide(request, request->query.reason.len > 0,
			&request->decision) != KP_OK) {
		return kp_request_fail(
			request, KP_E_MEMORY, "no memory to decide", no_detail);
	}
	request->asked_cells = asked;
	request->permitted = permitted;
	mark_asked(catalogue, request->query.asked, asked);
	if (request->relation.outside &&
		(!request->decision.any || request->query.reason.len == 0)) {
		return refuse_outside(request);
	}
	for (uint32_t i = 0; i < catalogue->cell_words; i++) {
		permitted[i] = request->decision.cells[i] & asked[i];
	}
	if (!request->decision.any || !kp_bits_any(permitted, catalogue->cell_words)) {
		return refuse(request);
	}
	if (kp_withheld_make(snapshot->shape, snapshot->bundle, &request->decision,
		    request->query.asked, arena, &request->withheld) != KP_OK) {
		return kp_request_fail(
			request, KP_E_MEMORY, "no memory to explain", no_detail);
	}
	return KP_STAGE_NEXT;
}
