/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* jwk: one JSON Web Key (RFC 7517, section 4; RFC 7518, section 6; RFC 8037); see
 * key_set.h. */
#include "core/encode.h"
#include "token/key_set.h"

#define NUMBER_BYTES_MAX ((size_t)(KP_RSA_BITS_MAX / 8))

/* What a key of each kind consists of, in the order of a thumbprint (RFC 7638, 3.2). */
static const struct {
	const char *kty;
	const char *members[4];
} types[] = {
	{"EC", {"crv", "kty", "x", "y"}},
	{"OKP", {"crv", "kty", "x", NULL}},
	{"RSA", {"e", "kty", "n", NULL}},
};

static enum kp_status
not_a_key(struct kp_error *err, const char *why)
{
	return kp_error_set(err, KP_E_INVALID, "%s", why);
}

static enum kp_status
read_number(const struct kp_claim *jwk, const char *name, struct kp_arena *arena,
	struct kp_slice *ret_number)
{
	struct kp_slice coded;
	size_t len = 0;
	if (kp_claim_text(jwk, kp_slice_from(name), &coded) != KP_CLAIM_GOOD) {
		return KP_E_INVALID;
	}
	char *bytes = kp_arena_bytes(arena, NUMBER_BYTES_MAX);
	if (bytes == NULL) {
		return KP_E_MEMORY;
	}
	if (!kp_base64url_read(coded, (unsigned char *)bytes, NUMBER_BYTES_MAX, &len)) {
		return KP_E_INVALID;
	}
	*ret_number = (struct kp_slice){bytes, len};
	return KP_OK;
}

static enum kp_status
read_rsa(const struct kp_claim *jwk, struct kp_arena *arena,
	struct kp_verify_key **ret_key)
{
	struct kp_slice modulus;
	struct kp_slice exponent;
	enum kp_status status = read_number(jwk, "n", arena, &modulus);
	if (status == KP_OK) {
		status = read_number(jwk, "e", arena, &exponent);
	}
	return status == KP_OK ? kp_verify_key_rsa(modulus, exponent, ret_key) : status;
}

/* A key on a curve; Ed25519 is the only one of type OKP. */
static enum kp_status
read_curve(const struct kp_claim *jwk, bool okp, struct kp_arena *arena,
	struct kp_verify_key **ret_key)
{
	struct kp_slice curve;
	struct kp_slice x;
	struct kp_slice y;
	enum kp_key_kind kind = KP_KEY_RSA;
	if (kp_claim_text(jwk, KP_SLICE("crv"), &curve) != KP_CLAIM_GOOD ||
		!kp_key_kind_of_curve(curve, &kind) || (kind == KP_KEY_ED25519) != okp) {
		return KP_E_INVALID;
	}
	enum kp_status status = read_number(jwk, "x", arena, &x);
	if (status != KP_OK || okp) {
		return status == KP_OK ? kp_verify_key_ed25519(x, ret_key) : status;
	}
	status = read_number(jwk, "y", arena, &y);
	return status == KP_OK ? kp_verify_key_ec(kind, x, y, ret_key) : status;
}

enum kp_status
kp_jwk_read(const struct kp_claim *jwk, struct kp_arena *arena,
	struct kp_verify_key **ret_key, struct kp_error *err)
{
	struct kp_slice kty;
	if (kp_claim_text(jwk, KP_SLICE("kty"), &kty) != KP_CLAIM_GOOD) {
		return not_a_key(err, "the key has no type (kty)");
	}
	if (kp_jwk_is_private(jwk)) {
		return not_a_key(err, "the key is not a public one");
	}
	enum kp_status status = KP_E_INVALID;
	if (kp_slice_is(kty, "RSA")) {
		status = read_rsa(jwk, arena, ret_key);
	} else if (kp_slice_is(kty, "EC") || kp_slice_is(kty, "OKP")) {
		status = read_curve(jwk, kp_slice_is(kty, "OKP"), arena, ret_key);
	}
	return status == KP_E_INVALID ? not_a_key(err, "the key's numbers are no key")
				      : status;
}

bool
kp_jwk_is_private(const struct kp_claim *jwk)
{
	static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		if (kp_claim_member(jwk, kp_slice_from(names[i])) != NULL) {
			return true;
		}
	}
	return false;
}

void
kp_jwk_thumbprint(
	const struct kp_claim *jwk, unsigned char ret_thumbprint[KP_SHA256_BYTES])
{
	struct kp_slice parts[4 * 5 + 1];
	size_t count = 0;
	struct kp_slice kty = {NULL, 0};
	(void)kp_claim_text(jwk, KP_SLICE("kty"), &kty);
	size_t type = 0;
	while (type + 1 < KP_ARRAY_LEN(types) && !kp_slice_is(kty, types[type].kty)) {
		type++;
	}
	/* These members are base64url or names of curves: they need no escapes. */
	for (size_t i = 0; i < 4 && types[type].members[i] != NULL; i++) {
		struct kp_slice value = {NULL, 0};
		struct kp_slice name = kp_slice_from(types[type].members[i]);
		(void)kp_claim_text(jwk, name, &value);
		parts[count++] = i == 0 ? KP_SLICE("{\"") : KP_SLICE(",\"");
		parts[count++] = name;
		parts[count++] = KP_SLICE("\":\"");
		parts[count++] = value;
		parts[count++] = KP_SLICE("\"");
	}
	parts[count++] = KP_SLICE("}");
	kp_sha256(parts, count, ret_thumbprint);
}
