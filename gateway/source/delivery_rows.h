/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * delivery_rows: the delivery in force, a whole one and the changes that follow it, and
 * the rows of one client from it. Immutable once made, counted, shared by all loops;
 * everything here blocks and is for workers.
 */
#ifndef KP_SOURCE_DELIVERY_ROWS_H
#define KP_SOURCE_DELIVERY_ROWS_H

#include "source/delivery_changes.h"

struct kp_delivery {
	atomic_uint refs;
	struct kp_export *base;     /* one reference */
	struct kp_changes *changes; /* NULL: none */
	int64_t dated_ms; /* end of the day of the last file, or its time; 0: not known */
	char dated[12];   /* "yyyy-mm-dd"; empty when not known */
};

/* What it takes to come to a delivery, and what came of it. */
struct kp_delivery_making {
	const struct kp_source_private *private;
	struct kp_delivery_state *state;
	const struct kp_delivery *current; /* in force; may be NULL */
	bool anew;      /* the index that lies there is not to be believed */
	int64_t now_ms; /* UTC */
	struct kp_delivery *delivery;     /* out, one reference; NULL: none */
	enum kp_status status;            /* out */
	enum kp_delivery_refusal refusal; /* out: of the latest whole delivery */
	struct kp_fault fault;            /* out: what the connector said of its form */
	bool altered; /* out, without a delivery: the file of the one in force is not what
			 was verified any more, so that nothing is */
};

/* The latest whole delivery that is good, with the changes after it. What is refused is
 * told and passed over. */
void kp_delivery_make(struct kp_delivery_making *making);
void kp_delivery_unref(struct kp_delivery *delivery); /* accepts NULL */

/* Are the open files still what was indexed? */
bool kp_delivery_intact(const struct kp_delivery *delivery);

/* Rows of one client, file by file: what `head` goes before ends at each of `ends`. */
struct kp_delivery_rows {
	char *bytes;
	size_t len;
	size_t *ends;
	size_t count; /* at least 1: the whole delivery, if only its header */
};

/* KP_E_BODY_LIMIT past `bytes_max`, KP_E_CORRUPT when an index is damaged, KP_E_BUSY when
 * a file was cut or written. */
enum kp_status kp_delivery_find_rows(const struct kp_delivery *delivery,
	struct kp_slice key, uint64_t bytes_max,
	struct kp_delivery_rows *ret_rows) KP_MUST_USE;
/* Wipes. */
void kp_delivery_rows_free(struct kp_delivery_rows *rows);

#endif
