/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* detached_signature: see detached_signature.h. */
#include "crypto/detached_signature.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "crypto/trust_private.h"

#define RSA_BITS_MIN 2048
#define EC_BITS_MIN 256

/* id-kp-documentSigning, RFC 9336. */
static const char document_signing[] = "1.3.6.1.5.5.7.3.36";

static bool
key_strong(EVP_PKEY *key)
{
	int kind = key == NULL ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
	return (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN) ||
		(kind == EVP_PKEY_RSA_PSS && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN) ||
		(kind == EVP_PKEY_EC && EVP_PKEY_get_bits(key) >= EC_BITS_MIN);
}

static bool
extended_fits(X509 *certificate)
{
	char name[64];
	EXTENDED_KEY_USAGE *usages =
		X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	bool fits = usages == NULL &&
		X509_get_ext_by_NID(certificate, NID_ext_key_usage, -1) < 0;
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
		const ASN1_OBJECT *usage = sk_ASN1_OBJECT_value(usages, i);
		int nid = OBJ_obj2nid(usage);
		(void)OBJ_obj2txt(name, sizeof(name), usage, 1);
		fits = fits || nid == NID_email_protect || nid == NID_code_sign ||
			nid == NID_anyExtendedKeyUsage ||
			strcmp(name, document_signing) == 0;
	}
	EXTENDED_KEY_USAGE_free(usages);
	return fits;
}

static bool
usage_fits(X509 *certificate)
{
	return (X509_get_key_usage(certificate) &
		       (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0 &&
		key_strong(X509_get0_pubkey(certificate)) && extended_fits(certificate);
}

/* The digest among the signed attributes is that of the content, and the attributes are
 * signed. -3: there is exactly one such attribute, of one value. */
static bool
signs(CMS_SignerInfo *signer, const unsigned char *digest)
{
	const ASN1_OCTET_STRING *told = CMS_signed_get0_data_by_OBJ(
		signer, OBJ_nid2obj(NID_pkcs9_messageDigest), -3, V_ASN1_OCTET_STRING);
	const ASN1_OBJECT *type = CMS_signed_get0_data_by_OBJ(
		signer, OBJ_nid2obj(NID_pkcs9_contentType), -3, V_ASN1_OBJECT);
	return told != NULL && type != NULL && OBJ_obj2nid(type) == NID_pkcs7_data &&
		ASN1_STRING_length(told) == (int)KP_SHA256_BYTES &&
		memcmp(ASN1_STRING_get0_data(told), digest, KP_SHA256_BYTES) == 0 &&
		CMS_SignerInfo_verify(signer) == 1;
}

static enum kp_detached
check_signer(CMS_ContentInfo *cms, CMS_SignerInfo *signer, const struct kp_trust *trust,
	const unsigned char *digest, int64_t now_s, struct kp_slice oin)
{
	X509 *certificate = NULL;
	X509_ALGOR *algorithm = NULL;
	CMS_SignerInfo_get0_algs(signer, NULL, &certificate, &algorithm, NULL);
	if (certificate == NULL || algorithm == NULL ||
		CMS_signed_get_attr_count(signer) <= 0 ||
		OBJ_obj2nid(algorithm->algorithm) != NID_sha256) {
		return KP_DETACHED_UNREADABLE;
	}
	STACK_OF(X509) *others = CMS_get1_certs(cms);
	bool leads = kp_trust_leads(trust, certificate, others, now_s);
	sk_X509_pop_free(others, X509_free);
	return !leads                               ? KP_DETACHED_UNTRUSTED
		: !usage_fits(certificate)          ? KP_DETACHED_USAGE
		: !kp_trust_names(certificate, oin) ? KP_DETACHED_OTHER
		: !signs(signer, digest)            ? KP_DETACHED_DIFFERS
						    : KP_DETACHED_GOOD;
}

static enum kp_detached
check_message(CMS_ContentInfo *cms, const struct kp_trust *trust,
	const unsigned char *digest, int64_t now_s, struct kp_slice oin)
{
	bool taken = OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed &&
		OBJ_obj2nid(CMS_get0_eContentType(cms)) == NID_pkcs7_data &&
		CMS_is_detached(cms) == 1 && CMS_set1_signers_certs(cms, NULL, 0) == 1;
	STACK_OF(CMS_SignerInfo) *signers = taken ? CMS_get0_SignerInfos(cms) : NULL;
	if (signers == NULL || sk_CMS_SignerInfo_num(signers) != 1) {
		return KP_DETACHED_UNREADABLE;
	}
	return check_signer(
		cms, sk_CMS_SignerInfo_value(signers, 0), trust, digest, now_s, oin);
}

/* Did something go wrong for want of memory? Then nothing was found out. */
static bool
memory_failed(void)
{
	bool failed = false;
	unsigned long code;
	while ((code = ERR_get_error()) != 0) {
		failed = failed || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
	}
	return failed;
}

enum kp_detached
kp_detached_check(const struct kp_trust *trust, struct kp_slice der,
	const unsigned char digest[KP_SHA256_BYTES], int64_t now_s, struct kp_slice oin)
{
	const unsigned char *at = (const unsigned char *)der.data;
	enum kp_detached verdict = KP_DETACHED_UNREADABLE;
	ERR_clear_error();
	CMS_ContentInfo *cms = der.len == 0 || der.len > KP_DETACHED_BYTES_MAX
		? NULL
		: d2i_CMS_ContentInfo(NULL, &at, (long)der.len);
	if (cms != NULL && at == (const unsigned char *)der.data + der.len) {
		verdict = check_message(cms, trust, digest, now_s, oin);
	}
	CMS_ContentInfo_free(cms);
	bool failed = memory_failed();
	return failed && verdict != KP_DETACHED_GOOD ? KP_DETACHED_MEMORY : verdict;
}
