/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_path_refused: questions that are refused, limits, and partners that fail. */
#include "path_test.h"

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
		cmocka_unit_test(test_only_refused_fields),
		cmocka_unit_test(test_unknown_purpose),
		cmocka_unit_test(test_faulty_partners),
		cmocka_unit_test(test_limits_of_sources),
		cmocka_unit_test(test_refusing_partner),
		cmocka_unit_test(test_journal_down),
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
