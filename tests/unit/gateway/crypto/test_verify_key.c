/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Keys of others and signatures with them: what fits, and above all what does not. The
 * published vectors are in tests/conformance/jose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/arena.h"
#include "crypto/signing_key.h"
#include "crypto/verify_key.h"
#include "tests/support/mint.h"

static const enum kp_key_kind kinds[] = {
	KP_KEY_RSA, KP_KEY_P256, KP_KEY_P384, KP_KEY_P521, KP_KEY_ED25519};

/* One member of the public key, decoded. */
static struct kp_slice
number_of(struct kp_arena *arena, const char *jwk, const char *name)
{
	char *quoted = kp_arena_printf(arena, "\"%s\":\"", name);
	const char *at = strstr(jwk, quoted);
	assert_non_null(at);
	at += strlen(quoted);
	struct kp_slice coded = {at, (size_t)(strchr(at, '"') - at)};
	char *bytes = kp_arena_bytes(arena, coded.len);
	size_t len;
	assert_true(kp_base64url_read(coded, (unsigned char *)bytes, coded.len, &len));
	return (struct kp_slice){bytes, len};
}

static struct kp_verify_key *
public_of(struct kp_arena *arena, const struct kp_signing_key *key)
{
	const char *jwk = kp_mint_jwk(arena, key, "");
	struct kp_verify_key *made = NULL;
	enum kp_key_kind kind = kp_signing_key_kind(key);
	enum kp_status status = kind == KP_KEY_RSA
		? kp_verify_key_rsa(
			  number_of(arena, jwk, "n"), number_of(arena, jwk, "e"), &made)
		: kind == KP_KEY_ED25519
		? kp_verify_key_ed25519(number_of(arena, jwk, "x"), &made)
		: kp_verify_key_ec(kind, number_of(arena, jwk, "x"),
			  number_of(arena, jwk, "y"), &made);
	assert_int_equal(status, KP_OK);
	return made;
}

static void
each_algorithm_takes_its_own_key_only(void **state)
{
	(void)state;
	struct kp_slice text = KP_SLICE("wie vraagt");
	struct kp_arena arena;
	kp_arena_init(&arena, 1 << 20, NULL);
	for (size_t k = 0; k < KP_ARRAY_LEN(kinds); k++) {
		struct kp_signing_key *key;
		unsigned char bytes[KP_SIGNATURE_BYTES_MAX];
		assert_int_equal(kp_signing_key_make(kinds[k], &key), KP_OK);
		struct kp_verify_key *public = public_of(&arena, key);
		assert_int_equal(kp_verify_key_kind(public), kinds[k]);
		for (unsigned alg = 0; alg < KP_ALG_COUNT; alg++) {
			size_t len = 64;
			bool fits = kp_signature_alg_fits(alg, kinds[k]);
			assert_int_equal(kp_signing_key_sign(key, alg, text, bytes, &len),
				fits ? KP_OK : KP_E_INVALID);
			struct kp_slice signature = {(char *)bytes, len};
			assert_int_equal(
				kp_verify_key_check(public, alg, text, signature),
				fits ? KP_OK : KP_E_UNAUTHENTICATED);
			bytes[len / 2] ^= 1;
			assert_int_equal(
				kp_verify_key_check(public, alg, text, signature),
				KP_E_UNAUTHENTICATED);
			bytes[len / 2] ^= 1;
			signature.len--;
			assert_int_equal(
				kp_verify_key_check(public, alg, text, signature),
				KP_E_UNAUTHENTICATED);
			signature.len++;
			assert_int_equal(kp_verify_key_check(public, alg,
						 KP_SLICE("wie vraagT"), signature),
				KP_E_UNAUTHENTICATED);
		}
		kp_verify_key_destroy(&public);
		kp_signing_key_destroy(&key);
	}
	kp_arena_deinit(&arena);
}

/* RS256 and PS256 use the same keys, and still are not the same. */
static void
one_algorithm_is_not_another(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_signing_key *key;
	unsigned char bytes[KP_SIGNATURE_BYTES_MAX];
	kp_arena_init(&arena, 1 << 20, NULL);
	assert_int_equal(kp_signing_key_make(KP_KEY_RSA, &key), KP_OK);
	struct kp_verify_key *public = public_of(&arena, key);
	for (unsigned made = KP_ALG_RS256; made <= KP_ALG_PS512; made++) {
		size_t len;
		assert_int_equal(
			kp_signing_key_sign(key, made, KP_SLICE("x"), bytes, &len),
			KP_OK);
		for (unsigned alg = KP_ALG_RS256; alg <= KP_ALG_PS512; alg++) {
			assert_int_equal(kp_verify_key_check(public, alg, KP_SLICE("x"),
						 (struct kp_slice){(char *)bytes, len}),
				alg == made ? KP_OK : KP_E_UNAUTHENTICATED);
		}
	}
	kp_verify_key_destroy(&public);
	kp_signing_key_destroy(&key);
	kp_arena_deinit(&arena);
}

static void
what_is_no_key_is_refused(void **state)
{
	(void)state;
	char bytes[KP_RSA_BITS_MAX / 8 + 1];
	struct kp_verify_key *key = NULL;
	memset(bytes, 0xff, sizeof(bytes));
	struct kp_slice modulus = {bytes, 256};
	struct kp_slice exponent = {"\x01\x00\x01", 3};
	assert_int_equal(kp_verify_key_rsa(modulus, exponent, &key), KP_OK);
	assert_int_equal(kp_verify_key_rsa_bits(key), 2048);
	kp_verify_key_destroy(&key);
	static const struct kp_slice exponents[] = {{"", 0}, {"\x01", 1}, {"\x02", 1},
		{"\x00\x03", 2}, {"\x01\x00\x00", 3},
		{"\x01\x00\x00\x00\x00\x00\x00\x00\x01", 9}};
	for (size_t i = 0; i < KP_ARRAY_LEN(exponents); i++) {
		assert_int_equal(
			kp_verify_key_rsa(modulus, exponents[i], &key), KP_E_INVALID);
	}
	modulus.len = KP_RSA_BITS_MAX / 8;
	assert_int_equal(kp_verify_key_rsa(modulus, exponent, &key), KP_OK);
	kp_verify_key_destroy(&key);
	modulus.len++;
	assert_int_equal(kp_verify_key_rsa(modulus, exponent, &key), KP_E_INVALID);
	modulus.len = 256;
	bytes[0] = 0;
	assert_int_equal(kp_verify_key_rsa(modulus, exponent, &key), KP_E_INVALID);
	/* (1, 1) is not on the curve; a coordinate has one length. */
	memset(bytes, 0, sizeof(bytes));
	bytes[31] = 1;
	struct kp_slice one = {bytes, 32};
	assert_int_equal(kp_verify_key_ec(KP_KEY_P256, one, one, &key), KP_E_INVALID);
	one.len = 31;
	assert_int_equal(kp_verify_key_ec(KP_KEY_P256, one, one, &key), KP_E_INVALID);
	assert_int_equal(kp_verify_key_ed25519(one, &key), KP_E_INVALID);
	assert_null(key);
}

static void
a_key_of_ours_comes_back_from_pem(void **state)
{
	(void)state;
	struct kp_arena arena;
	kp_arena_init(&arena, 1 << 20, NULL);
	for (size_t k = 0; k < KP_ARRAY_LEN(kinds); k++) {
		struct kp_signing_key *key;
		struct kp_signing_key *again = NULL;
		struct kp_buffer pem;
		kp_buffer_init(&pem, &arena, 1 << 16);
		assert_int_equal(kp_signing_key_make(kinds[k], &key), KP_OK);
		assert_int_equal(kp_signing_key_write(key, &pem), KP_OK);
		assert_int_equal(
			kp_signing_key_read(kp_buffer_slice(&pem), &again), KP_OK);
		assert_string_equal(
			kp_mint_jwk(&arena, key, ""), kp_mint_jwk(&arena, again, ""));
		kp_signing_key_destroy(&again);
		pem.len /= 2;
		assert_int_equal(
			kp_signing_key_read(kp_buffer_slice(&pem), &again), KP_E_INVALID);
		kp_signing_key_destroy(&key);
	}
	struct kp_signing_key *none = NULL;
	assert_int_equal(kp_signing_key_read(KP_SLICE(""), &none), KP_E_INVALID);
	assert_int_equal(
		kp_signing_key_read(KP_SLICE("-----BEGIN PRIVATE KEY-----\n"), &none),
		KP_E_INVALID);
	kp_arena_deinit(&arena);
}

static void
names_are_exact(void **state)
{
	(void)state;
	enum kp_signature_alg alg;
	static const char *const not_ours[] = {"none", "None", "HS256", "HS512", "rs256",
		"RS256 ", "ES256K", "RSA-OAEP", "dir", ""};
	for (size_t i = 0; i < KP_ARRAY_LEN(not_ours); i++) {
		assert_false(kp_signature_alg_find(kp_slice_from(not_ours[i]), &alg));
	}
	for (unsigned i = 0; i < KP_ALG_COUNT; i++) {
		assert_true(kp_signature_alg_find(
			kp_slice_from(kp_signature_alg_name(i)), &alg));
		assert_int_equal(alg, i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_algorithm_takes_its_own_key_only),
		cmocka_unit_test(one_algorithm_is_not_another),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(a_key_of_ours_comes_back_from_pem),
		cmocka_unit_test(names_are_exact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
