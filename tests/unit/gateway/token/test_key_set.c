/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Sets of keys, issuers' metadata and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/mint.h"
#include "token/issuer.h"
#include "token/key_set.h"

static struct kp_arena arena;
static struct kp_signing_key *ec;
static struct kp_signing_key *ec2;
static struct kp_signing_key *rsa;

static int
begin(void **state)
{
	(void)state;
	kp_arena_init(&arena, 32 << 20, NULL);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &ec), KP_OK);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &ec2), KP_OK);
	assert_int_equal(kp_signing_key_make(KP_KEY_RSA, &rsa), KP_OK);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	kp_signing_key_destroy(&ec);
	kp_signing_key_destroy(&ec2);
	kp_signing_key_destroy(&rsa);
	kp_arena_deinit(&arena);
	return 0;
}

static enum kp_status
read_set(const char *first, const char *second, struct kp_key_set **ret_set)
{
	struct kp_error err;
	char *text = kp_arena_printf(&arena, "{\"keys\":[%s%s%s]}", first,
		second[0] == '\0' ? "" : ",", second);
	return kp_key_set_read(kp_slice_from(text), KP_RSA_BITS_MIN, ret_set, &err);
}

static void
keys_are_found_by_name_and_algorithm(void **state)
{
	(void)state;
	struct kp_key_set *set = NULL;
	assert_int_equal(
		read_set(kp_mint_jwk(&arena, ec, ",\"kid\":\"a\""),
			kp_mint_jwk(&arena, rsa,
				",\"kid\":\"a\",\"use\":\"sig\",\"alg\":\"PS256\""),
			&set),
		KP_OK);
	assert_int_equal(kp_key_set_count(set), 2);
	struct kp_slice none = {NULL, 0};
	assert_non_null(kp_key_set_find(set, KP_SLICE("a"), KP_ALG_ES256));
	assert_non_null(kp_key_set_find(set, KP_SLICE("a"), KP_ALG_PS256));
	assert_non_null(kp_key_set_find(set, none, KP_ALG_PS256));
	assert_null(kp_key_set_find(set, KP_SLICE("a"), KP_ALG_RS256));
	assert_null(kp_key_set_find(set, KP_SLICE("a"), KP_ALG_ES384));
	assert_null(kp_key_set_find(set, KP_SLICE("b"), KP_ALG_ES256));
	assert_null(kp_key_set_find(set, KP_SLICE(""), KP_ALG_ES256));
	kp_key_set_unref(&set);
	/* Two that fit and no kid: which is meant cannot be told. */
	assert_int_equal(
		read_set(kp_mint_jwk(&arena, ec, ""), kp_mint_jwk(&arena, ec2, ""), &set),
		KP_OK);
	assert_null(kp_key_set_find(set, none, KP_ALG_ES256));
	kp_key_set_unref(&set);
}

static void
unusable_keys_are_passed_over(void **state)
{
	(void)state;
	const char *good = kp_mint_jwk(&arena, ec, ",\"kid\":\"good\"");
	const char *const over[] = {
		"{}",
		"{\"kty\":\"XX\",\"kid\":\"x\"}",
		"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AQ\",\"y\":\"AQ\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQ\",\"y\":\"AQ\"}",
		"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}",
		"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AQ\"}",
		kp_mint_jwk(&arena, ec2, ",\"use\":\"enc\""),
		kp_mint_jwk(&arena, ec2, ",\"use\":\"SIG\""),
		kp_mint_jwk(&arena, ec2, ",\"key_ops\":[\"sign\"]"),
		kp_mint_jwk(&arena, ec2, ",\"key_ops\":\"verify\""),
		kp_mint_jwk(&arena, ec2, ",\"alg\":\"ES384\""),
		kp_mint_jwk(&arena, ec2, ",\"alg\":\"HS256\""),
		kp_mint_jwk(&arena, ec2, ",\"alg\":7"),
		kp_mint_jwk(&arena, ec2, ",\"kid\":7"),
		kp_mint_jwk(&arena, ec2, ",\"kid\":\"\""),
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(over); i++) {
		struct kp_key_set *set = NULL;
		assert_int_equal(read_set(good, over[i], &set), KP_OK);
		if (kp_key_set_count(set) != 1) {
			fail_msg("taken: %s", over[i]);
		}
		kp_key_set_unref(&set);
		assert_int_equal(read_set(over[i], "", &set), KP_E_INVALID);
	}
}

static void
some_sets_are_refused_whole(void **state)
{
	(void)state;
	struct kp_key_set *set = NULL;
	const char *good = kp_mint_jwk(&arena, ec, ",\"kid\":\"a\"");
	static const char *const secrets[] = {",\"d\":\"AQ\"", ",\"k\":\"AQ\"",
		",\"p\":\"AQ\"", ",\"qi\":\"AQ\"", ",\"oth\":[]"};
	for (size_t i = 0; i < KP_ARRAY_LEN(secrets); i++) {
		assert_int_equal(
			read_set(good, kp_mint_jwk(&arena, ec2, secrets[i]), &set),
			KP_E_INVALID);
	}
	assert_int_equal(
		read_set(good, "{\"kty\":\"oct\",\"k\":\"AQ\"}", &set), KP_E_INVALID);
	assert_int_equal(read_set(good, kp_mint_jwk(&arena, ec2, ",\"kid\":\"a\""), &set),
		KP_E_INVALID);
	static const char *const no_sets[] = {"", "[]", "{}", "{\"keys\":{}}",
		"{\"keys\":[]}", "{\"keys\":[],\"keys\":[]}", "{\"keys\":[1]}"};
	struct kp_error err;
	for (size_t i = 0; i < KP_ARRAY_LEN(no_sets); i++) {
		assert_int_equal(kp_key_set_read(kp_slice_from(no_sets[i]),
					 KP_RSA_BITS_MIN, &set, &err),
			KP_E_INVALID);
	}
	assert_null(set);
}

static void
a_set_is_bounded(void **state)
{
	(void)state;
	struct kp_key_set *set = NULL;
	struct kp_error err;
	for (size_t count = KP_KEY_SET_KEYS_MAX; count <= KP_KEY_SET_KEYS_MAX + 1;
		count++) {
		struct kp_buffer text;
		kp_buffer_init(&text, &arena, 1 << 20);
		KP_BUFFER_ADD(&text, "{\"keys\":[");
		for (size_t i = 0; i < count; i++) {
			char *kid = kp_arena_printf(&arena, ",\"kid\":\"%zu\"", i);
			kp_buffer_printf(&text, "%s%s", i > 0 ? "," : "",
				kp_mint_jwk(&arena, ec, kid));
		}
		KP_BUFFER_ADD(&text, "]}");
		enum kp_status status = kp_key_set_read(
			kp_buffer_slice(&text), KP_RSA_BITS_MIN, &set, &err);
		assert_int_equal(
			status, count > KP_KEY_SET_KEYS_MAX ? KP_E_LIMIT : KP_OK);
		kp_key_set_unref(&set);
	}
	char *large = kp_arena_bytes(&arena, KP_KEY_SET_BYTES_MAX + 1);
	memset(large, ' ', KP_KEY_SET_BYTES_MAX + 1);
	assert_int_equal(
		kp_key_set_read((struct kp_slice){large, KP_KEY_SET_BYTES_MAX + 1},
			KP_RSA_BITS_MIN, &set, &err),
		KP_E_LIMIT);
	/* The least modulus is the issuer's: 3072 bits pass at 3072 and not at 3073. */
	char *text =
		kp_arena_printf(&arena, "{\"keys\":[%s]}", kp_mint_jwk(&arena, rsa, ""));
	assert_int_equal(kp_key_set_read(kp_slice_from(text), 3072, &set, &err), KP_OK);
	kp_key_set_unref(&set);
	assert_int_equal(
		kp_key_set_read(kp_slice_from(text), 3073, &set, &err), KP_E_INVALID);
}

static void
equal_sets(void **state)
{
	(void)state;
	const char *a = kp_mint_jwk(&arena, ec, ",\"kid\":\"a\"");
	const char *b = kp_mint_jwk(&arena, rsa, ",\"kid\":\"b\"");
	const char *renamed = kp_mint_jwk(&arena, rsa, ",\"kid\":\"c\"");
	const char *marked = kp_mint_jwk(&arena, rsa, ",\"kid\":\"b\",\"alg\":\"RS256\"");
	struct kp_key_set *one = NULL;
	struct kp_key_set *two = NULL;
	assert_int_equal(read_set(a, b, &one), KP_OK);
	const struct {
		const char *first;
		const char *second;
		bool equal;
	} cases[] = {
		{b, a, true}, {a, "", false}, {a, renamed, false}, {a, marked, false}};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		assert_int_equal(read_set(cases[i].first, cases[i].second, &two), KP_OK);
		assert_true(kp_key_set_equal(one, two) == cases[i].equal);
		kp_key_set_unref(&two);
	}
	assert_false(kp_key_set_equal(one, NULL));
	assert_true(kp_key_set_equal(NULL, NULL));
	kp_key_set_unref(&one);
}

/* The example of RFC 7638, section 3.1. */
static void
the_thumbprint_of_the_standard(void **state)
{
	(void)state;
	static const char jwk[] = "{\"kty\":\"RSA\",\"n\":"
				  "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhW"
				  "x4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
				  "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W"
				  "-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
				  "FDW2QvzqY368QQMicAtaSqz"
				  "s8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr"
				  "dkt-bFTWhAI4vMQFh6We"
				  "Zu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
				  "kEgU8awapJzKnqDKgw\",\"e"
				  "\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}";
	const struct kp_claim *object = NULL;
	unsigned char thumbprint[KP_SHA256_BYTES];
	assert_int_equal(kp_claims_read(kp_slice_from(jwk), &arena, &object), KP_OK);
	kp_jwk_thumbprint(object, thumbprint);
	assert_string_equal(kp_mint_text(&arena, thumbprint, sizeof(thumbprint)),
		"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

static void
addresses_of_metadata(void **state)
{
	(void)state;
	static const struct {
		const char *issuer;
		enum kp_issuer_keys keys;
		const char *url;
	} cases[] = {
		{"https://a.nl", KP_KEYS_OAUTH,
			"https://a.nl/.well-known/oauth-authorization-server"},
		{"https://a.nl:8443/realms/x", KP_KEYS_OAUTH,
			"https://a.nl:8443/.well-known/oauth-authorization-server/realms/"
			"x"},
		{"https://a.nl/realms/x/", KP_KEYS_OIDC,
			"https://a.nl/realms/x/.well-known/openid-configuration"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		const struct kp_issuer issuer = {
			.issuer = kp_slice_from(cases[i].issuer), .keys = cases[i].keys};
		assert_true(kp_slice_is(
			kp_issuer_metadata_url(&issuer, &arena), cases[i].url));
	}
	static const char *const no_urls[] = {"", "a.nl", "ftp://a.nl", "https://",
		"https:///x", "https://u@a.nl/", "https://a.nl/#x", "https://a.nl/ x",
		"https://a.nl\\@b.nl/", "HTTPS://a.nl"};
	struct kp_slice endpoint;
	struct kp_slice target;
	for (size_t i = 0; i < KP_ARRAY_LEN(no_urls); i++) {
		assert_false(kp_url_split(kp_slice_from(no_urls[i]), &endpoint, &target));
	}
	assert_true(kp_url_split(KP_SLICE("http://[::1]:8080?x"), &endpoint, &target));
	assert_true(kp_slice_is(endpoint, "http://[::1]:8080"));
	assert_true(kp_slice_is(target, "?x"));
}

static void
metadata_must_be_of_this_issuer(void **state)
{
	(void)state;
	const struct kp_issuer issuer = {.issuer = KP_SLICE("https://a.nl")};
	static const struct {
		const char *text;
		enum kp_status status;
	} cases[] = {
		{"{\"issuer\":\"https://a.nl\",\"jwks_uri\":\"https://b.nl/"
		 "k\",\"x\":[1]}",
			KP_OK},
		{"{\"issuer\":\"https://a.nl/\",\"jwks_uri\":\"https://b.nl/k\"}",
			KP_E_INVALID},
		{"{\"issuer\":\"https://c.nl\",\"jwks_uri\":\"https://b.nl/k\"}",
			KP_E_INVALID},
		{"{\"jwks_uri\":\"https://b.nl/k\"}", KP_E_INVALID},
		{"{\"issuer\":\"https://a.nl\"}", KP_E_INVALID},
		{"{\"issuer\":\"https://a.nl\",\"jwks_uri\":\"file:///etc/passwd\"}",
			KP_E_INVALID},
		{"<html>", KP_E_INVALID},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_slice url = {NULL, 0};
		assert_int_equal(kp_issuer_metadata_read(&issuer,
					 kp_slice_from(cases[i].text), &arena, &url),
			cases[i].status);
		assert_true(
			cases[i].status != KP_OK || kp_slice_is(url, "https://b.nl/k"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_by_name_and_algorithm),
		cmocka_unit_test(unusable_keys_are_passed_over),
		cmocka_unit_test(some_sets_are_refused_whole),
		cmocka_unit_test(a_set_is_bounded),
		cmocka_unit_test(equal_sets),
		cmocka_unit_test(the_thumbprint_of_the_standard),
		cmocka_unit_test(addresses_of_metadata),
		cmocka_unit_test(metadata_must_be_of_this_issuer),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
