/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_wsdl: the operation of a WSDL 1.1 whose answer resembles the catalogue
 * most, as a shape and a question over SOAP.
 */
#include <stdio.h>
#include <string.h>

#include "commands/connector_new_xsd.h"
#include "core/buffer.h"

#define EXAMPLE_BYTES ((size_t)64 * 1024)

struct operation {
	const char *name;
	const char *action; /* of WS-Addressing; may be NULL */
	xmlNode *question;  /* elements of a schema */
	xmlNode *answer;
};

/* Without its prefix. */
static const char *
local(const char *name)
{
	const char *colon = name == NULL ? NULL : strchr(name, ':');
	return colon == NULL ? name : colon + 1;
}

static xmlNode *
named(xmlNode *first, const char *kind, const char *name)
{
	for (xmlNode *one = kp_new_xml_next(first, kind); one != NULL;
		one = kp_new_xml_next(one->next, kind)) {
		const char *own = kp_new_xml_attribute(one, "name");
		if (own != NULL && name != NULL && strcmp(own, name) == 0) {
			return one;
		}
	}
	return NULL;
}

/* In whichever file of the description it stands. */
static xmlNode *
find_component(struct kp_new_xsd *xsd, const char *kind, const char *name)
{
	xmlNode *found = NULL;
	for (size_t i = 0; i < xsd->file_count && found == NULL; i++) {
		xmlNode *root = xmlDocGetRootElement(xsd->files[i].document);
		found = named(root->children, kind, name);
	}
	return found;
}

/* The element of the message that goes in or out. */
static xmlNode *
element_of(struct kp_new_xsd *xsd, xmlNode *operation, const char *direction)
{
	xmlNode *way = kp_new_xml_next(operation->children, direction);
	xmlNode *message = way == NULL
		? NULL
		: find_component(
			  xsd, "message", local(kp_new_xml_attribute(way, "message")));
	for (xmlNode *part = message == NULL ? NULL
					     : kp_new_xml_next(message->children, "part");
		part != NULL; part = kp_new_xml_next(part->next, "part")) {
		const char *element = kp_new_xml_attribute(part, "element");
		xmlNode *found = element == NULL
			? NULL
			: kp_new_xsd_find(xsd, part, "element", element);
		if (found != NULL) {
			return found;
		}
	}
	return NULL;
}

/* An attribute of WS-Addressing (Metadata, 4.4.1), whatever its prefix. */
static const char *
addressing_action(xmlNode *operation)
{
	xmlNode *way = kp_new_xml_next(operation->children, "input");
	return way == NULL ? NULL : kp_new_xml_attribute_of_any(way, "Action");
}

static size_t
try_operation(struct kp_new_xsd *xsd, const struct operation *operation)
{
	struct kp_new *new = xsd->new;
	kp_new_begin_shape(new);
	xsd->steps = 0;
	kp_new_xsd_leaves(xsd, operation->answer);
	return kp_new_propose(new) ? new->proposed : 0;
}

/* By its name, or by its action or the end of that. */
static bool
is_called(const struct operation *operation, const char *wanted)
{
	const char *end =
		operation->action == NULL ? NULL : strrchr(operation->action, '/');
	return wanted == NULL || strcmp(operation->name, wanted) == 0 ||
		(operation->action != NULL && strcmp(operation->action, wanted) == 0) ||
		(end != NULL && strcmp(end + 1, wanted) == 0);
}

static bool
choose_in(struct kp_new_xsd *xsd, xmlNode *port, const char *wanted,
	struct operation *ret_operation, size_t *best)
{
	bool found = false;
	unsigned looked_at = 0;
	for (xmlNode *one = kp_new_xml_next(port->children, "operation"); one != NULL;
		one = kp_new_xml_next(one->next, "operation")) {
		struct operation own = {.name = kp_new_xml_attribute(one, "name"),
			.action = addressing_action(one)};
		if (own.name == NULL || !is_called(&own, wanted)) {
			continue;
		}
		if (looked_at++ >= KP_NEW_OPERATIONS_MAX) {
			xsd->new->operations_dropped = true;
			break;
		}
		own.question = element_of(xsd, one, "input");
		own.answer = element_of(xsd, one, "output");
		if (own.answer == NULL || own.question == NULL) {
			continue;
		}
		size_t proposed = try_operation(xsd, &own);
		if (ret_operation->name == NULL || proposed > *best) {
			*best = proposed;
			*ret_operation = own;
		}
		found = true;
	}
	return found;
}

static bool
choose(struct kp_new_xsd *xsd, const char *wanted, struct operation *ret_operation)
{
	size_t best = 0;
	bool found = false;
	for (size_t i = 0; i < xsd->file_count; i++) {
		xmlNode *root = xmlDocGetRootElement(xsd->files[i].document);
		for (xmlNode *port = kp_new_xml_next(root->children, "portType");
			port != NULL; port = kp_new_xml_next(port->next, "portType")) {
			found = choose_in(xsd, port, wanted, ret_operation, &best) ||
				found;
		}
	}
	return found;
}

/* The first descendant with a name and an attribute; its value. */
static const char *
attribute_below(xmlNode *node, const char *name, const char *attribute, unsigned depth)
{
	const char *value = NULL;
	for (; node != NULL && value == NULL && depth < 6; node = node->next) {
		if (node->type != XML_ELEMENT_NODE) {
			continue;
		}
		value = kp_new_xml_is(node, name) ? kp_new_xml_attribute(node, attribute)
						  : NULL;
		value = value != NULL
			? value
			: attribute_below(node->children, name, attribute, depth + 1);
	}
	return value;
}

static const char *
soap_action(struct kp_new_xsd *xsd, const char *operation)
{
	for (size_t i = 0; i < xsd->file_count; i++) {
		xmlNode *root = xmlDocGetRootElement(xsd->files[i].document);
		for (xmlNode *binding = kp_new_xml_next(root->children, "binding");
			binding != NULL;
			binding = kp_new_xml_next(binding->next, "binding")) {
			xmlNode *one = named(binding->children, "operation", operation);
			const char *action = one == NULL
				? NULL
				: attribute_below(
					  one->children, "operation", "soapAction", 0);
			if (action != NULL) {
				return action;
			}
		}
	}
	return "";
}

static void
write_endpoint(struct kp_new_xsd *xsd)
{
	const char *location = NULL;
	for (size_t i = 0; i < xsd->file_count && location == NULL; i++) {
		xmlNode *root = xmlDocGetRootElement(xsd->files[i].document);
		xmlNode *service = kp_new_xml_next(root->children, "service");
		location = service == NULL
			? NULL
			: attribute_below(service->children, "address", "location", 0);
	}
	kp_new_set(xsd->new, xsd->new->manifest, "endpoint", kp_new_here(location));
	kp_new_todo(xsd->new,
		"endpoint: the partner's own address, https with 'access.anchor_file'; "
		"the description says %s",
		location == NULL ? "nothing of it" : location);
}

static void
write_action(struct kp_new_xsd *xsd, const struct operation *operation, json_t *soap)
{
	const char *action = soap_action(xsd, operation->name);
	if (action[0] == '\0' && operation->action != NULL) {
		action = operation->action;
		kp_new_set(xsd->new, soap, "action_header", json_string("empty"));
		kp_new_todo(xsd->new,
			"soap.addressing: the operation has an action of WS-Addressing; "
			"say to whom messages go (to) and from whom");
	} else if (action[0] == '\0') {
		action = "TO"
			 "DO";
		kp_new_todo(xsd->new,
			"soap.action: the URI of the operation; the "
			"description has none");
	}
	kp_new_set(xsd->new, soap, "action", json_string(action));
}

static void
write_question(struct kp_new_xsd *xsd, const struct operation *operation)
{
	struct kp_new *new = xsd->new;
	struct kp_buffer body;
	json_t *soap = json_object();
	json_t *request = json_object();
	const char *space = kp_new_xsd_namespace(operation->answer);
	kp_buffer_init(&body, new->arena, EXAMPLE_BYTES);
	kp_new_set(new, new->manifest, "connector", json_string("soap"));
	write_endpoint(xsd);
	kp_new_set(new, new->manifest, "idempotent", json_true());
	write_action(xsd, operation, soap);
	if (space[0] != '\0') {
		kp_new_set(new, soap, "namespaces", json_pack("[s]", space));
	}
	kp_new_set(new, new->manifest, "soap", soap);
	kp_new_xsd_example(xsd, operation->question, &body);
	kp_new_set(new, request, "//", json_sprintf("operation %s", operation->name));
	if (body.failed) {
		kp_new_todo(new, "request.body: an example would be too large; write it");
	}
	kp_new_set(new, request, "body",
		body.failed ? json_string("") : kp_new_text(kp_buffer_slice(&body)));
	kp_new_set(new, new->manifest, "request", request);
	kp_new_todo(new,
		"response.present: which element says that nobody was found? "
		"'nietsGevonden' is only what the manifest says it is");
}

enum kp_status
kp_new_read_wsdl(struct kp_new *new, const char *path, struct kp_slice text, bool beside,
	const char *wanted, struct kp_error *err)
{
	struct kp_new_xsd *xsd = KP_ARENA_NEW(new->arena, struct kp_new_xsd);
	struct operation operation = {0};
	if (xsd == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	xsd->new = new;
	xsd->alone = !beside;
	new->separator = '/';
	new->arrays_known = true;
	enum kp_status status = kp_new_xsd_read(xsd, path, text, err);
	if (status == KP_OK && !choose(xsd, wanted, &operation)) {
		status = kp_error_set(err, KP_E_NOT_FOUND,
			"has no operation%s%s with a question and an answer that are "
			"elements of its schemas",
			wanted == NULL ? "" : " ", wanted == NULL ? "" : wanted);
	}
	if (status == KP_OK) {
		(void)try_operation(xsd, &operation);
		write_question(xsd, &operation);
	}
	kp_new_xsd_deinit(xsd);
	return status;
}
