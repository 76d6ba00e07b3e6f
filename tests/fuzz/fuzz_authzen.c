/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Requests to the decision point: the first byte says which resource, the rest is the
 * body. Every answer is JSON; 200 or 400; nothing is permitted that the set alone would
 * not permit (all callers are believed here, so only forms are checked); the same request
 * gives the same answer.
 */
#include <stdint.h>

#include "core/attr.h"
#include "policies/authzen_set.h"

#define BYTES_MAX ((size_t)64 << 20)

static const char policies[] =
	"@id(\"lenen\") permit (principal in Groep::\"leden\", action == "
	"Action::\"lenen\", "
	"resource is Boek) when { resource.uitleenbaar };"
	"permit (principal, action == Action::\"lezen\", resource) when { "
	"principal.filiaal "
	"== resource.filiaal };"
	"forbid (principal, action, resource) when { context has gesloten && "
	"context.gesloten };";
static const char schema[] =
	"entity Groep; entity Lid in [Groep] = { filiaal: String, score?: decimal };"
	"entity Boek = { uitleenbaar: Bool, filiaal: String };"
	"action lenen, lezen appliesTo { principal: [Lid], resource: [Boek], context: { "
	"gesloten?: Bool, time?: datetime, action?: { doel?: String } } };";
static const char entities[] =
	"{\"Lid::anna\":{\"attrs\":{\"filiaal\":\"noord\"},\"parents\":[{\"type\":"
	"\"Groep\","
	"\"id\":\"leden\"}]},\"Boek::b1\":{\"attrs\":{\"uitleenbaar\":true,\"filiaal\":"
	"\"noord\"},\"parents\":[]},\"Boek::b2\":{\"attrs\":{\"uitleenbaar\":false,"
	"\"filiaal\":\"zuid\"},\"parents\":[]}}";

static void
no_digest(const struct kp_slice *parts, size_t count, unsigned char ret_digest[32])
{
	(void)parts;
	(void)count;
	memset(ret_digest, 0, 32);
}

static struct kp_authzen_set *
make_set(bool with_schema)
{
	const struct kp_policy_file files[] = {
		{"rules.cedar", {policies, sizeof(policies) - 1}},
		{"names.json", {entities, sizeof(entities) - 1}},
		{"schema.cedarschema", {schema, sizeof(schema) - 1}},
	};
	struct kp_findings findings;
	struct kp_authzen_set *set = NULL;
	kp_findings_init(&findings, 10);
	enum kp_status status = kp_authzen_set_create(
		files, with_schema ? 3 : 2, no_digest, &findings, &set);
	kp_findings_deinit(&findings);
	KP_REQUIRE(status == KP_OK);
	return set;
}

/* Decides in `arena`, where the answer stays. */
static struct kp_slice
ask(struct kp_arena *arena, const struct kp_authzen_set *set, enum kp_authzen_api api,
	struct kp_slice body)
{
	static const struct kp_authzen_trust all = {.override = true};
	const struct kp_authzen_caller caller = {
		.organisation = KP_SLICE("00000001830000001000"), .trust = &all};
	struct kp_authzen_set_backend backend;
	kp_authzen_set_backend_init(&backend, set, &caller, arena);
	struct kp_authzen_request request = {
		.api = api, .body = body, .backend = &backend.backend, .arena = arena};
	struct kp_authzen_answer answer;
	if (kp_authzen_handle(&request, &answer) != KP_OK) {
		return (struct kp_slice){NULL, 0};
	}
	KP_REQUIRE(answer.http_status == 200 || answer.http_status == 400);
	KP_REQUIRE(answer.permitted <= answer.line_count);
	struct kp_findings findings;
	kp_findings_init(&findings, 1);
	struct kp_cedar_json_text text = {.text = answer.body, .findings = &findings};
	const struct kp_cedar_json *root = NULL;
	enum kp_status status = kp_cedar_json_parse(arena, &text, &root);
	kp_findings_deinit(&findings);
	KP_REQUIRE(status == KP_OK || status == KP_E_MEMORY);
	KP_REQUIRE(status != KP_OK ||
		(root->kind == KP_CEDAR_JSON_STRING) == (answer.http_status == 400));
	return answer.body;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kp_authzen_set *sets[2];
	if (size == 0) {
		return 0;
	}
	enum kp_authzen_api api = (enum kp_authzen_api)(data[0] % KP_AUTHZEN_API_COUNT);
	/* libFuzzer hands out exact allocations: an empty body has no byte behind it. */
	struct kp_slice body = {(const char *)data + 1, size - 1};
	for (int i = 0; i < 2; i++) {
		struct kp_arena arena;
		sets[i] = sets[i] == NULL ? make_set(i == 1) : sets[i];
		kp_arena_init(&arena, BYTES_MAX, NULL);
		struct kp_slice first = ask(&arena, sets[i], api, body);
		struct kp_slice second = ask(&arena, sets[i], api, body);
		KP_REQUIRE(first.data == NULL || second.data == NULL ||
			kp_slice_equal(first, second));
		kp_arena_deinit(&arena);
	}
	return 0;
}
