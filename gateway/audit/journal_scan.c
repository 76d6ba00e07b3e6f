/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * journal_scan: walks a journal's frames and tells a crash from damage; see
 * journal_frame.h.
 *
 * A crash leaves a prefix of the last group, or a group with unwritten (zero) blocks in
 * it. So a frame that does not check is the torn tail only if (a) it runs past the end or
 * part of it is zero bytes, and (b) no whole frame behind it says that this place was
 * durable. Everything else is damage to records that were acknowledged.
 */
#include "audit/journal_frame.h"

#include <inttypes.h>

#include "audit/record.h"
#include "core/crc32c.h"
#include "core/heap.h"

#define WINDOW_BYTES ((size_t)256 * 1024)
#define FRAME_BYTES_MAX (KP_JOURNAL_FRAME_BYTES + KP_RECORD_BYTES_MAX)
/* A record is text: so many zero bytes in a row were never written by us. */
#define UNWRITTEN_RUN ((size_t)8)

_Static_assert(WINDOW_BYTES >= 2 * FRAME_BYTES_MAX, "a window holds a whole frame");

/* The part of the file that is in memory. */
struct window {
	const struct kp_journal_scan *scan;
	unsigned char *bytes;
	uint64_t offset; /* of bytes[0] */
	size_t len;
};

enum frame_found {
	FRAME_GOOD,
	FRAME_SHORT,     /* the file ends inside it */
	FRAME_DAMAGED,   /* its bytes are all there and do not check */
	FRAME_UNWRITTEN, /* likewise, and some of them are a run of zeros */
};

/* Makes sure that all bytes from `offset` up to `want` further (or the end) are there. */
static enum kp_status
look_at(struct window *window, uint64_t offset, size_t want)
{
	uint64_t left = window->scan->size - offset;
	size_t need = left < want ? (size_t)left : want;
	if (offset >= window->offset && offset + need <= window->offset + window->len) {
		return KP_OK;
	}
	size_t len = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
	size_t got = 0;
	enum kp_status status = window->scan->read(
		window->scan->context, offset, (char *)window->bytes, len, &got);
	if (status != KP_OK) {
		return status;
	}
	window->offset = offset;
	window->len = got;
	return got == len ? KP_OK : KP_E_IO;
}

static const unsigned char *
bytes_at(const struct window *window, uint64_t offset)
{
	return window->bytes + (offset - window->offset);
}

static bool
has_zero_run(const unsigned char *bytes, size_t len)
{
	size_t run = 0;
	for (size_t i = 0; i < len; i++) {
		run = bytes[i] == 0 ? run + 1 : 0;
		if (run == UNWRITTEN_RUN) {
			return true;
		}
	}
	return false;
}

/* Mark and length, or both checksums, are zero: the header was not (wholly) written. */
static bool
header_unwritten(const unsigned char *bytes)
{
	return has_zero_run(bytes, 8) || has_zero_run(bytes + 28, 8);
}

static enum kp_status
find_frame(struct window *window, uint64_t offset, struct kp_journal_frame *ret_frame,
	enum frame_found *ret_found)
{
	enum kp_status status = look_at(window, offset, FRAME_BYTES_MAX);
	if (status != KP_OK) {
		return status;
	}
	uint64_t left = window->scan->size - offset;
	const unsigned char *bytes = bytes_at(window, offset);
	if (left < KP_JOURNAL_FRAME_BYTES) {
		*ret_found = FRAME_SHORT;
		return KP_OK;
	}
	if (!kp_journal_frame_read(bytes, ret_frame)) {
		*ret_found = header_unwritten(bytes) ? FRAME_UNWRITTEN : FRAME_DAMAGED;
		return KP_OK;
	}
	if (left - KP_JOURNAL_FRAME_BYTES < ret_frame->len) {
		*ret_found = FRAME_SHORT;
		return KP_OK;
	}
	const unsigned char *payload = bytes + KP_JOURNAL_FRAME_BYTES;
	*ret_found = FRAME_GOOD;
	if (kp_crc32c(0, payload, ret_frame->len) != ret_frame->payload_crc) {
		bool zeros = has_zero_run(payload, ret_frame->len);
		*ret_found = zeros ? FRAME_UNWRITTEN : FRAME_DAMAGED;
	}
	return KP_OK;
}

/* Does any whole frame behind `offset` say that `offset` had been made durable? */
static enum kp_status
find_proof(struct window *window, uint64_t offset, bool *ret_proved)
{
	*ret_proved = false;
	for (uint64_t at = offset + 1; at + KP_JOURNAL_FRAME_BYTES <= window->scan->size;
		at++) {
		enum kp_status status = look_at(window, at, KP_JOURNAL_FRAME_BYTES);
		if (status != KP_OK) {
			return status;
		}
		struct kp_journal_frame frame;
		if (*bytes_at(window, at) != 'K' ||
			!kp_journal_frame_read(bytes_at(window, at), &frame)) {
			continue;
		}
		enum frame_found found;
		status = find_frame(window, at, &frame, &found);
		if (status != KP_OK) {
			return status;
		}
		if (found == FRAME_GOOD && frame.durable > offset &&
			frame.durable <= at) {
			*ret_proved = true;
			return KP_OK;
		}
	}
	return KP_OK;
}

/* Torn tail or damage? */
static enum kp_status
judge(struct window *window, uint64_t offset, enum frame_found found,
	struct kp_journal_state *state, struct kp_error *err)
{
	bool proved = false;
	enum kp_status status = find_proof(window, offset, &proved);
	if (status != KP_OK) {
		return status;
	}
	if (found == FRAME_DAMAGED || proved) {
		return kp_error_set(err, KP_E_CORRUPT,
			"record %" PRIu64 " at byte %" PRIu64
			" is damaged: its checksum does not match, and it had been "
			"acknowledged",
			state->next_index, offset);
	}
	state->torn = window->scan->size - offset;
	return KP_OK;
}

static enum kp_status
check_order(const struct kp_journal_frame *frame, uint64_t offset,
	const struct kp_journal_state *state, struct kp_error *err)
{
	if (frame->index != state->next_index) {
		return kp_error_set(err, KP_E_CORRUPT,
			"at byte %" PRIu64 " record %" PRIu64 " was expected and %" PRIu64
			" is there",
			offset, state->next_index, frame->index);
	}
	if (frame->durable < KP_JOURNAL_HEADER_BYTES || frame->durable > offset) {
		return kp_error_set(err, KP_E_CORRUPT,
			"record %" PRIu64 " at byte %" PRIu64
			" does not belong at this place",
			frame->index, offset);
	}
	return KP_OK;
}

static enum kp_status
walk(struct window *window, struct kp_journal_state *state, struct kp_error *err)
{
	const struct kp_journal_scan *scan = window->scan;
	while (state->size < scan->size) {
		struct kp_journal_frame frame;
		enum frame_found found;
		uint64_t offset = state->size;
		enum kp_status status = find_frame(window, offset, &frame, &found);
		if (status != KP_OK) {
			return status;
		}
		if (found != FRAME_GOOD) {
			return judge(window, offset, found, state, err);
		}
		status = check_order(&frame, offset, state, err);
		if (status != KP_OK) {
			return status;
		}
		const char *payload =
			(const char *)bytes_at(window, offset) + KP_JOURNAL_FRAME_BYTES;
		state->size += KP_JOURNAL_FRAME_BYTES + frame.len;
		state->next_index++;
		if (scan->visit != NULL &&
			!scan->visit(scan->visit_context, frame.index,
				(enum kp_record_type)frame.type,
				(struct kp_slice){payload, frame.len})) {
			return KP_OK;
		}
	}
	return KP_OK;
}

/* A file shorter than its header: broken off while it was made, if nothing else is in it.
 */
static enum kp_status
check_start(struct window *window, struct kp_journal_state *state, struct kp_error *err)
{
	enum kp_status status = look_at(window, 0, KP_JOURNAL_HEADER_BYTES);
	if (status != KP_OK) {
		return status;
	}
	uint64_t size = window->scan->size;
	unsigned char header[KP_JOURNAL_HEADER_BYTES];
	static const unsigned char zeros[KP_JOURNAL_HEADER_BYTES];
	kp_journal_header_write(header);
	size_t len = size < sizeof(header) ? (size_t)size : sizeof(header);
	bool unwritten = memcmp(window->bytes, zeros, len) == 0 && size <= sizeof(header);
	if (unwritten ||
		(len < sizeof(header) && memcmp(window->bytes, header, len) == 0)) {
		state->torn = size;
		return KP_OK;
	}
	if (len < sizeof(header)) {
		return kp_error_set(err, KP_E_CORRUPT, "this is not a journal");
	}
	state->size = sizeof(header);
	return kp_journal_header_check(window->bytes, err);
}

enum kp_status
kp_journal_scan(const struct kp_journal_scan *scan, struct kp_journal_state *ret_state,
	struct kp_error *err)
{
	struct kp_journal_state state = {0};
	size_t bytes = scan->size < WINDOW_BYTES ? (size_t)scan->size : WINDOW_BYTES;
	struct window window = {.scan = scan, .bytes = kp_heap_alloc(bytes + 1)};
	if (window.bytes == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory to read the journal");
	}
	if (err != NULL) {
		err->status = KP_OK;
	}
	enum kp_status status = check_start(&window, &state, err);
	if (status == KP_OK && state.torn == 0) {
		status = walk(&window, &state, err);
	}
	kp_heap_free(window.bytes);
	if (status == KP_OK) {
		*ret_state = state;
	} else if (err != NULL && err->status == KP_OK) {
		(void)kp_error_set(err, status, "the journal cannot be read");
	}
	return status;
}
