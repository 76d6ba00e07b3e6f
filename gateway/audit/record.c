/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * record: see record.h. Members are written in the order of their names, so that the
 * bytes are those of the JSON canonicalization scheme (RFC 8785): strings, integers,
 * booleans, no white space.
 */
#include "audit/record.h"

#include <endian.h>
#include <stdio.h>

#include "core/encode.h"
#include "core/json_write.h"
#include "core/log_line.h"
#include "core/mask.h"

/* Lifetime: one record. */
struct draft {
	struct kp_json_writer json;
	size_t start; /* of the record in the buffer */
};

static void
write_masked(struct draft *draft, struct kp_slice text)
{
	char copy[KP_RECORD_TEXT_BYTES_MAX + 16] KP_UNINITIALIZED;
	size_t len = text.len < sizeof(copy) ? text.len : sizeof(copy);
	if (len > 0) {
		memcpy(copy, text.data, len);
	}
	/* Masked before it is cut, so that the edge cannot hide half a number. */
	(void)kp_mask_bsn(copy, len);
	kp_json_write_string(&draft->json,
		kp_slice_head((struct kp_slice){copy, len}, KP_RECORD_TEXT_BYTES_MAX));
}

/* Text that may hold anything: masked and cut; left out when empty. */
static void
add_text(struct draft *draft, struct kp_slice name, struct kp_slice text)
{
	if (text.len == 0) {
		return;
	}
	kp_json_write_name_raw(&draft->json, name);
	write_masked(draft, text);
}

/* Text of our own making (ids, digests, codes), in which digits mean nothing. */
static void
add_own(struct draft *draft, struct kp_slice name, struct kp_slice text)
{
	if (text.len == 0) {
		return;
	}
	size_t len =
		text.len < KP_RECORD_TEXT_BYTES_MAX ? text.len : KP_RECORD_TEXT_BYTES_MAX;
	kp_json_write_name_raw(&draft->json, name);
	kp_json_write_string(&draft->json, (struct kp_slice){text.data, len});
}

static void
add_number(struct draft *draft, struct kp_slice name, uint64_t number)
{
	kp_json_write_name_raw(&draft->json, name);
	kp_json_write_uint(&draft->json, number);
}

static void
add_flag(struct draft *draft, struct kp_slice name, bool flag)
{
	kp_json_write_name_raw(&draft->json, name);
	kp_json_write_bool(&draft->json, flag);
}

static void
add_actor(struct draft *draft, const struct kp_record_actor *actor)
{
	KP_JSON_WRITE_NAME(&draft->json, "actor");
	kp_json_write_object_begin(&draft->json);
	add_text(draft, KP_SLICE("employee"), actor->employee);
	/* An OIN may hold the organisation's own number of nine digits. */
	add_own(draft, KP_SLICE("onBehalfOf"), actor->on_behalf_of);
	add_own(draft, KP_SLICE("organisation"), actor->organisation);
	if (actor->role_count > 0) {
		KP_JSON_WRITE_NAME(&draft->json, "roles");
		kp_json_write_array_begin(&draft->json);
		for (size_t i = 0; i < actor->role_count; i++) {
			write_masked(draft, actor->roles[i]);
		}
		kp_json_write_array_end(&draft->json);
	}
	kp_json_write_object_end(&draft->json);
}

static void
add_origin(struct draft *draft, const struct kp_record_origin *origin)
{
	char time_text[32];
	kp_log_time(origin->wall_ms, time_text);
	KP_JSON_WRITE_NAME(&draft->json, "origin");
	kp_json_write_object_begin(&draft->json);
	add_own(draft, KP_SLICE("fscTransactionId"), origin->transaction);
	add_number(draft, KP_SLICE("monotonicUs"), origin->monotonic_us);
	add_own(draft, KP_SLICE("peer"), origin->peer);
	add_own(draft, KP_SLICE("requestId"), origin->request_id);
	add_own(draft, KP_SLICE("time"), kp_slice_from(time_text));
	add_own(draft, KP_SLICE("traceId"), origin->trace_id);
	kp_json_write_object_end(&draft->json);
}

static const char *
relation_name(enum kp_record_relation relation)
{
	switch (relation) {
	case KP_RECORD_RELATION_UNKNOWN:
		return "unknown";
	case KP_RECORD_RELATION_INSIDE:
		return "inside";
	case KP_RECORD_RELATION_OUTSIDE:
		return "outside";
	}
	KP_UNREACHABLE();
}

static const char *
objection_name(enum kp_record_objection objection)
{
	switch (objection) {
	case KP_RECORD_OBJECTION_NOT_ASKED:
		return "";
	case KP_RECORD_OBJECTION_NONE:
		return "none";
	case KP_RECORD_OBJECTION_MADE:
		return "made";
	case KP_RECORD_OBJECTION_UNKNOWN:
		return "unknown";
	}
	KP_UNREACHABLE();
}

static void
add_question(struct draft *draft, const struct kp_record_question *question)
{
	KP_JSON_WRITE_NAME(&draft->json, "question");
	kp_json_write_object_begin(&draft->json);
	add_text(draft, KP_SLICE("action"), question->action);
	add_text(draft, KP_SLICE("activityUri"), question->activity_uri);
	add_text(draft, KP_SLICE("case"), question->case_id);
	if (question->dry_run) {
		add_flag(draft, KP_SLICE("dryRun"), true);
	}
	add_own(draft, KP_SLICE("objection"),
		kp_slice_from(objection_name(question->objection)));
	add_own(draft, KP_SLICE("policyVersion"), question->policy_version);
	add_text(draft, KP_SLICE("profile"), question->profile);
	add_own(draft, KP_SLICE("pseudonym"), question->pseudonym);
	add_own(draft, KP_SLICE("pseudonymKey"), question->pseudonym_key);
	add_text(draft, KP_SLICE("purpose"), question->purpose);
	add_text(draft, KP_SLICE("reason"), question->reason);
	add_own(draft, KP_SLICE("relation"),
		kp_slice_from(relation_name(question->relation)));
	kp_json_write_object_end(&draft->json);
}

/* Highest word first, so that the text reads as one hexadecimal number. */
static void
add_cells(struct draft *draft, const uint64_t *cells, size_t words)
{
	if (words == 0) {
		return;
	}
	KP_JSON_WRITE_NAME(&draft->json, "cells");
	kp_json_write_comma(&draft->json);
	kp_buffer_add_char(draft->json.buffer, '"');
	for (size_t i = words; i > 0; i--) {
		uint64_t big_endian = htobe64(cells[i - 1]);
		char digits[KP_HEX_LEN(sizeof(big_endian))];
		kp_hex_write(
			(const unsigned char *)&big_endian, sizeof(big_endian), digits);
		kp_buffer_add(draft->json.buffer, digits, sizeof(digits));
	}
	kp_buffer_add_char(draft->json.buffer, '"');
}

static void
add_plan(struct draft *draft, const struct kp_record_intent *record)
{
	KP_JSON_WRITE_NAME(&draft->json, "plan");
	kp_json_write_object_begin(&draft->json);
	add_number(draft, KP_SLICE("budgetMs"), record->budget_ms);
	KP_JSON_WRITE_NAME(&draft->json, "calls");
	kp_json_write_array_begin(&draft->json);
	for (size_t i = 0; i < record->plan_count; i++) {
		const struct kp_record_plan *plan = &record->plan[i];
		kp_json_write_object_begin(&draft->json);
		if (plan->consult) {
			add_flag(draft, KP_SLICE("consult"), true);
		}
		add_number(draft, KP_SLICE("fields"), plan->fields);
		add_text(draft, KP_SLICE("source"), plan->source);
		add_number(draft, KP_SLICE("wave"), plan->wave);
		kp_json_write_object_end(&draft->json);
	}
	kp_json_write_array_end(&draft->json);
	add_cells(draft, record->cells, record->cell_words);
	add_number(draft, KP_SLICE("fieldsRefused"), record->fields_refused);
	kp_json_write_object_end(&draft->json);
}

static void
add_consult(struct draft *draft, const struct kp_record_consult *consult)
{
	KP_JSON_WRITE_NAME(&draft->json, "consult");
	kp_json_write_object_begin(&draft->json);
	add_own(draft, KP_SLICE("code"), consult->code);
	add_number(draft, KP_SLICE("durationUs"), consult->duration_us);
	add_number(draft, KP_SLICE("httpStatus"), consult->http_status);
	add_number(draft, KP_SLICE("permitted"), consult->permitted);
	add_number(draft, KP_SLICE("refused"), consult->refused);
	kp_json_write_object_end(&draft->json);
}

static void
add_calls(struct draft *draft, const struct kp_record_call *calls, size_t count)
{
	KP_JSON_WRITE_NAME(&draft->json, "calls");
	kp_json_write_array_begin(&draft->json);
	for (size_t i = 0; i < count; i++) {
		kp_json_write_object_begin(&draft->json);
		add_number(draft, KP_SLICE("bytes"), calls[i].bytes);
		add_own(draft, KP_SLICE("code"), calls[i].code);
		if (calls[i].consult != NULL) {
			add_consult(draft, calls[i].consult);
		}
		add_number(draft, KP_SLICE("durationUs"), calls[i].duration_us);
		add_number(draft, KP_SLICE("fields"), calls[i].fields);
		add_number(draft, KP_SLICE("httpStatus"), calls[i].http_status);
		add_text(draft, KP_SLICE("source"), calls[i].source);
		add_own(draft, KP_SLICE("status"), calls[i].status);
		kp_json_write_object_end(&draft->json);
	}
	kp_json_write_array_end(&draft->json);
}

static void
begin(struct draft *draft, struct kp_buffer *out)
{
	draft->start = out->len;
	kp_json_writer_init(&draft->json, out);
	kp_json_write_object_begin(&draft->json);
}

static enum kp_status
finish(struct draft *draft, struct kp_slice type)
{
	struct kp_buffer *out = draft->json.buffer;
	add_own(draft, KP_SLICE("type"), type);
	add_number(draft, KP_SLICE("version"), KP_RECORD_VERSION);
	kp_json_write_object_end(&draft->json);
	if (out->failed) {
		return KP_E_MEMORY;
	}
	return out->len - draft->start > KP_RECORD_BYTES_MAX ? KP_E_LIMIT : KP_OK;
}

enum kp_status
kp_record_write_intent(struct kp_buffer *out, const struct kp_record_intent *record)
{
	if (record->actor.role_count > KP_RECORD_ROLES_MAX ||
		record->plan_count > KP_RECORD_SOURCES_MAX) {
		return KP_E_LIMIT;
	}
	struct draft draft;
	begin(&draft, out);
	add_actor(&draft, &record->actor);
	add_origin(&draft, &record->origin);
	add_plan(&draft, record);
	add_question(&draft, &record->question);
	return finish(&draft, KP_SLICE("intent"));
}

enum kp_status
kp_record_write_outcome(struct kp_buffer *out, const struct kp_record_outcome *record)
{
	if (record->call_count > KP_RECORD_SOURCES_MAX) {
		return KP_E_LIMIT;
	}
	struct draft draft;
	begin(&draft, out);
	if (record->has_intent) {
		add_number(&draft, KP_SLICE("intent"), record->intent_index);
	}
	add_origin(&draft, &record->origin);
	KP_JSON_WRITE_NAME(&draft.json, "result");
	kp_json_write_object_begin(&draft.json);
	add_number(&draft, KP_SLICE("bytesSent"), record->bytes_sent);
	add_calls(&draft, record->calls, record->call_count);
	add_flag(&draft, KP_SLICE("clientGone"), record->client_gone);
	add_own(&draft, KP_SLICE("code"), record->code);
	add_flag(&draft, KP_SLICE("complete"), record->complete);
	add_number(&draft, KP_SLICE("conflicts"), record->conflicts);
	add_number(&draft, KP_SLICE("durationUs"), record->duration_us);
	add_number(&draft, KP_SLICE("httpStatus"), record->http_status);
	add_number(&draft, KP_SLICE("values"), record->values);
	add_number(&draft, KP_SLICE("withheld"), record->withheld);
	kp_json_write_object_end(&draft.json);
	return finish(&draft, KP_SLICE("outcome"));
}

enum kp_status
kp_record_write_refusal(struct kp_buffer *out, const struct kp_record_refusal *record)
{
	if (record->actor.role_count > KP_RECORD_ROLES_MAX) {
		return KP_E_LIMIT;
	}
	struct draft draft;
	begin(&draft, out);
	add_actor(&draft, &record->actor);
	add_origin(&draft, &record->origin);
	add_question(&draft, &record->question);
	KP_JSON_WRITE_NAME(&draft.json, "result");
	kp_json_write_object_begin(&draft.json);
	add_own(&draft, KP_SLICE("code"), record->code);
	add_number(&draft, KP_SLICE("httpStatus"), record->http_status);
	add_own(&draft, KP_SLICE("refusal"), record->refusal);
	add_text(&draft, KP_SLICE("rule"), record->rule);
	add_own(&draft, KP_SLICE("stage"), record->stage);
	kp_json_write_object_end(&draft.json);
	return finish(&draft, KP_SLICE("refusal"));
}

static struct kp_slice
cut_name(struct kp_slice text)
{
	return kp_slice_head(text, KP_RECORD_NAME_BYTES_MAX);
}

static void
add_decided(struct draft *draft, const struct kp_record_decided *decided)
{
	kp_json_write_object_begin(&draft->json);
	add_text(draft, KP_SLICE("action"), cut_name(decided->action));
	add_flag(draft, KP_SLICE("permit"), decided->permit);
	add_text(draft, KP_SLICE("resource"), cut_name(decided->resource));
	add_text(draft, KP_SLICE("resourceType"), cut_name(decided->resource_type));
	add_text(draft, KP_SLICE("subject"), cut_name(decided->subject));
	add_text(draft, KP_SLICE("subjectType"), cut_name(decided->subject_type));
	kp_json_write_object_end(&draft->json);
}

/* All of them as one text of digits; the first ones in full, as far as there is room
 * whatever their names are. */
static void
add_decisions(struct draft *draft, const struct kp_record_decision *record)
{
	const struct kp_buffer *out = draft->json.buffer;
	KP_JSON_WRITE_NAME(&draft->json, "decided");
	kp_json_write_array_begin(&draft->json);
	for (size_t i = 0;
		i < record->decided_count && i < KP_RECORD_DECISIONS_NAMED_MAX &&
		out->len - draft->start < KP_RECORD_BYTES_MAX / 2;
		i++) {
		add_decided(draft, &record->decided[i]);
	}
	kp_json_write_array_end(&draft->json);
	KP_JSON_WRITE_NAME(&draft->json, "decisions");
	kp_json_write_comma(&draft->json);
	kp_buffer_add_char(draft->json.buffer, '"');
	for (size_t i = 0; i < record->decided_count; i++) {
		kp_buffer_add_char(
			draft->json.buffer, record->decided[i].permit ? '1' : '0');
	}
	kp_buffer_add_char(draft->json.buffer, '"');
}

enum kp_status
kp_record_write_decision(struct kp_buffer *out, const struct kp_record_decision *record)
{
	if (record->actor.role_count > KP_RECORD_ROLES_MAX ||
		record->decided_count > KP_RECORD_DECISIONS_MAX) {
		return KP_E_LIMIT;
	}
	struct draft draft;
	begin(&draft, out);
	add_actor(&draft, &record->actor);
	add_origin(&draft, &record->origin);
	add_question(&draft, &record->question);
	KP_JSON_WRITE_NAME(&draft.json, "result");
	kp_json_write_object_begin(&draft.json);
	add_own(&draft, KP_SLICE("api"), record->api);
	add_text(&draft, KP_SLICE("callerId"), cut_name(record->caller_id));
	add_decisions(&draft, record);
	add_number(&draft, KP_SLICE("httpStatus"), record->http_status);
	kp_json_write_object_end(&draft.json);
	return finish(&draft, KP_SLICE("decision"));
}

enum kp_status
kp_record_write_start(struct kp_buffer *out, const struct kp_record_start *record)
{
	struct draft draft;
	begin(&draft, out);
	add_own(&draft, KP_SLICE("configuration"), record->configuration);
	add_flag(&draft, KP_SLICE("developmentIdentity"), record->development_identity);
	add_own(&draft, KP_SLICE("event"), record->event);
	add_origin(&draft, &record->origin);
	add_number(&draft, KP_SLICE("pid"), record->pid);
	add_own(&draft, KP_SLICE("policyVersion"), record->policy_version);
	add_own(&draft, KP_SLICE("program"), record->version);
	add_own(&draft, KP_SLICE("pseudonymKey"), record->pseudonym_key);
	add_number(&draft, KP_SLICE("sources"), record->sources);
	return finish(&draft, KP_SLICE("start"));
}
