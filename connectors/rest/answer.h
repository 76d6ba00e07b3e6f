/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * answer: reads one JSON answer along the mapping, as it streams in. Values wait until
 * the answer has said whom it is about (and, where the manifest names it, what of it is
 * under investigation); then they go to the sink. No tree of the answer exists.
 */
#ifndef KP_REST_ANSWER_H
#define KP_REST_ANSWER_H

#include "connectors/rest/mapping.h"
#include "core/json_read.h"

#define KP_ANSWER_DEPTH_MAX 64u

enum kp_answer_mode {
	KP_ANSWER_OBJECT,
	KP_ANSWER_ARRAY,
	KP_ANSWER_DATE,          /* inside a date object */
	KP_ANSWER_INVESTIGATION, /* inside an inOnderzoek object */
};

struct kp_answer_frame {
	const struct kp_node *node;
	enum kp_answer_mode mode;
	uint32_t count; /* of an array: elements so far */
};

/* A value that waits for the subject; its bytes are in `text`. */
struct kp_answer_value {
	const struct kp_leaf *leaf;
	size_t at;
	size_t len;
	uint32_t item; /* serial number of the item in this answer; 0: none */
	size_t valid_at;
	size_t valid_len;
	bool in_investigation;
};

struct kp_answer_list {
	uint32_t serial; /* of the item that is open; 0 when none is */
	uint32_t sent;   /* serial of the item the sink has last numbered */
	uint32_t item;   /* the sink's number of it */
	size_t first;    /* value at which the open item began */
	size_t valid_at; /* valid_on of the open item, in `text` */
	size_t valid_len;
};

struct kp_answer_date {
	const struct kp_leaf *leaf;
	unsigned key; /* which member comes */
	unsigned year;
	unsigned month;
	char text[16];
	size_t text_len;
	bool wrong;
};

/* One answer, or one page of it. In the memory of the call; `arena` is the call's. */
struct kp_answer {
	const struct kp_mapping *mapping;
	const struct kp_need *need;
	const struct kp_sink *sink; /* during push and finish */
	struct kp_arena *arena;
	struct kp_json_reader reader;
	bool codes_only; /* an error body: only the outcome's code is looked for */

	unsigned char *wanted;        /* by node id */
	unsigned char *investigation; /* by node id */
	uint32_t *seen;               /* by leaf id: serial of the item it was seen in */
	struct kp_answer_list *lists;

	struct kp_answer_frame frames[KP_ANSWER_DEPTH_MAX + 1];
	unsigned depth;
	const struct kp_node *next; /* where the coming value goes; NULL: investigation */
	bool next_investigation;
	struct kp_answer_date date;

	struct kp_answer_value *values;
	size_t value_count;
	size_t value_capacity;
	struct kp_buffer text;
	uint32_t serial;
	size_t root_valid_at;
	size_t root_valid_len;

	bool root_open;
	bool subject_seen;
	uint32_t roots;
	uint32_t items;
	uint32_t singles; /* values of single sections */
	bool code_known;
	enum kp_outcome code_outcome;
	struct kp_slice next_link;
	unsigned pages;

	bool stopped; /* the sink wants no more */
	bool failed;  /* `fault` is set */
	struct kp_fault fault;
};

/* Gets an answer ready; everything is from `arena`. Errors: KP_E_MEMORY. */
enum kp_status kp_answer_init(struct kp_answer *answer, const struct kp_mapping *mapping,
	const struct kp_need *need, struct kp_arena *arena, bool codes_only) KP_MUST_USE;

/* KP_DONE, or KP_FAIL with `fault`. */
int kp_answer_push(struct kp_answer *answer, struct kp_slice bytes,
	const struct kp_sink *sink, struct kp_fault *fault);
int kp_answer_finish(
	struct kp_answer *answer, const struct kp_sink *sink, struct kp_fault *fault);

#endif
