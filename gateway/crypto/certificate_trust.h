/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * certificate_trust: signatures that come with the certificate of who signed, as in
 * WS-Security: is the certificate one that leads to anchors we chose (RFC 5280, section
 * 6), and is the signature its? Signatures are those of XML Signature 1.1: RSA is
 * PKCS #1 v1.5, ECDSA is r and s one after the other.
 */
#ifndef KP_CRYPTO_CERTIFICATE_TRUST_H
#define KP_CRYPTO_CERTIFICATE_TRUST_H

#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/slice.h"

enum kp_trust_alg {
	KP_TRUST_RSA_SHA256,
	KP_TRUST_ECDSA_SHA256,
	KP_TRUST_RSA_SHA1,
};

/* Anchors. Immutable after reading; any thread. */
struct kp_trust;

/* From one or more certificates in PEM. KP_E_INVALID when there is none; KP_E_MEMORY. */
enum kp_status kp_trust_read(
	struct kp_slice pem, struct kp_trust **ret_trust) KP_MUST_USE;
void kp_trust_destroy(struct kp_trust **trust); /* accepts NULL */

/* NULL when the certificate (DER) leads to the anchors at that time (seconds since 1970,
 * UTC), is of the organisation `oin` (empty: of any) and signed these bytes; else why
 * not, as text without anybody's data. */
const char *kp_trust_check(const struct kp_trust *trust, struct kp_slice certificate,
	int64_t now_s, struct kp_slice oin, enum kp_trust_alg alg, struct kp_slice bytes,
	struct kp_slice signature);

/* The first certificate of a PEM text as DER, in the arena. KP_E_INVALID when there is
 * none; KP_E_MEMORY. */
enum kp_status kp_certificate_der(struct kp_slice pem, struct kp_arena *arena,
	struct kp_slice *ret_der) KP_MUST_USE;

/* SHA-1 (FIPS 180-4), for partners whose signatures are older than its ban. */
void kp_sha1(struct kp_slice bytes, unsigned char ret_digest[20]);

#endif
