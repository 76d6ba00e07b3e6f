/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * catalogue: what a dossier can hold. Rubrieken (sections) of velden (fields), each field
 * supplied by one or more bronnen (sources) in order of authority. Read from
 * catalogus.json; immutable after load and shared by all threads; belongs to a policy
 * bundle and lives as long as it.
 *
 * A *cell* is one field from one source. Rules decide on cells, connectors offer cells,
 * values arrive in cells: so a set of cells (core/bits.h, `cell_words` words) is the
 * common currency of the path. Cells of a field are neighbours, most authoritative source
 * first.
 */
#ifndef KP_POLICIES_CATALOGUE_H
#define KP_POLICIES_CATALOGUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_NO_ID UINT32_MAX

enum kp_field_type {
	KP_FIELD_TEXT,    /* tekst */
	KP_FIELD_NUMBER,  /* getal: any JSON number, kept as written */
	KP_FIELD_AMOUNT,  /* bedrag: euros, a JSON number or text, kept as written */
	KP_FIELD_BOOLEAN, /* janee */
	KP_FIELD_DATE,    /* datum: ISO 8601, may be partly unknown ("1970", "1970-05") */
	KP_FIELD_CODE,    /* code: text from a code table */
};

struct kp_catalogue_source {   /* bron */
	uint32_t id;           /* index in catalogue->sources */
	struct kp_slice name;  /* "brp"; manifests refer to it */
	struct kp_slice title; /* "Basisregistratie Personen" */
	struct kp_slice title_en;
	struct kp_slice oin; /* organisation that holds the data; may be empty */
};

struct kp_field {         /* veld */
	uint32_t id;      /* index in catalogue->fields; catalogue order */
	uint32_t section; /* index in catalogue->sections */
	struct kp_slice
		path; /* "persoon.naam.voornamen": starts with the section's name */
	struct kp_slice pointer; /* "/persoon/naam/voornamen"; in a list section relative
				    to the item */
	struct kp_slice label;   /* Dutch */
	struct kp_slice label_en;
	enum kp_field_type type;
	uint8_t sensitivity; /* 0 public … 4 special category */
	bool third_person;   /* about somebody else than the client (partner, child) */
	uint32_t first_cell; /* its cells, in order of authority */
	uint32_t cell_count;
};

struct kp_section { /* rubriek */
	uint32_t id;
	struct kp_slice name; /* "persoon", "uitkeringen" */
	struct kp_slice label;
	struct kp_slice label_en;
	bool list;          /* many items ("meervoudig") or one ("enkelvoudig") */
	uint32_t key_field; /* in a list: items with equal value are one item; KP_NO_ID:
			       never merged */
	uint32_t first_field;
	uint32_t field_count;
};

struct kp_cell {
	uint32_t field;
	uint32_t source;
};

struct kp_catalogue {
	struct kp_slice version;
	struct kp_catalogue_source *sources;
	uint32_t source_count;
	struct kp_section *sections;
	uint32_t section_count;
	struct kp_field *fields;
	uint32_t field_count;
	struct kp_cell *cells;
	uint32_t cell_count;
	uint32_t cell_words;              /* 64-bit words in a set of cells */
	uint32_t field_words;             /* 64-bit words in a set of fields */
	struct kp_catalogue_index *index; /* private: names to ids */
};

/*
 * Reads catalogus.json. Everything wrong is added to `findings` with file, line and JSON
 * pointer; KP_E_CONFIG when there was anything. All memory is from `arena`, which must
 * outlive the catalogue.
 */
enum kp_status kp_catalogue_load(struct kp_arena *arena, const char *file,
	struct kp_slice text, struct kp_findings *findings,
	struct kp_catalogue **ret_catalogue) KP_MUST_USE;

/* Find by name; KP_NO_ID when there is none. */
uint32_t kp_catalogue_find_source(
	const struct kp_catalogue *catalogue, struct kp_slice name);
uint32_t kp_catalogue_find_section(
	const struct kp_catalogue *catalogue, struct kp_slice name);
uint32_t kp_catalogue_find_field(
	const struct kp_catalogue *catalogue, struct kp_slice path);
/* The cell of a field in a source; KP_NO_ID when the catalogue does not let this source
 * supply it. */
uint32_t kp_catalogue_find_cell(
	const struct kp_catalogue *catalogue, uint32_t field, uint32_t source);
/*
 * Adds to `fields` (field_words words) every field at or below a path: a section, a group
 * inside it
 * ("persoon.naam") or a field. False when nothing is there. The nearest known path, for
 * an error text, is kp_catalogue_nearest.
 */
bool kp_catalogue_select(
	const struct kp_catalogue *catalogue, struct kp_slice path, uint64_t *fields);
struct kp_slice kp_catalogue_nearest(
	const struct kp_catalogue *catalogue, struct kp_slice path);

#endif
