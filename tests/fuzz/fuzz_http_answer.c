/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_answer: the first byte chooses how the rest is cut, and whether HEAD was asked.
 * Whole and cut must give the same answer or the same refusal; what is accepted must say
 * once where it ends.
 */
#include <string.h>

#include "core/hash.h"
#include "http/http_answer.h"

#define HEADERS_MAX 12u
#define HEAD_BYTES_MAX ((size_t)400)

struct run {
	uint64_t digest;
	uint64_t body_bytes;
	size_t used;
	enum kp_status status;
	bool head_done;
	struct kp_http_answer answer;
};

static void
mix(uint64_t *digest, struct kp_slice bytes)
{
	uint64_t pair[2] = {*digest, kp_hash(bytes.data, bytes.len)};
	*digest = kp_hash(pair, sizeof(pair));
}

static void
check_head(const struct kp_http_answer *answer, const struct kp_http_header *headers)
{
	unsigned ends = 0;
	FUZZ_CHECK(answer->status >= 100 && answer->status <= 999);
	FUZZ_CHECK(answer->header_count <= HEADERS_MAX);
	for (size_t i = 0; i < answer->header_count; i++) {
		FUZZ_CHECK(kp_http_token_valid(headers[i].name));
		FUZZ_CHECK(kp_http_value_valid(headers[i].value));
		ends += kp_http_name_equal(headers[i].name, KP_SLICE("content-length"));
		ends += kp_http_name_equal(
			headers[i].name, KP_SLICE("transfer-encoding"));
	}
	FUZZ_CHECK(ends <= 1);
	FUZZ_CHECK(!answer->keep_alive || answer->framing != KP_HTTP_FRAMING_CLOSE);
}

/* As a connection does: heads until a final one. False: refused, or more is needed. */
static bool
read_heads(struct run *run, struct kp_slice text)
{
	const char *fault = NULL;
	struct kp_http_header headers[HEADERS_MAX];
	while (run->status == KP_OK && !run->head_done) {
		struct kp_slice rest = {text.data + run->used, text.len - run->used};
		size_t len = kp_http_answer_head_len(rest, 0);
		if (len == 0) {
			return false;
		}
		FUZZ_CHECK(len <= rest.len);
		run->status = kp_http_answer_read_head(&run->answer,
			(struct kp_slice){rest.data, len}, headers, HEADERS_MAX, &fault);
		FUZZ_CHECK(run->status == KP_OK || fault != NULL);
		if (run->status == KP_OK) {
			FUZZ_CHECK(kp_http_answer_plausible(rest));
			check_head(&run->answer, headers);
			run->used += len;
			run->head_done = !run->answer.interim;
		}
	}
	return run->status == KP_OK;
}

static void
read_bodies(struct run *run, struct kp_slice text)
{
	const char *fault = NULL;
	size_t before = SIZE_MAX;
	while (run->status == KP_OK && run->used != before) {
		struct kp_slice piece;
		before = run->used;
		run->status = kp_http_answer_read_body(
			&run->answer, text, &run->used, &piece, &fault);
		FUZZ_CHECK(run->used <= text.len);
		FUZZ_CHECK(run->status == KP_OK || fault != NULL);
		for (size_t i = 0; run->status == KP_OK && i < piece.len; i++) {
			mix(&run->digest, (struct kp_slice){piece.data + i, 1});
			run->body_bytes++;
		}
	}
}

/* The text as it would come in pieces of `step` bytes. */
static struct run
read_in_steps(struct kp_slice text, size_t step, bool head_request)
{
	struct run run = {.answer = {.head_request = head_request,
				  .trailer_bytes_max = HEAD_BYTES_MAX}};
	for (size_t end = 0; end < text.len && run.status == KP_OK;) {
		end = text.len - end < step ? text.len : end + step;
		struct kp_slice seen = {text.data, end};
		if (run.head_done || read_heads(&run, seen)) {
			read_bodies(&run, seen);
		}
	}
	return run;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 4096) {
		return 0;
	}
	struct kp_slice text = {(const char *)data + 1, size - 1};
	bool head_request = (data[0] & 0x80) != 0;
	size_t step = (data[0] & 0x7f) + 1u;
	struct run whole = read_in_steps(text, text.len + 1, head_request);
	struct run cut = read_in_steps(text, step, head_request);
	FUZZ_CHECK(whole.status == cut.status);
	FUZZ_CHECK(whole.head_done == cut.head_done);
	if (whole.status == KP_OK && whole.head_done) {
		FUZZ_CHECK(whole.digest == cut.digest);
		FUZZ_CHECK(whole.used == cut.used);
		FUZZ_CHECK(whole.answer.ended == cut.answer.ended);
	}
	return 0;
}
