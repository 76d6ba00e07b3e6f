/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* verify_key: see verify_key.h. */
#include "crypto/verify_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

#include "core/heap.h"
#include "crypto/signature_algs.h"

#define EXPONENT_BYTES_MAX 8u
#define COORDINATE_BYTES_MAX 66u

struct kp_verify_key {
	EVP_PKEY *pkey;
	enum kp_key_kind kind;
	unsigned rsa_bits;
};

static const struct kp_signature_row rows[KP_ALG_COUNT] = {
	[KP_ALG_RS256] = {"RS256", EVP_sha256, false, KP_KEY_RSA},
	[KP_ALG_RS384] = {"RS384", EVP_sha384, false, KP_KEY_RSA},
	[KP_ALG_RS512] = {"RS512", EVP_sha512, false, KP_KEY_RSA},
	[KP_ALG_PS256] = {"PS256", EVP_sha256, true, KP_KEY_RSA},
	[KP_ALG_PS384] = {"PS384", EVP_sha384, true, KP_KEY_RSA},
	[KP_ALG_PS512] = {"PS512", EVP_sha512, true, KP_KEY_RSA},
	[KP_ALG_ES256] = {"ES256", EVP_sha256, false, KP_KEY_P256},
	[KP_ALG_ES384] = {"ES384", EVP_sha384, false, KP_KEY_P384},
	[KP_ALG_ES512] = {"ES512", EVP_sha512, false, KP_KEY_P521},
	[KP_ALG_EDDSA] = {"EdDSA", NULL, false, KP_KEY_ED25519},
};

static const struct {
	const char *curve; /* of JOSE; NULL for RSA */
	size_t bytes;
} kinds[] = {
	[KP_KEY_RSA] = {NULL, 0},
	[KP_KEY_P256] = {"P-256", 32},
	[KP_KEY_P384] = {"P-384", 48},
	[KP_KEY_P521] = {"P-521", 66},
	[KP_KEY_ED25519] = {"Ed25519", 32},
};

const struct kp_signature_row *
kp_signature_row(enum kp_signature_alg alg)
{
	KP_REQUIRE((unsigned)alg < KP_ALG_COUNT);
	return &rows[alg];
}

bool
kp_signature_alg_find(struct kp_slice name, enum kp_signature_alg *ret_alg)
{
	for (unsigned i = 0; i < KP_ALG_COUNT; i++) {
		if (kp_slice_is(name, rows[i].name)) {
			*ret_alg = (enum kp_signature_alg)i;
			return true;
		}
	}
	return false;
}

const char *
kp_signature_alg_name(enum kp_signature_alg alg)
{
	return kp_signature_row(alg)->name;
}

bool
kp_signature_alg_fits(enum kp_signature_alg alg, enum kp_key_kind kind)
{
	return kp_signature_row(alg)->kind == kind;
}

bool
kp_key_kind_of_curve(struct kp_slice curve, enum kp_key_kind *ret_kind)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(kinds); i++) {
		if (kinds[i].curve != NULL && kp_slice_is(curve, kinds[i].curve)) {
			*ret_kind = (enum kp_key_kind)i;
			return true;
		}
	}
	return false;
}

size_t
kp_key_kind_bytes(enum kp_key_kind kind)
{
	return kinds[kind].bytes;
}

/* Takes over `pkey`, which may be NULL: then the numbers were no key. */
static enum kp_status
wrap(EVP_PKEY *pkey, enum kp_key_kind kind, struct kp_verify_key **ret_key)
{
	if (pkey == NULL) {
		ERR_clear_error();
		return KP_E_INVALID;
	}
	struct kp_verify_key *key = kp_heap_calloc(1, sizeof(*key));
	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return KP_E_MEMORY;
	}
	key->pkey = pkey;
	key->kind = kind;
	key->rsa_bits = kind == KP_KEY_RSA ? (unsigned)EVP_PKEY_get_bits(pkey) : 0;
	*ret_key = key;
	return KP_OK;
}

/* Takes over `build`, also when it is not complete. */
static EVP_PKEY *
from_parameters(const char *type, OSSL_PARAM_BLD *build, bool complete)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *parameters = complete ? OSSL_PARAM_BLD_to_param(build) : NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (parameters != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1) {
		(void)EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, parameters);
	}
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	return pkey;
}

static bool
exponent_is_sound(struct kp_slice exponent)
{
	unsigned char last =
		exponent.len == 0 ? 0 : (unsigned char)exponent.data[exponent.len - 1];
	bool tiny = exponent.len == 1 && last < 3;
	return exponent.len > 0 && exponent.len <= EXPONENT_BYTES_MAX &&
		exponent.data[0] != 0 && (last & 1) == 1 && !tiny;
}

/*
 * Moduli of the broken generator known as ROCA (CVE-2017-15361) are powers of 65537
 * modulo every small prime; of other moduli that is true of one in 2^27.
 */
static bool
is_roca(const BIGNUM *n)
{
	static const unsigned char primes[] = {
		11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157};
	for (size_t i = 0; i < KP_ARRAY_LEN(primes); i++) {
		unsigned prime = primes[i];
		unsigned rest = (unsigned)BN_mod_word(n, prime);
		unsigned power = 1;
		bool found = false;
		for (unsigned step = 0; step < prime && !found; step++) {
			found = power == rest;
			power = power * (65537u % prime) % prime;
		}
		if (!found) {
			return false;
		}
	}
	return true;
}

enum kp_status
kp_verify_key_rsa(
	struct kp_slice modulus, struct kp_slice exponent, struct kp_verify_key **ret_key)
{
	if (modulus.len == 0 || modulus.len > KP_RSA_BITS_MAX / 8 ||
		modulus.data[0] == 0 || !exponent_is_sound(exponent)) {
		return KP_E_INVALID;
	}
	BIGNUM *n =
		BN_bin2bn((const unsigned char *)modulus.data, (int)modulus.len, NULL);
	BIGNUM *e =
		BN_bin2bn((const unsigned char *)exponent.data, (int)exponent.len, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	bool complete = n != NULL && e != NULL && build != NULL && !is_roca(n) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1;
	EVP_PKEY *pkey = from_parameters("RSA", build, complete);
	BN_free(n);
	BN_free(e);
	return wrap(pkey, KP_KEY_RSA, ret_key);
}

enum kp_status
kp_verify_key_ec(enum kp_key_kind kind, struct kp_slice x, struct kp_slice y,
	struct kp_verify_key **ret_key)
{
	size_t bytes = kp_key_kind_bytes(kind);
	KP_REQUIRE(kind == KP_KEY_P256 || kind == KP_KEY_P384 || kind == KP_KEY_P521);
	if (x.len != bytes || y.len != bytes) {
		return KP_E_INVALID;
	}
	unsigned char point[1 + 2 * COORDINATE_BYTES_MAX] = {
		POINT_CONVERSION_UNCOMPRESSED};
	memcpy(point + 1, x.data, bytes);
	memcpy(point + 1 + bytes, y.data, bytes);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	bool complete = build != NULL &&
		OSSL_PARAM_BLD_push_utf8_string(
			build, OSSL_PKEY_PARAM_GROUP_NAME, kinds[kind].curve, 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(
			build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * bytes) == 1;
	/* libcrypto takes no point that is not on the curve, and the cofactor is 1. */
	return wrap(from_parameters("EC", build, complete), kind, ret_key);
}

enum kp_status
kp_verify_key_ed25519(struct kp_slice x, struct kp_verify_key **ret_key)
{
	if (x.len != kp_key_kind_bytes(KP_KEY_ED25519)) {
		return KP_E_INVALID;
	}
	return wrap(EVP_PKEY_new_raw_public_key(
			    EVP_PKEY_ED25519, NULL, (const unsigned char *)x.data, x.len),
		KP_KEY_ED25519, ret_key);
}

void
kp_verify_key_destroy(struct kp_verify_key **key)
{
	if (*key != NULL) {
		EVP_PKEY_free((*key)->pkey);
		kp_heap_free(*key);
		*key = NULL;
	}
}

enum kp_key_kind
kp_verify_key_kind(const struct kp_verify_key *key)
{
	return key->kind;
}

unsigned
kp_verify_key_rsa_bits(const struct kp_verify_key *key)
{
	return key->rsa_bits;
}

bool
kp_signature_prepare(
	EVP_MD_CTX *ctx, EVP_PKEY *key, const struct kp_signature_row *row, bool signing)
{
	const EVP_MD *digest = row->digest == NULL ? NULL : row->digest();
	EVP_PKEY_CTX *options = NULL;
	int begun = signing ? EVP_DigestSignInit(ctx, &options, digest, NULL, key)
			    : EVP_DigestVerifyInit(ctx, &options, digest, NULL, key);
	if (begun != 1) {
		return false;
	}
	return !row->pss ||
		(EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 &&
			EVP_PKEY_CTX_set_rsa_pss_saltlen(
				options, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* r and s, each at its full length, as the DER that libcrypto reads; 0 without memory. */
static size_t
der_of(struct kp_slice raw, unsigned char *ret_der)
{
	const unsigned char *bytes = (const unsigned char *)raw.data;
	int half = (int)(raw.len / 2);
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(bytes, half, NULL);
	BIGNUM *s = BN_bin2bn(bytes + half, half, NULL);
	int len = 0;
	if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
		r = NULL;
		s = NULL;
		len = i2d_ECDSA_SIG(pair, &ret_der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	return len > 0 ? (size_t)len : 0;
}

static size_t
signature_bytes(const struct kp_verify_key *key)
{
	return key->kind == KP_KEY_RSA ? (size_t)EVP_PKEY_get_size(key->pkey)
				       : 2 * kp_key_kind_bytes(key->kind);
}

enum kp_status
kp_verify_key_check(const struct kp_verify_key *key, enum kp_signature_alg alg,
	struct kp_slice text, struct kp_slice signature)
{
	const struct kp_signature_row *row = kp_signature_row(alg);
	if (row->kind != key->kind || signature.len != signature_bytes(key)) {
		return KP_E_UNAUTHENTICATED;
	}
	unsigned char der[KP_ECDSA_DER_BYTES_MAX];
	bool ecdsa = key->kind != KP_KEY_RSA && key->kind != KP_KEY_ED25519;
	if (ecdsa) {
		signature = (struct kp_slice){(const char *)der, der_of(signature, der)};
		if (signature.len == 0) {
			return KP_E_MEMORY;
		}
	}
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (ctx == NULL || !kp_signature_prepare(ctx, key->pkey, row, false)) {
		EVP_MD_CTX_free(ctx);
		ERR_clear_error();
		return KP_E_MEMORY;
	}
	int verdict = EVP_DigestVerify(ctx, (const unsigned char *)signature.data,
		signature.len, (const unsigned char *)text.data, text.len);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return verdict == 1 ? KP_OK : KP_E_UNAUTHENTICATED;
}
