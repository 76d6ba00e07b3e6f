/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fault: what can be wrong with what says who asks; the rows of fault.def. Any thread. */
#ifndef KP_TOKEN_FAULT_H
#define KP_TOKEN_FAULT_H

#include "core/attr.h"

enum kp_token_fault {
	KP_TOKEN_GOOD = 0,
#define KP_TOKEN_FAULT(code, challenge, reason) code,
#include "token/fault.def"
#undef KP_TOKEN_FAULT
	KP_TOKEN_FAULT_COUNT
};

/* What a client hears. */
enum kp_token_challenge {
	KP_CHALLENGE_NONE,  /* 401 without an error code */
	KP_CHALLENGE_TOKEN, /* 401 invalid_token */
	KP_CHALLENGE_PROOF, /* 401 invalid_dpop_proof */
	KP_CHALLENGE_NONCE, /* 401 use_dpop_nonce */
	KP_CHALLENGE_WAIT,  /* 503 */
};

/* What the client is told. */
enum kp_token_challenge kp_token_fault_challenge(enum kp_token_fault fault);
/* A literal for the log; holds nothing of the token. */
const char *kp_token_fault_reason(enum kp_token_fault fault);

#endif
