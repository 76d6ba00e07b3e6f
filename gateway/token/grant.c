/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* grant: see grant.h. */
#include "token/grant.h"

#include <strings.h>

#include "core/encode.h"
#include "core/json_write.h"
#include "token/claims.h"
#include "token/jws_write.h"

#define REFUSAL_BYTES_MAX ((size_t)64)
#define PART_BYTES_MAX ((size_t)8192)

/* b64token: it goes into a header field as it is. */
static bool
is_bearer(struct kp_slice token)
{
	size_t at = 0;
	while (at < token.len && token.data[at] != '=') {
		char byte = token.data[at];
		bool letter = (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
		if (!letter && memchr("-._~+/", byte, 6) == NULL) {
			return false;
		}
		at++;
	}
	size_t plain = at; /* without its padding */
	while (at < token.len && token.data[at] == '=') {
		at++;
	}
	return plain > 0 && at == token.len && token.len <= KP_GRANT_TOKEN_BYTES_MAX;
}

static const char *
judge(const struct kp_claim *answer, struct kp_grant *ret_grant)
{
	static const char bearer[] = "bearer";
	struct kp_slice type;
	int64_t lifetime_s = 0;
	if (kp_claim_text(answer, KP_SLICE("access_token"), &ret_grant->token) !=
			KP_CLAIM_GOOD ||
		!is_bearer(ret_grant->token)) {
		return "has no access_token that fits a header field";
	}
	if (kp_claim_text(answer, KP_SLICE("token_type"), &type) != KP_CLAIM_GOOD ||
		type.len != sizeof(bearer) - 1 ||
		strncasecmp(type.data, bearer, type.len) != 0) {
		return "has another token_type than Bearer";
	}
	enum kp_claim_found found =
		kp_claim_instant(answer, KP_SLICE("expires_in"), &lifetime_s);
	if (found == KP_CLAIM_WRONG || (found == KP_CLAIM_GOOD && lifetime_s == 0)) {
		return "has an expires_in that is no number of seconds to come";
	}
	ret_grant->lifetime_known = found == KP_CLAIM_GOOD;
	ret_grant->lifetime_s = lifetime_s > KP_GRANT_LIFETIME_S_MAX
		? KP_GRANT_LIFETIME_S_MAX
		: (uint32_t)lifetime_s;
	return NULL;
}

enum kp_status
kp_grant_read(struct kp_slice text, struct kp_arena *arena, struct kp_grant *ret_grant,
	const char **ret_fault)
{
	const struct kp_claim *answer = NULL;
	struct kp_grant grant = {0};
	enum kp_status status = kp_claims_read(text, arena, &answer);
	if (status != KP_OK) {
		*ret_fault = "is not one JSON object within bounds";
		return status;
	}
	const char *fault = judge(answer, &grant);
	if (fault != NULL) {
		*ret_fault = fault;
		return KP_E_INVALID;
	}
	*ret_grant = grant;
	return KP_OK;
}

struct kp_slice
kp_grant_refusal(struct kp_slice text, struct kp_arena *arena)
{
	const struct kp_claim *answer = NULL;
	struct kp_slice code = {0};
	if (kp_claims_read(text, arena, &answer) != KP_OK ||
		kp_claim_text(answer, KP_SLICE("error"), &code) != KP_CLAIM_GOOD ||
		code.len > REFUSAL_BYTES_MAX) {
		return (struct kp_slice){0};
	}
	for (size_t i = 0; i < code.len; i++) {
		char byte = code.data[i];
		bool letter = (byte >= 'a' && byte <= 'z') ||
			(byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
		if (!letter && byte != '_' && byte != '-' && byte != '.') {
			return (struct kp_slice){0};
		}
	}
	return code;
}

/* The assertion. */

static void
write_header(const struct kp_assertion *assertion, struct kp_buffer *json)
{
	struct kp_json_writer writer;
	kp_json_writer_init(&writer, json);
	kp_json_write_object_begin(&writer);
	KP_JSON_WRITE_NAME(&writer, "alg");
	kp_json_write_string(
		&writer, kp_slice_from(kp_signature_alg_name(assertion->alg)));
	if (assertion->key_id.len > 0) {
		KP_JSON_WRITE_NAME(&writer, "kid");
		kp_json_write_string(&writer, assertion->key_id);
	}
	KP_JSON_WRITE_NAME(&writer, "typ");
	kp_json_write_string(&writer, KP_SLICE("JWT"));
	kp_json_write_object_end(&writer);
}

static void
write_claims(const struct kp_assertion *assertion, struct kp_buffer *json)
{
	char jti[KP_HEX_LEN(KP_GRANT_JTI_BYTES)];
	struct kp_json_writer writer;
	kp_hex_write(assertion->jti, sizeof(assertion->jti), jti);
	kp_json_writer_init(&writer, json);
	kp_json_write_object_begin(&writer);
	KP_JSON_WRITE_NAME(&writer, "iss");
	kp_json_write_string(&writer, assertion->client);
	KP_JSON_WRITE_NAME(&writer, "sub");
	kp_json_write_string(&writer, assertion->client);
	KP_JSON_WRITE_NAME(&writer, "aud");
	kp_json_write_string(&writer, assertion->audience);
	KP_JSON_WRITE_NAME(&writer, "jti");
	kp_json_write_string(&writer, (struct kp_slice){jti, sizeof(jti)});
	KP_JSON_WRITE_NAME(&writer, "iat");
	kp_json_write_int(&writer, assertion->now_s);
	KP_JSON_WRITE_NAME(&writer, "exp");
	kp_json_write_int(&writer, assertion->now_s + assertion->valid_s);
	kp_json_write_object_end(&writer);
}

void
kp_assertion_write(const struct kp_assertion *assertion, struct kp_buffer *out)
{
	struct kp_buffer json;
	kp_buffer_init(&json, out->arena, PART_BYTES_MAX);
	write_header(assertion, &json);
	kp_jws_write_part(out, kp_buffer_slice(&json));
	kp_buffer_add_char(out, '.');
	json.len = 0;
	write_claims(assertion, &json);
	kp_jws_write_part(out, kp_buffer_slice(&json));
	out->failed = out->failed || json.failed;
}
