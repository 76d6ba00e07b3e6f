/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* answer: see answer.h. */
#include "connectors/soap/answer.h"

#include <string.h>

#include "connectors/fault.h"
#include "connectors/soap/names.h"

static struct kp_soap_frame *
top(struct kp_soap_answer *answer)
{
	return &answer->frames[answer->depth];
}

/* Attributes that say that there is no value. */
struct nil {
	bool nil;
	bool withheld; /* the source may not tell us */
};

static struct nil
read_nil(const struct kp_xml_attribute *attributes, unsigned count)
{
	struct nil nil = {0};
	for (unsigned i = 0; i < count; i++) {
		const struct kp_xml_attribute *at = &attributes[i];
		bool xsi = kp_slice_is(at->space, KP_NAMES_XSI);
		if (xsi && kp_slice_is(at->name, "nil") &&
			(kp_slice_is(at->value, "true") || kp_slice_is(at->value, "1"))) {
			nil.nil = true;
		} else if (kp_slice_is(at->name, "noValue") && at->space.len > 0) {
			nil.nil = true;
			nil.withheld = kp_slice_is(at->value, "nietGeautoriseerd");
		}
	}
	return nil;
}

/* One text for the leaves and the capture of a node. */
static bool
take_text(struct kp_soap_answer *answer, const struct kp_node *node, struct kp_slice text)
{
	text = kp_value_trim(text);
	bool fine = true;
	for (const struct kp_leaf *leaf = node->leaves;
		fine && text.len > 0 && leaf != NULL; leaf = leaf->next) {
		bool here = leaf->role == KP_LEAF_PRESENT ||
			(leaf->field != NULL && leaf->field->table == NULL &&
				leaf->field->form == KP_FORM_PRESENT);
		fine = here ||
			kp_reading_take(
				&answer->reading, leaf, text, (struct kp_slice){0});
	}
	if (fine && node->capture != 0) {
		fine = kp_reading_capture(&answer->reading, node, text, false);
	}
	return fine;
}

/* The person and the items begin with the first thing inside: an empty element where a
 * person was expected is nobody. */
static bool
begin(struct kp_soap_answer *answer, struct kp_soap_frame *frame)
{
	const struct kp_node *node = frame->node;
	if (frame->begun || node == NULL) {
		return true;
	}
	frame->begun = true;
	return (!node->root || kp_reading_begin_root(&answer->reading)) &&
		(node->items == NULL || kp_reading_begin_items(&answer->reading, node));
}

static bool
begin_all(struct kp_soap_answer *answer)
{
	bool fine = true;
	while (fine && answer->begun < answer->depth) {
		fine = begin(answer, &answer->frames[++answer->begun]);
	}
	return fine;
}

static bool
take_attributes(struct kp_soap_answer *answer, const struct kp_node *node,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	bool fine = true;
	for (const struct kp_node *child = node->children; fine && child != NULL;
		child = child->sibling) {
		if (child->name.data[0] != '@') {
			continue;
		}
		struct kp_slice name = {child->name.data + 1, child->name.len - 1};
		for (unsigned i = 0; fine && i < count; i++) {
			if (kp_slice_equal(attributes[i].name, name)) {
				fine = begin_all(answer) &&
					take_text(answer, child, attributes[i].value);
			}
		}
	}
	return fine;
}

/* That the element is there is all these leaves want to know. */
static bool
take_presence(struct kp_soap_answer *answer, const struct kp_node *node, bool nil)
{
	bool fine = true;
	for (const struct kp_leaf *leaf = node->leaves; fine && leaf != NULL;
		leaf = leaf->next) {
		bool guide = leaf->role == KP_LEAF_PRESENT;
		bool present = !nil && leaf->field != NULL &&
			leaf->field->table == NULL &&
			leaf->field->form == KP_FORM_PRESENT;
		if (guide || present) {
			fine = kp_reading_take(&answer->reading, leaf,
				(struct kp_slice){0}, (struct kp_slice){0});
		}
	}
	return fine;
}

static bool
needs_text(const struct kp_node *node)
{
	return node->leaves != NULL || node->capture != 0;
}

static void
push(struct kp_soap_answer *answer, enum kp_soap_place place, const struct kp_node *node)
{
	/* The parser's depth limit keeps this inside the array. */
	answer->frames[++answer->depth] = (struct kp_soap_frame){
		.place = place, .node = node, .instance = ++answer->instances};
	answer->text.len = 0;
	answer->takes_text = place == KP_SOAP_FAULT || (node != NULL && needs_text(node));
}

static bool
open_payload(struct kp_soap_answer *answer, const struct kp_node *node,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	struct nil nil = read_nil(attributes, count);
	push(answer, KP_SOAP_PAYLOAD, node);
	top(answer)->nil = nil.nil;
	if (node->inherited != NULL) {
		kp_reading_begin_inherited(&answer->reading, node);
	}
	if (nil.withheld && needs_text(node) &&
		!kp_reading_remark(&answer->reading, "nietGeautoriseerd",
			KP_SLICE("de bron geeft een gevraagde waarde niet vrij"))) {
		return false;
	}
	if (!take_presence(answer, node, nil.nil)) {
		return false;
	}
	return take_attributes(answer, node, attributes, count);
}

/* Another of what there may be one of: the first counts, with everything in it. */
static bool
skip_repeated(struct kp_soap_answer *answer, const struct kp_node *child, bool *ret_skip)
{
	uint32_t instance = top(answer)->instance;
	uint32_t *last = &answer->repeated[child->id];
	*ret_skip = false;
	if (child->many || *last != instance) {
		*last = instance;
		return true;
	}
	*ret_skip = true;
	return kp_reading_remark(&answer->reading, "meerWaarden",
		KP_SLICE("de bron gaf er meer dan een; alleen de eerste is overgenomen"));
}

static bool
open_inside(struct kp_soap_answer *answer, const struct kp_node *parent,
	struct kp_slice name, const struct kp_xml_attribute *attributes, unsigned count)
{
	const struct kp_node *child = kp_node_child(parent, name);
	if (child == NULL) {
		child = kp_node_child(parent, KP_SLICE("*"));
	}
	if (answer->begun < answer->depth && !begin_all(answer)) {
		return false;
	}
	if (child == NULL) {
		push(answer, KP_SOAP_SKIPPED, NULL);
		return kp_reading_unmapped(&answer->reading, parent, name);
	}
	bool skip = answer->reading.wanted[child->id] == 0;
	if (!skip && !skip_repeated(answer, child, &skip)) {
		return false;
	}
	if (skip) {
		push(answer, KP_SOAP_SKIPPED, NULL);
		return true;
	}
	return open_payload(answer, child, attributes, count);
}

static bool
is_soap(struct kp_slice space)
{
	return kp_slice_is(space, KP_NAMES_SOAP11) || kp_slice_is(space, KP_NAMES_SOAP12);
}

static bool
namespace_agreed(const struct kp_soap_answer *answer, struct kp_slice space)
{
	const struct kp_manifest_soap *soap = &answer->reading.mapping->manifest->soap;
	bool agreed = soap->namespace_count == 0;
	for (size_t i = 0; i < soap->namespace_count; i++) {
		agreed = agreed || kp_slice_equal(soap->namespaces[i], space);
	}
	return agreed;
}

static bool
open_in_body(struct kp_soap_answer *answer, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned count)
{
	struct kp_reading *reading = &answer->reading;
	const struct kp_node *node = kp_node_child(reading->mapping->top, name);
	if (is_soap(space) && kp_slice_is(name, "Fault")) {
		answer->fault_seen = true;
		answer->fault_outcome = KP_ERROR;
		push(answer, KP_SOAP_FAULT, NULL);
		return true;
	}
	if (reading->codes_only) {
		push(answer, KP_SOAP_SKIPPED, NULL);
		return true;
	}
	if (answer->payload_seen) {
		return kp_reading_fail(
			reading, NULL, "the body holds more than one element");
	}
	if (node == NULL || reading->wanted[node->id] == 0) {
		return kp_reading_fail(reading, NULL,
			"the body holds another element than the manifest reads");
	}
	if (!namespace_agreed(answer, space)) {
		return kp_reading_fail(reading, node,
			"the answer is in another namespace than the manifest says");
	}
	answer->payload_seen = true;
	return open_payload(answer, node, attributes, count);
}

/* One body, in the namespace of its envelope: what a signature covers is what is read. */
static bool
open_in_envelope(
	struct kp_soap_answer *answer, struct kp_slice name, struct kp_slice space)
{
	const char *own = answer->version_1_2 ? KP_NAMES_SOAP12 : KP_NAMES_SOAP11;
	bool body = kp_slice_is(space, own) && kp_slice_is(name, "Body");
	if (body && answer->body_seen) {
		return kp_reading_fail(
			&answer->reading, NULL, "the envelope holds more than one body");
	}
	answer->body_seen = answer->body_seen || body;
	push(answer, body ? KP_SOAP_BODY : KP_SOAP_SKIPPED, NULL);
	return true;
}

static bool
open_top(struct kp_soap_answer *answer, struct kp_slice name, struct kp_slice space)
{
	if (!is_soap(space) || !kp_slice_is(name, "Envelope")) {
		return kp_reading_fail(
			&answer->reading, NULL, "the answer is not a SOAP envelope");
	}
	answer->version_1_2 = kp_slice_is(space, KP_NAMES_SOAP12);
	push(answer, KP_SOAP_ENVELOPE, NULL);
	return true;
}

static bool
on_open(void *context, struct kp_slice name, struct kp_slice space,
	const struct kp_xml_attribute *attributes, unsigned attribute_count)
{
	struct kp_soap_answer *answer = context;
	const struct kp_soap_frame *frame = top(answer);
	switch (frame->place) {
	case KP_SOAP_TOP:
		return open_top(answer, name, space);
	case KP_SOAP_ENVELOPE:
		return open_in_envelope(answer, name, space);
	case KP_SOAP_BODY:
		return open_in_body(answer, name, space, attributes, attribute_count);
	case KP_SOAP_PAYLOAD:
		return open_inside(
			answer, frame->node, name, attributes, attribute_count);
	case KP_SOAP_FAULT:
		push(answer, KP_SOAP_FAULT, NULL);
		return true;
	case KP_SOAP_SKIPPED:
		break;
	}
	push(answer, KP_SOAP_SKIPPED, NULL);
	return true;
}

static bool
on_text(void *context, struct kp_slice text)
{
	struct kp_soap_answer *answer = context;
	if (!answer->takes_text) {
		return true;
	}
	kp_buffer_add_slice(&answer->text, text);
	return !answer->text.failed ||
		kp_reading_fail(&answer->reading, top(answer)->node,
			"a text is longer than allowed");
}

static bool
starts_with(struct kp_slice text, const char *start)
{
	return kp_slice_starts(text, kp_slice_from(start));
}

/* What a gateway between us and the source says when it is the one that refuses. */
static bool
is_refusal_on_the_way(struct kp_slice text)
{
	return starts_with(text, "Policy Falsified") ||
		starts_with(text, "Service Not Found");
}

/* A text in a Fault: its code with and without prefix, its string, its detail. */
static void
take_fault_text(struct kp_soap_answer *answer, struct kp_slice text)
{
	const struct kp_manifest_response *response =
		&answer->reading.mapping->manifest->response;
	text = kp_value_trim(text);
	const char *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
	struct kp_slice local = colon == NULL
		? text
		: (struct kp_slice){
			  colon + 1, text.len - (size_t)(colon + 1 - text.data)};
	for (size_t i = 0; i < response->fault_count && !answer->fault_known; i++) {
		struct kp_slice code = response->faults[i].code;
		if (kp_slice_starts(text, code) || kp_slice_starts(local, code)) {
			answer->fault_known = true;
			answer->fault_outcome = response->faults[i].outcome;
		}
	}
	if (!answer->fault_known && is_refusal_on_the_way(text)) {
		answer->fault_known = true;
		answer->fault_outcome = KP_NOT_REACHED;
	}
}

static bool
close_payload(struct kp_soap_answer *answer, const struct kp_soap_frame *frame)
{
	struct kp_reading *reading = &answer->reading;
	const struct kp_node *node = frame->node;
	struct kp_slice text = kp_buffer_slice(&answer->text);
	if (answer->takes_text && !frame->nil && kp_value_trim(text).len > 0 &&
		(!begin_all(answer) || !take_text(answer, node, text))) {
		return false;
	}
	if (node->closing != NULL && !kp_reading_close_container(reading, node)) {
		return false;
	}
	/* begin() may have begun this very element: look again. */
	bool begun = answer->frames[answer->depth].begun;
	if (begun && node->items != NULL && !kp_reading_end_items(reading, node)) {
		return false;
	}
	if (node->inherited != NULL && !kp_reading_end_inherited(reading, node)) {
		return false;
	}
	return !begun || !node->root || kp_reading_end_root(reading);
}

static bool
on_close(void *context)
{
	struct kp_soap_answer *answer = context;
	struct kp_soap_frame *frame = top(answer);
	bool fine = true;
	if (frame->place == KP_SOAP_PAYLOAD) {
		fine = close_payload(answer, frame);
	} else if (frame->place == KP_SOAP_FAULT) {
		take_fault_text(answer, kp_buffer_slice(&answer->text));
	}
	answer->depth--;
	if (answer->begun > answer->depth) {
		answer->begun = answer->depth;
	}
	answer->text.len = 0;
	/* What stands behind a child is no value. */
	answer->takes_text = false;
	return fine;
}

static const struct kp_xml_events events = {
	.open = on_open,
	.text = on_text,
	.close = on_close,
};

enum kp_status
kp_soap_answer_init(struct kp_soap_answer *answer, const struct kp_mapping *mapping,
	const struct kp_need *need, struct kp_arena *arena, bool fault_only)
{
	memset(answer, 0, sizeof(*answer));
	enum kp_status status =
		kp_reading_init(&answer->reading, mapping, need, arena, fault_only);
	answer->repeated = KP_ARENA_ARRAY(arena, uint32_t, mapping->node_count);
	kp_buffer_init(&answer->text, arena, KP_SOAP_TEXT_BYTES_MAX);
	if (status != KP_OK || answer->repeated == NULL ||
		!kp_xml_init(&answer->xml, &events, answer)) {
		return KP_E_MEMORY;
	}
	return KP_OK;
}

void
kp_soap_answer_deinit(struct kp_soap_answer *answer)
{
	kp_xml_deinit(&answer->xml);
}

static int
verdict_of(struct kp_soap_answer *answer, const char *wrong, struct kp_fault *fault)
{
	if (kp_reading_verdict(&answer->reading, fault) != KP_DONE) {
		fault->line = answer->xml.line;
		return KP_FAIL;
	}
	if (wrong != NULL) {
		(void)kp_fault_set(fault, "", "%s", wrong);
		fault->line = answer->xml.line;
		return KP_FAIL;
	}
	return KP_DONE;
}

int
kp_soap_answer_push(struct kp_soap_answer *answer, struct kp_slice bytes,
	const struct kp_sink *sink, struct kp_fault *fault)
{
	answer->reading.sink = sink;
	const char *wrong = kp_xml_push(&answer->xml, bytes);
	answer->reading.sink = NULL;
	return verdict_of(answer, wrong, fault);
}

int
kp_soap_answer_finish(
	struct kp_soap_answer *answer, const struct kp_sink *sink, struct kp_fault *fault)
{
	answer->reading.sink = sink;
	const char *wrong = kp_xml_finish(&answer->xml);
	answer->reading.sink = NULL;
	if (wrong == NULL) {
		(void)kp_reading_end(&answer->reading);
	}
	return verdict_of(answer, wrong, fault);
}
