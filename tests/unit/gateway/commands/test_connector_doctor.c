/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* test_connector_doctor: what the doctor says when it could not look, or not tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/connector_ask.h"
#include "commands/connector_doctor.h"

/* One report; `text` is what was printed. */
struct report {
	struct kp_doctor doctor;
	FILE *before;
	char *text;
	size_t len;
};

static void
begin(struct report *report, size_t memory, bool json)
{
	*report = (struct report){.doctor.json = json};
	kp_arena_init(&report->doctor.load.arena, memory, NULL);
	kp_buffer_init(&report->doctor.steps, &report->doctor.load.arena, memory);
	kp_json_writer_init(&report->doctor.writer, &report->doctor.steps);
	report->before = stdout;
	stdout = open_memstream(&report->text, &report->len);
	assert_non_null(stdout);
}

static int
end(struct report *report)
{
	int code = kp_doctor_end(&report->doctor);
	assert_int_equal(fclose(stdout), 0);
	stdout = report->before;
	kp_arena_deinit(&report->doctor.load.arena);
	return code;
}

/* The status of the only or last step with that name; the object lives with `tree`. */
static const char *
status_of(const json_t *tree, const char *name)
{
	const char *status = "";
	size_t i = 0;
	json_t *step = NULL;
	json_array_foreach(json_object_get(tree, "steps"), i, step)
	{
		if (strcmp(json_string_value(json_object_get(step, "step")), name) == 0) {
			status = json_string_value(json_object_get(step, "status"));
		}
	}
	return status;
}

static void
a_report_that_does_not_fit_says_so(void **state)
{
	struct report report;
	(void)state;
	begin(&report, 2048, true);
	for (int i = 0; i < 100; i++) {
		kp_doctor_say(&report.doctor, KP_DOCTOR_OK, "tcp", NULL, "address %d", i);
	}
	assert_int_equal(end(&report), 1);
	json_t *tree = json_loadb(report.text, report.len, 0, NULL);
	assert_non_null(tree);
	assert_true(json_is_false(json_object_get(tree, "ok")));
	assert_int_equal(json_integer_value(json_object_get(tree, "fail")), 1);
	assert_string_equal(status_of(tree, "report"), "fail");
	assert_string_equal(status_of(tree, "tcp"), "ok");
	json_decref(tree);
	free(report.text);
}

static void
a_report_without_any_room_is_still_json(void **state)
{
	struct report report;
	(void)state;
	begin(&report, 8, true);
	kp_doctor_say(&report.doctor, KP_DOCTOR_OK, "tcp", NULL, "one");
	assert_int_equal(end(&report), 1);
	json_t *tree = json_loadb(report.text, report.len, 0, NULL);
	assert_non_null(tree);
	assert_string_equal(status_of(tree, "report"), "fail");
	json_decref(tree);
	free(report.text);
}

static void
a_list_that_could_not_be_made_is_a_fault_of_the_report(void **state)
{
	struct report report;
	(void)state;
	begin(&report, 8, false);
	assert_string_equal(kp_doctor_text(&report.doctor, "%s", "a list of names"), "");
	assert_int_equal(end(&report), 1);
	assert_non_null(strstr(report.text, "fail  report"));
	free(report.text);
}

static void
an_answer_there_is_no_memory_for_is_not_well(void **state)
{
	struct report report;
	struct kp_catalogue cells = {.cell_words = 1000};
	(void)state;
	begin(&report, 4096, false);
	report.doctor.load.cells = &cells;
	kp_doctor_question(&report.doctor);
	assert_int_equal(end(&report), 1);
	assert_non_null(strstr(report.text, "fail  answer"));
	assert_non_null(strstr(report.text, "not looked at"));
	free(report.text);
}

/* What could not be asked says why, on the loop itself too. */
static void
a_question_that_cannot_be_put_says_why(void **state)
{
	char file[] = KP_SOURCE_DIR "/tests/conformance/rest/manifest.json";
	char *files[] = {file};
	struct kp_connector_load load = {
		.catalogue = KP_SOURCE_DIR "/tests/conformance/catalogus.json",
		.any_secret = true,
		.files = files,
		.file_count = 1};
	struct kp_arena none;
	(void)state;
	kp_connector_load_init(&load);
	assert_true(kp_connector_load_sources(&load));
	kp_arena_init(&none, 8, NULL);
	struct kp_need need = {.size = sizeof(need)};
	struct kp_sink sink = {.size = sizeof(sink)};
	struct kp_connector_ask ask = {.source = kp_source_set_get(load.set, 0),
		.need = &need,
		.sink = &sink,
		.arena = &none};
	kp_connector_ask_live(&ask);
	assert_false(ask.done);
	assert_int_equal(ask.outcome, KP_ERROR);
	assert_true(ask.reason.len > 0);
	assert_non_null(strstr(ask.fault.message, "memory"));
	kp_arena_deinit(&none);
	kp_connector_load_deinit(&load);
}

/* What did not fit says so, and shows no part of the number. */
static void
a_text_that_is_cut_ends_in_an_ellipsis(void **state)
{
	char long_text[5000];
	struct report report;
	(void)state;
	begin(&report, 65536, false);
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	memcpy(long_text + 4088, "999993653", 9);
	memcpy(report.doctor.load.bsn, "999993653", 10);
	const char *kept = kp_doctor_text(&report.doctor, "%s", long_text);
	assert_string_equal(kept + strlen(kept) - 4, "a\xe2\x80\xa6");
	report.doctor.about = "token endpoint: ";
	kp_doctor_say(&report.doctor, KP_DOCTOR_OK, "tcp", NULL, "%s", long_text);
	(void)end(&report);
	assert_non_null(strstr(report.text, "a\xe2\x80\xa6\n"));
	assert_null(strstr(report.text, "9999"));
	free(report.text);
}

static void
a_text_that_just_fits_is_not_cut(void **state)
{
	char text[4096];
	struct report report;
	(void)state;
	begin(&report, 65536, false);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_string_equal(kp_doctor_text(&report.doctor, "%s", text), text);
	assert_string_not_equal(kp_doctor_text(&report.doctor, "%sa", text), text);
	(void)end(&report);
	free(report.text);
}

static void
nothing_in_a_line_steers_the_terminal(void **state)
{
	struct report report;
	(void)state;
	begin(&report, 65536, false);
	kp_doctor_say(&report.doctor, KP_DOCTOR_OK, "tcp",
		"ask \xc2\x9b"
		"2J",
		"a\033[2J\xc2\x9b"
		"31m\x7f\nfail  tcp");
	(void)end(&report);
	assert_non_null(
		strstr(report.text, "ok    tcp            a?[2J?31m? / fail  tcp\n"));
	assert_non_null(strstr(report.text, "do: ask ?2J\n"));
	free(report.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_that_does_not_fit_says_so),
		cmocka_unit_test(a_report_without_any_room_is_still_json),
		cmocka_unit_test(a_list_that_could_not_be_made_is_a_fault_of_the_report),
		cmocka_unit_test(an_answer_there_is_no_memory_for_is_not_well),
		cmocka_unit_test(a_question_that_cannot_be_put_says_why),
		cmocka_unit_test(a_text_that_is_cut_ends_in_an_ellipsis),
		cmocka_unit_test(a_text_that_just_fits_is_not_cut),
		cmocka_unit_test(nothing_in_a_line_steers_the_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
