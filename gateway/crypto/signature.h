/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* signature: Ed25519 (RFC 8032) with libcrypto, keys as their raw bytes. Any thread. */
#ifndef KP_CRYPTO_SIGNATURE_H
#define KP_CRYPTO_SIGNATURE_H

#include "core/error.h"
#include "core/slice.h"

#define KP_SIGN_KEY_BYTES ((size_t)32)
#define KP_SIGNATURE_BYTES ((size_t)64)

/* A new key pair. KP_E_INTERNAL when libcrypto fails. */
enum kp_status kp_sign_key_make(unsigned char ret_secret[KP_SIGN_KEY_BYTES],
	unsigned char ret_public[KP_SIGN_KEY_BYTES]) KP_MUST_USE;
/* The public half of a secret. As above. */
enum kp_status kp_sign_key_public(const unsigned char secret[KP_SIGN_KEY_BYTES],
	unsigned char ret_public[KP_SIGN_KEY_BYTES]) KP_MUST_USE;
enum kp_status kp_sign(const unsigned char secret[KP_SIGN_KEY_BYTES],
	struct kp_slice text,
	unsigned char ret_signature[KP_SIGNATURE_BYTES]) KP_MUST_USE;
/* Is it the signature of this text under this key? False also when libcrypto fails. */
bool kp_sign_verify(const unsigned char public_key[KP_SIGN_KEY_BYTES],
	struct kp_slice text, const unsigned char signature[KP_SIGNATURE_BYTES]);

#endif
