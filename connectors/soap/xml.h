/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * xml: libxml2's push parser as events, with everything off that an answer does not need:
 * no document type, no entities but the five of XML, no network, no XInclude, no tree.
 * guard.h looks at the bytes first. Names are local names; a prefix is never looked at.
 *
 * Extensible Markup Language 1.0 (fifth edition); Namespaces in XML 1.0.
 */
#ifndef KP_SOAP_XML_H
#define KP_SOAP_XML_H

#include "connectors/connector.h"
#include "connectors/soap/guard.h"

#define KP_XML_DEPTH_MAX 64u
#define KP_XML_NAME_BYTES_MAX ((size_t)256)
#define KP_XML_ATTRIBUTES_MAX 64u

struct kp_xml_attribute {
	struct kp_slice name;  /* local */
	struct kp_slice space; /* namespace; empty when there is none */
	struct kp_slice value;
};

/* Each gives false when reading must end. What is handed over lives until it returns. */
struct kp_xml_events {
	bool (*open)(void *context, struct kp_slice name, struct kp_slice space,
		const struct kp_xml_attribute *attributes, unsigned attribute_count);
	bool (*text)(void *context, struct kp_slice text);
	bool (*close)(void *context);
};

struct kp_xml {
	void *parser; /* libxml2's */
	const struct kp_xml_events *events;
	void *context;
	struct kp_guard guard;
	unsigned depth;
	struct kp_xml_attribute attributes[KP_XML_ATTRIBUTES_MAX]; /* of one element */
	bool stopped;                                              /* by an event */
	const char *fault;
	uint32_t line;
};

/* False when no memory is left. After init, deinit; also after failure. */
bool kp_xml_init(struct kp_xml *xml, const struct kp_xml_events *events, void *context);
void kp_xml_deinit(struct kp_xml *xml);

/* NULL when all is well or an event ended the reading (`stopped`); else what is wrong,
 * with `line`. Never holds bytes of the answer. */
const char *kp_xml_push(struct kp_xml *xml, struct kp_slice bytes);
/* All bytes were seen. */
const char *kp_xml_finish(struct kp_xml *xml);

#endif
