/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen: reading a request, one decision, a batch of them, and the answer (AuthZEN 1.0,
 * sections 5, 6, 7 and 10). Searching is in authzen_search.c.
 */
#include "policies/authzen.h"

#include "policies/authzen_work.h"

enum semantic {
	EXECUTE_ALL,
	DENY_ON_FIRST_DENY,
	PERMIT_ON_FIRST_PERMIT,
};

static const struct kp_slice api_names[KP_AUTHZEN_API_COUNT] = {
	[KP_AUTHZEN_EVALUATION] = KP_SLICE_INIT("evaluation"),
	[KP_AUTHZEN_EVALUATIONS] = KP_SLICE_INIT("evaluations"),
	[KP_AUTHZEN_SEARCH_SUBJECT] = KP_SLICE_INIT("search/subject"),
	[KP_AUTHZEN_SEARCH_RESOURCE] = KP_SLICE_INIT("search/resource"),
	[KP_AUTHZEN_SEARCH_ACTION] = KP_SLICE_INIT("search/action"),
};

struct kp_slice
kp_authzen_api_name(enum kp_authzen_api api)
{
	return api_names[api];
}

/* --- reading --- */

/* Deeper than anybody means it? Looked at before the parser does any work. */
static bool
too_deep(struct kp_slice text)
{
	unsigned depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		if (quoted) {
			i += byte == '\\' ? 1 : 0;
			quoted = byte != '"';
		} else if (byte == '{' || byte == '[') {
			if (++depth > KP_AUTHZEN_DEPTH_MAX) {
				return true;
			}
		} else if (byte == '}' || byte == ']') {
			depth -= depth > 0 ? 1 : 0;
		} else {
			quoted = byte == '"';
		}
	}
	return false;
}

const struct kp_cedar_json *
kp_authzen_member(const struct kp_cedar_json *object, const char *name)
{
	const struct kp_cedar_json *member =
		object == NULL ? NULL : kp_cedar_json_member(object, name);
	return member != NULL && member->kind != KP_CEDAR_JSON_NULL ? member : NULL;
}

static const char *
complain(struct kp_authzen_work *work, const char *name, const char *what)
{
	const char *message = kp_arena_printf(work->request->arena, "%s %s", name, what);
	return message == NULL ? "the request is not valid" : message;
}

/* A text that must be there: NULL, or what is wrong with it. */
static const char *
read_text(const struct kp_cedar_json *object, const char *name, const char *missing,
	const char *wrong, struct kp_slice *ret_text)
{
	const struct kp_cedar_json *member = kp_authzen_member(object, name);
	if (member == NULL) {
		return missing;
	}
	if (member->kind != KP_CEDAR_JSON_STRING || member->text.len == 0) {
		return wrong;
	}
	*ret_text = member->text;
	return NULL;
}

const char *
kp_authzen_read_party(struct kp_authzen_work *work, const struct kp_cedar_json *object,
	const struct kp_cedar_json *defaults, const char *name, enum kp_authzen_use use,
	struct kp_authzen_party *ret_party)
{
	const struct kp_cedar_json *node = kp_authzen_member(object, name);
	node = node == NULL ? kp_authzen_member(defaults, name) : node;
	if (node == NULL) {
		return complain(work, name, "is missing");
	}
	if (node->kind != KP_CEDAR_JSON_OBJECT) {
		return complain(work, name, "must be an object");
	}
	*ret_party = (struct kp_authzen_party){.node = node};
	const char *fault;
	if (strcmp(name, "action") == 0) {
		fault = read_text(node, "name", ".name is missing",
			".name must be a non-empty string", &ret_party->id);
	} else {
		fault = read_text(node, "type", ".type is missing",
			".type must be a non-empty string", &ret_party->type);
		if (fault == NULL && use == KP_AUTHZEN_USE_WHOLE) {
			fault = read_text(node, "id", ".id is missing",
				".id must be a non-empty string", &ret_party->id);
		}
	}
	ret_party->properties = kp_authzen_member(node, "properties");
	if (fault == NULL && ret_party->properties != NULL &&
		ret_party->properties->kind != KP_CEDAR_JSON_OBJECT) {
		fault = ".properties must be an object";
	}
	if (fault == NULL) {
		return NULL;
	}
	const char *message = kp_arena_printf(work->request->arena, "%s%s", name, fault);
	return message == NULL ? "the request is not valid" : message;
}

const char *
kp_authzen_read_context(const struct kp_cedar_json *object,
	const struct kp_cedar_json *defaults, const struct kp_cedar_json **ret_context)
{
	const struct kp_cedar_json *node = kp_authzen_member(object, "context");
	node = node == NULL ? kp_authzen_member(defaults, "context") : node;
	if (node != NULL && node->kind != KP_CEDAR_JSON_OBJECT) {
		return "context must be an object";
	}
	*ret_context = node;
	return NULL;
}

static const char *
read_question(struct kp_authzen_work *work, const struct kp_cedar_json *object,
	const struct kp_cedar_json *defaults, struct kp_authzen_question *ret_question)
{
	const char *fault = kp_authzen_read_party(work, object, defaults, "subject",
		KP_AUTHZEN_USE_WHOLE, &ret_question->subject);
	if (fault == NULL) {
		fault = kp_authzen_read_party(work, object, defaults, "action",
			KP_AUTHZEN_USE_WHOLE, &ret_question->action);
	}
	if (fault == NULL) {
		fault = kp_authzen_read_party(work, object, defaults, "resource",
			KP_AUTHZEN_USE_WHOLE, &ret_question->resource);
	}
	if (fault == NULL) {
		fault = kp_authzen_read_context(object, defaults, &ret_question->context);
	}
	return fault;
}

/* --- deciding --- */

enum kp_status
kp_authzen_reserve_lines(struct kp_authzen_work *work, uint32_t count)
{
	work->lines = KP_ARENA_ARRAY(work->request->arena, struct kp_authzen_line, count);
	work->line_max = count;
	work->answer->lines = work->lines;
	return work->lines == NULL ? KP_E_MEMORY : KP_OK;
}

enum kp_status
kp_authzen_decide(struct kp_authzen_work *work,
	const struct kp_authzen_question *question,
	struct kp_authzen_verdict *ret_verdict)
{
	struct kp_authzen_backend *backend = work->request->backend;
	struct kp_authzen_answer *answer = work->answer;
	*ret_verdict = (struct kp_authzen_verdict){0};
	enum kp_status status = backend->evaluate(backend, question, ret_verdict);
	if (status != KP_OK) {
		return status;
	}
	if (ret_verdict->purpose.len > 0) {
		answer->purpose = ret_verdict->purpose;
		answer->activity = ret_verdict->activity;
	}
	answer->permitted += ret_verdict->permit ? 1 : 0;
	if (answer->line_count < work->line_max) {
		work->lines[answer->line_count++] = (struct kp_authzen_line){
			.question = *question, .permit = ret_verdict->permit};
	}
	return KP_OK;
}

/* --- answering --- */

static void
write_text_member(struct kp_json_writer *json, struct kp_slice name, struct kp_slice text)
{
	if (text.len > 0) {
		kp_json_write_name_raw(json, name);
		kp_json_write_string(json, text);
	}
}

static void
write_explanation(struct kp_authzen_work *work, const struct kp_authzen_verdict *verdict)
{
	struct kp_json_writer *json = &work->json;
	KP_JSON_WRITE_NAME(json, "context");
	kp_json_write_object_begin(json);
	write_text_member(
		json, KP_SLICE("policy_version"), work->request->backend->version);
	write_text_member(json, KP_SLICE("processing_activity_id"), verdict->activity);
	if (verdict->reason.len > 0) {
		KP_JSON_WRITE_NAME(json, "reason_user");
		kp_json_write_object_begin(json);
		write_text_member(json, KP_SLICE("nl"), verdict->reason);
		write_text_member(json, KP_SLICE("en"), verdict->reason_en);
		kp_json_write_object_end(json);
	}
	write_text_member(json, KP_SLICE("rule"), verdict->rule);
	kp_json_write_object_end(json);
}

/* Runners compare the bytes {"decision":true}: no context unless it was asked for. */
static void
write_decision(struct kp_authzen_work *work, const struct kp_authzen_verdict *verdict)
{
	struct kp_json_writer *json = &work->json;
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "decision");
	kp_json_write_bool(json, verdict->permit);
	if (work->explain) {
		write_explanation(work, verdict);
	}
	kp_json_write_object_end(json);
}

static void
write_item_error(struct kp_json_writer *json, const char *message)
{
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "decision");
	kp_json_write_bool(json, false);
	KP_JSON_WRITE_NAME(json, "context");
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "error");
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "status");
	kp_json_write_uint(json, 400);
	KP_JSON_WRITE_NAME(json, "message");
	kp_json_write_string(json, kp_slice_from(message));
	kp_json_write_object_end(json);
	kp_json_write_object_end(json);
	kp_json_write_object_end(json);
}

enum kp_status
kp_authzen_refuse(struct kp_authzen_work *work, const char *message)
{
	work->answer->http_status = 400;
	kp_json_write_string(&work->json, kp_slice_from(message));
	return KP_OK;
}

static enum kp_status
answer_one(struct kp_authzen_work *work)
{
	struct kp_authzen_question question = {0};
	struct kp_authzen_verdict verdict;
	const char *fault = read_question(work, work->root, NULL, &question);
	if (fault != NULL) {
		return kp_authzen_refuse(work, fault);
	}
	enum kp_status status = kp_authzen_reserve_lines(work, 1);
	if (status == KP_OK) {
		status = kp_authzen_decide(work, &question, &verdict);
	}
	if (status == KP_OK) {
		write_decision(work, &verdict);
	}
	return status;
}

/* --- a batch --- */

static bool
read_semantic(const struct kp_cedar_json *options, enum semantic *ret_semantic)
{
	static const char *const words[] = {
		"execute_all", "deny_on_first_deny", "permit_on_first_permit"};
	const struct kp_cedar_json *member =
		kp_authzen_member(options, "evaluations_semantic");
	*ret_semantic = EXECUTE_ALL;
	if (member == NULL) {
		return true;
	}
	for (unsigned i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (member->kind == KP_CEDAR_JSON_STRING &&
			kp_slice_is(member->text, words[i])) {
			*ret_semantic = (enum semantic)i;
			return true;
		}
	}
	return false;
}

static enum kp_status
answer_item(
	struct kp_authzen_work *work, const struct kp_cedar_json *item, bool *ret_permit)
{
	struct kp_authzen_question question = {0};
	struct kp_authzen_verdict verdict = {0};
	const char *fault = item->kind != KP_CEDAR_JSON_OBJECT
		? "an evaluation must be an object"
		: read_question(work, item, work->root, &question);
	if (fault != NULL) {
		*ret_permit = false;
		write_item_error(&work->json, fault);
		return KP_OK;
	}
	enum kp_status status = kp_authzen_decide(work, &question, &verdict);
	if (status == KP_OK) {
		*ret_permit = verdict.permit;
		write_decision(work, &verdict);
	}
	return status;
}

static enum kp_status
answer_items(struct kp_authzen_work *work, const struct kp_cedar_json *items,
	enum semantic semantic)
{
	struct kp_json_writer *json = &work->json;
	enum kp_status status = kp_authzen_reserve_lines(work, items->count);
	kp_json_write_object_begin(json);
	KP_JSON_WRITE_NAME(json, "evaluations");
	kp_json_write_array_begin(json);
	for (const struct kp_cedar_json *item = items->first;
		item != NULL && status == KP_OK; item = item->next) {
		bool permit = false;
		status = answer_item(work, item, &permit);
		if ((semantic == DENY_ON_FIRST_DENY && !permit) ||
			(semantic == PERMIT_ON_FIRST_PERMIT && permit)) {
			break;
		}
	}
	kp_json_write_array_end(json);
	kp_json_write_object_end(json);
	return status;
}

/* The defaults are read item by item, but a default that no item could use is a fault of
 * the whole request. */
static const char *
check_defaults(const struct kp_cedar_json *root)
{
	static const char *const names[] = {"subject", "action", "resource", "context"};
	static const char *const faults[] = {"subject must be an object",
		"action must be an object", "resource must be an object",
		"context must be an object"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		const struct kp_cedar_json *member = kp_authzen_member(root, names[i]);
		if (member != NULL && member->kind != KP_CEDAR_JSON_OBJECT) {
			return faults[i];
		}
	}
	return NULL;
}

static enum kp_status
answer_batch(struct kp_authzen_work *work, const struct kp_cedar_json *options)
{
	const struct kp_cedar_json *items = kp_authzen_member(work->root, "evaluations");
	enum semantic semantic;
	if (!read_semantic(options, &semantic)) {
		return kp_authzen_refuse(work,
			"options.evaluations_semantic must be execute_all, "
			"deny_on_first_deny or permit_on_first_permit");
	}
	if (items != NULL && items->kind != KP_CEDAR_JSON_ARRAY) {
		return kp_authzen_refuse(work, "evaluations must be an array");
	}
	if (items == NULL || items->count == 0) {
		return answer_one(work);
	}
	if (items->count > KP_AUTHZEN_ITEMS_MAX) {
		return kp_authzen_refuse(work, "at most 1000 evaluations in one request");
	}
	const char *fault = check_defaults(work->root);
	return fault != NULL ? kp_authzen_refuse(work, fault)
			     : answer_items(work, items, semantic);
}

/* --- the whole --- */

static enum kp_status
dispatch(struct kp_authzen_work *work)
{
	const struct kp_cedar_json *options = kp_authzen_member(work->root, "options");
	if (options != NULL && options->kind != KP_CEDAR_JSON_OBJECT) {
		return kp_authzen_refuse(work, "options must be an object");
	}
	const struct kp_cedar_json *explain = kp_authzen_member(options, "explain");
	work->explain = explain != NULL && explain->kind == KP_CEDAR_JSON_TRUE;
	const struct kp_cedar_json *context = kp_authzen_member(work->root, "context");
	const struct kp_cedar_json *trace = kp_authzen_member(context, "traceparent");
	if (trace != NULL && trace->kind == KP_CEDAR_JSON_STRING) {
		work->answer->traceparent = trace->text;
	}
	switch (work->request->api) {
	case KP_AUTHZEN_EVALUATION:
		return answer_one(work);
	case KP_AUTHZEN_EVALUATIONS:
		return answer_batch(work, options);
	case KP_AUTHZEN_SEARCH_SUBJECT:
	case KP_AUTHZEN_SEARCH_RESOURCE:
	case KP_AUTHZEN_SEARCH_ACTION:
		return kp_authzen_search(work);
	case KP_AUTHZEN_API_COUNT:
		break;
	}
	return kp_authzen_refuse(work, "no such request");
}

/* What is wrong with the body as a text; NULL when it is an object. */
static const char *
read_body(struct kp_authzen_work *work, enum kp_status *ret_status)
{
	const struct kp_authzen_request *request = work->request;
	*ret_status = KP_OK;
	if (request->body.len == 0) {
		return "the body is empty";
	}
	if (request->body.len > KP_AUTHZEN_BODY_BYTES_MAX) {
		return "the body is larger than 256 KiB";
	}
	if (too_deep(request->body)) {
		return "more than 32 objects and arrays inside each other";
	}
	struct kp_findings findings;
	kp_findings_init(&findings, 1);
	struct kp_cedar_json_text text = {.text = request->body, .findings = &findings};
	enum kp_status status = kp_cedar_json_parse(request->arena, &text, &work->root);
	kp_findings_deinit(&findings);
	switch ((int)status) {
	case KP_OK:
		return work->root->kind == KP_CEDAR_JSON_OBJECT
			? NULL
			: "the body must be a JSON object";
	case KP_E_INVALID:
		return "an object has the same name twice";
	case KP_E_MEMORY:
		*ret_status = status;
		return NULL;
	default:
		return "the body is not valid JSON";
	}
}

enum kp_status
kp_authzen_handle(
	const struct kp_authzen_request *request, struct kp_authzen_answer *ret_answer)
{
	struct kp_authzen_work work = {.request = request, .answer = ret_answer};
	*ret_answer = (struct kp_authzen_answer){.http_status = 200};
	kp_buffer_init(&work.out, request->arena, KP_AUTHZEN_ANSWER_BYTES_MAX);
	kp_json_writer_init(&work.json, &work.out);
	enum kp_status status;
	const char *fault = read_body(&work, &status);
	if (status == KP_OK) {
		status =
			fault != NULL ? kp_authzen_refuse(&work, fault) : dispatch(&work);
	}
	ret_answer->body = kp_buffer_slice(&work.out);
	return status == KP_OK && work.out.failed ? KP_E_MEMORY : status;
}

/* --- metadata (section 9) --- */

bool
kp_authzen_base_url_valid(struct kp_slice url, bool plain_allowed)
{
	struct kp_slice secure = KP_SLICE("https://");
	struct kp_slice plain = KP_SLICE("http://");
	size_t scheme = kp_slice_starts(url, secure)           ? secure.len
		: plain_allowed && kp_slice_starts(url, plain) ? plain.len
							       : 0;
	if (scheme == 0 || url.len == scheme || url.data[scheme] == '/' ||
		url.data[url.len - 1] == '/') {
		return false;
	}
	for (size_t i = scheme; i < url.len; i++) {
		if (url.data[i] <= ' ' || url.data[i] > '~' ||
			strchr("?#\"\\<>@", url.data[i]) != NULL) {
			return false;
		}
	}
	return true;
}

static void
write_url(struct kp_json_writer *json, struct kp_slice name, struct kp_slice base,
	struct kp_slice path)
{
	char url[512];
	if (base.len + path.len > sizeof(url)) {
		json->buffer->failed = true;
		return;
	}
	memcpy(url, base.data, base.len);
	memcpy(url + base.len, path.data, path.len);
	kp_json_write_name_raw(json, name);
	kp_json_write_string(json, (struct kp_slice){url, base.len + path.len});
}

void
kp_authzen_write_metadata(struct kp_buffer *out, struct kp_slice base_url)
{
	struct kp_json_writer json;
	kp_json_writer_init(&json, out);
	kp_json_write_object_begin(&json);
	write_url(&json, KP_SLICE("policy_decision_point"), base_url, KP_SLICE(""));
	write_url(&json, KP_SLICE("access_evaluation_endpoint"), base_url,
		KP_SLICE("/access/v1/evaluation"));
	write_url(&json, KP_SLICE("access_evaluations_endpoint"), base_url,
		KP_SLICE("/access/v1/evaluations"));
	write_url(&json, KP_SLICE("search_subject_endpoint"), base_url,
		KP_SLICE("/access/v1/search/subject"));
	write_url(&json, KP_SLICE("search_resource_endpoint"), base_url,
		KP_SLICE("/access/v1/search/resource"));
	write_url(&json, KP_SLICE("search_action_endpoint"), base_url,
		KP_SLICE("/access/v1/search/action"));
	kp_json_write_object_end(&json);
}
