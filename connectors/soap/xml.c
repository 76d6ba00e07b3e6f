/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* xml: see xml.h. */
#include "connectors/soap/xml.h"

#include <libxml/parser.h>
#include <libxml/SAX2.h>
#include <limits.h>
#include <string.h>

/* Ends the parsing from inside an event. */
static void
halt(struct kp_xml *xml, const char *fault)
{
	if (xml->fault == NULL && !xml->stopped) {
		xml->fault = fault;
		xml->stopped = fault == NULL;
		xml->line = (uint32_t)xmlSAX2GetLineNumber(xml->parser);
	}
	xmlStopParser(xml->parser);
}

static struct kp_slice
slice_of(const xmlChar *text)
{
	return kp_slice_from((const char *)text);
}

static void
on_open(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
	int space_count, const xmlChar **spaces, int attribute_count, int defaulted,
	const xmlChar **raw)
{
	struct kp_xml *xml = context;
	(void)prefix;
	(void)space_count;
	(void)spaces;
	(void)defaulted;
	if (xml->fault != NULL || xml->stopped) {
		return;
	}
	struct kp_slice local = slice_of(name);
	if (++xml->depth > KP_XML_DEPTH_MAX) {
		halt(xml, "elements are nested deeper than allowed");
		return;
	}
	if (local.len > KP_XML_NAME_BYTES_MAX ||
		attribute_count > (int)KP_XML_ATTRIBUTES_MAX) {
		halt(xml, "a name or the number of attributes is larger than allowed");
		return;
	}
	for (int i = 0; i < attribute_count; i++) {
		/* Five each: local name, prefix, namespace, begin and end of the value.
		 */
		const xmlChar **at = raw + (size_t)i * 5;
		xml->attributes[i] = (struct kp_xml_attribute){.name = slice_of(at[0]),
			.space = slice_of(at[2]),
			.value = {(const char *)at[3], (size_t)(at[4] - at[3])}};
	}
	if (!xml->events->open(xml->context, local, slice_of(space), xml->attributes,
		    (unsigned)attribute_count)) {
		halt(xml, NULL);
	}
}

static void
on_close(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *space)
{
	struct kp_xml *xml = context;
	(void)name;
	(void)prefix;
	(void)space;
	if (xml->fault != NULL || xml->stopped) {
		return;
	}
	xml->depth--;
	if (!xml->events->close(xml->context)) {
		halt(xml, NULL);
	}
}

static void
on_text(void *context, const xmlChar *text, int len)
{
	struct kp_xml *xml = context;
	if (xml->fault != NULL || xml->stopped) {
		return;
	}
	if (!xml->events->text(
		    xml->context, (struct kp_slice){(const char *)text, (size_t)len})) {
		halt(xml, NULL);
	}
}

/* The guard lets none through; this is the second lock on the same door. */
static void
on_doctype(void *context, const xmlChar *name, const xmlChar *external,
	const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	halt(context, "a document type declaration is not allowed");
}

/* libxml2's own text is left out: it can hold names of the answer. */
static void
on_error(void *context, xmlErrorPtr error)
{
	struct kp_xml *xml = context;
	if (error->level >= XML_ERR_ERROR && xml->fault == NULL && !xml->stopped) {
		xml->fault = error->code == XML_ERR_NO_MEMORY
			? "no memory is left for this answer"
			: "the answer is not well-formed XML";
		xml->line = error->line > 0 ? (uint32_t)error->line : 0;
	}
}

bool
kp_xml_init(struct kp_xml *xml, const struct kp_xml_events *events, void *context)
{
	xmlSAXHandler sax;
	memset(&sax, 0, sizeof(sax));
	sax.initialized = XML_SAX2_MAGIC;
	sax.startElementNs = on_open;
	sax.endElementNs = on_close;
	sax.characters = on_text;
	sax.ignorableWhitespace = on_text;
	sax.cdataBlock = on_text;
	sax.internalSubset = on_doctype;
	sax.serror = (xmlStructuredErrorFunc)on_error;
	memset(xml, 0, sizeof(*xml));
	xml->events = events;
	xml->context = context;
	xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&sax, xml, NULL, 0, NULL);
	xml->parser = parser;
	/* NOENT: without it an ampersand in an attribute arrives as "&#38;". There are no
	 * entities but the five of XML, since no document type is let through. */
	return parser != NULL &&
		xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOENT) == 0;
}

void
kp_xml_deinit(struct kp_xml *xml)
{
	if (xml->parser != NULL) {
		xmlFreeParserCtxt(xml->parser);
		xml->parser = NULL;
	}
}

static const char *
parse(struct kp_xml *xml, const char *data, int len, int last)
{
	int code = xmlParseChunk(xml->parser, data, len, last);
	if (xml->stopped || xml->fault != NULL) {
		return xml->fault;
	}
	return code == 0 ? NULL : "the answer is not well-formed XML";
}

const char *
kp_xml_push(struct kp_xml *xml, struct kp_slice bytes)
{
	const char *fault = kp_guard_push(&xml->guard, bytes);
	if (fault != NULL) {
		return fault;
	}
	while (bytes.len > 0 && fault == NULL && !xml->stopped) {
		size_t len = bytes.len > INT_MAX ? INT_MAX : bytes.len;
		fault = parse(xml, bytes.data, (int)len, 0);
		bytes.data += len;
		bytes.len -= len;
	}
	return fault;
}

const char *
kp_xml_finish(struct kp_xml *xml)
{
	const char *fault = parse(xml, NULL, 0, 1);
	if (fault == NULL && !xml->stopped && xml->depth > 0) {
		return "the answer ends before its last element does";
	}
	return fault;
}
