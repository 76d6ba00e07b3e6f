/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* canonical: see canonical.h. */
#include "connectors/soap/canonical.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>

#include "connectors/soap/guard.h"
#include "connectors/soap/names.h"

static void
ignore_error(void *context, xmlErrorPtr error)
{
	(void)context;
	(void)error;
}

static xmlDocPtr
parse(xmlParserCtxtPtr parser, struct kp_slice xml)
{
	if (parser == NULL) {
		return NULL;
	}
	parser->sax->serror = (xmlStructuredErrorFunc)ignore_error;
	return xmlCtxtReadMemory(parser, xml.data, (int)xml.len, NULL, "UTF-8",
		XML_PARSE_NONET | XML_PARSE_NOCDATA);
}

static bool
set_id(xmlDocPtr document, const char *id)
{
	xmlNodePtr root = xmlDocGetRootElement(document);
	xmlNsPtr space =
		xmlNewNs(root, (const xmlChar *)KP_NAMES_WSU, (const xmlChar *)"wsu");
	return space != NULL &&
		xmlNewNsProp(root, space, (const xmlChar *)"Id", (const xmlChar *)id) !=
		NULL;
}

enum kp_status
kp_canonical_element(struct kp_arena *arena, struct kp_slice xml, const char *id,
	struct kp_slice *ret_text, const char **ret_fault)
{
	struct kp_guard guard = {0};
	*ret_fault = kp_guard_push(&guard, xml);
	if (*ret_fault != NULL || xml.len > INT32_MAX) {
		return KP_E_CONFIG;
	}
	enum kp_status status = KP_E_CONFIG;
	xmlChar *text = NULL;
	xmlParserCtxtPtr parser = xmlNewParserCtxt();
	xmlDocPtr document = parse(parser, xml);
	if (document == NULL) {
		*ret_fault = "is not one well-formed XML element";
	} else if (parser->nsWellFormed == 0) {
		*ret_fault = "uses a prefix that is not declared: it needs xmlns:prefix";
	} else if (id != NULL && !set_id(document, id)) {
		*ret_fault = "already uses the prefix 'wsu' for something else";
	} else {
		int len = xmlC14NDocDumpMemory(
			document, NULL, XML_C14N_EXCLUSIVE_1_0, NULL, 0, &text);
		*ret_fault = len < 0 ? "cannot be made canonical" : NULL;
		*ret_text = kp_arena_copy(arena,
			(struct kp_slice){(const char *)text, len < 0 ? 0 : (size_t)len});
		status = len < 0                 ? KP_E_CONFIG
			: ret_text->data == NULL ? KP_E_MEMORY
						 : KP_OK;
	}
	xmlFree(text);
	xmlFreeDoc(document);
	xmlFreeParserCtxt(parser);
	return status;
}
