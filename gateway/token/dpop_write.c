/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* dpop_write: see dpop_write.h. */
#include "token/dpop_write.h"

#include "core/json_write.h"
#include "crypto/crypto.h"
#include "token/jws_write.h"

#define PART_BYTES_MAX ((size_t)16384)

static enum kp_status
write_header(const struct kp_signing_key *key, struct kp_buffer *json)
{
	kp_buffer_add_slice(json, KP_SLICE("{\"typ\":\"dpop+jwt\",\"alg\":\""));
	kp_buffer_add_slice(
		json, kp_slice_from(kp_signature_alg_name(kp_signing_key_alg(key))));
	kp_buffer_add_slice(json, KP_SLICE("\",\"jwk\":"));
	enum kp_status status = kp_signing_key_write_jwk(key, json);
	kp_buffer_add_char(json, '}');
	return status;
}

static void
write_claims(const struct kp_dpop_claims *claims, struct kp_buffer *json)
{
	char jti[KP_HEX_LEN(KP_DPOP_JTI_BYTES)];
	unsigned char digest[KP_SHA256_BYTES];
	char hash[KP_BASE64URL_LEN(KP_SHA256_BYTES)];
	struct kp_json_writer writer;
	kp_hex_write(claims->jti, sizeof(claims->jti), jti);
	kp_sha256(&claims->token, 1, digest);
	kp_base64url_write(digest, sizeof(digest), hash);
	kp_json_writer_init(&writer, json);
	kp_json_write_object_begin(&writer);
	KP_JSON_WRITE_NAME(&writer, "jti");
	kp_json_write_string(&writer, (struct kp_slice){jti, sizeof(jti)});
	KP_JSON_WRITE_NAME(&writer, "htm");
	kp_json_write_string(&writer, claims->method);
	KP_JSON_WRITE_NAME(&writer, "htu");
	kp_json_write_string(&writer, claims->address);
	KP_JSON_WRITE_NAME(&writer, "iat");
	kp_json_write_int(&writer, claims->now_s);
	KP_JSON_WRITE_NAME(&writer, "ath");
	kp_json_write_string(&writer, (struct kp_slice){hash, sizeof(hash)});
	if (claims->nonce.len > 0) {
		KP_JSON_WRITE_NAME(&writer, "nonce");
		kp_json_write_string(&writer, claims->nonce);
	}
	kp_json_write_object_end(&writer);
}

enum kp_status
kp_dpop_write(const struct kp_signing_key *key, const struct kp_dpop_claims *claims,
	struct kp_buffer *out)
{
	struct kp_buffer json;
	unsigned char signature[KP_SIGNATURE_BYTES_MAX];
	size_t len = 0;
	size_t from = out->len;
	kp_buffer_init(&json, out->arena, PART_BYTES_MAX);
	enum kp_status status = write_header(key, &json);
	if (status != KP_OK) {
		return status;
	}
	kp_jws_write_part(out, kp_buffer_slice(&json));
	kp_buffer_add_char(out, '.');
	json.len = 0;
	write_claims(claims, &json);
	kp_jws_write_part(out, kp_buffer_slice(&json));
	if (json.failed || out->failed) {
		return KP_E_MEMORY;
	}
	status = kp_signing_key_sign(key, kp_signing_key_alg(key),
		(struct kp_slice){out->data + from, out->len - from}, signature, &len);
	if (status != KP_OK) {
		return KP_E_INTERNAL;
	}
	kp_buffer_add_char(out, '.');
	kp_jws_write_part(out, (struct kp_slice){(const char *)signature, len});
	return out->failed ? KP_E_MEMORY : KP_OK;
}
