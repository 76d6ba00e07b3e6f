/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* Who asks, with keys from a file: what is shown, what it is bound to, and what fits
 * together. What an issuer out there does is in tests/flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "identity/identity.h"
#include "identity/proofs.h"
#include "support/fake_loop.h"
#include "tests/support/mint.h"

#define OIN "00000001823288444000"
#define PROCESSOR "00000001002220647000"
#define THIRD "00000099000000001000"
#define URL "https://poort.example.nl/v1/dossiers/_zoek"
#define TEXT(...) kp_arena_printf(&arena, __VA_ARGS__)

static struct kp_arena arena;
static struct kp_signing_key *key;
static struct kp_proofs *proofs;       /* of all loops */
static struct kp_signing_key *own_key; /* of the client, for proofs */
static struct kp_loop *loop;
static struct kp_issuer issuers[2];
static struct kp_key_set *keys[2];
static struct kp_tls_client *clients[2]; /* none: nothing is fetched */
static struct kp_identity_settings from;
static struct kp_slice machines;
static struct kp_identifier *identifier;
static struct kp_identity_question question;
static struct kp_peer_certificate certificate;
static struct kp_identified who;
static char thumbprint[64];

static const struct kp_slice audience = KP_SLICE_INIT("ketenpoort");
static const struct kp_slice type = KP_SLICE_INIT("at+jwt");
static const struct kp_slice organisation = KP_SLICE_INIT(OIN);
static const struct kp_slice anybody = KP_SLICE_INIT("*");

static int64_t
now_s(void)
{
	return kp_loop_wall_ms(loop) / 1000;
}

static int
begin(void **state)
{
	(void)state;
	kp_arena_init(&arena, 64 << 20, NULL);
	assert_int_equal(kp_loop_create(0, &loop, NULL), KP_OK);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &key), KP_OK);
	assert_int_equal(kp_signing_key_make(KP_KEY_P256, &own_key), KP_OK);
	unsigned char digest[KP_SHA256_BYTES];
	kp_mint_thumbprint(&arena, own_key, digest);
	kp_base64url_write(digest, sizeof(digest), thumbprint);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	kp_signing_key_destroy(&key);
	kp_signing_key_destroy(&own_key);
	kp_proofs_unref(&proofs);
	kp_loop_destroy(&loop);
	kp_arena_deinit(&arena);
	return 0;
}

static int
usual(void **state)
{
	(void)state;
	issuers[0] = (struct kp_issuer){.issuer = KP_SLICE("https://inlog"),
		.keys = KP_KEYS_FILE,
		.binding = KP_BINDING_OPTIONAL,
		.audiences = {&audience, 1},
		.types = {&type, 1},
		.algorithms = 1u << KP_ALG_ES256,
		.organisations = {&organisation, 1},
		.employee_claim = KP_SLICE("sub"),
		.roles_claim = KP_SLICE("roles"),
		.on_behalf_of_claim = KP_SLICE("namens"),
		.skew_s = 60};
	issuers[1] = (struct kp_issuer){.issuer = KP_SLICE("https://manager"),
		.kind = KP_ISSUER_FSC,
		.keys = KP_KEYS_FILE,
		.audiences = {&audience, 1},
		.algorithms = 1u << KP_ALG_ES256,
		.organisations = {&anybody, 1},
		.organisation_claim = KP_SLICE("sub"),
		.on_behalf_of_claim = KP_SLICE("act.sub"),
		.group = KP_SLICE("groep"),
		.service = KP_SLICE("dossiers"),
		.inway = KP_SLICE("loopback"),
		.skew_s = 60};
	kp_proofs_unref(&proofs);
	assert_int_equal(kp_proofs_create(16, &proofs), KP_OK);
	from = (struct kp_identity_settings){.issuers = issuers,
		.issuer_count = 2,
		.keys = keys,
		.clients = clients,
		.public_url = KP_SLICE("https://poort.example.nl"),
		.token_bytes_max = 8192,
		.tokens_max = 16,
		.proofs = proofs,
		.proof_window_ms = 60000,
		.revoked_check_ms = 1000,
		.roles_max = 8};
	machines = KP_SLICE("");
	question = (struct kp_identity_question){.method = KP_SLICE("POST"),
		.path = KP_SLICE("/v1/dossiers/_zoek"),
		.peer = "127.0.0.1:4711"};
	certificate = (struct kp_peer_certificate){.oin = KP_SLICE(OIN), .sha256 = {7}};
	return 0;
}

static void
open_identifier(void)
{
	struct kp_identity_settings *settings = NULL;
	struct kp_error err;
	struct kp_log log;
	char *text = TEXT("{\"keys\":[%s]}", kp_mint_jwk(&arena, key, ",\"kid\":\"k\""));
	kp_log_init(&log, NULL);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(kp_key_set_read(kp_slice_from(text), KP_RSA_BITS_MIN,
					 &keys[i], &err),
			KP_OK);
	}
	assert_int_equal(
		kp_identity_settings_create(&from, machines, &settings, &err), KP_OK);
	assert_int_equal(
		kp_identifier_open(settings, loop, NULL, NULL, &log, &identifier, &err),
		KP_OK);
	kp_identity_settings_unref(&settings);
}

static int
close_identifier(void **state)
{
	(void)state;
	kp_identifier_close(&identifier);
	return (int)kp_fake_loop_timers(loop);
}

static void
on_wake(struct kp_identity_wait *wait)
{
	(void)wait;
	fail();
}

static enum kp_token_fault
judge(void)
{
	enum kp_token_fault fault = KP_TOKEN_GOOD;
	struct kp_identity_wait wait = {.wake = on_wake};
	question.now_ms = kp_loop_wall_ms(loop);
	assert_true(kp_identify(identifier, &question, &arena, &wait, &fault, &who));
	return fault;
}

static struct kp_slice
token_with(const char *more)
{
	return kp_mint(&arena, key, "k", "at+jwt",
		TEXT("{\"iss\":\"https://inlog\",\"sub\":\"m.jansen\",\"aud\":"
		     "\"ketenpoort\",\"exp\":%lld,\"iat\":%lld,\"jti\":\"t\","
		     "\"client_id\":\"c\",\"roles\":[\"klantmanager\"]%s}",
			(long long)now_s() + 600, (long long)now_s(), more));
}

static struct kp_slice
fsc_with(const char *subject, const char *more)
{
	return kp_mint(&arena, key, "k", "JWT",
		TEXT("{\"iss\":\"https://manager\",\"sub\":\"%s\",\"aud\":\"ketenpoort\","
		     "\"exp\":%lld,\"nbf\":%lld,\"gid\":\"groep\",\"svc\":\"dossiers\"%"
		     "s}",
			subject, (long long)now_s() + 600, (long long)now_s(), more));
}

static void
show(const char *scheme, struct kp_slice token)
{
	question.authorization =
		kp_slice_from(TEXT("%s %.*s", scheme, KP_SLICE_ARG(token)));
}

static void
show_fsc(struct kp_slice token)
{
	question.fsc = kp_slice_from(TEXT("Bearer %.*s", KP_SLICE_ARG(token)));
}

static void
proof_with(struct kp_slice token, const char *id, const char *more, int64_t issued_s)
{
	unsigned char digest[KP_SHA256_BYTES];
	kp_sha256(&token, 1, digest);
	const char *header = TEXT("{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":%s}",
		kp_mint_jwk(&arena, own_key, ""));
	question.proof = kp_mint_raw(&arena, own_key, KP_ALG_ES256, header,
		TEXT("{\"htm\":\"POST\",\"htu\":\"" URL
		     "\",\"iat\":%lld,\"jti\":\"%s\",\"ath\":\"%s\"%s}",
			(long long)issued_s, id,
			kp_mint_text(&arena, digest, sizeof(digest)), more));
}

static void
schemes(void **state)
{
	(void)state;
	open_identifier();
	struct kp_slice token = token_with("");
	assert_int_equal(judge(), KP_TOKEN_ABSENT);
	static const char *const good[] = {"Bearer", "bearer", "BEARER ", "Bearer  "};
	for (size_t i = 0; i < KP_ARRAY_LEN(good); i++) {
		show(good[i], token);
		assert_int_equal(judge(), KP_TOKEN_GOOD);
		assert_true(kp_slice_is(who.employee, "m.jansen"));
	}
	static const char *const wrong[] = {
		"Basic", "Token", "Bearer,", "BearerX", "Bear"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		show(wrong[i], token);
		assert_int_equal(judge(), KP_TOKEN_SCHEME);
	}
	static const char *const fields[] = {"", "Bearer", "Bearer "};
	for (size_t i = 0; i < KP_ARRAY_LEN(fields); i++) {
		question.authorization = kp_slice_from(fields[i]);
		assert_int_not_equal(judge(), KP_TOKEN_GOOD);
	}
	show("Bearer", KP_SLICE("a b"));
	assert_int_equal(judge(), KP_TOKEN_FORM);
	show("Bearer", KP_SLICE("opaque"));
	assert_int_equal(judge(), KP_TOKEN_FORM);
}

static void
tokens_are_bounded_in_bytes(void **state)
{
	(void)state;
	open_identifier();
	struct kp_slice token = token_with("");
	show("Bearer", token);
	from.token_bytes_max = (uint32_t)token.len;
	kp_identifier_close(&identifier);
	open_identifier();
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	kp_identifier_close(&identifier);
	from.token_bytes_max--;
	open_identifier();
	assert_int_equal(judge(), KP_TOKEN_SIZE);
}

static void
a_known_token_costs_no_signature(void **state)
{
	(void)state;
	open_identifier();
	show("Bearer", token_with(""));
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(judge(), KP_TOKEN_GOOD);
		assert_true(kp_slice_is(who.organisation, OIN));
		assert_true(kp_slice_is(who.roles[0], "klantmanager"));
	}
	assert_int_equal(kp_identifier_counts(identifier)->verified, 1);
	assert_int_equal(kp_identifier_counts(identifier)->remembered, 199);
	/* Never past its end. */
	kp_fake_loop_advance(loop, (uint64_t)659 * 1000000);
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	kp_fake_loop_advance(loop, (uint64_t)1000000);
	assert_int_equal(judge(), KP_TOKEN_EXPIRED);
}

static void
bound_to_a_certificate(void **state)
{
	(void)state;
	const char *digest = kp_mint_text(&arena, certificate.sha256, KP_SHA256_BYTES);
	open_identifier();
	show("Bearer", token_with(TEXT(",\"cnf\":{\"x5t#S256\":\"%s\"}", digest)));
	assert_int_equal(judge(), KP_TOKEN_CERTIFICATE);
	question.certificate = &certificate;
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	certificate.sha256[31] ^= 1;
	assert_int_equal(judge(), KP_TOKEN_CERTIFICATE);
}

static void
what_an_issuer_demands(void **state)
{
	(void)state;
	static const struct {
		enum kp_issuer_binding binding;
		bool plain;
		bool certificate;
		bool proof;
	} cases[] = {
		{KP_BINDING_OPTIONAL, true, true, true},
		{KP_BINDING_REQUIRED, false, true, true},
		{KP_BINDING_CERTIFICATE, false, true, false},
		{KP_BINDING_DPOP, false, false, true},
	};
	const char *digest = kp_mint_text(&arena, certificate.sha256, KP_SHA256_BYTES);
	question.certificate = &certificate;
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		issuers[0].binding = cases[i].binding;
		open_identifier();
		show("Bearer", token_with(""));
		assert_int_equal(
			judge(), cases[i].plain ? KP_TOKEN_GOOD : KP_TOKEN_UNBOUND);
		show("Bearer",
			token_with(TEXT(",\"cnf\":{\"x5t#S256\":\"%s\"}", digest)));
		assert_int_equal(
			judge(), cases[i].certificate ? KP_TOKEN_GOOD : KP_TOKEN_UNBOUND);
		struct kp_slice token =
			token_with(TEXT(",\"cnf\":{\"jkt\":\"%s\"}", thumbprint));
		show("DPoP", token);
		proof_with(token, TEXT("p%zu", i), "", now_s());
		assert_int_equal(
			judge(), cases[i].proof ? KP_TOKEN_GOOD : KP_TOKEN_UNBOUND);
		kp_identifier_close(&identifier);
	}
}

static void
proofs_are_taken_once(void **state)
{
	(void)state;
	open_identifier();
	struct kp_slice token = token_with(TEXT(",\"cnf\":{\"jkt\":\"%s\"}", thumbprint));
	show("DPoP", token);
	assert_int_equal(judge(), KP_TOKEN_PROOF_FORM);
	proof_with(token, "a", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_int_equal(judge(), KP_TOKEN_PROOF_AGAIN);
	proof_with(token, "a", "", now_s() + 1);
	assert_int_equal(judge(), KP_TOKEN_PROOF_AGAIN);
	proof_with(token, "b", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	/* Shown as if it were bound to nothing, or bound to nothing and shown as if. */
	show("Bearer", token);
	proof_with(token, "c", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_PROOF_FORM);
	token = token_with("");
	show("DPoP", token);
	proof_with(token, "d", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_PROOF_FORM);
	/* A proof for another token. */
	show("DPoP", token_with(TEXT(",\"x\":1,\"cnf\":{\"jkt\":\"%s\"}", thumbprint)));
	assert_int_equal(judge(), KP_TOKEN_PROOF_REQUEST);
}

/* What one loop has taken, no other takes; nor do both take what is shown to them at
 * once.
 */
static void
proofs_are_taken_once_on_all_loops(void **state)
{
	(void)state;
	open_identifier();
	struct kp_identifier *first = identifier;
	open_identifier();
	struct kp_identifier *second = identifier;
	struct kp_slice token = token_with(TEXT(",\"cnf\":{\"jkt\":\"%s\"}", thumbprint));
	show("DPoP", token);
	proof_with(token, "a", "", now_s());
	identifier = first;
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	identifier = second;
	assert_int_equal(judge(), KP_TOKEN_PROOF_AGAIN);
	proof_with(token, "b", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	identifier = first;
	assert_int_equal(judge(), KP_TOKEN_PROOF_AGAIN);
	kp_identifier_close(&second);
}

/* Also when it is shown again from the far end of the window, to the last second. */
static void
proofs_have_a_window(void **state)
{
	(void)state;
	open_identifier();
	struct kp_slice token = token_with(TEXT(",\"cnf\":{\"jkt\":\"%s\"}", thumbprint));
	show("DPoP", token);
	proof_with(token, "old", "", now_s() - 60);
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	proof_with(token, "older", "", now_s() - 61);
	assert_int_equal(judge(), KP_TOKEN_PROOF_TIME);
	proof_with(token, "new", "", now_s() + 60);
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	for (unsigned second = 0; second <= 120; second++) {
		assert_int_equal(judge(), KP_TOKEN_PROOF_AGAIN);
		kp_fake_loop_advance(loop, 1000000);
	}
	assert_int_equal(judge(), KP_TOKEN_PROOF_TIME);
}

static void
proofs_are_bounded(void **state)
{
	(void)state;
	open_identifier();
	struct kp_slice token = token_with(TEXT(",\"cnf\":{\"jkt\":\"%s\"}", thumbprint));
	show("DPoP", token);
	for (unsigned i = 0; i < 16; i++) {
		proof_with(token, TEXT("%u", i), "", now_s());
		assert_int_equal(judge(), KP_TOKEN_GOOD);
	}
	proof_with(token, "16", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_BUSY);
	kp_fake_loop_advance(loop, (uint64_t)121 * 1000000);
	proof_with(token, "17", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_GOOD);
}

static void
proofs_need_our_address(void **state)
{
	(void)state;
	from.public_url = KP_SLICE("");
	open_identifier();
	struct kp_slice token = token_with(TEXT(",\"cnf\":{\"jkt\":\"%s\"}", thumbprint));
	show("DPoP", token);
	proof_with(token, "a", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_PROOF_FORM);
}

static void
nonces_are_of_this_loop(void **state)
{
	(void)state;
	char nonce[KP_NONCE_LEN];
	from.proof_nonce = true;
	open_identifier();
	struct kp_slice token = token_with(TEXT(",\"cnf\":{\"jkt\":\"%s\"}", thumbprint));
	show("DPoP", token);
	proof_with(token, "a", "", now_s());
	assert_int_equal(judge(), KP_TOKEN_NONCE);
	kp_identifier_nonce(identifier, kp_loop_wall_ms(loop), nonce);
	const char *more = TEXT(",\"nonce\":\"%.*s\"", (int)sizeof(nonce), nonce);
	proof_with(token, "a", more, now_s());
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_int_equal(judge(), KP_TOKEN_PROOF_AGAIN);
	kp_fake_loop_advance(loop, (uint64_t)60 * 1000000);
	proof_with(token, "b", more, now_s());
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	kp_fake_loop_advance(loop, (uint64_t)60 * 1000000);
	proof_with(token, "c", more, now_s());
	assert_int_equal(judge(), KP_TOKEN_NONCE);
	/* A nonce is good on every loop, and after a reload; another process has others.
	 */
	kp_identifier_nonce(identifier, kp_loop_wall_ms(loop), nonce);
	more = TEXT(",\"nonce\":\"%.*s\"", (int)sizeof(nonce), nonce);
	struct kp_identifier *before = identifier;
	open_identifier();
	proof_with(token, "d", more, now_s());
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	kp_identifier_inherit(identifier, before);
	assert_int_equal(judge(), KP_TOKEN_PROOF_AGAIN);
	kp_identifier_close(&before);
	kp_identifier_close(&identifier);
	kp_proofs_unref(&proofs);
	assert_int_equal(kp_proofs_create(16, &proofs), KP_OK);
	from.proofs = proofs;
	open_identifier();
	proof_with(token, "e", more, now_s());
	assert_int_equal(judge(), KP_TOKEN_NONCE);
}

static void
certificates_alone(void **state)
{
	(void)state;
	machines = KP_SLICE(" " PROCESSOR " : nachtwerk stapel ;" OIN ":lezer");
	open_identifier();
	question.certificate = &certificate;
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(who.organisation, OIN));
	assert_int_equal(who.employee.len, 0);
	assert_int_equal(who.role_count, 1);
	assert_true(kp_slice_is(who.roles[0], "lezer"));
	certificate.oin = KP_SLICE(THIRD);
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_int_equal(who.role_count, 0);
	certificate.oin = (struct kp_slice){"", 0};
	assert_int_equal(judge(), KP_TOKEN_ABSENT);
}

static void
machines_as_written(void **state)
{
	(void)state;
	static const char *const wrong[] = {"x", OIN, OIN ":", OIN " rol", OIN ":a;",
		OIN ":a:b", OIN ":a;" OIN ":b", "123:a", ";", OIN ":a," THIRD ":b"};
	struct kp_error err;
	struct kp_machines parsed;
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		if (kp_machines_parse(&arena, kp_slice_from(wrong[i]), &parsed, &err) !=
			KP_E_CONFIG) {
			fail_msg("taken: %s", wrong[i]);
		}
	}
}

/* The organisation at the other end of the line, and the one that the employee is of. */
static void
certificate_and_token(void **state)
{
	(void)state;
	open_identifier();
	question.certificate = &certificate;
	show("Bearer", token_with(""));
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_int_equal(who.on_behalf_of.len, 0);
	certificate.oin = KP_SLICE(PROCESSOR);
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(who.organisation, PROCESSOR));
	assert_true(kp_slice_is(who.on_behalf_of, OIN));
	show("Bearer", token_with(",\"namens\":\"" THIRD "\""));
	assert_int_equal(judge(), KP_TOKEN_MISMATCH);
	certificate.oin = KP_SLICE(OIN);
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(who.on_behalf_of, THIRD));
	certificate.oin = (struct kp_slice){"", 0};
	assert_int_equal(judge(), KP_TOKEN_GOOD);
}

static void
behind_an_inway(void **state)
{
	(void)state;
	open_identifier();
	show_fsc(fsc_with(OIN, ""));
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(who.organisation, OIN));
	assert_int_equal(who.employee.len, 0);
	question.peer = "192.0.2.1:1";
	assert_int_equal(judge(), KP_TOKEN_INWAY);
	question.peer = "127.0.0.1:1";
	/* The employee's own token beside it. */
	show("Bearer", token_with(""));
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(who.employee, "m.jansen"));
	assert_int_equal(who.on_behalf_of.len, 0);
	show_fsc(fsc_with(PROCESSOR, ",\"act\":{\"sub\":\"" OIN "\"}"));
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(who.organisation, PROCESSOR));
	assert_true(kp_slice_is(who.on_behalf_of, OIN));
	show_fsc(fsc_with(PROCESSOR, ",\"act\":{\"sub\":\"" THIRD "\"}"));
	assert_int_equal(judge(), KP_TOKEN_MISMATCH);
	/* One kind of token is not taken for the other. */
	show_fsc(token_with(""));
	assert_int_equal(judge(), KP_TOKEN_ISSUER);
	question.fsc = (struct kp_slice){NULL, 0};
	show("Bearer", fsc_with(OIN, ""));
	assert_int_equal(judge(), KP_TOKEN_ISSUER);
}

static void
the_inway_shows_its_certificate(void **state)
{
	(void)state;
	issuers[1].inway = KP_SLICE(THIRD);
	open_identifier();
	show_fsc(fsc_with(OIN, ""));
	assert_int_equal(judge(), KP_TOKEN_INWAY);
	question.certificate = &certificate;
	assert_int_equal(judge(), KP_TOKEN_INWAY);
	certificate.oin = KP_SLICE(THIRD);
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	assert_true(kp_slice_is(who.organisation, OIN));
}

static void
the_revoked_are_refused_from_memory_too(void **state)
{
	(void)state;
	struct kp_findings findings;
	kp_findings_init(&findings, 10);
	open_identifier();
	show("Bearer", token_with(""));
	assert_int_equal(judge(), KP_TOKEN_GOOD);
	kp_identifier_close(&identifier);
	assert_int_equal(kp_revoked_read(KP_SLICE("{\"employees\":[\"any/m.jansen\"]}"),
				 "x", &findings, &from.revoked),
		KP_OK);
	open_identifier();
	assert_int_equal(judge(), KP_TOKEN_REVOKED);
	assert_int_equal(judge(), KP_TOKEN_REVOKED);
	kp_findings_deinit(&findings);
}

static void
without_issuers_no_token_helps(void **state)
{
	(void)state;
	from.issuer_count = 0;
	open_identifier();
	kp_key_set_unref(&keys[0]);
	kp_key_set_unref(&keys[1]);
	show("Bearer", token_with(""));
	assert_int_equal(judge(), KP_TOKEN_ISSUER);
	question.certificate = &certificate;
	assert_int_equal(judge(), KP_TOKEN_ISSUER);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, usual, close_identifier)
	const struct CMUnitTest tests[] = {
		CASE(schemes),
		CASE(tokens_are_bounded_in_bytes),
		CASE(a_known_token_costs_no_signature),
		CASE(bound_to_a_certificate),
		CASE(what_an_issuer_demands),
		CASE(proofs_are_taken_once),
		CASE(proofs_are_taken_once_on_all_loops),
		CASE(proofs_have_a_window),
		CASE(proofs_are_bounded),
		CASE(proofs_need_our_address),
		CASE(nonces_are_of_this_loop),
		CASE(certificates_alone),
		CASE(machines_as_written),
		CASE(certificate_and_token),
		CASE(behind_an_inway),
		CASE(the_inway_shows_its_certificate),
		CASE(the_revoked_are_refused_from_memory_too),
		CASE(without_issuers_no_token_helps),
	};
#undef CASE
	return cmocka_run_group_tests(tests, begin, end);
}
