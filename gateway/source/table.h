/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * table: what the operator sees of the code tables that are fetched from partners. Names
 * and counts, never rows. Written by the first loop, read by any thread.
 */
#ifndef KP_SOURCE_TABLE_H
#define KP_SOURCE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

struct kp_source;

/* How one attempt to fetch a table ended. */
enum kp_table_outcome {
	KP_TABLE_TAKEN,     /* it says something else than before */
	KP_TABLE_UNCHANGED, /* what is there is current */
	KP_TABLE_REFUSED,   /* of another shape than was agreed, or too large */
	KP_TABLE_FAILED,    /* there was no answer, or not with 200 or 304 */
	KP_TABLE_OUTCOME_COUNT
};

/* As /metrics and the log show it. */
const char *kp_table_outcome_name(enum kp_table_outcome outcome);

struct kp_table_view {
	struct kp_slice name;
	bool there;
	bool required;
	bool etag; /* the partner gives validators: it need not be sent anew */
	bool modified;
	bool next_absent; /* the path of `next` begins with a member that did not come */
	int64_t taken_ms; /* UTC: since when it says what it says */
	int64_t checked_ms; /* last found to be current */
	uint64_t rows;
	uint64_t outcomes[KP_TABLE_OUTCOME_COUNT]; /* so far */
	char trouble[160]; /* what was wrong with the last attempt; empty: nothing */
};

/* How many tables the source has fetched, and each of them. Any thread. */
size_t kp_source_table_count(const struct kp_source *source);
void kp_source_table_view(
	const struct kp_source *source, size_t index, struct kp_table_view *ret_view);

/* The texts live for the call. */
struct kp_table_event {
	struct kp_slice source;
	struct kp_slice table;
	enum kp_table_outcome outcome; /* never unchanged */
	const char *trouble;           /* ours, no bytes of the partner's */
	uint64_t rows;                 /* of what is in force; 0: there is none yet */
};

/* The first loop's thread. */
typedef void (*kp_table_fn)(void *context, const struct kp_table_event *event);

#endif
