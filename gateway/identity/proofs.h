/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * proofs: the DPoP proofs that were shown to this process, so that none is taken twice
 * (RFC 9449, section 11.1), and the nonces it gives out.
 *
 * One table for all loops, of the process: made once at start, and shared by every
 * snapshot's settings by reference, so that a reload forgets nothing. Any thread; a lock
 * is held for a look-up and at most two removals. Other replicas have not seen what this
 * one has: a proof that leaked could be shown once more to each of them while it is
 * fresh. With nonces it cannot, because a nonce is good where it was given only.
 */
#ifndef KP_IDENTITY_PROOFS_H
#define KP_IDENTITY_PROOFS_H

#include "token/dpop.h"

struct kp_proofs;

/* The key of the nonces is drawn with kp_random_bytes. KP_E_MEMORY, KP_E_INTERNAL. */
enum kp_status kp_proofs_create(
	uint32_t count_max, struct kp_proofs **ret_proofs) KP_MUST_USE;
struct kp_proofs *kp_proofs_ref(struct kp_proofs *proofs);
/* Accepts NULL. */
void kp_proofs_unref(struct kp_proofs **proofs);

/* KP_TOKEN_GOOD the first time; KP_TOKEN_PROOF_AGAIN; KP_TOKEN_BUSY when count_max proofs
 * are still fresh. `keep_s`: how long it has to be remembered from now. */
enum kp_token_fault kp_proofs_take(struct kp_proofs *proofs,
	const unsigned char id[KP_SHA256_BYTES], int64_t now_s,
	int64_t keep_s) KP_MUST_USE;

/* The nonce of the slot of time that `now_s` is in; slots are `slot_s` long. */
void kp_proofs_nonce(
	const struct kp_proofs *proofs, int64_t now_s, int64_t slot_s, char *ret_nonce);

#endif
