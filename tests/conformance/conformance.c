/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/*
 * conformance: what every connector must do with every answer, fed from memory. The
 * connector and its folder of fixtures are the arguments:
 *
 *     conformance rest tests/conformance/rest [connector.so]
 *
 * The suite plays the host as connector.h describes it and breaks the answer in every way
 * real partners have been seen to. To put a connector under it: a folder with
 * manifest.json, good.txt, other.txt, nothing.txt and expected.txt, and a row in
 * CMakeLists.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include "core/bits.h"

static void
good_answer_gives_the_expected_values(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	size_t pieces[] = {0, 1, 2, 7, 64};
	for (size_t i = 0; i < KP_ARRAY_LEN(pieces); i++) {
		feeding.piece = pieces[i];
		run_call(bench, &feeding, &trial);
		assert_true(was_found(&trial));
		kp_buffer_add_char(&trial.values, '\0');
		assert_int_equal(trial.values.len - 1, bench->expected.len);
		assert_memory_equal(
			trial.values.data, bench->expected.data, bench->expected.len);
	}
}

static void
only_wanted_cells_are_delivered(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	uint64_t none[16] = {0};
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	feeding.cells = none;
	run_call(bench, &feeding, &trial);
	assert_int_equal(trial.values.len, 0);
	for (uint32_t cell = 0; cell < bench->catalogue->cell_count; cell++) {
		uint64_t one[16] = {0};
		if (!kp_bits_has(bench->cells, cell)) {
			continue;
		}
		kp_bits_set(one, cell);
		feeding.cells = one;
		run_call(bench, &feeding, &trial);
		assert_true(was_found(&trial));
	}
}

static void
other_persons_answer_passes_nothing(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->other;
	run_call(bench, &feeding, &trial);
	assert_false(was_found(&trial));
	assert_int_equal(trial.values.len, 0);
}

static void
nothing_found_is_said(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->nothing;
	run_call(bench, &feeding, &trial);
	assert_true(trial.ended);
	assert_int_equal(trial.outcome, KP_NOTHING_FOUND);
	assert_int_equal(trial.values.len, 0);
}

static void
empty_answer_is_not_a_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	run_call(bench, &plain, &trial);
	assert_false(was_found(&trial));
	/* A file without the person's rows says so; an empty HTTP answer says nothing. */
	assert_true(is_file(bench) || trial.verdict == KP_FAIL);
}

static void
answer_cut_anywhere_is_not_a_finding(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	for (size_t len = 0; len < bench->good.len; len++) {
		feeding.bytes = (struct kp_slice){bench->good.data, len};
		run_call(bench, &feeding, &trial);
		/* White space behind the end may be missing. */
		bool rest = strspn(bench->good.data + len, " \n") < bench->good.len - len;
		assert_true(is_file(bench) || !rest || !was_found(&trial));
	}
}

static void
call_cancelled_anywhere_lets_go(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	feeding.piece = 5;
	for (unsigned steps = 1; steps < bench->good.len / 5 + 4; steps++) {
		feeding.steps = steps;
		run_call(bench, &feeding, &trial);
		assert_false(trial.ended);
	}
}

static void
sink_that_stops_is_left_alone(void **state)
{
	struct bench *bench = *state;
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	for (long calls = 0; calls < 200; calls++) {
		feeding.sink_calls = calls;
		run_call(bench, &feeding, &trial);
		if (!trial.stopped) {
			assert_true(was_found(&trial));
			return;
		}
		assert_false(was_found(&trial));
	}
	fail();
}

static void
missing_memory_is_a_fault(void **state)
{
	struct bench *bench = *state;
	struct kp_slice manifest = read_file(&bench->arena, "manifest.json");
	struct trial trial;
	struct feeding feeding = plain;
	feeding.bytes = bench->good;
	for (long left = 0; left < 20; left++) {
		void *instance = NULL;
		bench->alloc_left = left;
		if (open_manifest(bench, manifest, &instance) == KP_DONE) {
			bench->connector->close(instance);
			break;
		}
	}
	for (long left = 0; left < 5; left++) {
		bench->alloc_left = left;
		run_call(bench, &feeding, &trial);
	}
	bench->alloc_left = -1;
}

static void
broken_manifests_are_refused(void **state)
{
	struct bench *bench = *state;
	struct kp_slice manifest = read_file(&bench->arena, "manifest.json");
	if (strcmp(bench->connector->name, "example") == 0) {
		return; /* reads nothing of it */
	}
	for (size_t len = 0; len + 2 < manifest.len; len += 3) {
		void *instance = NULL;
		assert_int_equal(
			open_manifest(
				bench, (struct kp_slice){manifest.data, len}, &instance),
			KP_FAIL);
		assert_null(instance);
	}
	static const char *const places[] = {
		"naam", "persoon", "uitkeringen", "geslacht"};
	for (size_t i = 0; i < KP_ARRAY_LEN(places); i++) {
		/* Each name once wrong: found, or harmless; never a crash. */
		char *copy = kp_arena_strdup(&bench->arena, manifest.data);
		char *at = strstr(copy, places[i]);
		void *instance = NULL;
		if (at != NULL) {
			*at = 'Q';
			if (open_manifest(bench, kp_slice_from(copy), &instance) ==
				KP_DONE) {
				bench->connector->close(instance);
			}
		}
	}
}

static void
calls_share_nothing(void **state)
{
	struct bench *bench = *state;
	struct trial first;
	struct trial second;
	struct feeding good = plain;
	struct feeding other = plain;
	good.bytes = bench->good;
	other.bytes = bench->other;
	run_call(bench, &other, &second);
	run_call(bench, &good, &first);
	assert_true(was_found(&first));
	run_call(bench, &other, &second);
	assert_int_equal(second.values.len, 0);
}

struct rows {
	struct kp_buffer text;
	size_t count;
	size_t preambles;
	uint64_t end;
};

static bool
on_row(void *context, struct kp_text key, uint64_t offset, uint64_t len)
{
	struct rows *rows = context;
	assert_true(offset >= rows->end);
	rows->end = offset + len;
	rows->count += key.len > 0 ? 1 : 0;
	rows->preambles += key.len == 0 ? 1 : 0;
	kp_buffer_printf(&rows->text, "%.*s@%llu+%llu\n", (int)key.len,
		key.data == NULL ? "" : key.data, (unsigned long long)offset,
		(unsigned long long)len);
	return true;
}

/* Of a delivery that change files follow. */
static bool
on_entry(void *context, const struct kp_index_entry *entry)
{
	assert_false(entry->removed);
	/* A row that was cut may have lost what tells it apart. */
	assert_true(entry->identity.len == 0 ||
		entry->identity.data[entry->identity.len - 1] == ',');
	return entry->key.len == 0 ||
		on_row(context, entry->key, entry->offset, entry->len);
}

static int
scan_pieces(struct bench *bench, struct kp_slice text, size_t piece, struct rows *rows)
{
	const struct kp_index_writer writer = {.size = sizeof(writer),
		.context = rows,
		.row = on_row,
		.entry = on_entry};
	struct kp_fault fault = {0};
	void *memory = calloc(1, bench->connector->scan_size + 1);
	int verdict = KP_DONE;
	assert_non_null(memory);
	memset(rows, 0, sizeof(*rows));
	kp_buffer_init(&rows->text, &bench->arena, TEXT_BYTES_MAX);
	for (size_t at = 0; verdict == KP_DONE && at <= text.len; at += piece) {
		size_t len = text.len - at < piece ? text.len - at : piece;
		bool last = at + piece > text.len;
		verdict = bench->connector->scan(bench->instance, memory,
			(struct kp_text){text.data + at, len}, last, &writer, &fault);
	}
	free(memory);
	return verdict;
}

static void
scan_finds_the_same_rows_however_cut(void **state)
{
	struct bench *bench = *state;
	struct rows whole;
	struct rows cut;
	if (!is_file(bench)) {
		return;
	}
	assert_int_equal(
		scan_pieces(bench, bench->good, bench->good.len + 1, &whole), KP_DONE);
	assert_int_equal(whole.count, 5);
	/* Objects bring their names themselves. */
	assert_int_equal(whole.preambles, bench->good.data[0] == '{' ? 0 : 1);
	size_t pieces[] = {1, 2, 7, 100};
	for (size_t i = 0; i < KP_ARRAY_LEN(pieces); i++) {
		assert_int_equal(
			scan_pieces(bench, bench->good, pieces[i], &cut), KP_DONE);
		assert_int_equal(cut.text.len, whole.text.len);
		assert_memory_equal(cut.text.data, whole.text.data, whole.text.len);
	}
	for (size_t len = 0; len < bench->good.len; len++) {
		(void)scan_pieces(
			bench, (struct kp_slice){bench->good.data, len}, 64, &cut);
	}
	assert_int_equal(scan_pieces(bench, KP_SLICE("A;B\n1;2\n"), 64, &cut), KP_FAIL);
	assert_int_equal(scan_pieces(bench, KP_SLICE(""), 64, &cut), KP_FAIL);
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: conformance CONNECTOR FOLDER [FILE.so]\n");
		return 2;
	}
	bench_choose(argv[1], argv[2], argc > 3 ? argv[3] : NULL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_answer_gives_the_expected_values),
		cmocka_unit_test(only_wanted_cells_are_delivered),
		cmocka_unit_test(other_persons_answer_passes_nothing),
		cmocka_unit_test(nothing_found_is_said),
		cmocka_unit_test(empty_answer_is_not_a_finding),
		cmocka_unit_test(answer_cut_anywhere_is_not_a_finding),
		cmocka_unit_test(call_cancelled_anywhere_lets_go),
		cmocka_unit_test(sink_that_stops_is_left_alone),
		cmocka_unit_test(wrong_type_and_status_are_no_finding),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(hostile_answers_are_no_finding),
		cmocka_unit_test(deep_and_huge_answers_end),
		cmocka_unit_test(missing_memory_is_a_fault),
		cmocka_unit_test(broken_manifests_are_refused),
		cmocka_unit_test(calls_share_nothing),
		cmocka_unit_test(scan_finds_the_same_rows_however_cut),
	};
	return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
