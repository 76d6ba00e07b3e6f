/* SPDX-FileCopyrightText: Ketenpoort contributors   SPDX-License-Identifier: EUPL-1.2 */

/* source: whatever is cancelled, closed, too late or out of memory ends once; limits hold
 * at their bound. */
#include "source_rig.h"

static const char rest_manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":"
	"\"P\"},\"connector\":\"rest\",\"endpoint\":\"http://127.0.0.1:PORT/api\","
	"\"limits\":{\"concurrent\":2,\"waiting\":2,\"time_ms\":1000,\"rate_per_second\":"
	"20},\"request\":{\"method\":\"POST\",\"target\":\"/v\",\"body\":{\"bsn\":"
	"\"{bsn}\"}},\"response\":{\"root\":\"personen[]\",\"subject\":\"bsn\","
	"\"fields\":"
	"{\"persoon.naam\":\"naam.voluit\",\"persoon.geslacht\":\"geslacht\"},\"lists\":{"
	"\"uitkeringen\":{\"items\":\"uitkeringen[]\",\"fields\":{\"uitkeringen.wet\":"
	"\"wet\"}}}}}";

static void
one_call(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	open_stage(stage, rest_manifest);
	run_stage(stage, ask);
	assert_int_equal(stage->askers[0].outcome, KP_FOUND);
	assert_int_equal(stage->askers[0].values, 4);
	assert_int_equal(stage->askers[0].items, 2);
	free(stage);
}

static void
ask_and_cancel(struct stage *stage)
{
	ask(stage);
	ask(stage);
	ask(stage);
	if (cancel_after_us == 0) {
		cancel_all(stage);
	} else {
		stage->on_timer = cancel_all;
		kp_timer_start(stage->loop, &stage->timer, cancel_after_us);
	}
}

static void
cancelled_calls_end_once(void **state)
{
	(void)state;
	static const unsigned after[] = {
		0, 1, 200, 500, 1000, 1500, 2000, 2500, 3000, 4000, 6000, 9000, 15000};
	unsigned cancelled = 0;
	for (size_t i = 0; i < KP_ARRAY_LEN(after); i++) {
		struct stage *stage = calloc(1, sizeof(*stage));
		cancel_after_us = after[i];
		open_stage(stage, rest_manifest);
		atomic_store(&stage->partner.delay_ms, 3);
		run_stage(stage, ask_and_cancel);
		for (size_t j = 0; j < stage->asker_count; j++) {
			const struct asker *asker = &stage->askers[j];
			bool fine = asker->outcome == KP_FOUND ||
				asker->status == KP_E_CANCELLED;
			assert_true(fine);
			cancelled += asker->status == KP_E_CANCELLED ? 1 : 0;
		}
		free(stage);
	}
	assert_true(cancelled >= 9);
}

static void
ask_too_late(struct stage *stage)
{
	assert_int_equal(ask_within(stage, BSN, 0, (size_t)16 << 20), KP_OK);
}

static void
no_time_left_asks_nobody(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	open_stage(stage, rest_manifest);
	run_stage(stage, ask_too_late);
	assert_int_equal(stage->askers[0].outcome, KP_NOT_REACHED);
	assert_int_equal(stage->askers[0].status, KP_E_TIMEOUT);
	assert_int_equal(atomic_load(&stage->partner.asked), 0);
	free(stage);
}

static void
slow_partner_is_not_waited_for(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	open_stage(stage, rest_manifest);
	atomic_store(&stage->partner.delay_ms, 1500);
	run_stage(stage, ask);
	assert_int_equal(stage->askers[0].outcome, KP_NOT_REACHED);
	assert_int_equal(stage->askers[0].status, KP_E_TIMEOUT);
	free(stage);
}

static void
ask_five(struct stage *stage)
{
	for (int i = 0; i < 5; i++) {
		ask(stage);
	}
}

static void
more_than_may_wait_are_refused(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	unsigned busy = 0;
	open_stage(stage, rest_manifest);
	atomic_store(&stage->partner.delay_ms, 30);
	run_stage(stage, ask_five);
	for (size_t i = 0; i < 5; i++) {
		busy += stage->askers[i].status == KP_E_BUSY ? 1 : 0;
		assert_true(stage->askers[i].status == KP_E_BUSY ||
			stage->askers[i].outcome == KP_FOUND);
	}
	/* Two are under way, two wait, the fifth is one too many. */
	assert_int_equal(busy, 1);
	free(stage);
}

static void
ask_again_until(struct stage *stage, struct asker *asker)
{
	(void)asker;
	if (stage->asker_count < 23) {
		ask(stage);
	} else {
		end_script(stage);
	}
}

static void
ask_repeatedly(struct stage *stage)
{
	stage->on_each = ask_again_until;
	ask(stage);
}

static void
more_than_the_rate_are_refused(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	unsigned refused = 0;
	open_stage(stage, rest_manifest);
	run_stage(stage, ask_repeatedly);
	for (size_t i = 0; i < stage->asker_count; i++) {
		refused += stage->askers[i].status == KP_E_RATE ? 1 : 0;
		assert_true(i >= 20 || stage->askers[i].status == KP_OK);
	}
	/* A few are earned back meanwhile. */
	assert_true(refused <= 3);
	free(stage);
}

static void
close_under_way(struct stage *stage)
{
	struct kp_source_link *link = stage->link;
	ask(stage);
	ask(stage);
	kp_source_link_close(&stage->link);
	assert_null(stage->link);
	stage->link = link;
	assert_int_equal(ask_within(stage, BSN, 1000000, 1 << 20), KP_E_STOPPING);
	stage->link = NULL;
}

static void
closed_link_finishes_what_runs(void **state)
{
	(void)state;
	struct stage *stage = calloc(1, sizeof(*stage));
	open_stage(stage, rest_manifest);
	run_stage(stage, close_under_way);
	assert_int_equal(stage->askers[0].outcome, KP_FOUND);
	assert_int_equal(stage->askers[1].outcome, KP_FOUND);
	free(stage);
}

/* Connections that break. */

#define BREAKING(more)                                                                   \
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","      \
	"\"name\":\"P\"},\"connector\":\"rest\",\"endpoint\":\"http://127.0.0.1:PORT/"   \
	"api\"," more                                                                    \
	"\"request\":{\"method\":\"POST\",\"target\":\"/v\",\"body\":{\"bsn\":"          \
	"\"{bsn}\"}},\"response\":{\"root\":\"personen[]\",\"subject\":\"bsn\","         \
	"\"fields\":{\"persoon.naam\":\"naam.voluit\"}}}"

static unsigned calls_left;

static void
ask_on(struct stage *stage, struct asker *asker)
{
	(void)asker;
	if (calls_left == 0) {
		end_script(stage);
		return;
	}
	calls_left--;
	assert_int_equal(ask_within(stage, BSN, 5000000, (size_t)1 << 20), KP_OK);
}

static void
ask_some(struct stage *stage)
{
	stage->on_each = ask_on;
	ask_on(stage, NULL);
}

struct breaking {
	bool keeps; /* a connection, after a first whole answer */
	int breaks;
	bool late;
};

/* How often the partner was asked; the last call's outcome. */
static int
play_broken(const char *manifest, unsigned calls, struct breaking how,
	enum kp_outcome *ret_outcome)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	open_stage(stage, manifest);
	atomic_store(&stage->partner.keeps, how.keeps);
	atomic_store(&stage->partner.whole, how.keeps ? 1 : 0);
	atomic_store(&stage->partner.breaks, how.breaks);
	atomic_store(&stage->partner.breaks_late, how.late);
	calls_left = calls;
	run_stage(stage, ask_some);
	*ret_outcome = stage->askers[calls - 1].outcome;
	int asked = atomic_load(&stage->partner.asked);
	free(stage);
	return asked;
}

static void
broken_connections_are_tried_once_more(void **state)
{
	(void)state;
	static const char again[] = BREAKING("\"idempotent\":true,");
	static const char once[] = BREAKING("\"idempotent\":false,");
	enum kp_outcome outcome;
	assert_int_equal(
		play_broken(again, 1, (struct breaking){.breaks = 1}, &outcome), 2);
	assert_int_equal(outcome, KP_FOUND);
	assert_int_equal(
		play_broken(again, 1, (struct breaking){.breaks = 2}, &outcome), 2);
	assert_int_equal(outcome, KP_NOT_REACHED);
	/* Not where asking twice is not the same, nor once an answer has begun. */
	assert_int_equal(
		play_broken(once, 1, (struct breaking){.breaks = 1}, &outcome), 1);
	assert_int_equal(outcome, KP_NOT_REACHED);
	assert_int_equal(play_broken(again, 1,
				 (struct breaking){.breaks = 1, .late = true}, &outcome),
		1);
	assert_int_equal(outcome, KP_ERROR);
}

/* The same for one that was kept, which may have been closed meanwhile. */
static void
kept_connections_that_break(void **state)
{
	(void)state;
	static const struct breaking kept = {.keeps = true, .breaks = 1};
	enum kp_outcome outcome;
	assert_int_equal(
		play_broken(BREAKING("\"idempotent\":true,"), 2, kept, &outcome), 3);
	assert_int_equal(outcome, KP_FOUND);
	assert_int_equal(
		play_broken(BREAKING("\"idempotent\":false,"), 2, kept, &outcome), 2);
	assert_int_equal(outcome, KP_NOT_REACHED);
}

static void
a_partner_in_trouble_is_not_asked_twice_as_often(void **state)
{
	(void)state;
	static const char again[] = BREAKING("\"idempotent\":true,");
	enum kp_outcome outcome;
	/* Ten retries are had at first; each question earns a tenth of one. */
	int asked = play_broken(again, 40, (struct breaking){.breaks = 1000}, &outcome);
	assert_in_range(asked, 40 + 10, 40 + 10 + 5);
	assert_int_equal(outcome, KP_NOT_REACHED);
}

static size_t arena_bytes;

static void
ask_with_little(struct stage *stage)
{
	if (ask_within(stage, BSN, 1000000, arena_bytes) != KP_OK) {
		end_script(stage);
	}
}

static void
too_little_memory_is_survived(void **state)
{
	(void)state;
	bool found = false;
	for (arena_bytes = 0; !found && arena_bytes < 400000; arena_bytes += 1999) {
		struct stage *stage = calloc(1, sizeof(*stage));
		open_stage(stage, rest_manifest);
		run_stage(stage, ask_with_little);
		found = stage->askers[0].started && stage->askers[0].outcome == KP_FOUND;
		free(stage);
	}
	assert_true(found);
}

static const char table_manifest[] =
	"{\"source\":\"proef\",\"organisation\":{\"oin\":\"00000000000000000001\","
	"\"name\":\"P\"},\"connector\":\"rest\",\"endpoint\":\"http://127.0.0.1:PORT/"
	"api\","
	"\"request\":{\"method\":\"POST\",\"target\":\"/v\",\"body\":{\"bsn\":"
	"\"{bsn}\"}},\"response\":{\"root\":\"personen[]\",\"subject\":\"bsn\","
	"\"lists\":{\"uitkeringen\":{\"items\":\"uitkeringen[]\",\"fields\":{"
	"\"uitkeringen.wet\":{\"path\":\"wet\",\"table\":\"wet\"}}}}},"
	"\"fetched_tables\":{\"wet\":{\"from\":\"/wetten\",\"items\":\"[]\",\"key\":"
	"\"code\",\"value\":\"naam\"}}}";

static const char table_text[] = "[{\"code\":\"PW\",\"naam\":\"Participatiewet\"},"
				 "{\"code\":\"AOW\",\"naam\":\"Ouderdomswet\"}]";

static void
ask_with_more(struct stage *stage, struct asker *asker)
{
	(void)asker;
	while (stage->asker_count < CALLS_MAX) {
		arena_bytes += 16;
		if (ask_within(stage, BSN, 1000000, arena_bytes) == KP_OK) {
			return;
		}
	}
	if (stage->open == 0) {
		end_script(stage);
	}
}

static void
ask_with_ever_more(struct stage *stage)
{
	stage->on_each = ask_with_more;
	ask_with_more(stage, NULL);
}

/* No memory to look a code up is not that there is no such code. */
static void
no_memory_is_no_unknown_code(void **state)
{
	(void)state;
	bool found = false;
	for (arena_bytes = 3000; !found;) {
		struct kp_error err;
		struct stage *stage = calloc(1, sizeof(*stage));
		bool first = arena_bytes == 3000;
		open_stage(stage, table_manifest);
		assert_int_equal(
			kp_source_table_record(kp_source_set_get(stage->set, 0),
				KP_SLICE("wet"), kp_slice_from(table_text), &err),
			KP_OK);
		run_stage(stage, ask_with_ever_more);
		assert_false(first && stage->askers[0].started);
		for (size_t i = 0; i < stage->asker_count; i++) {
			const struct asker *asker = &stage->askers[i];
			assert_false(asker->unknown_code);
			found = asker->started && asker->outcome == KP_FOUND;
			assert_true(!found || asker->values == 2);
		}
		free(stage);
	}
}

int
main(void)
{
	struct kp_error err;
	if (kp_runtime_prepare(&err) != KP_OK) {
		return 1;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_call),
		cmocka_unit_test(cancelled_calls_end_once),
		cmocka_unit_test(no_time_left_asks_nobody),
		cmocka_unit_test(slow_partner_is_not_waited_for),
		cmocka_unit_test(more_than_may_wait_are_refused),
		cmocka_unit_test(more_than_the_rate_are_refused),
		cmocka_unit_test(closed_link_finishes_what_runs),
		cmocka_unit_test(broken_connections_are_tried_once_more),
		cmocka_unit_test(kept_connections_that_break),
		cmocka_unit_test(a_partner_in_trouble_is_not_asked_twice_as_often),
		cmocka_unit_test(too_little_memory_is_survived),
		cmocka_unit_test(no_memory_is_no_unknown_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
