/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * guard: looks at the bytes of an XML answer before the parser does, and refuses what no
 * answer needs and what costs a parser most: a document type declaration (at its first
 * byte, so that no entity is ever declared), processing instructions other than the XML
 * declaration (SOAP 1.1, section 3: neither may be there), encodings in which a '<' need
 * not be the byte it is here (UTF-7, UTF-16; what is declared is UTF-8, US-ASCII,
 * ISO-8859-1, ISO-8859-15 or Windows-1252), and tags or comments without end.
 *
 * Extensible Markup Language 1.0, sections 2.8 and 4.3.3. Pure; no allocation.
 */
#ifndef KP_SOAP_GUARD_H
#define KP_SOAP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

#define KP_GUARD_TAG_BYTES_MAX ((size_t)16384)
#define KP_GUARD_COMMENT_BYTES_MAX ((size_t)65536)
#define KP_GUARD_DECLARATION_BYTES_MAX ((size_t)256)

enum kp_guard_state {
	KP_GUARD_START,
	KP_GUARD_TEXT,
	KP_GUARD_OPEN, /* after '<' */
	KP_GUARD_TAG,
	KP_GUARD_QUOTED,
	KP_GUARD_BANG, /* after '<!' */
	KP_GUARD_COMMENT,
	KP_GUARD_CDATA,
	KP_GUARD_DECLARATION, /* inside '<?xml' */
};

/* All zero is a guard at the start of an answer. */
struct kp_guard {
	enum kp_guard_state state;
	char quote;
	char last[3];  /* bytes seen last, of what ends with two or three */
	size_t length; /* of the mark, tag, comment or section under way */
	char declaration[KP_GUARD_DECLARATION_BYTES_MAX]; /* what follows "<?", so far */
};

/* NULL when the bytes may go to the parser; else why not. */
const char *kp_guard_push(struct kp_guard *guard, struct kp_slice bytes);

#endif
