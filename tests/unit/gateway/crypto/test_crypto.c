/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* crypto: published digests; pseudonyms that are stable, keyed and told apart by key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/crypto.h"

static void
sha256_is_as_published(void **state)
{
	(void)state;
	unsigned char digest[KP_SHA256_BYTES];
	char text[64];
	struct kp_slice parts[] = {
		KP_SLICE("a"), KP_SLICE(""), {NULL, 0}, KP_SLICE("bc")};
	kp_sha256(parts, 4, digest);
	kp_hex_write(digest, sizeof(digest), text);
	assert_memory_equal(text,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 64);
	kp_sha256(NULL, 0, digest);
	kp_hex_write(digest, sizeof(digest), text);
	assert_memory_equal(text,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 64);
}

static void
secrets_compare_by_content(void **state)
{
	(void)state;
	assert_true(kp_equal_secret(KP_SLICE("abc"), KP_SLICE("abc")));
	assert_false(kp_equal_secret(KP_SLICE("abc"), KP_SLICE("abd")));
	assert_false(kp_equal_secret(KP_SLICE("abc"), KP_SLICE("ab")));
	assert_true(kp_equal_secret((struct kp_slice){NULL, 0}, KP_SLICE("")));
}

static void
random_bytes_differ(void **state)
{
	(void)state;
	unsigned char a[1000] = {0};
	unsigned char b[1000] = {0};
	assert_int_equal(kp_random_bytes(a, sizeof(a)), KP_OK);
	assert_int_equal(kp_random_bytes(b, sizeof(b)), KP_OK);
	assert_memory_not_equal(a, b, sizeof(a));
}

static void
fill_keys(struct kp_pseudonym_key keys[2])
{
	keys[0].id = KP_SLICE("2025");
	keys[1].id = KP_SLICE("2026-a");
	memset(keys[0].key, 0x11, sizeof(keys[0].key));
	memset(keys[1].key, 0x22, sizeof(keys[1].key));
}

/* Computed with: openssl mac -digest SHA256 -macopt hexkey:2222… HMAC */
static void
a_pseudonym_is_hmac_sha_256_under_the_current_key(void **state)
{
	(void)state;
	struct kp_pseudonym_key keys[2];
	fill_keys(keys);
	struct kp_pseudonymiser *made = NULL;
	assert_int_equal(kp_pseudonymiser_create(keys, 2, 1, &made, NULL), KP_OK);
	assert_true(kp_slice_is(kp_pseudonymiser_key_id(made), "2026-a"));
	char first[KP_PSEUDONYM_LEN];
	char again[KP_PSEUDONYM_LEN];
	char other[KP_PSEUDONYM_LEN];
	char older[KP_PSEUDONYM_LEN];
	assert_int_equal(kp_pseudonymise(made, KP_SLICE("999993653"), first), KP_OK);
	assert_int_equal(kp_pseudonymise(made, KP_SLICE("999990019"), other), KP_OK);
	assert_int_equal(
		kp_pseudonymise_with(made, 0, KP_SLICE("999993653"), older), KP_OK);
	assert_int_equal(kp_pseudonymise(made, KP_SLICE("999993653"), again), KP_OK);
	assert_memory_equal(
		first, "zmWqrRimKzdeccXJeQJF2BTkIz5Mu0yRS4XQoMwl8Pw", KP_PSEUDONYM_LEN);
	assert_memory_equal(first, again, sizeof(first));
	assert_memory_not_equal(first, other, sizeof(first));
	assert_memory_not_equal(first, older, sizeof(first));
	assert_int_equal(kp_pseudonymiser_count(made), 2);
	assert_true(kp_slice_is(kp_pseudonymiser_key_id_at(made, 0), "2025"));
	kp_pseudonymiser_destroy(&made);
	assert_null(made);
	kp_pseudonymiser_destroy(&made);
}

static void
refuses_keys_it_cannot_name(void **state)
{
	(void)state;
	struct kp_pseudonym_key keys[2];
	fill_keys(keys);
	struct kp_pseudonymiser *made = NULL;
	struct kp_error err;
	assert_int_equal(kp_pseudonymiser_create(keys, 0, 0, &made, &err), KP_E_CONFIG);
	assert_int_equal(kp_pseudonymiser_create(keys, 2, 2, &made, &err), KP_E_CONFIG);
	keys[1].id = KP_SLICE("");
	assert_int_equal(kp_pseudonymiser_create(keys, 2, 0, &made, &err), KP_E_CONFIG);
	keys[1].id = KP_SLICE("a b");
	assert_int_equal(kp_pseudonymiser_create(keys, 2, 0, &made, &err), KP_E_CONFIG);
	assert_non_null(strstr(err.message, "key 2"));
	assert_null(made);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_as_published),
		cmocka_unit_test(secrets_compare_by_content),
		cmocka_unit_test(random_bytes_differ),
		cmocka_unit_test(a_pseudonym_is_hmac_sha_256_under_the_current_key),
		cmocka_unit_test(refuses_keys_it_cannot_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
