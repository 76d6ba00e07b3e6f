/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* jws_write: parts of a compact JSON Web Signature (RFC 7515, section 7.1) of our own. */
#ifndef KP_TOKEN_JWS_WRITE_H
#define KP_TOKEN_JWS_WRITE_H

#include "core/buffer.h"
#include "core/encode.h"

/* Appends the bytes as base64url; `out` has failed when they do not fit. */
static inline void
kp_jws_write_part(struct kp_buffer *out, struct kp_slice bytes)
{
	size_t len = KP_BASE64URL_LEN(bytes.len);
	if (bytes.len > 0 && kp_buffer_reserve(out, len)) {
		kp_base64url_write((const unsigned char *)bytes.data, bytes.len,
			out->data + out->len);
		out->len += len;
	}
}

#endif
