/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * answer: reads one SOAP answer along the mapping, as it streams in: the walk beside the
 * events of the XML parser. Elements are known by local name, never by position or
 * prefix: live systems send other orders and other versions of a namespace than their
 * schema says. What becomes of the values is in ../reading.h.
 *
 * SOAP 1.1 (sections 4 and 4.4), SOAP 1.2 part 1 (sections 5 and 5.4).
 */
#ifndef KP_SOAP_ANSWER_H
#define KP_SOAP_ANSWER_H

#include "connectors/reading.h"
#include "connectors/soap/xml.h"

#define KP_SOAP_TEXT_BYTES_MAX ((size_t)1 << 20)

enum kp_soap_place {
	KP_SOAP_TOP,
	KP_SOAP_ENVELOPE,
	KP_SOAP_BODY,
	KP_SOAP_PAYLOAD, /* in an element the mapping knows */
	KP_SOAP_FAULT,
	KP_SOAP_SKIPPED,
};

struct kp_soap_frame {
	enum kp_soap_place place;
	const struct kp_node *node;
	uint32_t instance; /* tells the elements of one node apart */
	bool begun;        /* the person, items */
	bool nil;          /* xsi:nil or a StUF noValue */
};

/* One answer. In the memory of the call; `arena` is the call's. */
struct kp_soap_answer {
	struct kp_reading reading;
	struct kp_xml xml;
	struct kp_soap_frame frames[KP_XML_DEPTH_MAX + 1];
	unsigned depth;
	unsigned begun;     /* frames up to here have begun */
	uint32_t *repeated; /* by node id: instance of the parent it was last seen in */
	uint32_t instances;
	struct kp_buffer text; /* of the innermost element */
	bool takes_text;
	bool version_1_2; /* of the envelope, and so of its body */
	bool body_seen;
	bool payload_seen;
	bool fault_seen;
	bool fault_known; /* the manifest says what it means */
	enum kp_outcome fault_outcome;
};

/* Gets an answer ready; with `fault_only` nothing but a Fault is looked at. Errors:
 * KP_E_MEMORY. After init, deinit; also after failure. */
enum kp_status kp_soap_answer_init(struct kp_soap_answer *answer,
	const struct kp_mapping *mapping, const struct kp_need *need,
	struct kp_arena *arena, bool fault_only) KP_MUST_USE;
void kp_soap_answer_deinit(struct kp_soap_answer *answer);

/* KP_DONE, or KP_FAIL with `fault`. */
int kp_soap_answer_push(struct kp_soap_answer *answer, struct kp_slice bytes,
	const struct kp_sink *sink, struct kp_fault *fault);
int kp_soap_answer_finish(struct kp_soap_answer *answer, const struct kp_sink *sink,
	struct kp_fault *fault);

#endif
