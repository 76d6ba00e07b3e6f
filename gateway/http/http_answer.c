/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_answer: see http_answer.h. */
#include "http/http_answer.h"

#include <string.h>

#include "http/http_text.h"

#define LENGTH_DIGITS_MAX 18u

/* What comes after the last chunk, byte by byte. */
enum trailer {
	LINE_FIRST,
	NAME,
	VALUE,
	LINE_LF,
	END_LF,
};

static enum kp_status
refuse(enum kp_status status, const char *fault, const char **ret_fault)
{
	*ret_fault = fault;
	return status;
}

/* ---- the head ---- */

size_t
kp_http_answer_head_len(struct kp_slice bytes, size_t seen)
{
	size_t at = seen > 3 ? seen - 3 : 0;
	while (at < bytes.len) {
		const char *newline = memchr(bytes.data + at, '\n', bytes.len - at);
		if (newline == NULL) {
			return 0;
		}
		at = (size_t)(newline - bytes.data) + 1;
		if (bytes.len - at >= 2 && newline[1] == '\r' && newline[2] == '\n') {
			return at + 2;
		}
	}
	return 0;
}

bool
kp_http_answer_plausible(struct kp_slice bytes)
{
	static const char begin[] = {'H', 'T', 'T', 'P', '/', '1', '.'};
	size_t len = bytes.len < sizeof(begin) ? bytes.len : sizeof(begin);
	return len == 0 || memcmp(bytes.data, begin, len) == 0;
}

/* The next line, without its end; false when it does not end in CRLF. */
static bool
take_line(struct kp_slice *rest, struct kp_slice *ret_line)
{
	const char *newline = memchr(rest->data, '\n', rest->len);
	size_t len = newline == NULL ? 0 : (size_t)(newline - rest->data);
	if (len == 0 || rest->data[len - 1] != '\r') {
		return false;
	}
	*ret_line = (struct kp_slice){rest->data, len - 1};
	*rest = kp_http_rest(*rest, len + 1);
	return true;
}

/* RFC 9112, section 4. The reason may be absent, with the space before it. */
static bool
read_status_line(struct kp_http_answer *answer, struct kp_slice line)
{
	if (line.len < 12 || !kp_http_answer_plausible(line) || line.data[8] != ' ' ||
		(line.data[7] != '0' && line.data[7] != '1') ||
		(line.len > 12 && line.data[12] != ' ')) {
		return false;
	}
	uint32_t status = 0;
	for (size_t i = 9; i < 12; i++) {
		if (!kp_http_is_digit((unsigned char)line.data[i])) {
			return false;
		}
		status = status * 10 + (uint32_t)(line.data[i] - '0');
	}
	answer->status = status;
	answer->keep_alive = line.data[7] == '1';
	return status >= 100 && kp_http_value_valid(kp_http_rest(line, 12));
}

static bool
read_field(struct kp_slice line, struct kp_http_header *ret_header)
{
	const char *colon = line.len == 0 ? NULL : memchr(line.data, ':', line.len);
	if (colon == NULL) {
		return false;
	}
	size_t name_len = (size_t)(colon - line.data);
	ret_header->name = (struct kp_slice){line.data, name_len};
	ret_header->value = kp_slice_trim(kp_http_rest(line, name_len + 1));
	return kp_http_token_valid(ret_header->name) &&
		kp_http_value_valid(ret_header->value);
}

static bool
read_length(struct kp_http_answer *answer, struct kp_slice text)
{
	uint64_t length = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (!kp_http_is_digit((unsigned char)text.data[i])) {
			return false;
		}
		length = length * 10 + (uint64_t)(text.data[i] - '0');
	}
	answer->left = length;
	return text.len > 0 && text.len <= LENGTH_DIGITS_MAX;
}

static void
read_connection(struct kp_http_answer *answer, struct kp_slice list)
{
	while (list.len > 0) {
		struct kp_slice option = kp_slice_trim(kp_slice_cut(&list, ','));
		if (kp_http_name_equal(option, KP_SLICE("close"))) {
			answer->keep_alive = false;
		}
	}
}

struct framing {
	const struct kp_http_header *length;
	const struct kp_http_header *coding;
	unsigned count; /* of both */
};

static void
note_framing(struct kp_http_answer *answer, const struct kp_http_header *header,
	struct framing *framing)
{
	/* The lengths of the three names, before any comparison of bytes. */
	if (header->name.len == 14 &&
		kp_http_name_equal(header->name, KP_SLICE("content-length"))) {
		framing->length = header;
		framing->count++;
	} else if (header->name.len == 17 &&
		kp_http_name_equal(header->name, KP_SLICE("transfer-encoding"))) {
		framing->coding = header;
		framing->count++;
	} else if (header->name.len == 10 &&
		kp_http_name_equal(header->name, KP_SLICE("connection"))) {
		read_connection(answer, header->value);
	}
}

/*
 * RFC 9112, section 6.3, but where a reader may take one of two statements there is no
 * answer: the rest of this one would be read as the answer to the next question.
 */
static enum kp_status
settle_framing(struct kp_http_answer *answer, const struct framing *framing,
	bool version_1_0, const char **ret_fault)
{
	if (framing->count > 1) {
		return refuse(KP_E_SYNTAX, "the answer says more than once where it ends",
			ret_fault);
	}
	if (framing->coding != NULL) {
		if (version_1_0 ||
			!kp_http_name_equal(
				framing->coding->value, KP_SLICE("chunked"))) {
			return refuse(KP_E_SYNTAX,
				"the answer has a transfer coding other than 'chunked'",
				ret_fault);
		}
		answer->framing = KP_HTTP_FRAMING_CHUNKS;
	} else if (framing->length != NULL) {
		if (!read_length(answer, framing->length->value)) {
			return refuse(KP_E_SYNTAX,
				"the answer's length is not one decimal number",
				ret_fault);
		}
		answer->framing = KP_HTTP_FRAMING_LENGTH;
	} else {
		answer->framing = KP_HTTP_FRAMING_CLOSE;
	}
	if (answer->head_request || answer->interim || answer->status == 204 ||
		answer->status == 304) {
		answer->framing = KP_HTTP_FRAMING_NONE;
	}
	return KP_OK;
}

static void
begin_body(struct kp_http_answer *answer)
{
	answer->chunks = (struct kp_http_chunks){
		.body_bytes_max = UINT64_MAX,
		.extension_bytes_max = answer->trailer_bytes_max,
		.count_max = SIZE_MAX,
	};
	answer->ended = answer->framing == KP_HTTP_FRAMING_NONE ||
		(answer->framing == KP_HTTP_FRAMING_LENGTH && answer->left == 0);
	answer->ended = answer->ended && !answer->interim;
	if (answer->framing == KP_HTTP_FRAMING_CLOSE) {
		answer->keep_alive = false;
	}
}

enum kp_status
kp_http_answer_read_head(struct kp_http_answer *answer, struct kp_slice head,
	struct kp_http_header *headers, size_t headers_max, const char **ret_fault)
{
	struct framing framing = {0};
	struct kp_slice line = {NULL, 0};
	answer->header_count = 0;
	answer->left = 0;
	if (!take_line(&head, &line) || !read_status_line(answer, line)) {
		return refuse(KP_E_SYNTAX, "the answer has no status line", ret_fault);
	}
	bool version_1_0 = !answer->keep_alive;
	answer->interim = answer->status < 200;
	while (head.len > 2) {
		if (answer->header_count == headers_max) {
			return refuse(KP_E_HEADER_LIMIT,
				"the answer has too many header fields", ret_fault);
		}
		struct kp_http_header *header = &headers[answer->header_count];
		if (!take_line(&head, &line) || !read_field(line, header)) {
			return refuse(KP_E_SYNTAX,
				"the answer has a header field that is not one",
				ret_fault);
		}
		answer->header_count++;
		note_framing(answer, header, &framing);
	}
	if (answer->status == 101) {
		return refuse(KP_E_SYNTAX,
			"the answer changes to a protocol that was not asked for",
			ret_fault);
	}
	enum kp_status status = settle_framing(answer, &framing, version_1_0, ret_fault);
	if (status == KP_OK) {
		begin_body(answer);
	}
	return status;
}

/* ---- the body ---- */

static struct kp_slice
take_piece(struct kp_http_answer *answer, struct kp_slice bytes, size_t *used)
{
	struct kp_slice piece = kp_http_rest(bytes, *used);
	if (answer->framing == KP_HTTP_FRAMING_LENGTH) {
		if (piece.len > answer->left) {
			piece.len = (size_t)answer->left;
		}
		answer->left -= piece.len;
		answer->ended = answer->left == 0;
	}
	*used += piece.len;
	return piece;
}

/* The state after one byte of a trailer section; LINE_FIRST where a line ends. False: the
 * byte may not be there. */
static bool
step_trailer(struct kp_http_answer *answer, unsigned char byte)
{
	enum trailer state = (enum trailer)answer->trailer_state;
	switch (state) {
	case LINE_FIRST:
		answer->trailer_state = byte == '\r' ? END_LF : NAME;
		return byte == '\r' || kp_http_is_tchar(byte);
	case NAME:
		answer->trailer_state = byte == ':' ? VALUE : NAME;
		return byte == ':' || kp_http_is_tchar(byte);
	case VALUE:
		answer->trailer_state = byte == '\r' ? LINE_LF : VALUE;
		return byte == '\r' || kp_http_is_value_byte(byte);
	case LINE_LF:
		answer->trailer_state = LINE_FIRST;
		return byte == '\n';
	case END_LF:
		answer->ended = byte == '\n';
		return answer->ended;
	}
	return false;
}

/* Trailers are of no use here: checked and dropped. */
static enum kp_status
read_trailers(struct kp_http_answer *answer, struct kp_slice bytes, size_t *used,
	const char **ret_fault)
{
	while (*used < bytes.len && !answer->ended) {
		if (answer->trailer_bytes >= answer->trailer_bytes_max) {
			return refuse(KP_E_HEADER_LIMIT,
				"the answer's trailer fields are longer than allowed",
				ret_fault);
		}
		answer->trailer_bytes++;
		if (!step_trailer(answer, (unsigned char)bytes.data[(*used)++])) {
			return refuse(KP_E_SYNTAX,
				"the answer has a trailer field that is not one",
				ret_fault);
		}
	}
	return KP_OK;
}

enum kp_status
kp_http_answer_read_body(struct kp_http_answer *answer, struct kp_slice bytes,
	size_t *used, struct kp_slice *ret_piece, const char **ret_fault)
{
	*ret_piece = (struct kp_slice){NULL, 0};
	if (answer->ended || *used == bytes.len) {
		return KP_OK;
	}
	if (answer->framing != KP_HTTP_FRAMING_CHUNKS) {
		*ret_piece = take_piece(answer, bytes, used);
		return KP_OK;
	}
	if (!answer->chunks.last) {
		enum kp_status status = kp_http_chunks_step(
			&answer->chunks, bytes, used, ret_piece, ret_fault);
		if (status != KP_OK || ret_piece->data != NULL) {
			return status;
		}
	}
	return answer->chunks.last ? read_trailers(answer, bytes, used, ret_fault)
				   : KP_OK;
}
