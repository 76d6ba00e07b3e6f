/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Access tokens: one rule at a time, each from a token that is right in all else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/mint.h"
#include "token/access.h"

#define NOW ((int64_t)1795000000)
#define OIN "00000001823288444000"
#define OTHER_OIN "00000001002220647000"
#define ISSUER "https://inlog.example.nl"
#define DIGEST "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" /* of nothing */

static struct kp_arena arena;
static struct kp_signing_key *key;
static struct kp_signing_key *other_key;
static struct kp_key_set *keys;
static struct kp_issuer issuer;
static struct kp_access access_;

static const struct kp_slice audiences[] = {
	KP_SLICE_INIT("https://poort.example.nl"), KP_SLICE_INIT("ketenpoort")};
static const struct kp_slice types[] = {KP_SLICE_INIT("at+jwt")};
static const struct kp_slice organisations[] = {KP_SLICE_INIT(OIN)};

static int
begin(void **state)
{
	(void)state;
	kp_arena_init(&arena, 8 << 20, NULL);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &key), KP_OK);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &other_key), KP_OK);
	char *set = kp_arena_printf(
		&arena, "{\"keys\":[%s]}", kp_mint_jwk(&arena, key, ",\"kid\":\"k1\""));
	struct kp_error err;
	assert_int_equal(
		kp_key_set_read(kp_slice_from(set), KP_RSA_BITS_MIN, &keys, &err), KP_OK);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	kp_key_set_unref(&keys);
	kp_signing_key_destroy(&key);
	kp_signing_key_destroy(&other_key);
	kp_arena_deinit(&arena);
	return 0;
}

static int
usual_issuer(void **state)
{
	(void)state;
	issuer = (struct kp_issuer){.issuer = KP_SLICE(ISSUER),
		.audiences = {audiences, 2},
		.types = {types, 1},
		.organisations = {organisations, 1},
		.algorithms = 1u << KP_ALG_ES256,
		.skew_s = 60,
		.lifetime_max_s = 3600,
		.employee_claim = KP_SLICE("sub"),
		.roles_claim = KP_SLICE("roles")};
	return 0;
}

/* The claims of a good token, with members put in place of their namesakes. */
static const char *
claims_with(const char *name, const char *value)
{
	static const char *const usual[][2] = {
		{"iss", "\"" ISSUER "\""},
		{"sub", "\"m.jansen\""},
		{"aud", "\"ketenpoort\""},
		{"exp", "1795000600"},
		{"iat", "1794999990"},
		{"jti", "\"t-1\""},
		{"client_id", "\"klantsysteem\""},
		{"roles", "[\"klantmanager\"]"},
	};
	struct kp_buffer out;
	bool replaced = false;
	kp_buffer_init(&out, &arena, 65536);
	for (size_t i = 0; i < KP_ARRAY_LEN(usual); i++) {
		bool same = name != NULL && strcmp(usual[i][0], name) == 0;
		const char *text = same ? value : usual[i][1];
		replaced = replaced || same;
		if (text != NULL) {
			kp_buffer_printf(&out, "%s\"%s\":%s", out.len > 0 ? "," : "{",
				usual[i][0], text);
		}
	}
	if (name != NULL && !replaced) {
		kp_buffer_printf(&out, ",\"%s\":%s", name, value);
	}
	kp_buffer_add(&out, "}", 2);
	assert_false(out.failed);
	return out.data;
}

static enum kp_token_fault
judge(struct kp_slice compact)
{
	struct kp_access_token token;
	const struct kp_access_reading reading = {
		.arena = &arena, .now_s = NOW, .roles_max = 4};
	enum kp_token_fault fault = kp_access_open(compact, &arena, &token);
	if (fault == KP_TOKEN_GOOD) {
		fault = kp_access_verify(&token, &issuer, keys);
	}
	if (fault == KP_TOKEN_GOOD) {
		fault = kp_access_read(&token, &issuer, &reading, &access_);
	}
	return fault;
}

static enum kp_token_fault
judge_with(const char *name, const char *value)
{
	return judge(kp_mint(&arena, key, "k1", "at+jwt", claims_with(name, value)));
}

static enum kp_token_fault
judge_header(const char *header)
{
	return judge(
		kp_mint_raw(&arena, key, KP_ALG_ES256, header, claims_with(NULL, NULL)));
}

static void
a_good_token_says_who_asks(void **state)
{
	(void)state;
	assert_int_equal(judge_with(NULL, NULL), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(access_.organisation, OIN));
	assert_true(kp_slice_is(access_.employee, "m.jansen"));
	assert_true(kp_slice_is(access_.client, "klantsysteem"));
	assert_int_equal(access_.role_count, 1);
	assert_true(kp_slice_is(access_.roles[0], "klantmanager"));
	assert_true(access_.expires_s == NOW + 600);
	assert_false(access_.has_certificate || access_.has_proof_key);
}

static void
headers(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		enum kp_token_fault fault;
	} cases[] = {
		{"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}", KP_TOKEN_GOOD},
		{"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"application/AT+JWT\"}",
			KP_TOKEN_GOOD},
		{"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", KP_TOKEN_GOOD},
		{"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt\",\"jku\":\"http://"
		 "x\"}",
			KP_TOKEN_GOOD},
		{"{\"alg\":\"ES256\",\"kid\":\"k1\"}", KP_TOKEN_TYPE},
		{"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"JWT\"}", KP_TOKEN_TYPE},
		{"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"at+jwt2\"}", KP_TOKEN_TYPE},
		{"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":1}", KP_TOKEN_HEADER},
		{"{\"alg\":\"ES256\",\"kid\":\"k2\",\"typ\":\"at+jwt\"}", KP_TOKEN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"K1\",\"typ\":\"at+jwt\"}", KP_TOKEN_KEY},
		{"{\"alg\":\"ES256\",\"kid\":\"\",\"typ\":\"at+jwt\"}", KP_TOKEN_HEADER},
		{"{\"alg\":\"ES256\",\"kid\":[],\"typ\":\"at+jwt\"}", KP_TOKEN_HEADER},
		{"{\"alg\":\"none\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
			KP_TOKEN_ALGORITHM},
		{"{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
			KP_TOKEN_ALGORITHM},
		{"{\"alg\":\"es256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
			KP_TOKEN_ALGORITHM},
		{"{\"alg\":\"PS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
			KP_TOKEN_ALGORITHM},
		{"{\"alg\":\"ES384\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
			KP_TOKEN_ALGORITHM},
		{"{\"kid\":\"k1\",\"typ\":\"at+jwt\"}", KP_TOKEN_ALGORITHM},
		{"{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
			KP_TOKEN_HEADER},
		{"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}",
			KP_TOKEN_CRITICAL},
		{"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"crit\":[]}", KP_TOKEN_CRITICAL},
		{"{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"b64\":false}",
			KP_TOKEN_CRITICAL},
		{"[]", KP_TOKEN_HEADER},
		{"{", KP_TOKEN_HEADER},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		enum kp_token_fault fault = judge_header(cases[i].header);
		if (fault != cases[i].fault) {
			fail_msg("%s: %s", cases[i].header, kp_token_fault_reason(fault));
		}
	}
	/* An algorithm of the list, but a key of another kind. */
	issuer.algorithms = 1u << KP_ALG_ES256 | 1u << KP_ALG_PS256;
	assert_int_equal(
		judge_header("{\"alg\":\"PS256\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}"),
		KP_TOKEN_KEY);
}

static void
forms(void **state)
{
	(void)state;
	struct kp_slice good =
		kp_mint(&arena, key, "k1", "at+jwt", claims_with(NULL, NULL));
	static const char *const wrong[] = {"", ".", "..", "...", "a.b", "a.b.c.d",
		"e30.e30.", ".e30.e30", "a.b.c.d.e"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_int_equal(judge(kp_slice_from(wrong[i])), KP_TOKEN_FORM);
	}
	/* One more byte anywhere between: padding, white space, a line feed. */
	static const char extra[] = "=\n \t+/,";
	for (size_t at = 0; at <= good.len; at += 7) {
		for (size_t i = 0; i < sizeof(extra) - 1; i++) {
			char *text =
				kp_arena_printf(&arena, "%.*s%c%.*s", (int)at, good.data,
					extra[i], (int)(good.len - at), good.data + at);
			assert_int_not_equal(judge(kp_slice_from(text)), KP_TOKEN_GOOD);
		}
	}
	/* Any bit of any byte. */
	for (size_t at = 0; at < good.len; at++) {
		char *text = kp_arena_printf(&arena, "%.*s", KP_SLICE_ARG(good));
		text[at] ^= (char)(1 << at % 7);
		assert_int_not_equal(
			judge((struct kp_slice){text, good.len}), KP_TOKEN_GOOD);
	}
	assert_int_equal(judge(kp_mint(&arena, other_key, "k1", "at+jwt",
				 claims_with(NULL, NULL))),
		KP_TOKEN_SIGNATURE);
	assert_int_equal(
		judge(kp_mint(&arena, key, "k1", "at+jwt", "[]")), KP_TOKEN_CLAIMS);
	assert_int_equal(
		judge(kp_mint(&arena, key, "k1", "at+jwt",
			"{\"iss\":\"" ISSUER "\",\"aud\":\"ketenpoort\",\"aud\":\"x\"}")),
		KP_TOKEN_CLAIMS);
}

static void
claims(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *value; /* NULL: left out */
		enum kp_token_fault fault;
	} cases[] = {
		{"iss", NULL, KP_TOKEN_CLAIM_KIND},
		{"iss", "\"" ISSUER "/\"", KP_TOKEN_ISSUER},
		{"iss", "\"https://INLOG.example.nl\"", KP_TOKEN_ISSUER},
		{"iss", "[\"" ISSUER "\"]", KP_TOKEN_CLAIM_KIND},
		{"aud", NULL, KP_TOKEN_AUDIENCE},
		{"aud", "\"ketenpoort2\"", KP_TOKEN_AUDIENCE},
		{"aud", "\"\"", KP_TOKEN_AUDIENCE},
		{"aud", "[]", KP_TOKEN_AUDIENCE},
		{"aud", "[\"x\",\"https://poort.example.nl\"]", KP_TOKEN_GOOD},
		{"aud", "[\"ketenpoort\",7]", KP_TOKEN_AUDIENCE},
		{"aud", "{\"ketenpoort\":1}", KP_TOKEN_AUDIENCE},
		{"exp", NULL, KP_TOKEN_CLAIM_KIND},
		{"exp", "\"1795000600\"", KP_TOKEN_CLAIM_KIND},
		{"exp", "1795000000", KP_TOKEN_GOOD}, /* within the skew */
		{"exp", "1794999941", KP_TOKEN_GOOD},
		{"exp", "1794999940", KP_TOKEN_EXPIRED},
		{"exp", "1", KP_TOKEN_EXPIRED},
		{"exp", "1795003590", KP_TOKEN_GOOD},
		{"exp", "1795003591", KP_TOKEN_LIFETIME},
		{"iat", NULL, KP_TOKEN_CLAIM_KIND},
		{"iat", "1795000060", KP_TOKEN_GOOD},
		{"iat", "1795000061", KP_TOKEN_ISSUED},
		{"iat", "null", KP_TOKEN_CLAIM_KIND},
		{"nbf", "1795000060", KP_TOKEN_GOOD},
		{"nbf", "1795000061", KP_TOKEN_EARLY},
		{"nbf", "\"now\"", KP_TOKEN_CLAIM_KIND},
		{"sub", NULL, KP_TOKEN_CLAIM_KIND},
		{"sub", "7", KP_TOKEN_CLAIM_KIND},
		{"jti", NULL, KP_TOKEN_CLAIM_KIND},
		{"jti", "{}", KP_TOKEN_CLAIM_KIND},
		{"client_id", NULL, KP_TOKEN_CLIENT},
		{"client_id", "1", KP_TOKEN_CLAIM_KIND},
		{"azp", "\"klantsysteem\"", KP_TOKEN_GOOD},
		{"azp", "\"ander\"", KP_TOKEN_CLIENT},
		{"roles", NULL, KP_TOKEN_GOOD},
		{"roles", "\"a b  c d\"", KP_TOKEN_GOOD},
		{"roles", "\"a b c d e\"", KP_TOKEN_ROLES},
		{"roles", "[\"a\",\"b\",\"c\",\"d\",\"a\"]", KP_TOKEN_GOOD},
		{"roles", "[\"a\",\"b\",\"c\",\"d\",\"e\"]", KP_TOKEN_ROLES},
		{"roles", "[\"a\",null]", KP_TOKEN_CLAIM_KIND},
		{"roles", "{\"a\":1}", KP_TOKEN_CLAIM_KIND},
		{"cnf", "{\"x5t#S256\":\"" DIGEST "\"}", KP_TOKEN_GOOD},
		{"cnf", "{\"jkt\":\"" DIGEST "\"}", KP_TOKEN_GOOD},
		{"cnf", "{\"jkt\":\"" DIGEST "=\"}", KP_TOKEN_UNBOUND},
		{"cnf", "{\"jkt\":\"x\"}", KP_TOKEN_UNBOUND},
		{"cnf", "{\"kid\":\"x\"}", KP_TOKEN_UNBOUND},
		{"cnf", "{}", KP_TOKEN_UNBOUND},
		{"cnf", "null", KP_TOKEN_UNBOUND},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		enum kp_token_fault fault = judge_with(cases[i].name, cases[i].value);
		if (fault != cases[i].fault) {
			fail_msg("%s = %s: %s", cases[i].name,
				cases[i].value == NULL ? "(none)" : cases[i].value,
				kp_token_fault_reason(fault));
		}
	}
}

static void
a_client_for_itself_is_no_employee(void **state)
{
	(void)state;
	assert_int_equal(judge_with("sub", "\"klantsysteem\""), KP_TOKEN_GOOD);
	assert_int_equal(access_.employee.len, 0);
	issuer.employee_claim = KP_SLICE("act.sub");
	assert_int_equal(
		judge_with("act", "{\"sub\":\"p.devries\",\"act\":{\"sub\":\"x\"}}"),
		KP_TOKEN_GOOD);
	assert_true(kp_slice_is(access_.employee, "p.devries"));
	assert_int_equal(judge_with(NULL, NULL), KP_TOKEN_GOOD);
	assert_int_equal(access_.employee.len, 0);
	assert_int_equal(judge_with("act", "{\"sub\":7}"), KP_TOKEN_CLAIM_KIND);
	assert_int_equal(judge_with("act", "{\"sub\":\"\"}"), KP_TOKEN_CLAIM_KIND);
	assert_int_equal(judge_with("act", "{\"sub\":\"klantsysteem\"}"), KP_TOKEN_GOOD);
	assert_int_equal(access_.employee.len, 0);
}

static void
an_issuer_speaks_for_its_own_organisations(void **state)
{
	(void)state;
	static const struct kp_slice two[] = {
		KP_SLICE_INIT(OIN), KP_SLICE_INIT(OTHER_OIN)};
	static const struct kp_slice any[] = {KP_SLICE_INIT("*")};
	issuer.organisation_claim = KP_SLICE("org.oin");
	assert_int_equal(judge_with(NULL, NULL), KP_TOKEN_ORGANISATION);
	assert_int_equal(judge_with("org", "{\"oin\":\"" OIN "\"}"), KP_TOKEN_GOOD);
	assert_int_equal(
		judge_with("org", "{\"oin\":\"" OTHER_OIN "\"}"), KP_TOKEN_ORGANISATION);
	assert_int_equal(judge_with("org", "{\"oin\":7}"), KP_TOKEN_CLAIM_KIND);
	issuer.organisations = (struct kp_issuer_texts){two, 2};
	assert_int_equal(judge_with("org", "{\"oin\":\"" OTHER_OIN "\"}"), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(access_.organisation, OTHER_OIN));
	issuer.organisations = (struct kp_issuer_texts){any, 1};
	assert_int_equal(judge_with("org", "{\"oin\":\"0000000990000000\"}"),
		KP_TOKEN_ORGANISATION);
	assert_int_equal(
		judge_with("org", "{\"oin\":\"00000099000000001000\"}"), KP_TOKEN_GOOD);
	issuer.organisation_claim = (struct kp_slice){"", 0};
	assert_int_equal(judge_with(NULL, NULL), KP_TOKEN_ORGANISATION);
	usual_issuer(NULL);
	issuer.on_behalf_of_claim = KP_SLICE("namens");
	assert_int_equal(judge_with("namens", "\"" OTHER_OIN "\""), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(access_.on_behalf_of, OTHER_OIN));
	assert_int_equal(judge_with("namens", "\"iemand\""), KP_TOKEN_CLAIM_KIND);
}

static void
their_roles_become_ours(void **state)
{
	(void)state;
	static const struct kp_issuer_role table[] = {
		{KP_SLICE_INIT("KM"), KP_SLICE_INIT("klantmanager")},
		{KP_SLICE_INIT("KM2"), KP_SLICE_INIT("klantmanager")},
	};
	issuer.roles = table;
	issuer.role_count = 2;
	issuer.roles_claim = KP_SLICE("realm_access.roles");
	assert_int_equal(judge_with("realm_access",
				 "{\"roles\":[\"KM\",\"offline_access\",\"KM2\"]}"),
		KP_TOKEN_GOOD);
	assert_int_equal(access_.role_count, 1);
	assert_true(kp_slice_is(access_.roles[0], "klantmanager"));
	assert_int_equal(judge_with("realm_access", "{\"roles\":[\"klantmanager\"]}"),
		KP_TOKEN_GOOD);
	assert_int_equal(access_.role_count, 0);
}

static void
fsc_tokens(void **state)
{
	(void)state;
	issuer.kind = KP_ISSUER_FSC;
	issuer.types.count = 0;
	issuer.organisation_claim = KP_SLICE("sub");
	issuer.on_behalf_of_claim = KP_SLICE("act.sub");
	issuer.employee_claim = (struct kp_slice){"", 0};
	issuer.group = KP_SLICE("fsc.example.nl");
	issuer.service = KP_SLICE("dossiers");
	static const char base[] =
		"{\"iss\":\"" ISSUER "\",\"sub\":\"" OIN "\",\"aud\":\"ketenpoort\","
		"\"gth\":\"$1$3$x\",\"exp\":1795000600,\"nbf\":1794999990,";
	static const struct {
		const char *rest;
		enum kp_token_fault fault;
	} cases[] = {
		{"\"gid\":\"fsc.example.nl\",\"svc\":\"dossiers\"}", KP_TOKEN_GOOD},
		{"\"gid\":\"fsc.example.nl\",\"svc\":\"dossiers\",\"act\":{\"sub\":"
		 "\"" OTHER_OIN "\"}}",
			KP_TOKEN_GOOD},
		{"\"gid\":\"fsc.example.com\",\"svc\":\"dossiers\"}", KP_TOKEN_GROUP},
		{"\"gid\":\"fsc.example.nl\",\"svc\":\"ander\"}", KP_TOKEN_GROUP},
		{"\"gid\":\"fsc.example.nl\"}", KP_TOKEN_GROUP},
		{"\"svc\":\"dossiers\"}", KP_TOKEN_GROUP},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		char *text = kp_arena_printf(&arena, "%s%s", base, cases[i].rest);
		assert_int_equal(
			judge(kp_mint(&arena, key, "k1", "JWT", text)), cases[i].fault);
	}
	assert_true(kp_slice_is(access_.organisation, OIN));
	assert_true(kp_slice_is(access_.on_behalf_of, OTHER_OIN));
	assert_int_equal(access_.employee.len, 0);
}

static enum kp_token_fault
introspect(const char *answer)
{
	const struct kp_access_reading reading = {
		.arena = &arena, .now_s = NOW, .roles_max = 4};
	return kp_access_read_introspected(
		kp_slice_from(answer), &issuer, &reading, &access_);
}

#define ACTIVE "\"active\":true,\"sub\":\"m.jansen\",\"client_id\":\"k\","

static void
introspection(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		enum kp_token_fault fault;
	} cases[] = {
		{"{" ACTIVE "\"aud\":\"ketenpoort\",\"exp\":1795000600}", KP_TOKEN_GOOD},
		{"{" ACTIVE "\"aud\":\"ketenpoort\",\"exp\":1795000600,\"iss\":\"x\"}",
			KP_TOKEN_ISSUER},
		{"{" ACTIVE "\"aud\":\"ander\",\"exp\":1795000600}", KP_TOKEN_AUDIENCE},
		{"{" ACTIVE "\"aud\":\"ketenpoort\",\"exp\":1}", KP_TOKEN_EXPIRED},
		{"{" ACTIVE "\"aud\":\"ketenpoort\"}", KP_TOKEN_CLAIM_KIND},
		{"{\"active\":false}", KP_TOKEN_INACTIVE},
		{"{\"active\":\"true\"}", KP_TOKEN_NO_ANSWER},
		{"{\"active\":1}", KP_TOKEN_NO_ANSWER},
		{"{}", KP_TOKEN_NO_ANSWER},
		{"", KP_TOKEN_NO_ANSWER},
		{"<html>", KP_TOKEN_NO_ANSWER},
		{"{\"active\":true,\"active\":true}", KP_TOKEN_NO_ANSWER},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		enum kp_token_fault fault = introspect(cases[i].answer);
		if (fault != cases[i].fault) {
			fail_msg("%s: %s", cases[i].answer, kp_token_fault_reason(fault));
		}
	}
	assert_int_equal(kp_access_read_active(KP_SLICE("{\"active\":true}"), &arena),
		KP_TOKEN_GOOD);
	assert_int_equal(kp_access_read_active(KP_SLICE("{\"active\":false}"), &arena),
		KP_TOKEN_INACTIVE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_token_says_who_asks, usual_issuer),
		cmocka_unit_test_setup(headers, usual_issuer),
		cmocka_unit_test_setup(forms, usual_issuer),
		cmocka_unit_test_setup(claims, usual_issuer),
		cmocka_unit_test_setup(a_client_for_itself_is_no_employee, usual_issuer),
		cmocka_unit_test_setup(
			an_issuer_speaks_for_its_own_organisations, usual_issuer),
		cmocka_unit_test_setup(their_roles_become_ours, usual_issuer),
		cmocka_unit_test_setup(fsc_tokens, usual_issuer),
		cmocka_unit_test_setup(introspection, usual_issuer),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
