/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * canonical: XML in its one canonical form (Exclusive XML Canonicalization 1.0, without
 * comments), by libxml2. Templates are made canonical when a source is opened; what is
 * filled into them later keeps them so (../template.h), so that a signed message is
 * written, not canonicalised.
 */
#ifndef KP_SOAP_CANONICAL_H
#define KP_SOAP_CANONICAL_H

#include "connectors/manifest.h"

/*
 * One element, canonical as the top of what is signed. With `id`, the element gets it as
 * wsu:Id (WS-Security: SOAP Message Security 1.1, section 4). *ret_fault says what is
 * wrong with the XML (KP_E_CONFIG). KP_E_MEMORY.
 */
enum kp_status kp_canonical_element(struct kp_arena *arena, struct kp_slice xml,
	const char *id, struct kp_slice *ret_text, const char **ret_fault) KP_MUST_USE;

#endif
