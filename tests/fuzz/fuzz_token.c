/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* An access token as anybody may write it: nothing verifies with a key nobody has, and
 * what opens has the form it promises. The claims are read as if it had verified. */
#include "token/access.h"

#include "core/oin.h"

static const char set_text[] =
	"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\","
	"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kp_key_set *keys;
	static const struct kp_slice audience = KP_SLICE_INIT("ketenpoort");
	static const struct kp_slice anybody = KP_SLICE_INIT("*");
	struct kp_issuer issuer = {.audiences = {&audience, 1},
		.organisations = {&anybody, 1},
		.organisation_claim = KP_SLICE("oin"),
		.employee_claim = KP_SLICE("act.sub"),
		.roles_claim = KP_SLICE("roles"),
		.algorithms = (1u << KP_ALG_COUNT) - 1,
		.skew_s = 60};
	struct kp_error err;
	struct kp_arena arena;
	struct kp_access_token token;
	struct kp_access access;
	if (keys == NULL) {
		FUZZ_CHECK(
			kp_key_set_read((struct kp_slice){set_text, sizeof(set_text) - 1},
				KP_RSA_BITS_MIN, &keys, &err) == KP_OK);
	}
	kp_arena_init(&arena, (size_t)8 << 20, NULL);
	enum kp_token_fault fault = kp_access_open(
		(struct kp_slice){(const char *)data, size}, &arena, &token);
	if (fault == KP_TOKEN_GOOD) {
		const struct kp_access_reading reading = {
			.arena = &arena, .now_s = 1795000000, .roles_max = 32};
		FUZZ_CHECK(token.claims != NULL && token.issuer.len > 0);
		issuer.issuer = token.issuer;
		FUZZ_CHECK(kp_access_verify(&token, &issuer, keys) != KP_TOKEN_GOOD);
		if (kp_access_read(&token, &issuer, &reading, &access) == KP_TOKEN_GOOD) {
			FUZZ_CHECK(kp_is_oin(access.organisation));
			FUZZ_CHECK(access.role_count <= reading.roles_max);
			FUZZ_CHECK(access.expires_s + 60 > reading.now_s);
		}
	}
	kp_arena_deinit(&arena);
	return 0;
}
