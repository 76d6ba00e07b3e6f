/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * answer: reads one JSON answer along the mapping, as it streams in: the walk beside the
 * events of the JSON reader. What becomes of the values is in ../reading.h.
 */
#ifndef KP_REST_ANSWER_H
#define KP_REST_ANSWER_H

#include "connectors/reading.h"
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
	uint32_t count; /* of an array: elements so far */
	uint8_t mode;   /* enum kp_answer_mode */
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
	struct kp_reading reading;
	struct kp_json_reader reader;
	unsigned depth;
	const struct kp_node *next; /* where the coming value goes; NULL: investigation */
	bool next_investigation;
	/* Set by who begins, after init: the member that is looked for; was it there? */
	const struct kp_node *awaited;
	bool met;
	struct kp_answer_date date;
	struct kp_answer_frame frames[KP_ANSWER_DEPTH_MAX + 1]; /* `depth` are set */
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
