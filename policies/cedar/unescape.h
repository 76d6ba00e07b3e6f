/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* unescape: string tokens to patterns; to text is kp_cedar_unescape of lex.h. */
#ifndef KP_CEDAR_UNESCAPE_H
#define KP_CEDAR_UNESCAPE_H

#include "ast.h"

/* A string token as the pattern of `like`. KP_E_SYNTAX with position, KP_E_MEMORY. */
enum kp_status kp_cedar_unescape_pattern(struct kp_arena *arena,
	const struct kp_cedar_lexer *lexer, const struct kp_cedar_token *token,
	const struct kp_cedar_pattern **ret_pattern, struct kp_error *err) KP_MUST_USE;

#endif
