/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* authzen_routes: see authzen_routes.h. */
#include "authzen_routes.h"

#include "audit/record.h"
#include "challenge.h"
#include "core/encode.h"
#include "metrics.h"
#include "policies/authzen_bundle.h"
#include "policies/authzen_set.h"
#include "problem.h"
#include "query/negotiate.h"
#include "request.h"

#define METADATA_BYTES_MAX ((size_t)4096)
#define RECORD_BYTES_FIRST ((size_t)2048)
#define HEADERS_MAX (4u + KP_CHALLENGE_HEADERS_MAX)

/* One request. Lives in the arena of its exchange; what it works with is in the arena of
 * `asker`, which is wiped at the end. */
struct decision {
	/* Only for the identify step of the path, so that there is one way of finding out
	 * who asks; it goes no further. */
	struct kp_request asker;
	struct kp_exchange *exchange;
	struct kp_snapshot_view *view; /* a reference */
	enum kp_authzen_api api;
	struct kp_authzen_answer answer;
	struct kp_slice request_id; /* X-Request-ID; may be empty */
	struct kp_trace trace;
	int64_t started_ms;
	uint64_t started_us;
	struct kp_slice body; /* of the answer, in the arena of the exchange */
	struct kp_journal_entry entry;
	struct kp_exchange_header headers[HEADERS_MAX];
};

static struct kp_slice
find_header(const struct kp_exchange *exchange, struct kp_slice name)
{
	return kp_http_header(&kp_exchange_message(exchange)->head, name);
}

/* --- answering --- */

static void
end(struct decision *decision)
{
	struct kp_exchange *exchange = decision->exchange;
	struct kp_snapshot_view *view = decision->view;
	decision->view->active--;
	kp_ration_end(&decision->asker);
	kp_timer_stop(view->loop, &decision->asker.deadline);
	kp_loop_undefer(view->loop, &decision->asker.task);
	decision->asker.magic = 0;
	kp_arena_deinit(&decision->asker.arena);
	kp_exchange_finish(&exchange);
	kp_snapshot_view_unref(&view);
}

static void
on_sent(void *owner, enum kp_status status)
{
	(void)status;
	end(owner);
}

/* The answer is due all the same: the exchange takes it and says that it is sent. */
static void
on_gone(void *owner)
{
	(void)owner;
}

static const struct kp_exchange_user exchange_user = {
	.on_sent = on_sent,
	.on_gone = on_gone,
};

static void
answer(struct decision *decision)
{
	size_t count = 0;
	decision->headers[count++] = (struct kp_exchange_header){
		KP_SLICE("Content-Type"), KP_SLICE("application/json")};
	if (decision->request_id.len > 0) {
		decision->headers[count++] = (struct kp_exchange_header){
			KP_SLICE("X-Request-ID"), decision->request_id};
	}
	if (decision->answer.http_status == 401) {
		count += kp_challenge_headers(decision->view,
			decision->asker.identity_fault, decision->started_ms,
			decision->asker.nonce, &decision->headers[count]);
	} else if (decision->answer.http_status == 429) {
		const char *seconds = kp_arena_printf(
			&decision->asker.arena, "%u", decision->asker.ration.retry_s);
		decision->headers[count++] =
			(struct kp_exchange_header){KP_SLICE("Retry-After"),
				seconds == NULL ? KP_SLICE("1") : kp_slice_from(seconds)};
	}
	kp_metrics_add(decision->view->metrics, KP_METRIC_AUTHZEN_PERMIT,
		decision->answer.permitted);
	kp_metrics_add(decision->view->metrics, KP_METRIC_AUTHZEN_DENY,
		decision->answer.line_count - decision->answer.permitted);
	kp_metrics_add(decision->view->metrics, KP_METRIC_AUTHZEN_REFUSED,
		decision->answer.http_status == 200 ? 0 : 1);
	kp_exchange_answer(decision->exchange, decision->answer.http_status,
		decision->headers, count, &decision->body, 1);
}

/* A message instead of decisions. */
static void
refuse(struct decision *decision, unsigned http_status, struct kp_slice message)
{
	decision->answer = (struct kp_authzen_answer){.http_status = http_status};
	decision->body = message;
}

/* --- the record --- */

static enum kp_status
write_record(struct decision *decision, struct kp_buffer *out)
{
	const struct kp_authzen_answer *from = &decision->answer;
	const struct kp_identity *identity = &decision->asker.identity;
	const struct kp_snapshot *snapshot = decision->view->snapshot;
	struct kp_record_decided *decided = KP_ARENA_ARRAY(
		&decision->asker.arena, struct kp_record_decided, from->line_count);
	if (decided == NULL) {
		return KP_E_MEMORY;
	}
	for (uint32_t i = 0; i < from->line_count; i++) {
		const struct kp_authzen_question *question = &from->lines[i].question;
		decided[i] = (struct kp_record_decided){question->subject.type,
			question->subject.id, question->action.id,
			question->resource.type, question->resource.id,
			from->lines[i].permit};
	}
	const struct kp_record_decision record = {
		.origin = {.wall_ms = decision->started_ms,
			.monotonic_us = decision->started_us,
			.trace_id = {decision->trace.trace_id, KP_TRACE_ID_LEN},
			.request_id = {decision->trace.span_id, KP_SPAN_ID_LEN},
			.peer = kp_slice_from(kp_exchange_peer(decision->exchange))},
		.actor = {.organisation = identity->organisation,
			.employee = identity->employee,
			.roles = identity->roles,
			.role_count = identity->role_count},
		.question = {.action = KP_SLICE("authzen"),
			.purpose = from->purpose,
			.activity_uri = from->activity,
			.policy_version = snapshot->authzen_set == NULL
				? kp_bundle_version(snapshot->bundle)
				: kp_authzen_set_version(snapshot->authzen_set)},
		.api = kp_authzen_api_name(decision->api),
		.caller_id = decision->request_id,
		.http_status = from->http_status,
		.decided = decided,
		.decided_count = from->line_count,
	};
	return kp_record_write_decision(out, &record);
}

static void
not_recorded(struct decision *decision)
{
	refuse(decision, 503,
		KP_SLICE("\"the decision could not be recorded and is not given\""));
	answer(decision);
}

static void
on_appended(struct kp_journal_entry *entry)
{
	struct decision *decision = KP_CONTAINER_OF(entry, struct decision, entry);
	KP_REQUIRE(decision->asker.magic == KP_REQUEST_MAGIC);
	if (entry->status != KP_OK) {
		not_recorded(decision);
	} else {
		answer(decision);
	}
}

static void
commit(struct decision *decision)
{
	struct kp_buffer out;
	kp_buffer_init(&out, kp_exchange_arena(decision->exchange), KP_RECORD_BYTES_MAX);
	(void)kp_buffer_reserve(&out, RECORD_BYTES_FIRST);
	enum kp_status status = write_record(decision, &out);
	decision->entry = (struct kp_journal_entry){
		.type = KP_RECORD_DECISION,
		.payload = kp_buffer_slice(&out),
		.loop = decision->view->loop,
		.on_done = on_appended,
	};
	if (status == KP_OK) {
		status = kp_journal_append(
			decision->view->snapshot->journal, &decision->entry);
	}
	if (status != KP_OK) {
		not_recorded(decision);
	}
}

/* --- deciding --- */

static enum kp_status
run_backend(struct decision *decision, struct kp_authzen_backend *backend)
{
	const struct kp_authzen_request request = {
		.api = decision->api,
		.body = kp_exchange_message(decision->exchange)->body,
		.backend = backend,
		.arena = &decision->asker.arena,
	};
	return kp_authzen_handle(&request, &decision->answer);
}

static enum kp_status
run(struct decision *decision)
{
	const struct kp_snapshot *snapshot = decision->view->snapshot;
	const struct kp_identity *identity = &decision->asker.identity;
	const struct kp_authzen_caller caller = {
		.organisation = identity->organisation,
		.employee = identity->employee,
		.roles = identity->roles,
		.role_count = identity->role_count,
		.trust = &snapshot->config.authzen_trust,
		.now_ms = decision->started_ms,
	};
	if (snapshot->authzen_set != NULL) {
		struct kp_authzen_set_backend set;
		kp_authzen_set_backend_init(
			&set, snapshot->authzen_set, &caller, &decision->asker.arena);
		return run_backend(decision, &set.backend);
	}
	struct kp_authzen_bundle_backend bundle;
	kp_authzen_bundle_backend_init(
		&bundle, snapshot->bundle, &caller, &decision->asker.arena);
	return run_backend(decision, &bundle.backend);
}

/* Trace Context: the header, else context.traceparent (NL GOV), else a trace of our own.
 */
static void
begin_trace(struct decision *decision)
{
	struct kp_trace *trace = &decision->trace;
	unsigned char bytes[(KP_TRACE_ID_LEN + KP_SPAN_ID_LEN) / 2];
	kp_loop_random(decision->view->loop, bytes, sizeof(bytes));
	bytes[0] |= 1;
	bytes[KP_TRACE_ID_LEN / 2] |= 1;
	const struct kp_http_request *head =
		&kp_exchange_message(decision->exchange)->head;
	if (!kp_trace_parse(kp_http_known(head, KP_HTTP_TRACEPARENT), trace) &&
		!kp_trace_parse(decision->answer.traceparent, trace)) {
		kp_hex_write(bytes, KP_TRACE_ID_LEN / 2, trace->trace_id);
	}
	kp_hex_write(bytes + KP_TRACE_ID_LEN / 2, KP_SPAN_ID_LEN / 2, trace->span_id);
}

static const struct kp_slice too_many = KP_SLICE_INIT("\"more requests than allowed\"");

static void
refuse_asker(struct decision *decision)
{
	bool unclear = decision->asker.error.status == KP_E_UNAUTHENTICATED;
	KP_LOG(&decision->view->log, INFO, REQUEST, "it is not clear who asks",
		kp_log_cstr(KP_LOG_REASON,
			kp_token_fault_reason(decision->asker.identity_fault)));
	refuse(decision, unclear ? 401 : 503,
		unclear ? KP_SLICE("\"it is not clear who asks\"")
			: KP_SLICE("\"it cannot be found out now who asks\""));
}

static void
record_and_answer(struct decision *decision)
{
	begin_trace(decision);
	commit(decision);
}

/* As far as can be said now who asks; else identify wakes the asker's task. */
static void
decide(struct decision *decision)
{
	const struct kp_http_request *head =
		&kp_exchange_message(decision->exchange)->head;
	enum kp_stage_result identified = kp_stage_identify(&decision->asker);
	if (identified == KP_STAGE_WAIT) {
		return;
	}
	if (identified == KP_STAGE_FAIL) {
		refuse_asker(decision);
	} else if (kp_ration_asker(&decision->asker, false) != KP_STAGE_NEXT) {
		refuse(decision, 429, too_many);
	} else if (!kp_content_type_is_json(kp_http_known(head, KP_HTTP_CONTENT_TYPE)) ||
		kp_http_known(head, KP_HTTP_CONTENT_ENCODING).len > 0) {
		refuse(decision, 400,
			KP_SLICE("\"the content type must be application/json, without "
				 "compression\""));
	} else if (run(decision) != KP_OK) {
		refuse(decision, 503,
			KP_SLICE("\"no memory was left for this request\""));
	} else {
		decision->body = kp_arena_copy(
			kp_exchange_arena(decision->exchange), decision->answer.body);
		if (decision->body.data == NULL) {
			refuse(decision, 503,
				KP_SLICE("\"no memory was left for this request\""));
		}
	}
	record_and_answer(decision);
}

/* What identify waited for has come, or it took too long. */
static void
on_asker_task(struct kp_task *task)
{
	struct kp_request *asker = KP_CONTAINER_OF(task, struct kp_request, task);
	decide(KP_CONTAINER_OF(asker, struct decision, asker));
}

static void
on_asker_deadline(struct kp_timer *timer)
{
	struct kp_request *asker = KP_CONTAINER_OF(timer, struct kp_request, deadline);
	if (asker->identity_once == KP_ONCE_RUNNING) {
		asker->expired = true;
		kp_request_identity_cancel(asker);
		kp_request_wake(asker);
	}
}

/* An id that would not fit in the record or break out of a header is not echoed. */
static struct kp_slice
read_request_id(const struct kp_exchange *exchange)
{
	struct kp_slice id = find_header(exchange, KP_SLICE("x-request-id"));
	return id.len <= KP_AUTHZEN_REQUEST_ID_BYTES_MAX && kp_http_value_valid(id)
		? id
		: (struct kp_slice){NULL, 0};
}

void
kp_authzen_accept(struct kp_exchange *exchange, struct kp_snapshot_view *view,
	enum kp_authzen_api api)
{
	const struct kp_path_config *config = &view->snapshot->config;
	struct decision *decision =
		KP_ARENA_NEW(kp_exchange_arena(exchange), struct decision);
	if (!config->authzen_enabled || decision == NULL) {
		kp_problem_answer(exchange,
			decision == NULL ? KP_E_MEMORY : KP_E_NOT_FOUND,
			(struct kp_slice){NULL, 0}, NULL);
		kp_exchange_finish(&exchange);
		return;
	}
	if (view->active >= config->requests_max) {
		kp_problem_answer(exchange, KP_E_BUSY, (struct kp_slice){NULL, 0}, NULL);
		kp_exchange_finish(&exchange);
		return;
	}
	view->active++;
	kp_snapshot_view_ref(view);
	decision->exchange = exchange;
	decision->view = view;
	decision->api = api;
	decision->request_id = read_request_id(exchange);
	decision->started_ms = kp_loop_wall_ms(view->loop);
	decision->started_us = kp_loop_now_us(view->loop);
	struct kp_request *asker = &decision->asker;
	asker->exchange = exchange;
	asker->view = view;
	asker->started_ms = decision->started_ms;
	asker->magic = KP_REQUEST_MAGIC;
	kp_arena_init(&asker->arena, config->request_bytes_max, &view->pool);
	asker->task.run = on_asker_task;
	asker->deadline.fire = on_asker_deadline;
	kp_timer_start(
		view->loop, &asker->deadline, (uint64_t)config->budget_ms_default * 1000);
	kp_exchange_attend(exchange, &exchange_user, decision);
	if (kp_ration_address(asker) != KP_STAGE_NEXT) {
		refuse(decision, 429, too_many);
		record_and_answer(decision);
		return;
	}
	decide(decision);
}

void
kp_authzen_answer_metadata(struct kp_exchange *exchange, struct kp_snapshot_view *view)
{
	const struct kp_path_config *config = &view->snapshot->config;
	static const struct kp_exchange_header header = {
		KP_SLICE_INIT("Content-Type"), KP_SLICE_INIT("application/json")};
	struct kp_buffer body;
	kp_buffer_init(&body, kp_exchange_arena(exchange), METADATA_BYTES_MAX);
	bool off = !config->authzen_enabled || config->authzen_base_url.len == 0;
	if (!off) {
		kp_authzen_write_metadata(&body, config->authzen_base_url);
	}
	if (off || body.failed) {
		kp_problem_answer(exchange, off ? KP_E_NOT_FOUND : KP_E_MEMORY,
			(struct kp_slice){NULL, 0}, NULL);
	} else {
		struct kp_slice part = kp_buffer_slice(&body);
		kp_exchange_answer(exchange, 200, &header, 1, &part, 1);
	}
	kp_exchange_finish(&exchange);
}
