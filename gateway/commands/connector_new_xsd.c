/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* connector_new_xsd: reading, and finding by name; see connector_new_xsd.h. */
#include "commands/connector_new_xsd.h"

#include <errno.h>
#include <libxml/parser.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/file.h"

bool
kp_new_xml_is(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE &&
		strcmp((const char *)node->name, name) == 0;
}

xmlNode *
kp_new_xml_next(xmlNode *node, const char *name)
{
	while (node != NULL && !kp_new_xml_is(node, name)) {
		node = node->next;
	}
	return node;
}

/* Without a document type definition a value is one text. */
static const char *
value_of(const xmlAttr *attribute)
{
	const xmlNode *text = attribute->children;
	return text == NULL || text->content == NULL ? "" : (const char *)text->content;
}

const char *
kp_new_xml_attribute(const xmlNode *node, const char *name)
{
	const xmlAttr *one = node->properties;
	while (one != NULL &&
		(one->ns != NULL || strcmp((const char *)one->name, name) != 0)) {
		one = one->next;
	}
	return one == NULL ? NULL : value_of(one);
}

const char *
kp_new_xml_attribute_of_any(const xmlNode *node, const char *name)
{
	const xmlAttr *one = node->properties;
	while (one != NULL && strcmp((const char *)one->name, name) != 0) {
		one = one->next;
	}
	return one == NULL ? NULL : value_of(one);
}

/* Reading. */

static enum kp_status read_file(
	struct kp_new_xsd *xsd, const char *path, struct kp_error *err);

/* A schema in the same tree of files; nothing is fetched. */
static void
read_beside(struct kp_new_xsd *xsd, const char *from, const char *location)
{
	struct kp_error err = {0};
	char text[700];
	const char *slash = strrchr(from, '/');
	size_t folder = slash == NULL ? 0 : (size_t)(slash + 1 - from);
	const char *path =
		kp_arena_printf(xsd->new->arena, "%.*s%s", (int)folder, from, location);
	if (strstr(location, "://") != NULL || location[0] == '/') {
		(void)kp_error_set(&err, KP_E_NOT_FOUND, "nothing is fetched");
	} else if (path == NULL || read_file(xsd, path, &err) == KP_OK) {
		return;
	}
	kp_new_todo(xsd->new,
		"the schema '%s' is not beside the file or does not read (%s); what it "
		"describes is missing here",
		location, kp_error_text(&err, text, sizeof(text)));
}

static void
read_references(struct kp_new_xsd *xsd, const char *path, xmlNode *node, unsigned depth)
{
	for (; node != NULL && depth < KP_NEW_DEPTH_MAX; node = node->next) {
		if (node->type != XML_ELEMENT_NODE) {
			continue;
		}
		if (kp_new_xml_is(node, "import") || kp_new_xml_is(node, "include") ||
			kp_new_xml_is(node, "redefine")) {
			const char *location =
				kp_new_xml_attribute(node, "schemaLocation");
			location = location != NULL
				? location
				: kp_new_xml_attribute(node, "location");
			if (location != NULL) {
				read_beside(xsd, path, location);
			}
		} else if (depth < 4) {
			/* Schemas are at most types/schema deep. */
			read_references(xsd, path, node->children, depth + 1);
		}
	}
}

static void
ignore_error(void *context, const char *format, ...)
{
	(void)context;
	(void)format;
}

/* Each file once, whatever ways there are to write its name. */
static enum kp_status
read_file(struct kp_new_xsd *xsd, const char *path, struct kp_error *err)
{
	struct kp_slice text = {0};
	char name[PATH_MAX];
	if (realpath(path, name) == NULL) {
		xsd->new->failed = xsd->new->failed || errno == ENOMEM;
		return kp_error_set(err, KP_E_NOT_FOUND, "it is not there");
	}
	for (size_t i = 0; i < xsd->file_count; i++) {
		if (strcmp(xsd->files[i].path, name) == 0) {
			return KP_OK;
		}
	}
	enum kp_status status = kp_file_read_all(
		name, xsd->new->arena, KP_NEW_DOCUMENT_BYTES_MAX, &text, err);
	return status == KP_OK ? kp_new_xsd_read(xsd, name, text, err) : status;
}

/* Before any entity is declared. */
static void
on_type_definition(void *context, const xmlChar *name, const xmlChar *public_id,
	const xmlChar *system_id)
{
	xmlParserCtxt *parser = context;
	bool *refused = parser->_private;
	(void)name;
	(void)public_id;
	(void)system_id;
	*refused = true;
	xmlStopParser(parser);
}

/* &amp; and the like are resolved; without a type definition there are no others. */
static enum kp_status
parse(const char *path, struct kp_slice text, xmlDoc **ret_document, struct kp_error *err)
{
	bool refused = false;
	xmlParserCtxt *parser = xmlNewParserCtxt();
	if (parser == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	parser->_private = &refused;
	parser->sax->internalSubset = on_type_definition;
	xmlDoc *document = xmlCtxtReadMemory(parser, text.data, (int)text.len, path, NULL,
		XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_NOERROR |
			XML_PARSE_NOWARNING);
	enum kp_status status = KP_OK;
	if (parser->errNo == XML_ERR_NO_MEMORY) {
		status = kp_error_set(err, KP_E_MEMORY, "no memory is left");
	} else if (document == NULL || refused) {
		const char *fault = parser->lastError.message;
		status = kp_error_set(err, KP_E_INVALID, "%s",
			refused                 ? "has a document type definition"
				: fault == NULL ? "is no XML"
						: fault);
		kp_error_at(err, path, (unsigned)parser->lastError.line, 0, NULL);
	}
	if (status != KP_OK) {
		xmlFreeDoc(document);
		document = NULL;
	}
	xmlFreeParserCtxt(parser);
	*ret_document = document;
	return status;
}

enum kp_status
kp_new_xsd_read(struct kp_new_xsd *xsd, const char *path, struct kp_slice text,
	struct kp_error *err)
{
	xmlDoc *document = NULL;
	if (xsd->file_count == KP_NEW_XSD_FILES_MAX) {
		return kp_error_set(err, KP_E_LIMIT, "there are more than %d schemas",
			KP_NEW_XSD_FILES_MAX);
	}
	xmlSetGenericErrorFunc(NULL, ignore_error);
	enum kp_status status = parse(path, text, &document, err);
	if (status != KP_OK) {
		xsd->new->failed = xsd->new->failed || status == KP_E_MEMORY;
		return status;
	}
	char *copy = kp_arena_strdup(xsd->new->arena, path);
	if (copy == NULL) {
		xmlFreeDoc(document);
		return kp_error_set(err, KP_E_MEMORY, "no memory is left");
	}
	xsd->files[xsd->file_count++] =
		(struct kp_new_xsd_file){.path = copy, .document = document};
	if (!xsd->alone) {
		read_references(xsd, path, xmlDocGetRootElement(document), 0);
	}
	return KP_OK;
}

void
kp_new_xsd_deinit(struct kp_new_xsd *xsd)
{
	for (size_t i = 0; i < xsd->file_count; i++) {
		xmlFreeDoc(xsd->files[i].document);
	}
	xsd->file_count = 0;
}

/* Finding. */

static xmlNode *
schema_of(const xmlNode *component)
{
	xmlNode *at = component->parent;
	while (at != NULL && !kp_new_xml_is(at, "schema")) {
		at = at->parent;
	}
	return at;
}

const char *
kp_new_xsd_namespace(const xmlNode *component)
{
	const xmlNode *schema = schema_of(component);
	const char *own =
		schema == NULL ? NULL : kp_new_xml_attribute(schema, "targetNamespace");
	return own == NULL ? "" : own;
}

bool
kp_new_xsd_qualified(const xmlNode *component)
{
	const xmlNode *schema = schema_of(component);
	const char *own = schema == NULL
		? NULL
		: kp_new_xml_attribute(schema, "elementFormDefault");
	return own != NULL && strcmp(own, "qualified") == 0;
}

/* In one schema element. */
static xmlNode *
find_in(xmlNode *schema, const char *kind, const char *name)
{
	for (xmlNode *one = kp_new_xml_next(schema->children, kind); one != NULL;
		one = kp_new_xml_next(one->next, kind)) {
		const char *own = kp_new_xml_attribute(one, "name");
		if (own != NULL && strcmp(own, name) == 0) {
			return one;
		}
	}
	return NULL;
}

/* In all schemas below a node, of a namespace; NULL: of any. */
static xmlNode *
find_below(xmlNode *node, const char *space, const char *kind, const char *name,
	unsigned depth)
{
	xmlNode *found = NULL;
	for (; node != NULL && found == NULL && depth < 4; node = node->next) {
		if (node->type != XML_ELEMENT_NODE) {
			continue;
		}
		if (!kp_new_xml_is(node, "schema")) {
			found = find_below(node->children, space, kind, name, depth + 1);
			continue;
		}
		const char *own = kp_new_xml_attribute(node, "targetNamespace");
		if (space == NULL || own == NULL || strcmp(own, space) == 0) {
			found = find_in(node, kind, name);
		}
	}
	return found;
}

xmlNode *
kp_new_xsd_find(struct kp_new_xsd *xsd, xmlNode *node, const char *kind, const char *name)
{
	const char *colon = strchr(name, ':');
	char prefix[128] = "";
	if (colon != NULL) {
		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)(colon - name), name);
		name = colon + 1;
	}
	const xmlNs *space = xmlSearchNs(
		node->doc, node, colon == NULL ? NULL : (const xmlChar *)prefix);
	xmlNode *found = NULL;
	for (size_t i = 0; i < xsd->file_count && found == NULL; i++) {
		found = find_below(xmlDocGetRootElement(xsd->files[i].document),
			space == NULL ? NULL : (const char *)space->href, kind, name, 0);
	}
	return found;
}
