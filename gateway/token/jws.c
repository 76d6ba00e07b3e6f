/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* jws: see jws.h. */
#include "token/jws.h"

#include <strings.h>

#include "core/encode.h"

enum { HEADER, PAYLOAD, SIGNATURE, PARTS };

static bool
split(struct kp_slice compact, struct kp_slice parts[PARTS])
{
	for (unsigned i = 0; i < PARTS; i++) {
		parts[i] = kp_slice_cut(&compact, '.');
		if ((i == SIGNATURE) != (compact.data == NULL)) {
			return false;
		}
	}
	return parts[HEADER].len > 0 && parts[SIGNATURE].len > 0;
}

static enum kp_token_fault
decode(struct kp_slice coded, struct kp_arena *arena, struct kp_slice *ret_bytes)
{
	char *bytes = kp_arena_bytes(arena, coded.len + 1);
	size_t len = 0;
	if (bytes == NULL) {
		return KP_TOKEN_MEMORY;
	}
	if (!kp_base64url_read(coded, (unsigned char *)bytes, coded.len, &len)) {
		return KP_TOKEN_FORM;
	}
	*ret_bytes = (struct kp_slice){bytes, len};
	return KP_TOKEN_GOOD;
}

static bool
read_type(const struct kp_claim *header, struct kp_slice *ret_type)
{
	static const char prefix[] = "application/";
	static const size_t prefix_len = sizeof(prefix) - 1;
	struct kp_slice type = {NULL, 0};
	if (kp_claim_text(header, KP_SLICE("typ"), &type) == KP_CLAIM_WRONG) {
		return false;
	}
	if (type.len > prefix_len && strncasecmp(type.data, prefix, prefix_len) == 0) {
		type = (struct kp_slice){type.data + prefix_len, type.len - prefix_len};
	}
	*ret_type = type;
	return true;
}

static enum kp_token_fault
read_header(struct kp_slice text, struct kp_arena *arena, struct kp_jws *jws)
{
	enum kp_status status = kp_claims_read(text, arena, &jws->header);
	if (status != KP_OK) {
		return status == KP_E_MEMORY ? KP_TOKEN_MEMORY : KP_TOKEN_HEADER;
	}
	/* "b64" comes with crit (RFC 7797, section 6); a token without is refused too. */
	if (kp_claim_member(jws->header, KP_SLICE("crit")) != NULL ||
		kp_claim_member(jws->header, KP_SLICE("b64")) != NULL) {
		return KP_TOKEN_CRITICAL;
	}
	struct kp_slice alg = {NULL, 0};
	if (kp_claim_text(jws->header, KP_SLICE("alg"), &alg) != KP_CLAIM_GOOD ||
		!kp_signature_alg_find(alg, &jws->alg)) {
		return KP_TOKEN_ALGORITHM;
	}
	if (kp_claim_text(jws->header, KP_SLICE("kid"), &jws->kid) == KP_CLAIM_WRONG ||
		jws->kid.len > KP_JWS_KID_BYTES_MAX ||
		!read_type(jws->header, &jws->type)) {
		return KP_TOKEN_HEADER;
	}
	return KP_TOKEN_GOOD;
}

enum kp_token_fault
kp_jws_read(struct kp_slice compact, struct kp_arena *arena, struct kp_jws *ret_jws)
{
	struct kp_slice parts[PARTS];
	struct kp_slice header = {NULL, 0};
	struct kp_jws jws = {.kid = {NULL, 0}};
	if (!split(compact, parts)) {
		return KP_TOKEN_FORM;
	}
	jws.signed_text = (struct kp_slice){
		compact.data, parts[HEADER].len + 1 + parts[PAYLOAD].len};
	enum kp_token_fault fault = decode(parts[HEADER], arena, &header);
	if (fault == KP_TOKEN_GOOD) {
		fault = decode(parts[PAYLOAD], arena, &jws.payload);
	}
	if (fault == KP_TOKEN_GOOD) {
		fault = decode(parts[SIGNATURE], arena, &jws.signature);
	}
	if (fault == KP_TOKEN_GOOD) {
		fault = read_header(header, arena, &jws);
	}
	if (fault == KP_TOKEN_GOOD) {
		*ret_jws = jws;
	}
	return fault;
}

bool
kp_jws_is_type(const struct kp_jws *jws, struct kp_slice type)
{
	return jws->type.len == type.len && type.len > 0 &&
		strncasecmp(jws->type.data, type.data, type.len) == 0;
}
