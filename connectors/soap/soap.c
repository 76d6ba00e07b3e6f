/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * soap: the connector for partners that speak SOAP: Suwinet, StUF, and back offices of
 * municipalities. All it knows about a partner is in the manifest: an XML template for
 * what is asked, paths for what comes back.
 *
 * In:     the manifest's soap, request, response and tables      Out: fields
 * Fails:  answers that are not SOAP, that hold what was not agreed, or that are not about
 *         the person. A Fault is read whatever the HTTP status is.
 */
#include <libxml/parser.h>

#include "connectors/each.h"
#include "connectors/fault.h"
#include "connectors/finding.h"
#include "connectors/opening.h"
#include "connectors/soap/answer.h"
#include "connectors/soap/envelope.h"
#include "connectors/soap/verifying.h"
#include "connectors/text.h"

#define FIRST_CHUNK_BYTES ((size_t)4096)
#define ANSWER_ARENA_BYTES_MAX ((size_t)192 << 20)

struct soap_instance {
	struct kp_opening base;
	struct kp_mapping mapping;
	struct kp_http_request request;
	struct kp_envelope envelope;
	struct kp_slice content_type;
	struct kp_slice action_header;
	struct kp_each_plan each;
};

struct soap_call {
	struct kp_arena arena;
	struct kp_each *each; /* NULL: it is asked once */
	const struct kp_need *need;
	const struct kp_call_host *host;
	struct kp_buffer held; /* an answer whose signature must be right first */
	struct kp_soap_answer answer;
	bool answer_open;
	bool reading;       /* the body is looked at */
	bool unusable;      /* an error body that is no SOAP after all */
	bool outcome_known; /* by the status */
	enum kp_outcome outcome;
};

/* Opening. */

static enum kp_status
compile_words(struct soap_instance *instance)
{
	const struct kp_manifest_soap *soap = &instance->base.manifest->soap;
	const char *type = "text/xml; charset=utf-8";
	const char *action = "";
	if (soap->version_1_2) {
		type = kp_arena_printf(&instance->base.arena,
			"application/soap+xml; charset=utf-8; action=\"%.*s\"",
			KP_SLICE_ARG(soap->action));
	}
	switch (soap->action_header) {
	case KP_SOAP_ACTION_QUOTED:
	case KP_SOAP_ACTION_BARE: {
		const char *quote =
			soap->action_header == KP_SOAP_ACTION_QUOTED ? "\"" : "";
		action = kp_arena_printf(&instance->base.arena, "%s%.*s%s", quote,
			KP_SLICE_ARG(soap->action), quote);
		break;
	}
	case KP_SOAP_ACTION_EMPTY:
		action = "\"\"";
		break;
	case KP_SOAP_ACTION_NONE:
		break;
	}
	if (type == NULL || action == NULL) {
		return KP_E_MEMORY;
	}
	instance->content_type = kp_slice_from(type);
	instance->action_header = kp_slice_from(action);
	return KP_OK;
}

static void
check_words(const struct soap_instance *instance, const struct kp_host *host)
{
	const struct kp_manifest *manifest = instance->base.manifest;
	struct kp_slice action = manifest->soap.action;
	for (size_t i = 0; i < action.len; i++) {
		unsigned char byte = (unsigned char)action.data[i];
		if (byte <= 0x20 || byte >= 0x7f || byte == '"' || byte == '\\') {
			kp_finding(host, &manifest->soap.place, "action is not a URI");
			break;
		}
	}
	if (manifest->response.paging.kind != KP_PAGING_NONE ||
		manifest->response.in_investigation.len > 0) {
		kp_finding(host, &manifest->response.place,
			"paging and in_investigation are for answers in JSON");
	}
}

struct looking {
	struct soap_instance *instance;
	const struct kp_host *host;
};

static void
look_at(void *context, const struct kp_template *compiled,
	const struct kp_manifest_place *place, bool optional)
{
	const struct looking *looking = context;
	if (!optional) {
		kp_each_add(&looking->instance->each, compiled);
	}
	/* Nothing would be filled in. */
	if (kp_template_uses(compiled, KP_TEMPLATE_FIELDS) ||
		kp_template_uses(compiled, KP_TEMPLATE_EMBEDDED) ||
		kp_template_uses(compiled, KP_TEMPLATE_CURSOR)) {
		kp_finding(looking->host, place,
			"{velden} {ingesloten} {vervolg} are for partners that speak "
			"JSON; see soap/scope");
	}
}

static void
show_templates(
	const struct soap_instance *instance, kp_http_template_fn show, void *context)
{
	const struct kp_manifest *manifest = instance->base.manifest;
	const struct kp_envelope *envelope = &instance->envelope;
	kp_http_show(&instance->request, show, context);
	for (size_t i = 0; i < envelope->part_count; i++) {
		bool body = i + 1 == envelope->part_count;
		show(context, &envelope->parts[i].xml,
			body ? &manifest->request.body_place : &manifest->soap.place,
			false);
	}
	show(context, &envelope->rest, &manifest->request.body_place, false);
}

static enum kp_status
compile_all(void *opaque, const struct kp_host *host)
{
	struct soap_instance *instance = opaque;
	xmlInitParser();
	enum kp_status status = kp_http_compile(
		&instance->base.arena, instance->base.manifest, host, &instance->request);
	if (status == KP_OK) {
		status =
			kp_mapping_compile(&instance->base.arena, instance->base.manifest,
				host, KP_MAPPING_XML, &instance->mapping);
	}
	if (status == KP_OK) {
		status = kp_envelope_compile(&instance->base.arena, &instance->mapping,
			host, &instance->envelope);
	}
	if (status == KP_OK) {
		check_words(instance, host);
		struct looking looking = {.instance = instance, .host = host};
		kp_each_compile(instance->base.manifest, host, &instance->each);
		show_templates(instance, look_at, &looking);
		kp_each_check(&instance->each, instance->base.manifest, host);
		status = compile_words(instance);
	}
	return status;
}

static int
open_soap(const struct kp_host *host, struct kp_text manifest, void **ret_instance,
	struct kp_fault *fault)
{
	return kp_opening_open(host, manifest, sizeof(struct soap_instance), compile_all,
		ret_instance, fault);
}

static void
offers_soap(const void *opaque, uint64_t *cells, uint32_t cell_words)
{
	const struct soap_instance *instance = opaque;
	kp_mapping_offer(&instance->mapping, cells, cell_words);
}

/* Asking. */

static void
reset(struct soap_call *call)
{
	if (call->answer_open) {
		kp_soap_answer_deinit(&call->answer);
		call->answer_open = false;
	}
	kp_arena_deinit(&call->arena);
}

static bool
add_header(const struct kp_request_writer *out, const char *name, struct kp_slice value)
{
	return out->header(
		out->context, (struct kp_text){name, strlen(name)}, kp_text_from(value));
}

static int
send_headers(const struct soap_instance *instance, const struct kp_http_filling *filling)
{
	const struct kp_manifest_soap *soap = &instance->base.manifest->soap;
	int verdict = kp_http_send_headers(&instance->request, filling);
	bool action = !soap->version_1_2 && soap->action_header != KP_SOAP_ACTION_NONE;
	bool fine = verdict != KP_DONE ||
		(add_header(filling->out, "Content-Type", instance->content_type) &&
			add_header(filling->out, "Accept",
				KP_SLICE("text/xml, application/soap+xml")) &&
			(!action ||
				add_header(filling->out, "SOAPAction",
					instance->action_header)));
	return fine ? verdict : kp_http_refused(filling->fault, "request/headers");
}

static int
send_envelope(const struct soap_instance *instance, const struct kp_call_host *host,
	const struct kp_http_filling *filling)
{
	struct kp_slice text = {0};
	int verdict = kp_envelope_write(&instance->envelope,
		&instance->base.manifest->soap, host, filling, &text);
	if (verdict == KP_DONE &&
		!filling->out->body(filling->out->context, kp_text_from(text))) {
		return kp_http_refused(filling->fault, "request/body");
	}
	return verdict;
}

static int
prepare_soap(const void *opaque, void *memory, const struct kp_call_host *host,
	const struct kp_need *need, const struct kp_request_writer *out,
	struct kp_fault *fault)
{
	const struct soap_instance *instance = opaque;
	struct soap_call *call = memory;
	char uuid[KP_HTTP_UUID_LEN];
	reset(call);
	kp_arena_init(&call->arena, ANSWER_ARENA_BYTES_MAX, NULL);
	call->arena.chunk_bytes = FIRST_CHUNK_BYTES;
	int turn = kp_each_begin(&call->each, &instance->each, host, &need);
	if (turn != KP_DONE) {
		return turn == KP_SKIP ? KP_SKIP : kp_fault_memory(fault);
	}
	call->need = need;
	call->host = host;
	kp_buffer_init(&call->held, &call->arena, KP_VERIFYING_BYTES_MAX);
	call->reading = false;
	call->unusable = false;
	call->outcome_known = false;
	struct kp_template_fields fields = {.message = kp_http_uuid(host, need, uuid)};
	struct kp_http_filling filling = {.arena = &call->arena,
		.need = need,
		.fields = &fields,
		.out = out,
		.fault = fault};
	struct kp_slice target = {0};
	int verdict = kp_http_send_target(&instance->request, &filling, &target);
	if (verdict == KP_DONE) {
		verdict = send_headers(instance, &filling);
	}
	if (verdict == KP_DONE) {
		verdict = send_envelope(instance, host, &filling);
	}
	return verdict;
}

/* Reading. */

static int
head_soap(const void *opaque, void *memory, const struct kp_head *head,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct soap_instance *instance = opaque;
	struct soap_call *call = memory;
	(void)sink;
	call->outcome_known = kp_http_outcome(
		&instance->base.manifest->response, head->status, &call->outcome);
	bool xml = kp_http_media_is(head->content_type, "text/xml", "+xml") ||
		kp_http_media_is(head->content_type, "application/xml", "+xml");
	if (!xml && !call->outcome_known) {
		return kp_fault_set(fault, "Content-Type",
			"the answer is not XML by its content type");
	}
	call->reading = xml;
	if (!xml) {
		return KP_DONE;
	}
	call->answer_open = true;
	if (kp_soap_answer_init(&call->answer, &instance->mapping, call->need,
		    &call->arena, call->outcome_known) != KP_OK) {
		return kp_fault_memory(fault);
	}
	return KP_DONE;
}

/* An error status says enough by itself: its Fault need not be signed. */
static bool
holds(const struct soap_instance *instance, const struct soap_call *call)
{
	return instance->base.manifest->soap.verify && !call->outcome_known;
}

/* Reads the answer that was held, when its signature is right. */
static int
read_held(const struct soap_instance *instance, struct soap_call *call,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	struct kp_slice answer = kp_buffer_slice(&call->held);
	const char *wrong = kp_verifying_check(&instance->base.manifest->soap, call->host,
		call->need, answer, &call->arena);
	if (wrong != NULL) {
		return kp_fault_set(fault, "soap/verify", "%s", wrong);
	}
	return kp_soap_answer_push(&call->answer, answer, sink, fault);
}

static int
consume_soap(const void *opaque, void *memory, struct kp_text bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	const struct soap_instance *instance = opaque;
	struct soap_call *call = memory;
	struct kp_slice piece = kp_text_slice(bytes);
	if (!call->reading || call->unusable) {
		return KP_DONE;
	}
	if (!holds(instance, call)) {
		return kp_http_forgive(call->outcome_known, &call->unusable,
			kp_soap_answer_push(&call->answer, piece, sink, fault), fault);
	}
	kp_buffer_add_slice(&call->held, piece);
	if (call->held.failed) {
		return kp_fault_set(fault, "soap/verify",
			"the answer is longer than one that is verified may be");
	}
	return KP_DONE;
}

/* Data counts more than what the answer says about its absence. */
static int
outcome_of_answer(const struct kp_soap_answer *answer, enum kp_outcome *ret_outcome,
	struct kp_fault *fault)
{
	const struct kp_reading *reading = &answer->reading;
	if (answer->fault_seen) {
		*ret_outcome = answer->fault_outcome;
	} else if (reading->code_known && reading->code_outcome != KP_FOUND) {
		*ret_outcome = reading->code_outcome;
	} else if (reading->roots > 0 && kp_reading_found(reading)) {
		*ret_outcome = KP_FOUND;
	} else if (reading->present_known) {
		*ret_outcome = reading->present_outcome;
	} else if (reading->roots > 0) {
		*ret_outcome = KP_NOTHING_FOUND;
	} else {
		return kp_fault_set(fault, "",
			"the answer holds neither data nor a reason why there are none");
	}
	return KP_DONE;
}

static int
finish_answer(const struct soap_instance *instance, struct soap_call *call,
	const struct kp_sink *sink, enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	if (call->reading && holds(instance, call) &&
		read_held(instance, call, sink, fault) != KP_DONE) {
		return KP_FAIL;
	}
	if (call->reading && !call->unusable &&
		kp_http_forgive(call->outcome_known, &call->unusable,
			kp_soap_answer_finish(&call->answer, sink, fault),
			fault) == KP_FAIL) {
		return KP_FAIL;
	}
	bool fault_read = call->reading && !call->unusable && call->answer.fault_seen;
	if (call->outcome_known && !(fault_read && call->answer.fault_known)) {
		*ret_outcome = call->outcome;
		return KP_DONE;
	}
	return outcome_of_answer(&call->answer, ret_outcome, fault);
}

static int
finish_soap(const void *opaque, void *memory, const struct kp_sink *sink,
	enum kp_outcome *ret_outcome, struct kp_fault *fault)
{
	struct soap_call *call = memory;
	int verdict = finish_answer(opaque, call, sink, ret_outcome, fault);
	return verdict == KP_DONE ? kp_each_end(call->each, ret_outcome) : verdict;
}

static void
end_soap(const void *opaque, void *memory)
{
	(void)opaque;
	reset(memory);
}

extern KP_CONNECTOR_DEFINE;
KP_CONNECTOR_DEFINE = {
	.abi_major = KP_CONNECTOR_ABI_MAJOR,
	.abi_minor = KP_CONNECTOR_ABI_MINOR,
	.size = sizeof(struct kp_connector),
	.name = "soap",
	.summary = "XML over SOAP, by templates and paths in the manifest",
	.transport = KP_TRANSPORT_HTTP,
	.call_size = sizeof(struct soap_call),
	.open = open_soap,
	.close = kp_opening_close,
	.offers = offers_soap,
	.prepare = prepare_soap,
	.head = head_soap,
	.consume = consume_soap,
	.finish = finish_soap,
	.end = end_soap,
};
