/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* certificate_make: see certificate_make.h. */
#include "crypto/certificate_make.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "core/heap.h"

#define SERIAL_BYTES 16

struct kp_certificate {
	X509 *certificate;
	EVP_PKEY *key;
};

static enum kp_status
failed(struct kp_error *err, const char *what)
{
	ERR_clear_error();
	return kp_error_set(err, KP_E_INTERNAL, "%s could not be made", what);
}

static EVP_PKEY *
make_key(enum kp_make_key kind)
{
	return kind == KP_MAKE_EC_P256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(3072);
}

static bool
add_name(X509_NAME *name, const char *field, const char *value)
{
	return value == NULL ||
		X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
			(const unsigned char *)value, -1, -1, 0) == 1;
}

static bool
set_subject(X509 *certificate, const struct kp_certificate_wish *wish)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	return add_name(name, "C", "NL") && add_name(name, "O", wish->organisation) &&
		add_name(name, "CN", wish->common_name) &&
		add_name(name, "serialNumber", wish->serial_number);
}

static bool
set_serial(X509 *certificate)
{
	unsigned char bytes[SERIAL_BYTES];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
		return false;
	}
	bytes[0] =
		(unsigned char)((bytes[0] & 0x3fu) | 0x40u); /* positive, full length */
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool set = number != NULL &&
		BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return set;
}

static bool
set_dates(X509 *certificate, const struct kp_certificate_wish *wish)
{
	return ASN1_TIME_adj(X509_getm_notBefore(certificate), (time_t)wish->from_s, 0,
		       0) != NULL &&
		ASN1_TIME_adj(X509_getm_notAfter(certificate), (time_t)wish->until_s, 0,
			0) != NULL;
}

static bool
add_extension(X509 *certificate, X509V3_CTX *context, int id, const char *value)
{
	X509_EXTENSION *extension =
		value == NULL ? NULL : X509V3_EXT_conf_nid(NULL, context, id, value);
	bool added = value == NULL ||
		(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
	X509_EXTENSION_free(extension);
	return added;
}

static bool
set_extensions(X509 *certificate, X509 *issuer, const struct kp_certificate_wish *wish)
{
	static const char *const extended[] = {
		[KP_MAKE_AUTHORITY] = NULL,
		[KP_MAKE_SERVER] = "serverAuth",
		[KP_MAKE_CLIENT] = "clientAuth",
	};
	bool authority = wish->use == KP_MAKE_AUTHORITY;
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	return add_extension(certificate, &context, NID_basic_constraints,
		       authority ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
		add_extension(certificate, &context, NID_key_usage,
			authority ? "critical,keyCertSign,cRLSign"
				  : "critical,digitalSignature") &&
		add_extension(
			certificate, &context, NID_ext_key_usage, extended[wish->use]) &&
		add_extension(certificate, &context, NID_subject_alt_name, wish->hosts) &&
		add_extension(
			certificate, &context, NID_subject_key_identifier, "hash") &&
		(certificate == issuer ||
			add_extension(certificate, &context, NID_authority_key_identifier,
				"keyid:always"));
}

static bool
fill(struct kp_certificate *made, const struct kp_certificate_wish *wish,
	const struct kp_certificate *issuer)
{
	X509 *by = issuer == NULL ? made->certificate : issuer->certificate;
	EVP_PKEY *with = issuer == NULL ? made->key : issuer->key;
	return X509_set_version(made->certificate, X509_VERSION_3) == 1 &&
		set_serial(made->certificate) && set_subject(made->certificate, wish) &&
		X509_set_issuer_name(made->certificate, X509_get_subject_name(by)) == 1 &&
		set_dates(made->certificate, wish) &&
		X509_set_pubkey(made->certificate, made->key) == 1 &&
		set_extensions(made->certificate, by, wish) &&
		X509_sign(made->certificate, with, EVP_sha256()) > 0;
}

enum kp_status
kp_certificate_make(const struct kp_certificate_wish *wish,
	const struct kp_certificate *issuer, struct kp_certificate **ret_certificate,
	struct kp_error *err)
{
	struct kp_certificate *made = kp_heap_calloc(1, sizeof(*made));
	if (made == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a certificate");
	}
	made->certificate = X509_new();
	made->key = make_key(wish->key);
	if (made->certificate == NULL || made->key == NULL || !fill(made, wish, issuer)) {
		kp_certificate_destroy(&made);
		return failed(err, "a certificate");
	}
	*ret_certificate = made;
	return KP_OK;
}

enum kp_status
kp_certificate_read(struct kp_slice certificate, struct kp_slice key,
	struct kp_certificate **ret_certificate, struct kp_error *err)
{
	struct kp_certificate *read = kp_heap_calloc(1, sizeof(*read));
	if (read == NULL) {
		return kp_error_set(err, KP_E_MEMORY, "no memory for a certificate");
	}
	BIO *of_certificate = BIO_new_mem_buf(certificate.data, (int)certificate.len);
	BIO *of_key = BIO_new_mem_buf(key.data, (int)key.len);
	if (of_certificate != NULL && of_key != NULL) {
		read->certificate = PEM_read_bio_X509(of_certificate, NULL, NULL, NULL);
		read->key = PEM_read_bio_PrivateKey(of_key, NULL, NULL, NULL);
	}
	BIO_free(of_certificate);
	BIO_free(of_key);
	if (read->certificate == NULL || read->key == NULL ||
		X509_check_private_key(read->certificate, read->key) != 1) {
		ERR_clear_error();
		kp_certificate_destroy(&read);
		return kp_error_set(err, KP_E_INVALID,
			"the certificate or its key does not read, or they do not belong "
			"together");
	}
	*ret_certificate = read;
	return KP_OK;
}

void
kp_certificate_destroy(struct kp_certificate **certificate)
{
	if (*certificate != NULL) {
		X509_free((*certificate)->certificate);
		EVP_PKEY_free((*certificate)->key);
		kp_heap_free(*certificate);
		*certificate = NULL;
	}
}

int64_t
kp_certificate_until_s(const struct kp_certificate *certificate)
{
	struct tm parts;
	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate->certificate), &parts) != 1) {
		return 0;
	}
	return (int64_t)timegm(&parts);
}

/* Takes what was written out of the BIO, which it frees. */
static enum kp_status
take_text(BIO *bio, bool good, struct kp_arena *arena, struct kp_slice *ret_text)
{
	char *data = NULL;
	long len = bio == NULL || !good ? 0 : BIO_get_mem_data(bio, &data);
	enum kp_status status = len <= 0 ? KP_E_INTERNAL : KP_OK;
	if (status == KP_OK) {
		*ret_text = kp_arena_copy(arena, (struct kp_slice){data, (size_t)len});
		status = ret_text->data == NULL ? KP_E_MEMORY : KP_OK;
	}
	BIO_free(bio);
	ERR_clear_error();
	return status;
}

enum kp_status
kp_certificate_write(const struct kp_certificate *certificate, struct kp_arena *arena,
	struct kp_slice *ret_text)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = bio != NULL && PEM_write_bio_X509(bio, certificate->certificate) == 1;
	return take_text(bio, good, arena, ret_text);
}

enum kp_status
kp_certificate_write_key(const struct kp_certificate *certificate, struct kp_arena *arena,
	struct kp_slice *ret_text)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool good = bio != NULL &&
		PEM_write_bio_PKCS8PrivateKey(
			bio, certificate->key, NULL, NULL, 0, NULL, NULL) == 1;
	return take_text(bio, good, arena, ret_text);
}

static bool
revoke(X509_CRL *crl, X509 *certificate, const ASN1_TIME *when)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	bool good = entry != NULL &&
		X509_REVOKED_set_serialNumber(
			entry, X509_get_serialNumber(certificate)) == 1;
	ASN1_TIME *copy = good ? ASN1_STRING_dup(when) : NULL;
	good = good && copy != NULL &&
		X509_REVOKED_set_revocationDate(entry, copy) == 1 &&
		X509_CRL_add0_revoked(crl, entry) == 1;
	ASN1_TIME_free(copy);
	if (!good) {
		X509_REVOKED_free(entry);
	}
	return good;
}

static bool
fill_crl(X509_CRL *crl, const struct kp_certificate *issuer, int64_t from_s,
	int64_t until_s)
{
	ASN1_TIME *from = ASN1_TIME_adj(NULL, (time_t)from_s, 0, 0);
	ASN1_TIME *until = ASN1_TIME_adj(NULL, (time_t)until_s, 0, 0);
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer->certificate, NULL, NULL, crl, 0);
	X509_EXTENSION *key = X509V3_EXT_conf_nid(
		NULL, &context, NID_authority_key_identifier, "keyid:always");
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool good = from != NULL && until != NULL && key != NULL && number != NULL &&
		X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
		X509_CRL_set_issuer_name(
			crl, X509_get_subject_name(issuer->certificate)) == 1 &&
		X509_CRL_set1_lastUpdate(crl, from) == 1 &&
		X509_CRL_set1_nextUpdate(crl, until) == 1 &&
		X509_CRL_add_ext(crl, key, -1) == 1 && ASN1_INTEGER_set(number, 1) == 1 &&
		X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;
	X509_EXTENSION_free(key);
	ASN1_INTEGER_free(number);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return good;
}

enum kp_status
kp_certificate_write_crl(const struct kp_certificate *issuer,
	const struct kp_certificate *const *revoked, size_t count, int64_t from_s,
	int64_t until_s, struct kp_arena *arena, struct kp_slice *ret_text)
{
	X509_CRL *crl = X509_CRL_new();
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = crl != NULL && bio != NULL && fill_crl(crl, issuer, from_s, until_s);
	for (size_t i = 0; good && i < count; i++) {
		good = revoke(
			crl, revoked[i]->certificate, X509_CRL_get0_lastUpdate(crl));
	}
	good = good && X509_CRL_sort(crl) == 1 &&
		X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0 &&
		PEM_write_bio_X509_CRL(bio, crl) == 1;
	X509_CRL_free(crl);
	return take_text(bio, good, arena, ret_text);
}
