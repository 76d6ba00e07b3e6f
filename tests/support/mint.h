/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * mint: tokens and proofs for tests, signed with keys made on the spot. Everything lives
 * in one arena; a failure ends the test at the spot.
 */
#ifndef KP_TESTS_MINT_H
#define KP_TESTS_MINT_H

#include "core/arena.h"
#include "core/buffer.h"
#include "core/encode.h"
#include "crypto/crypto.h"
#include "crypto/signing_key.h"

static inline void
kp_mint_add_coded(struct kp_buffer *out, struct kp_slice bytes)
{
	char *coded = kp_arena_bytes(out->arena, KP_BASE64URL_LEN(bytes.len) + 1);
	KP_REQUIRE(coded != NULL);
	kp_base64url_write((const unsigned char *)bytes.data, bytes.len, coded);
	kp_buffer_add(out, coded, KP_BASE64URL_LEN(bytes.len));
}

/* A compact token of exactly this header and payload. */
static inline struct kp_slice
kp_mint_raw(struct kp_arena *arena, const struct kp_signing_key *key,
	enum kp_signature_alg alg, const char *header, const char *payload)
{
	struct kp_buffer out;
	unsigned char signature[KP_SIGNATURE_BYTES_MAX];
	size_t len = 0;
	kp_buffer_init(&out, arena, (size_t)1 << 20);
	kp_mint_add_coded(&out, kp_slice_from(header));
	kp_buffer_add_char(&out, '.');
	kp_mint_add_coded(&out, kp_slice_from(payload));
	KP_REQUIRE(kp_signing_key_sign(
			   key, alg, kp_buffer_slice(&out), signature, &len) == KP_OK);
	kp_buffer_add_char(&out, '.');
	kp_mint_add_coded(&out, (struct kp_slice){(const char *)signature, len});
	KP_REQUIRE(!out.failed);
	return kp_buffer_slice(&out);
}

/* The same with the key's own algorithm and this kid and type. */
static inline struct kp_slice
kp_mint(struct kp_arena *arena, const struct kp_signing_key *key, const char *kid,
	const char *type, const char *payload)
{
	enum kp_signature_alg alg = kp_signing_key_alg(key);
	char *header =
		kp_arena_printf(arena, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"%s\"}",
			kp_signature_alg_name(alg), kid, type);
	KP_REQUIRE(header != NULL);
	return kp_mint_raw(arena, key, alg, header, payload);
}

/* The key itself. */
static inline const char *
kp_mint_pem(struct kp_arena *arena, const struct kp_signing_key *key)
{
	struct kp_buffer out;
	kp_buffer_init(&out, arena, (size_t)1 << 16);
	KP_REQUIRE(kp_signing_key_write(key, &out) == KP_OK);
	kp_buffer_add_char(&out, '\0');
	KP_REQUIRE(!out.failed);
	return out.data;
}

/* The public half, with more members behind it: `,"kid":"…"`. */
static inline const char *
kp_mint_jwk(struct kp_arena *arena, const struct kp_signing_key *key, const char *more)
{
	struct kp_buffer out;
	kp_buffer_init(&out, arena, (size_t)1 << 16);
	KP_REQUIRE(kp_signing_key_write_jwk(key, &out) == KP_OK);
	out.len--; /* the last brace */
	kp_buffer_printf(&out, "%s}", more);
	kp_buffer_add_char(&out, '\0');
	KP_REQUIRE(!out.failed);
	return out.data;
}

/* Thumbprint (RFC 7638) of the public half. */
static inline void
kp_mint_thumbprint(struct kp_arena *arena, const struct kp_signing_key *key,
	unsigned char ret_thumbprint[KP_SHA256_BYTES])
{
	struct kp_slice jwk = kp_slice_from(kp_mint_jwk(arena, key, ""));
	kp_sha256(&jwk, 1, ret_thumbprint);
}

static inline const char *
kp_mint_text(struct kp_arena *arena, const unsigned char *bytes, size_t len)
{
	struct kp_buffer out;
	kp_buffer_init(&out, arena, (size_t)1 << 16);
	kp_mint_add_coded(&out, (struct kp_slice){(const char *)bytes, len});
	kp_buffer_add_char(&out, '\0');
	KP_REQUIRE(!out.failed);
	return out.data;
}

#endif
