/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* fault: see fault.h. */
#include "token/fault.h"

static const struct {
	enum kp_token_challenge challenge;
	const char *reason;
} rows[KP_TOKEN_FAULT_COUNT] = {
	[KP_TOKEN_GOOD] = {KP_CHALLENGE_NONE, "it is clear who asks"},
#define KP_TOKEN_FAULT(code, challenge, reason)                                          \
	[code] = {KP_CHALLENGE_##challenge, reason},
#include "token/fault.def"
#undef KP_TOKEN_FAULT
};

enum kp_token_challenge
kp_token_fault_challenge(enum kp_token_fault fault)
{
	KP_REQUIRE((unsigned)fault < KP_TOKEN_FAULT_COUNT);
	return rows[fault].challenge;
}

const char *
kp_token_fault_reason(enum kp_token_fault fault)
{
	KP_REQUIRE((unsigned)fault < KP_TOKEN_FAULT_COUNT);
	return rows[fault].reason;
}
