/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * http_parse: the first byte chooses how the rest is cut. Whole and cut must give the
 * same messages and the same refusal; what is accepted must keep the promises that later
 * steps build on.
 */
#include <stdlib.h>

#include "core/hash.h"
#include "http/http_parse.h"

#define ARENA_BYTES ((size_t)1 << 20)

static void
mix(uint64_t *digest, struct kp_slice bytes)
{
	uint64_t pair[2] = {*digest, kp_hash(bytes.data, bytes.len)};
	*digest = kp_hash(pair, sizeof(pair));
}

/* What a message may never hold once it was let through. */
static void
check_request(const struct kp_http_request *request)
{
	FUZZ_CHECK(!(request->chunked && request->has_content_length));
	FUZZ_CHECK(!request->chunked || request->minor_version == 1);
	FUZZ_CHECK(request->minor_version == 0 || request->authority.len > 0);
	FUZZ_CHECK(request->path.len > 0);
	FUZZ_CHECK(request->path.data[0] == '/' || kp_slice_is(request->path, "*"));
	unsigned hosts = 0;
	unsigned lengths = 0;
	for (size_t i = 0; i < request->header_count; i++) {
		const struct kp_http_header *header = &request->headers[i];
		FUZZ_CHECK(kp_http_token_valid(header->name));
		FUZZ_CHECK(kp_http_value_valid(header->value));
		hosts += kp_http_name_equal(header->name, KP_SLICE("host"));
		lengths += kp_http_name_equal(header->name, KP_SLICE("content-length"));
		lengths +=
			kp_http_name_equal(header->name, KP_SLICE("transfer-encoding"));
	}
	FUZZ_CHECK(hosts <= 1 && lengths <= 1);
}

static void
mix_request(uint64_t *digest, const struct kp_http_request *request)
{
	check_request(request);
	mix(digest, request->method_text);
	mix(digest, request->target);
	mix(digest, request->path);
	mix(digest, request->query);
	mix(digest, request->authority);
	uint64_t facts[] = {request->method, request->form, request->minor_version,
		request->chunked, request->content_length, request->keep_alive,
		request->expect_continue, request->header_count};
	mix(digest, (struct kp_slice){(const char *)facts, sizeof(facts)});
	for (size_t i = 0; i < request->header_count; i++) {
		mix(digest, request->headers[i].name);
		mix(digest, request->headers[i].value);
	}
}

struct run {
	uint64_t digest;
	uint64_t body_bytes;
};

static enum kp_status
push_piece(struct kp_http_parser *parser, struct kp_slice piece, struct run *run,
	struct kp_error *err)
{
	enum kp_http_event event = KP_HTTP_HEAD;
	size_t at = 0;
	while (event != KP_HTTP_MORE) {
		size_t used;
		struct kp_slice body = {NULL, 0};
		struct kp_slice rest = {piece.data + at, piece.len - at};
		enum kp_status status =
			kp_http_parser_push(parser, rest, &used, &event, &body, err);
		if (status != KP_OK) {
			return status;
		}
		FUZZ_CHECK(used <= rest.len);
		at += used;
		if (event == KP_HTTP_HEAD) {
			run->body_bytes = 0;
			mix_request(&run->digest, &parser->request);
		}
		for (size_t i = 0; i < body.len; i++) {
			mix(&run->digest, (struct kp_slice){body.data + i, 1});
			run->body_bytes++;
		}
		if (event == KP_HTTP_END) {
			const struct kp_http_request *request = &parser->request;
			FUZZ_CHECK(request->chunked ||
				run->body_bytes == request->content_length);
			mix(&run->digest, KP_SLICE("end"));
		}
	}
	FUZZ_CHECK(at == piece.len);
	return KP_OK;
}

static enum kp_status
parse_in_steps(struct kp_slice text, size_t step, struct run *run, struct kp_error *err)
{
	static const struct kp_http_limits limits = {.target_bytes_max = 100,
		.header_bytes_max = 400,
		.header_count_max = 12,
		.body_bytes_max = 300,
		.chunk_extension_bytes_max = 20,
		.trailer_bytes_max = 60,
		.chunk_count_max = 10};
	struct kp_arena arena;
	kp_arena_init(&arena, ARENA_BYTES, NULL);
	struct kp_http_parser parser;
	kp_http_parser_init(&parser, &limits, &arena);
	enum kp_status status = KP_OK;
	for (size_t at = 0; at < text.len && status == KP_OK; at += step) {
		size_t len = text.len - at < step ? text.len - at : step;
		char *piece = malloc(len);
		FUZZ_CHECK(piece != NULL);
		memcpy(piece, text.data + at, len);
		status = push_piece(&parser, (struct kp_slice){piece, len}, run, err);
		free(piece);
	}
	kp_arena_deinit(&arena);
	return status;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len < 2) {
		return 0;
	}
	struct kp_slice text = {(const char *)bytes + 1, len - 1};
	struct run whole = {0};
	struct run pieces = {0};
	struct kp_error whole_err = {0};
	struct kp_error pieces_err = {0};
	enum kp_status status = parse_in_steps(text, text.len, &whole, &whole_err);
	enum kp_status again =
		parse_in_steps(text, 1 + bytes[0] % 32u, &pieces, &pieces_err);
	FUZZ_CHECK(status == again);
	FUZZ_CHECK(whole.digest == pieces.digest);
	FUZZ_CHECK(strcmp(whole_err.message, pieces_err.message) == 0);
	FUZZ_CHECK(status == KP_OK || kp_status_info(status)->http >= 400);
	return 0;
}
