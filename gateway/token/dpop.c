/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* dpop: see dpop.h. */
#include "token/dpop.h"

#include <strings.h>

#include "core/encode.h"

/* Scheme and authority, without the scheme's own port; what follows is the path. */
static bool
split_address(
	struct kp_slice address, struct kp_slice *ret_origin, struct kp_slice *ret_path)
{
	bool https = address.len >= 8 && strncasecmp(address.data, "https://", 8) == 0;
	bool http = address.len >= 7 && strncasecmp(address.data, "http://", 7) == 0;
	size_t begin = https ? 8 : 7;
	size_t end = begin;
	if (!https && !http) {
		return false;
	}
	while (end < address.len && address.data[end] != '/') {
		end++;
	}
	*ret_path = (struct kp_slice){address.data + end, address.len - end};
	struct kp_slice port = https ? KP_SLICE(":443") : KP_SLICE(":80");
	if (end - begin > port.len &&
		memcmp(address.data + end - port.len, port.data, port.len) == 0) {
		end -= port.len;
	}
	*ret_origin = (struct kp_slice){address.data, end};
	return end > begin;
}

bool
kp_dpop_same_address(struct kp_slice address, struct kp_slice base, struct kp_slice path)
{
	struct kp_slice origin;
	struct kp_slice target;
	struct kp_slice own;
	struct kp_slice nothing;
	size_t cut = 0;
	while (cut < address.len && address.data[cut] != '?' &&
		address.data[cut] != '#') {
		cut++;
	}
	address.len = cut;
	return split_address(address, &origin, &target) &&
		split_address(base, &own, &nothing) && nothing.len == 0 &&
		origin.len == own.len &&
		strncasecmp(origin.data, own.data, own.len) == 0 &&
		kp_slice_equal(target, path);
}

static enum kp_token_fault
check_key(const struct kp_jws *jws, const struct kp_dpop_request *request,
	struct kp_arena *arena)
{
	const struct kp_claim *jwk = kp_claim_member(jws->header, KP_SLICE("jwk"));
	struct kp_verify_key *key = NULL;
	unsigned char thumbprint[KP_SHA256_BYTES];
	enum kp_status status = jwk == NULL || jwk->kind != KP_CLAIM_OBJECT
		? KP_E_INVALID
		: kp_jwk_read(jwk, arena, &key, NULL);
	if (status != KP_OK) {
		return status == KP_E_MEMORY ? KP_TOKEN_MEMORY : KP_TOKEN_PROOF_FORM;
	}
	kp_jwk_thumbprint(jwk, thumbprint);
	enum kp_token_fault fault = KP_TOKEN_GOOD;
	if (!kp_equal_secret(
		    (struct kp_slice){(const char *)thumbprint, sizeof(thumbprint)},
		    (struct kp_slice){(const char *)request->key, KP_SHA256_BYTES})) {
		fault = KP_TOKEN_PROOF_KEY;
	} else if (kp_verify_key_kind(key) == KP_KEY_RSA &&
		kp_verify_key_rsa_bits(key) < KP_RSA_BITS_MIN) {
		fault = KP_TOKEN_PROOF_FORM;
	} else {
		status = kp_verify_key_check(
			key, jws->alg, jws->signed_text, jws->signature);
		fault = status == KP_OK         ? KP_TOKEN_GOOD
			: status == KP_E_MEMORY ? KP_TOKEN_MEMORY
						: KP_TOKEN_PROOF_FORM;
	}
	kp_verify_key_destroy(&key);
	return fault;
}

static bool
is_hash_of(struct kp_slice coded, struct kp_slice token)
{
	unsigned char digest[KP_SHA256_BYTES];
	char own[KP_BASE64URL_LEN(KP_SHA256_BYTES)];
	kp_sha256(&token, 1, digest);
	kp_base64url_write(digest, sizeof(digest), own);
	return kp_slice_equal(coded, (struct kp_slice){own, sizeof(own)});
}

static enum kp_token_fault
check_request(const struct kp_claim *claims, const struct kp_dpop_request *request)
{
	struct kp_slice method;
	struct kp_slice address;
	struct kp_slice hash;
	if (kp_claim_text(claims, KP_SLICE("htm"), &method) != KP_CLAIM_GOOD ||
		kp_claim_text(claims, KP_SLICE("htu"), &address) != KP_CLAIM_GOOD ||
		kp_claim_text(claims, KP_SLICE("ath"), &hash) != KP_CLAIM_GOOD) {
		return KP_TOKEN_PROOF_FORM;
	}
	return kp_slice_equal(method, request->method) &&
			kp_dpop_same_address(address, request->base, request->path) &&
			is_hash_of(hash, request->token)
		? KP_TOKEN_GOOD
		: KP_TOKEN_PROOF_REQUEST;
}

static enum kp_token_fault
check_nonce(const struct kp_claim *claims, const struct kp_dpop_request *request)
{
	struct kp_slice nonce = {NULL, 0};
	if (request->nonce.len == 0) {
		return KP_TOKEN_GOOD;
	}
	return kp_claim_text(claims, KP_SLICE("nonce"), &nonce) == KP_CLAIM_GOOD &&
			(kp_equal_secret(nonce, request->nonce) ||
				kp_equal_secret(nonce, request->nonce_before))
		? KP_TOKEN_GOOD
		: KP_TOKEN_NONCE;
}

static enum kp_token_fault
check_claims(const struct kp_claim *claims, const struct kp_dpop_request *request,
	struct kp_dpop_proof *proof)
{
	struct kp_slice id;
	if (kp_claim_text(claims, KP_SLICE("jti"), &id) != KP_CLAIM_GOOD ||
		id.len > KP_DPOP_ID_BYTES_MAX ||
		kp_claim_instant(claims, KP_SLICE("iat"), &proof->issued_s) !=
			KP_CLAIM_GOOD) {
		return KP_TOKEN_PROOF_FORM;
	}
	enum kp_token_fault fault = check_request(claims, request);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	fault = check_nonce(claims, request);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	int64_t age = request->now_s - proof->issued_s;
	if (age > (int64_t)request->window_s || -age > (int64_t)request->window_s) {
		return KP_TOKEN_PROOF_TIME;
	}
	const struct kp_slice parts[] = {
		{(const char *)request->key, KP_SHA256_BYTES}, id};
	kp_sha256(parts, KP_ARRAY_LEN(parts), proof->id);
	return KP_TOKEN_GOOD;
}

enum kp_token_fault
kp_dpop_check(struct kp_slice proof, const struct kp_dpop_request *request,
	struct kp_arena *arena, struct kp_dpop_proof *ret_proof)
{
	struct kp_jws jws;
	const struct kp_claim *claims = NULL;
	enum kp_token_fault fault = kp_jws_read(proof, arena, &jws);
	if (fault != KP_TOKEN_GOOD) {
		return fault == KP_TOKEN_MEMORY ? fault : KP_TOKEN_PROOF_FORM;
	}
	if (!kp_jws_is_type(&jws, KP_SLICE("dpop+jwt"))) {
		return KP_TOKEN_PROOF_FORM;
	}
	fault = check_key(&jws, request, arena);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	enum kp_status status = kp_claims_read(jws.payload, arena, &claims);
	if (status != KP_OK) {
		return status == KP_E_MEMORY ? KP_TOKEN_MEMORY : KP_TOKEN_PROOF_FORM;
	}
	return check_claims(claims, request, ret_proof);
}
