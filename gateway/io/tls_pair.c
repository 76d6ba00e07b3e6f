/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * tls_pair: a certificate of ours with its issuers and its key, and everything that would
 * make the other side refuse it, found before anybody connects.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

#include "core/heap.h"
#include "io/tls_private.h"

#define EC_BITS_MIN 256
/* Clocks differ; a response that was made a moment ago is no fault. */
#define OCSP_SKEW_S 300L

/* The key. */

static EVP_PKEY *
read_key_file(struct kp_tls_reading *reading, const struct kp_tls_file *file)
{
	struct kp_slice text;
	struct stat found;
	if (!kp_tls_read_text(reading, file, &text)) {
		return NULL;
	}
	if (stat(file->path, &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		kp_tls_finding(reading, file,
			"is a key, and others than the owner may use it (mode %04o); "
			"make it 0600",
			(unsigned)(found.st_mode & 07777));
	}
	BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
	EVP_PKEY *key = bio == NULL
		? NULL
		: PEM_read_bio_PrivateKey(bio, NULL, kp_tls_no_passphrase, NULL);
	BIO_free(bio);
	if (key == NULL) {
		kp_tls_finding(
			reading, file, "is no private key in PEM without a passphrase");
	}
	return key;
}

EVP_PKEY *
kp_tls_read_key(struct kp_tls_reading *reading, const struct kp_tls_file *file)
{
	char fault[160];
	if (strncmp(file->path, "pkcs11:", 7) != 0) {
		return read_key_file(reading, file);
	}
	EVP_PKEY *key =
		kp_tls_token_key(reading->token, file->path, fault, sizeof(fault));
	if (key == NULL) {
		kp_tls_finding(reading, file, "%s", fault);
	}
	return key;
}

/* NCSC-NL: RSA from 3072 bits, curves from 256; nothing else is known well enough. */
void
kp_tls_check_strength(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	const EVP_PKEY *key)
{
	int type = EVP_PKEY_get_base_id(key);
	int bits = EVP_PKEY_get_bits(key);
	if ((type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS) &&
		bits < KP_TLS_RSA_BITS_MIN) {
		kp_tls_finding(reading, file,
			"has an RSA key of %d bits, and at least %d are needed", bits,
			KP_TLS_RSA_BITS_MIN);
	} else if (type == EVP_PKEY_EC && bits < EC_BITS_MIN) {
		kp_tls_finding(reading, file,
			"has an elliptic curve key of %d bits, and at least %d are "
			"needed",
			bits, EC_BITS_MIN);
	} else if (type != EVP_PKEY_RSA && type != EVP_PKEY_RSA_PSS &&
		type != EVP_PKEY_EC && type != EVP_PKEY_ED25519 &&
		type != EVP_PKEY_ED448) {
		kp_tls_finding(reading, file,
			"has a key that is neither RSA nor on an elliptic curve");
	}
}

/* The certificate. */

static void
check_signature(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	X509 *certificate, int number)
{
	int digest = 0;
	if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) == 1 &&
		(digest == NID_sha1 || digest == NID_md5)) {
		kp_tls_finding(reading, file,
			"is signed with SHA-1 or MD5 (certificate %d)", number);
	}
}

static void
check_dates(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	X509 *certificate, int purpose)
{
	int64_t not_after_s = kp_tls_time(X509_get0_notAfter(certificate));
	kp_tls_add_term(reading, file, "certificate", not_after_s);
	if (kp_tls_time(X509_get0_notBefore(certificate)) > reading->now_s) {
		kp_tls_finding(reading, file, "is not valid yet");
	}
	/* One that we show to a partner is the partner's to refuse; `check` warns. */
	if (not_after_s <= reading->now_s && purpose == X509_PURPOSE_SSL_SERVER) {
		kp_tls_finding(reading, file, "has expired");
	}
}

static bool
names_a_host(X509 *certificate)
{
	GENERAL_NAMES *names =
		X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool found = false;
	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		int type = sk_GENERAL_NAME_value(names, i)->type;
		found = found || type == GEN_DNS || type == GEN_IPADD;
	}
	GENERAL_NAMES_free(names);
	return found;
}

static void
check_usage(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	X509 *certificate, int purpose)
{
	bool server = purpose == X509_PURPOSE_SSL_SERVER;
	if (X509_check_purpose(certificate, purpose, 0) != 1) {
		kp_tls_finding(reading, file,
			"is not meant for a %s (extended key usage)",
			server ? "server" : "client");
	}
	if ((X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0) {
		kp_tls_finding(
			reading, file, "may not sign (key usage), which TLS needs");
	}
	if (server && !names_a_host(certificate)) {
		kp_tls_finding(reading, file, "names no host (subject alternative name)");
	}
}

static void
check_chain(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	const struct kp_tls_pair *pair)
{
	X509 *below = pair->certificate;
	for (int i = 0; i < sk_X509_num(pair->chain); i++) {
		X509 *issuer = sk_X509_value(pair->chain, i);
		if (X509_check_issued(issuer, below) != X509_V_OK) {
			kp_tls_finding(reading, file,
				"has certificates that do not follow each other: number "
				"%d did not issue the one before it",
				i + 2);
		}
		if (kp_tls_time(X509_get0_notAfter(issuer)) <= reading->now_s) {
			kp_tls_finding(reading, file,
				"has an issuer that has expired (certificate %d)", i + 2);
		}
		check_signature(reading, file, below, i + 1);
		below = issuer;
	}
	if (sk_X509_num(pair->chain) == 0) {
		check_signature(reading, file, below, 1);
	}
}

/* The response to staple. */

static bool
same_serial(OCSP_SINGLERESP *single, X509 *certificate)
{
	ASN1_INTEGER *serial = NULL;
	/* Gives out what it points to without taking it; the API has no const for that.
	 */
	OCSP_CERTID *id;
	const OCSP_CERTID *found = OCSP_SINGLERESP_get0_id(single);
	memcpy(&id, &found, sizeof(id));
	return OCSP_id_get0_info(NULL, NULL, NULL, &serial, id) == 1 &&
		ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) == 0;
}

static const char *
judge_response(OCSP_BASICRESP *basic, X509 *certificate, int64_t *ret_until_s)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		ASN1_GENERALIZEDTIME *from = NULL;
		ASN1_GENERALIZEDTIME *until = NULL;
		if (!same_serial(single, certificate)) {
			continue;
		}
		if (OCSP_single_get0_status(single, NULL, NULL, &from, &until) !=
			V_OCSP_CERTSTATUS_GOOD) {
			return "says that the certificate was revoked, or does not know "
			       "it";
		}
		if (until == NULL ||
			OCSP_check_validity(from, until, OCSP_SKEW_S, -1) != 1) {
			return "is out of date";
		}
		*ret_until_s = kp_tls_time(until);
		return NULL;
	}
	return "is about another certificate";
}

static bool
keep_staple(struct kp_tls_pair *pair, struct kp_slice der)
{
	pair->staple = kp_heap_alloc(der.len);
	if (pair->staple == NULL) {
		return false;
	}
	memcpy(pair->staple, der.data, der.len);
	pair->staple_len = der.len;
	return true;
}

static void
read_staple(struct kp_tls_reading *reading, const struct kp_tls_file *file,
	struct kp_tls_pair *pair)
{
	struct kp_slice der;
	if (file->path == NULL || !kp_tls_read_text(reading, file, &der)) {
		return;
	}
	const unsigned char *at = (const unsigned char *)der.data;
	OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	OCSP_BASICRESP *basic = NULL;
	const char *fault = "is no OCSP response in DER that says anything";
	if (response != NULL &&
		OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		basic = OCSP_response_get1_basic(response);
	}
	if (basic != NULL) {
		fault = judge_response(basic, pair->certificate, &pair->staple_until_s);
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
	if (fault != NULL) {
		kp_tls_finding(reading, file, "%s", fault);
		return;
	}
	kp_tls_add_term(reading, file, "ocsp", pair->staple_until_s);
	reading->out_of_memory = !keep_staple(pair, der) || reading->out_of_memory;
}

bool
kp_tls_read_pair(struct kp_tls_reading *reading, const struct kp_tls_certificate *files,
	int purpose, struct kp_tls_pair *ret_pair)
{
	*ret_pair = (struct kp_tls_pair){0};
	if (kp_tls_read_certificates(reading, &files->certificate, &ret_pair->chain)) {
		ret_pair->certificate = sk_X509_shift(ret_pair->chain);
		check_dates(reading, &files->certificate, ret_pair->certificate, purpose);
		check_usage(reading, &files->certificate, ret_pair->certificate, purpose);
		check_chain(reading, &files->certificate, ret_pair);
		read_staple(reading, &files->ocsp, ret_pair);
	}
	ret_pair->key = kp_tls_read_key(reading, &files->key);
	if (ret_pair->key != NULL) {
		kp_tls_check_strength(reading, &files->key, ret_pair->key);
	}
	if (ret_pair->key != NULL && ret_pair->certificate != NULL &&
		X509_check_private_key(ret_pair->certificate, ret_pair->key) != 1) {
		kp_tls_finding(reading, &files->key,
			"is not the key of certificate '%.80s'", files->certificate.path);
	}
	return ret_pair->key != NULL && ret_pair->certificate != NULL;
}

void
kp_tls_pair_free(struct kp_tls_pair *pair)
{
	X509_free(pair->certificate);
	sk_X509_pop_free(pair->chain, X509_free);
	EVP_PKEY_free(pair->key);
	kp_heap_free(pair->staple);
	*pair = (struct kp_tls_pair){0};
}
