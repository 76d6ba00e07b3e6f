/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * Asking somebody else's decision point: our own understands what is asked and its answer
 * comes back as the cells it decides; every other answer grants nothing; so does every
 * allocation that fails.
 */
#include "policies/authzen_ask.h"

#include "policies/authzen_bundle.h"
#include "set.h"

#define OIN "00000001830000001000"
#define BYTES_MAX ((size_t)16 << 20)

/* Who asks for what. */
struct asked {
	struct kp_slice organisation;
	struct kp_slice processor;
	struct kp_slice employee;
	struct kp_slice role;
	struct kp_slice purpose;
	uint32_t some; /* at least so many fields are permitted */
};

static struct kp_authzen_ask
question(const struct kp_catalogue *catalogue, const uint64_t *cells,
	const struct asked *asked)
{
	return (struct kp_authzen_ask){
		.catalogue = catalogue,
		.cells = cells,
		.organisation = asked->organisation,
		.processor = asked->processor,
		.employee = asked->employee,
		.roles = &asked->role,
		.role_count = 1,
		.action = KP_SLICE("raadplegen"),
		.purpose = asked->purpose,
		.client_type = KP_SLICE("pseudoniem"),
		.client = KP_SLICE("abc"),
		.in_caseload = true,
	};
}

static struct kp_slice
answer_by_ourselves(struct set *set, struct kp_slice body)
{
	struct kp_authzen_trust trust;
	struct kp_error err;
	assert_int_equal(kp_authzen_trust_parse(&set->arena,
				 KP_SLICE("*: subject.* context.*"), &trust, &err),
		KP_OK);
	const struct kp_authzen_caller caller = {
		.organisation = KP_SLICE(OIN), .trust = &trust, .now_ms = NOW_MS};
	struct kp_authzen_bundle_backend backend;
	kp_authzen_bundle_backend_init(&backend, set->bundle, &caller, &set->arena);
	const struct kp_authzen_request request = {.api = KP_AUTHZEN_EVALUATIONS,
		.body = body,
		.backend = &backend.backend,
		.arena = &set->arena};
	struct kp_authzen_answer answer;
	assert_int_equal(kp_authzen_handle(&request, &answer), KP_OK);
	assert_int_equal(answer.http_status, 200);
	return answer.body;
}

static void
ask_ourselves(const struct asked *asked)
{
	struct set set;
	set_example(&set);
	set_load(&set, 0);
	assert_int_equal(set.status, KP_OK);
	const struct kp_catalogue *catalogue = kp_bundle_catalogue(set.bundle);
	uint64_t *cells = KP_ARENA_ARRAY(&set.arena, uint64_t, catalogue->cell_words);
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		if (catalogue->cells[i].source == 0) {
			kp_bits_set(cells, i);
		}
	}
	const struct kp_authzen_ask ask = question(catalogue, cells, asked);
	struct kp_buffer body;
	kp_buffer_init(&body, &set.arena, KP_AUTHZEN_ASK_BYTES_MAX);
	kp_authzen_ask_write(&body, &ask);
	assert_false(body.failed);
	struct kp_slice answer = answer_by_ourselves(&set, kp_buffer_slice(&body));

	struct kp_authzen_verdicts verdicts;
	assert_int_equal(kp_authzen_verdicts_init(&verdicts, &set.arena, cells,
				 catalogue->cell_words, 1 << 20),
		KP_OK);
	assert_int_equal(kp_authzen_verdicts_push(&verdicts, answer), KP_OK);
	assert_int_equal(kp_authzen_verdicts_finish(&verdicts), KP_OK);

	bool mandated = asked->processor.len > 0;
	const struct kp_facts facts = {
		.organisation = mandated ? asked->processor : asked->organisation,
		.on_behalf_of = mandated ? asked->organisation : (struct kp_slice){0},
		.employee = asked->employee,
		.roles = &asked->role,
		.role_count = 1,
		.purpose = asked->purpose,
		.in_caseload = true,
		.now_ms = NOW_MS};
	struct kp_decision decision;
	assert_int_equal(
		kp_bundle_decide(set.bundle, &facts, &set.arena, &decision), KP_OK);
	uint32_t permitted = 0;
	for (uint32_t i = 0; i < catalogue->cell_count; i++) {
		bool expected = kp_bits_has(cells, i) && kp_bits_has(decision.cells, i);
		assert_int_equal(kp_bits_has(verdicts.granted, i), expected);
		permitted += expected ? 1 : 0;
	}
	assert_int_equal(verdicts.permitted, permitted);
	assert_true(permitted >= asked->some && permitted < verdicts.asked);
	set_end(&set);
}

static void
our_own_decision_point_understands(void **state)
{
	(void)state;
	static const struct asked asked[] = {
		{KP_SLICE_INIT(OIN), {0}, KP_SLICE_INIT("m.jansen"),
			KP_SLICE_INIT("klantmanager"),
			KP_SLICE_INIT("participatiewet-intake"), 4},
		/* By mandate, and without one. */
		{KP_SLICE_INIT("00000001830000003000"),
			KP_SLICE_INIT("00000001830000011000"), KP_SLICE_INIT("m.jansen"),
			KP_SLICE_INIT("klantmanager"),
			KP_SLICE_INIT("participatiewet-intake"), 4},
		{KP_SLICE_INIT("00000001830000003000"), KP_SLICE_INIT(OIN),
			KP_SLICE_INIT("m.jansen"), KP_SLICE_INIT("klantmanager"),
			KP_SLICE_INIT("participatiewet-intake"), 0},
		/* No person asks, where none may and where one must. */
		{KP_SLICE_INIT(OIN), {0}, {0}, KP_SLICE_INIT("dienst"),
			KP_SLICE_INIT("proactieve-dienstverlening"), 2},
		{KP_SLICE_INIT(OIN), {0}, {0}, KP_SLICE_INIT("klantmanager"),
			KP_SLICE_INIT("participatiewet-intake"), 0},
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(asked); i++) {
		ask_ourselves(&asked[i]);
	}
}

/* About the cells 1, 63 and 64. */
static const uint64_t three[] = {0x8000000000000002, 1};

/* `piece` bytes at a time. */
static enum kp_status
read_answer(struct kp_authzen_verdicts *verdicts, struct kp_arena *arena,
	const char *text, size_t piece, uint64_t bytes_max)
{
	struct kp_slice left = kp_slice_from(text);
	enum kp_status status =
		kp_authzen_verdicts_init(verdicts, arena, three, 2, bytes_max);
	while (status == KP_OK && left.len > 0) {
		size_t len = piece < left.len ? piece : left.len;
		status = kp_authzen_verdicts_push(
			verdicts, (struct kp_slice){left.data, len});
		left = (struct kp_slice){left.data + len, left.len - len};
	}
	return status == KP_OK ? kp_authzen_verdicts_finish(verdicts) : status;
}

static void
the_order_says_which(void **state)
{
	(void)state;
	static const char text[] =
		" { \"page\": {}, \"evaluations\": [ {\"decision\":true},"
		"{\"context\":{\"decision\":true,\"reason\":[1]},\"d\\u0065cision\":"
		"false},"
		"{\"decision\":true,\"x\":null} ], \"y\": \"z\" } ";
	for (size_t piece = 1; piece <= sizeof(text); piece++) {
		struct kp_arena arena;
		struct kp_authzen_verdicts verdicts;
		kp_arena_init(&arena, BYTES_MAX, NULL);
		assert_int_equal(
			read_answer(&verdicts, &arena, text, piece, 4096), KP_OK);
		assert_int_equal(verdicts.permitted, 2);
		assert_int_equal(verdicts.granted[0], 2);
		assert_int_equal(verdicts.granted[1], 1);
		kp_arena_deinit(&arena);
	}
}

static void
what_is_no_answer_grants_nothing(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",
		" ",
		"true",
		"[]",
		"{}",
		"{\"decision\":true}",
		"{\"evaluations\":{}}",
		"{\"evaluations\":true}",
		"{\"evaluations\":[]}",
		"{\"evaluations\":[true,true,true]}",
		"{\"evaluations\":[{},{},{}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":true},{\"decision\":false}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":1}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":null}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":\"true\"}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":{\"decision\":true}}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"Decision\":true}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":false,\"decision\":true}]}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":true}],\"evaluations\":[]}",
		"{\"x\":{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":true}]}}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":true}]",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":true}]}}",
		"{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
		"{\"decision\":true}],\"x\":\"\xff\"}",
	};
	for (size_t i = 0; i < KP_ARRAY_LEN(wrong); i++) {
		struct kp_arena arena;
		struct kp_authzen_verdicts verdicts;
		kp_arena_init(&arena, BYTES_MAX, NULL);
		if (read_answer(&verdicts, &arena, wrong[i], 7, 4096) == KP_OK) {
			fail_msg("taken for an answer: %s", wrong[i]);
		}
		assert_int_equal(verdicts.permitted, 0);
		assert_int_equal(verdicts.granted[0] | verdicts.granted[1], 0);
		/* It stays so, whatever comes after it. */
		assert_int_not_equal(kp_authzen_verdicts_finish(&verdicts), KP_OK);
		kp_arena_deinit(&arena);
	}
}

static const char yes[] = "{\"evaluations\":[{\"decision\":true},{\"decision\":true},"
			  "{\"decision\":true}]}";

static void
an_answer_may_have_so_many_bytes(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		struct kp_arena arena;
		struct kp_authzen_verdicts verdicts;
		kp_arena_init(&arena, BYTES_MAX, NULL);
		assert_int_equal(read_answer(&verdicts, &arena, yes, 1000,
					 sizeof(yes) - 1 - (unsigned)over),
			over == 0 ? KP_OK : KP_E_LIMIT);
		assert_int_equal(verdicts.permitted, over == 0 ? 3 : 0);
		kp_arena_deinit(&arena);
	}
}

static void
without_memory_nothing_is_granted(void **state)
{
	(void)state;
	enum kp_status status = KP_E_MEMORY;
	for (size_t bytes_max = 0; status != KP_OK; bytes_max += 16) {
		struct kp_arena arena;
		struct kp_authzen_verdicts verdicts;
		kp_arena_init(&arena, bytes_max, NULL);
		status = read_answer(&verdicts, &arena, yes, 3, 4096);
		assert_true(status == KP_OK || status == KP_E_MEMORY);
		assert_int_equal(verdicts.permitted, status == KP_OK ? 3 : 0);
		kp_arena_deinit(&arena);
		assert_true(bytes_max < BYTES_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_decision_point_understands),
		cmocka_unit_test(the_order_says_which),
		cmocka_unit_test(what_is_no_answer_grants_nothing),
		cmocka_unit_test(an_answer_may_have_so_many_bytes),
		cmocka_unit_test(without_memory_nothing_is_granted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
