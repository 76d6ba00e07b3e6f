/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Answers of a partner's decision point about three cells: whole and byte by byte they
 * mean the same, nothing is granted that was not asked about, and what is not an answer
 * grants nothing.
 */
#include "core/bits.h"
#include "policies/authzen_ask.h"

#define BYTES_MAX ((size_t)16 << 20)
#define ANSWER_BYTES_MAX 4096u

static const uint64_t cells[] = {0x8000000000000002, 1};

static enum kp_status
read_answer(struct kp_authzen_verdicts *verdicts, struct kp_arena *arena,
	struct kp_slice text, size_t piece)
{
	enum kp_status status =
		kp_authzen_verdicts_init(verdicts, arena, cells, 2, ANSWER_BYTES_MAX);
	while (status == KP_OK && text.len > 0) {
		size_t len = piece < text.len ? piece : text.len;
		status = kp_authzen_verdicts_push(
			verdicts, (struct kp_slice){text.data, len});
		text = (struct kp_slice){text.data + len, text.len - len};
	}
	return status == KP_OK ? kp_authzen_verdicts_finish(verdicts) : status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct kp_slice text = {(const char *)bytes, len};
	struct kp_authzen_verdicts whole;
	struct kp_authzen_verdicts pieces;
	struct kp_arena arena;
	kp_arena_init(&arena, BYTES_MAX, NULL);
	enum kp_status status = read_answer(&whole, &arena, text, len);
	FUZZ_CHECK(read_answer(&pieces, &arena, text, 1) == status);
	FUZZ_CHECK(whole.permitted == pieces.permitted);
	FUZZ_CHECK(whole.permitted == kp_bits_count(whole.granted, 2));
	for (unsigned i = 0; i < 2; i++) {
		FUZZ_CHECK(whole.granted[i] == pieces.granted[i]);
		FUZZ_CHECK((whole.granted[i] & ~cells[i]) == 0);
		FUZZ_CHECK(status == KP_OK || whole.granted[i] == 0);
	}
	kp_arena_deinit(&arena);
	return 0;
}
