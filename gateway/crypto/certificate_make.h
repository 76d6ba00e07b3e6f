/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * certificate_make: keys, certificates and revocation lists (RFC 5280) for development
 * and tests. Not an authority: nothing remembers what it signed.
 */
#ifndef KP_CRYPTO_CERTIFICATE_MAKE_H
#define KP_CRYPTO_CERTIFICATE_MAKE_H

#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

#define KP_CERTIFICATE_PEM_BYTES_MAX ((size_t)64 * 1024)

enum kp_make_key {
	KP_MAKE_EC_P256,
	KP_MAKE_RSA_3072,
};

enum kp_make_use {
	KP_MAKE_AUTHORITY,
	KP_MAKE_SERVER, /* serverAuth */
	KP_MAKE_CLIENT, /* clientAuth */
};

/* What to make. */
struct kp_certificate_wish {
	enum kp_make_key key;
	enum kp_make_use use;
	const char *common_name;
	const char *organisation;  /* NULL: none */
	const char *serial_number; /* of the subject, for an OIN; NULL: none */
	const char *hosts;         /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
	int64_t from_s;            /* UTC, seconds since 1970 */
	int64_t until_s;
};

/* A certificate and its key; heap. */
struct kp_certificate;

/* `issuer` NULL: it signs itself. KP_E_INTERNAL when libcrypto fails. */
enum kp_status kp_certificate_make(const struct kp_certificate_wish *wish,
	const struct kp_certificate *issuer, struct kp_certificate **ret_certificate,
	struct kp_error *err) KP_MUST_USE;
/* From the PEM of both. KP_E_INVALID when they do not read or belong together. */
enum kp_status kp_certificate_read(struct kp_slice certificate, struct kp_slice key,
	struct kp_certificate **ret_certificate, struct kp_error *err) KP_MUST_USE;
void kp_certificate_destroy(struct kp_certificate **certificate); /* accepts NULL */
int64_t kp_certificate_until_s(const struct kp_certificate *certificate);

/* In the arena, as PEM. */
enum kp_status kp_certificate_write(const struct kp_certificate *certificate,
	struct kp_arena *arena, struct kp_slice *ret_text) KP_MUST_USE;
enum kp_status kp_certificate_write_key(const struct kp_certificate *certificate,
	struct kp_arena *arena, struct kp_slice *ret_text) KP_MUST_USE;
/* The issuer's revocation list with these certificates on it (may be none). */
enum kp_status kp_certificate_write_crl(const struct kp_certificate *issuer,
	const struct kp_certificate *const *revoked, size_t count, int64_t from_s,
	int64_t until_s, struct kp_arena *arena, struct kp_slice *ret_text) KP_MUST_USE;

#endif
