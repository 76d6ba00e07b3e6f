/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_token: what it costs to know who asks, per algorithm: a token verified and its
 * claims checked, and one that is known from before. With a folder, writes there what a
 * peer needs to do the same (token/run.py): one line per algorithm.
 *
 *   bench_token [FOLDER]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identity/tokens.h"
#include "tests/support/mint.h"
#include "token/access.h"

#define ROUNDS 21u
#define NOW ((int64_t)1795000000)

static const enum kp_key_kind kinds[] = {
	KP_KEY_RSA, KP_KEY_RSA, KP_KEY_P256, KP_KEY_ED25519};
static const enum kp_signature_alg algs[] = {
	KP_ALG_RS256, KP_ALG_PS256, KP_ALG_ES256, KP_ALG_EDDSA};

static const struct kp_slice audience = KP_SLICE_INIT("ketenpoort");
static const struct kp_slice type = KP_SLICE_INIT("at+jwt");
static const struct kp_slice organisation = KP_SLICE_INIT("00000001823288444000");

static double
seconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;
	return (left > right) - (left < right);
}

/* Lifetime: one algorithm. */
struct bench {
	struct kp_issuer issuer;
	struct kp_key_set *keys;
	struct kp_slice token;
	struct kp_tokens *tokens;
};

static void
verify(struct bench *bench)
{
	struct kp_arena arena;
	struct kp_access_token token;
	struct kp_access access;
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	const struct kp_access_reading reading = {
		.arena = &arena, .now_s = NOW, .roles_max = 32};
	KP_REQUIRE(kp_access_open(bench->token, &arena, &token) == KP_TOKEN_GOOD &&
		kp_access_verify(&token, &bench->issuer, bench->keys) == KP_TOKEN_GOOD &&
		kp_access_read(&token, &bench->issuer, &reading, &access) ==
			KP_TOKEN_GOOD);
	if (bench->tokens != NULL) {
		unsigned char digest[KP_SHA256_BYTES];
		const struct kp_token_entry entry = {
			.access = access, .until_s = access.expires_s};
		kp_sha256(&bench->token, 1, digest);
		kp_tokens_put(bench->tokens, digest, &entry);
	}
	kp_arena_deinit(&arena);
}

static void
recall(struct bench *bench)
{
	unsigned char digest[KP_SHA256_BYTES];
	kp_sha256(&bench->token, 1, digest);
	KP_REQUIRE(kp_tokens_find(bench->tokens, digest, NOW) != NULL);
}

/* Median microseconds of CPU. */
static double
measure(struct bench *bench, void (*work)(struct bench *bench), unsigned count)
{
	double times[ROUNDS];
	for (unsigned round = 0; round < ROUNDS; round++) {
		double begun = seconds();
		for (unsigned i = 0; i < count; i++) {
			work(bench);
		}
		times[round] = (seconds() - begun) / count * 1e6;
	}
	qsort(times, ROUNDS, sizeof(times[0]), compare);
	return times[ROUNDS / 2];
}

static void
write_for_peer(
	const char *folder, const char *alg, const char *jwk, struct kp_slice token)
{
	char path[512];
	(void)snprintf(path, sizeof(path), "%s/tokens", folder);
	FILE *file = fopen(path, "a");
	if (file != NULL) {
		(void)fprintf(file, "%s\t%s\t%.*s\n", alg, jwk, KP_SLICE_ARG(token));
		(void)fclose(file);
	}
}

static void
run(enum kp_key_kind kind, enum kp_signature_alg alg, const char *folder)
{
	struct kp_arena arena;
	struct kp_error err;
	struct kp_signing_key *key = NULL;
	struct bench bench = {.issuer = {.issuer = KP_SLICE("https://inlog.example.nl"),
				      .audiences = {&audience, 1},
				      .types = {&type, 1},
				      .organisations = {&organisation, 1},
				      .employee_claim = KP_SLICE("sub"),
				      .roles_claim = KP_SLICE("roles"),
				      .algorithms = 1u << alg,
				      .skew_s = 60}};
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	KP_REQUIRE(kp_signing_key_make(kind, &key) == KP_OK);
	const char *jwk = kp_mint_jwk(&arena, key, ",\"kid\":\"k1\"");
	char *set = kp_arena_printf(&arena, "{\"keys\":[%s]}", jwk);
	char *header = kp_arena_printf(&arena,
		"{\"alg\":\"%s\",\"kid\":\"k1\",\"typ\":\"at+jwt\"}",
		kp_signature_alg_name(alg));
	KP_REQUIRE(kp_key_set_read(kp_slice_from(set), KP_RSA_BITS_MIN, &bench.keys,
			   &err) == KP_OK);
	bench.token = kp_mint_raw(&arena, key, alg, header,
		"{\"iss\":\"https://inlog.example.nl\",\"aud\":\"ketenpoort\",\"sub\":"
		"\"m.jansen\",\"client_id\":\"klantsysteem\",\"jti\":"
		"\"3q2-7wAAAAAAAAAAAAAAAA\",\"iat\":1794999990,\"exp\":1795000600,"
		"\"roles\":[\"klantmanager\",\"inzage\"]}");
	double cold = measure(&bench, verify, 200);
	KP_REQUIRE(kp_tokens_create(4096, &bench.tokens) == KP_OK);
	verify(&bench);
	double warm = measure(&bench, recall, 20000);
	(void)printf("%s\t%.2f\t%.3f\n", kp_signature_alg_name(alg), cold, warm);
	if (folder != NULL) {
		write_for_peer(folder, kp_signature_alg_name(alg), jwk, bench.token);
	}
	kp_tokens_destroy(&bench.tokens);
	kp_key_set_unref(&bench.keys);
	kp_signing_key_destroy(&key);
	kp_arena_deinit(&arena);
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < KP_ARRAY_LEN(algs); i++) {
		run(kinds[i], algs[i], argc > 1 ? argv[1] : NULL);
	}
	return 0;
}
