/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * mapping: the paths of a manifest as one tree of names (a trie), so that reading an
 * answer is walking the tree beside the events of a parser. What no path names is skipped
 * without being looked at.
 *
 * Path grammar for JSON: names separated by dots; "[]" behind a name says that an array
 * is there and each element is meant, "name[label=text]" that one whose `label` (names
 * with dots) holds that text. For XML: local names separated by slashes, as the
 * partner's schema has them ("inp.bsn" is one name); "@name" is an attribute, "*" any
 * element that no other path names, "row[label=Text]" the element whose child `label`
 * holds that text, and "../" in front, in a list, goes out of the item. In both, "."
 * alone (or nothing) is the place the path starts from.
 */
#ifndef KP_CONNECTORS_MAPPING_H
#define KP_CONNECTORS_MAPPING_H

#include "connectors/manifest.h"

#define KP_MAPPING_DEPTH_MAX 32u
#define KP_MAPPING_NODES_MAX 8192u

enum kp_mapping_dialect {
	KP_MAPPING_JSON,
	KP_MAPPING_XML,
};

enum kp_leaf_role {
	KP_LEAF_FIELD,
	KP_LEAF_SUBJECT,
	KP_LEAF_VALID_ON,
	KP_LEAF_ITEM_VALID_ON,
	KP_LEAF_OUTCOME,
	KP_LEAF_NOTE,
	KP_LEAF_NEXT,
	KP_LEAF_MORE, /* a link to a next page that the manifest does not ask for */
	KP_LEAF_PAGES,
	KP_LEAF_TOTAL,
	KP_LEAF_PRESENT, /* that the element is there decides the outcome */
};

/* What is done with a value. Several leaves may stand at one place. */
struct kp_leaf {
	struct kp_leaf *next;
	enum kp_leaf_role role;
	uint32_t id;   /* of a field; index in the call's flags */
	uint32_t cell; /* of a field */
	uint32_t list; /* index in mapping->lists, or KP_LEAF_SINGLE */
	const struct kp_manifest_field *field;
	struct kp_slice ask; /* the partner's name in {velden}; empty: never asked */
	struct kp_slice unreadable; /* remark for the reader */
	struct kp_node *node;       /* NULL for a constant */
	enum kp_outcome outcome;    /* of KP_LEAF_PRESENT */

	/* A value that is known only when the element around it ends, since what goes
	 * with it may come before or after. The texts of these nodes are captured. */
	struct kp_node *container; /* NULL: the value stands by itself */
	struct kp_leaf *next_closing;
	struct kp_node *sign;       /* "+" or "-" beside a number */
	struct kp_node *incomplete; /* says which parts of a date are made up */
	struct kp_node *label_node; /* must hold `label` */
	struct kp_slice label;

	/* In a list: the value stands outside the item, below this element, and goes with
	 * every item in it. */
	struct kp_node *inherits_from;
	struct kp_node *item;
	struct kp_leaf *next_inherited;
	const struct kp_leaf *next_outside; /* of the same list */
};

#define KP_LEAF_SINGLE UINT32_MAX

struct kp_node {
	struct kp_slice name; /* empty for the top and for elements */
	struct kp_node *parent;
	struct kp_node *children; /* by name */
	struct kp_node *sibling;
	struct kp_node *element; /* of the array that stands here */
	struct kp_leaf *leaves;
	struct kp_item_of *items;  /* list sections whose item this is */
	struct kp_leaf *closing;   /* whose container this is */
	struct kp_leaf *inherited; /* that go with the items inside */
	uint32_t capture;          /* index + 1 of the text that is captured; 0: none */
	uint32_t id;               /* in depth-first order */
	uint32_t id_end;           /* ids of what is below: id < x < id_end */
	bool root;                 /* the person */
	bool rows;                 /* the rows of a page: counted */
	bool many; /* an element: all of the array count, not just the first */
	bool ignored;
};

struct kp_item_of {
	struct kp_item_of *next;
	uint32_t list;
};

struct kp_mapping_list {
	const struct kp_manifest_list *list;
	uint32_t section;
	struct kp_leaf *constants;
	const struct kp_leaf *outside; /* those that stand outside its items */
};

/* Immutable after compiling; lives in the arena of the instance. */
struct kp_mapping {
	const struct kp_manifest *manifest;
	enum kp_mapping_dialect dialect;
	struct kp_node *top;
	struct kp_node *root;
	struct kp_node *rows; /* of a page; NULL: they need not be counted */
	uint32_t node_count;
	struct kp_leaf **fields; /* by leaf id, constants too */
	uint32_t field_count;
	uint32_t capture_count;
	struct kp_mapping_list *lists;
	uint32_t list_count;
	struct kp_leaf *constants;   /* of single sections */
	struct kp_slice subject_ask; /* asked always; empty when answers name nobody */
	/* By node id: the nodes that every answer is looked at for, and the answer to an
	 * error. */
	const unsigned char *guides;
	const unsigned char *code_guides;
};

/* Builds the tree; what is wrong goes to host->finding. Errors: KP_E_MEMORY. */
enum kp_status kp_mapping_compile(struct kp_arena *arena,
	const struct kp_manifest *manifest, const struct kp_host *host,
	enum kp_mapping_dialect dialect, struct kp_mapping *ret_mapping) KP_MUST_USE;

/* Adds the cell of every field. */
void kp_mapping_offer(
	const struct kp_mapping *mapping, uint64_t *cells, uint32_t cell_words);

/* Fills the guides of a tree that is complete. Errors: KP_E_MEMORY. Part of the above. */
enum kp_status kp_mapping_make_guides(
	struct kp_arena *arena, struct kp_mapping *mapping) KP_MUST_USE;

/* Marks, by node id, the leaf's node, what goes with it, and the way there. */
void kp_mapping_mark(unsigned char *marks, const struct kp_leaf *leaf);

/* The child of that name; NULL when there is none. */
struct kp_node *kp_node_child(const struct kp_node *node, struct kp_slice name);

/* "personen[].naam" or "Antwoord/Naam", made of the manifest's own names; cut when it
 * does not fit. */
void kp_node_path(const struct kp_mapping *mapping, const struct kp_node *node, char *out,
	size_t out_size);

#endif
