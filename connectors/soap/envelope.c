/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* envelope: see envelope.h. */
#include "connectors/soap/envelope.h"

#include <stdio.h>

#include "connectors/fault.h"
#include "connectors/finding.h"
#include "connectors/soap/canonical.h"
#include "connectors/soap/names.h"
#include "connectors/soap/signing.h"
#include "connectors/template_escape.h"
#include "connectors/value.h"

#define PART_BYTES_MAX ((size_t)128 * 1024)

struct compiler {
	struct kp_arena *arena;
	const struct kp_manifest *manifest;
	const struct kp_mapping *mapping;
	const struct kp_host *host;
	struct kp_envelope *envelope;
	enum kp_status status;
};

static const char *
soap_space(const struct kp_envelope *envelope)
{
	return envelope->version_1_2 ? KP_NAMES_SOAP12 : KP_NAMES_SOAP11;
}

static void
compile_text(struct compiler *compiler, struct kp_slice text,
	const struct kp_manifest_place *place, struct kp_template *ret)
{
	if (compiler->status == KP_OK) {
		compiler->status = kp_http_template(compiler->arena, compiler->manifest,
			compiler->host, text, KP_TEMPLATE_XML, place, ret);
	}
}

/* `scope`: where it is in the text; empty when it has none. */
static void
add_part(struct compiler *compiler, struct kp_slice xml, struct kp_slice scope,
	const struct kp_manifest_place *place)
{
	struct kp_envelope *envelope = compiler->envelope;
	struct kp_slice before = {0};
	struct kp_slice after = {0};
	struct kp_slice text = {0};
	const char *fault = NULL;
	if (compiler->status != KP_OK) {
		return;
	}
	if (envelope->part_count == KP_ENVELOPE_PARTS_MAX) {
		kp_finding(compiler->host, place,
			"has more than %d elements in the header",
			KP_ENVELOPE_PARTS_MAX - 1);
		return;
	}
	struct kp_envelope_part *part = &envelope->parts[envelope->part_count];
	(void)snprintf(part->id, sizeof(part->id), "id-%zu", envelope->part_count + 1);
	bool signs = compiler->manifest->soap.sign;
	enum kp_status status = kp_canonical_element(
		compiler->arena, xml, signs ? part->id : NULL, &text, &fault);
	if (status == KP_E_CONFIG) {
		kp_finding(compiler->host, place, "%s", fault);
		return;
	}
	envelope->part_count++;
	compiler->status = status != KP_OK
		? status
		: kp_scope_compile(compiler->arena, text, scope, compiler->mapping,
			  compiler->host, place, &envelope->scope, &before, &after);
	compile_text(compiler, before, place, &part->xml);
	compile_text(compiler, after, place, &envelope->rest);
}

/* False after saying so: what was written is too long, or no memory is left. */
static bool
fits(struct compiler *compiler, const struct kp_buffer *buffer, const char *what,
	const struct kp_manifest_place *place)
{
	if (buffer->failed && compiler->arena->failed) {
		compiler->status = KP_E_MEMORY;
	} else if (buffer->failed) {
		kp_finding(compiler->host, place, "%sis larger than %zu bytes", what,
			PART_BYTES_MAX);
	}
	return !buffer->failed;
}

/* An element of WS-Addressing, the address in wsa:Address when it is an endpoint. */
static void
add_address(
	struct compiler *compiler, const char *name, struct kp_slice text, bool endpoint)
{
	struct kp_buffer buffer;
	if (text.len == 0) {
		return;
	}
	kp_buffer_init(&buffer, compiler->arena, PART_BYTES_MAX);
	kp_buffer_printf(&buffer, "<wsa:%s xmlns:wsa=\"" KP_NAMES_WSA "\">%s", name,
		endpoint ? "<wsa:Address>" : "");
	if (!kp_template_escape_xml(&buffer, text, false)) {
		kp_finding(compiler->host, &compiler->manifest->soap.place,
			"an address holds a control character");
	}
	kp_buffer_printf(&buffer, "%s</wsa:%s>", endpoint ? "</wsa:Address>" : "", name);
	if (fits(compiler, &buffer, "an address ", &compiler->manifest->soap.place)) {
		add_part(compiler, kp_buffer_slice(&buffer), (struct kp_slice){0},
			&compiler->manifest->soap.place);
	}
}

static void
add_addressing(struct compiler *compiler)
{
	const struct kp_manifest_soap *soap = &compiler->manifest->soap;
	if (!soap->addressing) {
		return;
	}
	add_address(compiler, "Action", soap->action, false);
	add_address(compiler, "MessageID", KP_SLICE("urn:uuid:{bericht}"), false);
	add_address(compiler, "From", soap->from, true);
	add_address(compiler, "To", soap->to, false);
	if (soap->reply_to) {
		add_address(compiler, "ReplyTo", KP_SLICE(KP_NAMES_ANONYMOUS), true);
	}
}

static void
add_body(struct compiler *compiler)
{
	const struct kp_manifest_request *request = &compiler->manifest->request;
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, compiler->arena, PART_BYTES_MAX);
	kp_buffer_printf(&buffer, "<soapenv:Body xmlns:soapenv=\"%s\">",
		soap_space(compiler->envelope));
	kp_buffer_add_slice(&buffer, kp_value_trim(request->body));
	KP_BUFFER_ADD(&buffer, "</soapenv:Body>");
	if (fits(compiler, &buffer, "", &request->body_place)) {
		add_part(compiler, kp_buffer_slice(&buffer),
			compiler->manifest->soap.scope, &request->body_place);
	}
}

enum kp_status
kp_envelope_compile(struct kp_arena *arena, const struct kp_mapping *mapping,
	const struct kp_host *host, struct kp_envelope *ret_envelope)
{
	const struct kp_manifest *manifest = mapping->manifest;
	const struct kp_manifest_soap *soap = &manifest->soap;
	struct compiler compiler = {.arena = arena,
		.manifest = manifest,
		.mapping = mapping,
		.host = host,
		.envelope = ret_envelope,
		.status = KP_OK};
	*ret_envelope = (struct kp_envelope){.version_1_2 = soap->version_1_2};
	add_addressing(&compiler);
	for (size_t i = 0; i < soap->header_count; i++) {
		add_part(&compiler, soap->headers[i], (struct kp_slice){0}, &soap->place);
	}
	if (manifest->request.body.len == 0 || !manifest->request.body_text) {
		kp_finding(host, &manifest->request.body_place,
			"needs the element in the body as XML, in a text or in texts "
			"that "
			"are joined");
		return compiler.status;
	}
	add_body(&compiler);
	return compiler.status;
}

/* What is sent does not fit. */
static int
refuse_long(const struct kp_http_filling *filling)
{
	return filling->arena->failed ? kp_fault_memory(filling->fault)
				      : kp_fault_set(filling->fault, "request",
						"the request is larger than allowed");
}

/* The scope and what is behind it, behind `text`. */
static int
add_scope(const struct kp_envelope *envelope, const struct kp_http_filling *filling,
	struct kp_slice *text)
{
	struct kp_slice rest;
	struct kp_buffer buffer;
	int verdict = kp_http_fill(filling, &envelope->rest, PART_BYTES_MAX, &rest);
	if (verdict != KP_DONE) {
		return verdict;
	}
	kp_buffer_init(&buffer, filling->arena, PART_BYTES_MAX);
	kp_buffer_add_slice(&buffer, *text);
	kp_scope_write(&envelope->scope, filling->need, &buffer);
	kp_buffer_add_slice(&buffer, rest);
	*text = kp_buffer_slice(&buffer);
	return buffer.failed ? refuse_long(filling) : KP_DONE;
}

/* Each part filled, as it is sent and signed. */
static int
fill_parts(const struct kp_envelope *envelope, const struct kp_http_filling *filling,
	struct kp_signing_part *parts)
{
	for (size_t i = 0; i < envelope->part_count; i++) {
		parts[i].id = envelope->parts[i].id;
		int verdict = kp_http_fill(
			filling, &envelope->parts[i].xml, PART_BYTES_MAX, &parts[i].text);
		if (verdict != KP_DONE) {
			return verdict;
		}
	}
	return envelope->scope.count == 0
		? KP_DONE
		: add_scope(envelope, filling, &parts[envelope->part_count - 1].text);
}

int
kp_envelope_write(const struct kp_envelope *envelope, const struct kp_manifest_soap *soap,
	const struct kp_call_host *host, const struct kp_http_filling *filling,
	struct kp_slice *ret_text)
{
	struct kp_buffer out;
	struct kp_signing_part parts[KP_ENVELOPE_PARTS_MAX];
	size_t count = envelope->part_count;
	int verdict = fill_parts(envelope, filling, parts);
	kp_buffer_init(&out, filling->arena, KP_ENVELOPE_BYTES_MAX);
	kp_buffer_printf(&out, "<soapenv:Envelope xmlns:soapenv=\"%s\"><soapenv:Header>",
		soap_space(envelope));
	if (verdict == KP_DONE) {
		verdict = kp_signing_write(
			soap, host, filling->need, parts, count, &out, filling->fault);
	}
	if (verdict != KP_DONE) {
		return verdict;
	}
	for (size_t i = 0; i < count; i++) {
		if (i + 1 == count) {
			KP_BUFFER_ADD(&out, "</soapenv:Header>");
		}
		kp_buffer_add_slice(&out, parts[i].text);
	}
	KP_BUFFER_ADD(&out, "</soapenv:Envelope>");
	if (out.failed) {
		return refuse_long(filling);
	}
	*ret_text = kp_buffer_slice(&out);
	return KP_DONE;
}
