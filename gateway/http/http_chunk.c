/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* http_chunk: see http_chunk.h. */
#include "http/http_chunk.h"

#include "core/encode.h"
#include "http/http_text.h"

#define DIGITS_MAX 16u

enum state {
	SIZE,
	/* In a chunk extension (RFC 9112, section 7.1.1), without the white space it
	   calls bad. */
	EXTENSION_NAME_FIRST,
	EXTENSION_NAME,
	EXTENSION_VALUE_FIRST,
	EXTENSION_TOKEN,
	EXTENSION_QUOTED,
	EXTENSION_QUOTED_PAIR,
	EXTENSION_AFTER_QUOTED,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
};

static enum kp_status
refuse(enum kp_status status, const char *fault, const char **ret_fault)
{
	*ret_fault = fault;
	return status;
}

/* The size line of a chunk is complete. */
static enum kp_status
begin_chunk(struct kp_http_chunks *chunks, const char **ret_fault)
{
	if (chunks->left == 0) {
		chunks->last = true;
		return KP_OK;
	}
	if (chunks->count >= chunks->count_max) {
		return refuse(KP_E_BODY_LIMIT, "more chunks than allowed", ret_fault);
	}
	if (chunks->left > chunks->body_bytes_max - chunks->body_bytes) {
		return refuse(
			KP_E_BODY_LIMIT, "the body is larger than allowed", ret_fault);
	}
	chunks->count++;
	chunks->body_bytes += chunks->left;
	chunks->state = DATA;
	return KP_OK;
}

static enum kp_status
step_size(struct kp_http_chunks *chunks, unsigned char byte, const char **ret_fault)
{
	int digit = kp_hex_digit((char)byte);
	if (digit >= 0) {
		if (chunks->digits >= DIGITS_MAX) {
			return refuse(KP_E_SYNTAX, "a chunk size has too many digits",
				ret_fault);
		}
		chunks->digits++;
		chunks->left = chunks->left << 4 | (unsigned)digit;
		return KP_OK;
	}
	if (chunks->digits == 0 || (byte != '\r' && byte != ';')) {
		return refuse(KP_E_SYNTAX, "a chunk size is not hexadecimal", ret_fault);
	}
	chunks->digits = 0;
	chunks->state = byte == '\r' ? SIZE_LF : EXTENSION_NAME_FIRST;
	return KP_OK;
}

/* The state after one byte of an extension; SIZE when the byte is wrong. */
static enum state
next_in_extension(enum state state, unsigned char byte)
{
	bool name = state == EXTENSION_NAME;
	bool complete =
		name || state == EXTENSION_TOKEN || state == EXTENSION_AFTER_QUOTED;
	if (complete && (byte == '\r' || byte == ';')) {
		return byte == '\r' ? SIZE_LF : EXTENSION_NAME_FIRST;
	}
	if (name && byte == '=') {
		return EXTENSION_VALUE_FIRST;
	}
	if (state == EXTENSION_VALUE_FIRST && byte == '"') {
		return EXTENSION_QUOTED;
	}
	if (state == EXTENSION_QUOTED_PAIR) {
		return kp_http_is_value_byte(byte) ? EXTENSION_QUOTED : SIZE;
	}
	if (state == EXTENSION_QUOTED) {
		if (byte == '"') {
			return EXTENSION_AFTER_QUOTED;
		}
		if (byte == '\\') {
			return EXTENSION_QUOTED_PAIR;
		}
		return kp_http_is_value_byte(byte) ? state : SIZE;
	}
	if (state == EXTENSION_AFTER_QUOTED || !kp_http_is_tchar(byte)) {
		return SIZE;
	}
	return name || state == EXTENSION_NAME_FIRST ? EXTENSION_NAME : EXTENSION_TOKEN;
}

static enum kp_status
step_extension(struct kp_http_chunks *chunks, unsigned char byte, const char **ret_fault)
{
	if (chunks->extension_bytes >= chunks->extension_bytes_max) {
		return refuse(KP_E_HEADER_LIMIT,
			"chunk extensions are longer than allowed", ret_fault);
	}
	chunks->extension_bytes++;
	enum state next = next_in_extension((enum state)chunks->state, byte);
	if (next == SIZE) {
		return refuse(
			KP_E_SYNTAX, "a chunk extension is not well formed", ret_fault);
	}
	chunks->state = next;
	return KP_OK;
}

static enum kp_status
step_exact(struct kp_http_chunks *chunks, unsigned char byte, unsigned char wanted,
	enum state next, const char **ret_fault)
{
	if (byte != wanted) {
		return refuse(
			KP_E_SYNTAX, "a chunk does not end as announced", ret_fault);
	}
	chunks->state = next;
	return KP_OK;
}

/* One byte of what is around chunks. */
static enum kp_status
step_frame(struct kp_http_chunks *chunks, unsigned char byte, const char **ret_fault)
{
	switch ((enum state)chunks->state) {
	case SIZE:
		return step_size(chunks, byte, ret_fault);
	case EXTENSION_NAME_FIRST:
	case EXTENSION_NAME:
	case EXTENSION_VALUE_FIRST:
	case EXTENSION_TOKEN:
	case EXTENSION_QUOTED:
	case EXTENSION_QUOTED_PAIR:
	case EXTENSION_AFTER_QUOTED:
		return step_extension(chunks, byte, ret_fault);
	case SIZE_LF:
		if (byte != '\n') {
			return refuse(KP_E_SYNTAX,
				"a chunk size line does not end in CRLF", ret_fault);
		}
		return begin_chunk(chunks, ret_fault);
	case DATA_CR:
		return step_exact(chunks, byte, '\r', DATA_LF, ret_fault);
	case DATA_LF:
		return step_exact(chunks, byte, '\n', SIZE, ret_fault);
	case DATA:
		break;
	}
	KP_UNREACHABLE();
}

static struct kp_slice
take_piece(struct kp_http_chunks *chunks, struct kp_slice bytes, size_t *used)
{
	struct kp_slice piece = kp_http_rest(bytes, *used);
	if (piece.len > chunks->left) {
		piece.len = (size_t)chunks->left;
	}
	chunks->left -= piece.len;
	chunks->state = chunks->left == 0 ? DATA_CR : DATA;
	*used += piece.len;
	return piece;
}

enum kp_status
kp_http_chunks_step(struct kp_http_chunks *chunks, struct kp_slice bytes, size_t *used,
	struct kp_slice *ret_piece, const char **ret_fault)
{
	*ret_piece = (struct kp_slice){NULL, 0};
	while (*used < bytes.len && !chunks->last) {
		if (chunks->state == DATA) {
			*ret_piece = take_piece(chunks, bytes, used);
			return KP_OK;
		}
		unsigned char byte = (unsigned char)bytes.data[(*used)++];
		enum kp_status status = step_frame(chunks, byte, ret_fault);
		if (status != KP_OK) {
			return status;
		}
	}
	return KP_OK;
}
