/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * json_read: the first byte chooses how the rest is cut and what is skipped. Whole and
 * cut must give the same events and the same error; whatever is accepted must come out of
 * json_write as text that is accepted again, with the same events.
 */
#include <stdlib.h>

#include "core/hash.h"
#include "core/json_read.h"
#include "core/json_write.h"

#define ARENA_BYTES ((size_t)4 << 20)

struct run {
	uint64_t digest;
	unsigned skip_every; /* 0: nothing is skipped */
	unsigned events;
	struct kp_json_writer writer;
};

static void
mix(struct run *run, const void *bytes, size_t len)
{
	uint64_t pair[2] = {run->digest, kp_hash(bytes, len)};
	run->digest = kp_hash(pair, sizeof(pair));
}

static void
copy_on(struct kp_json_writer *writer, const struct kp_json_token *token)
{
	switch (token->event) {
	case KP_JSON_OBJECT_BEGIN:
		kp_json_write_object_begin(writer);
		return;
	case KP_JSON_OBJECT_END:
		kp_json_write_object_end(writer);
		return;
	case KP_JSON_ARRAY_BEGIN:
		kp_json_write_array_begin(writer);
		return;
	case KP_JSON_ARRAY_END:
		kp_json_write_array_end(writer);
		return;
	case KP_JSON_NAME:
		kp_json_write_name_raw(writer, token->raw);
		return;
	case KP_JSON_STRING:
		kp_json_write_string_raw(writer, token->raw);
		return;
	case KP_JSON_NUMBER:
	case KP_JSON_TRUE:
	case KP_JSON_FALSE:
	case KP_JSON_NULL:
		kp_json_write_raw(writer, token->raw);
		return;
	}
}

static enum kp_json_verdict
on_event(void *ctx, const struct kp_json_token *token)
{
	struct run *run = ctx;
	mix(run, token->raw.data, token->raw.len);
	unsigned facts[3] = {token->event, token->depth, token->escaped};
	mix(run, facts, sizeof(facts));
	if (run->writer.buffer != NULL) {
		copy_on(&run->writer, token);
	}
	FUZZ_CHECK(token->event != KP_JSON_NUMBER || kp_json_number_valid(token->raw));
	run->events++;
	bool skip = run->skip_every != 0 && run->events % run->skip_every == 0;
	return skip ? KP_JSON_SKIP : KP_JSON_GO;
}

static enum kp_status
read_in_steps(struct run *run, struct kp_slice text, size_t step, struct kp_error *err)
{
	static const struct kp_json_limits limits = {
		.depth_max = 20, .token_bytes_max = 4096, .names_per_object_max = 200};
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_json_reader reader;
	kp_json_reader_init(&reader, &limits, &arena, on_event, run);
	enum kp_status status = KP_OK;
	for (size_t at = 0; at < text.len && status == KP_OK; at += step) {
		size_t len = text.len - at < step ? text.len - at : step;
		char *piece = malloc(len);
		FUZZ_CHECK(piece != NULL);
		memcpy(piece, text.data + at, len);
		status = kp_json_reader_push(&reader, (struct kp_slice){piece, len}, err);
		free(piece);
	}
	if (status == KP_OK) {
		status = kp_json_reader_finish(&reader, err);
	}
	kp_arena_deinit(&arena);
	return status;
}

static void
check_round_trip(struct kp_slice text)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, &arena, ARENA_BYTES);
	struct run first = {0};
	kp_json_writer_init(&first.writer, &buffer);
	FUZZ_CHECK(read_in_steps(&first, text, text.len, NULL) == KP_OK);
	FUZZ_CHECK(!buffer.failed && first.writer.depth == 0);
	struct run second = {0};
	struct kp_slice written = kp_buffer_slice(&buffer);
	FUZZ_CHECK(read_in_steps(&second, written, written.len, NULL) == KP_OK);
	FUZZ_CHECK(first.digest == second.digest);
	kp_arena_deinit(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len == 0) {
		return 0;
	}
	unsigned choice = bytes[0];
	struct kp_slice text = {(const char *)bytes + 1, len - 1};
	struct run whole = {.skip_every = choice >> 4};
	struct run pieces = {.skip_every = choice >> 4};
	struct kp_error whole_err = {0};
	struct kp_error pieces_err = {0};
	enum kp_status status =
		read_in_steps(&whole, text, text.len == 0 ? 1 : text.len, &whole_err);
	enum kp_status again =
		read_in_steps(&pieces, text, 1 + (choice & 15), &pieces_err);
	FUZZ_CHECK(status == again);
	if (status != KP_E_LIMIT) {
		FUZZ_CHECK(whole.digest == pieces.digest);
		FUZZ_CHECK(strcmp(whole_err.message, pieces_err.message) == 0);
		FUZZ_CHECK(strcmp(whole_err.place, pieces_err.place) == 0);
	}
	if (status == KP_OK) {
		check_round_trip(text);
	}
	return 0;
}
