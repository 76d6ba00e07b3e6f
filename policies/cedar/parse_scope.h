/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* parse_scope: (principal ..., action ..., resource ...), the part of a policy that can
 * be indexed. */
#ifndef KP_CEDAR_PARSE_SCOPE_H
#define KP_CEDAR_PARSE_SCOPE_H

#include "parser.h"

/* Scope [','] ')' into policy->principal, action and resource; the opening parenthesis is
 * used. */
enum kp_status kp_cedar_parser_scope(struct kp_cedar_parser *parser,
	struct kp_cedar_policy *policy, struct kp_error *err) KP_MUST_USE;

#endif
