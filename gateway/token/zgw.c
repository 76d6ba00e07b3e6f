/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* zgw: see zgw.h. */
#include "token/zgw.h"

#include "core/json_write.h"
#include "crypto/crypto.h"
#include "token/jws_write.h"

#define CLAIMS_BYTES_MAX ((size_t)4096)

enum kp_status
kp_zgw_token_write(const struct kp_zgw_token *token, struct kp_buffer *out)
{
	struct kp_buffer claims;
	struct kp_json_writer writer;
	unsigned char mac[KP_SHA256_BYTES];
	size_t start = out->len;
	struct kp_slice user = token->user.len > 0 ? token->user : token->client;
	kp_buffer_init(&claims, out->arena, CLAIMS_BYTES_MAX);
	kp_json_writer_init(&writer, &claims);
	kp_json_write_object_begin(&writer);
	KP_JSON_WRITE_NAME(&writer, "iss");
	kp_json_write_string(&writer, token->client);
	KP_JSON_WRITE_NAME(&writer, "iat");
	kp_json_write_int(&writer, token->now_s);
	KP_JSON_WRITE_NAME(&writer, "client_id");
	kp_json_write_string(&writer, token->client);
	KP_JSON_WRITE_NAME(&writer, "user_id");
	kp_json_write_string(&writer, user);
	KP_JSON_WRITE_NAME(&writer, "user_representation");
	kp_json_write_string(&writer, user);
	kp_json_write_object_end(&writer);
	kp_jws_write_part(out, KP_SLICE("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
	kp_buffer_add_char(out, '.');
	kp_jws_write_part(out, kp_buffer_slice(&claims));
	if (claims.failed || out->failed) {
		return KP_E_MEMORY;
	}
	if (kp_hmac_sha256(token->secret,
		    (struct kp_slice){out->data + start, out->len - start},
		    mac) != KP_OK) {
		return KP_E_INTERNAL;
	}
	kp_buffer_add_char(out, '.');
	kp_jws_write_part(out, (struct kp_slice){(const char *)mac, sizeof(mac)});
	return out->failed ? KP_E_MEMORY : KP_OK;
}
