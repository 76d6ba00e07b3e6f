/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * challenge: what a client hears when it is not clear who asks: the schemes that are
 * taken here (RFC 6750, section 3; RFC 9449, section 7.1) and one error code, which says
 * what kind of thing to bring and not what was wrong with it. Loop thread.
 */
#ifndef KP_CHALLENGE_H
#define KP_CHALLENGE_H

#include "exchange.h"
#include "snapshot.h"

#define KP_CHALLENGE_HEADERS_MAX 3u

/* Fills `out`, and returns how many. `nonce` is storage for one of them. */
size_t kp_challenge_headers(const struct kp_snapshot_view *view,
	enum kp_token_fault fault, int64_t now_ms, char nonce[KP_NONCE_LEN],
	struct kp_exchange_header out[KP_CHALLENGE_HEADERS_MAX]);

#endif
