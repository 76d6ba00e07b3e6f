/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Proofs of possession, one rule at a time; and who is revoked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/mint.h"
#include "token/dpop.h"
#include "token/dpop_write.h"
#include "token/revoked.h"

#define NOW ((int64_t)1795000000)
#define TOKEN "abc.def.ghi"
#define URL "https://poort.example.nl/v1/dossiers/_zoek"
#define OIN "00000001823288444000"

static struct kp_arena arena;
static struct kp_signing_key *key;
static struct kp_signing_key *other_key;
static unsigned char thumbprint[KP_SHA256_BYTES];
static char hash[KP_BASE64URL_LEN(KP_SHA256_BYTES) + 1];
static struct kp_dpop_request request;
static struct kp_dpop_proof proof;

static int
begin(void **state)
{
	(void)state;
	unsigned char digest[KP_SHA256_BYTES];
	struct kp_slice token = KP_SLICE(TOKEN);
	kp_arena_init(&arena, 8 << 20, NULL);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &key), KP_OK);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &other_key), KP_OK);
	kp_mint_thumbprint(&arena, key, thumbprint);
	kp_sha256(&token, 1, digest);
	kp_base64url_write(digest, sizeof(digest), hash);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	kp_signing_key_destroy(&key);
	kp_signing_key_destroy(&other_key);
	kp_arena_deinit(&arena);
	return 0;
}

static int
usual_request(void **state)
{
	(void)state;
	request = (struct kp_dpop_request){.method = KP_SLICE("POST"),
		.base = KP_SLICE("https://poort.example.nl"),
		.path = KP_SLICE("/v1/dossiers/_zoek"),
		.token = KP_SLICE(TOKEN),
		.key = thumbprint,
		.now_s = NOW,
		.window_s = 60};
	return 0;
}

static const char *
claims_with(const char *name, const char *value)
{
	const char *const usual[][2] = {
		{"htm", "\"POST\""},
		{"htu", "\"" URL "\""},
		{"iat", "1795000000"},
		{"jti", "\"p-1\""},
		{"ath", kp_arena_printf(&arena, "\"%s\"", hash)},
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
judge(const struct kp_signing_key *signer, const char *type, const char *jwk,
	const char *payload)
{
	char *header = kp_arena_printf(
		&arena, "{\"alg\":\"ES256\",\"typ\":\"%s\"%s}", type, jwk);
	return kp_dpop_check(kp_mint_raw(&arena, signer, KP_ALG_ES256, header, payload),
		&request, &arena, &proof);
}

static const char *
jwk_of(const struct kp_signing_key *signer, const char *more)
{
	return kp_arena_printf(&arena, ",\"jwk\":%s", kp_mint_jwk(&arena, signer, more));
}

static enum kp_token_fault
judge_with(const char *name, const char *value)
{
	return judge(key, "dpop+jwt", jwk_of(key, ""), claims_with(name, value));
}

static void
claims(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *value;
		enum kp_token_fault fault;
	} cases[] = {
		{NULL, NULL, KP_TOKEN_GOOD},
		{"htm", "\"GET\"", KP_TOKEN_PROOF_REQUEST},
		{"htm", "\"post\"", KP_TOKEN_PROOF_REQUEST},
		{"htm", NULL, KP_TOKEN_PROOF_FORM},
		{"htu", "\"" URL "?x=1#y\"", KP_TOKEN_GOOD},
		{"htu", "\"HTTPS://Poort.Example.NL:443/v1/dossiers/_zoek\"",
			KP_TOKEN_GOOD},
		{"htu", "\"https://poort.example.nl:444/v1/dossiers/_zoek\"",
			KP_TOKEN_PROOF_REQUEST},
		{"htu", "\"http://poort.example.nl/v1/dossiers/_zoek\"",
			KP_TOKEN_PROOF_REQUEST},
		{"htu", "\"https://kwaad.nl/v1/dossiers/_zoek\"", KP_TOKEN_PROOF_REQUEST},
		{"htu", "\"" URL "/\"", KP_TOKEN_PROOF_REQUEST},
		{"htu", "\"https://poort.example.nl\"", KP_TOKEN_PROOF_REQUEST},
		{"htu", "\"/v1/dossiers/_zoek\"", KP_TOKEN_PROOF_REQUEST},
		{"htu", "\"\"", KP_TOKEN_PROOF_FORM},
		{"iat", "1794999940", KP_TOKEN_GOOD},
		{"iat", "1794999939", KP_TOKEN_PROOF_TIME},
		{"iat", "1795000060", KP_TOKEN_GOOD},
		{"iat", "1795000061", KP_TOKEN_PROOF_TIME},
		{"iat", "\"1795000000\"", KP_TOKEN_PROOF_FORM},
		{"iat", NULL, KP_TOKEN_PROOF_FORM},
		{"jti", NULL, KP_TOKEN_PROOF_FORM},
		{"jti", "7", KP_TOKEN_PROOF_FORM},
		{"ath", NULL, KP_TOKEN_PROOF_FORM},
		{"ath", "\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"",
			KP_TOKEN_PROOF_REQUEST},
		{"nonce", "\"whatever\"", KP_TOKEN_GOOD},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		enum kp_token_fault fault = judge_with(cases[i].name, cases[i].value);
		if (fault != cases[i].fault) {
			fail_msg("%s = %s: %s", cases[i].name, cases[i].value,
				kp_token_fault_reason(fault));
		}
	}
	for (size_t len = KP_DPOP_ID_BYTES_MAX; len <= KP_DPOP_ID_BYTES_MAX + 1; len++) {
		char *id = kp_arena_printf(&arena, "\"%0*d\"", (int)len, 0);
		assert_int_equal(judge_with("jti", id),
			len > KP_DPOP_ID_BYTES_MAX ? KP_TOKEN_PROOF_FORM : KP_TOKEN_GOOD);
	}
}

static void
keys(void **state)
{
	(void)state;
	const char *good = claims_with(NULL, NULL);
	assert_int_equal(judge(key, "dpop+jwt", jwk_of(key, ",\"kid\":\"x\""), good),
		KP_TOKEN_GOOD);
	assert_int_equal(
		judge(key, "at+jwt", jwk_of(key, ""), good), KP_TOKEN_PROOF_FORM);
	assert_int_equal(judge(key, "dpop+jwt", "", good), KP_TOKEN_PROOF_FORM);
	assert_int_equal(
		judge(key, "dpop+jwt", ",\"jwk\":\"x\"", good), KP_TOKEN_PROOF_FORM);
	assert_int_equal(
		judge(key, "dpop+jwt", ",\"jwk\":{\"kty\":\"oct\",\"k\":\"AQ\"}", good),
		KP_TOKEN_PROOF_FORM);
	/* Showing the private key proves nothing. */
	assert_int_equal(judge(key, "dpop+jwt", jwk_of(key, ",\"d\":\"AQ\""), good),
		KP_TOKEN_PROOF_FORM);
	/* Another key than the token's; and the token's key, but not its signature. */
	assert_int_equal(judge(other_key, "dpop+jwt", jwk_of(other_key, ""), good),
		KP_TOKEN_PROOF_KEY);
	assert_int_equal(
		judge(other_key, "dpop+jwt", jwk_of(key, ""), good), KP_TOKEN_PROOF_FORM);
	assert_int_equal(kp_dpop_check(KP_SLICE("e30.e30.AA"), &request, &arena, &proof),
		KP_TOKEN_PROOF_FORM);
}

static void
a_proof_is_known_by_its_key_and_id(void **state)
{
	(void)state;
	unsigned char first[KP_SHA256_BYTES];
	assert_int_equal(judge_with(NULL, NULL), KP_TOKEN_GOOD);
	assert_true(proof.issued_s == NOW);
	memcpy(first, proof.id, sizeof(first));
	assert_int_equal(judge_with("iat", "1795000001"), KP_TOKEN_GOOD);
	assert_memory_equal(first, proof.id, sizeof(first));
	assert_int_equal(judge_with("jti", "\"p-2\""), KP_TOKEN_GOOD);
	assert_memory_not_equal(first, proof.id, sizeof(first));
}

static void
nonces(void **state)
{
	(void)state;
	request.nonce = KP_SLICE("nu");
	assert_int_equal(judge_with(NULL, NULL), KP_TOKEN_NONCE);
	assert_int_equal(judge_with("nonce", "\"nu\""), KP_TOKEN_GOOD);
	assert_int_equal(judge_with("nonce", "\"straks\""), KP_TOKEN_NONCE);
	assert_int_equal(judge_with("nonce", "\"\""), KP_TOKEN_NONCE);
	assert_int_equal(judge_with("nonce", "[\"nu\"]"), KP_TOKEN_NONCE);
	request.nonce_before = KP_SLICE("daarnet");
	assert_int_equal(judge_with("nonce", "\"daarnet\""), KP_TOKEN_GOOD);
}

static const struct kp_access asker = {
	.subject = KP_SLICE_INIT("sub-1"),
	.client = KP_SLICE_INIT("client-1"),
	.id = KP_SLICE_INIT("jti-1"),
	.organisation = KP_SLICE_INIT(OIN),
	.employee = KP_SLICE_INIT("m.jansen"),
};

static void
the_revoked(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool revoked;
	} cases[] = {
		{"{}", false},
		{"{\"employees\":[\"" OIN "/m.jansen\"]}", true},
		{"{\"employees\":[\"any/m.jansen\"]}", true},
		{"{\"employees\":[\"" OIN
		 "/m.jansen2\",\"00000001002220647000/m.jansen\"]}",
			false},
		{"{\"subjects\":[\"x\",\"sub-1\"]}", true},
		{"{\"tokens\":[\"jti-1\"],\"//\":\"gestolen\"}", true},
		{"{\"clients\":[\"client-1\"]}", true},
		{"{\"tokens\":[\"sub-1\",\"client-1\"],\"clients\":[\"jti-1\"]}", false},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_findings findings;
		struct kp_revoked *revoked = NULL;
		kp_findings_init(&findings, 10);
		assert_int_equal(kp_revoked_read(kp_slice_from(cases[i].text),
					 "lijst.json", &findings, &revoked),
			KP_OK);
		assert_true(kp_revoked_has(revoked, &asker) == cases[i].revoked);
		kp_revoked_destroy(&revoked);
		kp_findings_deinit(&findings);
	}
	struct kp_access machine = asker;
	machine.employee = machine.id = (struct kp_slice){NULL, 0};
	assert_false(kp_revoked_has(NULL, &machine));
}

static void
faults_of_the_list(void **state)
{
	(void)state;
	static const char *const wrong[] = {"[]", "{\"employees\":[\"m.jansen\"]}",
		"{\"employees\":[\"" OIN "/\"]}", "{\"employees\":[\"0/m\"]}",
		"{\"tokens\":[\"\"]}", "{\"tokens\":[7]}", "{\"tokens\":\"x\"}",
		"{\"token\":[]}", "{"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		struct kp_findings findings;
		struct kp_revoked *revoked = NULL;
		kp_findings_init(&findings, 10);
		assert_int_equal(kp_revoked_read(kp_slice_from(wrong[i]), "lijst.json",
					 &findings, &revoked),
			KP_E_CONFIG);
		assert_null(revoked);
		assert_true(kp_findings_any(&findings));
		kp_findings_deinit(&findings);
	}
}

/* Proofs of our own are good ones, with every kind of key. */
static void
own_proofs(void **state)
{
	(void)state;
	static const enum kp_key_kind kinds[] = {
		KP_KEY_P256, KP_KEY_P384, KP_KEY_ED25519, KP_KEY_RSA};
	for (size_t i = 0; i < KP_ARRAY_LEN(kinds); i++) {
		struct kp_signing_key *own = NULL;
		unsigned char print[KP_SHA256_BYTES];
		struct kp_buffer out;
		struct kp_dpop_claims claims = {.method = KP_SLICE("POST"),
			.address = KP_SLICE(URL),
			.token = KP_SLICE(TOKEN),
			.now_s = NOW};
		assert_int_equal(kp_signing_key_make(kinds[i], &own), KP_OK);
		kp_mint_thumbprint(&arena, own, print);
		request.key = print;
		kp_buffer_init(&out, &arena, 65536);
		assert_int_equal(kp_dpop_write(own, &claims, &out), KP_OK);
		assert_int_equal(
			kp_dpop_check(kp_buffer_slice(&out), &request, &arena, &proof),
			KP_TOKEN_GOOD);
		/* Another address, another token, and a nonce that is wanted. */
		request.path = KP_SLICE("/v1/elders");
		assert_int_equal(
			kp_dpop_check(kp_buffer_slice(&out), &request, &arena, &proof),
			KP_TOKEN_PROOF_REQUEST);
		(void)usual_request(NULL);
		request.key = print;
		request.nonce = KP_SLICE("n-1");
		assert_int_equal(
			kp_dpop_check(kp_buffer_slice(&out), &request, &arena, &proof),
			KP_TOKEN_NONCE);
		claims.nonce = request.nonce;
		out.len = 0;
		assert_int_equal(kp_dpop_write(own, &claims, &out), KP_OK);
		assert_int_equal(
			kp_dpop_check(kp_buffer_slice(&out), &request, &arena, &proof),
			KP_TOKEN_GOOD);
		(void)usual_request(NULL);
		kp_signing_key_destroy(&own);
		/* Without room there is no half of one. */
		struct kp_buffer small;
		kp_buffer_init(&small, &arena, 100);
		assert_int_equal(kp_dpop_write(key, &claims, &small), KP_E_MEMORY);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(claims, usual_request),
		cmocka_unit_test_setup(keys, usual_request),
		cmocka_unit_test_setup(a_proof_is_known_by_its_key_and_id, usual_request),
		cmocka_unit_test_setup(nonces, usual_request),
		cmocka_unit_test_setup(own_proofs, usual_request),
		cmocka_unit_test(the_revoked),
		cmocka_unit_test(faults_of_the_list),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
