/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* signature_algs: what verifying and signing share: one row per algorithm, and the two
 * forms of an ECDSA signature. For this room only. */
#ifndef KP_CRYPTO_SIGNATURE_ALGS_H
#define KP_CRYPTO_SIGNATURE_ALGS_H

#include <openssl/evp.h>

#include "crypto/verify_key.h"

/* r and s of P-521, each in DER, with their sequence. */
#define KP_ECDSA_DER_BYTES_MAX 160u

struct kp_signature_row {
	const char *name;
	const EVP_MD *(*digest)(void); /* NULL: the algorithm has its own */
	bool pss;
	enum kp_key_kind kind;
};

/* Constant. */
const struct kp_signature_row *kp_signature_row(enum kp_signature_alg alg);
/* Readies `ctx` for a row: padding and salt (RFC 7518, 3.3 and 3.5). */
bool kp_signature_prepare(
	EVP_MD_CTX *ctx, EVP_PKEY *key, const struct kp_signature_row *row, bool signing);

#endif
