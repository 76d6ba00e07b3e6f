/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Signatures that come with a certificate: who is trusted, when, and for what bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/certificate_make.h"
#include "crypto/certificate_trust.h"
#include "crypto/crypto.h"
#include "crypto/signing_key.h"

#define NOW 1800000000
#define ANY ((struct kp_slice){0})
#define BYTES KP_SLICE("<ds:SignedInfo></ds:SignedInfo>")

struct pair {
	struct kp_certificate *certificate;
	struct kp_slice pem;
	struct kp_slice der;
	struct kp_signing_key *key;
};

static void
make_pair(struct kp_arena *arena, enum kp_make_key kind, enum kp_make_use use,
	const struct kp_certificate *issuer, struct pair *pair)
{
	struct kp_error err;
	struct kp_slice key;
	const struct kp_certificate_wish wish = {.key = kind,
		.use = use,
		.common_name = "proef",
		.from_s = NOW - 1000,
		.until_s = NOW + 1000};
	assert_int_equal(
		kp_certificate_make(&wish, issuer, &pair->certificate, &err), KP_OK);
	assert_int_equal(
		kp_certificate_write(pair->certificate, arena, &pair->pem), KP_OK);
	assert_int_equal(kp_certificate_write_key(pair->certificate, arena, &key), KP_OK);
	assert_int_equal(kp_certificate_der(pair->pem, arena, &pair->der), KP_OK);
	assert_int_equal(kp_signing_key_read(key, &pair->key), KP_OK);
}

static void
free_pair(struct pair *pair)
{
	kp_certificate_destroy(&pair->certificate);
	kp_signing_key_destroy(&pair->key);
}

static struct kp_slice
sign(const struct pair *pair, enum kp_signature_alg alg, unsigned char *room)
{
	size_t len = 0;
	assert_int_equal(kp_signing_key_sign(pair->key, alg, BYTES, room, &len), KP_OK);
	return (struct kp_slice){(const char *)room, len};
}

static void
test_takes_the_right_one_only(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct pair root;
	struct pair other;
	struct pair rsa;
	struct pair ec;
	struct kp_trust *trust = NULL;
	unsigned char room[2][KP_SIGNATURE_BYTES_MAX];
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	make_pair(&arena, KP_MAKE_EC_P256, KP_MAKE_AUTHORITY, NULL, &root);
	make_pair(&arena, KP_MAKE_EC_P256, KP_MAKE_AUTHORITY, NULL, &other);
	make_pair(&arena, KP_MAKE_RSA_3072, KP_MAKE_CLIENT, root.certificate, &rsa);
	make_pair(&arena, KP_MAKE_EC_P256, KP_MAKE_CLIENT, root.certificate, &ec);
	assert_int_equal(kp_trust_read(root.pem, &trust), KP_OK);
	struct kp_slice by_rsa = sign(&rsa, KP_ALG_RS256, room[0]);
	struct kp_slice by_ec = sign(&ec, KP_ALG_ES256, room[1]);
	assert_null(kp_trust_check(
		trust, rsa.der, NOW, ANY, KP_TRUST_RSA_SHA256, BYTES, by_rsa));
	assert_null(kp_trust_check(
		trust, ec.der, NOW, ANY, KP_TRUST_ECDSA_SHA256, BYTES, by_ec));
	/* Another key, another algorithm, other bytes, another time, another root. */
	assert_non_null(kp_trust_check(
		trust, ec.der, NOW, ANY, KP_TRUST_RSA_SHA256, BYTES, by_rsa));
	assert_non_null(kp_trust_check(
		trust, rsa.der, NOW, ANY, KP_TRUST_RSA_SHA1, BYTES, by_rsa));
	assert_non_null(kp_trust_check(
		trust, rsa.der, NOW, ANY, KP_TRUST_ECDSA_SHA256, BYTES, by_ec));
	assert_non_null(kp_trust_check(
		trust, rsa.der, NOW, ANY, KP_TRUST_RSA_SHA256, KP_SLICE("<x/>"), by_rsa));
	assert_non_null(kp_trust_check(
		trust, rsa.der, NOW + 2000, ANY, KP_TRUST_RSA_SHA256, BYTES, by_rsa));
	assert_non_null(kp_trust_check(
		trust, rsa.der, NOW - 2000, ANY, KP_TRUST_RSA_SHA256, BYTES, by_rsa));
	kp_trust_destroy(&trust);
	assert_int_equal(kp_trust_read(other.pem, &trust), KP_OK);
	assert_non_null(kp_trust_check(
		trust, rsa.der, NOW, ANY, KP_TRUST_RSA_SHA256, BYTES, by_rsa));
	kp_trust_destroy(&trust);
	free_pair(&root);
	free_pair(&other);
	free_pair(&rsa);
	free_pair(&ec);
	kp_arena_deinit(&arena);
}

static void
test_refuses_what_is_no_certificate(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct pair root;
	struct kp_trust *trust = NULL;
	struct kp_slice der;
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	make_pair(&arena, KP_MAKE_EC_P256, KP_MAKE_AUTHORITY, NULL, &root);
	assert_int_equal(kp_trust_read(KP_SLICE("no certificate"), &trust), KP_E_INVALID);
	assert_null(trust);
	assert_int_equal(kp_certificate_der(KP_SLICE("x"), &arena, &der), KP_E_INVALID);
	assert_int_equal(kp_trust_read(root.pem, &trust), KP_OK);
	for (size_t len = 0; len < root.der.len; len++) {
		struct kp_slice cut = {root.der.data, len};
		assert_non_null(
			kp_trust_check(trust, cut, NOW, ANY, KP_TRUST_ECDSA_SHA256, BYTES,
				KP_SLICE("0123456789012345678901234567890123456789")));
	}
	kp_trust_destroy(&trust);
	free_pair(&root);
	kp_arena_deinit(&arena);
}

/* FIPS 180-4's own example. */
static void
test_sha1(void **state)
{
	(void)state;
	static const unsigned char expected[20] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06,
		0x81, 0x6a, 0xba, 0x3e, 0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0,
		0xd8, 0x9d};
	unsigned char digest[20];
	kp_sha1(KP_SLICE("abc"), digest);
	assert_memory_equal(digest, expected, sizeof(expected));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes_the_right_one_only),
		cmocka_unit_test(test_refuses_what_is_no_certificate),
		cmocka_unit_test(test_sha1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
