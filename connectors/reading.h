/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * reading: what reading an answer is, whatever it is written in. A parser walks the
 * mapping beside its events and hands over scalars; here they are converted, wait until
 * the answer has said whom it is about (and, where the manifest names it, what of it is
 * under investigation), and go to the sink. No tree of the answer exists.
 *
 * Every function that returns bool gives false when the reading must end: then `failed`
 * is set with `fault`, or `stopped`. One reading, one thread; all memory is of its arena.
 */
#ifndef KP_CONNECTORS_READING_H
#define KP_CONNECTORS_READING_H

#include "connectors/mapping.h"
#include "connectors/value.h"

/* A value that waits for the subject; its bytes are in `text`, which is far below 4 GB.
 */
struct kp_reading_value {
	const struct kp_leaf *leaf;
	uint32_t at;
	uint32_t len;  /* 0: room for a value that stands outside the item */
	uint32_t item; /* serial number of the item in this answer; 0: none */
	uint32_t valid_at;
	uint32_t valid_len;
	bool in_investigation;
};

struct kp_reading_list {
	uint32_t serial;   /* of the item that is open; 0 when none is */
	uint32_t sent;     /* serial of the item the sink has last numbered */
	uint32_t item;     /* the sink's number of it */
	size_t first;      /* value at which the open item began */
	uint32_t valid_at; /* valid_on of the open item, in `text` */
	uint32_t valid_len;
};

/* The text of an element that goes with another's. */
struct kp_reading_capture {
	bool set;
	bool bare; /* a JSON scalar without quotes */
	size_t len;
	char small[40];
	const char *big; /* when it does not fit in `small` */
};

/* A value outside the items it goes with. */
struct kp_reading_inherited {
	bool set;
	uint32_t at;
	uint32_t len;
};

/* One answer, or one page of it. In the memory of the call; `arena` is the call's. */
struct kp_reading {
	const struct kp_mapping *mapping;
	const struct kp_need *need;
	const struct kp_sink *sink; /* set by who pushes, for as long as that lasts */
	/* Set by who begins, after init, where tables may be fetched; else NULL. */
	const struct kp_call_host *host;
	struct kp_arena *arena;
	bool codes_only; /* an error body: only the outcome's code is looked for */

	unsigned char *wanted;        /* by node id */
	unsigned char *investigation; /* by node id */
	uint32_t *seen;               /* by leaf id: serial of the item it was seen in */
	struct kp_reading_list *lists;
	struct kp_reading_capture *captures;
	struct kp_reading_inherited *inherited; /* by leaf id */
	uint32_t *inside;     /* by node id: last serial before it opened */
	size_t *inside_first; /* by node id: the first value that came inside */

	struct kp_reading_value *values;
	size_t value_count;
	size_t value_capacity;
	struct kp_buffer text;
	uint32_t serial;
	uint32_t holds; /* open elements whose items still miss a value */
	size_t hold_first;
	uint32_t root_valid_at;
	uint32_t root_valid_len;

	bool root_open;
	bool subject_seen;
	bool nameless; /* a root did not say whom it is about: nothing of it passed */
	uint32_t roots;
	uint32_t items;
	uint32_t singles; /* values of single sections */
	bool code_known;
	enum kp_outcome code_outcome;
	bool present_known;
	enum kp_outcome present_outcome;
	struct kp_slice next; /* link to the next page, or what it is asked with */
	unsigned pages;
	unsigned total; /* of rows, on all pages; 0 when it is not said */
	uint32_t rows;  /* of this page, where the mapping counts them */

	bool stopped; /* the sink wants no more */
	bool failed;  /* `fault` is set */
	struct kp_fault fault;
};

/* Gets a reading ready; everything is from `arena`. Errors: KP_E_MEMORY. */
enum kp_status kp_reading_init(struct kp_reading *reading,
	const struct kp_mapping *mapping, const struct kp_need *need,
	struct kp_arena *arena, bool codes_only) KP_MUST_USE;

/* Ends the reading with a fault at a node of the mapping, NULL for none. Gives false. */
bool kp_reading_fail(
	struct kp_reading *reading, const struct kp_node *node, const char *message);
bool kp_reading_out_of_memory(struct kp_reading *reading);
/* Ends the reading when the sink wants no more. Gives `more`. */
bool kp_reading_go_on(struct kp_reading *reading, bool more);
/* Was the cell asked? */
bool kp_reading_wants(const struct kp_reading *reading, uint32_t cell);

/* An element of the mapping opens: the person, items, and what they inherit from. The
 * ends come in the opposite order. */
bool kp_reading_begin_root(struct kp_reading *reading);
bool kp_reading_end_root(struct kp_reading *reading);
bool kp_reading_begin_items(struct kp_reading *reading, const struct kp_node *node);
bool kp_reading_end_items(struct kp_reading *reading, const struct kp_node *node);
void kp_reading_begin_inherited(struct kp_reading *reading, const struct kp_node *node);
bool kp_reading_end_inherited(struct kp_reading *reading, const struct kp_node *node);

/* One scalar for one leaf: `text` decoded, and `raw` as a JSON scalar where the source
 * wrote one (empty: the text becomes a JSON string). */
bool kp_reading_take(struct kp_reading *reading, const struct kp_leaf *leaf,
	struct kp_slice text, struct kp_slice raw);
/* Keeps the text of a captured node (`bare`: it is a JSON scalar as it stands), and gives
 * the values that waited for it when the element around them ends. */
bool kp_reading_capture(struct kp_reading *reading, const struct kp_node *node,
	struct kp_slice text, bool bare);
bool kp_reading_close_container(struct kp_reading *reading, const struct kp_node *node);

/* Keeps one JSON scalar; in one item, or in the single sections, the first of a field
 * counts. `quote` is put on both ends. */
bool kp_reading_keep(struct kp_reading *reading, const struct kp_leaf *leaf,
	const char *quote, struct kp_slice bytes);
/* Keeps the result of a conversion to a date. */
bool kp_reading_keep_date(struct kp_reading *reading, const struct kp_leaf *leaf,
	enum kp_value_result result, const char *date, size_t len);
/* A fixed text for the reader of the dossier. */
bool kp_reading_remark(
	struct kp_reading *reading, const char *code, struct kp_slice text);
/* Tells who wants to know that no path names `name` below `node`. */
bool kp_reading_unmapped(
	struct kp_reading *reading, const struct kp_node *node, struct kp_slice name);

/* The leaf of that form at a node; NULL when there is none. */
const struct kp_leaf *kp_reading_leaf_of_form(
	const struct kp_node *node, enum kp_manifest_form form);

/* The whole answer was read: one that does not say whom it is about is good only when it
 * says besides that there is nothing. */
bool kp_reading_end(struct kp_reading *reading);

/* KP_DONE, or KP_FAIL with `fault` when the reading has ended before its time. */
int kp_reading_verdict(const struct kp_reading *reading, struct kp_fault *fault);

/* Is there anything about this person in what was asked? */
bool kp_reading_found(const struct kp_reading *reading);

#endif
