/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_export: one delivery of a partner's export, opened and indexed. Immutable once
 * made, counted, shared by all loops; everything here blocks and is for workers.
 */
#ifndef KP_SOURCE_SOURCE_EXPORT_H
#define KP_SOURCE_SOURCE_EXPORT_H

#include <stdatomic.h>

#include "io/file.h"
#include "source/delivery_state.h"
#include "source/row_index.h"
#include "source/source_private.h"

struct kp_export {
	atomic_uint refs;
	struct kp_file *file;
	struct kp_file *rows; /* what the index points into: the file itself, or what it
				 unpacks to */
	struct kp_file_stamp stamp;
	struct kp_row_index *index;
	int64_t dated_ms; /* end of the day of the delivery, or its time; 0: not known */
	char dated[12];   /* "yyyy-mm-dd"; empty when not known */
};

/* What it takes to come to a delivery, and what came of it. */
struct kp_export_making {
	const struct kp_source_private *private;
	struct kp_delivery_state *state;
	struct kp_export *current; /* in force; may be NULL */
	bool anew;                 /* the index that lies there is not to be believed */
	int64_t now_ms;            /* UTC */
	struct kp_export *export;  /* out, one reference; may be `current`; NULL: none */
	enum kp_status status;     /* out */
	enum kp_delivery_refusal refusal; /* out: of the latest delivery */
	struct kp_fault fault;            /* out: what the connector said of its form */
};

/* Opens the latest delivery that is good and its index, or makes the index; tries again
 * when the file changes meanwhile. One that is refused is said and passed over. */
void kp_export_make(struct kp_export_making *making);
void kp_export_unref(struct kp_export *export);

/* Is the open file still what was indexed? */
bool kp_export_intact(const struct kp_export *export);

/* The rows of a key, heap memory of the caller's. KP_E_BODY_LIMIT past `bytes_max`,
 * KP_E_CORRUPT when the index is damaged, KP_E_BUSY when the file was cut or written. */
enum kp_status kp_export_rows(const struct kp_export *export, struct kp_slice key,
	uint64_t bytes_max, char **ret_bytes, size_t *ret_len) KP_MUST_USE;

#endif
