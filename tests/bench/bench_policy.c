/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * bench_policy: what a decision for a dossier of 60 fields costs, at 10 to 10,000 rules:
 * the compiled table beside the general evaluator over the same rules; what loading costs
 * (parse, lint, validate, compile); and how much memory a rule takes.
 *
 *     bench_policy [RULES...]
 *     bench_policy --peer RULES    the same rules and requests, and what they come to, as
 *                                  JSON for policy/peer.js
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/bits.h"
#include "core/buffer.h"
#include "policies/bundle.h"

#define SECTIONS 6
#define FIELDS_PER_SECTION 10
#define ROLES 20
#define ORGANISATIONS 10
#define PURPOSES 37
#define REQUESTS 4096
#define ROUNDS 100
#define RULES_SEED 7
#define PEER_REQUESTS 40
#define NOW_MS ((int64_t)1795392000000) /* 2026-11-23 */

static const char schema[] =
	"entity Rol; entity Organisatiesoort; entity Organisatie in [Organisatie, "
	"Organisatiesoort]; entity Medewerker in [Rol] = { organisatie: Organisatie };"
	"entity Doel in [Doel] = { bezwaarMogelijk: Bool, vertrouwelijk: Bool, "
	"alleenMachine: Bool, werkvoorraadVereist: Bool };"
	"entity Rubriek in [Rubriek]; entity Bron;"
	"entity Veld in [Rubriek, Bron] = { gevoeligheid: Long, derde: Bool };"
	"type Feiten = { doel: Doel, inWerkvoorraad: Bool, heeftZaak: Bool, zaakGenoemd: "
	"Bool, redenGegeven: Bool, bezwaar: Bool, zelf: Bool, nu: datetime };"
	"action raadplegen, raadplegenBuitenWerkvoorraad, corrigeren, document appliesTo "
	"{ "
	"principal: [Medewerker], resource: [Veld], context: Feiten };";

static uint32_t
draw(uint64_t *state, uint32_t sides)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*state >> 33) % sides);
}

static double
now_seconds(void)
{
	struct timespec time;
	/* Of this process: the machine may have other work. */
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void
write_catalogue(struct kp_buffer *out)
{
	KP_BUFFER_ADD(out,
		"{\"versie\":\"1\",\"bronnen\":[{\"naam\":\"bron\",\"titel\":"
		"\"B\",\"titelEn\":\"B\"}],\"rubrieken\":[");
	for (int i = 0; i < SECTIONS; i++) {
		kp_buffer_printf(out,
			"%s{\"naam\":\"r%d\",\"label\":\"L\",\"labelEn\":\"L\","
			"\"bronnen\":["
			"\"bron\"],\"velden\":[",
			i == 0 ? "" : ",", i);
		for (int j = 0; j < FIELDS_PER_SECTION; j++) {
			kp_buffer_printf(out,
				"%s{\"pad\":\"v%d\",\"label\":\"L\",\"labelEn\":\"L\","
				"\"soort\":\"tekst\"}",
				j == 0 ? "" : ",", j);
		}
		KP_BUFFER_ADD(out, "]}");
	}
	KP_BUFFER_ADD(out, "]}");
}

static void
write_purposes(struct kp_buffer *out)
{
	KP_BUFFER_ADD(out,
		"{\"wetten\":[{\"id\":\"w\",\"naam\":\"W\",\"naamEn\":\"W\"}],"
		"\"doelen\":[");
	for (int i = 0; i < PURPOSES; i++) {
		kp_buffer_printf(out,
			"%s{\"id\":\"d%d\",\"naam\":\"N\",\"naamEn\":\"N\",\"grondslag\":"
			"\"g\",\"verwerking\":\"urn:x:%d\",\"onder\":\"w\",\"eigenaar\":"
			"\"e\","
			"\"werkvoorraadVereist\":false,\"bewaartermijnDagen\":1,"
			"\"geldigVanaf\":\"2026-01-01\",\"herzien\":\"2028-01-01\"}",
			i == 0 ? "" : ",", i, i);
	}
	KP_BUFFER_ADD(out, "]}");
}

static void
write_organisations(struct kp_buffer *out)
{
	KP_BUFFER_ADD(out,
		"{\"soorten\":[{\"id\":\"s\",\"naam\":\"S\",\"naamEn\":\"S\"}],"
		"\"organisaties\":[");
	for (int i = 0; i < ORGANISATIONS; i++) {
		kp_buffer_printf(out,
			"%s{\"oin\":\"%020d\",\"naam\":\"O\",\"soort\":\"s\"}",
			i == 0 ? "" : ",", i);
	}
	KP_BUFFER_ADD(out, "]}");
}

static void
write_roles(struct kp_buffer *out)
{
	KP_BUFFER_ADD(out, "{\"rollen\":[");
	for (int i = 0; i < ROLES; i++) {
		kp_buffer_printf(out,
			"%s{\"id\":\"r%d\",\"label\":\"L\",\"labelEn\":\"L\","
			"\"stapelbaar\":"
			"true,\"organisatiesoorten\":[\"s\"]}",
			i == 0 ? "" : ",", i);
	}
	KP_BUFFER_ADD(out, "]}");
}

/* One in ten forbids; of eleven four depend on facts, one on the day, and one on the
 * hour, which is evaluated with each request. */
static void
write_rules(struct kp_buffer *out, unsigned count, uint64_t seed)
{
	static const char *const conditions[] = {"", "", "", "", "",
		"&& context.heeftZaak", "&& (context.heeftZaak || context.redenGegeven)",
		"&& context.inWerkvoorraad", "&& !context.bezwaar",
		"&& context.nu < datetime(\"2027-06-01\")",
		"&& context.nu.toTime() < duration(\"18h\")"};
	uint64_t state = seed;
	for (unsigned i = 0; i < count; i++) {
		uint32_t purpose = draw(&state, PURPOSES);
		bool forbid = draw(&state, 10) == 0;
		kp_buffer_printf(out,
			"@id(\"x%u\") @doel(\"d%u\") @grondslag(\"g\") @eigenaar(\"e\") "
			"@herzien(\"2027-%02u-01\")\n%s(principal in Rol::\"r%u\", "
			"action == Action::\"raadplegen\", resource in Rubriek::\"r%u\") "
			"when {"
			"context.doel == Doel::\"d%u\" && "
			"principal.organisatie == Organisatie::\"%020u\" %s};\n",
			i, purpose, 1 + draw(&state, 4), forbid ? "forbid" : "permit",
			draw(&state, ROLES), draw(&state, SECTIONS), purpose,
			draw(&state, ORGANISATIONS),
			conditions[draw(&state, KP_ARRAY_LEN(conditions))]);
	}
}

/* What a decision about one dossier comes to. */
static size_t
count_permitted(const struct kp_bundle *bundle, const struct kp_facts *facts)
{
	struct kp_arena arena;
	struct kp_decision decision;
	kp_arena_init(&arena, 1 << 20, NULL);
	size_t count = 0;
	if (kp_bundle_decide(bundle, facts, &arena, &decision) == KP_OK) {
		count = kp_bits_count(decision.cells, bundle->catalogue->cell_words);
	}
	kp_arena_deinit(&arena);
	return count;
}

static void
digest(const struct kp_slice *parts, size_t count, unsigned char ret_digest[32])
{
	(void)parts;
	(void)count;
	memset(ret_digest, 0, 32);
}

static struct kp_bundle *
load(struct kp_arena *arena, unsigned rules)
{
	static const struct {
		const char *name;
		void (*write)(struct kp_buffer *);
	} parts[] = {{KP_FILE_CATALOGUE, write_catalogue},
		{KP_FILE_PURPOSES, write_purposes},
		{KP_FILE_ORGANISATIONS, write_organisations},
		{KP_FILE_ROLES, write_roles}};
	struct kp_policy_file files[KP_ARRAY_LEN(parts) + 2];
	for (size_t i = 0; i < KP_ARRAY_LEN(parts); i++) {
		struct kp_buffer buffer;
		kp_buffer_init(&buffer, arena, (size_t)1 << 20);
		parts[i].write(&buffer);
		files[i] =
			(struct kp_policy_file){parts[i].name, kp_buffer_slice(&buffer)};
	}
	struct kp_buffer buffer;
	kp_buffer_init(&buffer, arena, (size_t)16 << 20);
	write_rules(&buffer, rules, RULES_SEED);
	files[KP_ARRAY_LEN(parts)] =
		(struct kp_policy_file){"regels/r.cedar", kp_buffer_slice(&buffer)};
	files[KP_ARRAY_LEN(parts) + 1] =
		(struct kp_policy_file){KP_FILE_SCHEMA, {schema, sizeof(schema) - 1}};
	struct kp_findings findings;
	kp_findings_init(&findings, 3);
	struct kp_bundle *bundle = NULL;
	const struct kp_bundle_options options = {
		.digest = digest, .now_ms = NOW_MS, .shadow_every = UINT32_MAX};
	enum kp_status status = kp_bundle_create(
		files, KP_ARRAY_LEN(files), &options, &findings, &bundle);
	for (size_t i = 0; i < findings.count; i++) {
		char text[512];
		(void)printf(
			"%s\n", kp_error_text(&findings.items[i], text, sizeof(text)));
	}
	kp_findings_deinit(&findings);
	return status == KP_OK ? bundle : NULL;
}

struct request {
	struct kp_facts facts;
	struct kp_slice roles[2];
	char names[4][24];
};

/* Requests of two roles that some rule is about. */
static void
make_requests(const struct kp_bundle *bundle, struct request *requests)
{
	uint64_t state = 99;
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct request *request = &requests[i];
		const struct kp_part *part =
			&bundle->compiled
				 .parts[draw(&state, bundle->compiled.part_count)];
		uint32_t role = (uint32_t)__builtin_ctzll(part->roles[0]);
		uint32_t purpose = (uint32_t)__builtin_ctzll(part->purposes[0]);
		uint32_t organisation = (uint32_t)__builtin_ctzll(part->organisations[0]);
		(void)snprintf(request->names[0], 24, "r%u", role);
		(void)snprintf(request->names[1], 24, "r%u", draw(&state, ROLES));
		(void)snprintf(request->names[2], 24, "d%u", purpose);
		(void)snprintf(request->names[3], 24, "%020u", organisation);
		request->roles[0] = kp_slice_from(request->names[0]);
		request->roles[1] = kp_slice_from(request->names[1]);
		request->facts = (struct kp_facts){.action = KP_ACTION_READ,
			.employee = KP_SLICE("medewerker-4711"),
			.organisation = kp_slice_from(request->names[3]),
			.roles = request->roles,
			.role_count = 2,
			.purpose = kp_slice_from(request->names[2]),
			.in_caseload = draw(&state, 2) != 0,
			.has_case = draw(&state, 2) != 0,
			.reason_given = draw(&state, 2) != 0,
			.now_ms = NOW_MS};
	}
}

static int
compare_seconds(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;
	return (left > right) - (left < right);
}

/* Median of the rounds. */
static double
time_compiled(const struct kp_bundle *bundle, const struct request *requests,
	size_t *ret_permitted)
{
	struct kp_arena_pool pool;
	kp_arena_pool_init(&pool, 4);
	double rounds[ROUNDS];
	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = now_seconds();
		for (unsigned i = 0; i < REQUESTS; i++) {
			struct kp_arena arena;
			kp_arena_init(&arena, 1 << 20, &pool);
			struct kp_decision decision;
			if (kp_bundle_decide(bundle, &requests[i].facts, &arena,
				    &decision) == KP_OK) {
				*ret_permitted += kp_bits_count(
					decision.cells, bundle->catalogue->cell_words);
			}
			kp_arena_deinit(&arena);
		}
		rounds[round] = now_seconds() - start;
	}
	kp_arena_pool_deinit(&pool);
	qsort(rounds, ROUNDS, sizeof(*rounds), compare_seconds);
	return rounds[ROUNDS / 2] / REQUESTS;
}

/* For about a second, or as many requests as there are. */
static double
time_general(const struct kp_bundle *bundle, const struct request *requests,
	size_t *ret_permitted)
{
	unsigned count = 0;
	double start = now_seconds();
	double seconds = 0;
	for (; count < REQUESTS && seconds < 1; count++) {
		struct kp_arena arena;
		kp_arena_init(&arena, (size_t)64 << 20, NULL);
		struct kp_decision_detail detail;
		struct kp_asking asking;
		if (kp_bundle_admit(bundle, &requests[count].facts, &detail) ==
			KP_REFUSAL_NONE) {
			kp_asking_init(&asking, bundle, &detail, &arena);
			for (uint32_t i = 0; i < bundle->catalogue->cell_count; i++) {
				*ret_permitted += kp_asking_permits(&asking, i) ? 1 : 0;
			}
		}
		kp_arena_deinit(&arena);
		seconds = now_seconds() - start;
	}
	return seconds / count;
}

static void
measure(unsigned rules)
{
	static struct request requests[REQUESTS];
	struct kp_arena arena;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	double start = now_seconds();
	struct kp_bundle *bundle = load(&arena, rules);
	double load_seconds = now_seconds() - start;
	if (bundle != NULL) {
		make_requests(bundle, requests);
		size_t compiled_cells = 0;
		size_t general_cells = 0;
		double compiled = time_compiled(bundle, requests, &compiled_cells);
		double general = time_general(bundle, requests, &general_cells);
		(void)printf("%6u %10.1f ms %9.0f B %10.0f ns %12.1f us %8.0fx %6.1f\n",
			rules, load_seconds * 1e3,
			(double)bundle->arena.bytes_used / rules, compiled * 1e9,
			general * 1e6, general / compiled,
			(double)compiled_cells / (REQUESTS * ROUNDS));
	}
	kp_bundle_unref(&bundle);
	kp_arena_deinit(&arena);
}

static void
print_request(const struct kp_bundle *bundle, const struct request *request)
{
	const struct kp_facts *facts = &request->facts;
	(void)printf("{\"rollen\":[\"%s\",\"%s\"],\"doel\":\"%s\",\"organisatie\":\"%s\","
		     "\"inWerkvoorraad\":%s,\"heeftZaak\":%s,\"redenGegeven\":%s,"
		     "\"velden\":%zu}",
		request->names[0], request->names[1], request->names[2],
		request->names[3], facts->in_caseload ? "true" : "false",
		facts->has_case ? "true" : "false",
		facts->reason_given ? "true" : "false", count_permitted(bundle, facts));
}

/* Rule text holds quotes and new lines, and nothing else that JSON escapes. */
static void
print_for_peer(unsigned rules)
{
	static struct request requests[REQUESTS];
	struct kp_arena arena;
	struct kp_buffer text;
	kp_arena_init(&arena, (size_t)64 << 20, NULL);
	kp_buffer_init(&text, &arena, (size_t)16 << 20);
	struct kp_bundle *bundle = load(&arena, rules);
	if (bundle == NULL) {
		return;
	}
	make_requests(bundle, requests);
	write_rules(&text, rules, RULES_SEED);
	(void)printf("{\"regels\":\"");
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.data[i];
		if (byte == '\n' || byte == '"') {
			(void)putchar('\\');
			byte = byte == '\n' ? 'n' : '"';
		}
		(void)putchar(byte);
	}
	(void)printf("\",\"rubrieken\":%d,\"veldenPerRubriek\":%d,\"vragen\":[", SECTIONS,
		FIELDS_PER_SECTION);
	for (unsigned i = 0; i < PEER_REQUESTS; i++) {
		(void)printf("%s", i == 0 ? "" : ",");
		print_request(bundle, &requests[i]);
	}
	(void)printf("]}\n");
	kp_bundle_unref(&bundle);
	kp_arena_deinit(&arena);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--peer") == 0) {
		print_for_peer((unsigned)strtoul(argv[2], NULL, 10));
		return 0;
	}
	(void)printf("%6s %13s %11s %13s %15s %9s %6s\n", "rules", "load", "per rule",
		"compiled", "general", "", "cells");
	static const unsigned defaults[] = {10, 100, 1000, 10000};
	for (size_t i = 0; argc < 2 && i < KP_ARRAY_LEN(defaults); i++) {
		measure(defaults[i]);
	}
	for (int i = 1; i < argc; i++) {
		measure((unsigned)strtoul(argv[i], NULL, 10));
	}
	return 0;
}
