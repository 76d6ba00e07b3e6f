/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* expr_words: the words of operators and variables in the JSON form, in one table for
 * reader and writer. */
#ifndef KP_CEDAR_EXPR_WORDS_H
#define KP_CEDAR_EXPR_WORDS_H

#include "ast.h"

/* How the operands of an operator are written. */
enum kp_cedar_expr_shape {
	KP_CEDAR_SHAPE_ARG,   /* {"arg": x} */
	KP_CEDAR_SHAPE_PAIR,  /* {"left": x, "right": y} */
	KP_CEDAR_SHAPE_OTHER, /* its own */
};

struct kp_cedar_expr_word {
	const char *word;
	enum kp_cedar_op op;
	enum kp_cedar_expr_shape shape;
};

/* NULL when there is none (then it may be a function). */
const struct kp_cedar_expr_word *kp_cedar_expr_word_find(struct kp_slice word);
/* Of any operator but LITERAL and CALL, which have several. */
const struct kp_cedar_expr_word *kp_cedar_expr_word_of(enum kp_cedar_op op);
/* "principal", "action", "resource", "context". */
const char *kp_cedar_var_word(enum kp_cedar_var var);

#endif
