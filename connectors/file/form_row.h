/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* form_row: one row of an export, who is told of it, and what is said of it. */
#ifndef KP_CONNECTORS_FILE_FORM_ROW_H
#define KP_CONNECTORS_FILE_FORM_ROW_H

#include "connectors/rows.h"

/* Lifetime: the call of the row function, values and names included. */
struct kp_form_row {
	uint64_t number; /* of the row or line, from 1, as people count */
	uint64_t offset; /* of its first byte in the input */
	uint64_t len;    /* in bytes of the input, line end included; 0: not in it */
	const struct kp_slice *names; /* of the columns: comes first, once; else NULL */
	const struct kp_row_value *values; /* NULL where there are names */
	size_t count;                      /* of either */
};

/* The trimmed text in a column; empty when the row has none. */
struct kp_slice kp_form_row_text(const struct kp_form_row *row, size_t column);

#define KP_FORM_ROW_PLACE_BYTES 32
/* "row N". */
void kp_form_row_place(uint64_t number, char ret_place[KP_FORM_ROW_PLACE_BYTES]);
/* Sets the fault, with that place. Returns false. */
bool kp_form_row_refuse(struct kp_fault *fault, uint64_t number, const char *why);

struct kp_form_handler {
	void *ctx;
	/* False stops the reading: push and finish answer KP_E_CANCELLED. */
	bool (*row)(void *ctx, const struct kp_form_row *row);
	/* Something that is no column of the manifest's, where names come with each row;
	 * may be NULL. False stops the reading. */
	bool (*other)(void *ctx, struct kp_slice name);
};

#endif
