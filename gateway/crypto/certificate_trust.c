/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* certificate_trust: see certificate_trust.h. */
#include "crypto/certificate_trust.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "core/heap.h"
#include "crypto/certificate_subject.h"
#include "crypto/trust_private.h"

#define RSA_BITS_MIN 2048
#define SIGNATURE_BYTES_MAX ((size_t)1024)
#define DER_BYTES_MAX ((size_t)160)

static BIO *
open_text(struct kp_slice pem)
{
	return pem.len > INT32_MAX ? NULL : BIO_new_mem_buf(pem.data, (int)pem.len);
}

static size_t
add_anchors(X509_STORE *store, BIO *text)
{
	size_t count = 0;
	X509 *anchor;
	while (text != NULL && store != NULL &&
		(anchor = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
		count += X509_STORE_add_cert(store, anchor) == 1 ? 1 : 0;
		X509_free(anchor);
	}
	return count;
}

enum kp_status
kp_trust_read(struct kp_slice pem, struct kp_trust **ret_trust)
{
	struct kp_trust *trust = kp_heap_calloc(1, sizeof(*trust));
	BIO *text = open_text(pem);
	if (trust == NULL || text == NULL) {
		BIO_free(text);
		kp_heap_free(trust);
		return KP_E_MEMORY;
	}
	trust->store = X509_STORE_new();
	size_t count = add_anchors(trust->store, text);
	BIO_free(text);
	if (count == 0) {
		enum kp_status status = trust->store == NULL ? KP_E_MEMORY : KP_E_INVALID;
		kp_trust_destroy(&trust);
		return status;
	}
	*ret_trust = trust;
	return KP_OK;
}

void
kp_trust_destroy(struct kp_trust **trust)
{
	if (*trust != NULL) {
		X509_STORE_free((*trust)->store);
		kp_heap_free(*trust);
		*trust = NULL;
	}
}

bool
kp_trust_leads(const struct kp_trust *trust, X509 *certificate, STACK_OF(X509) * others,
	int64_t now_s)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool good = ctx != NULL &&
		X509_STORE_CTX_init(ctx, trust->store, certificate, others) == 1;
	if (good) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
		(void)X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
		(void)X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY);
		good = X509_verify_cert(ctx) == 1;
	}
	X509_STORE_CTX_free(ctx);
	return good;
}

bool
kp_trust_names(X509 *certificate, struct kp_slice oin)
{
	unsigned char *der = NULL;
	struct kp_certificate_subject subject = {0};
	if (oin.len == 0) {
		return true;
	}
	int len = i2d_X509_NAME(X509_get_subject_name(certificate), &der);
	bool same = len > 0 &&
		kp_certificate_subject_parse(
			(struct kp_slice){(const char *)der, (size_t)len}, &subject) ==
			KP_OK &&
		kp_slice_equal(subject.oin, oin);
	OPENSSL_free(der);
	return same;
}

/* Whatever its extended use: signing SOAP has none of its own, and partners sign with
 * certificates for TLS. */
static bool
may_sign(const struct kp_trust *trust, X509 *certificate, int64_t now_s)
{
	return kp_trust_leads(trust, certificate, NULL, now_s) &&
		(X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) != 0;
}

/* r and s as the DER that libcrypto wants. */
static size_t
ecdsa_der(struct kp_slice signature, unsigned char out[DER_BYTES_MAX])
{
	int half = (int)(signature.len / 2);
	const unsigned char *bytes = (const unsigned char *)signature.data;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(bytes, half, NULL);
	BIGNUM *s = BN_bin2bn(bytes + half, half, NULL);
	if (pair == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		ECDSA_SIG_free(pair);
		return 0;
	}
	unsigned char *at = out;
	int len = i2d_ECDSA_SIG(pair, NULL);
	len = len > 0 && len <= (int)DER_BYTES_MAX ? i2d_ECDSA_SIG(pair, &at) : 0;
	ECDSA_SIG_free(pair);
	return len > 0 ? (size_t)len : 0;
}

static bool
key_fits(EVP_PKEY *key, enum kp_trust_alg alg, struct kp_slice signature)
{
	if (alg == KP_TRUST_ECDSA_SHA256) {
		size_t bytes = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
		return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
			EVP_PKEY_get_bits(key) >= 256 && EVP_PKEY_get_bits(key) <= 521 &&
			signature.len == 2 * bytes;
	}
	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
		EVP_PKEY_get_bits(key) >= RSA_BITS_MIN && signature.len > 0 &&
		signature.len <= SIGNATURE_BYTES_MAX;
}

static bool
signed_by(EVP_PKEY *key, enum kp_trust_alg alg, struct kp_slice bytes,
	struct kp_slice signature)
{
	unsigned char der[DER_BYTES_MAX];
	const unsigned char *at = (const unsigned char *)signature.data;
	size_t len = signature.len;
	if (alg == KP_TRUST_ECDSA_SHA256) {
		len = ecdsa_der(signature, der);
		at = der;
	}
	const EVP_MD *digest = alg == KP_TRUST_RSA_SHA1 ? EVP_sha1() : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = len > 0 && ctx != NULL &&
		EVP_DigestVerifyInit(ctx, NULL, digest, NULL, key) == 1 &&
		EVP_DigestVerify(
			ctx, at, len, (const unsigned char *)bytes.data, bytes.len) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

const char *
kp_trust_check(const struct kp_trust *trust, struct kp_slice certificate, int64_t now_s,
	struct kp_slice oin, enum kp_trust_alg alg, struct kp_slice bytes,
	struct kp_slice signature)
{
	const unsigned char *at = (const unsigned char *)certificate.data;
	const unsigned char *end = at + certificate.len;
	X509 *x509 = certificate.len > INT32_MAX
		? NULL
		: d2i_X509(NULL, &at, (long)certificate.len);
	EVP_PKEY *key = x509 == NULL ? NULL : X509_get0_pubkey(x509);
	const char *fault = NULL;
	if (key == NULL || at != end) {
		fault = "the certificate of who signed cannot be read";
	} else if (!may_sign(trust, x509, now_s)) {
		fault = "the certificate of who signed is not trusted";
	} else if (!kp_trust_names(x509, oin)) {
		fault = "the certificate of who signed is of another organisation";
	} else if (!key_fits(key, alg, signature) ||
		!signed_by(key, alg, bytes, signature)) {
		fault = "the signature is not right";
	}
	X509_free(x509);
	return fault;
}

enum kp_status
kp_certificate_der(struct kp_slice pem, struct kp_arena *arena, struct kp_slice *ret_der)
{
	BIO *text = open_text(pem);
	X509 *x509 = text == NULL ? NULL : PEM_read_bio_X509(text, NULL, NULL, NULL);
	BIO_free(text);
	if (x509 == NULL) {
		return text == NULL ? KP_E_MEMORY : KP_E_INVALID;
	}
	int len = i2d_X509(x509, NULL);
	char *der = len <= 0 ? NULL : kp_arena_bytes(arena, (size_t)len);
	unsigned char *at = (unsigned char *)der;
	if (der == NULL || i2d_X509(x509, &at) != len) {
		X509_free(x509);
		return KP_E_MEMORY;
	}
	X509_free(x509);
	*ret_der = (struct kp_slice){der, (size_t)len};
	return KP_OK;
}

void
kp_sha1(struct kp_slice bytes, unsigned char ret_digest[20])
{
	unsigned len = 20;
	(void)EVP_Digest(bytes.data, bytes.len, ret_digest, &len, EVP_sha1(), NULL);
}
