/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* delivery_scan: reads a whole file of a delivery once: its digest, and, where wanted,
 * its rows into an index. What is digested are the bytes the connector saw. Blocks. */
#ifndef KP_SOURCE_DELIVERY_SCAN_H
#define KP_SOURCE_DELIVERY_SCAN_H

#include "crypto/crypto.h"
#include "io/file.h"
#include "source/delivery_state.h"
#include "source/row_index.h"
#include "source/source_private.h"

/* Rows that go before those of every look-up. */
struct kp_delivery_preamble {
	struct kp_row_place places[KP_ROW_INDEX_PREAMBLE_MAX];
	uint32_t count;
};

struct kp_delivery_scan {
	const struct kp_source_private *private;
	struct kp_delivery_state *state;
	const char *path; /* for who is told */
	struct kp_file *file;
	uint64_t size;
	bool dry; /* the connector reads it, and nothing is kept */
	struct kp_row_index_builder *builder; /* NULL: only the digest */
	uint16_t number; /* of a change file, from 1; 0: a whole delivery */
	struct kp_delivery_preamble *preamble; /* of a change file; NULL: in the index */
	uint64_t rows;                         /* out: so far */
	struct kp_row_index_facts facts;       /* out, when the connector read it */
	unsigned char digest[KP_SHA256_BYTES]; /* out */
	struct kp_fault fault;                 /* out, with KP_E_SOURCE */
};

/* KP_E_SOURCE when the connector refuses the form; KP_E_IO, KP_E_MEMORY, KP_E_LIMIT. */
enum kp_status kp_delivery_scan(struct kp_delivery_scan *scan) KP_MUST_USE;

#endif
