/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* expr_words: see expr_words.h. */
#include "expr_words.h"

static const struct kp_cedar_expr_word words[] = {
	{"Value", KP_CEDAR_OP_LITERAL, KP_CEDAR_SHAPE_OTHER},
	{"Var", KP_CEDAR_OP_VAR, KP_CEDAR_SHAPE_OTHER},
	{"!", KP_CEDAR_OP_NOT, KP_CEDAR_SHAPE_ARG},
	{"neg", KP_CEDAR_OP_NEG, KP_CEDAR_SHAPE_ARG},
	{"&&", KP_CEDAR_OP_AND, KP_CEDAR_SHAPE_PAIR},
	{"||", KP_CEDAR_OP_OR, KP_CEDAR_SHAPE_PAIR},
	{"==", KP_CEDAR_OP_EQ, KP_CEDAR_SHAPE_PAIR},
	{"!=", KP_CEDAR_OP_NE, KP_CEDAR_SHAPE_PAIR},
	{"<", KP_CEDAR_OP_LT, KP_CEDAR_SHAPE_PAIR},
	{"<=", KP_CEDAR_OP_LE, KP_CEDAR_SHAPE_PAIR},
	{">", KP_CEDAR_OP_GT, KP_CEDAR_SHAPE_PAIR},
	{">=", KP_CEDAR_OP_GE, KP_CEDAR_SHAPE_PAIR},
	{"in", KP_CEDAR_OP_IN, KP_CEDAR_SHAPE_PAIR},
	{"+", KP_CEDAR_OP_ADD, KP_CEDAR_SHAPE_PAIR},
	{"-", KP_CEDAR_OP_SUB, KP_CEDAR_SHAPE_PAIR},
	{"*", KP_CEDAR_OP_MUL, KP_CEDAR_SHAPE_PAIR},
	{"contains", KP_CEDAR_OP_CONTAINS, KP_CEDAR_SHAPE_PAIR},
	{"containsAll", KP_CEDAR_OP_CONTAINS_ALL, KP_CEDAR_SHAPE_PAIR},
	{"containsAny", KP_CEDAR_OP_CONTAINS_ANY, KP_CEDAR_SHAPE_PAIR},
	{"getTag", KP_CEDAR_OP_GET_TAG, KP_CEDAR_SHAPE_PAIR},
	{"hasTag", KP_CEDAR_OP_HAS_TAG, KP_CEDAR_SHAPE_PAIR},
	{"isEmpty", KP_CEDAR_OP_IS_EMPTY, KP_CEDAR_SHAPE_ARG},
	{".", KP_CEDAR_OP_GET, KP_CEDAR_SHAPE_OTHER},
	{"has", KP_CEDAR_OP_HAS, KP_CEDAR_SHAPE_OTHER},
	{"like", KP_CEDAR_OP_LIKE, KP_CEDAR_SHAPE_OTHER},
	{"is", KP_CEDAR_OP_IS, KP_CEDAR_SHAPE_OTHER},
	{"if-then-else", KP_CEDAR_OP_IF, KP_CEDAR_SHAPE_OTHER},
	{"Set", KP_CEDAR_OP_SET, KP_CEDAR_SHAPE_OTHER},
	{"Record", KP_CEDAR_OP_RECORD, KP_CEDAR_SHAPE_OTHER},
};

const struct kp_cedar_expr_word *
kp_cedar_expr_word_find(struct kp_slice word)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (kp_slice_is(word, words[i].word)) {
			return &words[i];
		}
	}
	return NULL;
}

const struct kp_cedar_expr_word *
kp_cedar_expr_word_of(enum kp_cedar_op op)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(words); i++) {
		if (words[i].op == op) {
			return &words[i];
		}
	}
	return NULL;
}

const char *
kp_cedar_var_word(enum kp_cedar_var var)
{
	static const char *const names[] = {
		[KP_CEDAR_VAR_PRINCIPAL] = "principal",
		[KP_CEDAR_VAR_ACTION] = "action",
		[KP_CEDAR_VAR_RESOURCE] = "resource",
		[KP_CEDAR_VAR_CONTEXT] = "context",
	};
	return names[var];
}
