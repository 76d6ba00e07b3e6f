/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* signing_key: see signing_key.h. */
#include "crypto/signing_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "core/encode.h"
#include "core/heap.h"
#include "crypto/signature_algs.h"

#define RSA_BITS 3072u

struct kp_signing_key {
	EVP_PKEY *pkey;
	enum kp_key_kind kind;
};

static const struct {
	enum kp_key_kind kind;
	const char *group; /* libcrypto's name of the curve */
	enum kp_signature_alg alg;
} curves[] = {
	{KP_KEY_P256, "prime256v1", KP_ALG_ES256},
	{KP_KEY_P384, "secp384r1", KP_ALG_ES384},
	{KP_KEY_P521, "secp521r1", KP_ALG_ES512},
};

static bool
kind_of(const EVP_PKEY *pkey, enum kp_key_kind *ret_kind)
{
	char group[32] = "";
	if (EVP_PKEY_is_a(pkey, "RSA")) {
		*ret_kind = KP_KEY_RSA;
		return (unsigned)EVP_PKEY_get_bits(pkey) <= KP_RSA_BITS_MAX;
	}
	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*ret_kind = KP_KEY_ED25519;
		return true;
	}
	(void)EVP_PKEY_get_utf8_string_param(
		pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
	for (size_t i = 0; i < KP_ARRAY_LEN(curves); i++) {
		if (strcmp(group, curves[i].group) == 0) {
			*ret_kind = curves[i].kind;
			return true;
		}
	}
	return false;
}

/* Takes over `pkey`, which may be NULL. */
static enum kp_status
wrap(EVP_PKEY *pkey, enum kp_status without, struct kp_signing_key **ret_key)
{
	enum kp_key_kind kind = KP_KEY_RSA;
	ERR_clear_error();
	if (pkey == NULL || !kind_of(pkey, &kind)) {
		EVP_PKEY_free(pkey);
		return without;
	}
	struct kp_signing_key *key = kp_heap_calloc(1, sizeof(*key));
	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return KP_E_MEMORY;
	}
	key->pkey = pkey;
	key->kind = kind;
	*ret_key = key;
	return KP_OK;
}

/* Nobody is asked for a password. */
static int
no_password(char *out, int size, int writing, void *context)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

enum kp_status
kp_signing_key_read(struct kp_slice pem, struct kp_signing_key **ret_key)
{
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (bio == NULL) {
		return KP_E_MEMORY;
	}
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	return wrap(pkey, KP_E_INVALID, ret_key);
}

enum kp_status
kp_signing_key_adopt(EVP_PKEY *pkey, struct kp_signing_key **ret_key)
{
	return wrap(pkey, KP_E_INVALID, ret_key);
}

enum kp_status
kp_signing_key_make(enum kp_key_kind kind, struct kp_signing_key **ret_key)
{
	EVP_PKEY *pkey = NULL;
	if (kind == KP_KEY_RSA) {
		pkey = EVP_RSA_gen(RSA_BITS);
	} else if (kind == KP_KEY_ED25519) {
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	}
	for (size_t i = 0; i < KP_ARRAY_LEN(curves); i++) {
		if (curves[i].kind == kind) {
			pkey = EVP_EC_gen(curves[i].group);
		}
	}
	return wrap(pkey, KP_E_INTERNAL, ret_key);
}

void
kp_signing_key_destroy(struct kp_signing_key **key)
{
	if (*key != NULL) {
		EVP_PKEY_free((*key)->pkey);
		kp_heap_free(*key);
		*key = NULL;
	}
}

enum kp_key_kind
kp_signing_key_kind(const struct kp_signing_key *key)
{
	return key->kind;
}

enum kp_signature_alg
kp_signing_key_alg(const struct kp_signing_key *key)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(curves); i++) {
		if (curves[i].kind == key->kind) {
			return curves[i].alg;
		}
	}
	return key->kind == KP_KEY_RSA ? KP_ALG_PS256 : KP_ALG_EDDSA;
}

enum kp_status
kp_signing_key_write(const struct kp_signing_key *key, struct kp_buffer *out)
{
	char *bytes = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	bool written = bio != NULL &&
		PEM_write_bio_PKCS8PrivateKey(
			bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;
	long len = written ? BIO_get_mem_data(bio, &bytes) : 0;
	kp_buffer_add(out, bytes, (size_t)len);
	BIO_free(bio);
	return written && !out->failed ? KP_OK : KP_E_MEMORY;
}

static bool
add_number(
	struct kp_buffer *out, const EVP_PKEY *pkey, const char *parameter, size_t size)
{
	unsigned char bytes[KP_RSA_BITS_MAX / 8];
	char coded[KP_BASE64URL_LEN(KP_RSA_BITS_MAX / 8)];
	BIGNUM *number = NULL;
	if (EVP_PKEY_get_bn_param(pkey, parameter, &number) != 1) {
		return false;
	}
	size = size == 0 ? (size_t)BN_num_bytes(number) : size;
	bool fits = size <= sizeof(bytes) &&
		BN_bn2binpad(number, bytes, (int)size) == (int)size;
	BN_free(number);
	if (fits) {
		kp_base64url_write(bytes, size, coded);
		kp_buffer_add(out, coded, KP_BASE64URL_LEN(size));
	}
	return fits;
}

static bool
write_okp(const struct kp_signing_key *key, struct kp_buffer *out)
{
	unsigned char bytes[32];
	char coded[KP_BASE64URL_LEN(32)];
	size_t len = sizeof(bytes);
	if (EVP_PKEY_get_raw_public_key(key->pkey, bytes, &len) != 1 ||
		len != sizeof(bytes)) {
		return false;
	}
	kp_base64url_write(bytes, sizeof(bytes), coded);
	KP_BUFFER_ADD(out, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
	kp_buffer_add(out, coded, sizeof(coded));
	KP_BUFFER_ADD(out, "\"}");
	return true;
}

static bool
write_rsa(const struct kp_signing_key *key, struct kp_buffer *out)
{
	KP_BUFFER_ADD(out, "{\"e\":\"");
	bool written = add_number(out, key->pkey, OSSL_PKEY_PARAM_RSA_E, 0);
	KP_BUFFER_ADD(out, "\",\"kty\":\"RSA\",\"n\":\"");
	written = written && add_number(out, key->pkey, OSSL_PKEY_PARAM_RSA_N, 0);
	KP_BUFFER_ADD(out, "\"}");
	return written;
}

static bool
write_ec(const struct kp_signing_key *key, struct kp_buffer *out)
{
	static const char *const names[] = {[KP_KEY_P256] = "P-256",
		[KP_KEY_P384] = "P-384",
		[KP_KEY_P521] = "P-521"};
	size_t size = kp_key_kind_bytes(key->kind);
	kp_buffer_printf(
		out, "{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"", names[key->kind]);
	bool written = add_number(out, key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, size);
	KP_BUFFER_ADD(out, "\",\"y\":\"");
	written = written && add_number(out, key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size);
	KP_BUFFER_ADD(out, "\"}");
	return written;
}

enum kp_status
kp_signing_key_write_jwk(const struct kp_signing_key *key, struct kp_buffer *out)
{
	bool written = key->kind == KP_KEY_RSA ? write_rsa(key, out)
		: key->kind == KP_KEY_ED25519  ? write_okp(key, out)
					       : write_ec(key, out);
	return written && !out->failed ? KP_OK : KP_E_MEMORY;
}

/* libcrypto's DER as r and s, each at its full length. */
static bool
raw_of(const unsigned char *der, size_t der_len, size_t half, unsigned char *ret_raw)
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)der_len);
	bool good = pair != NULL &&
		BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret_raw, (int)half) == (int)half &&
		BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret_raw + half, (int)half) ==
			(int)half;
	ECDSA_SIG_free(pair);
	return good;
}

enum kp_status
kp_signing_key_sign(const struct kp_signing_key *key, enum kp_signature_alg alg,
	struct kp_slice text, unsigned char *ret_signature, size_t *ret_len)
{
	const struct kp_signature_row *row = kp_signature_row(alg);
	if (row->kind != key->kind) {
		return KP_E_INVALID;
	}
	unsigned char made[KP_SIGNATURE_BYTES_MAX];
	size_t len = sizeof(made);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL && kp_signature_prepare(ctx, key->pkey, row, true) &&
		EVP_DigestSign(
			ctx, made, &len, (const unsigned char *)text.data, text.len) == 1;
	EVP_MD_CTX_free(ctx);
	size_t half = kp_key_kind_bytes(key->kind);
	if (good && key->kind != KP_KEY_RSA && key->kind != KP_KEY_ED25519) {
		good = raw_of(made, len, half, ret_signature);
		len = 2 * half;
	} else if (good) {
		memcpy(ret_signature, made, len);
	}
	ERR_clear_error();
	if (!good) {
		return KP_E_INTERNAL;
	}
	*ret_len = len;
	return KP_OK;
}
