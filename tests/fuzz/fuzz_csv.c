/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * csv_read: the first byte chooses options, the second how the rest is cut. Whole and cut
 * must give the same rows and the same refusal; rows lie one behind the other in the
 * input, and a row read again from its own bytes gives the same fields (that is what an
 * index relies on).
 */
#include <stdlib.h>

#include "core/csv_read.h"
#include "core/hash.h"
#include "core/json_write.h"

#define ARENA_BYTES ((size_t)4 << 20)

struct run {
	uint64_t digest;
	uint64_t row_digest; /* of the last row */
	uint64_t rows;
	uint64_t next_offset;
	struct kp_slice input;
	const struct kp_csv_options *options; /* NULL: do not read rows again */
};

static void
mix(uint64_t *digest, struct kp_slice bytes)
{
	uint64_t pair[2] = {*digest, kp_hash(bytes.data, bytes.len)};
	*digest = kp_hash(pair, sizeof(pair));
}

static bool on_row(void *ctx, const struct kp_csv_row *row);

static enum kp_status
read_in_steps(struct run *run, const struct kp_csv_options *options, struct kp_slice text,
	size_t step, struct kp_error *err)
{
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_csv_reader reader;
	FUZZ_CHECK(
		kp_csv_reader_init(&reader, options, &arena, on_row, run, NULL) == KP_OK);
	enum kp_status status = KP_OK;
	for (size_t at = 0; at < text.len && status == KP_OK; at += step) {
		size_t len = text.len - at < step ? text.len - at : step;
		char *piece = malloc(len);
		FUZZ_CHECK(piece != NULL);
		memcpy(piece, text.data + at, len);
		status = kp_csv_reader_push(&reader, (struct kp_slice){piece, len}, err);
		free(piece);
	}
	if (status == KP_OK) {
		status = kp_csv_reader_finish(&reader, err);
	}
	kp_arena_deinit(&arena);
	return status;
}

static void
read_again(const struct run *run, const struct kp_csv_row *row)
{
	struct run again = {0};
	struct kp_slice bytes = {run->input.data + row->offset, (size_t)row->len};
	FUZZ_CHECK(read_in_steps(&again, run->options, bytes, bytes.len, NULL) == KP_OK);
	FUZZ_CHECK(again.rows == 1 && again.row_digest == run->row_digest);
}

static bool
on_row(void *ctx, const struct kp_csv_row *row)
{
	struct run *run = ctx;
	run->rows++;
	FUZZ_CHECK(row->number == run->rows);
	FUZZ_CHECK(row->offset >= run->next_offset && row->len > 0);
	run->next_offset = row->offset + row->len;
	run->row_digest = 0;
	for (size_t i = 0; i < row->field_count; i++) {
		FUZZ_CHECK(kp_utf8_valid(row->fields[i]));
		mix(&run->row_digest, row->fields[i]);
	}
	mix(&run->digest,
		(struct kp_slice){(const char *)&run->row_digest, sizeof(uint64_t)});
	/* A mark at the beginning of a later row is data there, but would be dropped
	 * here. */
	bool has_mark = run->input.data != NULL && run->input.len - row->offset >= 3 &&
		memcmp(run->input.data + row->offset, "\xef\xbb\xbf", 3) == 0;
	if (run->options != NULL && !has_mark) {
		FUZZ_CHECK(run->next_offset <= run->input.len);
		read_again(run, row);
	}
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 3) {
		return 0;
	}
	static const char separators[] = {',', ';', '\t', '|'};
	struct kp_csv_options options = {
		.separator = separators[bytes[0] & 3],
		.charset = (enum kp_csv_charset)((bytes[0] >> 2) % 3),
		.loose_quotes = (bytes[0] & 0x20) != 0,
		.keep_empty_lines = (bytes[0] & 0x40) != 0,
		.same_field_count = (bytes[0] & 0x80) != 0,
		.field_bytes_max = 60,
		.fields_per_row_max = 30,
		.row_bytes_max = 200,
	};
	struct kp_slice text = {(const char *)bytes + 2, len - 2};
	struct run whole = {.input = text, .options = &options};
	struct run pieces = {0};
	struct kp_error whole_err = {0};
	struct kp_error pieces_err = {0};
	enum kp_status status =
		read_in_steps(&whole, &options, text, text.len, &whole_err);
	enum kp_status again =
		read_in_steps(&pieces, &options, text, 1 + bytes[1] % 16u, &pieces_err);
	FUZZ_CHECK(status == again);
	FUZZ_CHECK(whole.digest == pieces.digest);
	FUZZ_CHECK(strcmp(whole_err.message, pieces_err.message) == 0);
	FUZZ_CHECK(strcmp(whole_err.place, pieces_err.place) == 0);
	FUZZ_CHECK(whole_err.line == pieces_err.line);
	FUZZ_CHECK(whole_err.column == pieces_err.column);
	return 0;
}
