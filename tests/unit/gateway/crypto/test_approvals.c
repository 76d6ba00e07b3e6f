/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Four eyes: what is approved, and above all what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/encode.h"
#include "crypto/approvals.h"

#define NOW_MS ((int64_t)1795000000000)
#define VERSION "sha256:abc"

struct person {
	const char *name;
	unsigned char secret[KP_SIGN_KEY_BYTES];
	char key[64];
	int64_t until_ms;
};

struct desk {
	struct person people[4];
	char signers[2048];
	char approvals[4096];
	int len;
	struct kp_error err;
};

static void
encode(const unsigned char *bytes, size_t size, char *text)
{
	kp_base64url_write(bytes, size, text);
	text[KP_BASE64URL_LEN(size)] = '\0';
}

/* anna, bert, carla (expired), and anna's second key. */
static void
open_desk(struct desk *desk)
{
	static const char *const names[] = {"anna", "bert", "carla", "anna"};
	*desk = (struct desk){.len = 0};
	int at = snprintf(desk->signers, sizeof(desk->signers), "{\"ondertekenaars\":[");
	for (size_t i = 0; i < 4; i++) {
		struct person *person = &desk->people[i];
		unsigned char key[KP_SIGN_KEY_BYTES];
		assert_int_equal(kp_sign_key_make(person->secret, key), KP_OK);
		encode(key, sizeof(key), person->key);
		at += snprintf(desk->signers + at, sizeof(desk->signers) - (size_t)at,
			"%s{\"naam\":\"%s\",\"sleutel\":\"%s\",\"totMs\":%lld}",
			i > 0 ? "," : "", names[i], person->key,
			(long long)(NOW_MS + (i == 2 ? -1 : 86400000)));
	}
	(void)snprintf(desk->signers + at, sizeof(desk->signers) - (size_t)at, "]}");
}

static void
put(struct desk *desk, size_t who, enum kp_approval_part part, const char *version,
	int64_t time_ms)
{
	char room[KP_APPROVAL_TEXT_BYTES_MAX];
	unsigned char signature[KP_SIGNATURE_BYTES];
	char text[128];
	struct kp_slice said =
		kp_approval_text(room, kp_slice_from(version), part, time_ms);
	assert_int_equal(kp_sign(desk->people[who].secret, said, signature), KP_OK);
	encode(signature, sizeof(signature), text);
	desk->len += snprintf(desk->approvals + desk->len,
		sizeof(desk->approvals) - (size_t)desk->len,
		"%s{\"sleutel\":\"%s\",\"rol\":\"%s\",\"tijdMs\":%lld,"
		"\"handtekening\":\"%s\"}",
		desk->len > 0 ? "," : "", desk->people[who].key,
		kp_approval_part_name(part), (long long)time_ms, text);
}

static enum kp_status
check(struct desk *desk, const char *version, uint32_t required)
{
	char whole[4200];
	(void)snprintf(whole, sizeof(whole),
		"{\"versie\":\"%s\",\"handtekeningen\":[%s]}", version, desk->approvals);
	return kp_approvals_check(kp_slice_from(whole), kp_slice_from(desk->signers),
		kp_slice_from(VERSION), required, NOW_MS, &desk->err);
}

static void
two_people_approve(void **state)
{
	(void)state;
	struct desk desk;
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_PROPOSER, VERSION, NOW_MS - 1000);
	assert_int_equal(check(&desk, VERSION, 1), KP_OK);
	assert_int_equal(check(&desk, VERSION, 2), KP_E_CONFIG);
	put(&desk, 1, KP_APPROVAL_APPROVER, VERSION, NOW_MS);
	assert_int_equal(check(&desk, VERSION, 2), KP_OK);
	assert_int_equal(check(&desk, VERSION, 3), KP_E_CONFIG);
}

static void
refused(struct desk *desk, const char *why)
{
	assert_int_equal(check(desk, VERSION, 2), KP_E_CONFIG);
	if (strstr(desk->err.message, why) == NULL) {
		print_error("%s\n", desk->err.message);
	}
	assert_non_null(strstr(desk->err.message, why));
}

static void
nobody_approves_the_own_edit(void **state)
{
	(void)state;
	struct desk desk;
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_PROPOSER, VERSION, NOW_MS);
	put(&desk, 0, KP_APPROVAL_APPROVER, VERSION, NOW_MS);
	refused(&desk, "twice");
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_PROPOSER, VERSION, NOW_MS);
	put(&desk, 3, KP_APPROVAL_APPROVER, VERSION, NOW_MS);
	refused(&desk, "twice");
}

static void
a_changed_set_is_not_approved(void **state)
{
	(void)state;
	struct desk desk;
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_PROPOSER, "sha256:other", NOW_MS);
	put(&desk, 1, KP_APPROVAL_APPROVER, "sha256:other", NOW_MS);
	assert_int_equal(check(&desk, "sha256:other", 2), KP_E_CONFIG);
	assert_non_null(strstr(desk.err.message, "they are for version"));
	/* Or with the version in the file made to fit. */
	refused(&desk, "not right");
}

static void
a_key_that_is_not_known(void **state)
{
	(void)state;
	struct desk desk;
	struct desk other;
	open_desk(&desk);
	open_desk(&other);
	put(&other, 0, KP_APPROVAL_PROPOSER, VERSION, NOW_MS);
	memcpy(desk.approvals, other.approvals, sizeof(desk.approvals));
	desk.len = other.len;
	refused(&desk, "not among the signers");
}

static void
an_expired_signer(void **state)
{
	(void)state;
	struct desk desk;
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_PROPOSER, VERSION, NOW_MS);
	put(&desk, 2, KP_APPROVAL_APPROVER, VERSION, NOW_MS - 1000000);
	refused(&desk, "expired");
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_PROPOSER, VERSION, NOW_MS + 3600000);
	refused(&desk, "future");
}

static void
two_proposers_are_no_approval(void **state)
{
	(void)state;
	struct desk desk;
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_PROPOSER, VERSION, NOW_MS);
	put(&desk, 1, KP_APPROVAL_PROPOSER, VERSION, NOW_MS);
	refused(&desk, "1 proposer");
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_APPROVER, VERSION, NOW_MS);
	put(&desk, 1, KP_APPROVAL_APPROVER, VERSION, NOW_MS);
	refused(&desk, "1 proposer");
}

/* A part or a time that was changed after signing. */
static void
what_is_signed_is_all_of_it(void **state)
{
	(void)state;
	struct desk desk;
	open_desk(&desk);
	put(&desk, 0, KP_APPROVAL_APPROVER, VERSION, NOW_MS);
	char *part = strstr(desk.approvals, "\"goedkeurder\"");
	memcpy(part, "\"indiener\"   ", strlen("\"goedkeurder\""));
	refused(&desk, "not right");
}

static void
files_that_are_none(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "[", "[]", "{}", "{\"versie\":1}",
		"{\"versie\":\"" VERSION "\",\"handtekeningen\":[1]}",
		"{\"versie\":\"" VERSION "\",\"handtekeningen\":[]}"};
	struct desk desk;
	open_desk(&desk);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(kp_approvals_check(kp_slice_from(texts[i]),
					 kp_slice_from(desk.signers), KP_SLICE(VERSION),
					 1, NOW_MS, &desk.err),
			KP_E_CONFIG);
		assert_int_equal(
			kp_approvals_check(KP_SLICE("{}"), kp_slice_from(texts[i]),
				KP_SLICE(VERSION), 0, NOW_MS, &desk.err),
			KP_E_CONFIG);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_people_approve),
		cmocka_unit_test(nobody_approves_the_own_edit),
		cmocka_unit_test(a_changed_set_is_not_approved),
		cmocka_unit_test(a_key_that_is_not_known),
		cmocka_unit_test(an_expired_signer),
		cmocka_unit_test(two_proposers_are_no_approval),
		cmocka_unit_test(what_is_signed_is_all_of_it),
		cmocka_unit_test(files_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
