/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source, of a file: one that is written anew while it is asked never gives one client's
 * rows to another. */
#include "source_rig.h"

static const char file_manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":\"P\"},\"connector\":\"file\",\"file\":{\"path\":\"export.csv\","
	"\"key\":"
	"\"BSN\"},\"response\":{\"subject\":\"BSN\",\"fields\":{\"persoon.naam\":"
	"\"Naam\"}}"
	"}";

static unsigned version;

static void
write_export(struct stage *stage, bool in_place)
{
	char path[128];
	char fresh[140];
	(void)snprintf(path, sizeof(path), "%s/export.csv", stage->folder);
	(void)snprintf(fresh, sizeof(fresh), "%s.new", path);
	FILE *file = fopen(in_place ? path : fresh, "w");
	assert_non_null(file);
	fprintf(file, "BSN;Naam\n");
	version++;
	for (unsigned i = 0; i < 200; i++) {
		/* Rows of another length each time, so that old offsets are wrong. */
		unsigned bsn = 999990000U + (i * 7 + version) % 200;
		fprintf(file, "%u;%.*s naam %u\n", bsn, (int)(version % 13),
			"xxxxxxxxxxxxx", bsn);
	}
	(void)fclose(file);
	if (!in_place) {
		assert_int_equal(rename(fresh, path), 0);
	}
}

static void
ask_file_again(struct stage *stage, struct asker *asker)
{
	bool known = asker->outcome == KP_FOUND || asker->status == KP_E_BUSY;
	assert_true(known);
	assert_true(asker->outcome != KP_FOUND || asker->values == 1);
	if (stage->asker_count == CALLS_MAX) {
		if (stage->open == 0) {
			end_script(stage);
		}
		return;
	}
	write_export(stage, stage->asker_count % 3 == 0);
	char bsn[16];
	(void)snprintf(bsn, sizeof(bsn), "%zu",
		(size_t)999990000 + stage->asker_count * 67 % 200);
	usleep(stage->asker_count % 8 == 0 ? 300000 : 1000);
	assert_int_equal(ask_within(stage, bsn, 5000000, 1 << 22), KP_OK);
}

static void
ask_file(struct stage *stage)
{
	stage->on_each = ask_file_again;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ask_within(stage, "999990001", 5000000, 1 << 22), KP_OK);
	}
}

static void
file_written_anew_never_mixes_clients(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	unsigned found = 0;
	open_stage(stage, file_manifest);
	write_export(stage, false);
	run_stage(stage, ask_file);
	for (size_t i = 0; i < stage->asker_count; i++) {
		found += stage->askers[i].outcome == KP_FOUND ? 1 : 0;
	}
	assert_true(found > CALLS_MAX / 2);
	free(stage);
}

static void
ask_file_and_cancel(struct stage *stage)
{
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ask_within(stage, "999990001", 5000000, 1 << 22), KP_OK);
	}
	if (cancel_after_us == 0) {
		cancel_all(stage);
	} else {
		stage->on_timer = cancel_all;
		kp_timer_start(stage->loop, &stage->timer, cancel_after_us);
	}
}

static void
cancelled_file_calls_end_once(void **state)
{
	(void)state;
	static const unsigned after[] = {0, 1, 50, 100, 200, 400, 800, 1600, 5000};
	for (size_t i = 0; i < KP_ARRAY_LEN(after); i++) {
		struct stage *stage = calloc(1, sizeof(*stage));
		cancel_after_us = after[i];
		open_stage(stage, file_manifest);
		write_export(stage, false);
		run_stage(stage, ask_file_and_cancel);
		for (size_t j = 0; j < stage->asker_count; j++) {
			assert_true(stage->askers[j].outcome == KP_FOUND ||
				stage->askers[j].status == KP_E_CANCELLED);
		}
		free(stage);
	}
}

static void
missing_file_is_not_reached(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	open_stage(stage, file_manifest);
	run_stage(stage, ask);
	assert_int_equal(stage->askers[0].outcome, KP_NOT_REACHED);
	assert_string_equal(
		stage->askers[0].reason, "het bestand van de bron is er niet");
	free(stage);
}

int
main(void)
{
	struct kp_error err;
	if (kp_runtime_prepare(&err) != KP_OK) {
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_written_anew_never_mixes_clients),
		cmocka_unit_test(cancelled_file_calls_end_once),
		cmocka_unit_test(missing_file_is_not_reached),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
