/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* What a token endpoint may answer, and what we say there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "token/claims.h"
#include "token/grant.h"
#include "token/jws.h"

static struct kp_arena arena = {.bytes_max = (size_t)1 << 20};

static enum kp_status
grant_of(const char *text, struct kp_grant *ret_grant)
{
	const char *fault = NULL;
	enum kp_status status =
		kp_grant_read(kp_slice_from(text), &arena, ret_grant, &fault);
	assert_true((status == KP_OK) == (fault == NULL));
	return status;
}

static void
a_grant_is_read(void **state)
{
	struct kp_grant grant;
	(void)state;
	assert_int_equal(
		grant_of("{\"access_token\":\"a-._~+/Z9==\",\"token_type\":\"bEaReR\","
			 "\"expires_in\":600,\"scope\":\"x\",\"extra\":{\"a\":[1]}}",
			&grant),
		KP_OK);
	assert_true(kp_slice_is(grant.token, "a-._~+/Z9=="));
	assert_true(grant.lifetime_known);
	assert_int_equal(grant.lifetime_s, 600);
	assert_int_equal(
		grant_of("{\"access_token\":\"a\",\"token_type\":\"Bearer\"}", &grant),
		KP_OK);
	assert_false(grant.lifetime_known);
	assert_int_equal(grant_of("{\"access_token\":\"a\",\"token_type\":\"Bearer\","
				  "\"expires_in\":253402300799}",
				 &grant),
		KP_OK);
	assert_int_equal(grant.lifetime_s, KP_GRANT_LIFETIME_S_MAX);
}

static void
what_is_no_grant(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"access_token\":\"a\"}",
		"{\"token_type\":\"Bearer\"}",
		"{\"access_token\":\"\",\"token_type\":\"Bearer\"}",
		"{\"access_token\":\"==\",\"token_type\":\"Bearer\"}",
		"{\"access_token\":\"a=b\",\"token_type\":\"Bearer\"}",
		"{\"access_token\":\"a b\",\"token_type\":\"Bearer\"}",
		"{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"Bearer\"}",
		"{\"access_token\":\"a\\u0000\",\"token_type\":\"Bearer\"}",
		"{\"access_token\":1,\"token_type\":\"Bearer\"}",
		"{\"access_token\":\"a\",\"token_type\":\"DPoP\"}",
		"{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":0}",
		"{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":-1}",
		"{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":"
		"\"60\"}",
		"{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"token_type\":"
		"\"Bearer\"}",
		"{\"access_token\":\"a\",\"token_type\":\"Bearer\"}x",
	};
	(void)state;
	for (size_t i = 0; i < KP_ARRAY_LEN(texts); i++) {
		struct kp_grant grant;
		assert_int_not_equal(grant_of(texts[i], &grant), KP_OK);
	}
}

static void
a_token_has_a_longest_length(void **state)
{
	char text[KP_GRANT_TOKEN_BYTES_MAX + 64];
	struct kp_grant grant;
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		size_t len = KP_GRANT_TOKEN_BYTES_MAX + over;
		size_t at = (size_t)snprintf(text, sizeof(text), "{\"access_token\":\"");
		memset(text + at, 'x', len);
		(void)snprintf(text + at + len, sizeof(text) - at - len,
			"\",\"token_type\":\"Bearer\"}");
		assert_int_equal(
			grant_of(text, &grant), over == 0 ? KP_OK : KP_E_INVALID);
	}
}

static void
a_refusal_is_a_code_or_nothing(void **state)
{
	(void)state;
	assert_true(kp_slice_is(kp_grant_refusal(KP_SLICE("{\"error\":\"invalid_scope\","
							  "\"error_description\":\"x\"}"),
					&arena),
		"invalid_scope"));
	assert_int_equal(
		kp_grant_refusal(KP_SLICE("{\"error\":\"a b\"}"), &arena).len, 0);
	assert_int_equal(kp_grant_refusal(KP_SLICE("<html>"), &arena).len, 0);
	assert_int_equal(kp_grant_refusal(KP_SLICE("{\"error\":7}"), &arena).len, 0);
}

static void
an_assertion_says_who_to_whom_and_how_long(void **state)
{
	struct kp_buffer out;
	struct kp_jws jws;
	const struct kp_claim *claims;
	struct kp_slice text;
	int64_t instant;
	struct kp_assertion assertion = {
		.client = KP_SLICE("poort \"1\""),
		.audience = KP_SLICE("https://uitgever.example"),
		.key_id = KP_SLICE("k1"),
		.alg = KP_ALG_PS256,
		.now_s = 1795000000,
		.valid_s = 60,
	};
	(void)state;
	memset(assertion.jti, 0xa5, sizeof(assertion.jti));
	kp_buffer_init(&out, &arena, 4096);
	kp_assertion_write(&assertion, &out);
	KP_BUFFER_ADD(&out, ".AAAA");
	assert_false(out.failed);
	assert_int_equal(kp_jws_read(kp_buffer_slice(&out), &arena, &jws), KP_TOKEN_GOOD);
	assert_int_equal(jws.alg, KP_ALG_PS256);
	assert_true(kp_slice_is(jws.kid, "k1"));
	assert_true(kp_jws_is_type(&jws, KP_SLICE("JWT")));
	assert_int_equal(kp_claims_read(jws.payload, &arena, &claims), KP_OK);
	assert_int_equal(kp_claim_text(claims, KP_SLICE("iss"), &text), KP_CLAIM_GOOD);
	assert_true(kp_slice_is(text, "poort \"1\""));
	assert_int_equal(kp_claim_text(claims, KP_SLICE("sub"), &text), KP_CLAIM_GOOD);
	assert_true(kp_slice_is(text, "poort \"1\""));
	assert_int_equal(kp_claim_text(claims, KP_SLICE("aud"), &text), KP_CLAIM_GOOD);
	assert_true(kp_slice_is(text, "https://uitgever.example"));
	assert_int_equal(kp_claim_text(claims, KP_SLICE("jti"), &text), KP_CLAIM_GOOD);
	assert_int_equal(text.len, 32);
	assert_int_equal(
		kp_claim_instant(claims, KP_SLICE("iat"), &instant), KP_CLAIM_GOOD);
	assert_int_equal(instant, 1795000000);
	assert_int_equal(
		kp_claim_instant(claims, KP_SLICE("exp"), &instant), KP_CLAIM_GOOD);
	assert_int_equal(instant, 1795000060);
}

static int
clear(void **state)
{
	(void)state;
	kp_arena_deinit(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_grant_is_read),
		cmocka_unit_test(what_is_no_grant),
		cmocka_unit_test(a_token_has_a_longest_length),
		cmocka_unit_test(a_refusal_is_a_code_or_nothing),
		cmocka_unit_test(an_assertion_says_who_to_whom_and_how_long),
	};
	return cmocka_run_group_tests(tests, NULL, clear);
}
