/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * delivery: what the operator sees of a partner's deliveries (exports): which is in
 * force, how far the reading of another is, what was refused and why. Names classes and
 * counts, never data. Written by workers, read by any thread.
 */
#ifndef KP_SOURCE_DELIVERY_H
#define KP_SOURCE_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

struct kp_source;

enum kp_delivery_refusal {
	KP_DELIVERY_REFUSAL_NONE,
#define KP_DELIVERY_REFUSAL(code, name, reason) code,
#include "source/delivery_refusal.def"
#undef KP_DELIVERY_REFUSAL
	KP_DELIVERY_REFUSAL_COUNT
};

/* Static strings; empty for KP_DELIVERY_REFUSAL_NONE. */
const char *kp_delivery_refusal_name(enum kp_delivery_refusal refusal);
/* Dutch, for the reader. */
const char *kp_delivery_refusal_reason(enum kp_delivery_refusal refusal);

struct kp_delivery_view {
	bool in_force;
	int64_t swapped_ms; /* since when; UTC */
	int64_t dated_ms;   /* what day it is of; 0: not known */
	uint64_t rows;
	uint64_t bytes;
	uint64_t change_files; /* that follow it */
	bool reading;          /* another is being read */
	uint64_t reading_rows;
	uint64_t reading_bytes;
	uint64_t reading_bytes_total;
	uint64_t refused[KP_DELIVERY_REFUSAL_COUNT]; /* so far, by why */
};

/* False for a source that is no file. Any thread. */
bool kp_source_delivery(
	const struct kp_source *source, struct kp_delivery_view *ret_view);

enum kp_delivery_event_kind {
	KP_DELIVERY_TAKEN,
	KP_DELIVERY_REFUSED,
	KP_DELIVERY_DROPPED,  /* its file was altered while it was in force */
	KP_DELIVERY_PROGRESS, /* of a large one, now and then */
};

/* The texts live for the call. */
struct kp_delivery_event {
	enum kp_delivery_event_kind kind;
	struct kp_slice source;
	struct kp_slice file; /* its name */
	enum kp_delivery_refusal refusal;
	const char *fault; /* what the connector said of the form; may be empty */
	uint64_t rows;
	uint64_t bytes;
	uint64_t change_files; /* that follow it, and their rows */
	uint64_t change_rows;
	unsigned percent;
};

/* Any worker's thread. */
typedef void (*kp_delivery_fn)(void *context, const struct kp_delivery_event *event);

#endif
