/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal_frame: the journal's bytes, and what can be said about a file that was broken
 * off or damaged. No I/O.
 *
 * File:   "KPJRNL\r\n", version (u32), CRC-32C of these twelve bytes (u32), frames.
 * Frame:  "KPF1", payload length (u32), index (u64), durable (u64), type (u32),
 *         CRC-32C of the payload (u32), CRC-32C of the 32 bytes before it (u32), payload.
 * Numbers are little-endian. `durable` is the size of the file that was on disk when the
 * frame's group was written, so every group is proof of the ones before it: a damaged
 * frame that a later group calls durable was acknowledged, and is never taken for a torn
 * tail.
 */
#ifndef KP_AUDIT_JOURNAL_FRAME_H
#define KP_AUDIT_JOURNAL_FRAME_H

#include <stdint.h>

#include "audit/journal.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_JOURNAL_HEADER_BYTES ((size_t)16)
#define KP_JOURNAL_FRAME_BYTES ((size_t)36)

struct kp_journal_frame {
	uint32_t len; /* of the payload */
	uint64_t index;
	uint64_t durable;
	uint32_t type;
	uint32_t payload_crc;
};

/* The first bytes of a new journal. */
void kp_journal_header_write(unsigned char ret_bytes[KP_JOURNAL_HEADER_BYTES]);
/* KP_E_CORRUPT when these are not the first bytes of a journal we can read. */
enum kp_status kp_journal_header_check(const unsigned char bytes[KP_JOURNAL_HEADER_BYTES],
	struct kp_error *err) KP_MUST_USE;

/* With mark and checksum. */
void kp_journal_frame_write(const struct kp_journal_frame *frame,
	unsigned char ret_bytes[KP_JOURNAL_FRAME_BYTES]);
/* False when the checksum, the mark, the length or the type is wrong. */
bool kp_journal_frame_read(const unsigned char bytes[KP_JOURNAL_FRAME_BYTES],
	struct kp_journal_frame *ret_frame);

/* Reads up to `len` bytes at `offset`; fewer only at the end. */
typedef enum kp_status (*kp_journal_read_fn)(
	void *context, uint64_t offset, char *bytes, size_t len, size_t *ret_read);

struct kp_journal_scan {
	kp_journal_read_fn read;
	void *context;
	uint64_t size;             /* of the file */
	kp_journal_visit_fn visit; /* may be NULL; false ends the scan */
	void *visit_context;
};

struct kp_journal_state {
	uint64_t size; /* up to the end of the last whole frame */
	uint64_t torn; /* bytes behind it that never were acknowledged */
	uint64_t next_index;
};

/*
 * Walks all frames. What a crash can leave behind (a frame cut short, or one whose disk
 * blocks were never written, with nothing acknowledged after it) is reported as `torn`;
 * anything else that does not check is KP_E_CORRUPT, and `err` names the offset and the
 * record. KP_E_MEMORY, KP_E_IO.
 */
enum kp_status kp_journal_scan(const struct kp_journal_scan *scan,
	struct kp_journal_state *ret_state, struct kp_error *err) KP_MUST_USE;

#endif
