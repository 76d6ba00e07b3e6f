/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * shape: the catalogue prepared for writing answers. The fields of each section in the
 * order of the JSON tree they form (a group's fields are neighbours), and the fixed parts
 * of every member, provenance entry and source entry as ready text, so that writing an
 * answer is copying bytes. Made once per snapshot, read-only afterwards.
 */
#ifndef KP_QUERY_SHAPE_H
#define KP_QUERY_SHAPE_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"
#include "policies/catalogue.h"

/* Groups inside each other in one section. */
#define KP_SHAPE_DEPTH_MAX 8u

/* An object of the answer: a section's root, or a group such as persoon.naam. */
struct kp_shape_group {
	uint32_t parent; /* index in groups; KP_NO_ID for a section's root */
	uint32_t depth;  /* 0 for a section's root */
	struct kp_slice name;
	struct kp_slice path;    /* "persoon.naam" */
	struct kp_slice quoted;  /* the path as a JSON string */
	struct kp_slice opening; /* "naam":{ */
	uint32_t begin;          /* its fields are order[begin] … order[end - 1] */
	uint32_t end;
};

struct kp_shape_field {
	uint32_t group;
	struct kp_slice member; /* "voornamen": */
	struct kp_slice quoted; /* "persoon.naam.voornamen" with its quotes */
};

/*
 * The start of a herkomst entry, up to the time of retrieval. For a list section `head`
 * ends where the item's number comes and `tail` goes on after it; else `tail` is empty.
 */
struct kp_shape_cell {
	struct kp_slice head;
	struct kp_slice tail;
	struct kp_slice pointer; /* the field's JSON pointer or, in a list, the part after
				    the item's number; JSON-escaped, shared by its cells
				  */
};

struct kp_shape_source {
	struct kp_slice entry;  /* {"bron":"brp","organisatie":{…},"status":" */
	struct kp_slice quoted; /* "brp" with its quotes */
	struct kp_slice value;  /* {"bron":"brp","waarde": */
};

struct kp_shape_section {
	uint32_t root;             /* group */
	struct kp_slice member;    /* "persoon": */
	struct kp_slice list_head; /* /uitkeringen/ as it starts a pointer */
};

struct kp_shape {
	const struct kp_catalogue *catalogue;
	struct kp_shape_group *groups;
	uint32_t group_count;
	uint32_t *order;               /* field ids; section after section */
	struct kp_shape_field *fields; /* by field id */
	struct kp_shape_cell *cells;   /* by cell id */
	struct kp_shape_source *sources;
	struct kp_shape_section *sections;
};

/* What to call the organisation behind a source. */
struct kp_shape_organisation {
	struct kp_slice oin;
	struct kp_slice name;
};

/*
 * `organisations` is by source id of the catalogue. Everything is from `arena`; the
 * catalogue must outlive the shape. Errors: KP_E_MEMORY; KP_E_CONFIG when two fields
 * cannot live in one tree (a field that is also a group).
 */
enum kp_status kp_shape_create(const struct kp_catalogue *catalogue,
	const struct kp_shape_organisation *organisations, struct kp_arena *arena,
	struct kp_shape **ret_shape, struct kp_error *err) KP_MUST_USE;

#endif
