/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_export: one delivery of a partner's export, opened and indexed. Immutable once
 * made, counted, shared by all loops; everything here blocks and is for workers.
 */
#ifndef KP_SOURCE_SOURCE_EXPORT_H
#define KP_SOURCE_SOURCE_EXPORT_H

#include <stdatomic.h>

#include "io/file.h"
#include "source/delivery_name.h"
#include "source/delivery_state.h"
#include "source/row_index.h"
#include "source/source_private.h"

struct kp_changes; /* delivery_changes.h */

struct kp_export {
	atomic_uint refs;
	char *path;
	struct kp_file *file;
	struct kp_file *rows; /* what the index points into: the file itself, or what it
				 unpacks to */
	struct kp_file_stamp stamp;
	unsigned char digest[KP_SHA256_BYTES]; /* of the file */
	struct kp_row_index *index;
	struct kp_delivery_name name;
	int64_t dated_ms; /* end of the day of the delivery, or its time; 0: not known */
	char dated[12];   /* "yyyy-mm-dd"; empty when not known */
};

/* What it takes to come to a delivery, and what came of it. */
struct kp_export_making {
	const struct kp_source_private *private;
	struct kp_delivery_state *state;
	struct kp_export *current;                /* in force; may be NULL */
	const struct kp_changes *current_changes; /* that follow it; may be NULL */
	bool anew;                /* the index that lies there is not to be believed */
	int64_t now_ms;           /* UTC */
	struct kp_export *export; /* out, one reference; may be `current`; NULL: none */
	enum kp_status status;    /* out */
	enum kp_delivery_refusal refusal; /* out: of the latest delivery */
	struct kp_fault fault;            /* out: what the connector said of its form */
	const char *path;                 /* out: of `export`, unless it is `current` */
	struct kp_arena *arena;           /* for names */
};

/* Opens the latest delivery that is good and its index, or makes the index; KP_E_BUSY
 * when the file changes meanwhile. One that is refused is said and passed over. */
void kp_export_make(struct kp_export_making *making);
void kp_export_unref(struct kp_export *export);

/* Is the open file still what was indexed, by what its writer can set? */
bool kp_export_intact(const struct kp_export *export);
/* Has the one in force other bytes now? Reads it when there is a sign of that: its stamp,
 * or `anew`. */
bool kp_export_altered(const struct kp_export_making *making);

/* Of any file: was it not written in since then? */
bool kp_export_unwritten(struct kp_file *file, const struct kp_file_stamp *then);
/* The same file, and nobody wrote in it? */
bool kp_export_same_file(const struct kp_file_stamp *a, const struct kp_file_stamp *b);
/* "yyyy-mm-dd", and the end of that day, of yyyymmdd. */
void kp_export_day(uint32_t day, char ret_text[12], int64_t *ret_end_ms);

#endif
