/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* The whole request path between fakes: answers, refusals, streams, faults, records. */
#include "path_test.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_answer),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_narrowing),
		cmocka_unit_test(test_outside_caseload),
		cmocka_unit_test(test_caseload_unavailable),
		cmocka_unit_test(test_no_caseload),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_commit_before_calls),
		cmocka_unit_test(test_client_leaves),
		cmocka_unit_test(test_ndjson),
		cmocka_unit_test(test_event_stream),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_dry_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
