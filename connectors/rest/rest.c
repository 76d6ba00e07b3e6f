/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * rest: the connector for partners that speak JSON over HTTP. All it knows about a
 * partner is in the manifest: templates for what is asked, paths for what comes back.
 *
 * In:     the manifest's request, response and tables      Out: fields
 * Fails:  answers that are not JSON, not in the agreed shape, or not about the person
 */
#include "connectors/each.h"
#include "connectors/fault.h"
#include "connectors/finding.h"
#include "connectors/opening.h"
#include "connectors/http.h"
#include "connectors/rest/answer.h"
#include "connectors/rest/field_names.h"
#include "connectors/rest/paging.h"
#include "connectors/text.h"

#define FIRST_CHUNK_BYTES ((size_t)2048) /* holds a short question and answer */
/* What most questions need, with the call; what most answers need, once one comes. */
#define QUESTION_BYTES ((size_t)1024)
#define READING_BYTES ((size_t)4096)
#define ANSWER_ARENA_BYTES_MAX ((size_t)192 << 20)
#define BODY_BYTES_MAX ((size_t)256 * 1024)

struct rest_instance {
	struct kp_opening base;
	struct kp_mapping mapping;
	struct kp_http_request request;
	struct kp_template body;
	struct kp_each_plan each;
	struct kp_template further; /* target of further pages; no parts: the same */
	struct kp_field_names names;
	const struct kp_node *way; /* to a further page: see kp_paging_way() */
};

struct rest_call {
	struct kp_arena arena; /* of the page under way */
	const struct kp_need *need;
	const struct kp_call_host *host;
	struct kp_answer answer;
	bool reading;       /* the body is looked at */
	bool unusable;      /* an error body that is not JSON after all */
	bool outcome_known; /* by the status */
	enum kp_outcome outcome;
	uint32_t status;
	struct kp_slice target;      /* of the page under way; the page's memory */
	struct kp_slice header_link; /* to the next page; the page's memory */
	struct kp_each *each;        /* NULL: it is asked once */
	struct kp_paging paging;
	bool way_seen;       /* in some answer */
	void *reading_block; /* READING_BYTES of the host's; NULL: none yet */
	alignas(max_align_t) char first[QUESTION_BYTES];
};

/* Opening. */

/* Is it asked in what all pages have in common? */
static bool
common_uses(const struct rest_instance *instance, enum kp_template_name name)
{
	return kp_template_uses(&instance->body, name) ||
		kp_http_headers_use(&instance->request, name);
}

/* Is it asked of further pages? */
static bool
uses(const struct rest_instance *instance, enum kp_template_name name)
{
	bool target = instance->further.part_count > 0
		? kp_template_uses(&instance->further, name)
		: kp_http_target_uses(&instance->request, name);
	return target || common_uses(instance, name);
}

static void
check_paging(const struct rest_instance *instance, const struct kp_host *host)
{
	const struct kp_manifest *manifest = instance->base.manifest;
	struct kp_paging_uses used = {.number = uses(instance, KP_TEMPLATE_PAGE) ||
			uses(instance, KP_TEMPLATE_OFFSET),
		.cursor = uses(instance, KP_TEMPLATE_CURSOR)};
	kp_paging_check(manifest, host, &used);
	if (manifest->request.bsn_in_url &&
		!kp_http_target_uses(&instance->request, KP_TEMPLATE_BSN)) {
		kp_finding(host, &manifest->request.target_place,
			"bsn_in_url is said, and the target has no {bsn}");
	}
	bool first = kp_http_target_uses(&instance->request, KP_TEMPLATE_EMBEDDED);
	if (first && kp_template_uses(&instance->further, KP_TEMPLATE_FIELDS) &&
		!uses(instance, KP_TEMPLATE_EMBEDDED)) {
		kp_finding(host, &manifest->response.paging.place,
			"target asks {velden} without {ingesloten}, which the first page "
			"asks");
	}
	if (!first && kp_template_uses(&instance->further, KP_TEMPLATE_EMBEDDED) &&
		kp_http_target_uses(&instance->request, KP_TEMPLATE_FIELDS) &&
		!common_uses(instance, KP_TEMPLATE_EMBEDDED)) {
		kp_finding(host, &manifest->request.target_place,
			"asks {velden} without {ingesloten}, which further pages ask");
	}
}

/* Templates, and what is looked at in each. */

static void
show_templates(
	const struct rest_instance *instance, kp_http_template_fn show, void *context)
{
	const struct kp_manifest *manifest = instance->base.manifest;
	kp_http_show(&instance->request, show, context);
	show(context, &instance->body, &manifest->request.body_place, false);
	show(context, &instance->further, &manifest->response.paging.place, false);
}

static void
add_each(void *context, const struct kp_template *compiled,
	const struct kp_manifest_place *place, bool optional)
{
	struct rest_instance *instance = context;
	(void)place;
	if (!optional) {
		kp_each_add(&instance->each, compiled);
	}
}

static void
compile_each(struct rest_instance *instance, const struct kp_host *host)
{
	const struct kp_manifest *manifest = instance->base.manifest;
	kp_each_compile(manifest, host, &instance->each);
	show_templates(instance, add_each, instance);
	kp_each_check(&instance->each, manifest, host);
}

struct naming {
	struct rest_instance *instance;
	const struct kp_host *host;
	enum kp_status status;
};

static void
add_names(void *context, const struct kp_template *compiled,
	const struct kp_manifest_place *place, bool optional)
{
	struct naming *naming = context;
	struct rest_instance *instance = naming->instance;
	(void)optional;
	if (naming->status == KP_OK) {
		naming->status = kp_field_names_add(&instance->base.arena,
			&instance->names, compiled, naming->host, place);
	}
}

static enum kp_status
compile_names(struct rest_instance *instance, const struct kp_host *host)
{
	bool embeds = uses(instance, KP_TEMPLATE_EMBEDDED) ||
		kp_http_target_uses(&instance->request, KP_TEMPLATE_EMBEDDED);
	struct naming naming = {.instance = instance, .host = host};
	naming.status = kp_field_names_compile(
		&instance->base.arena, &instance->mapping, embeds, &instance->names);
	show_templates(instance, add_names, &naming);
	return naming.status;
}

static enum kp_status
compile_templates(struct rest_instance *instance, const struct kp_host *host)
{
	const struct kp_manifest *manifest = instance->base.manifest;
	const struct kp_manifest_request *request = &manifest->request;
	const struct kp_manifest_paging *paging = &manifest->response.paging;
	struct kp_arena *arena = &instance->base.arena;
	enum kp_status status =
		kp_http_compile(arena, manifest, host, &instance->request);
	if (status == KP_OK) {
		status = kp_http_template(arena, manifest, host, request->body,
			request->body_text ? KP_TEMPLATE_TEXT : KP_TEMPLATE_JSON,
			&request->body_place, &instance->body);
	}
	return status == KP_OK
		? kp_http_template(arena, manifest, host, paging->target,
			  KP_TEMPLATE_TARGET, &paging->place, &instance->further)
		: status;
}

static enum kp_status
compile_all(void *opaque, const struct kp_host *host)
{
	struct rest_instance *instance = opaque;
	enum kp_status status = compile_templates(instance, host);
	if (status == KP_OK) {
		status =
			kp_mapping_compile(&instance->base.arena, instance->base.manifest,
				host, KP_MAPPING_JSON, &instance->mapping);
	}
	if (status == KP_OK) {
		instance->way = kp_paging_way(&instance->mapping);
		status = compile_names(instance, host);
	}
	if (status == KP_OK) {
		compile_each(instance, host);
		check_paging(instance, host);
	}
	return status;
}

static int
open_rest(const struct kp_host *host, struct kp_text manifest, void **ret_instance,
	struct kp_fault *fault)
{
	return kp_opening_open(host, manifest, sizeof(struct rest_instance), compile_all,
		ret_instance, fault);
}

static void
offers_rest(const void *opaque, uint64_t *cells, uint32_t cell_words)
{
	const struct rest_instance *instance = opaque;
	kp_mapping_offer(&instance->mapping, cells, cell_words);
}

/* Asking. */

static int
send_headers(const struct rest_instance *instance, const struct kp_http_filling *filling)
{
	static const struct kp_text json = {"application/json", 16};
	const struct kp_request_writer *out = filling->out;
	int verdict = kp_http_send_headers(&instance->request, filling);
	bool fine = true;
	if (verdict == KP_DONE && !instance->request.accept) {
		fine = out->header(out->context, (struct kp_text){"Accept", 6}, json);
	}
	if (verdict == KP_DONE && fine && !instance->request.content_type &&
		instance->body.part_count > 0 &&
		!instance->base.manifest->request.body_text) {
		fine = out->header(
			out->context, (struct kp_text){"Content-Type", 12}, json);
	}
	return fine ? verdict : kp_http_refused(filling->fault, "request/headers");
}

static int
send_body(const struct rest_instance *instance, const struct kp_http_filling *filling)
{
	struct kp_slice body = {0};
	if (instance->body.part_count == 0) {
		return KP_DONE;
	}
	int verdict = kp_http_fill(filling, &instance->body, BODY_BYTES_MAX, &body);
	if (verdict == KP_DONE &&
		!filling->out->body(filling->out->context, kp_text_from(body))) {
		return kp_http_refused(filling->fault, "request/body");
	}
	return verdict;
}

static int
send_target(const struct rest_instance *instance, struct rest_call *call,
	const struct kp_http_filling *filling)
{
	int verdict = KP_DONE;
	call->target = call->paging.target;
	if (call->need->page > 0 && instance->further.part_count > 0) {
		verdict = kp_http_fill(filling, &instance->further,
			KP_HTTP_TARGET_BYTES_MAX, &call->target);
	}
	return verdict != KP_DONE
		? verdict
		: kp_http_send_target(&instance->request, filling, &call->target);
}

static int
prepare_rest(const void *opaque, void *memory, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_request_writer *out,
	struct kp_fault *fault)
{
	const struct rest_instance *instance = opaque;
	struct rest_call *call = memory;
	kp_arena_deinit(&call->arena);
	kp_arena_init(&call->arena, ANSWER_ARENA_BYTES_MAX, NULL);
	call->arena.chunk_bytes = FIRST_CHUNK_BYTES;
	kp_arena_lend(&call->arena, call->first, sizeof(call->first));
	int turn = kp_each_begin(&call->each, &instance->each, host, &need);
	if (turn != KP_DONE) {
		return turn == KP_SKIP ? KP_SKIP : kp_fault_memory(fault);
	}
	call->need = need;
	call->host = host;
	call->reading = false;
	call->unusable = false;
	call->outcome_known = false;
	call->header_link = (struct kp_slice){0};
	struct kp_field_names_asked asked = {.names = &instance->names, .need = need};
	const struct kp_manifest_paging *paging =
		&instance->base.manifest->response.paging;
	struct kp_template_fields fields = {.next = kp_field_names_next,
		.context = &asked,
		.cursor = call->paging.cursor,
		.page_size = paging->size,
		.pages_from_zero = paging->first == 0};
	struct kp_http_filling filling = {.arena = &call->arena,
		.need = need,
		.fields = &fields,
		.out = out,
		.fault = fault};
	int verdict = send_target(instance, call, &filling);
	if (verdict == KP_DONE) {
		verdict = send_headers(instance, &filling);
	}
	if (verdict == KP_DONE) {
		verdict = send_body(instance, &filling);
	}
	return verdict;
}

/* Reading. */

static bool
is_json(struct kp_text type)
{
	return kp_http_media_is(type, "application/json", "+json") ||
		kp_http_media_is(type, "text/json", "+json");
}

/* What the header fields say: another page, and the day the answer is valid on. */
static int
read_fields(const struct rest_instance *instance, struct rest_call *call,
	const struct kp_head *head, const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct kp_manifest_response *response = &instance->base.manifest->response;
	char day[KP_VALUE_DAY_LEN];
	if (response->paging.kind == KP_PAGING_HEADER &&
		kp_paging_header(head, &call->arena, &call->header_link, fault) !=
			KP_DONE) {
		return KP_FAIL;
	}
	struct kp_text date = response->valid_on_header.len == 0
		? (struct kp_text){0}
		: head->header(head, kp_text_from(response->valid_on_header));
	if (date.data != NULL && kp_value_http_day(kp_text_slice(date), day) &&
		!sink->valid_on(sink->context, (struct kp_text){day, sizeof(day)})) {
		return kp_fault_set(fault, "", "the gateway stopped reading");
	}
	return KP_DONE;
}

static int
head_rest(const void *opaque, void *memory, const struct kp_head *head,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct rest_instance *instance = opaque;
	const struct kp_manifest_response *response = &instance->base.manifest->response;
	struct rest_call *call = memory;
	call->status = head->status;
	call->outcome_known = kp_http_outcome(response, head->status, &call->outcome);
	bool json = is_json(head->content_type);
	if (!call->outcome_known && !json) {
		return kp_fault_set(fault, "Content-Type",
			"the answer is not JSON by its content type");
	}
	if (!call->outcome_known &&
		kp_http_is_coded(
			head->header(head, (struct kp_text){"content-encoding", 16}))) {
		return kp_fault_set(fault, "Content-Encoding",
			"the answer is compressed, which was not asked for");
	}
	call->reading = json && (!call->outcome_known || response->outcome_path.len > 0);
	if (!call->reading) {
		return KP_DONE;
	}
	if (!call->outcome_known &&
		read_fields(instance, call, head, sink, fault) != KP_DONE) {
		return KP_FAIL;
	}
	if (call->reading_block == NULL) {
		call->reading_block =
			call->host->alloc(call->host->context, READING_BYTES);
	}
	if (call->reading_block != NULL) {
		kp_arena_lend(&call->arena, call->reading_block, READING_BYTES);
	}
	if (kp_answer_init(&call->answer, &instance->mapping, call->need, &call->arena,
		    call->outcome_known) != KP_OK) {
		return kp_fault_memory(fault);
	}
	call->answer.reading.host = call->host;
	call->answer.awaited = instance->way;
	return KP_DONE;
}

static int
consume_rest(const void *opaque, void *memory, struct kp_text bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	(void)opaque;
	struct rest_call *call = memory;
	if (!call->reading || call->unusable) {
		return KP_DONE;
	}
	return kp_http_forgive(call->outcome_known, &call->unusable,
		kp_answer_push(&call->answer, kp_text_slice(bytes), sink, fault), fault);
}

/* What the status, or a code in the answer, says about all of it. On a further page that
 * is never good: what came before would pass for the whole list. */
static int
settle(const struct rest_instance *instance, const struct rest_call *call,
	enum kp_outcome outcome, enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	*ret_outcome = outcome;
	if (call->need->page == 0 || outcome != KP_NOTHING_FOUND) {
		return KP_DONE;
	}
	if (call->status == 204 &&
		!kp_paging_promised(
			&call->paging, &instance->base.manifest->response.paging)) {
		*ret_outcome = call->paging.found ? KP_FOUND : KP_NOTHING_FOUND;
		return KP_DONE;
	}
	return kp_fault_set(fault, "response/paging",
		"a further page is not there, so the list is cut");
}

static int
next_page(const struct rest_instance *instance, struct rest_call *call,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	struct kp_paging_page page = {
		.manifest = instance->base.manifest,
		.need = call->need,
		.reading = &call->answer.reading,
		.target = call->target,
		.header_link = call->header_link,
		.host = call->host,
		.arena = &call->arena,
	};
	call->paging.found =
		call->paging.found || kp_reading_found(&call->answer.reading);
	*ret_outcome = call->paging.found ? KP_FOUND : KP_NOTHING_FOUND;
	return kp_paging_next(&call->paging, &page, fault);
}

static int
finish_answer(const struct rest_instance *instance, struct rest_call *call,
	const struct kp_sink *sink, enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	if (call->reading && !call->unusable) {
		if (kp_http_forgive(call->outcome_known, &call->unusable,
			    kp_answer_finish(&call->answer, sink, fault),
			    fault) == KP_FAIL) {
			return KP_FAIL;
		}
		call->way_seen = call->way_seen || call->answer.met;
	}
	const struct kp_reading *reading = &call->answer.reading;
	bool coded = call->reading && reading->code_known;
	if (coded && (call->outcome_known || reading->code_outcome != KP_FOUND)) {
		return settle(instance, call, reading->code_outcome, ret_outcome, fault);
	}
	if (call->outcome_known) {
		return settle(instance, call, call->outcome, ret_outcome, fault);
	}
	return next_page(instance, call, ret_outcome, fault);
}

static int
finish_rest(const void *opaque, void *memory, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	const struct rest_instance *instance = opaque;
	struct rest_call *call = memory;
	int verdict = finish_answer(instance, call, sink, ret_outcome, fault);
	if (verdict == KP_DONE && kp_each_end(call->each, ret_outcome) == KP_NEXT) {
		/* The next item has pages of its own. */
		call->paging = (struct kp_paging){0};
		return KP_NEXT;
	}
	bool lost = verdict == KP_DONE && *ret_outcome == KP_FOUND &&
		instance->way != NULL && !call->way_seen;
	if (lost && !kp_paging_doubt(instance->base.manifest, sink)) {
		return kp_fault_set(fault, "", "the gateway stopped reading");
	}
	return verdict;
}

static void
end_rest(const void *opaque, void *memory)
{
	(void)opaque;
	struct rest_call *call = memory;
	kp_arena_deinit(&call->arena);
}

extern KP_CONNECTOR_DEFINE;
KP_CONNECTOR_DEFINE = {
	.abi_major = KP_CONNECTOR_ABI_MAJOR,
	.abi_minor = KP_CONNECTOR_ABI_MINOR,
	.size = sizeof(struct kp_connector),
	.name = "rest",
	.summary = "JSON over HTTP, by templates and paths in the manifest",
	.transport = KP_TRANSPORT_HTTP,
	.call_size = sizeof(struct rest_call),
	.open = open_rest,
	.close = kp_opening_close,
	.offers = offers_rest,
	.prepare = prepare_rest,
	.head = head_rest,
	.consume = consume_rest,
	.finish = finish_rest,
	.end = end_rest,
};
