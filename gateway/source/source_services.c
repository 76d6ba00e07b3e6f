/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * source_services: what the host does for a connector's call that a connector must not do
 * itself: random bytes, digests, and signatures with keys that stay here. Keys and
 * anchors are read when the source is opened, from the files its manifest names.
 */
#include <time.h>

#include "core/encode.h"
#include "core/heap.h"
#include "crypto/certificate_make.h"
#include "crypto/certificate_trust.h"
#include "crypto/crypto.h"
#include "crypto/signing_key.h"
#include "io/file.h"
#include "source/source_private.h"

#define PEM_BYTES_MAX ((size_t)256 * 1024)
#define DIGESTED_BYTES_MAX ((size_t)4096)

/* In the set's arena, but for what crypto/ holds. */
struct kp_source_security {
	struct kp_signing_key *key;
	struct kp_slice certificate; /* DER */
	struct kp_trust *trust;
	bool sha1;
	struct kp_slice oin; /* of who signs; empty: anybody */
};

static const struct kp_source_security *
security_of(void *context)
{
	const struct kp_source_services *services = context;
	return services->private->security;
}

static void *
give_memory(void *context, size_t size)
{
	const struct kp_source_services *services = context;
	return kp_arena_alloc(services->arena, size);
}

static bool
give_random(void *context, unsigned char *ret_bytes, size_t len)
{
	(void)context;
	return kp_random_bytes(ret_bytes, len) == KP_OK;
}

static bool
give_sha256(void *context, struct kp_text bytes, unsigned char ret_digest[32])
{
	struct kp_slice part = {bytes.data, bytes.len};
	(void)context;
	kp_sha256(&part, 1, ret_digest);
	return true;
}

static bool
give_sha1(void *context, struct kp_text bytes, unsigned char ret_digest[20])
{
	const struct kp_source_security *security = security_of(context);
	if (security == NULL || !security->sha1) {
		return false;
	}
	kp_sha1((struct kp_slice){bytes.data, bytes.len}, ret_digest);
	return true;
}

static struct kp_text
give_certificate(void *context, enum kp_signing *ret_kind)
{
	const struct kp_source_security *security = security_of(context);
	if (security == NULL || security->key == NULL) {
		*ret_kind = KP_SIGNING_NONE;
		return (struct kp_text){0};
	}
	*ret_kind = kp_signing_key_kind(security->key) == KP_KEY_RSA ? KP_SIGNING_RSA
								     : KP_SIGNING_ECDSA;
	return (struct kp_text){security->certificate.data, security->certificate.len};
}

static bool
give_signature(void *context, struct kp_text bytes, unsigned char *ret_signature,
	size_t size, size_t *ret_len)
{
	const struct kp_source_security *security = security_of(context);
	if (security == NULL || security->key == NULL || size < KP_SIGNATURE_BYTES_MAX) {
		return false;
	}
	bool rsa = kp_signing_key_kind(security->key) == KP_KEY_RSA;
	return kp_signing_key_sign(security->key, rsa ? KP_ALG_RS256 : KP_ALG_ES256,
		       (struct kp_slice){bytes.data, bytes.len}, ret_signature,
		       ret_len) == KP_OK;
}

static const char *
check_signature(void *context, const struct kp_signature *signature)
{
	const struct kp_source_security *security = security_of(context);
	if (security == NULL || security->trust == NULL) {
		return "the manifest names no certificates to trust";
	}
	if (signature->kind == KP_SIGNING_RSA_SHA1 && !security->sha1) {
		return "the signature uses SHA-1, which is not allowed";
	}
	enum kp_trust_alg alg = signature->kind == KP_SIGNING_ECDSA
		? KP_TRUST_ECDSA_SHA256
		: signature->kind == KP_SIGNING_RSA_SHA1 ? KP_TRUST_RSA_SHA1
							 : KP_TRUST_RSA_SHA256;
	return kp_trust_check(security->trust,
		(struct kp_slice){
			signature->certificate.data, signature->certificate.len},
		(int64_t)time(NULL), security->oin, alg,
		(struct kp_slice){signature->bytes.data, signature->bytes.len},
		(struct kp_slice){signature->signature.data, signature->signature.len});
}

/* Base64 of SHA-1 over nonce, creation time and password (section 3.1 of the profile). */
static bool
digest_password(struct kp_arena *arena, struct kp_text nonce, struct kp_text created,
	struct kp_slice password, struct kp_text *ret_digest)
{
	unsigned char digest[20];
	struct kp_buffer bytes;
	kp_buffer_init(&bytes, arena, DIGESTED_BYTES_MAX);
	kp_buffer_add(&bytes, nonce.data, nonce.len);
	kp_buffer_add(&bytes, created.data, created.len);
	kp_buffer_add_slice(&bytes, password);
	char *text = kp_arena_alloc(arena, KP_BASE64_LEN(sizeof(digest)));
	if (bytes.failed || text == NULL) {
		return false;
	}
	kp_sha1(kp_buffer_slice(&bytes), digest);
	kp_base64_write(digest, sizeof(digest), text);
	*ret_digest = (struct kp_text){text, KP_BASE64_LEN(sizeof(digest))};
	return true;
}

static bool
give_username_token(void *context, struct kp_text nonce, struct kp_text created,
	struct kp_username_token *ret_token)
{
	const struct kp_source_services *services = context;
	const struct kp_source_private *private = services->private;
	struct kp_slice user;
	struct kp_slice password;
	if (!private->manifest->soap.username_token ||
		!kp_source_split_secret(private->access.secret, &user, &password)) {
		return false;
	}
	ret_token->user = (struct kp_text){user.data, user.len};
	ret_token->password = (struct kp_text){password.data, password.len};
	ret_token->digest = private->manifest->access.kind == KP_ACCESS_WSSE_DIGEST;
	return !ret_token->digest ||
		digest_password(
			services->arena, nonce, created, password, &ret_token->password);
}

enum kp_status
kp_source_services_begin(const struct kp_source_private *private, struct kp_arena *arena,
	struct kp_source_services *ret_services)
{
	*ret_services = (struct kp_source_services){.private = private,
		.arena = arena,
		.tables = KP_ARENA_ARRAY(
			arena, struct kp_code_table *, private->table_count + 1)};
	return ret_services->tables == NULL ? KP_E_MEMORY : KP_OK;
}

struct kp_call_host
kp_source_services_host(struct kp_source_services *services)
{
	return (struct kp_call_host){
		.size = sizeof(struct kp_call_host),
		.context = services,
		.alloc = give_memory,
		.random = give_random,
		.sha256 = give_sha256,
		.sha1 = give_sha1,
		.signing_certificate = give_certificate,
		.sign = give_signature,
		.verify = check_signature,
		.username_token = give_username_token,
		.code = kp_source_tables_find,
	};
}

/* Opening. */

static bool
read_pem(struct kp_source_opening *opening, struct kp_slice name,
	struct kp_slice *ret_text)
{
	struct kp_error err = {0};
	struct kp_slice path = kp_source_path(opening, name);
	const char *copy =
		kp_arena_printf(&opening->set->arena, "%.*s", KP_SLICE_ARG(path));
	if (copy == NULL ||
		kp_file_read_all(copy, &opening->set->arena, PEM_BYTES_MAX, ret_text,
			&err) != KP_OK) {
		kp_source_finding(opening, &opening->private->manifest->soap.place,
			"'%.*s' cannot be read: %s", KP_SLICE_ARG(path),
			err.message[0] == '\0' ? "no memory is left" : err.message);
		return false;
	}
	return true;
}

static void
open_key(struct kp_source_opening *opening, struct kp_source_security *security)
{
	const struct kp_manifest_soap *soap = &opening->private->manifest->soap;
	struct kp_slice key;
	struct kp_slice certificate;
	struct kp_certificate *both = NULL;
	struct kp_error err;
	if (!read_pem(opening, soap->sign_key_file, &key) ||
		!read_pem(opening, soap->sign_certificate_file, &certificate)) {
		return;
	}
	if (kp_certificate_read(certificate, key, &both, &err) != KP_OK ||
		kp_signing_key_read(key, &security->key) != KP_OK ||
		kp_certificate_der(certificate, &opening->set->arena,
			&security->certificate) != KP_OK) {
		kp_source_finding(opening, &soap->place,
			"sign: '%.*s' and '%.*s' do not read, or are not key and "
			"certificate of each other",
			KP_SLICE_ARG(soap->sign_key_file),
			KP_SLICE_ARG(soap->sign_certificate_file));
	} else if (kp_signing_key_kind(security->key) != KP_KEY_RSA &&
		kp_signing_key_kind(security->key) != KP_KEY_P256) {
		kp_source_finding(opening, &soap->place,
			"sign: the key is neither RSA nor on curve P-256");
	}
	kp_certificate_destroy(&both);
}

static void
open_trust(struct kp_source_opening *opening, struct kp_source_security *security)
{
	const struct kp_manifest_soap *soap = &opening->private->manifest->soap;
	struct kp_slice anchors;
	security->sha1 = soap->verify_sha1;
	security->oin = soap->verify_oin;
	if (read_pem(opening, soap->verify_anchor_file, &anchors) &&
		kp_trust_read(anchors, &security->trust) != KP_OK) {
		kp_source_finding(opening, &soap->place,
			"verify: '%.*s' holds no certificate",
			KP_SLICE_ARG(soap->verify_anchor_file));
	}
}

enum kp_status
kp_source_services_open(struct kp_source_opening *opening)
{
	const struct kp_manifest_soap *soap = &opening->private->manifest->soap;
	if (!soap->sign && !soap->verify) {
		return KP_OK;
	}
	struct kp_source_security *security =
		KP_ARENA_NEW(&opening->set->arena, struct kp_source_security);
	if (security == NULL) {
		return KP_E_MEMORY;
	}
	opening->private->security = security;
	if (soap->sign) {
		open_key(opening, security);
	}
	if (soap->verify) {
		open_trust(opening, security);
	}
	return KP_OK;
}

void
kp_source_services_close(struct kp_source_private *private)
{
	if (private->security != NULL) {
		kp_signing_key_destroy(&private->security->key);
		kp_trust_destroy(&private->security->trust);
	}
}
