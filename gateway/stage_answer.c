/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * stage_answer: the dossier, a stream of it, a dry run or a problem goes to the client.
 * In a streaming form fetch calls kp_answer_stream, so that each source's block leaves as
 * soon as it is there; this step then sends the closing block.
 *
 * In:       everything, or error
 * Out:      answer.http_status, answer.bytes
 * Waits:    yes, for the client to take the bytes
 * Owns:     the bytes under way; one send at a time
 * Fails as: KP_E_MEMORY, and then answers that
 */
#include "challenge.h"
#include "query/problem.h"
#include "request.h"

#define HEADERS_MAX (8u + KP_CHALLENGE_HEADERS_MAX)
#define RATION_BYTES_MAX ((size_t)1024)
#define PROBLEM_BYTES_MAX ((size_t)32 * 1024)

struct header_list {
	struct kp_exchange_header items[HEADERS_MAX];
	size_t count;
};

static void
add_header(struct header_list *list, struct kp_slice name, struct kp_slice value)
{
	KP_REQUIRE(list->count < HEADERS_MAX);
	list->items[list->count++] = (struct kp_exchange_header){name, value};
}

/* In the arena of the exchange: a field that finds no memory is left out. */
static void
add_written(const struct kp_request *request, struct header_list *list,
	struct kp_slice name,
	void (*write)(struct kp_buffer *buffer, const struct kp_ration *ration))
{
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, kp_exchange_arena(request->exchange), RATION_BYTES_MAX);
	write(&buffer, &request->ration);
	if (!buffer.failed && buffer.len > 0) {
		add_header(list, name, kp_buffer_slice(&buffer));
	}
}

static void
write_retry(struct kp_buffer *buffer, const struct kp_ration *ration)
{
	kp_buffer_add_uint(buffer, ration->retry_s > 0 ? ration->retry_s : 1);
}

/* How much more may be asked, where that is of use: beside a dossier and when it was too
 * much. */
static void
add_ration(const struct kp_request *request, struct header_list *list)
{
	bool refused =
		request->failed && kp_problem_http_status(request->error.status) == 429;
	if (refused) {
		add_written(request, list, KP_SLICE("Retry-After"), write_retry);
	}
	if (refused || !request->failed) {
		add_written(request, list, KP_SLICE("RateLimit-Policy"),
			kp_ration_write_policies);
		add_written(
			request, list, KP_SLICE("RateLimit"), kp_ration_write_standing);
	}
}

static struct header_list
make_headers(const struct kp_request *request, struct kp_slice content_type)
{
	struct header_list list = {.count = 0};
	add_header(&list, KP_SLICE("Content-Type"), content_type);
	add_header(&list, KP_SLICE("Content-Language"), KP_SLICE("nl"));
	if (request->identity.development) {
		add_header(&list, KP_SLICE("Ketenpoort-Identiteit"),
			KP_SLICE("ontwikkeling"));
	}
	add_ration(request, &list);
	return list;
}

/* Before and after a send: the bytes are borrowed until on_sent. */
static void
begin_sending(struct kp_request *request)
{
	kp_once_begin(&request->answer.sending);
	request->outstanding++;
}

static void
begun_sending(struct kp_request *request)
{
	kp_once_begun(&request->answer.sending, true);
}

/* A whole answer in one go. */
static enum kp_stage_result
send_whole(struct kp_request *request, unsigned http_status,
	const struct header_list *headers, struct kp_slice body)
{
	struct kp_request_answer *answer = &request->answer;
	answer->begun = true;
	answer->last_sent = true;
	answer->http_status = http_status;
	answer->part = body;
	answer->bytes += body.len;
	begin_sending(request);
	kp_exchange_answer(request->exchange, http_status, headers->items, headers->count,
		&answer->part, 1);
	begun_sending(request);
	return KP_STAGE_WAIT;
}

/* The next piece of a stream: what is in the buffer. */
static void
send_piece(struct kp_request *request, bool last)
{
	struct kp_request_answer *answer = &request->answer;
	answer->part = kp_buffer_slice(&answer->buffer);
	answer->last_sent = last;
	answer->bytes += answer->part.len;
	begin_sending(request);
	kp_exchange_send(request->exchange, &answer->part, 1, last);
	begun_sending(request);
}

static void
write_trace_id(struct kp_buffer *buffer, const struct kp_request *request)
{
	KP_BUFFER_ADD(buffer, "\"traceId\":\"");
	kp_buffer_add(buffer, request->trace.trace_id, KP_TRACE_ID_LEN);
	kp_buffer_add_char(buffer, '"');
}

/* "verantwoording": where the proof of this answer is. */
static void
write_account(struct kp_buffer *buffer, const struct kp_request *request)
{
	KP_BUFFER_ADD(buffer, "\"verantwoording\":{");
	write_trace_id(buffer, request);
	KP_BUFFER_ADD(buffer, ",\"logIndex\":");
	kp_buffer_add_uint(buffer, request->log_index);
	KP_BUFFER_ADD(buffer, ",\"beleidsversie\":");
	kp_write_text(buffer, kp_bundle_version(request->view->snapshot->bundle));
	if (request->relation.outside) {
		KP_BUFFER_ADD(buffer, ",\"buitenWerkvoorraad\":true");
	}
	if (request->identity.development) {
		KP_BUFFER_ADD(buffer,
			",\"meldingen\":[{\"code\":\"ontwikkelidentiteit\",\"tekst\":"
			"\"Wie vraagt is overgenomen uit de vraag en niet "
			"gecontroleerd.\"}]");
	}
	kp_buffer_add_char(buffer, '}');
}

static void
write_sources(struct kp_buffer *buffer, const struct kp_request *request)
{
	KP_BUFFER_ADD(buffer, "\"bronnen\":[");
	for (uint32_t i = 0; i < request->plan.entry_count; i++) {
		if (i > 0) {
			kp_buffer_add_char(buffer, ',');
		}
		kp_write_source(
			buffer, request->view->snapshot->shape, &request->states[i]);
	}
	kp_buffer_add_char(buffer, ']');
}

/* What both a whole answer and a closing block end with. */
static void
write_closing(struct kp_buffer *buffer, const struct kp_request *request)
{
	const struct kp_shape *shape = request->view->snapshot->shape;
	write_sources(buffer, request);
	KP_BUFFER_ADD(buffer, ",\"afwijkingen\":");
	kp_write_conflicts(buffer, shape, &request->merged);
	KP_BUFFER_ADD(buffer, ",\"ingehouden\":");
	kp_write_withheld(buffer, &request->withheld);
	if (request->complete) {
		KP_BUFFER_ADD(buffer, ",\"volledig\":true,");
	} else {
		KP_BUFFER_ADD(buffer, ",\"volledig\":false,");
	}
	write_account(buffer, request);
}

/* States by source id of the catalogue, as the provenance writer wants them. */
static const struct kp_source_state **
index_states(struct kp_request *request)
{
	const struct kp_source_state **states =
		KP_ARENA_ARRAY(&request->arena, const struct kp_source_state *,
			request->view->snapshot->catalogue->source_count);
	for (uint32_t i = 0; states != NULL && i < request->call_count; i++) {
		const struct kp_request_call *call = &request->calls[i];
		states[call->state.source] = &call->state;
	}
	return states;
}

static void
write_merged(struct kp_buffer *buffer, struct kp_request *request,
	const struct kp_merged *merged)
{
	const struct kp_shape *shape = request->view->snapshot->shape;
	const struct kp_source_state **states = index_states(request);
	if (states == NULL) {
		buffer->failed = true;
		return;
	}
	(void)kp_buffer_reserve(buffer, kp_write_dossier_size(shape, merged));
	KP_BUFFER_ADD(buffer, "\"dossier\":");
	kp_write_dossier(buffer, shape, merged);
	KP_BUFFER_ADD(buffer, ",\"herkomst\":");
	kp_write_provenance(buffer, shape, merged, states);
}

static void
write_dry_run(struct kp_buffer *buffer, const struct kp_request *request)
{
	const struct kp_shape *shape = request->view->snapshot->shape;
	KP_BUFFER_ADD(buffer, "{\"proef\":true,\"bronnen\":[");
	for (uint32_t i = 0; i < request->plan.entry_count; i++) {
		const struct kp_plan_entry *entry = &request->plan.entries[i];
		if (i > 0) {
			kp_buffer_add_char(buffer, ',');
		}
		KP_BUFFER_ADD(buffer, "{\"bron\":");
		kp_buffer_add_slice(buffer, shape->sources[entry->source].quoted);
		if (entry->call) {
			KP_BUFFER_ADD(buffer, ",\"zouBevraagdWorden\":true,\"velden\":");
			kp_write_fields(buffer, shape, entry->cells);
		} else {
			KP_BUFFER_ADD(buffer, ",\"zouBevraagdWorden\":false,\"status\":");
			kp_write_text(buffer, kp_outcome_name(entry->outcome));
			KP_BUFFER_ADD(buffer, ",\"reden\":");
			kp_write_text(buffer, entry->reason);
		}
		kp_buffer_add_char(buffer, '}');
	}
	KP_BUFFER_ADD(buffer, "],\"vrijgegeven\":");
	kp_write_fields(buffer, shape, request->permitted);
	KP_BUFFER_ADD(buffer, ",\"ingehouden\":");
	kp_write_withheld(buffer, &request->withheld);
	kp_buffer_add_char(buffer, ',');
	write_account(buffer, request);
	kp_buffer_add_char(buffer, '}');
}

/* Around one block of a stream. */
static void
open_block(struct kp_buffer *buffer, enum kp_answer_form form, struct kp_slice kind)
{
	if (form == KP_ANSWER_SSE) {
		KP_BUFFER_ADD(buffer, "event: ");
		kp_buffer_add_slice(buffer, kind);
		KP_BUFFER_ADD(buffer, "\ndata: ");
	}
	KP_BUFFER_ADD(buffer, "{\"soort\":\"");
	kp_buffer_add_slice(buffer, kind);
	KP_BUFFER_ADD(buffer, "\",");
}

static void
close_block(struct kp_buffer *buffer, enum kp_answer_form form)
{
	kp_buffer_add_char(buffer, '}');
	kp_buffer_add_char(buffer, '\n');
	if (form == KP_ANSWER_SSE) {
		kp_buffer_add_char(buffer, '\n');
	}
}

static void
write_block(struct kp_request *request, const struct kp_request_call *call)
{
	struct kp_buffer *buffer = &request->answer.buffer;
	const struct kp_collect *collect = &call->collect;
	struct kp_merged merged = {0};
	size_t count = call->state.asked && call->state.outcome == KP_FOUND ? 1 : 0;
	if (kp_merge(request->view->snapshot->catalogue, &collect, count, &request->arena,
		    &merged) != KP_OK) {
		buffer->failed = true;
		return;
	}
	open_block(buffer, request->form, KP_SLICE("bron"));
	KP_BUFFER_ADD(buffer, "\"bron\":");
	kp_write_source(buffer, request->view->snapshot->shape, &call->state);
	kp_buffer_add_char(buffer, ',');
	write_merged(buffer, request, &merged);
	close_block(buffer, request->form);
}

static void
begin_stream(struct kp_request *request)
{
	struct header_list headers =
		make_headers(request, kp_answer_content_type(request->form));
	request->answer.begun = true;
	request->answer.http_status = 200;
	begin_sending(request);
	kp_exchange_begin(request->exchange, 200, headers.items, headers.count);
	begun_sending(request);
}

static bool
can_send(const struct kp_request *request)
{
	return !request->gone && request->answer.sending != KP_ONCE_RUNNING &&
		request->answer.sent_status == KP_OK;
}

void
kp_answer_stream(struct kp_request *request)
{
	struct kp_request_answer *answer = &request->answer;
	if (request->form == KP_ANSWER_JSON || request->dry_run || !can_send(request)) {
		return;
	}
	bool any = false;
	for (uint32_t i = 0; i < request->call_count; i++) {
		struct kp_request_call *call = &request->calls[i];
		if (!call->projected || call->streamed) {
			continue;
		}
		if (!answer->begun) {
			begin_stream(request);
			return; /* the block follows when the head is on its way */
		}
		if (!any) {
			kp_buffer_init(&answer->buffer, &request->arena,
				kp_request_config(request)->request_bytes_max);
		}
		any = true;
		call->streamed = true;
		write_block(request, call);
	}
	if (!any) {
		return;
	}
	if (answer->buffer.failed) {
		(void)kp_request_fail(request, KP_E_MEMORY, "no memory for a block",
			(struct kp_slice){NULL, 0});
		return;
	}
	send_piece(request, false);
}

static void
write_problem(struct kp_buffer *buffer, const struct kp_request *request)
{
	const struct kp_problem problem = {
		.status = request->error.status,
		.detail = request->detail,
		.trace_id = {request->trace.trace_id, KP_TRACE_ID_LEN},
		.faults = request->faults,
	};
	kp_problem_write(buffer, &problem);
}

static void
add_challenge(struct kp_request *request, struct header_list *list)
{
	list->count += kp_challenge_headers(request->view, request->identity_fault,
		kp_loop_wall_ms(request->view->loop), request->nonce,
		&list->items[list->count]);
}

/* In the arena of the exchange: the request's may be what ran out. */
static enum kp_stage_result
answer_problem(struct kp_request *request)
{
	static const struct kp_slice without_memory = KP_SLICE_INIT(
		"{\"type\":\"urn:ketenpoort:probleem:memory\",\"title\":\"Geen "
		"geheugen beschikbaar\",\"status\":503,\"detail\":\"Voor deze "
		"vraag was geen geheugen meer over.\",\"code\":\"memory\"}");
	struct kp_request_answer *answer = &request->answer;
	enum kp_status status = request->error.status;
	kp_buffer_init(
		&answer->buffer, kp_exchange_arena(request->exchange), PROBLEM_BYTES_MAX);
	write_problem(&answer->buffer, request);
	struct kp_slice body = kp_buffer_slice(&answer->buffer);
	unsigned http_status = kp_problem_http_status(status);
	if (answer->buffer.failed) {
		body = without_memory;
		http_status = 503;
	}
	struct header_list headers =
		make_headers(request, KP_SLICE("application/problem+json"));
	if (http_status == 405) {
		add_header(&headers, KP_SLICE("Allow"), KP_SLICE("POST"));
	} else if (http_status == 401) {
		add_challenge(request, &headers);
	} else if (http_status == 503) {
		add_header(&headers, KP_SLICE("Retry-After"), KP_SLICE("1"));
	}
	return send_whole(request, http_status, &headers, body);
}

/* A stream that cannot go on says so in its last block; the status has long gone. */
static enum kp_stage_result
close_broken_stream(struct kp_request *request)
{
	struct kp_buffer *buffer = &request->answer.buffer;
	kp_buffer_init(buffer, kp_exchange_arena(request->exchange), PROBLEM_BYTES_MAX);
	open_block(buffer, request->form, KP_SLICE("fout"));
	KP_BUFFER_ADD(buffer, "\"probleem\":");
	write_problem(buffer, request);
	close_block(buffer, request->form);
	if (buffer->failed) {
		return KP_STAGE_NEXT; /* finish then breaks the connection off */
	}
	send_piece(request, true);
	return KP_STAGE_WAIT;
}

static enum kp_stage_result
fail_late(struct kp_request *request)
{
	(void)kp_request_fail(request, KP_E_MEMORY, "no memory for the answer",
		(struct kp_slice){NULL, 0});
	return request->answer.begun ? close_broken_stream(request)
				     : answer_problem(request);
}

static enum kp_stage_result
answer_whole(struct kp_request *request)
{
	struct kp_buffer *buffer = &request->answer.buffer;
	bool event = request->form == KP_ANSWER_SSE;
	kp_buffer_init(
		buffer, &request->arena, kp_request_config(request)->request_bytes_max);
	if (event) {
		KP_BUFFER_ADD(buffer, "event: proef\ndata: ");
	}
	if (request->dry_run) {
		write_dry_run(buffer, request);
	} else {
		kp_buffer_add_char(buffer, '{');
		write_merged(buffer, request, &request->merged);
		kp_buffer_add_char(buffer, ',');
		write_closing(buffer, request);
		kp_buffer_add_char(buffer, '}');
	}
	if (request->form != KP_ANSWER_JSON) {
		kp_buffer_add(buffer, "\n\n", event ? 2 : 1);
	}
	if (buffer->failed) {
		return fail_late(request);
	}
	struct header_list headers =
		make_headers(request, kp_answer_content_type(request->form));
	if (request->dry_run) {
		add_header(&headers, KP_SLICE("Preference-Applied"),
			KP_SLICE("handling=dry-run"));
	}
	return send_whole(request, 200, &headers, kp_buffer_slice(buffer));
}

static enum kp_stage_result
close_stream(struct kp_request *request)
{
	struct kp_buffer *buffer = &request->answer.buffer;
	if (!request->answer.begun) {
		begin_stream(request);
		return KP_STAGE_WAIT;
	}
	if (!kp_merge_all(request)) {
		return fail_late(request);
	}
	kp_buffer_init(
		buffer, &request->arena, kp_request_config(request)->request_bytes_max);
	open_block(buffer, request->form, KP_SLICE("slot"));
	write_closing(buffer, request);
	close_block(buffer, request->form);
	if (buffer->failed) {
		return fail_late(request);
	}
	send_piece(request, true);
	return KP_STAGE_WAIT;
}

enum kp_stage_result
kp_stage_answer(struct kp_request *request)
{
	struct kp_request_answer *answer = &request->answer;
	if (answer->sending == KP_ONCE_RUNNING) {
		return KP_STAGE_WAIT;
	}
	if (request->gone || answer->last_sent || answer->sent_status != KP_OK) {
		return KP_STAGE_NEXT;
	}
	if (request->failed) {
		return answer->begun ? close_broken_stream(request)
				     : answer_problem(request);
	}
	if (request->form == KP_ANSWER_JSON || request->dry_run) {
		return answer_whole(request);
	}
	kp_answer_stream(request);
	if (request->failed) {
		return kp_stage_answer(request);
	}
	return answer->sending == KP_ONCE_RUNNING ? KP_STAGE_WAIT : close_stream(request);
}
