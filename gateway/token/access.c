/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* access: see access.h. Who asks, from the claims: access_who.c. */
#include "token/access.h"

#include "token/access_private.h"

enum kp_token_fault
kp_access_open(struct kp_slice compact, struct kp_arena *arena,
	struct kp_access_token *ret_token)
{
	struct kp_access_token token = {.claims = NULL};
	enum kp_token_fault fault = kp_jws_read(compact, arena, &token.jws);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	enum kp_status status = kp_claims_read(token.jws.payload, arena, &token.claims);
	if (status != KP_OK) {
		return status == KP_E_MEMORY ? KP_TOKEN_MEMORY : KP_TOKEN_CLAIMS;
	}
	if (kp_claim_text(token.claims, KP_SLICE("iss"), &token.issuer) !=
		KP_CLAIM_GOOD) {
		return KP_TOKEN_CLAIM_KIND;
	}
	*ret_token = token;
	return KP_TOKEN_GOOD;
}

static bool
is_of_type(const struct kp_jws *jws, const struct kp_issuer_texts *types)
{
	for (size_t i = 0; i < types->count; i++) {
		if (kp_jws_is_type(jws, types->items[i])) {
			return true;
		}
	}
	return types->count == 0;
}

enum kp_token_fault
kp_access_verify(const struct kp_access_token *token, const struct kp_issuer *issuer,
	const struct kp_key_set *keys)
{
	const struct kp_jws *jws = &token->jws;
	if (!kp_slice_equal(token->issuer, issuer->issuer)) {
		return KP_TOKEN_ISSUER;
	}
	if (!is_of_type(jws, &issuer->types)) {
		return KP_TOKEN_TYPE;
	}
	if ((issuer->algorithms >> jws->alg & 1) == 0) {
		return KP_TOKEN_ALGORITHM;
	}
	const struct kp_verify_key *key = kp_key_set_find(keys, jws->kid, jws->alg);
	if (key == NULL) {
		return KP_TOKEN_KEY;
	}
	enum kp_status status =
		kp_verify_key_check(key, jws->alg, jws->signed_text, jws->signature);
	if (status == KP_OK) {
		return KP_TOKEN_GOOD;
	}
	return status == KP_E_MEMORY ? KP_TOKEN_MEMORY : KP_TOKEN_SIGNATURE;
}

/* Times are compared with the skew in the token's favour. A missing one reads as `absent`
 * and is then asked for by who needs it. */
static enum kp_token_fault
check_times(const struct kp_claim *claims, const struct kp_access_reading *reading,
	const struct access_rules *rules, struct kp_access *access)
{
	int64_t skew = rules->issuer->skew_s;
	int64_t now = reading->now_s;
	int64_t expires = 0;
	int64_t early = 0;
	int64_t issued = 0;
	enum kp_claim_found has_exp = kp_claim_instant(claims, KP_SLICE("exp"), &expires);
	enum kp_claim_found has_nbf = kp_claim_instant(claims, KP_SLICE("nbf"), &early);
	enum kp_claim_found has_iat = kp_claim_instant(claims, KP_SLICE("iat"), &issued);
	if (has_exp != KP_CLAIM_GOOD || has_nbf == KP_CLAIM_WRONG ||
		has_iat == KP_CLAIM_WRONG ||
		(rules->needs_iat && has_iat != KP_CLAIM_GOOD) ||
		(rules->needs_nbf && has_nbf != KP_CLAIM_GOOD)) {
		return KP_TOKEN_CLAIM_KIND;
	}
	if (now >= expires + skew) {
		return KP_TOKEN_EXPIRED;
	}
	if (has_nbf == KP_CLAIM_GOOD && now + skew < early) {
		return KP_TOKEN_EARLY;
	}
	if (has_iat == KP_CLAIM_GOOD && now + skew < issued) {
		return KP_TOKEN_ISSUED;
	}
	int64_t begun = has_iat == KP_CLAIM_GOOD ? issued
		: has_nbf == KP_CLAIM_GOOD       ? early
						 : now;
	if (rules->issuer->lifetime_max_s > 0 &&
		expires - begun > (int64_t)rules->issuer->lifetime_max_s) {
		return KP_TOKEN_LIFETIME;
	}
	access->expires_s = expires;
	return KP_TOKEN_GOOD;
}

static bool
is_for_us(const struct kp_claim *claims, const struct kp_issuer_texts *audiences)
{
	const struct kp_claim *audience = kp_claim_member(claims, KP_SLICE("aud"));
	for (size_t i = 0; i < audiences->count; i++) {
		if (kp_claim_holds(audience, audiences->items[i])) {
			return true;
		}
	}
	return false;
}

/* The client may be named in two claims, which then name the same one. */
static enum kp_token_fault
read_client(const struct kp_claim *claims, bool needed, struct kp_access *access)
{
	struct kp_slice id = {NULL, 0};
	struct kp_slice party = {NULL, 0};
	enum kp_claim_found has_id = kp_claim_text(claims, KP_SLICE("client_id"), &id);
	enum kp_claim_found has_party = kp_claim_text(claims, KP_SLICE("azp"), &party);
	if (has_id == KP_CLAIM_WRONG || has_party == KP_CLAIM_WRONG) {
		return KP_TOKEN_CLAIM_KIND;
	}
	bool both = has_id == KP_CLAIM_GOOD && has_party == KP_CLAIM_GOOD;
	access->client = has_id == KP_CLAIM_GOOD ? id : party;
	return (both && !kp_slice_equal(id, party)) || (needed && access->client.len == 0)
		? KP_TOKEN_CLIENT
		: KP_TOKEN_GOOD;
}

static bool
read_digest(const struct kp_claim *confirmation, struct kp_slice name,
	unsigned char ret_digest[KP_SHA256_BYTES], bool *ret_has)
{
	struct kp_slice coded;
	size_t len = 0;
	enum kp_claim_found found = kp_claim_text(confirmation, name, &coded);
	*ret_has = found == KP_CLAIM_GOOD;
	return found == KP_CLAIM_ABSENT ||
		(found == KP_CLAIM_GOOD &&
			kp_base64url_read(coded, ret_digest, KP_SHA256_BYTES, &len) &&
			len == KP_SHA256_BYTES);
}

/* A confirmation of another kind cannot be passed over: somebody meant it (RFC
 * 7800, 3.1).
 */
static enum kp_token_fault
read_binding(const struct kp_claim *claims, struct kp_access *access)
{
	const struct kp_claim *cnf = kp_claim_member(claims, KP_SLICE("cnf"));
	if (cnf == NULL) {
		return KP_TOKEN_GOOD;
	}
	bool sound = cnf->kind == KP_CLAIM_OBJECT &&
		read_digest(cnf, KP_SLICE("x5t#S256"), access->certificate,
			&access->has_certificate) &&
		read_digest(
			cnf, KP_SLICE("jkt"), access->proof_key, &access->has_proof_key);
	return sound && (access->has_certificate || access->has_proof_key)
		? KP_TOKEN_GOOD
		: KP_TOKEN_UNBOUND;
}

/* gid and svc (FSC core, access token). */
static bool
is_of_group(const struct kp_claim *claims, const struct kp_issuer *issuer)
{
	struct kp_slice group;
	struct kp_slice service;
	return issuer->kind != KP_ISSUER_FSC ||
		(kp_claim_text(claims, KP_SLICE("gid"), &group) == KP_CLAIM_GOOD &&
			kp_claim_text(claims, KP_SLICE("svc"), &service) ==
				KP_CLAIM_GOOD &&
			kp_slice_equal(group, issuer->group) &&
			kp_slice_equal(service, issuer->service));
}

static enum kp_token_fault
read_claims(const struct kp_claim *claims, const struct access_rules *rules,
	const struct kp_access_reading *reading, struct kp_access *ret_access)
{
	const struct kp_issuer *issuer = rules->issuer;
	struct kp_access access = {.issuer = issuer};
	if (!is_for_us(claims, &issuer->audiences)) {
		return KP_TOKEN_AUDIENCE;
	}
	if (!is_of_group(claims, issuer)) {
		return KP_TOKEN_GROUP;
	}
	enum kp_claim_found has_id = kp_claim_text(claims, KP_SLICE("jti"), &access.id);
	enum kp_claim_found has_subject =
		kp_claim_text(claims, KP_SLICE("sub"), &access.subject);
	if (has_subject == KP_CLAIM_WRONG ||
		(rules->needs_subject && has_subject != KP_CLAIM_GOOD) ||
		has_id == KP_CLAIM_WRONG ||
		(rules->needs_id && has_id != KP_CLAIM_GOOD)) {
		return KP_TOKEN_CLAIM_KIND;
	}
	enum kp_token_fault fault = check_times(claims, reading, rules, &access);
	if (fault == KP_TOKEN_GOOD) {
		fault = read_client(claims, rules->needs_client, &access);
	}
	if (fault == KP_TOKEN_GOOD) {
		fault = read_binding(claims, &access);
	}
	if (fault == KP_TOKEN_GOOD) {
		fault = kp_access_read_who(claims, issuer, reading, &access);
	}
	if (fault == KP_TOKEN_GOOD) {
		*ret_access = access;
	}
	return fault;
}

enum kp_token_fault
kp_access_read(const struct kp_access_token *token, const struct kp_issuer *issuer,
	const struct kp_access_reading *reading, struct kp_access *ret_access)
{
	bool fsc = issuer->kind == KP_ISSUER_FSC;
	const struct access_rules rules = {.issuer = issuer,
		.needs_iat = !fsc,
		.needs_nbf = fsc,
		.needs_subject = true,
		.needs_id = !fsc,
		.needs_client = !fsc};
	return read_claims(token->claims, &rules, reading, ret_access);
}

/* Only a plain `true` is an answer that says yes. */
static enum kp_token_fault
read_answer(struct kp_slice answer, struct kp_arena *arena,
	const struct kp_claim **ret_claims)
{
	enum kp_status status = kp_claims_read(answer, arena, ret_claims);
	if (status != KP_OK) {
		return status == KP_E_MEMORY ? KP_TOKEN_MEMORY : KP_TOKEN_NO_ANSWER;
	}
	const struct kp_claim *active = kp_claim_member(*ret_claims, KP_SLICE("active"));
	if (active == NULL ||
		(active->kind != KP_CLAIM_TRUE && active->kind != KP_CLAIM_FALSE)) {
		return KP_TOKEN_NO_ANSWER;
	}
	return active->kind == KP_CLAIM_TRUE ? KP_TOKEN_GOOD : KP_TOKEN_INACTIVE;
}

enum kp_token_fault
kp_access_read_introspected(struct kp_slice answer, const struct kp_issuer *issuer,
	const struct kp_access_reading *reading, struct kp_access *ret_access)
{
	const struct kp_claim *claims = NULL;
	const struct access_rules rules = {.issuer = issuer, .needs_client = true};
	struct kp_slice name = issuer->issuer;
	enum kp_token_fault fault = read_answer(answer, reading->arena, &claims);
	if (fault != KP_TOKEN_GOOD) {
		return fault;
	}
	if (kp_claim_text(claims, KP_SLICE("iss"), &name) == KP_CLAIM_WRONG ||
		!kp_slice_equal(name, issuer->issuer)) {
		return KP_TOKEN_ISSUER;
	}
	return read_claims(claims, &rules, reading, ret_access);
}

enum kp_token_fault
kp_access_read_active(struct kp_slice answer, struct kp_arena *arena)
{
	const struct kp_claim *claims = NULL;
	return read_answer(answer, arena, &claims);
}
