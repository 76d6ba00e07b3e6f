/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * zgw: how we show who asks to the "API's voor Zaakgericht Werken" (VNG, ZGW standard,
 * authentication): a JWT of our own under a shared secret, HS256 (RFC 7518, section
 * 3.2), made for one question. Pure. Any thread.
 */
#ifndef KP_TOKEN_ZGW_H
#define KP_TOKEN_ZGW_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"

struct kp_zgw_token {
	struct kp_slice client; /* iss and client_id */
	struct kp_slice secret;
	/* For the partner's audit trail: user_id and user_representation; empty: the
	 * client stands there too. */
	struct kp_slice user;
	int64_t now_s; /* iat */
};

/* Appends the compact token. KP_E_MEMORY, KP_E_INTERNAL when libcrypto fails. */
enum kp_status kp_zgw_token_write(
	const struct kp_zgw_token *token, struct kp_buffer *out) KP_MUST_USE;

#endif
