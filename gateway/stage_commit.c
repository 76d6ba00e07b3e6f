/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_commit: the record of what is about to happen, or of why it will not, is durable
 * before anything else does. No durable record, no call, no answer.
 *
 * In:       everything known so far: identity, query, relation, decision, plan, or error
 * Out:      committed, log_index
 * Waits:    yes, for the journal (group commit)
 * Owns:     entry, which the journal borrows
 * Fails as: KP_E_AUDIT
 * Never:    writes a value of the client's; the client appears as a keyed pseudonym
 */
#include "audit/record.h"

#include "request.h"

#define RECORD_BYTES_FIRST 2048u

static void
on_appended(struct kp_journal_entry *entry)
{
	struct kp_request *request = KP_CONTAINER_OF(entry, struct kp_request, entry);
	KP_REQUIRE(request->magic == KP_REQUEST_MAGIC);
	kp_once_complete(&request->append);
	request->outstanding--;
	kp_request_wake(request);
}

static void
fill_origin(const struct kp_request *request, struct kp_record_origin *origin)
{
	*origin = (struct kp_record_origin){
		.wall_ms = request->started_ms,
		.monotonic_us = request->started_us,
		.trace_id = {request->trace.trace_id, KP_TRACE_ID_LEN},
		.request_id = {request->trace.span_id, KP_SPAN_ID_LEN},
		.peer = kp_slice_from(kp_exchange_peer(request->exchange)),
		.transaction = request->transaction,
	};
}

static void
fill_actor(const struct kp_request *request, struct kp_record_actor *actor)
{
	*actor = (struct kp_record_actor){
		.organisation = request->identity.organisation,
		.on_behalf_of = request->identity.on_behalf_of,
		.employee = request->identity.employee,
		.roles = request->identity.roles,
		.role_count = request->identity.role_count,
	};
}

static enum kp_record_relation
relation_of(const struct kp_request *request)
{
	if (request->relation.in_caseload) {
		return KP_RECORD_RELATION_INSIDE;
	}
	bool known = request->relation.asked && request->relation.call.done &&
		(request->relation.call.state.outcome == KP_NOTHING_FOUND ||
			request->relation.call.state.outcome == KP_NOT_APPLICABLE);
	return known ? KP_RECORD_RELATION_OUTSIDE : KP_RECORD_RELATION_UNKNOWN;
}

static enum kp_record_objection
objection_of(const struct kp_request *request)
{
	if (!request->relation.objection_asked) {
		return KP_RECORD_OBJECTION_NOT_ASKED;
	}
	if (request->relation.opted_out) {
		return KP_RECORD_OBJECTION_MADE;
	}
	return request->relation.objection_call.state.outcome == KP_NOTHING_FOUND
		? KP_RECORD_OBJECTION_NONE
		: KP_RECORD_OBJECTION_UNKNOWN;
}

/* `pseudonym` is storage for the question's. */
static enum kp_status
fill_question(const struct kp_request *request, char pseudonym[KP_PSEUDONYM_LEN],
	struct kp_record_question *question)
{
	const struct kp_query *query = &request->query;
	struct kp_pseudonymiser *pseudonymiser = request->view->pseudonymiser;
	*question = (struct kp_record_question){
		.action = request->relation.outside
			? KP_SLICE("raadplegenBuitenWerkvoorraad")
			: KP_SLICE("raadplegen"),
		.purpose = query->purpose,
		.case_id = query->case_id,
		.reason = query->reason,
		.profile = query->profile,
		.policy_version = kp_bundle_version(request->view->snapshot->bundle),
		.relation = relation_of(request),
		.objection = objection_of(request),
		.dry_run = request->dry_run,
	};
	if (request->purpose != NULL) {
		question->activity_uri = request->purpose->activity_uri;
	}
	if (query->bsn.len == 0) {
		return KP_OK;
	}
	enum kp_status status = kp_pseudonymise(pseudonymiser, query->bsn, pseudonym);
	question->pseudonym = (struct kp_slice){pseudonym, KP_PSEUDONYM_LEN};
	question->pseudonym_key = kp_pseudonymiser_key_id(pseudonymiser);
	return status;
}

/* In words, for the record. */
static struct kp_slice
name_refusal(enum kp_refusal refusal)
{
	switch (refusal) {
	case KP_REFUSAL_NONE:
		break;
	case KP_REFUSAL_NO_RULE:
		return KP_SLICE("no-rule");
	case KP_REFUSAL_CONDITION:
		return KP_SLICE("condition");
	case KP_REFUSAL_FORBIDDEN:
		return KP_SLICE("forbidden");
	case KP_REFUSAL_PARTNER:
		return KP_SLICE("partner");
	case KP_REFUSAL_ERROR:
		return KP_SLICE("rule-error");
	case KP_REFUSAL_PURPOSE_UNKNOWN:
		return KP_SLICE("purpose-unknown");
	case KP_REFUSAL_PURPOSE_OVERDUE:
		return KP_SLICE("purpose-overdue");
	case KP_REFUSAL_GRANT_OVERDUE:
		return KP_SLICE("grant-overdue");
	case KP_REFUSAL_ROLE_UNKNOWN:
		return KP_SLICE("role-unknown");
	case KP_REFUSAL_ORGANISATION_UNKNOWN:
		return KP_SLICE("organisation-unknown");
	case KP_REFUSAL_OPTED_OUT:
		return KP_SLICE("opted-out");
	case KP_REFUSAL_OUTSIDE_CASELOAD:
		return KP_SLICE("outside-caseload");
	case KP_REFUSAL_ROLE_ORGANISATION:
		return KP_SLICE("role-organisation");
	case KP_REFUSAL_ROLE_COMBINATION:
		return KP_SLICE("role-combination");
	case KP_REFUSAL_NO_EMPLOYEE:
		return KP_SLICE("no-employee");
	case KP_REFUSAL_MACHINE_ONLY:
		return KP_SLICE("machine-only");
	case KP_REFUSAL_NO_MANDATE:
		return KP_SLICE("no-mandate");
	}
	return (struct kp_slice){NULL, 0};
}

static enum kp_status
write_refusal(struct kp_request *request, struct kp_buffer *out)
{
	const struct kp_status_info *info = kp_status_info(request->error.status);
	char pseudonym[KP_PSEUDONYM_LEN];
	struct kp_record_refusal record = {
		.stage = kp_slice_from(kp_stages[request->failed_stage].name),
		.code = kp_slice_from(info->name),
		.refusal = request->ration.refused_by.len > 0
			? request->ration.refused_by
			: name_refusal(request->refusal),
		.rule = request->rule,
		.http_status = (uint32_t)info->http,
	};
	fill_origin(request, &record.origin);
	fill_actor(request, &record.actor);
	enum kp_status status = fill_question(request, pseudonym, &record.question);
	return status != KP_OK ? status : kp_record_write_refusal(out, &record);
}

static bool
consults(const struct kp_request *request, const struct kp_request_call *call)
{
	const struct kp_source_set *set = request->view->snapshot->sources;
	return kp_source_set_get(set, call->source_index)->decision_point;
}

static enum kp_status
write_intent(struct kp_request *request, struct kp_buffer *out)
{
	const struct kp_catalogue *catalogue = request->view->snapshot->catalogue;
	struct kp_record_plan plan[KP_RECORD_SOURCES_MAX] KP_UNINITIALIZED;
	char pseudonym[KP_PSEUDONYM_LEN];
	if (request->call_count > KP_RECORD_SOURCES_MAX) {
		return KP_E_LIMIT;
	}
	for (uint32_t i = 0; i < request->call_count; i++) {
		const struct kp_plan_entry *entry = request->calls[i].state.planned;
		plan[i] = (struct kp_record_plan){
			.source = catalogue->sources[entry->source].name,
			.fields = entry->cell_count,
			.wave = entry->wave,
			.consult = consults(request, &request->calls[i]),
		};
	}
	struct kp_record_intent record = {
		.cells = request->permitted,
		.cell_words = catalogue->cell_words,
		.fields_refused = request->withheld.field_count,
		.plan = plan,
		.plan_count = request->call_count,
		.budget_ms = request->query.budget_ms,
	};
	fill_origin(request, &record.origin);
	fill_actor(request, &record.actor);
	enum kp_status status = fill_question(request, pseudonym, &record.question);
	return status != KP_OK ? status : kp_record_write_intent(out, &record);
}

static enum kp_stage_result
fail_closed(struct kp_request *request, const char *message)
{
	request->record_failed = true;
	return kp_request_fail(request, KP_E_AUDIT, message,
		KP_SLICE("De vraag kon niet worden vastgelegd en is daarom niet "
			 "gesteld."));
}

/* The record is not the client's data and must also fit when the request ran out of
 * memory: so it is in the arena of the exchange. */
static enum kp_stage_result
append(struct kp_request *request)
{
	struct kp_buffer out;
	kp_buffer_init(&out, kp_exchange_arena(request->exchange), KP_RECORD_BYTES_MAX);
	(void)kp_buffer_reserve(&out, RECORD_BYTES_FIRST);
	enum kp_status status = request->failed ? write_refusal(request, &out)
						: write_intent(request, &out);
	if (status != KP_OK || out.failed) {
		return fail_closed(request, "the record could not be written");
	}
	request->entry = (struct kp_journal_entry){
		.type = request->failed ? KP_RECORD_REFUSAL : KP_RECORD_INTENT,
		.payload = kp_buffer_slice(&out),
		.loop = request->view->loop,
		.on_done = on_appended,
	};
	kp_once_begin(&request->append);
	status = kp_journal_append(request->view->snapshot->journal, &request->entry);
	kp_once_begun(&request->append, status == KP_OK);
	if (status != KP_OK) {
		return fail_closed(request, "the journal took no record");
	}
	request->outstanding++;
	return KP_STAGE_WAIT;
}

enum kp_stage_result
kp_stage_commit(struct kp_request *request)
{
	if (request->append == KP_ONCE_IDLE) {
		return append(request);
	}
	if (request->append == KP_ONCE_RUNNING) {
		return KP_STAGE_WAIT;
	}
	if (request->entry.status != KP_OK) {
		return fail_closed(request, "the journal could not store the record");
	}
	request->committed = true;
	request->log_index = request->entry.index;
	return KP_STAGE_NEXT;
}
