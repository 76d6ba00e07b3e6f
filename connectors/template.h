/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * template: text of the manifest with {names} in it, filled from a question. What is
 * filled in is escaped for where it goes, so that no value can end a string, a header
 * line or a path segment. That none makes a dot segment is for the whole target to see:
 * dots.h.
 *
 * - {bsn} {doel} {activiteit} {zaak} {medewerker} {organisatie} {trace} {nu} {pagina}
 * - {vandaag} {maand} {vorigeMaand} {jaar} {vorigJaar}: 20261123 202611 202610 2026 2025
 * - {tijdstip}: 20261123141500
 * - {vanaf}: rows before this page; {vervolg}: what the partner said to ask it with
 * - {velden}: the partner's names of what is wanted and permitted; {ingesloten}: those of
 *   them that HAL embeds
 * - {velden|tabel}: what the table says for each field of the catalogue that is wanted
 * - {bekend:pad}: a value found in an earlier wave
 * - {doel|tabel}: any of these, translated by a code table of the manifest
 * - {{: a brace
 *
 * In a JSON body names count inside strings only, and a string that is just "{velden}"
 * becomes an array.
 */
#ifndef KP_CONNECTORS_TEMPLATE_H
#define KP_CONNECTORS_TEMPLATE_H

#include "connectors/manifest.h"

enum kp_template_place {
	KP_TEMPLATE_TARGET, /* RFC 3986: everything but unreserved characters is encoded
			     */
	KP_TEMPLATE_QUERY,  /* the same, in the value of a parameter */
	KP_TEMPLATE_HEADER, /* RFC 9110, section 5.5: control characters are refused */
	KP_TEMPLATE_JSON,   /* a whole JSON text, RFC 8259 */
	KP_TEMPLATE_TEXT,   /* as it is */
	KP_TEMPLATE_XML,    /* canonical XML: what is filled in keeps it canonical */
};

enum kp_template_name {
	KP_TEMPLATE_LITERAL,
	KP_TEMPLATE_BSN,
	KP_TEMPLATE_PURPOSE,
	KP_TEMPLATE_ACTIVITY,
	KP_TEMPLATE_CASE,
	KP_TEMPLATE_EMPLOYEE,
	KP_TEMPLATE_ORGANISATION,
	KP_TEMPLATE_TRACE,
	KP_TEMPLATE_NOW,
	KP_TEMPLATE_PAGE,
	KP_TEMPLATE_OFFSET,
	KP_TEMPLATE_CURSOR,
	KP_TEMPLATE_TODAY,
	KP_TEMPLATE_MONTH,
	KP_TEMPLATE_LAST_MONTH,
	KP_TEMPLATE_YEAR,
	KP_TEMPLATE_LAST_YEAR,
	KP_TEMPLATE_MOMENT,
	KP_TEMPLATE_MESSAGE,
	KP_TEMPLATE_FIELDS,
	KP_TEMPLATE_EMBEDDED,
	KP_TEMPLATE_KNOWN,
};

struct kp_template_part {
	enum kp_template_name name;
	struct kp_slice text; /* literal, or the field path of {bekend:…} */
	const struct kp_manifest_table *table;
	bool array;     /* "{velden}" as a JSON array; its quotes are gone */
	bool attribute; /* XML: in the value of an attribute */
	bool path;      /* TARGET: before its query */
};

/* Immutable after compiling; lives in the arena of the instance. */
struct kp_template {
	enum kp_template_place place;
	const struct kp_template_part *parts;
	size_t part_count;
};

/* What compile reports through; fills in the message. */
struct kp_template_faults {
	void (*report)(void *context, const char *message);
	void *context;
};

/*
 * Reads a template. Faults go to `faults`, all of them; the template is then without the
 * wrong parts. Errors: KP_E_MEMORY.
 */
enum kp_status kp_template_compile(struct kp_arena *arena, struct kp_slice text,
	enum kp_template_place place, const struct kp_manifest *manifest,
	const struct kp_template_faults *faults, struct kp_template *ret) KP_MUST_USE;

/* Does it name that anywhere? */
bool kp_template_uses(
	const struct kp_template *compiled, enum kp_template_name name) KP_MUST_USE;

/* What only the connector knows. */
struct kp_template_fields {
	/* Names of a part that is {velden}, {velden|tabel} or {ingesloten}, one by one
	 * until it gives false; NULL for none. */
	bool (*next)(void *context, const struct kp_template_part *part, size_t *position,
		struct kp_slice *ret_name);
	void *context;
	struct kp_slice message; /* {bericht} */
	struct kp_slice cursor;  /* {vervolg} */
	uint32_t page_size;      /* for {vanaf} */
	bool pages_from_zero;    /* {pagina} of the first is 0, not 1 */
};

enum kp_template_result {
	KP_TEMPLATE_MADE,
	/* Nothing to ask: a {bekend:…} is not known, or a {zaak} or {medewerker} in a
	 * path is not said, and without it another resource would be meant. */
	KP_TEMPLATE_NOTHING,
	KP_TEMPLATE_UNMAPPED, /* {doel|tabel}: the table has no row; `fault` says which */
	KP_TEMPLATE_FAILED,
};

/* Fills the template at the end of `buffer`. With _FAILED and _UNMAPPED `fault` says why,
 * without values. */
enum kp_template_result kp_template_write(const struct kp_template *compiled,
	const struct kp_need *need, const struct kp_template_fields *fields,
	struct kp_buffer *buffer, struct kp_fault *fault) KP_MUST_USE;

#endif
