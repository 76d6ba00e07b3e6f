/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tokens: verdicts about tokens that were seen before, by the SHA-256 of the token (never
 * the token). Bounded; the one not used for longest goes first. What is kept is wiped
 * when it goes. One loop thread.
 */
#ifndef KP_IDENTITY_TOKENS_H
#define KP_IDENTITY_TOKENS_H

#include "token/access.h"

struct kp_tokens;

/* KP_E_MEMORY. */
enum kp_status kp_tokens_create(
	uint32_t count_max, struct kp_tokens **ret_tokens) KP_MUST_USE;
/* Accepts NULL. */
void kp_tokens_destroy(struct kp_tokens **tokens);

/* What is known of a token. Lifetime: until the next call about this store. */
struct kp_token_entry {
	enum kp_token_fault fault;
	struct kp_access access; /* when fault is KP_TOKEN_GOOD */
	int64_t until_s;         /* not from then on */
	uint32_t generation;     /* of the issuer's keys */
	bool introspected;       /* no key of the issuer's was used */
};

/* NULL when it is not known, or not any more. */
const struct kp_token_entry *kp_tokens_find(struct kp_tokens *tokens,
	const unsigned char digest[KP_SHA256_BYTES], int64_t now_s);
/* Copies the entry. Without memory nothing is remembered, and nothing is wrong. */
void kp_tokens_put(struct kp_tokens *tokens, const unsigned char digest[KP_SHA256_BYTES],
	const struct kp_token_entry *entry);
/* What was known under another set of keys is known no more. */
void kp_tokens_drop(
	struct kp_tokens *tokens, const unsigned char digest[KP_SHA256_BYTES]);

#endif
