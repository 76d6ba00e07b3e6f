/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * formatter: what the parts of format.c share; private to the formatter. It walks the
 * tokens of a text that is known to parse, in the shape of the grammar, and says where
 * each part may be broken. It works on tokens and not on the tree, because parentheses,
 * spelling and comments are to stay.
 */
#ifndef KP_CEDAR_FORMATTER_H
#define KP_CEDAR_FORMATTER_H

#include "format.h"
#include "layout.h"
#include "lex.h"

/* A token with the comments that belong to it. */
struct kp_cedar_piece {
	enum kp_cedar_token_kind kind;
	struct kp_slice text;     /* as written, quotes included */
	struct kp_slice leading;  /* white space and comments on lines above it */
	struct kp_slice trailing; /* and behind it on its own line */
};

struct kp_cedar_formatter {
	struct kp_cedar_layout layout;
	struct kp_arena *arena;
	struct kp_cedar_piece *pieces; /* ends with KP_CEDAR_T_END */
	size_t count;
	size_t at;
};

/* --- format_pieces.c --- */

/* Fills `pieces`. The text has been parsed before, so that only memory can fail. */
enum kp_status kp_cedar_format_read(
	struct kp_cedar_formatter *formatter, struct kp_slice text) KP_MUST_USE;
struct kp_slice kp_cedar_format_trim(struct kp_slice text);
/* The next comment in a gap, without what is around it; false when there is none. */
bool kp_cedar_format_comment(struct kp_slice *gap, struct kp_slice *ret_comment);
/* The next token with its comments, and `behind` it; a comment behind the token ends the
 * line, and takes the place of `behind`. */
const struct kp_cedar_block *kp_cedar_format_take(
	struct kp_cedar_formatter *formatter, const struct kp_cedar_block *behind);

/* --- format_expr.c --- */

const struct kp_cedar_block *kp_cedar_format_expr(struct kp_cedar_formatter *formatter);
/* No relation, as in a scope. */
const struct kp_cedar_block *kp_cedar_format_add(struct kp_cedar_formatter *formatter);
bool kp_cedar_format_at_relation(const struct kp_cedar_formatter *formatter);

/* --- making blocks, short because they stand in every line --- */

static inline const struct kp_cedar_block *
text(struct kp_cedar_formatter *formatter, const char *literal)
{
	return kp_cedar_layout_text(&formatter->layout, kp_slice_from(literal));
}

static inline const struct kp_cedar_block *
line(struct kp_cedar_formatter *formatter)
{
	return kp_cedar_layout_line(&formatter->layout);
}

static inline const struct kp_cedar_block *
softline(struct kp_cedar_formatter *formatter)
{
	return kp_cedar_layout_softline(&formatter->layout);
}

static inline const struct kp_cedar_block *
hardline(struct kp_cedar_formatter *formatter)
{
	return kp_cedar_layout_hardline(&formatter->layout);
}

static inline const struct kp_cedar_block *
join(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *first,
	const struct kp_cedar_block *second)
{
	return kp_cedar_layout_join(&formatter->layout, first, second);
}

static inline const struct kp_cedar_block *
nest(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *inner)
{
	return kp_cedar_layout_nest(&formatter->layout, KP_CEDAR_FORMAT_INDENT, inner);
}

static inline const struct kp_cedar_block *
group(struct kp_cedar_formatter *formatter, const struct kp_cedar_block *inner)
{
	return kp_cedar_layout_group(&formatter->layout, inner);
}

static inline enum kp_cedar_token_kind
kind_at(const struct kp_cedar_formatter *formatter)
{
	return formatter->pieces[formatter->at].kind;
}

static inline bool
at_word(const struct kp_cedar_formatter *formatter, const char *word)
{
	return kind_at(formatter) == KP_CEDAR_T_IDENT &&
		kp_slice_is(formatter->pieces[formatter->at].text, word);
}

#endif
