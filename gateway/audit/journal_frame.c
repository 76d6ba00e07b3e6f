/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* journal_frame: headers as bytes; see journal_frame.h. Walking them: journal_scan.c. */
#include "audit/journal_frame.h"

#include "audit/record.h"
#include "core/crc32c.h"

#define JOURNAL_VERSION 1u

static const char file_mark[8] = {'K', 'P', 'J', 'R', 'N', 'L', '\r', '\n'};
static const char frame_mark[4] = {'K', 'P', 'F', '1'};

static void
put(unsigned char *bytes, uint64_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		bytes[i] = (unsigned char)(number >> (8 * i));
	}
}

static uint64_t
get(const unsigned char *bytes, unsigned size)
{
	uint64_t number = 0;
	for (unsigned i = 0; i < size; i++) {
		number |= (uint64_t)bytes[i] << (8 * i);
	}
	return number;
}

void
kp_journal_header_write(unsigned char ret_bytes[KP_JOURNAL_HEADER_BYTES])
{
	memcpy(ret_bytes, file_mark, sizeof(file_mark));
	put(ret_bytes + 8, JOURNAL_VERSION, 4);
	put(ret_bytes + 12, kp_crc32c(0, ret_bytes, 12), 4);
}

enum kp_status
kp_journal_header_check(
	const unsigned char bytes[KP_JOURNAL_HEADER_BYTES], struct kp_error *err)
{
	if (memcmp(bytes, file_mark, sizeof(file_mark)) != 0) {
		return kp_error_set(err, KP_E_CORRUPT, "this is not a journal");
	}
	if (get(bytes + 12, 4) != kp_crc32c(0, bytes, 12)) {
		return kp_error_set(
			err, KP_E_CORRUPT, "the journal's first 16 bytes are damaged");
	}
	uint64_t version = get(bytes + 8, 4);
	if (version != JOURNAL_VERSION) {
		return kp_error_set(err, KP_E_CORRUPT,
			"the journal has version %u, and this program reads version %u",
			(unsigned)version, JOURNAL_VERSION);
	}
	return KP_OK;
}

void
kp_journal_frame_write(const struct kp_journal_frame *frame,
	unsigned char ret_bytes[KP_JOURNAL_FRAME_BYTES])
{
	memcpy(ret_bytes, frame_mark, sizeof(frame_mark));
	put(ret_bytes + 4, frame->len, 4);
	put(ret_bytes + 8, frame->index, 8);
	put(ret_bytes + 16, frame->durable, 8);
	put(ret_bytes + 24, frame->type, 4);
	put(ret_bytes + 28, frame->payload_crc, 4);
	put(ret_bytes + 32, kp_crc32c(0, ret_bytes, 32), 4);
}

bool
kp_journal_frame_read(const unsigned char bytes[KP_JOURNAL_FRAME_BYTES],
	struct kp_journal_frame *ret_frame)
{
	if (memcmp(bytes, frame_mark, sizeof(frame_mark)) != 0 ||
		get(bytes + 32, 4) != kp_crc32c(0, bytes, 32)) {
		return false;
	}
	struct kp_journal_frame frame = {
		.len = (uint32_t)get(bytes + 4, 4),
		.index = get(bytes + 8, 8),
		.durable = get(bytes + 16, 8),
		.type = (uint32_t)get(bytes + 24, 4),
		.payload_crc = (uint32_t)get(bytes + 28, 4),
	};
	if (frame.len > KP_RECORD_BYTES_MAX || frame.type < KP_RECORD_START ||
		frame.type > KP_RECORD_DECISION) {
		return false;
	}
	*ret_frame = frame;
	return true;
}
