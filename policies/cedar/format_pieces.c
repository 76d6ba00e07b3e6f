/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* format_pieces: the tokens of a text with their comments. See formatter.h. */
#include "formatter.h"

#include "lex.h"

static bool
add_piece(struct kp_cedar_formatter *formatter, size_t *capacity,
	struct kp_cedar_piece piece)
{
	struct kp_cedar_piece *pieces = kp_arena_fit(formatter->arena, formatter->pieces,
		formatter->count, capacity, 256, sizeof(*pieces));
	if (pieces == NULL) {
		return false;
	}
	formatter->pieces = pieces;
	formatter->pieces[formatter->count++] = piece;
	return true;
}

/* What lies between two tokens: its first line belongs to the one before. */
static void
split_gap(struct kp_cedar_formatter *formatter, struct kp_slice gap,
	struct kp_cedar_piece *next)
{
	size_t line = 0;
	if (formatter->count > 0) {
		while (line < gap.len && gap.data[line] != '\n') {
			line++;
		}
		formatter->pieces[formatter->count - 1].trailing =
			(struct kp_slice){gap.data, line};
	}
	next->leading = (struct kp_slice){gap.data + line, gap.len - line};
}

enum kp_status
kp_cedar_format_read(struct kp_cedar_formatter *formatter, struct kp_slice text)
{
	struct kp_error err;
	struct kp_cedar_lexer lexer;
	struct kp_cedar_token token = {.kind = KP_CEDAR_T_AT};
	size_t capacity = 0;
	size_t end = 0;
	enum kp_status status = kp_cedar_lexer_init(&lexer, NULL, text, &err);
	while (status == KP_OK && token.kind != KP_CEDAR_T_END) {
		status = kp_cedar_lexer_next(&lexer, &token, &err);
		if (status != KP_OK) {
			return status;
		}
		struct kp_cedar_piece piece = {.kind = token.kind};
		piece.text = (struct kp_slice){
			text.data + token.pos.offset, lexer.token_end - token.pos.offset};
		split_gap(formatter,
			(struct kp_slice){text.data + end, token.pos.offset - end},
			&piece);
		end = lexer.token_end;
		if (!add_piece(formatter, &capacity, piece)) {
			return KP_E_MEMORY;
		}
	}
	return status;
}

static bool
space_byte(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct kp_slice
kp_cedar_format_trim(struct kp_slice text)
{
	while (text.len > 0 && space_byte(text.data[0])) {
		text.data++;
		text.len--;
	}
	while (text.len > 0 && space_byte(text.data[text.len - 1])) {
		text.len--;
	}
	return text;
}

/* The next comment in a gap, without what is around it; false when there is none. */
bool
kp_cedar_format_comment(struct kp_slice *gap, struct kp_slice *ret_comment)
{
	while (gap->len >= 2 && !(gap->data[0] == '/' && gap->data[1] == '/')) {
		gap->data++;
		gap->len--;
	}
	if (gap->len < 2) {
		return false;
	}
	size_t len = 0;
	while (len < gap->len && gap->data[len] != '\n' && gap->data[len] != '\r') {
		len++;
	}
	*ret_comment = kp_cedar_format_trim((struct kp_slice){gap->data, len});
	gap->data += len;
	gap->len -= len;
	return true;
}

/* Comments above a token, each on its line, with new lines around all of them. */
static const struct kp_cedar_block *
leading(struct kp_cedar_formatter *formatter, struct kp_slice gap)
{
	const struct kp_cedar_block *result = NULL;
	struct kp_slice comment;
	while (kp_cedar_format_comment(&gap, &comment)) {
		result = join(formatter, result, hardline(formatter));
		result = join(formatter, result,
			kp_cedar_layout_text(&formatter->layout, comment));
	}
	return result == NULL ? NULL : join(formatter, result, hardline(formatter));
}

/*
 * The next token with its comments, and `behind` it; a comment behind the token ends the
 * line, and takes the place of `behind`.
 */
const struct kp_cedar_block *
kp_cedar_format_take(
	struct kp_cedar_formatter *formatter, const struct kp_cedar_block *behind)
{
	struct kp_cedar_piece *piece = &formatter->pieces[formatter->at];
	struct kp_slice gap = piece->trailing;
	struct kp_slice comment;
	if (piece->kind != KP_CEDAR_T_END) {
		formatter->at++;
	}
	const struct kp_cedar_block *result = leading(formatter, piece->leading);
	result = join(
		formatter, result, kp_cedar_layout_text(&formatter->layout, piece->text));
	if (!kp_cedar_format_comment(&gap, &comment)) {
		return join(formatter, result, behind);
	}
	result = join(formatter, result, text(formatter, " "));
	result = join(
		formatter, result, kp_cedar_layout_text(&formatter->layout, comment));
	return join(formatter, result, hardline(formatter));
}
