/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* record: the bytes of each kind, canonical order, nothing of the client, every bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>

#include "audit/record.h"

/* An invented number of the test range that passes the eleven-test. */
#define BSN "999993653"

static struct kp_arena arena;
static struct kp_buffer out;

static void
begin(void)
{
	kp_arena_deinit(&arena);
	kp_arena_init(&arena, 1 << 20, NULL);
	kp_buffer_init(&out, &arena, 1 << 19);
}

/* Sorted and compact: what jansson writes from it is the same text. */
static void
check_canonical(void)
{
	json_t *record = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(record);
	char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
	assert_int_equal(strlen(text), out.len);
	assert_memory_equal(text, out.data, out.len);
	free(text);
	json_decref(record);
}

static const struct kp_slice roles[] = {{"klantmanager", 12}, {"intake", 6}};
static const struct kp_record_plan plan[] = {
	{.source = {"brp", 3}, .fields = 6},
	{.source = {"uwv", 3}, .fields = 2, .wave = 1},
};
static const uint64_t cells[] = {0x8000000000000001, 0xff};

static struct kp_record_intent
an_intent(void)
{
	return (struct kp_record_intent){
		.origin = {.wall_ms = 1790000000123,
			.monotonic_us = 5000,
			.trace_id = KP_SLICE("4bf92f3577b34da6a3ce929d0e0e4736"),
			.peer = KP_SLICE("127.0.0.1:40112")},
		.actor = {.organisation = KP_SLICE("00000001003214345000"),
			.on_behalf_of = KP_SLICE("00000001003214345001"),
			.employee = KP_SLICE("jdv"),
			.roles = roles,
			.role_count = 2},
		.question = {.action = KP_SLICE("raadplegen"),
			.purpose = KP_SLICE("participatiewet-intake"),
			.case_id = KP_SLICE("Z-2026-00123"),
			.pseudonym =
				KP_SLICE("zmWqrRimKzdeccXJeQJF2BTkIz5Mu0yRS4XQoMwl8Pw"),
			.pseudonym_key = KP_SLICE("2026-a"),
			.policy_version = KP_SLICE("sha256:00"),
			.relation = KP_RECORD_RELATION_INSIDE},
		.cells = cells,
		.cell_words = 2,
		.fields_refused = 3,
		.plan = plan,
		.plan_count = 2,
		.budget_ms = 4000,
	};
}

static void
an_intent_says_who_what_and_whom(void **state)
{
	(void)state;
	begin();
	struct kp_record_intent record = an_intent();
	assert_int_equal(kp_record_write_intent(&out, &record), KP_OK);
	static const char expected[] =
		"{\"actor\":{\"employee\":\"jdv\","
		"\"onBehalfOf\":\"00000001003214345001\",\"organisation\":"
		"\"00000001003214345000\","
		"\"roles\":[\"klantmanager\",\"intake\"]},"
		"\"origin\":{\"monotonicUs\":5000,\"peer\":\"127.0.0.1:40112\","
		"\"time\":\"2026-09-21T14:13:20.123Z\","
		"\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\"},"
		"\"plan\":{\"budgetMs\":4000,\"calls\":["
		"{\"fields\":6,\"source\":\"brp\",\"wave\":0},"
		"{\"fields\":2,\"source\":\"uwv\",\"wave\":1}],"
		"\"cells\":\"00000000000000ff8000000000000001\",\"fieldsRefused\":3},"
		"\"question\":{\"action\":\"raadplegen\",\"case\":\"Z-2026-00123\","
		"\"policyVersion\":\"sha256:00\","
		"\"pseudonym\":\"zmWqrRimKzdeccXJeQJF2BTkIz5Mu0yRS4XQoMwl8Pw\","
		"\"pseudonymKey\":\"2026-a\",\"purpose\":\"participatiewet-intake\","
		"\"relation\":\"inside\"},\"type\":\"intent\",\"version\":1}";
	assert_int_equal(out.len, sizeof(expected) - 1);
	assert_memory_equal(out.data, expected, out.len);
	check_canonical();
}

static void
every_kind_is_canonical(void **state)
{
	(void)state;
	begin();
	struct kp_record_call call = {.source = KP_SLICE("brp"),
		.status = KP_SLICE("fout"),
		.code = KP_SLICE("KP_E_TIMEOUT"),
		.duration_us = 12};
	struct kp_record_outcome outcome = {.has_intent = true,
		.intent_index = 7,
		.code = KP_SLICE("KP_OK"),
		.http_status = 200,
		.calls = &call,
		.call_count = 1};
	assert_int_equal(kp_record_write_outcome(&out, &outcome), KP_OK);
	assert_memory_equal(out.data, "{\"intent\":7,", 12);
	check_canonical();
	begin();
	struct kp_record_refusal refusal = {.stage = KP_SLICE("relate"),
		.code = KP_SLICE("KP_E_NO_RELATION"),
		.refusal = KP_SLICE("no-relation"),
		.http_status = 403};
	assert_int_equal(kp_record_write_refusal(&out, &refusal), KP_OK);
	check_canonical();
	begin();
	struct kp_record_start start = {.event = KP_SLICE("start"),
		.version = KP_SLICE("0.1.0"),
		.configuration = KP_SLICE("sha256:11"),
		.pid = 42};
	assert_int_equal(kp_record_write_start(&out, &start), KP_OK);
	check_canonical();
}

static void
no_text_smuggles_a_burgerservicenummer(void **state)
{
	(void)state;
	struct kp_slice *places[5];
	struct kp_record_intent record = an_intent();
	places[0] = &record.question.case_id;
	places[1] = &record.question.reason;
	places[2] = &record.question.purpose;
	places[3] = &record.actor.employee;
	places[4] = &record.question.activity_uri;
	for (size_t i = 0; i < 5; i++) {
		for (size_t before = 0; before < 600; before += 7) {
			char text[700];
			memset(text, 'a', before);
			memcpy(text + before, BSN " en meer", 17);
			struct kp_slice kept = *places[i];
			*places[i] = (struct kp_slice){text, before + 17};
			begin();
			assert_int_equal(kp_record_write_intent(&out, &record), KP_OK);
			assert_null(memmem(out.data, out.len, "99999", 5));
			check_canonical();
			*places[i] = kept;
		}
	}
}

static void
any_bytes_stay_inside_their_text(void **state)
{
	(void)state;
	static const char *const texts[] = {"\"}\n{", "\\", "\x01\x1f\x7f",
		"\xff\xc0\xaf", "\xe2\x80\xa8", "a\tb", "…"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct kp_record_intent record = an_intent();
		record.question.reason = kp_slice_from(texts[i]);
		begin();
		assert_int_equal(kp_record_write_intent(&out, &record), KP_OK);
		assert_null(memchr(out.data, '\n', out.len));
		json_t *read =
			json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(read);
		json_decref(read);
	}
}

static void
long_texts_are_cut_and_counts_are_bounded(void **state)
{
	(void)state;
	static char text[4000];
	memset(text, 'x', sizeof(text));
	struct kp_record_intent record = an_intent();
	record.question.reason = (struct kp_slice){text, sizeof(text)};
	begin();
	assert_int_equal(kp_record_write_intent(&out, &record), KP_OK);
	assert_true(out.len < 2000);
	struct kp_record_plan many[KP_RECORD_SOURCES_MAX + 1];
	for (size_t i = 0; i < KP_RECORD_SOURCES_MAX + 1; i++) {
		many[i] = plan[0];
	}
	record.plan = many;
	record.plan_count = KP_RECORD_SOURCES_MAX;
	begin();
	assert_int_equal(kp_record_write_intent(&out, &record), KP_OK);
	record.plan_count++;
	begin();
	assert_int_equal(kp_record_write_intent(&out, &record), KP_E_LIMIT);
	struct kp_slice many_roles[KP_RECORD_ROLES_MAX + 1];
	for (size_t i = 0; i < KP_RECORD_ROLES_MAX + 1; i++) {
		many_roles[i] = (struct kp_slice){text, 512};
	}
	record = an_intent();
	record.actor.roles = many_roles;
	record.actor.role_count = KP_RECORD_ROLES_MAX + 1;
	begin();
	assert_int_equal(kp_record_write_intent(&out, &record), KP_E_LIMIT);
	record.actor.role_count = KP_RECORD_ROLES_MAX; /* 16 KiB of roles alone */
	begin();
	assert_int_equal(kp_record_write_intent(&out, &record), KP_E_LIMIT);
}

static void
no_memory_is_an_ordinary_answer(void **state)
{
	(void)state;
	struct kp_record_intent record = an_intent();
	for (size_t bound = 0; bound < 600; bound += 13) {
		kp_arena_deinit(&arena);
		kp_arena_init(&arena, bound, NULL);
		kp_buffer_init(&out, &arena, 1 << 19);
		assert_int_equal(kp_record_write_intent(&out, &record), KP_E_MEMORY);
	}
	kp_arena_deinit(&arena);
}

static void
a_decision_names_the_first_and_counts_all(void **state)
{
	(void)state;
	char name[200];
	memset(name, '\1', sizeof(name));
	static struct kp_record_decided decided[KP_RECORD_DECISIONS_MAX + 1];
	for (size_t i = 0; i < KP_ARRAY_LEN(decided); i++) {
		decided[i] = (struct kp_record_decided){KP_SLICE("medewerker"),
			KP_SLICE("jdv"), KP_SLICE("raadplegen"), KP_SLICE("veld"),
			KP_SLICE("zaak " BSN), i % 2 == 0};
	}
	struct kp_record_decision record = {
		.actor = an_intent().actor,
		.api = KP_SLICE("evaluations"),
		.http_status = 200,
		.decided = decided,
		.decided_count = 3,
	};
	begin();
	assert_int_equal(kp_record_write_decision(&out, &record), KP_OK);
	check_canonical();
	kp_buffer_add_char(&out, '\0');
	assert_non_null(strstr(out.data, "\"decisions\":\"101\""));
	assert_null(strstr(out.data, BSN));
	for (size_t i = 0; i < KP_ARRAY_LEN(decided); i++) {
		decided[i].subject = (struct kp_slice){name, sizeof(name)};
		decided[i].resource = decided[i].subject;
	}
	record.decided_count = KP_RECORD_DECISIONS_MAX;
	begin();
	assert_int_equal(kp_record_write_decision(&out, &record), KP_OK);
	check_canonical();
	record.decided_count++;
	begin();
	assert_int_equal(kp_record_write_decision(&out, &record), KP_E_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_intent_says_who_what_and_whom),
		cmocka_unit_test(every_kind_is_canonical),
		cmocka_unit_test(no_text_smuggles_a_burgerservicenummer),
		cmocka_unit_test(any_bytes_stay_inside_their_text),
		cmocka_unit_test(long_texts_are_cut_and_counts_are_bounded),
		cmocka_unit_test(no_memory_is_an_ordinary_answer),
		cmocka_unit_test(a_decision_names_the_first_and_counts_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
