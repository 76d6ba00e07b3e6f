/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * detached_signature: CMS SignedData (RFC 5652) in DER that lies beside what it signs, as
 * `openssl cms -sign -binary -outform DER` makes it: one signer, SHA-256, signed
 * attributes, the certificate of who signed within. The content itself is not read here,
 * only its digest: so it can be hashed while it is read for something else.
 */
#ifndef KP_CRYPTO_DETACHED_SIGNATURE_H
#define KP_CRYPTO_DETACHED_SIGNATURE_H

#include "crypto/certificate_trust.h"
#include "crypto/crypto.h"

#define KP_DETACHED_BYTES_MAX ((size_t)256 * 1024)

enum kp_detached {
	KP_DETACHED_GOOD,
	KP_DETACHED_UNREADABLE, /* no such signature, or none that is taken here */
	KP_DETACHED_DIFFERS,    /* a signature of something else, or not by that key */
	KP_DETACHED_UNTRUSTED,  /* who signed leads to no anchor at that time */
	KP_DETACHED_USAGE,      /* the certificate is not one to sign deliveries with */
	KP_DETACHED_OTHER,      /* who signed is another organisation */
	KP_DETACHED_MEMORY,
};

/*
 * Is it a signature of content with this digest, by a certificate that leads to `trust`
 * at that time (seconds since 1970, UTC)? The certificate's key usage has to allow
 * digitalSignature or nonRepudiation; its extended usage, when it has one, has to name
 * emailProtection, codeSigning, documentSigning (RFC 9336) or any: one for TLS only is no
 * signer. `oin`: the organisation in its subject; empty: any. Any thread.
 */
enum kp_detached kp_detached_check(const struct kp_trust *trust, struct kp_slice der,
	const unsigned char digest[KP_SHA256_BYTES], int64_t now_s, struct kp_slice oin);

#endif
