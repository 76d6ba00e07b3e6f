/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_authzen: what one AuthZEN request costs from the bytes of its body to the bytes
 * of its answer, without HTTP and record: one evaluation, and a batch of 60, with a plain
 * Cedar set of five policies.
 *
 *     bench_authzen
 */
#include <stdio.h>
#include <time.h>

#include "policies/authzen_set.h"

#define ROUNDS 200000
#define ITEMS 60

static const char policies[] =
	"permit(principal, action in [Action::\"lezen\", Action::\"zien\"], resource);"
	"permit(principal in Rol::\"redacteur\", action == Action::\"maken\", resource);"
	"permit(principal in Rol::\"redacteur\", action in [Action::\"wijzigen\", "
	"Action::\"wissen\"], resource) when { resource has eigenaar && principal has "
	"email "
	"&& resource.eigenaar == principal.email };"
	"permit(principal in Rol::\"beheerder\", action == Action::\"wissen\", resource);"
	"permit(principal in Rol::\"baas\", action == Action::\"wijzigen\", resource);";
static const char entities[] =
	"{\"Mens::u1\":{\"attrs\":{\"email\":\"u1@example.nl\"},\"parents\":[{\"type\":"
	"\"Rol\",\"id\":\"redacteur\"}]},\"Mens::u2\":{\"attrs\":{\"email\":"
	"\"u2@example.nl\"},\"parents\":[]}}";
static const char one[] =
	"{\"subject\":{\"type\":\"Mens\",\"id\":\"u1\"},\"action\":{\"name\":"
	"\"wijzigen\"},"
	"\"resource\":{\"type\":\"Taak\",\"id\":\"7240d0db-8ff0-41ec-98b2-34a096273b92\","
	"\"properties\":{\"eigenaar\":\"u1@example.nl\"}}}";

static double
now_seconds(void)
{
	struct timespec time;
	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
no_digest(const struct kp_slice *parts, size_t count, unsigned char ret_digest[32])
{
	(void)parts;
	(void)count;
	memset(ret_digest, 0, 32);
}

/* Microseconds for each request; below 0 when an answer was not as it should be. */
static double
measure(const struct kp_authzen_set *set, enum kp_authzen_api api, struct kp_slice body,
	uint32_t permitted, unsigned rounds)
{
	static const struct kp_authzen_trust_row row = {.part = KP_AUTHZEN_RESOURCE};
	static const struct kp_authzen_trust trust = {&row, 1, false};
	const struct kp_authzen_caller caller = {.trust = &trust};
	struct kp_arena_pool pool;
	kp_arena_pool_init(&pool, 16);
	double start = now_seconds();
	for (unsigned i = 0; i < rounds; i++) {
		struct kp_arena arena;
		struct kp_authzen_set_backend backend;
		struct kp_authzen_answer answer;
		kp_arena_init(&arena, (size_t)8 << 20, &pool);
		kp_authzen_set_backend_init(&backend, set, &caller, &arena);
		struct kp_authzen_request request = {.api = api,
			.body = body,
			.backend = &backend.backend,
			.arena = &arena};
		enum kp_status status = kp_authzen_handle(&request, &answer);
		bool right = status == KP_OK && answer.http_status == 200 &&
			answer.permitted == permitted;
		kp_arena_deinit(&arena);
		if (!right) {
			kp_arena_pool_deinit(&pool);
			return -1;
		}
	}
	double spent = now_seconds() - start;
	kp_arena_pool_deinit(&pool);
	return spent * 1e6 / rounds;
}

static struct kp_slice
write_batch(struct kp_arena *arena)
{
	struct kp_buffer out;
	kp_buffer_init(&out, arena, (size_t)1 << 20);
	kp_buffer_add(&out, one, sizeof(one) - 2);
	KP_BUFFER_ADD(&out, ",\"evaluations\":[");
	for (int i = 0; i < ITEMS; i++) {
		kp_buffer_printf(&out,
			"%s{\"resource\":{\"type\":\"Taak\",\"id\":\"t%d\","
			"\"properties\":{\"eigenaar\":\"u%d@example.nl\"}}}",
			i == 0 ? "" : ",", i, 1 + i % 2);
	}
	KP_BUFFER_ADD(&out, "]}");
	return kp_buffer_slice(&out);
}

int
main(void)
{
	const struct kp_policy_file files[] = {
		{"rules.cedar", {policies, sizeof(policies) - 1}},
		{"names.json", {entities, sizeof(entities) - 1}},
	};
	struct kp_findings findings;
	struct kp_authzen_set *set = NULL;
	struct kp_arena arena;
	kp_findings_init(&findings, 10);
	kp_arena_init(&arena, (size_t)4 << 20, NULL);
	if (kp_authzen_set_create(files, 2, no_digest, &findings, &set) != KP_OK) {
		return 1;
	}
	struct kp_slice body = write_batch(&arena);
	double single = measure(set, KP_AUTHZEN_EVALUATION,
		(struct kp_slice){one, sizeof(one) - 1}, 1, ROUNDS);
	double batch =
		measure(set, KP_AUTHZEN_EVALUATIONS, body, ITEMS / 2, ROUNDS / ITEMS);
	printf("one evaluation: %.2f us (%zu bytes)\n", single, sizeof(one) - 1);
	printf("batch of %d: %.2f us, %.2f us each (%zu bytes)\n", ITEMS, batch,
		batch / ITEMS, body.len);
	kp_authzen_set_destroy(&set);
	kp_arena_deinit(&arena);
	kp_findings_deinit(&findings);
	return single < 0 || batch < 0;
}
