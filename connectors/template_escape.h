/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * template_escape: what is filled into a template, as it must be written where it goes.
 */
#ifndef KP_CONNECTORS_TEMPLATE_ESCAPE_H
#define KP_CONNECTORS_TEMPLATE_ESCAPE_H

#include "connectors/template.h"

/* Adds a value for that place; `attribute`: XML, in the value of one. False when it
 * cannot stand there; a part of it may have been written then. */
bool kp_template_escape(enum kp_template_place place, bool attribute,
	struct kp_buffer *buffer, struct kp_slice text) KP_MUST_USE;

/* Text as it stands in an element or in an attribute's value of canonical XML (Canonical
 * XML 1.0, section 2.3). False when it holds a character that XML cannot. */
bool kp_template_escape_xml(
	struct kp_buffer *buffer, struct kp_slice text, bool attribute) KP_MUST_USE;

#endif
