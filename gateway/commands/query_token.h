/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* query_token: the access token with which `ketenpoort query` shows who asks, and proofs
 * that we hold the key it is bound to (DPoP, RFC 9449). */
#ifndef KP_COMMANDS_QUERY_TOKEN_H
#define KP_COMMANDS_QUERY_TOKEN_H

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

struct kp_signing_key;

/* Zeroed at first; texts live in the arena. */
struct query_token {
	struct kp_slice text;
	struct kp_signing_key *key; /* NULL: a bearer token */
	const char *address;        /* of the question, as proofs name it */
};

/* Reads the token and, unless key_file is NULL, the key. `gateway` is the address by
 * which clients know it; `target` what is asked there. KP_E_IO, KP_E_INVALID, KP_E_LIMIT,
 * KP_E_MEMORY; `err` names the option. */
enum kp_status query_token_read(struct query_token *token, const char *token_file,
	const char *key_file, const char *gateway, const char *target,
	struct kp_arena *arena, struct kp_error *err) KP_MUST_USE;
/* The value of Authorization; NULL without memory. */
const char *query_token_authorization(
	const struct query_token *token, struct kp_arena *arena);
/* A fresh proof for POST, with the gateway's nonce when it gave one; NULL when it cannot
 * be made. */
const char *query_token_proof(
	const struct query_token *token, struct kp_slice nonce, struct kp_arena *arena);
void query_token_deinit(struct query_token *token);

#endif
