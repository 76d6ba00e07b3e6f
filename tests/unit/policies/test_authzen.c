/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * authzen as a library: the public interop files, trust, projection onto a schema,
 * loading faults, and every allocation failing in turn. Everything that is visible over
 * HTTP is in tests/conformance/authzen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <jansson.h>

#include "policies/authzen_bundle.h"
#include "policies/authzen_set.h"
#include "set.h"

#define BYTES_MAX ((size_t)64 << 20)

static void
no_digest(const struct kp_slice *parts, size_t count, unsigned char ret_digest[32])
{
	(void)parts;
	(void)count;
	memset(ret_digest, 0, 32);
}

static struct kp_authzen_set *
load(const struct kp_policy_file *files, size_t count, enum kp_status expected,
	const char *words)
{
	struct kp_findings findings;
	struct kp_authzen_set *set = NULL;
	kp_findings_init(&findings, 10);
	enum kp_status status =
		kp_authzen_set_create(files, count, no_digest, &findings, &set);
	assert_int_equal(status, expected);
	if (words != NULL) {
		char text[700];
		assert_true(findings.count > 0);
		assert_non_null(strstr(
			kp_error_text(&findings.items[0], text, sizeof(text)), words));
	}
	kp_findings_deinit(&findings);
	return set;
}

/* Asks in `arena`; the answer's text, or NULL without memory. */
static const char *
ask(struct kp_arena *arena, const struct kp_authzen_set *set,
	const struct kp_authzen_trust *trust, enum kp_authzen_api api, const char *body,
	unsigned http_status)
{
	const struct kp_authzen_caller caller = {
		.organisation = KP_SLICE("00000001830000001000"), .trust = trust};
	struct kp_authzen_set_backend backend;
	kp_authzen_set_backend_init(&backend, set, &caller, arena);
	struct kp_authzen_request request = {.api = api,
		.body = kp_slice_from(body),
		.backend = &backend.backend,
		.arena = arena};
	struct kp_authzen_answer answer;
	enum kp_status status = kp_authzen_handle(&request, &answer);
	if (status != KP_OK) {
		assert_int_equal(status, KP_E_MEMORY);
		return NULL;
	}
	assert_int_equal(answer.http_status, http_status);
	return kp_arena_copy(arena, answer.body).data;
}

static void
expect(const struct kp_authzen_set *set, const struct kp_authzen_trust *trust,
	const char *body, const char *text)
{
	struct kp_arena arena;
	kp_arena_init(&arena, BYTES_MAX, NULL);
	const char *found = ask(&arena, set, trust, KP_AUTHZEN_EVALUATION, body, 200);
	assert_non_null(found);
	assert_string_equal(found, text);
	kp_arena_deinit(&arena);
}

/* --- what is believed --- */

static void
trust_is_per_client_and_name(void **state)
{
	(void)state;
	struct kp_arena arena;
	struct kp_authzen_trust trust;
	struct kp_error err;
	kp_arena_init(&arena, BYTES_MAX, NULL);
	assert_int_equal(kp_authzen_trust_parse(&arena,
				 KP_SLICE(" *: context.* ; 123: subject.rollen  "
					  "resource.* ;"),
				 &trust, &err),
		KP_OK);
	struct kp_slice known = KP_SLICE("123");
	struct kp_slice other = KP_SLICE("124");
	struct kp_slice roles = KP_SLICE("rollen");
	assert_true(kp_authzen_trusts(&trust, other, KP_AUTHZEN_CONTEXT, roles));
	assert_true(kp_authzen_trusts(&trust, known, KP_AUTHZEN_SUBJECT, roles));
	assert_false(kp_authzen_trusts(&trust, other, KP_AUTHZEN_SUBJECT, roles));
	assert_false(kp_authzen_trusts(
		&trust, known, KP_AUTHZEN_SUBJECT, KP_SLICE("organisatie")));
	assert_true(kp_authzen_trusts(&trust, known, KP_AUTHZEN_RESOURCE, roles));
	assert_false(kp_authzen_trusts(&trust, known, KP_AUTHZEN_ACTION, roles));
	static const char *const wrong[] = {"context.*", "*: x.y", "*: context.",
		"*: context", ": context.*", "*: context.* 123: subject.x"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_int_equal(kp_authzen_trust_parse(
					 &arena, kp_slice_from(wrong[i]), &trust, &err),
			KP_E_CONFIG);
	}
	kp_arena_deinit(&arena);
}

static void
base_urls(void **state)
{
	(void)state;
	assert_true(kp_authzen_base_url_valid(KP_SLICE("https://a.nl"), false));
	assert_true(kp_authzen_base_url_valid(KP_SLICE("https://a.nl:8443/x"), false));
	assert_true(kp_authzen_base_url_valid(KP_SLICE("http://a.nl"), true));
	static const char *const wrong[] = {"", "a.nl", "http://a.nl", "https://",
		"https:///x", "https://a.nl/", "https://a.nl?x", "https://a.nl#x",
		"https://u@a.nl", "https://a.nl/\"", "https://a b"};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		assert_false(kp_authzen_base_url_valid(kp_slice_from(wrong[i]), false));
	}
}

/* --- a set with a schema --- */

#define RULES                                                                            \
	"permit(principal, action == Action::\"lezen\", resource) when { context has "   \
	"nu "                                                                            \
	"&& context.nu < datetime(\"2027-01-01\") };"                                    \
	"permit(principal, action == Action::\"lenen\", resource) when { "               \
	"resource.prijs.lessThan(decimal(\"2.0\")) };"                                   \
	"permit(principal, action == Action::\"melden\", resource) when { "              \
	"context.action.kanaal == \"web\" };"
#define SCHEMA                                                                           \
	"entity Lid; entity Boek = { prijs: decimal, naam?: String };"                   \
	"action lezen appliesTo { principal: [Lid], resource: [Boek], context: { nu?: "  \
	"datetime } };"                                                                  \
	"action lenen appliesTo { principal: [Lid], resource: [Boek] };"                 \
	"action melden appliesTo { principal: [Lid], resource: [Boek], context: { "      \
	"action: { kanaal: String } } };"
#define WHO "\"subject\":{\"type\":\"Lid\",\"id\":\"a\"}"
#define BOOK(properties)                                                                 \
	"\"resource\":{\"type\":\"Boek\",\"id\":\"b\",\"properties\":" properties "}"
#define YES "{\"decision\":true}"
#define NO "{\"decision\":false}"

static const struct kp_policy_file with_schema[] = {
	{"rules.cedar", KP_SLICE_INIT(RULES)},
	{"schema.cedarschema", KP_SLICE_INIT(SCHEMA)},
};

static void
properties_are_projected(void **state)
{
	(void)state;
	static const struct kp_authzen_trust all = {.override = true};
	static const struct kp_authzen_trust none = {0};
	struct kp_authzen_set *set = load(with_schema, 2, KP_OK, NULL);
	static const char read_at[] = "{" WHO ",\"action\":{\"name\":\"lezen\"}," BOOK(
		"{}") ",\"context\":{\"nu\":%s,\"vreemd\":[{}]}}";
	static const struct {
		const char *nu;
		const char *text;
	} moments[] = {{"\"2026-11-23T10:00:00Z\"", YES},
		{"\"2028-11-23T10:00:00Z\"", NO}, {"\"2026-11-23T10:00Z\"", NO},
		{"null", NO}, {"7", NO}};
	for (size_t i = 0; i < KP_ARRAY_LEN(moments); i++) {
		char body[400];
		(void)snprintf(body, sizeof(body), read_at, moments[i].nu);
		expect(set, &all, body, moments[i].text);
		expect(set, &none, body, NO);
	}
	expect(set, &all,
		"{" WHO ",\"action\":{\"name\":\"lenen\"}," BOOK(
			"{\"prijs\":1.5,\"pagina\":{\"x\":null}}") "}",
		YES);
	expect(set, &all,
		"{" WHO
		",\"action\":{\"name\":\"lenen\"}," BOOK("{\"prijs\":1.50001}") "}",
		NO);
	expect(set, &all,
		"{" WHO ",\"action\":{\"name\":\"lenen\"}," BOOK("{\"prijs\":true}") "}",
		NO);
	expect(set, &all,
		"{" WHO ",\"action\":{\"name\":\"melden\",\"properties\":{\"kanaal\":"
		"\"web\",\"meer\":1}}," BOOK("{}") "}",
		YES);
	expect(set, &all, "{" WHO ",\"action\":{\"name\":\"melden\"}," BOOK("{}") "}",
		NO);
	kp_authzen_set_destroy(&set);
}

static void
faults_of_a_set(void **state)
{
	(void)state;
	static const struct kp_policy_file nothing[] = {
		{"names.json", KP_SLICE_INIT("{}")}};
	static const struct kp_policy_file syntax[] = {
		{"a.cedar", KP_SLICE_INIT("permit(")}};
	static const struct kp_policy_file invalid[] = {
		{"a.cedar",
			KP_SLICE_INIT("permit(principal, action == "
				      "Action::\"lezn\", resource);")},
		with_schema[1]};
	static const struct kp_policy_file key[] = {
		with_schema[0], {"names.json", KP_SLICE_INIT("{\"Lid\":{}}")}};
	static const struct kp_policy_file attrs[] = {with_schema[0],
		{"names.json", KP_SLICE_INIT("{\"Lid::a\":{\"attrs\":1}}")}};
	static const struct kp_policy_file types[] = {with_schema[0],
		{"authzen.json", KP_SLICE_INIT("{\"types\":{\"x\":\"geen naam\"}}")}};
	(void)load(nothing, 1, KP_E_CONFIG, "no policies");
	(void)load(syntax, 1, KP_E_CONFIG, "a.cedar");
	(void)load(invalid, 2, KP_E_CONFIG, "lez");
	(void)load(key, 2, KP_E_CONFIG, "type::id");
	(void)load(attrs, 2, KP_E_CONFIG, "attrs");
	(void)load(types, 2, KP_E_CONFIG, "authzen.json");
}

static void
memory_runs_out_at_every_point(void **state)
{
	(void)state;
	static const struct kp_authzen_trust all = {.override = true};
	static const char body[] =
		"{" WHO ",\"action\":{\"name\":\"melden\",\"properties\":{\"kanaal\":"
		"\"web\"}},\"evaluations\":[{" BOOK("{\"naam\":\"x\"}") "},{}]}";
	struct kp_authzen_set *set = load(with_schema, 2, KP_OK, NULL);
	bool answered = false;
	for (size_t room = 0; room < 200000 && !answered; room += 97) {
		struct kp_arena arena;
		kp_arena_init(&arena, room, NULL);
		const char *text =
			ask(&arena, set, &all, KP_AUTHZEN_EVALUATIONS, body, 200);
		answered = text != NULL;
		if (answered) {
			assert_memory_equal(text, "{\"evaluations\":[" YES, 32);
		}
		kp_arena_deinit(&arena);
	}
	assert_true(answered);
	kp_authzen_set_destroy(&set);
}

/* --- the gateway's own rules --- */

/* Every field of the example in one batch: as many answers, one decision; the same as the
 * bundle says of each cell. */
static void
one_decision_answers_a_dossier(void **state)
{
	(void)state;
	static const struct kp_authzen_trust_row rows[] = {
		{.part = KP_AUTHZEN_CONTEXT}, {.part = KP_AUTHZEN_SUBJECT}};
	static const struct kp_authzen_trust trust = {rows, 2, false};
	static const struct kp_slice role = KP_SLICE_INIT("klantmanager");
	struct set set;
	set_example(&set);
	set_load(&set, 0);
	assert_int_equal(set.status, KP_OK);
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(set.bundle);
	const struct kp_authzen_caller caller = {
		.organisation = KP_SLICE("00000001830000001000"),
		.trust = &trust,
		.now_ms = NOW_MS};
	const struct kp_facts facts = {.organisation = caller.organisation,
		.roles = &role,
		.role_count = 1,
		.employee = KP_SLICE("jdv"),
		.purpose = KP_SLICE("participatiewet-intake"),
		.in_caseload = true,
		.now_ms = NOW_MS};
	struct kp_decision decision;
	assert_int_equal(
		kp_bundle_decide(set.bundle, &facts, &set.arena, &decision), KP_OK);
	struct kp_buffer body;
	kp_buffer_init(&body, &set.arena, 1 << 20);
	KP_BUFFER_ADD(&body,
		"{\"subject\":{\"type\":\"medewerker\",\"id\":\"jdv\",\"properties\":{"
		"\"rollen\":[\"klantmanager\"]}},\"action\":{\"name\":\"raadplegen\"},"
		"\"context\":{\"doel\":\"participatiewet-intake\",\"inWerkvoorraad\":"
		"true}"
		",\"evaluations\":[");
	for (uint32_t i = 0; i < catalogue->cell_count && i < 900; i++) {
		const struct kp_cell *cell = &catalogue->cells[i];
		kp_buffer_printf(&body,
			"%s{\"resource\":{\"type\":\"veld\",\"id\":\"%.*s\","
			"\"properties\""
			":{\"bron\":\"%.*s\"}}}",
			i == 0 ? "" : ",",
			KP_SLICE_ARG(catalogue->fields[cell->field].path),
			KP_SLICE_ARG(catalogue->sources[cell->source].name));
	}
	KP_BUFFER_ADD(&body, "]}");
	struct kp_authzen_bundle_backend backend;
	kp_authzen_bundle_backend_init(&backend, set.bundle, &caller, &set.arena);
	struct kp_authzen_request request = {.api = KP_AUTHZEN_EVALUATIONS,
		.body = kp_buffer_slice(&body),
		.backend = &backend.backend,
		.arena = &set.arena};
	struct kp_authzen_answer answer;
	assert_int_equal(kp_authzen_handle(&request, &answer), KP_OK);
	assert_int_equal(answer.http_status, 200);
	assert_int_equal(backend.decisions, 1);
	assert_true(answer.permitted > 0 && answer.permitted < answer.line_count);
	for (uint32_t i = 0; i < answer.line_count; i++) {
		assert_int_equal(answer.lines[i].permit, kp_bits_has(decision.cells, i));
	}
	set_end(&set);
}

/* --- the interop files --- */

static char *
read_file(struct kp_arena *arena, const char *name, struct kp_slice *ret_text)
{
	char path[400];
	(void)snprintf(path, sizeof(path), "%s/authzen/%s", KP_SHARED_DATA, name);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		return NULL;
	}
	char *text = kp_arena_bytes(arena, 1 << 20);
	assert_non_null(text);
	ret_text->len = fread(text, 1, 1 << 20, file);
	ret_text->data = text;
	(void)fclose(file);
	return text;
}

static unsigned
run_cases(const struct kp_authzen_set *set, const json_t *cases, enum kp_authzen_api api)
{
	static const struct kp_authzen_trust_row row = {.part = KP_AUTHZEN_RESOURCE};
	static const struct kp_authzen_trust trust = {&row, 1, false};
	unsigned right = 0;
	size_t index;
	const json_t *one;
	json_array_foreach(cases, index, one)
	{
		struct kp_arena arena;
		char *body = json_dumps(json_object_get(one, "request"), 0);
		const json_t *expected = json_object_get(one, "expected");
		json_t *whole = json_is_array(expected)
			? json_pack("{sO}", "evaluations", expected)
			: json_pack("{sO}", "decision", expected);
		char *wanted = json_dumps(whole, JSON_COMPACT);
		kp_arena_init(&arena, BYTES_MAX, NULL);
		const char *found = ask(&arena, set, &trust, api, body, 200);
		right += found != NULL && strcmp(found, wanted) == 0 ? 1 : 0;
		kp_arena_deinit(&arena);
		json_decref(whole);
		free(wanted);
		free(body);
	}
	return right;
}

static void
todo_interop(void **state)
{
	(void)state;
	static const char *const names[] = {
		"todo-decisions-1_0-01.json", "todo-decisions-1_0-02.json"};
	static const unsigned counts[] = {40, 43};
	struct kp_arena arena;
	struct kp_policy_file files[2] = {{.name = "todo.cedar"}, {.name = "pip.json"}};
	kp_arena_init(&arena, BYTES_MAX, NULL);
	if (read_file(&arena, "todo.cedar", &files[0].text) == NULL ||
		read_file(&arena, "pip-todo.json", &files[1].text) == NULL) {
		printf("SKIPPED: no interop files in %s/authzen\n", KP_SHARED_DATA);
		kp_arena_deinit(&arena);
		return;
	}
	struct kp_authzen_set *set = load(files, 2, KP_OK, NULL);
	for (size_t i = 0; i < KP_ARRAY_LEN(names); i++) {
		struct kp_slice text;
		assert_non_null(read_file(&arena, names[i], &text));
		json_t *data = json_loadb(text.data, text.len, 0, NULL);
		unsigned right = run_cases(
			set, json_object_get(data, "evaluation"), KP_AUTHZEN_EVALUATION);
		right += run_cases(set, json_object_get(data, "evaluations"),
			KP_AUTHZEN_EVALUATIONS);
		printf("%s: %u/%u\n", names[i], right, counts[i]);
		assert_int_equal(right, counts[i]);
		json_decref(data);
	}
	kp_authzen_set_destroy(&set);
	kp_arena_deinit(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trust_is_per_client_and_name),
		cmocka_unit_test(base_urls),
		cmocka_unit_test(properties_are_projected),
		cmocka_unit_test(faults_of_a_set),
		cmocka_unit_test(memory_runs_out_at_every_point),
		cmocka_unit_test(one_decision_answers_a_dossier),
		cmocka_unit_test(todo_interop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
