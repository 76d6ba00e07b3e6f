/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * connector_new_xsd: XML schemas (XML Schema 1.0) that lie beside each other, and what
 * elements hold by them. Nothing is fetched; a document type definition is refused.
 */
#ifndef KP_COMMANDS_CONNECTOR_NEW_XSD_H
#define KP_COMMANDS_CONNECTOR_NEW_XSD_H

#include <libxml/tree.h>

#include "commands/connector_new.h"
#include "core/buffer.h"

#define KP_NEW_XSD_FILES_MAX 256

struct kp_new_xsd_file {
	char *path; /* in the arena; of a schema inside a WSDL the WSDL's */
	xmlDoc *document;
};

/* Lifetime: one run; deinit frees the documents. */
struct kp_new_xsd {
	struct kp_new *new;
	struct kp_new_xsd_file files[KP_NEW_XSD_FILES_MAX];
	size_t file_count;
	bool alone; /* what a file imports is not read */
	unsigned steps;
};

/* Reads the text of an XML file and the schemas it imports and includes, as far as they
 * lie beside it; the others become things to do. KP_E_INVALID, KP_E_NOT_FOUND,
 * KP_E_LIMIT. */
enum kp_status kp_new_xsd_read(struct kp_new_xsd *xsd, const char *path,
	struct kp_slice text, struct kp_error *err) KP_MUST_USE;
void kp_new_xsd_deinit(struct kp_new_xsd *xsd);

/* Is it an element of that local name? */
bool kp_new_xml_is(const xmlNode *node, const char *name);
/* The next element with that local name from `node` on among its siblings. */
xmlNode *kp_new_xml_next(xmlNode *node, const char *name);
/* The value of an attribute without namespace, or of any; of an element. NULL when it is
 * not there. Borrowed from the document. */
const char *kp_new_xml_attribute(const xmlNode *node, const char *name);
const char *kp_new_xml_attribute_of_any(const xmlNode *node, const char *name);

/* A global component ("element", "complexType" …) by the QName `name` as `node` means it;
 * NULL when it is not there. */
xmlNode *kp_new_xsd_find(
	struct kp_new_xsd *xsd, xmlNode *node, const char *kind, const char *name);
/* The target namespace of what `component` stands in; empty: none. */
const char *kp_new_xsd_namespace(const xmlNode *component);
bool kp_new_xsd_qualified(const xmlNode *component);

/* Adds the leaves of an element, its own name first. */
void kp_new_xsd_leaves(struct kp_new_xsd *xsd, xmlNode *element);
/* Writes one example of an element: with what must be there, {bsn} where a client number
 * belongs and a mark where something is to be filled in. */
void kp_new_xsd_example(struct kp_new_xsd *xsd, xmlNode *element, struct kp_buffer *out);

#endif
