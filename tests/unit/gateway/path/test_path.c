/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The whole request path between fakes: answers, refusals, streams, faults, records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "support/path_rig.h"

#define FREE "{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"vrij\"}"
#define INTAKE "{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"intake\"}"

static const struct kp_fake_grant grants[] = {
	{"vrij", "consulent", KP_ACTION_READ, "persoon,uitkeringen,voertuigen", false},
	{"intake", "consulent", KP_ACTION_READ, "persoon.naam", false},
	{"intake", "kijker", KP_ACTION_READ_OUTSIDE, "persoon.naam", true},
};

static void
begin(struct kp_rig *rig)
{
	kp_rig_init(rig, grants, KP_ARRAY_LEN(grants));
}

static json_t *
answer_json(const struct kp_rig *rig)
{
	json_error_t err;
	json_t *root = json_loads(rig->client.body_seen,
		JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &err);
	if (root == NULL) {
		fail_msg("%s: %s", err.text, rig->client.body_seen);
	}
	return root;
}

static const char *
status_of(json_t *root, const char *source)
{
	json_t *entry;
	size_t i;
	json_array_foreach(json_object_get(root, "bronnen"), i, entry)
	{
		if (strcmp(json_string_value(json_object_get(entry, "bron")), source) ==
			0) {
			return json_string_value(json_object_get(entry, "status"));
		}
	}
	return "absent";
}

static void
expect_problem(struct kp_rig *rig, unsigned status, const char *code)
{
	assert_int_equal(rig->client.status, status);
	assert_non_null(strstr(rig->client.headers_seen, "application/problem+json"));
	json_t *root = answer_json(rig);
	assert_string_equal(json_string_value(json_object_get(root, "code")), code);
	assert_int_equal(
		(unsigned)json_number_value(json_object_get(root, "status")), status);
	assert_non_null(json_object_get(root, "title"));
	assert_non_null(json_object_get(root, "detail"));
	json_decref(root);
}

/* A whole line of /metrics. */
static void
expect_metric(const struct kp_rig *rig, const char *line)
{
	struct kp_arena arena;
	struct kp_buffer text;
	char wanted[160];
	kp_arena_init(&arena, (size_t)1 << 20, NULL);
	kp_buffer_init(&text, &arena, (size_t)1 << 20);
	kp_metrics_write(rig->metrics, &text);
	KP_BUFFER_ADD(&text, "\0");
	(void)snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	assert_false(text.failed);
	if (strstr(text.data, wanted) == NULL) {
		fail_msg("no '%s' in:\n%s", line, text.data);
	}
	kp_arena_deinit(&arena);
}

static unsigned
asked_partners(const struct kp_rig *rig)
{
	unsigned asked = 0;
	for (unsigned i = KP_RIG_BRP; i < KP_RIG_PARTNERS; i++) {
		asked += rig->partners[i].asked;
	}
	return asked;
}

static void
test_whole_answer(void **state)
{
	(void)state;
	static const char dossier[] =
		"\"dossier\":{\"persoon\":{\"kindertal\":123456789012345678901234567890,"
		"\"naam\":{\"voornamen\":\"Jos\\u00e9\",\"geslachtsnaam\":"
		"\"Vrij \\\"de\\\"\"},\"geboorte\":{\"datum\":\"1970-05\"},"
		"\"adres\":{\"straat\":\"Kerkstraat\"}},"
		"\"uitkeringen\":[{\"wet\":\"WW\",\"bedrag\":1.10,\"periode\":{\"begin\":"
		"\"2026-01-01\"}},{\"wet\":\"PW\",\"bedrag\":1024.76}],"
		"\"voertuigen\":[{\"kenteken\":\"AB-12-CD\"}]}";
	static const char conflicts[] =
		"\"afwijkingen\":[{\"pad\":\"/persoon/geboorte/datum\",\"waarden\":["
		"{\"bron\":\"brp\",\"waarde\":\"1970-05\"},"
		"{\"bron\":\"uwv\",\"waarde\":\"1970-06-01\"}]},"
		"{\"pad\":\"/uitkeringen/0/bedrag\",\"waarden\":["
		"{\"bron\":\"uwv\",\"waarde\":1.10},"
		"{\"bron\":\"gemeente\",\"waarde\":2.20}]}]";
	struct kp_rig rig;
	begin(&rig);
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	assert_int_equal(rig.client.status, 200);
	assert_true(rig.client.complete && rig.client.finished);
	const char *body = rig.client.body_seen;
	assert_non_null(strstr(body, dossier));
	assert_non_null(strstr(body, conflicts));
	assert_non_null(strstr(body,
		"{\"pad\":\"/persoon/geboorte/datum\",\"bron\":\"brp\",\"opgehaaldOp\":"
		"\"2026-11-23T12:00:00.011Z\",\"geldigOp\":\"2026-01-01\","
		"\"inOnderzoek\":true}"));
	assert_non_null(strstr(body,
		"{\"bron\":\"gemeente\",\"organisatie\":{\"oin\":\"" KP_RIG_OIN
		"\",\"naam\":\"Gemeente\"},\"status\":\"gevonden\",\"duurMs\":20,"
		"\"meldingen\":[{\"code\":\"let-op\",\"tekst\":\"Let op\"}]}"));
	assert_non_null(strstr(body,
		"\"ingehouden\":[{\"veld\":\"partner\",\"reden\":\"gegevens over een "
		"ander\",\"regel\":\"geen-derden\"},{\"veld\":\"pensioen\",\"reden\":"
		"\"doel staat dit niet toe\"}]"));
	assert_non_null(strstr(body, "\"logIndex\":0,\"beleidsversie\":\"sha256:test\""));
	assert_non_null(strstr(body, "ontwikkelidentiteit"));
	assert_null(strstr(body, "Derde Persoon"));
	assert_string_equal(rig.partners[KP_RIG_RDW].known, "Kerkstraat");
	json_t *root = answer_json(&rig);
	assert_true(json_is_true(json_object_get(root, "volledig")));
	json_decref(root);
	kp_rig_close(&rig);
}

static void
test_metrics(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_UWV].outcome = KP_NOT_REACHED;
	kp_rig_open(&rig);
	kp_metrics_name_outcome(rig.metrics, KP_FOUND, "gevonden");
	kp_metrics_name_outcome(rig.metrics, KP_NOT_REACHED, "nietBereikt");
	kp_rig_ask(&rig, FREE);
	kp_rig_next(&rig);
	kp_rig_ask(&rig, "{}");
	expect_metric(&rig, "ketenpoort_queries_total{outcome=\"answered\"} 1");
	expect_metric(&rig, "ketenpoort_queries_total{outcome=\"refused\"} 1");
	expect_metric(&rig, "ketenpoort_queries 0");
	expect_metric(&rig, "ketenpoort_query_seconds_count 2");
	expect_metric(&rig, "ketenpoort_query_errors_total{code=\"KP_E_INVALID\"} 1");
	expect_metric(&rig,
		"ketenpoort_source_calls_total{source=\"brp\",outcome=\"gevonden\"} 1");
	expect_metric(&rig,
		"ketenpoort_source_calls_total{source=\"uwv\",outcome=\"nietBereikt\"} "
		"1");
	expect_metric(&rig, "ketenpoort_source_seconds_count{source=\"brp\"} 1");
	kp_rig_close(&rig);
}

static void
test_records(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	assert_int_equal(rig.journal.count, 2);
	assert_int_equal(rig.journal.records[0].type, KP_RECORD_INTENT);
	assert_int_equal(rig.journal.records[1].type, KP_RECORD_OUTCOME);
	for (unsigned i = 0; i < rig.journal.count; i++) {
		const char *payload = rig.journal.records[i].payload;
		assert_null(strstr(payload, KP_RIG_BSN));
		assert_null(strstr(payload, "Kerkstraat"));
		assert_null(strstr(payload, "1970"));
	}
	assert_non_null(strstr(rig.journal.records[0].payload, "\"test-1\""));
	assert_non_null(strstr(rig.journal.records[0].payload, "m.jansen"));
	kp_rig_close(&rig);
}

static void
test_narrowing(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_open(&rig);
	kp_rig_ask(&rig,
		"{\"burgerservicenummer\":\"" KP_RIG_BSN
		"\",\"doel\":\"vrij\",\"velden\":[\"persoon.naam\",\"pensioen.aow\"]}");
	assert_int_equal(rig.client.status, 200);
	json_t *root = answer_json(&rig);
	assert_string_equal(status_of(root, "brp"), "gevonden");
	assert_string_equal(status_of(root, "uwv"), "nietBevraagd");
	assert_string_equal(status_of(root, "rdw"), "nietBevraagd");
	json_decref(root);
	assert_string_equal(rig.partners[KP_RIG_BRP].cells,
		"persoon.naam.voornamen,persoon.naam.geslachtsnaam");
	/* The partner delivered its street anyway; it does not pass. */
	assert_null(strstr(rig.client.body_seen, "Kerkstraat"));
	assert_non_null(strstr(rig.client.body_seen, "{\"veld\":\"pensioen\""));
	assert_null(strstr(rig.client.body_seen, "\"veld\":\"partner\""));
	kp_rig_close(&rig);
}

static void
test_only_refused_fields(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_open(&rig);
	kp_rig_ask(&rig,
		"{\"burgerservicenummer\":\"" KP_RIG_BSN
		"\",\"doel\":\"vrij\",\"velden\":[\"partner\"]}");
	expect_problem(&rig, 403, "denied");
	assert_int_equal(asked_partners(&rig), 0);
	assert_int_equal(rig.journal.records[0].type, KP_RECORD_REFUSAL);
	assert_int_equal(rig.journal.count, 1);
	kp_rig_close(&rig);
}

static void
test_unknown_purpose(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_open(&rig);
	kp_rig_ask(&rig,
		"{\"burgerservicenummer\":\"" KP_RIG_BSN "\",\"doel\":\"onbekend\"}");
	expect_problem(&rig, 403, "denied");
	assert_int_equal(rig.partners[KP_RIG_CASELOAD].asked, 0);
	assert_non_null(strstr(rig.journal.records[0].payload, "purpose-unknown"));
	kp_rig_close(&rig);
}

static void
test_outside_caseload(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_CASELOAD].outcome = KP_NOTHING_FOUND;
	kp_rig_open(&rig);
	kp_rig_ask(&rig, INTAKE);
	expect_problem(&rig, 403, "reason-needed");
	kp_rig_next(&rig);
	kp_rig_ask(&rig,
		"{\"burgerservicenummer\":\"" KP_RIG_BSN
		"\",\"doel\":\"intake\",\"reden\":\"melding van de politie\"}");
	assert_int_equal(rig.client.status, 200);
	assert_non_null(strstr(rig.client.body_seen, "\"buitenWerkvoorraad\":true"));
	assert_non_null(
		strstr(rig.journal.records[1].payload, "raadplegenBuitenWerkvoorraad"));
	assert_non_null(strstr(rig.journal.records[1].payload, "melding van de politie"));
	unsigned before = asked_partners(&rig);
	kp_rig_next(&rig);
	kp_rig_header(&rig, "X-Rollen", "consulent");
	kp_rig_ask(&rig,
		"{\"burgerservicenummer\":\"" KP_RIG_BSN
		"\",\"doel\":\"intake\",\"reden\":\"melding van de politie\"}");
	expect_problem(&rig, 403, "no-relation");
	assert_int_equal(asked_partners(&rig), before);
	kp_rig_close(&rig);
}

static void
test_caseload_unavailable(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_CASELOAD].outcome = KP_NOT_REACHED;
	kp_rig_open(&rig);
	kp_rig_ask(&rig, INTAKE);
	expect_problem(&rig, 502, "source-unreachable");
	assert_int_equal(asked_partners(&rig), 0);
	kp_rig_next(&rig);
	kp_rig_ask(&rig, FREE);
	assert_int_equal(rig.client.status, 200);
	kp_rig_close(&rig);
}

static void
test_no_caseload(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_CASELOAD].caseload_oin = "00000000000000000009";
	kp_rig_open(&rig);
	kp_rig_ask(&rig, INTAKE);
	expect_problem(&rig, 403, "no-relation");
	assert_int_equal(rig.partners[KP_RIG_CASELOAD].asked, 0);
	assert_int_equal(asked_partners(&rig), 0);
	kp_rig_close(&rig);
}

static void
test_faulty_partners(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_UWV].subject = KP_RIG_OTHER_BSN;
	rig.partners[KP_RIG_BRP].outcome = KP_ERROR;
	rig.partners[KP_RIG_BRP].status = KP_E_SOURCE;
	rig.partners[KP_RIG_BRP].reason = "fout 500";
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	assert_int_equal(rig.client.status, 200);
	json_t *root = answer_json(&rig);
	assert_string_equal(status_of(root, "uwv"), "fout");
	assert_string_equal(status_of(root, "brp"), "fout");
	assert_string_equal(status_of(root, "gemeente"), "gevonden");
	/* It needed what the brp did not give. */
	assert_string_equal(status_of(root, "rdw"), "nietBevraagd");
	assert_true(json_is_false(json_object_get(root, "volledig")));
	json_decref(root);
	assert_non_null(strstr(rig.client.body_seen, "over een andere persoon"));
	assert_non_null(strstr(rig.client.body_seen, "fout 500"));
	assert_null(strstr(rig.client.body_seen, "1970"));
	assert_null(strstr(rig.client.body_seen, "Kerkstraat"));
	kp_rig_close(&rig);
}

static void
test_limits_of_sources(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_UWV].repeat = 1;      /* two items */
	rig.partners[KP_RIG_GEMEENTE].repeat = 1; /* four */
	rig.config.items_max = 2;
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	json_t *root = answer_json(&rig);
	assert_string_equal(status_of(root, "uwv"), "gevonden");
	assert_string_equal(status_of(root, "gemeente"), "fout");
	json_decref(root);
	assert_true(rig.partners[KP_RIG_GEMEENTE].sink_stopped);
	kp_rig_close(&rig);
}

static void
test_budget(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_UWV].delay_us = 900000;
	rig.partners[KP_RIG_GEMEENTE].hang = true;
	kp_rig_open(&rig);
	kp_rig_send(&rig,
		"{\"burgerservicenummer\":\"" KP_RIG_BSN
		"\",\"doel\":\"vrij\",\"budgetMs\":100}");
	kp_fake_loop_advance(rig.loop, 90000);
	assert_int_equal(rig.client.status, 0);
	kp_fake_loop_advance(rig.loop, 40000);
	assert_int_equal(rig.client.status, 200);
	json_t *root = answer_json(&rig);
	assert_string_equal(status_of(root, "brp"), "gevonden");
	assert_string_equal(status_of(root, "uwv"), "nietBereikt");
	assert_string_equal(status_of(root, "gemeente"), "nietBereikt");
	assert_true(json_is_false(json_object_get(root, "volledig")));
	json_decref(root);
	assert_int_equal(rig.partners[KP_RIG_GEMEENTE].cancelled, 1);
	kp_rig_close(&rig);
}

static void
test_refusing_partner(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.partners[KP_RIG_UWV].start_status = KP_E_BUSY;
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	json_t *root = answer_json(&rig);
	assert_string_equal(status_of(root, "uwv"), "nietBereikt");
	json_decref(root);
	kp_rig_close(&rig);
}

static void
test_journal_down(void **state)
{
	(void)state;
	static const char *const bodies[] = {FREE, "{\"doel\":3}"};
	for (size_t i = 0; i < 4; i++) {
		struct kp_rig rig;
		begin(&rig);
		rig.journal.start_status = i % 2 == 0 ? KP_E_AUDIT : KP_OK;
		rig.journal.done_status = i % 2 == 0 ? KP_OK : KP_E_AUDIT;
		kp_rig_open(&rig);
		kp_rig_ask(&rig, bodies[i / 2]);
		expect_problem(&rig, 503, "audit");
		assert_int_equal(asked_partners(&rig), 0);
		kp_rig_close(&rig);
	}
}

static void
test_commit_before_calls(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.journal.delay_us = 5000;
	kp_rig_open(&rig);
	kp_rig_send(&rig, FREE);
	kp_fake_loop_advance(rig.loop, 5999);
	assert_int_equal(asked_partners(&rig), 0);
	kp_fake_loop_advance(rig.loop, 2);
	assert_int_equal(asked_partners(&rig), 3);
	kp_fake_loop_advance(rig.loop, 1000000);
	assert_int_equal(rig.client.status, 200);
	kp_rig_close(&rig);
}

static void
test_client_leaves(void **state)
{
	(void)state;
	/* While: the caseload is asked, the record is written, partners are asked, the
	 * answer is being read. */
	static const uint64_t moments_us[] = {500, 3000, 20000, 200000};
	for (size_t i = 0; i < KP_ARRAY_LEN(moments_us); i++) {
		for (unsigned form = 0; form < 2; form++) {
			struct kp_rig rig;
			begin(&rig);
			rig.journal.delay_us = 5000;
			rig.client.hold = true;
			if (form == 1) {
				kp_rig_header(&rig, "Accept", "application/x-ndjson");
			}
			kp_rig_open(&rig);
			kp_rig_send(&rig, FREE);
			kp_fake_loop_advance(rig.loop, moments_us[i]);
			assert_false(rig.client.finished);
			kp_fake_client_leave(&rig.client);
			kp_fake_loop_advance(rig.loop, 6000);
			assert_true(rig.client.finished);
			expect_metric(&rig,
				"ketenpoort_queries_total{outcome=\"client-gone\"} 1");
			assert_true(rig.journal.count >= 1);
			for (unsigned j = 0; j < KP_RIG_PARTNERS; j++) {
				assert_int_equal(rig.partners[j].running, 0);
			}
			kp_rig_close(&rig);
		}
	}
}

static void
test_ndjson(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_header(&rig, "Accept", "application/x-ndjson");
	kp_rig_open(&rig);
	kp_rig_send(&rig, FREE);
	kp_fake_loop_advance(rig.loop, 11500);
	/* The fastest partner's block has left; the slowest has not answered. */
	assert_int_equal(rig.client.status, 200);
	assert_int_equal(rig.client.pieces, 1);
	assert_non_null(strstr(rig.client.body_seen,
		"{\"soort\":\"bron\",\"bron\":{"
		"\"bron\":\"brp\""));
	assert_int_equal(rig.partners[KP_RIG_UWV].running, 1);
	kp_fake_loop_advance(rig.loop, 1000000);
	assert_true(rig.client.complete);
	assert_int_equal(rig.client.pieces, 5);
	unsigned lines = 0;
	char *rest = rig.client.body_seen;
	for (char *line = strtok_r(rest, "\n", &rest); line != NULL;
		line = strtok_r(NULL, "\n", &rest), lines++) {
		json_t *block = json_loads(
			line, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
		assert_non_null(block);
		const char *kind = json_string_value(json_object_get(block, "soort"));
		assert_string_equal(kind, lines < 4 ? "bron" : "slot");
		assert_int_equal(
			json_object_get(block, "verantwoording") != NULL, lines == 4);
		json_decref(block);
	}
	assert_int_equal(lines, 5);
	kp_rig_close(&rig);
}

static void
test_event_stream(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_header(&rig, "Accept", "text/event-stream");
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	assert_non_null(strstr(rig.client.headers_seen, "text/event-stream"));
	assert_memory_equal(
		rig.client.body_seen, "event: bron\ndata: {\"soort\":\"bron\",", 34);
	const char *last = strstr(rig.client.body_seen, "event: slot\ndata: {");
	assert_non_null(last);
	assert_string_equal(rig.client.body_seen + rig.client.body_len - 3, "}\n\n");
	kp_rig_close(&rig);
}

static void
test_slow_reader(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_header(&rig, "Accept", "application/x-ndjson");
	rig.client.hold = true;
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	assert_false(rig.client.complete);
	assert_int_equal(rig.client.pieces, 0);
	for (unsigned i = 0; i < 5; i++) {
		kp_fake_client_read(&rig.client);
		kp_fake_loop_settle(rig.loop);
	}
	/* What came meanwhile went in one piece: head, blocks, closing block. */
	assert_true(rig.client.complete && rig.client.finished);
	assert_int_equal(rig.client.pieces, 2);
	kp_rig_close(&rig);
}

static void
test_dry_run(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_header(&rig, "Prefer", "respond-async, handling=\"dry-run\"");
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	assert_int_equal(rig.client.status, 200);
	assert_int_equal(asked_partners(&rig), 0);
	assert_non_null(strstr(rig.client.headers_seen, "Preference-Applied"));
	json_t *root = answer_json(&rig);
	assert_true(json_is_true(json_object_get(root, "proef")));
	assert_int_equal(json_array_size(json_object_get(root, "vrijgegeven")), 11);
	assert_null(json_object_get(root, "dossier"));
	json_decref(root);
	assert_int_equal(rig.journal.records[0].type, KP_RECORD_INTENT);
	kp_rig_close(&rig);
}

static void
test_messages_refused(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		const char *value;
		unsigned status;
		const char *code;
	} cases[] = {
		{"Content-Type", "text/plain", 415, "content-type"},
		{"Content-Type", "application/json; charset=latin1", 415, "content-type"},
		{"Content-Encoding", "gzip", 415, "content-type"},
		{"Accept", "application/xml", 406, "not-acceptable"},
		{"X-Origin-OIN", "", 401, "unauthenticated"},
		{"X-Origin-OIN", "12345", 401, "unauthenticated"},
		{"X-Doelbinding", "iets-anders", 400, "invalid"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		struct kp_rig rig;
		begin(&rig);
		kp_rig_header(&rig, cases[i].header, cases[i].value);
		kp_rig_open(&rig);
		kp_rig_ask(&rig, FREE);
		expect_problem(&rig, cases[i].status, cases[i].code);
		assert_int_equal(rig.journal.count, 1);
		assert_int_equal(rig.journal.records[0].type, KP_RECORD_REFUSAL);
		assert_int_equal(rig.partners[KP_RIG_CASELOAD].asked, 0);
		kp_rig_close(&rig);
	}
}

static void
test_method_and_identity(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.client.method = "GET";
	kp_rig_open(&rig);
	kp_rig_ask(&rig, "");
	expect_problem(&rig, 405, "method");
	assert_non_null(strstr(rig.client.headers_seen, "Allow: POST"));
	kp_rig_close(&rig);
	begin(&rig);
	rig.config.development_identity = false;
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	expect_problem(&rig, 401, "unauthenticated");
	assert_non_null(strstr(rig.client.headers_seen, "WWW-Authenticate"));
	kp_rig_close(&rig);
}

static void
test_header_stands_in(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_header(&rig, "X-Doelbinding", "vrij");
	kp_rig_header(&rig, "X-Verwerking", "Z-2026-1");
	kp_rig_header(&rig, "traceparent",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	kp_rig_open(&rig);
	kp_rig_ask(&rig, "{\"burgerservicenummer\":\"" KP_RIG_BSN "\"}");
	assert_int_equal(rig.client.status, 200);
	assert_non_null(strstr(rig.journal.records[0].payload, "Z-2026-1"));
	assert_non_null(strstr(rig.client.body_seen,
		"\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\""));
	kp_rig_close(&rig);
}

static void
test_all_faults_together(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	kp_rig_open(&rig);
	kp_rig_ask(&rig,
		"{\"burgerservicenummer\":\"123456789\",\"budgetMs\":1,"
		"\"velden\":[\"persoon.nam\"],\"dole\":1}");
	expect_problem(&rig, 400, "invalid");
	json_t *root = answer_json(&rig);
	assert_int_equal(json_array_size(json_object_get(root, "invalidParams")), 5);
	json_decref(root);
	assert_null(strstr(rig.client.body_seen, "123456789"));
	kp_rig_close(&rig);
}

static void
ask_with_header(unsigned *ret_status, const char *name, const char *value,
	const char *body, const char *says)
{
	struct kp_rig rig;
	begin(&rig);
	rig.config.roles_max = 2;
	rig.config.header_bytes_max = 8;
	rig.config.body_bytes_max = sizeof(FREE) - 1;
	kp_rig_header(&rig, "X-Gebruiker", "jansen");
	kp_rig_header(&rig, name, value);
	kp_rig_open(&rig);
	kp_rig_ask(&rig, body);
	*ret_status = rig.client.status;
	assert_non_null(strstr(rig.client.body_seen, says));
	kp_rig_close(&rig);
}

static void
test_limits_of_questions(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *value;
		const char *body;
		unsigned status;
		const char *says;
	} cases[] = {
		{"X-Rollen", "consulent, b", FREE, 200, "dossier"},
		{"X-Rollen", "consulent,b,c", FREE, 401, "roles_max"},
		{"X-Gebruiker", "12345678", FREE, 200, "dossier"},
		{"X-Gebruiker", "123456789", FREE, 401, "header_bytes_max"},
		{"X-Rollen", "consulent", FREE, 200, "dossier"},
		{"X-Rollen", "consulent", FREE " ", 413, "groter dan toegestaan"},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(cases); i++) {
		unsigned status = 0;
		ask_with_header(&status, cases[i].name, cases[i].value, cases[i].body,
			cases[i].says);
		if (status != cases[i].status) {
			fail_msg("case %zu: %u", i, status);
		}
	}
}

static void
test_busy(void **state)
{
	(void)state;
	struct kp_rig rig;
	begin(&rig);
	rig.config.requests_max = 0;
	kp_rig_open(&rig);
	kp_rig_ask(&rig, FREE);
	expect_problem(&rig, 503, "busy");
	kp_rig_close(&rig);
	begin(&rig);
	rig.config.requests_max = 1;
	kp_rig_open(&rig);
	for (int i = 0; i < 3; i++) {
		kp_rig_ask(&rig, FREE);
		assert_int_equal(rig.client.status, 200);
		kp_rig_next(&rig);
	}
	kp_rig_close(&rig);
}

static void
test_memory_limits(void **state)
{
	(void)state;
	/* At every bound the path ends in an answer, whatever it is. */
	for (size_t bytes = 256; bytes < 60000; bytes += 97) {
		struct kp_rig rig;
		begin(&rig);
		rig.config.request_bytes_max = bytes;
		if (bytes % 2 == 0) {
			kp_rig_header(&rig, "Accept", "application/x-ndjson");
		}
		kp_rig_open(&rig);
		kp_rig_ask(&rig, FREE);
		assert_true(rig.client.finished);
		assert_true(rig.client.status == 200 || rig.client.status == 503 ||
			rig.client.status == 401);
		kp_rig_close(&rig);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_answer),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_narrowing),
		cmocka_unit_test(test_only_refused_fields),
		cmocka_unit_test(test_unknown_purpose),
		cmocka_unit_test(test_outside_caseload),
		cmocka_unit_test(test_caseload_unavailable),
		cmocka_unit_test(test_no_caseload),
		cmocka_unit_test(test_faulty_partners),
		cmocka_unit_test(test_limits_of_sources),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_refusing_partner),
		cmocka_unit_test(test_journal_down),
		cmocka_unit_test(test_commit_before_calls),
		cmocka_unit_test(test_client_leaves),
		cmocka_unit_test(test_ndjson),
		cmocka_unit_test(test_event_stream),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_messages_refused),
		cmocka_unit_test(test_method_and_identity),
		cmocka_unit_test(test_header_stands_in),
		cmocka_unit_test(test_all_faults_together),
		cmocka_unit_test(test_limits_of_questions),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_memory_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
